//! Rows of the tables as values and back: the column lists, and one decoder per row type. Both engines
//! use them, so that a column is read in one place.
//!
//! Decoders read columns in the order of their list; a list and its decoder stand together. Nothing
//! here runs a statement. Attempts and receipts are in `codec_attempt`. Start at [`Cells`].

use ports::store::{
    EventEnd, EventSubject, EventView, MessageFacts, OpenMessage, OutboxRow, Progress, SubmissionRow,
};
use types::charge::{ChargeState, ChargeTrigger, LevelPrice, Lot, LotShare, Price};
use types::id::{AccountId, ConnectorId, EndpointId, LotId, RowKey};
use types::message::{Class, Door, Flags, Reason, ReportWish, State};
use types::money::{Money, Unit};
use types::network::Country;
use types::receipt::ReceiptState;
use types::region::Region;
use types::time::Timestamp;

use crate::codec_attempt::network;
use crate::fault::Fault;

/// Columns of a message with its progress, from `message m JOIN progress p`. The argument narrows the
/// look-up of shares, where that takes more than the key.
macro_rules! message_columns {
    () => {
        message_columns!("")
    };
    ($narrower:literal) => {
        concat!(
            "m.key, m.account, m.recipient_hash, m.submission, m.accepted_at, m.country, m.price_unit, m.parts, \
         m.position, m.tail, m.door, m.class, m.traffic_type, m.network, m.network_source, m.network_version, \
         m.network_ported, m.network_checked_at, m.content_hash, m.book_version, m.charge_trigger, \
         m.received_at, m.send_at, m.expires_at, m.report_endpoint, m.report_steps, m.report_failures_only, \
         m.levels, m.region, m.profile_version, m.traffic_version, m.data_key, m.sealed, p.lot, \
         CASE WHEN p.lot IS NULL THEN (SELECT string_agg(l.lot || ':' || l.micros, ',' ORDER BY l.position) \
         FROM message_lot l WHERE ",
            $narrower,
            "l.message = p.key) END, p.price_micros, p.version, p.state, p.reason, p.flags, \
         p.charge, p.attempts, p.events, p.connector, p.due_at, p.submitted_at, p.final_at"
        )
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

/// One row of an engine's answer. Numbers of every width and truth values are integers.
pub(crate) trait Columns {
    /// The integer in a column.
    fn int(&self, column: usize) -> Result<Option<i64>, Fault>;
    /// The text in a column.
    fn text(&self, column: usize) -> Result<Option<String>, Fault>;
    /// The octets in a column.
    fn blob(&self, column: usize) -> Result<Option<Vec<u8>>, Fault>;
}

/// Reads the columns of one row one after another.
pub(crate) struct Cells<'a> {
    row: &'a dyn Columns,
    next: usize,
    table: &'static str,
}

impl<'a> Cells<'a> {
    /// Begins at the first column; `table` is named when a value cannot be read.
    pub(crate) const fn new(row: &'a dyn Columns, table: &'static str) -> Self {
        Self { row, next: 0, table }
    }

    const fn step(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    pub(crate) const fn corrupt(&self) -> Fault {
        Fault::Corrupt(self.table)
    }

    pub(crate) fn int(&mut self) -> Result<i64, Fault> {
        self.optional_int()?.ok_or_else(|| self.corrupt())
    }

    pub(crate) fn optional_int(&mut self) -> Result<Option<i64>, Fault> {
        self.row.int(self.step())
    }

    /// A number of a smaller type.
    pub(crate) fn small<T: TryFrom<i64>>(&mut self) -> Result<T, Fault> {
        T::try_from(self.int()?).map_err(|_| self.corrupt())
    }

    pub(crate) fn optional_small<T: TryFrom<i64>>(&mut self) -> Result<Option<T>, Fault> {
        let value = self.optional_int()?;
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
        Ok(self.optional_int()?.map(Timestamp::from_ms))
    }

    pub(crate) fn key(&mut self) -> Result<RowKey, Fault> {
        self.int().map(RowKey::from_i64)
    }

    pub(crate) fn account(&mut self) -> Result<AccountId, Fault> {
        self.int().map(AccountId)
    }

    pub(crate) fn optional_account(&mut self) -> Result<Option<AccountId>, Fault> {
        Ok(self.optional_int()?.map(AccountId))
    }

    pub(crate) fn connector(&mut self) -> Result<ConnectorId, Fault> {
        self.int().map(ConnectorId)
    }

    pub(crate) fn text(&mut self) -> Result<String, Fault> {
        self.optional_text()?.ok_or_else(|| self.corrupt())
    }

    pub(crate) fn optional_text(&mut self) -> Result<Option<String>, Fault> {
        self.row.text(self.step())
    }

    pub(crate) fn blob(&mut self) -> Result<Vec<u8>, Fault> {
        self.row.blob(self.step())?.ok_or_else(|| self.corrupt())
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

    pub(crate) fn optional_unit(&mut self) -> Result<Option<Unit>, Fault> {
        let code = self.optional_text()?;
        code.map(|code| Unit::parse(&code).map_err(|_| self.corrupt())).transpose()
    }

    pub(crate) fn region(&mut self) -> Result<Region, Fault> {
        Region::parse(&self.text()?).map_err(|_| self.corrupt())
    }

    pub(crate) fn optional_region(&mut self) -> Result<Option<Region>, Fault> {
        let word = self.optional_text()?;
        word.map(|word| Region::parse(&word).map_err(|_| self.corrupt())).transpose()
    }

    pub(crate) fn country(&mut self) -> Result<Country, Fault> {
        Country::parse(&self.text()?).ok_or_else(|| self.corrupt())
    }
}

/// The one integer of a row.
pub(crate) fn single(row: &dyn Columns) -> Result<i64, Fault> {
    Cells::new(row, "a count").int()
}

/// The one row key of a row.
pub(crate) fn single_key(row: &dyn Columns) -> Result<RowKey, Fault> {
    single(row).map(RowKey::from_i64)
}

/// The one tail of a row.
pub(crate) fn single_tail(row: &dyn Columns) -> Result<u64, Fault> {
    Cells::new(row, "a tail").tail()
}

/// The one blob of a row.
pub(crate) fn single_blob(row: &dyn Columns) -> Result<Vec<u8>, Fault> {
    Cells::new(row, "a blob").blob()
}

/// The row of `message_columns!`.
pub(crate) fn message(row: &dyn Columns) -> Result<OpenMessage, Fault> {
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
        endpoint: cells.optional_int()?.map(EndpointId),
        steps: cells.flag()?,
        failures_only: cells.flag()?,
        // It stands among the marks of the message.
        successes_only: false,
    };
    let above = cells.optional_text()?;
    let levels = levels(above.as_deref().unwrap_or("")).ok_or_else(|| cells.corrupt())?;
    let region = cells.region()?;
    let profile_version = cells.small()?;
    let traffic_version = cells.small()?;
    let data_key = cells.int()?;
    let sealed = cells.blob()?.into_boxed_slice();
    let (lot, shares) = payers(cells)?;
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
        levels,
        lot,
        shares,
        trigger,
        received_at,
        accepted_at,
        send_at,
        expires_at,
        report,
        region,
        profile_version,
        traffic_version,
        data_key,
        sealed,
    };
    Ok(OpenMessage { facts, progress })
}

/// Prices of the accounts above as text: account, micro-units, unit, book version and parts of each,
/// with commas between; `None` where there is none.
pub(crate) fn levels_text(levels: &[LevelPrice]) -> Option<String> {
    let word = |level: &LevelPrice| {
        let Price { amount, parts, book_version } = level.price;
        format!("{}:{}:{}:{book_version}:{parts}", level.account.0, amount.micros, amount.unit)
    };
    (!levels.is_empty()).then(|| levels.iter().map(word).collect::<Vec<_>>().join(","))
}

fn levels(text: &str) -> Option<Box<[LevelPrice]>> {
    let words = text.split(',').filter(|word| !word.is_empty());
    let level = |word: &str| {
        let mut fields = word.split(':');
        let account = AccountId(fields.next()?.parse().ok()?);
        let micros = fields.next()?.parse().ok()?;
        let amount = Money::new(micros, Unit::parse(fields.next()?).ok()?);
        let book_version = fields.next()?.parse().ok()?;
        let parts = fields.next()?.parse().ok()?;
        let price = Price { amount, parts, book_version };
        fields.next().is_none().then_some(LevelPrice { account, price })
    };
    words.map(level).collect()
}

/// The lot that pays, and what each pays where there are several.
fn payers(cells: &mut Cells<'_>) -> Result<(LotId, Box<[LotShare]>), Fault> {
    let (lot, several) = (cells.optional_int()?, cells.optional_text()?);
    if let Some(lot) = lot {
        return Ok((LotId(lot), Box::default()));
    }
    let shares = shares(several.as_deref().unwrap_or("")).ok_or_else(|| cells.corrupt())?;
    let first = shares.first().ok_or_else(|| cells.corrupt())?.lot;
    Ok((first, shares))
}

fn shares(text: &str) -> Option<Box<[LotShare]>> {
    let share = |word: &str| {
        let (lot, micros) = word.split_once(':')?;
        Some(LotShare { lot: LotId(lot.parse().ok()?), micros: micros.parse().ok()? })
    };
    text.split(',').map(share).collect()
}

fn progress(cells: &mut Cells<'_>) -> Result<Progress, Fault> {
    Ok(Progress {
        version: cells.small()?,
        state: cells.coded(State::from_code)?,
        reason: cells.coded(Reason::from_code)?,
        flags: Flags::from_bits(cells.small()?),
        charge: cells.coded(ChargeState::from_code)?,
        attempts: cells.small()?,
        events: cells.small()?,
        connector: cells.optional_int()?.map(ConnectorId),
        due_at: cells.time()?,
        submitted_at: cells.optional_time()?,
        final_at: cells.optional_time()?,
    })
}

/// The row of `submission_columns!`.
pub(crate) fn submission(row: &dyn Columns) -> Result<SubmissionRow, Fault> {
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

/// An event of `outbox_columns!` that waits.
pub(crate) fn waiting(row: &dyn Columns) -> Result<OutboxRow, Fault> {
    event(row).map(|event| event.row)
}

/// The row of `outbox_columns!`. An event without a state is about an inbound message.
pub(crate) fn event(row: &dyn Columns) -> Result<EventView, Fault> {
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
pub(crate) fn lot(row: &dyn Columns) -> Result<Lot, Fault> {
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
    use types::charge::{LevelPrice, LotShare, Price};
    use types::id::{AccountId, LotId};
    use types::money::{Money, Unit};
    use types::time::Timestamp;

    use super::{levels, levels_text, shares};

    #[test]
    fn a_dead_letter_is_due_never() {
        assert_eq!(never!().parse().map(Timestamp::from_ms), Ok(Timestamp::NEVER));
    }

    #[test]
    fn levels_lead_back() {
        let level = |account: i64, micros: i64| {
            let amount = Money::new(micros, Unit::EUR);
            LevelPrice {
                account: AccountId(account),
                price: Price { amount, parts: 255, book_version: u32::MAX },
            }
        };
        let cases: [&[LevelPrice]; 3] = [&[], &[level(7, 0)], &[level(2, 5), level(1, i64::MAX)]];
        for prices in cases {
            let text = levels_text(prices);
            assert_eq!(text.is_some(), !prices.is_empty());
            assert_eq!(levels(text.as_deref().unwrap_or("")).as_deref(), Some(prices));
        }
        for text in ["7", "7:1:EUR:1", "7:1:EUR:1:2:3", "7:x:EUR:1:2", "7:1:E R:1:2"] {
            assert_eq!(levels(text), None, "{text}");
        }
    }

    #[test]
    fn shares_are_read() {
        let share = |lot, micros| LotShare { lot: LotId(lot), micros };
        assert_eq!(shares("11:5,3:7").as_deref(), Some([share(11, 5), share(3, 7)].as_slice()));
        assert_eq!(shares("11"), None);
    }
}
