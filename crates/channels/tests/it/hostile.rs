//! Connectors of type `smpp` against carriers that misbehave, driven by hand PDU by PDU, and over links that are
//! spoilt.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ports::channel::{AttemptRef, Channel, ChannelEvent, ChannelSink};
use ports::conformance::channel::{Recorder, WINDOW, dispatch};
use serde_json::{Value, json};
use smpp::{
    Address, CommandId, CommandStatus, MessageResp, MessageState, Pdu, QuerySmResp, ShortMessage, TlvBuffer,
};
use testkit::fault::Proxy;
use testkit::wire::{Received, Wire, encoded};
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::timeout;
use types::id::RowKey;
use types::receipt::{ReceiptState, Verdict};

use crate::peers::smsc::{Script, Smsc};
use crate::peers::{connector, open};
use crate::smpp::{options, statuses, until};

const OK: CommandStatus = CommandStatus::ESME_ROK;

/// A listening carrier and a channel that connects to it.
struct Stage {
    listener: TcpListener,
    channel: Arc<dyn Channel>,
    recorder: Arc<Recorder>,
}

impl Stage {
    async fn new(extra: Value) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // Small, so that what is not read is soon felt by who writes.
        socket.set_recv_buffer_size(16_384).unwrap();
        socket.set_send_buffer_size(16_384).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(16).unwrap();
        let recorder = Arc::new(Recorder::default());
        let config = connector("smpp", options(listener.local_addr().unwrap().port(), &extra));
        let channel = open(&config, Arc::clone(&recorder) as Arc<dyn ChannelSink>);
        Self { listener, channel, recorder }
    }

    /// A stage whose channel is bound.
    async fn bound(extra: Value) -> (Self, Wire) {
        let stage = Self::new(extra).await;
        let wire = stage.accept().await;
        (stage, wire)
    }

    /// Takes the next link, answers its bind and waits for the credit that comes with it.
    async fn accept(&self) -> Wire {
        let mut wire = Wire::accept(&self.listener).await;
        wire.answer_bind("smsc", OK).await;
        until(&self.recorder, |r| r.open_credit() >= u64::from(WINDOW) && is_up(r)).await;
        wire
    }

    async fn submit(&self, wire: &mut Wire, number: i64) -> Received {
        self.recorder.count_sent(1);
        self.channel.send(vec![dispatch(self.channel.as_ref(), number, "hello")]).unwrap();
        wire.expect(CommandId::SUBMIT_SM).await
    }

    fn verdicts(&self) -> Vec<Verdict> {
        self.recorder.outcomes().iter().map(|(_, outcome, _)| outcome.verdict).collect()
    }

    async fn ends(&self, reason: &str) {
        until(&self.recorder, |r| statuses(r).iter().any(|status| status.last_error == reason)).await;
    }
}

fn is_up(recorder: &Recorder) -> bool {
    statuses(recorder).last().is_some_and(|status| status.links_up > 0)
}

/// What was told of messages that were asked about: a state as a receipt, `None` for "no such message".
fn query_answers(recorder: &Recorder) -> Vec<Option<ReceiptState>> {
    let answer = |event| match event {
        ChannelEvent::QueryAnswer { state, .. } => Some(state),
        ChannelEvent::Receipt(receipt) => Some(Some(receipt.state)),
        _ => None,
    };
    recorder.events().into_iter().filter_map(answer).collect()
}

#[tokio::test]
async fn credit_stands_while_the_link_is_down_and_is_never_doubled() {
    let (stage, wire) = Stage::bound(json!({})).await;
    drop(wire);
    until(&stage.recorder, |r| {
        statuses(r).last().is_some_and(|status| status.links_up == 0 && status.window == 0)
    })
    .await;
    let mut wire = stage.accept().await;
    let submit = stage.submit(&mut wire, 1).await;
    wire.accept_submit(&submit, "a").await;
    until(&stage.recorder, |r| r.open_credit() == u64::from(WINDOW) && r.outcomes().len() == 1).await;
    drop(wire);
    stage.channel.drain(0).await;
}

