//! Made-up messages in every state, with attempts, receipts and reasons, and texts that try to
//! break out of a page.

use app::detail::{AttemptDetail, Because, MessageDetail, Owed, PartAnswer, ReceiptDetail};
use types::address::Address;
use types::charge::ChargeState;
use types::id::{ConnectorId, MessageId, RowKey, SubmissionId};
use types::message::{Class, Content, Door, Draft, Flags, Reason, State};
use types::network::{Country, NetworkFact, NetworkSource, Plmn};
use types::receipt::{Origin, ReceiptState, Verdict};
use types::time::Timestamp;

use super::{ACCOUNT, euros};

/// A text that would do harm on a page that trusted it.
pub const HOSTILE: &str =
    "\"><script>alert('x')</script><img src=x onerror=alert(1)> {{7*7}} \u{202e}drowssap";
/// A sender that would do harm.
pub const HOSTILE_SENDER: &str = "<b>\"'&";

const TEXTS: [&str; 6] = [
    "Your code is 493817. It is valid for 10 minutes.",
    "Dear customer, your parcel arrives today between 14:00 and 16:00. Track it at https://example.test/t/81 or answer STOP to hear no more from us. Thank you for your patience; our driver rings twice.",
    "Ваш код подтверждения: 5521",
    "Lunch at one?",
    HOSTILE,
    "مرحبا، رمزك هو 8812",
];

/// One message in each state, and as many more as wanted, newest first.
pub fn all(now: Timestamp, more: u32) -> Vec<MessageDetail> {
    let states = State::ALL
        .iter()
        .copied()
        .chain(std::iter::repeat_n(State::Delivered, usize::try_from(more).unwrap()));
    let made = states.enumerate().map(|(place, state)| made(now, u32::try_from(place).unwrap(), state));
    made.collect()
}

/// The message of a state in [`all`].
pub fn id_of(now: Timestamp, state: State) -> MessageId {
    let place = State::ALL.iter().position(|one| *one == state).unwrap();
    id(now, u32::try_from(place).unwrap())
}

fn id(now: Timestamp, place: u32) -> MessageId {
    let at = now.as_ms() - i64::from(place) * 47_000 - 4_000;
    MessageId::new(RowKey::from_parts(at, 7), 0x1a_bcde_f012_3456 ^ u64::from(place))
}

fn made(now: Timestamp, place: u32, state: State) -> MessageDetail {
    let at = Timestamp::from_ms(id(now, place).key().unix_ms());
    let text = TEXTS[usize::try_from(place).unwrap() % TEXTS.len()];
    let parts = u32::try_from(gsm_text::count(text).parts).unwrap();
    let sender = if text == HOSTILE {
        HOSTILE_SENDER
    } else {
        ["ACME", "Chappe", "447700900123"][usize::try_from(place).unwrap() % 3]
    };
    let sent = !matches!(
        state,
        State::Accepted | State::Scheduled | State::Queued | State::Cancelled | State::Failed
    );
    let final_at = state.is_final().then(|| at.plus_ms(1_420));
    MessageDetail {
        id: id(now, place),
        submission: SubmissionId::new(RowKey::from_parts(at.as_ms(), 1), 3),
        account: ACCOUNT,
        account_name: "Demo & Sons <Ltd>".to_owned(),
        door: [Door::Native, Door::Smpp, Door::Console][usize::try_from(place).unwrap() % 3],
        source: Address::from_text(sender),
        chosen: None,
        destination: Address::from_text(&format!("+4479111{:05}", 23_456 + place)),
        content: Some(Content::Text(text.to_owned())),
        client_reference: place.is_multiple_of(2).then(|| format!("order-{place} <i>")),
        state,
        reason: reason(state),
        flags: match state {
            State::Undelivered => Flags::CONTRADICTED,
            State::Queued => Flags::QUARANTINED.with(Flags::CRASHED),
            State::Scheduled => Flags::RESTORED,
            _ => Flags::default(),
        },
        class: Class::Transactional,
        traffic_type: "otp".to_owned(),
        country: Country::parse("GB").unwrap(),
        network: Some(NetworkFact {
            plmn: Plmn::parse("23410").unwrap(),
            source: NetworkSource::RangeTable,
            data_version: 4,
            ported: None,
            checked_at: at,
        }),
        parts,
        price: euros(27_500 * i64::from(parts)),
        book_version: 3,
        levels: Vec::new(),
        shares: Vec::new(),
        region: types::region::Region::default(),
        charge: ChargeState::Charged,
        profile_version: 1,
        traffic_version: 2,
        received_at: at.plus_ms(-3),
        accepted_at: at,
        send_at: (state == State::Scheduled).then(|| now.plus_ms(3_600_000)),
        time: None,
        expires_at: at.plus_ms(172_800_000),
        submitted_at: sent.then(|| at.plus_ms(180)),
        final_at,
        attempts_made: u8::from(sent),
        connector: sent.then(|| "simulated".to_owned()),
        receipt_error: if state.is_failure() { "034".to_owned() } else { String::new() },
        attempts: if sent { attempts(at, state, u8::try_from(parts).unwrap()) } else { Vec::new() },
        pending_events: usize::from(state == State::Delivered),
        dead_letters: 0,
        moot: Vec::new(),
        told: Vec::new(),
    }
}

