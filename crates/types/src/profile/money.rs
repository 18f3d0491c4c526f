//! Sections about value: charging, currencies, refunds, lots, units, penalties.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::charge::ChargeTrigger;
use crate::money::{Money, Unit};
use crate::span::Span;

use super::contract::Window;

/// A part of a whole between 0 and 1, as a decimal text with at most 6 places, e.g. `0.037`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fraction(u32);

impl Fraction {
    /// In millionths.
    pub const fn millionths(self) -> u32 {
        self.0
    }
}

impl TryFrom<String> for Fraction {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let refused =
            || format!("{text:?} is no part of a whole; write a decimal from 0 to 1, e.g. \"0.037\"");
        let (whole, places) = text.split_once('.').unwrap_or((&text, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(places) || places.len() > 6 {
            return Err(refused());
        }
        let millionths = format!("{whole}{places:0<6}").parse::<u32>().map_err(|_| refused())?;
        if millionths > 1_000_000 { Err(refused()) } else { Ok(Self(millionths)) }
    }
}

impl From<Fraction> for String {
    fn from(fraction: Fraction) -> Self {
        fraction.to_string()
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000);
        let short = text.trim_end_matches('0').trim_end_matches('.');
        f.write_str(short)
    }
}

/// How messages are charged (`[charging]`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChargingSection {
    /// Whether value must be there beforehand.
    pub mode: ChargingMode,
    /// What makes a message charged.
    pub trigger: TriggerKey,
    /// What proves that it was.
    pub evidence: Evidence,
    /// Whether a message that was acknowledged may be paid back on the customer's word.
    pub refund_accepted: bool,
    /// Whether traffic of misuse is charged too.
    pub bill_all_traffic: bool,
    /// What must have been paid in before a service works, by service: an amount, or `per_price_list`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub minimum_balance: BTreeMap<String, MinimumBalance>,
    /// Services that cost nothing and need no minimum.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub free_services: Vec<String>,
    /// When money that came in can be used.
    pub value_date: ValueDate,
    /// How a customer may pay after use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postpaid: Option<Postpaid>,
    /// How a dispute about a charge is decided.
    pub dispute: DisputeSection,
    /// Own faults for which credit is given back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credit_back: Vec<OwnFault>,
    /// When a low balance is told, and what happens at zero.
    pub low_balance: LowBalance,
}

impl Default for ChargingSection {
    fn default() -> Self {
        Self {
            mode: ChargingMode::Prepaid,
            trigger: TriggerKey::OnAccept,
            evidence: Evidence::Acknowledgement,
            refund_accepted: false,
            bill_all_traffic: false,
            minimum_balance: BTreeMap::new(),
            free_services: Vec::new(),
            value_date: ValueDate::Receipt,
            postpaid: None,
            dispute: DisputeSection::default(),
            credit_back: Vec::new(),
            low_balance: LowBalance::default(),
        }
    }
}

/// Whether value must be there beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargingMode {
    /// The balance must cover the price at acceptance.
    Prepaid,
}

/// What makes a message charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerKey {
    /// The positive acknowledgement.
    OnAccept,
    /// The carrier's acceptance: what the transmission log shows.
    #[serde(alias = "on_submit")]
    OnTransmit,
    /// Actual use of the service: of a message, that the carrier took it.
    OnUsage,
    /// The receipt of a delivery.
    OnDelivery,
}

impl TriggerKey {
    /// What it means for a message.
    pub const fn of_message(self) -> ChargeTrigger {
        match self {
            Self::OnAccept => ChargeTrigger::OnAccept,
            Self::OnTransmit | Self::OnUsage => ChargeTrigger::OnSubmit,
            Self::OnDelivery => ChargeTrigger::OnDelivery,
        }
    }
}

/// What proves a charge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The answer that was given to the request.
    #[default]
    Acknowledgement,
    /// The log of what was sent.
    TransmissionLog,
}

/// What must have been paid in before a service works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MinimumBalance {
    /// It stands in the price list.
    PerPriceList(PerPriceList),
    /// This much.
    Amount(Money),
}

/// The words for "it stands in the price list".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PerPriceList {
    /// It stands in the price list.
    PerPriceList,
}

/// When money that came in can be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueDate {
    /// On the day on which it was received.
    #[default]
    Receipt,
}

/// How a customer may pay after use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Postpaid {
    /// By a contract of its own.
    ByContract,
}

/// How a dispute about a charge is decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DisputeSection {
    /// Without anything new.
    pub default: DisputeDefault,
    /// What opens it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reopen_on: Option<ReopenOn>,
}

