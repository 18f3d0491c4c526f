//! `chappe backup`, `chappe restore` and `chappe migrate-store`: what can be typed, and how the outcome is
//! told.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use super::{Command, runtime, say, show};
use crate::config::Config;
use crate::copies::{self, MoveWish, Queued, RestoreWish};

/// What can be typed after `chappe backup`.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  chappe backup --data /var/lib/chappe /backup/chappe-monday\n  chappe backup --check /backup/chappe-monday\n\nThe file gets its name when it is whole and has been read back; until then it is FILE.part. A file that \nis there is never written over. The key in the data folder (keys/kek) is not in the backup, and without \nit nobody can read one: keep a copy of it elsewhere, or put it into the file with --with-key."
)]
pub(super) struct Backup {
    /// The file to make.
    file: PathBuf,
    /// Put the key into the file, too: who has the file can then read every number, text and secret.
    #[arg(long)]
    with_key: bool,
    /// Make nothing: read the whole of a file that is there, and say whether it is what it was.
    #[arg(long, conflicts_with = "with_key")]
    check: bool,
}

/// What can be typed after `chappe restore`.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  chappe restore /backup/chappe-monday --into /var/lib/chappe --key /safe/kek --queued hold\n  chappe restore /backup/chappe-monday --into postgres://chappe@db/chappe --data /var/lib/chappe\n\nMessages that waited when the backup was made may have been sent since. `hold` keeps them back until \nyou say `chappe quarantine release --all restored` or `chappe quarantine fail --all restored`."
)]
pub(super) struct Restore {
    /// The backup.
    file: PathBuf,
    /// An empty place: a data folder, or the address of a database (--data then names the folder with its
    /// keys).
    #[arg(long, value_name = "PLACE")]
    into: String,
    /// What becomes of messages that waited to be sent.
    #[arg(long, value_enum, default_value = "ask")]
    queued: Queued,
    /// A file with the key, to be put into the data folder: a copy of keys/kek.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Remove what an interrupted restore has left in the database, and begin anew.
    #[arg(long)]
    again: bool,
}

/// What can be typed after `chappe migrate-store`.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  chappe migrate-store --from sqlite:/var/lib/chappe --to postgres://chappe@db/chappe\n  chappe serve --data /var/lib/chappe --store postgres://chappe@db/chappe\n\nStop the platform first. Every row is compared when it has arrived. What was left behind stays as it \nis, with a mark by which it is not started by accident; --take-back removes the mark."
)]
pub(super) struct MigrateStore {
    /// Where the data are: sqlite:DIR, or the address of a database.
    #[arg(long, value_name = "PLACE", required_unless_present = "take_back")]
    from: Option<String>,
    /// Where they are to be: the address of an empty database, or sqlite:DIR.
    #[arg(long, value_name = "PLACE", required_unless_present = "take_back")]
    to: Option<String>,
    /// Remove what an interrupted move has left at the new place, and begin anew.
    #[arg(long)]
    again: bool,
    /// Let the store that --data or --store names be started again after its data have moved; what has
    /// happened at the new place is not in it.
    #[arg(long, conflicts_with_all = ["from", "to", "again"])]
    take_back: bool,
}

/// Carries out a command of this file; `None` for every other.
pub(super) fn run(config: &Config, command: &Command, json: bool) -> Option<anyhow::Result<()>> {
    let outcome = match command {
        Command::Backup(typed) if typed.check => {
            copies::check(&typed.file).map(|value| (value, checked as Text))
        }
        Command::Backup(typed) => {
            copies::back_up(config, &typed.file, typed.with_key).map(|value| (value, backed_up as Text))
        }
        Command::Restore(typed) => restore(config, typed).map(|value| (value, restored as Text)),
        Command::MigrateStore(MigrateStore { from: Some(from), to: Some(to), again, .. }) => {
            let wish = MoveWish { from: from.clone(), to: to.clone(), again: *again };
            copies::move_store(config, &wish).map(|value| (value, moved as Text))
        }
        Command::MigrateStore(_) => copies::take_back(config).map(|value| (value, taken_back as Text)),
        _ => return None,
    };
    Some(outcome.and_then(|(value, text)| {
        say(&if json { format!("{}\n", serde_json::to_string_pretty(&value)?) } else { text(&value) });
        Ok(())
    }))
}

/// How an outcome is told to people.
type Text = fn(&Value) -> String;

