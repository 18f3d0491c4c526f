//! One immutable picture of everything that steers decisions: profile, prices and traffic, each
//! with its version. A half-applied configuration cannot exist, because it does not compile.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use types::address::{Addressing, Msisdn};
use types::catalog::{OneOrMany, RateTriggerKey, Route, RouteLeg, TrafficDocument};
use types::charge::{ChargeTrigger, CostTrigger};
use types::form::Manner;
use types::id::ConnectorId;
use types::message::{Class, State, UnknownPolicy};
use types::money::Unit;
use types::network::{Country, NetworkFact, NetworkSource, Plmn};
use types::profile::Profile;
use types::time::Timestamp;

use crate::loops::find_cycle;
use crate::prefix::{PrefixMap, parse_prefix};
use crate::price::{PriceTable, compile_prices};
use crate::quiet::QuietRules;
use crate::route::Offer;
use crate::sender::SenderRules;
use crate::wording::WordingRules;

/// Characters of a time zone's name.
const ZONE_LENGTH_MAX: usize = 64;

/// Everything that steers decisions.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The version of the profile.
    pub profile_version: u32,
    /// The profile.
    pub profile: Arc<Profile>,
    /// Prices.
    pub prices: Arc<PriceTable>,
    /// Connectors and routes.
    pub traffic: Arc<TrafficTable>,
}

impl Snapshot {
    /// What makes a hold a charge, by the profile.
    pub fn trigger(&self) -> ChargeTrigger {
        self.profile.charging.trigger.of_message()
    }
}

/// What the shell knows of a connector besides its document.
#[derive(Clone, Debug)]
pub struct ConnectorFacts {
    /// Its number.
    pub id: ConnectorId,
    /// In which form it takes messages.
    pub manner: Manner,
    /// How it asks addresses to be stated.
    pub addressing: Addressing,
    /// Whether receipts come.
    pub receipts: bool,
    /// The account that it comes back in as, when it leads to this installation.
    pub comes_back_as: Option<String>,
}

/// Connectors and routes of one version, ready for decisions.
#[derive(Clone, Debug, Default)]
pub struct TrafficTable {
    /// The version.
    pub version: u32,
    /// The document that it was made of.
    pub document: TrafficDocument,
    /// Routes in the order in which they are asked.
    pub routes: Vec<CompiledRoute>,
    /// Connectors by number.
    pub connectors: HashMap<ConnectorId, CompiledConnector>,
    networks: PrefixMap<(Plmn, Country)>,
    /// Where senders need to be approved.
    pub sender_rules: SenderRules,
    /// Hours at which recipients are not disturbed.
    pub quiet_rules: QuietRules,
    /// What texts need.
    pub wording_rules: WordingRules,
}

/// A connector, ready for decisions.
#[derive(Clone, Debug)]
pub struct CompiledConnector {
    /// Its name.
    pub name: String,
    /// Its supplier's name.
    pub supplier: String,
    /// Switched off by a person.
    pub disabled: bool,
    /// What it can carry.
    pub offer: Offer,
    /// What the supplier is paid in.
    pub currency: Unit,
    /// What the supplier asks per part.
    pub rates: PrefixMap<i64>,
    /// What makes a rate owed.
    pub rate_trigger: CostTrigger,
    /// The zone of the dates in its receipts, as the supplier's entry has it; empty when it has none.
    pub zone: String,
    /// Receipt errors after which another connector is tried, from `error_codes` (`err:…`).
    pub reroute_errors: BTreeSet<String>,
    /// The account that it comes back in as.
    pub comes_back_as: Option<String>,
}

/// A route, ready for decisions.
#[derive(Clone, Debug)]
pub struct CompiledRoute {
    /// Its place in the document.
    pub index: u16,
    /// Its name.
    pub name: String,
    /// Connectors with their weights; zero for one that is tried in order.
    pub legs: Vec<(ConnectorId, u32)>,
    /// Conditions.
    pub when: Conditions,
    /// What to do about unknown outcomes; `None` decides by class.
    pub on_unknown: Option<UnknownPolicy>,
    /// Ends after which the next connector is tried.
    pub reroute_on: Vec<State>,
    /// Milliseconds to wait for a receipt before the next connector is tried.
    pub patience_ms: Option<i64>,
}

/// Conditions of a route; an empty list holds always.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// Names of accounts.
    pub accounts: Vec<String>,
    /// Leading digits: count and value.
    pub prefixes: Vec<(u8, u64)>,
    /// Countries.
    pub countries: Vec<Country>,
    /// Mobile country codes.
    pub mccs: Vec<String>,
    /// Mobile network codes.
    pub mncs: Vec<String>,
    /// Senders; a trailing `*` matches any rest.
    pub senders: Vec<String>,
    /// Classes.
    pub classes: Vec<Class>,
    /// Traffic types.
    pub traffic_types: Vec<String>,
}

