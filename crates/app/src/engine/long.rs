//! Long submissions: staged over several cycles, so that one caller with many recipients holds nobody
//! up, and visible all at once or not at all.
//!
//! Nothing of one is charged or sent before its last row is there. Start at [`Engine::begin_long`]; how
//! one message is planned is in `planning`, how it is made in `admission`.

use std::collections::BTreeMap;

use decide::admit::Plan;
use decide::ledger::Purse;
use ports::store::{MessageRow, OpenMessage};
use types::charge::PostingKind;
use types::id::{AccountId, LotId, RowKey, SubmissionId};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::admission::{accepted, admission_posting, hash_key, submission_row};
use super::crash::AtWork;
use super::live::Live;
use super::planning::{Earlier, Guards, Planning};
use super::{Engine, EngineError, STAGE_CHUNK};
use crate::submission::{Accepted, AcceptedMessage, Rejected, ReplyTo, Submission};

/// Messages of long submissions that are put into their queues in one cycle.
const ARRIVALS_CHUNK: usize = 250;

/// A submission that is taken over several cycles: first all of it is planned, because whatever can be refused is
/// refused before a row is written; then it is staged.
pub(crate) struct LongSubmission {
    submission: Submission,
    reply: ReplyTo,
    stage: Stage,
}

/// How far a long submission is.
enum Stage {
    Planning(Planning),
    Staging(Staging),
}

/// What is staged of a long submission.
struct Staging {
    key: RowKey,
    tail: u64,
    /// The account's lots as this submission will leave them.
    purse: Purse,
    /// What it takes from each lot, and for how many messages.
    taken: BTreeMap<(LotId, PostingKind), (i64, u32)>,
    next: usize,
    accepted: Vec<AcceptedMessage>,
    staged: Vec<Live>,
}

impl Engine {
    /// Refuses a long submission, or begins with it; the answer is given after its last row.
    pub(super) fn begin_long(&mut self, submission: Submission, reply: ReplyTo) {
        match self.begin_planning(&submission) {
            Ok(planning) => {
                if let Some(idempotency) = &submission.idempotency {
                    self.long_keys.insert((submission.account, hash_key(&idempotency.key)));
                }
                self.long.push_back(LongSubmission { submission, reply, stage: Stage::Planning(planning) });
            }
            Err(rejected) => self.refuse_long(&submission, reply, rejected),
        }
    }

    /// Takes the long submission that waits longest one step further.
    pub(super) fn advance_long(&mut self, now: Timestamp) -> Result<(), EngineError> {
        let Some(LongSubmission { submission, reply, stage }) = self.long.pop_front() else { return Ok(()) };
        match stage {
            Stage::Planning(planning) => {
                self.plan_long(submission, reply, planning, now);
                Ok(())
            }
            Stage::Staging(staging) => self.stage_long(submission, reply, staging, now),
        }
    }

    /// Plans one more chunk; after the last the submission is refused, or staged from the next cycle on. The balance
    /// is asked again when the last row is there.
    fn plan_long(&mut self, submission: Submission, reply: ReplyTo, mut planning: Planning, now: Timestamp) {
        let planned = self.plan_more(&submission, &mut planning, STAGE_CHUNK, now);
        let is_done = planning.is_done(&submission);
        let outcome = match planned {
            Ok(()) if !is_done => {
                planning.forget_plans();
                self.long.push_front(LongSubmission { submission, reply, stage: Stage::Planning(planning) });
                return;
            }
            Ok(()) => self.end_planning(planning).map(drop),
            Err(rejected) => Err(rejected),
        };
        if let Err(rejected) = outcome {
            self.release_key(&submission);
            return self.refuse_long(&submission, reply, rejected);
        }
        let purse = self.purses.get(&submission.account).cloned().unwrap_or_default();
        let (key, tail) = self.next_key(now);
        self.draft.batch.submissions.push(submission_row(&submission, key, tail, true));
        let staging = Staging {
            key,
            tail,
            purse,
            taken: BTreeMap::new(),
            next: 0,
            accepted: Vec::new(),
            staged: Vec::new(),
        };
        self.long.push_front(LongSubmission { submission, reply, stage: Stage::Staging(staging) });
    }

    fn refuse_long(&mut self, submission: &Submission, reply: ReplyTo, rejected: Rejected) {
        let outcome = Err(rejected);
        self.count_outcome(submission, &outcome);
        self.draft.replies.push((reply, outcome));
    }

    /// Stages one more chunk; the last one makes all of the submission visible and charges it, or gives all of it up.
    fn stage_long(
        &mut self,
        submission: Submission,
        reply: ReplyTo,
        mut staging: Staging,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let chunk = match self.next_chunk(&submission, &mut staging, now)? {
            Ok(chunk) => chunk,
            Err(rejected) => {
                self.give_up_long(&submission, reply, staging.key, rejected);
                return Ok(());
            }
        };
        if staging.next == submission.drafts.len() {
            return self.finish_long(submission, reply, staging, chunk, now);
        }
        for live in chunk {
            let body = self.draft.bodies.remove(&live.facts.key).unwrap_or_default();
            let message = OpenMessage { facts: live.facts.clone(), progress: live.progress };
            self.draft.batch.messages.push(MessageRow { message, body });
            staging.staged.push(live);
        }
        self.long.push_front(LongSubmission { submission, reply, stage: Stage::Staging(staging) });
        Ok(())
    }

