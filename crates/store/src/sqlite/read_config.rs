//! Answers about accounts, ways in, people, documents, the journal and the store itself.

use std::ffi::OsString;
use std::path::Path;

use ports::store::{
    BatchJournal, ConfigKind, ConfigVersion, CredentialRow, DataKeyRow, EndpointRow, PersonRow, SessionRow,
    StoreFigures,
};
use rusqlite::Connection;
use types::account::Account;
use types::id::{AccountId, CommitSeq, PersonId, RowKey};
use types::time::Timestamp;

use super::fault::{Fault, all, first, integer, sql_limit};
use super::load;
use crate::codec::never;
use crate::codec_config::{
    self, account_columns, credential_columns, data_key_columns, document_columns, endpoint_columns,
    person_columns,
};
use crate::journal;

pub(crate) fn accounts(connection: &Connection) -> Result<Vec<Account>, Fault> {
    let sql = concat!("SELECT ", account_columns!(), " FROM account ORDER BY id");
    all(connection, sql, [], codec_config::account)
}

pub(crate) fn credentials(connection: &Connection, account: AccountId) -> Result<Vec<CredentialRow>, Fault> {
    let sql = concat!("SELECT ", credential_columns!(), " FROM credential WHERE account = ?1 ORDER BY id");
    all(connection, sql, [account.0], codec_config::credential)
}

pub(crate) fn endpoints(connection: &Connection, account: AccountId) -> Result<Vec<EndpointRow>, Fault> {
    let sql = concat!("SELECT ", endpoint_columns!(), " FROM endpoint WHERE account = ?1 ORDER BY id");
    all(connection, sql, [account.0], codec_config::endpoint)
}

pub(crate) fn person_by_email(connection: &Connection, email: &str) -> Result<Option<PersonRow>, Fault> {
    let sql = concat!("SELECT ", person_columns!(), " FROM person WHERE email = ?1");
    first(connection, sql, [email], codec_config::person)
}

pub(crate) fn person(connection: &Connection, id: PersonId) -> Result<Option<PersonRow>, Fault> {
    let sql = concat!("SELECT ", person_columns!(), " FROM person WHERE id = ?1");
    first(connection, sql, [id.0], codec_config::person)
}

pub(crate) fn session(connection: &Connection, token_hash: [u8; 32]) -> Result<Option<SessionRow>, Fault> {
    let sql = "SELECT token_hash, person, created_at, expires_at FROM session WHERE token_hash = ?1";
    first(connection, sql, [token_hash.as_slice()], codec_config::session)
}

pub(crate) fn documents(
    connection: &Connection,
    kind: ConfigKind,
    limit: usize,
) -> Result<Vec<ConfigVersion>, Fault> {
    let sql = concat!(
        "SELECT ",
        document_columns!(),
        " FROM document WHERE kind = ?1 ORDER BY number DESC LIMIT ?2"
    );
    all(connection, sql, [i64::from(kind.code()), sql_limit(limit)], codec_config::document)
}

pub(crate) fn document(
    connection: &Connection,
    kind: ConfigKind,
    number: u32,
) -> Result<Option<ConfigVersion>, Fault> {
    let sql = concat!("SELECT ", document_columns!(), " FROM document WHERE kind = ?1 AND number = ?2");
    first(connection, sql, [i64::from(kind.code()), i64::from(number)], codec_config::document)
}

pub(crate) fn data_key(connection: &Connection, id: i64) -> Result<Option<DataKeyRow>, Fault> {
    let sql = concat!("SELECT ", data_key_columns!(), " FROM data_key WHERE id = ?1");
    first(connection, sql, [id], codec_config::data_key)
}

/// Counts of rows. Messages are counted from the rollup, because counting the rows of a big table
/// reads all of it.
pub(crate) fn figures(connection: &Connection) -> Result<StoreFigures, Fault> {
    let settled = load::outbox_settled(connection)?;
    let oldest = integer(
        connection,
        concat!(
            "SELECT min(key) FROM (SELECT min(key) AS key FROM outbox_by_endpoint WHERE dead = 0 UNION ALL \
             SELECT min(key) FROM outbox WHERE key > ?1 AND told_at IS NULL AND next_at < ",
            never!(),
            ")"
        ),
        [settled],
    )?;
    Ok(StoreFigures {
        messages: integer(connection, "SELECT sum(messages) FROM usage_day WHERE state = 0", [])?,
        open: integer(
            connection,
            "SELECT (SELECT count(*) FROM progress WHERE open = 1) - (SELECT count(*) FROM staged g \
             JOIN message m ON m.key >= g.submission AND m.key < g.submission + (3600000 << 21) \
             AND m.submission = g.submission JOIN progress p ON p.key = m.key AND p.open = 1)",
            [],
        )?,
        parked: integer(connection, "SELECT count(*) FROM parked_receipt", [])?,
        outbox: integer(
            connection,
            "SELECT (SELECT count(*) FROM outbox_by_endpoint) \
             + (SELECT count(*) FROM outbox WHERE key > ?1 AND told_at IS NULL)",
            [settled],
        )?,
        dead_letters: integer(
            connection,
            concat!(
                "SELECT (SELECT count(*) FROM outbox_by_endpoint WHERE dead = 1) \
                 + (SELECT count(*) FROM outbox WHERE key > ?1 AND told_at IS NULL AND next_at = ",
                never!(),
                ")"
            ),
            [settled],
        )?,
        oldest_event_at: (oldest > 0).then(|| Timestamp::from_ms(RowKey::from_i64(oldest).unix_ms())),
        octets: 0,
        schema: u32::try_from(integer(
            connection,
            "SELECT value FROM meta WHERE name = 'schema_version'",
            [],
        )?)
        .unwrap_or(0),
        // The writer syncs every commit, whatever the file says.
        durable: true,
    })
}

/// Octets of the database and its log on disk.
pub(crate) fn octets(database: &Path) -> i64 {
    let mut log = OsString::from(database);
    log.push("-wal");
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    i64::try_from(size(database).saturating_add(size(Path::new(&log)))).unwrap_or(i64::MAX)
}

pub(crate) fn journal(connection: &Connection, seq: CommitSeq) -> Result<Option<BatchJournal>, Fault> {
    first(connection, "SELECT seq, at, entries FROM journal WHERE seq = ?1", [seq.0], journal::row)
}
