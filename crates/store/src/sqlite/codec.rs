//! Rows of the tables as values and back: the column lists, and one decoder per row type.
//!
//! Decoders read columns in the order of their list; a list and its decoder stand together. Nothing
//! here runs a statement. Start at [`Cells`].

use ports::store::{
    AttemptPartView, AttemptRow, EventEnd, EventSubject, EventView, MessageFacts, OpenMessage, OutboxRow, Progress,
    ReceiptRow, SubmissionRow,
};
use rusqlite::Row;
use rusqlite::types::FromSql;
use types::charge::{ChargeState, ChargeTrigger, Lot, Price};
use types::id::{AccountId, ConnectorId, EndpointId, LotId, RowKey};
use types::message::{Class, Door, Flags, Reason, ReportWish, State};
use types::money::{Money, Unit};
use types::network::{Country, NetworkFact, NetworkSource, Plmn};
use types::receipt::{Origin, ReceiptState, Verdict};
use types::time::Timestamp;

use super::fault::Fault;

/// Columns of a message with its progress, from `message m JOIN progress p`.
macro_rules! message_columns {
    () => {
        "m.key, m.account, m.recipient_hash, m.submission, m.accepted_at, m.country, m.price_unit, m.parts, \
         m.position, m.tail, m.door, m.class, m.traffic_type, m.network, m.network_source, m.network_version, \
         m.network_ported, m.content_hash, m.book_version, m.charge_trigger, m.received_at, m.send_at, \
         m.expires_at, m.report_endpoint, m.report_steps, m.report_failures_only, m.profile_version, \
         m.traffic_version, m.data_key, m.sealed, p.lot, p.price_micros, p.version, p.state, p.reason, p.flags, \
         p.charge, p.attempts, p.events, p.connector, p.due_at, p.submitted_at, p.final_at"
    };
}
pub(crate) use message_columns;

/// Columns of a submission; `staged` is computed.
macro_rules! submission_columns {
    () => {
        "s.key, s.tail, s.account, s.door, s.received_at, s.messages, \
         EXISTS (SELECT 1 FROM staged g WHERE g.submission = s.key)"
    };
}
pub(crate) use submission_columns;

/// Columns of an attempt.
macro_rules! attempt_columns {
    () => {
        "message, attempt, connector, reason, started_at, parts, cost_micros, cost_unit, traffic_version, \
         route, passed_over, sealed_sent"
    };
}
pub(crate) use attempt_columns;

/// Columns of a receipt.
macro_rules! receipt_columns {
    () => {
        "message, key, attempt, part, origin, state, stat, error, submit_date, done_date, read_at, \
         contradicts, sealed_echo"
    };
}
pub(crate) use receipt_columns;

/// Columns of an event.
macro_rules! outbox_columns {
    () => {
        "o.key, o.endpoint, o.about, o.tail, o.state, o.reason, o.receipt, o.error, o.seq, o.at, o.tries, \
         coalesce(o.next_at, o.told_at), o.told_at, o.next_at IS NOT NULL"
    };
}
pub(crate) use outbox_columns;

/// The `next_at` of a dead letter: [`Timestamp::NEVER`].
macro_rules! never {
    () => {
        "9223372036854775807"
    };
}
pub(crate) use never;

/// Columns of a lot.
macro_rules! lot_columns {
    () => {
        "id, account, unit, granted_micros, available_micros, held_micros, created_at, expires_at, source"
    };
}
pub(crate) use lot_columns;

/// Reads the columns of one row one after another.
pub(crate) struct Cells<'a, 'stmt> {
    row: &'a Row<'stmt>,
    next: usize,
    table: &'static str,
}

impl<'a, 'stmt> Cells<'a, 'stmt> {
    /// Begins at the first column; `table` is named when a value cannot be read.
    pub(crate) const fn new(row: &'a Row<'stmt>, table: &'static str) -> Self {
        Self { row, next: 0, table }
    }

    /// The next column as it is.
    pub(crate) fn take<T: FromSql>(&mut self) -> Result<T, Fault> {
        let column = self.next;
        self.next += 1;
        Ok(self.row.get(column)?)
    }

    pub(crate) const fn corrupt(&self) -> Fault {
        Fault::Corrupt(self.table)
    }

    pub(crate) fn int(&mut self) -> Result<i64, Fault> {
        self.take()
    }

    /// A number of a smaller type.
    pub(crate) fn small<T: TryFrom<i64>>(&mut self) -> Result<T, Fault> {
        T::try_from(self.int()?).map_err(|_| self.corrupt())
    }

    pub(crate) fn optional_small<T: TryFrom<i64>>(&mut self) -> Result<Option<T>, Fault> {
        let value: Option<i64> = self.take()?;
        value.map(|v| T::try_from(v).map_err(|_| self.corrupt())).transpose()
    }

    pub(crate) fn flag(&mut self) -> Result<bool, Fault> {
        Ok(self.int()? != 0)
    }

