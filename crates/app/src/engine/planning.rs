//! What each message of a submission would be admitted as, before anything of it is kept: which route and price, paid
//! from what, or why it is refused.
//!
//! Nothing moves here but the guard against repeats. Start at [`Engine::plan_all`]; long submissions are planned some
//! at a time by `long`.

use std::sync::Arc;

use decide::admit::{Facts, Plan, admit};
use decide::budget::Backlog;
use decide::ledger::Purse;
use decide::pool::Choice;
use decide::wording::Wordings;
use types::id::AccountId;
use types::message::{Door, Draft, RECIPIENTS_MAX};
use types::refusal::{Refusal, RefusalCode};
use types::resource::pool_named;
use types::suppression::SuppressionReason;
use types::time::Timestamp;

use super::Engine;
use super::admission::admission_posting;
use super::repeats::RepeatKey;
use crate::submission::{Rejected, Submission};

/// Countries kept by the first seven digits of a number.
const COUNTRIES_MAX: usize = 100_000;

/// The plans of a submission, in the order of its drafts.
#[derive(Default)]
pub(super) struct Planned {
    pub(super) plans: Vec<Plan>,
    /// What the guard against repeats remembers of them.
    pub(super) repeats: Vec<RepeatKey>,
}

/// A submission that is being planned.
#[derive(Default)]
pub(super) struct Planning {
    planned: Planned,
    /// What its messages so far leave of the account's lots; `None` where there is one message.
    purse: Option<Purse>,
    /// What they add to the queue.
    backlog: Backlog,
    refusals: Vec<(Option<usize>, Refusal)>,
    /// The place of the next message.
    next: usize,
}

impl Planning {
    /// Whether all messages of a submission are planned.
    pub(super) fn is_done(&self, submission: &Submission) -> bool {
        self.next >= submission.drafts.len()
    }

    /// Forgets the plans themselves, where only the refusals are asked for.
    pub(super) fn forget_plans(&mut self) {
        self.planned.plans.clear();
    }
}

/// What the messages of a submission that come before one leave it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Earlier<'a> {
    /// The purse after they have paid; `None` for the account's own.
    pub(super) purse: Option<&'a Purse>,
    /// What they add to the queue.
    pub(super) backlog: Backlog,
}

/// What may keep one message from being taken, whatever it says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Guards {
    /// Whether the same text to the same number within the account's guard is refused.
    pub(super) repeats: bool,
    /// Why the account must not message the recipient, if it must not.
    pub(super) suppressed: Option<SuppressionReason>,
}

impl Engine {
    /// Plans every message of a submission, or says why not, message by message.
    pub(super) fn plan_all(&mut self, submission: &Submission, now: Timestamp) -> Result<Planned, Rejected> {
        let mut planning = self.begin_planning(submission)?;
        self.plan_more(submission, &mut planning, submission.drafts.len(), now)?;
        self.end_planning(planning)
    }

    /// Begins to plan a submission; nothing has moved when all of it is planned.
    pub(super) fn begin_planning(&self, submission: &Submission) -> Result<Planning, Rejected> {
        let drafts = submission.drafts.len();
        if drafts == 0 || drafts > RECIPIENTS_MAX {
            let detail = format!("a submission has 1 to {RECIPIENTS_MAX} recipients");
            return Err(Rejected::whole(Refusal::new(RefusalCode::TooManyRecipients, detail)));
        }
        let purse = (drafts > 1).then(|| self.purses.get(&submission.account).cloned().unwrap_or_default());
        Ok(Planning { purse, ..Planning::default() })
    }

