//! Admission: what a message will be when it is taken. Refusals stand in `refusals`, rules of the
//! catalogue in `rules`.

use std::collections::BTreeMap;
use std::sync::Arc;

use types::account::{Account, AccountLimits, AccountState};
use types::address::Address;
use types::catalog::{
    Connector, NetworkRange, OneOrMany, PrefixPrice, PriceBook, Route, SenderRule, TrafficDocument,
};
use types::charge::{Lot, LotShare};
use types::form::{CarrierAlphabet, Joining, Manner};
use types::id::{AccountId, ConnectorId, LotId, PublicId, RowKey};
use types::message::{Class, Content, Draft, OctetContent, PARTS_MAX, ReportWish, State};
use types::money::Unit;
use types::network::{Country, NetworkSource};
use types::profile::Profile;
use types::refusal::Refusal;
use types::region::Region;
use types::time::Timestamp;

use super::{Facts, Plan, SCHEDULE_MS_MAX, VALIDITY_MS_DEFAULT, VALIDITY_MS_MAX, admit};
use crate::budget::Waiting;
use crate::ledger::Purse;
use crate::price::PriceTable;
use crate::quiet::AccountQuiet;
use crate::sender::Identity;
use crate::snapshot::{ConnectorFacts, Snapshot, TrafficTable};
use crate::wording::Wordings;

mod refusals;
mod rules;

const NOW: Timestamp = Timestamp::from_ms(1_000_000_000_000);
/// What the operator publishes per part. The last one times two is more than can be counted.
const PRICES: [(&str, &str); 7] = [
    ("44", "0.04"),
    ("4479", "0.0275"),
    ("1", "0.008"),
    ("33", "0.05"),
    ("49", "0.07"),
    ("32", "0"),
    ("7", "9223372036854.775807"),
];

/// Everything that a decision looks at, to be changed by a case.
struct World {
    account: Account,
    snapshot: Snapshot,
    lots: Vec<Lot>,
    country: Country,
    waiting: Waiting,
    /// The accounts above; `None` for a path that cannot be walked.
    above: Option<Vec<Account>>,
    is_repeat: bool,
    identities: Vec<Identity>,
    suppressed: Option<types::suppression::SuppressionReason>,
    quiet: Option<AccountQuiet>,
    draft: Draft,
}

impl World {
    /// A customer with 250.00 EUR who sends "hello" to a number for 0.0275 EUR.
    fn new() -> Self {
        Self {
            account: account(),
            snapshot: Snapshot {
                profile_version: 1,
                profile: Arc::new(Profile::default()),
                prices: Arc::new(PriceTable::compile(7, &[book(), wholesale()]).unwrap()),
                traffic: Arc::new(traffic()),
            },
            lots: vec![lot(1, 250_000_000, None)],
            country: Country::parse("GB").unwrap(),
            waiting: Waiting::default(),
            above: Some(Vec::new()),
            is_repeat: false,
            identities: Vec::new(),
            suppressed: None,
            quiet: None,
            draft: draft("447911123456", "hello"),
        }
    }

    fn decide(&self) -> Result<Plan, Refusal> {
        let outcome = self.decide_with(&Purse::new(self.lots.clone()));
        let again = self.decide_with(&Purse::new(self.lots.clone()));
        assert_eq!(again, outcome, "the same facts give the same answer");
        outcome
    }

    fn decide_with(&self, purse: &Purse) -> Result<Plan, Refusal> {
        let above: Option<Vec<&Account>> = self.above.as_ref().map(|above| above.iter().collect());
        let facts = Facts {
            account: &self.account,
            snapshot: &self.snapshot,
            purse,
            country: self.country,
            waiting: self.waiting,
            above: above.as_deref(),
            is_repeat: self.is_repeat,
            identities: &self.identities,
            pool: None,
            wordings: &Wordings::default(),
            suppressed: self.suppressed,
            quiet: self.quiet.as_ref(),
        };
        admit(&facts, &self.draft, NOW)
    }