    /// An enum by its code.
    pub(crate) fn coded<T>(&mut self, from_code: fn(u8) -> Option<T>) -> Result<T, Fault> {
        let code = self.small()?;
        from_code(code).ok_or_else(|| self.corrupt())
    }

    pub(crate) fn optional_coded<T>(&mut self, from_code: fn(u8) -> Option<T>) -> Result<Option<T>, Fault> {
        let code = self.optional_small()?;
        code.map(|c| from_code(c).ok_or_else(|| self.corrupt())).transpose()
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, Fault> {
        self.int().map(Timestamp::from_ms)
    }

    pub(crate) fn optional_time(&mut self) -> Result<Option<Timestamp>, Fault> {
        Ok(self.take::<Option<i64>>()?.map(Timestamp::from_ms))
    }

    pub(crate) fn key(&mut self) -> Result<RowKey, Fault> {
        self.int().map(RowKey::from_i64)
    }

    pub(crate) fn account(&mut self) -> Result<AccountId, Fault> {
        self.int().map(AccountId)
    }

    pub(crate) fn optional_account(&mut self) -> Result<Option<AccountId>, Fault> {
        Ok(self.take::<Option<i64>>()?.map(AccountId))
    }

    pub(crate) fn connector(&mut self) -> Result<ConnectorId, Fault> {
        self.int().map(ConnectorId)
    }

    pub(crate) fn text(&mut self) -> Result<String, Fault> {
        self.take()
    }

    pub(crate) fn blob(&mut self) -> Result<Vec<u8>, Fault> {
        self.take()
    }

    /// A blob of a fixed length.
    pub(crate) fn octets<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        self.blob()?.try_into().map_err(|_| self.corrupt())
    }

    /// Random bits of a public id.
    pub(crate) fn tail(&mut self) -> Result<u64, Fault> {
        self.int().map(i64::cast_unsigned)
    }

    pub(crate) fn unit(&mut self) -> Result<Unit, Fault> {
        Unit::parse(&self.text()?).map_err(|_| self.corrupt())
    }

    pub(crate) fn country(&mut self) -> Result<Country, Fault> {
        Country::parse(&self.text()?).ok_or_else(|| self.corrupt())
    }
}

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

fn network(cells: &mut Cells<'_, '_>) -> Result<Option<NetworkFact>, Fault> {
    let plmn: Option<String> = cells.take()?;
    let source = cells.optional_coded(network_source_from_code)?;
    let data_version = cells.optional_small()?;
    let ported = cells.take::<Option<i64>>()?.map(|p| p != 0);
    let Some(plmn) = plmn else { return Ok(None) };
    match (Plmn::parse(&plmn), source, data_version) {
        (Some(plmn), Some(source), Some(data_version)) => {
            Ok(Some(NetworkFact { plmn, source, data_version, ported }))
        }
        _ => Err(cells.corrupt()),
    }
}

/// The row of `message_columns!`.
pub(crate) fn message(row: &Row<'_>) -> Result<OpenMessage, Fault> {
    let cells = &mut Cells::new(row, "message");
    let key = cells.key()?;
    let account = cells.account()?;
    let recipient_hash = cells.int()?;
    let submission = cells.key()?;
    let accepted_at = cells.time()?;
    let country = cells.country()?;
    let unit = cells.unit()?;
    let parts = cells.small()?;
    let index = cells.small()?;
    let tail = cells.tail()?;
    let door = cells.coded(Door::from_code)?;
    let class = cells.coded(Class::from_code)?;
    let traffic_type = cells.text()?.into_boxed_str();
    let network = network(cells)?;
    let content_hash = cells.int()?;
    let book_version = cells.small()?;
    let trigger = cells.coded(ChargeTrigger::from_code)?;
    let received_at = cells.time()?;
    let send_at = cells.optional_time()?;
    let expires_at = cells.time()?;
    let report = ReportWish {
        endpoint: cells.take::<Option<i64>>()?.map(EndpointId),
        steps: cells.flag()?,
        failures_only: cells.flag()?,
    };
    let profile_version = cells.small()?;
    let traffic_version = cells.small()?;
    let data_key = cells.int()?;
    let sealed = cells.blob()?.into_boxed_slice();
    let lot = LotId(cells.int()?);
    let price = Price { amount: Money::new(cells.int()?, unit), parts, book_version };
    let progress = progress(cells)?;
    let facts = MessageFacts {
        key,
        tail,
        submission,
        index,
        account,
        door,
        class,
        traffic_type,
        country,
        network,
        recipient_hash,
        content_hash,
        price,
        lot,
        trigger,
        received_at,
        accepted_at,
        send_at,
        expires_at,
        report,
        profile_version,
        traffic_version,
        data_key,
        sealed,
    };
    Ok(OpenMessage { facts, progress })
}