fn reason(state: State) -> Reason {
    match state {
        State::Delivered | State::Undelivered | State::Rejected | State::Deleted => Reason::Receipt,
        State::Failed => Reason::RoutesExhausted,
        State::Expired => Reason::ValidityEnded,
        State::Cancelled => Reason::Withdrawn,
        State::NoReport => Reason::NoReceipt,
        State::Unknown | State::Unconfirmed => Reason::LinkBroke,
        State::Queued => Reason::NoConnectorUp,
        _ => Reason::None,
    }
}

fn attempts(at: Timestamp, state: State, parts: u8) -> Vec<AttemptDetail> {
    let known = !matches!(state, State::Sending | State::Unknown | State::Unconfirmed);
    let first = attempt(at, 1, parts, Verdict::Throttled, 0x58, "acme");
    let verdict = if known { Verdict::Accepted } else { Verdict::Unknown };
    let mut second = attempt(at.plus_ms(120), 2, parts, verdict, 0, "simulated");
    second.trigger = Reason::Throttled;
    second.passed_over = vec![("half".to_owned(), Reason::NotEncodable)];
    if state == State::Sending {
        second.answers.clear();
    }
    let told = match state {
        State::Delivered => Some((ReceiptState::Delivered, "DELIVRD", "000")),
        State::Undelivered => Some((ReceiptState::Undelivered, "UNDELIV", "034")),
        State::Rejected => Some((ReceiptState::Rejected, "REJECTD", "<script>")),
        State::Expired => Some((ReceiptState::Expired, "EXPIRED", "027")),
        State::Deleted => Some((ReceiptState::Deleted, "DELETED", "000")),
        _ => None,
    };
    if let Some((receipt, stat, error)) = told {
        let read = |part: u8, state, stat: &str, after, contradicts| ReceiptDetail {
            part,
            origin: Origin::Carrier,
            state,
            stat: stat.to_owned(),
            error: error.to_owned(),
            submit_date: "2611221000".to_owned(),
            done_date: "2611221001".to_owned(),
            zone: String::new(),
            tlvs: Vec::new(),
            echoed: None,
            mapping_version: 2,
            read_at: at.plus_ms(after),
            contradicts,
        };
        second.receipts = (1..=parts).map(|part| read(part, receipt, stat, 1_400, false)).collect();
        if state == State::Undelivered {
            second.receipts.push(read(1, ReceiptState::Delivered, "DELIVRD", 90_000, true));
        }
    }
    vec![first, second]
}

