//! Whether everything is well: what `chappe doctor` looks at, and what to do when it is not.
//!
//! It changes nothing but a file of a few octets that it syncs and removes. Start at [`examine`]; to add
//! a check, write a function that gives a [`Check`] and name it there.

mod certificate;
mod disk;
mod files;

use std::sync::Arc;

use app::{Core, HouseFigures, MessageQuery, Scope};
use ports::clock::Clock;
use serde_json::{Value, json};
use types::message::{Pause, State};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use crate::admin::{Place, VERSION};
use crate::demo::Bound;

/// Messages of unknown outcome that are counted; more are "or more".
const UNKNOWN_MAX: usize = 500;
/// Age of the oldest message that waits for a connector, seconds, from which on it is told.
const OLD_QUEUE_S: i64 = 60;
/// Age of the oldest event that waits to be told, seconds, from which on it is told: the second try
/// comes after five seconds, the third after five minutes.
const OLD_EVENT_S: i64 = 600;
/// Milliseconds that the clock may differ from the time that has passed.
const CLOCK_SLACK_MS: i64 = 2_000;
/// Open files below which a busy door runs out of them.
const OPEN_FILES_MIN: u64 = 8_192;
/// What a service for the time leaves where systemd runs (systemd-timesyncd.service(8)).
const CLOCK_IS_SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// Nothing to do.
    Good,
    /// Somebody should look when there is time.
    Warning,
    /// Somebody must act.
    Failure,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Check {
    name: &'static str,
    level: Level,
    /// What was found, and what to do about it unless it is good.
    detail: String,
}

impl Check {
    fn new(name: &'static str, level: Level, detail: impl Into<String>) -> Self {
        Self { name, level, detail: detail.into() }
    }

    /// Good, or as bad as `otherwise`.
    fn when(is_good: bool, name: &'static str, otherwise: Level, detail: impl Into<String>) -> Self {
        Self::new(name, if is_good { Level::Good } else { otherwise }, detail)
    }

    fn json(&self) -> Value {
        let level = match self.level {
            Level::Good => "good",
            Level::Warning => "warning",
            Level::Failure => "failure",
        };
        json!({ "check": self.name, "ok": self.level != Level::Failure, "level": level, "detail": self.detail })
    }
}

/// Looks at everything.
pub(crate) async fn examine(core: &Core, place: &Place) -> Result<Value, Refusal> {
    let figures = core.store_figures().await?;
    let now = core.now();
    let mut checks = vec![store(core).await, durability(&figures), ledger(&figures)];
    checks.extend([connectors(core, place), receipts(&figures), unknown(core).await?, queue(core, now)]);
    checks.push(paused(core.paused_count(Pause::Quarantined), core.paused_count(Pause::Restored)));
    checks.extend([events(&figures, now), clock(core, place).await?]);
    checks.extend([doors(place.bound.as_ref()), open_files()]);
    let (data, config_file) = (place.data.clone(), place.config_file.clone());
    let clock = Arc::clone(&place.clock);
    let of_machine = tokio::task::spawn_blocking(move || {
        let clock: &dyn Clock = clock.as_ref();
        vec![
            disk::space(&data),
            disk::sync(&data, clock),
            files::check(&data, config_file.as_deref()),
            certificate::check(&data, clock.now()),
        ]
    });
    let given_up = |_| Refusal::new(RefusalCode::Unavailable, "the look at the machine was given up");
    checks.extend(of_machine.await.map_err(given_up)?);
    let is_well = checks.iter().all(|check| check.level != Level::Failure);
    let store = &figures.store;
    Ok(json!({
        "well": is_well,
        "checks": checks.iter().map(Check::json).collect::<Vec<_>>(),
        "version": VERSION,
        "messages": store.messages, "archived": figures.archived, "open": store.open, "outbox": store.outbox,
        "dead_letters": store.dead_letters, "parked": store.parked, "octets": store.octets, "schema": store.schema,
        "imbalance_micros": figures.imbalance_micros,
    }))
}

async fn store(core: &Core) -> Check {
    let name = "the store takes a durable write";
    match core.ready().await {
        Ok(()) => Check::new(name, Level::Good, ""),
        Err(refusal) => {
            Check::new(name, Level::Failure, format!("{}; look at the disk and at the log", refusal.detail))
        }
    }
}

