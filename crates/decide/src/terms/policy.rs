//! A profile, compiled: checked, with its place in time, and never changed again.

use std::sync::Arc;

use types::money::Money;
use types::money::Unit;
use types::profile::money::{LotsSection, RefundCause, RefundSection, RenewalEffect, RenewalScope};
use types::profile::time::{Cure, LifecycleRule};
use types::profile::{NoticesSection, Profile};
use types::span::Span;
use types::time::Timestamp;

use super::calendar::{DateError, Zone};
use super::lint::{self, Finding, Severity};

/// What an operator wants, ready to decide by.
#[derive(Clone, Debug)]
pub struct Policy {
    profile: Arc<Profile>,
    zone: Zone,
}

impl Policy {
    /// Compiles a profile.
    ///
    /// # Errors
    /// Everything that is wrong with it, by key. What is merely doubtful is not here; [`lint::lint`] tells it.
    pub fn compile(profile: Arc<Profile>) -> Result<Self, Vec<Finding>> {
        let mut wrong = lint::lint(&profile);
        wrong.retain(|finding| finding.severity == Severity::Error);
        match Zone::parse(&profile.operator.timezone) {
            Ok(zone) if wrong.is_empty() => Ok(Self { profile, zone }),
            Ok(_) | Err(_) => Err(wrong),
        }
    }

    /// The profile that it was made of.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Where the operator's days begin and end.
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    pub(super) fn rules(&self) -> &[LifecycleRule] {
        &self.profile.lifecycle.rule
    }

    pub(super) fn notices(&self) -> &NoticesSection {
        &self.profile.notices
    }

    pub(super) fn lots(&self) -> &LotsSection {
        &self.profile.lots
    }

    /// When a lot of this unit ends that is granted now; `None` when it lives for ever.
    ///
    /// # Errors
    /// When a calendar does not reach so far.
    pub fn lot_end(&self, unit: Unit, granted: Timestamp) -> Result<Option<Timestamp>, DateError> {
        let (expires, _) = self.lots().of(unit);
        expires.span().map(|span| self.zone.end_after(granted, span)).transpose()
    }

    /// Whether a top-up prolongs older lots of a unit (rule CR-E6).
    pub fn renews(&self, topped_up: Money, older: Unit) -> bool {
        let (_, Some(renewal)) = self.lots().of(topped_up.unit) else { return false };
        let RenewalEffect::AlignToNewLot = renewal.effect;
        let reaches = match renewal.scope {
            RenewalScope::SameUnit => older == topped_up.unit,
            RenewalScope::AllUnits => true,
        };
        let enough = |least: &Money| least.unit == topped_up.unit && topped_up.micros >= least.micros;
        reaches && renewal.when_topup_at_least.iter().any(enough)
    }

    /// How long a breach may be put right: as the terms say, and as staff said only where the terms leave it to
    /// them (rules PT-5.2b, OP-11.2). `None` when nobody has said.
    pub fn cure(&self, said: Option<&Span>) -> Option<Span> {
        match &self.profile.termination.cure {
            Cure::None => Some(Span::ZERO),
            Cure::PerCase => said.cloned(),
            Cure::For(span) => Some(span.clone()),
        }
    }

    /// The refund that the end of a contract gives a right to, and of which lots.
    pub fn refund(&self, by_operator: bool, for_breach: bool) -> Option<&RefundSection> {
        let refund = &self.profile.refund;
        let gives_right = |cause: &RefundCause| match cause {
            RefundCause::TerminationAnyCause => true,
            RefundCause::OperatorDissolves => by_operator && !for_breach,
        };
        refund.on.iter().any(gives_right).then_some(refund)
    }
}
