//! Lines about what was promised or taken, written before anybody hears of it.
//!
//! They go to the system in one write per batch. They are synced where the machine may be cut off; where only
//! another process is killed, that is not needed.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;

/// A file that lines are appended to; without a path it forgets them.
#[derive(Debug, Default)]
pub(super) struct Records {
    file: Option<File>,
    pending: String,
    syncs: bool,
    broken: bool,
}

impl Records {
    /// Opens the file for appending.
    pub(super) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let open = |path: &Path| {
            let file = File::options().append(true).create(true).open(path);
            file.with_context(|| format!("cannot write {}", path.display()))
        };
        Ok(Self { file: path.map(open).transpose()?, ..Self::default() })
    }

    /// Opens the file for appending and puts every batch on disk.
    pub(super) fn open_synced(path: Option<&Path>) -> anyhow::Result<Self> {
        Ok(Self { syncs: true, ..Self::open(path)? })
    }

    /// Whether lines are kept.
    pub(super) const fn is_kept(&self) -> bool {
        self.file.is_some()
    }

    /// Notes a line.
    pub(super) fn push(&mut self, words: &[&str]) {
        if self.file.is_some() {
            self.pending.push_str(&words.join(" "));
            self.pending.push('\n');
        }
    }

    /// Hands the noted lines to the system. A failure is remembered and told by [`Records::check`].
    pub(super) fn flush(&mut self) {
        if let Some(file) = &mut self.file
            && !self.pending.is_empty()
        {
            self.broken |= file.write_all(self.pending.as_bytes()).is_err();
            self.broken |= self.syncs && file.sync_data().is_err();
            self.pending.clear();
        }
    }

    /// Fails when a line was not written.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.broken {
            anyhow::bail!("the records could not be written; nothing can be proved with them");
        }
        Ok(())
    }
}
