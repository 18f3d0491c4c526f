//! What staff sees of sessions, closing one, and SMPP 5.0.

use ports::sessions::{SessionDesk as _, Shown, TRACE_IDLE_MS, TRACES_MAX, TraceError};
use smpp::{Bind, CommandId, CommandStatus, MessageResp, Pdu, ShortMessage, Tag};
use types::account::AccountLimits;
use types::message::State;
use types::refusal::RefusalCode;

use super::World;
use super::client::{Client, message};
use super::fake_desk::Mode;
use super::samples::receipt;

fn names(world: &World, number: u64, after: u64) -> Vec<(&'static str, bool)> {
    let page = world.sessions.trace(number, after, &Shown::Masked).unwrap();
    page.pdus.iter().map(|pdu| (pdu.name, pdu.is_inbound)).collect()
}

#[tokio::test]
async fn a_trace_begins_with_the_bind_and_shows_both_directions() {
    let world = World::start().await;
    let mut client = world.transceiver().await;
    client.submit(2).await;
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, 2).await;
    let bind = [("bind_transceiver", true), ("bind_transceiver_resp", false)];
    assert_eq!(names(&world, 1, 0), bind, "what came before the first look is not remembered");
    client.submit(3).await;
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, 3).await;
    assert!(world.desk.offer(receipt(1, State::Delivered)).is_ok());
    let told = client.receive().await.sequence();
    client.send(&Pdu::DeliverSmResp(MessageResp::default()), told).await;
    client.check_alive().await;
    let expected = [
        ("submit_sm", true),
        ("submit_sm_resp", false),
        ("deliver_sm", false),
        ("deliver_sm_resp", true),
        ("enquire_link", true),
        ("enquire_link_resp", false),
    ];
    assert_eq!(names(&world, 1, 2), expected);
    let page = world.sessions.trace(1, 2, &Shown::Masked).unwrap();
    assert_eq!((page.pdus[1].status, page.pdus[1].sequence, page.next), ("ESME_ROK", 3, 8));
    assert!(page.pdus.iter().all(|pdu| !pdu.fields.contains("447911123456")), "{page:?}");
    // Whoever looks sees the end.
    client.send(&Pdu::Unbind, 9).await;
    client.expect(CommandId::UNBIND_RESP, CommandStatus::ESME_ROK, 9).await;
    client.expect_end().await;
    world.desk.until(|inside| inside.sessions == 0).await;
    let page = world.sessions.trace(1, 8, &Shown::Masked).unwrap();
    assert!(page.is_over);
    assert_eq!(page.pdus.iter().map(|pdu| pdu.name).collect::<Vec<_>>(), ["unbind", "unbind_resp"]);
    assert!(!world.sessions.capture(1, &Shown::Masked).unwrap().is_empty());
    world.clock.advance(TRACE_IDLE_MS);
    assert_eq!(world.sessions.trace(1, 0, &Shown::Masked).unwrap_err(), TraceError::NoSession);
}

#[tokio::test]
async fn traces_are_few() {
    let world = World::start().await;
    world.desk.set_limits(AccountLimits { binds: 0, ..AccountLimits::default() });
    let mut clients = Vec::new();
    for _ in 0..=TRACES_MAX {
        clients.push(world.transceiver().await);
    }
    let most = u64::try_from(TRACES_MAX).unwrap();
    for number in 1..=most {
        world.sessions.trace(number, 0, &Shown::Masked).unwrap();
    }
    assert_eq!(world.sessions.trace(most + 1, 0, &Shown::Masked).unwrap_err(), TraceError::TooMany);
    world.sessions.trace(1, 0, &Shown::Masked).unwrap();
    world.clock.advance(TRACE_IDLE_MS);
    world.sessions.trace(most + 1, 0, &Shown::Masked).unwrap();
}

