//! What is due, by which rule and when; what will be due until a day; and doing what is due.

use types::profile::time::{LifecycleRule, Mode};
use types::profile::{Action, AnchorKey, Exception, Requirement};
use types::span::Span;
use types::time::Timestamp;

use super::account::{Account, Contract, Event, RuleState};
use super::calendar::DateError;
use super::policy::Policy;

/// The most steps of one forecast or one execution; what a profile cannot reach in any lawful life.
const STEPS_MAX: usize = 10_000;

/// Something that the terms do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The customer is reminded of what comes.
    Remind {
        /// By which rule.
        rule: String,
        /// The moment that the rule counts from.
        anchor: Timestamp,
        /// How long before it.
        before: Span,
        /// What comes.
        action: Action,
    },
    /// Staff are asked whether a right is used.
    AwaitConfirmation {
        /// By which rule.
        rule: String,
        /// The moment that the rule counts from.
        anchor: Timestamp,
        /// The right.
        action: Action,
    },
    /// A rule acts.
    Act {
        /// Which rule.
        rule: String,
        /// The moment that it counts from.
        anchor: Timestamp,
        /// What it does.
        action: Action,
    },
    /// The time of a lot is over.
    LotEnds {
        /// Which lot.
        lot: u32,
    },
    /// Registration data were not brought up to date: the service stops.
    StopForStaleRegistration,
    /// A breach was not put right: staff may end the contract.
    MayEndForBreach,
    /// The notice has run: the contract ends.
    ContractEnds,
    /// What is owed must have been paid back by now.
    RefundDeadline,
}

impl Step {
    /// What is done first of several things of one moment: value ends before rules look at it.
    const fn rank(&self) -> u8 {
        match self {
            Self::Remind { .. } => 0,
            Self::LotEnds { .. } => 1,
            Self::StopForStaleRegistration | Self::MayEndForBreach => 2,
            Self::AwaitConfirmation { .. } | Self::Act { .. } => 3,
            Self::ContractEnds => 4,
            Self::RefundDeadline => 5,
        }
    }

    /// The rule of the profile behind it, where it is one of `[[lifecycle.rule]]`.
    pub fn rule(&self) -> Option<&str> {
        match self {
            Self::Remind { rule, .. } | Self::AwaitConfirmation { rule, .. } | Self::Act { rule, .. } => {
                Some(rule)
            }
            Self::LotEnds { .. }
            | Self::StopForStaleRegistration
            | Self::MayEndForBreach
            | Self::ContractEnds
            | Self::RefundDeadline => None,
        }
    }
}

/// A step and its moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// When.
    pub at: Timestamp,
    /// What.
    pub step: Step,
}

/// The next step of everything that has a clock in an account, soonest first. A step in the past is due at once.
///
/// # Errors
/// When a date cannot be computed.
pub fn due(policy: &Policy, account: &Account) -> Result<Vec<Due>, DateError> {
    let mut found = Vec::new();
    contract_steps(policy, account, &mut found)?;
    if !matches!(account.contract, Contract::Ended { .. } | Contract::Gone { .. }) {
        lot_steps(account, &mut found);
        account_steps(policy, account, &mut found)?;
        for rule in policy.rules() {
            found.extend(rule_step(policy, account, rule)?);
        }
    }
    found.sort_by_key(|due| (due.at, due.step.rank()));
    Ok(found)
}

fn contract_steps(policy: &Policy, account: &Account, found: &mut Vec<Due>) -> Result<(), DateError> {
    let termination = &policy.profile().termination;
    match &account.contract {
        Contract::Ending { noticed_at, by_operator } => {
            let notice =
                if *by_operator { &termination.operator_notice } else { &termination.customer_notice };
            let at = policy.zone().end_after(*noticed_at, notice)?;
            found.push(Due { at, step: Step::ContractEnds });
        }
        Contract::Ended { at, by_operator, for_breach, settled: false } => {
            let refund = policy.refund(*by_operator, *for_breach);
            if let Some(within) = refund.and_then(|refund| refund.within.as_ref())
                && account.has_balance()
            {
                found.push(Due { at: policy.zone().end_after(*at, within)?, step: Step::RefundDeadline });
            }
        }
        Contract::Open | Contract::Ended { .. } | Contract::Gone { .. } => {}
    }
    Ok(())
}

fn lot_steps(account: &Account, found: &mut Vec<Due>) {
    for lot in account.lots.iter().filter(|lot| lot.remaining > 0) {
        found.extend(lot.ends_at.map(|at| Due { at, step: Step::LotEnds { lot: lot.number } }));
    }
}

fn account_steps(policy: &Policy, account: &Account, found: &mut Vec<Due>) -> Result<(), DateError> {
    if let (Some(since), Some(rule)) = (account.stale_since, &policy.profile().registration.keep_current) {
        let at = policy.zone().end_after(since, &rule.within)?;
        found.push(Due { at, step: Step::StopForStaleRegistration });
    }
    if let Some(breach) = account.breach.as_ref().filter(|breach| !breach.lapsed)
        && let Some(cure) = policy.cure(breach.cure.as_ref())
    {
        let at = policy.zone().end_after(breach.notified_at, &cure)?;
        found.push(Due { at, step: Step::MayEndForBreach });
    }
    Ok(())
}