fn durability(figures: &HouseFigures) -> Check {
    Check::when(
        figures.store.durable,
        "the store keeps what it said was committed",
        Level::Failure,
        "synchronous_commit, fsync or full_page_writes of the database is off: a power cut loses messages",
    )
}

fn ledger(figures: &HouseFigures) -> Check {
    let off = figures.imbalance_micros;
    let detail = if off == 0 {
        String::new()
    } else {
        format!("off by {off} micro-units: invoice nothing, and keep a copy of the data folder")
    };
    Check::when(off == 0, "the ledger balances", Level::Failure, detail)
}

fn connectors(core: &Core, place: &Place) -> Check {
    let name = "every connector is bound";
    if place.bound.is_none() {
        return Check::new(name, Level::Warning, "none is, because no server runs on this folder");
    }
    let views = core.connectors();
    let wanted: Vec<_> = views.iter().filter(|view| !view.disabled).collect();
    let down: Vec<String> = wanted
        .iter()
        .filter(|view| view.status.links_up == 0)
        .map(|view| match view.status.last_error.as_str() {
            "" => view.name.clone(),
            error => format!("{} ({error})", view.name),
        })
        .collect();
    if views.is_empty() {
        return Check::new(name, Level::Warning, "there is none: publish routes with `chappe routes import`");
    }
    if down.is_empty() {
        return Check::new(name, Level::Good, format!("{} of {}", wanted.len(), views.len()));
    }
    Check::new(name, Level::Failure, format!("down: {}", down.join(", ")))
}

fn receipts(figures: &HouseFigures) -> Check {
    let parked = figures.store.parked;
    let detail = match parked {
        0 => String::new(),
        _ => format!("{parked} wait for theirs; if they grow, the form of a carrier's ids has changed"),
    };
    Check::when(parked == 0, "every receipt has its message", Level::Warning, detail)
}

async fn unknown(core: &Core) -> Result<Check, Refusal> {
    let query = MessageQuery { states: vec![State::Unknown], limit: UNKNOWN_MAX, ..MessageQuery::default() };
    let count = core.messages(Scope::All, query).await?.items.len();
    let or_more = if count >= UNKNOWN_MAX { " or more" } else { "" };
    let detail = match count {
        0 => String::new(),
        _ => format!("{count}{or_more} are not; `chappe messages --state unknown` lists them"),
    };
    Ok(Check::when(count == 0, "the outcome of every message is known", Level::Warning, detail))
}

fn queue(core: &Core, now: Timestamp) -> Check {
    let views = core.connectors();
    let waiting: u64 = views.iter().map(|view| view.queued).sum();
    let oldest = views.iter().filter_map(|view| view.oldest_queued_at.map(|at| (at, &view.name))).min();
    let (is_good, detail) = match oldest {
        None => (true, String::new()),
        Some((at, name)) => {
            let age_s = now.ms_since(at) / 1_000;
            let detail = format!("{waiting} wait, the oldest for {} at {name}", duration(age_s));
            (age_s < OLD_QUEUE_S, detail)
        }
    };
    Check::when(is_good, "no message waits long for a connector", Level::Warning, detail)
}

fn paused(quarantined: u64, restored: u64) -> Check {
    let mut said = Vec::new();
    if quarantined > 0 {
        said.push(format!("{quarantined} crashed a worker twice"));
    }
    if restored > 0 {
        said.push(format!("{restored} come from a backup"));
    }
    if !said.is_empty() {
        said.push("`chappe quarantine list` names them, and each is to be released or failed".to_owned());
    }
    let is_good = said.is_empty();
    Check::when(is_good, "no message waits for a person", Level::Warning, said.join("; "))
}

