//! Connections of trusted proxies, and the places from which a system id may bind.

use smpp::{CommandId, CommandStatus};
use types::access::AddressRange;

use super::World;
use super::client::Client;
use crate::limits::Limits;
use crate::settings::Settings;

fn range(text: &str) -> Vec<AddressRange> {
    vec![AddressRange::parse(text).unwrap()]
}

async fn behind(settings: Settings) -> World {
    World::start_set(Settings { trusted_proxies: range("127.0.0.1"), ..settings }, None).await
}

async fn bind_fails(world: &World, client: &mut Client, system_id: &str) {
    client.send_bind(CommandId::BIND_TRANSCEIVER, system_id, "secret", 1).await;
    world.clock.until_sleeping_for(200).await;
    world.clock.advance(200);
    client.expect(CommandId::BIND_TRANSCEIVER_RESP, CommandStatus::ESME_RBINDFAIL, 1).await;
}

#[tokio::test]
async fn the_client_behind_a_trusted_proxy_counts() {
    let limits = Limits { connections_per_ip_max: 1, ..Limits::default() };
    let world = behind(Settings { limits, ..Settings::default() }).await;
    let mut client = world.connect().await;
    client.send_raw(b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 2775\r\n").await;
    client.send_bind(CommandId::BIND_TRANSCEIVER, "acme", "secret", 1).await;
    client.expect(CommandId::BIND_TRANSCEIVER_RESP, CommandStatus::ESME_ROK, 1).await;
    assert_eq!(world.sessions.list()[0].peer.to_string(), "192.0.2.7");
    // The second connection of that client is one too many; that of another is not.
    let mut second = world.connect().await;
    second.send_raw(b"PROXY TCP4 192.0.2.7 198.51.100.1 56325 2775\r\n").await;
    second.expect_end().await;
    let mut other = world.connect().await;
    other.send_raw(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C\xC0\0\x02\x08\xC6\x33\x64\x01\0\x01\x0A\xD7").await;
    other.send_bind(CommandId::BIND_TRANSCEIVER, "acme", "secret", 1).await;
    other.expect(CommandId::BIND_TRANSCEIVER_RESP, CommandStatus::ESME_ROK, 1).await;
    assert_eq!(world.sessions.list()[1].peer.to_string(), "192.0.2.8");
}

#[tokio::test]
async fn who_is_no_proxy_says_nothing_before_the_bind_and_a_proxy_must() {
    let world = behind(Settings::default()).await;
    // Not trusted: the header is read as the length of a PDU.
    let mut stranger = Client::connect_from([127, 0, 0, 2], world.address).await;
    stranger.send_raw(b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 2775\r\n").await;
    assert_eq!(stranger.receive().await.id(), CommandId::GENERIC_NACK);
    let mut direct = Client::connect_from([127, 0, 0, 2], world.address).await;
    direct.send_bind(CommandId::BIND_TRANSCEIVER, "acme", "secret", 1).await;
    direct.expect(CommandId::BIND_TRANSCEIVER_RESP, CommandStatus::ESME_ROK, 1).await;
    // Trusted: without a header, or with a bad one, there is no session.
    for first in [b"\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x01".as_slice(), b"PROXY TCP9 1 2 3 4\r\n"] {
        let mut proxy = world.connect().await;
        proxy.send_raw(first).await;
        proxy.expect_end().await;
    }
    let mut silent = world.connect().await;
    loop {
        tokio::select! {
            biased;
            more = silent.try_receive() => break assert!(more.is_none()),
            // Others may wait as long.
            () = world.clock.until_sleeping_for(5_000) => world.clock.advance(5_000),
        }
    }
}

#[tokio::test]
async fn a_system_id_binds_from_its_ranges_only() {
    let allowed = [("acme".to_owned(), range("127.0.0.2/31"))].into();
    let world = World::start_set(Settings { allowed, ..Settings::default() }, None).await;
    let mut outside = world.connect().await;
    bind_fails(&world, &mut outside, "acme").await;
    // Another system id of the account is not listed.
    world.bound_as(CommandId::BIND_TRANSMITTER, "acme2").await;
    let mut inside = Client::connect_from([127, 0, 0, 3], world.address).await;
    inside.send_bind(CommandId::BIND_TRANSCEIVER, "acme", "secret", 1).await;
    inside.expect(CommandId::BIND_TRANSCEIVER_RESP, CommandStatus::ESME_ROK, 1).await;
}
