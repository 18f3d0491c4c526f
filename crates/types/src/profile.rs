//! The profile: how an operator states its policy, as one strict TOML document.
//!
//! Every key is typed, and a key that is absent takes the safest default. The sections are in the modules by
//! subject. A profile says what an operator wants; [`Profile::not_built`] says which of it this version does not
//! carry out, and `decide::terms` what follows from it over time. Start at [`Profile`].

pub mod contract;
pub mod data;
pub mod keys;
pub mod money;
pub mod payment;
pub mod registration;
pub mod time;
pub mod traffic;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::contract::{
    AccountsSection, ApplicationsSection, CapabilitiesSection, EmbargoSection, IdentitySection, LegalEntity,
    LicenceSection, StorefrontSection,
};
pub use self::contract::{NoticesSection, OperatorSection, TermsSection, Window};
use self::data::{
    AnalyticsSection, ComplaintsSection, ConfidentialitySection, IncidentSection, LiabilitySection,
    PrivacySection, ReportsSection, ResidencySection, Retention, Subprocessor, SupportSection,
};
pub use self::money::{ChargingMode, ChargingSection, MoneySection, TriggerKey};
use self::money::{LotsSection, PenaltiesSection, RefundSection, UnitTerms};
use self::payment::{ChargebackSection, FxSection, InvoiceSection, TaxSection, TopupSection};
use self::registration::RegistrationSection;
pub use self::time::{Action, AnchorKey, Exception, LifecycleRule, Mode, Requirement};
use self::time::{
    CalendarSection, LifecycleSection, MaintenanceSection, Sanctions, SuspensionSection, TerminationSection,
};
pub use self::traffic::QueueSection;
use self::traffic::{ChannelsSection, ConsentSection, ContentSection, FraudSection, VoiceSection};

/// The version of the schema that is read.
pub const SCHEMA: u32 = 1;

/// How an operator states its policy. Keys that are absent take the safest default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The version of this schema: 1.
    pub schema: Schema,
    /// Which rules of the operator's terms each key carries out: key to ids, e.g. `"refund.within" = ["PT-2.4b"]`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cites: BTreeMap<String, Vec<String>>,
    /// Who runs the installation.
    #[serde(default)]
    pub operator: OperatorSection,
    /// The companies behind the brand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub legal_entity: Vec<LegalEntity>,
    /// How the contract is made and changed.
    #[serde(default)]
    pub terms: TermsSection,
    /// What is told beforehand.
    #[serde(default)]
    pub notices: NoticesSection,
    /// Which days are working days.
    #[serde(default)]
    pub calendar: CalendarSection,
    /// Who may register.
    #[serde(default)]
    pub registration: RegistrationSection,
    /// How people prove who they are.
    #[serde(default)]
    pub identity: IdentitySection,
    /// What an account is.
    #[serde(default)]
    pub accounts: AccountsSection,
    /// Countries that are not served.
    #[serde(default)]
    pub embargo: EmbargoSection,
    /// Which channels there are.
    #[serde(default)]
    pub channels: ChannelsSection,
    /// How messages are charged.
    #[serde(default)]
    pub charging: ChargingSection,
    /// What balances are kept in.
    #[serde(default)]
    pub money: MoneySection,
    /// Where rates between currencies come from.
    #[serde(default)]
    pub fx: FxSection,
    /// Taxes.
    #[serde(default)]
    pub tax: TaxSection,
    /// Ways to pay in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub topup: BTreeMap<String, TopupSection>,
    /// When a balance is paid back.
    #[serde(default)]
    pub refund: RefundSection,
    /// How long value lives.
    #[serde(default)]
    pub lots: LotsSection,
    /// Units of the operator's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub units: BTreeMap<String, UnitTerms>,
    /// What happens to accounts that are not used.
    #[serde(default)]
    pub lifecycle: LifecycleSection,
    /// How the contract ends.
    #[serde(default)]
    pub termination: TerminationSection,
    /// When service is suspended.
    #[serde(default)]
    pub suspension: SuspensionSection,
    /// What may follow a violation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sanctions: Vec<Sanctions>,
    /// What is looked at in messages.
    #[serde(default)]
    pub content: ContentSection,
    /// Who may be written to.
    #[serde(default)]
    pub consent: ConsentSection,
    /// Signs of fraud.
    #[serde(default)]
    pub fraud: FraudSection,
    /// Rules of calls.
    #[serde(default)]
    pub voice: VoiceSection,
    /// How much may wait to be sent.
    #[serde(default)]
    pub queue: QueueSection,
    /// How long data are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retention: Vec<Retention>,
    /// Where data are kept.
    #[serde(default)]
    pub residency: ResidencySection,
    /// Firms that handle personal data for the operator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subprocessor: Vec<Subprocessor>,
    /// Requests of persons.
    #[serde(default)]
    pub privacy: PrivacySection,
    /// What follows a breach of data.
    #[serde(default)]
    pub incident: IncidentSection,
    /// What may be found out from traffic.
    #[serde(default)]
    pub analytics: AnalyticsSection,
    /// How long what is confidential stays so.
    #[serde(default)]
    pub confidentiality: ConfidentialitySection,
    /// Support.
    #[serde(default)]
    pub support: SupportSection,
    /// What a claim can reach.
    #[serde(default)]
    pub liability: LiabilitySection,
    /// Complaints about content.
    #[serde(default)]
    pub complaints: ComplaintsSection,
    /// What is published.
    #[serde(default)]
    pub reports: ReportsSection,
    /// Work on the platform that needs a pause.
    #[serde(default)]
    pub maintenance: MaintenanceSection,
    /// What is offered and how it is opened.
    #[serde(default)]
    pub capabilities: CapabilitiesSection,
    /// What customers' own applications must keep to.
    #[serde(default)]
    pub applications: ApplicationsSection,
    /// A licence to use the platform.
    #[serde(default)]
    pub licence: LicenceSection,
    /// What the shop sells.
    #[serde(default)]
    pub storefront: StorefrontSection,
    /// Invoices.
    #[serde(default)]
    pub invoice: InvoiceSection,
    /// What a card chargeback does.
    #[serde(default)]
    pub chargeback: ChargebackSection,
    /// Who bears penalties of operators.
    #[serde(default)]
    pub penalties: PenaltiesSection,
}

/// The version of the schema, as stated by a document: always [`SCHEMA`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Schema(u32);

impl Default for Schema {
    fn default() -> Self {
        Self(SCHEMA)
    }
}

impl TryFrom<u32> for Schema {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, String> {
        if number == SCHEMA {
            return Ok(Self(number));
        }
        Err(format!("schema {number} is not known; this version reads schema {SCHEMA}"))
    }
}

impl From<Schema> for u32 {
    fn from(schema: Schema) -> Self {
        schema.0
    }
}
