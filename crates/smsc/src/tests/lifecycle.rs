//! Timers, shutdown, many idle sessions and peers that do not read.

use app::report::Told;
use smpp::{CommandId, CommandStatus, MessageResp, Pdu, write_deliver_sm_resp, write_header_only};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use types::account::AccountLimits;
use types::message::State;

use super::World;
use super::client::Client;
use super::fake_desk::Mode;
use super::samples::receipt;
use crate::limits::OUTPUT_SOFT_OCTETS;

#[tokio::test]
async fn a_silent_peer_is_probed_and_then_cut() {
    let world = World::start().await;
    let mut client = world.transceiver().await;
    for _ in 0..3 {
        world.clock.advance(30_000);
        let probe = client.receive().await;
        assert_eq!(probe.id(), CommandId::ENQUIRE_LINK);
    }
    world.clock.advance(30_000);
    client.expect_end().await;
    world.desk.until(|inside| inside.sessions == 0).await;
}

#[tokio::test]
async fn a_peer_that_answers_stays() {
    let world = World::start().await;
    let mut client = world.transceiver().await;
    for _ in 0..10 {
        world.clock.advance(30_000);
        let probe = client.receive().await;
        assert_eq!(probe.id(), CommandId::ENQUIRE_LINK);
        client.send(&Pdu::EnquireLinkResp, probe.sequence()).await;
        client.check_alive().await;
    }
}

#[tokio::test]
async fn shutdown_answers_what_is_in_hand_and_unbinds() {
    let mut world = World::start().await;
    world.desk.set_mode(Mode::Hold);
    let mut client = world.transceiver().await;
    let mut open = world.connect().await;
    client.submit(1).await;
    world.desk.until(|inside| inside.held.len() == 1).await;
    world.shutdown.send_replace(true);
    open.expect_end().await;
    drop(open);
    // Nothing new is taken; what is in hand is answered first.
    world.desk.until(|inside| inside.sinks.is_empty()).await;
    client.submit(2).await;
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RMSGQFUL, 2).await;
    assert!(TcpStream::connect(world.address).await.is_err(), "nobody is let in");
    world.desk.release(0);
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, 1).await;
    let unbind = client.receive().await;
    assert_eq!(unbind.id(), CommandId::UNBIND);
    client.submit(3).await;
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RINVBNDSTS, 3).await;
    client.send(&Pdu::UnbindResp, unbind.sequence()).await;
    client.expect_end().await;
    drop(client);
    (&mut world.server).await.unwrap();
    assert_eq!(world.desk.inside().sessions, 0);
}

#[tokio::test]
async fn shutdown_hears_the_answers_to_reports() {
    let world = World::start().await;
    let mut client = world.transceiver().await;
    assert!(world.desk.offer(receipt(1, State::Delivered)).is_ok());
    let delivered = client.receive().await.sequence();
    world.shutdown.send_replace(true);
    let mut octets = Vec::new();
    write_deliver_sm_resp(CommandStatus::ESME_ROK, delivered, &mut octets);
    client.send_raw(&octets).await;
    assert_eq!(client.receive().await.id(), CommandId::UNBIND);
    assert_eq!(world.desk.inside().results.len(), 1);
}

#[tokio::test]
async fn shutdown_does_not_wait_for_ever() {
    let mut world = World::start().await;
    let mut client = world.transceiver().await;
    world.shutdown.send_replace(true);
    assert_eq!(client.receive().await.id(), CommandId::UNBIND);
    world.clock.until_sleeping_for(5_000).await;
    world.clock.advance(5_000);
    client.expect_end().await;
    world.clock.until_sleeping_for(1_000).await;
    world.clock.advance(1_000);
    (&mut world.server).await.unwrap();
}

#[tokio::test]
async fn unbind_is_answered_behind_what_is_in_hand() {
    let world = World::start().await;
    world.desk.set_mode(Mode::Hold);
    let mut client = world.transceiver().await;
    client.submit(1).await;
    client.send(&Pdu::Unbind, 2).await;
    world.desk.until(|inside| inside.held.len() == 1 && inside.sinks.is_empty()).await;
    world.desk.release(0);
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, 1).await;
    client.expect(CommandId::UNBIND_RESP, CommandStatus::ESME_ROK, 2).await;
    client.expect_end().await;
}

