//! The data folder: made with narrow permissions, and locked by the one process that writes.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often the lock is asked for before the folder counts as in use, and how long is waited between: a process
/// that has just ended, or one that is being started beside us, may hold it for a moment longer.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(25);

/// The name of the file that is locked while a process writes.
pub const LOCK_FILE: &str = "chappe.lock";

/// Why the folder cannot be had.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Another process (or this one) holds it.
    InUse,
    /// A file or folder cannot be made or opened.
    File(PathBuf, io::Error),
}

/// Makes the folder when it is missing and locks it. The lock ends with the file.
pub(crate) fn claim(folder: &Path) -> Result<File, Refused> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| Refused::File(folder.to_owned(), source))?;
    let file = private_file(&folder.join(LOCK_FILE))?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(TryLockError::Error(source)) => return Err(Refused::File(folder.join(LOCK_FILE), source)),
        }
    }
    Err(Refused::InUse)
}

/// Opens a file that only its owner may read, and makes it when it is missing.
pub(crate) fn private_file(path: &Path) -> Result<File, Refused> {
    let opened =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    opened.map_err(|source| Refused::File(path.to_owned(), source))
}
