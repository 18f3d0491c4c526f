//! `chappe profile`: looks at a profile without a running platform: what is wrong with it, what it says, what
//! another one would change and from when.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use decide::terms::lint::{self, Severity};
use decide::terms::policy::Policy;
use serde_json::{Value, json};
use types::profile::Profile;
use types::profile::keys::{self, ChangeClass};
use types::time::Timestamp;

use crate::config;
use crate::document::KeyLines;

/// What can be done with a profile.
#[derive(clap::Subcommand, Debug)]
pub(crate) enum ProfileAction {
    /// Say what is wrong with a profile, what is doubtful, and what this version does not carry out.
    #[command(
        after_help = "Example:\n  chappe profile lint profiles/paasoo.toml\n\nErrors make the profile unusable. Warnings \
                            need somebody who answers for them. Keys that are not built yet may stand in a file that is \
                            looked at and simulated; `chappe serve --profile` refuses them."
    )]
    Lint {
        /// The profile.
        file: PathBuf,
    },
    /// Show every key with its value in force, where it comes from, and the rules of the terms behind it.
    Explain {
        /// The profile.
        file: PathBuf,
        /// Only keys that begin so, e.g. refund.
        #[arg(default_value = "")]
        section: String,
    },
    /// Show what another profile changes, and from when it may: by the notices of the old one.
    Diff {
        /// The profile in force.
        old: PathBuf,
        /// The profile that is to follow.
        new: PathBuf,
        /// When customers are told, RFC 3339; now, when it is left out.
        #[arg(long, value_name = "TIME", value_parser = moment)]
        told_at: Option<Timestamp>,
    },
}

/// Reads a moment as people type it.
pub(crate) fn moment(text: &str) -> Result<Timestamp, String> {
    let full = if text.contains('T') { text.to_owned() } else { format!("{text}T12:00:00Z") };
    Timestamp::parse_rfc3339(&full)
        .ok_or_else(|| format!("{text:?} is no time; write 2026-12-01 or 2026-12-01T10:00:00Z"))
}

/// A profile as it stands in its file, with the lines of its keys.
pub(crate) struct Read {
    pub(crate) profile: Profile,
    lines: KeyLines,
}

/// Reads a profile strictly, and lets it promise more than is done.
pub(crate) fn read(path: &Path) -> anyhow::Result<Read> {
    let (profile, text) = config::parse_profile(path)?;
    Ok(Read { profile, lines: KeyLines::of(&text) })
}

/// Reads and compiles a profile; what is wrong with it is the error.
pub(crate) fn compile(path: &Path) -> anyhow::Result<Policy> {
    let Read { profile, lines } = read(path)?;
    Policy::compile(Arc::new(profile)).map_err(|wrong| {
        let lines: Vec<String> = wrong
            .iter()
            .map(|finding| format!("{}{}: {}", lines.before(&finding.key), finding.key, finding.text))
            .collect();
        anyhow::anyhow!("the profile {} cannot be used: {}", path.display(), lines.join("; "))
    })
}

/// Carries out one of them; prints text, or JSON.
pub(crate) fn run(action: &ProfileAction, now: Timestamp, is_json: bool) -> anyhow::Result<()> {
    let (value, text) = match action {
        ProfileAction::Lint { file } => return lint(&read(file)?, file, is_json),
        ProfileAction::Explain { file, section } => explain(&read(file)?, section)?,
        ProfileAction::Diff { old, new, told_at } => diff(old, new, told_at.unwrap_or(now))?,
    };
    super::say(&if is_json { format!("{}\n", serde_json::to_string_pretty(&value)?) } else { text });
    Ok(())
}

