//! Measures pure code alone: the SMPP codec and texts, or admission.
//!
//! `pure_rate codec|admission [MILLISECONDS]`. Prints one JSON object of nanoseconds by what was done; each is the
//! shortest of several turns, because nothing but other processes makes pure code slower.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement prints and may stop at any error"
)]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use decide::admit::{Facts, admit};
use decide::budget::Waiting;
use decide::ledger::Purse;
use decide::numbering::country_of;
use decide::price::PriceTable;
use decide::snapshot::{ConnectorFacts, Snapshot, TrafficTable};
use gsm_text::{Alphabet, SplitOptions, count, decode_alphabet, encode, split};
use serde_json::{Map, Value};
use smpp::calendar::CivilTime;
use smpp::receipt::OutgoingReceipt;
use smpp::{
    Address, CommandStatus, FrameCutter, MessageState, Pdu, Receipt, ShortMessage, Strictness, TlvBuffer,
    write_deliver_sm_resp, write_submit_sm_resp,
};
use types::account::{Account, AccountLimits, AccountState};
use types::address::{Addressing, Msisdn};
use types::catalog::{Connector, PrefixPrice, PriceBook, Route, RouteLeg, TrafficDocument, WeightedLeg};
use types::charge::Lot;
use types::form::{CarrierAlphabet, Joining, Manner};
use types::id::{AccountId, ConnectorId, LotId, PublicId, RowKey};
use types::message::{Class, Content, Draft, ReportWish};
use types::money::Unit;
use types::profile::Profile;
use types::time::Timestamp;

const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);
/// A text of 160 characters, as the traffic generator sends it.
const TEXT: &str = "Your parcel has left our depot and will reach you between nine and eleven. Please have your \
     code at hand; our driver asks for it at the door. Reply STOP to end.";
const ID: &[u8] = b"01m80tx789e0ftcnhhhe6ga4q3";
const RECIPIENTS: u64 = 1_000;
/// Turns of each measurement; the shortest counts.
const TURNS: u32 = 5;
/// Calls between two looks at the clock.
const CALLS: u64 = 1_000;

/// What was measured so far.
struct Figures {
    each: Duration,
    ns: Map<String, Value>,
}

impl Figures {
    /// Measures a call for as long as each may take.
    fn measure(&mut self, name: &str, mut call: impl FnMut(u64)) {
        let mut shortest = u128::MAX;
        for _ in 0..TURNS {
            let (begun, mut calls) = (Instant::now(), 0);
            while begun.elapsed() < self.each / TURNS {
                (0..CALLS).for_each(|call_number| call(calls + call_number));
                calls += CALLS;
            }
            shortest = shortest.min(begun.elapsed().as_nanos() / u128::from(calls.max(1)));
        }
        self.ns.insert(name.to_owned(), u64::try_from(shortest).unwrap().into());
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let total_ms = arguments.get(2).map_or(2_000, |word| word.parse().unwrap());
    let mut figures = Figures { each: Duration::from_millis(total_ms) / 8, ns: Map::new() };
    match arguments.get(1).map(String::as_str) {
        Some("admission") => admission(&mut figures),
        _ => codec(&mut figures),
    }
    println!("{}", Value::from(figures.ns));
}

fn message(text: &[u8]) -> ShortMessage<'_> {
    ShortMessage {
        source: Address { ton: 5, npi: 0, digits: b"Chappe" },
        destination: Address { ton: 1, npi: 1, digits: b"447911123456" },
        registered_delivery: 1,
        short_message: text,
        ..ShortMessage::default()
    }
}

/// The text of a receipt, as carriers write it.
fn receipt_text(text: &mut Vec<u8>) {
    let at = CivilTime::from_unix_ms(NOW.as_ms(), 0);
    OutgoingReceipt {
        id: ID,
        submitted: 1,
        delivered: 1,
        submit_date: at,
        done_date: at,
        state: MessageState::Delivered,
        error: 0,
        text: b"",
    }
    .write_text(text);
}

fn codec(figures: &mut Figures) {
    let body = encode(TEXT, Alphabet::Gsm7).unwrap();
    assert_eq!(body.len(), 160);
    let mut out = Vec::new();
    figures.measure("submit_sm written", |number| {
        out.clear();
        message(black_box(&body)).encode_submit_sm(sequence(number), &mut out).unwrap();
    });
    let submit = out.clone();
    figures.measure("submit_sm cut and read", reading(&submit));
    figures.measure("submit_sm_resp written", |number| {
        out.clear();
        write_submit_sm_resp(black_box(ID), CommandStatus::ESME_ROK, sequence(number), &mut out).unwrap();
    });
    let (mut text, mut tlvs) = (Vec::new(), TlvBuffer::default());
    figures.measure("receipt written", |number| {
        out.clear();
        text.clear();
        tlvs.clear();
        receipt_text(&mut text);
        tlvs.push_receipt(ID, MessageState::Delivered).unwrap();
        let message = ShortMessage { esm_class: 4, tlvs: tlvs.as_tlvs(), ..message(&text) };
        message.encode_deliver_sm(sequence(number), &mut out).unwrap();
    });
    let deliver = out.clone();
    figures.measure("receipt cut, read and understood", reading(&deliver));
    figures.measure("deliver_sm_resp written", |number| {
        out.clear();
        write_deliver_sm_resp(CommandStatus::ESME_ROK, sequence(number), &mut out);
    });
    figures.measure("text of 160 characters counted and encoded", |_| {
        black_box(count(black_box(TEXT)));
        black_box(encode(black_box(TEXT), Alphabet::Gsm7).unwrap());
    });
    let long = TEXT.repeat(3);
    figures.measure("text of 480 characters divided and read again", |_| {
        let parts = split(black_box(&long), &SplitOptions::default()).unwrap();
        for part in &parts.parts {
            black_box(decode_alphabet(&part.body, Alphabet::Gsm7));
        }
    });
}

