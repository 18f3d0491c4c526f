//! Questions of the writer: its start, and the rows that decisions need.

use ports::store::{
    AttemptView, IdempotencyHit, InboundNumberRow, InboundRow, KeywordReplyRow, MessageFacts, MessageView,
    OpenMessage, OutboxRow, ParkedReceiptRow, StoredState,
};
use rusqlite::{Connection, params};
use types::id::{AccountId, CommitSeq, ConnectorId, EndpointId, RowKey};
use types::time::Timestamp;

use super::SqliteStore;
use super::archive;
use super::contacts;
use super::fault::{Fault, all, first, integer, sql_limit};
use super::runs::BY_RECIPIENT;
use crate::codec::{
    self, Cells, Columns, lot_columns, message_columns, never, outbox_columns, single, single_blob,
    single_key, submission_columns,
};
use crate::codec_attempt::{self, attempt_columns, attempt_part_columns, receipt_columns};
use crate::codec_config::{
    self, account_columns, credential_columns, data_key_columns, document_columns, endpoint_columns,
    inbound_columns, inbound_number_columns, keyword_reply_columns,
};
use crate::span::submission_end;

impl SqliteStore {
    /// Everything that steers decisions.
    pub(crate) fn load_state(&self) -> Result<StoredState, Fault> {
        let connection = &self.connection;
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
        let mut last_numbers = [0; 5];
        let tables = ["account", "credential", "endpoint", "lot", "person"];
        for (last, table) in last_numbers.iter_mut().zip(tables) {
            *last = integer(connection, &format!("SELECT max(id) FROM {table}"), [])?;
        }
        Ok(StoredState {
            last_commit: CommitSeq(self.last_commit),
            last_key: RowKey::from_i64(self.last_key),
            accounts: all(
                connection,
                concat!("SELECT ", account_columns!(), " FROM account ORDER BY id"),
                [],
                codec_config::account,
            )?,
            credentials: all(
                connection,
                concat!("SELECT ", credential_columns!(), " FROM credential ORDER BY id"),
                [],
                codec_config::credential,
            )?,
            endpoints: all(
                connection,
                concat!("SELECT ", endpoint_columns!(), " FROM endpoint ORDER BY id"),
                [],
                codec_config::endpoint,
            )?,
            lots: all(connection, lots, [], codec::lot)?,
            configs: all(connection, newest, [], codec_config::document)?,
            connectors: all(connection, "SELECT id, name FROM connector ORDER BY id", [], |row| {
                let cells = &mut Cells::new(row, "connector");
                Ok((cells.connector()?, cells.text()?))
            })?,
            data_keys: all(
                connection,
                concat!("SELECT ", data_key_columns!(), " FROM data_key ORDER BY id"),
                [],
                codec_config::data_key,
            )?,
            outbox_pending: all(
                connection,
                "SELECT endpoint, sum(events) FROM ( \
                 SELECT endpoint, count(*) AS events FROM outbox_by_endpoint GROUP BY endpoint UNION ALL \
                 SELECT endpoint, count(*) FROM outbox WHERE key > ?1 AND told_at IS NULL GROUP BY endpoint \
                 ) GROUP BY endpoint ORDER BY endpoint",
                [self.outbox_settled],
                |row| {
                    let cells = &mut Cells::new(row, "outbox");
                    Ok((EndpointId(cells.int()?), cells.small()?))
                },
            )?,
            inbound_numbers: inbound_numbers(connection)?,
            resources: contacts::resources(connection)?,
            keyword_replies: keyword_replies(connection)?,
            parked: self.parked,
            last_numbers,
        })
    }

    /// Open messages above a key, without staged ones.
    pub(crate) fn load_open(&self, after: RowKey, limit: usize) -> Result<Vec<OpenMessage>, Fault> {
        let sql = concat!(
            "SELECT ",
            message_columns!(),
            " FROM progress p JOIN message m ON m.key = p.key WHERE p.open = 1 AND p.key > ?1 ORDER BY p.key"
        );
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([after.as_i64()])?;
        let mut found = Vec::new();
        while found.len() < limit
            && let Some(row) = rows.next()?
        {
            let message = codec::message(row)?;
            if !self.staged.contains_key(&message.facts.submission) {
                found.push(message);
            }
        }
        Ok(found)
    }

