//! The schema's version, and the way from one to the next.
//!
//! A change of the schema is a numbered migration: a file and a row of [`MIGRATIONS`]. What a released
//! version has written is never edited. So that a new version can be taken back, a change comes in
//! steps, each in a release of its own:
//!
//! 1. *Expand.* Add tables, indexes, and columns with a default; nothing that is there changes its
//!    meaning. Programmes of the schema before can still open and write the data: the row's
//!    `opens_from` stays.
//! 2. *Backfill.* `tidy` fills what is new, a step at a time.
//! 3. *Switch.* The new place is read, and both are written.
//! 4. *Contract.* The old place goes: `opens_from` becomes this version, and there is no way back but
//!    the backup.
//!
//! The data say themselves which programmes may open them: `meta` has `schema_version`, the newest
//! migration that was made, and `schema_opens_from`, the oldest schema whose programmes may still open
//! and write them.

use ports::store::StoreError;
use rusqlite::{Connection, params};

use crate::sqlite::fault::{Fault, integer};

/// A numbered change of the schema; its number is its place in the list, counted from one.
pub(super) struct Migration {
    /// What is done, in one transaction.
    pub(super) sql: &'static str,
    /// The oldest schema whose programmes can still open and write the data afterwards. They name the
    /// columns of no insert, so a new column in a table that they write is none of theirs.
    pub(super) opens_from: u32,
}

/// What changed the schema so far, oldest first.
const MIGRATIONS: &[Migration] = &[
    Migration { sql: include_str!("../migrations/0001_first.sql"), opens_from: 1 },
    Migration { sql: include_str!("../migrations/0002_suppression.sql"), opens_from: 1 },
    // Messages come through a door that versions before cannot read, and those would write to whoever has
    // opted out.
    Migration { sql: include_str!("../migrations/0003_keyword_replies.sql"), opens_from: 3 },
    Migration { sql: include_str!("../migrations/0004_inbound_numbers.sql"), opens_from: 3 },
    Migration { sql: include_str!("../migrations/0005_contacts.sql"), opens_from: 3 },
    // Versions before do not look into the archive: to them its messages would be gone, and the ledger off.
    Migration { sql: include_str!("../migrations/0006_archive.sql"), opens_from: 6 },
    // Postings and keys of which versions before cannot read the codes.
    Migration { sql: include_str!("../migrations/0007_resellers.sql"), opens_from: 7 },
    // Versions before do not know that a phone can opt out of a pool, and would write to it from its numbers.
    Migration { sql: include_str!("../migrations/0008_pools.sql"), opens_from: 8 },
];

/// The schema that this version writes.
pub(crate) const SCHEMA: u32 = MIGRATIONS.len() as u32;

/// Asks for the schema's version.
pub(crate) const VERSION: &str = "SELECT value FROM meta WHERE name = 'schema_version'";

/// How the schema of some data compares with the one that this version writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The same, or an older one that was brought up to date.
    Known,
    /// A newer one that lets this version in.
    NewerAndOpen,
}

/// Looks at the schema of data that are to be read.
pub(crate) fn schema_of(connection: &Connection) -> Result<Found, StoreError> {
    compare(connection, MIGRATIONS).map(|(_, found)| found)
}

/// Makes the migrations that the data lack.
pub(crate) fn bring_up_to_date(connection: &mut Connection) -> Result<Found, StoreError> {
    migrate(connection, MIGRATIONS)
}

fn migrate(connection: &mut Connection, migrations: &[Migration]) -> Result<Found, StoreError> {
    let (version, found) = compare(connection, migrations)?;
    let run = |connection: &mut Connection| -> Result<(), Fault> {
        let made = usize::try_from(version).unwrap_or(usize::MAX);
        for (number, migration) in (1_i64..).zip(migrations).skip(made) {
            let transaction = connection.transaction()?;
            transaction.execute_batch(migration.sql)?;
            let note = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)";
            transaction.execute(note, params!["schema_version", number])?;
            transaction.execute(note, params!["schema_opens_from", migration.opens_from])?;
            if number == 1 {
                // Unknown to carriers, so that nobody can choose ids that collide.
                transaction
                    .execute("INSERT INTO meta (name, value) VALUES ('receipt_hash_seed', random())", [])?;
            }
            transaction.commit()?;
        }
        Ok(())
    };
    run(connection).map_err(|fault| fault.doing("bring its schema up to date"))?;
    Ok(found)
}

