//! A store that cannot be reached: the engine waits for it, and refuses meanwhile what somebody waits
//! for. What channels have told is kept.
//!
//! Only for [`StoreError::Unreachable`]: any other error of reading stops the engine. Start at
//! [`Engine::reload_when_reachable`].

use std::time::Duration;

use ports::store::{ApplyError, Batch, StoreError};
use types::refusal::{Refusal, RefusalCode};

use super::{Engine, EngineError, Input, chain};
use crate::inbox::EVENTS_MAX;
use crate::submission::Rejected;

/// The pause between two attempts to reach the store.
const PAUSE: Duration = Duration::from_millis(200);
/// Inputs that are looked at in one pause; more wait in the inbox.
const INPUTS_MAX: usize = 2_048;

impl EngineError {
    /// Whether the store cannot be reached now, and nothing else is wrong.
    pub(super) const fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Store(StoreError::Unreachable { .. })
                | Self::InDoubt(ApplyError::NotWritten(StoreError::Unreachable { .. }))
        )
    }
}

/// The answer to everybody who waits for a batch that was not written.
pub(super) fn unavailable() -> Refusal {
    Refusal::new(RefusalCode::Unavailable, "the store cannot be written now; nothing was kept").retry_after(5)
}

/// The answer to a message that the engine cannot even look at.
pub(super) fn cannot_be_taken() -> Refusal {
    Refusal::new(RefusalCode::Unavailable, "looking at this message crashed; nothing of it was kept")
}

impl Engine {
    /// Reads the working copies anew, as soon as the store can be reached. Of `kept` and of what comes
    /// meanwhile, only what must not be lost is left.
    pub(super) fn reload_when_reachable(&mut self, kept: &mut Vec<Input>) -> Result<(), EngineError> {
        let mut waits = false;
        loop {
            match self.reload() {
                Err(error) if error.is_unreachable() => {
                    self.shared.note_store_trouble();
                    if self.shared.inbox.is_closed() {
                        return Err(error);
                    }
                    if !waits {
                        tracing::error!(error = %chain(&error), "waiting for the store");
                        waits = true;
                        let inputs = std::mem::take(kept);
                        kept.extend(inputs.into_iter().filter_map(|input| self.without_store(input)));
                    }
                    self.refuse_meanwhile(kept);
                }
                outcome => {
                    if waits && outcome.is_ok() {
                        tracing::info!("the store can be reached again");
                    }
                    return outcome;
                }
            }
        }
    }

    /// Refuses what comes in one pause. When too much is kept, the rest waits in the inbox, which has
    /// its own limits.
    fn refuse_meanwhile(&mut self, kept: &mut Vec<Input>) {
        if kept.len() >= EVENTS_MAX {
            std::thread::sleep(PAUSE);
            return;
        }
        let mut inputs = Vec::new();
        self.shared.inbox.take(INPUTS_MAX, PAUSE, &mut inputs, Input::kind);
        kept.extend(inputs.into_iter().filter_map(|input| self.without_store(input)));
    }

    /// Answers what can be answered without the store; gives back what must not be lost.
    fn without_store(&mut self, input: Input) -> Option<Input> {
        match input {
            Input::Submit(_, reply) => reply.send(Err(Rejected::whole(unavailable()))),
            // A caller that has gone away needs no answer.
            Input::Quote(_, reply) => drop(reply.send(Err(Rejected::whole(unavailable())))),
            Input::Act(_, _, _, _, reply) => drop(reply.send(Err(unavailable()))),
            Input::List(_, _, _, reply) => drop(reply.send(Err(unavailable()))),
            Input::Rule(_, _, reply) => drop(reply.send(Err(unavailable()))),
            Input::Endpoint(_, reply) => drop(reply.send(Err(unavailable()))),
            Input::Change(_, reply) => drop(reply.send(Err(unavailable()))),
            Input::Probe(reply) => drop(reply.send(Err(unavailable()))),
            Input::Drain(reply) => self.drain(reply),
            kept @ (Input::Channel(..)
            | Input::Suspect(_)
            | Input::ReportsDone(_)
            | Input::ReportsMoot(_)
            | Input::ReportsRetry(_)
            | Input::LoadReports(..)) => return Some(kept),
        }
        None
    }

    /// Tells everybody who waits for this batch that nothing of it happened.
    pub(super) fn refuse_batch(&mut self) {
        let draft = std::mem::take(&mut self.draft);
        self.sealer.forget(&draft.batch.data_keys);
        for (reply, outcome) in draft.replies {
            let outcome = outcome.and_then(|_| Err(Rejected::whole(unavailable())));
            reply.send(outcome);
        }
        for (reply, _) in draft.acts {
            drop(reply.send(Err(unavailable())));
        }
        for (reply, _) in draft.listed {
            drop(reply.send(Err(unavailable())));
        }
        for (reply, _) in draft.rulings {
            drop(reply.send(Err(unavailable())));
        }
        for reply in draft.probes {
            drop(reply.send(Err(unavailable())));
        }
        for long in self.long.drain(..) {
            long.refuse(unavailable());
        }
        self.long_keys.clear();
    }

    /// Tidies the store. A store in trouble that can be tidied again is asked for a durable write, so
    /// that readiness comes back also when nobody sends.
    pub(crate) fn tidy_or_note(&mut self) {
        let now = self.clock.now();
        match self.store.tidy(now) {
            Ok(_) if self.shared.is_healthy() => {}
            Ok(_) => match self.store.apply(&Batch { at: now, ..Batch::default() }) {
                Ok(commit) => {
                    self.last_commit = commit;
                    self.shared.note_commit();
                }
                Err(error) => tracing::debug!(error = %chain(&error), "the store is still in trouble"),
            },
            Err(error @ StoreError::Unreachable { .. }) => {
                // Told once: it is tried again at every turn.
                if self.shared.is_healthy() {
                    tracing::error!(error = %chain(&error), "the store cannot be reached");
                }
                self.shared.note_store_trouble();
            }
            Err(error) => tracing::error!(error = %chain(&error), "the store could not be tidied"),
        }
    }
}