fn sequence(number: u64) -> u32 {
    u32::try_from(number % 0x7fff_ffff).unwrap() + 1
}

/// Reads one PDU from a stream of octets, as a session does.
fn reading(octets: &[u8]) -> impl FnMut(u64) {
    let mut cutter = FrameCutter::default();
    move |_| {
        cutter.extend(black_box(octets));
        let frame = cutter.next_frame().unwrap().unwrap();
        let pdu = Pdu::decode(&frame.header, frame.body, Strictness::Tolerant).unwrap();
        if let Pdu::DeliverSm(message) = &pdu {
            let receipt = Receipt::from_message(message).unwrap();
            assert_eq!(receipt.id().map(str::as_bytes), Some(ID));
        }
        black_box(&pdu);
    }
}

/// Admission of one message to four connectors, with the price found and the lot chosen, and the country that
/// admission is told.
fn admission(figures: &mut Figures) {
    let (account, snapshot) = (account(), snapshot());
    let purse = Purse::new(vec![lot()]);
    let drafts: Vec<(Draft, Msisdn)> = (0..RECIPIENTS)
        .map(|number| {
            let recipient = format!("4479{:08}", number * 7_919);
            (draft(&recipient), Msisdn::parse(&recipient).unwrap())
        })
        .collect();
    let at = |number: u64| drafts.get(usize::try_from(number % RECIPIENTS).unwrap()).unwrap();
    let facts = Facts {
        identities: &[],
        pool: None,
        wordings: &decide::wording::Wordings::default(),
        account: &account,
        snapshot: &snapshot,
        purse: &purse,
        country: country_of(drafts.first().unwrap().1),
        waiting: Waiting::default(),
        above: Some(&[]),
        is_repeat: false,
        suppressed: None,
        quiet: None,
    };
    figures.measure("message admitted", |number| {
        black_box(admit(black_box(&facts), &at(number).0, NOW).unwrap());
    });
    figures.measure("country of a number", |number| {
        black_box(country_of(black_box(at(number).1)));
    });
}

fn account() -> Account {
    Account {
        id: AccountId(1),
        sid: PublicId::new(RowKey::from_parts(1, 1), 1),
        parent: None,
        name: "bench".into(),
        state: AccountState::Active,
        unit: Unit::EUR,
        price_book: "standard".into(),
        region: None,
        default_class: Class::Transactional,
        default_endpoint: None,
        limits: AccountLimits::default(),
        allow_private_callbacks: false,
        created_at: NOW,
    }
}

fn snapshot() -> Snapshot {
    let price = |prefix: u32| PrefixPrice { prefix: prefix.to_string(), price: "0.04".into() };
    let book = PriceBook { name: "standard".into(), unit: Unit::EUR, price: (1..=999).map(price).collect() };
    let names = ["first", "second", "third", "fourth"];
    let legs = names.iter().zip((1..=4).rev());
    let weighted =
        |(name, weight): (&&str, u32)| RouteLeg::Weighted(WeightedLeg { name: (*name).to_owned(), weight });
    let document = TrafficDocument {
        sender_rule: Vec::new(),
        quiet_rule: Vec::new(),
        template_rule: Vec::new(),
        signature_rule: Vec::new(),
        supplier: Vec::new(),
        connector: names.iter().map(|name| Connector::new(name, "smpp")).collect(),
        route: vec![Route { connectors: legs.map(weighted).collect(), ..Route::over("default", &[]) }],
        network: Vec::new(),
    };
    let facts = |id| ConnectorFacts {
        id: ConnectorId(id),
        manner: Manner { joining: Joining::Udh8, alphabet: CarrierAlphabet::Gsm7, octets: true },
        addressing: Addressing::default(),
        receipts: true,
        comes_back_as: None,
    };
    let known: BTreeMap<String, ConnectorFacts> =
        names.iter().zip(1..).map(|(name, id)| ((*name).to_owned(), facts(id))).collect();
    Snapshot {
        profile_version: 1,
        profile: Arc::new(Profile::default()),
        prices: Arc::new(PriceTable::compile(1, &[book]).unwrap()),
        traffic: Arc::new(TrafficTable::compile(1, &document, &known).unwrap()),
    }
}

fn lot() -> Lot {
    Lot {
        id: LotId(1),
        account: AccountId(1),
        unit: Unit::EUR,
        granted_micros: 1_000_000_000_000,
        available_micros: 1_000_000_000_000,
        held_micros: 0,
        created_at: NOW,
        expires_at: None,
        source: "bench".into(),
    }
}

fn draft(to: &str) -> Draft {
    Draft {
        source: types::address::Address::from_text("Chappe"),
        destination: types::address::Address::from_text(to),
        content: Content::Text(TEXT.into()),
        class: None,
        traffic_type: String::new(),
        expires_at: None,
        send_at: None,
        time: types::quiet::RecipientTime::default(),
        client_reference: None,
        report: ReportWish::default(),
    }
}
