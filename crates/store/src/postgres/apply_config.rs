//! The part of a commit that changes accounts, ways in, people and documents: statement by statement,
//! in their order, inside the transaction of the commit.

use ports::store::{
    ConfigChange, ConfigVersion, CredentialRow, EndpointRow, InboundNumberRow, PersonRow, SessionRow,
    SuppressionRow,
};
use types::account::Account;
use types::id::{AccountId, RowKey};
use types::time::Timestamp;

use super::contacts;
use super::encode::holdable;
use super::senders;
use super::session::Session;
use crate::codec_config::sid_octets;
use crate::fault::Fault;

pub(crate) async fn write_config(session: &Session, changes: &[ConfigChange]) -> Result<(), Fault> {
    for change in changes {
        match change {
            ConfigChange::Account(account) => write_account(session, account).await?,
            ConfigChange::Credential(row) => write_credential(session, row).await?,
            ConfigChange::Endpoint(row) => write_endpoint(session, row).await?,
            ConfigChange::Person(row) => write_person(session, row).await?,
            ConfigChange::Session(row) => write_session(session, row).await?,
            ConfigChange::SessionEnd(token_hash) => {
                let delete = "DELETE FROM session WHERE token_hash = $1";
                session.execute(delete, &[&token_hash.as_slice()]).await?;
            }
            ConfigChange::Document(version) => write_document(session, version).await?,
            ConfigChange::Connector(id, name) => {
                let upsert = "INSERT INTO connector VALUES ($1, $2) \
                              ON CONFLICT (id) DO UPDATE SET name = excluded.name";
                session.execute(upsert, &[&id.0, &holdable(name)]).await?;
            }
            ConfigChange::InboundNumber(row) => write_inbound_number(session, row).await?,
            ConfigChange::KeywordReply(row) => {
                let upsert = "INSERT INTO keyword_reply VALUES ($1, $2, $3) \
                              ON CONFLICT (account, keyword) DO UPDATE SET text = excluded.text";
                let keyword = i16::from(row.keyword.code());
                session.execute(upsert, &[&row.account.0, &keyword, &holdable(&row.text)]).await?;
            }
            ConfigChange::KeywordReplyEnd(account, keyword) => {
                let delete = "DELETE FROM keyword_reply WHERE account = $1 AND keyword = $2";
                session.execute(delete, &[&account.0, &i16::from(keyword.code())]).await?;
            }
            ConfigChange::ContentErased(account, message) => {
                erase_content(session, *account, *message).await?;
            }
            ConfigChange::AddressesErased { account, message, sealed } => {
                erase_content(session, *account, *message).await?;
                let update = "UPDATE message SET sealed = $3 WHERE account = $1 AND key = $2";
                session.execute(update, &[&account.0, &message.as_i64(), &sealed.as_slice()]).await?;
            }
            ConfigChange::Contact(change) => contacts::write(session, change).await?,
            ConfigChange::Resource(row) => contacts::write_resource(session, row).await?,
            ConfigChange::ResourceEnd(account, key) => {
                contacts::end_resource(session, *account, *key).await?;
            }
            ConfigChange::SendersRemembered(rows) => senders::remember(session, rows).await?,
            ConfigChange::SendersForgotten(places) => senders::forget(session, places).await?,
            ConfigChange::Suppression(row) => write_suppression(session, row).await?,
            ConfigChange::SuppressionEnd { account, scope, number_hash } => {
                let delete = "DELETE FROM suppression WHERE account = $1 AND scope = $2 AND number_hash = $3";
                session.execute(delete, &[&account.0, &holdable(scope), number_hash]).await?;
            }
        }
    }
    Ok(())
}

async fn erase_content(session: &Session, account: AccountId, message: RowKey) -> Result<(), Fault> {
    for sql in [
        "DELETE FROM body WHERE account = $1 AND message = $2",
        "UPDATE attempt SET sealed_sent = '' WHERE account = $1 AND message = $2",
        "UPDATE receipt SET sealed_echo = '' WHERE account = $1 AND message = $2",
    ] {
        session.execute(sql, &[&account.0, &message.as_i64()]).await?;
    }
    Ok(())
}

async fn write_account(session: &Session, account: &Account) -> Result<(), Fault> {
    let upsert = "INSERT INTO account VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, \
                  $15, $16) ON CONFLICT (id) DO UPDATE SET sid = excluded.sid, parent = excluded.parent, \
                  name = excluded.name, state = excluded.state, unit = excluded.unit, \
                  price_book = excluded.price_book, region = excluded.region, \
                  default_class = excluded.default_class, default_endpoint = excluded.default_endpoint, \
                  rate_per_second = excluded.rate_per_second, \"window\" = excluded.\"window\", \
                  binds = excluded.binds, repeat_guard_s = excluded.repeat_guard_s, \
                  allow_private_callbacks = excluded.allow_private_callbacks, created_at = excluded.created_at";
    session
        .execute(
            upsert,
            &[
                &account.id.0,
                &sid_octets(account.sid).as_slice(),
                &account.parent.map(|parent| parent.0),
                &holdable(&account.name),
                &i16::from(account.state.code()),
                &account.unit.as_str(),
                &holdable(&account.price_book),
                &account.region.as_ref().map(|region| region.as_str()),
                &i16::from(account.default_class.code()),
                &account.default_endpoint.map(|endpoint| endpoint.0),
                &i64::from(account.limits.rate_per_second),
                &i64::from(account.limits.window),
                &i64::from(account.limits.binds),
                &i64::from(account.limits.repeat_guard_s),
                &account.allow_private_callbacks,
                &account.created_at.as_ms(),
            ],
        )
        .await
        .map(drop)
}

