//! Keywords: what phones write that want no more messages, want them again or want help.

use app::submission::SubmitOutcome;
use app::{KeywordReplyPatch, SuppressionWish};
use ports::channel::{ChannelEvent, Dispatch};
use ports::clock::Clock;
use types::account::EndpointKind;
use types::address::{Address, Msisdn};
use types::keyword::Keyword;
use types::message::{Content, Door, OctetContent, Reason, State};
use types::profile::TriggerKey;
use types::receipt::{InboundNotice, Verdict};
use types::refusal::RefusalCode;
use types::suppression::SuppressionReason;

use crate::house::{House, route};

const PHONE: &str = "447400123456";
const SHORT_CODE: &str = "88811";
const DAY_MS: i64 = 86_400_000;

/// What a phone wrote, in GSM 7-bit or UCS2.
fn written(house: &House, text: &str) -> ChannelEvent {
    let (data_coding, payload) = if text.is_ascii() {
        (0, text.as_bytes().to_vec())
    } else {
        (8, text.encode_utf16().flat_map(u16::to_be_bytes).collect())
    };
    ChannelEvent::Inbound(InboundNotice {
        source: Address::from_text(PHONE),
        destination: Address::from_text(SHORT_CODE),
        content: OctetContent { data_coding, payload, ..OctetContent::default() },
        read_at: house.clock.now(),
    })
}

async fn phone_writes(house: &House, text: &str) {
    house.tell_at_once("a", vec![written(house, text)]).await;
    house.settle().await;
}

async fn answers(house: &House, patch: KeywordReplyPatch) {
    house.core.change_keyword_replies(house.account().id, patch).await.unwrap();
}

fn reply(text: &str) -> Option<Option<String>> {
    Some(Some(text.to_owned()))
}

fn code(outcome: &SubmitOutcome) -> Option<RefusalCode> {
    outcome.as_ref().err().and_then(|rejected| rejected.first()).map(|refusal| refusal.code)
}

async fn is_refused(house: &House) -> bool {
    let outcome = house.submit(vec![house.draft("hello")]).await;
    house.settle().await;
    house.sent("a");
    match code(&outcome) {
        None => false,
        Some(RefusalCode::RecipientSuppressed) => true,
        Some(other) => panic!("{other:?}"),
    }
}

