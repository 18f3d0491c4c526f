//! Sending one text to a file of recipients: in chunks, with a progress bar, and an account of what
//! was refused.

use std::path::Path;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::admin::{Reply, Request};
use crate::config::Config;

/// Recipients of one submission.
const CHUNK: usize = 500;
/// Octets of a file of recipients.
const FILE_OCTETS_MAX: u64 = 64 * 1024 * 1024;

/// What is sent to each recipient.
pub(super) struct Text {
    pub(super) account: String,
    pub(super) from: String,
    pub(super) text: String,
    pub(super) dry_run: bool,
}

/// Sends to every line of a file. A chunk with a bad recipient is refused as a whole and sent again
/// one by one, so that one bad line costs nobody else.
pub(super) async fn send(config: &Config, text: &Text, file: &Path) -> anyhow::Result<Value> {
    let recipients = read(file)?;
    let bar = ProgressBar::new(u64::try_from(recipients.len()).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} recipients, {eta} left") {
        bar.set_style(style);
    }
    let (mut messages, mut refused) = (Vec::new(), Vec::new());
    for chunk in recipients.chunks(CHUNK) {
        match submit(config, text, chunk).await? {
            Ok(accepted) => messages.extend(accepted),
            Err(detail) if chunk.len() == 1 => refused.push(json!({ "to": chunk.first(), "detail": detail })),
            Err(_) => {
                for one in chunk.chunks(1) {
                    match submit(config, text, one).await? {
                        Ok(accepted) => messages.extend(accepted),
                        Err(detail) => refused.push(json!({ "to": one.first(), "detail": detail })),
                    }
                }
            }
        }
        bar.inc(u64::try_from(chunk.len()).unwrap_or(0));
    }
    bar.finish_and_clear();
    Ok(
        json!({ "dry_run": text.dry_run, "accepted": messages.len(), "refused": refused, "messages": messages }),
    )
}

async fn submit(config: &Config, text: &Text, to: &[String]) -> anyhow::Result<Result<Vec<Value>, String>> {
    let request = Request::Send {
        account: text.account.clone(),
        from: text.from.clone(),
        to: to.to_vec(),
        text: text.text.clone(),
        dry_run: text.dry_run,
    };
    match super::ask_or_open(config, request).await? {
        Reply::Done(value) => {
            Ok(Ok(value.get("messages").and_then(Value::as_array).cloned().unwrap_or_default()))
        }
        Reply::Refused { detail, .. } => Ok(Err(detail)),
    }
}

fn read(file: &Path) -> anyhow::Result<Vec<String>> {
    let size = std::fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?.len();
    anyhow::ensure!(size <= FILE_OCTETS_MAX, "{} is larger than {FILE_OCTETS_MAX} octets", file.display());
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let recipients: Vec<String> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    anyhow::ensure!(!recipients.is_empty(), "{} names no recipient; write one number a line", file.display());
    Ok(recipients)
}
