//! `cargo xtask crash linkcut`: the link to a carrier is cut after each octet of what goes over it.
//!
//! The submit, its answer, the receipt and the answer to that are each cut after their first octet, their second
//! and so on to their last, once closed and once reset, under every policy for outcomes that nobody knows. Three
//! connectors with a fault proxy each do it side by side. Start at [`run`].

use std::collections::HashMap;
use std::time::Duration;

use super::Settings;
use super::inquiry;
use super::records::{self, Taken};
use super::scene::{self, Scene};
use super::store::Store;
use super::verdict::{Stored, UNKNOWN_STATES};
use crate::bench::bars::{Bars, Limit, progress};
use crate::bench::load::{Party, Peer, Tools, count};
use crate::process;
use crate::server::Server;

/// What may be done with a message of which nobody knows whether the carrier has it.
#[derive(Debug, Clone, Copy)]
struct Policy {
    name: &'static str,
    /// What its recipients begin with.
    prefix: &'static str,
    /// The first of the recipients that `chappe-load` makes with that prefix.
    first: u64,
    /// Whether the carrier may be given a message again, if it is marked.
    may_repeat: bool,
    /// Whether every message must get to the carrier.
    must_arrive: bool,
}

/// The policy under which the carrier is asked.
const ASKING: &str = "ask_peer";
const POLICIES: [Policy; 3] = [
    Policy { name: "prefer_no_duplicate", prefix: "4470", first: 0, may_repeat: false, must_arrive: false },
    Policy {
        name: "prefer_delivery",
        prefix: "4471",
        first: 100_000_000,
        may_repeat: true,
        must_arrive: true,
    },
    Policy { name: ASKING, prefix: "4472", first: 200_000_000, may_repeat: true, must_arrive: false },
];
/// One carrier for each policy. Some receipts come when the message is sent again already, if the policy does so.
const CARRIER: &[&str] =
    &["carrier", "--ports", "3", "--receipt-after-ms", "50", "--late", "30", "--late-after-ms", "75000"];
/// Octets of an answer to a submit: a head, and an id of at most ten digits with its end.
const ANSWER_OCTETS: u64 = 16 + 10 + 1;
/// Octets of an answer to a receipt: a head and an empty id.
const RECEIPT_ANSWER_OCTETS: u64 = 16 + 1;
/// Sessions of each connector: one that is cut again and again waits longer each time, so that there are many.
const SESSIONS: u64 = 64;
/// Messages per second that are offered to each connector.
const RATE: &str = "100";
/// How far apart cuts are when not every octet is asked for.
const STEP: usize = 9;
/// How long the answer to the first message may take.
const FIRST_LIMIT: Duration = Duration::from_secs(30);
/// How long all cuts may take.
const CUTS_LIMIT: Duration = Duration::from_secs(600);
/// How long what nobody knows may take to be sent again: it waits for a late answer for a minute.
const RESEND_LIMIT: Duration = Duration::from_secs(180);
/// Messages that are sent through each proxy until one of them gets its receipt at once.
const MEASURED_MAX: u64 = 10;
/// How long octets must not move before they count as all.
const STILL: Duration = Duration::from_millis(1_000);

/// Arguments of `cargo xtask crash linkcut`.
#[derive(Debug, clap::Args)]
pub(crate) struct LinkcutArguments {
    /// Cut after every octet, and not after every ninth.
    #[arg(long)]
    pub(super) every_byte: bool,
    /// Where the platform keeps its messages.
    #[arg(long, value_enum, default_value_t)]
    pub(super) store: Store,
    #[command(flatten)]
    pub(super) settings: Settings,
}

/// Octets that one message takes over the link, with its receipt.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    /// The submit and the answer to the receipt.
    up: u64,
    /// The answer to the submit and the receipt.
    down: u64,
}

/// Cuts, waits, compares and judges.
pub(super) fn run(arguments: &LinkcutArguments) -> anyhow::Result<()> {
    let settings = &arguments.settings;
    let tools = Tools::build(settings.binary.as_deref())?;
    let folder = scene::folder(&tools, settings)?;
    // The server lives as long as this value.
    let (_database, engine) = arguments.store.open(&tools, folder.path())?;
    let mut scene = Scene::empty(tools, folder.path(), engine);
    let carriers = scene.add_carrier(CARRIER)?;
    let mut proxies = carriers
        .iter()
        .map(|carrier| Peer::start(&scene.tools, &["fault-proxy", "--to", carrier]))
        .collect::<anyhow::Result<Vec<_>>>()?;
    scene.configure(&configuration(&proxies)?)?;
    let server = scene.start()?;
    let done = cut_all(arguments, &mut scene, &server, &mut proxies);
    let cuts = done.map_err(|error| server.explained(&error))?;
    let (findings, stored) = scene.compare(&server).map_err(|error| server.explained(&error))?;
    server.terminate()?;
    let taken = records::taken(&scene.path("carrier"), &[])?;
    let mut bars = Bars::new(settings.json);
    for policy in POLICIES {
        Outcome::of(policy, &stored, &taken).add_to(policy, cuts, &mut bars);
    }
    findings.add_to(&mut bars, "");
    bars.finish()
}

