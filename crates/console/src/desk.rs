//! What the console asks of the core, as a trait, so that pages can be shown over made-up answers.
//!
//! The implementation for the core only passes questions on; it never decides. Start at [`Desk`].

use std::net::IpAddr;
use std::sync::Arc;

use app::detail::{Because, MessageDetail, Movement, Page, PausedDetail};
use app::history::Span;
use app::submission::{Submission, SubmitOutcome};
use app::{
    ConnectorView, Core, EndpointView, KeyView, LiveFigures, MessageQuery, Person, Scope, ShownCredential,
    VersionView,
};
use ports::BoxFuture;
use types::Sensitive;
use types::account::{Account, EndpointKind};
use types::catalog::TrafficDocument;
use types::charge::Balance;
use types::id::{AccountId, MessageId, RowKey};
use types::refusal::Refusal;
use types::time::Timestamp;

mod book;
mod tree;

pub use book::Book;
pub use tree::Tree;

/// An answer that the core may refuse.
pub(crate) type Answer<'a, T> = BoxFuture<'a, Result<T, Refusal>>;

/// The questions of the console. Each is the method of [`app::Core`] of the same name.
pub trait Desk: Tree + Book + Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
    /// The name that customers know the operator by.
    fn brand(&self) -> String;
    /// Counts since start.
    fn live(&self, scope: Scope) -> LiveFigures;
    /// The last five minutes, the oldest span first.
    fn history(&self, scope: Scope) -> Vec<Span>;
    /// One account.
    fn account(&self, id: AccountId) -> Option<Arc<Account>>;
    /// All accounts.
    fn accounts(&self) -> Vec<Arc<Account>>;
    /// What an account has.
    fn balance(&self, account: AccountId) -> Option<Balance>;
    /// All connectors.
    fn connectors(&self) -> Vec<ConnectorView>;
    /// The newest traffic document and its number.
    fn traffic(&self) -> (u32, Arc<TrafficDocument>);
    /// Checks e-mail and password; gives the person and a session token.
    fn sign_in<'a>(
        &'a self,
        email: &'a str,
        password: &'a Sensitive<String>,
        from: Option<IpAddr>,
    ) -> Answer<'a, (Person, Sensitive<String>)>;
    /// The person of a session token.
    fn session<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Option<Person>>;
    /// Ends a session.
    fn sign_out<'a>(&'a self, token: &'a str) -> BoxFuture<'a, ()>;
    /// Sends.
    fn submit(&self, submission: Submission) -> BoxFuture<'_, SubmitOutcome>;
    /// What sending would cost.
    fn quote(&self, submission: Submission) -> BoxFuture<'_, SubmitOutcome>;
    /// Withdraws a message that was not sent yet.
    fn cancel(&self, scope: Scope, id: MessageId) -> Answer<'_, MessageDetail>;
    /// One message with its attempts and receipts.
    fn message(&self, scope: Scope, id: MessageId) -> Answer<'_, Option<MessageDetail>>;
    /// Messages, newest first.
    fn messages(&self, scope: Scope, query: MessageQuery) -> Answer<'_, Page<MessageDetail>>;
    /// One message and the reasons of every decision about it.
    fn explain(&self, scope: Scope, id: MessageId) -> Answer<'_, Option<(MessageDetail, Vec<Because>)>>;
    /// Messages that wait for a person, newest first, from a cursor on.
    fn paused(&self, before: Option<RowKey>, limit: usize) -> Answer<'_, Page<PausedDetail>>;
    /// One message that waits for a person.
    fn paused_message(&self, id: MessageId) -> Answer<'_, Option<PausedDetail>>;
    /// Lets a message go on that waits for a person.
    fn release(&self, id: MessageId) -> Answer<'_, ()>;
    /// Ends a message that waits for a person.
    fn give_up(&self, id: MessageId) -> Answer<'_, ()>;
    /// Ledger entries of an account, newest first.
    fn movements(&self, account: AccountId, limit: usize) -> Answer<'_, Vec<Movement>>;
    /// Keys and secrets of an account.
    fn credentials(&self, account: AccountId) -> Answer<'_, Vec<ShownCredential>>;
    /// What the API keys of an account may do.
    fn keys(&self, account: AccountId) -> Vec<KeyView>;
    /// The callback addresses of an account, its default first.
    fn endpoints(&self, account: AccountId) -> Vec<EndpointView>;
    /// Sets the address of messages that state none; `None` for none.
    fn set_default_webhook<'a>(
        &'a self,
        account: AccountId,
        kind: EndpointKind,
        url: Option<&'a str>,
    ) -> Answer<'a, Option<EndpointView>>;
    /// Versions of the traffic document, newest first.
    fn traffic_versions(&self, limit: usize) -> Answer<'_, Vec<VersionView>>;
    /// One version of the traffic document.
    fn traffic_version(&self, number: u32) -> Answer<'_, Option<TrafficDocument>>;
    /// Publishes a traffic document; gives its number.
    fn change_traffic<'a>(
        &'a self,
        document: TrafficDocument,
        author: &'a str,
        comment: &'a str,
    ) -> Answer<'a, u32>;
    /// Makes an older traffic document the newest again; gives the new number.
    fn roll_back_traffic<'a>(&'a self, number: u32, author: &'a str) -> Answer<'a, u32>;
}

