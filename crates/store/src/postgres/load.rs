//! Questions of the writer: its start, and the rows that decisions need. Some are the reader's too.

use ports::store::{
    AttemptView, IdempotencyHit, InboundRow, MessageFacts, OpenMessage, OutboxRow, ParkedReceiptRow,
    ReceiptTarget, StoredState,
};
use types::id::{AccountId, CommitSeq, ConnectorId, EndpointId, RowKey};
use types::time::Timestamp;

use super::contacts;
use super::encode::holdable;
use super::session::{Param, Session};
use crate::codec::{
    self, Cells, Columns, lot_columns, message_columns, never, outbox_columns, single, submission_columns,
};
use crate::codec_attempt::{self, attempt_columns, attempt_part_columns, receipt_columns};
use crate::codec_config::{
    self, account_columns, credential_columns, data_key_columns, document_columns, endpoint_columns,
    inbound_number_columns, keyword_reply_columns,
};
use crate::fault::Fault;
use crate::span::submission_end;

/// How far back a receipt's carrier id is looked for at first, milliseconds: nearly all are younger.
const NEWEST_MS: i64 = 36 * 3_600_000;

/// Messages with their progress; what narrows them follows.
macro_rules! messages_from {
    ($from:expr, $more:literal) => {
        concat!("SELECT ", message_columns!("l.account = p.account AND "), " FROM ", $from, " ", $more)
    };
}

/// Joins the rows of a table that fit a condition, row by row and by an index. The planner is left no other
/// way (`OFFSET 0` keeps it from looking inside): a server that was killed has lost its statistics, and without
/// them a join that reads whole tables looks as good to it as any.
macro_rules! each {
    ($table:literal, $condition:literal, $name:literal) => {
        concat!(
            " JOIN LATERAL (SELECT * FROM ",
            $table,
            " x WHERE ",
            $condition,
            " OFFSET 0) ",
            $name,
            " ON true "
        )
    };
}
pub(crate) use each;

/// Messages, each with how far it has come.
macro_rules! all_messages {
    () => {
        concat!("message m", each!("progress", "x.account = m.account AND x.key = m.key", "p"))
    };
}
pub(crate) use all_messages;

/// The same, led by how far each has come: for open ones, which are few and have an index of their own.
macro_rules! open_messages {
    () => {
        concat!("progress p", each!("message", "x.account = p.account AND x.key = p.key", "m"))
    };
}
pub(crate) use open_messages;

/// The messages that `$1` names by their keys.
macro_rules! named_messages {
    () => {
        concat!("unnest($1::bigint[]) AS w (named)", each!("message", "x.key = w.named", "m"))
    };
}

/// Columns of an inbound message: nobody's account is zero in the table.
macro_rules! inbound_columns {
    () => {
        "key, tail, nullif(account, 0), connector, received_at, data_key, sealed"
    };
}
pub(crate) use inbound_columns;

