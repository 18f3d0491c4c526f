//! The conformance suite on PostgreSQL, and what only a server can show.

use std::sync::Arc;

use ports::conformance::store::{Subject, run};
use ports::store::{Reader, Store};
use store::{PostgresUrl, open_postgres};
use tempfile::TempDir;
use testkit::postgres::Cluster;

/// A database of its own in the server that the tests share.
struct InDatabase {
    folder: TempDir,
    url: PostgresUrl,
}

impl InDatabase {
    fn new() -> Self {
        let address = Cluster::shared().database().unwrap();
        Self { folder: tempfile::tempdir().unwrap(), url: PostgresUrl::parse(&address).unwrap() }
    }
}

impl Subject for InDatabase {
    fn open(&mut self) -> (Box<dyn Store>, Arc<dyn Reader>) {
        let (store, reader) = open_postgres(self.folder.path(), &self.url).unwrap();
        (Box::new(store), reader)
    }
}

#[test]
fn keeps_the_contract() {
    run(&mut || Box::new(InDatabase::new()));
}
