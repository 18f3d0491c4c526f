//! Answers about value: lots, ledger entries, the proof of the ledger, traffic by day.

use std::collections::{BTreeMap, HashMap};

use ports::store::{LedgerSum, ListPage, PAGE_ROWS_MAX, PostingView, Rollup};
use rusqlite::{Connection, params};
use types::charge::{ChargeState, Lot, PostingKind};
use types::id::{AccountId, RowKey};
use types::money::Unit;
use types::time::Timestamp;

use super::fault::{Fault, all, integer, sql_limit};
use crate::codec::{self, lot_columns, single};
use crate::codec_config;
use crate::rollup::{self, day_start};

pub(crate) fn lots(connection: &Connection, account: AccountId) -> Result<Vec<Lot>, Fault> {
    let sql = concat!("SELECT ", lot_columns!(), " FROM lot WHERE account = ?1 ORDER BY id");
    all(connection, sql, [account.0], codec::lot)
}

/// Ledger entries of an account, newest first: those above the last sorted run, then run by run.
pub(crate) fn postings(
    connection: &Connection,
    account: AccountId,
    before: Option<i64>,
    limit: usize,
) -> Result<ListPage<PostingView>, Fault> {
    let limit = limit.clamp(1, PAGE_ROWS_MAX);
    let before = before.unwrap_or(i64::MAX);
    let newest =
        "SELECT id FROM posting WHERE id > ?2 AND id < ?3 AND account = ?1 ORDER BY id DESC LIMIT ?4";
    let in_run = "SELECT id FROM posting_by_account \
                  WHERE account = ?1 AND run = ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4";
    let indexed = integer(connection, "SELECT max(high) FROM sorted_run WHERE kind = 1", [])?;
    let runs = "SELECT run FROM sorted_run WHERE kind = 1 AND low < ?1 ORDER BY run DESC";
    let runs = all(connection, runs, [before], single)?;
    let mut ids: Vec<i64> = Vec::new();
    let steps = std::iter::once((newest, indexed)).chain(runs.into_iter().map(|run| (in_run, run)));
    for (sql, bound) in steps {
        let wanted = limit + 1 - ids.len();
        if wanted == 0 {
            break;
        }
        let range = [account.0, bound, before, sql_limit(wanted)];
        ids.extend(all(connection, sql, range, single)?);
    }
    let next = (ids.len() > limit).then(|| ids.get(limit - 1).copied().map(RowKey::from_i64)).flatten();
    let mut items = Vec::with_capacity(limit);
    for id in ids.into_iter().take(limit) {
        let sql = "SELECT p.id, p.commit_seq, p.at, p.lot, p.kind, p.amount_micros, l.unit, p.messages, p.policy \
                   FROM posting p JOIN lot l ON l.id = p.lot WHERE p.id = ?1";
        items.extend(all(connection, sql, [id], codec_config::posting)?);
    }
    Ok(ListPage { items, next })
}

/// Sums the ledger from three sides that are written apart: the lots, the postings and the
/// messages. It reads every posting and every message's progress, row by row: a join and a grouping
/// in SQL take several times as long.
pub(crate) fn ledger_sums(connection: &Connection) -> Result<Vec<LedgerSum>, Fault> {
    let mut sums = BTreeMap::new();
    let mut units = HashMap::new();
    for lot in all(connection, concat!("SELECT ", lot_columns!(), " FROM lot"), [], codec::lot)? {
        let sum = sum_of(&mut sums, lot.unit);
        sum.available_micros += lot.available_micros;
        sum.held_micros += lot.held_micros;
        units.insert(lot.id.0, lot.unit);
    }
    let posted = "SELECT lot, kind, amount_micros FROM posting";
    each_amount(connection, posted, &units, |unit, kind, amount| {
        let kind =
            u8::try_from(kind).ok().and_then(PostingKind::from_code).ok_or(Fault::Corrupt("posting"))?;
        let sum = sum_of(&mut sums, unit);
        let (available, held) = kind.effect(amount);
        sum.posted_available_micros += available;
        sum.posted_held_micros += held;
        sum.posted_charged_micros += match kind {
            PostingKind::Capture | PostingKind::Charge => amount,
            PostingKind::Refund => -amount,
            PostingKind::TopUp
            | PostingKind::Hold
            | PostingKind::Release
            | PostingKind::TransferOut
            | PostingKind::TransferIn => 0,
        };
        Ok(())
    })?;
    each_amount(connection, MESSAGES, &units, |unit, charge, amount| {
        add_message(sum_of(&mut sums, unit), charge, amount);
        Ok(())
    })?;
    each_amount(connection, SHARES, &units, |unit, charge, amount| {
        add_message(sum_of(&mut sums, unit), charge, amount);
        Ok(())
    })?;
    each_amount(connection, ARCHIVED, &units, |unit, charge, amount| {
        add_message(sum_of(&mut sums, unit), charge, amount);
        Ok(())
    })?;
    for staged in [STAGED_MESSAGES, STAGED_SHARES] {
        each_amount(connection, staged, &units, |unit, charge, amount| {
            add_message(sum_of(&mut sums, unit), charge, -amount);
            Ok(())
        })?;
    }
    Ok(sums.into_values().collect())
}

