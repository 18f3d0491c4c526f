//! Traffic summed by day, kept up to date inside each commit.
//!
//! A message counts twice: once when it is admitted (under the code of `accepted`) and once when it
//! ends (under its end); a late receipt moves the second count. The steps between are not counted,
//! so that a message costs two additions in memory and a commit one statement per group that it
//! touched. What is open is the difference, taken when it is read.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use types::id::AccountId;
use types::message::State;
use types::money::{Money, Unit};
use types::network::Country;
use types::time::Timestamp;

use super::fault::Fault;

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

/// The first moment of a time's UTC day.
pub(crate) const fn day_start(time: Timestamp) -> i64 {
    time.as_ms() - time.as_ms().rem_euclid(DAY_MS)
}

/// Day, account, country, unit and the code of a state; the order of the table.
type Group = (i64, AccountId, Country, Unit, u8);

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    messages: i64,
    parts: i64,
    amount_micros: i64,
}

/// What one commit adds.
#[derive(Debug, Default)]
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

    /// Adds the sums to the table, in its order.
    pub(crate) fn write(&self, connection: &Connection) -> Result<(), Fault> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut upsert = connection.prepare_cached(
            "INSERT INTO usage_day VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO UPDATE SET \
             messages = messages + excluded.messages, parts = parts + excluded.parts, \
             amount_micros = amount_micros + excluded.amount_micros",
        )?;
        for ((day, account, country, unit, state), sums) in &self.0 {
            upsert.execute(params![
                day,
                account.0,
                country.as_str(),
                unit.as_str(),
                state,
                sums.messages,
                sums.parts,
                sums.amount_micros
            ])?;
        }
        Ok(())
    }
}
