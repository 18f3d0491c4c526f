//! Sections about traffic: channels, content, consent, fraud, voice and the queue.

use serde::{Deserialize, Serialize};

use super::contract::Demand;
use crate::span::Span;

/// Which channels there are (`[channels]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChannelsSection {
    /// Channels and services that customers can use; none means SMS.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub enabled: Vec<String>,
    /// Doors by which requests come in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ingress: Vec<Ingress>,
    /// Which ways messages go.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub directions: Vec<Direction>,
    /// The operator's own classes of traffic; a message must name one of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub traffic_classes: Vec<String>,
    /// By what bulk traffic is slowed down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bulk_throttle: Option<BulkThrottle>,
}

/// A door by which requests come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ingress {
    /// HTTP.
    Http,
    /// SMPP.
    Smpp,
}

/// Which way messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To phones.
    Send,
    /// From phones.
    Receive,
}

/// By what bulk traffic is slowed down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkThrottle {
    /// Each account has a pace of its own.
    PerAccount,
}

/// What is looked at in messages (`[content]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContentSection {
    /// By whom.
    pub inspection: Inspection,
    /// Whether unsolicited messages are forbidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spam: Option<Spam>,
    /// Kinds of content that are refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forbid: Vec<String>,
    /// A versioned list of what is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_pack: Option<String>,
    /// Whether staff may refuse what no list names.
    pub operator_judgement: bool,
    /// Whether templates are looked at before use.
    pub templates: Demand,
    /// Whether signatures are looked at before use.
    pub signature: Demand,
}

/// By whom content is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inspection {
    /// By nobody.
    #[default]
    None,
    /// By the platform.
    Automated,
    /// By the platform and by people.
    AutomatedAndHuman,
}

/// What is done about unsolicited messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spam {
    /// They are forbidden.
    Forbidden,
}

/// Who may be written to (`[consent]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsentSection {
    /// Whether every recipient must have agreed.
    pub opt_in_required: bool,
    /// Whose "stop" holds where.
    pub suppression: Suppression,
    /// Whether a recipient is protected from too many messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_cap: Option<FrequencyCap>,
    /// Channels on which each recipient needs a recorded basis.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub per_recipient_basis_for: Vec<String>,
}

/// Whose "stop" holds where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suppression {
    /// In the account to which it was said.
    #[default]
    Account,
    /// There, and for everybody where the operator says so.
    AccountAndOperator,
}

/// How a recipient is protected from too many messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrequencyCap {
    /// By a number of messages in a time.
    PerRecipient,
}

/// Signs of fraud (`[fraud]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FraudSection {
    /// Whether an account is stopped at once at the first sign.
    pub stop_at_once: bool,
}

/// Rules of calls (`[voice]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VoiceSection {
    /// Whether a call must state its true origin.
    pub origin_information: Demand,
    /// What answers a missing or false origin.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bad_origin: Vec<BadOrigin>,
    /// What is done about mass calls to sales numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sales_numbers: Option<SalesNumbers>,
    /// How fraud is stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fraud_stop: Option<FraudStop>,
}

/// What answers a missing or false origin of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadOrigin {
    /// It costs more.
    Surcharge,
    /// The line is cut.
    Disconnect,
}

/// What is done about mass calls to sales numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SalesNumbers {
    /// They are stopped.
    BlockLargeScale,
}

/// How fraud is stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FraudStop {
    /// How long before the customer is told.
    pub notice: Span,
    /// What stops.
    pub scope: StopScope,
}

/// What stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopScope {
    /// All communication.
    All,
}

/// How much may wait to be sent before the door refuses more. Zero lifts a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueueSection {
    /// Messages of all accounts. Bulk may fill nine tenths of it, transactional messages nineteen
    /// twentieths, one-time codes all of it.
    pub messages: u64,
    /// Octets of their contents, 140 to a part; shared in the same way.
    pub octets: u64,
    /// Messages of one account.
    pub account_messages: u64,
    /// Octets of one account.
    pub account_octets: u64,
    /// Seconds that an account's oldest message may have been waiting for its turn.
    pub account_age_s: u32,
}

impl Default for QueueSection {
    fn default() -> Self {
        Self {
            messages: 10_000_000,
            octets: 4_000_000_000,
            account_messages: 5_000_000,
            account_octets: 2_000_000_000,
            account_age_s: 36_000,
        }
    }
}
