//! Sessions of customers for the command line and the console: before anybody sees numbers and texts of a trace,
//! who it is and why stands in a journal on disk.
//!
//! The journal is `trace-journal.jsonl` in the data folder, a line of JSON for each disclosure, which only ever
//! grows and holds no number and no text. Start at [`Watched`].

use std::collections::BTreeSet;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ports::clock::Clock;
use ports::sessions::{Disclosure, REASON_CHARS_MAX, SessionDesk, SessionView, Shown, TraceError, TracePage};
use serde_json::json;

/// The journal in the data folder.
const JOURNAL_FILE: &str = "trace-journal.jsonl";
/// Disclosures that are remembered, so that one that goes on is written once; when full, all are forgotten and
/// written again.
const REMEMBERED_MAX: usize = 1_000;

/// Sessions with their journal.
pub(crate) struct Watched {
    sessions: Arc<dyn SessionDesk>,
    journal: PathBuf,
    clock: Arc<dyn Clock>,
    written: Mutex<BTreeSet<(u64, Disclosure)>>,
}

impl Watched {
    /// Sessions whose disclosures are written into the journal of a data folder.
    pub(crate) fn new(sessions: Arc<dyn SessionDesk>, data: &Path, clock: Arc<dyn Clock>) -> Self {
        Self { sessions, journal: data.join(JOURNAL_FILE), clock, written: Mutex::default() }
    }

    /// Lets a look pass, and writes down one that discloses.
    fn admit(&self, number: u64, shown: &Shown) -> Result<(), TraceError> {
        let Shown::Clear(disclosure) = shown else { return Ok(()) };
        if disclosure.reason.trim().is_empty() || disclosure.reason.chars().count() > REASON_CHARS_MAX {
            return Err(TraceError::NoReason);
        }
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = (number, disclosure.clone());
        if written.contains(&entry) {
            return Ok(());
        }
        let view = self.sessions.sessions().into_iter().find(|view| view.number == number);
        let line = json!({
            "at": self.clock.now().to_string(),
            "who": disclosure.who,
            "reason": disclosure.reason,
            "session": number,
            "system_id": view.as_ref().map(|view| view.system_id.as_str()),
            "account": view.as_ref().map(|view| view.account_name.as_str()),
        });
        if let Err(error) = append(&self.journal, &line) {
            tracing::error!(%error, "the journal of traces cannot be written");
            return Err(TraceError::NoJournal);
        }
        if written.len() >= REMEMBERED_MAX {
            written.clear();
        }
        written.insert(entry);
        Ok(())
    }
}

/// Appends a line that is on disk afterwards.
fn append(path: &Path, line: &serde_json::Value) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_all()
}

impl SessionDesk for Watched {
    fn sessions(&self) -> Vec<SessionView> {
        self.sessions.sessions()
    }

    fn close(&self, number: u64) -> bool {
        self.sessions.close(number)
    }

    fn trace(&self, number: u64, after: u64, shown: &Shown) -> Result<TracePage, TraceError> {
        self.admit(number, shown)?;
        self.sessions.trace(number, after, shown)
    }

    fn capture(&self, number: u64, shown: &Shown) -> Result<Vec<u8>, TraceError> {
        self.admit(number, shown)?;
        self.sessions.capture(number, shown)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ports::sessions::{Disclosure, SessionDesk, SessionView, Shown, TraceError, TracePage};

    use super::{JOURNAL_FILE, Watched};
    use crate::host::SystemClock;

    struct Nobody;

    impl SessionDesk for Nobody {
        fn sessions(&self) -> Vec<SessionView> {
            Vec::new()
        }

        fn close(&self, _number: u64) -> bool {
            false
        }

        fn trace(&self, _number: u64, _after: u64, _shown: &Shown) -> Result<TracePage, TraceError> {
            Ok(TracePage::default())
        }

        fn capture(&self, _number: u64, _shown: &Shown) -> Result<Vec<u8>, TraceError> {
            Ok(Vec::new())
        }
    }

    fn clear(reason: &str) -> Shown {
        Shown::Clear(Disclosure { who: "eve".to_owned(), reason: reason.to_owned() })
    }

    #[test]
    fn nothing_is_shown_that_is_not_in_the_journal() {
        let folder = tempfile::tempdir().unwrap();
        let watched = Watched::new(Arc::new(Nobody), folder.path(), Arc::new(SystemClock::new()));
        let journal = folder.path().join(JOURNAL_FILE);
        watched.trace(7, 0, &Shown::Masked).unwrap();
        assert!(!journal.exists(), "a masked trace discloses nothing");
        for reason in ["", "  ", &"x".repeat(501)] {
            assert_eq!(watched.trace(7, 0, &clear(reason)).unwrap_err(), TraceError::NoReason);
        }
        watched.trace(7, 0, &clear("ticket 12")).unwrap();
        watched.trace(7, 5, &clear("ticket 12")).unwrap();
        watched.capture(7, &clear("ticket 13\nnot a line of its own")).unwrap();
        let text = std::fs::read_to_string(&journal).unwrap();
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert_eq!((&lines[0]["who"], &lines[0]["session"]), (&"eve".into(), &7.into()));
        assert_eq!(lines[1]["reason"], "ticket 13\nnot a line of its own");

        std::fs::remove_file(&journal).unwrap();
        std::fs::create_dir(&journal).unwrap();
        assert_eq!(watched.trace(7, 0, &clear("ticket 14")).unwrap_err(), TraceError::NoJournal);
    }
}