/// Those that several lots pay have no lot here, and no unit is found for them.
const MESSAGES: &str = "SELECT lot, charge, price_micros FROM progress WHERE charge = 1 OR charge = 2";

/// Those that several lots pay, lot by lot.
const SHARES: &str = "SELECT l.lot, p.charge, l.micros FROM message_lot l \
     CROSS JOIN progress p ON p.key = l.message WHERE p.charge = 1 OR p.charge = 2";

/// Those in the archive, lot by lot.
const ARCHIVED: &str = "SELECT lot, charge, micros FROM past_lot";

/// What of the above belongs to staged submissions; nearly always nothing.
const STAGED_SHARES: &str = "SELECT l.lot, p.charge, l.micros FROM staged g \
     CROSS JOIN message_lot l ON l.message >= g.submission AND l.message < g.submission + (3600000 << 21) \
     CROSS JOIN message m ON m.key = l.message AND m.submission = g.submission \
     CROSS JOIN progress p ON p.key = m.key WHERE p.charge = 1 OR p.charge = 2";

const STAGED_MESSAGES: &str = "SELECT p.lot, p.charge, p.price_micros FROM staged g \
     CROSS JOIN message m ON m.key >= g.submission AND m.key < g.submission + (3600000 << 21) \
     AND m.submission = g.submission \
     CROSS JOIN progress p ON p.key = m.key WHERE p.charge = 1 OR p.charge = 2";

/// Calls `add` with the unit of the lot, the code and the amount of every row.
fn each_amount(
    connection: &Connection,
    sql: &str,
    units: &HashMap<i64, Unit>,
    mut add: impl FnMut(Unit, i64, i64) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let lot: Option<i64> = row.get(0)?;
        if let Some(unit) = lot.and_then(|lot| units.get(&lot)) {
            add(*unit, row.get(1)?, row.get(2)?)?;
        }
    }
    Ok(())
}

fn add_message(sum: &mut LedgerSum, charge: i64, amount: i64) {
    if charge == i64::from(ChargeState::Held.code()) {
        sum.message_held_micros += amount;
    } else {
        sum.message_charged_micros += amount;
    }
}

fn sum_of(sums: &mut BTreeMap<Unit, LedgerSum>, unit: Unit) -> &mut LedgerSum {
    sums.entry(unit).or_insert(LedgerSum {
        unit,
        available_micros: 0,
        held_micros: 0,
        posted_available_micros: 0,
        posted_held_micros: 0,
        message_held_micros: 0,
        posted_charged_micros: 0,
        message_charged_micros: 0,
    })
}

/// Traffic by day.
pub(crate) fn rollup(
    connection: &Connection,
    account: Option<AccountId>,
    since: Timestamp,
) -> Result<Vec<Rollup>, Fault> {
    let sql = "SELECT day, account, country, unit, state, messages, parts, amount_micros FROM usage_day \
               WHERE day >= ?1 AND (?2 IS NULL OR account = ?2) ORDER BY day, account, country, unit, state";
    let rows = all(connection, sql, params![day_start(since), account.map(|a| a.0)], rollup::row)?;
    Ok(rollup::net(rows))
}
