//! Rows for tests and measurements of stores: plausible, all different, and never personal data.

use types::account::{Account, AccountLimits, AccountState};
use types::charge::{
    ChargeState, ChargeTrigger, Cost, CostTrigger, LevelPrice, Lot, LotShare, Posting, PostingKind, Price,
};
use types::form::{Encoding, Form, Joined, Rendering};
use types::id::{AccountId, ConnectorId, EndpointId, LotId, PublicId, RowKey};
use types::message::{Class, Door, Flags, Reason, ReportWish, State};
use types::money::{Money, Unit};
use types::network::{Country, NetworkFact, NetworkSource, Plmn};
use types::receipt::{Origin, PartOutcome, ReceiptState, Verdict};
use types::region::Region;
use types::time::Timestamp;

use crate::store::{
    AttemptPartRow, AttemptRow, Batch, ConfigChange, EventSubject, JournalEntry, LotChange, MessageChange,
    MessageFacts, MessageRow, OpenMessage, OutboxRow, Progress, ReceiptMapRow, ReceiptRow, SubmissionRow,
};

/// The price of every message.
pub const PRICE_MICROS: i64 = 50_000;
/// What every account's lot is granted.
pub const GRANT_MICROS: i64 = 250_000_000;
/// The endpoint of every event.
pub const ENDPOINT: EndpointId = EndpointId(3);
/// The connector of every attempt.
pub const CONNECTOR: ConnectorId = ConnectorId(4);

/// The form of every first attempt.
pub const FORM: Form = Form {
    data_coding: 0,
    encoding: Encoding::Gsm7,
    joined: Joined::Udh8,
    reference: 0xBEEF,
    rendering: Rendering::AsReceived,
};
/// The form of later attempts.
pub const RETRIED_FORM: Form = Form {
    data_coding: 8,
    encoding: Encoding::Ucs2,
    joined: Joined::Sar,
    reference: 3,
    rendering: Rendering::Transliterated,
};

/// An account by number.
pub fn account(number: i64, at: Timestamp) -> Account {
    Account {
        id: AccountId(number),
        sid: PublicId::new(RowKey::from_parts(at.as_ms(), 0), number.cast_unsigned()),
        parent: (number > 1).then_some(AccountId(1)),
        name: format!("account {number}"),
        state: AccountState::Active,
        unit: Unit::EUR,
        price_book: "standard".to_owned(),
        region: if number % 2 == 0 { region("eu") } else { None },
        default_class: Class::Transactional,
        default_endpoint: (number % 2 == 0).then_some(ENDPOINT),
        limits: AccountLimits::default(),
        allow_private_callbacks: false,
        created_at: at,
    }
}

/// The lot of an account: it has the account's number.
pub fn lot(account: i64, at: Timestamp) -> Lot {
    Lot {
        id: LotId(account),
        account: AccountId(account),
        unit: Unit::EUR,
        granted_micros: GRANT_MICROS,
        available_micros: 0,
        held_micros: 0,
        created_at: at,
        expires_at: None,
        source: "demo".to_owned(),
    }
}

/// A change of an account's lot that may not go below zero.
pub const fn lot_change(account: i64, available_delta: i64, held_delta: i64) -> LotChange {
    LotChange { lot: LotId(account), new: None, available_delta, held_delta, floor_micros: 0 }
}

/// A ledger entry of an account's lot.
pub const fn posting(account: i64, kind: PostingKind, amount_micros: i64, messages: u32) -> Posting {
    Posting { account: AccountId(account), lot: LotId(account), kind, amount_micros, messages, policy: 1 }
}

/// Adds an account with a funded lot to a batch.
pub fn add_account(batch: &mut Batch, number: i64) {
    batch.config.push(ConfigChange::Account(account(number, batch.at)));
    let new = Some(lot(number, batch.at));
    batch.lots.push(LotChange { new, ..lot_change(number, GRANT_MICROS, 0) });
    batch.postings.push(posting(number, PostingKind::TopUp, GRANT_MICROS, 0));
}

/// A submission of `messages` messages.
pub const fn submission(key: RowKey, account: i64, messages: u32, at: Timestamp) -> SubmissionRow {
    let tail = key.as_i64().cast_unsigned() & 0xffff_ffff;
    SubmissionRow {
        key,
        tail,
        account: AccountId(account),
        door: Door::Smpp,
        received_at: at,
        messages,
        staged: false,
    }
}

