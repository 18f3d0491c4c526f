//! Who gets in, what the others hear, and when.

use smpp::{Bind, CommandId, CommandStatus, Pdu};
use tokio::io::AsyncWriteExt;
use types::account::AccountLimits;
use types::id::AccountId;
use types::refusal::RefusalCode;

use super::World;
use super::client::Client;
use crate::BindKind;
use crate::limits::Limits;

const BINDS: [CommandId; 3] =
    [CommandId::BIND_TRANSMITTER, CommandId::BIND_RECEIVER, CommandId::BIND_TRANSCEIVER];

const ENQUIRE_LINK: [u8; 16] = [0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 1];

#[tokio::test]
async fn each_kind_of_bind_is_answered_with_name_and_version() {
    let world = World::start().await;
    for command in BINDS {
        let mut client = world.connect().await;
        client.send_bind(command, "acme", "secret", 77).await;
        let answer = client.expect(command.response().unwrap(), CommandStatus::ESME_ROK, 77).await;
        let (Pdu::BindTransmitterResp(resp) | Pdu::BindReceiverResp(resp) | Pdu::BindTransceiverResp(resp)) =
            answer.pdu()
        else {
            panic!("no bind response")
        };
        assert_eq!(resp.system_id, b"chappe-test-nam", "cut to 15 octets");
        assert_eq!(resp.tlvs.sc_interface_version(), Some(0x34));
        client.send(&Pdu::Unbind, 78).await;
        client.expect(CommandId::UNBIND_RESP, CommandStatus::ESME_ROK, 78).await;
        client.expect_end().await;
    }
    world.desk.until(|inside| inside.sessions == 0 && inside.attached == 2 && inside.sinks.is_empty()).await;
}

#[tokio::test]
async fn an_old_peer_is_sent_no_optional_parameter() {
    let world = World::start().await;
    let mut client = world.connect().await;
    let bind = Bind { system_id: b"acme", password: b"secret", interface_version: 0x33, ..Bind::default() };
    client.send(&Pdu::BindTransmitter(bind), 1).await;
    let answer = client.expect(CommandId::BIND_TRANSMITTER_RESP, CommandStatus::ESME_ROK, 1).await;
    assert_eq!(answer.body, b"chappe-test-nam\0");
}

#[tokio::test]
async fn unknown_id_and_wrong_password_are_told_alike_and_at_the_same_time() {
    for (system_id, password) in [("nobody", "secret"), ("acme", "wrong"), ("", "")] {
        let world = World::start().await;
        let mut client = world.connect().await;
        client.send_bind(CommandId::BIND_TRANSCEIVER, system_id, password, 5).await;
        world.clock.until_sleeping_for(200).await;
        world.clock.advance(200);
        let answer = client.expect(CommandId::BIND_TRANSCEIVER_RESP, CommandStatus::ESME_RBINDFAIL, 5).await;
        assert!(answer.body.is_empty());
        assert_eq!(world.desk.inside().refusals, [RefusalCode::InvalidCredentials]);
        // The same connection may try again, at once and behind the failed one.
        client.send_bind(CommandId::BIND_TRANSCEIVER, "acme", "secret", 6).await;
        client.expect(CommandId::BIND_TRANSCEIVER_RESP, CommandStatus::ESME_ROK, 6).await;
    }
}

#[tokio::test]
async fn a_connection_has_three_attempts() {
    let world = World::start().await;
    let mut client = world.connect().await;
    for sequence in 1..=3 {
        client.send_bind(CommandId::BIND_RECEIVER, "acme", "wrong", sequence).await;
        world.clock.until_sleeping_for(200).await;
        world.clock.advance(200);
        client.expect(CommandId::BIND_RECEIVER_RESP, CommandStatus::ESME_RBINDFAIL, sequence).await;
    }
    client.expect_end().await;
}

const HERE: [u8; 4] = [127, 0, 0, 1];

/// Fails so many binds, each on a connection of its own.
async fn fail_binds(world: &World, system_id: &str, count: usize) {
    fail_binds_from(HERE, world, system_id, count).await;
}

async fn fail_binds_from(source: [u8; 4], world: &World, system_id: &str, count: usize) {
    for _ in 0..count {
        let mut client = Client::connect_from(source, world.address).await;
        client.send_bind(CommandId::BIND_TRANSMITTER, system_id, "wrong", 1).await;
        world.clock.until_sleeping_for(200).await;
        world.clock.advance(200);
        client.expect(CommandId::BIND_TRANSMITTER_RESP, CommandStatus::ESME_RBINDFAIL, 1).await;
    }
}

#[tokio::test]
async fn guessing_shuts_the_door_without_looking_and_ever_slower() {
    let world = World::start().await;
    fail_binds(&world, "acme", 5).await;
    let evaluated = world.desk.inside().authentications;
    for delay_ms in [400, 800, 1_600] {
        let mut client = world.connect().await;
        client.send_bind(CommandId::BIND_TRANSMITTER, "acme", "secret", 9).await;
        world.clock.until_sleeping_for(delay_ms).await;
        world.clock.advance(delay_ms);
        client.expect(CommandId::BIND_TRANSMITTER_RESP, CommandStatus::ESME_RBINDFAIL, 9).await;
    }
    assert_eq!(world.desk.inside().authentications, evaluated, "not evaluated");
    world.clock.advance(60_000);
    world.bound(CommandId::BIND_TRANSMITTER).await;
}

