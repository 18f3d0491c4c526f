//! A database server for a platform that is measured or broken: it tells the address of an empty
//! database and goes with its standard input.

use serde_json::json;

use super::peer;
use crate::postgres::Cluster;

/// Settings for as much traffic as this machine makes.
const SETTINGS: &[&str] = &["shared_buffers=1GB", "max_wal_size=8GB"];

/// Starts the server and keeps it.
pub(super) async fn run() -> anyhow::Result<()> {
    let cluster = Cluster::start(SETTINGS)?;
    peer::say(&json!({ "listening": [cluster.database()?] }));
    peer::serve_counts(|| json!({})).await;
    Ok(())
}
