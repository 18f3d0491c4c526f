//! The store of one installation: SQLite in the data folder, and the vault of its keys.
//!
//! It implements the seams [`ports::store`] and [`ports::vault`] and decides nothing. Start at
//! [`open_sqlite`]; how rows are laid out and why stands in `sqlite`.

mod sqlite;
mod vault;

pub use sqlite::{
    DATABASE_FILE, LOCK_FILE, OpenError, SqliteReader, SqliteStore, Tuning, open_sqlite, open_sqlite_with,
};
pub use vault::{FileVault, KEK_FILE, VaultOpenError};
