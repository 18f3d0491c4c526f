//! Long submissions: staged over several cycles, so that one caller with many recipients holds nobody
//! up, and visible all at once or not at all.
//!
//! Nothing of one is charged or sent before its last row is there. Start at [`Engine::begin_long`]; how
//! one message is planned and made is in `admission`.

use decide::admit::Plan;
use decide::budget::Backlog;
use ports::store::{MessageRow, OpenMessage};
use types::id::{LotId, SubmissionId};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::admission::{accepted, admission_posting, hash_key, submission_row};
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
        let lot = match self
            .plan_all(&submission, now)
            .and_then(|plans| self.lot_for_all(&submission, &plans, now))
        {
            Ok(lot) => lot,
            Err(rejected) => {
                self.count_outcome(&submission, &Err(rejected.clone()));
                self.draft.replies.push((reply, Err(rejected)));
                return Ok(());
            }
        };
        let (key, tail) = self.next_key(now);
        self.draft.batch.submissions.push(submission_row(&submission, key, tail, true));
        if let Some(idempotency) = &submission.idempotency {
            self.long_keys.insert((submission.account, hash_key(&idempotency.key)));
        }
        // Its messages are planned again chunk by chunk, and would find themselves as repeats.
        let submission = Submission { guard_repeats: false, ..submission };
        self.long.push_back(LongSubmission {
            submission,
            reply,
            key,
            tail,
            lot,
            next: 0,
            accepted: Vec::new(),
            staged: Vec::new(),
        });
        Ok(())
    }

    /// The one lot that covers a whole long submission: its rows name the lot that pays.
    fn lot_for_all(
        &self,
        submission: &Submission,
        plans: &[Plan],
        now: Timestamp,
    ) -> Result<LotId, Rejected> {
        let total = plans.iter().try_fold(0_i64, |sum, plan| sum.checked_add(plan.price.amount.micros));
        let unit = plans.first().map(|plan| plan.price.amount.unit);
        let purse = self.purses.get(&submission.account);
        let allow_negative = self.snapshot.profile.money.allow_negative;
        let lot = total.zip(unit).zip(purse).and_then(|((total, unit), purse)| {
            purse.choose(types::money::Money::new(total, unit), now, allow_negative)
        });
        lot.ok_or_else(|| Rejected::whole(whole_too_dear()))
    }

    /// Stages one more chunk of the long submission that waits longest; the last chunk makes all of
    /// it visible and charges it, or gives all of it up.
    pub(super) fn stage_long(&mut self, now: Timestamp) -> Result<(), EngineError> {
        let Some(mut long) = self.long.pop_front() else { return Ok(()) };
        let begin = long.next;
        let end = (begin + STAGE_CHUNK).min(long.submission.drafts.len());
        let mut chunk = Vec::with_capacity(end - begin);
        let drafts = std::mem::take(&mut long.submission.drafts);
        for (index, draft) in drafts.iter().enumerate().take(end).skip(begin) {
            // Whether all of them may wait was decided when the first chunk began.
            match self.plan(&long.submission, draft, Backlog::default(), now) {
                Ok(plan) => {
                    let plan = Plan { lot: long.lot, ..plan };
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
        let total: i64 = long.accepted.iter().map(|message| message.price.micros).sum();
        let lot = long.lot;
        let covers = self.snapshot.profile.money.allow_negative
            || self.purses.get(&long.submission.account).is_some_and(|purse| {
                purse.lots().iter().any(|known| known.id == lot && known.available_micros >= total)
            });
        if !covers {
            self.give_up_long(long, vec![(None, whole_too_dear())]);
            return Ok(());
        }
        let messages = u32::try_from(long.accepted.len()).unwrap_or(u32::MAX);
        let posting = admission_posting(self.snapshot.trigger());
        self.post_many(long.submission.account, lot, posting, total, messages);
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

fn whole_too_dear() -> Refusal {
    let detail = "the balance does not cover the whole submission; top up and send again";
    Refusal::new(RefusalCode::InsufficientBalance, detail)
}
