//! The part of a commit that changes accounts, ways in, people, documents and keys.

use ports::store::{
    ConfigChange, ConfigVersion, CredentialRow, EndpointRow, InboundNumberRow, PersonRow, SessionRow,
    SuppressionRow,
};
use rusqlite::{Connection, params};
use types::account::Account;
use types::id::RowKey;
use types::region::Region;
use types::time::Timestamp;

use super::apply::Work;
use super::contacts;
use super::fault::{Fault, guarded, integer};
use super::senders;
use crate::codec_config::sid_octets;

pub(crate) fn write_data_keys(work: &Work<'_>) -> Result<(), Fault> {
    for row in &work.batch.data_keys {
        let mut insert =
            work.connection.prepare_cached("INSERT INTO data_key VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        let inserted = insert.execute(params![
            row.id,
            row.account.map(|account| account.0),
            row.class,
            row.period,
            row.wrapped,
            row.created_at.as_ms()
        ]);
        guarded(inserted, "data key number")?;
    }
    Ok(())
}

pub(crate) fn write_config(work: &Work<'_>) -> Result<(), Fault> {
    for change in &work.batch.config {
        match change {
            ConfigChange::Account(account) => write_account(work.connection, account)?,
            ConfigChange::Credential(row) => write_credential(work.connection, row)?,
            ConfigChange::Endpoint(row) => write_endpoint(work.connection, row)?,
            ConfigChange::Person(row) => write_person(work.connection, row)?,
            ConfigChange::Session(row) => write_session(work.connection, row)?,
            ConfigChange::SessionEnd(token_hash) => {
                let delete = "DELETE FROM session WHERE token_hash = ?1";
                work.connection.prepare_cached(delete)?.execute([token_hash.as_slice()])?;
            }
            ConfigChange::Document(version) => write_document(work.connection, version)?,
            ConfigChange::Connector(id, name) => {
                let upsert = "INSERT INTO connector VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET name = excluded.name";
                guarded(
                    work.connection.prepare_cached(upsert)?.execute(params![id.0, name]),
                    "connector name",
                )?;
            }
            ConfigChange::InboundNumber(row) => write_inbound_number(work.connection, row)?,
            ConfigChange::KeywordReply(row) => {
                let upsert = "INSERT INTO keyword_reply VALUES (?1, ?2, ?3) \
                              ON CONFLICT (account, keyword) DO UPDATE SET text = excluded.text";
                work.connection.prepare_cached(upsert)?.execute(params![
                    row.account.0,
                    row.keyword.code(),
                    row.text
                ])?;
            }
            ConfigChange::KeywordReplyEnd(account, keyword) => {
                let delete = "DELETE FROM keyword_reply WHERE account = ?1 AND keyword = ?2";
                work.connection.prepare_cached(delete)?.execute(params![account.0, keyword.code()])?;
            }
            ConfigChange::ContentErased(_, message) => erase_content(work.connection, *message)?,
            ConfigChange::AddressesErased { message, sealed, .. } => {
                erase_content(work.connection, *message)?;
                let update = "UPDATE message SET sealed = ?2 WHERE key = ?1";
                work.connection.prepare_cached(update)?.execute(params![message.as_i64(), sealed])?;
            }
            ConfigChange::Contact(change) => contacts::write(work.connection, change)?,
            ConfigChange::Resource(row) => contacts::write_resource(work.connection, row)?,
            ConfigChange::ResourceEnd(account, key) => {
                contacts::end_resource(work.connection, *account, *key)?;
            }
            ConfigChange::SendersRemembered(rows) => senders::remember(work.connection, rows)?,
            ConfigChange::SendersForgotten(places) => senders::forget(work.connection, places)?,
            ConfigChange::Suppression(row) => write_suppression(work.connection, row)?,
            ConfigChange::SuppressionEnd { account, scope, number_hash } => {
                let delete = "DELETE FROM suppression WHERE account = ?1 AND scope = ?2 AND number_hash = ?3";
                work.connection.prepare_cached(delete)?.execute(params![account.0, scope, number_hash])?;
            }
        }
    }
    Ok(())
}

fn erase_content(connection: &Connection, message: RowKey) -> Result<(), Fault> {
    for sql in [
        "DELETE FROM body WHERE message = ?1",
        "UPDATE attempt SET sealed_sent = x'' WHERE message = ?1",
        "UPDATE receipt SET sealed_echo = x'' WHERE message = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([message.as_i64()])?;
    }
    Ok(())
}

