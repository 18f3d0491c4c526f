//! The data folder: made with narrow permissions, and locked by the one process that writes.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

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
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Refused::InUse),
        Err(TryLockError::Error(source)) => Err(Refused::File(folder.join(LOCK_FILE), source)),
    }
}

/// Opens a file that only its owner may read, and makes it when it is missing.
pub(crate) fn private_file(path: &Path) -> Result<File, Refused> {
    let opened =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    opened.map_err(|source| Refused::File(path.to_owned(), source))
}