    /// Makes the next messages of a submission, unless one of them is refused meanwhile.
    fn next_chunk(
        &mut self,
        submission: &Submission,
        staging: &mut Staging,
        now: Timestamp,
    ) -> Result<Result<Vec<Live>, Rejected>, EngineError> {
        let account = submission.account;
        let begin = staging.next;
        staging.next = (begin + STAGE_CHUNK).min(submission.drafts.len());
        let drafts = submission.drafts.get(begin..staging.next).unwrap_or_default();
        let suppressed = match self.suppressed_among(account, drafts) {
            Ok(suppressed) => suppressed,
            Err(refusal) => return Ok(Err(Rejected::whole(refusal))),
        };
        let mut chunk = Vec::with_capacity(drafts.len());
        for (place, draft) in drafts.iter().enumerate() {
            let index = begin + place;
            // Whether all of them may wait was decided before the first was staged.
            let earlier = Earlier { purse: Some(&staging.purse), ..Earlier::default() };
            let suppressed = suppressed.get(place).copied().flatten();
            let guards = Guards { suppressed, ..Guards::default() };
            match self.plan(account, earlier, guards, draft, now) {
                Ok((plan, _)) => {
                    staging.take(&plan);
                    let live = self.new_message(submission, staging.key, index, draft, &plan, now)?;
                    staging.accepted.push(accepted(&live, plan.time));
                    chunk.push(live);
                }
                Err(refusal) => return Ok(Err(Rejected { refusals: vec![(Some(index), refusal)] })),
            }
        }
        Ok(Ok(chunk))
    }

    fn finish_long(
        &mut self,
        submission: Submission,
        reply: ReplyTo,
        staging: Staging,
        chunk: Vec<Live>,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let account = submission.account;
        if !self.covers(account, &staging) {
            let rejected = Rejected::whole(whole_too_dear());
            self.give_up_long(&submission, reply, staging.key, rejected);
            return Ok(());
        }
        for ((lot, kind), (micros, messages)) in &staging.taken {
            self.post_many(account, *lot, *kind, *micros, *messages);
        }
        self.draft.batch.unstaged.push(staging.key);
        self.keep_idempotency(&submission, staging.key, now);
        self.release_key(&submission);
        let id = SubmissionId::new(staging.key, staging.tail);
        let outcome = Ok(Accepted { id, messages: staging.accepted, replayed: false });
        self.count_outcome(&submission, &outcome);
        self.draft.replies.push((reply, outcome));
        for live in staging.staged {
            let key = live.facts.key;
            self.backlogs.follow(account, live.facts.price.parts, None, live.progress.state);
            self.live.insert(key, live);
            self.arrivals.push_back(key);
        }
        chunk.into_iter().try_for_each(|live| self.admit_live(live, now))?;
        submission.replaces.iter().try_for_each(|replaced| self.give_way(account, *replaced, now))
    }

    /// Puts messages of long submissions that have become visible into their queues, some in each cycle.
    pub(super) fn place_arrivals(&mut self, now: Timestamp) -> Result<(), EngineError> {
        let count = self.arrivals.len().min(ARRIVALS_CHUNK);
        let keys: Vec<RowKey> = self.arrivals.drain(..count).collect();
        self.ensure_live(&keys)?;
        for key in keys {
            self.at_work = Some(AtWork::message("placing", key));
            if self.live.get(&key).is_some_and(|live| !live.progress.state.is_final()) {
                self.wait_for_turn(key, now)?;
                self.draft.loaded.push(key);
            }
        }
        Ok(())
    }

    /// Whether the lots still hold what the messages take from each.
    fn covers(&self, account: AccountId, staging: &Staging) -> bool {
        let mut totals: BTreeMap<LotId, i64> = BTreeMap::new();
        for ((lot, _), (micros, _)) in &staging.taken {
            let total = totals.entry(*lot).or_default();
            *total = total.saturating_add(*micros);
        }
        let purse = self.purses.get(&account);
        let available = |lot: LotId| purse?.lots().iter().find(|known| known.id == lot);
        let covers =
            |(lot, total): (&LotId, &i64)| available(*lot).is_some_and(|lot| lot.available_micros >= *total);
        self.snapshot.profile.money.allow_negative || totals.iter().all(covers)
    }

    fn release_key(&mut self, submission: &Submission) {
        if let Some(idempotency) = &submission.idempotency {
            self.long_keys.remove(&(submission.account, hash_key(&idempotency.key)));
        }
    }

    fn give_up_long(&mut self, submission: &Submission, reply: ReplyTo, key: RowKey, rejected: Rejected) {
        self.draft.batch.messages.retain(|row| row.message.facts.submission != key);
        let began_now = self.draft.batch.submissions.iter().any(|row| row.key == key);
        self.draft.batch.submissions.retain(|row| row.key != key);
        if !began_now {
            self.draft.batch.discarded.push(key);
        }
        self.release_key(submission);
        self.refuse_long(submission, reply, rejected);
    }
}

impl LongSubmission {
    /// Answers it when the batch was not written; what is on disk of it is given up later.
    pub(super) fn refuse(self, refusal: Refusal) {
        self.reply.send(Err(Rejected::whole(refusal)));
    }
}

impl Staging {
    /// Books what a message takes.
    fn take(&mut self, plan: &Plan) {
        let (kind, micros) = (admission_posting(plan.trigger), plan.price.amount.micros);
        self.purse.pay(&plan.payment, kind, micros);
        for share in plan.payment.each(micros) {
            let sum = self.taken.entry((share.lot, kind)).or_default();
            sum.0 = sum.0.saturating_add(share.micros);
            sum.1 = sum.1.saturating_add(1);
        }
    }
}

fn whole_too_dear() -> Refusal {
    let detail = "the balance does not cover the whole submission; top up and send again";
    Refusal::new(RefusalCode::InsufficientBalance, detail)
}
