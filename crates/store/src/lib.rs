//! The store of one installation: SQLite in the data folder or PostgreSQL, and the vault of its keys.
//!
//! It implements the seams [`ports::store`] and [`ports::vault`] and decides nothing. Start at
//! [`open_sqlite`] or [`open_postgres`]; how rows are laid out and why stands in `sqlite` and in
//! `postgres`. What both share is how rows are read (`codec`), packed (`journal`) and summed
//! (`rollup`). [`back_up`], [`restore`] and [`move_store`] bring data from one place to another.

mod codec;
mod codec_attempt;
mod codec_config;
mod codec_contact;
mod fault;
mod folder;
mod journal;
mod keys;
mod names;
mod portable;
mod postgres;
mod rollup;
mod span;
mod sqlite;
mod vault;

pub use folder::LOCK_FILE;
pub use portable::{
    Again, Backup, BackupOptions, KeyWish, Moment, MoveOptions, Moved, Phase, Place, PortableError, Queued,
    RestoreOptions, Restored, back_up, inspect, move_store, restore, take_back, verify,
};
pub use postgres::{PostgresOpenError, PostgresReader, PostgresStore, PostgresUrl, UrlError, open_postgres};
pub use sqlite::{
    ArchiveStatus, ArchivedDay, DATABASE_FILE, Damage, OpenError, SqliteReader, SqliteStore, Tuning,
    archive_status, open_sqlite, open_sqlite_with, verify_archive,
};
pub use vault::{FileVault, KEK_FILE, VaultOpenError};