    /// Parked receipts with one of these ids. Nearly always there are none at all.
    pub(crate) fn load_parked(
        &self,
        wanted: &[(ConnectorId, String)],
    ) -> Result<Vec<ParkedReceiptRow>, Fault> {
        let mut found = Vec::new();
        if self.parked == 0 {
            return Ok(found);
        }
        let sql = "SELECT key, connector, carrier_id, data_key, sealed, read_at FROM parked_receipt \
                   WHERE connector = ?1 AND carrier_id = ?2 ORDER BY key";
        for (connector, carrier_id) in wanted {
            found.extend(all(&self.connection, sql, params![connector.0, carrier_id], codec_config::parked)?);
        }
        Ok(found)
    }

    /// Whose message to a recipient is the newest. Rows outside of runs are found in memory, since a
    /// scan of the newest pages would hold up the writer.
    pub(crate) fn load_last_sender(&self, recipient_hash: i64) -> Result<Option<AccountId>, Fault> {
        let admitted = "SELECT account, submission FROM message WHERE key = ?1";
        for key in self.messages.outside(BY_RECIPIENT, recipient_hash) {
            let found = first(&self.connection, admitted, [key], account_and_submission)?;
            if let Some((account, _)) = found.filter(|(_, submission)| !self.staged.contains_key(submission))
            {
                return Ok(Some(account));
            }
        }
        let runs = "SELECT run FROM sorted_run WHERE kind = 0 ORDER BY run DESC";
        let in_run = "SELECT m.account, m.submission FROM message_by_recipient i \
                      CROSS JOIN message m ON m.key = i.key \
                      WHERE i.run = ?1 AND i.recipient_hash = ?2 ORDER BY i.key DESC";
        for run in all(&self.connection, runs, [], single)? {
            let found = all(&self.connection, in_run, [run, recipient_hash], account_and_submission)?;
            if let Some((account, _)) =
                found.into_iter().find(|(_, submission)| !self.staged.contains_key(submission))
            {
                return Ok(Some(account));
            }
        }
        archive::read::last_sender(&self.connection, recipient_hash)
    }

    /// Events of an endpoint above a key that are to be told: first those that have waited, then the
    /// newest.
    pub(crate) fn load_outbox(
        &self,
        endpoint: EndpointId,
        after: RowKey,
        limit: usize,
    ) -> Result<Vec<OutboxRow>, Fault> {
        let settled = concat!(
            "SELECT ",
            outbox_columns!(),
            " FROM outbox_by_endpoint i JOIN outbox o ON o.key = i.key \
             WHERE i.endpoint = ?1 AND i.dead = 0 AND i.key > ?2 ORDER BY i.key LIMIT ?3"
        );
        let newest = concat!(
            "SELECT ",
            outbox_columns!(),
            " FROM outbox o WHERE o.endpoint = ?1 AND o.key > ?2 AND o.told_at IS NULL AND o.next_at < ",
            never!(),
            " ORDER BY o.key LIMIT ?3"
        );
        let range = [endpoint.0, after.as_i64(), sql_limit(limit)];
        let mut found = all(&self.connection, settled, range, codec::waiting)?;
        if found.len() < limit {
            let from = after.as_i64().max(self.outbox_settled);
            let range = [endpoint.0, from, sql_limit(limit - found.len())];
            found.extend(all(&self.connection, newest, range, codec::waiting)?);
        }
        Ok(found)
    }
}

impl SqliteStore {
    /// Messages by key, open or final, in the archive too.
    pub(crate) fn load_messages(&self, keys: &[RowKey]) -> Result<Vec<OpenMessage>, Fault> {
        let mut found = messages(&self.connection, keys)?;
        let archived = self.archived(keys, found.len())?;
        found.extend(archived.into_iter().map(|view| view.message));
        Ok(found)
    }

    /// Sealed bodies by message, in the archive too; erased ones are left out.
    pub(crate) fn load_bodies(&self, keys: &[RowKey]) -> Result<Vec<(RowKey, Vec<u8>)>, Fault> {
        let mut found = bodies(&self.connection, keys)?;
        let archived = self.archived(keys, found.len())?;
        found.extend(archived.into_iter().filter_map(|view| Some((view.message.facts.key, view.body?))));
        Ok(found)
    }

    /// The attempts of messages, in the archive too.
    pub(crate) fn load_attempts(&self, keys: &[RowKey]) -> Result<Vec<AttemptView>, Fault> {
        let found = keys.iter().map(|key| attempts(&self.connection, *key)).collect::<Result<Vec<_>, _>>()?;
        let with_attempts = found.iter().filter(|attempts| !attempts.is_empty()).count();
        let archived = self.archived(keys, with_attempts)?;
        Ok(found.into_iter().chain(archived.into_iter().map(|view| view.attempts)).flatten().collect())
    }

