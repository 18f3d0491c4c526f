//! A desk for tests: it answers from what a test put in, and remembers what it was asked.

use std::sync::{Arc, Mutex};

use app::detail::{AttemptDetail, Because, InboundDetail, MessageDetail, Page, PartAnswer, ReceiptDetail};
use app::report::{InboundReport, MessageReport, Report, ReportBody};
use app::submission::{Accepted, AcceptedMessage, Caller, Rejected, Submission, SubmitOutcome};
use app::{EndpointView, MessageQuery, Scope};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use ports::BoxFuture;
use tower::ServiceExt;
use types::Sensitive;
use types::account::{Account, AccountLimits, AccountState, CredentialKind, Endpoint, EndpointKind};
use types::address::Address;
use types::charge::{Balance, ChargeState};
use types::id::{
    AccountId, ConnectorId, CredentialId, EndpointId, EventId, InboundId, MessageId, PublicId, RowKey,
    SubmissionId,
};
use types::message::{Class, Content, Door, Flags, OctetContent, Reason, State};
use types::money::{Money, Unit};
use types::network::{Country, NetworkFact, NetworkSource, Plmn};
use types::receipt::{Origin, ReceiptState, Verdict};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use crate::desk::{Desk, Explanation};
use crate::{ApiState, router_over};

