//! A queue that waits for its carriers: what it takes of memory, whether one-time codes pass it by, and how fast it
//! drains.
//!
//! Bulk messages are accepted while their carriers are down. One-time codes go to a carrier of their own meanwhile;
//! when the carriers are back, codes share connectors with the bulk that drains. Customers and carriers write down
//! when they sent, were promised and got each code, by one clock. Start at [`run`].

use std::collections::HashMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use serde_json::Value;

use super::bars::{Limit, progress};
use super::figures::{Figures, percentile};
use super::house::Administration;
use super::load::{Party, Peer, Tools, configuration, connector, count};
use super::stand::{Engine, Place, Scene, Stand};
use super::traffic::{Dialect, Traffic, not_taken};
use crate::process;

/// Of so many messages of growth, one waits in the queue.
const MESSAGES_PER_QUEUED: u64 = 5;
/// Recipients of one request.
const RECIPIENTS: &str = "100";
/// Memory of the platform: so much, and so much for each message that waits.
const MEMORY_LIMIT_OCTETS: u64 = 500_000_000;
const OCTETS_PER_QUEUED: u64 = 200;
const MIB: u64 = 1_048_576;
/// From acceptance to the wire, 99 % of one-time codes.
const CODES_LIMIT_US: u64 = 200_000;
/// Codes per second.
const CODES_RATE: &str = "50";
/// How long accepting may take.
const FILLING_LIMIT_S: u64 = 7_200;
/// How long connectors may take to notice that carriers are gone, and that they are back.
const NOTICE_LIMIT: Duration = Duration::from_secs(300);
const DRAIN_LIMIT: Duration = Duration::from_secs(3_600);
const CARRIERS: usize = 4;
/// Where free ports are looked for: below those that systems give to outgoing connections, so that nobody takes them
/// while the carriers are down.
const FIRST_PORT: u16 = 20_000;
const PORTS: u16 = 10_000;
/// The sender whose messages go to the carrier apart.
const APART: &str = "Apart";
/// Numbers of codes; each phase has its own.
const FIRST_WHILE_WAITING: &str = "0";
const FIRST_WHILE_DRAINING: &str = "500000000";

/// Everybody around the queue.
struct Queue<'a> {
    stand: &'a Stand,
    scene: &'a Scene,
    accounts: String,
    /// Where carriers note what they got.
    log: String,
}

/// Fills the queue in this folder, or in a new one, and drains it.
pub(super) fn run(stand: &mut Stand, place: Option<Place>, figures: &mut Figures) -> anyhow::Result<()> {
    let place = place.map_or_else(|| stand.place(Engine::Sqlite), Ok)?;
    let log = place.beside("wire");
    let addresses = free_addresses()?;
    let carriers = start_carriers(&stand.tools, &addresses, &log)?;
    let apart = Peer::start(&stand.tools, &["responder", "--log", &log, "--times"])?;
    let path = PathBuf::from(place.beside("queue.toml"));
    std::fs::write(&path, with_apart(&addresses, &apart)?)?;
    let server = place.start(&stand.tools, &path)?;
    let scene = Scene { server, administration: Administration::new(&place.data()), place };
    let queue = Queue { stand, scene: &scene, accounts: stand.accounts(Engine::Sqlite), log };
    let done = queue.measure(carriers, &addresses, figures);
    scene.close(done).map(drop)
}