/// The moment that a rule counts from, when it holds for the account.
pub(super) fn anchor_of(account: &Account, rule: &LifecycleRule) -> Option<Timestamp> {
    let anchor = |key: &AnchorKey| account.anchors.get(key).copied();
    let from = anchor(&rule.anchor).or_else(|| rule.fallback_anchor.as_ref().and_then(anchor))?;
    let required = rule.requires.is_none_or(|requirement| match requirement {
        Requirement::BalancePositive => account.has_balance(),
    });
    let excepted = rule.unless.is_some_and(|exception| match exception {
        Exception::FirstTopup => account.anchors.contains_key(&AnchorKey::FirstTopup),
        Exception::TopupSinceAnchor => anchor(&AnchorKey::LastTopup).is_some_and(|topup| topup > from),
        Exception::OfflineContract => account.offline_contract,
    });
    let something_to_lose = match rule.action {
        Action::DisposePackage => account.lots.iter().any(|lot| lot.is_package && lot.remaining > 0),
        Action::StopService => !account.stopped,
        _ => true,
    };
    (required && !excepted && something_to_lose).then_some(from)
}

/// The next step of one rule. A destructive step comes only when every reminder was delivered its own time
/// before (invariant 9): a late one moves it.
fn rule_step(policy: &Policy, account: &Account, rule: &LifecycleRule) -> Result<Option<Due>, DateError> {
    let (Some(anchor), Some(after)) = (anchor_of(account, rule), rule.after.span()) else { return Ok(None) };
    let state = account.rules.get(&rule.id).filter(|state| state.anchor == anchor);
    if state.is_some_and(|state| state.done || state.awaits) {
        return Ok(None);
    }
    let zone = policy.zone();
    let mut end = zone.end_after(anchor, after)?;
    let delivered: &[Timestamp] = state.map_or(&[], |state| &state.delivered);
    for (at, before) in delivered.iter().zip(&rule.remind) {
        end = end.max(zone.end_after(*at, before)?);
    }
    let id = || rule.id.clone();
    if let Some(before) = rule.remind.get(delivered.len()) {
        let not_before = state.and_then(|state: &RuleState| state.not_before);
        let at = zone.reminder_before(end, before)?.max(not_before.unwrap_or(Timestamp::EPOCH));
        let at = delivered.last().map_or(at, |last| at.max(*last));
        let step = Step::Remind { rule: id(), anchor, before: before.clone(), action: rule.action };
        return Ok(Some(Due { at, step }));
    }
    let step = match rule.mode {
        Mode::Automatic => Step::Act { rule: id(), anchor, action: rule.action },
        Mode::OperatorConfirms => Step::AwaitConfirmation { rule: id(), anchor, action: rule.action },
    };
    Ok(Some(Due { at: end, step }))
}

/// Does everything that is due until `now`, in order, and tells what was done. What is overdue is done now.
///
/// # Errors
/// When a date cannot be computed; what was done before stays done.
pub fn execute(
    policy: &Policy,
    account: &mut Account,
    from: Timestamp,
    now: Timestamp,
) -> Result<Vec<Due>, DateError> {
    let mut done = Vec::new();
    let mut clock = from;
    while done.len() < STEPS_MAX
        && let Some(next) = due(policy, account)?.into_iter().next().filter(|next| next.at <= now)
    {
        clock = clock.max(next.at);
        account.apply(policy, clock, &Event::Done(next.step.clone()))?;
        done.push(Due { at: clock, step: next.step });
    }
    Ok(done)
}

/// What will be done from now until a day if nothing else happens: the same as what [`execute`] then does
/// (invariant 10).
///
/// # Errors
/// When a date cannot be computed.
pub fn forecast(
    policy: &Policy,
    account: &Account,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<Due>, DateError> {
    execute(policy, &mut account.clone(), now, until)
}

/// The first thing that a rule took without a reminder that it promises, or sooner after one than it promises, by
/// the rule and the reminder (invariant 9). `done` is all that was done to an account, in order; `None` is as it
/// should be.
///
/// # Errors
/// When a date cannot be computed.
pub fn taken_without_notice(policy: &Policy, done: &[Due]) -> Result<Option<(String, Span)>, DateError> {
    for (place, due) in done.iter().enumerate() {
        let Step::Act { rule, anchor, .. } = &due.step else { continue };
        let known = policy.rules().iter().find(|known| known.id == *rule);
        for before in known.into_iter().flat_map(|rule| &rule.remind) {
            let told = done.iter().take(place).rev().find(|told| {
                matches!(&told.step, Step::Remind { rule: id, anchor: from, before: lead, .. }
                    if id == rule && from == anchor && lead == before)
            });
            let told_until = told.map(|told| policy.zone().end_after(told.at, before)).transpose()?;
            if told_until.is_none_or(|until| until > due.at) {
                return Ok(Some((rule.clone(), before.clone())));
            }
        }
    }
    Ok(None)
}
