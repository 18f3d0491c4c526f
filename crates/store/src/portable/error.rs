//! What can go wrong on the way from one place to another, in sentences for the operator.

use std::path::PathBuf;

use ports::Disposition;
use ports::store::StoreError;
use rusqlite::ErrorCode;

use crate::fault::Fault;
use crate::{OpenError, PostgresOpenError};

/// Why a backup, a restore or a move was not made. What was there before is untouched.
#[derive(Debug, thiserror::Error)]
pub enum PortableError {
    /// The file of a backup that is to be written is there.
    #[error("{} is there already and is not written over; choose another name", .path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Another process writes this very backup.
    #[error("another process is writing {}", .path.display())]
    BeingWritten {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("{} cannot be {action}", .path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What was being done, e.g. `written`.
        action: &'static str,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The disk is full. Nothing half was left.
    #[error("there is no room left for {}; nothing of it was left behind", .path.display())]
    NoRoom {
        /// What was being written.
        path: PathBuf,
    },
    /// There is no installation here.
    #[error("there is no installation in {place}")]
    NoInstallation {
        /// The folder or database.
        place: String,
    },
    /// The file is no backup.
    #[error("{} is no backup of Chappe", .path.display())]
    NoArchive {
        /// The file.
        path: PathBuf,
    },
    /// What was read is not what was written.
    #[error("{} is damaged: {what} is not what the backup says that it wrote", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// A table, or the header.
        what: String,
    },
    /// Another version wrote it.
    #[error(
        "{what} has schema {found}, and this version reads schema {known}; use the version that wrote it, and \
         then upgrade"
    )]
    OtherSchema {
        /// The file, folder or database.
        what: String,
        /// The schema found.
        found: u32,
        /// The schema known.
        known: u32,
    },
    /// The place is not empty.
    #[error("{place} is not empty; name an empty one. Nothing in it was changed")]
    NotEmpty {
        /// The folder or database.
        place: String,
    },
    /// An earlier copy to this place was interrupted.
    #[error(
        "an earlier copy into {place} was interrupted, and what is there is not whole; --again removes it and \
         begins anew"
    )]
    Unfinished {
        /// The database.
        place: String,
    },
    /// A key lies in the folder that is not the one of the backup.
    #[error(
        "{} is not the key of this backup, which cannot be read with it; put the right one there, or name \
         it with --key", .path.display()
    )]
    OtherKey {
        /// The key's file.
        path: PathBuf,
    },
    /// What has arrived is not what was sent.
    #[error(
        "the copy of {table} differs: {sent} rows were read and {arrived} have arrived; nothing was put into \
         use"
    )]
    Differs {
        /// The table.
        table: String,
        /// Rows read.
        sent: u64,
        /// Rows found afterwards.
        arrived: u64,
    },
    /// The ledger of the copy is not that of the original.
    #[error("the ledger of the copy is not that of the original; nothing was put into use")]
    OtherLedger,
    /// The data have an archive, and the engine they are to go to keeps none.
    #[error(
        "{what} has an archive, which PostgreSQL does not keep; unpack it first with `chappe archive unpack` on the \
         folder (a backup is restored into a folder for that), and then move the folder. Nothing was changed"
    )]
    Archived {
        /// The folder or the backup.
        what: String,
    },
    /// The two places are of one kind.
    #[error(
        "a move goes from sqlite:DIR to postgres://… or back; between two of a kind, make a backup and restore it"
    )]
    SameKind,
    /// Opening failed.
    #[error(transparent)]
    Sqlite(#[from] OpenError),
    /// Opening failed.
    #[error(transparent)]
    Postgres(#[from] PostgresOpenError),
    /// Reading or writing failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PortableError {
    /// What a caller may do.
    pub const fn disposition(&self) -> Disposition {
        match self {
            Self::BeingWritten { .. } | Self::NoRoom { .. } => Disposition::Later,
            Self::Sqlite(error) => error.disposition(),
            Self::Postgres(error) => error.disposition(),
            Self::Store(error) => error.disposition(),
            _ => Disposition::Never,
        }
    }
}

impl From<Fault> for PortableError {
    fn from(fault: Fault) -> Self {
        Self::Store(fault.doing("copy its rows"))
    }
}

/// Says of a fault while a file was written that the disk is full, where that was it.
pub(crate) fn writing(path: &std::path::Path, error: PortableError) -> PortableError {
    let PortableError::Store(StoreError::Engine { source, .. }) = &error else { return error };
    let code = source.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
    if code == Some(ErrorCode::DiskFull) { PortableError::NoRoom { path: path.to_owned() } } else { error }
}

/// A fault of a file.
pub(crate) fn file_fault(
    path: &std::path::Path,
    action: &'static str,
) -> impl FnOnce(std::io::Error) -> PortableError + use<> {
    let path = path.to_owned();
    move |source| {
        if source.kind() == std::io::ErrorKind::StorageFull {
            PortableError::NoRoom { path }
        } else {
            PortableError::File { path, action, source }
        }
    }
}
