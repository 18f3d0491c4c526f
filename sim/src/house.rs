//! The documents of the simulated house: prices, routes and the profile.

use types::catalog::{
    Connector, PrefixPrice, PriceBook, Route, RouteLeg, Supplier, TrafficDocument, WeightedLeg,
};
use types::money::Unit;
use types::profile::Profile;

use crate::chance::Chance;
use crate::channel::{KIND, connector_name};
use crate::plan::Plan;

pub(crate) fn profile(plan: &Plan) -> Profile {
    let mut profile = Profile::default();
    profile.charging.trigger = plan.trigger;
    profile
}

/// One price for everybody, in cents a part.
pub(crate) fn prices(cents: u64) -> Vec<PriceBook> {
    let price = vec![PrefixPrice { prefix: String::new(), price: format!("0.{cents:02}") }];
    vec![PriceBook { name: "standard".into(), unit: Unit::EUR, price }]
}

/// The routes: one over all carriers, in order.
pub(crate) fn traffic(plan: &Plan) -> TrafficDocument {
    let carriers = 0..usize::try_from(plan.connectors).unwrap_or(1);
    let connector = |carrier: usize| {
        let mut connector = Connector::new(&connector_name(carrier), KIND);
        connector.options.insert("carrier".into(), serde_json::Value::from(carrier));
        connector
    };
    let supplier = |carrier: usize| Supplier {
        rate: vec![PrefixPrice { prefix: String::new(), price: "0.01".into() }],
        ..Supplier::new(&connector_name(carrier), Unit::EUR)
    };
    let mut route = Route::over("all", &[]);
    route.connectors = carriers.clone().map(|carrier| RouteLeg::Name(connector_name(carrier))).collect();
    route.on_unknown = plan.on_unknown.map(str::to_owned);
    if plan.reroutes {
        route.reroute_on = vec!["undelivered".into(), "rejected".into()];
    }
    route.receipt_patience_s = plan.patience_s;
    TrafficDocument {
        supplier: carriers.clone().map(supplier).collect(),
        connector: carriers.map(connector).collect(),
        route: vec![route],
        ..TrafficDocument::default()
    }
}

/// The routes with something changed: the order, the shares, or a connector that is switched off.
pub(crate) fn changed_traffic(plan: &Plan, chance: &mut Chance) -> TrafficDocument {
    let mut document = traffic(plan);
    let count = document.connector.len();
    let place = usize::try_from(chance.below(plan.connectors)).unwrap_or(0);
    match chance.below(4) {
        0 => {
            let connector = document.connector.get_mut(place);
            if let Some(connector) = connector.filter(|_| count > 1 || chance.happens(200)) {
                connector.disabled = true;
            }
        }
        1 => {
            for route in &mut document.route {
                route.connectors.rotate_left(place);
            }
        }
        2 => {
            for route in &mut document.route {
                let weighted = |leg: &RouteLeg| WeightedLeg { name: leg.name().to_owned(), weight: 2 };
                route.connectors = route.connectors.iter().map(weighted).map(RouteLeg::Weighted).collect();
            }
        }
        // An option that the connector does not read opens it anew.
        _ => {
            if let Some(connector) = document.connector.get_mut(place) {
                connector.options.insert("version".into(), serde_json::Value::from(chance.next()));
            }
        }
    }
    document
}
