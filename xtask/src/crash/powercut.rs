//! `cargo xtask crash powercut`: the power goes under load, again and again on one disk.
//!
//! A killed process leaves what it had handed to the system; a machine without power does not. The disk is an
//! XFS in a file whose shutdown call drops whatever was not synced. The power also goes while the platform
//! starts. A control proves that this finds anything at all: a platform whose syncs do nothing must lose.
//! Start at [`run`].

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use super::chance::Chance;
use super::disk::Disk;
use super::scene::{self, Engine, Findings, Rates, Scene};
use super::{Settings, ms};
use crate::bench::bars::{Bars, Limit, progress};
use crate::bench::load::Tools;
use crate::need::{self, Need};
use crate::process;

const RATES: [Rates; 2] = [Rates { smpp: "1000", http: "300" }, Rates { smpp: "max", http: "300" }];
/// The moment of a cut: milliseconds after the first promise.
const CUT_MS: std::ops::Range<u64> = 50..1_500;
/// The moment of a cut while the platform starts: milliseconds after its process was started.
const START_CUT_MS: std::ops::Range<u64> = 5..1_000;
/// The size of the disk; its file grows as it is used.
const DISK_MIB: u64 = 8 * 1024;
/// Cuts of the platform whose syncs do nothing.
const CONTROL_CUTS: u64 = 2;
/// The library that makes syncs do nothing.
const NO_SYNC: &str = "libeatmydata.so";
/// How long a process may take to end when it is killed.
const END_LIMIT: Duration = Duration::from_secs(30);

/// Arguments of `cargo xtask crash powercut`.
#[derive(Debug, clap::Args)]
pub(crate) struct PowercutArguments {
    /// How often the power goes under load.
    #[arg(long, default_value_t = 3)]
    pub(super) cuts: u64,
    /// How often it goes while the platform starts: on an empty disk, and once more on what that has left.
    #[arg(long, default_value_t = 2)]
    pub(super) starts: u64,
    /// Only kill the process, on an ordinary folder. This needs no root and proves much less.
    #[arg(long)]
    pub(super) without_powercut: bool,
    #[command(flatten)]
    pub(super) settings: Settings,
}

/// Where the platform runs, and what ends it all at once.
pub(super) struct Ground {
    disk: Option<Disk>,
}

impl Ground {
    /// A disk below the folder, or nothing but the folder.
    pub(super) fn new(folder: &Path, data: &Path, without_powercut: bool) -> anyhow::Result<Self> {
        if without_powercut {
            return Ok(Self { disk: None });
        }
        let disk = Disk::xfs(&folder.join("disk.xfs"), data, DISK_MIB)
            .context("a power cut is not possible here; --without-powercut only kills the process")?;
        Ok(Self { disk: Some(disk) })
    }

    /// Cuts the power and makes sure that the platform is dead.
    pub(super) fn cut(
        &self,
        scene: &mut Scene,
        kill: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let Some(disk) = &self.disk else { return kill() };
        let mut switch = disk.power_switch()?;
        scene.fall_dark();
        process::output(&mut switch)?;
        kill()
    }

    /// Writes everything that waits to the disk.
    pub(super) fn sync(&self) -> anyhow::Result<()> {
        self.disk.as_ref().map_or(Ok(()), Disk::sync)
    }

    /// Removes everything, as for a new installation.
    fn wipe(&self, data: &Path) -> anyhow::Result<()> {
        match &self.disk {
            Some(disk) => disk.wipe(),
            None if data.exists() => Ok(std::fs::remove_dir_all(data)?),
            None => Ok(()),
        }
    }

    /// The machine starts again.
    pub(super) fn start_again(&self) -> anyhow::Result<()> {
        self.disk.as_ref().map_or(Ok(()), Disk::start_again)
    }
}

/// Cuts, restarts, verifies and judges.
pub(super) fn run(arguments: &PowercutArguments) -> anyhow::Result<()> {
    let settings = &arguments.settings;
    let mut chance = Chance::new(settings.seed());
    let mut bars = Bars::new(settings.json);
    let (findings, longest_start) = under_load(arguments, &mut chance, None, arguments.cuts)?;
    bars.add("cuts", arguments.cuts, "", Limit::None);
    bars.add("longest start", ms(longest_start), "ms", Limit::None);
    findings.add_to(&mut bars, "");
    let starts = at_the_start(arguments, &mut chance)?;
    bars.add("cuts while it starts", arguments.starts * 2, "", Limit::None);
    bars.add("starts that fail afterwards", starts.failed, "", Limit::AtMost(0));
    bars.add("logins lost that were shown", starts.changed, "", Limit::AtMost(0));
    if !arguments.without_powercut {
        need::provide(Need::EatMyData)?;
        progress("control: syncs do nothing");
        let lost = match under_load(arguments, &mut chance, Some(NO_SYNC), CONTROL_CUTS) {
            Ok((findings, _)) => findings.verdict.lost_in_store,
            Err(error) => {
                // A disk on which not even the platform starts any more has lost everything.
                progress(&format!("the control did not survive: {error:#}"));
                1
            }
        };
        bars.add("control without syncs: promised and not stored", lost, "messages", Limit::AtLeast(1));
    }
    bars.finish()
}