#[tokio::test]
async fn staff_closes_a_session_with_all_courtesy() {
    let world = World::start().await;
    world.desk.set_mode(Mode::Hold);
    let mut client = world.transceiver().await;
    client.submit(1).await;
    world.desk.until(|inside| inside.held.len() == 1).await;
    assert!(!world.sessions.close(7));
    assert!(world.sessions.close(1));
    world.desk.until(|inside| inside.sinks.is_empty()).await;
    world.desk.release(0);
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, 1).await;
    let unbind = client.receive().await;
    assert_eq!(unbind.id(), CommandId::UNBIND);
    client.send(&Pdu::UnbindResp, unbind.sequence()).await;
    client.expect_end().await;
    // It may come back at once.
    world.transceiver().await;
}

async fn bound_by_5_0(world: &World) -> Client {
    let mut client = world.connect().await;
    let bind = Bind { system_id: b"acme", password: b"secret", interface_version: 0x50, ..Bind::default() };
    client.send(&Pdu::BindTransceiver(bind), 1).await;
    let answer = client.expect(CommandId::BIND_TRANSCEIVER_RESP, CommandStatus::ESME_ROK, 1).await;
    let Pdu::BindTransceiverResp(resp) = answer.pdu() else { panic!("no response: {answer:?}") };
    assert_eq!(resp.tlvs.sc_interface_version(), Some(0x50));
    assert_eq!(world.sessions.list()[0].version, "5.0");
    client
}

#[tokio::test]
async fn a_peer_of_5_0_hears_of_congestion() {
    let world = World::start().await;
    world.desk.set_limits(AccountLimits { window: 4, ..AccountLimits::default() });
    world.desk.set_mode(Mode::Hold);
    let mut client = bound_by_5_0(&world).await;
    for sequence in 2..=6 {
        client.submit(sequence).await;
    }
    let throttled = client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RTHROTTLED, 6).await;
    let congestion = |received: &super::client::Received| match received.pdu() {
        Pdu::SubmitSmResp(resp) => resp.tlvs.integer(Tag::CONGESTION_STATE),
        other => panic!("{other:?}"),
    };
    assert_eq!(congestion(&throttled), Some(100));
    for (sequence, expected) in [(2, 75), (3, 50), (4, 25), (5, 0)] {
        world.desk.release(0);
        let answer = client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, sequence).await;
        assert_eq!(congestion(&answer), Some(expected));
        assert!(!answer.message_id().is_empty());
    }
    world.desk.set_mode(Mode::Refuse(RefusalCode::RateLimited));
    client.submit(7).await;
    let answer = client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RTHROTTLED, 7).await;
    assert_eq!((congestion(&answer), world.sessions.list()[0].throttled), (Some(100), 2));
    // Other errors say nothing of it, nor is there a broadcast service.
    world.desk.set_mode(Mode::Refuse(RefusalCode::NoRoute));
    client.submit(8).await;
    let answer = client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RSUBMITFAIL, 8).await;
    assert!(answer.body.is_empty());
    client.send_body(CommandId::BROADCAST_SM, 9, b"").await;
    client.expect(CommandId::GENERIC_NACK, CommandStatus::ESME_RINVCMDID, 9).await;
}

#[tokio::test]
async fn receipts_of_successes_alone_are_for_5_0() {
    let world = World::start().await;
    world.desk.set_mode(Mode::Hold);
    let asks = Pdu::SubmitSm(ShortMessage { registered_delivery: 3, ..message() });
    let mut old = world.transceiver().await;
    old.send(&asks, 2).await;
    old.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RINVREGDLVFLG, 2).await;
    drop(old);
    world.desk.until(|inside| inside.sessions == 0).await;
    let mut client = bound_by_5_0(&world).await;
    client.send(&asks, 2).await;
    world.desk.until(|inside| inside.held.len() == 1).await;
    let wish = world.desk.inside().held[0].0.drafts[0].report;
    assert!(wish.successes_only && !wish.failures_only && wish.endpoint.is_some());
}
