//! The archive as its operator sees it: what is in it, what it weighs, and whether it is whole.

use std::path::Path;

use ports::store::StoreError;
use types::time::Timestamp;

use super::block::{Content, MESSAGE, Opening};
use super::index::{has_account, may_have_recipient};
use super::keyring::Keyring;
use super::read::{self, BlockAt, packed};
use super::rows::{column, day_of, lots_of};
use crate::codec::Cells;
use crate::sqlite::fault::{Fault, all, first};
use crate::sqlite::open::{DATABASE_FILE, OpenError, reading_connection};
use crate::sqlite::{SqliteStore, integer};

/// What the archive holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchiveStatus {
    /// Messages in it.
    pub messages: i64,
    /// Blocks that it consists of.
    pub blocks: i64,
    /// What they take, octets.
    pub octets: i64,
    /// Final messages that are not in it.
    pub live: i64,
    /// Its days, oldest first.
    pub days: Vec<ArchivedDay>,
}

/// A UTC day in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchivedDay {
    /// When it began.
    pub begins_at: Timestamp,
    /// Messages of it that are archived.
    pub messages: i64,
    /// What they take, octets.
    pub octets: i64,
}

/// A block that is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Its number.
    pub block: i64,
    /// The day of its messages.
    pub day: Timestamp,
    /// How many messages it should have.
    pub messages: i64,
}

fn opened<T>(
    data_dir: &Path,
    work: impl FnOnce(&rusqlite::Connection) -> Result<T, Fault>,
) -> Result<T, OpenError> {
    let failed = |fault: Fault| OpenError::Database {
        folder: data_dir.to_owned(),
        source: fault.doing("read its archive"),
    };
    let connection = reading_connection(&data_dir.join(DATABASE_FILE)).map_err(failed)?;
    connection.execute_batch("BEGIN").map_err(Fault::from).and_then(|()| work(&connection)).map_err(failed)
}

/// What is archived in a data folder; the platform may run.
///
/// # Errors
/// When there is no database, or it cannot be read.
pub fn archive_status(data_dir: &Path) -> Result<ArchiveStatus, OpenError> {
    opened(data_dir, |connection| {
        let days = "SELECT b.day, sum(b.messages), sum(length(c.facts) + length(c.sealed) + length(b.accounts) \
                    + length(b.recipients) + 64) FROM past_block b JOIN past_content c ON c.block = b.block \
                    GROUP BY b.day ORDER BY b.day";
        let days = all(connection, days, [], |row| {
            let cells = &mut Cells::new(row, "past_block");
            Ok(ArchivedDay { begins_at: cells.time()?, messages: cells.int()?, octets: cells.int()? })
        })?;
        Ok(ArchiveStatus {
            messages: read::messages(connection)?,
            blocks: integer(connection, "SELECT count(*) FROM past_block", [])?,
            octets: super::octets(connection)?,
            live: integer(connection, "SELECT count(*) FROM progress WHERE open = 0", [])?,
            days,
        })
    })
}

/// Opens every block and compares it with what is said of it: its sums, its keys, its accounts and
/// recipients, every sealed value whose key is there, and what all of them have charged of lots. Gives the
/// blocks that are damaged, and whether the charges agree. The platform may run.
///
/// # Errors
/// When there is no database, or it cannot be read.
pub fn verify_archive(
    data_dir: &Path,
    watch: &mut dyn FnMut(u64, u64),
) -> Result<(Vec<Damage>, bool), OpenError> {
    let keyring = Keyring::of(data_dir);
    opened(data_dir, |connection| {
        let of = u64::try_from(read::messages(connection)?).unwrap_or(0);
        let (mut done, mut damaged, mut lots) = (0, Vec::new(), super::rows::Lots::new());
        for at in read::blocks(connection)? {
            match verify_block(connection, &keyring, at) {
                Ok((messages, of_block)) => {
                    of_block.into_iter().for_each(|(lot, micros)| *lots.entry(lot).or_default() += micros);
                    done += messages;
                }
                Err(Fault::Corrupt(_)) => damaged.push(damage(connection, at)?),
                Err(other) => return Err(other),
            }
            watch(done, of);
        }
        lots.retain(|_, micros| *micros != 0);
        let sql = "SELECT lot, charge, micros FROM past_lot WHERE micros <> 0 ORDER BY lot, charge";
        let said = all(connection, sql, [], |row| {
            let cells = &mut Cells::new(row, "past_lot");
            Ok(((cells.int()?, cells.int()?), cells.int()?))
        })?;
        let agrees = !damaged.is_empty() || said.into_iter().collect::<super::rows::Lots>() == lots;
        Ok((damaged, agrees))
    })
}

