//! Long submissions: staged over several cycles, so that one caller with many recipients holds nobody
//! up, and visible all at once or not at all.
//!
//! Nothing of one is charged or sent before its last row is there. Start at [`Engine::begin_long`]; how
//! one message is planned and made is in `admission`.

use std::collections::BTreeMap;

use decide::admit::Plan;
use ports::store::{MessageRow, OpenMessage};
use types::id::{LotId, SubmissionId};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::admission::{Earlier, Guards, accepted, admission_posting, hash_key, submission_row};
use super::live::Live;
use super::{Engine, EngineError, LongSubmission, STAGE_CHUNK};
use crate::submission::{Accepted, Rejected, ReplyTo, Submission};

impl Engine {
    /// Refuses a long submission, or begins to stage it; the answer is given after its last row.
    pub(super) fn begin_long(
        &mut self,
        submission: Submission,
        reply: ReplyTo,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        // Whatever can be refused is refused before a row is written; the balance is asked again
        // when the last row is there.
        if let Err(rejected) = self.plan_all(&submission, now) {
            self.count_outcome(&submission, &Err(rejected.clone()));
            self.draft.replies.push((reply, Err(rejected)));
            return Ok(());
        }
        let purse = self.purses.get(&submission.account).cloned().unwrap_or_default();
        let (key, tail) = self.next_key(now);
        self.draft.batch.submissions.push(submission_row(&submission, key, tail, true));
        if let Some(idempotency) = &submission.idempotency {
            self.long_keys.insert((submission.account, hash_key(&idempotency.key)));
        }
        self.long.push_back(LongSubmission {
            submission,
            reply,
            key,
            tail,
            purse,
            taken: BTreeMap::new(),
            next: 0,
            accepted: Vec::new(),
            staged: Vec::new(),
        });
        Ok(())
    }

    /// Stages one more chunk of the long submission that waits longest; the last chunk makes all of
    /// it visible and charges it, or gives all of it up.
    pub(super) fn stage_long(&mut self, now: Timestamp) -> Result<(), EngineError> {
        let Some(mut long) = self.long.pop_front() else { return Ok(()) };
        let begin = long.next;
        let end = (begin + STAGE_CHUNK).min(long.submission.drafts.len());
        let mut chunk = Vec::with_capacity(end - begin);
        let drafts = std::mem::take(&mut long.submission.drafts);
        let in_chunk = drafts.get(begin..end).unwrap_or_default();
        let suppressed = match self.suppressed_among(long.submission.account, in_chunk) {
            Ok(suppressed) => suppressed,
            Err(refusal) => {
                self.give_up_long(long, vec![(None, refusal)]);
                return Ok(());
            }
        };
        for (index, draft) in drafts.iter().enumerate().take(end).skip(begin) {
            // Whether all of them may wait was decided before the first was staged.
            let earlier = Earlier { purse: Some(&long.purse), ..Earlier::default() };
            let suppressed = suppressed.get(index - begin).copied().flatten();
            let guards = Guards { suppressed, ..Guards::default() };
            match self.plan(long.submission.account, earlier, guards, draft, now) {
                Ok((plan, _)) => {
                    long.take(&plan);
                    chunk.push(self.new_message(&long.submission, long.key, index, draft, &plan, now)?);
                }
                Err(refusal) => {
                    self.give_up_long(long, vec![(Some(index), refusal)]);
                    return Ok(());
                }
            }
        }
        long.submission.drafts = drafts;
        long.next = end;
        long.accepted.extend(chunk.iter().map(accepted));
        if end == long.submission.drafts.len() {
            return self.finish_long(long, chunk, now);
        }
        for live in chunk {
            let body = self.draft.bodies.remove(&live.facts.key).unwrap_or_default();
            let message = OpenMessage { facts: live.facts.clone(), progress: live.progress };
            self.draft.batch.messages.push(MessageRow { message, body });
            long.staged.push(live);
        }
        self.long.push_front(long);
        Ok(())
    }

    fn finish_long(
        &mut self,
        long: LongSubmission,
        chunk: Vec<Live>,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let account = long.submission.account;
        if !self.covers(&long) {
            self.give_up_long(long, vec![(None, whole_too_dear())]);
            return Ok(());
        }
        for ((lot, kind), (micros, messages)) in &long.taken {
            self.post_many(account, *lot, *kind, *micros, *messages);
        }
        self.draft.batch.unstaged.push(long.key);
        self.keep_idempotency(&long.submission, long.key, now);
        self.release_key(&long.submission);
        let id = SubmissionId::new(long.key, long.tail);
        let outcome = Ok(Accepted { id, messages: long.accepted, replayed: false });
        self.count_outcome(&long.submission, &outcome);
        self.draft.replies.push((long.reply, outcome));
        for live in long.staged {
            let (key, version) = (live.facts.key, live.progress.version);
            self.backlogs.follow(live.facts.account, live.facts.price.parts, None, live.progress.state);
            self.live.insert(key, live);
            self.draft.touched.insert(key, Some(version));
            self.wait_for_turn(key, now)?;
        }
        chunk.into_iter().try_for_each(|live| self.admit_live(live, now))
    }

    /// Whether the lots still hold what the messages take from each.
    fn covers(&self, long: &LongSubmission) -> bool {
        let mut totals: BTreeMap<LotId, i64> = BTreeMap::new();
        for ((lot, _), (micros, _)) in &long.taken {
            let total = totals.entry(*lot).or_default();
            *total = total.saturating_add(*micros);
        }
        let purse = self.purses.get(&long.submission.account);
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

    fn give_up_long(&mut self, long: LongSubmission, refusals: Vec<(Option<usize>, Refusal)>) {
        let key = long.key;
        self.draft.batch.messages.retain(|row| row.message.facts.submission != key);
        let began_now = self.draft.batch.submissions.iter().any(|row| row.key == key);
        self.draft.batch.submissions.retain(|row| row.key != key);
        if !began_now {
            self.draft.batch.discarded.push(key);
        }
        self.release_key(&long.submission);
        let outcome = Err(Rejected { refusals });
        self.count_outcome(&long.submission, &outcome);
        self.draft.replies.push((long.reply, outcome));
    }
}

impl LongSubmission {
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
