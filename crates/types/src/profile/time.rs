//! Sections about time: life-cycle rules, the end of the contract, suspension, sanctions, maintenance.

use serde::{Deserialize, Serialize};

use super::contract::Window;
use crate::span::{CalendarName, Span};

/// Which days are working days where nothing else is said (`[calendar]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CalendarSection {
    /// The calendar of the operator's own place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_days: Option<CalendarName>,
}

/// Life-cycle rules (`[lifecycle]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LifecycleSection {
    /// The rules, each with its own clock.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rule: Vec<LifecycleRule>,
}

/// What happens to an account when something has not happened for a while (`[[lifecycle.rule]]`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifecycleRule {
    /// Its name, unique.
    pub id: String,
    /// The rule of the terms that it carries out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cite: Option<String>,
    /// The moment from which it counts.
    pub anchor: AnchorKey,
    /// The moment where there is none of those yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_anchor: Option<AnchorKey>,
    /// How long; `unset` keeps the rule off.
    pub after: Window,
    /// What must hold besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires: Option<Requirement>,
    /// What takes the account out of the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unless: Option<Exception>,
    /// How long before it the customer is reminded, longest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remind: Vec<Span>,
    /// What happens.
    pub action: Action,
    /// Who carries it out.
    #[serde(default)]
    pub mode: Mode,
    /// Whether a balance that was forfeited counts as used up.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub forfeiture_counts_as_used: bool,
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
const fn is_yes(value: &bool) -> bool {
    *value
}

/// A moment in the life of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnchorKey {
    /// The account was opened.
    Registered,
    /// The first value was paid in.
    FirstTopup,
    /// The latest value was paid in.
    LastTopup,
    /// Somebody signed in last.
    LastLogin,
    /// The last SMS was sent.
    LastOutboundSms,
    /// The last traffic of any kind was sent.
    LastOutboundAny,
    /// A package was used last.
    PackageLastUsed,
    /// The balance has been zero since.
    BalanceZeroSince,
    /// Registration data changed.
    RegistrationChanged,
}

/// What must hold for a rule to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Requirement {
    /// There is something to lose.
    #[serde(rename = "balance > 0")]
    BalancePositive,
}

/// What takes an account out of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exception {
    /// Value was paid in at least once.
    FirstTopup,
    /// Value was paid in since the anchor.
    TopupSinceAnchor,
    /// A signed contract stands beside the terms.
    OfflineContract,
}

/// What a rule does in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// What is left of the balance is lost.
    ForfeitBalance,
    /// The account is deleted.
    DeleteAccount,
    /// The account is taken back by the operator.
    RecycleAccount,
    /// What is left of packages is lost.
    DisposePackage,
    /// Staff decide whether the contract ends.
    ReviewForTermination,
    /// The service stops.
    StopService,
}

impl Action {
    /// Whether it takes something away from the customer for good.
    pub const fn is_destructive(self) -> bool {
        match self {
            Self::ForfeitBalance | Self::DeleteAccount | Self::RecycleAccount | Self::DisposePackage => true,
            Self::ReviewForTermination | Self::StopService => false,
        }
    }
}

/// Who carries a rule out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The platform.
    #[default]
    Automatic,
    /// Staff, each time: the terms give a right, not a duty.
    OperatorConfirms,
}

/// How the contract ends (`[termination]`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TerminationSection {
    /// The notice that a customer gives.
    pub customer_notice: Span,
    /// The notice that the operator gives.
    pub operator_notice: Span,
    /// How long a breach may be put right before the contract ends without notice.
    pub cure: Cure,
    /// What becomes of the data.
    pub data: DataAtEnd,
}

impl Default for TerminationSection {
    fn default() -> Self {
        Self {
            customer_notice: Span::ZERO,
            operator_notice: Span::Days(30),
            cure: Cure::For(Span::Days(10)),
            data: DataAtEnd::Retention,
        }
    }
}

/// How long a breach may be put right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Cure {
    /// Not at all.
    None,
    /// As staff say in each case.
    PerCase,
    /// This long.
    For(Span),
}

impl TryFrom<String> for Cure {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "none" => Ok(Self::None),
            "per_case" => Ok(Self::PerCase),
            text => text
                .parse()
                .map(Self::For)
                .map_err(|error: crate::span::NotASpan| format!("{error}; or \"none\" or \"per_case\"")),
        }
    }
}

impl From<Cure> for String {
    fn from(cure: Cure) -> Self {
        match cure {
            Cure::None => "none".to_owned(),
            Cure::PerCase => "per_case".to_owned(),
            Cure::For(span) => span.to_string(),
        }
    }
}

/// What becomes of data when the contract ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataAtEnd {
    /// Each class ends with its own period.
    #[default]
    Retention,
    /// All of it is deleted at once, except what the law keeps.
    DeleteNow,
    /// The operator keeps or deletes it as it likes.
    OperatorChoice,
}

/// When service is suspended (`[suspension]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SuspensionSection {
    /// Whether the customer is told before.
    pub notice_before: NoticeBefore,
    /// Reasons that there may be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<SuspensionReason>,
}

/// Whether a customer is told before it is suspended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeBefore {
    /// Where it is reasonable, with a chance to put things right.
    #[default]
    WhereReasonable,
    /// Never.
    Never,
}

/// Why service is suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuspensionReason {
    /// An authority or an operator orders it.
    AuthorityOrOperatorOrder,
    /// A breach or misuse has come to notice.
    BreachOrMisuse,
    /// The network above suspends.
    UpstreamSuspended,
    /// Something is unpaid.
    Unpaid,
    /// There is reason to believe in a violation.
    ViolationSuspected,
    /// Traffic is fraudulent or does harm.
    FraudOrHarmfulTraffic,
    /// An end user threatens security.
    EndUserThreat,
}

/// What may follow a violation (`[[sanctions]]`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sanctions {
    /// From the mildest to the hardest; staff choose by the circumstances.
    pub ladder: Vec<Sanction>,
}

/// One thing that may follow a violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sanction {
    /// A word.
    Warning,
    /// Less may be done.
    Restriction,
    /// An application goes off line.
    AppOffline,
    /// An application is deleted.
    AppDeletion,
    /// Service stops for a time.
    Suspension,
    /// The contract ends.
    Termination,
}

/// Work on the platform that needs a pause (`[maintenance]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MaintenanceSection {
    /// How long before it is announced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<Span>,
}