fn damage(connection: &rusqlite::Connection, at: BlockAt) -> Result<Damage, Fault> {
    let sql = "SELECT day, messages FROM past_block WHERE block = ?1";
    let found = first(connection, sql, [at.block], |row| {
        let cells = &mut Cells::new(row, "past_block");
        Ok((cells.time()?, cells.int()?))
    })?;
    let (day, messages) = found.ok_or(Fault::Corrupt("past_block"))?;
    Ok(Damage { block: at.block, day, messages })
}

/// Messages of a block and what they charge, when it is whole.
fn verify_block(
    connection: &rusqlite::Connection,
    keyring: &Keyring,
    at: BlockAt,
) -> Result<(u64, super::rows::Lots), Fault> {
    let corrupt = || Fault::Corrupt("past_block");
    let content = Content::unpack(&packed(connection, at.block)?)?;
    let tables = content.rows_of(|_| true, &mut Opening::new(connection, keyring, at.anchor))?;
    let messages = tables.get(MESSAGE).ok_or(corrupt())?;
    let keys = content.keys()?;
    let sql = "SELECT day, low, high, messages, accounts, recipients FROM past_block WHERE block = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([at.block])?;
    let said = rows.next()?.ok_or(corrupt())?;
    let (day, low, high): (i64, i64, i64) = (said.get(0)?, said.get(1)?, said.get(2)?);
    let (count, accounts, recipients): (i64, Vec<u8>, Vec<u8>) = (said.get(3)?, said.get(4)?, said.get(5)?);
    let is_counted = i64::try_from(keys.len()).is_ok_and(|found| found == count);
    if !is_counted || !keys.iter().all(|key| (low..=high).contains(key) && day_of(*key) == day) {
        return Err(corrupt());
    }
    for account in column(messages, "account")? {
        if !has_account(&accounts, account)? {
            return Err(corrupt());
        }
    }
    if !column(messages, "recipient_hash")?.into_iter().all(|hash| may_have_recipient(&recipients, hash)) {
        return Err(corrupt());
    }
    Ok((keys.len() as u64, lots_of(&tables)?))
}

impl SqliteStore {
    /// Archives all days that ended at least `after_days` days before `now`, without pauses: for a store
    /// that serves nobody. Gives how many messages were archived; `watch` hears how far it is.
    ///
    /// # Errors
    /// When the store cannot be read or written. What is archived by then stays so.
    pub fn archive_all(
        &mut self,
        now: Timestamp,
        after_days: u32,
        watch: &mut dyn FnMut(u64),
    ) -> Result<u64, StoreError> {
        self.archive_now(now, after_days, watch).map_err(|fault| fault.doing("archive messages"))
    }

    /// Puts all archived messages back into the tables of traffic, as a move to another engine needs them.
    /// Gives how many there were.
    ///
    /// # Errors
    /// When the store cannot be read or written. What is unpacked by then stays so.
    pub fn unpack_archive(&mut self, watch: &mut dyn FnMut(u64)) -> Result<u64, StoreError> {
        self.unpack_now(watch).map_err(|fault| fault.doing("unpack its archive"))
    }
}
