//! `chappe backup`, `chappe restore` and `chappe migrate-store`: what they ask, what they say, and a bar
//! that shows how far they are.
//!
//! How data are copied is in the `store` crate. Start at [`back_up`].

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use ports::clock::Clock as _;
use serde_json::{Value, json};
use store::{Again, Backup, BackupOptions, KeyWish, Moment, MoveOptions, Phase, Place, RestoreOptions};
use types::message::Pause;
use types::time::Timestamp;

use crate::admin::VERSION;
use crate::config::{Config, Kept};
use crate::folder;
use crate::host::SystemClock;
use crate::serve::{self, Links};

/// Milliseconds that links may take to close that were never opened.
const DRAIN_MS: u64 = 1_000;

/// What becomes of messages that waited to be sent when a backup was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Queued {
    /// Ask, with the number of them.
    Ask,
    /// They wait until staff release or fail them: `chappe quarantine`.
    Hold,
    /// They are sent, and marked as possible duplicates.
    Send,
    /// They end, and their holds are released.
    Fail,
}

/// What was typed behind `chappe restore`.
pub(crate) struct RestoreWish {
    pub(crate) file: PathBuf,
    pub(crate) into: String,
    pub(crate) queued: Queued,
    pub(crate) key: Option<PathBuf>,
    pub(crate) again: bool,
}

/// What was typed behind `chappe migrate-store`.
pub(crate) struct MoveWish {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) again: bool,
}

fn now() -> Timestamp {
    SystemClock::new().now()
}

const fn again(wished: bool) -> Again {
    if wished { Again::Yes } else { Again::No }
}

/// Where a configuration keeps its data.
fn place_of(config: &Config) -> Place {
    match &config.store {
        Kept::Sqlite => Place::Sqlite(config.data.clone()),
        Kept::Postgres(url) => Place::Postgres { folder: config.data.clone(), url: url.clone() },
    }
}

/// A place as it is typed: a folder, `sqlite:` and a folder, the address of a database, or `file:` and
/// `env:` with one. The folder beside a database has its lock and the keys.
fn place_named(text: &str, folder: &Path) -> anyhow::Result<Place> {
    if let Some(path) = text.strip_prefix("sqlite:") {
        return Ok(Place::Sqlite(path.into()));
    }
    let is_address = text.contains("://") || text.starts_with("file:") || text.starts_with("env:");
    if !is_address {
        return Ok(Place::Sqlite(text.into()));
    }
    match Kept::parse(text, Path::new(""))? {
        Kept::Postgres(url) => Ok(Place::Postgres { folder: folder.to_owned(), url }),
        Kept::Sqlite => Ok(Place::Sqlite(folder.to_owned())),
    }
}

/// Shows how far a long work is, on a terminal.
struct Bar(ProgressBar, Option<Phase>);

impl Bar {
    fn new() -> Self {
        Self(ProgressBar::new(0), None)
    }

