//! A database server for a platform that is measured or broken: it tells the address of an empty
//! database and goes with its standard input.
//!
//! On standard input an empty line asks for counts, `kill` kills the server with all its processes and `start`
//! starts it again; each is answered with one line, when it is done.

use serde_json::{Value, json};

use super::peer;
use crate::postgres::Cluster;

/// Settings for as much traffic as this machine makes.
const SETTINGS: &[&str] = &["shared_buffers=1GB", "max_wal_size=8GB"];

/// What was done to the server.
#[derive(Debug, Default)]
struct Counts {
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
            word => Err(anyhow::anyhow!("`{word}` is none of kill and start")),
        };
        match done {
            Ok(()) => json!({ "kills": self.kills, "killed": self.killed }),
            Err(error) => json!({ "error": format!("{error:#}") }),
        }
    }
}

/// Starts the server and keeps it.
pub(super) async fn run() -> anyhow::Result<()> {
    let cluster = Cluster::start(SETTINGS)?;
    peer::say(&json!({ "listening": [cluster.database()?] }));
    let mut counts = Counts::default();
    peer::serve(|line| counts.answer(&cluster, line)).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Cluster, Counts};

    #[test]
    fn it_is_killed_and_started_as_told() {
        let cluster = Cluster::start(&[]).unwrap();
        cluster.database().unwrap();
        let mut counts = Counts::default();
        assert_eq!(counts.answer(&cluster, "")["kills"], 0);
        assert_eq!(counts.answer(&cluster, "kill\n")["kills"], 1);
        assert!(cluster.psql("chappe_0", "SELECT 1").is_err());
        assert!(counts.answer(&cluster, "kill").get("error").is_some(), "it does not run any more");
        assert!(counts.answer(&cluster, "start").get("error").is_none());
        assert_eq!(cluster.psql("chappe_0", "SELECT 1").unwrap(), "1");
        assert!(counts.answer(&cluster, "stop").get("error").is_some());
    }
}
