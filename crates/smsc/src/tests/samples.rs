//! Reports and messages that tests deliver and look up.

use app::detail::MessageDetail;
use app::report::{InboundReport, MessageReport, Report, ReportBody};
use types::address::Address;
use types::charge::ChargeState;
use types::id::{AccountId, EventId, InboundId, RowKey, SubmissionId};
use types::message::{Class, Door, Flags, OctetContent, Reason, State};
use types::money::{Money, Unit};
use types::network::Country;
use types::time::Timestamp;

use super::fake_desk::message_id;
use super::manual_clock::START_MS;

/// The key of the event with that number.
pub(super) fn event(number: i64) -> RowKey {
    RowKey::from_parts(START_MS, u32::try_from(number).unwrap())
}

fn event_id(number: i64) -> EventId {
    EventId::new(event(number), 7)
}

fn sender() -> Address {
    Address { ton: 5, npi: 0, octets: b"ACME".as_slice().into() }
}

fn recipient() -> Address {
    Address { ton: 0, npi: 0, octets: b"+447911123456".as_slice().into() }
}

/// The event with that number: a message moved to a state.
pub(super) fn receipt(number: i64, state: State) -> Report {
    let accepted_at = Timestamp::from_ms(START_MS);
    let body = MessageReport {
        message: message_id(1),
        seq: 1,
        state,
        reason: Reason::Receipt,
        receipt: None,
        error: if state == State::Delivered { 0 } else { 27 },
        flags: Flags::default(),
        source: sender(),
        destination: recipient(),
        client_reference: Some("513".to_owned()),
        parts: 1,
        price: Money::new(50_000, Unit::EUR),
        network: None,
        accepted_at,
        final_at: Some(accepted_at.plus_ms(61_000)),
    };
    Report { id: event_id(number), at: accepted_at, body: ReportBody::Message(Box::new(body)) }
}

/// The event with that number: a phone wrote `payload`.
pub(super) fn inbound(number: i64, payload: &[u8]) -> Report {
    let content = OctetContent {
        data_coding: 8,
        protocol_id: 0,
        has_header: true,
        payload: payload.to_vec(),
        tlvs: vec![0x02, 0x0A, 0, 2, 0x15, 0xB3],
    };
    let body = InboundReport {
        id: InboundId::new(event(number), 3),
        source: recipient(),
        destination: sender(),
        content,
        text: String::new().into(),
        keyword: None,
    };
    Report {
        id: event_id(number),
        at: Timestamp::from_ms(START_MS),
        body: ReportBody::Inbound(Box::new(body)),
    }
}

/// A message of account 1.
pub(super) fn detail(number: usize, state: State) -> MessageDetail {
    let at = Timestamp::from_ms(START_MS);
    MessageDetail {
        id: message_id(number),
        submission: SubmissionId::new(event(1), 1),
        account: AccountId(1),
        account_name: "account 1".to_owned(),
        door: Door::Smpp,
        source: sender(),
        chosen: None,
        destination: recipient(),
        content: None,
        client_reference: None,
        state,
        reason: Reason::None,
        flags: Flags::default(),
        class: Class::Transactional,
        traffic_type: String::new(),
        country: Country::UNKNOWN,
        network: None,
        parts: 1,
        price: Money::new(50_000, Unit::EUR),
        book_version: 1,
        levels: Vec::new(),
        shares: Vec::new(),
        region: types::region::Region::default(),
        charge: ChargeState::Held,
        profile_version: 1,
        traffic_version: 1,
        received_at: at,
        accepted_at: at,
        send_at: None,
        time: None,
        expires_at: at.plus_ms(86_400_000),
        submitted_at: None,
        final_at: state.is_final().then(|| at.plus_ms(3_600_000)),
        attempts_made: 0,
        connector: None,
        receipt_error: if state.is_final() { "034".to_owned() } else { String::new() },
        attempts: Vec::new(),
        pending_events: 0,
        dead_letters: 0,
        told: Vec::new(),
        moot: Vec::new(),
    }
}