pub(crate) const PUBLIC_URL: &str = "https://sms.example.com";
const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);
const PRICE: Money = Money::new(50_000, Unit::EUR);
/// The account that everything of the fake belongs to; its key is `key`.
pub(crate) const OWNER: AccountId = AccountId(7);
/// An account that has nothing; its key is `stranger`.
pub(crate) const STRANGER: AccountId = AccountId(8);

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
    /// The scopes in which messages were asked for.
    pub(crate) scopes: Mutex<Vec<Scope>>,
    /// Callback addresses in the order in which they were set; `None` where none was.
    pub(crate) webhooks: Mutex<Vec<Option<EndpointView>>>,
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

    fn cancel(&self, scope: Scope, id: MessageId) -> BoxFuture<'_, Result<MessageDetail, Refusal>> {
        let code = if self.sees(scope) { RefusalCode::TooLate } else { RefusalCode::NotFound };
        let found = self.find(scope, id).ok_or_else(|| Refusal::new(code, "it is gone"));
        Box::pin(async { found })
    }

    fn authenticate_key(&self, key: &str, secret: &str) -> Option<Caller> {
        let account = match key {
            "key" => OWNER,
            "stranger" => STRANGER,
            _ => return None,
        };
        let kind = CredentialKind::ApiKey;
        (secret == "secret").then_some(Caller { account, credential: CredentialId(1), kind })
    }

    fn account(&self, id: AccountId) -> Option<Arc<Account>> {
        Some(Arc::new(Account {
            id,
            sid: PublicId::new(RowKey::from_parts(1, 1), 1),
            parent: None,
            name: if id == OWNER { "demo" } else { "stranger" }.to_owned(),
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
        self.queries.lock().unwrap().push(query);
        let page = if self.sees(scope) {
            Page { items: vec![detail()], next: Some(message_id(1).key()) }
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

    fn webhook_endpoint<'a>(
        &'a self,
        _account: AccountId,
        _kind: EndpointKind,
        url: &'a str,
    ) -> BoxFuture<'a, Result<EndpointId, Refusal>> {
        Box::pin(async move {
            if url.starts_with("https://") {
                Ok(EndpointId(5))
            } else {
                Err(Refusal::new(RefusalCode::InvalidRequest, "the address may not be called"))
            }
        })
    }

    fn endpoints(&self, account: AccountId) -> Vec<EndpointView> {
        if account != OWNER {
            return Vec::new();
        }
        self.webhooks.lock().unwrap().iter().rev().flatten().cloned().collect()
    }

    fn set_default_webhook<'a>(
        &'a self,
        _account: AccountId,
        kind: EndpointKind,
        url: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Option<EndpointView>, Refusal>> {
        let outcome = match url {
            Some(url) if !url.starts_with("https://") => {
                Err(Refusal::new(RefusalCode::InvalidRequest, "the address may not be called").at("url"))
            }
            url => {
                let mut known = self.webhooks.lock().unwrap();
                known.iter_mut().flatten().for_each(|view| view.is_default = false);
                let id = EndpointId(i64::try_from(known.len()).unwrap() + 1);
                let view = url.map(|url| EndpointView {
                    id,
                    kind,
                    url: url.to_owned().into(),
                    secret: "whsec_c2VjcmV0".to_owned().into(),
                    disabled: false,
                    is_default: true,
                });
                known.push(view.clone());
                Ok(view)
            }
        };
        Box::pin(async { outcome })
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

/// A delivered message with one attempt.
pub(crate) fn detail() -> MessageDetail {
    let plmn = Plmn::parse("23410").unwrap();
    MessageDetail {
        id: message_id(1),
        submission: SubmissionId::new(RowKey::from_parts(NOW.as_ms(), 0), 1),
        account: OWNER,
        account_name: "demo".to_owned(),
        door: Door::Native,
        source: Address::from_text("ACME"),
        destination: Address::from_text("+447911123456"),
        content: Some(Content::Text("hello".to_owned())),
        client_reference: Some("order-1".to_owned()),
        state: State::Delivered,
        reason: Reason::Receipt,
        flags: Flags::POSSIBLE_DUPLICATE,
        class: Class::Transactional,
        traffic_type: String::new(),
        country: Country::parse("GB").unwrap(),
        network: Some(NetworkFact {
            plmn,
            source: NetworkSource::RangeTable,
            data_version: 1,
            ported: None,
            checked_at: NOW,
        }),
        parts: 1,
        price: PRICE,
        book_version: 1,
        levels: Vec::new(),
        shares: Vec::new(),
        region: types::region::Region::default(),
        charge: ChargeState::Charged,
        profile_version: 1,
        traffic_version: 3,
        received_at: NOW,
        accepted_at: NOW.plus_ms(4),
        send_at: None,
        expires_at: NOW.plus_ms(172_800_000),
        submitted_at: Some(NOW.plus_ms(50)),
        final_at: Some(NOW.plus_ms(1_000)),
        attempts_made: 1,
        connector: Some("acme".to_owned()),
        receipt_error: "000".to_owned(),
        attempts: vec![attempt()],
        pending_events: 0,
        dead_letters: 0,
        moot: Vec::new(),
        told: Vec::new(),
    }
}

fn attempt() -> AttemptDetail {
    AttemptDetail {
        number: 1,
        connector_id: ConnectorId(1),
        connector: "acme".to_owned(),
        supplier: "acme-wholesale".to_owned(),
        route: "secret-route".to_owned(),
        traffic_version: 3,
        trigger: Reason::None,
        started_at: NOW.plus_ms(10),
        parts: 1,
        only_parts: Vec::new(),
        form: types::form::Form {
            data_coding: 0,
            encoding: types::form::Encoding::Gsm7,
            joined: types::form::Joined::None,
            reference: 0,
            rendering: types::form::Rendering::AsReceived,
        },
        source: Address::from_text("ACME").as_sender(),
        destination: Address::from_text("447911123456"),
        content: None,
        network: None,
        cost: Some(types::charge::Cost {
            amount: PRICE,
            deck_version: 3,
            trigger: types::charge::CostTrigger::OnSubmit,
        }),
        owed: None,
        passed_over: vec![("other".to_owned(), Reason::NoConnectorUp)],
        answers: vec![PartAnswer {
            part: 1,
            verdict: Verdict::Accepted,
            status: 0,
            carrier_id: Some("carrier-id-1".to_owned()),
            written_at: NOW.plus_ms(11),
            answered_at: NOW.plus_ms(50),
        }],
        receipts: vec![ReceiptDetail {
            part: 1,
            origin: Origin::Carrier,
            state: ReceiptState::Delivered,
            stat: "DELIVRD".to_owned(),
            error: "000".to_owned(),
            submit_date: "2611221000".to_owned(),
            done_date: "2611221000".to_owned(),
            zone: String::new(),
            tlvs: Vec::new(),
            echoed: None,
            mapping_version: 3,
            read_at: NOW.plus_ms(1_000),
            contradicts: false,
        }],
    }
}

/// An event that tells a delivery.
pub(crate) fn message_report() -> Report {
    let detail = detail();
    Report {
        id: EventId::new(RowKey::from_parts(NOW.as_ms(), 9), 9),
        at: NOW,
        body: ReportBody::Message(Box::new(MessageReport {
            message: detail.id,
            seq: 2,
            state: detail.state,
            reason: detail.reason,
            receipt: Some(ReceiptState::Delivered),
            error: 0,
            flags: detail.flags,
            source: detail.source,
            destination: detail.destination,
            client_reference: detail.client_reference,
            parts: detail.parts,
            price: detail.price,
            network: detail.network,
            accepted_at: detail.accepted_at,
            final_at: detail.final_at,
        })),
    }
}

/// An event that tells what a phone wrote.
pub(crate) fn inbound_report() -> Report {
    Report {
        id: EventId::new(RowKey::from_parts(NOW.as_ms(), 10), 10),
        at: NOW,
        body: ReportBody::Inbound(Box::new(InboundReport {
            id: InboundId::new(RowKey::from_parts(2, 2), 2),
            source: Address::from_text("447911123456"),
            destination: Address::from_text("88811"),
            content: OctetContent::default(),
            text: Sensitive::new("STOP & co".to_owned()),
        })),
    }
}

/// An endpoint of an account.
pub(crate) fn endpoint(kind: EndpointKind, url: &str, secret: &str) -> Endpoint {
    Endpoint {
        id: EndpointId(3),
        account: OWNER,
        kind,
        url: Sensitive::new(url.to_owned()),
        secret: Sensitive::new(secret.to_owned()),
        disabled: false,
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
