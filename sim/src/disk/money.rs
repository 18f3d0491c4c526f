//! Sums of the simulated disk: the ledger from its three sides and traffic by day, kept up to date with
//! every batch, and the ledger added up anew to prove the first.

use std::collections::BTreeMap;

use ports::store::{LedgerSum, MessageFacts, Progress, Rollup};
use types::charge::{ChargeState, PostingKind};
use types::id::{AccountId, LotId};
use types::message::State;
use types::money::Unit;
use types::network::Country;
use types::time::Timestamp;

use super::Tables;

const DAY_MS: i64 = 86_400_000;

/// Day, account, country, unit and the code of a state.
type Group = (i64, AccountId, Country, Unit, u8);

/// Messages, parts and micro-units.
type Counted = (i64, i64, i64);

/// Traffic by day. A message counts once as admitted and once under its end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage(BTreeMap<Group, Counted>);

impl Usage {
    /// A message was admitted, or (with a negative sign) was not after all.
    pub(super) fn admit(&mut self, facts: &MessageFacts, sign: i64) {
        self.add(facts, State::Accepted, sign);
    }

    /// A message came to a state or left it; only ends count.
    pub(super) fn end(&mut self, facts: &MessageFacts, state: State, sign: i64) {
        if state.is_final() {
            self.add(facts, state, sign);
        }
    }

    fn add(&mut self, facts: &MessageFacts, state: State, sign: i64) {
        let day = day_start(facts.accepted_at);
        let group = (day, facts.account, facts.country, facts.price.amount.unit, state.code());
        let sums = self.0.entry(group).or_default();
        sums.0 += sign;
        sums.1 += sign * i64::from(facts.price.parts);
        sums.2 += sign * facts.price.amount.micros;
    }

    /// How many messages were admitted in all.
    pub(super) fn admitted(&self) -> i64 {
        let accepted = self.0.iter().filter(|((.., state), _)| *state == State::Accepted.code());
        accepted.map(|(_, sums)| sums.0).sum()
    }

    /// Rows as [`ports::store::Reader::rollup`] tells them: what is open is what has not ended.
    pub(super) fn rows(&self, account: Option<AccountId>, since: Timestamp) -> Vec<Rollup> {
        let since = day_start(since);
        let wanted = |group: &Group| group.0 >= since && account.is_none_or(|account| account == group.1);
        let mut ended: BTreeMap<(i64, AccountId, Country, Unit), Counted> = BTreeMap::new();
        for (group, sums) in self.0.iter().filter(|(group, _)| group.4 != State::Accepted.code()) {
            let sum = ended.entry((group.0, group.1, group.2, group.3)).or_default();
            *sum = (sum.0 + sums.0, sum.1 + sums.1, sum.2 + sums.2);
        }
        let row = |(group, sums): (&Group, &Counted)| {
            let state = State::from_code(group.4)?;
            let ended = ended.get(&(group.0, group.1, group.2, group.3));
            let less = ended.copied().filter(|_| state == State::Accepted).unwrap_or_default();
            Some(Rollup {
                day: Timestamp::from_ms(group.0),
                account: group.1,
                country: group.2,
                state,
                messages: sums.0 - less.0,
                parts: sums.1 - less.1,
                amount_micros: sums.2 - less.2,
                unit: group.3,
            })
        };
        let rows = self.0.iter().filter(|(group, _)| wanted(group)).filter_map(row);
        rows.filter(|row| row.messages != 0).collect()
    }
}

const fn day_start(time: Timestamp) -> i64 {
    time.as_ms() - time.as_ms().rem_euclid(DAY_MS)
}

const fn empty(unit: Unit) -> LedgerSum {
    LedgerSum {
        unit,
        available_micros: 0,
        held_micros: 0,
        posted_available_micros: 0,
        posted_held_micros: 0,
        message_held_micros: 0,
        posted_charged_micros: 0,
        message_charged_micros: 0,
    }
}

impl Tables {
    pub(super) fn sum_of(&mut self, unit: Unit) -> &mut LedgerSum {
        self.sums.entry(unit).or_insert_with(|| empty(unit))
    }

    /// Adds a message's side of the ledger, or (with a negative sign) takes it away.
    pub(super) fn count_charge(&mut self, facts: &MessageFacts, charge: ChargeState, sign: i64) {
        let (unit, micros) = (facts.price.amount.unit, paid_micros(facts));
        add_message(self.sum_of(unit), charge, sign * micros);
    }

    pub(super) fn count_move(&mut self, facts: &MessageFacts, before: &Progress, after: &Progress) {
        if before.charge != after.charge {
            self.count_charge(facts, before.charge, -1);
            self.count_charge(facts, after.charge, 1);
        }
    }

    pub(super) fn count_posting(&mut self, lot: LotId, kind: PostingKind, amount: i64) {
        let Some(unit) = self.lots.get(&lot).map(|lot| lot.unit) else { return };
        add_posting(self.sum_of(unit), kind, amount);
    }

    /// The ledger added up from its rows, one by one.
    pub(crate) fn sums_anew(&self) -> BTreeMap<Unit, LedgerSum> {
        let mut sums: BTreeMap<Unit, LedgerSum> = BTreeMap::new();
        for lot in self.lots.values() {
            let sum = sums.entry(lot.unit).or_insert_with(|| empty(lot.unit));
            sum.available_micros += lot.available_micros;
            sum.held_micros += lot.held_micros;
        }
        for posting in &self.postings {
            if let Some(sum) = sums.get_mut(&posting.unit) {
                add_posting(sum, posting.kind, posting.amount_micros);
            }
        }
        for kept in self.messages.values() {
            let (facts, progress) = (&kept.message.facts, &kept.message.progress);
            if self.staged.contains(&facts.submission) {
                continue;
            }
            let unit = facts.price.amount.unit;
            let sum = sums.entry(unit).or_insert_with(|| empty(unit));
            add_message(sum, progress.charge, paid_micros(facts));
        }
        sums
    }
}

/// What the lots pay of a message, by what is written of each.
fn paid_micros(facts: &MessageFacts) -> i64 {
    let shares = &facts.shares;
    if shares.is_empty() { facts.price.amount.micros } else { shares.iter().map(|share| share.micros).sum() }
}

/// The unit of a price is that of the lots that pay it.
const fn add_message(sum: &mut LedgerSum, charge: ChargeState, micros: i64) {
    match charge {
        ChargeState::Held => sum.message_held_micros += micros,
        ChargeState::Charged => sum.message_charged_micros += micros,
        ChargeState::None | ChargeState::Released | ChargeState::Refunded => {}
    }
}

fn add_posting(sum: &mut LedgerSum, kind: PostingKind, amount: i64) {
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