    fn plan(&self) -> Plan {
        self.decide().unwrap()
    }
}

/// Decides about a changed world.
fn with(change: impl FnOnce(&mut World)) -> Result<Plan, Refusal> {
    let mut world = World::new();
    change(&mut world);
    world.decide()
}

pub(crate) fn account() -> Account {
    Account {
        id: AccountId(1),
        sid: PublicId::new(RowKey::from_parts(1, 1), 1),
        parent: None,
        name: "demo".into(),
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

fn book() -> PriceBook {
    let entry =
        |(prefix, price): &(&str, &str)| PrefixPrice { prefix: (*prefix).into(), price: (*price).into() };
    PriceBook { name: "standard".into(), unit: Unit::EUR, price: PRICES.iter().map(entry).collect() }
}

/// What an account above pays, in a unit of its own.
fn wholesale() -> PriceBook {
    let price = vec![PrefixPrice { prefix: "44".into(), price: "0.9".into() }];
    PriceBook { name: "wholesale".into(), unit: Unit::parse("SMS").unwrap(), price }
}

/// Routes to 44, 1, 32 and 7; to 49 there is one that leads back, to 33 there is none.
fn traffic() -> TrafficTable {
    let connector = |name: &str| Connector::new(name, "smpp");
    let route = |name: &str, prefixes: &[&str]| Route {
        prefix: Some(OneOrMany::Many(prefixes.iter().map(|prefix| (*prefix).to_owned()).collect())),
        ..Route::over(name, &[name])
    };
    let document = TrafficDocument {
        connector: ["plain", "wide", "back"].into_iter().map(connector).collect(),
        route: vec![route("plain", &["44", "1", "7"]), route("wide", &["32"]), route("back", &["49"])],
        network: vec![NetworkRange { prefix: "4475".into(), network: "20801".into(), country: "FR".into() }],
        sender_rule: vec![SenderRule { country: Some(OneOrMany::One("BE".into())), approved_only: true }],
        ..TrafficDocument::default()
    };
    let facts = |id, joining, octets| ConnectorFacts {
        id: ConnectorId(id),
        manner: Manner { joining, alphabet: CarrierAlphabet::Gsm7, octets },
        addressing: types::address::Addressing::default(),
        receipts: true,
        comes_back_as: None,
    };
    let known = BTreeMap::from([
        ("plain".to_owned(), facts(1, Joining::Udh8, true)),
        ("wide".to_owned(), facts(2, Joining::Udh16, false)),
        ("back".to_owned(), facts(3, Joining::Udh8, true)),
    ]);
    let mut table = TrafficTable::compile(9, &document, &known).unwrap();
    // A table that leads in circles does not compile; this is what remains if one ever did.
    table.connectors.get_mut(&ConnectorId(3)).unwrap().comes_back_as = Some("demo".into());
    table
}

fn lot(id: i64, available_micros: i64, expires_ms: Option<i64>) -> Lot {
    Lot {
        id: LotId(id),
        account: AccountId(1),
        unit: Unit::EUR,
        granted_micros: available_micros,
        available_micros,
        held_micros: 0,
        created_at: Timestamp::from_ms(id),
        expires_at: expires_ms.map(|ms| NOW.plus_ms(ms)),
        source: "test".into(),
    }
}

fn draft(to: &str, text: &str) -> Draft {
    Draft {
        source: Address::from_text("ACME"),
        destination: Address::from_text(to),
        content: Content::Text(text.into()),
        class: None,
        traffic_type: String::new(),
        expires_at: None,
        send_at: None,
        time: types::quiet::RecipientTime::default(),
        client_reference: None,
        report: ReportWish::default(),
    }
}

/// Octets in an own coding, with `header` before `body` when there is one.
fn octets(data_coding: u8, header: &[u8], body: &[u8]) -> Content {
    let payload = [header, body].concat();
    Content::Octets(OctetContent {
        data_coding,
        has_header: !header.is_empty(),
        payload,
        ..OctetContent::default()
    })
}

/// A lot: its number, micro-units and milliseconds until it lapses.
type LotCase = (i64, i64, Option<i64>);

/// A concatenation header with its length octet: part 1 of 2.
const CONCATENATION: &[u8] = &[5, 0, 3, 7, 2, 1];

#[test]
fn a_message_takes_what_it_does_not_state_from_its_account() {
    let plan = World::new().plan();
    assert_eq!((plan.class, plan.state, plan.send_at), (Class::Transactional, State::Queued, None));
    assert_eq!(plan.expires_at, NOW.plus_ms(VALIDITY_MS_DEFAULT));
    assert_eq!((plan.recipient.digits().as_str(), plan.country.as_str()), ("447911123456", "GB"));
    assert_eq!((plan.payment.lot, plan.network), (LotId(1), None));
    assert_eq!((plan.price.parts, plan.price.book_version), (1, 7));
    let bulk = with(|w| w.account.default_class = Class::Bulk).unwrap();
    assert_eq!(bulk.class, Class::Bulk);
    let stated = with(|w| w.draft.class = Some(Class::OneTime)).unwrap();
    assert_eq!(stated.class, Class::OneTime);
}

#[test]
fn times_are_kept_within_their_limits() {
    // (send at, expires at) => (state, send at, expires at), milliseconds from now.
    let hour = 3_600_000;
    let default = VALIDITY_MS_DEFAULT;
    let cases = [
        ((None, None), (State::Queued, None, default)),
        ((None, Some(1)), (State::Queued, None, 1)),
        ((None, Some(VALIDITY_MS_MAX)), (State::Queued, None, VALIDITY_MS_MAX)),
        ((None, Some(VALIDITY_MS_MAX + 1)), (State::Queued, None, VALIDITY_MS_MAX)),
        ((None, Some(i64::MAX)), (State::Queued, None, VALIDITY_MS_MAX)),
        ((Some(0), None), (State::Queued, None, default)),
        ((Some(-hour), None), (State::Queued, None, default)),
        ((Some(1), None), (State::Scheduled, Some(1), 1 + default)),
        ((Some(hour), Some(hour + 1)), (State::Scheduled, Some(hour), hour + 1)),
        ((Some(hour), Some(i64::MAX)), (State::Scheduled, Some(hour), hour + VALIDITY_MS_MAX)),
        ((Some(SCHEDULE_MS_MAX), None), (State::Scheduled, Some(SCHEDULE_MS_MAX), SCHEDULE_MS_MAX + default)),
    ];
    for ((send, expires), (state, send_at, expires_at)) in cases {
        let plan = with(|w| {
            w.draft.send_at = send.map(|ms| NOW.plus_ms(ms));
            w.draft.expires_at = expires.map(|ms| NOW.plus_ms(ms));
        });
        let plan = plan.unwrap();
        let got = (plan.state, plan.send_at.map(|at| at.ms_since(NOW)), plan.expires_at.ms_since(NOW));
        assert_eq!(got, (state, send_at, expires_at), "{send:?} {expires:?}");
    }
}

#[test]
fn parts_are_those_of_8_bit_references() {
    let text = |unit: &str, count: usize| Content::Text(unit.repeat(count));
    let cases = [
        ("one character", text("a", 1), 1),
        ("160 septets", text("a", 160), 1),
        ("161 septets", text("a", 161), 2),
        ("306 septets", text("a", 306), 2),
        ("307 septets", text("a", 307), 3),
        ("two septets each", text("€", 80), 1),
        ("two septets each", text("€", 81), 2),
        ("the longest text", text("a", 20_000), 131),
        ("70 UTF-16 units", text("ж", 70), 1),
        ("71 UTF-16 units", text("ж", 71), 2),
        ("two units each", text("😀", 35), 1),
        ("two units each", text("😀", 36), 2),
        ("as many as a phone joins", text("ж", 67 * 255), PARTS_MAX),
        ("140 octets", octets(4, &[], &[0; 140]), 1),
        ("141 octets", octets(4, &[], &[0; 141]), 2),
        ("a part of its own", octets(4, CONCATENATION, &[0; 134]), 1),
        ("more than a part", octets(4, CONCATENATION, &[0; 135]), 2),
        ("a header alone", octets(4, CONCATENATION, &[]), 1),
        ("255 parts of octets", octets(4, &[], &[0; 134 * 255]), PARTS_MAX),
        ("160 septets unpacked", octets(0, &[], &[b'a'; 160]), 1),
        ("161 septets unpacked", octets(0, &[], &[b'a'; 161]), 2),
        ("153 septets beside a header", octets(0, CONCATENATION, &[b'a'; 153]), 1),
        ("154 septets beside a header", octets(0, CONCATENATION, &[b'a'; 154]), 2),
        ("70 units of UCS-2", octets(8, &[], &[4; 140]), 1),
        ("67 units beside a header", octets(8, CONCATENATION, &[4; 134]), 1),
        ("68 units beside a header", octets(8, CONCATENATION, &[4; 136]), 2),
        ("a coding that nobody reads", octets(0x0D, &[], &[0; 140]), 1),
        ("a coding that nobody reads", octets(0x0D, &[], &[0; 141]), 2),
    ];
    for (what, content, parts) in cases {
        let plan = with(|w| w.draft.content = content).unwrap();
        assert_eq!(plan.price.parts, parts, "{what}");
        assert_eq!(plan.price.amount.micros, 27_500 * i64::from(parts), "{what}");
    }
}

#[test]
fn value_is_spent_in_the_order_in_which_it_lapses() {
    let credits = Lot { unit: Unit::parse("SMS").unwrap(), ..lot(9, 1_000_000, Some(1)) };
    // The lots, and the number of the one that pays 0.0275 EUR.
    let cases: &[(&[LotCase], i64)] = &[
        (&[(1, 27_500, None)], 1),
        (&[(1, 50_000, None), (2, 50_000, Some(900)), (3, 50_000, Some(500))], 3),
        (&[(2, 50_000, None), (1, 50_000, None)], 1),
        (&[(1, 50_000, None), (2, 27_499, Some(500))], 1),
        (&[(1, 50_000, None), (2, 50_000, Some(0))], 1),
        (&[(1, 50_000, None), (2, 50_000, Some(-1))], 1),
        (&[(1, 50_000, None), (2, 50_000, Some(1))], 2),
    ];
    for (lots, expected) in cases {
        let lots = lots.iter().map(|(id, available, lapses)| lot(*id, *available, *lapses));
        let plan = with(|w| w.lots = lots.chain([credits.clone()]).collect()).unwrap();
        assert_eq!(plan.payment.lot, LotId(*expected));
    }
}

#[test]
fn a_balance_below_zero_falls_on_the_lot_that_lapses_last() {
    let plan = with(|w| {
        w.lots = vec![lot(1, 0, None), lot(2, 0, Some(500)), lot(3, 0, Some(-1))];
        let mut profile = Profile::default();
        profile.money.allow_negative = true;
        w.snapshot.profile = Arc::new(profile);
    });
    assert_eq!(plan.unwrap().payment.lot, LotId(1));
}

#[test]
fn what_costs_nothing_still_names_who_would_pay() {
    let free = |w: &mut World| w.draft.destination = Address::from_text("32470123456");
    assert_eq!(with(|w| free(w)).unwrap().price.amount.micros, 0);
    assert_eq!(with(|w| (free(w), w.lots.clear()).1).unwrap_err().code.code(), "insufficient_balance");
}

#[test]
fn the_operators_ranges_overrule_the_numbering_plan() {
    let plan = with(|w| w.draft.destination = Address::from_text("447500123456")).unwrap();
    let network = plan.network.unwrap();
    assert_eq!((network.plmn.to_string().as_str(), plan.country.as_str()), ("20801", "FR"));
    assert_eq!((network.source, network.data_version), (NetworkSource::RangeTable, 9));
    assert_eq!(network.checked_at, NOW);
}

#[test]
fn recipients_and_senders_as_people_write_them() {
    for to in ["+447911123456", "00447911123456", " +44 (7911) 123-456", "447911123456"] {
        let plan = with(|w| w.draft.destination = Address::from_text(to)).unwrap();
        assert_eq!(plan.recipient.digits(), "447911123456", "{to}");
    }
    for from in
        ["1", "12345", "+44 7911 123456", "447911123456", "123456789012345", "A", "ACME Ltd. 24", "a-b_c!"]
    {
        let accepted = with(|w| w.draft.source = Address::from_text(from)).is_ok();
        assert_eq!(accepted, from.len() != 12 || from.starts_with('4'), "{from}");
    }
}

#[test]
fn several_lots_pay_what_none_covers() {
    let plan =
        with(|w| w.lots = vec![lot(1, 20_000, None), lot(2, 7_000, Some(500)), lot(3, 900, Some(400))]);
    let plan = plan.unwrap();
    let share = |lot, micros| LotShare { lot: LotId(lot), micros };
    assert_eq!(*plan.payment.shares, [share(3, 900), share(2, 7_000), share(1, 19_600)]);
    assert_eq!(plan.payment.lot, LotId(3));
    let refused = with(|w| w.lots = vec![lot(1, 20_000, None), lot(2, 7_000, None)]).unwrap_err();
    assert!(refused.detail.contains("0.0275 EUR and 0.027 EUR is available"), "{}", refused.detail);
    let many = with(|w| w.lots = (1..=275).map(|id| lot(id, 100, None)).collect()).unwrap_err();
    assert!(many.detail.contains("more than 64 lots"), "{}", many.detail);
}

#[test]
fn every_account_above_has_its_price_and_only_the_own_one_is_charged() {
    let parent =
        |number: i64, book: &str| Account { id: AccountId(number), price_book: book.into(), ..account() };
    let plan = with(|w| {
        w.draft.content = Content::Text("x".repeat(200));
        w.above = Some(vec![parent(2, "wholesale"), parent(3, "standard")]);
    });
    let plan = plan.unwrap();
    let seen: Vec<_> = plan.levels.iter().map(|l| (l.account.0, l.price.amount.to_string())).collect();
    assert_eq!(seen, [(2, "1.80 SMS".to_owned()), (3, "0.055 EUR".to_owned())]);
    assert!(plan.levels.iter().all(|level| (level.price.parts, level.price.book_version) == (2, 7)));
    assert_eq!((plan.price.amount.micros, plan.payment.lot), (55_000, LotId(1)));
    assert!(World::new().plan().levels.is_empty());
}

#[test]
fn who_stands_below_one_that_may_not_send_sends_nothing() {
    let with_above = |state| {
        let parent = Account { id: AccountId(2), state, ..account() };
        with(|w| w.above = Some(vec![parent])).map_err(|refusal| refusal.code)
    };
    assert!(with_above(AccountState::Active).is_ok());
    for state in [AccountState::Suspended, AccountState::Closed] {
        assert_eq!(with_above(state).unwrap_err(), types::refusal::RefusalCode::AccountSuspended, "{state}");
    }
}

#[test]
fn the_region_is_the_profiles_unless_the_account_has_its_own() {
    assert_eq!(World::new().plan().region.as_str(), "default");
    let in_eu = |w: &mut World| {
        let mut profile = Profile::default();
        profile.operator.region = Region::parse("eu").unwrap();
        w.snapshot.profile = Arc::new(profile);
    };
    assert_eq!(with(in_eu).unwrap().region.as_str(), "eu");
    let own = with(|w| (in_eu(w), w.account.region = Region::parse("us-1").ok()).1);
    assert_eq!(own.unwrap().region.as_str(), "us-1");
}
