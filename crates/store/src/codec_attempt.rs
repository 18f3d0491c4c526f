//! Rows of attempts, of their answers and of receipts as values and back, and the columns of a network.
//! The companion of `codec`.

use ports::store::{AttemptPartView, AttemptRow, AttemptView, ReceiptRow};
use types::charge::{Cost, CostTrigger};
use types::form::{Encoding, Form, Joined, Rendering};
use types::id::{ConnectorId, RowKey};
use types::message::Reason;
use types::money::Money;
use types::network::{NetworkFact, NetworkSource, Plmn};
use types::receipt::{Origin, ReceiptState, Verdict};

use crate::codec::{Cells, Columns};
use crate::fault::Fault;

/// Columns of an attempt.
macro_rules! attempt_columns {
    () => {
        "message, attempt, connector, reason, started_at, parts, only_parts, data_coding, encoding, joined, \
         reference, rendering, network, network_source, network_version, network_ported, network_checked_at, \
         cost_micros, cost_unit, cost_trigger, deck_version, traffic_version, route, passed_over, sealed_sent"
    };
}
pub(crate) use attempt_columns;

/// Columns of an answer to a part.
macro_rules! attempt_part_columns {
    () => {
        "message, attempt, part, verdict, status, carrier_id, written_at, answered_at"
    };
}
pub(crate) use attempt_part_columns;

/// Columns of a receipt.
macro_rules! receipt_columns {
    () => {
        "message, key, attempt, part, origin, state, stat, error, submit_date, done_date, zone, tlvs, \
         mapping_version, read_at, contradicts, sealed_echo"
    };
}
pub(crate) use receipt_columns;

/// The stored number of a source of network knowledge.
pub(crate) const fn network_source_code(source: NetworkSource) -> u8 {
    match source {
        NetworkSource::RangeTable => 0,
        NetworkSource::Mnp => 1,
        NetworkSource::Hlr => 2,
        NetworkSource::Override => 3,
    }
}

const fn network_source_from_code(code: u8) -> Option<NetworkSource> {
    match code {
        0 => Some(NetworkSource::RangeTable),
        1 => Some(NetworkSource::Mnp),
        2 => Some(NetworkSource::Hlr),
        3 => Some(NetworkSource::Override),
        _ => None,
    }
}

/// The five columns of a network.
pub(crate) fn network(cells: &mut Cells<'_>) -> Result<Option<NetworkFact>, Fault> {
    let plmn = cells.optional_text()?;
    let source = cells.optional_coded(network_source_from_code)?;
    let data_version = cells.optional_small()?;
    let ported = cells.optional_int()?.map(|p| p != 0);
    let checked_at = cells.optional_time()?;
    let Some(plmn) = plmn else { return Ok(None) };
    match (Plmn::parse(&plmn), source, data_version, checked_at) {
        (Some(plmn), Some(source), Some(data_version), Some(checked_at)) => {
            Ok(Some(NetworkFact { plmn, source, data_version, ported, checked_at }))
        }
        _ => Err(cells.corrupt()),
    }
}

/// Connectors passed over as text: `connector:reason` pairs with commas between.
pub(crate) fn passed_over_text(pairs: &[(ConnectorId, u8)]) -> String {
    let words: Vec<String> =
        pairs.iter().map(|(connector, reason)| format!("{}:{reason}", connector.0)).collect();
    words.join(",")
}

fn passed_over(text: &str) -> Option<Vec<(ConnectorId, u8)>> {
    let words = text.split(',').filter(|word| !word.is_empty());
    words
        .map(|word| {
            let (connector, reason) = word.split_once(':')?;
            Some((ConnectorId(connector.parse().ok()?), reason.parse().ok()?))
        })
        .collect()
}

fn form(cells: &mut Cells<'_>) -> Result<Form, Fault> {
    Ok(Form {
        data_coding: cells.small()?,
        encoding: cells.coded(Encoding::from_code)?,
        joined: cells.coded(Joined::from_code)?,
        reference: cells.small()?,
        rendering: cells.coded(Rendering::from_code)?,
    })
}

