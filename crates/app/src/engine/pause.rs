//! Messages that wait for a person: which there are, and what the person says of them.
//!
//! Why a message waits, and what follows from a ruling, is decided by `decide::lifecycle`; here is only
//! kept which they are. Start at [`Engine::rule`].

use std::collections::BTreeMap;
use std::sync::Arc;

use decide::lifecycle::Input as StepInput;
use tokio::sync::oneshot;
use types::id::RowKey;
use types::message::Pause;
use types::refusal::Refusal;
use types::time::Timestamp;

use super::steps::ReceiptNote;
use super::{Engine, EngineError};

/// What a person says of a message that waits for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// It goes on as if nothing had been.
    Release,
    /// It ends.
    GiveUp,
}

/// The messages that wait for a person, and why.
#[derive(Debug, Default)]
pub(crate) struct Paused {
    messages: BTreeMap<RowKey, Pause>,
    /// Whether something changed since the last publication.
    changed: bool,
}

impl Paused {
    fn follow(&mut self, key: RowKey, pause: Option<Pause>) {
        let before = match pause {
            Some(pause) => self.messages.insert(key, pause),
            None => self.messages.remove(&key),
        };
        self.changed |= before != pause;
    }

    /// Forgets everything, before it is read anew.
    pub(super) fn clear(&mut self) {
        self.messages.clear();
        self.changed = true;
    }
}

impl Engine {
    /// Follows whether a message waits for a person.
    pub(super) fn follow_pause(&mut self, key: RowKey) {
        let Some(live) = self.live.get(&key) else { return };
        let pause = live.progress.flags.pause().filter(|_| !live.progress.state.is_final());
        self.paused.follow(key, pause);
    }

    /// Publishes which messages wait for a person, once that is on disk.
    pub(super) fn publish_paused(&mut self) {
        if std::mem::take(&mut self.paused.changed) {
            self.shared.paused.store(Arc::new(self.paused.messages.clone()));
            let count = |pause| self.paused.messages.values().filter(|other| **other == pause).count();
            self.shared.metrics.set_paused(count(Pause::Quarantined), count(Pause::Restored));
        }
    }

    /// Does what a person says of messages; those that do not wait for one are passed over.
    pub(super) fn rule(
        &mut self,
        ruling: Ruling,
        messages: &[RowKey],
        reply: oneshot::Sender<Result<u64, Refusal>>,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let input = match ruling {
            Ruling::Release => StepInput::Release,
            Ruling::GiveUp => StepInput::GiveUp,
        };
        self.ensure_live(messages)?;
        let mut moved = 0;
        for key in messages {
            moved += u64::from(self.step(*key, input, ReceiptNote::default(), now)?.is_some());
        }
        self.draft.rulings.push((reply, moved));
        Ok(())
    }
}
