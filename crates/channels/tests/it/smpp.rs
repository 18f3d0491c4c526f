//! Connectors of type `smpp` against a scripted message centre.

use std::sync::Arc;
use std::time::Duration;

use ports::BoxFuture;
use ports::channel::{AttemptRef, Channel, ChannelEvent, ChannelSink, ConnectorStatus};
use ports::conformance::channel::{self, Behaviour, Patience, Peer, Recorder, Rig, Stage, WINDOW, dispatch};
use serde_json::{Value, json};
use smpp::{Address, CommandId, CommandStatus, MessageState, ShortMessage, TlvBuffer};
use tokio::time::timeout;
use types::id::{ConnectorId, RowKey};
use types::message::Class;
use types::receipt::{ReceiptState, Verdict};

use crate::peers::smsc::{Script, Smsc};
use crate::peers::{LIMIT, connector, open};

pub(crate) fn options(port: u16, extra: &Value) -> Value {
    let mut all = json!({
        "host": "127.0.0.1",
        "port": port,
        "system_id": "chappe",
        "password": "secret",
        "window": WINDOW,
        "reconnect_ms": 5,
        "throttle_pause_ms": 1,
    });
    all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    all
}

struct SmppRig;

impl Rig for SmppRig {
    fn start(&self, sink: Arc<dyn ChannelSink>, patience: Patience) -> BoxFuture<'_, Stage> {
        Box::pin(async move {
            let smsc = Smsc::start(Script::default()).await;
            let timeout_ms = if patience == Patience::Long { 60_000 } else { 100 };
            let config = connector("smpp", options(smsc.port, &json!({"response_timeout_ms": timeout_ms})));
            Stage { channel: open(&config, sink), peer: smsc }
        })
    }

    fn keeps_links(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn keeps_the_contract() {
    timeout(LIMIT, channel::run(&SmppRig)).await.unwrap();
}

/// A message centre, a channel with credit, and what it tells.
async fn stage(script: Script, extra: Value) -> (Arc<Smsc>, Arc<dyn Channel>, Arc<Recorder>) {
    let smsc = Smsc::start(script).await;
    let recorder = Arc::new(Recorder::default());
    let config = connector("smpp", options(smsc.port, &extra));
    let channel = open(&config, Arc::clone(&recorder) as Arc<dyn ChannelSink>);
    (smsc, channel, recorder)
}

pub(crate) async fn until(recorder: &Recorder, met: impl Fn(&Recorder) -> bool) {
    timeout(LIMIT, recorder.until(met)).await.expect("what is waited for never came");
}

pub(crate) fn statuses(recorder: &Recorder) -> Vec<ConnectorStatus> {
    let status = |event| match event {
        ChannelEvent::Status(status) => Some(status),
        _ => None,
    };
    recorder.events().into_iter().filter_map(status).collect()
}

#[tokio::test]
async fn a_blocked_link_tells_what_left_from_what_did_not() {
    let count = 800;
    let (smsc, channel, recorder) =
        stage(Script { deaf_after: 5, ..Script::default() }, json!({"window": count, "joining": "payload"}))
            .await;
    smsc.behave(Behaviour::Hold);
    until(&recorder, |r| r.open_credit() == count).await;
    let text = "x".repeat(20_000);
    channel.send((0..800).map(|number| dispatch(channel.as_ref(), number, &text)).collect()).unwrap();
    timeout(LIMIT, smsc.until(|seen| seen.submits.len() >= 5)).await.unwrap();
    smsc.hang_up();
    until(&recorder, |r| r.outcomes().len() == 800).await;
    let outcomes = recorder.outcomes();
    let unknown = outcomes.iter().filter(|(_, outcome, _)| outcome.verdict == Verdict::Unknown).count();
    let transient = outcomes.iter().filter(|(_, outcome, _)| outcome.verdict == Verdict::Transient).count();
    assert_eq!(unknown + transient, 800);
    assert!(unknown >= 5, "what was read had left");
    assert!(transient > 0, "sixteen megabytes do not fit the buffers of a socket");
    let mut attempts: Vec<_> = outcomes.iter().map(|(attempt, ..)| *attempt).collect();
    attempts.sort();
    attempts.dedup();
    assert_eq!(attempts.len(), 800, "one outcome each");
    channel.drain(0).await;
}

#[tokio::test]
async fn parts_stay_in_order_on_one_session() {
    let (smsc, channel, recorder) = stage(Script::default(), json!({"sessions": 3, "window": 2})).await;
    until(&recorder, |r| r.open_credit() == 6).await;
    channel
        .send(
            (0..6)
                .map(|number| dispatch(channel.as_ref(), number, &format!("{number}").repeat(700)))
                .collect(),
        )
        .unwrap();
    until(&recorder, |r| r.outcomes().len() == 30).await;
    assert!(
        recorder
            .outcomes()
            .iter()
            .all(|(_, outcome, parts)| outcome.verdict == Verdict::Accepted && *parts == 5)
    );
    let submits = smsc.submits();
    for number in b'0'..=b'5' {
        let of_message: Vec<_> = submits.iter().filter(|(_, text)| text.last() == Some(&number)).collect();
        assert!(of_message.iter().all(|(connection, _)| *connection == of_message[0].0), "one session");
        let parts: Vec<_> = of_message.iter().map(|(_, text)| text[5]).collect();
        assert_eq!(parts, [1, 2, 3, 4, 5], "in order");
    }
    let used: std::collections::BTreeSet<_> = submits.iter().map(|(connection, _)| *connection).collect();
    assert!(used.len() > 1, "the work is shared");
    channel.drain(1_000).await;
}

#[tokio::test]
async fn one_time_codes_go_first() {
    let (smsc, channel, recorder) = stage(Script::default(), json!({"window": 8})).await;
    until(&recorder, |r| r.open_credit() == 8).await;
    let classes = [Class::Bulk, Class::Bulk, Class::Transactional, Class::OneTime];
    let batch = (0..).zip(classes).map(|(number, class)| {
        let mut message = dispatch(channel.as_ref(), number, &number.to_string());
        message.class = class;
        message
    });
    channel.send(batch.collect()).unwrap();
    until(&recorder, |r| r.outcomes().len() == 4).await;
    let order: Vec<_> = smsc.submits().into_iter().map(|(_, text)| text).collect();
    assert_eq!(order, [b"3", b"2", b"0", b"1"]);
    channel.drain(1_000).await;
}

fn receipt_pdu(sequence: u32) -> Vec<u8> {
    let mut tlvs = TlvBuffer::new();
    tlvs.push_receipt(b"00000001", MessageState::Delivered).unwrap();
    let message = ShortMessage { esm_class: 4, tlvs: tlvs.as_tlvs(), ..ShortMessage::default() };
    let mut out = Vec::new();
    message.encode_deliver_sm(sequence, &mut out).unwrap();
    out
}

/// A core that takes its time: tells wait until it is let go.
struct SlowCore {
    recorder: Recorder,
    ready: tokio::sync::watch::Sender<bool>,
}

impl ChannelSink for SlowCore {
    fn tell(&self, connector: ConnectorId, events: Vec<ChannelEvent>) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if events.iter().any(|event| matches!(event, ChannelEvent::Receipt(_))) {
                self.ready.subscribe().wait_for(|ready| *ready).await.unwrap();
            }
            self.recorder.tell(connector, events).await;
        })
    }
}

