//! A database server for a platform that is measured or broken: it tells the address of an empty
//! database and goes with its standard input.
//!
//! On standard input an empty line asks for counts, `kill` kills the server with all its processes, `start` starts
//! it again, and `copy` makes a copy of the first database, to which nobody may be connected then; each is answered
//! with one line, when it is done. The counts tell what the server has taken of the machine, too.

use serde_json::{Value, json};

use super::peer;
use crate::postgres::Cluster;

/// Settings for as much traffic as this machine makes.
const SETTINGS: &[&str] = &["shared_buffers=1GB", "max_wal_size=8GB"];

/// The name of a server's first database.
const FIRST: &str = "chappe_0";

/// What was done to the server.
#[derive(Debug, Default)]
struct Counts {
    /// The first database.
    first: String,
    /// The address of the last copy.
    copy: String,
    kills: u64,
    /// Processes that were killed.
    killed: u64,
}

impl Counts {
    fn answer(&mut self, cluster: &Cluster, line: &str) -> Value {
        let done = match line.trim() {
            "" => Ok(()),
            "kill" => cluster.kill().map(|processes| {
                self.kills += 1;
                self.killed += u64::try_from(processes).unwrap_or(u64::MAX);
            }),
            "start" => cluster.start_again(),
            "copy" => cluster.copy_of(&self.first).map(|address| self.copy = address),
            word => Err(anyhow::anyhow!("`{word}` is none of kill, start and copy")),
        };
        match done {
            Ok(()) => json!({
                "kills": self.kills, "killed": self.killed, "copy": self.copy,
                "cpu_us": cluster.cpu_us().unwrap_or(0),
            }),
            Err(error) => json!({ "error": format!("{error:#}") }),
        }
    }
}

/// Starts the server and keeps it.
pub(super) async fn run() -> anyhow::Result<()> {
    let cluster = Cluster::start(SETTINGS)?;
    peer::say(&json!({ "listening": [cluster.database()?] }));
    let mut counts = Counts { first: FIRST.to_owned(), ..Counts::default() };
    peer::serve(|line| counts.answer(&cluster, line)).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Cluster, Counts, FIRST};

    #[test]
    fn it_is_killed_and_started_as_told() {
        let cluster = Cluster::start(&[]).unwrap();
        cluster.database().unwrap();
        let mut counts = Counts { first: FIRST.to_owned(), ..Counts::default() };
        assert_eq!(counts.answer(&cluster, "")["kills"], 0);
        cluster.psql(FIRST, "CREATE TABLE kept AS SELECT 1 AS number").unwrap();
        let copied = counts.answer(&cluster, "copy");
        assert!(copied["copy"].as_str().unwrap().contains("chappe_1"), "{copied}");
        assert!(copied["cpu_us"].as_u64().is_some(), "{copied}");
        assert_eq!(cluster.psql("chappe_1", "TABLE kept").unwrap(), "1");
        assert_eq!(counts.answer(&cluster, "kill\n")["kills"], 1);
        assert!(cluster.psql("chappe_0", "SELECT 1").is_err());
        assert!(counts.answer(&cluster, "kill").get("error").is_some(), "it does not run any more");
        assert!(counts.answer(&cluster, "start").get("error").is_none());
        assert_eq!(cluster.psql("chappe_0", "SELECT 1").unwrap(), "1");
        assert!(counts.answer(&cluster, "stop").get("error").is_some());
    }
}
