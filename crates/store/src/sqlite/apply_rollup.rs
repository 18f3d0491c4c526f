//! The part of a commit that keeps traffic summed by day.

use rusqlite::Connection;

use super::fault::{Fault, run};
use crate::rollup::Deltas;

/// Adds what a commit counts to the table, in its order.
pub(crate) fn write_rollup(connection: &Connection, deltas: &Deltas) -> Result<(), Fault> {
    if deltas.groups().len() == 0 {
        return Ok(());
    }
    let mut upsert = connection.prepare_cached(
        "INSERT INTO usage_day VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO UPDATE SET \
         messages = messages + excluded.messages, parts = parts + excluded.parts, \
         amount_micros = amount_micros + excluded.amount_micros",
    )?;
    for ((day, account, country, unit, state), sums) in deltas.groups() {
        run!(
            upsert,
            day,
            account.0,
            country.as_str(),
            unit.as_str(),
            state,
            sums.messages,
            sums.parts,
            sums.amount_micros
        )?;
    }
    Ok(())
}
