//! Connectors of type `http` against a scripted supplier.

use std::sync::Arc;

use ports::BoxFuture;
use ports::channel::{Channel, ChannelEvent, ChannelFactory, ChannelSink};
use ports::conformance::channel::{self, Behaviour, Patience, Peer, Recorder, Rig, Stage, WINDOW, dispatch};
use serde_json::{Value, json};
use tokio::time::timeout;
use types::id::ConnectorId;
use types::receipt::{ReceiptState, Verdict};

use crate::peers::supplier::{Supplier, answer};
use crate::peers::{LIMIT, connector, factory, open};

fn options(port: u16, extra: &Value) -> Value {
    let mut all = json!({
        "url": format!("http://127.0.0.1:{port}/send"),
        "body": r#"{"to":"{to}","text":"{text}"}"#,
        "id_json": "/messages/0/id",
        "window": WINDOW,
        "throttle_pause_ms": 1,
    });
    all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    all
}

struct HttpRig;

impl Rig for HttpRig {
    fn start(&self, sink: Arc<dyn ChannelSink>, patience: Patience) -> BoxFuture<'_, Stage> {
        Box::pin(async move {
            let supplier = Supplier::start().await;
            let timeout_ms = if patience == Patience::Long { 60_000 } else { 100 };
            let config = connector("http", options(supplier.port, &json!({"timeout_ms": timeout_ms})));
            Stage { channel: open(&config, sink), peer: supplier }
        })
    }

    fn keeps_links(&self) -> bool {
        false
    }
}

#[tokio::test]
async fn keeps_the_contract() {
    timeout(LIMIT, channel::run(&HttpRig)).await.unwrap();
}

#[tokio::test]
async fn requests_are_made_as_described() {
    let supplier = Supplier::start().await;
    supplier.always(answer("200 OK", "OK id=77 queued"));
    let recorder = Arc::new(Recorder::default());
    let config = json!({
        "url": format!("http://127.0.0.1:{}/send?to={{to_plus}}&ref={{id}}", supplier.port),
        "content_type": "application/x-www-form-urlencoded",
        "body": "from={from}&text={text}",
        "headers": {"x-key": "secret"},
        "username": "me", "password": "word",
        "id_prefix": "id=",
    });
    let channel = open(&connector("http", config), Arc::clone(&recorder) as Arc<dyn ChannelSink>);
    timeout(LIMIT, recorder.until(|r| r.open_credit() > 0)).await.unwrap();
    let message = dispatch(channel.as_ref(), 1, "a & b = ü");
    let id = message.public_id.to_string();
    channel.send(vec![message]).unwrap();
    timeout(LIMIT, recorder.until(|r| r.outcomes().len() == 1)).await.unwrap();
    let outcome = recorder.outcomes().remove(0).1;
    assert_eq!((outcome.verdict, outcome.carrier_id.as_deref()), (Verdict::Accepted, Some("77")));
    let (head, body) = supplier.requests().remove(0);
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with(&format!("post /send?to=%2b447911123456&ref={id} http/1.1")), "{head}");
    assert!(head.contains("x-key: secret") && head.contains("authorization: basic bwu6d29yza=="), "{head}");
    assert!(head.contains("content-type: application/x-www-form-urlencoded"), "{head}");
    assert_eq!(body, "from=Chappe&text=a%20%26%20b%20%3D%20%C3%BC");
    channel.drain(1_000).await;
}

#[tokio::test]
async fn receipts_come_by_calls_back() {
    let supplier = Supplier::start().await;
    let recorder = Arc::new(Recorder::default());
    let extra = json!({
        "callback_token": "0123456789abcdef",
        "callback": {"id": "messageId", "status": "status", "states": {"DONE": "delivered"}},
    });
    let factory = factory();
    let config = connector("http", options(supplier.port, &extra));
    assert!(factory.check(&config).unwrap().receipts);
    let channel: Arc<dyn Channel> =
        factory.open(ConnectorId(1), &config, Arc::clone(&recorder) as Arc<dyn ChannelSink>).unwrap();
    let desk = factory.callback_desk();
    let fields =
        |id: &str| [("messageId".to_owned(), id.to_owned()), ("status".to_owned(), "DONE".to_owned())];
    for (name, token, id, taken) in [
        ("acme", "0123456789abcdef", "m1", true),
        ("acme", "0123456789abcdeF", "m2", false),
        ("acme", "", "m2", false),
        ("other", "0123456789abcdef", "m2", false),
        ("acme", "0123456789abcdef", "", false),
    ] {
        assert_eq!(desk.receive(name, token, &fields(id)).await, taken, "{name} {token} {id}");
    }
    let receipts: Vec<_> = recorder
        .events()
        .into_iter()
        .filter_map(|event| match event {
            ChannelEvent::Receipt(receipt) => Some((receipt.carrier_id, receipt.state)),
            _ => None,
        })
        .collect();
    assert_eq!(receipts, [("m1".to_owned(), ReceiptState::Delivered)]);
    channel.drain(0).await;
    drop(channel);
    assert!(
        !desk.receive("acme", "0123456789abcdef", &fields("m3")).await,
        "a closed connector takes no calls"
    );
}

