//! Bringing a backup back, into an empty place only.

use std::path::{Path, PathBuf};

use ports::store::Store as _;
use types::time::Timestamp;

use super::archive::{Archive, Secret, key_id};
use super::backup::Backup;
use super::copy::{Moment, Phase, Watch, copy, prove};
use super::error::{PortableError, file_fault, writing};
use super::landing::{Queued, Restoring};
use super::places::{Again, IntoFolder, IntoPostgres, Place, known_tables, lock};
use super::tables::{ARCHIVE, Sessions, Table};
use crate::sqlite::{DATABASE_FILE, open_sqlite};
use crate::vault::{KEK_FILE, put_kek, read_kek};

/// How a backup is to be restored.
#[derive(Clone, Debug)]
pub struct RestoreOptions {
    /// What becomes of messages that may have been sent since.
    pub queued: Queued,
    /// A file with the key-encryption key, to be put into the data folder.
    pub key: Option<PathBuf>,
    /// Whether what an interrupted run has left is removed.
    pub again: Again,
    /// The time: row keys go on above it.
    pub now: Timestamp,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The backup.
    pub backup: Backup,
    /// Messages that were marked, to be held or as possible duplicates.
    pub marked: u64,
    /// Whether the data folder has a key. Without it nothing can be read.
    pub has_key: bool,
}

/// Which key goes where.
enum KeyPlan {
    /// The right one is there, or nobody knows which is right.
    Stays,
    /// This one is put there.
    Put(Secret),
    /// There is none.
    Missing,
}

/// Restores a backup. Everything in it is read and compared before anything is written, and again when
/// it has arrived.
///
/// # Errors
/// When the file is damaged, the place is not empty or in use, the key is another's, or either side
/// cannot be read or written. Nothing half is put into use.
pub fn restore(
    file: &Path,
    into: &Place,
    options: &RestoreOptions,
    watch: Watch<'_>,
) -> Result<Restored, PortableError> {
    let mut archive = Archive::open(file)?;
    let lock = lock(into.folder())?;
    let plan = plan_key(&archive, into.folder(), options.key.as_deref())?;
    let restoring = Restoring { queued: options.queued, now: options.now };
    let tables: Vec<Table> = archive.tables.iter().map(|counted| counted.table.clone()).collect();
    let marked = match into {
        Place::Sqlite(folder) => {
            let mut target = IntoFolder::begin(folder, lock)?;
            archive.verify(watch)?;
            let marked = (|| {
                let copied = copy(&mut archive.source, &mut target.sink, &tables, watch)?;
                prove(&mut target.arrived()?, &copied, &archive.ledger, watch)?;
                target.finish(Some(restoring))
            })();
            let path = folder.join(DATABASE_FILE);
            let marked = marked.map_err(|error| writing(&path, error))?;
            make_lookups(folder, options.now, watch)?;
            marked
        }
        Place::Postgres { url, .. } => {
            if archive.tables.iter().any(|counted| counted.table.name == ARCHIVE && counted.tally.rows > 0) {
                return Err(PortableError::Archived { what: file.display().to_string() });
            }
            let known = known_tables(Sessions::Kept)?;
            let mut target = IntoPostgres::begin(url, lock, &known, options.again, options.now)?;
            if let Err(error) = archive.verify(watch) {
                target.give_up();
                return Err(error);
            }
            let copied = copy(&mut archive.source, &mut target.sink, &tables, watch)?;
            prove(&mut target.arrived()?, &copied, &archive.ledger, watch)?;
            target.finish(Some(restoring))?
        }
    };
    let has_key = !matches!(plan, KeyPlan::Missing);
    if let KeyPlan::Put(key) = plan {
        let path = into.folder().join(KEK_FILE);
        put_kek(&path, &key).map_err(file_fault(&path, "written"))?;
    }
    Ok(Restored { backup: Backup::of(&archive), marked, has_key })
}

fn plan_key(archive: &Archive, folder: &Path, named: Option<&Path>) -> Result<KeyPlan, PortableError> {
    let header = &archive.header;
    let check = |key: &[u8], path: &Path| {
        if header.key_id.is_empty() || key_id(key) == header.key_id {
            Ok(())
        } else {
            Err(PortableError::OtherKey { path: path.to_owned() })
        }
    };
    let there = folder.join(KEK_FILE);
    match read_kek(&there) {
        Ok(key) => return check(&key, &there).map(|()| KeyPlan::Stays),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(file_fault(&there, "read")(error)),
    }
    if let Some(path) = named {
        let key = read_kek(path).map_err(file_fault(path, "read"))?;
        return check(&key, path).map(|()| KeyPlan::Put(key));
    }
    Ok(header.key.clone().map_or(KeyPlan::Missing, KeyPlan::Put))
}

/// Makes the look-ups of SQLite, so that the first start need not. An interruption costs nothing: the
/// platform goes on with it.
pub(crate) fn make_lookups(folder: &Path, now: Timestamp, watch: Watch<'_>) -> Result<(), PortableError> {
    let (mut store, _reader) = open_sqlite(folder)?;
    let mut steps = 0;
    while store.tidy(now)? {
        steps += 1;
        watch(Moment { phase: Phase::Indexing, table: "look-ups", rows: steps, of: 0 });
    }
    Ok(())
}
