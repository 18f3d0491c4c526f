//! What is done to data that have arrived, before they are put into use: messages that may have been
//! sent since the backup are marked, and row keys go on above all that were handed out since.
//!
//! Marks are no states: what becomes of a message that has one is decided by `decide::lifecycle`.

use rusqlite::{Connection, params};
use types::id::RowKey;
use types::message::{Flags, State};
use types::time::Timestamp;

use crate::fault::Fault;
use crate::journal;
use crate::postgres::Session;
use crate::sqlite::integer;

/// How far the clock of the machine that failed may have been ahead of this one's, milliseconds. Keys
/// of a restored installation go on above what that machine may have handed out.
const CLOCK_SLACK_MS: i64 = 60_000;
/// When the data were restored, in `meta`.
const RESTORED: &str = "restored_at";

/// What becomes of messages that waited to be sent when the backup was made. They may have been sent
/// since, and nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// They wait until a person lets them go on or gives them up.
    Hold,
    /// They are sent, and marked as possible duplicates.
    Send,
}

impl Queued {
    const fn mark(self) -> Flags {
        match self {
            Self::Hold => Flags::RESTORED,
            Self::Send => Flags::POSSIBLE_DUPLICATE,
        }
    }

    /// The states in which a message gets the mark. Held is also what may become another copy by the
    /// policy for doubt; that marks what it sends again by itself.
    fn states(self) -> Vec<i16> {
        let waiting = [State::Accepted, State::Scheduled, State::Queued];
        let in_doubt = [State::Sending, State::Unknown];
        let states = match self {
            Self::Hold => [waiting.as_slice(), &in_doubt].concat(),
            Self::Send => waiting.to_vec(),
        };
        states.iter().map(|state| i16::from(state.code())).collect()
    }
}

/// When and how data are restored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Restoring {
    pub(crate) queued: Queued,
    pub(crate) now: Timestamp,
}

impl Restoring {
    /// The key above which keys go on.
    fn floor(self, last_key: i64) -> i64 {
        last_key.max(RowKey::from_parts(self.now.plus_ms(CLOCK_SLACK_MS).as_ms().max(0), 0).as_i64())
    }
}

/// What gets the mark: messages in certain states, and those with a carrier for which a route has
/// patience, because it may have taken them to the next connector since. A message whose time has not
/// come cannot have been sent.
macro_rules! marking {
    ($flag:literal, $now:literal, $states:literal) => {
        concat!(
            "UPDATE progress SET flags = flags | ",
            $flag,
            " WHERE open AND NOT (state = 1 AND due_at > ",
            $now,
            ") AND (state ",
            $states,
            " OR (state = 5 AND due_at < submitted_at + 259200000))"
        )
    };
}

/// Restores in SQLite; gives how many messages were marked.
pub(crate) fn land_in_sqlite(connection: &mut Connection, restoring: Restoring) -> Result<u64, Fault> {
    let Restoring { queued, now } = restoring;
    let transaction = connection.transaction()?;
    let states: Vec<_> = queued.states().iter().map(ToString::to_string).collect();
    let sql = format!(marking!("?1", "?2", "IN ({})"), states.join(", "));
    let marked = transaction.execute(&sql, params![queued.mark().bits(), now.as_ms()])?;
    let last_key = integer(&transaction, "SELECT last_key FROM journal ORDER BY seq DESC LIMIT 1", [])?;
    transaction.execute(
        "INSERT INTO journal SELECT coalesce(max(seq), 0) + 1, ?1, ?2, ?3 FROM journal",
        params![now.as_ms(), restoring.floor(last_key), journal::pack(&[])],
    )?;
    transaction.execute("INSERT OR REPLACE INTO meta VALUES (?1, ?2)", params![RESTORED, now.as_ms()])?;
    transaction.commit()?;
    Ok(u64::try_from(marked).unwrap_or(u64::MAX))
}

/// Restores in PostgreSQL, as a part of a transaction; gives how many messages were marked.
pub(crate) async fn land_in_postgres(session: &Session, restoring: Restoring) -> Result<u64, Fault> {
    let Restoring { queued, now } = restoring;
    let mark = i64::from(queued.mark().bits());
    let sql = marking!("$1", "$2", "= ANY ($3)");
    let marked = session.execute(sql, &[&mark, &now.as_ms(), &queued.states()]).await?;
    let last_key = session.integer("SELECT last_key FROM journal ORDER BY seq DESC LIMIT 1", &[]).await?;
    let floor = restoring.floor(last_key);
    let commit = "INSERT INTO journal (seq, at, last_key, last_posting, token, entries) \
                  SELECT coalesce(max(seq), 0) + 1, $1, $2, 0, uuid_send(gen_random_uuid()), $3 FROM journal";
    session.execute(commit, &[&now.as_ms(), &floor, &journal::pack(&[])]).await?;
    let note = "INSERT INTO meta VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    session.execute(note, &[&RESTORED, &now.as_ms()]).await?;
    Ok(marked)
}

/// Completes what only PostgreSQL has in its newest commit, as a part of a transaction.
pub(crate) async fn complete_postgres(session: &Session) -> Result<(), Fault> {
    let sql = "UPDATE journal SET last_posting = (SELECT coalesce(max(id), 0) FROM posting) \
               WHERE seq = (SELECT max(seq) FROM journal)";
    session.execute(sql, &[]).await.map(drop)
}
