//! The use-cases that this door asks for, as a trait, so that its router can be tested without a
//! running core. [`app::Core`] is the one that serves.

use std::sync::Arc;

use app::detail::{Because, InboundDetail, MessageDetail, Page};
use app::submission::{Caller, Submission, SubmitOutcome};
use app::{Core, EndpointView, MessageQuery, Scope};
use ports::BoxFuture;
use types::account::{Account, EndpointKind};
use types::charge::Balance;
use types::id::{AccountId, EndpointId, MessageId, RowKey};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

/// What this door asks of the core; see the methods of the same names of [`app::Core`].
pub trait Desk: Send + Sync + 'static {
    /// The time.
    fn now(&self) -> Timestamp;
    /// Hands a submission in and waits for the commit.
    fn submit(&self, submission: Submission) -> BoxFuture<'_, SubmitOutcome>;
    /// What a submission would cost; nothing is kept.
    fn quote(&self, submission: Submission) -> BoxFuture<'_, SubmitOutcome>;
    /// Withdraws a message that was not sent yet.
    fn cancel(&self, scope: Scope, id: MessageId) -> BoxFuture<'_, Result<MessageDetail, Refusal>>;
    /// Checks an API key and its secret.
    fn authenticate_key(&self, key: &str, secret: &str) -> Option<Caller>;
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
    /// The endpoint of a callback address, made when it is new.
    fn webhook_endpoint<'a>(
        &'a self,
        account: AccountId,
        kind: EndpointKind,
        url: &'a str,
    ) -> BoxFuture<'a, Result<EndpointId, Refusal>>;
    /// The callback addresses of an account, its default first.
    fn endpoints(&self, account: AccountId) -> Vec<EndpointView>;
    /// Sets the address of messages that state none; `None` for none.
    fn set_default_webhook<'a>(
        &'a self,
        account: AccountId,
        kind: EndpointKind,
        url: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Option<EndpointView>, Refusal>>;
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

    fn cancel(&self, scope: Scope, id: MessageId) -> BoxFuture<'_, Result<MessageDetail, Refusal>> {
        Box::pin(Self::cancel(self, scope, id))
    }

    fn authenticate_key(&self, key: &str, secret: &str) -> Option<Caller> {
        Self::authenticate_key(self, key, secret)
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

    fn webhook_endpoint<'a>(
        &'a self,
        account: AccountId,
        kind: EndpointKind,
        url: &'a str,
    ) -> BoxFuture<'a, Result<EndpointId, Refusal>> {
        Box::pin(Self::webhook_endpoint(self, account, kind, url))
    }

    fn endpoints(&self, account: AccountId) -> Vec<EndpointView> {
        Self::endpoints(self, account)
    }

    fn set_default_webhook<'a>(
        &'a self,
        account: AccountId,
        kind: EndpointKind,
        url: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Option<EndpointView>, Refusal>> {
        Box::pin(Self::set_default_webhook(self, account, kind, url))
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
