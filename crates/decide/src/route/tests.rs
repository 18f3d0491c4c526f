//! Routes by every condition, weights, and what makes a connector not eligible.

use std::collections::BTreeMap;

use types::address::Msisdn;
use types::catalog::{Connector, NetworkRange, OneOrMany, Route, RouteLeg, TrafficDocument, WeightedLeg};
use types::form::{CarrierAlphabet, Joining, Manner};
use types::id::ConnectorId;
use types::message::{Class, Content, Reason};
use types::network::{Country, Plmn};

use super::{Subject, choose, find_route};
use crate::snapshot::{ConnectorFacts, TrafficTable};

fn connector(name: &str) -> Connector {
    Connector::new(name, "smpp")
}

fn route(name: &str, legs: &[&str]) -> Route {
    Route::over(name, legs)
}

fn facts(id: i64, joining: Joining) -> ConnectorFacts {
    let manner = Manner { joining, alphabet: CarrierAlphabet::Gsm7, octets: true };
    let addressing = types::address::Addressing::default();
    ConnectorFacts { id: ConnectorId(id), manner, addressing, receipts: true, comes_back_as: None }
}

fn known() -> BTreeMap<String, ConnectorFacts> {
    [("a", Joining::Udh8), ("b", Joining::Udh16), ("c", Joining::Whole)]
        .into_iter()
        .zip(1..)
        .map(|((name, joining), id)| (name.to_owned(), facts(id, joining)))
        .collect()
}

fn table(routes: Vec<Route>) -> Result<TrafficTable, String> {
    let document = TrafficDocument {
        connector: ["a", "b", "c"].into_iter().map(connector).collect(),
        route: routes,
        network: vec![NetworkRange { prefix: "4479".into(), network: "23410".into(), country: "GB".into() }],
        ..TrafficDocument::default()
    };
    TrafficTable::compile(1, &document, &known())
}

fn subject() -> Subject<'static> {
    Subject {
        account: "demo",
        recipient: Msisdn::parse("447911123456").unwrap(),
        country: Country::parse("GB").unwrap(),
        network: Plmn::parse("23410"),
        sender: "ACME",
        class: Class::Transactional,
        traffic_type: "otp",
        parts: 1,
        spread: 1,
    }
}

#[test]
fn each_condition_decides() {
    let one = |value: &str| Some(OneOrMany::One(value.into()));
    let cases: Vec<(&str, Route, bool)> = vec![
        ("account", Route { account: one("demo"), ..route("r", &["a"]) }, true),
        ("account", Route { account: one("other"), ..route("r", &["a"]) }, false),
        ("prefix", Route { prefix: one("4479"), ..route("r", &["a"]) }, true),
        ("prefix", Route { prefix: one("4478"), ..route("r", &["a"]) }, false),
        ("country", Route { country: one("GB"), ..route("r", &["a"]) }, true),
        ("country", Route { country: one("FR"), ..route("r", &["a"]) }, false),
        ("mcc", Route { mcc: one("234"), ..route("r", &["a"]) }, true),
        ("mcc", Route { mcc: one("235"), ..route("r", &["a"]) }, false),
        ("mnc", Route { mnc: one("10"), ..route("r", &["a"]) }, true),
        ("mnc", Route { mnc: one("010"), ..route("r", &["a"]) }, false),
        ("sender", Route { sender: one("AC*"), ..route("r", &["a"]) }, true),
        ("sender", Route { sender: one("AC"), ..route("r", &["a"]) }, false),
        ("class", Route { class: one("transactional"), ..route("r", &["a"]) }, true),
        ("class", Route { class: one("bulk"), ..route("r", &["a"]) }, false),
        ("traffic_type", Route { traffic_type: one("otp"), ..route("r", &["a"]) }, true),
        ("traffic_type", Route { traffic_type: one("ads"), ..route("r", &["a"]) }, false),
    ];
    for (what, route, expected) in cases {
        let table = table(vec![route]).unwrap();
        assert_eq!(find_route(&table, &subject()).is_some(), expected, "{what}");
    }
}

#[test]
fn lower_order_goes_first() {
    let late = Route { order: 5, ..route("late", &["a"]) };
    let table = table(vec![late, route("first", &["b"])]).unwrap();
    assert_eq!(find_route(&table, &subject()).unwrap().name, "first");
}

