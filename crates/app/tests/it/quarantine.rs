//! Messages that crash a worker: counted once, tried once more, and then a person decides. Everything else
//! on the same link goes on, nothing is lost, and nothing is charged twice.

use app::detail::CrashStage;
use decide::lifecycle::CRASH_WAIT_MS;
use types::account::EndpointKind;
use types::id::MessageId;
use types::message::{Flags, Pause, Reason, ReportWish, State};
use types::profile::TriggerKey;
use types::receipt::{ReceiptState, Verdict};
use types::refusal::RefusalCode;

use crate::house::fakes::POISON;
use crate::house::{House, route};

/// One message that goes the whole way on connector `a`.
async fn deliver_another(house: &House, carrier_id: &str) {
    let id = house.send(carrier_id).await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some(carrier_id)).await;
    house.receipt("a", carrier_id, ReceiptState::Delivered).await;
    assert_eq!(house.state(id).await, State::Delivered);
}

async fn paused(house: &House) -> Vec<MessageId> {
    let page = house.core.paused(None, None, 10).await.unwrap();
    page.items.iter().map(|paused| paused.message.id).collect()
}

/// A house in which a message has crashed its channel twice, with a restart in between.
async fn quarantined() -> (House, MessageId) {
    let house = House::with_trigger(route(&["a"]), TriggerKey::OnTransmit).await;
    let poison = house.send("poison").await;
    let first = house.sent_one("a");
    house.answer("a", first, Verdict::Crashed, None).await;
    let detail = house.message(poison).await;
    assert_eq!((detail.state, detail.reason), (State::Queued, Reason::CrashedWriting));
    assert_eq!(detail.flags, Flags::CRASHED);
    assert!(paused(&house).await.is_empty());
    deliver_another(&house, "c1").await;

    let house = house.restart().await;
    assert!(house.sent("a").is_empty(), "it waits a while");
    house.advance(CRASH_WAIT_MS).await;
    let second = house.sent_one("a");
    assert_eq!((second.message, second.attempt), (first.message, 2));
    house.answer("a", second, Verdict::Crashed, None).await;
    (house, poison)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_crashes_its_channel_twice_waits_for_a_person() {
    let (house, poison) = quarantined().await;
    let detail = house.message(poison).await;
    assert_eq!((detail.state, detail.reason), (State::Queued, Reason::Quarantined));
    assert_eq!(detail.flags, Flags::CRASHED.with(Flags::QUARANTINED));
    assert_eq!(house.core.paused_count(Pause::Quarantined), 1);
    let waits = house.core.paused_message(poison).await.unwrap().unwrap();
    assert_eq!(waits.since.map(|at| at.as_ms()), Some(house.clock_ms()));
    let crashes: Vec<_> =
        waits.crashes.iter().map(|crash| (crash.stage, crash.attempt, crash.connector.clone())).collect();
    let expected = |attempt| (CrashStage::Writing, Some(attempt), Some("a".to_owned()));
    assert_eq!(crashes, [expected(1), expected(2)]);
    // One is charged, one held.
    assert_eq!(house.balance().await, (9_900_000, 50_000));
    let (_, story) = house.core.explain(app::Scope::All, poison).await.unwrap().unwrap();
    assert!(story.iter().any(|because| because.stage == "pause" && because.text.contains("crashed twice")));

    deliver_another(&house, "c2").await;
    house.advance(3_600_000).await;
    let house = house.restart().await;
    house.advance(3_600_000).await;
    assert!(house.sent("a").is_empty(), "nobody has released it");
    assert_eq!(paused(&house).await, [poison]);

    house.core.release(poison).await.unwrap();
    house.settle().await;
    assert!(paused(&house).await.is_empty());
    let third = house.sent_one("a");
    house.answer("a", third, Verdict::Accepted, Some("c3")).await;
    house.receipt("a", "c3", ReceiptState::Delivered).await;
    assert_eq!(house.state(poison).await, State::Delivered);
    assert_eq!(house.balance().await, (9_850_000, 0), "each is charged once");
    let late = house.core.release(poison).await.unwrap_err();
    assert_eq!(late.code, RefusalCode::TooLate);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_released_message_that_crashes_again_comes_back() {
    let (house, poison) = quarantined().await;
    house.core.release(poison).await.unwrap();
    house.settle().await;
    let third = house.sent_one("a");
    house.answer("a", third, Verdict::Crashed, None).await;
    assert_eq!(paused(&house).await, [poison]);
    house.core.give_up(poison).await.unwrap();
    let detail = house.message(poison).await;
    assert_eq!((detail.state, detail.reason), (State::Failed, Reason::GivenUp));
    assert_eq!(house.balance().await, (9_950_000, 0), "what was held is given back");
    assert!(paused(&house).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_customer_hears_of_the_end_alone_and_validity_is_one() {
    let house = House::with_trigger(route(&["a"]), TriggerKey::OnTransmit).await;
    let url = "https://example.com/hook";
    let endpoint = house.core.webhook_endpoint(house.account().id, EndpointKind::Webhook, url).await.unwrap();
    let mut draft = house.draft("poison");
    draft.report =
        ReportWish { endpoint: Some(endpoint), steps: true, failures_only: false, successes_only: false };
    let id = house.submit(vec![draft]).await.unwrap().messages[0].id;
    house.settle().await;
    for _ in 0..2 {
        let attempt = house.sent_one("a");
        house.answer("a", attempt, Verdict::Crashed, None).await;
        house.advance(CRASH_WAIT_MS).await;
    }
    assert_eq!(paused(&house).await, [id]);
    assert!(house.courier.calls.lock().unwrap().is_empty());
    let left_ms = house.message(id).await.expires_at.as_ms() - house.clock_ms();
    house.advance(left_ms).await;
    let calls = house.calls(1).await;
    assert_eq!(calls.iter().map(|(_, body)| body.clone()).collect::<Vec<_>>(), [format!("{id} 0 expired")]);
    assert_eq!((house.state(id).await, house.balance().await), (State::Expired, (10_000_000, 0)));
    assert!(paused(&house).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_crashes_the_engine_is_not_made() {
    let house = House::with_trigger(route(&["a"]), TriggerKey::OnTransmit).await;
    house.crash_at("a", &[true]);
    let poison = house.send("poison").await;
    // It was accepted in the same commit in which its attempt crashed.
    let detail = house.message(poison).await;
    assert_eq!((detail.state, detail.flags, detail.attempts_made), (State::Queued, Flags::CRASHED, 0));
    assert!(house.sent("a").is_empty());
    deliver_another(&house, "c1").await;

    let house = house.restart().await;
    house.crash_at("a", &[true]);
    house.advance(CRASH_WAIT_MS).await;
    let waits = house.core.paused_message(poison).await.unwrap().unwrap();
    assert_eq!(waits.crashes.len(), 2);
    assert!(waits.crashes.iter().all(|crash| crash.stage == CrashStage::Deciding));
    assert!(house.core.metrics_text().contains("chappe_worker_crashes_total{stage=\"handover\"} 1"));
    assert!(house.core.metrics_text().contains("chappe_quarantined_messages 1"));
    house.core.release(poison).await.unwrap();
    house.settle().await;
    let attempt = house.sent_one("a");
    assert_eq!(attempt.attempt, 1);
    house.answer("a", attempt, Verdict::Accepted, Some("c2")).await;
    assert_eq!(house.state(poison).await, State::Submitted);
    assert_eq!(house.balance().await, (9_900_000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_crashes_the_engine_once_is_taken_the_second_time() {
    let house = House::with_trigger(route(&["a"]), TriggerKey::OnTransmit).await;
    let other = house.send("other").await;
    let others = house.sent_one("a");
    let poison = house.send("poison").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
    house.crash_at("a", &[true]);
    house.receipt("a", "c1", ReceiptState::Delivered).await;
    let detail = house.message(poison).await;
    assert_eq!((detail.state, detail.flags), (State::Delivered, Flags::CRASHED));
    // Nobody else has noticed, and the answer to the other is still to come.
    house.answer("a", others, Verdict::Accepted, Some("c2")).await;
    assert_eq!(house.state(other).await, State::Submitted);
    assert_eq!(house.balance().await, (9_900_000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_crashes_the_engine_twice_is_kept_and_its_message_waits() {
    let house = House::with_trigger(route(&["a"]), TriggerKey::OnTransmit).await;
    let poison = house.send("poison").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
    // The receipt, the count of its crash, the receipt again; then the count.
    house.crash_at("a", &[true, false, true]);
    // The carrier's acknowledgement comes back: the receipt is on disk, parked.
    house.receipt("a", "c1", ReceiptState::Delivered).await;
    let detail = house.message(poison).await;
    assert_eq!(detail.state, State::Submitted);
    assert_eq!(detail.flags, Flags::CRASHED.with(Flags::QUARANTINED));
    assert_eq!(house.core.store_figures().await.unwrap().store.parked, 1);
    deliver_another(&house, "c2").await;
    let house = house.restart().await;
    assert_eq!(paused(&house).await, [poison]);
    // The carrier says it again, and now it is taken: what a carrier tells ends what waits.
    house.receipt("a", "c1", ReceiptState::Delivered).await;
    assert_eq!(house.state(poison).await, State::Delivered);
    assert_eq!(house.balance().await, (9_900_000, 0), "charged once each");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_crashes_the_engine_twice_leaves_doubt() {
    let house = House::with_trigger(route(&["a"]), TriggerKey::OnTransmit).await;
    let poison = house.send("poison").await;
    let attempt = house.sent_one("a");
    house.crash_at("a", &[true, false, true]);
    house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
    house.until(|| house.core.paused_count(Pause::Quarantined) == 1).await;
    assert_eq!(house.state(poison).await, State::Unknown, "what the carrier said is lost");
    deliver_another(&house, "c2").await;
    house.core.give_up(poison).await.unwrap();
    assert_eq!(house.state(poison).await, State::Unconfirmed);
    assert_eq!(house.balance().await, (9_950_000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_and_crashes_twice_is_not_due_again() {
    let house = House::with_trigger(route(&["a"]), TriggerKey::OnTransmit).await;
    let poison = house.send("poison").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
    house.crash_at("a", &[true]);
    house.advance(decide::lifecycle::RECEIPT_HORIZON_MS).await;
    assert_eq!(house.message(poison).await.flags, Flags::CRASHED);
    house.crash_at("a", &[true]);
    house.advance(CRASH_WAIT_MS).await;
    assert_eq!(paused(&house).await, [poison]);
    let house = house.restart().await;
    house.advance(86_400_000).await;
    assert_eq!(house.state(poison).await, State::Submitted, "it waits for a person");
    house.core.release(poison).await.unwrap();
    house.settle().await;
    assert_eq!(house.state(poison).await, State::NoReport);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_crashes_its_writer_twice_becomes_a_dead_letter() {
    let house = House::with_trigger(route(&["a"]), TriggerKey::OnTransmit).await;
    let url = "https://example.com/hook";
    let endpoint = house.core.webhook_endpoint(house.account().id, EndpointKind::Webhook, url).await.unwrap();
    let with_reference = |reference: &str| {
        let mut draft = house.draft(reference);
        draft.client_reference = Some(reference.into());
        draft.report =
            ReportWish { endpoint: Some(endpoint), steps: true, failures_only: false, successes_only: false };
        draft
    };
    let accepted = house.submit(vec![with_reference(POISON), with_reference("fine")]).await.unwrap();
    house.settle().await;
    for (place, dispatch) in house.sent("a").into_iter().enumerate() {
        house.answer("a", dispatch.attempt, Verdict::Accepted, Some(&format!("c{place}"))).await;
    }
    let fine = format!("{} 0 submitted", accepted.messages[1].id);
    assert_eq!(house.calls(1).await[0].1, fine, "the other event is told");
    house.until(|| house.core.metrics_text().contains("worker_crashes_total{stage=\"report\"} 1")).await;
    let house = house.restart().await;
    house.advance(6_001).await;
    house.until_figures(|store| store.dead_letters == 1).await;
    assert!(house.core.metrics_text().contains("worker_crashes_total{stage=\"report\"} 1"));
    assert_eq!(house.state(accepted.messages[0].id).await, State::Submitted, "the message is not touched");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_backup_may_send_again_waits_too() {
    let house = House::with_trigger(route(&["a"]), TriggerKey::OnTransmit).await;
    house.down("a").await;
    let ids = [house.send("one").await, house.send("two").await, house.send("three").await];
    let house = house
        .restart_after(|store| {
            use ports::store::{Batch, MessageChange, Store};
            let open = store.open_messages(types::id::RowKey::ZERO, 10).unwrap();
            let change = |message: &ports::store::OpenMessage| {
                let mut progress = message.progress;
                progress.version += 1;
                progress.flags = progress.flags.with(Flags::RESTORED);
                MessageChange { key: message.facts.key, expected_version: message.progress.version, progress }
            };
            let changes = open.iter().map(change).collect();
            store.apply(&Batch { changes, ..Batch::default() }).unwrap();
        })
        .await;
    house.advance(60_000).await;
    assert!(house.sent("a").is_empty());
    assert_eq!(house.core.paused_count(Pause::Restored), 3);
    assert_eq!(house.core.paused(Some(Pause::Quarantined), None, 10).await.unwrap().items.len(), 0);
    let page = house.core.paused(Some(Pause::Restored), None, 2).await.unwrap();
    assert_eq!(page.items[0].message.id, ids[2], "newest first");
    let rest = house.core.paused(None, page.next, 2).await.unwrap();
    assert_eq!(rest.items.iter().map(|paused| paused.message.id).collect::<Vec<_>>(), [ids[0]]);
    house.core.give_up(ids[0]).await.unwrap();
    assert_eq!(house.core.release_all(Pause::Restored).await.unwrap(), 2);
    house.settle().await;
    assert_eq!(house.sent("a").len(), 2);
    assert_eq!(house.state(ids[0]).await, State::Failed);
    for (id, is_marked) in ids.iter().zip([false, true, true]) {
        let message = house.core.message(app::Scope::All, *id).await.unwrap().unwrap();
        assert_eq!(message.flags.contains(Flags::POSSIBLE_DUPLICATE), is_marked);
    }
    assert_eq!(house.core.paused_count(Pause::Restored), 0);
}
