//! Money: charged once, held and given back, and never below what is there.

use types::charge::ChargeState;
use types::message::{Content, State};
use types::profile::TriggerKey;
use types::receipt::{ReceiptState, Verdict};
use types::refusal::RefusalCode;

use crate::house::{House, new_account, route};

#[tokio::test(flavor = "multi_thread")]
async fn row_pt_2_1d_charges_on_acceptance_whatever_the_delivery() {
    let house = House::new(route(&["a"])).await;
    let id = house.send("hello").await;
    assert_eq!(house.balance().await, (9_950_000, 0));
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Permanent, None).await;
    assert_eq!(house.state(id).await, State::Failed);
    assert_eq!(house.balance().await, (9_950_000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_captured_or_released_with_the_event_of_the_profile() {
    for (trigger, taken, delivered) in [
        (TriggerKey::OnTransmit, (9_950_000, 0), (9_950_000, 0)),
        (TriggerKey::OnDelivery, (9_950_000, 50_000), (9_950_000, 0)),
    ] {
        let house = House::with_trigger(route(&["a"]), trigger).await;
        let id = house.send("hello").await;
        assert_eq!(house.balance().await, (9_950_000, 50_000), "held at acceptance");
        let attempt = house.sent_one("a");
        house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
        assert_eq!(house.balance().await, taken);
        house.receipt("a", "c1", ReceiptState::Delivered).await;
        assert_eq!(house.balance().await, delivered);
        assert_eq!(house.message(id).await.charge, ChargeState::Charged);
        let refused = house.send("again").await;
        let attempt = house.sent_one("a");
        house.answer("a", attempt, Verdict::Permanent, None).await;
        assert_eq!(house.message(refused).await.charge, ChargeState::Released);
        assert_eq!(house.balance().await, (9_950_000, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_pt_2_1f_a_refusal_costs_nothing_and_leaves_nothing() {
    let house = House::new(route(&["a"])).await;
    let before = house.core.store_figures().await.unwrap().store.messages;
    let mut bad = house.draft("x");
    bad.destination = types::address::Address::from_text("nobody");
    let rejected = house.submit(vec![house.draft("good"), bad]).await.unwrap_err();
    assert_eq!(rejected.refusals.len(), 1);
    assert_eq!(rejected.refusals[0].0, Some(1));
    assert_eq!(rejected.first().unwrap().code, RefusalCode::InvalidDestination);
    let many = vec![house.draft("x"); 201];
    let rejected = house.submit(many).await.unwrap_err();
    assert_eq!(rejected.refusals[0].0, Some(200), "the balance covers 200 messages");
    assert_eq!(rejected.first().unwrap().code, RefusalCode::InsufficientBalance);
    assert_eq!(house.core.store_figures().await.unwrap().store.messages, before);
    assert_eq!(house.balance().await, (10_000_000, 0));
    assert!(house.sent("a").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_charged_as_they_are_counted() {
    let house = House::new(route(&["a"])).await;
    let mut long = house.draft("");
    long.content = Content::Text("ж".repeat(71));
    let accepted = house.submit(vec![long]).await.unwrap();
    assert_eq!(accepted.messages[0].parts, 2);
    assert_eq!(house.balance().await, (9_900_000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_submission_is_taken_wholly_or_not_at_all() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let too_many = vec![house.draft("x"); 2_500];
    let rejected = house.submit(too_many).await.unwrap_err();
    assert_eq!(rejected.first().unwrap().code, RefusalCode::InsufficientBalance);
    house.settle().await;
    assert_eq!(house.core.store_figures().await.unwrap().store.messages, 0);
    house.core.top_up(account, types::money::Money::parse("1000.00 EUR").unwrap(), "test").await.unwrap();
    let accepted = house.submit(vec![house.draft("x"); 2_500]).await.unwrap();
    assert_eq!(accepted.messages.len(), 2_500);
    house.settle().await;
    assert_eq!(house.core.store_figures().await.unwrap().store.messages, 2_500);
    assert_eq!(house.sent("a").len(), 1_000, "as many as the connector has room for");
    let (available, held) = house.balance().await;
    assert_eq!((available, held), (1_010_000_000 - 2_500 * 50_000, 0));
    let found = house.core.submission(app::Scope::Account(account), accepted.id).await.unwrap();
    assert_eq!(found.len(), 2_500);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_text_to_the_same_number_is_guarded_where_it_was_promised() {
    let house = House::new(route(&["a"])).await;
    let submission = |text: &str| app::submission::Submission {
        account: house.account().id,
        door: types::message::Door::Paasoo,
        received_at: house.core.now(),
        idempotency: None,
        drafts: vec![house.draft(text)],
        guard_repeats: true,
        replaces: Vec::new(),
    };
    assert!(house.core.submit_and_wait(submission("hi")).await.is_ok());
    let rejected = house.core.submit_and_wait(submission("hi")).await.unwrap_err();
    assert_eq!(rejected.first().unwrap().code, RefusalCode::RepeatedMessage);
    assert!(house.core.submit_and_wait(submission("other")).await.is_ok());
    house.advance(3_001).await;
    assert!(house.core.submit_and_wait(submission("hi")).await.is_ok());
}

/// Whether two lots together pay what neither covers: 10.00 EUR at first, and 0.03 EUR that lapse never.
#[tokio::test(flavor = "multi_thread")]
async fn several_lots_pay_one_message_and_get_back_what_each_paid() {
    for (trigger, verdict, end, left) in [
        (TriggerKey::OnAccept, Verdict::Permanent, ChargeState::Charged, (0, 0)),
        (TriggerKey::OnTransmit, Verdict::Accepted, ChargeState::Charged, (0, 0)),
        (TriggerKey::OnTransmit, Verdict::Permanent, ChargeState::Released, (50_000, 0)),
    ] {
        let house = House::with_trigger(route(&["a"]), trigger).await;
        let account = house.account().id;
        // 199 messages leave 0.05 of the first lot; one for 0.02 of a part more leaves 0.03 of both.
        house.submit(vec![house.draft("x"); 199]).await.unwrap();
        house.settle().await;
        for attempt in house.sent("a").into_iter().map(|dispatch| dispatch.attempt) {
            house.answer_unsettled("a", attempt, Verdict::Accepted, &format!("{attempt:?}")).await;
        }
        house.settle().await;
        let price = types::catalog::PrefixPrice { prefix: String::new(), price: "0.02".into() };
        house.prices(vec![price]).await;
        let cheap = house.send("cheap").await;
        let attempt = house.sent_one("a");
        house.answer("a", attempt, Verdict::Accepted, Some("cheap")).await;
        assert_eq!(house.balance().await, (30_000, 0));
        let price = types::catalog::PrefixPrice { prefix: String::new(), price: "0.05".into() };
        house.prices(vec![price]).await;
        let refused = house.submit(vec![house.draft("x")]).await.unwrap_err();
        assert!(refused.first().unwrap().detail.contains("0.03 EUR is available"), "{refused:?}");
        house.core.top_up(account, types::money::Money::parse("0.02 EUR").unwrap(), "gift").await.unwrap();
        let id = house.send("both pay").await;
        let detail = house.message(id).await;
        assert_eq!(detail.shares.iter().map(|share| share.micros).collect::<Vec<_>>(), [30_000, 20_000]);
        assert!(house.message(cheap).await.shares.is_empty());
        // The shares survive a restart, and each lot gets its own back.
        let attempt = house.sent_one("a");
        let house = house.restart().await;
        house.answer("a", attempt, verdict, Some("c1")).await;
        assert_eq!(house.message(id).await.charge, end);
        assert_eq!(house.balance().await, left, "{trigger:?} {verdict}");
        let (_, story) = house.core.explain(app::Scope::All, id).await.unwrap().unwrap();
        let facts = &story.iter().find(|because| because.stage == "charge").unwrap().facts;
        let lots = facts.iter().find(|(name, _)| *name == "lots").unwrap();
        assert!(lots.1.contains("0.03 EUR") && lots.1.contains("0.02 EUR"), "{lots:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_submission_takes_what_several_lots_hold() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let price = types::catalog::PrefixPrice { prefix: String::new(), price: "0.03".into() };
    house.prices(vec![price]).await;
    // 10.00 EUR pay 333 messages, 23.03 EUR pay 767, and what is left of both one more.
    house.core.top_up(account, types::money::Money::parse("23.03 EUR").unwrap(), "gift").await.unwrap();
    let rejected = house.submit(vec![house.draft("x"); 1_102]).await.unwrap_err();
    assert_eq!(rejected.first().unwrap().code, RefusalCode::InsufficientBalance);
    house.settle().await;
    assert_eq!(house.balance().await, (33_030_000, 0));
    let accepted = house.submit(vec![house.draft("x"); 1_101]).await.unwrap();
    house.settle().await;
    assert_eq!(house.balance().await, (0, 0));
    let found = house.core.submission(app::Scope::Account(account), accepted.id).await.unwrap();
    let shared: Vec<_> = found.iter().filter(|detail| !detail.shares.is_empty()).collect();
    assert_eq!((found.len(), shared.len()), (1_101, 1));
    assert_eq!(shared[0].shares.iter().map(|share| share.micros).collect::<Vec<_>>(), [10_000, 20_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_account_above_is_priced_by_its_own_book() {
    let house = House::new(route(&["a"])).await;
    let top = house.account().id;
    let limits = types::account::AccountLimits { rate_per_second: 0, ..Default::default() };
    let below = app::NewAccount { parent: Some(top), ..new_account("below", limits) };
    let below = house.core.create_account(below).await.unwrap();
    let region = types::region::Region::parse("us-1").ok();
    let lowest = app::NewAccount { parent: Some(below.id), region, ..new_account("lowest", limits) };
    let lowest = house.core.create_account(lowest).await.unwrap();
    house.core.top_up(lowest.id, types::money::Money::parse("1.00 EUR").unwrap(), "test").await.unwrap();
    let id = house.submit_as(lowest.id, vec![house.draft("hello")]).await.unwrap().messages[0].id;
    house.settle().await;
    let detail = house.message(id).await;
    let levels: Vec<_> = detail.levels.iter().map(|level| level.account.as_str()).collect();
    assert_eq!((levels, detail.region.as_str()), (vec!["below", "acme"], "us-1"));
    assert!(detail.levels.iter().all(|level| level.price.amount.micros == 50_000));
    assert_eq!(house.balance().await, (10_000_000, 0), "only the own level is charged");
    let unknown = app::NewAccount { parent: Some(types::id::AccountId(99)), ..new_account("lost", limits) };
    let refused = house.core.create_account(unknown).await.unwrap_err();
    assert_eq!((refused.code, refused.field.as_deref()), (RefusalCode::InvalidRequest, Some("parent")));
    let mut parent = lowest.id;
    let most = types::account::PATH_DEPTH_MAX;
    for depth in 3..=most {
        let next = app::NewAccount { parent: Some(parent), ..new_account(&format!("depth {depth}"), limits) };
        parent = house.core.create_account(next).await.unwrap().id;
    }
    let next = app::NewAccount { parent: Some(parent), ..new_account("too deep", limits) };
    assert!(house.core.create_account(next).await.is_err());
}

/// Whoever repeats a message on its last money is told that it repeats it.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_is_told_before_the_balance() {
    let house = House::new(route(&["a"])).await;
    house.submit(vec![house.draft("x"); 199]).await.unwrap();
    let submission = |texts: &[&str]| app::submission::Submission {
        account: house.account().id,
        door: types::message::Door::Paasoo,
        received_at: house.core.now(),
        idempotency: None,
        drafts: texts.iter().map(|text| house.draft(text)).collect(),
        guard_repeats: true,
        replaces: Vec::new(),
    };
    let code = async |texts: &[&str]| match house.core.submit_and_wait(submission(texts)).await {
        Ok(_) => None,
        Err(rejected) => rejected.first().map(|refusal| refusal.code),
    };
    // What was refused as a whole was not sent, and is no repeat afterwards.
    assert_eq!(code(&["hi", "there"]).await, Some(RefusalCode::InsufficientBalance));
    assert!(house.core.quote(submission(&["hi"])).await.is_ok());
    assert_eq!(code(&["hi"]).await, None);
    assert_eq!(code(&["hi"]).await, Some(RefusalCode::RepeatedMessage));
    assert_eq!(code(&["other"]).await, Some(RefusalCode::InsufficientBalance));
}