impl Desk for Core {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }

    fn brand(&self) -> String {
        self.profile().operator.brand.clone()
    }

    fn live(&self, scope: Scope) -> LiveFigures {
        Self::live(self, scope)
    }

    fn history(&self, scope: Scope) -> Vec<Span> {
        Self::history(self, scope)
    }

    fn account(&self, id: AccountId) -> Option<Arc<Account>> {
        Self::account(self, id)
    }

    fn accounts(&self) -> Vec<Arc<Account>> {
        Self::accounts(self)
    }

    fn balance(&self, account: AccountId) -> Option<Balance> {
        Self::balance(self, account)
    }

    fn connectors(&self) -> Vec<ConnectorView> {
        Self::connectors(self)
    }

    fn traffic(&self) -> (u32, Arc<TrafficDocument>) {
        Self::traffic(self)
    }

    fn sign_in<'a>(
        &'a self,
        email: &'a str,
        password: &'a Sensitive<String>,
        from: Option<IpAddr>,
    ) -> Answer<'a, (Person, Sensitive<String>)> {
        Box::pin(Self::sign_in(self, email, password, from))
    }

    fn session<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Option<Person>> {
        Box::pin(Self::session(self, token))
    }

    fn sign_out<'a>(&'a self, token: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(Self::sign_out(self, token))
    }

    fn submit(&self, submission: Submission) -> BoxFuture<'_, SubmitOutcome> {
        Box::pin(self.submit_and_wait(submission))
    }

    fn quote(&self, submission: Submission) -> BoxFuture<'_, SubmitOutcome> {
        Box::pin(Self::quote(self, submission))
    }

    fn cancel(&self, scope: Scope, id: MessageId) -> Answer<'_, MessageDetail> {
        Box::pin(Self::cancel(self, scope, id))
    }

    fn message(&self, scope: Scope, id: MessageId) -> Answer<'_, Option<MessageDetail>> {
        Box::pin(Self::message(self, scope, id))
    }

    fn messages(&self, scope: Scope, query: MessageQuery) -> Answer<'_, Page<MessageDetail>> {
        Box::pin(Self::messages(self, scope, query))
    }

    fn explain(&self, scope: Scope, id: MessageId) -> Answer<'_, Option<(MessageDetail, Vec<Because>)>> {
        Box::pin(Self::explain(self, scope, id))
    }

    fn paused(&self, before: Option<RowKey>, limit: usize) -> Answer<'_, Page<PausedDetail>> {
        Box::pin(Self::paused(self, None, before, limit))
    }

    fn paused_message(&self, id: MessageId) -> Answer<'_, Option<PausedDetail>> {
        Box::pin(Self::paused_message(self, id))
    }

    fn release(&self, id: MessageId) -> Answer<'_, ()> {
        Box::pin(Self::release(self, id))
    }

    fn give_up(&self, id: MessageId) -> Answer<'_, ()> {
        Box::pin(Self::give_up(self, id))
    }

    fn movements(&self, account: AccountId, limit: usize) -> Answer<'_, Vec<Movement>> {
        Box::pin(Self::movements(self, account, limit))
    }

    fn credentials(&self, account: AccountId) -> Answer<'_, Vec<ShownCredential>> {
        Box::pin(Self::credentials(self, account))
    }

    fn keys(&self, account: AccountId) -> Vec<KeyView> {
        Self::keys(self, account)
    }

    fn endpoints(&self, account: AccountId) -> Vec<EndpointView> {
        Self::endpoints(self, account)
    }

    fn set_default_webhook<'a>(
        &'a self,
        account: AccountId,
        kind: EndpointKind,
        url: Option<&'a str>,
    ) -> Answer<'a, Option<EndpointView>> {
        Box::pin(Self::set_default_webhook(self, account, kind, url))
    }

    fn traffic_versions(&self, limit: usize) -> Answer<'_, Vec<VersionView>> {
        Box::pin(Self::traffic_versions(self, limit))
    }

    fn traffic_version(&self, number: u32) -> Answer<'_, Option<TrafficDocument>> {
        Box::pin(Self::traffic_version(self, number))
    }

    fn change_traffic<'a>(
        &'a self,
        document: TrafficDocument,
        author: &'a str,
        comment: &'a str,
    ) -> Answer<'a, u32> {
        Box::pin(Self::change_traffic(self, document, author, comment))
    }

    fn roll_back_traffic<'a>(&'a self, number: u32, author: &'a str) -> Answer<'a, u32> {
        Box::pin(Self::roll_back_traffic(self, number, author))
    }
}
