//! An account as the terms see it: moments, lots of value and what the terms have done so far. It is a fold
//! over what happened.

use std::collections::BTreeMap;

use types::money::{Money, Unit};
use types::profile::money::RefundAmount;
use types::profile::{Action, AnchorKey};
use types::span::Span;
use types::time::Timestamp;

use super::calendar::DateError;
use super::policy::Policy;

/// Value with its own unit and clock. What was granted is always the sum of the rest (invariant 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    /// Its number in the account.
    pub number: u32,
    /// In which unit.
    pub unit: Unit,
    /// When it was granted.
    pub granted_at: Timestamp,
    /// When it ends; `None` never.
    pub ends_at: Option<Timestamp>,
    /// Whether it is a package of messages.
    pub is_package: bool,
    /// Micro-units granted.
    pub granted: i64,
    /// Micro-units spent on traffic.
    pub spent: i64,
    /// Micro-units paid back.
    pub refunded: i64,
    /// Micro-units that ended with the lot's time.
    pub expired: i64,
    /// Micro-units that the terms took.
    pub forfeited: i64,
    /// Micro-units left.
    pub remaining: i64,
}

impl Lot {
    /// Whether nothing of it came from nowhere or went nowhere.
    pub const fn is_sound(&self) -> bool {
        let gone = self.spent + self.refunded + self.expired + self.forfeited;
        self.remaining >= 0 && self.granted == gone + self.remaining
    }
}

/// How far the contract has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contract {
    /// In force.
    Open,
    /// Somebody has given notice.
    Ending {
        /// When the notice was given.
        noticed_at: Timestamp,
        /// Whether the operator gave it.
        by_operator: bool,
    },
    /// It has ended.
    Ended {
        /// When.
        at: Timestamp,
        /// Whether the operator ended it.
        by_operator: bool,
        /// Whether a breach ended it.
        for_breach: bool,
        /// Whether what is owed was paid back.
        settled: bool,
    },
    /// The account is deleted or taken back; nothing happens any more.
    Gone {
        /// When.
        at: Timestamp,
    },
}

/// A breach that the customer was told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// When it was told.
    pub notified_at: Timestamp,
    /// How long it may be put right, where staff said so.
    pub cure: Option<Span>,
    /// Whether staff have been told that the time is over.
    pub lapsed: bool,
}

/// How far a life-cycle rule has come, for one moment of its anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RuleState {
    /// The moment that it counts from.
    pub(super) anchor: Timestamp,
    /// When each reminder was delivered, in the profile's order.
    pub(super) delivered: Vec<Timestamp>,
    /// The next reminder is not tried before this: the last try came back.
    pub(super) not_before: Option<Timestamp>,
    /// Staff have been asked to confirm.
    pub(super) awaits: bool,
    /// It has acted.
    pub(super) done: bool,
}

impl RuleState {
    pub(super) const fn new(anchor: Timestamp) -> Self {
        Self { anchor, delivered: Vec::new(), not_before: None, awaits: false, done: false }
    }
}

/// An account as the terms see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Moments that rules count from.
    pub anchors: BTreeMap<AnchorKey, Timestamp>,
    /// Lots of value, oldest first.
    pub lots: Vec<Lot>,
    /// How far the contract has come.
    pub contract: Contract,
    /// A breach that is not put right.
    pub breach: Option<Breach>,
    /// Registration data changed and the operator was not told yet.
    pub stale_since: Option<Timestamp>,
    /// A signed contract stands beside the terms.
    pub offline_contract: bool,
    /// The service is stopped.
    pub stopped: bool,
    pub(super) rules: BTreeMap<String, RuleState>,
}

/// What happens to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody signed in.
    SignedIn,
    /// Value came in: a lot is granted.
    ToppedUp {
        /// How much, in which unit.
        amount: Money,
        /// Whether it is a package of messages.
        is_package: bool,
    },
    /// Traffic was sent and paid, as far as the balance reached.
    Sent {
        /// Whether it was SMS.
        is_sms: bool,
        /// What it cost.
        price: Money,
    },
    /// Registration data changed.
    RegistrationChanged,
    /// The operator was told of the change.
    RegistrationUpdated,
    /// A signed contract now stands beside the terms, or no more.
    OfflineContract(bool),
    /// Somebody gave notice.
    NoticeGiven {
        /// Whether the operator did.
        by_operator: bool,
    },
    /// The customer was told of a breach.
    BreachNotified {
        /// How long it may be put right, where the terms leave it to staff.
        cure: Option<Span>,
    },
    /// The breach was put right.
    BreachCured,
    /// Staff ended the contract after a breach that was not put right in its time.
    EndedForBreach,
    /// Staff confirmed what a rule gives a right to. It is too late when the account has come to life again.
    Confirmed {
        /// The rule.
        rule: String,
    },
    /// What is owed after the end was paid back.
    Refunded,
    /// A reminder came back; it is tried again a day later.
    ReminderBounced {
        /// The rule.
        rule: String,
    },
    /// Something was carried out by the terms.
    Done(super::due::Step),
}

