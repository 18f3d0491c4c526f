//! Stretches of time as tables of their own.
//!
//! Tables of traffic are divided by the month of their row keys, the map of carrier ids by days. A
//! partition is made as a table of its own and then attached, which keeps nobody waiting. `tidy` makes
//! those that come; a commit that needs one that is not there makes it first. Old days of the map are
//! dropped; months leave when what they hold may be forgotten. Start at [`Partitions`].

use std::collections::BTreeSet;

use ports::store::Batch;
use types::id::RowKey;
use types::time::{Civil, Timestamp};

use super::session::Session;
use crate::codec::Cells;
use crate::fault::Fault;

const DAY_MS: i64 = 86_400_000;
/// How long a carrier id stays findable: the default dispute period.
const KEEP_MS: i64 = 90 * DAY_MS;
/// How far ahead months are made.
const MONTHS_AHEAD_MS: i64 = 7 * DAY_MS;
/// How far ahead days are made.
const DAYS_AHEAD: i64 = 3;

/// Tables by month, with their settings.
const MONTHLY: &[(&str, &str)] = &[
    ("submission", ""),
    ("message", ""),
    ("progress", " WITH (fillfactor = 50)"),
    ("message_lot", ""),
    ("body", ""),
    ("attempt", ""),
    ("attempt_part", ""),
    ("receipt", ""),
    ("inbound", ""),
    ("outbox", " WITH (fillfactor = 80)"),
];
/// The table by day.
const DAILY: &str = "receipt_map";

/// The name of a table without what names its partition.
pub(crate) fn table_of(partition: &str) -> &str {
    partition.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_')
}

/// Which partitions there are.
#[derive(Debug, Default)]
pub(crate) struct Partitions {
    /// Months as years × 100 + month.
    months: BTreeSet<i64>,
    /// Days since the epoch.
    days: BTreeSet<i64>,
}

fn month_of(time: Timestamp) -> i64 {
    let Civil { year, month, .. } = time.civil();
    year * 100 + i64::from(month)
}

fn month_start(month: i64) -> Timestamp {
    let (year, month) = (month.div_euclid(100), u32::try_from(month.rem_euclid(100)).unwrap_or(1));
    Timestamp::from_civil(&Civil { year, month, day: 1, hour: 0, minute: 0, second: 0, millisecond: 0 })
}

const fn month_after(month: i64) -> i64 {
    if month.rem_euclid(100) == 12 { month + 89 } else { month + 1 }
}

const fn day_of(time: Timestamp) -> i64 {
    time.as_ms().div_euclid(DAY_MS)
}

const fn day_start(day: i64) -> Timestamp {
    Timestamp::from_ms(day.saturating_mul(DAY_MS))
}

fn key_at(time: Timestamp) -> i64 {
    RowKey::from_parts(time.as_ms().max(0), 0).as_i64()
}

impl Partitions {
    /// Asks the database which there are.
    pub(crate) async fn load(session: &Session) -> Result<Self, Fault> {
        let sql = "SELECT p.relname::text, c.relname::text FROM pg_inherits i \
                   JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent \
                   WHERE p.relname IN ('message', 'receipt_map') AND p.relkind = 'p' \
                   AND p.relnamespace = current_schema()::regnamespace";
        let names = session.all(sql, &[], |row| {
            let cells = &mut Cells::new(row, "partitions");
            Ok((cells.text()?, cells.text()?))
        });
        let mut found = Self::default();
        for (table, partition) in names.await? {
            let digits: String = partition.chars().filter(char::is_ascii_digit).collect();
            let Ok(number) = digits.parse::<i64>() else { continue };
            if table == DAILY {
                let (month, day) = (number.div_euclid(100), number.rem_euclid(100));
                found.days.insert(day_of(month_start(month)) + day - 1);
            } else {
                found.months.insert(number);
            }
        }
        Ok(found)
    }

    /// The statements that make what `batch` needs and what is not there; empty for nearly all.
    pub(crate) fn needed(&self, batch: &Batch) -> Missing {
        let mut months = BTreeSet::new();
        // Keys come in runs of the same month; the last one is remembered.
        let mut last = (i64::MAX, i64::MIN);
        let mut need = |key: RowKey| {
            let ms = key.unix_ms();
            if ms < last.0 || ms >= last.1 {
                let month = month_of(Timestamp::from_ms(ms));
                last = (month_start(month).as_ms(), month_start(month_after(month)).as_ms());
                months.insert(month);
            }
        };
        batch.submissions.iter().for_each(|row| need(row.key));
        batch.messages.iter().for_each(|row| need(row.message.facts.key));
        batch.attempts.iter().for_each(|row| need(row.message));
        batch.attempt_parts.iter().for_each(|row| need(row.message));
        batch.receipts.iter().for_each(|row| need(row.message));
        batch.inbound.iter().for_each(|row| need(row.key));
        batch.outbox.iter().for_each(|row| need(row.key));
        let months = months.difference(&self.months).copied().collect();
        let day = day_of(batch.at);
        let days = (!batch.receipt_map.is_empty() && !self.days.contains(&day)).then_some(day);
        Missing { months, days: days.into_iter().collect() }
    }

    /// What rows of a table need and what is not there; `values` has a row key of each, or in the map of
    /// carrier ids the time.
    pub(crate) fn covering(&self, table: &str, values: impl Iterator<Item = i64>) -> Missing {
        let mut missing = Missing::default();
        if table == DAILY {
            let days: BTreeSet<_> = values.map(|at| day_of(Timestamp::from_ms(at))).collect();
            missing.days = days.difference(&self.days).copied().collect();
        } else if MONTHLY.iter().any(|(name, _)| *name == table) {
            let month = |key| month_of(Timestamp::from_ms(RowKey::from_i64(key).unix_ms()));
            let months: BTreeSet<_> = values.map(month).collect();
            missing.months = months.difference(&self.months).copied().collect();
        }
        missing
    }

