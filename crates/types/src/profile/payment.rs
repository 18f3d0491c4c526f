//! Sections about how money comes in: rates between currencies, tax, ways to pay in, invoices, chargebacks.

use serde::{Deserialize, Serialize};

use super::money::Fraction;
use crate::money::Unit;
use crate::span::Span;

/// Where rates between currencies come from (`[fx]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FxSection {
    /// The source of rates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The source when that cannot be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// How long a quote holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote_valid: Option<Span>,
    /// Which way what is credited is rounded.
    pub round_credit: RoundCredit,
}

/// Which way what is credited is rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundCredit {
    /// Towards less credit.
    #[default]
    Down,
    /// Half away from zero.
    Nearest,
}

/// Taxes (`[tax]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TaxSection {
    /// Whether prices have taxes in them.
    pub prices: TaxInPrices,
    /// When tax is due.
    pub point: TaxPoint,
    /// How a customer is exempted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exemption: Option<Exemption>,
}

/// Whether prices have taxes in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxInPrices {
    /// Taxes, surcharges and fees are lines of their own.
    #[default]
    Exclusive,
    /// Prices are what is paid.
    Inclusive,
}

/// When tax on prepaid value is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxPoint {
    /// When the service is used.
    #[default]
    Usage,
    /// When it is paid in.
    Topup,
}

/// How a customer is exempted from tax.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exemption {
    /// What it gives.
    pub document: String,
    /// Who approves it.
    pub approver: String,
    /// Numbers that it must give.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
}

/// One way to pay in (`[topup.<name>]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TopupSection {
    /// The currency in which amounts are offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub menu_currency: Option<Unit>,
    /// Whether a card is taken without an account at the payment firm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guest_card: Option<bool>,
    /// Whether an invoice is written for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice: Option<bool>,
    /// What the payment firm takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fee: Option<TopupFee>,
    /// Where a customer asks for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_via: Vec<String>,
    /// How much is credited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit: Option<TopupCredit>,
    /// The form of the bank's statements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconcile: Option<String>,
    /// The payment firm's product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// How calls are signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign: Option<String>,
    /// Where the key is kept; never the key itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<KeyReference>,
}

/// What a payment firm takes of a top-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopupFee {
    /// What it is a part of.
    pub kind: FeeKind,
    /// How large a part.
    pub value: Fraction,
    /// Whether the customer bears it.
    pub pass_to_customer: bool,
}

/// What a fee is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeKind {
    /// Of all that was paid.
    PercentOfGross,
}

/// How much a top-up credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TopupCredit {
    /// What arrived.
    AmountReceived,
    /// What was invoiced.
    AmountInvoiced,
}

/// Where a key is kept: `ref:` and a path. A text that is no reference is refused, so that no key ever
/// stands in a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyReference(String);

impl TryFrom<String> for KeyReference {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let path = text.strip_prefix("ref:").unwrap_or_default();
        if path.is_empty() {
            return Err(
                "a profile holds no secrets; name where the key is kept, e.g. \"ref:paypal/live\"".into()
            );
        }
        Ok(Self(text))
    }
}

impl From<KeyReference> for String {
    fn from(reference: KeyReference) -> Self {
        reference.0
    }
}

/// Invoices (`[invoice]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InvoiceSection {
    /// The form of electronic invoices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e_invoice: Option<String>,
    /// How often bills are written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<Span>,
}

/// What a card chargeback does (`[chargeback]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChargebackSection {
    /// The state that it puts the customer into.
    pub state: ChargebackState,
    /// What may become of the account.
    pub account: ChargebackAccount,
}

/// The state into which a chargeback puts a customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargebackState {
    /// The money is disputed.
    #[default]
    Disputed,
    /// The customer is in default.
    Default,
}

/// What may become of an account after a chargeback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargebackAccount {
    /// It is suspended until the dispute is decided.
    #[default]
    Suspend,
    /// Staff may close it.
    MayClose,
}
