//! Answers about value: lots, ledger entries, the proof of the ledger, traffic by day.

use std::collections::BTreeMap;

use ports::store::{LedgerSum, ListPage, PAGE_ROWS_MAX, PostingView, Rollup};
use types::charge::{ChargeState, Lot, PostingKind};
use types::id::{AccountId, RowKey};
use types::money::Unit;
use types::time::Timestamp;

use super::load::sql_limit;
use super::session::Session;
use crate::codec::{self, Cells, Columns, lot_columns};
use crate::codec_config;
use crate::fault::Fault;
use crate::rollup::{self, day_start};

pub(crate) async fn lots(session: &Session, account: AccountId) -> Result<Vec<Lot>, Fault> {
    let sql = concat!("SELECT ", lot_columns!(), " FROM lot WHERE account = $1 ORDER BY id");
    session.all(sql, &[&account.0], codec::lot).await
}

/// Ledger entries of an account, newest first.
pub(crate) async fn postings(
    session: &Session,
    account: AccountId,
    before: Option<i64>,
    limit: usize,
) -> Result<ListPage<PostingView>, Fault> {
    let limit = limit.clamp(1, PAGE_ROWS_MAX);
    let before = before.unwrap_or(i64::MAX);
    let sql = "SELECT p.id, p.commit_seq, p.at, p.lot, p.kind, p.amount_micros, l.unit, p.messages, p.policy \
               FROM posting p JOIN lot l ON l.id = p.lot \
               WHERE p.account = $1 AND p.id < $2 ORDER BY p.id DESC LIMIT $3";
    let items =
        session.all(sql, &[&account.0, &before, &sql_limit(limit + 1)], codec_config::posting).await?;
    Ok(ListPage::cut(items, limit, |item| RowKey::from_i64(item.id)))
}

/// Lots by unit, in full.
const LOTS: &str = "SELECT unit, 0::bigint, sum(available_micros)::bigint, sum(held_micros)::bigint \
                    FROM lot GROUP BY unit";
/// Postings by unit and kind.
const POSTINGS: &str = "SELECT l.unit, s.kind, s.amount, 0::bigint FROM \
                        (SELECT lot, kind, sum(amount_micros)::bigint AS amount FROM posting GROUP BY lot, kind) s \
                        JOIN lot l ON l.id = s.lot";
/// What messages say by unit and charge state. Those that several lots pay have no lot in the first part.
const MESSAGES: &str = "SELECT l.unit, s.charge, s.amount, 0::bigint FROM ( \
    SELECT lot, charge, sum(price_micros)::bigint AS amount FROM progress \
    WHERE charge IN (1, 2) AND lot IS NOT NULL GROUP BY lot, charge \
    UNION ALL SELECT h.lot, p.charge, h.micros FROM message_lot h \
    JOIN progress p ON p.account = h.account AND p.key = h.message WHERE p.charge IN (1, 2) \
    ) s JOIN lot l ON l.id = s.lot";
/// What of that belongs to staged submissions, which nobody sees yet.
const STAGED: &str = "SELECT l.unit, s.charge, s.amount, 0::bigint FROM ( \
    SELECT p.lot, p.charge, p.price_micros AS amount FROM staged g \
    JOIN submission b ON b.key = g.submission \
    JOIN message m ON m.account = b.account AND m.key >= b.key \
    AND m.key < (((b.key >> 21) + 3600000) << 21) AND m.submission = b.key \
    JOIN progress p ON p.account = m.account AND p.key = m.key WHERE p.charge IN (1, 2) AND p.lot IS NOT NULL \
    UNION ALL SELECT h.lot, p.charge, h.micros FROM staged g \
    JOIN submission b ON b.key = g.submission \
    JOIN message m ON m.account = b.account AND m.key >= b.key \
    AND m.key < (((b.key >> 21) + 3600000) << 21) AND m.submission = b.key \
    JOIN message_lot h ON h.account = m.account AND h.message = m.key \
    JOIN progress p ON p.account = m.account AND p.key = m.key WHERE p.charge IN (1, 2) \
    ) s JOIN lot l ON l.id = s.lot";

/// Sums the ledger from three sides that are written apart: the lots, the postings and the messages.
pub(crate) async fn ledger_sums(session: &Session) -> Result<Vec<LedgerSum>, Fault> {
    let mut sums = BTreeMap::new();
    for (unit, _, available, held) in session.all(LOTS, &[], amounts).await? {
        let sum = sum_of(&mut sums, unit);
        sum.available_micros += available;
        sum.held_micros += held;
    }
    for (unit, kind, amount, _) in session.all(POSTINGS, &[], amounts).await? {
        let kind = PostingKind::from_code(kind).ok_or(Fault::Corrupt("posting"))?;
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
    }
    for (unit, charge, amount, _) in session.all(MESSAGES, &[], amounts).await? {
        add_message(sum_of(&mut sums, unit), charge, amount);
    }
    // Nearly always nothing; a plan for many would read all messages to find that out.
    if has_staged(session).await? {
        for (unit, charge, amount, _) in session.all(STAGED, &[], amounts).await? {
            add_message(sum_of(&mut sums, unit), charge, -amount);
        }
    }
    Ok(sums.into_values().collect())
}

/// Whether any submission is staged now.
pub(crate) async fn has_staged(session: &Session) -> Result<bool, Fault> {
    Ok(session.integer("SELECT count(*) FROM staged", &[]).await? != 0)
}

fn add_message(sum: &mut LedgerSum, charge: u8, amount: i64) {
    if charge == ChargeState::Held.code() {
        sum.message_held_micros += amount;
    } else {
        sum.message_charged_micros += amount;
    }
}

fn amounts(row: &dyn Columns) -> Result<(Unit, u8, i64, i64), Fault> {
    let cells = &mut Cells::new(row, "lot");
    Ok((cells.unit()?, cells.small()?, cells.int()?, cells.int()?))
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
pub(crate) async fn rollup(
    session: &Session,
    account: Option<AccountId>,
    since: Timestamp,
) -> Result<Vec<Rollup>, Fault> {
    let sql = "SELECT day, account, country, unit, state, messages, parts, amount_micros FROM usage_day \
               WHERE day >= $1 AND ($2::bigint IS NULL OR account = $2) \
               ORDER BY day, account, country, unit, state";
    let params: [super::session::Param<'_>; 2] = [&day_start(since), &account.map(|account| account.0)];
    Ok(rollup::net(session.all(sql, &params, rollup::row).await?))
}