/// Cuts under load on a disk of its own, with a library in every platform but the first and the last.
fn under_load(
    arguments: &PowercutArguments,
    chance: &mut Chance,
    library: Option<&str>,
    cuts: u64,
) -> anyhow::Result<(Findings, Duration)> {
    let tools = Tools::build(arguments.settings.binary.as_deref())?;
    let folder = scene::folder(&tools, &arguments.settings)?;
    let data = folder.path().join("data");
    let ground = Ground::new(folder.path(), &data, arguments.without_powercut)?;
    let mut scene = Scene::open(tools, folder.path(), Engine::sqlite(data))?;
    // The account and its logins are there before the power goes; cuts of the first start are a test apart.
    scene.start()?.terminate()?;
    ground.sync()?;
    let sound = scene.engine.clone();
    if let Some(library) = library {
        scene.engine = sound.clone().with("LD_PRELOAD", library);
    }
    for (cut, rates) in (0..cuts).zip(RATES.into_iter().cycle()) {
        let server = scene.start()?;
        let customers = scene.load(&server, rates)?;
        let after_ms = chance.within(&CUT_MS);
        std::thread::sleep(Duration::from_millis(after_ms));
        ground.cut(&mut scene, || server.kill())?;
        let told = customers.finish()?;
        scene.end_dark();
        ground.start_again()?;
        progress(&format!(
            "cut {cut} after {after_ms} ms: {} promised, refused {:?}",
            told.promised, told.refused
        ));
    }
    scene.engine = sound;
    let findings = scene.verify()?;
    Ok((findings, scene.longest_start))
}

/// What became of cuts while the platform starts.
#[derive(Debug, Default)]
struct Starts {
    /// How often it did not start afterwards.
    failed: u64,
    /// How often logins that it had shown before the cut were others afterwards.
    changed: u64,
}

/// Cuts while the platform starts for the first time and for the second.
fn at_the_start(arguments: &PowercutArguments, chance: &mut Chance) -> anyhow::Result<Starts> {
    let tools = Tools::build(arguments.settings.binary.as_deref())?;
    let folder = scene::folder(&tools, &arguments.settings)?;
    let data = folder.path().join("data");
    let ground = Ground::new(folder.path(), &data, arguments.without_powercut)?;
    let mut scene = Scene::open(tools, folder.path(), Engine::sqlite(data.clone()))?;
    let mut starts = Starts::default();
    for start in 0..arguments.starts {
        ground.wipe(&data)?;
        for what in ["first", "second"] {
            let after_ms = chance.within(&START_CUT_MS);
            let mut starting = scene.begin_start()?;
            std::thread::sleep(Duration::from_millis(after_ms));
            let shown = shown_logins(&data);
            ground.cut(&mut scene, || starting.signal_and_wait("KILL", END_LIMIT).map(drop))?;
            scene.end_dark();
            ground.start_again()?;
            progress(&format!("cut during the {what} start of {start} after {after_ms} ms"));
            let logins = scene.start().and_then(|server| {
                let logins = shown_logins(&data);
                server.terminate().map(|()| logins)
            });
            match logins {
                Ok(logins) => starts.changed += u64::from(!shown.is_empty() && shown != logins),
                Err(error) => {
                    progress(&format!("it does not start any more: {error:#}"));
                    starts.failed += 1;
                    break;
                }
            }
        }
    }
    Ok(starts)
}

/// Keys, secrets and passwords of `demo.env`, and the authority that clients are to trust; none before it is
/// there. Addresses change with every start.
fn shown_logins(data: &Path) -> Vec<String> {
    let Ok(text) = std::fs::read_to_string(data.join("demo.env")) else { return Vec::new() };
    let authority = std::fs::read_to_string(data.join("tls/ca.pem")).unwrap_or_default();
    let is_login = |line: &&str| {
        let (name, _) = line.split_once('=').unwrap_or_default();
        ["KEY", "SECRET", "PASSWORD", "SYSTEM_ID", "SID"].iter().any(|word| name.ends_with(word))
    };
    text.lines().filter(is_login).map(str::to_owned).chain([authority]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_told_from_addresses() {
        let folder = tempfile::tempdir().unwrap();
        assert!(shown_logins(folder.path()).is_empty());
        let text = "CHAPPE_HTTP=127.0.0.1:1\nCHAPPE_API_KEY=a\nCHAPPE_STAFF_PASSWORD=b\nCHAPPE_CA=c\n";
        std::fs::write(folder.path().join("demo.env"), text).unwrap();
        std::fs::create_dir(folder.path().join("tls")).unwrap();
        std::fs::write(folder.path().join("tls/ca.pem"), "c").unwrap();
        assert_eq!(shown_logins(folder.path()), ["CHAPPE_API_KEY=a", "CHAPPE_STAFF_PASSWORD=b", "c"]);
    }
}