async fn write_credential(session: &Session, row: &CredentialRow) -> Result<(), Fault> {
    let upsert = "INSERT INTO credential VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET \
                  account = excluded.account, kind = excluded.kind, name = excluded.name, \
                  data_key = excluded.data_key, sealed_secret = excluded.sealed_secret, \
                  created_at = excluded.created_at, revoked_at = excluded.revoked_at";
    session
        .execute(
            upsert,
            &[
                &row.id.0,
                &row.account.0,
                &i16::from(row.kind.code()),
                &holdable(&row.name),
                &row.data_key,
                &row.sealed_secret,
                &row.created_at.as_ms(),
                &row.revoked_at.map(Timestamp::as_ms),
            ],
        )
        .await
        .map(drop)
}

async fn write_endpoint(session: &Session, row: &EndpointRow) -> Result<(), Fault> {
    let upsert = "INSERT INTO endpoint VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET \
                  account = excluded.account, kind = excluded.kind, url_hash = excluded.url_hash, \
                  data_key = excluded.data_key, sealed = excluded.sealed, disabled = excluded.disabled";
    session
        .execute(
            upsert,
            &[
                &row.id.0,
                &row.account.0,
                &i16::from(row.kind.code()),
                &row.url_hash,
                &row.data_key,
                &row.sealed,
                &row.disabled,
                &row.created_at.as_ms(),
            ],
        )
        .await
        .map(drop)
}

async fn write_person(session: &Session, row: &PersonRow) -> Result<(), Fault> {
    let upsert = "INSERT INTO person VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET \
                  account = excluded.account, email = excluded.email, role = excluded.role, \
                  password_hash = excluded.password_hash, created_at = excluded.created_at, \
                  disabled = excluded.disabled";
    session
        .execute(
            upsert,
            &[
                &row.id.0,
                &row.account.map(|account| account.0),
                &holdable(&row.email),
                &i16::from(row.role.code()),
                &row.password_hash,
                &row.created_at.as_ms(),
                &row.disabled,
            ],
        )
        .await
        .map(drop)
}

async fn write_session(session: &Session, row: &SessionRow) -> Result<(), Fault> {
    let insert = "INSERT INTO session VALUES ($1, $2, $3, $4)";
    let token = row.token_hash.as_slice();
    session
        .execute(insert, &[&token, &row.person.0, &row.created_at.as_ms(), &row.expires_at.as_ms()])
        .await
        .map(drop)
}

async fn write_inbound_number(session: &Session, row: &InboundNumberRow) -> Result<(), Fault> {
    let upsert = "INSERT INTO inbound_number (number, account, route, endpoint, added_at, assigned_at) \
                  VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (number) DO UPDATE SET \
                  account = excluded.account, route = excluded.route, endpoint = excluded.endpoint, \
                  assigned_at = excluded.assigned_at";
    session
        .execute(
            upsert,
            &[
                &row.number.as_u64().cast_signed(),
                &row.account.map(|account| account.0),
                &i16::from(row.route.code()),
                &row.endpoint.map(|endpoint| endpoint.0),
                &row.added_at.as_ms(),
                &row.assigned_at.map(Timestamp::as_ms),
            ],
        )
        .await
        .map(drop)
}

async fn write_suppression(session: &Session, row: &SuppressionRow) -> Result<(), Fault> {
    let insert = "INSERT INTO suppression \
                  (key, account, scope, number_hash, reason, source, data_key, sealed, created_at) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
                  ON CONFLICT (account, scope, number_hash) DO NOTHING";
    session
        .execute(
            insert,
            &[
                &row.key.as_i64(),
                &row.account.0,
                &holdable(&row.scope),
                &row.number_hash,
                &i16::from(row.reason.code()),
                &holdable(&row.source),
                &row.data_key,
                &row.sealed,
                &row.created_at.as_ms(),
            ],
        )
        .await
        .map(drop)
}

async fn write_document(session: &Session, version: &ConfigVersion) -> Result<(), Fault> {
    let kind = i16::from(version.kind.code());
    let newest = session.integer("SELECT max(number) FROM document WHERE kind = $1", &[&kind]).await?;
    if i64::from(version.number) != newest + 1 {
        return Err(Fault::Guard("document number"));
    }
    session
        .execute(
            "INSERT INTO document VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                &kind,
                &i64::from(version.number),
                &holdable(&version.document),
                &holdable(&version.author),
                &holdable(&version.comment),
                &version.created_at.as_ms(),
            ],
        )
        .await
        .map(drop)
}