fn attempt(
    at: Timestamp,
    number: u8,
    parts: u8,
    verdict: Verdict,
    status: u32,
    connector: &str,
) -> AttemptDetail {
    let answer = |part: u8| PartAnswer {
        part,
        verdict,
        status,
        carrier_id: (verdict == Verdict::Accepted)
            .then(|| format!("{:08X}", at.as_ms() % 100_000_000 + i64::from(part))),
        written_at: at.plus_ms(41),
        answered_at: at.plus_ms(62 + i64::from(part)),
    };
    let trigger = types::charge::CostTrigger::OnSubmit;
    let asked = types::charge::Cost { amount: euros(14_200 * i64::from(parts)), deck_version: 2, trigger };
    let when = |holds: bool| if holds { (asked.amount, u32::from(parts)) } else { (euros(0), 0) };
    let (amount, owed_parts) = when(verdict == Verdict::Accepted);
    let (possible, possible_parts) = when(verdict == Verdict::Unknown);
    let owed = Owed { amount, parts: owed_parts, possible, possible_parts };
    AttemptDetail {
        number,
        connector_id: ConnectorId(1),
        connector: connector.to_owned(),
        supplier: connector.to_owned(),
        route: "default".to_owned(),
        traffic_version: 2,
        trigger: Reason::None,
        started_at: at.plus_ms(40),
        parts,
        only_parts: Vec::new(),
        form: types::form::Form {
            data_coding: 0,
            encoding: types::form::Encoding::Gsm7,
            joined: types::form::Joined::None,
            reference: 0,
            rendering: types::form::Rendering::AsReceived,
        },
        source: Address::from_text("ACME").as_sender(),
        destination: Address::from_text("447911123456"),
        content: None,
        network: None,
        cost: Some(asked),
        owed: Some(owed),
        passed_over: Vec::new(),
        answers: (1..=parts).map(answer).collect(),
        receipts: Vec::new(),
    }
}

/// Reasons of a made-up message.
pub fn becauses(message: &MessageDetail) -> Vec<Because> {
    let because = |after, stage, text: &str, facts: Vec<(&'static str, String)>| Because {
        at: message.accepted_at.plus_ms(after),
        stage,
        text: text.to_owned(),
        facts,
    };
    let mut all = vec![
        because(
            0,
            "admission",
            "The account is active and below its rate.",
            vec![("rate per second", "100".to_owned())],
        ),
        because(
            0,
            "price",
            "The longest prefix of the price book that fits is 44.",
            vec![
                ("book", "sandbox version 3".to_owned()),
                ("prefix", "44".to_owned()),
                ("per part", "0.0275 EUR".to_owned()),
            ],
        ),
        because(
            0,
            "charge",
            "Charged at acceptance, as the profile says.",
            vec![("charging.trigger", "on_accept".to_owned())],
        ),
    ];
    if !message.attempts.is_empty() {
        all.push(because(
            40,
            "route",
            "The route default is the first whose conditions hold.",
            vec![("route", "default".to_owned())],
        ));
        all.push(because(160, "attempt", "acme asked to slow down, so simulated was tried.", Vec::new()));
    }
    if message.state.is_final() {
        all.push(because(
            1_400,
            "end",
            "The receipt of the last part was read.",
            vec![("stat", "DELIVRD".to_owned())],
        ));
    }
    all
}

/// A message as it is right after it was sent from the console.
pub fn queued(now: Timestamp, id: MessageId, draft: &Draft) -> MessageDetail {
    let mut message = made(now, 0, State::Queued);
    message.id = id;
    message.source = draft.source.clone();
    message.destination = draft.destination.clone();
    message.content = Some(draft.content.clone());
    message.client_reference.clone_from(&draft.client_reference);
    message.accepted_at = now;
    message.received_at = now;
    message.door = Door::Console;
    message.reason = Reason::None;
    message
}
