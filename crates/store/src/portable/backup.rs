//! Making a backup, beside a running platform.

use std::path::Path;

use ports::store::LedgerSum;
use types::id::RowKey;
use types::time::Timestamp;

use super::archive::{Archive, Draft, Header, Secret, key_id, seal};
use super::copy::{Watch, copy, prove};
use super::error::{PortableError, file_fault, writing};
use super::places::{Place, known_tables};
use super::sqlite::{SqliteSink, SqliteSource};
use super::tables::Sessions;
use crate::sqlite::{SCHEMA, integer};
use crate::vault::{KEK_FILE, read_kek};

/// How many messages are open; those of submissions that are not whole will be discarded.
const OPEN: &str = "SELECT count(*) FROM progress p JOIN message m ON m.key = p.key \
    WHERE p.open = 1 AND m.submission NOT IN (SELECT submission FROM staged)";

/// Whether the key-encryption key goes into the backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyWish {
    /// It does: who has the file can read everything in it.
    Inside,
    /// It does not: it is kept elsewhere.
    Apart,
}

/// How a backup is to be made.
#[derive(Clone, Debug)]
pub struct BackupOptions {
    /// Whether the key goes with it.
    pub key: KeyWish,
    /// The version of the programme, for the header.
    pub version: String,
    /// The time, for the header.
    pub now: Timestamp,
}

/// A backup, as it says itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// When it was made.
    pub made_at: Timestamp,
    /// By which version.
    pub version: String,
    /// From which engine: `sqlite` or `postgres`.
    pub engine: String,
    /// The schema of its tables.
    pub schema: u32,
    /// Its tables with their rows.
    pub tables: Vec<(String, u64)>,
    /// Messages that were not at their end.
    pub open: i64,
    /// Of those, the ones that waited to be sent.
    pub waiting: i64,
    /// The ledger, for the proof that it balances.
    pub ledger: Vec<LedgerSum>,
    /// Whether the key-encryption key is in it.
    pub has_key: bool,
    /// Whether it knows which key it needs.
    pub knows_key: bool,
}

impl Backup {
    /// Of an archive.
    pub(crate) fn of(archive: &Archive) -> Self {
        let header = &archive.header;
        let rows = archive.tables.iter().map(|counted| (counted.table.name.clone(), counted.tally.rows));
        Self {
            made_at: header.made_at,
            version: header.version.clone(),
            engine: header.engine.clone(),
            schema: header.schema,
            tables: rows.collect(),
            open: header.open,
            waiting: header.waiting,
            ledger: archive.ledger.clone(),
            has_key: header.key.is_some(),
            knows_key: !header.key_id.is_empty(),
        }
    }

    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|(_, rows)| rows).sum()
    }

    /// How far the ledger is off; zero when it balances.
    pub fn imbalance_micros(&self) -> i64 {
        self.ledger.iter().map(LedgerSum::imbalance_micros).sum()
    }
}

/// Copies one state of an installation into a file, reads the file back, and only then gives it its
/// name. The platform may run; its database keeps what it writes meanwhile in its log (SQLite) or keeps
/// old rows (PostgreSQL) until the copy is made.
///
/// # Errors
/// When the file is there, the disk is full, or either side cannot be read or written. Nothing half is
/// left under the name of the file.
pub fn back_up(
    place: &Place,
    file: &Path,
    options: &BackupOptions,
    watch: Watch<'_>,
) -> Result<Backup, PortableError> {
    let kek = match read_kek(&place.folder().join(KEK_FILE)) {
        Ok(kek) => Some(kek),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && options.key == KeyWish::Apart => None,
        Err(error) => return Err(file_fault(&place.folder().join(KEK_FILE), "read")(error)),
    };
    let draft = Draft::beside(file)?;
    let write = || fill(place, SqliteSink::make(draft.lies_at())?, draft.lies_at(), options, kek, watch);
    write().map_err(|error| writing(file, error))?;
    let backup = Backup::of(&Archive::open(draft.lies_at())?);
    draft.finish()?;
    Ok(backup)
}

