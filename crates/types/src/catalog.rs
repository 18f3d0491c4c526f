//! Configuration documents: suppliers, connectors, routes, networks, price books.
//!
//! They are documents, so they derive `serde`, and unknown keys are refused. The whole set of
//! suppliers, connectors, routes and networks is one numbered version, so that a change can be
//! rolled back with one command.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::money::Unit;

pub mod secrets;

/// The most connectors of an installation.
pub const CONNECTORS_MAX: usize = 1_000;
/// The most routes of an installation.
pub const ROUTES_MAX: usize = 10_000;

/// Suppliers, connectors, routes and networks: one numbered version of how traffic goes out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrafficDocument {
    /// Companies that carry traffic for us.
    #[serde(default)]
    pub supplier: Vec<Supplier>,
    /// Configured links to suppliers and channels.
    #[serde(default)]
    pub connector: Vec<Connector>,
    /// Which connectors a message may take.
    #[serde(default)]
    pub route: Vec<Route>,
    /// Number ranges and the networks that they belong to.
    #[serde(default)]
    pub network: Vec<NetworkRange>,
    /// Where senders need to be approved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sender_rule: Vec<SenderRule>,
    /// Where texts need to be from approved templates; the first that holds counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub template_rule: Vec<TemplateRule>,
    /// Where texts need a signature; the first that holds counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signature_rule: Vec<SignatureRule>,
    /// Hours at which recipients are not disturbed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quiet_rule: Vec<QuietRule>,
}

/// Hours, on the clock where the recipient is, at which some messages are not sent. All rules that hold for a message
/// add up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietRule {
    /// ISO 3166-1 alpha-2 countries of the recipient; every country when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<OneOrMany>,
    /// `one_time`, `transactional` or `bulk`; when absent `bulk`, or every class where `traffic_type` is stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<OneOrMany>,
    /// The operator's own traffic types; every one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic_type: Option<OneOrMany>,
    /// When the hours begin, e.g. `21:00`.
    pub from: String,
    /// When they end, e.g. `08:00`; the same time as `from` for a whole day.
    pub to: String,
    /// The days on which they begin, `mon` to `sun`; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<Vec<String>>,
}

/// Whether texts of messages to some countries need to be from approved templates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateRule {
    /// ISO 3166-1 alpha-2 countries of the recipient; every country when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<OneOrMany>,
    /// Classes of messages; every class when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<OneOrMany>,
    /// Whether a text needs to be from a template that was approved for its account.
    pub approved_only: bool,
}

/// At which end of a text a signature stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignaturePlace {
    /// Before the text.
    #[default]
    Front,
    /// Behind the text.
    End,
}

/// Whether texts of messages to some countries need a signature, and how it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureRule {
    /// ISO 3166-1 alpha-2 countries of the recipient; every country when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<OneOrMany>,
    /// Classes of messages; every class when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<OneOrMany>,
    /// Whether a text needs a signature that was approved for its account.
    pub required: bool,
    /// Where it stands.
    #[serde(default)]
    pub place: SignaturePlace,
    /// What stands before it.
    #[serde(default = "opening_bracket")]
    pub before: String,
    /// What stands behind it.
    #[serde(default = "closing_bracket")]
    pub after: String,
}

/// How Chinese operators want signatures written.
fn opening_bracket() -> String {
    "【".to_owned()
}

fn closing_bracket() -> String {
    "】".to_owned()
}

/// Whether senders of messages to some countries need to be approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SenderRule {
    /// ISO 3166-1 alpha-2 countries of the recipient; every country that no other rule names when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<OneOrMany>,
    /// Whether a message needs a sender that was approved for its account.
    pub approved_only: bool,
}

/// A company that carries traffic for us.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supplier {
    /// Its name, unique.
    pub name: String,
    /// What it is paid in.
    pub currency: Unit,
    /// What it asks per part, by longest prefix.
    #[serde(default)]
    pub rate: Vec<PrefixPrice>,
    /// What makes a rate owed.
    #[serde(default, skip_serializing_if = "RateTriggerKey::is_default")]
    pub rate_trigger: RateTriggerKey,
    /// The zone of the dates in its receipts, e.g. `+02:00` or `Europe/Paris`; kept with each receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}

impl Supplier {
    /// A supplier without rates.
    pub fn new(name: &str, currency: Unit) -> Self {
        Self {
            name: name.to_owned(),
            currency,
            rate: Vec::new(),
            rate_trigger: RateTriggerKey::default(),
            timezone: None,
        }
    }
}

/// The document's word for [`crate::charge::CostTrigger`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateTriggerKey {
    /// That the supplier took the part.
    #[default]
    OnSubmit,
    /// A receipt that the part was delivered.
    OnDelivery,
}