#[test]
fn a_connector_that_needs_more_parts_is_passed_over() {
    let table = table(vec![route("r", &["b", "a", "c"])]).unwrap();
    let route = find_route(&table, &subject()).unwrap();
    let text = Content::Text("x".repeat(306));
    let choice = choose(&table, route, &Subject { parts: 2, ..subject() }, &text);
    assert_eq!(choice.legs, [ConnectorId(1), ConnectorId(3)]);
    assert_eq!(choice.passed_over, [(ConnectorId(2), Reason::NotEncodable)]);
}

/// What a carrier's default alphabet lacks may need more parts than were sold.
#[test]
fn a_connector_whose_alphabet_needs_more_parts_is_passed_over() {
    let mut known = known();
    known.get_mut("a").unwrap().manner.alphabet = CarrierAlphabet::Latin1;
    let document = TrafficDocument {
        connector: ["a", "b", "c"].into_iter().map(connector).collect(),
        route: vec![route("r", &["a", "c"])],
        ..TrafficDocument::default()
    };
    let table = TrafficTable::compile(1, &document, &known).unwrap();
    let route = find_route(&table, &subject()).unwrap();
    let euro = Content::Text(format!("{} 10 €", "x".repeat(100)));
    let choice = choose(&table, route, &subject(), &euro);
    assert_eq!((choice.legs, choice.passed_over[0].0), (vec![ConnectorId(3)], ConnectorId(1)));
    let plain = choose(&table, route, &subject(), &Content::Text("x".repeat(100)));
    assert_eq!(plain.legs, [ConnectorId(1), ConnectorId(3)]);
}

#[test]
fn weights_share_the_traffic() {
    let mut weighted = route("r", &[]);
    weighted.connectors = [("a", 3), ("b", 1)]
        .map(|(name, weight)| RouteLeg::Weighted(WeightedLeg { name: name.into(), weight }))
        .into_iter()
        .chain([RouteLeg::Name("c".into())])
        .collect();
    let table = table(vec![weighted]).unwrap();
    let route = find_route(&table, &subject()).unwrap();
    let text = Content::Text("x".into());
    let mut first = [0; 4];
    for spread in 0..4_000 {
        let choice = choose(&table, route, &Subject { spread, ..subject() }, &text);
        assert_eq!(choice.legs.last(), Some(&ConnectorId(3)));
        first[usize::try_from(choice.legs[0].0).unwrap()] += 1;
    }
    assert!((2_850..3_150).contains(&first[1]), "{first:?}");
}

#[test]
fn documents_that_cannot_work_are_refused_in_words() {
    let bad = |change: fn(&mut Route)| {
        let mut route = route("r", &["a"]);
        change(&mut route);
        table(vec![route]).unwrap_err()
    };
    assert!(bad(|r| r.connectors = vec![RouteLeg::Name("x".into())]).contains("no connector \"x\""));
    assert!(bad(|r| r.connectors.clear()).contains("names no connector"));
    assert!(bad(|r| r.on_unknown = Some("maybe".into())).contains("on_unknown"));
    assert!(bad(|r| r.reroute_on = vec!["delivered".into()]).contains("reroute_on"));
    assert!(bad(|r| r.prefix = Some(OneOrMany::One("+44".into()))).contains("+44"));
    assert!(table(vec![route("r", &["a"]), route("r", &["a"])]).unwrap_err().contains("twice"));
}

#[test]
fn a_table_that_leads_in_circles_is_refused() {
    let mut facts = known();
    facts.get_mut("a").unwrap().comes_back_as = Some("demo".into());
    let document = |route: Route| TrafficDocument {
        connector: ["a", "b", "c"].into_iter().map(connector).collect(),
        route: vec![route],
        ..TrafficDocument::default()
    };
    let any = TrafficTable::compile(1, &document(route("r", &["b", "a"])), &facts);
    assert!(any.unwrap_err().contains("demo → demo"));
    let other = Route { account: Some(OneOrMany::One("other".into())), ..route("r", &["a"]) };
    assert!(TrafficTable::compile(1, &document(other), &facts).is_ok());
}