fn fill(
    place: &Place,
    mut sink: SqliteSink,
    path: &Path,
    options: &BackupOptions,
    kek: Option<Secret>,
    watch: Watch<'_>,
) -> Result<(), PortableError> {
    let mut source = place.source()?;
    let tables = known_tables(Sessions::LeftOut)?;
    let copied = copy(source.as_mut(), &mut sink, &tables, watch)?;
    let ledger = source.ledger()?;
    // The platform need not keep its old state for what follows.
    drop(source);
    let count = |sql: &str| integer(sink.connection(), sql, []);
    let header = Header {
        made_at: options.now,
        version: options.version.clone(),
        engine: place.engine().to_owned(),
        schema: SCHEMA,
        last_key: RowKey::from_i64(count("SELECT last_key FROM journal ORDER BY seq DESC LIMIT 1")?),
        open: count(OPEN)?,
        waiting: count(&format!("{OPEN} AND p.state IN (0, 1, 2)"))?,
        key_id: kek.as_deref().map(|kek| key_id(kek)).unwrap_or_default(),
        key: kek.filter(|_| options.key == KeyWish::Inside),
    };
    seal(sink.connection(), &header, &copied, &ledger)?;
    drop(sink);
    let mut written = SqliteSource::open(path)?;
    prove(&mut written, &copied, &ledger, watch)
}

/// What a backup says of itself. Its rows are not read; see [`verify`].
///
/// # Errors
/// When the file is no backup, is damaged, or another version wrote it.
pub fn inspect(file: &Path) -> Result<Backup, PortableError> {
    Ok(Backup::of(&Archive::open(file)?))
}

/// Reads every row of a backup and compares it with what the backup says of itself.
///
/// # Errors
/// When the file is no backup, is damaged, or another version wrote it.
pub fn verify(file: &Path, watch: Watch<'_>) -> Result<Backup, PortableError> {
    let mut archive = Archive::open(file)?;
    archive.verify(watch)?;
    Ok(Backup::of(&archive))
}

#[cfg(test)]
mod tests {
    use ports::store::{Batch, Store as _};
    use types::time::Timestamp;

    use super::{BackupOptions, Draft, KeyWish, PortableError, SqliteSink, fill, writing};
    use crate::portable::places::Place;
    use crate::sqlite::open_sqlite;

    #[test]
    fn a_full_disk_is_named_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let (mut store, _reader) = open_sqlite(&data).unwrap();
        for _ in 0..200 {
            store.apply(&Batch { at: Timestamp::from_ms(1_000), ..Batch::default() }).unwrap();
        }
        let file = folder.path().join("backup");
        let options =
            BackupOptions { key: KeyWish::Apart, version: String::new(), now: Timestamp::from_ms(2_000) };
        let (mut failed, mut made) = (0, 0);
        // Room for the tables alone, for some rows, for all rows but not the header, and for all.
        for spare_pages in [0, 1, 2, 3, 4, 5, 6, 7, 40] {
            let draft = Draft::beside(&file).unwrap();
            let sink = SqliteSink::make(draft.lies_at()).unwrap();
            sink.leave_room(spare_pages);
            let outcome =
                fill(&Place::Sqlite(data.clone()), sink, draft.lies_at(), &options, None, &mut |_| {});
            match outcome.map_err(|error| writing(&file, error)) {
                Ok(()) => made += 1,
                Err(PortableError::NoRoom { path }) if path == file => failed += 1,
                Err(other) => panic!("{spare_pages}: {other:?}"),
            }
            drop(draft);
            let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().collect();
            assert_eq!(names.len(), 1, "{spare_pages}: {names:?}");
        }
        assert!(failed >= 3 && made >= 1, "{failed} {made}");
    }
}
