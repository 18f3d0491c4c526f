//! Submissions: decided one by one against the working copies, taken wholly or not at all.
//!
//! It writes nothing outside the draft of the cycle. Start at [`Engine::submit`]; submissions with many
//! recipients go on in `long`.

use std::sync::Arc;

use decide::admit::Plan;
use decide::lifecycle::Stage;
use decide::pool::Chosen;
use ports::store::{JournalEntry, MessageFacts, Progress, SubmissionRow};
use types::charge::{ChargeState, ChargeTrigger, PostingKind};
use types::id::{MessageId, RowKey, SubmissionId};
use types::message::{Draft, Flags, Reason, ReportWish, State};
use types::quiet::TimeFinding;
use types::refusal::RefusalCode;
use types::time::Timestamp;

use super::live::Live;
use super::money::Payer;
use super::once::{Known, idempotency_row};
use super::outage::unavailable;
use super::planning::Planned;
use super::{Engine, EngineError, STAGE_CHUNK};
use crate::seal::{KeyClass, Kind, sha256};
use crate::sealed::{ChosenSender, add_chosen, add_time, read_addresses, write_addresses, write_content};
use crate::shared::Count;
use crate::submission::{Accepted, AcceptedMessage, Preview, Rejected, ReplyTo, Submission, SubmitOutcome};

/// Answers one who waits when the store could not be read.
fn refused(reply: ReplyTo, error: EngineError) -> EngineError {
    reply.send(Err(Rejected::whole(unavailable())));
    error
}

impl Engine {
    /// Takes or refuses a submission; the answer is given after the commit.
    pub(super) fn submit(
        &mut self,
        submission: Submission,
        reply: ReplyTo,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let replayed = match self.replayed(&submission, now) {
            Ok(replayed) => replayed,
            Err(error) => return Err(refused(reply, error)),
        };
        match replayed {
            Some(outcome) => {
                self.draft.replies.push((reply, outcome));
                return Ok(());
            }
            None if submission.drafts.len() > STAGE_CHUNK => {
                self.begin_long(submission, reply);
                return Ok(());
            }
            None => {}
        }
        let outcome = match self.take_submission(&submission, now) {
            Ok(outcome) => outcome,
            Err(error) => return Err(refused(reply, error)),
        };
        self.count_outcome(&submission, &outcome);
        self.draft.replies.push((reply, outcome));
        Ok(())
    }

    pub(super) fn count_outcome(&mut self, submission: &Submission, outcome: &SubmitOutcome) {
        let account = submission.account;
        match outcome {
            Ok(accepted) => {
                let messages = u32::try_from(accepted.messages.len()).unwrap_or(u32::MAX);
                self.draft.counts.push(Count::Accepted(account, messages));
            }
            Err(rejected) => {
                let code = rejected.first().map_or(RefusalCode::InvalidRequest, |refusal| refusal.code);
                self.draft.counts.push(Count::Refused(Some(account), code));
            }
        }
    }

    /// What a submission would cost; nothing is kept.
    pub(super) fn quote(&mut self, submission: &Submission, now: Timestamp) -> SubmitOutcome {
        let Planned { plans, repeats } = self.plan_all(submission, now)?;
        self.forget_repeats(&repeats);
        let id = SubmissionId::new(RowKey::ZERO, 0);
        let messages = plans.into_iter().map(|plan| AcceptedMessage {
            id: MessageId::new(RowKey::ZERO, 0),
            state: plan.state,
            parts: plan.price.parts,
            price: plan.price.amount,
            preview: Preview::of(&plan),
            send_at: plan.send_at,
            time: plan.time,
        });
        Ok(Accepted { id, messages: messages.collect(), replayed: false })
    }

    /// The answer to an earlier request with the same key, or a refusal of the key.
    pub(super) fn replayed(
        &mut self,
        submission: &Submission,
        now: Timestamp,
    ) -> Result<Option<SubmitOutcome>, EngineError> {
        let Some(idempotency) = &submission.idempotency else { return Ok(None) };
        Ok(match self.known(submission.account, idempotency, now)? {
            Known::Nothing => None,
            Known::Done(created) => Some(self.answer_again(created)?),
            Known::Refused(refusal) => Some(Err(Rejected::whole(refusal))),
        })
    }

