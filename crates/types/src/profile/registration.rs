//! The section about who may become a customer: `[registration]`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::contract::Demand;
use crate::span::Span;

/// Who may register and what is checked (`[registration]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegistrationSection {
    /// What the form asks for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// What is proved before the account exists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verify: Vec<Proof>,
    /// Who opens the account.
    pub open: Opening,
    /// What the first messages carry.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub welcome: Vec<String>,
    /// Kinds of customers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub account_kinds: Vec<AccountKind>,
    /// Whom one registration stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_per: Option<OnePer>,
    /// Whether a registration may be refused without telling why.
    pub refuse_without_reason: bool,
    /// What capacity a customer must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
    /// Whether the real name must be proved.
    pub real_name: Demand,
    /// What people look at before an account opens.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub review: Vec<String>,
    /// How current registration data must be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_current: Option<KeepCurrent>,
    /// By what a banned customer is known again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ban_list: Vec<String>,
    /// Papers that are asked for on demand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kyc_on_demand: Option<KycOnDemand>,
    /// A demonstration account for everybody who registers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub demo_account: Option<DemoAccount>,
}

/// What is proved at registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The mobile number, by a code.
    Mobile,
    /// The address, by a link.
    Email,
}

/// Who opens an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opening {
    /// Staff, after a look.
    #[default]
    Reviewed,
    /// The platform, once everything is proved.
    Automatic,
}

/// A kind of customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// A natural person.
    Individual,
    /// A company.
    Company,
}

/// Whom one registration stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnePer {
    /// One person or one legal entity.
    PersonOrLegalEntity,
}

/// What capacity a customer must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capacity {
    /// Full capacity under civil law.
    FullCivil,
}

/// How current registration data must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeepCurrent {
    /// After a change, it must be told within this.
    pub within: Span,
    /// What happens otherwise.
    pub on_stale: StaleAction,
}

/// What happens when registration data were not brought up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaleAction {
    /// The service stops.
    StopService,
}

/// Papers that are asked for on demand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KycOnDemand {
    /// Of a person.
    pub individual: Vec<String>,
    /// Of a company.
    pub enterprise: Vec<String>,
    /// What makes somebody ask.
    pub triggers: Vec<String>,
}

/// A demonstration account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DemoAccount {
    /// Whether everybody gets one.
    pub enabled: bool,
    /// Credits by their unit.
    pub credits: BTreeMap<String, u32>,
}
