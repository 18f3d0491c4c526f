//! Documents that read well and would do something else than they say.

use std::collections::BTreeMap;

use types::address::Addressing;
use types::catalog::{Connector, RateTriggerKey, Route, RouteLeg, Supplier, TrafficDocument, WeightedLeg};
use types::charge::CostTrigger;
use types::form::{CarrierAlphabet, Joining, Manner};
use types::id::ConnectorId;
use types::money::Unit;

use super::{ConnectorFacts, TrafficTable};

fn facts(id: i64) -> ConnectorFacts {
    ConnectorFacts {
        id: ConnectorId(id),
        manner: Manner { joining: Joining::Udh8, alphabet: CarrierAlphabet::Gsm7, octets: true },
        addressing: Addressing::default(),
        receipts: true,
        comes_back_as: None,
    }
}

fn compile(legs: Vec<RouteLeg>) -> Result<TrafficTable, String> {
    let connector = Connector::new("a", "smpp");
    let route = Route { connectors: legs, ..Route::over("r", &[]) };
    // The shell still knows "gone", because the number of a deleted connector is never reused.
    let known = BTreeMap::from([("a".to_owned(), facts(1)), ("gone".to_owned(), facts(2))]);
    let document =
        TrafficDocument { connector: vec![connector], route: vec![route], ..TrafficDocument::default() };
    TrafficTable::compile(1, &document, &known)
}

fn weighted(weight: u32) -> RouteLeg {
    RouteLeg::Weighted(WeightedLeg { name: "a".into(), weight })
}

#[test]
fn a_weight_of_zero_is_no_way_to_stop_traffic() {
    assert!(compile(vec![weighted(1)]).is_ok());
    assert!(compile(vec![weighted(0)]).unwrap_err().contains("weights begin at 1"));
}

#[test]
fn a_route_names_connectors_of_its_own_document() {
    assert!(compile(vec![RouteLeg::Name("a".into())]).is_ok());
    let refused = compile(vec![RouteLeg::Name("a".into()), RouteLeg::Name("gone".into())]);
    assert!(refused.unwrap_err().contains("no connector \"gone\""));
}

#[test]
fn a_supplier_says_what_makes_its_rates_owed_and_in_which_zone_it_writes() {
    let compile = |supplier: Supplier| {
        let document = TrafficDocument {
            supplier: vec![supplier],
            connector: vec![Connector::new("a", "smpp")],
            ..TrafficDocument::default()
        };
        let known = BTreeMap::from([("a".to_owned(), facts(1))]);
        TrafficTable::compile(1, &document, &known).map(|table| table.connectors[&ConnectorId(1)].clone())
    };
    let plain = compile(Supplier::new("a", Unit::EUR)).unwrap();
    assert_eq!((plain.rate_trigger, plain.zone.as_str()), (CostTrigger::OnSubmit, ""));
    for zone in ["+02:00", "Europe/Paris", "Etc/GMT-3"] {
        let trigger = RateTriggerKey::OnDelivery;
        let timezone = Some(zone.to_owned());
        let found = compile(Supplier { rate_trigger: trigger, timezone, ..Supplier::new("a", Unit::EUR) });
        let found = found.unwrap();
        assert_eq!((found.rate_trigger, found.zone.as_str()), (CostTrigger::OnDelivery, zone));
    }
    for zone in ["two hours", "Europe/Paris;", &"x".repeat(65)] {
        let timezone = Some(zone.to_owned());
        let refused = compile(Supplier { timezone, ..Supplier::new("a", Unit::EUR) }).unwrap_err();
        assert!(refused.contains("timezone"), "{refused}");
    }
}
