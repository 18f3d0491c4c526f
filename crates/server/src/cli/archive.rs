//! `chappe archive`: what can be typed, and how the outcome is told.

use anyhow::Context as _;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use ports::clock::Clock as _;
use serde_json::{Value, json};

use super::say;
use crate::config::{ARCHIVE_DAYS, Config, Kept};
use crate::host::SystemClock;

/// What can be typed after `chappe archive`.
#[derive(Subcommand, Debug)]
pub(super) enum Action {
    /// What is archived, day by day, and what a message takes; also while the platform runs.
    Status,
    /// Archive now what is old enough. A platform that runs does it by itself.
    #[command(after_help = "Example:\n  chappe archive run --data /var/lib/chappe --after-days 35")]
    Run {
        /// How many days after a day its messages are archived; without it what the configuration says.
        #[arg(long, value_name = "DAYS")]
        after_days: Option<u32>,
    },
    /// Open every block and compare it with all that is said of it; also while the platform runs.
    Verify,
    /// Put everything back, for a move to PostgreSQL. The platform must not run, and its configuration must say
    /// `after_days = 0`, or the next start archives anew.
    Unpack,
}

/// Carries out a command.
pub(super) fn run(config: &Config, action: &Action, json: bool) -> anyhow::Result<()> {
    anyhow::ensure!(
        matches!(config.store, Kept::Sqlite),
        "only SQLite keeps an archive; PostgreSQL divides its traffic by month"
    );
    let (value, text) = match action {
        Action::Status => status(config)?,
        Action::Run { after_days } => archive(config, *after_days)?,
        Action::Verify => verify(config)?,
        Action::Unpack => unpack(config)?,
    };
    say(&if json { format!("{}\n", serde_json::to_string_pretty(&value)?) } else { text });
    let is_whole = value.get("whole").is_none_or(|whole| *whole == true);
    anyhow::ensure!(is_whole, "the archive is damaged: keep a copy of the data folder, and restore a backup");
    Ok(())
}

fn each(octets: i64, messages: i64) -> i64 {
    octets.checked_div(messages).unwrap_or(0)
}

fn status(config: &Config) -> anyhow::Result<(Value, String)> {
    let found = store::archive_status(&config.data).context("the archive cannot be read")?;
    let days = found.days.iter().map(|day| {
        let octets_each = each(day.octets, day.messages);
        json!({ "day": day.begins_at.to_string(), "messages": day.messages, "octets": day.octets,
                "octets_each": octets_each })
    });
    let value = json!({
        "messages": found.messages,
        "blocks": found.blocks,
        "octets": found.octets,
        "octets_each": each(found.octets, found.messages),
        "ended_and_not_archived": found.live,
        "after_days": config.archive_after_days,
        "days": days.collect::<Vec<_>>(),
    });
    let mut text = match config.archive_after_days {
        None => "Nothing is archived by itself: after_days is 0.\n".to_owned(),
        Some(days) => format!("Days are archived {days} days after they have ended.\n"),
    };
    text += &format!(
        "{} messages in {} blocks, {} octets each; {} that have ended are not archived.\n",
        found.messages,
        found.blocks,
        each(found.octets, found.messages),
        found.live
    );
    for day in &found.days {
        let date = day.begins_at.to_string();
        let date = date.split('T').next().unwrap_or_default();
        text +=
            &format!("{date}  {} messages, {} octets each\n", day.messages, each(day.octets, day.messages));
    }
    Ok((value, text))
}

/// A bar for a work of which the end is not known, or is.
fn bar(what: &str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template(&format!("{what} {{pos}} messages")) {
        bar.set_style(style);
    }
    bar
}

fn opened(config: &Config) -> anyhow::Result<store::SqliteStore> {
    anyhow::ensure!(config.data.is_dir(), "there is no data folder {}", config.data.display());
    let opened = store::open_sqlite(&config.data);
    Ok(opened.context("the archive is changed only while the platform does not run")?.0)
}

fn archive(config: &Config, after_days: Option<u32>) -> anyhow::Result<(Value, String)> {
    let after_days = after_days.or(config.archive_after_days);
    let after_days = after_days.context("the configuration says never; say --after-days")?;
    anyhow::ensure!(
        ARCHIVE_DAYS.contains(&after_days),
        "--after-days is a number from {} to {}",
        ARCHIVE_DAYS.start(),
        ARCHIVE_DAYS.end()
    );
    let bar = bar("archiving,");
    let done =
        opened(config)?.archive_all(SystemClock::new().now(), after_days, &mut |done| bar.set_position(done));
    bar.finish_and_clear();
    let done = done.context("not everything could be archived; what was is in the archive")?;
    Ok((json!({ "archived": done }), format!("{done} messages were archived.\n")))
}

fn verify(config: &Config) -> anyhow::Result<(Value, String)> {
    let bar = bar("reading,");
    let found = store::verify_archive(&config.data, &mut |done, _| bar.set_position(done));
    bar.finish_and_clear();
    let (damaged, charges_agree) = found.context("the archive cannot be read")?;
    let is_whole = damaged.is_empty() && charges_agree;
    let blocks = damaged.iter().map(
        |damage| json!({ "block": damage.block, "day": damage.day.to_string(), "messages": damage.messages }),
    );
    let value = json!({
        "whole": is_whole, "charges_agree": charges_agree, "damaged": blocks.collect::<Vec<_>>(),
    });
    let mut text = String::new();
    for damage in &damaged {
        text += &format!(
            "block {} with {} messages of {} is damaged\n",
            damage.block, damage.messages, damage.day
        );
    }
    if !charges_agree {
        text += "what its messages were charged is not what the ledger says of them\n";
    }
    if is_whole {
        text += "Every block is whole, and the charges agree.\n";
    }
    Ok((value, text))
}

fn unpack(config: &Config) -> anyhow::Result<(Value, String)> {
    let bar = bar("unpacking,");
    let done = opened(config)?.unpack_archive(&mut |done| bar.set_position(done));
    bar.finish_and_clear();
    let done = done.context("not everything could be unpacked; what was is no longer in the archive")?;
    Ok((json!({ "unpacked": done }), format!("{done} messages are out of the archive again.\n")))
}
