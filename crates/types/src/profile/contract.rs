//! Sections about who the parties are and how they come together: operator, legal entities, terms and
//! notices, accounts, capabilities, applications.

use serde::{Deserialize, Serialize};

use crate::region::Region;
use crate::span::Span;

/// Who runs the installation (`[operator]`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OperatorSection {
    /// The name that customers see.
    pub brand: String,
    /// The registered name, where it differs from the brand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_name: Option<String>,
    /// Host names of the brand; `*.` in front means every sub-domain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
    /// Language of contract and notices, ISO 639-1; it prevails over translations.
    pub language: String,
    /// ISO 3166-1 alpha-2 of the law that governs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub governing_law: Option<String>,
    /// The court that decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub court: Option<String>,
    /// IANA time zone in which days begin and end.
    pub timezone: String,
    /// The region of all data that no account puts elsewhere, e.g. `eu`.
    pub region: Region,
}

impl Default for OperatorSection {
    fn default() -> Self {
        Self {
            brand: "Chappe".into(),
            legal_name: None,
            domains: Vec::new(),
            language: "en".into(),
            governing_law: None,
            court: None,
            timezone: "UTC".into(),
            region: Region::default(),
        }
    }
}

/// A company behind the brand (`[[legal_entity]]`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalEntity {
    /// A short name for it, unique.
    pub id: String,
    /// Its registered name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Its number in the register of companies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<String>,
    /// Its VAT number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vat: Option<String>,
    /// What it answers for; no two entities answer for the same.
    #[serde(rename = "for")]
    pub answers_for: Vec<Responsibility>,
}

/// What a legal entity answers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Responsibility {
    /// The contract with customers.
    Terms,
    /// Invoices and money.
    Invoices,
    /// Personal data.
    Privacy,
}

/// How the contract is made and changed (`[terms]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TermsSection {
    /// What counts as acceptance.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub acceptance: Vec<Acceptance>,
    /// Documents that are part of the contract; `name:*` means every document of that kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<String>,
    /// What a deviation for one customer needs.
    pub deviation: Deviation,
    /// Clauses that are shown in bold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub highlight: Vec<String>,
    /// Channels whose owners' own terms must be accepted too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channel_terms: Vec<String>,
    /// How long before it takes effect a change of terms is published; `notices.terms_material` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_notice: Option<Span>,
    /// How long a customer may object to a change; absent or `none`: who disagrees leaves.
    pub objection_window: Window,
}

/// What counts as acceptance of the terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acceptance {
    /// A click on "Agree".
    Click,
    /// Use of the service.
    Conduct,
    /// Use of the service, in the words of another operator.
    Use,
    /// The issue of user name and password.
    CredentialIssue,
    /// A signed order form.
    OrderForm,
    /// The confirmation of an order.
    OrderConfirmation,
    /// A quotation.
    Quotation,
}

/// What a deviation from the terms for one customer needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deviation {
    /// Consent in writing, given before.
    #[default]
    PriorWrittenConsent,
    /// A contract of its own.
    Contract,
}

/// A period that may be absent: `none`, or a span.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Window {
    /// There is none.
    #[default]
    None,
    /// This long.
    For(Span),
}

impl Window {
    /// The period, when there is one.
    pub const fn span(&self) -> Option<&Span> {
        match self {
            Self::None => None,
            Self::For(span) => Some(span),
        }
    }
}

impl TryFrom<String> for Window {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "none" | "unset" => Ok(Self::None),
            text => text
                .parse()
                .map(Self::For)
                .map_err(|error: crate::span::NotASpan| format!("{error}; or \"none\"")),
        }
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        match window {
            Window::None => "none".to_owned(),
            Window::For(span) => span.to_string(),
        }
    }
}

/// What is told beforehand, how and how long (`[notices]`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NoticesSection {
    /// Ways in which notices go out.
    pub channels: Vec<NoticeChannel>,
    /// When a notice counts as delivered.
    pub deemed: Deemed,
    /// Before a price changes.
    pub price_change: Span,
    /// Before terms change materially.
    pub terms_material: Span,
    /// Before technical specifications change.
    pub spec_change: Span,
    /// Before what was free costs something; `price_change` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trial_becomes_paid: Option<Span>,
    /// Before a function changes in a way that may interrupt service; `spec_change` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function_change: Option<Span>,
    /// Reasons that allow a shorter notice; the reason is kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exception_reasons: Vec<ExceptionReason>,
    /// How long after an event of force majeure it may be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force_majeure: Option<Span>,
}

impl Default for NoticesSection {
    fn default() -> Self {
        Self {
            channels: vec![NoticeChannel::Portal, NoticeChannel::EmailOwner],
            deemed: Deemed::WhenDelivered,
            price_change: Span::Days(30),
            terms_material: Span::Days(30),
            spec_change: Span::Days(30),
            trial_becomes_paid: None,
            function_change: None,
            exception_reasons: Vec::new(),
            force_majeure: None,
        }
    }
}

