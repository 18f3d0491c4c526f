//! `cargo xtask crash dlr-chaos`: carriers whose receipts come early, late, twice, over other links, in other
//! notations and against what they said before, while the platform is stopped and killed in between.
//!
//! Several carriers that give the same ids to different messages are at it together. Every receipt that one of
//! them got rid of must be found again in what the platform says of that message. Start at [`run`].

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use super::Settings;
use super::inquiry;
use super::scene::{self, Rates, Scene};
use super::store::Store;
use super::verdict::Stored;
use crate::bench::bars::{Bars, Limit, progress};
use crate::bench::house::Administration;
use crate::bench::load::{Peer, Tools, count};
use crate::process;
use crate::server::Server;

/// A carrier and how its connector is told to read its ids.
#[derive(Debug)]
struct Habit {
    name: &'static str,
    /// How answers and receipts write ids.
    notation: [&'static str; 2],
    /// The option `receipt_id` of the connector; none where it must find out by itself.
    receipt_id: Option<&'static str>,
    /// Where receipts say what they say.
    form: &'static str,
}

const HABITS: &[Habit] = &[
    Habit { name: "plain", notation: ["hex", "hex"], receipt_id: None, form: "both" },
    Habit { name: "upper", notation: ["hex", "upper"], receipt_id: None, form: "text" },
    Habit { name: "padded", notation: ["stripped", "padded"], receipt_id: None, form: "both" },
    Habit { name: "decimal", notation: ["hex", "decimal"], receipt_id: Some("decimal_to_hex"), form: "text" },
    Habit { name: "hex", notation: ["decimal", "hex"], receipt_id: Some("hex_to_decimal"), form: "tlv" },
];
/// What all of them do, in per cent of the messages.
const MISDEEDS: &[&str] = &[
    "--early",
    "15",
    "--late",
    "15",
    "--late-after-ms",
    "3000",
    "--other-bind",
    "20",
    "--after-rebind",
    "10",
    "--duplicate",
    "15",
    "--contradict",
    "5",
    "--intermediate",
    "15",
    "--fail",
    "15",
    "--answer-twice",
    "5",
];
const RATES: Rates = Rates { smpp: "1200", http: "200" };
/// How many lives the platform has until all receipts are told; it is stopped and killed in turn.
const LIVES: u64 = 6;
/// How long one life may last.
const LIFE_LIMIT: Duration = Duration::from_secs(900);

/// Arguments of `cargo xtask crash dlr-chaos`.
#[derive(Debug, clap::Args)]
pub(crate) struct DlrChaosArguments {
    /// How many receipts carriers must get rid of at least.
    #[arg(long, default_value_t = 20_000)]
    pub(super) receipts: u64,
    /// Where the platform keeps its messages.
    #[arg(long, value_enum, default_value_t)]
    pub(super) store: Store,
    #[command(flatten)]
    pub(super) settings: Settings,
}

/// Plays, restarts, compares and judges.
pub(super) fn run(arguments: &DlrChaosArguments) -> anyhow::Result<()> {
    let settings = &arguments.settings;
    let seed = settings.seed().to_string();
    let tools = Tools::build(settings.binary.as_deref())?;
    let folder = scene::folder(&tools, settings)?;
    // The server lives as long as this value.
    let (_database, engine) = arguments.store.open(&tools, folder.path())?;
    let mut scene = Scene::empty(tools, folder.path(), engine);
    let told = scene.path("told");
    let mut text = String::from("[limits]\nconnections_per_ip = 0\n");
    for habit in HABITS {
        let told = told.to_string_lossy().into_owned();
        let [ids, receipts] = habit.notation;
        // The same seed for all: the same ids for different messages.
        let mut words = vec!["carrier", "--seed", &seed, "--told", &told, "--form", habit.form];
        words.extend(["--id-notation", ids, "--receipt-notation", receipts]);
        words.extend(MISDEEDS);
        let addresses = scene.add_carrier(&words)?;
        text.push_str(&connector(habit, addresses.first().map_or("", String::as_str))?);
    }
    let legs: Vec<String> =
        HABITS.iter().map(|habit| format!("{{ name = \"{}\", weight = 1 }}", habit.name)).collect();
    text.push_str(&format!("\n[[route]]\nname = \"default\"\nconnectors = [{}]\n", legs.join(", ")));
    scene.configure(&text)?;
    for life in 1..=LIVES {
        live(&mut scene, arguments.receipts * life / LIVES, life)?;
    }
    // Some receipts wait until the links that took their messages have ended.
    let server = scene.start()?;
    inquiry::wait_until_sent(&server).map_err(|error| server.explained(&error))?;
    server.terminate()?;
    let server = scene.start()?;
    let judged = judge_all(&mut scene, &server, &told);
    let (judgement, findings) = judged.map_err(|error| server.explained(&error))?;
    server.terminate()?;
    let mut bars = Bars::new(settings.json);
    bars.add("restarts", LIVES + 1, "", Limit::None);
    judgement.add_to(arguments.receipts, &mut bars);
    findings.add_to(&mut bars, "");
    bars.finish()
}

fn connector(habit: &Habit, address: &str) -> anyhow::Result<String> {
    let port = crate::server::port_of(address)?;
    let option = habit.receipt_id.map_or_else(String::new, |word| format!("receipt_id = \"{word}\"\n"));
    Ok(format!(
        "\n[[connector]]\nname = \"{}\"\ntype = \"smpp\"\nhost = \"127.0.0.1\"\nport = {port}\n\
         system_id = \"chappe\"\npassword = \"secret\"\nbind = \"transceiver\"\nsessions = 2\nwindow = 200\n{option}",
        habit.name
    ))
}

/// Lets customers send until carriers have told so many receipts in all, and ends the platform.
fn live(scene: &mut Scene, receipts: u64, life: u64) -> anyhow::Result<()> {
    let server = scene.start()?;
    let customers = scene.load(&server, RATES)?;
    let enough = process::wait_for("enough receipts", LIFE_LIMIT, || {
        Ok((taken(&mut scene.carriers)? >= receipts).then_some(()))
    });
    enough.map_err(|error| server.explained(&error))?;
    if life.is_multiple_of(2) {
        server.terminate()?
    } else {
        server.kill()?
    }
    let promised = customers.finish()?.promised;
    let told = taken(&mut scene.carriers)?;
    progress(&format!("life {life}: {promised} promised, {told} receipts told so far"));
    Ok(())
}

fn taken(carriers: &mut [Peer]) -> anyhow::Result<u64> {
    let mut sum = 0;
    for carrier in carriers {
        sum += count(&carrier.party.counts()?, "/receipts_taken");
    }
    Ok(sum)
}

fn judge_all(
    scene: &mut Scene,
    server: &Server,
    told: &Path,
) -> anyhow::Result<(Judgement, scene::Findings)> {
    scene.wait_for_receipts()?;
    let (findings, stored) = scene.compare(server)?;
    let doctor = Administration::new(&scene.engine.data).doctor()?;
    let parked = doctor.get("parked").and_then(serde_json::Value::as_u64);
    let text = std::fs::read_to_string(told).context("carriers have told no receipt")?;
    let mut judgement = Judgement::of(&text, &stored)?;
    judgement.parked = parked.context("the doctor says nothing of receipts without a message")?;
    Ok((judgement, findings))
}

/// What became of the receipts.
#[derive(Debug, Default, PartialEq, Eq)]
struct Judgement {
    /// That carriers got rid of.
    told: u64,
    /// Messages that they are about.
    messages: u64,
    /// Messages that do not have the end that a receipt told.
    unmatched: u64,
    /// Messages with an end that no receipt told.
    wrong: u64,
    /// Messages with receipts against each other that are not marked so.
    unmarked: u64,
    /// Messages that are marked so though their receipts agree.
    wrongly_marked: u64,
    contradicted: u64,
    /// Receipts that the platform has and cannot place.
    parked: u64,
}

/// The ends that receipts told of one message.
#[derive(Debug, Default)]
struct Ends {
    delivered: bool,
    undelivered: bool,
}

impl Judgement {
    /// Compares lines `id recipient STATE` with the messages.
    fn of(told: &str, stored: &[Stored]) -> anyhow::Result<Self> {
        let mut judgement = Self::default();
        let mut ends: HashMap<&str, Ends> = HashMap::new();
        for line in told.lines() {
            judgement.told += 1;
            let mut words = line.split(' ').skip(1);
            let (recipient, state) = words.next().zip(words.next()).context("a receipt has no state")?;
            let known = ends.entry(recipient).or_default();
            match state {
                "DELIVRD" => known.delivered = true,
                "UNDELIV" => known.undelivered = true,
                _ => {}
            }
        }
        let by_recipient: HashMap<&str, &Stored> =
            stored.iter().map(|message| (message.recipient.as_str(), message)).collect();
        judgement.messages = u64::try_from(ends.len()).unwrap_or(u64::MAX);
        for (recipient, ends) in &ends {
            match by_recipient.get(recipient) {
                Some(message) => judgement.add(message, ends),
                None => judgement.unmatched += 1,
            }
        }
        for message in stored {
            let has_end = matches!(message.state.as_str(), "delivered" | "undelivered");
            judgement.wrong += u64::from(has_end && !ends.contains_key(message.recipient.as_str()));
        }
        Ok(judgement)
    }

