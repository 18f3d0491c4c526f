//! Webhooks that owners set up: what they hear, rotating secrets, telling again, taking away; and one that
//! is down for three days.

use app::submission::Idempotency;
use app::{
    About, DeliveryQuery, DeliveryView, EndpointPatch, EndpointView, EndpointWish, EventStatus, ReplayWish,
};
use types::account::EndpointKind;
use types::event::{EventType, EventTypes};
use types::id::{AccountId, EndpointId, MessageId};
use types::message::{ReportWish, State};
use types::receipt::{ReceiptState, Verdict};
use types::refusal::RefusalCode;

use crate::house::{House, NOON_MS, new_account, route};

const HOUR_MS: i64 = 3_600_000;

fn wish(url: &str) -> EndpointWish {
    EndpointWish {
        kind: EndpointKind::Webhook,
        url: url.to_owned().into(),
        description: "the shop".to_owned(),
        wants: EventTypes::ALL,
        enabled: true,
    }
}

fn once(key: &str, print: u8) -> Option<Idempotency> {
    Some(Idempotency { key: key.to_owned(), fingerprint: [print; 32] })
}

async fn make(house: &House, url: &str) -> EndpointView {
    house.core.make_webhook(house.account().id, wish(url), None).await.unwrap().value
}

/// Sends a message and has it delivered; two events.
async fn deliver(house: &House, carrier_id: &str) -> MessageId {
    let id = house.send("hello").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some(carrier_id)).await;
    house.receipt("a", carrier_id, ReceiptState::Delivered).await;
    id
}

/// What a host has taken, once it is so much.
async fn taken(house: &House, host: &str, count: usize) -> Vec<String> {
    let of_host = || -> Vec<String> {
        let taken = house.courier.taken.lock().unwrap();
        taken.iter().filter(|call| call.url.contains(host)).map(|call| call.body.clone()).collect()
    };
    house.until(|| of_host().len() >= count).await;
    house.settle().await;
    let bodies = of_host();
    assert_eq!(bodies.len(), count, "{bodies:?}");
    bodies
}

