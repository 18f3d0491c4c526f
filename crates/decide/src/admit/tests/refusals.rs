//! Refusals, one line per case: the code, the field that is named, and which comes first.

use std::collections::HashSet;
use std::sync::Arc;

use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq};
use types::account::{Account, AccountState};
use types::address::Address;
use types::message::{Class, Content, Draft, OctetContent, PARTS_MAX, ReportWish};
use types::money::Unit;
use types::refusal::RefusalCode;
use types::suppression::SuppressionReason::{Complaint, Imported, OptOut};
use types::time::Timestamp;

use super::{CONCATENATION, NOW, World, lot, octets};
use crate::admit::{
    CLIENT_REFERENCE_MAX, OCTETS_MAX, RECIPIENT_OCTETS_MAX, SCHEDULE_MS_MAX, TRAFFIC_TYPE_MAX,
    VALIDITY_MS_MAX,
};
use crate::budget::Waiting;
use crate::snapshot::TrafficTable;

type Case = (&'static str, fn(&mut World), RefusalCode, Option<&'static str>);

/// A refusal and what mends it.
type Mend = (RefusalCode, fn(&mut World));

fn to(world: &mut World, text: &str) {
    world.draft.destination = Address::from_text(text);
}

fn from(world: &mut World, text: &str) {
    world.draft.source = Address::from_text(text);
}

fn text(world: &mut World, unit: &str, count: usize) {
    world.draft.content = Content::Text(unit.repeat(count));
}

fn at(ms: i64) -> Option<Timestamp> {
    Some(NOW.plus_ms(ms))
}

fn disable_all(world: &mut World) {
    let mut traffic = TrafficTable::clone(&world.snapshot.traffic);
    traffic.connectors.values_mut().for_each(|connector| connector.disabled = true);
    world.snapshot.traffic = Arc::new(traffic);
}