    /// Plans up to so many more messages. Each sees what the ones before it took, in a purse of its own.
    pub(super) fn plan_more(
        &mut self,
        submission: &Submission,
        planning: &mut Planning,
        count: usize,
        now: Timestamp,
    ) -> Result<(), Rejected> {
        let account = submission.account;
        let begin = planning.next;
        planning.next = begin.saturating_add(count).min(submission.drafts.len());
        let drafts = submission.drafts.get(begin..planning.next).unwrap_or_default();
        // Who asked by a keyword is answered, also that it will hear no more.
        let suppressed = if submission.door == Door::Keyword {
            Vec::new()
        } else {
            self.suppressed_among(account, drafts).map_err(Rejected::whole)?
        };
        for (place, draft) in drafts.iter().enumerate() {
            let guards = Guards {
                repeats: submission.guard_repeats,
                suppressed: suppressed.get(place).copied().flatten(),
            };
            let earlier = Earlier { purse: planning.purse.as_ref(), backlog: planning.backlog };
            match self.plan(account, earlier, guards, draft, now) {
                Ok((plan, repeat)) => {
                    planning.backlog = planning.backlog.plus(Backlog::of(plan.price.parts));
                    if let Some(purse) = &mut planning.purse {
                        let kind = admission_posting(plan.trigger);
                        purse.pay(&plan.payment, kind, plan.price.amount.micros);
                    }
                    planning.planned.plans.push(plan);
                    planning.planned.repeats.extend(repeat);
                }
                Err(refusal) => planning.refusals.push((Some(begin + place), refusal)),
            }
        }
        Ok(())
    }

    /// The plans of a submission that was planned to its end, unless a message of it is refused.
    pub(super) fn end_planning(&mut self, planning: Planning) -> Result<Planned, Rejected> {
        let Planning { planned, refusals, .. } = planning;
        if refusals.is_empty() {
            return Ok(planned);
        }
        self.forget_repeats(&planned.repeats);
        Err(Rejected { refusals })
    }

    /// Plans one message after what the earlier ones of its submission take.
    pub(super) fn plan(
        &mut self,
        account: AccountId,
        earlier: Earlier<'_>,
        guards: Guards,
        draft: &Draft,
        now: Timestamp,
    ) -> Result<(Plan, Option<RepeatKey>), Refusal> {
        let directory = Arc::clone(&self.shared.directory.load());
        let handle = directory.accounts.get(&account);
        let handle = handle
            .ok_or_else(|| Refusal::new(RefusalCode::InvalidCredentials, "the account does not exist"))?;
        let country = draft
            .destination
            .msisdn()
            .map_or(types::network::Country::UNKNOWN, |number| self.country_of(number));
        let guard_ms = i64::from(handle.account.limits.repeat_guard_s) * 1_000;
        let guarded = guards.repeats && guard_ms > 0;
        let repeat = if guarded { self.repeat_key(account, draft) } else { None };
        let find = |id| directory.accounts.get(&id).map(|handle| handle.account.as_ref());
        let above = decide::path::above(&handle.account, find);
        let empty = Purse::default();
        let pooled = pool_named(&draft.source).and_then(|name| directory.pool_called(account, name));
        let last = pooled.zip(draft.destination.msisdn());
        let last = last.and_then(|(pooled, recipient)| self.remembered_sender(pooled.pool.id, recipient));
        let identities = match pooled {
            Some(_) => directory.identities_of(account),
            None => directory.identities_for(account, &self.snapshot.traffic.sender_rules),
        };
        let no_texts = Wordings::default();
        let facts = Facts {
            account: &handle.account,
            snapshot: &self.snapshot,
            purse: earlier.purse.or_else(|| self.purses.get(&account)).unwrap_or(&empty),
            country,
            waiting: self.waiting(account, earlier.backlog),
            above: above.as_deref().ok(),
            identities,
            wordings: directory.wordings_of(account).map_or(&no_texts, |own| own),
            pool: pooled.map(|pooled| Choice { pool: &pooled.pool, last: last.as_deref() }),
            is_repeat: repeat.is_some_and(|key| self.is_repeat(&key, guard_ms, now)),
            suppressed: guards.suppressed,
            quiet: directory.quiet.get(&account),
        };
        // A crash here is this submission's alone: nothing has changed yet.
        let plan = self.guarded("admission", || admit(&facts, draft, now));
        let plan = plan.unwrap_or_else(|| Err(super::outage::cannot_be_taken()))?;
        if let Some(key) = repeat {
            self.remember_repeat(key, guard_ms, now);
        }
        Ok((plan, repeat))
    }

    fn country_of(&mut self, number: types::address::Msisdn) -> types::network::Country {
        let mut head = number.as_u64();
        while head >= 10_000_000 {
            head /= 10;
        }
        if let Some(country) = self.countries.get(&head) {
            return *country;
        }
        if self.countries.len() >= COUNTRIES_MAX {
            self.countries.clear();
        }
        let country = decide::numbering::country_of(number);
        self.countries.insert(head, country);
        country
    }
}
