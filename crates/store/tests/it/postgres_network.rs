//! What goes over the network beside questions: the bell, and encryption.

use std::time::Duration;

use futures_util::StreamExt as _;
use ports::conformance::store::BEGIN;
use ports::store::{Batch, Store};
use store::{PostgresUrl, open_postgres};
use testkit::postgres::Cluster;
use tokio_postgres::AsyncMessage;

use crate::postgres::{InDatabase, account, message};

#[test]
fn a_bell_rings_after_commits_and_not_for_each() {
    let database = InDatabase::new();
    let (mut store, _reader) = database.open();
    store.apply(&account()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let address = Cluster::shared().address(&database.name);
    let rung = runtime.block_on(async {
        let (client, mut connection) =
            tokio_postgres::connect(&address, tokio_postgres::NoTls).await.unwrap();
        let (heard, mut rings) = tokio::sync::mpsc::channel(1_000);
        let hear = tokio::spawn(async move {
            let mut messages = futures_util::stream::poll_fn(move |context| connection.poll_message(context));
            while let Some(Ok(message)) = messages.next().await {
                if let AsyncMessage::Notification(ring) = message {
                    heard.send(ring.payload().parse::<i64>().unwrap()).await.unwrap();
                }
            }
        });
        client.batch_execute("LISTEN chappe").await.unwrap();
        let mut last = 0;
        for number in 1..100 {
            last = store.apply(&message(number).1).unwrap().0;
        }
        let mut rung = Vec::new();
        while rung.last() != Some(&last) {
            rung.push(tokio::time::timeout(Duration::from_secs(20), rings.recv()).await.unwrap().unwrap());
        }
        drop(client);
        hear.await.unwrap();
        rung
    });
    assert!(rung.is_sorted() && rung.len() < 90, "{rung:?}");
}

#[test]
fn a_connection_is_encrypted_and_the_certificate_checked() {
    let cluster = Cluster::start(&["listen_addresses=127.0.0.1"]).unwrap();
    let name = "chappe_0";
    cluster.database().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let leaf_key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let leaf_pem = leaf.signed_by(&leaf_key, &issuer).unwrap().pem();
    let certificate = cluster.private_file("server.crt", &leaf_pem).unwrap();
    let key = cluster.private_file("server.key", &leaf_key.serialize_pem()).unwrap();
    for (setting, value) in [("ssl_cert_file", &certificate), ("ssl_key_file", &key)] {
        cluster.psql(name, &format!("ALTER SYSTEM SET {setting} = '{}'", value.display())).unwrap();
    }
    cluster.psql(name, "ALTER SYSTEM SET ssl = on").unwrap();
    cluster.cut().unwrap();
    cluster.start_again().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let trusted = folder.path().join("ca.pem");
    std::fs::write(&trusted, authority_pem).unwrap();
    let address = |host: &str, more: &str| {
        let port = cluster.port();
        let text = format!("postgres://chappe@{host}:{port}/{name}?sslmode=verify-full{more}");
        PostgresUrl::parse(&text).unwrap()
    };
    let root = format!("&sslrootcert={}", trusted.display());
    let data = folder.path().join("data");
    let (mut store, reader) = open_postgres(&data, &address("localhost", &root)).unwrap();
    store.apply(&Batch { at: BEGIN, ..Batch::default() }).unwrap();
    let sessions = "SELECT count(*) > 0 AND bool_and(s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
                    WHERE a.application_name = 'chappe'";
    assert_eq!(cluster.psql(name, sessions).unwrap(), "t");
    drop((store, reader));
    // Another name than the certificate's, and an authority that nobody trusts.
    assert!(open_postgres(&data, &address("127.0.0.1", &root)).is_err());
    assert!(open_postgres(&data, &address("localhost", "")).is_err());
}