    /// A submission as admitted, in the archive too.
    pub(crate) fn load_submission(&self, key: RowKey) -> Result<(Vec<MessageFacts>, Option<u64>), Fault> {
        let (mut facts, tail) = submission(&self.connection, key)?;
        if !self.archive.may_have(key) {
            return Ok((facts, tail));
        }
        let sql = concat!("SELECT ", submission_columns!(), " FROM submission s WHERE s.key = ?1");
        let row = first(&self.connection, sql, [key.as_i64()], codec::submission)?;
        let wanted = row.as_ref().map_or(usize::MAX, |row| row.messages as usize);
        if facts.len() < wanted {
            let keyring = self.archive.keyring();
            let (row, archived) = archive::read::of_submission(&self.connection, keyring, key, row)?;
            facts.extend(archived.into_iter().map(|view| view.message.facts));
            facts.sort_by_key(|facts| facts.index);
            return Ok((facts, row.map(|row| row.tail)));
        }
        Ok((facts, tail))
    }

    /// Those of the messages that are in the archive; `found` is how many were found elsewhere.
    fn archived(&self, keys: &[RowKey], found: usize) -> Result<Vec<MessageView>, Fault> {
        if found >= keys.len() || !keys.iter().any(|key| self.archive.may_have(*key)) {
            return Ok(Vec::new());
        }
        let mut missing = Vec::new();
        for key in keys.iter().filter(|key| self.archive.may_have(**key)) {
            let there = "SELECT 1 FROM progress WHERE key = ?1";
            if first(&self.connection, there, [key.as_i64()], single)?.is_none() {
                missing.push(*key);
            }
        }
        archive::read::views(&self.connection, self.archive.keyring(), &missing)
    }
}

/// Parked receipts above a key.
pub(crate) fn parked_after(
    connection: &Connection,
    after: RowKey,
    limit: usize,
) -> Result<Vec<ParkedReceiptRow>, Fault> {
    let sql = "SELECT key, connector, carrier_id, data_key, sealed, read_at FROM parked_receipt \
               WHERE key > ?1 ORDER BY key LIMIT ?2";
    all(connection, sql, [after.as_i64(), sql_limit(limit)], codec_config::parked)
}

/// Dead letters of an endpoint: first those in the look-up, then the newest.
pub(crate) fn dead_letters(
    connection: &Connection,
    endpoint: EndpointId,
    settled: i64,
    limit: usize,
) -> Result<Vec<OutboxRow>, Fault> {
    let listed = concat!(
        "SELECT ",
        outbox_columns!(),
        " FROM outbox_by_endpoint i JOIN outbox o ON o.key = i.key \
         WHERE i.endpoint = ?1 AND i.dead = 1 ORDER BY i.key LIMIT ?2"
    );
    let newest = concat!(
        "SELECT ",
        outbox_columns!(),
        " FROM outbox o WHERE o.endpoint = ?1 AND o.key > ?2 AND o.told_at IS NULL AND o.next_at = ",
        never!(),
        " ORDER BY o.key LIMIT ?3"
    );
    let mut found = all(connection, listed, [endpoint.0, sql_limit(limit)], codec::waiting)?;
    let left = limit - found.len().min(limit);
    found.extend(all(connection, newest, [endpoint.0, settled, sql_limit(left)], codec::waiting)?);
    Ok(found)
}

/// Numbers to which phones write.
fn inbound_numbers(connection: &Connection) -> Result<Vec<InboundNumberRow>, Fault> {
    let sql = concat!("SELECT ", inbound_number_columns!(), " FROM inbound_number ORDER BY number");
    all(connection, sql, [], codec_config::inbound_number)
}

/// What phones are answered that write a keyword.
fn keyword_replies(connection: &Connection) -> Result<Vec<KeywordReplyRow>, Fault> {
    let sql = concat!("SELECT ", keyword_reply_columns!(), " FROM keyword_reply ORDER BY account, keyword");
    all(connection, sql, [], codec_config::keyword_reply)
}

/// Events up to this key are in the look-ups.
pub(crate) fn outbox_settled(connection: &Connection) -> Result<i64, Fault> {
    integer(connection, "SELECT value FROM meta WHERE name = 'outbox_settled'", [])
}

fn account_and_submission(row: &dyn Columns) -> Result<(AccountId, RowKey), Fault> {
    let cells = &mut Cells::new(row, "message");
    Ok((cells.account()?, cells.key()?))
}