impl RateTriggerKey {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A price per part for all numbers that begin with a prefix. The empty prefix holds for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrefixPrice {
    /// Digits from the country code on.
    pub prefix: String,
    /// Decimal string with at most six decimals.
    pub price: String,
}

/// A configured link to a supplier or channel. What the type alone understands stands in `options`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connector {
    /// Its name, unique.
    pub name: String,
    /// The supplier; defaults to one of the connector's own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplier: Option<String>,
    /// Which kind of link: the name of a module of `channels`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Switched off by a person: takes no traffic and keeps no link.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// The carrier's own error codes and what they mean: `transient`, `permanent`, `reroute` or
    /// `throttled`. Keys are a `command_status` (`0x0B`), an HTTP status, or `err:` and the code of
    /// a receipt (`err:034`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub error_codes: BTreeMap<String, String>,
    /// All other keys, read by the type.
    #[serde(flatten)]
    pub options: BTreeMap<String, serde_json::Value>,
}

impl Connector {
    /// A connector of a type, with nothing set.
    pub fn new(name: &str, kind: &str) -> Self {
        Self {
            name: name.to_owned(),
            supplier: None,
            kind: kind.to_owned(),
            disabled: false,
            error_codes: BTreeMap::new(),
            options: BTreeMap::new(),
        }
    }

    /// The name of the supplier.
    pub fn supplier_name(&self) -> &str {
        self.supplier.as_deref().unwrap_or(&self.name)
    }
}

/// One or several values of a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// A single value.
    One(String),
    /// Any of these.
    Many(Vec<String>),
}

impl OneOrMany {
    /// The values.
    pub fn values(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

/// A connector of a route: its name, or its name and weight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RouteLeg {
    /// Tried in the order of the list.
    Name(String),
    /// Shares traffic with its weighted neighbours.
    Weighted(WeightedLeg),
}

/// A connector with a share of the traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightedLeg {
    /// The connector.
    pub name: String,
    /// Its share among neighbours that state a weight; at least 1.
    pub weight: u32,
}

impl RouteLeg {
    /// The connector's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Weighted(leg) => &leg.name,
        }
    }

    /// The weight; zero for a leg that is tried in order.
    pub const fn weight(&self) -> u32 {
        match self {
            Self::Name(_) => 0,
            Self::Weighted(leg) => leg.weight,
        }
    }
}

/// Which connectors a message may take. All conditions that are stated must hold; the first route
/// by `order`, then by place in the document, wins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Its name, unique.
    pub name: String,
    /// The connectors.
    pub connectors: Vec<RouteLeg>,
    /// Lower goes first; 0 when not stated.
    #[serde(default)]
    pub order: i32,
    /// Names of accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<OneOrMany>,
    /// Leading digits of the recipient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<OneOrMany>,
    /// ISO 3166-1 alpha-2 country of the recipient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<OneOrMany>,
    /// Mobile country code of the recipient's network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcc: Option<OneOrMany>,
    /// Mobile network code, with its leading zeros.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mnc: Option<OneOrMany>,
    /// Sender, exact; a trailing `*` matches any rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<OneOrMany>,
    /// `one_time`, `transactional` or `bulk`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<OneOrMany>,
    /// The operator's own traffic type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic_type: Option<OneOrMany>,
    /// What to do when nobody knows whether the carrier has a message; defaults by class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_unknown: Option<String>,
    /// Ends told by a receipt after which the next connector is tried: any of `undelivered`,
    /// `rejected`, `expired`, `deleted`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reroute_on: Vec<String>,
    /// Seconds to wait for a receipt before the next connector is tried; none waits for the horizon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_patience_s: Option<u32>,
}

impl Route {
    /// A route over connectors that are tried in order, for every message.
    pub fn over(name: &str, connectors: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            connectors: connectors.iter().map(|name| RouteLeg::Name((*name).to_owned())).collect(),
            order: 0,
            account: None,
            prefix: None,
            country: None,
            mcc: None,
            mnc: None,
            sender: None,
            class: None,
            traffic_type: None,
            on_unknown: None,
            reroute_on: Vec::new(),
            receipt_patience_s: None,
        }
    }
}

/// Numbers that begin with a prefix belong to a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkRange {
    /// Digits from the country code on.
    pub prefix: String,
    /// Mobile country code and network code, e.g. `23410`.
    pub network: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

/// What an operator asks of its customers per part, by longest prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceBook {
    /// Its name, unique.
    pub name: String,
    /// What prices are in.
    pub unit: Unit,
    /// Prices per part.
    pub price: Vec<PrefixPrice>,
}