#[tokio::test]
async fn a_connector_that_can_only_receive_counts_as_down() {
    let stage = Stage::new(json!({ "bind": "transmitter+receiver", "reconnect_ms": 60_000 })).await;
    let mut transmitter = Wire::accept(&stage.listener).await;
    assert_eq!(transmitter.answer_bind("smsc", OK).await.header.command_id, CommandId::BIND_TRANSMITTER);
    let mut receiver = Wire::accept(&stage.listener).await;
    receiver.answer_bind("smsc", OK).await;
    until(&stage.recorder, |r| statuses(r).last().is_some_and(|status| status.links_up == 2)).await;
    drop(transmitter);
    until(&stage.recorder, |r| statuses(r).last().is_some_and(|status| status.links_up == 0)).await;
    receiver.expect_silence().await;
    drop(receiver);
    stage.channel.drain(0).await;
}

#[tokio::test]
async fn answers_that_fit_no_request_change_nothing() {
    let (stage, mut wire) = Stage::bound(json!({})).await;
    let submit = stage.submit(&mut wire, 1).await;
    let sequence = submit.header.sequence_number;
    let delivered = QuerySmResp { message_id: b"a", message_state: 2, ..QuerySmResp::default() };
    wire.send_as(&Pdu::QuerySmResp(delivered), OK, sequence).await;
    wire.send_as(&Pdu::DataSmResp(MessageResp { message_id: b"x", ..MessageResp::default() }), OK, sequence)
        .await;
    wire.send_as(&Pdu::EnquireLinkResp, OK, sequence).await;
    wire.send_as(&Pdu::UnbindResp, OK, sequence).await;
    for wrong in [0, sequence + 1, u32::MAX] {
        let resp = MessageResp { message_id: b"wrong", ..MessageResp::default() };
        wire.send_as(&Pdu::SubmitSmResp(resp), OK, wrong).await;
        wire.send_as(&Pdu::GenericNack, CommandStatus::ESME_RINVCMDID, wrong).await;
    }
    wire.accept_submit(&submit, "first").await;
    wire.accept_submit(&submit, "second").await;
    wire.send_as(&Pdu::GenericNack, CommandStatus::ESME_RINVCMDID, sequence).await;
    until(&stage.recorder, |r| statuses(r).last().is_some_and(|status| status.odd_answers >= 8)).await;
    let second = stage.submit(&mut wire, 2).await;
    wire.accept_submit(&second, "third").await;
    until(&stage.recorder, |r| r.outcomes().len() == 2).await;
    let ids: Vec<_> =
        stage.recorder.outcomes().into_iter().map(|(_, outcome, _)| outcome.carrier_id).collect();
    assert_eq!(ids, [Some("first".to_owned()), Some("third".to_owned())]);
    assert!(query_answers(&stage.recorder).is_empty());
    drop(wire);
    stage.channel.drain(0).await;
}

#[tokio::test]
async fn a_question_is_answered_only_by_its_own_answer() {
    let attempt = AttemptRef { message: RowKey::from_i64(9), attempt: 2 };
    let source = types::address::Address::from_text("ACME");
    let state = |message_state| QuerySmResp { message_id: b"a", message_state, ..QuerySmResp::default() };
    let nobody = QuerySmResp::default();
    let id = MessageResp { message_id: b"a", ..MessageResp::default() };
    let cases = [
        ("delivered", encoded(&Pdu::QuerySmResp(state(2)), OK, 2), Some(Some(ReceiptState::Delivered))),
        ("on its way", encoded(&Pdu::QuerySmResp(state(1)), OK, 2), Some(Some(ReceiptState::Enroute))),
        ("not known", encoded(&Pdu::QuerySmResp(nobody), CommandStatus::ESME_RINVMSGID, 2), Some(None)),
        ("a state that does not exist", encoded(&Pdu::QuerySmResp(state(77)), OK, 2), None),
        ("failed", encoded(&Pdu::QuerySmResp(nobody), CommandStatus::ESME_RQUERYFAIL, 2), None),
        ("too fast", encoded(&Pdu::QuerySmResp(nobody), CommandStatus::ESME_RTHROTTLED, 2), None),
        ("not understood", encoded(&Pdu::GenericNack, CommandStatus::ESME_RINVCMDID, 2), None),
        ("cut short", vec![0, 0, 0, 17, 0x80, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2, b'a'], None),
        ("another answer", encoded(&Pdu::SubmitSmResp(id), OK, 2), None),
    ];
    for (name, answer, expected) in cases {
        let (stage, mut wire) = Stage::bound(json!({ "query_sm": true })).await;
        stage.channel.query(attempt, "00ab", &source);
        let asked = wire.expect(CommandId::QUERY_SM).await;
        assert_eq!(asked.header.sequence_number, 2);
        assert!(matches!(asked.pdu(), Pdu::QuerySm(query) if query.message_id == b"00ab"));
        wire.send_octets(&answer).await;
        let submit = stage.submit(&mut wire, 1).await;
        wire.accept_submit(&submit, "b").await;
        until(&stage.recorder, |r| r.outcomes().len() == 1).await;
        assert_eq!(query_answers(&stage.recorder), Vec::from_iter(expected), "{name}");
        drop(wire);
        stage.channel.drain(0).await;
    }
}