fn restore(config: &Config, typed: &Restore) -> anyhow::Result<Value> {
    let wish = RestoreWish {
        file: typed.file.clone(),
        into: typed.into.clone(),
        queued: typed.queued,
        key: typed.key.clone(),
        again: typed.again,
    };
    let (mut value, place) = copies::restore(config, &wish)?;
    let fails = value.get("queued").is_some_and(|queued| queued == "fail");
    let has_key = value.get("key_in_place").is_some_and(|there| *there == true);
    if fails && has_key {
        let opened = copies::config_of(config, &place);
        let failed = runtime()?.block_on(copies::fail_restored(&opened))?;
        if let Some(fields) = value.as_object_mut() {
            fields.insert("failed".to_owned(), failed.into());
        }
    }
    Ok(value)
}

fn of(value: &Value, name: &str) -> String {
    match value.get(name) {
        Some(Value::String(text)) => show::line(text),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

fn number(value: &Value, name: &str) -> i64 {
    value.get(name).and_then(Value::as_i64).unwrap_or(0)
}

fn is(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// The ledger in a sentence.
fn ledger(value: &Value) -> String {
    match number(value, "imbalance_micros") {
        0 => "The ledger balances.\n".to_owned(),
        off => format!(
            "The ledger is off by {off} micro-units, as it is in the original: see `chappe doctor`.\n"
        ),
    }
}

fn size(octets: i64) -> String {
    match octets {
        0..10_000_000 => format!("{} kB", octets.div_euclid(1_000)),
        _ => format!("{} MB", octets.div_euclid(1_000_000)),
    }
}

fn content(value: &Value) -> String {
    format!(
        "{} rows of {} tables, {}, made at {} from {} by version {}. Messages that are open: {}; of those that \
         wait to be sent: {}.\n",
        of(value, "rows"),
        value.get("tables").and_then(Value::as_object).map_or(0, serde_json::Map::len),
        size(number(value, "octets")),
        of(value, "made_at"),
        of(value, "engine"),
        of(value, "version"),
        of(value, "open"),
        of(value, "waiting"),
    )
}

fn backed_up(value: &Value) -> String {
    let key = match (is(value, "has_key"), is(value, "knows_key")) {
        (true, _) => "The key is in it: who has this file can read everything.\n".to_owned(),
        (false, true) => format!(
            "The key is not in it. Keep a copy of {} elsewhere: without it nobody can read this backup.\n",
            of(value, "key_file")
        ),
        (false, false) => format!(
            "There is no key at {}. Without the key nobody can read this backup: find out where it is.\n",
            of(value, "key_file")
        ),
    };
    format!("{} is whole and was read back.\n{}{}{key}", of(value, "file"), content(value), ledger(value))
}

fn checked(value: &Value) -> String {
    format!("{} is whole.\n{}{}", of(value, "file"), content(value), ledger(value))
}

fn restored(value: &Value) -> String {
    let mut text = format!(
        "{} was restored into {}, and every row compared.\n{}{}",
        of(value, "file"),
        of(value, "into"),
        content(value),
        ledger(value)
    );
    let marked = of(value, "marked");
    let failed = value.get("failed");
    text.push_str(&match of(value, "queued").as_str() {
        "send" => format!("{marked} messages are sent after the start, and marked as possible duplicates.\n"),
        "fail" if failed.is_some() => {
            format!("{} messages have ended; their customers are told after the start.\n", of(value, "failed"))
        }
        "fail" => format!(
            "{marked} messages are held, because without the key they cannot be ended. Put the key into its \
             place, and then: chappe quarantine fail --all restored\n"
        ),
        _ if number(value, "marked") == 0 => "No message can have been sent since, so that none is held.\n".to_owned(),
        _ => format!(
            "{marked} messages are held. See them with: chappe quarantine list --why restored\nAnd then: chappe \
             quarantine release --all restored, or fail in place of release\n"
        ),
    });
    if !is(value, "key_in_place") {
        text.push_str(&format!(
            "The key is missing. Put the right one at {} before you start: the start would make a new one, with \
             which nothing can be read.\n",
            of(value, "key_file")
        ));
    }
    text
}

fn moved(value: &Value) -> String {
    let mut text = format!(
        "{} rows were moved from {} to {}, and every one compared.\n{}Start with: chappe serve --data {} --store …\n",
        of(value, "rows"),
        of(value, "from"),
        of(value, "to"),
        ledger(value),
        of(value, "data")
    );
    text.push_str(
        "What was left behind stays as it is, marked so that it is not started by accident. Delete it when you \
         are sure.\n",
    );
    if !is(value, "key_in_place") {
        text.push_str("The key is not in this folder: copy keys/kek there before you start.\n");
    }
    text
}

fn taken_back(value: &Value) -> String {
    if is(value, "taken_back") {
        format!("{} can be started again.\n", of(value, "store"))
    } else {
        format!("{} had not moved; nothing was changed.\n", of(value, "store"))
    }
}