    /// Writes the answer to a submission that was taken before, as it was then.
    fn answer_again(&mut self, submission: RowKey) -> Result<SubmitOutcome, EngineError> {
        let fresh = self.draft.new_messages.iter().filter_map(|key| self.live.get(key));
        let mut found: Vec<_> =
            fresh.filter(|live| live.facts.submission == submission).map(|live| live.facts.clone()).collect();
        let (stored, tail) = self.store.submission(submission)?;
        for facts in stored {
            if !found.iter().any(|known| known.key == facts.key) {
                found.push(facts);
            }
        }
        let in_batch =
            self.draft.batch.submissions.iter().find(|row| row.key == submission).map(|row| row.tail);
        found.sort_by_key(|facts| facts.index);
        let messages = found.iter().map(|facts| AcceptedMessage {
            id: ports::store::message_id(facts),
            state: if facts.send_at.is_some() { State::Scheduled } else { State::Queued },
            parts: facts.price.parts,
            price: facts.price.amount,
            preview: None,
            send_at: facts.send_at,
            time: facts.send_at.and_then(|_| self.time_of(facts)),
        });
        let id = SubmissionId::new(submission, tail.or(in_batch).unwrap_or(0));
        Ok(Ok(Accepted { id, messages: messages.collect(), replayed: true }))
    }

    /// What steered the time of a stored message.
    fn time_of(&self, facts: &MessageFacts) -> Option<Box<TimeFinding>> {
        let plain = self.sealer.key(facts.data_key)?.open(Kind::Addresses, facts.key, &facts.sealed).ok()?;
        read_addresses(&plain)?.time.map(Box::new)
    }

    pub(super) fn take_submission(
        &mut self,
        submission: &Submission,
        now: Timestamp,
    ) -> Result<SubmitOutcome, EngineError> {
        match self.plan_all(submission, now) {
            Ok(planned) => self.keep_submission(submission, planned.plans, now),
            Err(rejected) => Ok(Err(rejected)),
        }
    }

    fn keep_submission(
        &mut self,
        submission: &Submission,
        plans: Vec<Plan>,
        now: Timestamp,
    ) -> Result<SubmitOutcome, EngineError> {
        let (key, tail) = self.next_key(now);
        self.draft.batch.submissions.push(submission_row(submission, key, tail, false));
        self.keep_idempotency(submission, key, now);
        let mut messages = Vec::with_capacity(plans.len());
        for (index, (draft, plan)) in submission.drafts.iter().zip(plans).enumerate() {
            let live = self.new_message(submission, key, index, draft, &plan, now)?;
            messages.push(accepted(&live, plan.time));
            let kind = admission_posting(live.facts.trigger);
            self.post_price(&Payer::of(&live.facts), kind);
            self.admit_live(live, now)?;
        }
        for replaced in &submission.replaces {
            self.give_way(submission.account, *replaced, now)?;
        }
        Ok(Ok(Accepted { id: SubmissionId::new(key, tail), messages, replayed: false }))
    }

    pub(super) fn keep_idempotency(&mut self, submission: &Submission, key: RowKey, now: Timestamp) {
        if let Some(idempotency) = &submission.idempotency {
            let row = idempotency_row(submission.account, idempotency, key, now);
            self.draft.batch.idempotency.push(row);
        }
    }

    /// A key and the random bits of the public id.
    pub(super) fn next_key(&mut self, now: Timestamp) -> (RowKey, u64) {
        let chance = self.entropy.next_u64();
        (self.keys.next(now, chance >> 40), chance & ((1 << 53) - 1))
    }

    pub(super) fn new_message(
        &mut self,
        submission: &Submission,
        submission_key: RowKey,
        index: usize,
        draft: &Draft,
        plan: &Plan,
        now: Timestamp,
    ) -> Result<Live, EngineError> {
        let (key, tail) = self.next_key(now);
        let data_key = self.sealer.current(
            Some(submission.account),
            KeyClass::Messages,
            now,
            &mut self.draft.batch.data_keys,
        )?;
        let source = plan.chosen.as_ref().map_or(&draft.source, |chosen| &chosen.sender);
        let reference = draft.client_reference.as_deref();
        let mut addresses = write_addresses(source, &draft.destination, plan.recipient, reference);
        if let Some(chosen) = &plan.chosen {
            let Chosen { pool, pool_name, why, .. } = chosen.clone();
            add_chosen(&mut addresses, &ChosenSender { pool, pool_name, by: why });
            self.remember_sender(chosen, self.hasher.number(plan.recipient), now);
        }
        if let Some(time) = &plan.time {
            add_time(&mut addresses, time);
        }
        let draft_content = plan.content.as_ref().unwrap_or(&draft.content);
        let content = write_content(draft_content);
        let entropy = self.entropy.as_ref();
        self.draft.bodies.insert(key, data_key.seal(Kind::Body, key, &content, entropy).into());
        let facts = MessageFacts {
            key,
            tail,
            submission: submission_key,
            index: u32::try_from(index).unwrap_or(u32::MAX),
            account: submission.account,
            door: submission.door,
            class: plan.class,
            traffic_type: draft.traffic_type.as_str().into(),
            country: plan.country,
            network: plan.network,
            recipient_hash: self.hasher.number(plan.recipient),
            content_hash: self.hasher.hash(b'c', &content),
            price: plan.price,
            levels: plan.levels.clone(),
            lot: plan.payment.lot,
            shares: plan.payment.shares.clone(),
            trigger: plan.trigger,
            received_at: submission.received_at,
            accepted_at: now,
            send_at: plan.send_at,
            expires_at: plan.expires_at,
            report: draft.report,
            region: plan.region,
            profile_version: self.snapshot.profile_version,
            traffic_version: self.snapshot.traffic.version,
            data_key: data_key.id(),
            sealed: data_key.seal(Kind::Addresses, key, &addresses, entropy).into(),
        };
        Ok(Live {
            facts,
            progress: first_progress(plan, draft.report, now),
            source: source.clone(),
            pool: plan.chosen.as_ref().map(|chosen| chosen.pool),
            destination: draft.destination.clone(),
            recipient: plan.recipient,
            client_reference: draft.client_reference.clone(),
            content: Some(Arc::new(draft_content.clone())),
            attempts: Vec::new(),
            queued_for: None,
            left: Vec::new(),
            timer: Timestamp::NEVER,
        })
    }