#[tokio::test]
async fn receipts_are_answered_after_the_core_has_them() {
    // The receipt follows the answer to the bind at once, as from carriers with a backlog.
    let script = Script { greeting: receipt_pdu(77), ..Script::default() };
    let smsc = Smsc::start(script).await;
    let core =
        Arc::new(SlowCore { recorder: Recorder::default(), ready: tokio::sync::watch::Sender::new(false) });
    // The link stays alive by enquire_link while the core is busy.
    let config =
        connector("smpp", options(smsc.port, &json!({"enquire_link_ms": 20, "dead_peer_ms": 30_000})));
    let channel = open(&config, Arc::clone(&core) as Arc<dyn ChannelSink>);
    let probes = |seen: &crate::peers::smsc::Seen| {
        seen.commands.iter().filter(|id| **id == CommandId::ENQUIRE_LINK).count()
    };
    timeout(LIMIT, smsc.until(|seen| probes(seen) >= 2)).await.unwrap();
    smsc.until(|seen| !seen.commands.contains(&CommandId::DELIVER_SM_RESP)).await;
    core.ready.send_replace(true);
    timeout(LIMIT, smsc.until(|seen| seen.commands.contains(&CommandId::DELIVER_SM_RESP))).await.unwrap();
    let told = core.recorder.events().into_iter().any(|event| {
        matches!(event, ChannelEvent::Receipt(receipt) if receipt.carrier_id == "00000001" && receipt.state == ReceiptState::Delivered)
    });
    assert!(told);
    channel.drain(1_000).await;
}