/// Every refusal that admission can give.
pub(super) const CASES: &[Case] = &[
    ("no recipient", |w| to(w, ""), RefusalCode::InvalidDestination, Some("to")),
    ("a national number", |w| to(w, "07911123456"), RefusalCode::InvalidDestination, Some("to")),
    ("too few digits", |w| to(w, "44791"), RefusalCode::InvalidDestination, Some("to")),
    ("too many digits", |w| to(w, "4479111234567890"), RefusalCode::InvalidDestination, Some("to")),
    ("letters", |w| to(w, "44791112345x"), RefusalCode::InvalidDestination, Some("to")),
    ("a NUL", |w| to(w, "447911123456\0"), RefusalCode::InvalidDestination, Some("to")),
    (
        "digits far apart",
        |w| to(w, &format!("44{}7911123456", " ".repeat(RECIPIENT_OCTETS_MAX))),
        RefusalCode::InvalidDestination,
        Some("to"),
    ),
    (
        "a name by its type of number",
        |w| w.draft.destination.ton = Address::TON_ALPHANUMERIC,
        RefusalCode::InvalidDestination,
        Some("to"),
    ),
    ("no sender", |w| from(w, ""), RefusalCode::InvalidSender, Some("from")),
    ("a plus alone", |w| from(w, "+"), RefusalCode::InvalidSender, Some("from")),
    ("blanks alone", |w| from(w, "   "), RefusalCode::InvalidSender, Some("from")),
    ("sixteen digits", |w| from(w, "1234567890123456"), RefusalCode::InvalidSender, Some("from")),
    ("twelve letters", |w| from(w, "ABCDEFGHIJKL"), RefusalCode::InvalidSender, Some("from")),
    ("more than 20 octets", |w| from(w, "ABCDEFGHIJKLMNOPQRSTU"), RefusalCode::InvalidSender, Some("from")),
    ("not ASCII", |w| from(w, "Café"), RefusalCode::InvalidSender, Some("from")),
    ("a line break", |w| from(w, "AC\nME"), RefusalCode::InvalidSender, Some("from")),
    (
        "a long traffic type",
        |w| w.draft.traffic_type = "t".repeat(TRAFFIC_TYPE_MAX + 1),
        RefusalCode::InvalidRequest,
        Some("traffic_type"),
    ),
    (
        "a long reference",
        |w| w.draft.client_reference = Some("r".repeat(CLIENT_REFERENCE_MAX + 1)),
        RefusalCode::InvalidRequest,
        Some("client_reference"),
    ),
    (
        "36 days ahead",
        |w| w.draft.send_at = at(SCHEDULE_MS_MAX + 1),
        RefusalCode::InvalidSchedule,
        Some("send_at"),
    ),
    ("never", |w| w.draft.send_at = Some(Timestamp::NEVER), RefusalCode::InvalidSchedule, Some("send_at")),
    ("valid until now", |w| w.draft.expires_at = at(0), RefusalCode::ExpiredValidity, Some("validity_s")),
    (
        "valid until long ago",
        |w| w.draft.expires_at = at(i64::MIN),
        RefusalCode::ExpiredValidity,
        Some("validity_s"),
    ),
    (
        "over before it begins",
        |w| (w.draft.send_at, w.draft.expires_at) = (at(2_000), at(2_000)),
        RefusalCode::ExpiredValidity,
        Some("validity_s"),
    ),
    ("suspended", |w| w.account.state = AccountState::Suspended, RefusalCode::AccountSuspended, None),
    ("closed", |w| w.account.state = AccountState::Closed, RefusalCode::AccountSuspended, None),
    ("no text", |w| text(w, "", 0), RefusalCode::EmptyText, Some("text")),
    ("no octets", |w| w.draft.content = octets(4, &[], &[]), RefusalCode::EmptyText, Some("text")),
    ("20,001 characters", |w| text(w, "a", 20_001), RefusalCode::TextTooLong, Some("text")),
    ("megabytes", |w| text(w, "a", 8_388_608), RefusalCode::TextTooLong, Some("text")),
    ("256 parts of UCS-2", |w| text(w, "ж", 67 * 255 + 1), RefusalCode::TextTooLong, Some("text")),
    (
        "256 parts of octets",
        |w| w.draft.content = octets(4, &[], &[0; 134 * PARTS_MAX as usize + 1]),
        RefusalCode::TextTooLong,
        Some("text"),
    ),
    (
        "more than a PDU carries",
        |w| w.draft.content = octets(0, &[], &[b'a'; OCTETS_MAX + 1]),
        RefusalCode::TextTooLong,
        Some("text"),
    ),
    (
        "a header longer than the message",
        |w| w.draft.content = octets(4, &[9, 0, 3], &[1]),
        RefusalCode::InvalidCoding,
        Some("text"),
    ),
    (
        "an element longer than the header",
        |w| w.draft.content = octets(4, &[5, 0, 9, 7, 2, 1], b"text"),
        RefusalCode::InvalidCoding,
        Some("text"),
    ),
    ("a full queue", |w| w.waiting.of_account.messages = 5_000_000, RefusalCode::QueueFull, None),
    ("no price", |w| to(w, "81312345678"), RefusalCode::NoPrice, Some("to")),
    ("no book", |w| w.account.price_book = "other".into(), RefusalCode::NoPrice, Some("to")),
    (
        "a sum that cannot be counted",
        |w| (to(w, "74951234567"), text(w, "a", 161)).1,
        RefusalCode::NoPrice,
        Some("to"),
    ),
    ("no route", |w| to(w, "33612345678"), RefusalCode::NoRoute, Some("to")),
    ("an opt-out", |w| w.suppressed = Some(OptOut), RefusalCode::RecipientSuppressed, Some("to")),
    ("a complaint", |w| w.suppressed = Some(Complaint), RefusalCode::RecipientSuppressed, Some("to")),
    (
        "an opt-out from one-time passwords too",
        |w| (w.draft.class, w.suppressed) = (Some(Class::OneTime), Some(OptOut)),
        RefusalCode::RecipientSuppressed,
        Some("to"),
    ),
    (
        "a sender that is not approved",
        |w| w.country = types::network::Country::parse("BE").unwrap(),
        RefusalCode::SenderNotApproved,
        Some("from"),
    ),
    ("no connector is on", disable_all, RefusalCode::NoRoute, Some("to")),
    (
        "octets over a connector for texts",
        |w| (to(w, "32470123456"), w.draft.content = octets(4, CONCATENATION, b"x")).1,
        RefusalCode::NoRoute,
        Some("to"),
    ),
    (
        "more parts than were sold",
        |w| (to(w, "32470123456"), text(w, "a", 306)).1,
        RefusalCode::NoRoute,
        Some("to"),
    ),
    ("a way back", |w| to(w, "4915112345678"), RefusalCode::RouteLoop, Some("to")),
    (
        "a level without a price",
        |w| w.above = Some(vec![Account { price_book: "other".into(), ..w.account.clone() }]),
        RefusalCode::NoPrice,
        Some("to"),
    ),
    ("a path that cannot be walked", |w| w.above = None, RefusalCode::NoPrice, Some("to")),
    ("a repeat", |w| w.is_repeat = true, RefusalCode::RepeatedMessage, Some("to")),
    ("no value", |w| w.lots.clear(), RefusalCode::InsufficientBalance, None),
    ("a micro short", |w| w.lots = vec![lot(1, 27_499, None)], RefusalCode::InsufficientBalance, None),
    ("value that lapsed", |w| w.lots = vec![lot(1, 50_000, Some(0))], RefusalCode::InsufficientBalance, None),
    (
        "value of another unit",
        |w| w.lots[0].unit = Unit::parse("SMS").unwrap(),
        RefusalCode::InsufficientBalance,
        None,
    ),
    (
        "value in pieces",
        |w| w.lots = vec![lot(1, 20_000, None), lot(2, 7_499, None)],
        RefusalCode::InsufficientBalance,
        None,
    ),
];