/// One connector and one route for each policy.
fn configuration(proxies: &[Peer]) -> anyhow::Result<String> {
    let mut text = String::from("[limits]\nconnections_per_ip = 0\n");
    for (policy, proxy) in POLICIES.iter().zip(proxies) {
        let address = proxy.addresses.first().map_or("", String::as_str);
        let port = crate::server::port_of(address)?;
        let Policy { name, prefix, .. } = policy;
        let asks = *name == ASKING;
        text.push_str(&format!(
            "\n[[connector]]\nname = \"{name}\"\ntype = \"smpp\"\nhost = \"127.0.0.1\"\nport = {port}\n\
             system_id = \"chappe\"\npassword = \"secret\"\nbind = \"transceiver\"\n\
             sessions = {SESSIONS}\nwindow = 1\nreconnect_ms = 1\nquery_sm = {asks}\n\n\
             [[route]]\nname = \"{name}\"\nconnectors = [\"{name}\"]\nprefix = \"{prefix}\"\non_unknown = \"{name}\"\n"
        ));
    }
    Ok(text)
}

/// Has all links cut at all places; gives the number of cuts per link.
fn cut_all(
    arguments: &LinkcutArguments,
    scene: &mut Scene,
    server: &Server,
    proxies: &mut [Peer],
) -> anyhow::Result<u64> {
    let sizes = measure(scene, server, proxies)?;
    progress(&format!("a message takes {} octets up and {} down", sizes.up, sizes.down));
    let rules = rules(sizes, if arguments.every_byte { 1 } else { STEP });
    let cuts = u64::try_from(rules.len()).unwrap_or(u64::MAX);
    let plan = plan(&rules);
    let mut customers = Vec::new();
    let mut begun_at = Vec::new();
    for (policy, proxy) in POLICIES.iter().zip(proxies.iter_mut()) {
        begun_at.push(count(&proxy.party.order(&format!("plan {plan}"))?, "/ended"));
        proxy.party.order("close")?;
        let words = ["--rate", RATE, "--seconds", "3600"];
        customers.push(scene.customer(server, "smpp", policy.first + 1_000, &words)?);
    }
    let mut told = 0;
    process::wait_for("all cuts", CUTS_LIMIT, || {
        let mut least = u64::MAX;
        for (proxy, begun_at) in proxies.iter_mut().zip(&begun_at) {
            least = least.min(count(&proxy.party.counts()?, "/ended").saturating_sub(*begun_at));
        }
        if least / 100 > told {
            told = least / 100;
            progress(&format!("{least} of {cuts} cuts"));
        }
        Ok((least >= cuts).then_some(()))
    })?;
    // Their promises are written down already.
    drop(customers);
    progress("waiting for what is sent again");
    process::wait_for("messages to be sent again", RESEND_LIMIT, || {
        let unknown = inquiry::messages_in(server, "unknown")?;
        let resends =
            |message: &Stored| POLICIES.iter().any(|policy| policy.must_arrive && policy.owns(message));
        Ok((!unknown.iter().any(resends)).then_some(()))
    })?;
    scene.wait_for_receipts()?;
    Ok(cuts)
}

/// Sends messages one by one and counts the octets of one that has got its receipt.
fn measure(scene: &Scene, server: &Server, proxies: &mut [Peer]) -> anyhow::Result<Sizes> {
    let mut sizes = Sizes { up: 0, down: 0 };
    for number in 0..MEASURED_MAX {
        for (policy, proxy) in POLICIES.iter().zip(proxies.iter_mut()) {
            let before = still(&mut proxy.party)?;
            let words = ["--rate", "1", "--seconds", "1"];
            scene.customer(server, "smpp", policy.first + number, &words)?.finish()?;
            let after = still(&mut proxy.party)?;
            sizes.up = sizes.up.max(after.up.saturating_sub(before.up));
            sizes.down = sizes.down.max(after.down.saturating_sub(before.down));
        }
        if sizes.down > 2 * ANSWER_OCTETS {
            return Ok(sizes);
        }
    }
    anyhow::bail!("no message got its receipt: {sizes:?}")
}

/// The octets that have passed once they no longer move.
fn still(proxy: &mut Party) -> anyhow::Result<Sizes> {
    let mut seen = (0, 0);
    let mut since = process::now();
    process::wait_for("a link at rest", FIRST_LIMIT, || {
        let counts = proxy.counts()?;
        let now = (count(&counts, "/octets_up"), count(&counts, "/octets_down"));
        if now != seen {
            seen = now;
            since = process::now();
        }
        let rests = since.elapsed() >= STILL && seen.0 > 0;
        Ok(rests.then_some(Sizes { up: seen.0, down: seen.1 }))
    })
}