/// A region by its word.
pub fn region(word: &str) -> Option<Region> {
    Region::parse(word).ok()
}

/// The network of some recipients.
pub const fn network(ported: Option<bool>, checked_at: Timestamp) -> NetworkFact {
    let plmn = Plmn { mcc: 208, mnc: 1, mnc_digits: 2 };
    NetworkFact { plmn, source: NetworkSource::Mnp, data_version: 7, ported, checked_at }
}

/// A country that depends on the recipient.
pub fn country(recipient: i64) -> Country {
    let code = ["FR", "GB", "DE", "ZZ"].get(usize::try_from(recipient.rem_euclid(4)).unwrap_or(0));
    code.and_then(|code| Country::parse(code)).unwrap_or(Country::UNKNOWN)
}

/// What a message to `recipient` was admitted as. Optional fields depend on the recipient.
pub fn facts(key: RowKey, submission: RowKey, account: i64, recipient: i64, at: Timestamp) -> MessageFacts {
    let ported =
        [None, Some(true), Some(false)].get(usize::try_from(recipient.rem_euclid(3)).unwrap_or(0)).copied();
    let network = network(ported.flatten(), at.plus_ms(-1));
    let above = Price { amount: Money::new(PRICE_MICROS / 2, Unit::EUR), parts: 2, book_version: 3 };
    let levels = (account > 1).then_some(LevelPrice { account: AccountId(1), price: above });
    MessageFacts {
        key,
        tail: key.as_i64().cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11,
        submission,
        index: 0,
        account: AccountId(account),
        door: Door::Native,
        class: Class::OneTime,
        traffic_type: if recipient % 2 == 0 { "otp".into() } else { "".into() },
        country: country(recipient),
        network: (recipient % 2 == 0).then_some(network),
        recipient_hash: recipient.wrapping_mul(0x5851_f42d_4c95_7f2d),
        content_hash: !recipient,
        price: Price { amount: Money::new(PRICE_MICROS, Unit::EUR), parts: 2, book_version: 3 },
        levels: levels.into_iter().collect(),
        lot: LotId(account),
        shares: Box::default(),
        trigger: ChargeTrigger::OnSubmit,
        received_at: at.plus_ms(-5),
        accepted_at: at,
        send_at: (recipient % 5 == 0).then_some(at.plus_ms(60_000)),
        expires_at: at.plus_ms(86_400_000),
        report: ReportWish {
            endpoint: Some(ENDPOINT),
            steps: recipient % 3 == 0,
            failures_only: recipient % 7 == 0,
            successes_only: false,
        },
        region: if recipient % 2 == 0 { region("eu").unwrap_or_default() } else { Region::default() },
        profile_version: 2,
        traffic_version: 5,
        data_key: 9,
        sealed: key.as_i64().to_be_bytes().repeat(10).into_boxed_slice(),
    }
}

/// A new message, held and queued.
pub fn message(key: RowKey, submission: RowKey, account: i64, recipient: i64, at: Timestamp) -> MessageRow {
    let progress = Progress {
        version: 1,
        state: State::Queued,
        reason: Reason::None,
        flags: Flags::default(),
        charge: ChargeState::Held,
        attempts: 0,
        events: 0,
        connector: None,
        due_at: at,
        submitted_at: None,
        final_at: None,
    };
    let facts = facts(key, submission, account, recipient, at);
    let body = key.as_i64().to_le_bytes().repeat(20).into_boxed_slice();
    MessageRow { message: OpenMessage { facts, progress }, body }
}

/// Adds a submission of one message to a batch, with its hold, unless the batch sums holds itself.
pub fn add_message(batch: &mut Batch, keys: (RowKey, RowKey), account: i64, recipient: i64) -> MessageRow {
    let (submission_key, key) = keys;
    batch.submissions.push(submission(submission_key, account, 1, batch.at));
    let row = message(key, submission_key, account, recipient, batch.at);
    batch.messages.push(row.clone());
    batch.lots.push(lot_change(account, -PRICE_MICROS, PRICE_MICROS));
    batch.postings.push(posting(account, PostingKind::Hold, PRICE_MICROS, 1));
    batch.journal.push(step(key, State::Accepted, State::Queued, Reason::None, 0));
    row
}

