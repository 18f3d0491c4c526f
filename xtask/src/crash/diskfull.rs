//! `cargo xtask crash diskfull`: the disk is full for a while under load, again and again in one life.
//!
//! While it is full customers are refused with `unavailable` and readiness is off, the process lives, and it
//! recovers by itself when there is room again. Nothing promised is lost. On a disk (XFS in a file) and in
//! memory (tmpfs), because they notice a lack of room at different calls. Start at [`run`].

use std::time::Duration;

use super::chance::Chance;
use super::disk::Disk;
use super::inquiry::{self, Submitted};
use super::scene::{self, Engine, Rates, Scene};
use super::{Settings, ms};
use crate::bench::bars::{Bars, Limit, progress};
use crate::bench::load::Tools;
use crate::process;
use crate::server::Server;

const RATES: Rates = Rates { smpp: "800", http: "200" };
/// The size of both file systems: XFS has a smallest size.
const DISK_MIB: u64 = 512;
/// How long the disk has room, from one round to the next, in milliseconds.
const ROOM_MS: std::ops::Range<u64> = 500..2_500;
/// How long the disk stays full after that was noticed, in milliseconds.
const FULL_MS: std::ops::Range<u64> = 1_000..4_000;
/// How long it may take until a full disk is noticed: the log has room of its own for a while.
const NOTICE_LIMIT: Duration = Duration::from_secs(60);
/// How long it may take to recover.
const RECOVERY_LIMIT: Duration = Duration::from_secs(30);
/// Milliseconds in which it must recover.
const RECOVERY_LIMIT_MS: u64 = 5_000;
/// The pause between two looks at a full disk.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// Where the driver's own messages go; nobody else sends there.
const PROBE_NUMBERS: u64 = 32_470_000_000;
/// What customers may be refused with: over SMPP the queue is full, over HTTP it is unavailable.
const LAWFUL_REFUSALS: [&str; 2] = ["ESME_RMSGQFUL", "503 unavailable"];

/// What customers over SMPP hear who go on sending while the platform takes leave of them at the end.
const LEAVE: &str = "ESME_RINVBNDSTS";

/// Arguments of `cargo xtask crash diskfull`.
#[derive(Debug, clap::Args)]
pub(crate) struct DiskfullArguments {
    /// How often each disk becomes full.
    #[arg(long, default_value_t = 3)]
    pub(super) rounds: u64,
    #[command(flatten)]
    pub(super) settings: Settings,
}

/// What was seen on one disk.
#[derive(Debug, Default)]
struct Seen {
    /// Messages of our own that were refused lawfully.
    refused: u64,
    /// Answers that were neither a promise nor a lawful refusal.
    strange: u64,
    /// Messages of our own so far.
    probes: u64,
    /// Rounds in which readiness did not end.
    stayed_ready: u64,
    /// Rounds in which the process did not answer that it lives.
    not_alive: u64,
    longest_notice: Duration,
    longest_recovery: Duration,
}

/// Fills, frees, verifies and judges.
pub(super) fn run(arguments: &DiskfullArguments) -> anyhow::Result<()> {
    let mut chance = Chance::new(arguments.settings.seed());
    let mut bars = Bars::new(arguments.settings.json);
    for kind in ["xfs", "tmpfs"] {
        on_one(arguments, &mut chance, kind, &mut bars)?;
    }
    bars.finish()
}

