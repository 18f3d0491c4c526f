//! Moving an installation from one engine to the other, while it does not run.

use types::time::Timestamp;

use super::copy::{Watch, copy, prove};
use super::error::PortableError;
use super::places::{Again, IntoFolder, IntoPostgres, Left, Place, known_tables, lock};
use super::restore::make_lookups;
use super::tables::{ARCHIVE, Sessions};
use crate::vault::KEK_FILE;

/// How an installation is to be moved.
#[derive(Clone, Copy, Debug)]
pub struct MoveOptions {
    /// Whether what an interrupted run has left is removed.
    pub again: Again,
    /// The time, for the mark.
    pub now: Timestamp,
}

/// What was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The tables with their rows.
    pub tables: Vec<(String, u64)>,
    /// How far the ledger is off; zero when it balances. It is the same on both sides.
    pub imbalance_micros: i64,
    /// Whether the data folder has the key, without which nothing can be read.
    pub has_key: bool,
}

/// Moves an installation that does not run. Every row is read again when it has arrived, and the ledger
/// is summed on both sides. What was left keeps everything, and a mark by which it is not started by
/// accident; see [`take_back`].
///
/// # Errors
/// When either place is in use, the target is not empty, or either side cannot be read or written. The
/// source can then be started as before; a database that is not whole says so when it is opened.
pub fn move_store(
    from: &Place,
    to: &Place,
    options: MoveOptions,
    watch: Watch<'_>,
) -> Result<Moved, PortableError> {
    let MoveOptions { again, now } = options;
    let folder_lock = lock(from.folder())?;
    let mut left = Left::hold(from, &folder_lock)?;
    if again == Again::No {
        left.check(false)?;
    }
    let mut source = from.source()?;
    let tables = known_tables(Sessions::Kept)?;
    let ledger = source.ledger()?;
    let copied = match (from, to) {
        (Place::Sqlite(_), Place::Postgres { url, .. }) => {
            if let Some(blocks) = tables.iter().find(|table| table.name == ARCHIVE)
                && source.count(blocks)? > 0
            {
                return Err(PortableError::Archived { what: from.shown() });
            }
            let mut target = IntoPostgres::begin(url, folder_lock, &tables, again, now)?;
            if let Err(error) = left.check(target.was_unfinished) {
                target.give_up();
                return Err(error);
            }
            let copied = copy(source.as_mut(), &mut target.sink, &tables, watch)?;
            prove(&mut target.arrived()?, &copied, &ledger, watch)?;
            // From here on there is one place to start from, whenever this is interrupted.
            left.mark(&to.shown(), now)?;
            target.finish(None)?;
            copied
        }
        (Place::Postgres { .. }, Place::Sqlite(folder)) => {
            let mut target = IntoFolder::begin(folder, folder_lock)?;
            left.check(target.was_unfinished)?;
            let copied = copy(source.as_mut(), &mut target.sink, &tables, watch)?;
            prove(&mut target.arrived()?, &copied, &ledger, watch)?;
            left.mark(&to.shown(), now)?;
            target.finish(None)?;
            make_lookups(folder, now, watch)?;
            copied
        }
        (Place::Sqlite(_), Place::Sqlite(_)) | (Place::Postgres { .. }, Place::Postgres { .. }) => {
            return Err(PortableError::SameKind);
        }
    };
    Ok(Moved {
        tables: copied.into_iter().map(|counted| (counted.table.name, counted.tally.rows)).collect(),
        imbalance_micros: ledger.iter().map(ports::store::LedgerSum::imbalance_micros).sum(),
        has_key: to.folder().join(KEK_FILE).is_file(),
    })
}

/// Takes back the mark of a store whose data have moved, so that it can be started again. Tells whether
/// there was one. What happened in the other place since then is not in this one.
///
/// # Errors
/// When the store is in use or cannot be opened.
pub fn take_back(place: &Place) -> Result<bool, PortableError> {
    let folder_lock = lock(place.folder())?;
    Ok(Left::hold(place, &folder_lock)?.take_back()?)
}
