//! `cargo xtask crash iofault`: writes, reads and syncs of the store fail under load, again and again.
//!
//! `libfiu` makes the calls of the running process fail, in turn as in [`FAULTS`]. Nothing that was not kept may
//! be promised, and a process that is in doubt stops by itself. Every round ends with a power cut, because the
//! memory of the system would cover up for a sync that failed. Start at [`run`].

use std::path::Path;
use std::time::Duration;

use super::chance::Chance;
use super::powercut::Ground;
use super::scene::{self, Engine, Rates, Scene};
use super::{Settings, ms};
use crate::bench::bars::{Bars, Limit, progress};
use crate::bench::load::Tools;
use crate::need::{self, Need};
use crate::process;
use crate::server::Server;

const RATES: Rates = Rates { smpp: "1000", http: "300" };
/// How long the platform is sound after its first promise, in milliseconds.
const SOUND_MS: std::ops::Range<u64> = 50..800;
/// How long calls fail, in milliseconds.
const FAULT_MS: std::ops::Range<u64> = 500..1_500;
/// How long it may take a platform in doubt to stop: it takes leave of its customers, as at every stop.
const STOP_LIMIT: Duration = Duration::from_secs(60);
/// The libraries that make calls fail, loaded before all others.
const LIBRARIES: &str = "/usr/lib/fiu/fiu_run_preload.so /usr/lib/fiu/fiu_posix_preload.so";

/// What the process has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Duty {
    /// Nobody knows what is on the disk: it stops by itself.
    Stop,
    /// It may stop or go on.
    Either,
    /// Nothing is in doubt: it goes on.
    GoOn,
}

/// A way in which calls fail.
#[derive(Debug)]
struct Fault {
    about: &'static str,
    /// A command of `fiu-ctrl`.
    command: &'static str,
    /// The name of what is made to fail, to make it succeed again.
    name: &'static str,
    duty: Duty,
}

/// The faults, one per round. SQLite writes and reads at places (`pwrite`, `pread`) and syncs with `fsync`;
/// nothing else in the process does the former. 5 is EIO, 28 is ENOSPC.
const FAULTS: &[Fault] = &[
    Fault {
        about: "every sync fails",
        command: "enable name=posix/io/sync/fsync,failinfo=5",
        name: "posix/io/sync/fsync",
        duty: Duty::Stop,
    },
    Fault {
        about: "every write fails",
        command: "enable name=posix/io/rw/pwrite,failinfo=5",
        name: "posix/io/rw/pwrite",
        duty: Duty::Either,
    },
    Fault {
        about: "one sync fails",
        command: "enable name=posix/io/sync/fsync,failinfo=5,onetime",
        name: "posix/io/sync/fsync",
        duty: Duty::Stop,
    },
    Fault {
        about: "some writes fail",
        command: "enable_random name=posix/io/rw/pwrite,failinfo=5,probability=0.01",
        name: "posix/io/rw/pwrite",
        duty: Duty::Either,
    },
    Fault {
        about: "some writes are short",
        command: "enable_random name=posix/io/rw/pwrite/reduce,probability=0.2",
        name: "posix/io/rw/pwrite/reduce",
        duty: Duty::GoOn,
    },
    Fault {
        about: "some syncs fail",
        command: "enable_random name=posix/io/sync/fsync,failinfo=5,probability=0.02",
        name: "posix/io/sync/fsync",
        duty: Duty::Stop,
    },
    Fault {
        about: "some writes find no room",
        command: "enable_random name=posix/io/rw/pwrite,failinfo=28,probability=0.05",
        name: "posix/io/rw/pwrite",
        duty: Duty::GoOn,
    },
    Fault {
        about: "some reads fail",
        command: "enable_random name=posix/io/rw/pread,failinfo=5,probability=0.02",
        name: "posix/io/rw/pread",
        duty: Duty::Either,
    },
];

/// Arguments of `cargo xtask crash iofault`.
#[derive(Debug, clap::Args)]
pub(crate) struct IofaultArguments {
    /// How many rounds, each with the next fault of the list.
    #[arg(long, default_value_t = 8)]
    pub(super) rounds: u64,
    /// Only kill the process after each round, on an ordinary folder. This needs no root and proves less.
    #[arg(long)]
    pub(super) without_powercut: bool,
    #[command(flatten)]
    pub(super) settings: Settings,
}

/// What the processes did.
#[derive(Debug, Default)]
struct Seen {
    stopped: u64,
    went_on: u64,
    /// Times that one went on though it must stop.
    went_on_in_doubt: u64,
    /// Times that one stopped though nothing was in doubt.
    stopped_for_nothing: u64,
    failed_starts: u64,
    refused: u64,
    longest_stop: Duration,
}