/// A count of rows as SQL takes it.
pub(crate) fn sql_limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// Everything that steers decisions, but what the writer mirrors.
pub(crate) async fn state(session: &Session) -> Result<StoredState, Fault> {
    let newest = concat!(
        "SELECT ",
        document_columns!(),
        " FROM document d WHERE number = (SELECT max(number) FROM document n WHERE n.kind = d.kind) \
         ORDER BY kind"
    );
    let lots = concat!(
        "SELECT ",
        lot_columns!(),
        " FROM lot WHERE available_micros <> 0 OR held_micros <> 0 ORDER BY id"
    );
    let accounts = concat!("SELECT ", account_columns!(), " FROM account ORDER BY id");
    let credentials = concat!("SELECT ", credential_columns!(), " FROM credential ORDER BY id");
    let endpoints = concat!("SELECT ", endpoint_columns!(), " FROM endpoint ORDER BY id");
    let data_keys = concat!("SELECT ", data_key_columns!(), " FROM data_key ORDER BY id");
    let inbound_numbers =
        concat!("SELECT ", inbound_number_columns!(), " FROM inbound_number ORDER BY number");
    let keyword_replies =
        concat!("SELECT ", keyword_reply_columns!(), " FROM keyword_reply ORDER BY account, keyword");
    let waiting =
        "SELECT endpoint, count(*) FROM outbox WHERE told_at IS NULL GROUP BY endpoint ORDER BY endpoint";
    let mut last_numbers = [0; 5];
    let newest_ids = [
        "SELECT max(id) FROM account",
        "SELECT max(id) FROM credential",
        "SELECT max(id) FROM endpoint",
        "SELECT max(id) FROM lot",
        "SELECT max(id) FROM person",
    ];
    for (last, sql) in last_numbers.iter_mut().zip(newest_ids) {
        *last = session.integer(sql, &[]).await?;
    }
    let connectors = session.all("SELECT id, name FROM connector ORDER BY id", &[], |row| {
        let cells = &mut Cells::new(row, "connector");
        Ok((cells.connector()?, cells.text()?))
    });
    let outbox_pending = session.all(waiting, &[], |row| {
        let cells = &mut Cells::new(row, "outbox");
        Ok((EndpointId(cells.int()?), cells.small()?))
    });
    Ok(StoredState {
        last_commit: CommitSeq(0),
        last_key: RowKey::ZERO,
        accounts: session.all(accounts, &[], codec_config::account).await?,
        credentials: session.all(credentials, &[], codec_config::credential).await?,
        endpoints: session.all(endpoints, &[], codec_config::endpoint).await?,
        lots: session.all(lots, &[], codec::lot).await?,
        configs: session.all(newest, &[], codec_config::document).await?,
        connectors: connectors.await?,
        data_keys: session.all(data_keys, &[], codec_config::data_key).await?,
        outbox_pending: outbox_pending.await?,
        inbound_numbers: session.all(inbound_numbers, &[], codec_config::inbound_number).await?,
        resources: contacts::resources(session).await?,
        keyword_replies: session.all(keyword_replies, &[], codec_config::keyword_reply).await?,
        parked: 0,
        last_numbers,
    })
}

/// Open messages above a key, without staged ones.
pub(crate) async fn open(session: &Session, after: RowKey, limit: usize) -> Result<Vec<OpenMessage>, Fault> {
    let sql = messages_from!(
        open_messages!(),
        "WHERE p.open AND p.key > $1 AND NOT EXISTS (SELECT 1 FROM staged g WHERE g.submission = m.submission) \
         ORDER BY p.key LIMIT $2"
    );
    session.all(sql, &[&after.as_i64(), &sql_limit(limit)], codec::message).await
}

/// Messages by key, open or final.
pub(crate) async fn messages(session: &Session, keys: &[i64]) -> Result<Vec<OpenMessage>, Fault> {
    let sql = messages_from!(
        concat!(named_messages!(), each!("progress", "x.account = m.account AND x.key = m.key", "p")),
        ""
    );
    session.all(sql, &[&keys], codec::message).await
}

/// Whose messages these are.
pub(crate) async fn accounts_of(session: &Session, keys: &[i64]) -> Result<Vec<(RowKey, AccountId)>, Fault> {
    let sql = "SELECT key, account FROM message WHERE key = ANY ($1)";
    let pair = |row: &dyn Columns| {
        let cells = &mut Cells::new(row, "message");
        Ok((cells.key()?, cells.account()?))
    };
    session.all(sql, &[&keys], pair).await
}

/// Sealed bodies by message; erased ones are left out.
pub(crate) async fn bodies(session: &Session, keys: &[i64]) -> Result<Vec<(RowKey, Vec<u8>)>, Fault> {
    let sql = concat!(
        "SELECT b.message, b.sealed FROM ",
        named_messages!(),
        each!("body", "x.account = m.account AND x.message = m.key", "b")
    );
    let pair = |row: &dyn Columns| {
        let cells = &mut Cells::new(row, "body");
        Ok((cells.key()?, cells.blob()?))
    };
    session.all(sql, &[&keys], pair).await
}

