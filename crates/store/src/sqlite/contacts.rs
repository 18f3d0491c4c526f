//! Contacts, groups and what else has a name: written in a commit, and read by the writer and by doors.

use ports::store::{ContactChange, ContactFilter, ContactRow, ListPage, ListedContact, ResourceRow};
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use types::id::{AccountId, RowKey};

use super::fault::{Fault, all, first, guarded, integer, sql_limit};
use super::senders;
use crate::codec_contact::{self, Given, ListQuestion, contact_columns, resource_columns};

/// Makes one change of contacts.
pub(crate) fn write(connection: &Connection, change: &ContactChange) -> Result<(), Fault> {
    match change {
        ContactChange::Put(row) => write_contact(connection, row),
        ContactChange::End(account, key) => {
            let sql = "DELETE FROM contact WHERE key = ?1 AND account = ?2";
            let ended = connection.prepare_cached(sql)?.execute([key.as_i64(), account.0])?;
            if ended > 0 {
                let sql = "DELETE FROM contact_membership WHERE contact = ?1";
                connection.prepare_cached(sql)?.execute([key.as_i64()])?;
            }
            Ok(())
        }
        ContactChange::Join { group, contact } => {
            let sql = "INSERT INTO contact_membership VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            connection.prepare_cached(sql)?.execute([group.as_i64(), contact.as_i64()])?;
            Ok(())
        }
        ContactChange::Leave { group, contact } => {
            let sql = "DELETE FROM contact_membership WHERE contact_group = ?1 AND contact = ?2";
            connection.prepare_cached(sql)?.execute([group.as_i64(), contact.as_i64()])?;
            Ok(())
        }
    }
}

fn write_contact(connection: &Connection, row: &ContactRow) -> Result<(), Fault> {
    let upsert = "INSERT INTO contact VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (key) DO UPDATE \
                  SET number_hash = excluded.number_hash, language = excluded.language, \
                  data_key = excluded.data_key, sealed = excluded.sealed, changed_at = excluded.changed_at";
    let written = connection.prepare_cached(upsert)?.execute(params![
        row.key.as_i64(),
        row.tail.cast_signed(),
        row.account.0,
        row.number_hash,
        row.language,
        row.data_key,
        row.sealed,
        row.created_at.as_ms(),
        row.changed_at.as_ms()
    ]);
    guarded(written, "contact number").map(drop)
}

/// Writes what has a name.
pub(crate) fn write_resource(connection: &Connection, row: &ResourceRow) -> Result<(), Fault> {
    let upsert = "INSERT INTO resource VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (key) DO UPDATE \
                  SET name = excluded.name, state = excluded.state, document = excluded.document, \
                  changed_at = excluded.changed_at";
    let written = connection.prepare_cached(upsert)?.execute(params![
        row.key.as_i64(),
        row.tail.cast_signed(),
        row.account.0,
        row.kind.code(),
        row.name,
        row.state.code(),
        row.document,
        row.created_at.as_ms(),
        row.changed_at.as_ms()
    ]);
    guarded(written, "resource name").map(drop)
}

/// Takes away what has a name.
pub(crate) fn end_resource(connection: &Connection, account: AccountId, key: RowKey) -> Result<(), Fault> {
    let sql = "DELETE FROM resource WHERE key = ?1 AND account = ?2";
    if connection.prepare_cached(sql)?.execute([key.as_i64(), account.0])? > 0 {
        let sql = "DELETE FROM contact_membership WHERE contact_group = ?1";
        connection.prepare_cached(sql)?.execute([key.as_i64()])?;
        senders::end_pool(connection, key)?;
    }
    Ok(())
}

/// Everything that has a name.
pub(crate) fn resources(connection: &Connection) -> Result<Vec<ResourceRow>, Fault> {
    let sql = concat!("SELECT ", resource_columns!(), " FROM resource ORDER BY key");
    all(connection, sql, [], codec_contact::resource)
}

/// Contacts with one of these numbers.
pub(crate) fn among(
    connection: &Connection,
    account: AccountId,
    number_hashes: &[i64],
) -> Result<Vec<ContactRow>, Fault> {
    let sql =
        concat!("SELECT ", contact_columns!(), " FROM contact c WHERE c.account = ?1 AND c.number_hash = ?2");
    let mut found = Vec::new();
    for hash in number_hashes {
        found.extend(first(connection, sql, [account.0, *hash], codec_contact::contact)?);
    }
    Ok(found)
}

/// A page of contacts, newest first.
pub(crate) fn list(
    connection: &Connection,
    filter: &ContactFilter,
) -> Result<ListPage<ListedContact>, Fault> {
    let question = ListQuestion::new(filter, '?');
    let given = question.given.into_iter().map(|value| match value {
        Given::Int(number) => Value::Integer(number),
        Given::Text(text) => Value::Text(text),
    });
    let found = all(connection, &question.sql, params_from_iter(given), codec_contact::listed)?;
    let mut page = ListPage::cut(found, question.limit, |listed| listed.contact.key);
    let sql =
        "SELECT contact, contact_group FROM contact_membership WHERE contact = ?1 ORDER BY contact_group";
    for listed in &mut page.items {
        let groups = all(connection, sql, [listed.contact.key.as_i64()], codec_contact::membership)?;
        listed.groups = groups.into_iter().map(|(_, group)| group).collect();
    }
    Ok(page)
}

/// How many contacts an account has, up to `most`.
pub(crate) fn count(connection: &Connection, account: AccountId, most: usize) -> Result<usize, Fault> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM contact WHERE account = ?1 LIMIT ?2)";
    let counted = integer(connection, sql, [account.0, sql_limit(most)])?;
    Ok(usize::try_from(counted).unwrap_or(most))
}

/// How many contacts are in each group.
pub(crate) fn group_sizes(connection: &Connection, groups: &[RowKey]) -> Result<Vec<u64>, Fault> {
    let sql = "SELECT count(*) FROM contact_membership WHERE contact_group = ?1";
    let size = |group: &RowKey| Ok(integer(connection, sql, [group.as_i64()])?.unsigned_abs());
    groups.iter().map(size).collect()
}
