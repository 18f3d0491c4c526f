//! A desk for tests: it answers from what a test put in, and remembers what it was asked.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use app::detail::{Because, InboundDetail, MessageDetail, Page};
use app::submission::{
    Accepted, AcceptedMessage, Act, Caller, Done, Idempotency, KeyAccess, Rejected, Submission, SubmitOutcome,
};
use app::{EndpointView, KeyView, MessageQuery, Rate, Scope, SuppressionWish};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use decide::quiet::AccountQuiet;
use http_body_util::BodyExt;
use ports::BoxFuture;
use tower::ServiceExt;
use types::Sensitive;
use types::access::{KeyScope, KeyScopes};
use types::account::{Account, AccountLimits, AccountState, CredentialKind};
use types::address::Address;
use types::charge::Balance;
use types::id::{AccountId, CredentialId, EndpointId, InboundId, MessageId, PublicId, RowKey, SubmissionId};
use types::keyword::Keyword;
use types::message::{Class, State};
use types::money::{Money, Unit};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use crate::desk::{self, Desk, Explanation, Tree};
use crate::{ApiState, router_over};

mod contacts;
mod figures;
mod rows;
mod senders;
mod settings;
mod tree;
mod wordings;

pub(crate) use contacts::{CONTACT_NUMBER, contact_id, group_id};
pub(crate) use rows::{detail, endpoint, inbound_report, message_report};
pub(crate) use senders::{pool_id, sender_id};
pub(crate) use settings::{HELD, SUPPRESSED, webhook};
pub(crate) use tree::account_id;
pub(crate) use wordings::{signature_id, template_id};

pub(crate) const PUBLIC_URL: &str = "https://sms.example.com";
const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);
const PRICE: Money = Money::new(50_000, Unit::EUR);
/// The account that everything of the fake belongs to; its key is `key`.
pub(crate) const OWNER: AccountId = AccountId(7);
/// An account that has nothing; its key is `stranger`.
pub(crate) const STRANGER: AccountId = AccountId(8);

/// An account below the owner's that has nothing; its key is `child`.
pub(crate) const CHILD: AccountId = AccountId(9);

/// What the fake desk does and has seen.
#[derive(Default)]
pub(crate) struct FakeDesk {
    /// Answers every submission with this, once filled.
    pub(crate) rejection: Mutex<Option<Rejected>>,
    /// Marks answers as replayed.
    pub(crate) replayed: bool,
    /// The submissions that came.
    pub(crate) submissions: Mutex<Vec<Submission>>,
    /// The queries that came.
    pub(crate) queries: Mutex<Vec<MessageQuery>>,
    /// How many pages messages come in; two at least.
    pub(crate) pages: Mutex<usize>,
    /// The scopes in which messages were asked for.
    pub(crate) scopes: Mutex<Vec<Scope>>,
    /// Callback addresses in the order in which they were set; `None` where none was.
    pub(crate) webhooks: Mutex<Vec<Option<EndpointView>>>,
    /// API keys of the owner.
    pub(crate) keys: Mutex<Vec<KeyView>>,
    /// The owner's quiet hours.
    pub(crate) quiet: Mutex<Option<AccountQuiet>>,
    /// What was put on suppression lists.
    pub(crate) suppressed: Mutex<Vec<SuppressionWish>>,
    /// The keys of idempotency that came with changes.
    pub(crate) onces: Mutex<Vec<Option<Idempotency>>>,
    /// The refusals that the door noted.
    pub(crate) noted: Mutex<Vec<(Option<AccountId>, RefusalCode)>>,
    /// How often readiness was asked.
    pub(crate) ready_calls: Mutex<u32>,
}

pub(crate) fn message_id(sequence: u32) -> MessageId {
    MessageId::new(RowKey::from_parts(NOW.as_ms(), sequence), 7)
}

