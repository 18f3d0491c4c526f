//! `cargo xtask crash kill-postgres`: SIGKILL of the database server and all its processes under load, again and
//! again, while the platform lives on.
//!
//! The platform is never started again: it refuses while the database is away, looks up what became of the commit
//! that was under way, and goes on. Every few times the server dies once more as soon as it is back, in the middle of
//! that. Start at [`run`].

use std::time::Duration;

use anyhow::Context as _;

use super::chance::Chance;
use super::scene::{self, Customers, Rates, Scene};
use super::store::{Database, Store};
use super::{Settings, ms};
use crate::bench::bars::{Bars, Limit, progress};
use crate::bench::load::Tools;
use crate::process;
use crate::server::Server;

/// Messages per second that are offered.
const RATES: Rates = Rates { smpp: "1000", http: "400" };
/// The moment of a kill: milliseconds after the first promise since the server is back.
const KILL_MS: std::ops::Range<u64> = 100..2_500;
/// How long the server stays away, in milliseconds.
const AWAY_MS: std::ops::Range<u64> = 0..2_000;
/// One kill of so many comes before the platform has promised anything since the one before.
const EARLY_ONE_OF: u64 = 4;
/// The moment of such a kill: milliseconds after the server is back.
const EARLY_MS: std::ops::Range<u64> = 0..400;
/// Kills after which others take the place of the customers, who must not run out of recipients.
const KILLS_PER_LOAD: u64 = 20;
/// Milliseconds from the server's return to the next promise.
const RECOVERY_LIMIT_MS: u64 = 10_000;

/// What the platform says in its log of a commit that may or may not be there, and of how that ended.
const ASKED: &str = "the connection was lost during a commit";
const ANSWERED: [&str; 2] = ["the commit is there", "the commit is not there"];

/// Arguments of `cargo xtask crash kill-postgres`.
#[derive(Debug, clap::Args)]
pub(crate) struct KillPostgresArguments {
    /// How often to kill the database server.
    #[arg(long, default_value_t = 3)]
    pub(super) cuts: u64,
    #[command(flatten)]
    pub(super) settings: Settings,
}

/// Kills the database, verifies and judges.
pub(super) fn run(arguments: &KillPostgresArguments) -> anyhow::Result<()> {
    let settings = &arguments.settings;
    let tools = Tools::build(settings.binary.as_deref())?;
    let folder = scene::folder(&tools, settings)?;
    let mut chance = Chance::new(settings.seed());
    let (database, engine) = Store::Postgres.open(&tools, folder.path())?;
    let mut database = database.context("there is no database")?;
    let mut scene = Scene::open(tools, folder.path(), engine)?;
    let mut server = scene.start()?;
    let mut seen = Seen::default();
    let played = seen.play(arguments.cuts, &mut scene, &mut server, &mut database, &mut chance);
    played.map_err(|error| server.explained(&error))?;
    let (findings, _) = scene.compare(&server).map_err(|error| server.explained(&error))?;
    let words = Words::of(&std::fs::read_to_string(server.log())?);
    server.terminate()?;
    let mut bars = Bars::new(settings.json);
    let none = Limit::AtMost(0);
    bars.add("cuts", arguments.cuts, "", Limit::None);
    bars.add("processes of the database killed", seen.killed, "", Limit::AtLeast(arguments.cuts));
    bars.add("survived without a new start", seen.survived, "", Limit::AtLeast(arguments.cuts));
    bars.add("longest until it promised again", ms(seen.longest), "ms", Limit::AtMost(RECOVERY_LIMIT_MS));
    bars.add("commits with an unknown outcome", words.asked, "", Limit::AtLeast(1));
    bars.add("of these, found", words.found, "", Limit::None);
    bars.add("of these, not found", words.not_found, "", Limit::None);
    bars.add("of these, never looked up", words.unanswered(), "", none);
    bars.add("panics in the log", words.panics, "lines", none);
    findings.add_to(&mut bars, "");
    bars.finish()
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Seen {
    /// Processes of the database that were killed.
    killed: u64,
    /// Kills after which the platform was still there.
    survived: u64,
    /// The longest time from the return of the database to a promise.
    longest: Duration,
}

impl Seen {
    /// Lets customers send and kills the database; at the end customers are gone and the database is there.
    fn play(
        &mut self,
        cuts: u64,
        scene: &mut Scene,
        server: &mut Server,
        database: &mut Database,
        chance: &mut Chance,
    ) -> anyhow::Result<()> {
        let mut customers: Option<Customers> = None;
        let mut early = false;
        for cut in 0..cuts {
            if customers.is_none() || (!early && cut % KILLS_PER_LOAD == 0) {
                // What they were promised is written down already.
                drop(customers.take());
                customers = Some(scene.load(server, RATES)?);
            }
            let after_ms = chance.within(if early { &EARLY_MS } else { &KILL_MS });
            std::thread::sleep(Duration::from_millis(after_ms));
            self.killed = database.kill()?;
            let away_ms = chance.within(&AWAY_MS);
            std::thread::sleep(Duration::from_millis(away_ms));
            database.start_again()?;
            progress(&format!(
                "cut {cut} after {after_ms} ms{}, away for {away_ms} ms",
                if early { " of coming back" } else { "" }
            ));
            early = cut % EARLY_ONE_OF == EARLY_ONE_OF - 1 && cut + 1 < cuts;
            if !early {
                let begun = process::now();
                scene.wait_for_promise(server)?;
                self.longest = self.longest.max(begun.elapsed());
            }
            anyhow::ensure!(!server.has_ended()?, "the platform has ended with its database");
            self.survived += 1;
        }
        Ok(())
    }
}

/// What the log says of commits, and what a person should look at.
#[derive(Debug, Default, PartialEq, Eq)]
struct Words {
    asked: u64,
    found: u64,
    not_found: u64,
    panics: u64,
}

impl Words {
    fn of(log: &str) -> Self {
        let count = |word: &str| {
            u64::try_from(log.lines().filter(|line| line.contains(word)).count()).unwrap_or(u64::MAX)
        };
        let [there, not_there] = ANSWERED;
        Self {
            asked: count(ASKED),
            found: count(there),
            not_found: count(not_there),
            panics: count("panicked"),
        }
    }

    const fn unanswered(&self) -> u64 {
        self.asked.saturating_sub(self.found + self.not_found)
    }
}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn commits_that_were_looked_up_are_read_from_the_log() {
        let log = "{\"message\":\"the connection was lost during a commit; the journal is asked for it\"}\n\
                   {\"message\":\"the commit is there\",\"seq\":7}\n\
                   the connection was lost during a commit; the journal is asked for it\n\
                   the connection was lost during a commit; the journal is asked for it\n\
                   the commit is not there\nthread 'x' panicked at y\n";
        let words = Words::of(log);
        assert_eq!(words, Words { asked: 3, found: 1, not_found: 1, panics: 1 });
        assert_eq!(words.unanswered(), 1);
    }
}
