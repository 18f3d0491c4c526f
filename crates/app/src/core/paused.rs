//! Messages that wait for a person of the operator: quarantined ones, and those of a backup.
//!
//! It decides nothing: what a ruling leads to is `decide::lifecycle`. Start at [`Core::paused`].

use types::id::{MessageId, RowKey};
use types::message::Pause;
use types::refusal::{Refusal, RefusalCode};

use super::{Core, stopped, unheard};
use crate::detail::{Page, PausedDetail};
use crate::engine::{Input, Ruling};
use crate::inbox::Kind;

/// Messages that one command of the engine moves; more go in several.
const RULED_AT_ONCE: usize = 500;
/// Messages that one page shows at most.
const PAGE_MAX: usize = 200;

impl Core {
    /// How many messages wait for a person, for this reason.
    pub fn paused_count(&self, pause: Pause) -> u64 {
        let paused = self.inner.shared.paused.load();
        let count = paused.values().filter(|other| **other == pause).count();
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// Messages that wait for a person, for this reason or for any, the newest first; `before` is the
    /// cursor and `limit` at most 200.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn paused(
        &self,
        pause: Option<Pause>,
        before: Option<RowKey>,
        limit: usize,
    ) -> Result<Page<PausedDetail>, Refusal> {
        let limit = limit.clamp(1, PAGE_MAX);
        let mut keys: Vec<RowKey> = {
            let paused = self.inner.shared.paused.load();
            let asked = paused.iter().rev().filter(|(key, other)| {
                before.is_none_or(|before| **key < before) && pause.is_none_or(|pause| pause == **other)
            });
            asked.map(|(key, _)| *key).take(limit + 1).collect()
        };
        let next = if keys.len() > limit { keys.get(limit - 1).copied() } else { None };
        keys.truncate(limit);
        Ok(Page { items: self.inner.paused(keys).await?, next })
    }

    /// One message that waits for a person; `None` when there is none by this id, or it does not wait.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn paused_message(&self, id: MessageId) -> Result<Option<PausedDetail>, Refusal> {
        let found = self.inner.paused(vec![id.key()]).await?;
        Ok(found.into_iter().find(|paused| paused.message.id == id))
    }

    /// Lets a message go on that waits for a person.
    ///
    /// # Errors
    /// `not_found`, `too_late` when it does not wait for anybody, or when nothing can be kept.
    pub async fn release(&self, id: MessageId) -> Result<(), Refusal> {
        self.rule_on(Ruling::Release, id).await
    }

    /// Ends a message that waits for a person: as `failed`, or, where a carrier may have it, as
    /// `unconfirmed` or `no_report`.
    ///
    /// # Errors
    /// As [`Core::release`].
    pub async fn give_up(&self, id: MessageId) -> Result<(), Refusal> {
        self.rule_on(Ruling::GiveUp, id).await
    }

    /// Lets everything go on that waits for this reason now; gives how many messages that were.
    ///
    /// # Errors
    /// When nothing can be kept; what was released before stays so.
    pub async fn release_all(&self, pause: Pause) -> Result<u64, Refusal> {
        self.rule_on_all(Ruling::Release, pause).await
    }

    /// Ends everything that waits for this reason now; gives how many messages that were.
    ///
    /// # Errors
    /// As [`Core::release_all`].
    pub async fn give_up_all(&self, pause: Pause) -> Result<u64, Refusal> {
        self.rule_on_all(Ruling::GiveUp, pause).await
    }

    async fn rule_on(&self, ruling: Ruling, id: MessageId) -> Result<(), Refusal> {
        if self.message(super::Scope::All, id).await?.is_none() {
            return Err(Refusal::new(RefusalCode::NotFound, "there is no message by this id"));
        }
        match self.rule(ruling, vec![id.key()]).await? {
            0 => Err(Refusal::new(
                RefusalCode::TooLate,
                "the message does not wait for a person: it was released, or it has ended",
            )),
            _ => Ok(()),
        }
    }

    async fn rule_on_all(&self, ruling: Ruling, pause: Pause) -> Result<u64, Refusal> {
        let keys: Vec<RowKey> = {
            let paused = self.inner.shared.paused.load();
            paused.iter().filter(|(_, other)| **other == pause).map(|(key, _)| *key).collect()
        };
        let mut moved = 0;
        for chunk in keys.chunks(RULED_AT_ONCE) {
            moved += self.rule(ruling, chunk.to_vec()).await?;
        }
        Ok(moved)
    }

    async fn rule(&self, ruling: Ruling, messages: Vec<RowKey>) -> Result<u64, Refusal> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let input = Input::Rule(ruling, messages, sender);
        self.inner.shared.inbox.push(Kind::Command, input).map_err(|_| stopped())?;
        receiver.await.map_err(|_| unheard())?
    }
}
