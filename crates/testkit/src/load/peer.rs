//! How a process is spoken to: JSON lines on standard output, a line on standard input to ask for counts.

use std::io::{BufRead as _, Write as _};

use serde_json::Value;
use tokio::sync::mpsc;

/// Questions that may wait; whoever asks waits for the answer first.
const QUESTIONS_MAX: usize = 16;

/// Prints a line of JSON. A reader that has gone away is no error.
pub(super) fn say(value: &Value) {
    let mut out = std::io::stdout();
    drop(writeln!(out, "{value}").and_then(|()| out.flush()));
}

/// Prints to standard error.
pub(super) fn complain(text: &str) {
    drop(std::io::stderr().write_all(text.as_bytes()));
}

/// Answers every line of standard input with what `counts` gives, until it ends.
pub(super) async fn serve_counts(counts: impl Fn() -> Value) {
    let (sender, mut questions) = mpsc::channel(QUESTIONS_MAX);
    // Standard input blocks, so that it has a thread of its own; it ends with the process.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if line.is_err() || sender.blocking_send(()).is_err() {
                break;
            }
        }
    });
    while questions.recv().await.is_some() {
        say(&counts());
    }
}