    fn at(&mut self, moment: Moment<'_>) {
        let Self(bar, phase) = self;
        if *phase != Some(moment.phase) {
            *phase = Some(moment.phase);
            bar.reset();
            let what = match moment.phase {
                Phase::Verifying => "reading the backup",
                Phase::Copying => "copying",
                Phase::Comparing => "comparing the copy",
                Phase::Indexing => "making look-ups",
            };
            let form = if moment.of == 0 {
                format!("{what}, step {{pos}}")
            } else {
                format!("{what} {{bar:30}} {{percent}} %, {{eta}} left ({{msg}})")
            };
            if let Ok(style) = ProgressStyle::with_template(&form) {
                bar.set_style(style);
            }
        }
        bar.set_length(moment.of);
        bar.set_position(moment.rows);
        bar.set_message(moment.table.to_owned());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Runs a long work with its bar.
fn watched<T>(
    work: impl FnOnce(&mut dyn FnMut(Moment<'_>)) -> Result<T, store::PortableError>,
) -> anyhow::Result<T> {
    let mut bar = Bar::new();
    Ok(work(&mut |moment| bar.at(moment))?)
}

/// Makes a backup of the installation, also while it runs.
pub(crate) fn back_up(config: &Config, file: &Path, with_key: bool) -> anyhow::Result<Value> {
    let place = place_of(config);
    let key = if with_key { KeyWish::Inside } else { KeyWish::Apart };
    let options = BackupOptions { key, version: VERSION.to_owned(), now: now() };
    let made = watched(|watch| store::back_up(&place, file, &options, watch))?;
    let mut value = backup_json(&made, file);
    put(&mut value, "key_file", json!(place.folder().join(store::KEK_FILE).display().to_string()));
    Ok(value)
}

/// Reads a whole backup to see whether it is what it says.
pub(crate) fn check(file: &Path) -> anyhow::Result<Value> {
    let found = watched(|watch| store::verify(file, watch))?;
    Ok(backup_json(&found, file))
}

fn put(value: &mut Value, name: &str, field: Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.insert(name.to_owned(), field);
    }
}

fn tables_json(tables: &[(String, u64)]) -> Value {
    tables.iter().map(|(name, rows)| (name.clone(), json!(rows))).collect::<serde_json::Map<_, _>>().into()
}

fn backup_json(backup: &Backup, file: &Path) -> Value {
    json!({
        "file": file.display().to_string(),
        "octets": std::fs::metadata(file).map_or(0, |file| file.len()),
        "made_at": backup.made_at.to_string(),
        "version": backup.version,
        "engine": backup.engine,
        "schema": backup.schema,
        "rows": backup.rows(),
        "tables": tables_json(&backup.tables),
        "open": backup.open,
        "waiting": backup.waiting,
        "has_key": backup.has_key,
        "knows_key": backup.knows_key,
        "imbalance_micros": backup.imbalance_micros(),
    })
}

/// Restores a backup into an empty place. Messages that are to end are held until then: that takes the
/// engine, see [`config_of`].
pub(crate) fn restore(config: &Config, wish: &RestoreWish) -> anyhow::Result<(Value, Place)> {
    let into = place_named(&wish.into, &config.data)?;
    let found = store::inspect(&wish.file)?;
    let queued = match decide(wish.queued, &found) {
        Some(queued) => queued,
        None if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() => ask(&found)?,
        None => return Err(unanswered(&found, &wish.file)),
    };
    folder::prepare(into.folder())?;
    let options = RestoreOptions {
        queued: if queued == Queued::Send { store::Queued::Send } else { store::Queued::Hold },
        key: wish.key.clone(),
        again: again(wish.again),
        now: now(),
    };
    let restored = watched(|watch| store::restore(&wish.file, &into, &options, watch))?;
    let mut value = backup_json(&restored.backup, &wish.file);
    let word = match queued {
        Queued::Send => "send",
        Queued::Fail => "fail",
        Queued::Ask | Queued::Hold => "hold",
    };
    put(&mut value, "into", json!(into.shown()));
    put(&mut value, "queued", json!(word));
    put(&mut value, "marked", json!(restored.marked));
    put(&mut value, "key_in_place", json!(restored.has_key));
    put(&mut value, "key_file", json!(into.folder().join(store::KEK_FILE).display().to_string()));
    Ok((value, into))
}

/// Ends the messages that a restore has held, in the place that this configuration names. Nothing is sent
/// meanwhile; an interruption leaves the others held.
pub(crate) async fn fail_restored(config: &Config) -> anyhow::Result<u64> {
    let house = serve::open(config, Vec::new(), Links::Closed)?;
    let ended = house.core.give_up_all(Pause::Restored).await;
    house.core.drain_channels(DRAIN_MS).await;
    house.close()?;
    ended.map_err(|refusal| anyhow!("not every message that was held could be ended: {refusal}"))
}

/// The configuration with which a restored place is opened.
pub(crate) fn config_of(config: &Config, place: &Place) -> Config {
    let store = match place {
        Place::Sqlite(_) => Kept::Sqlite,
        Place::Postgres { url, .. } => Kept::Postgres(url.clone()),
    };
    Config { data: place.folder().to_owned(), store, ..config.clone() }
}

/// What becomes of messages that may have been sent since; `None` when a person must say.
fn decide(wished: Queued, found: &Backup) -> Option<Queued> {
    match wished {
        Queued::Ask if found.open == 0 => Some(Queued::Hold),
        Queued::Ask => None,
        named => Some(named),
    }
}

/// What is said where nobody can be asked.
fn unanswered(found: &Backup, file: &Path) -> anyhow::Error {
    anyhow!(
        "{} was made at {}, when {} messages waited to be sent and {} more were on their way; they may have \
         been sent since. Say what becomes of them: --queued hold, send or fail",
        file.display(),
        found.made_at,
        found.waiting,
        found.open - found.waiting
    )
}

fn ask(found: &Backup) -> anyhow::Result<Queued> {
    let mut out = std::io::stderr();
    writeln!(
        out,
        "The backup was made at {}. {} messages waited to be sent then, and {} more were on their way.\n\
         They may have been sent since, and nobody knows. What becomes of them?\n\
         \n  hold  they wait until you release or fail them, all or one by one: chappe quarantine\
         \n  send  they are sent, and marked as possible duplicates\
         \n  fail  they end, and their holds are released\n",
        found.made_at,
        found.waiting,
        found.open - found.waiting
    )?;
    loop {
        write!(out, "hold, send or fail: ")?;
        out.flush()?;
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line).context("cannot read the answer")?;
        anyhow::ensure!(read > 0, "nothing was restored, because nothing was answered");
        match line.trim() {
            "hold" => return Ok(Queued::Hold),
            "send" => return Ok(Queued::Send),
            "fail" => return Ok(Queued::Fail),
            _ => {}
        }
    }
}

/// Moves an installation that does not run to the other engine.
pub(crate) fn move_store(config: &Config, wish: &MoveWish) -> anyhow::Result<Value> {
    // The keys stay where they are: in the folder of the side that has one.
    let side = |text: &str| text.strip_prefix("sqlite:").map(PathBuf::from);
    let folder = side(&wish.from).or_else(|| side(&wish.to)).unwrap_or_else(|| config.data.clone());
    let (from, to) = (place_named(&wish.from, &folder)?, place_named(&wish.to, &folder)?);
    if folder.is_dir() {
        folder::prepare(&folder)?;
    }
    let options = MoveOptions { again: again(wish.again), now: now() };
    let moved = watched(|watch| store::move_store(&from, &to, options, watch))?;
    Ok(json!({
        "from": from.shown(),
        "to": to.shown(),
        "data": folder.display().to_string(),
        "rows": moved.tables.iter().map(|(_, rows)| rows).sum::<u64>(),
        "tables": tables_json(&moved.tables),
        "imbalance_micros": moved.imbalance_micros,
        "key_in_place": moved.has_key,
    }))
}

/// Lets a store be started again whose data have moved.
pub(crate) fn take_back(config: &Config) -> anyhow::Result<Value> {
    let place = place_of(config);
    let taken_back = store::take_back(&place)?;
    Ok(json!({ "store": place.shown(), "taken_back": taken_back }))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use store::{Backup, Place};
    use types::time::Timestamp;

    use super::{Queued, decide, place_named, unanswered};

    #[test]
    fn places_are_typed_as_folders_or_addresses() {
        let folder = Path::new("/var/lib/chappe");
        for (text, shown) in [
            ("sqlite:/a/b", "sqlite:/a/b"),
            ("/a/b", "sqlite:/a/b"),
            ("b", "sqlite:b"),
            ("postgres://me:hush@db.example.com/chappe", "postgres://db.example.com/chappe"),
        ] {
            let place = place_named(text, folder).unwrap();
            assert_eq!(place.shown(), shown, "{text}");
            let is_database = matches!(place, Place::Postgres { .. });
            assert_eq!(place.folder() == folder, is_database, "{text}");
        }
        for text in ["mysql://me:hush@db/chappe", "env:NOT_THERE", "file:/not/there", "postgres://hush"] {
            let error = format!("{:#}", place_named(text, folder).unwrap_err());
            assert!(!error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn without_a_terminal_the_choice_must_be_named_unless_there_is_none() {
        let backup = |open, waiting| Backup {
            made_at: Timestamp::EPOCH,
            version: String::new(),
            engine: "sqlite".to_owned(),
            schema: 1,
            tables: Vec::new(),
            open,
            waiting,
            ledger: Vec::new(),
            has_key: false,
            knows_key: true,
        };
        assert_eq!(decide(Queued::Send, &backup(9, 5)), Some(Queued::Send));
        assert_eq!(decide(Queued::Ask, &backup(0, 0)), Some(Queued::Hold));
        assert_eq!(decide(Queued::Ask, &backup(9, 5)), None);
        let error = unanswered(&backup(9, 5), Path::new("backup")).to_string();
        assert!(error.contains("5 messages waited") && error.contains("4 more"), "{error}");
        assert!(error.contains("--queued hold, send or fail"), "{error}");
    }
}