/// The version of the data, zero for an empty database, and how it compares.
fn compare(connection: &Connection, migrations: &[Migration]) -> Result<(u32, Found), StoreError> {
    let read = |name: &str| -> Result<u32, Fault> {
        let value = integer(connection, "SELECT value FROM meta WHERE name = ?1", [name])?;
        u32::try_from(value).map_err(|_| Fault::Corrupt("meta"))
    };
    let versions = || -> Result<(u32, u32), Fault> {
        let tables = integer(connection, "SELECT count(*) FROM sqlite_schema WHERE name = 'meta'", [])?;
        if tables == 0 {
            return Ok((0, 0));
        }
        let version = read("schema_version")?;
        // Data that do not say let in nobody older.
        let opens_from = read("schema_opens_from")?;
        Ok((version, if opens_from == 0 { version } else { opens_from }))
    };
    let (version, opens_from) =
        versions().map_err(|fault: Fault| fault.doing("read its schema's version"))?;
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    if version <= known {
        Ok((version, Found::Known))
    } else if opens_from <= known {
        Ok((version, Found::NewerAndOpen))
    } else {
        Err(StoreError::NewerSchema { found: version, known })
    }
}

#[cfg(test)]
mod tests {
    use ports::store::StoreError;
    use rusqlite::Connection;

    use super::{Found, MIGRATIONS, Migration, migrate};
    use crate::sqlite::fault::integer;

    const FIRST: Migration = Migration {
        sql: "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL); CREATE TABLE a (x)",
        opens_from: 1,
    };
    const EXPAND: Migration =
        Migration { sql: "CREATE TABLE b (x); INSERT INTO b VALUES (2)", opens_from: 1 };
    const CONTRACT: Migration = Migration { sql: "DROP TABLE a", opens_from: 3 };
    const BROKEN: Migration = Migration { sql: "CREATE TABLE c (x); CREATE TABLE b (x)", opens_from: 1 };

    fn number(connection: &Connection, name: &str) -> i64 {
        integer(connection, "SELECT value FROM meta WHERE name = ?1", [name]).unwrap()
    }

    fn versions(connection: &Connection) -> (i64, i64) {
        (number(connection, "schema_version"), number(connection, "schema_opens_from"))
    }

    #[test]
    fn data_are_brought_up_to_date_step_by_step_and_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert_eq!(migrate(&mut connection, &[FIRST]).unwrap(), Found::Known);
        assert_eq!(versions(&connection), (1, 1));
        let seed = number(&connection, "receipt_hash_seed");
        for _ in 0..2 {
            assert_eq!(migrate(&mut connection, &[FIRST, EXPAND]).unwrap(), Found::Known);
            assert_eq!(versions(&connection), (2, 1));
        }
        assert_eq!(integer(&connection, "SELECT count(*) FROM b", []).unwrap(), 1);
        assert_eq!(number(&connection, "receipt_hash_seed"), seed, "made once");
    }

    #[test]
    fn an_older_version_opens_what_lets_it_and_is_refused_elsewhere() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &[FIRST, EXPAND]).unwrap();
        // There and back: the old version changes nothing of the schema, and the new one goes on.
        assert_eq!(migrate(&mut connection, &[FIRST]).unwrap(), Found::NewerAndOpen);
        assert_eq!(versions(&connection), (2, 1));
        assert_eq!(migrate(&mut connection, &[FIRST, EXPAND, CONTRACT]).unwrap(), Found::Known);
        assert_eq!(versions(&connection), (3, 3));
        for old in [&[FIRST][..], &[FIRST, EXPAND]] {
            let refused = migrate(&mut connection, old).unwrap_err();
            let known = u32::try_from(old.len()).unwrap();
            assert!(
                matches!(refused, StoreError::NewerSchema { found: 3, known: k } if k == known),
                "{refused:?}"
            );
            assert!(refused.to_string().contains("backup"), "{refused}");
        }
        // Data that do not say whom they let in.
        connection.execute("DELETE FROM meta WHERE name = 'schema_opens_from'", []).unwrap();
        assert!(migrate(&mut connection, &[FIRST, EXPAND]).is_err());
        assert!(migrate(&mut connection, &[FIRST, EXPAND, CONTRACT]).is_ok());
    }

    #[test]
    fn a_migration_that_fails_leaves_the_version_before() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &[FIRST, EXPAND]).unwrap();
        assert!(migrate(&mut connection, &[FIRST, EXPAND, BROKEN]).is_err());
        assert_eq!(versions(&connection), (2, 1));
        let left = integer(&connection, "SELECT count(*) FROM sqlite_schema WHERE name = 'c'", []).unwrap();
        assert_eq!(left, 0, "nothing of it stays");
        assert_eq!(migrate(&mut connection, &[FIRST, EXPAND]).unwrap(), Found::Known);
    }

    #[test]
    fn the_list_lets_in_no_version_that_it_has_shut_out() {
        let mut least = 1;
        for (number, migration) in (1..).zip(MIGRATIONS) {
            assert!((least..=number).contains(&migration.opens_from), "migration {number}");
            least = migration.opens_from;
        }
    }
}