    /// What will be needed soon and is not there.
    pub(crate) fn ahead(&self, now: Timestamp) -> Missing {
        let months = [month_of(now), month_of(now.plus_ms(MONTHS_AHEAD_MS))];
        let days = (0..=DAYS_AHEAD).map(|ahead| day_of(now) + ahead);
        Missing {
            months: BTreeSet::from(months).difference(&self.months).copied().collect(),
            days: days.filter(|day| !self.days.contains(day)).collect(),
        }
    }

    /// The oldest day that may be dropped.
    pub(crate) fn lapsed(&self, now: Timestamp) -> Option<i64> {
        let oldest = self.days.first().copied()?;
        (day_start(oldest + 1).plus_ms(KEEP_MS) < now).then_some(oldest)
    }

    /// Remembers that these are there now.
    pub(crate) fn made(&mut self, missing: &Missing) {
        self.months.extend(&missing.months);
        self.days.extend(&missing.days);
    }

    /// Remembers that a day is gone.
    pub(crate) fn dropped(&mut self, day: i64) {
        self.days.remove(&day);
    }
}

/// Partitions to make.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Missing {
    months: Vec<i64>,
    days: Vec<i64>,
}

impl Missing {
    /// Whether there is nothing to make.
    pub(crate) const fn is_empty(&self) -> bool {
        self.months.is_empty() && self.days.is_empty()
    }

    /// The statements that make them.
    pub(crate) fn sql(&self) -> String {
        let mut sql = String::new();
        for month in &self.months {
            let (from, to) = (key_at(month_start(*month)), key_at(month_start(month_after(*month))));
            for (table, settings) in MONTHLY {
                sql.push_str(&partition(table, &format!("{table}_{month:06}"), settings, from, to));
            }
        }
        for day in &self.days {
            let (from, to) = (day_start(*day).as_ms(), day_start(day + 1).as_ms());
            sql.push_str(&partition(DAILY, &day_name(*day), "", from, to));
        }
        sql
    }
}

/// The statement that drops a day of the map.
pub(crate) fn drop_day_sql(day: i64) -> String {
    // Waiting behind a long question would make everybody else wait behind this.
    format!("SET LOCAL lock_timeout = '2s'; DROP TABLE {};", day_name(day))
}

fn day_name(day: i64) -> String {
    let Civil { year, month, day, .. } = day_start(day).civil();
    format!("{DAILY}_{year:04}{month:02}{day:02}")
}

fn partition(table: &str, name: &str, settings: &str, from: i64, to: i64) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {name} (LIKE {table} INCLUDING ALL){settings};\n\
         ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({from}) TO ({to});\n"
    )
}

#[cfg(test)]
mod tests {
    use ports::conformance::store::BEGIN;
    use types::id::RowKey;
    use types::time::Timestamp;

    use super::{KEEP_MS, Missing, Partitions, day_of, month_after, month_of, month_start, table_of};

    #[test]
    fn months_follow_each_other() {
        assert_eq!(month_of(BEGIN), 202_611);
        for (month, next) in [(202_611, 202_612), (202_612, 202_701), (202_701, 202_702)] {
            assert_eq!(month_after(month), next);
            assert_eq!(month_of(month_start(next)), next);
            assert_eq!(month_of(month_start(next).plus_ms(-1)), month);
        }
    }

    #[test]
    fn what_comes_is_made_once() {
        let mut partitions = Partitions::default();
        let missing = partitions.ahead(BEGIN);
        assert_eq!(missing.months, [202_611]);
        assert_eq!(missing.days.len(), 4);
        partitions.made(&missing);
        assert_eq!(partitions.ahead(BEGIN), Missing::default());
        let later = BEGIN.plus_ms(3 * 86_400_000);
        assert_eq!(partitions.ahead(later).months, [202_612]);
        assert_eq!(partitions.ahead(later).days.len(), 3);
    }

    #[test]
    fn rows_get_the_partitions_that_they_lack() {
        let mut partitions = Partitions::default();
        partitions.made(&partitions.ahead(BEGIN));
        let key = |at: Timestamp| RowKey::from_parts(at.as_ms(), 7).as_i64();
        let (now, later) = (BEGIN, BEGIN.plus_ms(60 * 86_400_000));
        let covering = |table, values: &[i64]| partitions.covering(table, values.iter().copied());
        assert_eq!(covering("message", &[key(now), key(later), key(later)]).months, [202_701]);
        assert_eq!(covering("receipt_map", &[now.as_ms(), later.as_ms()]).days, [day_of(later)]);
        assert!(covering("receipt_map", &[now.as_ms()]).is_empty());
        assert!(covering("lot", &[1, 2]).is_empty());
    }

    #[test]
    fn days_lapse_when_nobody_may_dispute_them() {
        let mut partitions = Partitions::default();
        partitions.made(&partitions.ahead(BEGIN));
        let day = day_of(BEGIN);
        let end = Timestamp::from_ms((day + 1) * 86_400_000 + KEEP_MS);
        assert_eq!(partitions.lapsed(end), None);
        assert_eq!(partitions.lapsed(end.plus_ms(1)), Some(day));
        partitions.dropped(day);
        assert_eq!(partitions.lapsed(end.plus_ms(1)), None);
    }

    #[test]
    fn partitions_are_known_by_their_table() {
        for (name, table) in
            [("message_202611", "message"), ("receipt_map_20261122", "receipt_map"), ("lot", "lot")]
        {
            assert_eq!(table_of(name), table);
        }
    }
}