impl FakeDesk {
    fn outcome(&self, submission: Submission) -> SubmitOutcome {
        let count = submission.drafts.len();
        self.submissions.lock().unwrap().push(submission);
        if let Some(rejection) = self.rejection.lock().unwrap().clone() {
            return Err(rejection);
        }
        let message = |sequence| AcceptedMessage {
            id: message_id(sequence),
            state: State::Queued,
            parts: 1,
            price: PRICE,
            preview: None,
            send_at: None,
            time: None,
        };
        Ok(Accepted {
            id: SubmissionId::new(RowKey::from_parts(NOW.as_ms(), 0), 1),
            messages: (1..=u32::try_from(count).unwrap()).map(message).collect(),
            replayed: self.replayed,
        })
    }

    fn find(&self, scope: Scope, id: MessageId) -> Option<MessageDetail> {
        self.sees(scope).then(detail).filter(|_| id == message_id(1))
    }

    /// Whether there is anything to see: all that the fake has belongs to one account.
    fn sees(&self, scope: Scope) -> bool {
        self.scopes.lock().unwrap().push(scope);
        scope == Scope::Account(OWNER)
    }
}

impl Desk for FakeDesk {
    fn now(&self) -> Timestamp {
        NOW
    }

    fn submit(&self, submission: Submission) -> BoxFuture<'_, SubmitOutcome> {
        let outcome = self.outcome(submission);
        Box::pin(async { outcome })
    }

    fn quote(&self, submission: Submission) -> BoxFuture<'_, SubmitOutcome> {
        let outcome = self.outcome(submission);
        Box::pin(async { outcome })
    }

    fn act(
        &self,
        _act: Act,
        scope: Scope,
        id: MessageId,
        once: Option<Idempotency>,
    ) -> desk::Answer<'_, Done<MessageDetail>> {
        let is_sent = self.sees(scope) && id == message_id(2);
        let code = if is_sent { RefusalCode::TooLate } else { RefusalCode::NotFound };
        let found = self.find(scope, id).ok_or_else(|| Refusal::new(code, "it is gone"));
        let replayed = self.replayed && once.is_some();
        Box::pin(async move { found.map(|value| Done { value, replayed }) })
    }

    /// The keys `send`, `read`, `manage` and `accounts` of the owner may do what their names say.
    fn authenticate_key(&self, key: &str, secret: &str, _from: Option<IpAddr>) -> Result<KeyAccess, Refusal> {
        let (account, scopes) = match (key, KeyScope::parse(key)) {
            ("key", _) => (OWNER, KeyScopes::ALL),
            ("stranger", _) => (STRANGER, KeyScopes::ALL),
            ("child", _) => (CHILD, KeyScopes::ALL),
            (_, Some(scope)) => (OWNER, KeyScopes::NONE.with(scope)),
            _ => (OWNER, KeyScopes::NONE),
        };
        if secret != "secret" || scopes == KeyScopes::NONE {
            return Err(Refusal::new(RefusalCode::InvalidCredentials, "the key or the secret is wrong"));
        }
        let caller = Caller { account, credential: CredentialId(1), kind: CredentialKind::ApiKey };
        Ok(KeyAccess { caller, scopes })
    }

    fn authenticate_account(
        &self,
        sid: PublicId,
        secret: &str,
        from: Option<IpAddr>,
    ) -> Result<KeyAccess, Refusal> {
        let keys = [(OWNER, "key"), (STRANGER, "stranger"), (CHILD, "child")];
        let key = keys.into_iter().find(|(id, _)| tree::sid_of(*id) == sid).map_or("", |(_, key)| key);
        self.authenticate_key(key, secret, from)
    }

    fn authenticate_signed(
        &self,
        key: &str,
        from: Option<IpAddr>,
        is_right: &dyn Fn(&str) -> bool,
    ) -> Result<KeyAccess, Refusal> {
        self.authenticate_key(key, if is_right("secret") { "secret" } else { "" }, from)
    }

    fn rate(&self, account: AccountId) -> Option<Rate> {
        (account == OWNER).then_some(Rate { most: 200, window_s: 2, left: 153, full_in_s: 1 })
    }

    fn account(&self, id: AccountId) -> Option<Arc<Account>> {
        Some(Arc::new(Account {
            id,
            sid: tree::sid_of(id),
            parent: (id == CHILD).then_some(OWNER),
            name: Tree::own_name(self, id),
            state: AccountState::Active,
            unit: Unit::EUR,
            price_book: "standard".to_owned(),
            region: None,
            default_class: Class::Transactional,
            default_endpoint: Some(EndpointId(3)),
            limits: AccountLimits::default(),
            allow_private_callbacks: true,
            created_at: NOW,
        }))
    }

    fn message(&self, scope: Scope, id: MessageId) -> BoxFuture<'_, Result<Option<MessageDetail>, Refusal>> {
        let found = self.find(scope, id);
        Box::pin(async { Ok(found) })
    }

    fn messages(
        &self,
        scope: Scope,
        query: MessageQuery,
    ) -> BoxFuture<'_, Result<Page<MessageDetail>, Refusal>> {
        let asked = {
            let mut queries = self.queries.lock().unwrap();
            queries.push(query);
            queries.len()
        };
        let page = if self.sees(scope) {
            let is_last = asked >= (*self.pages.lock().unwrap()).max(2);
            Page { items: vec![detail()], next: (!is_last).then(|| message_id(1).key()) }
        } else {
            Page { items: Vec::new(), next: None }
        };
        Box::pin(async { Ok(page) })
    }

    fn inbound(
        &self,
        scope: Scope,
        _before: Option<RowKey>,
        _limit: usize,
    ) -> BoxFuture<'_, Result<Page<InboundDetail>, Refusal>> {
        let item = InboundDetail {
            id: InboundId::new(RowKey::from_parts(2, 2), 2),
            account: Some(OWNER),
            source: Address::from_text("447911123456"),
            destination: Address::from_text("88811"),
            text: Sensitive::new("STOP".to_owned()),
            keyword: Some(Keyword::Stop),
            received_at: NOW,
            connector: "acme".to_owned(),
        };
        let items = if self.sees(scope) { vec![item] } else { Vec::new() };
        Box::pin(async { Ok(Page { items, next: None }) })
    }

    fn explain(&self, scope: Scope, id: MessageId) -> BoxFuture<'_, Explanation> {
        let because = Because {
            at: NOW,
            stage: "route",
            text: "Attempt 1 goes to connector acme. Passed over: other (down).".to_owned(),
            facts: vec![
                ("connector", "acme".to_owned()),
                ("route version", "3".to_owned()),
                ("cost", "0.01 EUR".to_owned()),
            ],
        };
        let found = self.find(scope, id).map(|detail| (detail, vec![because]));
        Box::pin(async { Ok(found) })
    }

    fn balance(&self, account: AccountId) -> Option<Balance> {
        let micros = if account == OWNER { 249_950_000 } else { 0 };
        Some(Balance { available: Money::new(micros, Unit::EUR), held: PRICE })
    }

    fn metrics_text(&self) -> String {
        "chappe_up 1\n".to_owned()
    }

    fn ready(&self) -> BoxFuture<'_, Result<(), Refusal>> {
        *self.ready_calls.lock().unwrap() += 1;
        Box::pin(async { Ok(()) })
    }

    fn note_refusal(&self, account: Option<AccountId>, code: RefusalCode) {
        self.noted.lock().unwrap().push((account, code));
    }
}

/// The router over a desk.
pub(crate) fn router_of(desk: &Arc<FakeDesk>) -> Router {
    let desk: Arc<dyn Desk> = desk.clone();
    router_over(desk, ApiState { public_url: format!("{PUBLIC_URL}/"), ..ApiState::default() })
}

/// An answer, read whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// Hands a request to a router.
pub(crate) async fn call(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// A request with the right credentials.
pub(crate) fn request(method: &str, path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", "Bearer key.secret")
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}
