//! Overload: the queue has a budget, refuses at the door when it is full, and keeps what it took.

use types::message::{Class, State};
use types::profile::Profile;
use types::receipt::Verdict;
use types::refusal::RefusalCode;

use crate::house::{House, route};

fn profile(account_messages: u64, messages: u64) -> Profile {
    let mut profile = Profile::default();
    profile.queue.account_messages = account_messages;
    profile.queue.messages = messages;
    profile.queue.account_age_s = 600;
    profile
}

/// Codes of refusals of one submission of `count` messages of a class.
async fn refused(house: &House, class: Class, count: usize) -> Vec<RefusalCode> {
    let drafts = (0..count).map(|_| {
        let mut draft = house.draft("hello");
        draft.class = Some(class);
        draft
    });
    match house.submit(drafts.collect()).await {
        Ok(_) => Vec::new(),
        Err(rejected) => rejected.refusals.iter().map(|(_, refusal)| refusal.code).collect(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_at_once_and_what_was_taken_goes_out() {
    let house = House::with_profile(route(&["a"]), profile(20, 0)).await;
    house.down("a").await;
    assert_eq!(refused(&house, Class::Bulk, 18).await, []);
    // Three more would be one too many: none of them is taken.
    assert_eq!(refused(&house, Class::OneTime, 3).await, [RefusalCode::QueueFull]);
    assert_eq!(refused(&house, Class::Transactional, 2).await, []);
    assert_eq!(refused(&house, Class::OneTime, 1).await, [RefusalCode::QueueFull]);
    assert_eq!(house.balance().await, (9_000_000, 0), "a refusal costs nothing");
    house.up("a").await;
    let sent = house.sent("a");
    assert_eq!(sent.len(), 20);
    // Handed over is not taken yet.
    assert_eq!(refused(&house, Class::OneTime, 1).await, [RefusalCode::QueueFull]);
    for (place, dispatch) in sent.iter().enumerate() {
        house.answer("a", dispatch.attempt, Verdict::Accepted, Some(&format!("c{place}"))).await;
    }
    assert_eq!(refused(&house, Class::OneTime, 1).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_counted_anew_after_a_restart() {
    let house = House::with_profile(route(&["a"]), profile(3, 0)).await;
    house.down("a").await;
    assert_eq!(refused(&house, Class::Bulk, 3).await, []);
    let house = house.restart().await;
    assert_eq!(house.sent("a").len(), 3);
    assert_eq!(refused(&house, Class::Bulk, 1).await, [RefusalCode::QueueFull]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_tenth_is_kept_for_what_cannot_wait() {
    let house = House::with_profile(route(&["a"]), profile(0, 20)).await;
    house.down("a").await;
    assert_eq!(refused(&house, Class::Bulk, 18).await, []);
    assert_eq!(refused(&house, Class::Bulk, 1).await, [RefusalCode::QueueFull]);
    assert_eq!(refused(&house, Class::Transactional, 1).await, []);
    assert_eq!(refused(&house, Class::Transactional, 1).await, [RefusalCode::QueueFull]);
    assert_eq!(refused(&house, Class::OneTime, 1).await, []);
    assert_eq!(refused(&house, Class::OneTime, 1).await, [RefusalCode::QueueFull]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_whose_messages_have_waited_too_long_is_refused_until_they_are_gone() {
    let house = House::with_profile(route(&["a"]), profile(0, 0)).await;
    house.down("a").await;
    assert_eq!(refused(&house, Class::Bulk, 1).await, []);
    house.advance(600_000).await;
    assert_eq!(refused(&house, Class::Bulk, 1).await, []);
    house.advance(1).await;
    assert_eq!(refused(&house, Class::OneTime, 1).await, [RefusalCode::QueueFull]);
    house.up("a").await;
    assert_eq!(house.sent("a").len(), 2);
    assert_eq!(refused(&house, Class::OneTime, 1).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn classes_go_out_in_their_order_when_the_connector_is_back() {
    let house = House::with_profile(route(&["a"]), profile(0, 0)).await;
    house.down("a").await;
    for class in [Class::Bulk, Class::Transactional, Class::OneTime] {
        assert_eq!(refused(&house, class, 30).await, []);
    }
    house.up("a").await;
    let classes: Vec<Class> = house.sent("a").iter().map(|dispatch| dispatch.class).collect();
    assert_eq!(classes.len(), 90);
    let last = |class| classes.iter().rposition(|sent| *sent == class).unwrap();
    assert!(last(Class::OneTime) < 40 && last(Class::Transactional) < 75, "{classes:?}");
    let bulk_early = classes.iter().take(40).filter(|class| **class == Class::Bulk).count();
    assert!((3..=5).contains(&bulk_early), "bulk has its share: {bulk_early}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_or_ended_message_makes_room() {
    let house = House::with_profile(route(&["a"]), profile(1, 0)).await;
    house.down("a").await;
    let id = house.send("hello").await;
    assert_eq!(refused(&house, Class::Bulk, 1).await, [RefusalCode::QueueFull]);
    house.core.cancel(app::Scope::All, id).await.unwrap();
    assert_eq!(house.state(id).await, State::Cancelled);
    assert_eq!(refused(&house, Class::Bulk, 1).await, []);
}