impl Queue<'_> {
    fn measure(&self, carriers: Peer, addresses: &[String], figures: &mut Figures) -> anyhow::Result<()> {
        drop(carriers);
        process::wait_for("connectors that are down", NOTICE_LIMIT, || {
            Ok((!are_bound(&self.scene.administration.doctor()?)).then_some(()))
        })?;
        let queued = self.fill(figures)?;
        self.codes("queue: codes while all wait", APART, FIRST_WHILE_WAITING)?.finish()?;
        self.tell_codes("queue: codes while all wait", FIRST_WHILE_WAITING, figures)?;
        progress(&format!("queue: {queued} messages drain"));
        let mut carriers = start_carriers(&self.stand.tools, addresses, &self.log)?;
        let first = process::wait_for("the first message of the queue", NOTICE_LIMIT, || {
            Ok(Some(count(&carriers.party.counts()?, "/accepted")).filter(|accepted| *accepted > 0))
        })?;
        let begun = process::now();
        let codes = self.codes("queue: codes while it drains", "Chappe", FIRST_WHILE_DRAINING)?;
        let last = process::wait_for("the last message of the queue", DRAIN_LIMIT, || {
            Ok(Some(count(&carriers.party.counts()?, "/accepted")).filter(|accepted| *accepted >= queued))
        })?;
        let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        codes.finish()?;
        figures.tell("queue: drains with", (last - first).saturating_mul(1_000) / took_ms, "messages/s");
        self.tell_codes("queue: codes while it drains", FIRST_WHILE_DRAINING, figures)?;
        figures.tell("queue: peak memory after draining", self.scene.memory_mib()?, "MiB");
        self.scene.doctor("queue", figures).map(drop)
    }

    /// Sends bulk that must wait; gives how many messages do.
    fn fill(&self, figures: &mut Figures) -> anyhow::Result<u64> {
        let wanted = (self.stand.settings.messages / MESSAGES_PER_QUEUED).max(1);
        progress(&format!("queue: {wanted} messages wait"));
        figures.tell("queue: memory before", self.scene.memory_mib()?, "MiB");
        let traffic = self.traffic(FILLING_LIMIT_S);
        let number = wanted.to_string();
        let further =
            ["--class", "bulk", "--recipients", RECIPIENTS, "--messages", &number, "--connections", "16"];
        let said = traffic.run(&traffic.http_words(self.target()?, Dialect::Native, &further))?;
        let queued = count(&said, "/acknowledged");
        figures.add("queue: messages wait", queued, "messages", Limit::AtLeast(wanted));
        figures.add("queue: refused or unanswered", not_taken(&said), "messages", Limit::AtMost(0));
        figures.tell("queue: fills with", count(&said, "/acknowledged_per_second"), "messages/s");
        let limit = Limit::AtMost(memory_limit_mib(queued));
        figures.add("queue: peak memory while all wait", self.scene.memory_mib()?, "MiB", limit);
        Ok(queued)
    }

    /// Customers who send one-time codes to numbers from the first on.
    fn codes(&self, name: &str, sender: &str, first: &str) -> anyhow::Result<Party> {
        progress(name);
        let promises = self.promises(first);
        let further = [
            ["--class", "one_time"],
            ["--from", sender],
            ["--rate", CODES_RATE],
            ["--connections", "32"],
            ["--first", first],
            ["--acknowledged", &promises],
        ];
        let traffic = self.traffic(self.stand.settings.seconds);
        let mut words = traffic.http_words(self.target()?, Dialect::Native, further.as_flattened());
        words.push("--times".to_owned());
        Party::start(traffic.tools, &words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn tell_codes(&self, name: &str, first: &str, figures: &mut Figures) -> anyhow::Result<()> {
        let read =
            |path: &str| std::fs::read_to_string(path).with_context(|| format!("failed to read {path}"));
        // What was promised last may still be on its way.
        let promises = read(&self.promises(first))?;
        let ways = process::wait_for("codes on the wire", NOTICE_LIMIT, || {
            let ways = ways(&promises, &read(&self.log)?)?;
            Ok(Some(ways).filter(|ways| ways.missing == 0))
        })?;
        figures.tell(format!("{name}, sent"), u64::try_from(ways.accepted_us.len())?, "messages");
        let p99 = percentile(&ways.accepted_us, 990);
        figures.add(format!("{name}, acceptance to wire, 99 %"), p99, "us", Limit::AtMost(CODES_LIMIT_US));
        figures.tell(format!("{name}, acceptance to wire, median"), percentile(&ways.accepted_us, 500), "us");
        figures.tell(format!("{name}, request to wire, 99 %"), percentile(&ways.sent_us, 990), "us");
        Ok(())
    }

    fn promises(&self, first: &str) -> String {
        self.scene.place.beside(&format!("codes-{first}"))
    }

    fn traffic(&self, seconds: u64) -> Traffic<'_> {
        self.stand.traffic(&self.accounts, seconds)
    }

    fn target(&self) -> anyhow::Result<&str> {
        self.scene.server.value("CHAPPE_HTTP")
    }
}

/// How long codes took to the wire.
#[derive(Debug, Default, PartialEq, Eq)]
struct Ways {
    /// From the promise; zero when the carrier had the code before the customer had the promise.
    accepted_us: Vec<u64>,
    /// From the request.
    sent_us: Vec<u64>,
    /// Promised, and not yet on the wire.
    missing: usize,
}