#[tokio::test]
async fn a_carrier_is_not_called_silent_while_the_core_is_behind() {
    let smsc = Smsc::start(Script::default()).await;
    let core =
        Arc::new(SlowCore { recorder: Recorder::default(), ready: tokio::sync::watch::Sender::new(false) });
    let timing = json!({"enquire_link_ms": 50, "dead_peer_ms": 250, "reconnect_ms": 20});
    let config = connector("smpp", options(smsc.port, &timing));
    let channel = open(&config, Arc::clone(&core) as Arc<dyn ChannelSink>);
    until(&core.recorder, |r| r.open_credit() > 0).await;
    // More receipts than a link keeps for the core; it reads nothing more until they are taken.
    smsc.push((1..=10_000).flat_map(receipt_pdu).collect());
    let again = timeout(Duration::from_millis(750), smsc.until(|seen| seen.binds.len() > 1)).await;
    assert!(again.is_err(), "the link was given up");
    core.ready.send_replace(true);
    let taken = |seen: &crate::peers::smsc::Seen| {
        seen.commands.iter().filter(|id| **id == CommandId::DELIVER_SM_RESP).count() == 10_000
    };
    timeout(LIMIT, smsc.until(taken)).await.unwrap();
    channel.drain(1_000).await;
}

#[tokio::test]
async fn messages_from_phones_come_in_by_deliver_sm_and_data_sm() {
    let (smsc, channel, recorder) = stage(Script::default(), json!({})).await;
    until(&recorder, |r| r.open_credit() > 0).await;
    let phone = Address { ton: 1, npi: 1, digits: b"447911123456" };
    let mut octets = Vec::new();
    ShortMessage { source: phone, short_message: b"STOP", ..ShortMessage::default() }
        .encode_deliver_sm(5, &mut octets)
        .unwrap();
    let mut tlvs = TlvBuffer::new();
    tlvs.push(smpp::Tag::MESSAGE_PAYLOAD, b"HELP").unwrap();
    let data = smpp::DataSm { source: phone, tlvs: tlvs.as_tlvs(), ..smpp::DataSm::default() };
    smpp::Pdu::DataSm(data).encode(CommandStatus::ESME_ROK, 6, &mut octets).unwrap();
    // An id that nobody knows must be answered too, and cost nothing.
    let unknown = smpp::Pdu::Unknown(smpp::Unknown { command_id: CommandId(0x0999), body: b"?" });
    unknown.encode(CommandStatus::ESME_ROK, 7, &mut octets).unwrap();
    smsc.push(octets);
    let answers = [CommandId::DELIVER_SM_RESP, CommandId::DATA_SM_RESP, CommandId::GENERIC_NACK];
    timeout(LIMIT, smsc.until(|seen| answers.iter().all(|id| seen.commands.contains(id)))).await.unwrap();
    let payloads: Vec<_> = recorder
        .events()
        .into_iter()
        .filter_map(|event| match event {
            ChannelEvent::Inbound(notice) => {
                Some((notice.source.text().into_owned(), notice.content.payload))
            }
            _ => None,
        })
        .collect();
    let phone = "447911123456".to_owned();
    assert_eq!(payloads, [(phone.clone(), b"STOP".to_vec()), (phone, b"HELP".to_vec())]);
    channel.drain(1_000).await;
}