/// A journal entry.
pub const fn step(message: RowKey, from: State, to: State, reason: Reason, attempt: u8) -> JournalEntry {
    JournalEntry { message, from, to, reason, attempt }
}

/// A change of a message to its next version; `alter` says what else changes.
pub fn change(key: RowKey, before: &Progress, alter: impl FnOnce(&mut Progress)) -> MessageChange {
    let mut progress = Progress { version: before.version + 1, ..*before };
    alter(&mut progress);
    MessageChange { key, expected_version: before.version, progress }
}

/// Lets several lots pay a message.
pub fn share(row: &mut MessageRow, shares: &[(i64, i64)]) {
    let facts = &mut row.message.facts;
    facts.shares =
        shares.iter().map(|(lot, micros)| LotShare { lot: LotId(*lot), micros: *micros }).collect();
    facts.lot = facts.shares.first().map_or(facts.lot, |share| share.lot);
}

/// An attempt of a message; the second and later ones have every field filled.
pub fn attempt(message: RowKey, number: u8, at: Timestamp) -> AttemptRow {
    let retried = number > 1;
    AttemptRow {
        message,
        attempt: number,
        connector: CONNECTOR,
        trigger: if retried { Reason::Throttled } else { Reason::None },
        started_at: at,
        parts: 2,
        only_parts: if retried { vec![2] } else { Vec::new() },
        form: if retried { RETRIED_FORM } else { FORM },
        network: retried.then_some(network(Some(true), at)),
        cost: retried.then_some(Cost {
            amount: Money::new(20_000, Unit::EUR),
            deck_version: 6,
            trigger: CostTrigger::OnDelivery,
        }),
        traffic_version: 5,
        route: 1,
        passed_over: if retried { vec![(ConnectorId(8), Reason::NoConnectorUp.code())] } else { Vec::new() },
        sealed_sent: if retried { vec![1, 2, 3] } else { Vec::new() },
    }
}

/// An answer to a part.
pub fn answer(
    message: RowKey,
    attempt: u8,
    part: u8,
    carrier_id: Option<&str>,
    at: Timestamp,
) -> AttemptPartRow {
    let outcome = PartOutcome {
        part,
        verdict: if carrier_id.is_some() { Verdict::Accepted } else { Verdict::Unknown },
        status: 0,
        carrier_id: carrier_id.map(str::to_owned),
        written_at: at.plus_ms(-20),
        answered_at: at,
    };
    AttemptPartRow { message, attempt, outcome }
}

/// The way from a carrier id to a part.
pub fn map_row(
    connector: ConnectorId,
    carrier_id: &str,
    message: RowKey,
    attempt: u8,
    part: u8,
) -> ReceiptMapRow {
    ReceiptMapRow { connector, carrier_id: carrier_id.to_owned(), message, attempt, part }
}

/// A receipt for a part.
pub fn receipt(message: RowKey, key: RowKey, part: u8, state: ReceiptState, at: Timestamp) -> ReceiptRow {
    ReceiptRow {
        message,
        key,
        attempt: 1,
        part,
        origin: Origin::Carrier,
        state,
        stat: "DELIVRD".to_owned(),
        error: "000".to_owned(),
        submit_date: "2611220903".to_owned(),
        done_date: "2611220904".to_owned(),
        zone: "Europe/Paris".to_owned(),
        tlvs: vec![0x04, 0x27, 0, 1, 2],
        mapping_version: 5,
        read_at: at,
        contradicts: false,
        sealed_echo: Vec::new(),
    }
}

/// An event about a message that was delivered.
pub const fn event(key: RowKey, endpoint: EndpointId, about: RowKey, at: Timestamp) -> OutboxRow {
    let subject = EventSubject::Message {
        state: State::Delivered,
        reason: Reason::Receipt,
        receipt: Some(ReceiptState::Delivered),
        error: 0,
        seq: 0,
    };
    let tail = key.as_i64().cast_unsigned() & 0xfff_ffff;
    OutboxRow { key, tail, endpoint, about, subject, at, tries: 0, next_at: at }
}