fn on_one(
    arguments: &DiskfullArguments,
    chance: &mut Chance,
    kind: &str,
    bars: &mut Bars,
) -> anyhow::Result<()> {
    let tools = Tools::build(arguments.settings.binary.as_deref())?;
    let folder = scene::folder(&tools, &arguments.settings)?;
    let data = folder.path().join("data");
    let disk = match kind {
        "xfs" => Disk::xfs(&folder.path().join("disk.xfs"), &data, DISK_MIB)?,
        _ => Disk::memory(&data, DISK_MIB)?,
    };
    let mut scene = Scene::open(tools, folder.path(), Engine::sqlite(data))?;
    let server = scene.start()?;
    let customers = scene.load(&server, RATES)?;
    let mut seen = Seen::default();
    for number in 0..arguments.rounds {
        progress(&format!("{kind} is full, round {number}"));
        let done = seen.round(&scene, &server, &disk, chance);
        done.map_err(|error| server.explained(&error))?;
    }
    let log = server.log().to_owned();
    server.terminate()?;
    // The next start begins the log anew.
    let kept = log.with_file_name("full.log");
    std::fs::copy(&log, &kept)?;
    let words = Words::of(&std::fs::read_to_string(&kept)?);
    let mut told = customers.finish()?;
    told.refused.retain(|(word, _)| word != LEAVE);
    progress(&format!("customers were refused {:?}", told.refused));
    let findings = scene.verify()?;
    let is_lawful = |word: &str| LAWFUL_REFUSALS.contains(&word);
    let sum = |lawful: bool| {
        told.refused.iter().filter(|(word, _)| is_lawful(word) == lawful).map(|(_, n)| n).sum::<u64>()
    };
    let none = Limit::AtMost(0);
    let figures = [
        ("times full", arguments.rounds, "", Limit::None),
        ("refused", sum(true) + seen.refused, "messages", Limit::AtLeast(1)),
        ("refused with another word", sum(false) + seen.strange, "messages", none),
        ("longest until it was noticed", ms(seen.longest_notice), "ms", Limit::None),
        ("longest until it recovered", ms(seen.longest_recovery), "ms", Limit::AtMost(RECOVERY_LIMIT_MS)),
        ("rounds in which it stayed ready", seen.stayed_ready, "", none),
        ("rounds in which it did not live", seen.not_alive, "", none),
        ("panics in the log", words.panics, "lines", none),
        ("errors in the log", words.errors, "lines", Limit::None),
    ];
    for (name, value, unit, limit) in figures {
        bars.add(format!("{kind}: {name}"), value, unit, limit);
    }
    findings.add_to(bars, &format!("{kind}: "));
    Ok(())
}

impl Seen {
    /// Fills the disk, watches, frees it and waits for the recovery.
    fn round(
        &mut self,
        scene: &Scene,
        server: &Server,
        disk: &Disk,
        chance: &mut Chance,
    ) -> anyhow::Result<()> {
        std::thread::sleep(Duration::from_millis(chance.within(&ROOM_MS)));
        let filler = disk.fill()?;
        let begun = process::now();
        process::wait_for("a full disk to be noticed", NOTICE_LIMIT, || {
            Ok((!self.submit(scene, server)?).then_some(()))
        })?;
        self.longest_notice = self.longest_notice.max(begun.elapsed());
        let full_for = Duration::from_millis(chance.within(&FULL_MS));
        let begun = process::now();
        let mut was_unready = false;
        let mut is_alive = true;
        while begun.elapsed() < full_for {
            was_unready |= inquiry::status(server, "/readyz")? == 503;
            is_alive &= inquiry::status(server, "/livez")? == 200;
            self.submit(scene, server)?;
            std::thread::sleep(LOOK_INTERVAL);
        }
        self.stayed_ready += u64::from(!was_unready);
        self.not_alive += u64::from(!is_alive);
        drop(filler);
        let begun = process::now();
        process::wait_for("the recovery", RECOVERY_LIMIT, || {
            Ok((self.submit(scene, server)? && inquiry::status(server, "/readyz")? == 200).then_some(()))
        })?;
        self.longest_recovery = self.longest_recovery.max(begun.elapsed());
        Ok(())
    }

    /// Sends a message of our own; says whether it was promised.
    fn submit(&mut self, scene: &Scene, server: &Server) -> anyhow::Result<bool> {
        let recipient = PROBE_NUMBERS + self.probes;
        self.probes += 1;
        match inquiry::submit(server, recipient)? {
            Submitted::Promised(id) => {
                scene.note_promise(&id, &recipient.to_string())?;
                return Ok(true);
            }
            Submitted::Refused(word) if LAWFUL_REFUSALS.contains(&word.as_str()) => self.refused += 1,
            Submitted::Refused(word) => {
                progress(&format!("a message was refused with {word}"));
                self.strange += 1;
            }
        }
        Ok(false)
    }
}

/// What the log says that a person should look at.
#[derive(Debug, Default, PartialEq, Eq)]
struct Words {
    panics: u64,
    errors: u64,
}

impl Words {
    fn of(log: &str) -> Self {
        let count = |word: &str| {
            u64::try_from(log.lines().filter(|line| line.contains(word)).count()).unwrap_or(u64::MAX)
        };
        Self { panics: count("panicked"), errors: count("\"level\":\"ERROR\"") }
    }
}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn words_of_the_log_are_counted() {
        let log = "{\"level\":\"INFO\"}\n{\"level\":\"ERROR\"}\nthread 'x' panicked at y\n";
        assert_eq!(Words::of(log), Words { panics: 1, errors: 1 });
    }
}
