//! Sending one text to a file of recipients: in chunks, with a progress bar, and an account of what
//! was refused.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::admin::{Reply, Request};
use crate::config::Config;

/// Recipients of one submission.
const CHUNK: usize = 500;
/// Times that one request waits its turn.
const WAITS_MAX: u32 = 100;
/// The longest of these waits, seconds.
const WAIT_S_MAX: u32 = 60;
/// Octets of a file of recipients.
const FILE_OCTETS_MAX: u64 = 64 * 1024 * 1024;

/// What is sent to each recipient.
pub(super) struct Text {
    pub(super) account: String,
    pub(super) from: String,
    pub(super) text: String,
    pub(super) dry_run: bool,
}

/// What became of a chunk.
enum Chunk {
    Accepted(Vec<Value>),
    Refused(String),
}

/// Sends to every line of a file. A chunk with a bad recipient is refused as a whole and sent again
/// one by one, so that one bad line costs nobody else. When the server cannot be asked any more, what was
/// accepted until then is told, and where it stopped.
pub(super) async fn send(config: &Config, text: &Text, file: &Path) -> anyhow::Result<Value> {
    let recipients = read(file)?;
    let bar = ProgressBar::new(u64::try_from(recipients.len()).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} recipients, {eta} left") {
        bar.set_style(style);
    }
    let mut sent = Sent::default();
    for chunk in recipients.chunks(CHUNK) {
        if let Err(error) = send_chunk(config, text, chunk, &mut sent).await {
            sent.stopped = Some(format!("{error:#}"));
            break;
        }
        bar.inc(u64::try_from(chunk.len()).unwrap_or(0));
    }
    bar.finish_and_clear();
    let mut value = json!({ "dry_run": text.dry_run, "accepted": sent.messages.len(),
                            "refused": sent.refused, "messages": sent.messages });
    if let (Some(why), Some(fields)) = (sent.stopped, value.as_object_mut()) {
        // From this line of recipients on nothing was asked, or nobody knows what became of it.
        let next = recipients.get(sent.asked);
        fields.insert("stopped".into(), json!({ "before": next, "recipients_left": recipients.len() - sent.asked.min(recipients.len()), "detail": why }));
    }
    Ok(value)
}

/// What was sent so far.
#[derive(Default)]
struct Sent {
    messages: Vec<Value>,
    refused: Vec<Value>,
    /// Recipients that were answered for.
    asked: usize,
    stopped: Option<String>,
}

async fn send_chunk(config: &Config, text: &Text, chunk: &[String], sent: &mut Sent) -> anyhow::Result<()> {
    let whole = submit(config, text, chunk).await?;
    let pieces: Vec<&[String]> = match whole {
        Chunk::Accepted(accepted) => {
            sent.messages.extend(accepted);
            sent.asked += chunk.len();
            return Ok(());
        }
        Chunk::Refused(detail) if chunk.len() == 1 => {
            sent.refused.push(json!({ "to": chunk.first(), "detail": detail }));
            sent.asked += 1;
            return Ok(());
        }
        Chunk::Refused(_) => chunk.chunks(1).collect(),
    };
    for one in pieces {
        match submit(config, text, one).await? {
            Chunk::Accepted(accepted) => sent.messages.extend(accepted),
            Chunk::Refused(detail) => sent.refused.push(json!({ "to": one.first(), "detail": detail })),
        }
        sent.asked += 1;
    }
    Ok(())
}

/// Submits, and waits when the account sends faster than it may or the server has too much to do.
async fn submit(config: &Config, text: &Text, to: &[String]) -> anyhow::Result<Chunk> {
    for _ in 0..WAITS_MAX {
        let request = Request::Send {
            account: text.account.clone(),
            from: text.from.clone(),
            to: to.to_vec(),
            text: text.text.clone(),
            dry_run: text.dry_run,
        };
        match super::ask_or_open(config, request).await? {
            Reply::Done(value) => {
                let accepted = value.get("messages").and_then(Value::as_array).cloned();
                return Ok(Chunk::Accepted(accepted.unwrap_or_default()));
            }
            Reply::Refused { retry_after_s: Some(seconds), .. } => {
                tokio::time::sleep(Duration::from_secs(u64::from(seconds.clamp(1, WAIT_S_MAX)))).await;
            }
            Reply::Refused { detail, .. } => return Ok(Chunk::Refused(detail)),
        }
    }
    anyhow::bail!("the server has asked {WAITS_MAX} times to wait")
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
