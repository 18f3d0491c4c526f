//! The use-cases that this door asks for, as a trait, so that its router can be tested without a
//! running core. [`app::Core`] is the one that serves.

use std::net::IpAddr;
use std::sync::Arc;

use app::detail::{Because, InboundDetail, MessageDetail, Page};
use app::submission::{Act, Done, Idempotency, KeyAccess, Submission, SubmitOutcome};
use app::{Core, MessageQuery, Rate, Scope};
use ports::BoxFuture;
use types::account::Account;
use types::charge::Balance;
use types::id::{AccountId, MessageId, PublicId, RowKey};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

mod contacts;
mod figures;
mod senders;
mod settings;
mod tree;
mod wordings;

pub use contacts::Contacts;
pub use figures::Figures;
pub use senders::Senders;
pub use settings::{Answer, Settings};
pub use tree::Tree;
pub use wordings::Wordings;

/// What this door asks of the core; see the methods of the same names of [`app::Core`].
pub trait Desk: Settings + Contacts + Senders + Wordings + Figures + Tree {
    /// The time.
    fn now(&self) -> Timestamp;
    /// Hands a submission in and waits for the commit.
    fn submit(&self, submission: Submission) -> BoxFuture<'_, SubmitOutcome>;
    /// What a submission would cost; nothing is kept.
    fn quote(&self, submission: Submission) -> BoxFuture<'_, SubmitOutcome>;
    /// Does something with a message that exists, once under the key of the request.
    fn act(
        &self,
        act: Act,
        scope: Scope,
        id: MessageId,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<MessageDetail>>;
    /// Checks an API key and its secret, and where it is used.
    fn authenticate_key(&self, key: &str, secret: &str, from: Option<IpAddr>) -> Result<KeyAccess, Refusal>;
    /// Checks the public id of an account and the secret of any of its API keys.
    fn authenticate_account(
        &self,
        sid: PublicId,
        secret: &str,
        from: Option<IpAddr>,
    ) -> Result<KeyAccess, Refusal>;
    /// Checks an API key by what was signed with its secret.
    fn authenticate_signed(
        &self,
        key: &str,
        from: Option<IpAddr>,
        is_right: &dyn Fn(&str) -> bool,
    ) -> Result<KeyAccess, Refusal>;
    /// How many messages an account may still send now; `None` for no limit.
    fn rate(&self, account: AccountId) -> Option<Rate>;
    /// An account.
    fn account(&self, id: AccountId) -> Option<Arc<Account>>;
    /// A message by its id.
    fn message(&self, scope: Scope, id: MessageId) -> BoxFuture<'_, Result<Option<MessageDetail>, Refusal>>;
    /// Messages, newest first.
    fn messages(
        &self,
        scope: Scope,
        query: MessageQuery,
    ) -> BoxFuture<'_, Result<Page<MessageDetail>, Refusal>>;
    /// Messages from phones, newest first.
    fn inbound(
        &self,
        scope: Scope,
        before: Option<RowKey>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Page<InboundDetail>, Refusal>>;
    /// Why a message was treated as it was.
    fn explain(&self, scope: Scope, id: MessageId) -> BoxFuture<'_, Explanation>;
    /// The balance of an account.
    fn balance(&self, account: AccountId) -> Option<Balance>;
    /// Prometheus text.
    fn metrics_text(&self) -> String;
    /// Proves that the store takes a durable write now.
    fn ready(&self) -> BoxFuture<'_, Result<(), Refusal>>;
    /// Counts a refusal that the door made itself.
    fn note_refusal(&self, account: Option<AccountId>, code: RefusalCode);
}

/// A message with the sentences that explain it; `None` when it is not visible to the caller.
pub type Explanation = Result<Option<(MessageDetail, Vec<Because>)>, Refusal>;

impl Desk for Core {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }

    fn submit(&self, submission: Submission) -> BoxFuture<'_, SubmitOutcome> {
        Box::pin(self.submit_and_wait(submission))
    }

    fn quote(&self, submission: Submission) -> BoxFuture<'_, SubmitOutcome> {
        Box::pin(Self::quote(self, submission))
    }

    fn act(
        &self,
        act: Act,
        scope: Scope,
        id: MessageId,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<MessageDetail>> {
        Box::pin(Self::act_once(self, act, scope, id, once))
    }

    fn authenticate_key(&self, key: &str, secret: &str, from: Option<IpAddr>) -> Result<KeyAccess, Refusal> {
        Self::authenticate_key(self, key, secret, from)
    }

    fn authenticate_account(
        &self,
        sid: PublicId,
        secret: &str,
        from: Option<IpAddr>,
    ) -> Result<KeyAccess, Refusal> {
        Self::authenticate_account(self, sid, secret, from)
    }

    fn authenticate_signed(
        &self,
        key: &str,
        from: Option<IpAddr>,
        is_right: &dyn Fn(&str) -> bool,
    ) -> Result<KeyAccess, Refusal> {
        Self::authenticate_signed(self, key, from, is_right)
    }

    fn rate(&self, account: AccountId) -> Option<Rate> {
        Self::rate(self, account)
    }

    fn account(&self, id: AccountId) -> Option<Arc<Account>> {
        Self::account(self, id)
    }

    fn message(&self, scope: Scope, id: MessageId) -> BoxFuture<'_, Result<Option<MessageDetail>, Refusal>> {
        Box::pin(Self::message(self, scope, id))
    }

    fn messages(
        &self,
        scope: Scope,
        query: MessageQuery,
    ) -> BoxFuture<'_, Result<Page<MessageDetail>, Refusal>> {
        Box::pin(Self::messages(self, scope, query))
    }

    fn inbound(
        &self,
        scope: Scope,
        before: Option<RowKey>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Page<InboundDetail>, Refusal>> {
        Box::pin(Self::inbound(self, scope, before, limit))
    }

    fn explain(&self, scope: Scope, id: MessageId) -> BoxFuture<'_, Explanation> {
        Box::pin(Self::explain(self, scope, id))
    }

    fn balance(&self, account: AccountId) -> Option<Balance> {
        Self::balance(self, account)
    }

    fn metrics_text(&self) -> String {
        Self::metrics_text(self)
    }

    fn ready(&self) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(Self::ready(self))
    }

    fn note_refusal(&self, account: Option<AccountId>, code: RefusalCode) {
        Self::note_refusal(self, account, code);
    }
}