async fn list(house: &House, id: EndpointId, status: Option<EventStatus>) -> Vec<DeliveryView> {
    let query = DeliveryQuery { status, limit: 100, ..DeliveryQuery::default() };
    let page = house.core.deliveries(house.account().id, id, query).await.unwrap();
    assert_eq!(page.next, None);
    page.items
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_hears_of_every_message_and_of_what_it_wants() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    make(&house, "https://all.example/").await;
    let ends = EndpointWish {
        wants: [EventType::Message(State::Delivered)].into_iter().collect(),
        ..wish("https://ends.example/")
    };
    house.core.make_webhook(account, ends, None).await.unwrap();
    let id = deliver(&house, "c1").await;
    let both = [format!("{id} 0 submitted"), format!("{id} 1 delivered")];
    assert_eq!(taken(&house, "all.example", 2).await, both);
    assert_eq!(taken(&house, "ends.example", 1).await, [format!("{id} 1 delivered")]);

    // A message that names one of them is told there once; another address is told beside them.
    let named = house.core.webhook_endpoint(account, EndpointKind::Webhook, "https://all.example/");
    let named = named.await.unwrap();
    let own = house.core.webhook_endpoint(account, EndpointKind::Webhook, "https://own.example/");
    let own = own.await.unwrap();
    for (endpoint, carrier_id) in [(named, "c2"), (own, "c3")] {
        let mut draft = house.draft("hello");
        draft.report =
            ReportWish { endpoint: Some(endpoint), steps: true, failures_only: false, successes_only: false };
        house.submit(vec![draft]).await.unwrap();
        house.settle().await;
        let attempt = house.sent_one("a");
        house.answer("a", attempt, Verdict::Accepted, Some(carrier_id)).await;
        house.receipt("a", carrier_id, ReceiptState::Delivered).await;
    }
    taken(&house, "all.example", 6).await;
    taken(&house, "ends.example", 3).await;
    taken(&house, "own.example", 2).await;
    // Each has its own event of one happening, and they are kept over a restart.
    let house = house.restart().await;
    deliver(&house, "c4").await;
    taken(&house, "all.example", 2).await;
    taken(&house, "ends.example", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_down_for_three_days_hears_everything_in_order() {
    let house = House::new(route(&["a"])).await;
    house.courier.down.lock().unwrap().push("down.example");
    let webhook = make(&house, "https://down.example/").await;
    make(&house, "https://up.example/").await;
    let mut sent = Vec::new();
    // One message every six hours for 72 hours; the clock moves by minutes, as a tick would.
    for round in 0..12 {
        sent.push(deliver(&house, &format!("c{round}")).await);
        for _ in 0..12 {
            house.advance(HOUR_MS / 2).await;
        }
    }
    assert_eq!(house.clock_ms() - NOON_MS, 72 * HOUR_MS);
    taken(&house, "up.example", 24).await;
    taken(&house, "down.example", 0).await;
    assert_eq!(list(&house, webhook.id, Some(EventStatus::Waiting)).await.len(), 24);
    assert!(list(&house, webhook.id, Some(EventStatus::Dead)).await.is_empty(), "nothing is given up");
    // It comes up again, in another process of ours.
    let house = house.restart().await;
    let of_message = |id: &MessageId| -> Vec<String> {
        let taken = house.courier.taken.lock().unwrap();
        let own = taken.iter().filter(|call| call.body.starts_with(&id.to_string()));
        own.map(|call| call.body.clone()).collect()
    };
    let all_heard = || sent.iter().all(|id| of_message(id).len() == 2);
    for _ in 0..60 {
        house.advance(HOUR_MS / 2).await;
        // Calls are made by other tasks, which a busy machine runs later than the engine.
        for _ in 0..30 {
            if all_heard() {
                break;
            }
            tokio::task::yield_now().await;
            house.settle().await;
        }
    }
    house.until(all_heard).await;
    for id in &sent {
        assert_eq!(of_message(id), [format!("{id} 0 submitted"), format!("{id} 1 delivered")]);
    }
    house.until_figures(|figures| figures.outbox == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_replaced_without_a_gap() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let first = make(&house, "https://a.example/").await;
    let rotated = house.core.rotate_webhook(account, first.id, 10 * HOUR_MS, None).await.unwrap().value;
    assert_ne!(rotated.secret, first.secret);
    assert!(rotated.old_secret_until.is_some());
    let both = format!("{} {}", rotated.secret.expose(), first.secret.expose());
    deliver(&house, "c1").await;
    taken(&house, "a.example", 2).await;
    assert!(house.courier.taken.lock().unwrap().iter().all(|call| call.signed_by == both));
    let house = house.restart().await;
    deliver(&house, "c2").await;
    taken(&house, "a.example", 2).await;
    house.advance(10 * HOUR_MS).await;
    deliver(&house, "c3").await;
    taken(&house, "a.example", 4).await;
    let signed: Vec<String> =
        house.courier.taken.lock().unwrap().iter().map(|call| call.signed_by.clone()).collect();
    let alone = rotated.secret.expose().clone();
    assert_eq!(signed, [both.clone(), both, alone.clone(), alone]);
    assert_eq!(house.core.webhook(account, first.id).unwrap().old_secret_until, None);
    let too_long = house.core.rotate_webhook(account, first.id, 31 * 24 * HOUR_MS, None).await.unwrap_err();
    assert_eq!(too_long.field.as_deref(), Some("overlap_s"));
    let at_once = house.core.rotate_webhook(account, first.id, 0, None).await.unwrap().value;
    assert_eq!(at_once.old_secret_until, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_listed_and_told_again() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let webhook = make(&house, "https://a.example/").await;
    let id = deliver(&house, "c1").await;
    taken(&house, "a.example", 2).await;
    house.until_figures(|figures| figures.outbox == 0).await;
    let told = list(&house, webhook.id, Some(EventStatus::Told)).await;
    let kinds: Vec<_> = told.iter().map(|view| (view.kind, view.about, view.failed_tries)).collect();
    let of = |state| (EventType::Message(state), About::Message(id), 0);
    assert_eq!(kinds, [of(State::Delivered), of(State::Submitted)], "newest first");
    assert!(told.iter().all(|view| view.ended_at.is_some() && view.next_at.is_none()));

    // What was taken comes again as another event, once under one key.
    let event = ReplayWish::Event(told[0].event);
    for (key, replayed) in [("k", false), ("k", true)] {
        let done = house.core.replay(account, webhook.id, event, once(key, 1)).await.unwrap();
        assert_eq!((done.value, done.replayed), (1, replayed));
    }
    assert_eq!(taken(&house, "a.example", 3).await[2], format!("{id} 1 delivered"));
    let calls = house.courier.taken.lock().unwrap().clone();
    assert_ne!(calls[2].id, calls[1].id);
    let clash = house.core.replay(account, webhook.id, event, once("k", 2)).await.unwrap_err();
    assert_eq!(clash.code, RefusalCode::IdempotencyMismatch);

    // What was given up is the same event once more.
    house.courier.answers.lock().unwrap().push_back(Ok(410));
    deliver(&house, "c2").await;
    house.until(|| house.core.webhook(account, webhook.id).is_some_and(|view| view.disabled)).await;
    house.until_figures(|figures| figures.dead_letters == 2).await;
    let dead = list(&house, webhook.id, Some(EventStatus::Dead)).await;
    let wish = ReplayWish::Range { since: None, until: None, status: Some(EventStatus::Dead) };
    let off = house.core.replay(account, webhook.id, wish, None).await.unwrap_err();
    assert_eq!(off.code, RefusalCode::Conflict, "it is switched off");
    let on = EndpointPatch { enabled: Some(true), ..EndpointPatch::default() };
    assert!(!house.core.change_webhook(account, webhook.id, on).await.unwrap().disabled);
    assert_eq!(house.core.replay(account, webhook.id, wish, None).await.unwrap().value, 2);
    taken(&house, "a.example", 5).await;
    let ids: Vec<String> =
        house.courier.taken.lock().unwrap()[3..].iter().map(|call| call.id.clone()).collect();
    assert_eq!(ids, [dead[1].event.to_string(), dead[0].event.to_string()]);

    // By time: nothing was made before the beginning, and everything since.
    let now = house.core.now();
    let before = ReplayWish::Range { since: None, until: Some(now.plus_ms(-HOUR_MS)), status: None };
    assert_eq!(house.core.replay(account, webhook.id, before, None).await.unwrap().value, 0);
    let since = ReplayWish::Range { since: Some(now.plus_ms(-HOUR_MS)), until: None, status: None };
    house.until_figures(|figures| figures.outbox == 0).await;
    assert_eq!(house.core.replay(account, webhook.id, since, None).await.unwrap().value, 5);
    taken(&house, "a.example", 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_told_at_once_when_a_person_says_so() {
    let house = House::new(route(&["a"])).await;
    house.courier.down.lock().unwrap().push("a.example");
    let webhook = make(&house, "https://a.example/").await;
    let id = deliver(&house, "c1").await;
    house.until(|| !house.courier.calls.lock().unwrap().is_empty()).await;
    house.courier.down.lock().unwrap().clear();
    let wish = ReplayWish::Range { since: None, until: None, status: Some(EventStatus::Waiting) };
    let wait = || async { list(&house, webhook.id, Some(EventStatus::Waiting)).await };
    let tried = |waiting: &[DeliveryView]| waiting.iter().any(|view| view.failed_tries == 1);
    while !tried(&wait().await) {
        house.settle().await;
    }
    assert_eq!(house.core.replay(house.account().id, webhook.id, wish, None).await.unwrap().value, 2);
    let bodies = taken(&house, "a.example", 2).await;
    assert_eq!(bodies, [format!("{id} 0 submitted"), format!("{id} 1 delivered")], "the clock stood still");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_made_once_changed_and_taken_away() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let url = "https://a.example/";
    let first = house.core.make_webhook(account, wish(url), once("k", 1)).await.unwrap();
    let again = house.core.make_webhook(account, wish(url), once("k", 1)).await.unwrap();
    assert!(!first.replayed && again.replayed);
    assert_eq!(first.value, again.value, "with the same secret");
    let taken_already = house.core.make_webhook(account, wish(url), once("l", 1)).await.unwrap_err();
    assert_eq!(taken_already.field.as_deref(), Some("url"));
    let id = first.value.id;
    let patch = EndpointPatch {
        url: Some("https://b.example/".to_owned().into()),
        description: Some("renamed".to_owned()),
        wants: Some([EventType::Inbound].into_iter().collect()),
        enabled: Some(false),
    };
    let changed = house.core.change_webhook(account, id, patch).await.unwrap();
    assert_eq!(
        (changed.url.expose().as_str(), changed.description.as_str()),
        ("https://b.example/", "renamed")
    );
    assert!(changed.disabled && changed.secret == first.value.secret);
    // Its old address is free again.
    let other = make(&house, url).await;
    let house = house.restart().await;
    assert_eq!(house.core.webhook(account, id), Some(changed));

    house.core.set_default_webhook(account, EndpointKind::Webhook, Some(url)).await.unwrap();
    house.courier.down.lock().unwrap().push("a.example");
    deliver(&house, "c1").await;
    house.until(|| !house.courier.calls.lock().unwrap().is_empty()).await;
    house.core.remove_webhook(account, other.id).await.unwrap();
    assert_eq!(house.account().default_endpoint, None);
    assert_eq!(house.core.webhook(account, other.id), None);
    house.until_figures(|figures| figures.outbox == 0 && figures.dead_letters == 0).await;
    deliver(&house, "c2").await;
    house.until_figures(|figures| figures.outbox == 0).await;
    assert_eq!(house.core.remove_webhook(account, other.id).await.unwrap_err().code, RefusalCode::NotFound);
    let reborn = make(&house, url).await;
    assert_ne!((reborn.id, reborn.secret), (other.id, other.secret));
    let house = house.restart().await;
    assert_eq!(house.core.webhook(account, other.id), None);
    assert_eq!(house.core.endpoints(account).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_tried_out_and_strangers_reach_none() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let webhook = make(&house, "https://a.example/").await;
    let tested = house.core.try_webhook(account, webhook.id).await.unwrap();
    assert_eq!((tested.status, tested.error.as_deref()), (Some(200), None));
    assert_eq!(taken(&house, "a.example", 1).await, ["test"]);
    house.courier.down.lock().unwrap().push("a.example");
    let failed = house.core.try_webhook(account, webhook.id).await.unwrap();
    assert_eq!((failed.status, failed.error.as_deref()), (None, Some("no connection: refused")));
    let plain = house.core.set_default_webhook(account, EndpointKind::Paasoo, Some("https://p.example/"));
    let plain = plain.await.unwrap().unwrap();
    assert_eq!(house.core.try_webhook(account, plain.id).await.unwrap_err().code, RefusalCode::Conflict);

    let other = house.core.create_account(new_account("other", Default::default())).await.unwrap().id;
    let smpp = house.core.smpp_endpoint(account).unwrap();
    for (account, id) in
        [(other, webhook.id), (account, EndpointId(99)), (account, smpp), (AccountId(9), webhook.id)]
    {
        let query = DeliveryQuery { limit: 5, ..DeliveryQuery::default() };
        let wish = ReplayWish::Range { since: None, until: None, status: None };
        let patch = EndpointPatch::default();
        let refused = [
            house.core.change_webhook(account, id, patch).await.unwrap_err(),
            house.core.rotate_webhook(account, id, 0, None).await.unwrap_err(),
            house.core.remove_webhook(account, id).await.unwrap_err(),
            house.core.deliveries(account, id, query).await.unwrap_err(),
            house.core.replay(account, id, wish, None).await.unwrap_err(),
            house.core.try_webhook(account, id).await.unwrap_err(),
        ];
        assert!(refused.iter().all(|refusal| *refusal == refused[0]), "{refused:?}");
        assert_eq!(refused[0].code, RefusalCode::NotFound);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_webhook_is_refused_at_its_field() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let long = "x".repeat(101);
    let cases = [
        (EndpointWish { kind: EndpointKind::Smpp, ..wish("https://a.example/") }, "kind"),
        (wish("http://a.example/"), "url"),
        (wish("https://"), "url"),
        (EndpointWish { description: "a\nb".to_owned(), ..wish("https://a.example/") }, "description"),
        (EndpointWish { description: long, ..wish("https://a.example/") }, "description"),
        (EndpointWish { wants: EventTypes::from_bits(0), ..wish("https://a.example/") }, "events"),
    ];
    for (wish, field) in cases {
        let refusal = house.core.make_webhook(account, wish, None).await.unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (RefusalCode::InvalidRequest, Some(field)));
    }
    for number in 0..20 {
        make(&house, &format!("https://{number}.example/")).await;
    }
    let one_more = house.core.make_webhook(account, wish("https://more.example/"), None).await.unwrap_err();
    assert_eq!(one_more.code, RefusalCode::LimitReached);
    assert!(one_more.detail.contains("20 webhooks"), "{one_more}");
    let again = house.core.make_webhook(account, wish("https://3.example/"), None).await.unwrap_err();
    assert_eq!((again.code, again.field.as_deref()), (RefusalCode::Conflict, Some("url")));
}

/// Asks for the endpoints of these addresses at once; the answers in their order.
async fn ask_at_once(house: &House, urls: &[String]) -> Vec<Result<EndpointId, RefusalCode>> {
    let account = house.account().id;
    let ask = |url: String| {
        let core = house.core.clone();
        tokio::spawn(async move { core.webhook_endpoint(account, EndpointKind::Webhook, &url).await })
    };
    let asked: Vec<_> = urls.iter().cloned().map(ask).collect();
    let mut answers = Vec::new();
    for answer in asked {
        answers.push(answer.await.unwrap().map_err(|refusal| refusal.code));
    }
    answers
}

#[tokio::test]
async fn addresses_that_are_asked_for_at_once_are_made_once_each() {
    let house = House::new(route(&["a"])).await;
    let urls: Vec<String> = (0..60).map(|n| format!("https://shop.example/{}", n % 20)).collect();
    house.store_fails.store(true, std::sync::atomic::Ordering::SeqCst);
    let refused = ask_at_once(&house, &urls).await;
    assert_eq!(refused, vec![Err(RefusalCode::Unavailable); 60]);
    house.store_fails.store(false, std::sync::atomic::Ordering::SeqCst);
    let made = ask_at_once(&house, &urls).await;
    let ids: std::collections::BTreeSet<EndpointId> = made.iter().map(|answer| answer.unwrap()).collect();
    assert_eq!(ids.len(), 20);
    assert!((20..60).all(|n| made[n] == made[n % 20]));
    let house = house.restart().await;
    assert_eq!(ask_at_once(&house, &urls).await, made);
}