#[tokio::test]
async fn the_peer_may_be_ourselves() {
    for (name, expected) in [("chappe-test", Some("chappe")), ("chappe-other", None), ("", None)] {
        let (_smsc, channel, recorder) =
            stage(Script { system_id: name, ..Script::default() }, json!({})).await;
        until(&recorder, |r| statuses(r).iter().any(|status| status.links_up == 1)).await;
        let status = statuses(&recorder).pop().unwrap();
        assert_eq!(status.bound_to_self.as_deref(), expected, "{name}");
        channel.drain(1_000).await;
    }
}

#[tokio::test]
async fn refused_binds_stop_after_five_tries() {
    let script = Script { binds: vec![CommandStatus::ESME_RINVPASWD], ..Script::default() };
    let (smsc, channel, recorder) = stage(script, json!({"sessions": 8, "reconnect_ms": 1})).await;
    timeout(LIMIT, smsc.until(|seen| seen.binds.len() == 5)).await.unwrap();
    until(&recorder, |r| {
        statuses(r).last().is_some_and(|status| status.last_error.contains("ESME_RINVPASWD"))
    })
    .await;
    // A sixth try would come within milliseconds.
    let sixth = timeout(Duration::from_millis(200), smsc.until(|seen| seen.binds.len() > 5)).await;
    assert!(sixth.is_err(), "the carrier is not hammered, by no session");
    assert!(!format!("{:?}", recorder.events()).contains("secret"), "the password is told nowhere");
    channel.drain(1_000).await;
}

#[tokio::test]
async fn links_come_back_after_refusals_and_silence() {
    let busy = CommandStatus::ESME_RALYBND;
    let script = Script { binds: vec![busy, busy, CommandStatus::ESME_ROK], ..Script::default() };
    let (smsc, channel, recorder) = stage(script, json!({"bind": "transmitter+receiver"})).await;
    until(&recorder, |r| statuses(r).last().is_some_and(|status| status.links_up == 2)).await;
    let status = statuses(&recorder).pop().unwrap();
    assert_eq!((status.links, status.window), (2, WINDOW), "a receiver takes no messages");
    smsc.until(|seen| seen.commands.contains(&CommandId::BIND_RECEIVER)).await;
    channel.drain(1_000).await;
    smsc.until(|seen| seen.commands.iter().filter(|id| **id == CommandId::UNBIND).count() == 2).await;

    let script = Script { lively: false, ..Script::default() };
    let (smsc, channel, recorder) = stage(script, json!({"enquire_link_ms": 20, "dead_peer_ms": 60})).await;
    timeout(LIMIT, smsc.until(|seen| seen.binds.len() >= 2)).await.unwrap();
    until(&recorder, |r| statuses(r).iter().any(|status| status.last_error == "the peer is silent")).await;
    channel.drain(0).await;
}

#[tokio::test]
async fn a_peer_that_answers_no_submits_is_left() {
    let timing = json!({"response_timeout_ms": 20, "dead_peer_ms": 120, "enquire_link_ms": 30});
    let (smsc, channel, recorder) = stage(Script::default(), timing).await;
    smsc.behave(Behaviour::Hold);
    until(&recorder, |r| r.open_credit() > 0).await;
    channel.send(vec![dispatch(channel.as_ref(), 1, "hello")]).unwrap();
    until(&recorder, |r| statuses(r).iter().any(|status| status.last_error == "the peer answers no submits"))
        .await;
    let verdicts: Vec<_> = recorder.outcomes().iter().map(|(_, outcome, _)| outcome.verdict).collect();
    assert_eq!(verdicts, [Verdict::Unknown], "reported once");
    channel.drain(0).await;
}

