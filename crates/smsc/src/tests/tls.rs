//! The same server over TLS, with a certificate made for the test.

use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use smpp::{CommandId, CommandStatus, MessageResp, Pdu};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use types::message::State;

use super::World;
use super::client::Client;
use super::samples::receipt;
use crate::limits::Limits;

fn configs() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

#[tokio::test]
async fn a_session_over_tls_is_a_session() {
    let (server, client) = configs();
    let world = World::start_with(Limits::default(), Some(server)).await;
    let stream = TcpStream::connect(world.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(client).connect(name, stream).await.unwrap();
    let mut client = Client::over(Box::new(stream));
    client.send_bind(CommandId::BIND_TRANSCEIVER, "acme", "secret", 1).await;
    client.expect(CommandId::BIND_TRANSCEIVER_RESP, CommandStatus::ESME_ROK, 1).await;
    assert!(world.sessions.list()[0].is_tls);
    for sequence in 2..=200 {
        client.submit(sequence).await;
    }
    for sequence in 2..=200 {
        client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, sequence).await;
    }
    assert!(world.desk.offer(receipt(1, State::Delivered)).is_ok());
    let delivered = client.receive().await;
    assert_eq!(delivered.id(), CommandId::DELIVER_SM);
    client.send(&Pdu::DeliverSmResp(MessageResp::default()), delivered.sequence()).await;
    client.send(&Pdu::Unbind, 201).await;
    client.expect(CommandId::UNBIND_RESP, CommandStatus::ESME_ROK, 201).await;
    client.expect_end().await;
}

#[tokio::test]
async fn who_speaks_no_tls_costs_nothing_but_a_connection() {
    let (server, _) = configs();
    let world = World::start_with(Limits::default(), Some(server)).await;
    let mut plain = world.connect().await;
    plain.send_bind(CommandId::BIND_TRANSCEIVER, "acme", "secret", 1).await;
    // An alert may come before the end; a PDU does not.
    let mut heard = Vec::new();
    loop {
        use tokio::io::AsyncReadExt;
        match plain.wire.read_buf(&mut heard).await {
            Ok(count) if count > 0 => {}
            _ => break,
        }
    }
    assert!(heard.len() < 16, "{} octets", heard.len());
    // One that says nothing is closed in time.
    let mut silent = world.connect().await;
    world.clock.until_sleeping_for(5_000).await;
    world.clock.advance(5_000);
    silent.expect_end().await;
    assert_eq!(world.desk.inside().authentications, 0);
}