#[tokio::test]
async fn unknown_types_and_a_wrong_option_are_refused() {
    let factory = factory();
    assert_eq!(factory.kinds(), ["smpp", "http"]);
    assert!(factory.check(&connector("smtp", json!({}))).unwrap_err().contains("smpp, http"));
    let recorder = Arc::new(Recorder::default());
    let refused =
        factory.open(ConnectorId(1), &connector("http", json!({"url": "x"})), recorder).err().unwrap();
    assert!(refused.starts_with("url: "), "{refused}");
}

#[tokio::test]
async fn a_peer_that_holds_nothing_lets_a_drain_end_at_once() {
    let supplier = Supplier::start().await;
    supplier.vanish().await;
    let channel = open(&connector("http", options(supplier.port, &json!({}))), Arc::new(Recorder::default()));
    timeout(LIMIT, channel.drain(3_600_000)).await.unwrap();
}

#[tokio::test]
async fn a_supplier_that_answers_nothing_rests_and_is_tried_again_by_one_message() {
    let supplier = Supplier::start().await;
    supplier.behave(Behaviour::Cut);
    let recorder = Arc::new(Recorder::default());
    let config = connector("http", options(supplier.port, &json!({ "window": 20 })));
    let channel = open(&config, Arc::clone(&recorder) as Arc<dyn ChannelSink>);
    timeout(LIMIT, recorder.until(|r| r.open_credit() >= 20)).await.unwrap();
    let links_up = |r: &Recorder| {
        r.events().into_iter().rev().find_map(|event| match event {
            ChannelEvent::Status(status) => Some((status.links_up, status.last_error)),
            _ => None,
        })
    };
    let resting = |r: &Recorder| links_up(r) == Some((0, "no answer: connection lost".to_owned()));
    for number in 0..5 {
        channel.send(vec![dispatch(channel.as_ref(), number, "hello")]).unwrap();
        timeout(LIMIT, recorder.until(|r| r.outcomes().len() > usize::try_from(number).unwrap()))
            .await
            .unwrap();
    }
    timeout(LIMIT, recorder.until(resting)).await.unwrap();
    assert!(recorder.outcomes().iter().all(|(_, outcome, _)| outcome.verdict == Verdict::Unknown));
    // While it rests nothing is sent, and nothing is in doubt.
    let asked = supplier.requests().len();
    channel.send((10..15).map(|number| dispatch(channel.as_ref(), number, "hello")).collect()).unwrap();
    timeout(LIMIT, recorder.until(|r| r.outcomes().len() == 10)).await.unwrap();
    assert!(recorder.outcomes()[5..].iter().all(|(_, outcome, _)| outcome.verdict == Verdict::Transient));
    assert_eq!(supplier.requests().len(), asked);
    supplier.behave(Behaviour::Accept);
    channel.knock();
    timeout(LIMIT, recorder.until(|r| links_up(r).is_some_and(|(links_up, _)| links_up == 1))).await.unwrap();
    channel
        .send(vec![dispatch(channel.as_ref(), 20, "hello"), dispatch(channel.as_ref(), 21, "hello")])
        .unwrap();
    timeout(LIMIT, recorder.until(|r| r.outcomes().len() == 12)).await.unwrap();
    assert!(recorder.outcomes()[10..].iter().all(|(_, outcome, _)| outcome.verdict == Verdict::Accepted));
    channel.drain(1_000).await;
}

#[tokio::test]
async fn a_sender_that_would_lead_elsewhere_is_not_sent() {
    let supplier = Supplier::start().await;
    let recorder = Arc::new(Recorder::default());
    let url = format!("http://127.0.0.1:{}/v1/{{from}}/send", supplier.port);
    let config = json!({ "url": url, "body": "", "id_json": "/messages/0/id" });
    let channel = open(&connector("http", config), Arc::clone(&recorder) as Arc<dyn ChannelSink>);
    timeout(LIMIT, recorder.until(|r| r.open_credit() > 0)).await.unwrap();
    let mut climbing = dispatch(channel.as_ref(), 1, "hello");
    climbing.source = types::address::Address::from_text("..");
    channel.send(vec![climbing, dispatch(channel.as_ref(), 2, "hello")]).unwrap();
    timeout(LIMIT, recorder.until(|r| r.outcomes().len() == 2)).await.unwrap();
    let told: Vec<_> =
        recorder.outcomes().iter().map(|(of, outcome, _)| (of.message.as_i64(), outcome.verdict)).collect();
    assert!(told.contains(&(1, Verdict::Reroute)) && told.contains(&(2, Verdict::Accepted)), "{told:?}");
    assert_eq!(supplier.requests().len(), 1);
    assert!(supplier.requests()[0].0.starts_with("POST /v1/Chappe/send "));
    channel.drain(1_000).await;
}
