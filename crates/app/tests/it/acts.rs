//! What is asked of messages that exist: withdrawal, and the erasure of what they say.

use app::Scope;
use app::submission::{Act, Idempotency};
use types::id::AccountId;
use types::message::{Flags, State};
use types::receipt::{ReceiptState, Verdict};
use types::refusal::RefusalCode;

use crate::house::{House, route};

fn once(key: &str) -> Option<Idempotency> {
    Some(Idempotency { key: key.to_owned(), fingerprint: [1; 32] })
}

#[tokio::test(flavor = "multi_thread")]
async fn content_is_erased_once_a_message_has_ended() {
    let house = House::new(route(&["a"])).await;
    let scope = Scope::Account(house.account().id);
    let id = house.send("a secret ☎").await;
    let erase = |key: &'static str| house.core.act_once(Act::EraseContent, scope, id, once(key));
    assert_eq!(erase("early").await.unwrap_err().code, RefusalCode::TooEarly);
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
    assert_eq!(erase("early").await.unwrap_err().code, RefusalCode::TooEarly);
    house.receipt("a", "c1", ReceiptState::Delivered).await;
    assert!(house.message(id).await.content.is_some());

    let stranger = Scope::Account(AccountId(9_999));
    let refused = house.core.act_once(Act::EraseContent, stranger, id, None).await.unwrap_err();
    assert_eq!(refused.code, RefusalCode::NotFound);
    assert!(house.message(id).await.content.is_some());

    let done = erase("early").await.unwrap();
    assert!(!done.replayed && done.value.content.is_none());
    assert_eq!((done.value.state, done.value.parts), (State::Delivered, 1));
    assert!(done.value.attempts.iter().all(|attempt| attempt.content.is_none()));
    assert!(erase("early").await.unwrap().replayed);
    // What comes later finds the message all the same.
    house.receipt("a", "c1", ReceiptState::Undelivered).await;
    let house = house.restart().await;
    let message = house.message(id).await;
    assert!(message.content.is_none() && message.flags.contains(Flags::CONTRADICTED));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_message_is_gone_for_its_owner_and_stays_as_evidence_without_its_people() {
    let house = House::new(route(&["a"])).await;
    let scope = Scope::Account(house.account().id);
    let mut draft = house.draft("a secret");
    draft.client_reference = Some("order-1".to_owned());
    let id = house.submit(vec![draft]).await.unwrap().messages[0].id;
    let delete = |scope| house.core.act_once(Act::Delete, scope, id, None);
    assert_eq!(delete(scope).await.unwrap_err().code, RefusalCode::TooEarly);
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
    house.receipt("a", "c1", ReceiptState::Delivered).await;
    let stranger = Scope::Account(AccountId(9_999));
    assert_eq!(delete(stranger).await.unwrap_err().code, RefusalCode::NotFound);
    let balance = house.balance().await;
    delete(scope).await.unwrap();
    assert_eq!(delete(scope).await.unwrap_err().code, RefusalCode::NotFound);
    // What comes later is kept, and tells its owner nothing.
    house.receipt("a", "c1", ReceiptState::Undelivered).await;
    let house = house.restart().await;
    assert_eq!(house.balance().await, balance);
    assert!(house.core.message(scope, id).await.unwrap().is_none());
    assert!(house.core.explain(scope, id).await.unwrap().is_none());
    let query = app::MessageQuery { limit: 10, ..app::MessageQuery::default() };
    assert!(house.core.messages(scope, query.clone()).await.unwrap().items.is_empty());
    let kept = house.core.messages(Scope::All, query).await.unwrap().items.remove(0);
    assert!(kept.flags.contains(Flags::DELETED.with(Flags::CONTRADICTED)));
    assert_eq!((kept.state, kept.parts, kept.price.micros), (State::Delivered, 1, 50_000));
    let kept = house.message(id).await;
    assert!(kept.content.is_none() && kept.client_reference.is_none());
    assert!(kept.source.octets.is_empty() && kept.destination.octets.is_empty());
    assert_eq!(kept.attempts[0].receipts.len(), 2);
    assert!(kept.attempts[0].receipts.iter().all(|receipt| receipt.echoed.is_none()));
    let destination = kept.attempts[0].destination.text().into_owned();
    assert!(destination.ends_with("00000"), "{destination}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_is_repeated_under_its_key_and_not_under_another() {
    let house = House::new(route(&["a"])).await;
    let scope = Scope::Account(house.account().id);
    let mut later = house.draft("later");
    later.send_at = Some(house.core.now().plus_ms(3_600_000));
    let id = house.submit(vec![later]).await.unwrap().messages[0].id;
    let withdraw = |key: &'static str| house.core.act_once(Act::Withdraw, scope, id, once(key));
    let first = withdraw("one").await.unwrap();
    assert_eq!((first.value.state, first.replayed), (State::Cancelled, false));
    assert!(withdraw("one").await.unwrap().replayed);
    assert_eq!(withdraw("two").await.unwrap_err().code, RefusalCode::TooLate);
}