#[tokio::test]
async fn a_peer_that_asks_for_ever_and_never_reads_is_not_served_for_ever() {
    let (stage, mut wire) =
        Stage::bound(json!({ "enquire_link_ms": 600_000, "dead_peer_ms": 1_800_000 })).await;
    let probes = encoded(&Pdu::EnquireLink, OK, 7).repeat(4_096);
    let limit = 24 * 1024 * 1024;
    let mut sent = 0;
    while sent < limit {
        match timeout(Duration::from_secs(2), wire.send_octets(&probes)).await {
            Ok(()) => sent += probes.len(),
            Err(_) => break,
        }
    }
    assert!(sent < limit, "it read on although nobody took its answers");
    drop(wire);
    stage.channel.drain(0).await;
}

#[tokio::test]
async fn what_is_not_smpp_is_nacked_and_named_as_the_reason() {
    let (stage, mut wire) = Stage::bound(json!({ "reconnect_ms": 60_000 })).await;
    wire.send_octets(&[0, 0, 0, 3]).await;
    let nack = wire.expect(CommandId::GENERIC_NACK).await;
    assert_eq!(nack.status(), CommandStatus::ESME_RINVCMDLEN);
    assert!(wire.next().await.is_none());
    stage.ends("the peer sent what is not SMPP").await;
    stage.channel.drain(0).await;
}