#[test]
fn each_refusal_has_its_code_and_names_its_field() {
    for (what, change, code, field) in CASES {
        let mut world = World::new();
        change(&mut world);
        let refusal = world.decide().unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (*code, *field), "{what}: {refusal}");
        assert!(!refusal.detail.contains("7911") && !refusal.detail.contains("ACME"), "{what}: {refusal}");
    }
}

#[test]
fn the_table_has_every_code_of_admission() {
    let shown: HashSet<RefusalCode> = CASES.iter().map(|(_, _, code, _)| *code).collect();
    let given = include_str!("../../admit.rs");
    for code in RefusalCode::ALL {
        // The budget of the queue and the rules for senders have their own files.
        let is_elsewhere = matches!(code, RefusalCode::QueueFull | RefusalCode::SenderNotApproved);
        let is_given = is_elsewhere || given.contains(&format!("RefusalCode::{code:?},"));
        assert_eq!(shown.contains(code), is_given, "{code:?}");
    }
}

#[test]
fn the_limits_themselves_are_accepted() {
    let cases: &[fn(&mut World)] = &[
        |w| w.draft.traffic_type = "t".repeat(TRAFFIC_TYPE_MAX),
        |w| w.draft.client_reference = Some("r".repeat(CLIENT_REFERENCE_MAX)),
        |w| to(w, &format!("{}447911123456", " ".repeat(RECIPIENT_OCTETS_MAX - 12))),
        |w| from(w, "ABCDEFGHIJK"),
        |w| from(w, "123456789012345"),
        |w| w.lots = vec![lot(1, 27_500, Some(1))],
        |w| (to(w, "32470123456"), text(w, "a", 304)).1,
    ];
    for (place, change) in cases.iter().enumerate() {
        let mut world = World::new();
        change(&mut world);
        assert!(world.decide().is_ok(), "case {place}: {:?}", world.decide());
    }
}

