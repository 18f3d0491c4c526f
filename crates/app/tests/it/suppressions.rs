//! Suppression lists: what stands on one is refused at once, by every door and every class, and stays so over
//! failures and restarts.

use app::submission::{Idempotency, SubmitOutcome};
use app::{SuppressionQuery, SuppressionView, SuppressionWish};
use types::account::AccountLimits;
use types::address::{Address, Msisdn};
use types::id::AccountId;
use types::message::{Class, Draft};
use types::money::Money;
use types::refusal::RefusalCode;
use types::suppression::SuppressionReason;

use crate::house::{House, new_account, route};

const PHONE: &str = "447400123456";
const OTHER: &str = "447400123457";

fn number(digits: &str) -> Msisdn {
    Msisdn::parse(digits).unwrap()
}

fn wish(numbers: &[&str]) -> SuppressionWish {
    SuppressionWish {
        numbers: numbers.iter().map(|digits| number(digits)).collect(),
        reason: SuppressionReason::Manual,
        source: "key:1".to_owned(),
    }
}

fn once(key: &str, print: u8) -> Option<Idempotency> {
    Some(Idempotency { key: key.to_owned(), fingerprint: [print; 32] })
}

fn to(house: &House, digits: &str) -> Draft {
    Draft { destination: Address::from_text(digits), ..house.draft("hello") }
}

fn code(outcome: SubmitOutcome) -> Option<RefusalCode> {
    outcome.err().and_then(|rejected| rejected.first().map(|refusal| refusal.code))
}

async fn list(house: &House, account: AccountId) -> Vec<SuppressionView> {
    let query = SuppressionQuery { limit: 100, ..SuppressionQuery::default() };
    house.core.suppressions(account, query).await.unwrap().items
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_on_the_list_is_refused_until_it_is_taken_off() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    house.core.top_up(account, Money::parse("100.00 EUR").unwrap(), "test").await.unwrap();
    let before = house.balance().await;
    let done = house.core.suppress(account, wish(&[PHONE, PHONE]), None).await.unwrap();
    assert_eq!((done.value, done.replayed), (1, false));

    // Whatever its class, however the number is written, and among many.
    for class in Class::ALL {
        let draft = Draft { class: Some(*class), ..to(&house, "+44 7400 123-456") };
        assert_eq!(code(house.submit(vec![draft]).await), Some(RefusalCode::RecipientSuppressed));
    }
    let rejected = house.submit(vec![to(&house, OTHER), to(&house, PHONE)]).await.unwrap_err();
    assert_eq!((rejected.refusals.len(), rejected.refusals[0].0), (1, Some(1)));
    let many = (0..1_500).map(|n| to(&house, &format!("4474001{:05}", n + 20_000))).collect::<Vec<_>>();
    let with_one = many.iter().cloned().chain([to(&house, PHONE)]).collect();
    assert_eq!(code(house.submit(with_one).await), Some(RefusalCode::RecipientSuppressed));
    house.settle().await;
    assert_eq!(house.balance().await, before, "a refusal costs nothing");

    // The list is the account's own.
    let second = house.core.create_account(new_account("second", AccountLimits::default())).await.unwrap();
    house.core.top_up(second.id, Money::parse("1.00 EUR").unwrap(), "test").await.unwrap();
    assert!(house.submit_as(second.id, vec![to(&house, PHONE)]).await.is_ok());
    assert_eq!(list(&house, second.id).await, []);

    let entries = list(&house, account).await;
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].number, entries[0].reason), (number(PHONE), SuppressionReason::Manual));
    assert_eq!(house.core.suppression(account, number(PHONE)).await.unwrap().as_ref(), entries.first());
    assert_eq!(house.core.suppression(account, number(OTHER)).await.unwrap(), None);
    assert_eq!(
        house.core.unsuppress(second.id, number(PHONE)).await.unwrap_err().code,
        RefusalCode::NotFound
    );
    house.core.unsuppress(account, number(PHONE)).await.unwrap();
    assert_eq!(house.core.unsuppress(account, number(PHONE)).await.unwrap_err().code, RefusalCode::NotFound);
    house.send_to(PHONE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_outlives_the_process_and_a_request_is_done_once() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let sent = house.send_to(PHONE).await;
    let done = house.core.suppress(account, wish(&[PHONE, OTHER]), once("k", 1)).await.unwrap();
    assert_eq!((done.value, done.replayed), (2, false));
    house.core.unsuppress(account, number(OTHER)).await.unwrap();
    let house = house.restart().await;
    let again = house.core.suppress(account, wish(&[PHONE, OTHER]), once("k", 1)).await.unwrap();
    assert_eq!((again.value, again.replayed), (2, true), "what was taken off since stays off");
    assert_eq!(code(house.submit(vec![to(&house, PHONE)]).await), Some(RefusalCode::RecipientSuppressed));
    house.send_to(OTHER).await;
    let other = house.core.suppress(account, wish(&[OTHER]), once("k", 2)).await.unwrap_err();
    assert_eq!(other.code, RefusalCode::IdempotencyMismatch);
    let none = house.core.suppress(account, wish(&[]), None).await.unwrap_err();
    assert_eq!(none.code, RefusalCode::InvalidRequest);

    // Whoever asks why a message went as it did learns that none can follow.
    let (_, story) = house.core.explain(app::Scope::All, sent).await.unwrap().unwrap();
    let because = story.iter().find(|because| because.stage == "suppression").unwrap();
    assert!(because.text.contains("the account has put it there"), "{}", because.text);
    assert!(because.facts.contains(&("suppressed by", "key:1".to_owned())), "{:?}", because.facts);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_written_changes_nothing() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    house.store_fails.store(true, std::sync::atomic::Ordering::SeqCst);
    let refused = house.core.suppress(account, wish(&[PHONE]), once("k", 1)).await.unwrap_err();
    assert_eq!(refused.code, RefusalCode::Unavailable);
    house.store_fails.store(false, std::sync::atomic::Ordering::SeqCst);
    house.until(|| true).await;
    house.send_to(PHONE).await;
    assert_eq!(list(&house, account).await, []);
    let done = house.core.suppress(account, wish(&[PHONE]), once("k", 1)).await.unwrap();
    assert_eq!((done.value, done.replayed), (1, false));
}