#[tokio::test]
async fn guessing_from_elsewhere_does_not_keep_a_customer_from_coming_back() {
    let world = World::start().await;
    let mut customer = world.transceiver().await;
    customer.send(&Pdu::Unbind, 2).await;
    customer.expect(CommandId::UNBIND_RESP, CommandStatus::ESME_ROK, 2).await;
    customer.expect_end().await;
    drop(customer);
    fail_binds_from([127, 0, 0, 2], &world, "acme", 5).await;
    world.bound(CommandId::BIND_TRANSMITTER).await;
    // Where it has never been it has to wait.
    let mut elsewhere = Client::connect_from([127, 0, 0, 3], world.address).await;
    elsewhere.send_bind(CommandId::BIND_TRANSMITTER, "acme", "secret", 3).await;
    world.clock.until_sleeping_for(400).await;
    world.clock.advance(400);
    elsewhere.expect(CommandId::BIND_TRANSMITTER_RESP, CommandStatus::ESME_RBINDFAIL, 3).await;
}

#[tokio::test]
async fn connections_without_a_bind_make_room_for_others() {
    let world = World::start_with(Limits { connections_max: 2, ..Limits::default() }, None).await;
    let mut bound = world.transceiver().await;
    let mut silent = world.connect().await;
    // A stranger who waits is known to the server only when it has been accepted.
    silent.send_raw(&ENQUIRE_LINK).await;
    silent.receive().await;
    let mut next = world.transceiver().await;
    silent.expect_end().await;
    // Those that are bound stay, and then nobody else gets in.
    assert!(world.connect().await.try_receive().await.is_none());
    bound.check_alive().await;
    next.check_alive().await;
}

#[tokio::test]
async fn guessing_harms_no_bound_session_nor_its_neighbours() {
    let world = World::start().await;
    let mut bound = world.transceiver().await;
    fail_binds(&world, "acme", 5).await;
    bound.check_alive().await;
    bound.submit(10).await;
    bound.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, 10).await;
    // Another bind of the account from the same address, by either of its system ids.
    world.bound_as(CommandId::BIND_TRANSMITTER, "acme").await;
    world.bound_as(CommandId::BIND_TRANSMITTER, "acme2").await;
    // An account that is not bound from there has to wait, and a wrong password is wrong.
    for (system_id, password, delay_ms) in [("other", "secret", 400), ("acme", "wrong", 400)] {
        let mut client = world.connect().await;
        client.send_bind(CommandId::BIND_TRANSMITTER, system_id, password, 3).await;
        world.clock.until_sleeping_for(delay_ms).await;
        world.clock.advance(delay_ms);
        client.expect(CommandId::BIND_TRANSMITTER_RESP, CommandStatus::ESME_RBINDFAIL, 3).await;
    }
}

#[tokio::test]
async fn binds_per_account_are_limited_and_listed() {
    let world = World::start().await;
    world.desk.set_limits(AccountLimits { binds: 2, ..AccountLimits::default() });
    let _first = world.bound(CommandId::BIND_RECEIVER).await;
    let mut second = world.bound(CommandId::BIND_TRANSMITTER).await;
    let mut third = world.connect().await;
    third.send_bind(CommandId::BIND_TRANSCEIVER, "acme", "secret", 1).await;
    third.expect(CommandId::BIND_TRANSCEIVER_RESP, CommandStatus::ESME_RALYBND, 1).await;
    let _of_another_account = world.bound_as(CommandId::BIND_RECEIVER, "other").await;

    let listed: Vec<_> =
        world.sessions.list().into_iter().map(|view| (view.system_id, view.account, view.bind)).collect();
    let expected = [
        ("acme".to_owned(), AccountId(1), BindKind::Receiver),
        ("acme".to_owned(), AccountId(1), BindKind::Transmitter),
        ("other".to_owned(), AccountId(2), BindKind::Receiver),
    ];
    assert_eq!(listed, expected);

    second.send(&Pdu::Unbind, 2).await;
    second.expect(CommandId::UNBIND_RESP, CommandStatus::ESME_ROK, 2).await;
    second.expect_end().await;
    third.send_bind(CommandId::BIND_TRANSCEIVER, "acme", "secret", 2).await;
    third.expect(CommandId::BIND_TRANSCEIVER_RESP, CommandStatus::ESME_ROK, 2).await;
    // A bound session cannot bind again.
    third.send_bind(CommandId::BIND_TRANSCEIVER, "acme", "secret", 3).await;
    third.expect(CommandId::BIND_TRANSCEIVER_RESP, CommandStatus::ESME_RALYBND, 3).await;
}

#[tokio::test]
async fn a_connection_that_does_not_bind_is_closed() {
    let world = World::start().await;
    let mut silent = world.connect().await;
    world.clock.until_sleeping_for(5_000).await;
    world.clock.advance(4_999);
    silent.send_body(CommandId(0x999), 1, b"").await;
    silent.expect(CommandId::GENERIC_NACK, CommandStatus::ESME_RINVCMDID, 1).await;
    world.clock.advance(1);
    silent.expect_end().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_at_once() {
    let limits = Limits { connections_per_ip_max: 2, loopback_is_limited: true, ..Limits::default() };
    let world = World::start_with(limits, None).await;
    let first = world.transceiver().await;
    let mut second = world.transceiver().await;
    world.connect().await.expect_end().await;
    second.check_alive().await;
    drop(first);
    world.desk.until(|inside| inside.sessions == 1).await;
    // The place is free once the task has ended, just behind the session.
    loop {
        let mut next = world.connect().await;
        // A refused connection may reset the write.
        drop(next.wire.write_all(&ENQUIRE_LINK).await);
        if let Some(answer) = next.try_receive().await {
            assert_eq!(answer.id(), CommandId::ENQUIRE_LINK_RESP);
            break;
        }
    }
}