/// A message that is wrong in every way is refused for the first; each mended, the next is named.
#[test]
fn the_first_refusal_in_the_order_of_the_stages_wins() {
    let mut world = World::new();
    to(&mut world, "");
    from(&mut world, "");
    world.draft.traffic_type = "t".repeat(TRAFFIC_TYPE_MAX + 1);
    (world.draft.send_at, world.draft.expires_at) = (at(SCHEDULE_MS_MAX + 1), at(0));
    world.account.state = AccountState::Suspended;
    world.suppressed = Some(Imported);
    text(&mut world, "", 0);
    world.waiting.of_all.messages = u64::MAX;
    world.lots.clear();
    world.is_repeat = true;
    let mends: &[Mend] = &[
        (RefusalCode::InvalidDestination, |w| to(w, "81312345678")),
        (RefusalCode::InvalidSender, |w| from(w, "ACME")),
        (RefusalCode::InvalidRequest, |w| w.draft.traffic_type.clear()),
        (RefusalCode::InvalidSchedule, |w| w.draft.send_at = None),
        (RefusalCode::ExpiredValidity, |w| w.draft.expires_at = None),
        (RefusalCode::AccountSuspended, |w| w.account.state = AccountState::Active),
        (RefusalCode::RecipientSuppressed, |w| w.suppressed = None),
        (RefusalCode::EmptyText, |w| text(w, "hello", 1)),
        (RefusalCode::QueueFull, |w| w.waiting = Waiting::default()),
        (RefusalCode::NoPrice, |w| to(w, "33612345678")),
        (RefusalCode::NoRoute, |w| to(w, "4915112345678")),
        (RefusalCode::RouteLoop, |w| to(w, "447911123456")),
        (RefusalCode::RepeatedMessage, |w| w.is_repeat = false),
        (RefusalCode::InsufficientBalance, |w| w.lots = vec![lot(1, 27_500, None)]),
    ];
    for (code, mend) in mends {
        assert_eq!(world.decide().unwrap_err().code, *code);
        mend(&mut world);
    }
    assert!(world.decide().is_ok());
}

#[test]
fn a_refusal_for_want_of_value_says_what_all_lots_can_pay() {
    let mut world = World::new();
    world.lots = vec![lot(1, 20_000, None), lot(2, 7_000, None), lot(3, 99_000_000, Some(0))];
    let refusal = world.decide().unwrap_err();
    assert!(refusal.detail.contains("costs 0.0275 EUR and 0.027 EUR is available"), "{refusal}");
}

fn any_draft() -> impl Strategy<Value = Draft> {
    let bytes = |max: usize| proptest::collection::vec(any::<u8>(), 0..max);
    let number = |rest: u64| format!("{}{}", [44, 1, 7, 32, 49][(rest % 5) as usize], rest % 10_000_000_000);
    let number = move || any::<u64>().prop_map(move |rest| number(rest).into_bytes());
    let address = move || (any::<u8>(), proptest::prop_oneof![bytes(40), number()]);
    let content = proptest::prop_oneof![
        any::<String>().prop_map(Content::Text),
        (any::<u8>(), any::<bool>(), bytes(400)).prop_map(|(data_coding, has_header, payload)| {
            Content::Octets(OctetContent { data_coding, has_header, payload, ..OctetContent::default() })
        }),
    ];
    let times = (any::<Option<i64>>(), any::<Option<i64>>());
    (address(), address(), content, times).prop_map(|(source, destination, content, (send, expires))| Draft {
        source: Address { ton: source.0, npi: 0, octets: source.1.into() },
        destination: Address { ton: destination.0 % 4, npi: 0, octets: destination.1.into() },
        content,
        class: None,
        traffic_type: String::new(),
        expires_at: expires.map(Timestamp::from_ms),
        send_at: send.map(Timestamp::from_ms),
        time: types::quiet::RecipientTime::default(),
        client_reference: None,
        report: ReportWish::default(),
    })
}

proptest::proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever comes in, the answer is a plan that holds together or a refusal.
    #[test]
    fn any_draft_gets_an_answer(draft in any_draft()) {
        let world = World { draft, ..World::new() };
        let Ok(plan) = world.decide() else { return Ok(()) };
        prop_assert!((1..=PARTS_MAX).contains(&plan.price.parts));
        prop_assert!(plan.price.amount.micros >= 0 && plan.price.amount.micros <= world.lots[0].available_micros);
        let start = plan.send_at.unwrap_or(NOW);
        prop_assert!(start >= NOW && start < plan.expires_at);
        prop_assert!(plan.expires_at.ms_since(start) <= VALIDITY_MS_MAX);
        prop_assert_eq!(plan.send_at.is_some(), plan.state == types::message::State::Scheduled);
    }
}