fn progress(cells: &mut Cells<'_, '_>) -> Result<Progress, Fault> {
    Ok(Progress {
        version: cells.small()?,
        state: cells.coded(State::from_code)?,
        reason: cells.coded(Reason::from_code)?,
        flags: Flags::from_bits(cells.small()?),
        charge: cells.coded(ChargeState::from_code)?,
        attempts: cells.small()?,
        events: cells.small()?,
        connector: cells.take::<Option<i64>>()?.map(ConnectorId),
        due_at: cells.time()?,
        submitted_at: cells.optional_time()?,
        final_at: cells.optional_time()?,
    })
}

/// The row of `submission_columns!`.
pub(crate) fn submission(row: &Row<'_>) -> Result<SubmissionRow, Fault> {
    let cells = &mut Cells::new(row, "submission");
    Ok(SubmissionRow {
        key: cells.key()?,
        tail: cells.tail()?,
        account: cells.account()?,
        door: cells.coded(Door::from_code)?,
        received_at: cells.time()?,
        messages: cells.small()?,
        staged: cells.flag()?,
    })
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

/// The row of `attempt_columns!`.
pub(crate) fn attempt(row: &Row<'_>) -> Result<AttemptRow, Fault> {
    let cells = &mut Cells::new(row, "attempt");
    Ok(AttemptRow {
        message: cells.key()?,
        attempt: cells.small()?,
        connector: cells.connector()?,
        trigger: cells.coded(Reason::from_code)?,
        started_at: cells.time()?,
        parts: cells.small()?,
        cost_micros: cells.take()?,
        cost_unit: match cells.take::<Option<String>>()? {
            Some(unit) => Some(Unit::parse(&unit).map_err(|_| cells.corrupt())?),
            None => None,
        },
        traffic_version: cells.small()?,
        route: cells.small()?,
        passed_over: passed_over(&cells.text()?).ok_or_else(|| cells.corrupt())?,
        sealed_sent: cells.blob()?,
    })
}

/// `attempt, part, verdict, status, carrier_id, written_at, answered_at`, with the attempt.
pub(crate) fn attempt_part(row: &Row<'_>) -> Result<(u8, AttemptPartView), Fault> {
    let cells = &mut Cells::new(row, "attempt_part");
    let attempt = cells.small()?;
    let view = AttemptPartView {
        part: cells.small()?,
        verdict: cells.coded(Verdict::from_code)?,
        status: cells.small()?,
        carrier_id: cells.take()?,
        written_at: cells.time()?,
        answered_at: cells.time()?,
    };
    Ok((attempt, view))
}

/// The row of `receipt_columns!`.
pub(crate) fn receipt(row: &Row<'_>) -> Result<ReceiptRow, Fault> {
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
        read_at: cells.time()?,
        contradicts: cells.flag()?,
        sealed_echo: cells.blob()?,
    })
}

/// An event of `outbox_columns!` that waits.
pub(crate) fn waiting(row: &Row<'_>) -> Result<OutboxRow, Fault> {
    event(row).map(|event| event.row)
}

/// The row of `outbox_columns!`. An event without a state is about an inbound message.
pub(crate) fn event(row: &Row<'_>) -> Result<EventView, Fault> {
    let cells = &mut Cells::new(row, "outbox");
    let key = cells.key()?;
    let endpoint = EndpointId(cells.int()?);
    let about = cells.key()?;
    let tail = cells.tail()?;
    let state = cells.optional_coded(State::from_code)?;
    let reason = cells.optional_coded(Reason::from_code)?;
    let receipt = cells.optional_coded(ReceiptState::from_code)?;
    let error = cells.optional_small()?;
    let seq = cells.optional_small()?;
    let subject = match (state, reason, error, seq) {
        (Some(state), Some(reason), Some(error), Some(seq)) => {
            EventSubject::Message { state, reason, receipt, error, seq }
        }
        (None, None, None, None) => EventSubject::Inbound,
        _ => return Err(cells.corrupt()),
    };
    let (at, tries, next_at) = (cells.time()?, cells.small()?, cells.time()?);
    let row = OutboxRow { key, tail, endpoint, about, subject, at, tries, next_at };
    let end = match (cells.optional_time()?, cells.flag()?) {
        (None, _) => None,
        (Some(at), true) => Some(EventEnd::Moot(at)),
        (Some(at), false) => Some(EventEnd::Told(at)),
    };
    Ok(EventView { row, end })
}

/// The row of `lot_columns!`.
pub(crate) fn lot(row: &Row<'_>) -> Result<Lot, Fault> {
    let cells = &mut Cells::new(row, "lot");
    Ok(Lot {
        id: LotId(cells.int()?),
        account: cells.account()?,
        unit: cells.unit()?,
        granted_micros: cells.int()?,
        available_micros: cells.int()?,
        held_micros: cells.int()?,
        created_at: cells.time()?,
        expires_at: cells.optional_time()?,
        source: cells.text()?,
    })
}

#[cfg(test)]
mod tests {
    use types::id::ConnectorId;
    use types::time::Timestamp;

    use super::{passed_over, passed_over_text};

    #[test]
    fn a_dead_letter_is_due_never() {
        assert_eq!(never!().parse().map(Timestamp::from_ms), Ok(Timestamp::NEVER));
    }

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