fn events(figures: &HouseFigures, now: Timestamp) -> Check {
    let store = &figures.store;
    let waiting = store.outbox.saturating_sub(store.dead_letters);
    let age_s = store.oldest_event_at.map_or(0, |at| now.ms_since(at) / 1_000);
    let mut said = Vec::new();
    if waiting > 0 {
        said.push(format!("{waiting} wait, the oldest for {}", duration(age_s)));
    }
    if store.dead_letters > 0 {
        said.push(format!(
            "{} were given up; `chappe accounts replay ACCOUNT` has them told again",
            store.dead_letters
        ));
    }
    let is_good = store.dead_letters == 0 && age_s < OLD_EVENT_S;
    Check::when(is_good, "customers are told what happened", Level::Warning, said.join("; "))
}

async fn clock(core: &Core, place: &Place) -> Result<Check, Refusal> {
    let name = "the clock is right";
    let (now, now_us) = (place.clock.now(), place.clock.monotonic_us());
    let newest = MessageQuery { limit: 1, ..MessageQuery::default() };
    let newest = core.messages(Scope::All, newest).await?.items.into_iter().next();
    let ahead_ms = newest.map_or(0, |message| message.accepted_at.ms_since(now));
    if ahead_ms > CLOCK_SLACK_MS {
        let detail = format!(
            "it is {} behind the newest message: times, validity and retries are wrong until it has caught up",
            duration(ahead_ms / 1_000)
        );
        return Ok(Check::new(name, Level::Failure, detail));
    }
    let (began, began_us) = place.began;
    let passed_ms = i64::try_from(now_us.saturating_sub(began_us) / 1_000).unwrap_or(i64::MAX);
    let moved_ms = now.ms_since(began.plus_ms(passed_ms));
    if moved_ms.saturating_abs() > CLOCK_SLACK_MS {
        let way = if moved_ms < 0 { "back" } else { "forward" };
        let detail = format!(
            "it was set {way} by {} since the start; keep it right with a service such as chrony",
            duration(moved_ms.saturating_abs() / 1_000)
        );
        return Ok(Check::new(name, Level::Warning, detail));
    }
    let is_synchronised = std::path::Path::new(CLOCK_IS_SYNCHRONISED).exists();
    let detail = if is_synchronised { "synchronised" } else { "it was not set since the start" };
    Ok(Check::new(name, Level::Good, detail))
}

fn doors(bound: Option<&Bound>) -> Check {
    let name = "the doors are open, and safe";
    let Some(bound) = bound else {
        return Check::new(name, Level::Warning, "no server runs on this folder");
    };
    let open: Vec<String> = bound.doors().map(|(door, address)| format!("{door} {address}")).collect();
    let in_the_clear: Vec<&str> = [("HTTP", bound.http), ("SMPP", bound.smpp)]
        .iter()
        .filter(|(_, address)| !address.ip().is_loopback())
        .map(|(name, _)| *name)
        .collect();
    let open = open.join(", ");
    if in_the_clear.is_empty() {
        return Check::new(name, Level::Good, open);
    }
    let detail = format!(
        "{open}; {} without TLS is not on loopback: passwords may cross the network in the clear",
        in_the_clear.join(" and ")
    );
    Check::new(name, Level::Warning, detail)
}

fn open_files() -> Check {
    let name = "enough files may be open";
    match rustix::process::getrlimit(rustix::process::Resource::Nofile).current {
        None => Check::new(name, Level::Good, "without limit"),
        Some(limit) if limit >= OPEN_FILES_MIN => Check::new(name, Level::Good, limit.to_string()),
        Some(limit) => Check::new(
            name,
            Level::Warning,
            format!(
                "{limit}; each connection needs one: raise LimitNOFILE of the service, or ulimit -n, to \
                 {OPEN_FILES_MIN} or more"
            ),
        ),
    }
}

/// Seconds in words, in the largest unit that leaves a whole number of two or more.
fn duration(seconds: i64) -> String {
    match seconds {
        172_800.. => format!("{} days", seconds / 86_400),
        7_200.. => format!("{} hours", seconds / 3_600),
        120.. => format!("{} minutes", seconds / 60),
        1 => "1 second".to_owned(),
        _ => format!("{seconds} seconds"),
    }
}