/// What is done to each connection in turn: from no octet of each PDU to all of them.
fn rules(sizes: Sizes, step: usize) -> Vec<String> {
    let (submit, receipt) = (sizes.up - RECEIPT_ANSWER_OCTETS, sizes.down - ANSWER_OCTETS);
    let pdus = [
        ("up", "submit_sm", submit),
        ("down", "submit_sm_resp", ANSWER_OCTETS),
        ("down", "deliver_sm", receipt),
        ("up", "deliver_sm_resp", RECEIPT_ANSWER_OCTETS),
    ];
    let mut rules = Vec::new();
    for (direction, pdu, octets) in pdus {
        for end in ["cut", "reset"] {
            let places = (0..octets).step_by(step).chain([octets]);
            rules.extend(places.map(|place| format!("{direction}.{end}={place},{direction}.from={pdu}")));
        }
    }
    rules
}

/// The rules as the plan of a proxy: one for each connection, counted from one.
fn plan(rules: &[String]) -> String {
    let numbered = (1..).zip(rules).map(|(number, rule): (u64, _)| format!("{number}:{rule}"));
    numbered.collect::<Vec<_>>().join("; ")
}

impl Policy {
    fn owns(&self, message: &Stored) -> bool {
        message.recipient.starts_with(self.prefix)
    }
}

/// What became of the messages under one policy.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    messages: u64,
    /// At the carrier more than once and marked, or not marked.
    marked: u64,
    unmarked: u64,
    /// Never at the carrier, and marked as unknown, or not.
    unknown_unsent: u64,
    lost: u64,
    /// Marked as unknown though the carrier had it and told its receipt.
    unresolved: u64,
}

impl Outcome {
    fn of(policy: Policy, stored: &[Stored], taken: &Taken) -> Self {
        let mut outcome = Self::default();
        let times: &HashMap<String, u64> = &taken.times;
        for message in stored.iter().filter(|message| policy.owns(message)) {
            let times = times.get(&message.recipient).copied().unwrap_or(0);
            let is_unknown = UNKNOWN_STATES.contains(&message.state.as_str());
            outcome.messages += 1;
            match times {
                0 if is_unknown => outcome.unknown_unsent += 1,
                0 => outcome.lost += 1,
                1 => {}
                _ if message.is_marked => outcome.marked += 1,
                _ => outcome.unmarked += 1,
            }
            outcome.unresolved += u64::from(times > 0 && is_unknown);
        }
        outcome
    }

    fn add_to(&self, policy: Policy, cuts: u64, bars: &mut Bars) {
        let none = Limit::AtMost(0);
        let figures = [
            ("cuts", cuts, Limit::AtLeast(1)),
            ("messages", self.messages, Limit::AtLeast(cuts / 2)),
            ("lost", self.lost, none),
            ("twice at the carrier, unmarked", self.unmarked, none),
            ("twice at the carrier, marked", self.marked, if policy.may_repeat { Limit::None } else { none }),
            (
                "unknown, not at the carrier",
                self.unknown_unsent,
                if policy.must_arrive { none } else { Limit::None },
            ),
            ("unknown though the receipt came", self.unresolved, none),
        ];
        for (name, value, limit) in figures {
            bars.add(format!("{}: {name}", policy.name), value, "", limit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_of_every_pdu_has_its_cut() {
        let sizes = Sizes { up: 217, down: 190 };
        let all = rules(sizes, 1);
        // From none to all octets of 200, 27, 163 and 17, closed and reset.
        assert_eq!(all.len(), 2 * (201 + 28 + 164 + 18));
        assert_eq!(all.first().map(String::as_str), Some("up.cut=0,up.from=submit_sm"));
        assert!(all.iter().any(|rule| rule == "down.reset=27,down.from=submit_sm_resp"));
        let some = rules(sizes, 9);
        assert!(some.len() < all.len() / 7 && some.iter().all(|rule| all.contains(rule)));
        assert!(some.iter().any(|rule| rule == "up.cut=200,up.from=submit_sm"));
        assert_eq!(plan(&some[..2]), "1:up.cut=0,up.from=submit_sm; 2:up.cut=9,up.from=submit_sm");
    }

    #[test]
    fn messages_are_judged_under_their_own_policy() {
        let message = |recipient: &str, state: &str, is_marked| Stored {
            id: String::new(),
            recipient: recipient.to_owned(),
            state: state.to_owned(),
            charge: "charged".to_owned(),
            price_micros: 1,
            is_marked,
            is_contradicted: false,
        };
        let stored = [
            message("44710", "delivered", true),
            message("44711", "delivered", false),
            message("44712", "unknown", false),
            message("44713", "failed", false),
            message("44714", "unknown", false),
            message("44700", "failed", false),
        ];
        let times = [("44710", 2), ("44711", 2), ("44714", 1)];
        let times = times.into_iter().map(|(to, times)| (to.to_owned(), times)).collect();
        let outcome = Outcome::of(POLICIES[1], &stored, &Taken { times, ..Taken::default() });
        let expected =
            Outcome { messages: 5, marked: 1, unmarked: 1, unknown_unsent: 1, lost: 1, unresolved: 1 };
        assert_eq!(outcome, expected);
    }
}
