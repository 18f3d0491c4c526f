//! Sections about data and what is owed for them: retention, residency, privacy, incidents, support,
//! liability, confidentiality.

use serde::{Deserialize, Serialize};

use super::contract::Demand;
use crate::money::Money;
use crate::span::Span;

/// How long a class of data is kept (`[[retention]]`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Which data.
    pub class: DataClass,
    /// They are deleted at the latest after this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Span>,
    /// They are kept at least this long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Span>,
    /// Who says how long, within that.
    #[serde(default)]
    pub set_by: SetBy,
    /// What happens at the end.
    #[serde(default)]
    pub then: AtEnd,
    /// What a request for deletion does besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_delete: Vec<OnDelete>,
}

/// A class of data with a clock of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataClass {
    /// What browsers tell.
    DeviceAndCookies,
    /// Accounting records with their documents.
    Accounting,
    /// Texts of messages.
    MessageContent,
    /// Numbers of end users.
    EndUserNumber,
    /// Who the customer is.
    AccountData,
    /// Recordings of calls.
    Recording,
}

/// Who says how long data are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetBy {
    /// The profile.
    #[default]
    Operator,
    /// The customer.
    Customer,
}

/// What happens to data at the end of their time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtEnd {
    /// They are deleted.
    #[default]
    Delete,
    /// What identifies anybody is taken out for good.
    Anonymise,
}

/// What a request for the deletion of account data does besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDelete {
    /// The service stops.
    StopService,
    /// The account is deleted.
    DeleteAccount,
    /// Debts stay owed.
    KeepDebts,
}

/// Where data of requests to a host are kept (`[[residency.endpoint]]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResidencySection {
    /// Hosts and their regions.
    pub endpoint: Vec<ResidencyEndpoint>,
}

/// One host and the region of what comes in by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResidencyEndpoint {
    /// The host name.
    pub host: String,
    /// ISO 3166-1 alpha-2 of the place, or a region of the installation.
    pub region: String,
}

/// A firm that handles personal data for the operator (`[[subprocessor]]`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subprocessor {
    /// Its name.
    pub name: String,
    /// What it does.
    pub purpose: String,
    /// Where it may be used.
    pub regions: Vec<String>,
    /// Features for whose users alone it may be used; none means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_for: Vec<String>,
}

/// Requests of persons (`[privacy]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrivacySection {
    /// Where questions and requests go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// What becomes of requests of end users.
    pub end_user_requests: EndUserRequests,
    /// What becomes of requests of users whom a customer invited.
    pub invited_user_requests: InvitedUserRequests,
    /// Whether evidence of consent may leave.
    pub consent_data_export: ConsentExport,
    /// Reasons for which a copy may be kept after a deletion.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keep_copy_for: Vec<String>,
}

/// What becomes of requests of end users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndUserRequests {
    /// The customer answers them.
    #[default]
    ForwardToCustomer,
    /// The operator acts on them.
    Act,
}

/// What becomes of requests of users whom a customer invited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitedUserRequests {
    /// The administrator of the account answers them.
    #[default]
    ForwardToAdmin,
}

/// Whether evidence of consent may leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentExport {
    /// It never does.
    #[default]
    Never,
}

/// What follows a breach of data (`[incident]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IncidentSection {
    /// When customers are told.
    pub notify_customer: Notify,
    /// How long the operator has to tell an authority, where it is the controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority_clock: Option<Span>,
}

/// When customers are told of a breach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notify {
    /// As soon as it is known.
    #[default]
    WithoutDelay,
}

/// What may be found out from traffic (`[analytics]`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnalyticsSection {
    /// From which data.
    pub scope: AnalyticsScope,
    /// The fewest customers or persons in a figure that is shown.
    pub min_group: u32,
    /// What it is for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
}

impl Default for AnalyticsSection {
    fn default() -> Self {
        Self { scope: AnalyticsScope::Anonymised, min_group: 50, examples: Vec::new() }
    }
}

/// From which data something may be found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnalyticsScope {
    /// What identifies nobody.
    #[default]
    Anonymised,
    /// All of them.
    Full,
}

/// How long what is confidential stays so after the end (`[confidentiality]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConfidentialitySection {
    /// How long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub survives: Option<Span>,
    /// What stays so for ever.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub never_ends: Vec<String>,
}

/// Support (`[support]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SupportSection {
    /// Where requests come in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub intake: Vec<String>,
    /// What becomes of requests of end users.
    pub end_users: EndUserSupport,
    /// Whether customers may have an account manager.
    pub account_manager: Demand,
}

/// What becomes of requests of end users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndUserSupport {
    /// They are sent on to the customer, politely.
    #[default]
    RefusePolitely,
    /// They are answered.
    Answer,
}

/// What a claim can reach (`[liability]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LiabilitySection {
    /// The most that is owed for a claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap: Option<LiabilityCap>,
}

/// The most that is owed for a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
pub enum LiabilityCap {
    /// The lowest of several.
    Min {
        /// What they are.
        of: Vec<CapTerm>,
    },
    /// The licence fee of the term before.
    LicenceFeeOfPrecedingTerm,
}

/// One of several limits of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CapTerm {
    /// What follows from what was paid.
    Fees(FeesPaid),
    /// An amount.
    Amount(Money),
}

/// What was paid in a period before the claim, top-ups included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeesPaid {
    /// In the fifteen days before.
    #[serde(rename = "fees_paid_last_15d")]
    Last15Days,
}

/// Complaints about content (`[complaints]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ComplaintsSection {
    /// From whom they are taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub intake: Vec<Complainant>,
}

/// Who may complain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Complainant {
    /// Somebody who got a message.
    EndUser,
    /// Anybody else.
    ThirdParty,
}

/// What is published (`[reports]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportsSection {
    /// Reports that everybody can see: `prices`, `status`, `coverage`, `subprocessors`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub public: Vec<String>,
}
