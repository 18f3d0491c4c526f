//! Working copies: open messages and connectors as the engine sees them.

use std::sync::Arc;

use ports::channel::{Channel, ConnectorStatus};
use ports::store::{AttemptView, MessageFacts, Progress};
use types::address::{Address, Msisdn};
use types::form::{Fit, Form};
use types::id::{ConnectorId, PoolId};
use types::message::{Content, Reason, State};
use types::receipt::{ReceiptState, Verdict};
use types::time::Timestamp;

use super::queue::ClassQueue;

/// One attempt of a message in memory.
#[derive(Clone, Debug)]
pub(crate) struct AttemptLive {
    pub(crate) number: u8,
    pub(crate) connector: ConnectorId,
    pub(crate) trigger: Reason,
    /// When it was written ahead: no receipt for it can be older.
    pub(crate) started_at: Timestamp,
    /// How the content was put.
    pub(crate) form: Form,
    /// Parts of the whole message in that form, as the supplier counts them.
    pub(crate) parts: u8,
    /// The last answer per request; `None` while none came.
    pub(crate) answers: Vec<Option<Verdict>>,
    /// The last receipt per request that is an end; also of the attempts that this one completes.
    pub(crate) receipts: Vec<Option<ReceiptState>>,
    /// Whether a receipt has come for the request of this very attempt: its id is known then.
    pub(crate) heard_of: Vec<bool>,
    /// The attempt whose taken parts this one completes, itself when it began anew.
    pub(crate) group: u8,
}

/// An open message in memory.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) facts: MessageFacts,
    pub(crate) progress: Progress,
    pub(crate) source: Address,
    /// The pool that the sender was chosen from.
    pub(crate) pool: Option<PoolId>,
    pub(crate) destination: Address,
    pub(crate) recipient: Msisdn,
    pub(crate) client_reference: Option<String>,
    /// `None` when it must be read again before it is sent.
    pub(crate) content: Option<Arc<Content>>,
    pub(crate) attempts: Vec<AttemptLive>,
    /// The connector in whose queue it waits.
    pub(crate) queued_for: Option<ConnectorId>,
    /// Connectors that are not tried again.
    pub(crate) left: Vec<ConnectorId>,
    /// The timer that is set.
    pub(crate) timer: Timestamp,
}

impl Live {
    /// The latest attempt.
    pub(crate) fn latest(&self) -> Option<&AttemptLive> {
        self.attempts.last()
    }

    /// The latest attempt, when the next one completes it: some of its parts were taken, and only the
    /// others are sent again, by the same connector, because the phone joins the parts of both.
    pub(crate) fn to_be_completed(&self) -> Option<&AttemptLive> {
        let is_sent_again = matches!(
            self.progress.reason,
            Reason::Throttled
                | Reason::Transient
                | Reason::LinkBroke
                | Reason::AnswerMissing
                | Reason::ProcessStopped
                | Reason::CrashedWriting
                | Reason::Quarantined
        );
        self.latest().filter(|latest| is_sent_again && latest.is_partly_taken())
    }

    /// How often an answer was transient.
    pub(crate) fn transient_count(&self) -> u8 {
        let transient = self.attempts.iter().filter(|attempt| attempt.trigger == Reason::Transient);
        u8::try_from(transient.count()).unwrap_or(u8::MAX)
    }

    /// How often it was sent again after an unknown outcome.
    pub(crate) fn resent_count(&self) -> u8 {
        let unknown =
            |reason| matches!(reason, Reason::LinkBroke | Reason::AnswerMissing | Reason::ProcessStopped);
        let resent = self.attempts.iter().filter(|attempt| unknown(attempt.trigger));
        u8::try_from(resent.count()).unwrap_or(u8::MAX)
    }

    /// Takes over attempts as read from the store.
    pub(crate) fn adopt_attempts(&mut self, views: &[AttemptView]) {
        self.attempts.clear();
        for view in views {
            let row = &view.row;
            let mut attempt = AttemptLive::new(
                row.attempt,
                row.connector,
                (row.trigger, row.started_at),
                Fit { form: row.form, parts: row.parts.max(1) },
            );
            self.complete(&mut attempt, &row.only_parts);
            for part in &view.parts {
                if let Some(slot) = attempt.answers.get_mut(usize::from(part.part).saturating_sub(1)) {
                    *slot = Some(part.verdict);
                }
            }
            for receipt in &view.receipts {
                attempt.hear_of(receipt.part);
                let slot = attempt.receipts.get_mut(usize::from(receipt.part).saturating_sub(1));
                if let (Some(slot), true) = (slot, receipt.state.end().is_some()) {
                    *slot = Some(receipt.state);
                }
            }
            self.attempts.push(attempt);
        }
        let latest = self.attempts.len().saturating_sub(usize::from(self.progress.state == State::Sending));
        self.attempts.iter_mut().take(latest).for_each(AttemptLive::expect_no_answer);
        // What made the next attempt, or will make it, says why the one before was left.
        let next = self.attempts.iter().skip(1).map(|attempt| attempt.trigger).chain([self.progress.reason]);
        let is_left = |(attempt, next): &(&AttemptLive, Reason)| {
            let refused = attempt.answers.contains(&Some(Verdict::Reroute));
            refused || matches!(next, Reason::Receipt | Reason::NoReceipt | Reason::Rerouted)
        };
        self.left =
            self.attempts.iter().zip(next).filter(is_left).map(|(attempt, _)| attempt.connector).collect();
    }

