//! Binds that take reports: what one gives back goes to another, and nothing is left behind.

use std::sync::{Arc, Mutex};

use app::report::{BindSink, Report, ReportResult, Told};
use types::message::{Draft, ReportWish};
use types::receipt::{ReceiptState, Verdict};

use crate::house::{House, route};

/// A bind that keeps what it is offered, as far as it has room.
struct Bind {
    room: usize,
    taken: Mutex<Vec<Arc<Report>>>,
}

impl Bind {
    fn with_room(room: usize) -> Arc<Self> {
        Arc::new(Self { room, taken: Mutex::default() })
    }

    /// What it was offered since the last call.
    fn taken(&self) -> Vec<Arc<Report>> {
        std::mem::take(&mut self.taken.lock().unwrap())
    }
}

impl BindSink for Bind {
    fn offer(&self, report: Arc<Report>) -> Result<(), Arc<Report>> {
        let mut taken = self.taken.lock().unwrap();
        if taken.len() >= self.room {
            return Err(report);
        }
        taken.push(report);
        Ok(())
    }
}

fn to_binds(house: &House) -> Draft {
    let endpoint = house.core.smpp_endpoint(house.account().id);
    let report = ReportWish { endpoint, ..ReportWish::default() };
    Draft { report, ..house.draft("hello") }
}

/// Sends messages and lets them be delivered, so that each has a report.
async fn deliver(house: &House, count: usize) {
    for number in 0..count {
        house.submit(vec![to_binds(house)]).await.unwrap();
        house.settle().await;
        let (attempt, id) = (house.sent_one("a"), format!("c{number}-{}", house.clock_ms()));
        house.answer("a", attempt, Verdict::Accepted, Some(&id)).await;
        house.receipt("a", &id, ReceiptState::Delivered).await;
    }
}

fn answer(house: &House, reports: &[Arc<Report>], told: Told) {
    let result = |report: &Arc<Report>| ReportResult { event: report.id.key(), told };
    house.core.report_done(reports.iter().map(result).collect());
}

async fn untold(house: &House) -> i64 {
    house.settle().await;
    house.core.store_figures().await.unwrap().store.outbox
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_bind_gives_back_when_it_goes_is_offered_to_another_at_once() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let (first, second) = (Bind::with_room(10), Bind::with_room(10));
    let attached = house.core.attach_bind(account, Arc::clone(&first) as Arc<dyn BindSink>);
    deliver(&house, 2).await;
    let taken = first.taken();
    assert_eq!(taken.len(), 2);
    let _second = house.core.attach_bind(account, Arc::clone(&second) as Arc<dyn BindSink>);
    assert!(second.taken().is_empty(), "the first may still answer");
    drop(attached);
    answer(&house, &taken, Told::Later);
    // The clock stands still: nobody waited.
    let again = second.taken();
    let ids = |reports: &[Arc<Report>]| {
        let mut ids: Vec<_> = reports.iter().map(|report| report.id).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&again), ids(&taken));
    answer(&house, &again, Told::Done);
    assert_eq!(untold(&house).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bind_that_cannot_now_is_asked_again_after_a_while() {
    let house = House::new(route(&["a"])).await;
    let bind = Bind::with_room(10);
    let _attached = house.core.attach_bind(house.account().id, Arc::clone(&bind) as Arc<dyn BindSink>);
    deliver(&house, 1).await;
    let taken = bind.taken();
    answer(&house, &taken, Told::Later);
    house.advance(4_000).await;
    assert!(bind.taken().is_empty(), "it has just said not now");
    house.advance(1_001).await;
    house.until(|| !bind.taken.lock().unwrap().is_empty()).await;
    answer(&house, &bind.taken(), Told::Done);
    assert_eq!(untold(&house).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_of_a_bind_that_goes_without_a_word_are_offered_to_another() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let (first, second) = (Bind::with_room(10), Bind::with_room(10));
    let attached = house.core.attach_bind(account, Arc::clone(&first) as Arc<dyn BindSink>);
    deliver(&house, 1).await;
    let lost = first.taken();
    drop(attached);
    let _second = house.core.attach_bind(account, Arc::clone(&second) as Arc<dyn BindSink>);
    house.advance(29_000).await;
    assert!(second.taken().is_empty(), "its last answer may be on the way");
    house.advance(2_000).await;
    house.until(|| !second.taken.lock().unwrap().is_empty()).await;
    let again = second.taken();
    assert_eq!(again[0].id, lost[0].id);
    answer(&house, &again, Told::Done);
    assert_eq!(untold(&house).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_finds_no_room_goes_where_there_is_some() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let (full, free) = (Bind::with_room(0), Bind::with_room(1));
    let _full = house.core.attach_bind(account, Arc::clone(&full) as Arc<dyn BindSink>);
    deliver(&house, 2).await;
    assert!(full.taken().is_empty());
    let _free = house.core.attach_bind(account, Arc::clone(&free) as Arc<dyn BindSink>);
    for _ in 0..2 {
        let taken = free.taken();
        assert_eq!(taken.len(), 1);
        answer(&house, &taken, Told::Done);
        house.core.bind_ready(account);
    }
    assert_eq!(untold(&house).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_report_is_a_dead_letter_until_a_person_has_it_told_again() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let bind = Bind::with_room(10);
    let _attached = house.core.attach_bind(account, Arc::clone(&bind) as Arc<dyn BindSink>);
    deliver(&house, 3).await;
    let taken = bind.taken();
    let ids: Vec<_> = taken.iter().map(|report| report.id).collect();
    answer(&house, &taken[..2], Told::Refused);
    answer(&house, &taken[2..], Told::Done);
    house.settle().await;
    let figures = house.core.store_figures().await.unwrap().store;
    assert_eq!((figures.outbox, figures.dead_letters, figures.oldest_event_at), (2, 2, None));
    house.advance(86_400_000).await;
    assert!(bind.taken().is_empty());
    // What comes meanwhile is told, and the old ones come back in their order.
    deliver(&house, 1).await;
    answer(&house, &bind.taken(), Told::Done);
    assert_eq!(house.core.tell_again(account, None).await, Ok(2));
    house.until(|| bind.taken.lock().unwrap().len() == 2).await;
    let again = bind.taken();
    assert_eq!(again.iter().map(|report| report.id).collect::<Vec<_>>(), ids[..2]);
    answer(&house, &again, Told::Done);
    assert_eq!(untold(&house).await, 0);
    assert_eq!(house.core.tell_again(account, None).await, Ok(0));
}