#[tokio::test]
async fn a_peer_that_unbinds_may_still_answer_reports() {
    let world = World::start().await;
    let mut client = world.transceiver().await;
    for number in 1..=2 {
        assert!(world.desk.offer(receipt(number, State::Delivered)).is_ok());
    }
    let (first, second) = (client.receive().await.sequence(), client.receive().await.sequence());
    // The reports and its unbind have crossed on the way.
    client.send(&Pdu::Unbind, 7).await;
    for sequence in [first, second] {
        client.send(&Pdu::DeliverSmResp(MessageResp::default()), sequence).await;
    }
    client.expect(CommandId::UNBIND_RESP, CommandStatus::ESME_ROK, 7).await;
    client.expect_end().await;
    let told: Vec<_> = world.desk.inside().results.iter().map(|result| result.told).collect();
    assert_eq!(told, [Told::Done, Told::Done]);
}

#[tokio::test]
async fn a_peer_that_unbinds_is_not_kept_waiting_for_reports() {
    for closes in [false, true] {
        let world = World::start().await;
        let mut client = world.transceiver().await;
        assert!(world.desk.offer(receipt(1, State::Delivered)).is_ok());
        client.receive().await;
        client.send(&Pdu::Unbind, 7).await;
        if closes {
            client.wire.shutdown().await.unwrap();
        } else {
            world.clock.until_sleeping_for(1_000).await;
            world.clock.advance(1_000);
        }
        client.expect(CommandId::UNBIND_RESP, CommandStatus::ESME_ROK, 7).await;
        client.expect_end().await;
        let told: Vec<_> = world.desk.inside().results.iter().map(|result| result.told).collect();
        assert_eq!(told, [Told::Later]);
    }
}

#[tokio::test]
async fn a_peer_that_has_stopped_writing_still_gets_its_answers() {
    let world = World::start().await;
    world.desk.set_mode(Mode::Hold);
    let mut client = world.transceiver().await;
    client.submit(1).await;
    client.wire.shutdown().await.unwrap();
    world.desk.until(|inside| inside.held.len() == 1 && inside.sinks.is_empty()).await;
    world.desk.release(0);
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, 1).await;
    client.expect_end().await;
}

#[tokio::test]
async fn a_thousand_idle_sessions_live_on() {
    const SESSIONS: usize = 1_000;
    let world = World::start().await;
    world.desk.set_limits(AccountLimits { binds: 0, ..AccountLimits::default() });
    let mut clients = Vec::with_capacity(SESSIONS);
    for _ in 0..SESSIONS {
        clients.push(world.bound(CommandId::BIND_TRANSMITTER).await);
    }
    assert_eq!(world.sessions.count(), SESSIONS);
    for _ in 0..2 {
        world.clock.advance(30_000);
        for client in &mut clients {
            let probe = client.receive().await;
            assert_eq!(probe.id(), CommandId::ENQUIRE_LINK);
            client.send(&Pdu::EnquireLinkResp, probe.sequence()).await;
        }
    }
    for client in &mut clients {
        client.check_alive().await;
    }
    assert_eq!(world.desk.inside().sessions, i64::try_from(SESSIONS).unwrap());
}

/// Sends requests until the server takes no more, without reading one answer. Gives whether the server closed.
async fn flood(mut wire: tokio::io::WriteHalf<Box<dyn super::client::Wire>>) -> std::io::Result<()> {
    let mut octets = Vec::new();
    for sequence in 1..=1_000 {
        write_header_only(CommandId::ENQUIRE_LINK, CommandStatus::ESME_ROK, sequence, &mut octets);
    }
    loop {
        wire.write_all(&octets).await?;
    }
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_held_up_and_then_cut() {
    let world = World::start().await;
    let mut neighbour = world.transceiver().await;
    let Client { wire, .. } = world.transceiver().await;
    let (_unread, writing) = tokio::io::split(wire);
    let flooding = tokio::spawn(flood(writing));
    // The buffer fills up and grows no further.
    let waiting = || world.sessions.list()[1].output_octets;
    while waiting() < OUTPUT_SOFT_OCTETS {
        tokio::task::yield_now().await;
    }
    assert!(waiting() < OUTPUT_SOFT_OCTETS + 1_024);
    neighbour.check_alive().await;
    world.clock.advance(29_999);
    neighbour.check_alive().await;
    assert_eq!(world.sessions.count(), 2);
    while world.sessions.count() == 2 {
        world.clock.advance(1);
        neighbour.check_alive().await;
    }
    // Its end of the socket is closed once the server has stopped listening for a last word.
    world.clock.advance(1_000);
    assert!(flooding.await.unwrap().is_err());
    neighbour.check_alive().await;
}