/// Makes calls fail, restarts, verifies and judges.
pub(super) fn run(arguments: &IofaultArguments) -> anyhow::Result<()> {
    need::provide(Need::Fiu)?;
    let settings = &arguments.settings;
    let mut chance = Chance::new(settings.seed());
    let tools = Tools::build(settings.binary.as_deref())?;
    let folder = scene::folder(&tools, settings)?;
    let data = folder.path().join("data");
    let ground = Ground::new(folder.path(), &data, arguments.without_powercut)?;
    let control = folder.path().join("fiu");
    let sound = Engine::sqlite(data);
    let spoilt = sound
        .clone()
        .with("LD_PRELOAD", LIBRARIES)
        .with("FIU_ENABLE", "")
        .with("FIU_CTRL_FIFO", &control.to_string_lossy());
    let mut scene = Scene::open(tools, folder.path(), sound.clone())?;
    scene.start()?.terminate()?;
    ground.sync()?;
    scene.engine = spoilt;
    let mut seen = Seen::default();
    for (number, fault) in (0..arguments.rounds).zip(FAULTS.iter().cycle()) {
        seen.round(&mut scene, &ground, &control, fault, number, &mut chance)?;
    }
    scene.engine = sound;
    let findings = scene.verify()?;
    let mut bars = Bars::new(settings.json);
    let none = Limit::AtMost(0);
    bars.add("rounds", arguments.rounds, "", Limit::None);
    bars.add("refused", seen.refused, "messages", Limit::None);
    bars.add("stopped by itself", seen.stopped, "", Limit::None);
    bars.add("went on", seen.went_on, "", Limit::None);
    bars.add("went on in doubt", seen.went_on_in_doubt, "", none);
    bars.add("stopped for nothing", seen.stopped_for_nothing, "", none);
    bars.add("longest until it had stopped", ms(seen.longest_stop), "ms", Limit::None);
    bars.add("starts that fail afterwards", seen.failed_starts, "", none);
    bars.add("longest start", ms(scene.longest_start), "ms", Limit::None);
    findings.add_to(&mut bars, "");
    bars.finish()
}

impl Seen {
    fn round(
        &mut self,
        scene: &mut Scene,
        ground: &Ground,
        control: &Path,
        fault: &Fault,
        number: u64,
        chance: &mut Chance,
    ) -> anyhow::Result<()> {
        let mut server = match scene.start() {
            Ok(server) => server,
            Err(error) => {
                self.failed_starts += 1;
                return Err(error);
            }
        };
        let customers = scene.load(&server, RATES)?;
        std::thread::sleep(Duration::from_millis(chance.within(&SOUND_MS)));
        order(control, &server, fault.command)?;
        let stopped = self.watch(&mut server, control, fault, chance)?;
        ground.cut(scene, || if server.has_ended()? { Ok(()) } else { server.kill() })?;
        let told = customers.finish()?;
        scene.end_dark();
        ground.start_again()?;
        self.refused += told.refused.iter().map(|(_, times)| times).sum::<u64>();
        progress(&format!(
            "round {number}, {}: {}; {} promised, refused {:?}",
            fault.about,
            if stopped { "it stopped" } else { "it went on" },
            told.promised,
            told.refused
        ));
        Ok(())
    }

    /// Waits as long as calls fail, and for a platform that has to stop; says whether it stopped.
    fn watch(
        &mut self,
        server: &mut Server,
        control: &Path,
        fault: &Fault,
        chance: &mut Chance,
    ) -> anyhow::Result<bool> {
        let limit = match fault.duty {
            Duty::Stop => STOP_LIMIT,
            Duty::Either | Duty::GoOn => Duration::from_millis(chance.within(&FAULT_MS)),
        };
        let begun = process::now();
        let mut stopped = server.has_ended()?;
        while !stopped && begun.elapsed() < limit {
            std::thread::sleep(Duration::from_millis(20));
            stopped = server.has_ended()?;
        }
        if stopped {
            self.longest_stop = self.longest_stop.max(begun.elapsed());
        } else {
            order(control, server, &format!("disable name={}", fault.name))?;
            std::thread::sleep(Duration::from_millis(chance.within(&FAULT_MS)));
            stopped = server.has_ended()?;
        }
        self.stopped += u64::from(stopped);
        self.went_on += u64::from(!stopped);
        self.went_on_in_doubt += u64::from(!stopped && fault.duty == Duty::Stop);
        self.stopped_for_nothing += u64::from(stopped && fault.duty == Duty::GoOn);
        if stopped == (fault.duty == Duty::GoOn) && fault.duty != Duty::Either {
            let told = anyhow::anyhow!("{}: it {}", fault.about, if stopped { "stopped" } else { "went on" });
            progress(&format!("{:#}", server.explained(&told)));
        }
        Ok(stopped)
    }
}

/// Tells the process which calls fail from now on.
fn order(control: &Path, server: &Server, command: &str) -> anyhow::Result<()> {
    let mut order = process::command("fiu-ctrl");
    order.args(["-c", command, "-f"]).arg(control).arg(server.process_id().to_string());
    process::output(&mut order).map(drop)
}