fn write_account(connection: &Connection, account: &Account) -> Result<(), Fault> {
    let mut upsert = connection.prepare_cached(
        "INSERT INTO account VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) \
         ON CONFLICT (id) DO UPDATE SET sid = excluded.sid, parent = excluded.parent, name = excluded.name, \
         state = excluded.state, unit = excluded.unit, price_book = excluded.price_book, \
         region = excluded.region, \
         default_class = excluded.default_class, default_endpoint = excluded.default_endpoint, \
         rate_per_second = excluded.rate_per_second, window = excluded.window, binds = excluded.binds, \
         repeat_guard_s = excluded.repeat_guard_s, \
         allow_private_callbacks = excluded.allow_private_callbacks, created_at = excluded.created_at",
    )?;
    let written = upsert.execute(params![
        account.id.0,
        sid_octets(account.sid).as_slice(),
        account.parent.map(|parent| parent.0),
        account.name,
        account.state.code(),
        account.unit.as_str(),
        account.price_book,
        account.region.as_ref().map(Region::as_str),
        account.default_class.code(),
        account.default_endpoint.map(|endpoint| endpoint.0),
        account.limits.rate_per_second,
        account.limits.window,
        account.limits.binds,
        account.limits.repeat_guard_s,
        account.allow_private_callbacks,
        account.created_at.as_ms(),
    ]);
    guarded(written, "account name").map(drop)
}

fn write_credential(connection: &Connection, row: &CredentialRow) -> Result<(), Fault> {
    let mut upsert = connection.prepare_cached(
        "INSERT INTO credential VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO UPDATE SET \
         account = excluded.account, kind = excluded.kind, name = excluded.name, data_key = excluded.data_key, \
         sealed_secret = excluded.sealed_secret, created_at = excluded.created_at, \
         revoked_at = excluded.revoked_at",
    )?;
    let written = upsert.execute(params![
        row.id.0,
        row.account.0,
        row.kind.code(),
        row.name,
        row.data_key,
        row.sealed_secret,
        row.created_at.as_ms(),
        row.revoked_at.map(Timestamp::as_ms)
    ]);
    guarded(written, "credential name").map(drop)
}

fn write_endpoint(connection: &Connection, row: &EndpointRow) -> Result<(), Fault> {
    let mut upsert = connection.prepare_cached(
        "INSERT INTO endpoint VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO UPDATE SET \
         account = excluded.account, kind = excluded.kind, url_hash = excluded.url_hash, \
         data_key = excluded.data_key, sealed = excluded.sealed, disabled = excluded.disabled",
    )?;
    let written = upsert.execute(params![
        row.id.0,
        row.account.0,
        row.kind.code(),
        row.url_hash,
        row.data_key,
        row.sealed,
        row.disabled,
        row.created_at.as_ms()
    ]);
    guarded(written, "endpoint address").map(drop)
}

fn write_person(connection: &Connection, row: &PersonRow) -> Result<(), Fault> {
    let mut upsert = connection.prepare_cached(
        "INSERT INTO person VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE SET \
         account = excluded.account, email = excluded.email, role = excluded.role, \
         password_hash = excluded.password_hash, created_at = excluded.created_at, \
         disabled = excluded.disabled",
    )?;
    let written = upsert.execute(params![
        row.id.0,
        row.account.map(|account| account.0),
        row.email,
        row.role.code(),
        row.password_hash,
        row.created_at.as_ms(),
        row.disabled
    ]);
    guarded(written, "person e-mail").map(drop)
}

fn write_session(connection: &Connection, row: &SessionRow) -> Result<(), Fault> {
    let insert = "INSERT INTO session VALUES (?1, ?2, ?3, ?4)";
    let inserted = connection.prepare_cached(insert)?.execute(params![
        row.token_hash.as_slice(),
        row.person.0,
        row.created_at.as_ms(),
        row.expires_at.as_ms()
    ]);
    guarded(inserted, "session token").map(drop)
}

fn write_inbound_number(connection: &Connection, row: &InboundNumberRow) -> Result<(), Fault> {
    let mut upsert = connection.prepare_cached(
        "INSERT INTO inbound_number VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (number) DO UPDATE SET \
         account = excluded.account, route = excluded.route, endpoint = excluded.endpoint, \
         assigned_at = excluded.assigned_at",
    )?;
    upsert.execute(params![
        row.number.as_u64().cast_signed(),
        row.account.map(|account| account.0),
        row.route.code(),
        row.endpoint.map(|endpoint| endpoint.0),
        row.added_at.as_ms(),
        row.assigned_at.map(Timestamp::as_ms)
    ])?;
    Ok(())
}

fn write_suppression(connection: &Connection, row: &SuppressionRow) -> Result<(), Fault> {
    let insert = "INSERT INTO suppression VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
                  ON CONFLICT (account, scope, number_hash) DO NOTHING";
    let inserted = connection.prepare_cached(insert)?.execute(params![
        row.key.as_i64(),
        row.account.0,
        row.scope,
        row.number_hash,
        row.reason.code(),
        row.source,
        row.data_key,
        row.sealed,
        row.created_at.as_ms()
    ]);
    guarded(inserted, "suppression key").map(drop)
}

fn write_document(connection: &Connection, version: &ConfigVersion) -> Result<(), Fault> {
    let newest =
        integer(connection, "SELECT max(number) FROM document WHERE kind = ?1", [version.kind.code()])?;
    if i64::from(version.number) != newest + 1 {
        return Err(Fault::Guard("document number"));
    }
    connection.prepare_cached("INSERT INTO document VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        version.kind.code(),
        version.number,
        version.document,
        version.author,
        version.comment,
        version.created_at.as_ms()
    ])?;
    Ok(())
}
