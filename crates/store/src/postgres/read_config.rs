//! Answers about accounts, ways in, people, documents, the journal and the store itself.

use ports::store::{
    BatchJournal, ConfigKind, ConfigVersion, CredentialRow, DataKeyRow, EndpointRow, PersonRow, SessionRow,
    StoreFigures,
};
use types::account::Account;
use types::id::{AccountId, CommitSeq, PersonId, RowKey};
use types::time::Timestamp;

use super::load::sql_limit;
use super::open::lax_setting;
use super::read_money::has_staged;
use super::session::Session;
use crate::codec::never;
use crate::codec_config::{
    self, account_columns, credential_columns, data_key_columns, document_columns, endpoint_columns,
    person_columns,
};
use crate::fault::Fault;
use crate::journal;

pub(crate) async fn accounts(session: &Session) -> Result<Vec<Account>, Fault> {
    let sql = concat!("SELECT ", account_columns!(), " FROM account ORDER BY id");
    session.all(sql, &[], codec_config::account).await
}

pub(crate) async fn credentials(session: &Session, account: AccountId) -> Result<Vec<CredentialRow>, Fault> {
    let sql = concat!("SELECT ", credential_columns!(), " FROM credential WHERE account = $1 ORDER BY id");
    session.all(sql, &[&account.0], codec_config::credential).await
}

pub(crate) async fn endpoints(session: &Session, account: AccountId) -> Result<Vec<EndpointRow>, Fault> {
    let sql = concat!("SELECT ", endpoint_columns!(), " FROM endpoint WHERE account = $1 ORDER BY id");
    session.all(sql, &[&account.0], codec_config::endpoint).await
}

pub(crate) async fn person_by_email(session: &Session, email: &str) -> Result<Option<PersonRow>, Fault> {
    let sql = concat!("SELECT ", person_columns!(), " FROM person WHERE email = $1");
    session.first(sql, &[&super::encode::holdable(email)], codec_config::person).await
}

pub(crate) async fn person(session: &Session, id: PersonId) -> Result<Option<PersonRow>, Fault> {
    let sql = concat!("SELECT ", person_columns!(), " FROM person WHERE id = $1");
    session.first(sql, &[&id.0], codec_config::person).await
}

pub(crate) async fn session(session: &Session, token_hash: [u8; 32]) -> Result<Option<SessionRow>, Fault> {
    let sql = "SELECT token_hash, person, created_at, expires_at FROM session WHERE token_hash = $1";
    session.first(sql, &[&token_hash.as_slice()], codec_config::session).await
}

pub(crate) async fn documents(
    session: &Session,
    kind: ConfigKind,
    limit: usize,
) -> Result<Vec<ConfigVersion>, Fault> {
    let sql = concat!(
        "SELECT ",
        document_columns!(),
        " FROM document WHERE kind = $1 ORDER BY number DESC LIMIT $2"
    );
    session.all(sql, &[&i16::from(kind.code()), &sql_limit(limit)], codec_config::document).await
}

pub(crate) async fn document(
    session: &Session,
    kind: ConfigKind,
    number: u32,
) -> Result<Option<ConfigVersion>, Fault> {
    let sql = concat!("SELECT ", document_columns!(), " FROM document WHERE kind = $1 AND number = $2");
    session.first(sql, &[&i16::from(kind.code()), &i64::from(number)], codec_config::document).await
}

pub(crate) async fn data_key(session: &Session, id: i64) -> Result<Option<DataKeyRow>, Fault> {
    let sql = concat!("SELECT ", data_key_columns!(), " FROM data_key WHERE id = $1");
    session.first(sql, &[&id], codec_config::data_key).await
}

/// Events that were given up.
const DEAD_LETTERS: &str =
    concat!("SELECT count(*) FROM outbox WHERE told_at IS NULL AND next_at = ", never!());
/// The oldest event that waits to be told.
const OLDEST_EVENT: &str =
    concat!("SELECT coalesce(min(key), 0) FROM outbox WHERE told_at IS NULL AND next_at < ", never!());

/// Counts of rows. Messages are counted from the rollup, because counting the rows of a big table
/// reads all of it.
pub(crate) async fn figures(session: &Session) -> Result<StoreFigures, Fault> {
    let messages = "SELECT sum(messages)::bigint FROM usage_day WHERE state = 0";
    let staged = "SELECT count(*) FROM staged g JOIN submission s ON s.key = g.submission \
                  JOIN message m ON m.account = s.account AND m.key >= s.key \
                  AND m.key < (((s.key >> 21) + 3600000) << 21) AND m.submission = s.key \
                  JOIN progress p ON p.account = m.account AND p.key = m.key WHERE p.open";
    let hidden = if has_staged(session).await? { session.integer(staged, &[]).await? } else { 0 };
    let open = session.integer("SELECT count(*) FROM progress WHERE open", &[]).await? - hidden;
    let oldest = session.integer(OLDEST_EVENT, &[]).await?;
    let schema = session.integer("SELECT value FROM meta WHERE name = 'schema_version'", &[]).await?;
    Ok(StoreFigures {
        messages: session.integer(messages, &[]).await?,
        open,
        parked: super::load::parked_count(session).await?,
        dead_letters: session.integer(DEAD_LETTERS, &[]).await?,
        oldest_event_at: (oldest > 0).then(|| Timestamp::from_ms(RowKey::from_i64(oldest).unix_ms())),
        outbox: session.integer("SELECT count(*) FROM outbox WHERE told_at IS NULL", &[]).await?,
        octets: session.integer("SELECT pg_database_size(current_database())", &[]).await?,
        schema: u32::try_from(schema).unwrap_or(0),
        durable: lax_setting(session).await?.is_none(),
    })
}

pub(crate) async fn journal(session: &Session, seq: CommitSeq) -> Result<Option<BatchJournal>, Fault> {
    session.first("SELECT seq, at, entries FROM journal WHERE seq = $1", &[&seq.0], journal::row).await
}