impl Account {
    /// An account that was opened now.
    pub fn opened(at: Timestamp) -> Self {
        Self {
            anchors: BTreeMap::from([(AnchorKey::Registered, at)]),
            lots: Vec::new(),
            contract: Contract::Open,
            breach: None,
            stale_since: None,
            offline_contract: false,
            stopped: false,
            rules: BTreeMap::new(),
        }
    }

    /// Micro-units left, of all units; only good to ask whether there are any.
    pub fn has_balance(&self) -> bool {
        self.lots.iter().any(|lot| lot.remaining > 0)
    }

    /// Micro-units left of one unit.
    pub fn balance_micros(&self, unit: Unit) -> i64 {
        self.lots.iter().filter(|lot| lot.unit == unit).map(|lot| lot.remaining).sum()
    }

    /// Whether anything can still happen to it.
    pub const fn is_gone(&self) -> bool {
        matches!(self.contract, Contract::Gone { .. })
    }

    /// One thing more has happened.
    ///
    /// # Errors
    /// When a date cannot be computed; the account is unchanged then.
    pub fn apply(&mut self, policy: &Policy, at: Timestamp, event: &Event) -> Result<(), DateError> {
        if self.is_gone() {
            return Ok(());
        }
        match event {
            Event::SignedIn => drop(self.anchors.insert(AnchorKey::LastLogin, at)),
            Event::ToppedUp { amount, is_package } => self.top_up(policy, at, *amount, *is_package)?,
            Event::Sent { is_sms, price } => self.send(at, *is_sms, *price),
            Event::RegistrationChanged => {
                self.anchors.insert(AnchorKey::RegistrationChanged, at);
                self.stale_since.get_or_insert(at);
            }
            Event::RegistrationUpdated => self.stale_since = None,
            Event::OfflineContract(stands) => self.offline_contract = *stands,
            Event::NoticeGiven { by_operator } => {
                if self.contract == Contract::Open {
                    self.contract = Contract::Ending { noticed_at: at, by_operator: *by_operator };
                }
            }
            Event::BreachNotified { cure } => {
                let lapsed = policy.cure(cure.as_ref()).is_some_and(|cure| cure.is_zero());
                self.breach.get_or_insert(Breach { notified_at: at, cure: cure.clone(), lapsed });
            }
            Event::BreachCured => self.breach = None,
            Event::EndedForBreach => {
                // Before its time to be put right is over, a breach ends nothing.
                if self.breach.as_ref().is_some_and(|breach| breach.lapsed) {
                    self.end(at, true, true);
                }
            }
            Event::Confirmed { rule } => self.confirm(policy, at, rule),
            Event::Refunded => self.settle(policy),
            Event::ReminderBounced { rule } => {
                let again = policy.zone().after(at, &Span::Days(1))?;
                if let Some(state) = self.rules.get_mut(rule) {
                    state.delivered.pop();
                    state.not_before = Some(again);
                }
            }
            Event::Done(step) => self.did(policy, at, step),
        }
        Ok(())
    }

    fn top_up(
        &mut self,
        policy: &Policy,
        at: Timestamp,
        amount: Money,
        is_package: bool,
    ) -> Result<(), DateError> {
        let ends_at = policy.lot_end(amount.unit, at)?;
        for lot in self.lots.iter_mut().filter(|lot| lot.remaining > 0 && policy.renews(amount, lot.unit)) {
            // A renewal never shortens what a customer has.
            lot.ends_at = match (lot.ends_at, ends_at) {
                (Some(old), Some(new)) => Some(old.max(new)),
                (_, None) | (None, _) => None,
            };
        }
        let number = u32::try_from(self.lots.len()).unwrap_or(u32::MAX);
        self.lots.push(Lot {
            number,
            unit: amount.unit,
            granted_at: at,
            ends_at,
            is_package,
            granted: amount.micros,
            spent: 0,
            refunded: 0,
            expired: 0,
            forfeited: 0,
            remaining: amount.micros,
        });
        self.anchors.entry(AnchorKey::FirstTopup).or_insert(at);
        self.anchors.insert(AnchorKey::LastTopup, at);
        self.anchors.remove(&AnchorKey::BalanceZeroSince);
        if is_package {
            self.anchors.insert(AnchorKey::PackageLastUsed, at);
        }
        Ok(())
    }

    /// Spends in the order in which lots end: soonest, then oldest, then by number (invariant 8).
    fn send(&mut self, at: Timestamp, is_sms: bool, price: Money) {
        self.anchors.insert(AnchorKey::LastOutboundAny, at);
        if is_sms {
            self.anchors.insert(AnchorKey::LastOutboundSms, at);
        }
        let mut order: Vec<usize> = (0..self.lots.len()).collect();
        order.sort_by_key(|place| {
            self.lots
                .get(*place)
                .map(|lot| (lot.ends_at.unwrap_or(Timestamp::NEVER), lot.granted_at, lot.number))
        });
        let mut owed = price.micros;
        for place in order {
            let Some(lot) = self.lots.get_mut(place) else { continue };
            if lot.unit != price.unit || lot.remaining == 0 || owed == 0 {
                continue;
            }
            let taken = lot.remaining.min(owed);
            (lot.remaining, lot.spent, owed) = (lot.remaining - taken, lot.spent + taken, owed - taken);
            if lot.is_package {
                self.anchors.insert(AnchorKey::PackageLastUsed, at);
            }
        }
        self.note_zero(at);
    }