fn cost(cells: &mut Cells<'_>) -> Result<Option<Cost>, Fault> {
    let micros = cells.optional_int()?;
    let unit = cells.optional_unit()?;
    let trigger = cells.optional_coded(CostTrigger::from_code)?;
    let deck_version = cells.optional_small()?;
    match (micros, unit, trigger, deck_version) {
        (None, None, None, None) => Ok(None),
        (Some(micros), Some(unit), Some(trigger), Some(deck_version)) => {
            Ok(Some(Cost { amount: Money::new(micros, unit), deck_version, trigger }))
        }
        _ => Err(cells.corrupt()),
    }
}

/// The row of `attempt_columns!`.
pub(crate) fn attempt(row: &dyn Columns) -> Result<AttemptRow, Fault> {
    let cells = &mut Cells::new(row, "attempt");
    Ok(AttemptRow {
        message: cells.key()?,
        attempt: cells.small()?,
        connector: cells.connector()?,
        trigger: cells.coded(Reason::from_code)?,
        started_at: cells.time()?,
        parts: cells.small()?,
        only_parts: cells.blob()?,
        form: form(cells)?,
        network: network(cells)?,
        cost: cost(cells)?,
        traffic_version: cells.small()?,
        route: cells.small()?,
        passed_over: passed_over(&cells.text()?).ok_or_else(|| cells.corrupt())?,
        sealed_sent: cells.blob()?,
    })
}

/// The row of `attempt_part_columns!`, with the message and the attempt.
pub(crate) fn attempt_part(row: &dyn Columns) -> Result<((RowKey, u8), AttemptPartView), Fault> {
    let cells = &mut Cells::new(row, "attempt_part");
    let of = (cells.key()?, cells.small()?);
    let view = AttemptPartView {
        part: cells.small()?,
        verdict: cells.coded(Verdict::from_code)?,
        status: cells.small()?,
        carrier_id: cells.optional_text()?,
        written_at: cells.time()?,
        answered_at: cells.time()?,
    };
    Ok((of, view))
}

/// The row of `receipt_columns!`.
pub(crate) fn receipt(row: &dyn Columns) -> Result<ReceiptRow, Fault> {
    let cells = &mut Cells::new(row, "receipt");
    Ok(ReceiptRow {
        message: cells.key()?,
        key: cells.key()?,
        attempt: cells.small()?,
        part: cells.small()?,
        origin: cells.coded(Origin::from_code)?,
        state: cells.coded(ReceiptState::from_code)?,
        stat: cells.text()?,
        error: cells.text()?,
        submit_date: cells.text()?,
        done_date: cells.text()?,
        zone: cells.text()?,
        tlvs: cells.blob()?,
        mapping_version: cells.small()?,
        read_at: cells.time()?,
        contradicts: cells.flag()?,
        sealed_echo: cells.blob()?,
    })
}

/// Attempts with their answers and receipts, each in the order given; attempts by message and number.
pub(crate) fn attempt_views(
    rows: Vec<AttemptRow>,
    parts: Vec<((RowKey, u8), AttemptPartView)>,
    receipts: Vec<ReceiptRow>,
) -> Vec<AttemptView> {
    let mut views: Vec<_> =
        rows.into_iter().map(|row| AttemptView { row, parts: Vec::new(), receipts: Vec::new() }).collect();
    let place = |views: &[AttemptView], of: (RowKey, u8)| {
        views.binary_search_by_key(&of, |view| (view.row.message, view.row.attempt)).ok()
    };
    for (of, part) in parts {
        if let Some(view) = place(&views, of).and_then(|place| views.get_mut(place)) {
            view.parts.push(part);
        }
    }
    for receipt in receipts {
        let of = (receipt.message, receipt.attempt);
        if let Some(view) = place(&views, of).and_then(|place| views.get_mut(place)) {
            view.receipts.push(receipt);
        }
    }
    views
}

#[cfg(test)]
mod tests {
    use types::id::ConnectorId;

    use super::{passed_over, passed_over_text};

    #[test]
    fn passed_over_leads_back() {
        let cases: [&[(i64, u8)]; 3] = [&[], &[(7, 13)], &[(1, 2), (1_000_000, 255)]];
        for pairs in cases {
            let pairs: Vec<_> = pairs.iter().map(|(c, r)| (ConnectorId(*c), *r)).collect();
            assert_eq!(passed_over(&passed_over_text(&pairs)), Some(pairs));
        }
        for text in ["7", "7:", "7:300", "x:1"] {
            assert_eq!(passed_over(text), None, "{text}");
        }
    }
}
