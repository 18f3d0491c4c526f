//! Traffic summed by day, kept up to date inside each commit.
//!
//! A message counts twice: once when it is admitted (under the code of `accepted`) and once when it
//! ends (under its end); a late receipt moves the second count. The steps between are not counted,
//! so that a message costs two additions in memory and a commit one statement per group that it
//! touched. What is open is the difference, taken when it is read.

use std::collections::BTreeMap;

use ports::store::{MessageFacts, Rollup};
use types::id::AccountId;
use types::message::State;
use types::money::{Money, Unit};
use types::network::Country;
use types::time::Timestamp;

use crate::codec::{Cells, Columns};
use crate::fault::Fault;

const DAY_MS: i64 = 86_400_000;

/// What a message counts under, and for how much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traffic {
    pub(crate) account: AccountId,
    pub(crate) accepted_at: Timestamp,
    pub(crate) country: Country,
    pub(crate) parts: u32,
    pub(crate) amount: Money,
}

impl Traffic {
    /// Of a message as it was admitted.
    pub(crate) fn of(facts: &MessageFacts) -> Self {
        Self {
            account: facts.account,
            accepted_at: facts.accepted_at,
            country: facts.country,
            parts: facts.price.parts,
            amount: facts.price.amount,
        }
    }
}

/// The first moment of a time's UTC day.
pub(crate) const fn day_start(time: Timestamp) -> i64 {
    time.as_ms() - time.as_ms().rem_euclid(DAY_MS)
}

/// Day, account, country, unit and the code of a state; the order of the table.
pub(crate) type Group = (i64, AccountId, Country, Unit, u8);

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sums {
    pub(crate) messages: i64,
    pub(crate) parts: i64,
    pub(crate) amount_micros: i64,
}

/// What one commit adds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deltas(BTreeMap<Group, Sums>);

impl Deltas {
    /// A message was admitted.
    pub(crate) fn admit(&mut self, traffic: &Traffic) {
        self.add(traffic, State::Accepted.code(), 1);
    }

    /// A message came to a state; only ends count.
    pub(crate) fn end(&mut self, traffic: &Traffic, state: u8) {
        self.count_end(traffic, state, 1);
    }

    /// A message left a state; only ends count.
    pub(crate) fn unend(&mut self, traffic: &Traffic, state: u8) {
        self.count_end(traffic, state, -1);
    }

    fn count_end(&mut self, traffic: &Traffic, state: u8, sign: i64) {
        if State::from_code(state).is_some_and(State::is_final) {
            self.add(traffic, state, sign);
        }
    }

    fn add(&mut self, traffic: &Traffic, state: u8, sign: i64) {
        let group =
            (day_start(traffic.accepted_at), traffic.account, traffic.country, traffic.amount.unit, state);
        let sums = self.0.entry(group).or_default();
        sums.messages += sign;
        sums.parts += sign * i64::from(traffic.parts);
        sums.amount_micros = sums.amount_micros.saturating_add(sign * traffic.amount.micros);
    }

    /// Adds what others add.
    pub(crate) fn merge(&mut self, others: &Self) {
        for (group, added) in &others.0 {
            let sums = self.0.entry(*group).or_default();
            sums.messages += added.messages;
            sums.parts += added.parts;
            sums.amount_micros = sums.amount_micros.saturating_add(added.amount_micros);
        }
    }

    /// What to add to the table, in its order.
    pub(crate) fn groups(&self) -> impl ExactSizeIterator<Item = (&Group, &Sums)> {
        self.0.iter()
    }
}

/// What is open is what was admitted without what has ended.
pub(crate) fn net(rows: Vec<Rollup>) -> Vec<Rollup> {
    /// Day, account, country and unit.
    type Group = (Timestamp, AccountId, Country, Unit);
    let mut ended: BTreeMap<Group, (i64, i64, i64)> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.state != State::Accepted) {
        let sums = ended.entry((row.day, row.account, row.country, row.unit)).or_default();
        *sums = (sums.0 + row.messages, sums.1 + row.parts, sums.2 + row.amount_micros);
    }
    let open = |row: Rollup| {
        let group = (row.day, row.account, row.country, row.unit);
        let (messages, parts, amount) = match row.state {
            State::Accepted => ended.get(&group).copied().unwrap_or_default(),
            _ => (0, 0, 0),
        };
        Rollup {
            messages: row.messages - messages,
            parts: row.parts - parts,
            amount_micros: row.amount_micros - amount,
            ..row
        }
    };
    rows.into_iter().map(open).filter(|row| row.messages != 0).collect()
}

/// `day, account, country, unit, state, messages, parts, amount_micros`.
pub(crate) fn row(row: &dyn Columns) -> Result<Rollup, Fault> {
    let cells = &mut Cells::new(row, "usage_day");
    let (day, account, country) = (cells.time()?, cells.account()?, cells.country()?);
    let unit = cells.unit()?;
    let state = cells.coded(State::from_code)?;
    let (messages, parts, amount_micros) = (cells.int()?, cells.int()?, cells.int()?);
    Ok(Rollup { day, account, country, state, messages, parts, amount_micros, unit })
}