fn texts(sent: &[Dispatch]) -> Vec<String> {
    let text = |dispatch: &Dispatch| match dispatch.content.as_ref() {
        Content::Text(text) => text.clone(),
        Content::Octets(_) => "octets".to_owned(),
    };
    sent.iter().map(text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_refuses_the_very_next_message_and_start_takes_it_back() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    house.send("hello").await;
    phone_writes(&house, "Stop it?").await;
    assert!(!is_refused(&house).await, "a sentence is no keyword");
    for (stop, start) in [("STOP", "START"), ("Opt-out.", "unstop"), ("ＳＴＯＰ！", "恢复"), ("arrêt", "Yes")]
    {
        phone_writes(&house, stop).await;
        assert!(is_refused(&house).await, "{stop}");
        let entry = house.core.suppression(account, Msisdn::parse(PHONE).unwrap()).await.unwrap().unwrap();
        assert_eq!(entry.reason, SuppressionReason::OptOut);
        let inbound = house.core.inbound(app::Scope::Account(account), None, 1).await.unwrap();
        assert_eq!(entry.source, format!("inbound:{}", inbound.items[0].id));
        assert_eq!(inbound.items[0].keyword, Some(Keyword::Stop));
        // A second one changes nothing.
        phone_writes(&house, "END").await;
        assert!(is_refused(&house).await);
        phone_writes(&house, "HELP").await;
        assert!(is_refused(&house).await, "help is no consent");
        phone_writes(&house, start).await;
        assert!(!is_refused(&house).await, "{start}");
    }
    // It is kept with the message, also over the end of the process.
    phone_writes(&house, "quit").await;
    let house = house.restart().await;
    assert!(is_refused(&house).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_was_not_kept_is_kept_with_its_message_when_the_store_writes_again() {
    let house = House::new(route(&["a"])).await;
    house.send("hello").await;
    house.store_fails.store(true, std::sync::atomic::Ordering::SeqCst);
    let told = house.tell_at_once("a", vec![written(&house, "STOP")]);
    let heal = async {
        while house.core.ready().await.is_ok() {
            tokio::task::yield_now().await;
        }
        house.store_fails.store(false, std::sync::atomic::Ordering::SeqCst);
    };
    // The carrier hears that its message was taken only when it is on disk.
    tokio::join!(told, heal);
    house.settle().await;
    assert!(is_refused(&house).await);
    let inbound = house.core.inbound(app::Scope::All, None, 10).await.unwrap();
    assert_eq!(inbound.items.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_to_be_sent_is_withdrawn_after_a_stop() {
    let house = House::with_trigger(route(&["a"]), TriggerKey::OnTransmit).await;
    house.send("hello").await;
    house.sent("a");
    let held = house.balance().await;
    house.down("a").await;
    house.down("b").await;
    let waits = house.send("waits").await;
    let mut later = house.draft("later");
    later.send_at = Some(house.clock.now().plus_ms(60_000));
    let later = house.submit(vec![later]).await.unwrap().messages[0].id;
    let other = house.send_to("447400123457").await;
    house.tell_at_once("a", vec![written(&house, "STOP")]).await;
    house.settle().await;
    let house = house.restart().await;
    house.advance(60_001).await;
    for id in [waits, later] {
        let detail = house.message(id).await;
        assert_eq!((detail.state, detail.reason), (State::Cancelled, Reason::Suppressed));
        let (_, story) = house.core.explain(app::Scope::All, id).await.unwrap().unwrap();
        assert!(story.iter().any(|because| because.text.contains("suppression list")), "{story:?}");
    }
    assert_eq!(texts(&house.sent("a")), ["hello"]);
    assert_eq!(house.state(other).await, State::Sending);
    let (available, _) = house.balance().await;
    assert_eq!(held.0 - available, 50_000, "what was held for the two is given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_tried_is_not_tried_again_after_a_stop() {
    let house = House::with_trigger(route(&["a"]), TriggerKey::OnTransmit).await;
    house.send("hello").await;
    house.sent("a");
    let id = house.send("again").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Transient, None).await;
    assert_eq!(house.state(id).await, State::Queued);
    let (available, held) = house.balance().await;
    house.tell_at_once("a", vec![written(&house, "STOP")]).await;
    house.settle().await;
    house.advance(10_000).await;
    let detail = house.message(id).await;
    assert_eq!((detail.state, detail.reason), (State::Cancelled, Reason::Suppressed));
    assert!(house.sent("a").is_empty());
    assert_eq!(house.balance().await, (available + 50_000, held - 50_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn start_takes_back_nothing_but_an_opt_out() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    house.send("hello").await;
    let wish = SuppressionWish {
        numbers: vec![Msisdn::parse(PHONE).unwrap()],
        reason: SuppressionReason::Complaint,
        source: "key:1".to_owned(),
    };
    house.core.suppress(account, wish, None).await.unwrap();
    phone_writes(&house, "STOP").await;
    phone_writes(&house, "START").await;
    assert!(is_refused(&house).await, "the complaint stands");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyword_is_answered_once_a_day_when_the_account_says_so() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    house.send("hello").await;
    house.sent("a");
    phone_writes(&house, "HELP").await;
    assert_eq!(texts(&house.sent("a")), [""; 0], "nothing is set");
    let before = house.balance().await;
    answers(&house, KeywordReplyPatch { stop: reply("Bye."), help: reply("Call us."), start: None }).await;
    for _ in 0..3 {
        phone_writes(&house, "info").await;
        phone_writes(&house, "Hilfe").await;
    }
    // One has opted out is told so once; it is the last that it hears.
    phone_writes(&house, "STOP").await;
    phone_writes(&house, "STOP").await;
    let sent = house.sent("a");
    assert_eq!(texts(&sent), ["Call us.", "Bye."]);
    for dispatch in &sent {
        assert_eq!(dispatch.source.text(), SHORT_CODE);
        assert_eq!(dispatch.destination.text(), PHONE);
        house
            .answer(
                "a",
                dispatch.attempt,
                Verdict::Accepted,
                Some(&format!("c{}", dispatch.attempt.message.as_i64())),
            )
            .await;
    }
    let after = house.balance().await;
    assert_eq!((before.0 - after.0).abs(), 100_000, "each costs what a message costs");
    let query = app::MessageQuery { limit: 10, ..app::MessageQuery::default() };
    let page = house.core.messages(app::Scope::Account(account), query).await.unwrap();
    let by_keyword = page.items.iter().filter(|detail| detail.door == Door::Keyword).count();
    assert_eq!(by_keyword, 2);
    assert!(is_refused(&house).await);

    // Over a restart too, and again after a day.
    let house = house.restart().await;
    assert_eq!(house.core.keyword_replies(account).help.as_deref(), Some("Call us."));
    phone_writes(&house, "help").await;
    assert_eq!(texts(&house.sent("a")), [""; 0]);
    house.advance(DAY_MS).await;
    phone_writes(&house, "help").await;
    assert_eq!(texts(&house.sent("a")), ["Call us."], "who has opted out may ask who writes");
    answers(&house, KeywordReplyPatch { help: Some(None), ..KeywordReplyPatch::default() }).await;
    house.advance(DAY_MS).await;
    phone_writes(&house, "help").await;
    assert_eq!(texts(&house.sent("a")), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_paid_leaves_the_opt_out_as_it_is() {
    let house = House::new(route(&["a"])).await;
    house.send("hello").await;
    house.sent("a");
    answers(&house, KeywordReplyPatch { stop: reply("Bye."), ..KeywordReplyPatch::default() }).await;
    house.prices(vec![types::catalog::PrefixPrice { prefix: String::new(), price: "99.00".into() }]).await;
    phone_writes(&house, "STOP").await;
    assert_eq!(texts(&house.sent("a")), [""; 0]);
    assert!(is_refused(&house).await);
    for text in ["", "  ", "a\u{7}", &"x".repeat(460)] {
        let patch = KeywordReplyPatch { start: reply(text), ..KeywordReplyPatch::default() };
        let refused = house.core.change_keyword_replies(house.account().id, patch).await.unwrap_err();
        assert_eq!((refused.code, refused.field.as_deref()), (RefusalCode::InvalidRequest, Some("start")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_of_a_message_is_told_what_it_means() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let url = "https://example.com/hook";
    house.core.set_default_webhook(account, EndpointKind::Webhook, Some(url)).await.unwrap();
    house.send("hello").await;
    phone_writes(&house, "STOP").await;
    phone_writes(&house, "thanks").await;
    let calls = house.calls(2).await;
    let mut bodies: Vec<_> = calls.into_iter().map(|(_, body)| body).collect();
    bodies.sort();
    assert_eq!(bodies, ["inbound", "inbound stop"]);
}
