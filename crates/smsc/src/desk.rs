//! What a session asks of the core, as a trait, so that the session can be tested against a hand-driven one.
//!
//! It adds nothing to [`app::Core`]; a use-case that is missing here is not used by this door.

use std::sync::Arc;

use app::detail::MessageDetail;
use app::report::{BindSink, ReportResult};
use app::submission::{Caller, ReplyTo, Submission};
use app::{Core, MessageQuery, Scope};
use ports::BoxFuture;
use types::account::Account;
use types::address::Address;
use types::id::{AccountId, EndpointId, MessageId};
use types::message::State;
use types::refusal::{Refusal, RefusalCode};

/// Messages to one recipient that a request by addresses may mean; the oldest of more are left alone.
pub(crate) const WAITING_MAX: usize = 1_000;
/// Messages that are asked for at once.
const PAGE_ROWS: usize = 500;

/// Keeps a bind attached; dropping it takes the bind away.
pub(crate) type Attachment = Box<dyn Send>;

/// The use-cases that the SMPP door needs.
pub(crate) trait Desk: Send + Sync {
    /// The name that answers binds.
    fn instance_name(&self) -> &str;
    /// Checks a system id and its password.
    fn authenticate(&self, system_id: &str, password: &str) -> Option<Caller>;
    /// An account as it is now.
    fn account(&self, id: AccountId) -> Option<Arc<Account>>;
    /// An account by its name.
    fn account_named(&self, name: &str) -> Option<AccountId>;
    /// Whether reports wait for a bind of that account.
    fn reports_wait(&self, account: AccountId) -> bool;
    /// The endpoint of an account's binds.
    fn smpp_endpoint(&self, account: AccountId) -> Option<EndpointId>;
    /// Hands a submission in.
    fn submit(&self, submission: Submission, reply: ReplyTo);
    /// A message of an account.
    fn message(
        &self,
        account: AccountId,
        id: MessageId,
    ) -> BoxFuture<'static, Result<Option<MessageDetail>, Refusal>>;
    /// The messages of an account to a recipient that can still be withdrawn, the newest first, up to
    /// [`WAITING_MAX`].
    fn waiting(
        &self,
        account: AccountId,
        destination: Address,
    ) -> BoxFuture<'static, Result<Vec<MessageDetail>, Refusal>>;
    /// Withdraws a message of an account.
    fn cancel(&self, account: AccountId, id: MessageId)
    -> BoxFuture<'static, Result<MessageDetail, Refusal>>;
    /// A bind that can receive has come up.
    fn attach(&self, account: AccountId, sink: Arc<dyn BindSink>) -> Attachment;
    /// A bind has room again.
    fn bind_ready(&self, account: AccountId);
    /// How telling events went.
    fn report_done(&self, results: Vec<ReportResult>);
    /// Counts bound sessions.
    fn note_sessions(&self, delta: i64);
    /// Counts a refusal that this door made itself.
    fn note_refusal(&self, account: Option<AccountId>, code: RefusalCode);
}

impl Desk for Core {
    fn instance_name(&self) -> &str {
        Core::instance_name(self)
    }

    fn authenticate(&self, system_id: &str, password: &str) -> Option<Caller> {
        self.authenticate_bind(system_id, password)
    }

    fn account(&self, id: AccountId) -> Option<Arc<Account>> {
        Core::account(self, id)
    }

    fn account_named(&self, name: &str) -> Option<AccountId> {
        self.account_by_name(name).map(|account| account.id)
    }

    fn reports_wait(&self, account: AccountId) -> bool {
        Core::reports_wait(self, account)
    }

    fn smpp_endpoint(&self, account: AccountId) -> Option<EndpointId> {
        Core::smpp_endpoint(self, account)
    }

    fn submit(&self, submission: Submission, reply: ReplyTo) {
        Core::submit(self, submission, reply);
    }

    fn message(
        &self,
        account: AccountId,
        id: MessageId,
    ) -> BoxFuture<'static, Result<Option<MessageDetail>, Refusal>> {
        let core = self.clone();
        Box::pin(async move { core.message(Scope::Account(account), id).await })
    }

    fn waiting(
        &self,
        account: AccountId,
        destination: Address,
    ) -> BoxFuture<'static, Result<Vec<MessageDetail>, Refusal>> {
        let core = self.clone();
        Box::pin(async move {
            let mut query = MessageQuery {
                states: vec![State::Scheduled, State::Queued],
                recipient: Some(destination.text().into_owned().into()),
                limit: PAGE_ROWS,
                ..MessageQuery::default()
            };
            let mut found = Vec::new();
            loop {
                let page = core.messages(Scope::Account(account), query.clone()).await?;
                found.extend(page.items);
                query.before = page.next;
                if query.before.is_none() || found.len() >= WAITING_MAX {
                    return Ok(found);
                }
            }
        })
    }

    fn cancel(
        &self,
        account: AccountId,
        id: MessageId,
    ) -> BoxFuture<'static, Result<MessageDetail, Refusal>> {
        let core = self.clone();
        Box::pin(async move { core.cancel(Scope::Account(account), id).await })
    }

    fn attach(&self, account: AccountId, sink: Arc<dyn BindSink>) -> Attachment {
        Box::new(self.attach_bind(account, sink))
    }

    fn bind_ready(&self, account: AccountId) {
        Core::bind_ready(self, account);
    }

    fn report_done(&self, results: Vec<ReportResult>) {
        Core::report_done(self, results);
    }

    fn note_sessions(&self, delta: i64) {
        self.note_smpp_sessions(delta);
    }

    fn note_refusal(&self, account: Option<AccountId>, code: RefusalCode) {
        Core::note_refusal(self, account, code);
    }
}