/// Octets in words, e.g. `12.3 GiB`.
fn octets(count: u64) -> String {
    const UNITS: [&str; 5] = ["octets", "KiB", "MiB", "GiB", "TiB"];
    let (mut tenths, mut unit) = (u128::from(count) * 10, 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1_024;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if unit == 0 { format!("{count} {name}") } else { format!("{}.{} {name}", tenths / 10, tenths % 10) }
}

#[cfg(test)]
mod tests {
    use app::HouseFigures;
    use ports::store::StoreFigures;
    use types::time::Timestamp;

    use super::{Level, doors, duration, events, ledger, octets, paused, receipts};
    use crate::demo::Bound;

    fn figures(store: StoreFigures, imbalance_micros: i64) -> HouseFigures {
        HouseFigures { store, archived: 0, imbalance_micros }
    }

    #[test]
    fn counts_become_sentences() {
        let now = Timestamp::from_ms(1_000_000_000);
        let waiting = |outbox, dead_letters, age_s: i64| {
            let oldest_event_at = (outbox > dead_letters).then(|| now.plus_ms(-age_s * 1_000));
            figures(StoreFigures { outbox, dead_letters, oldest_event_at, ..StoreFigures::default() }, 0)
        };
        let cases = [
            (events(&waiting(0, 0, 0), now), Level::Good, ""),
            (events(&waiting(3, 0, 59), now), Level::Good, "3 wait, the oldest for 59 seconds"),
            (events(&waiting(3, 0, 7_200), now), Level::Warning, "the oldest for 2 hours"),
            (events(&waiting(3, 3, 0), now), Level::Warning, "3 were given up; `chappe accounts replay"),
            (events(&waiting(5, 2, 5), now), Level::Warning, "3 wait, the oldest for 5 seconds; 2 were"),
            (paused(0, 0), Level::Good, ""),
            (paused(2, 0), Level::Warning, "2 crashed a worker twice; `chappe quarantine list`"),
            (paused(0, 40), Level::Warning, "40 come from a backup; `chappe"),
            (ledger(&figures(StoreFigures::default(), 0)), Level::Good, ""),
            (ledger(&figures(StoreFigures::default(), -7)), Level::Failure, "off by -7"),
            (
                receipts(&figures(StoreFigures { parked: 2, ..StoreFigures::default() }, 0)),
                Level::Warning,
                "2 wait",
            ),
        ];
        for (check, level, detail) in cases {
            assert_eq!(check.level, level, "{check:?}");
            assert!(
                check.detail.contains(detail) && (!detail.is_empty() || check.detail.is_empty()),
                "{check:?}"
            );
        }
    }

    #[test]
    fn doors_in_the_clear_are_told_when_strangers_reach_them() {
        let bound = |http: &str, smpp: &str| Bound {
            http: http.parse().unwrap(),
            https: http.parse().unwrap(),
            smpp: smpp.parse().unwrap(),
            smpps: "0.0.0.0:3550".parse().unwrap(),
            carrier: None,
        };
        let cases = [
            (
                Some(bound("127.0.0.1:1", "[::1]:2")),
                Level::Good,
                "HTTP 127.0.0.1:1, SMPP [::1]:2, SMPP over TLS",
            ),
            (Some(bound("127.0.0.1:1", "0.0.0.0:2")), Level::Warning, "; SMPP without TLS"),
            (Some(bound("10.0.0.1:1", "0.0.0.0:2")), Level::Warning, "; HTTP and SMPP without TLS"),
            (None, Level::Warning, "no server"),
        ];
        for (bound, level, detail) in cases {
            let check = doors(bound.as_ref());
            assert!(check.level == level && check.detail.contains(detail), "{check:?}");
        }
    }

    #[test]
    fn figures_are_written_for_people() {
        for (seconds, words) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (7_199, "119 minutes"),
        ] {
            assert_eq!(duration(seconds), words);
        }
        assert_eq!((duration(7_200).as_str(), duration(200_000).as_str()), ("2 hours", "2 days"));
        for (count, words) in [
            (0, "0 octets"),
            (1_023, "1023 octets"),
            (1_024, "1.0 KiB"),
            (1_536 * 1_024, "1.5 MiB"),
            (13_421_772_800, "12.5 GiB"),
            (u64::MAX, "16777215.9 TiB"),
        ] {
            assert_eq!(octets(count), words);
        }
    }
}
