//! `cargo xtask crash kill9`: SIGKILL under load, again and again on one data folder.
//!
//! After the last restart all records must agree. Start at [`run`].

use std::time::Duration;

use super::chance::Chance;
use super::scene::{self, Rates, Scene};
use super::store::Store;
use super::{Settings, ms};
use crate::bench::bars::{Bars, Limit, progress};
use crate::bench::load::Tools;
use crate::process;

/// Messages per second that are offered, together well above the bar. Every other cut the customers over SMPP
/// send as fast as they are answered, so that much is in hand at every place when the process dies.
const RATES: [Rates; 2] = [Rates { smpp: "1200", http: "600" }, Rates { smpp: "max", http: "600" }];
/// Messages per second that must be promised on average while the platform lives.
const RATE_LIMIT: u64 = 1_000;
/// The moment of a cut: milliseconds after the first promise.
const CUT_MS: std::ops::Range<u64> = 100..2_500;

/// Arguments of `cargo xtask crash kill9`.
#[derive(Debug, clap::Args)]
pub(crate) struct Kill9Arguments {
    /// How often to kill.
    #[arg(long, default_value_t = 3)]
    pub(super) cuts: u64,
    #[command(flatten)]
    pub(super) settings: Settings,
    /// Where the platform keeps its messages; a database server is not killed with it.
    #[arg(long, value_enum, default_value_t)]
    store: Store,
}

impl Kill9Arguments {
    /// That many cuts at moments of chance.
    pub(super) fn of(cuts: u64, store: Store) -> Self {
        Self { cuts, settings: Settings::default(), store }
    }
}

/// Kills, restarts, verifies and judges.
pub(super) fn run(arguments: &Kill9Arguments) -> anyhow::Result<()> {
    let settings = &arguments.settings;
    let tools = Tools::build(settings.binary.as_deref())?;
    let folder = scene::folder(&tools, settings)?;
    let mut chance = Chance::new(settings.seed());
    // The server lives as long as this value.
    let (_database, engine) = arguments.store.open(&tools, folder.path())?;
    let mut scene = Scene::open(tools, folder.path(), engine)?;
    let mut lived = Duration::ZERO;
    for (cut, rates) in (0..arguments.cuts).zip(RATES.into_iter().cycle()) {
        let after = Duration::from_millis(chance.within(&CUT_MS));
        lived += kill(&mut scene, cut, rates, after)?;
    }
    let findings = scene.verify()?;
    let rate = findings.promised.saturating_mul(1_000) / ms(lived).max(1);
    let mut bars = Bars::new(settings.json);
    bars.add("cuts", arguments.cuts, "", Limit::None);
    bars.add("promised while alive", rate, "messages/s", Limit::AtLeast(RATE_LIMIT));
    bars.add("longest start", ms(scene.longest_start), "ms", Limit::None);
    findings.add_to(&mut bars, "");
    bars.finish()
}

/// Starts on the folder as it is, lets customers send, and kills; gives how long it lived after the first
/// promise.
fn kill(scene: &mut Scene, number: u64, rates: Rates, after: Duration) -> anyhow::Result<Duration> {
    let server = scene.start()?;
    let customers = scene.load(&server, rates)?;
    let begun = process::now();
    std::thread::sleep(after);
    let lived = begun.elapsed();
    server.kill()?;
    let told = customers.finish()?;
    progress(&format!(
        "cut {number} after {} ms: {} promised, refused {:?}",
        after.as_millis(),
        told.promised,
        told.refused
    ));
    Ok(lived)
}