impl TrafficTable {
    /// Compiles a document. `facts` tells, by connector name, what the shell knows.
    ///
    /// # Errors
    /// A sentence that names what cannot be used and why.
    pub fn compile(
        version: u32,
        document: &TrafficDocument,
        facts: &BTreeMap<String, ConnectorFacts>,
    ) -> Result<Self, String> {
        check_limits(document)?;
        let mut connectors = HashMap::new();
        for connector in &document.connector {
            let known = facts.get(&connector.name);
            let known = known.ok_or_else(|| format!("connector {:?} has no number yet", connector.name))?;
            if connectors.insert(known.id, compile_connector(document, connector, known)?).is_some() {
                return Err(format!("connector {:?} stands twice", connector.name));
            }
        }
        let mut routes = Vec::new();
        let mut names = BTreeSet::new();
        for (index, route) in document.route.iter().enumerate() {
            if !names.insert(&route.name) {
                return Err(format!("route {:?} stands twice", route.name));
            }
            let index = u16::try_from(index).unwrap_or(u16::MAX);
            routes.push((
                route.order,
                compile_route(index, route, facts, &connectors)
                    .map_err(|e| format!("route {:?}: {e}", route.name))?,
            ));
        }
        routes.sort_by_key(|(order, route)| (*order, route.index));
        let routes = routes.into_iter().map(|(_, route)| route).collect();
        let networks = compile_networks(document)?;
        let sender_rules = SenderRules::compile(&document.sender_rule)?;
        let quiet_rules = QuietRules::compile(&document.quiet_rule)?;
        let wording_rules = WordingRules::compile(&document.template_rule, &document.signature_rule)?;
        let document = document.clone();
        let table = Self {
            version,
            document,
            routes,
            connectors,
            networks,
            sender_rules,
            quiet_rules,
            wording_rules,
        };
        table.refuse_loops()?;
        Ok(table)
    }

    /// The network of a number by the operator's ranges, as looked up at `now`.
    pub fn network_of(&self, number: Msisdn, now: Timestamp) -> Option<(NetworkFact, Country)> {
        let (_, (plmn, country)) = self.networks.get(number)?;
        let fact = NetworkFact {
            plmn: *plmn,
            source: NetworkSource::RangeTable,
            data_version: self.version,
            ported: None,
            checked_at: now,
        };
        Some((fact, *country))
    }

    /// A connector's number by its name.
    pub fn connector_id(&self, name: &str) -> Option<ConnectorId> {
        self.connectors.iter().find(|(_, connector)| connector.name == name).map(|(id, _)| *id)
    }

    /// Refuses a table in which traffic of an account would come back to it. Routes without a
    /// condition on accounts hold for every account that traffic can come back as.
    fn refuse_loops(&self) -> Result<(), String> {
        let returning: BTreeSet<&String> =
            self.connectors.values().filter_map(|connector| connector.comes_back_as.as_ref()).collect();
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for route in &self.routes {
            let from: Vec<&String> = if route.when.accounts.is_empty() {
                returning.iter().copied().collect()
            } else {
                route.when.accounts.iter().collect()
            };
            for (leg, _) in &route.legs {
                let back =
                    self.connectors.get(leg).filter(|c| !c.disabled).and_then(|c| c.comes_back_as.as_ref());
                for (account, back) in
                    from.iter().zip(std::iter::repeat(back)).filter_map(|(a, b)| b.map(|b| (a, b)))
                {
                    edges.entry((*account).clone()).or_default().insert(back.clone());
                }
            }
        }
        match find_cycle(&edges) {
            None => Ok(()),
            Some(cycle) => Err(format!(
                "traffic would go round in circles between the accounts {}: a connector leads back to this \
                 installation; give the route a condition on the account, or remove the connector from it",
                cycle.join(" → ")
            )),
        }
    }
}

fn check_limits(document: &TrafficDocument) -> Result<(), String> {
    use types::catalog::{CONNECTORS_MAX, ROUTES_MAX};
    if document.connector.len() > CONNECTORS_MAX {
        return Err(format!("there are more than {CONNECTORS_MAX} connectors"));
    }
    if document.route.len() > ROUTES_MAX {
        return Err(format!("there are more than {ROUTES_MAX} routes"));
    }
    Ok(())
}

fn compile_connector(
    document: &TrafficDocument,
    connector: &types::catalog::Connector,
    facts: &ConnectorFacts,
) -> Result<CompiledConnector, String> {
    let supplier_name = connector.supplier_name();
    let supplier = document.supplier.iter().find(|supplier| supplier.name == supplier_name);
    if supplier.is_none() && connector.supplier.is_some() {
        return Err(format!(
            "connector {:?} names the supplier {supplier_name:?}, which is not in the document",
            connector.name
        ));
    }
    let rates = match supplier {
        Some(supplier) => {
            compile_prices(&supplier.rate).map_err(|e| format!("supplier {supplier_name:?}: {e}"))?
        }
        None => PrefixMap::default(),
    };
    let rate_trigger = match supplier.map(|supplier| supplier.rate_trigger).unwrap_or_default() {
        RateTriggerKey::OnSubmit => CostTrigger::OnSubmit,
        RateTriggerKey::OnDelivery => CostTrigger::OnDelivery,
    };
    let zone = supplier.and_then(|supplier| supplier.timezone.clone()).unwrap_or_default();
    check_zone(&zone).map_err(|e| format!("supplier {supplier_name:?}: {e}"))?;
    let reroute_errors = connector.error_codes.iter().filter(|(_, means)| *means == "reroute");
    let reroute_errors =
        reroute_errors.filter_map(|(code, _)| code.strip_prefix("err:")).map(str::to_owned).collect();
    Ok(CompiledConnector {
        name: connector.name.clone(),
        supplier: supplier_name.to_owned(),
        disabled: connector.disabled,
        offer: Offer { manner: facts.manner, addressing: facts.addressing, receipts: facts.receipts },
        currency: supplier.map_or(Unit::EUR, |supplier| supplier.currency),
        rates,
        rate_trigger,
        zone,
        reroute_errors,
        comes_back_as: facts.comes_back_as.clone(),
    })
}

