//! How long before something must be told, and from when it may hold.

use types::profile::Profile;
use types::profile::contract::{Deemed, ExceptionReason, NoticesSection};
use types::profile::keys::{self, ChangeClass};
use types::span::Span;
use types::time::Timestamp;

use super::calendar::DateError;
use super::policy::Policy;

/// What is told beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Another price (rules PT-2.1c, OP-3.1.2).
    Price,
    /// Other terms (PT-10.3a, OP-13.4).
    Terms,
    /// Other technical specifications (PT-3.1a).
    Specification,
    /// What was free costs something (OP-3.1.3).
    TrialBecomesPaid,
    /// A function changes in a way that may interrupt service (OP-5.8).
    Function,
}

impl Policy {
    /// How long before it a change must be told.
    pub fn notice(&self, subject: Subject) -> &Span {
        let notices: &NoticesSection = self.notices();
        match subject {
            Subject::Price => &notices.price_change,
            Subject::Terms => self.profile().terms.change_notice.as_ref().unwrap_or(&notices.terms_material),
            Subject::Specification => &notices.spec_change,
            Subject::TrialBecomesPaid => notices.trial_becomes_paid.as_ref().unwrap_or(&notices.price_change),
            Subject::Function => notices.function_change.as_ref().unwrap_or(&notices.spec_change),
        }
    }

    /// From when a change may hold that is told now.
    ///
    /// # Errors
    /// When a calendar does not reach so far.
    pub fn earliest(&self, subject: Subject, told_at: Timestamp) -> Result<Timestamp, DateError> {
        let zone = self.zone();
        let from = match self.notices().deemed {
            Deemed::WhenDelivered => told_at,
            Deemed::DayOfDelivery => zone.start_of(zone.date(told_at)?)?,
        };
        zone.after(from, self.notice(subject))
    }

    /// Until when a customer may object to a change of terms that was told now; `None` when it can only leave.
    ///
    /// # Errors
    /// When a calendar does not reach so far.
    pub fn objections_until(&self, told_at: Timestamp) -> Result<Option<Timestamp>, DateError> {
        let window = self.profile().terms.objection_window.span();
        window.map(|span| self.zone().end_after(told_at, span)).transpose()
    }

    /// When maintenance that begins then must be announced at the latest (rule OP-5.1); `None` when it need not be.
    ///
    /// # Errors
    /// When a calendar does not reach so far.
    pub fn announce_by(&self, begins_at: Timestamp) -> Result<Option<Timestamp>, DateError> {
        let notice = self.profile().maintenance.notice.as_ref();
        notice.map(|span| self.zone().latest_before(begins_at, span)).transpose()
    }

    /// Whether the terms allow a shorter notice for this reason (rule PT-10.3b).
    pub fn allows_exception(&self, reason: ExceptionReason) -> bool {
        self.notices().exception_reasons.contains(&reason)
    }

    /// From when another profile may be in force that is told now: by the notices of this one, for the keys that
    /// change. A profile that differs in nothing that customers were promised may be in force at once.
    ///
    /// # Errors
    /// When a calendar does not reach so far.
    pub fn earliest_profile(&self, next: &Profile, told_at: Timestamp) -> Result<Timestamp, DateError> {
        let mut earliest = told_at;
        for (key, _, _) in keys::changed(self.profile(), next) {
            let subject = match keys::class_of(&key) {
                ChangeClass::Internal => continue,
                ChangeClass::Specification => Subject::Specification,
                ChangeClass::Terms => Subject::Terms,
                ChangeClass::Price => Subject::Price,
            };
            earliest = earliest.max(self.earliest(subject, told_at)?);
        }
        Ok(earliest)
    }
}
