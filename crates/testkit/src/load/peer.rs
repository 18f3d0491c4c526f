//! What every peer needs: connections that come, and how a process is spoken to: JSON lines on standard output, a line on standard input to ask for counts.

use std::io::{BufRead as _, Write as _};
use std::time::Duration;

use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Questions that may wait; whoever asks waits for the answer first.
const QUESTIONS_MAX: usize = 16;

/// How long to wait after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Hands over every connection that comes.
pub(super) async fn accept(listener: TcpListener, serve: impl Fn(TcpStream)) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => serve(stream),
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Prints a line of JSON. A reader that has gone away is no error.
pub(super) fn say(value: &Value) {
    let mut out = std::io::stdout();
    drop(writeln!(out, "{value}").and_then(|()| out.flush()));
}

/// Prints to standard error.
pub(super) fn complain(text: &str) {
    drop(std::io::stderr().write_all(text.as_bytes()));
}

/// Microseconds since 1970, by which what two processes have noted is compared.
#[expect(clippy::disallowed_methods, reason = "peers have a clock of their own, which no product reads")]
pub(super) fn unix_now_us() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Answers every line of standard input with what `counts` gives, until it ends.
pub(super) async fn serve_counts(counts: impl Fn() -> Value) {
    serve(|_| counts()).await;
}

/// Answers every line of standard input with what `answer` gives, until it ends.
pub(super) async fn serve(mut answer: impl FnMut(&str) -> Value) {
    let (sender, mut questions) = mpsc::channel(QUESTIONS_MAX);
    // Standard input blocks, so that it has a thread of its own; it ends with the process.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    while let Some(line) = questions.recv().await {
        say(&answer(&line));
    }
}