/// A zone is an offset from UTC or a name of the IANA list, by its shape; empty for none.
fn check_zone(zone: &str) -> Result<(), String> {
    let lawful = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '_' | '/' | ':');
    if zone.len() <= ZONE_LENGTH_MAX && zone.chars().all(lawful) {
        return Ok(());
    }
    Err(format!(
        "timezone {zone:?} must be an offset or a name of the IANA list, such as +02:00 or Europe/Paris"
    ))
}

fn compile_route(
    index: u16,
    route: &Route,
    facts: &BTreeMap<String, ConnectorFacts>,
    connectors: &HashMap<ConnectorId, CompiledConnector>,
) -> Result<CompiledRoute, String> {
    let mut legs: Vec<(ConnectorId, u32)> = Vec::new();
    for leg in &route.connectors {
        let name = leg.name();
        // The shell may still know a connector that the document no longer has.
        let known = facts.get(name).filter(|known| connectors.contains_key(&known.id));
        let known = known.ok_or_else(|| format!("there is no connector {name:?}"))?;
        if legs.iter().any(|(id, _)| *id == known.id) {
            return Err(format!("connector {name:?} stands twice"));
        }
        // A weight of zero would read as "in order" and take all traffic rather than none.
        if matches!(leg, RouteLeg::Weighted(weighted) if weighted.weight == 0) {
            return Err(format!("connector {name:?} has the weight 0; weights begin at 1"));
        }
        legs.push((known.id, leg.weight()));
    }
    if legs.is_empty() {
        return Err("it names no connector".into());
    }
    let on_unknown = match &route.on_unknown {
        None => None,
        Some(text) => Some(UnknownPolicy::parse(text).ok_or_else(|| {
            format!("on_unknown {text:?} must be prefer_no_duplicate, prefer_delivery or ask_peer")
        })?),
    };
    let reroute_on = route.reroute_on.iter().map(|text| match State::parse(text) {
        Some(state @ (State::Undelivered | State::Rejected | State::Expired | State::Deleted)) => Ok(state),
        _ => Err(format!("reroute_on {text:?} must be undelivered, rejected, expired or deleted")),
    });
    Ok(CompiledRoute {
        index,
        name: route.name.clone(),
        legs,
        when: compile_conditions(route)?,
        on_unknown,
        reroute_on: reroute_on.collect::<Result<_, _>>()?,
        patience_ms: route.receipt_patience_s.map(|seconds| i64::from(seconds) * 1_000),
    })
}

fn compile_conditions(route: &Route) -> Result<Conditions, String> {
    let words = |values: &Option<OneOrMany>| -> Vec<String> {
        values.as_ref().map(|v| v.values().to_vec()).unwrap_or_default()
    };
    let prefixes = words(&route.prefix).iter().map(|text| parse_prefix(text)).collect::<Result<_, _>>()?;
    let countries = words(&route.country)
        .iter()
        .map(|text| Country::parse(text).ok_or_else(|| format!("country {text:?} must be two letters")))
        .collect::<Result<_, _>>()?;
    let classes = words(&route.class)
        .iter()
        .map(|text| {
            Class::parse(text)
                .ok_or_else(|| format!("class {text:?} must be one_time, transactional or bulk"))
        })
        .collect::<Result<_, _>>()?;
    Ok(Conditions {
        accounts: words(&route.account),
        prefixes,
        countries,
        mccs: words(&route.mcc),
        mncs: words(&route.mnc),
        senders: words(&route.sender),
        classes,
        traffic_types: words(&route.traffic_type),
    })
}

fn compile_networks(document: &TrafficDocument) -> Result<PrefixMap<(Plmn, Country)>, String> {
    let mut map = PrefixMap::default();
    for range in &document.network {
        let plmn = Plmn::parse(&range.network)
            .ok_or_else(|| format!("network {:?} must be five or six digits, e.g. 23410", range.network))?;
        let country = Country::parse(&range.country).ok_or_else(|| {
            format!("country {:?} of network {:?} must be two letters", range.country, range.network)
        })?;
        map.insert(&range.prefix, (plmn, country))?;
    }
    Ok(map)
}

#[cfg(test)]
mod tests;
