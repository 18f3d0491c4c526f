//! Which tables hold truth, and in which columns.
//!
//! The schema of SQLite says it: every table of it is copied with all of its columns, unless it is
//! named here as derived, so that a later change of the schema needs no change here. What one engine
//! has beside them (`crates/store/tests/it/schemas.rs` lists it) is made by the copy itself.

use rusqlite::Connection;

use crate::fault::Fault;
use crate::sqlite::all;

/// Made from other tables, or about the place in which they lie.
const DERIVED: &[&str] = &[
    "code_name",
    "message_by_account",
    "message_by_recipient",
    "meta",
    "outbox_by_about",
    "outbox_by_endpoint",
    "posting_by_account",
    "receipt_map_closed",
    "sorted_run",
];
/// Who is signed in; no backup has it.
const SESSIONS: &str = "session";
/// Carrier ids, whose places in the order differ between the engines.
pub(crate) const RECEIPT_MAP: &str = "receipt_map";
/// What phones wrote; nobody's account is NULL in one engine and zero in the other.
pub(crate) const INBOUND: &str = "inbound";
/// One row per commit.
pub(crate) const JOURNAL: &str = "journal";

/// Blocks of the archive, which only SQLite looks into.
pub(crate) const ARCHIVE: &str = "past_block";

/// Tables that lead with the account of their message in PostgreSQL, with the column that has its key.
const OWNED: &[(&str, &str)] = &[
    ("attempt", "message"),
    ("attempt_part", "message"),
    ("body", "message"),
    ("message_lot", "message"),
    ("progress", "key"),
    ("receipt", "message"),
];

/// A table that is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    /// Its name, the same in both engines.
    pub(crate) name: String,
    /// Its columns in the order in which rows are read, those of SQLite.
    pub(crate) columns: Vec<String>,
}

impl Table {
    /// Which columns count in a comparison.
    pub(crate) fn counts(&self) -> Vec<bool> {
        let is_place = |column: &String| self.name == RECEIPT_MAP && column == "seq";
        self.columns.iter().map(|column| !is_place(column)).collect()
    }

    /// The columns as SQL takes them; `prefix` stands before each.
    pub(crate) fn list(&self, prefix: &str) -> String {
        let quoted: Vec<_> = self.columns.iter().map(|column| format!("{prefix}\"{column}\"")).collect();
        quoted.join(", ")
    }

    /// The column with the key of the message whose account leads in PostgreSQL.
    pub(crate) fn owned_by(&self) -> Option<&'static str> {
        OWNED.iter().find(|(name, _)| *name == self.name).map(|(_, column)| *column)
    }

    /// The place of a column.
    pub(crate) fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|known| known == column)
    }

    /// The columns behind the others that PostgreSQL has besides, as far as their values come from the
    /// rows that are read.
    pub(crate) fn behind(&self) -> Option<&'static str> {
        if self.owned_by().is_some() {
            Some("account")
        } else if self.name == RECEIPT_MAP {
            Some("at")
        } else {
            None
        }
    }
}

/// Whether people stay signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sessions {
    /// They do: the installation moves.
    Kept,
    /// They do not: who has signed out since would be signed in again.
    LeftOut,
}

/// The tables of truth in the order of their names, as this database of ours has them.
pub(crate) fn tables(connection: &Connection, sessions: Sessions) -> Result<Vec<Table>, Fault> {
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' \
                 AND name NOT LIKE 'archive%' ORDER BY name";
    let text = |row: &dyn crate::codec::Columns| row.text(0)?.ok_or(Fault::Corrupt("schema"));
    let mut found = Vec::new();
    for name in all(connection, names, [], text)? {
        if DERIVED.contains(&name.as_str()) || (name == SESSIONS && sessions == Sessions::LeftOut) {
            continue;
        }
        let columns = all(connection, "SELECT name FROM pragma_table_info(?1) ORDER BY cid", [&name], text)?;
        found.push(Table { name, columns });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{ARCHIVE, DERIVED, OWNED, SESSIONS, Sessions, tables};
    use crate::sqlite::{bring_up_to_date, first};

    #[test]
    fn what_is_named_here_is_in_the_schema() {
        let mut connection = Connection::open_in_memory().unwrap();
        bring_up_to_date(&mut connection).unwrap();
        for name in DERIVED.iter().chain([&SESSIONS]) {
            let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
            assert!(first(&connection, sql, [name], |row| row.int(0)).unwrap().is_some(), "{name}");
        }
        let all = tables(&connection, Sessions::Kept).unwrap();
        assert_eq!(tables(&connection, Sessions::LeftOut).unwrap().len() + 1, all.len());
        assert!(all.iter().any(|table| table.name == ARCHIVE));
        for (name, column) in OWNED {
            let table = all.iter().find(|table| table.name == *name).unwrap();
            assert!(table.place(column).is_some() && table.behind() == Some("account"), "{name}");
        }
        let map = all.iter().find(|table| table.name == "receipt_map").unwrap();
        assert_eq!(map.counts(), [false, true, true, true, true, true]);
        assert!(map.list("r.").starts_with("r.\"seq\", "));
    }
}
