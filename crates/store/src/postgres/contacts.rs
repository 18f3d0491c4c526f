//! Contacts, groups and what else has a name: written in a commit, and read by the writer and by doors.

use std::collections::BTreeMap;

use ports::store::{ContactChange, ContactFilter, ContactRow, ListPage, ListedContact, ResourceRow};
use types::id::{AccountId, RowKey};

use super::encode::holdable;
use super::load::sql_limit;
use super::senders;
use super::session::{Param, Session};
use crate::codec_contact::{self, Given, ListQuestion, contact_columns, resource_columns};
use crate::fault::Fault;

/// Makes one change of contacts.
pub(crate) async fn write(session: &Session, change: &ContactChange) -> Result<(), Fault> {
    match change {
        ContactChange::Put(row) => write_contact(session, row).await,
        ContactChange::End(account, key) => {
            let sql = "DELETE FROM contact WHERE key = $1 AND account = $2";
            if session.execute(sql, &[&key.as_i64(), &account.0]).await? > 0 {
                let sql = "DELETE FROM contact_membership WHERE contact = $1";
                session.execute(sql, &[&key.as_i64()]).await?;
            }
            Ok(())
        }
        ContactChange::Join { group, contact } => {
            let sql = "INSERT INTO contact_membership VALUES ($1, $2) ON CONFLICT DO NOTHING";
            session.execute(sql, &[&group.as_i64(), &contact.as_i64()]).await.map(drop)
        }
        ContactChange::Leave { group, contact } => {
            let sql = "DELETE FROM contact_membership WHERE contact_group = $1 AND contact = $2";
            session.execute(sql, &[&group.as_i64(), &contact.as_i64()]).await.map(drop)
        }
    }
}

async fn write_contact(session: &Session, row: &ContactRow) -> Result<(), Fault> {
    let upsert = "INSERT INTO contact \
                  (key, tail, account, number_hash, language, data_key, sealed, created_at, changed_at) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (key) DO UPDATE \
                  SET number_hash = excluded.number_hash, language = excluded.language, \
                  data_key = excluded.data_key, sealed = excluded.sealed, changed_at = excluded.changed_at";
    session
        .execute(
            upsert,
            &[
                &row.key.as_i64(),
                &row.tail.cast_signed(),
                &row.account.0,
                &row.number_hash,
                &holdable(&row.language),
                &row.data_key,
                &row.sealed,
                &row.created_at.as_ms(),
                &row.changed_at.as_ms(),
            ],
        )
        .await
        .map(drop)
}

/// Writes what has a name.
pub(crate) async fn write_resource(session: &Session, row: &ResourceRow) -> Result<(), Fault> {
    let upsert = "INSERT INTO resource \
                  (key, tail, account, kind, name, state, document, created_at, changed_at) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (key) DO UPDATE \
                  SET name = excluded.name, state = excluded.state, document = excluded.document, \
                  changed_at = excluded.changed_at";
    session
        .execute(
            upsert,
            &[
                &row.key.as_i64(),
                &row.tail.cast_signed(),
                &row.account.0,
                &i16::from(row.kind.code()),
                &holdable(&row.name),
                &i16::from(row.state.code()),
                &holdable(&row.document),
                &row.created_at.as_ms(),
                &row.changed_at.as_ms(),
            ],
        )
        .await
        .map(drop)
}

/// Takes away what has a name.
pub(crate) async fn end_resource(session: &Session, account: AccountId, key: RowKey) -> Result<(), Fault> {
    let sql = "DELETE FROM resource WHERE key = $1 AND account = $2";
    if session.execute(sql, &[&key.as_i64(), &account.0]).await? > 0 {
        let sql = "DELETE FROM contact_membership WHERE contact_group = $1";
        session.execute(sql, &[&key.as_i64()]).await?;
        senders::end_pool(session, key).await?;
    }
    Ok(())
}

/// Everything that has a name.
pub(crate) async fn resources(session: &Session) -> Result<Vec<ResourceRow>, Fault> {
    let sql = concat!("SELECT ", resource_columns!(), " FROM resource ORDER BY key");
    session.all(sql, &[], codec_contact::resource).await
}

/// Contacts with one of these numbers.
pub(crate) async fn among(
    session: &Session,
    account: AccountId,
    number_hashes: &[i64],
) -> Result<Vec<ContactRow>, Fault> {
    let sql = concat!(
        "SELECT ",
        contact_columns!(),
        " FROM contact c WHERE c.account = $1 AND c.number_hash = ANY ($2)"
    );
    session.all(sql, &[&account.0, &number_hashes], codec_contact::contact).await
}

/// A page of contacts, newest first.
pub(crate) async fn list(
    session: &Session,
    filter: &ContactFilter,
) -> Result<ListPage<ListedContact>, Fault> {
    let question = ListQuestion::new(filter, '$');
    let given: Vec<Param<'_>> = question
        .given
        .iter()
        .map(|value| match value {
            Given::Int(number) => number as Param<'_>,
            Given::Text(text) => text as Param<'_>,
        })
        .collect();
    let found = session.all(question.sql, &given, codec_contact::listed).await?;
    let mut page = ListPage::cut(found, question.limit, |listed| listed.contact.key);
    let keys: Vec<i64> = page.items.iter().map(|listed| listed.contact.key.as_i64()).collect();
    let sql = "SELECT contact, contact_group FROM contact_membership WHERE contact = ANY ($1) \
               ORDER BY contact_group";
    let mut groups: BTreeMap<RowKey, Vec<RowKey>> = BTreeMap::new();
    for (contact, group) in session.all(sql, &[&keys], codec_contact::membership).await? {
        groups.entry(contact).or_default().push(group);
    }
    for listed in &mut page.items {
        listed.groups = groups.remove(&listed.contact.key).unwrap_or_default();
    }
    Ok(page)
}

/// How many contacts an account has, up to `most`.
pub(crate) async fn count(session: &Session, account: AccountId, most: usize) -> Result<usize, Fault> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM contact WHERE account = $1 LIMIT $2) AS counted";
    let counted = session.integer(sql, &[&account.0, &sql_limit(most)]).await?;
    Ok(usize::try_from(counted).unwrap_or(most))
}

/// How many contacts are in each group.
pub(crate) async fn group_sizes(session: &Session, groups: &[RowKey]) -> Result<Vec<u64>, Fault> {
    let sql = "SELECT count(*) FROM contact_membership WHERE contact_group = $1";
    let mut sizes = Vec::with_capacity(groups.len());
    for group in groups {
        sizes.push(session.integer(sql, &[&group.as_i64()]).await?.unsigned_abs());
    }
    Ok(sizes)
}