/// A message from a phone by its key.
pub(crate) fn inbound(connection: &Connection, key: RowKey) -> Result<Option<InboundRow>, Fault> {
    let sql = concat!("SELECT ", inbound_columns!(), " FROM inbound WHERE key = ?1");
    first(connection, sql, [key.as_i64()], codec_config::inbound)
}

/// Messages by key, open or final.
pub(crate) fn messages(connection: &Connection, keys: &[RowKey]) -> Result<Vec<OpenMessage>, Fault> {
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        found.extend(message(connection, *key)?);
    }
    Ok(found)
}

/// One message by its key.
pub(crate) fn message(connection: &Connection, key: RowKey) -> Result<Option<OpenMessage>, Fault> {
    let sql = concat!(
        "SELECT ",
        message_columns!(),
        " FROM message m JOIN progress p ON p.key = m.key WHERE m.key = ?1"
    );
    first(connection, sql, [key.as_i64()], codec::message)
}

/// The messages of a submission as admitted, in their order, and the tail of its id; staged ones too.
pub(crate) fn submission(
    connection: &Connection,
    key: RowKey,
) -> Result<(Vec<MessageFacts>, Option<u64>), Fault> {
    let sql = concat!("SELECT ", submission_columns!(), " FROM submission s WHERE s.key = ?1");
    let Some(row) = first(connection, sql, [key.as_i64()], codec::submission)? else {
        return Ok((Vec::new(), None));
    };
    let mut facts = Vec::new();
    for key in submission_keys(connection, key, row.messages)? {
        facts.extend(message(connection, key)?.map(|message| message.facts));
    }
    facts.sort_by_key(|facts| facts.index);
    Ok((facts, Some(row.tail)))
}

/// The keys of a submission's messages. `messages` is how many there are at most; reaching it ends
/// the scan, which needs no index because the keys follow the submission's.
pub(crate) fn submission_keys(
    connection: &Connection,
    submission: RowKey,
    messages: u32,
) -> Result<Vec<RowKey>, Fault> {
    let sql =
        "SELECT key FROM message WHERE key >= ?1 AND key < ?2 AND submission = ?1 ORDER BY key LIMIT ?3";
    let span = [submission.as_i64(), submission_end(submission).as_i64(), i64::from(messages)];
    all(connection, sql, span, single_key)
}

/// Sealed bodies by message; erased ones are left out.
pub(crate) fn bodies(connection: &Connection, keys: &[RowKey]) -> Result<Vec<(RowKey, Vec<u8>)>, Fault> {
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        found.extend(body(connection, *key)?.map(|body| (*key, body)));
    }
    Ok(found)
}

/// The sealed body of a message, unless erased.
pub(crate) fn body(connection: &Connection, key: RowKey) -> Result<Option<Vec<u8>>, Fault> {
    first(connection, "SELECT sealed FROM body WHERE message = ?1", [key.as_i64()], single_blob)
}

/// The attempts of a message with their answers and receipts, oldest first.
pub(crate) fn attempts(connection: &Connection, key: RowKey) -> Result<Vec<AttemptView>, Fault> {
    let message = [key.as_i64()];
    let attempts =
        concat!("SELECT ", attempt_columns!(), " FROM attempt WHERE message = ?1 ORDER BY attempt");
    let parts = concat!(
        "SELECT ",
        attempt_part_columns!(),
        " FROM attempt_part WHERE message = ?1 ORDER BY attempt, part, answer"
    );
    let receipts = concat!("SELECT ", receipt_columns!(), " FROM receipt WHERE message = ?1 ORDER BY key");
    let rows = all(connection, attempts, message, codec_attempt::attempt)?;
    let parts = all(connection, parts, message, codec_attempt::attempt_part)?;
    let receipts = all(connection, receipts, message, codec_attempt::receipt)?;
    Ok(codec_attempt::attempt_views(rows, parts, receipts))
}

/// An idempotency key that still holds.
pub(crate) fn idempotency(
    connection: &Connection,
    account: AccountId,
    key_hash: [u8; 16],
    now: Timestamp,
) -> Result<Option<IdempotencyHit>, Fault> {
    let sql = "SELECT fingerprint, submission FROM idempotency \
               WHERE account = ?1 AND key_hash = ?2 AND expires_at > ?3";
    first(connection, sql, params![account.0, key_hash.as_slice(), now.as_ms()], |row| {
        let cells = &mut Cells::new(row, "idempotency");
        Ok(IdempotencyHit { fingerprint: cells.octets()?, created: cells.key()? })
    })
}