#[tokio::test]
async fn octets_that_never_become_a_pdu_are_no_sign_of_life() {
    let (stage, mut wire) = Stage::bound(json!({ "enquire_link_ms": 30, "dead_peer_ms": 90 })).await;
    // A slow peer: one octet every few milliseconds of a PDU that never ends.
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    wire.send_octets(&[0, 0, 0xFF, 0xFF]).await;
    let drip = async {
        loop {
            ticks.tick().await;
            if tokio::io::AsyncWriteExt::write_all(wire.stream(), &[0]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = stage.ends("the peer is silent") => {}
        () = drip => stage.ends("the peer is silent").await,
    }
    drop(wire);
    stage.channel.drain(0).await;
}

#[tokio::test]
async fn a_peer_that_unbinds_gets_nothing_more_and_its_last_answers_count() {
    let (stage, mut wire) = Stage::bound(json!({ "reconnect_ms": 60_000 })).await;
    let submit = stage.submit(&mut wire, 1).await;
    let unbind = wire.send(&Pdu::Unbind).await;
    wire.accept_submit(&submit, "a").await;
    let answer = wire.expect(CommandId::UNBIND_RESP).await;
    assert_eq!(answer.header.sequence_number, unbind);
    assert!(wire.next().await.is_none(), "the link is closed");
    until(&stage.recorder, |r| r.outcomes().len() == 1).await;
    assert_eq!(stage.verdicts(), [Verdict::Accepted]);
    drop(wire);
    stage.channel.drain(0).await;
}

#[tokio::test]
async fn messages_that_wait_are_not_written_to_a_peer_that_unbinds() {
    let (stage, mut wire) = Stage::bound(json!({ "rate": 1, "reconnect_ms": 60_000 })).await;
    // The pace lets one through and holds the others back.
    stage
        .channel
        .send((1..=3).map(|number| dispatch(stage.channel.as_ref(), number, "hello")).collect())
        .unwrap();
    let submit = wire.expect(CommandId::SUBMIT_SM).await;
    wire.send(&Pdu::Unbind).await;
    wire.accept_submit(&submit, "a").await;
    wire.expect(CommandId::UNBIND_RESP).await;
    assert!(wire.next().await.is_none());
    until(&stage.recorder, |r| r.outcomes().len() == 3).await;
    assert_eq!(stage.verdicts(), [Verdict::Accepted, Verdict::Transient, Verdict::Transient]);
    drop(wire);
    stage.channel.drain(0).await;
}

#[tokio::test]
async fn a_refusal_while_another_session_is_up_closes_no_door() {
    for status in [CommandStatus::ESME_RBINDFAIL, CommandStatus::ESME_RINVPASWD] {
        let stage = Stage::new(json!({ "sessions": 2, "reconnect_ms": 1 })).await;
        let mut first = Wire::accept(&stage.listener).await;
        first.answer_bind("smsc", OK).await;
        // Carriers say so of one session too many.
        for _ in 0..6 {
            Wire::accept(&stage.listener).await.answer_bind("smsc", status).await;
        }
        let mut second = Wire::accept(&stage.listener).await;
        second.answer_bind("smsc", OK).await;
        until(&stage.recorder, |r| statuses(r).last().is_some_and(|status| status.links_up == 2)).await;
        drop((first, second));
        stage.channel.drain(0).await;
    }
}

#[tokio::test]
async fn refused_credentials_are_tried_again_only_when_asked_to() {
    let stage = Stage::new(json!({ "reconnect_ms": 1 })).await;
    for _ in 0..5 {
        Wire::accept(&stage.listener).await.answer_bind("smsc", CommandStatus::ESME_RINVPASWD).await;
    }
    let stopped =
        |r: &Recorder| statuses(r).last().is_some_and(|status| status.last_error.contains("not tried again"));
    until(&stage.recorder, stopped).await;
    assert!(timeout(Duration::from_millis(100), stage.listener.accept()).await.is_err());
    stage.channel.knock();
    stage.accept().await;
    stage.channel.drain(0).await;
}

#[tokio::test]
async fn what_a_receipt_says_is_kept_up_to_a_length() {
    let (stage, mut wire) = Stage::bound(json!({})).await;
    let mut tlvs = TlvBuffer::new();
    tlvs.push_c_string(smpp::Tag::RECEIPTED_MESSAGE_ID, &[b'7'; 9_000]).unwrap();
    tlvs.push_u8(smpp::Tag::MESSAGE_STATE, MessageState::Undeliverable.code());
    let text = format!(
        "stat:{} err:{} submit date:{} done date:{}",
        "S".repeat(900),
        "1".repeat(900),
        "2".repeat(900),
        "3".repeat(900)
    );
    tlvs.push(smpp::Tag::MESSAGE_PAYLOAD, text.as_bytes()).unwrap();
    let source = Address { ton: 1, npi: 1, digits: b"447911123456" };
    let message = ShortMessage { source, esm_class: 4, tlvs: tlvs.as_tlvs(), ..ShortMessage::default() };
    wire.send(&Pdu::DeliverSm(message)).await;
    wire.expect(CommandId::DELIVER_SM_RESP).await;
    let receipt = stage.recorder.events().into_iter().find_map(|event| match event {
        ChannelEvent::Receipt(receipt) => Some(receipt),
        _ => None,
    });
    let receipt = receipt.unwrap();
    assert_eq!(receipt.state, ReceiptState::Undelivered);
    for kept in [&receipt.carrier_id, &receipt.stat, &receipt.error, &receipt.submit_date, &receipt.done_date]
    {
        assert!(kept.len() <= 128, "{} octets", kept.len());
    }
    drop(wire);
    stage.channel.drain(0).await;
}

#[tokio::test]
async fn parts_that_cannot_all_leave_in_time_are_not_begun() {
    let (stage, mut wire) = Stage::bound(json!({ "rate": 1 })).await;
    let mut long = dispatch(stage.channel.as_ref(), 1, &"x".repeat(700));
    long.expires_at = types::time::Timestamp::from_ms(1_800_000_000_000 + 3_000);
    let short = dispatch(stage.channel.as_ref(), 2, "hello");
    stage.channel.send(vec![long, short]).unwrap();
    let submit = wire.expect(CommandId::SUBMIT_SM).await;
    assert_eq!(submit.message().short_message, b"hello");
    wire.accept_submit(&submit, "a").await;
    until(&stage.recorder, |r| r.outcomes().len() == 6).await;
    let told: Vec<_> = stage
        .recorder
        .outcomes()
        .iter()
        .map(|(of, outcome, _)| (of.message.as_i64(), outcome.verdict))
        .collect();
    assert_eq!(told.iter().filter(|told| **told == (1, Verdict::Transient)).count(), 5);
    assert!(told.contains(&(2, Verdict::Accepted)));
    drop(wire);
    stage.channel.drain(0).await;
}

/// A message centre behind a proxy.
async fn behind(plan: &str, extra: &Value) -> (Arc<Smsc>, Proxy, Arc<dyn Channel>, Arc<Recorder>) {
    let smsc = Smsc::start(Script::default()).await;
    let target = format!("127.0.0.1:{}", smsc.port).parse().unwrap();
    let listen = "127.0.0.1:0".parse().unwrap();
    let proxy = Proxy::start(listen, target, plan.parse().unwrap(), 7).await.unwrap();
    let recorder = Arc::new(Recorder::default());
    let config = connector("smpp", options(proxy.address().port(), extra));
    let channel = open(&config, Arc::clone(&recorder) as Arc<dyn ChannelSink>);
    (smsc, proxy, channel, recorder)
}

#[tokio::test]
async fn one_octet_at_a_time_is_slow_and_nothing_else() {
    let (_smsc, _proxy, channel, recorder) = behind("slice=1", &json!({})).await;
    until(&recorder, |r| r.open_credit() > 0 && is_up(r)).await;
    channel.send((0..4).map(|number| dispatch(channel.as_ref(), number, "hello")).collect()).unwrap();
    until(&recorder, |r| r.outcomes().len() == 4).await;
    assert!(recorder.outcomes().iter().all(|(_, outcome, _)| outcome.verdict == Verdict::Accepted));
    channel.drain(1_000).await;
}

#[tokio::test]
async fn a_link_that_is_cut_after_any_octet_tells_one_outcome_and_comes_back() {
    for (direction, from, octets) in [("up", "submit_sm", 60), ("down", "submit_sm_resp", 25)] {
        for count in (0..=octets).step_by(3) {
            let plan = format!("1:{direction}.cut={count},{direction}.from={from}");
            let (smsc, _proxy, channel, recorder) = behind(&plan, &json!({})).await;
            until(&recorder, |r| r.open_credit() > 0 && is_up(r)).await;
            channel.send(vec![dispatch(channel.as_ref(), 1, "hello")]).unwrap();
            until(&recorder, |r| r.outcomes().len() == 1).await;
            let verdict = recorder.outcomes()[0].1.verdict;
            let taken = smsc.submits().len();
            let whole = verdict == Verdict::Accepted;
            assert!(whole || verdict == Verdict::Unknown, "{plan}: {verdict:?}");
            assert!(!whole || taken == 1, "{plan}");
            // The next link carries the next message.
            until(&recorder, |r| {
                statuses(r).iter().filter(|status| status.links_up == 1).count() == 2 || whole
            })
            .await;
            until(&recorder, |r| r.open_credit() > 0 && is_up(r)).await;
            channel.send(vec![dispatch(channel.as_ref(), 2, "again")]).unwrap();
            until(&recorder, |r| r.outcomes().len() == 2).await;
            let attempts: BTreeSet<_> = recorder.outcomes().iter().map(|(attempt, ..)| *attempt).collect();
            assert_eq!(attempts.len(), 2, "{plan}: one outcome each");
            channel.drain(0).await;
        }
    }
}

#[tokio::test]
async fn a_link_that_swallows_everything_is_found_out() {
    for plan in ["1:up.hole=200", "1:down.hole=60", "1:up.freeze=200", "1:deaf"] {
        let timing = json!({ "enquire_link_ms": 20, "dead_peer_ms": 60, "response_timeout_ms": 100 });
        let (_smsc, proxy, channel, recorder) = behind(plan, &timing).await;
        until(&recorder, |r| statuses(r).iter().any(|status| !status.last_error.is_empty())).await;
        until(&recorder, |r| statuses(r).last().is_some_and(|status| status.links_up == 1)).await;
        assert!(proxy.counts().connections() >= 2, "{plan}");
        channel.drain(0).await;
    }
}