#[tokio::test]
async fn throttling_slows_the_link_down_and_is_shown() {
    let (smsc, channel, recorder) = stage(Script::default(), json!({"rate": 100})).await;
    smsc.behave(Behaviour::Throttle);
    until(&recorder, |r| r.open_credit() > 0).await;
    channel.send(vec![dispatch(channel.as_ref(), 1, "hello")]).unwrap();
    until(&recorder, |r| statuses(r).last().is_some_and(|status| status.rate_per_second == 70)).await;
    channel.drain(1_000).await;
}

#[tokio::test]
async fn questions_and_expired_and_unsendable_messages_are_answered() {
    let (_smsc, channel, recorder) = stage(Script::default(), json!({"query_sm": true})).await;
    until(&recorder, |r| r.open_credit() > 0).await;
    let attempt = AttemptRef { message: RowKey::from_i64(9), attempt: 2 };
    channel.query(attempt, "00000001", &types::address::Address::from_text("ACME"));
    let asked = |event: &ChannelEvent| matches!(event, ChannelEvent::Receipt(told) if told.carrier_id == "00000001" && told.state == ReceiptState::Delivered);
    until(&recorder, |r| r.events().iter().any(asked)).await;
    let mut expired = dispatch(channel.as_ref(), 1, "too late");
    expired.expires_at = types::time::Timestamp::from_ms(1);
    let mut unsendable = dispatch(channel.as_ref(), 2, "x");
    unsendable.source = types::address::Address::from_text("A name that is far too long");
    let mut again = dispatch(channel.as_ref(), 3, &"y".repeat(400));
    again.only_parts = vec![2];
    channel.send(vec![expired, unsendable, again]).unwrap();
    until(&recorder, |r| r.outcomes().len() == 3).await;
    let mut told: Vec<_> = recorder
        .outcomes()
        .iter()
        .map(|(of, outcome, parts)| (of.message.as_i64(), outcome.verdict, outcome.part, *parts))
        .collect();
    told.sort();
    assert_eq!(
        told,
        [(1, Verdict::Transient, 1, 1), (2, Verdict::Reroute, 1, 1), (3, Verdict::Accepted, 2, 3)]
    );
    until(&recorder, |r| r.open_credit() >= u64::from(WINDOW)).await;
    channel.drain(1_000).await;
}

#[tokio::test]
async fn tls_is_verified() {
    let key = rcgen::generate_simple_self_signed(vec!["smsc.example".into()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, key.cert.pem()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![key.cert.der().clone()],
            rustls::pki_types::PrivateKeyDer::Pkcs8(key.signing_key.serialize_der().into()),
        )
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let smsc = Smsc::start_with(Script::default(), Some(acceptor)).await;
    let ca = ca.to_str().unwrap();
    for (tls, good) in [
        (json!({"ca": ca, "server_name": "smsc.example"}), true),
        (json!({"insecure": true}), true),
        (json!({"ca": ca}), false),
        (json!({"server_name": "smsc.example"}), false),
        (json!(true), false),
    ] {
        let recorder = Arc::new(Recorder::default());
        let config = connector("smpp", options(smsc.port, &json!({"tls": tls})));
        let channel = open(&config, Arc::clone(&recorder) as Arc<dyn ChannelSink>);
        if good {
            until(&recorder, |r| r.open_credit() > 0).await;
            channel.send(vec![dispatch(channel.as_ref(), 1, "hello")]).unwrap();
            until(&recorder, |r| r.outcomes().len() == 1).await;
            assert_eq!(recorder.outcomes()[0].1.verdict, Verdict::Accepted, "{tls}");
        } else {
            until(&recorder, |r| statuses(r).iter().any(|status| status.last_error.contains("TLS"))).await;
        }
        channel.drain(1_000).await;
    }
}