fn lint(read: &Read, file: &Path, is_json: bool) -> anyhow::Result<()> {
    let found = lint::lint(&read.profile);
    let errors = found.iter().filter(|finding| finding.severity == Severity::Error).count();
    let not_built = read.profile.not_built();
    let mut text = String::new();
    let mut items = Vec::new();
    for finding in &found {
        let word = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let (line, key, what) = (read.lines.before(&finding.key), &finding.key, &finding.text);
        writeln!(text, "{word:<9} {line}{key}: {what}")?;
        items.push(json!({ "severity": word, "line": read.lines.of_key(key), "key": key, "text": what }));
    }
    for (key, instead) in &not_built {
        writeln!(
            text,
            "not built {}{key}: this version would have to be told {instead}",
            read.lines.before(key)
        )?;
        items.push(
            json!({ "severity": "not_built", "line": read.lines.of_key(key), "key": key, "text": instead }),
        );
    }
    let warnings = found.len() - errors;
    writeln!(
        text,
        "{errors} errors, {warnings} warnings, {} keys not carried out by this version",
        not_built.len()
    )?;
    let value =
        json!({ "errors": errors, "warnings": warnings, "not_built": not_built.len(), "findings": items });
    super::say(&if is_json { format!("{}\n", serde_json::to_string_pretty(&value)?) } else { text });
    if errors > 0 {
        bail!("the profile {} cannot be used", file.display());
    }
    Ok(())
}

fn explain(read: &Read, section: &str) -> anyhow::Result<(Value, String)> {
    let not_built: Vec<String> = read.profile.not_built().into_iter().map(|(key, _)| key).collect();
    let stated = keys::flat(&read.profile);
    let mut text = String::new();
    let mut items = Vec::new();
    for (key, value) in
        stated.iter().filter(|(key, _)| key.starts_with(section) && !key.starts_with("cites."))
    {
        let line = read.lines.of_key(key);
        let source = line.map_or_else(|| "default".to_owned(), |line| format!("line {line}"));
        let rules = rules_of(&read.profile, key);
        let state = if not_built.contains(key) { "not built" } else { "" };
        writeln!(text, "{key:<46} {:<40} {source:<10} {} {state}", value.to_string(), rules.join(" "))?;
        items.push(
            json!({ "key": key, "value": value, "line": line, "rules": rules, "class": class_word(key),
                           "built": state.is_empty() }),
        );
    }
    Ok((Value::Array(items), text))
}

/// The rules that a key cites, by itself or by a section around it.
fn rules_of(profile: &Profile, key: &str) -> Vec<String> {
    let around = |cited: &String| {
        let rest = key.strip_prefix(cited.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let cited = profile.cites.iter().filter(|(cited, _)| around(cited));
    cited.flat_map(|(_, rules)| rules.iter().cloned()).collect()
}

fn class_word(key: &str) -> &'static str {
    match keys::class_of(key) {
        ChangeClass::Internal => "internal",
        ChangeClass::Specification => "spec",
        ChangeClass::Terms => "terms",
        ChangeClass::Price => "price",
    }
}

fn diff(old: &Path, new: &Path, told_at: Timestamp) -> anyhow::Result<(Value, String)> {
    let (policy, next) = (compile(old)?, compile(new)?);
    let earliest = policy.earliest_profile(next.profile(), told_at)?;
    let changed = keys::changed(policy.profile(), next.profile());
    let mut text = String::new();
    let mut items = Vec::new();
    let shown = |value: Option<Value>| value.map_or_else(|| "absent".to_owned(), |value| value.to_string());
    for (key, before, after) in changed {
        writeln!(
            text,
            "{:<8} {key}: {} becomes {}",
            class_word(&key),
            shown(before.clone()),
            shown(after.clone())
        )?;
        items.push(json!({ "key": key, "class": class_word(&key), "old": before, "new": after }));
    }
    let day = policy.zone().date(earliest)?;
    if items.is_empty() {
        writeln!(text, "the profiles say the same")?;
    } else {
        writeln!(
            text,
            "told at {told_at}, the new profile may be in force from {earliest} ({day} in {})",
            policy.profile().operator.timezone
        )?;
    }
    let counts: BTreeMap<&str, usize> = items.iter().filter_map(|item| item.get("class")?.as_str()).fold(
        BTreeMap::new(),
        |mut counts, class| {
            *counts.entry(class).or_default() += 1;
            counts
        },
    );
    Ok((json!({ "changes": items, "counts": counts, "earliest": earliest.to_string() }), text))
}