/// A way in which notices go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeChannel {
    /// In the console.
    Portal,
    /// By e-mail to the owner of the account.
    EmailOwner,
    /// By e-mail to everybody in the account.
    Email,
    /// On the public web site.
    Web,
    /// By SMS.
    Sms,
    /// By letter.
    Post,
}

/// When a notice counts as delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deemed {
    /// When a way of delivery says so.
    #[default]
    WhenDelivered,
    /// On the day on which it was delivered, from its beginning.
    DayOfDelivery,
}

/// A reason for a shorter notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionReason {
    /// The law forces the change.
    Law,
    /// A telecommunications provider forces it.
    TelecomProvider,
}

/// Whether something is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Demand {
    /// Not at all.
    #[default]
    None,
    /// Who wants to may.
    Optional,
    /// Everybody must.
    Required,
    /// Staff look at each one.
    ReviewRequired,
}

/// How people prove who they are (`[identity]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdentitySection {
    /// What a login is.
    pub login: Login,
    /// Whether a second factor is asked for.
    pub second_factor: Demand,
}

/// What a login is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Login {
    /// Address and password.
    #[default]
    Password,
}

/// What an account is and who may act in it (`[accounts]`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountsSection {
    /// Whether several people may use one account.
    pub multi_user: bool,
    /// Whether the administrator answers for the data of the users it invited.
    pub admin_answers_for_users: bool,
    /// Whether companies of the same group may use the account.
    pub affiliates: bool,
    /// Whether the service may be passed on to the customer's own end users.
    pub resale_to_end_users: bool,
    /// Whether the service itself may be sold on.
    pub resale: bool,
    /// What a transfer to somebody else needs.
    pub transfer: Transfer,
    /// Whose the account is.
    pub owned_by: Owner,
}

impl Default for AccountsSection {
    fn default() -> Self {
        Self {
            multi_user: true,
            admin_answers_for_users: false,
            affiliates: false,
            resale_to_end_users: true,
            resale: true,
            transfer: Transfer::BothWrittenConsents,
            owned_by: Owner::Customer,
        }
    }
}

/// What a transfer of an account needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transfer {
    /// Consent in writing of either side.
    #[default]
    BothWrittenConsents,
    /// A law or a ruling, and the operator's consent.
    LawOrRulingWithConsent,
    /// It cannot be transferred.
    Never,
}

/// Whose an account is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The customer's.
    #[default]
    Customer,
    /// The operator's; the customer may use it.
    Operator,
}

/// Countries that are not served (`[embargo]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EmbargoSection {
    /// ISO 3166-1 alpha-2.
    pub countries: Vec<String>,
    /// By what a country is known.
    pub check: Vec<EmbargoSignal>,
}

/// By what the country of a customer or a message is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmbargoSignal {
    /// What the customer states.
    SignupCountry,
    /// The country code of its number.
    PhonePrefix,
    /// Where the request comes from.
    SourceIp,
    /// Where the money comes from.
    PaymentCountry,
    /// Where the message goes.
    Destination,
}

/// A licence to use the platform (`[licence]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LicenceSection {
    /// Where the fee stands.
    pub fee: SpecificTerms,
    /// Where the term stands.
    pub term: SpecificTerms,
    /// Whether it may be given to somebody else.
    pub transferable: bool,
    /// What a sub-licence needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sublicence: Option<Deviation>,
}

/// Where a figure stands that the general terms leave open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpecificTerms {
    /// There is none.
    #[default]
    None,
    /// In the terms agreed with each customer.
    PerSpecificTerms,
}

/// What is offered and how it is opened (`[capabilities]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CapabilitiesSection {
    /// How one is opened for a customer.
    pub opening: CapabilityOpening,
    /// What there is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub offered: Vec<String>,
}

/// How a capability is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapabilityOpening {
    /// With the account.
    #[default]
    WithAccount,
    /// Each by itself, after a look by staff.
    PerCapabilityReview,
}

/// What customers' own applications must keep to (`[applications]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApplicationsSection {
    /// Whether it shows a privacy policy.
    pub privacy_policy: Demand,
    /// Whether its users can have their data deleted.
    pub user_deletion: Demand,
    /// What it may not collect.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forbidden_fields: Vec<String>,
    /// Whether data of one application stay in it.
    pub isolation: Isolation,
    /// Whether it may be shown for demonstration.
    pub showcase: bool,
}

/// How far data of an application go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// All applications of an account share them.
    #[default]
    PerAccount,
    /// They stay in the application.
    PerApplication,
}

/// What the shop sells (`[storefront]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StorefrontSection {
    /// Whether packs are put into a cart.
    pub cart: bool,
    /// Discounts for a time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub promotions: Vec<Promotion>,
}

/// A discount for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promotion {
    /// Its name.
    pub name: String,
    /// The largest part of the price that is let off, as a decimal fraction.
    pub max_discount: super::money::Fraction,
}
