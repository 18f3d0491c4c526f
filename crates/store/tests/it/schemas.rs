//! Both engines have the same tables and columns, but for what is named here.

use std::collections::{BTreeMap, BTreeSet};

use store::{DATABASE_FILE, PostgresUrl, open_postgres, open_sqlite};
use testkit::postgres::Cluster;

/// Look-ups that SQLite keeps by hand and PostgreSQL as indexes and partitions.
const ONLY_SQLITE: &[(&str, &[&str])] = &[
    ("message_by_account", &["run", "account", "key"]),
    ("message_by_recipient", &["run", "recipient_hash", "key"]),
    ("outbox_by_about", &["about", "key"]),
    ("outbox_by_endpoint", &["endpoint", "dead", "key"]),
    ("posting_by_account", &["run", "account", "id"]),
    ("receipt_map_closed", &["run", "hash", "seq", "connector", "carrier_id", "message", "attempt", "part"]),
    ("sorted_run", &["kind", "run", "low", "high", "written_at"]),
];

/// Who writes, the account that leads in tables of traffic, the day of a carrier id, and what tells
/// whether a commit is there.
const ONLY_POSTGRES: &[(&str, &[&str])] = &[
    ("attempt", &["account"]),
    ("attempt_part", &["account"]),
    ("body", &["account"]),
    ("journal", &["last_posting", "token"]),
    ("lease", &["name", "epoch", "holder", "expires_at"]),
    ("message_lot", &["account"]),
    ("progress", &["account"]),
    ("receipt", &["account"]),
    ("receipt_map", &["at"]),
];

type Tables = BTreeMap<String, BTreeSet<String>>;

fn add(tables: &mut Tables, table: &str, column: &str) {
    tables.entry(table.to_owned()).or_default().insert(column.to_owned());
}

/// Tables and views of `with` that `without` has not, column by column.
fn only_in(with: &Tables, without: &Tables) -> Tables {
    let mut only = Tables::new();
    for (table, columns) in with {
        for column in columns {
            if !without.get(table).is_some_and(|columns| columns.contains(column)) {
                add(&mut only, table, column);
            }
        }
    }
    only
}

fn named(list: &[(&str, &[&str])]) -> Tables {
    let mut tables = Tables::new();
    for (table, columns) in list {
        columns.iter().for_each(|column| add(&mut tables, table, column));
    }
    tables
}

fn of_sqlite() -> Tables {
    let folder = tempfile::tempdir().unwrap();
    drop(open_sqlite(folder.path()).unwrap());
    let raw = rusqlite::Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    let sql = "SELECT s.name, c.name FROM sqlite_schema s JOIN pragma_table_info(s.name) c \
               WHERE s.type IN ('table', 'view')";
    let mut statement = raw.prepare(sql).unwrap();
    let rows =
        statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
    let mut tables = Tables::new();
    rows.map(Result::unwrap).for_each(|(table, column)| add(&mut tables, &table, &column));
    tables
}

fn of_postgres() -> Tables {
    let cluster = Cluster::shared();
    let address = cluster.database().unwrap();
    let folder = tempfile::tempdir().unwrap();
    drop(open_postgres(folder.path(), &PostgresUrl::parse(&address).unwrap()).unwrap());
    let name = address.trim_start_matches("postgres:///").split('?').next().unwrap();
    let sql = "SELECT c.relname || ' ' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
               WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v') \
               AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped";
    let mut tables = Tables::new();
    for line in cluster.psql(name, sql).unwrap().lines() {
        let (table, column) = line.split_once(' ').unwrap();
        add(&mut tables, table, column);
    }
    tables
}

#[test]
fn both_engines_have_the_same_tables_and_columns() {
    let (sqlite, postgres) = (of_sqlite(), of_postgres());
    assert!(sqlite.len() > 20 && postgres.contains_key("message_readable"));
    assert_eq!(only_in(&sqlite, &postgres), named(ONLY_SQLITE));
    assert_eq!(only_in(&postgres, &sqlite), named(ONLY_POSTGRES));
}