/// Joins what customers noted (`id recipient sent promised`) with what carriers noted (`id recipient at`).
fn ways(promises: &str, wire: &str) -> anyhow::Result<Ways> {
    let mut arrivals: HashMap<&str, u64> = HashMap::new();
    for line in wire.lines() {
        // The last line may not be whole yet.
        if let [_, recipient, at] = line.split(' ').collect::<Vec<_>>().as_slice()
            && let Ok(at_us) = at.parse()
        {
            arrivals.entry(recipient).or_insert(at_us);
        }
    }
    let mut ways = Ways::default();
    for line in promises.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [_, recipient, sent, promised] = words.as_slice() else {
            return Err(anyhow!("a strange promise: {line}"));
        };
        match arrivals.get(recipient) {
            Some(at_us) => {
                ways.sent_us.push(at_us.saturating_sub(sent.parse()?));
                ways.accepted_us.push(at_us.saturating_sub(promised.parse()?));
            }
            None => ways.missing += 1,
        }
    }
    Ok(ways)
}

/// What the platform may have of memory with so many messages in the queue.
const fn memory_limit_mib(queued: u64) -> u64 {
    (MEMORY_LIMIT_OCTETS + OCTETS_PER_QUEUED * queued) / MIB
}

/// Whether the doctor finds every connector bound.
fn are_bound(doctor: &Value) -> bool {
    let checks = doctor.get("checks").and_then(Value::as_array).into_iter().flatten();
    let mut bound =
        checks.filter(|check| check.get("check").is_some_and(|name| name == "every connector is bound"));
    bound.all(|check| check.get("ok").and_then(Value::as_bool).unwrap_or(false))
}

fn start_carriers(tools: &Tools, addresses: &[String], log: &str) -> anyhow::Result<Peer> {
    Peer::start(tools, &["responder", "--listen", &addresses.join(","), "--log", log, "--times"])
}

/// The usual carriers, and one apart for a sender of its own.
fn with_apart(addresses: &[String], apart: &Peer) -> anyhow::Result<String> {
    let address = apart.addresses.first().context("the carrier apart tells no address")?;
    let route = format!(
        "\n[[route]]\nname = \"apart\"\norder = -1\nsender = \"{APART}\"\nconnectors = [\"apart\"]\n"
    );
    Ok(configuration(addresses)? + &connector("apart", address)? + &route)
}

/// Addresses on which nobody listens now.
fn free_addresses() -> anyhow::Result<Vec<String>> {
    let offset = u16::try_from(std::process::id() % u32::from(PORTS))?;
    let ports = (0..PORTS).map(|step| FIRST_PORT + (offset + step) % PORTS);
    let free = ports.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    let found: Vec<String> = free.take(CARRIERS).map(|port| format!("127.0.0.1:{port}")).collect();
    if found.len() < CARRIERS {
        return Err(anyhow!("there are no {CARRIERS} free ports"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn codes_are_followed_from_request_and_promise_to_the_wire() {
        let promises = "m1 447 1000 3000\nm2 448 2000 9000\nm3 449 5000 6000\n";
        let wire = "c1 447 4500\nc2 448 8000\nc9 447 9999\nc3 44";
        let expected = Ways { accepted_us: vec![1_500, 0], sent_us: vec![3_500, 6_000], missing: 1 };
        assert_eq!(ways(promises, wire).unwrap(), expected);
        assert!(ways("m1 447\n", wire).is_err());
    }

    #[test]
    fn memory_may_grow_with_the_queue() {
        assert_eq!((memory_limit_mib(0), memory_limit_mib(1_000_000)), (476, 667));
    }

    #[test]
    fn the_doctor_is_understood() {
        let of = |ok| {
            json!({ "checks": [{ "check": "other", "ok": false },
                                         { "check": "every connector is bound", "ok": ok }] })
        };
        assert!(are_bound(&of(true)) && !are_bound(&of(false)));
    }

    #[test]
    fn free_ports_differ() {
        let addresses = free_addresses().unwrap();
        let unlike: std::collections::BTreeSet<&String> = addresses.iter().collect();
        assert_eq!(unlike.len(), CARRIERS);
    }
}