    fn add(&mut self, message: &Stored, ends: &Ends) {
        let differ = ends.delivered && ends.undelivered;
        match message.state.as_str() {
            "delivered" => self.wrong += u64::from(!ends.delivered),
            "undelivered" => self.wrong += u64::from(!ends.undelivered),
            _ => self.unmatched += u64::from(ends.delivered || ends.undelivered),
        }
        self.contradicted += u64::from(differ);
        // Of two copies one may arrive and the other not.
        self.unmarked += u64::from(differ && !message.is_contradicted && !message.is_marked);
        self.wrongly_marked += u64::from(!differ && message.is_contradicted);
    }

    fn add_to(&self, wanted: u64, bars: &mut Bars) {
        let none = Limit::AtMost(0);
        let figures = [
            ("receipts told", self.told, Limit::AtLeast(wanted)),
            ("messages with receipts", self.messages, Limit::None),
            ("messages without their receipt", self.unmatched, none),
            ("messages with a wrong end", self.wrong, none),
            ("receipts without a message", self.parked, none),
            ("told against each other", self.contradicted, Limit::AtLeast(1)),
            ("told against each other, unmarked", self.unmarked, none),
            ("marked so though they agree", self.wrongly_marked, none),
        ];
        for (name, value, limit) in figures {
            bars.add(name, value, "", limit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(recipient: &str, state: &str, is_contradicted: bool) -> Stored {
        Stored {
            id: String::new(),
            recipient: recipient.to_owned(),
            state: state.to_owned(),
            charge: "charged".to_owned(),
            price_micros: 1,
            is_marked: false,
            is_contradicted,
        }
    }

    #[test]
    fn receipts_are_found_again_in_their_messages() {
        let told = "a 1 ENROUTE\na 1 DELIVRD\na 1 DELIVRD\nb 2 UNDELIV\nb 2 DELIVRD\n";
        let good = [message("1", "delivered", false), message("2", "undelivered", true)];
        let all_well = Judgement { told: 5, messages: 2, contradicted: 1, ..Judgement::default() };
        assert_eq!(Judgement::of(told, &good).unwrap(), all_well);
        type Case<'a> = (&'a str, [Stored; 2], fn(&mut Judgement));
        let cases: [Case<'_>; 5] = [
            (
                "not heard of",
                [message("1", "submitted", false), message("2", "undelivered", true)],
                |expected| expected.unmatched = 1,
            ),
            (
                "another one's",
                [message("1", "undelivered", false), message("2", "undelivered", true)],
                |expected| expected.wrong = 1,
            ),
            (
                "silent about a contradiction",
                [message("1", "delivered", false), message("2", "delivered", false)],
                |expected| expected.unmarked = 1,
            ),
            (
                "a contradiction that is none",
                [message("1", "delivered", true), message("2", "delivered", true)],
                |expected| expected.wrongly_marked = 1,
            ),
            (
                "somebody else's receipt, and none of its own",
                [message("3", "delivered", false), message("2", "delivered", true)],
                |expected| (expected.wrong, expected.unmatched) = (1, 1),
            ),
        ];
        for (name, stored, change) in cases {
            let mut expected = Judgement { told: 5, messages: 2, contradicted: 1, ..Judgement::default() };
            change(&mut expected);
            assert_eq!(Judgement::of(told, &stored).unwrap(), expected, "{name}");
        }
        assert!(Judgement::of("a 1\n", &[]).is_err());
    }
}