    /// Puts a new message among the open ones.
    pub(super) fn admit_live(&mut self, live: Live, now: Timestamp) -> Result<(), EngineError> {
        let key = live.facts.key;
        let state = live.progress.state;
        self.draft.touched.insert(key, None);
        self.draft.new_messages.push(key);
        self.draft.batch.journal.push(JournalEntry {
            message: key,
            from: State::Accepted,
            to: state,
            reason: Reason::None,
            attempt: 0,
        });
        self.backlogs.follow(live.facts.account, live.facts.price.parts, None, state);
        self.live.insert(key, live);
        self.wait_for_turn(key, now)
    }

    pub(super) fn wait_for_turn(&mut self, key: RowKey, now: Timestamp) -> Result<(), EngineError> {
        let Some(live) = self.live.get(&key) else { return Ok(()) };
        let (state, due_at) = (live.progress.state, live.progress.due_at);
        if state == State::Queued {
            self.place(key, now)
        } else {
            self.set_timer(key, due_at);
            Ok(())
        }
    }
}

/// How far a message is that was just admitted.
fn first_progress(plan: &Plan, report: ReportWish, now: Timestamp) -> Progress {
    let charge =
        if plan.trigger == ChargeTrigger::OnAccept { ChargeState::Charged } else { ChargeState::Held };
    let flags = if report.successes_only { Flags::SUCCESSES_ONLY } else { Flags::default() };
    Progress {
        version: 1,
        state: plan.state,
        reason: Reason::None,
        flags,
        charge,
        attempts: 0,
        events: 0,
        connector: None,
        due_at: plan.send_at.unwrap_or(now),
        submitted_at: None,
        final_at: None,
    }
}

pub(super) fn admission_posting(trigger: ChargeTrigger) -> PostingKind {
    if trigger == ChargeTrigger::OnAccept { PostingKind::Charge } else { PostingKind::Hold }
}

pub(super) fn accepted(live: &Live, time: Option<Box<TimeFinding>>) -> AcceptedMessage {
    AcceptedMessage {
        id: ports::store::message_id(&live.facts),
        state: live.progress.state,
        parts: live.facts.price.parts,
        price: live.facts.price.amount,
        preview: None,
        send_at: live.facts.send_at,
        time,
    }
}

pub(super) fn submission_row(submission: &Submission, key: RowKey, tail: u64, staged: bool) -> SubmissionRow {
    SubmissionRow {
        key,
        tail,
        account: submission.account,
        door: submission.door,
        received_at: submission.received_at,
        messages: u32::try_from(submission.drafts.len()).unwrap_or(u32::MAX),
        staged,
    }
}

/// The stored form of an idempotency key: half of its SHA-256.
pub(super) fn hash_key(key: &str) -> [u8; 16] {
    let digest = sha256(key.as_bytes());
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(digest) {
        *to = from;
    }
    half
}

/// The stage of a message as `decide` reads it.
pub(super) fn stage_of(progress: &Progress) -> Stage {
    Stage {
        state: progress.state,
        reason: progress.reason,
        flags: progress.flags,
        charge: progress.charge,
        attempts: progress.attempts,
        due_at: progress.due_at,
        submitted_at: progress.submitted_at,
        final_at: progress.final_at,
    }
}