/// The attempts of messages with their answers and receipts, by message and oldest first.
pub(crate) async fn attempts(session: &Session, keys: &[i64]) -> Result<Vec<AttemptView>, Fault> {
    /// Rows of these messages, found by the account that leads every key.
    macro_rules! of_these {
        ($columns:expr, $table:literal, $order:literal) => {
            concat!(
                "SELECT ",
                $columns,
                " FROM (SELECT r.* FROM ",
                named_messages!(),
                each!($table, "x.account = m.account AND x.message = m.key", "r"),
                ") these ORDER BY message, ",
                $order
            )
        };
    }
    let attempts = of_these!(attempt_columns!(), "attempt", "attempt");
    let parts = of_these!(attempt_part_columns!(), "attempt_part", "attempt, part, answer");
    let receipts = of_these!(receipt_columns!(), "receipt", "key");
    let rows = session.all(attempts, &[&keys], codec_attempt::attempt).await?;
    let parts = session.all(parts, &[&keys], codec_attempt::attempt_part).await?;
    let receipts = session.all(receipts, &[&keys], codec_attempt::receipt).await?;
    Ok(codec_attempt::attempt_views(rows, parts, receipts))
}

/// What carries these ids, by their places: first among the newest, then among all before.
pub(crate) async fn receipt_targets(
    session: &Session,
    wanted: &[(ConnectorId, String)],
    newest_at: i64,
) -> Result<Vec<Vec<ReceiptTarget>>, Fault> {
    let newer = "SELECT w.place, r.message, r.attempt, r.part \
                 FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS w (connector, carrier_id, place) \
                 JOIN receipt_map r ON r.connector = w.connector AND r.carrier_id = w.carrier_id \
                 WHERE r.at >= $4 ORDER BY w.place, r.seq DESC";
    let older = "SELECT w.place, r.message, r.attempt, r.part \
                 FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS w (connector, carrier_id, place) \
                 JOIN receipt_map r ON r.connector = w.connector AND r.carrier_id = w.carrier_id \
                 WHERE r.at < $4 ORDER BY w.place, r.seq DESC";
    let mut found = vec![Vec::new(); wanted.len()];
    let from = newest_at.saturating_sub(NEWEST_MS);
    for sql in [newer, older] {
        let left = || (0_i64..).zip(wanted).zip(&found).filter(|(_, found)| found.is_empty());
        let connectors: Vec<i64> = left().map(|((_, (connector, _)), _)| connector.0).collect();
        if connectors.is_empty() {
            break;
        }
        let ids: Vec<_> = left().map(|((_, (_, id)), _)| holdable(id)).collect();
        let places: Vec<i64> = left().map(|((place, _), _)| place).collect();
        let params: [Param<'_>; 4] = [&connectors, &ids, &places, &from];
        let rows = session.all(sql, &params, |row| {
            let cells = &mut Cells::new(row, "receipt_map");
            let place: usize = cells.small()?;
            let (message, attempt, part) = (cells.key()?, cells.small()?, cells.small()?);
            Ok((place, ReceiptTarget { message, attempt, part }))
        });
        for (place, target) in rows.await? {
            if let Some(found) = found.get_mut(place) {
                found.push(target);
            }
        }
    }
    Ok(found)
}

/// Parked receipts with one of these ids, in the order of the ids.
pub(crate) async fn parked(
    session: &Session,
    wanted: &[(ConnectorId, String)],
) -> Result<Vec<ParkedReceiptRow>, Fault> {
    let sql = "SELECT r.key, r.connector, r.carrier_id, r.data_key, r.sealed, r.read_at \
               FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS w (connector, carrier_id, place) \
               JOIN parked_receipt r ON r.connector = w.connector AND r.carrier_id = w.carrier_id \
               ORDER BY w.place, r.key";
    let connectors: Vec<i64> = wanted.iter().map(|(connector, _)| connector.0).collect();
    let ids: Vec<_> = wanted.iter().map(|(_, id)| holdable(id)).collect();
    session.all(sql, &[&connectors, &ids], codec_config::parked).await
}

/// Parked receipts above a key, in the order of their keys.
pub(crate) async fn parked_after(
    session: &Session,
    after: RowKey,
    limit: usize,
) -> Result<Vec<ParkedReceiptRow>, Fault> {
    let sql = "SELECT key, connector, carrier_id, data_key, sealed, read_at FROM parked_receipt \
               WHERE key > $1 ORDER BY key LIMIT $2";
    session.all(sql, &[&after.as_i64(), &sql_limit(limit)], codec_config::parked).await
}

/// How many receipts are parked.
pub(crate) async fn parked_count(session: &Session) -> Result<i64, Fault> {
    session.integer("SELECT count(*) FROM parked_receipt", &[]).await
}

/// Events of an endpoint above a key that are to be told, oldest first.
pub(crate) async fn outbox(
    session: &Session,
    endpoint: EndpointId,
    after: RowKey,
    limit: usize,
) -> Result<Vec<OutboxRow>, Fault> {
    let sql = concat!(
        "SELECT ",
        outbox_columns!(),
        " FROM outbox o WHERE o.endpoint = $1 AND o.key > $2 AND o.told_at IS NULL AND o.next_at < ",
        never!(),
        " ORDER BY o.key LIMIT $3"
    );
    session.all(sql, &[&endpoint.0, &after.as_i64(), &sql_limit(limit)], codec::waiting).await
}

/// Dead letters of an endpoint, oldest first.
pub(crate) async fn dead_letters(
    session: &Session,
    endpoint: EndpointId,
    limit: usize,
) -> Result<Vec<OutboxRow>, Fault> {
    let sql = concat!(
        "SELECT ",
        outbox_columns!(),
        " FROM outbox o WHERE o.endpoint = $1 AND o.told_at IS NULL AND o.next_at = ",
        never!(),
        " ORDER BY o.key LIMIT $2"
    );
    session.all(sql, &[&endpoint.0, &sql_limit(limit)], codec::waiting).await
}

/// An idempotency key that still holds.
pub(crate) async fn idempotency(
    session: &Session,
    account: AccountId,
    key_hash: [u8; 16],
    now: Timestamp,
) -> Result<Option<IdempotencyHit>, Fault> {
    let sql = "SELECT fingerprint, submission FROM idempotency \
               WHERE account = $1 AND key_hash = $2 AND expires_at > $3";
    let hit = |row: &dyn Columns| {
        let cells = &mut Cells::new(row, "idempotency");
        Ok(IdempotencyHit { fingerprint: cells.octets()?, created: cells.key()? })
    };
    session.first(sql, &[&account.0, &key_hash.as_slice(), &now.as_ms()], hit).await
}

/// The messages of a submission as admitted, in their order, and the tail of its id; staged ones too.
pub(crate) async fn submission(
    session: &Session,
    key: RowKey,
) -> Result<(Vec<MessageFacts>, Option<u64>), Fault> {
    let sql = concat!("SELECT ", submission_columns!(), " FROM submission s WHERE s.key = $1");
    let Some(row) = session.first(sql, &[&key.as_i64()], codec::submission).await? else {
        return Ok((Vec::new(), None));
    };
    let messages = of_submission(session, row.account, key).await?;
    Ok((messages.into_iter().map(|message| message.facts).collect(), Some(row.tail)))
}

/// The messages of a submission, in their order.
async fn of_submission(
    session: &Session,
    account: AccountId,
    key: RowKey,
) -> Result<Vec<OpenMessage>, Fault> {
    let sql = messages_from!(
        all_messages!(),
        "WHERE m.account = $1 AND m.key >= $2 AND m.key < $3 AND m.submission = $2 ORDER BY m.position, m.key"
    );
    let end = submission_end(key).as_i64();
    session.all(sql, &[&account.0, &key.as_i64(), &end], codec::message).await
}

/// A message from a phone by its key.
pub(crate) async fn inbound(session: &Session, key: RowKey) -> Result<Option<InboundRow>, Fault> {
    let sql = concat!("SELECT ", inbound_columns!(), " FROM inbound WHERE key = $1");
    session.first(sql, &[&key.as_i64()], codec_config::inbound).await
}

/// Whose message to a recipient is the newest.
pub(crate) async fn last_sender(session: &Session, recipient_hash: i64) -> Result<Option<AccountId>, Fault> {
    let sql = "SELECT m.account FROM message m WHERE m.recipient_hash = $1 \
               AND NOT EXISTS (SELECT 1 FROM staged g WHERE g.submission = m.submission) \
               ORDER BY m.key DESC LIMIT 1";
    Ok(session.first(sql, &[&recipient_hash], single).await?.map(AccountId))
}
