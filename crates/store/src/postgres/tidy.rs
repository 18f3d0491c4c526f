//! The work between commits, in steps of a few milliseconds: partitions that will be needed, and what
//! has lapsed. What only speeds up look-ups is done by the server itself. Start at
//! [`PostgresStore::tidy_step`].

use ports::store::TOLD_KEPT_MS;
use types::id::RowKey;
use types::time::Timestamp;

use super::PostgresStore;
use super::partitions::drop_day_sql;
use crate::codec::{never, single};
use crate::fault::Fault;

/// Pause between two rounds of removing what has lapsed, milliseconds.
const SWEEP_PAUSE_MS: i64 = 60_000;
/// Pause between two looks at the partitions, milliseconds.
const PARTITION_PAUSE_MS: i64 = 600_000;
/// Rows that one step removes or looks at.
const STEP_ROWS: i64 = 4_096;

/// When each kind of work is due; the epoch for at once.
#[derive(Debug, Default)]
pub(crate) struct Sweeps {
    partitions_at: Timestamp,
    keys_at: Timestamp,
    told_at: Timestamp,
    /// The last event looked at in this round; `None` between rounds.
    told_after: Option<i64>,
}

impl PostgresStore {
    /// One step of the work that is due. Returns whether more is.
    pub(crate) fn tidy_step(&mut self, now: Timestamp) -> Result<bool, Fault> {
        if self.stopped {
            return Ok(false);
        }
        let divided = self.divide(now)?;
        let swept = self.sweep(now)?;
        let forgot = self.forget_told(now)?;
        Ok(divided || swept || forgot)
    }

    /// Makes the partitions that come, and drops the oldest day of carrier ids when it has lapsed.
    fn divide(&mut self, now: Timestamp) -> Result<bool, Fault> {
        if now < self.sweeps.partitions_at {
            // Finding a lost connection is a part of this work, too: nobody else may be asking.
            self.link.writer()?;
            return Ok(false);
        }
        let missing = self.partitions.ahead(now);
        self.make(missing)?;
        let Some(day) = self.partitions.lapsed(now) else {
            self.sweeps.partitions_at = now.plus_ms(PARTITION_PAUSE_MS);
            return Ok(false);
        };
        self.divide_tables(drop_day_sql(day))?;
        self.partitions.dropped(day);
        Ok(true)
    }

    /// Removes sessions and idempotency keys that have lapsed.
    fn sweep(&mut self, now: Timestamp) -> Result<bool, Fault> {
        if now < self.sweeps.keys_at {
            return Ok(false);
        }
        let now_ms = now.as_ms();
        let removed = self.link.ask(move |session| async move {
            session.execute("DELETE FROM session WHERE expires_at <= $1", &[&now_ms]).await?;
            let lapsed = "DELETE FROM idempotency WHERE (account, key_hash) IN (SELECT account, key_hash \
                          FROM idempotency WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
            session.execute(lapsed, &[&now_ms, &STEP_ROWS]).await
        })?;
        let has_more = i64::try_from(removed).unwrap_or(0) >= STEP_ROWS;
        if !has_more {
            self.sweeps.keys_at = now.plus_ms(SWEEP_PAUSE_MS);
        }
        Ok(has_more)
    }

    /// Removes events that were told long ago, and dead letters that were made long ago. An event is made
    /// before it is told, so that only old keys are looked at; what is left of them waits or was told late.
    fn forget_told(&mut self, now: Timestamp) -> Result<bool, Fault> {
        if now < self.sweeps.told_at {
            return Ok(false);
        }
        let told_to = now.plus_ms(-TOLD_KEPT_MS).as_ms();
        let highest = RowKey::from_parts(told_to.max(0), 0).as_i64();
        let after = self.sweeps.told_after.unwrap_or(0);
        let reached = self.link.ask(move |session| async move {
            let nth = "SELECT key FROM outbox WHERE key > $1 AND key <= $2 ORDER BY key LIMIT 1 OFFSET $3";
            let reached = session.first(nth, &[&after, &highest, &(STEP_ROWS - 1)], single).await?;
            let delete = concat!(
                "DELETE FROM outbox WHERE key > $1 AND key <= $2 AND (told_at <= $3 OR next_at = ",
                never!(),
                ")"
            );
            session.execute(delete, &[&after, &reached.unwrap_or(highest), &told_to]).await?;
            Ok(reached)
        })?;
        self.sweeps.told_after = reached;
        if reached.is_none() {
            self.sweeps.told_at = now.plus_ms(SWEEP_PAUSE_MS);
        }
        Ok(reached.is_some())
    }
}
