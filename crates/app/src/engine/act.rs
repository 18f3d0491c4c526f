//! What is asked of messages that exist: to withdraw one, to erase its content, to delete it, and to make room for another.
//!
//! Whether a message can still be withdrawn is decided by `decide::lifecycle`. Content may go once a message has
//! ended, because nothing sends it again from then on. Start at [`Engine::act`].

use decide::lifecycle::Input as StepInput;
use ports::store::{ConfigChange, JournalEntry};
use tokio::sync::oneshot;
use types::address::Address;
use types::id::{AccountId, MessageId, RowKey};
use types::message::{Flags, Reason};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::live::Live;
use super::once::{Known, idempotency_row};
use super::steps::ReceiptNote;
use super::{Engine, EngineError};
use crate::seal::Kind;
use crate::sealed::write_addresses;
use crate::submission::{Act, Idempotency};

/// Whether it was done: `true` when the same request had done so before.
pub(crate) type ActOutcome = Result<bool, Refusal>;

impl Engine {
    /// Does what is asked of a message, once under the key of a request; the answer is given after the commit.
    pub(super) fn act(
        &mut self,
        act: Act,
        (account, id): (Option<AccountId>, MessageId),
        once: Option<(AccountId, Idempotency)>,
        reply: oneshot::Sender<ActOutcome>,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let known = match &once {
            Some((holder, idempotency)) => self.known(*holder, idempotency, now)?,
            None => Known::Nothing,
        };
        let outcome = match known {
            Known::Done(_) => Ok(true),
            Known::Refused(refusal) => Err(refusal),
            Known::Nothing => self.act_anew(act, account, id, now)?.map(|key| {
                if let Some((holder, idempotency)) = &once {
                    self.draft.batch.idempotency.push(idempotency_row(*holder, idempotency, key, now));
                }
                false
            }),
        };
        self.draft.acts.push((reply, outcome));
        Ok(())
    }

    fn act_anew(
        &mut self,
        act: Act,
        account: Option<AccountId>,
        id: MessageId,
        now: Timestamp,
    ) -> Result<Result<RowKey, Refusal>, EngineError> {
        let key = id.key();
        self.ensure_live(&[key])?;
        let is_meant = |live: &Live| {
            let is_seen = account.is_none_or(|account| {
                account == live.facts.account && !live.progress.flags.contains(Flags::DELETED)
            });
            live.facts.tail == id.tail() && is_seen
        };
        if !self.live.get(&key).is_some_and(is_meant) {
            return Ok(Err(Refusal::new(RefusalCode::NotFound, "there is no message by this id")));
        }
        let done = match act {
            Act::Withdraw => self.step(key, StepInput::Cancel, ReceiptNote::default(), now)?.is_some(),
            Act::EraseContent => self.erase_content(key),
            Act::Delete => self.delete(key),
        };
        Ok(match (done, act) {
            (true, _) => Ok(key),
            (false, Act::Withdraw) => {
                let detail = "the message was sent or has ended; it cannot be withdrawn";
                Err(Refusal::new(RefusalCode::TooLate, detail))
            }
            (false, Act::EraseContent | Act::Delete) => {
                let detail = "the message has not ended; its content may still have to be sent";
                Err(Refusal::new(RefusalCode::TooEarly, detail))
            }
        })
    }

    /// Erases what an ended message says; `false` for one that has not ended. The journal keeps that it was
    /// done.
    fn erase_content(&mut self, key: RowKey) -> bool {
        let Some(live) = self.live.get_mut(&key).filter(|live| live.progress.state.is_final()) else {
            return false;
        };
        live.content = None;
        let state = live.progress.state;
        self.draft.batch.config.push(ConfigChange::ContentErased(live.facts.account, key));
        let entry = JournalEntry { message: key, from: state, to: state, reason: Reason::Erased, attempt: 0 };
        self.draft.batch.journal.push(entry);
        true
    }

    /// Deletes an ended message for its owner; `false` for one that has not ended. The journal keeps that it was
    /// done.
    fn delete(&mut self, key: RowKey) -> bool {
        let Some(live) = self.live.get_mut(&key).filter(|live| live.progress.state.is_final()) else {
            return false;
        };
        let Some(data_key) = self.sealer.key(live.facts.data_key) else { return false };
        let nobody = Address::default();
        live.recipient = live.recipient.range();
        let plain = write_addresses(&nobody, &nobody, live.recipient, None);
        let sealed = data_key.seal(Kind::Addresses, key, &plain, self.entropy.as_ref());
        live.facts.sealed = sealed.clone().into();
        (live.source, live.destination) = (nobody.clone(), nobody);
        (live.content, live.client_reference) = (None, None);
        self.draft.touched.entry(key).or_insert(Some(live.progress.version));
        live.progress.flags = live.progress.flags.with(Flags::DELETED);
        let (account, state) = (live.facts.account, live.progress.state);
        self.draft.batch.config.push(ConfigChange::AddressesErased { account, message: key, sealed });
        let entry = JournalEntry { message: key, from: state, to: state, reason: Reason::Erased, attempt: 0 };
        self.draft.batch.journal.push(entry);
        true
    }

    /// Withdraws a message that a new one of its account takes the place of. One that was sent meanwhile stays.
    pub(super) fn give_way(
        &mut self,
        account: AccountId,
        id: MessageId,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let key = id.key();
        self.ensure_live(&[key])?;
        let is_its_own = |live: &Live| live.facts.tail == id.tail() && live.facts.account == account;
        if self.live.get(&key).is_some_and(is_its_own) {
            self.step(key, StepInput::Cancel, ReceiptNote::default(), now)?;
        }
        Ok(())
    }
}
