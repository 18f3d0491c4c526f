//! Documents that read well and would do something else than they say.

use std::collections::BTreeMap;

use types::catalog::{Connector, Route, RouteLeg, TrafficDocument, WeightedLeg};
use types::id::ConnectorId;

use super::{ConnectorFacts, TrafficTable};
use crate::route::Joining;

fn compile(legs: Vec<RouteLeg>) -> Result<TrafficTable, String> {
    let connector = Connector::new("a", "smpp");
    let route = Route { connectors: legs, ..Route::over("r", &[]) };
    let facts = |id| ConnectorFacts {
        id: ConnectorId(id),
        joining: Joining::Udh8,
        octets: true,
        receipts: true,
        comes_back_as: None,
    };
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