/// What holds in a dispute without anything new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeDefault {
    /// The log is right.
    #[default]
    LogStands,
}

/// What opens a decided dispute again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReopenOn {
    /// Proof of a technical fault.
    TechnicalEvidence,
}

/// A fault of the operator's own for which credit is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnFault {
    /// The platform sent what it should not have.
    ServerError,
}

/// When a low balance is told, and what happens at zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LowBalance {
    /// Parts of the last top-up, as percentages such as `20%`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warn_at: Vec<Percentage>,
    /// What happens at zero.
    pub at_zero: AtZero,
}

/// A whole percentage, as text: `20%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Percentage(u8);

impl Percentage {
    /// Hundredths of the whole, 0 to 100.
    pub const fn percent(self) -> u8 {
        self.0
    }
}

impl TryFrom<String> for Percentage {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number = text.strip_suffix('%').and_then(|number| number.parse::<u8>().ok());
        let refused = || format!("{text:?} is no percentage; write one from 0% to 100%");
        number.filter(|number| *number <= 100).map(Self).ok_or_else(refused)
    }
}

impl From<Percentage> for String {
    fn from(percentage: Percentage) -> Self {
        format!("{}%", percentage.0)
    }
}

/// What happens when the balance is used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtZero {
    /// What costs something is refused.
    #[default]
    Refuse,
    /// Sending is suspended until the next top-up.
    SuspendApi,
}

/// What balances are kept in (`[money]`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MoneySection {
    /// The unit of new accounts.
    pub account_currency: Unit,
    /// Decimals that prices are shown with, 2 to 6.
    pub price_scale: u8,
    /// Whether a balance may fall below zero.
    pub allow_negative: bool,
}

impl Default for MoneySection {
    fn default() -> Self {
        Self { account_currency: Unit::EUR, price_scale: 6, allow_negative: false }
    }
}

/// When a balance is paid back (`[refund]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RefundSection {
    /// Causes that give a right to it; none gives none.
    pub on: Vec<RefundCause>,
    /// How much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<RefundAmount>,
    /// How long it may take from the end of the contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
    /// Where it may go.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<String>,
}

/// A cause that gives a right to a refund of the balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundCause {
    /// The contract ends, whoever ends it.
    TerminationAnyCause,
    /// The operator ends it, other than for a breach.
    OperatorDissolves,
}

/// How much of a balance is paid back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundAmount {
    /// All of it.
    FullBalance,
    /// What is left of packages of SMS.
    SmsPackageBalance,
}

/// How long value lives (`[lots]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LotsSection {
    /// How long from its grant; `none` for ever.
    pub expires: Window,
    /// What prolongs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewal: Option<Renewal>,
    /// Which lot is spent first.
    pub spend_order: SpendOrder,
    /// Whether it bears interest.
    pub interest: bool,
    /// What holds for one unit instead (`[lots.unit.<name>]`).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unit: BTreeMap<String, LotTerms>,
}

impl LotsSection {
    /// How long a lot of this unit lives, and what prolongs it.
    pub fn of(&self, unit: Unit) -> (&Window, Option<&Renewal>) {
        let own = self.unit.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.as_str()));
        own.map_or((&self.expires, self.renewal.as_ref()), |(_, own)| (&own.expires, own.renewal.as_ref()))
    }
}

/// How long value of one unit lives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LotTerms {
    /// How long from its grant; `none` for ever.
    pub expires: Window,
    /// What prolongs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewal: Option<Renewal>,
}

/// What prolongs older lots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renewal {
    /// A top-up of at least one of these amounts, each in its own unit.
    pub when_topup_at_least: Vec<Money>,
    /// What it does.
    pub effect: RenewalEffect,
    /// Which lots it reaches.
    pub scope: RenewalScope,
}

/// What a renewal does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RenewalEffect {
    /// Older lots end with the new one.
    AlignToNewLot,
}

/// Which lots a renewal reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RenewalScope {
    /// Those of the same unit.
    SameUnit,
    /// All of the account.
    AllUnits,
}

/// Which lot is spent first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpendOrder {
    /// The one that ends first, then the oldest.
    #[default]
    SoonestExpiry,
}

/// A unit of the operator's own (`[units.<name>]`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitTerms {
    /// What it is.
    pub kind: UnitKind,
}

/// What a unit of the operator's own is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitKind {
    /// A credit: it buys a service and is no money.
    Credit,
    /// A package of a number of messages.
    Package,
}

/// Who bears penalties of operators (`[penalties]`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PenaltiesSection {
    /// Whether they are passed on to the customer, with their evidence.
    pub pass_to_customer: bool,
}