    fn note_zero(&mut self, at: Timestamp) {
        if !self.has_balance() && self.anchors.contains_key(&AnchorKey::FirstTopup) {
            self.anchors.entry(AnchorKey::BalanceZeroSince).or_insert(at);
        }
    }

    fn end(&mut self, at: Timestamp, by_operator: bool, for_breach: bool) {
        self.breach = None;
        self.contract = Contract::Ended { at, by_operator, for_breach, settled: false };
    }

    fn confirm(&mut self, policy: &Policy, at: Timestamp, rule: &str) {
        let Some(rule) = policy.rules().iter().find(|found| found.id == rule) else { return };
        let anchor = super::due::anchor_of(self, rule);
        let holds = |state: &RuleState| state.awaits && !state.done && Some(state.anchor) == anchor;
        if !self.rules.get(&rule.id).is_some_and(holds) {
            return;
        }
        let action = rule.action;
        if let Some(state) = self.rules.get_mut(&rule.id) {
            state.done = true;
        }
        self.act(at, action, rule.forfeiture_counts_as_used);
    }

    /// Pays back what the end of the contract gives a right to.
    fn settle(&mut self, policy: &Policy) {
        let Contract::Ended { by_operator, for_breach, settled, .. } = &mut self.contract else { return };
        *settled = true;
        let Some(refund) = policy.refund(*by_operator, *for_breach) else { return };
        let packages_only = refund.amount == Some(RefundAmount::SmsPackageBalance);
        for lot in self.lots.iter_mut().filter(|lot| lot.is_package || !packages_only) {
            lot.refunded += std::mem::take(&mut lot.remaining);
        }
    }

    fn did(&mut self, policy: &Policy, at: Timestamp, step: &super::due::Step) {
        use super::due::Step;
        match step {
            Step::Remind { rule, anchor, .. } => {
                let state = self.rules.entry(rule.clone()).or_insert_with(|| RuleState::new(*anchor));
                if state.anchor != *anchor {
                    *state = RuleState::new(*anchor);
                }
                state.delivered.push(at);
                state.not_before = None;
            }
            Step::AwaitConfirmation { rule, anchor, .. } => {
                let state = self.rules.entry(rule.clone()).or_insert_with(|| RuleState::new(*anchor));
                if state.anchor != *anchor {
                    *state = RuleState::new(*anchor);
                }
                state.awaits = true;
            }
            Step::Act { rule, anchor, action } => {
                let state = self.rules.entry(rule.clone()).or_insert_with(|| RuleState::new(*anchor));
                if state.anchor != *anchor {
                    *state = RuleState::new(*anchor);
                }
                state.done = true;
                let counts = policy.rules().iter().find(|found| found.id == *rule);
                self.act(at, *action, counts.is_none_or(|rule| rule.forfeiture_counts_as_used));
            }
            Step::LotEnds { lot } => {
                if let Some(lot) = self.lots.iter_mut().find(|found| found.number == *lot) {
                    lot.expired += std::mem::take(&mut lot.remaining);
                }
                self.note_zero(at);
            }
            Step::StopForStaleRegistration => {
                self.stale_since = None;
                self.stopped = true;
            }
            Step::MayEndForBreach => {
                if let Some(breach) = &mut self.breach {
                    breach.lapsed = true;
                }
            }
            Step::ContractEnds => {
                let by_operator = matches!(self.contract, Contract::Ending { by_operator: true, .. });
                self.end(at, by_operator, false);
            }
            Step::RefundDeadline => self.settle(policy),
        }
    }

    fn act(&mut self, at: Timestamp, action: Action, counts_as_used: bool) {
        match action {
            Action::ForfeitBalance => {
                for lot in &mut self.lots {
                    lot.forfeited += std::mem::take(&mut lot.remaining);
                }
                if counts_as_used {
                    self.note_zero(at);
                }
            }
            Action::DisposePackage => {
                for lot in self.lots.iter_mut().filter(|lot| lot.is_package) {
                    lot.forfeited += std::mem::take(&mut lot.remaining);
                }
                if counts_as_used {
                    self.note_zero(at);
                }
            }
            Action::DeleteAccount | Action::RecycleAccount => {
                for lot in &mut self.lots {
                    lot.forfeited += std::mem::take(&mut lot.remaining);
                }
                self.contract = Contract::Gone { at };
            }
            Action::StopService => self.stopped = true,
            // Staff look at it; the account is as before.
            Action::ReviewForTermination => {}
        }
    }
}