    /// The process stopped under the latest attempt: what has no answer will never have one.
    pub(crate) fn expect_no_answer(&mut self) {
        self.attempts.last_mut().into_iter().for_each(AttemptLive::expect_no_answer);
    }

    /// An attempt that sends certain parts only completes the one before: all others were taken.
    pub(crate) fn complete(&self, attempt: &mut AttemptLive, only_parts: &[u8]) {
        let Some(before) = self.attempts.last().filter(|_| !only_parts.is_empty()) else { return };
        attempt.group = before.group;
        for (slot, number) in attempt.answers.iter_mut().zip(1_u8..=u8::MAX) {
            if !only_parts.contains(&number) {
                *slot = Some(Verdict::Accepted);
            }
        }
        attempt.receipts.clone_from(&before.receipts);
    }
}

impl AttemptLive {
    /// An attempt of which nothing was heard yet.
    pub(crate) fn new(
        number: u8,
        connector: ConnectorId,
        (trigger, started_at): (Reason, Timestamp),
        fit: Fit,
    ) -> Self {
        let requests = usize::from(fit.form.requests(fit.parts));
        Self {
            number,
            connector,
            trigger,
            started_at,
            form: fit.form,
            parts: fit.parts,
            answers: vec![None; requests],
            receipts: vec![None; requests],
            heard_of: vec![false; requests],
            group: number,
        }
    }

    /// Whether some of its several requests were taken, and not all.
    fn is_partly_taken(&self) -> bool {
        let taken = self.answers.iter().filter(|answer| **answer == Some(Verdict::Accepted)).count();
        taken > 0 && taken < self.answers.len()
    }

    /// What has no answer will never have one.
    fn expect_no_answer(&mut self) {
        for answer in &mut self.answers {
            answer.get_or_insert(Verdict::Unknown);
        }
    }

    /// Whether a part may have been taken under an id that nobody was told.
    pub(crate) fn is_in_doubt(&self) -> bool {
        let is_known = |answer: &Option<Verdict>| answer.is_some_and(|answer| answer != Verdict::Unknown);
        self.answers.iter().zip(&self.heard_of).any(|(answer, heard_of)| !is_known(answer) && !heard_of)
    }

    /// A receipt has come for a part of this attempt.
    pub(crate) fn hear_of(&mut self, part: u8) {
        if let Some(heard_of) = self.heard_of.get_mut(usize::from(part).saturating_sub(1)) {
            *heard_of = true;
        }
    }

    /// It took so many requests.
    pub(crate) fn set_requests(&mut self, requests: usize) {
        self.answers.resize(requests, None);
        self.receipts.resize(requests, None);
        self.heard_of.resize(requests, false);
    }
}

/// A connector as the engine sees it.
pub(crate) struct ConnectorState {
    pub(crate) name: String,
    pub(crate) config: types::catalog::Connector,
    pub(crate) channel: Arc<dyn Channel>,
    pub(crate) status: ConnectorStatus,
    /// How many messages the channel can still be handed.
    pub(crate) credit: u32,
    /// The same before the draft, for a commit that does not happen.
    pub(crate) committed_credit: u32,
    /// Messages that wait for it.
    pub(crate) queue: ClassQueue,
}

impl ConnectorState {
    /// Whether any of its links is up.
    pub(crate) const fn is_up(&self) -> bool {
        self.status.links_up > 0
    }

    /// Whether it can be handed something now. What a channel has promised to take stands while its links
    /// are down, but is not used then.
    pub(crate) fn can_take(&self) -> bool {
        self.is_up() && self.credit > 0 && self.queue.len() > 0
    }
}

/// Numbers that differ from message to message, for weights.
#[derive(Debug, Default)]
pub(crate) struct Spread(u64);

impl Spread {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(1);
        self.0
    }
}
