//! A desk with made-up answers, for tests and for the gallery. It keeps what is sent to it in
//! memory and never decides as the core would.
//!
//! Start at [`FakeDesk`]; the made-up messages stand in `messages`.

#[path = "book.rs"]
pub mod book;
#[path = "messages.rs"]
pub mod messages;
#[path = "parties.rs"]
pub mod parties;
#[path = "sessions.rs"]
pub mod sessions;
#[path = "tree.rs"]
pub mod tree;
#[path = "waiting.rs"]
pub mod waiting;

use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use app::detail::{Because, MessageDetail, Movement, Page, PausedDetail};
use app::history::{SPAN_MS, Span, SpanCounts};
use app::submission::{Accepted, AcceptedMessage, Rejected, Submission, SubmitOutcome};
use app::{
    ConnectorView, EndpointView, KeyView, LiveFigures, MessageQuery, Person, Scope, ShownCredential,
    VersionView,
};
use console::Desk;
use ports::BoxFuture;
use types::Sensitive;
use types::account::{Account, AccountLimits, AccountState, CredentialKind, EndpointKind};
use types::address::Msisdn;
use types::catalog::TrafficDocument;
use types::charge::{Balance, PostingKind};
use types::id::{AccountId, EndpointId, MessageId, PersonId, PublicId, RowKey, SubmissionId};
use types::message::{Class, Flags, State};
use types::money::{Money, Unit};
use types::refusal::{Refusal, RefusalCode};
use types::role::Role;
use types::time::Timestamp;

/// Every person of the fake has this password.
pub const PASSWORD: &str = "correct horse";
/// The account of the fake's customers.
pub const ACCOUNT: AccountId = AccountId(7);

/// A desk with made-up answers.
pub struct FakeDesk {
    now_ms: AtomicI64,
    /// Added to the live figures with every tick.
    pub ticks: AtomicU64,
    pub messages: Mutex<Vec<MessageDetail>>,
    pub traffic: Mutex<Vec<TrafficDocument>>,
    /// Session tokens that were signed out.
    pub ended: Mutex<Vec<String>>,
    /// What was asked of accounts below one.
    pub changes: Mutex<Vec<String>>,
    /// Where people sat who signed in.
    pub seats: Mutex<Vec<Option<IpAddr>>>,
    pub brand: String,
    /// Callback addresses, the default first.
    pub endpoints: Mutex<Vec<EndpointView>>,
}

type Answer<'a, T> = BoxFuture<'a, Result<T, Refusal>>;

fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

/// The session token of a role.
pub fn token_of(role: Role) -> String {
    format!("token-{role}")
}

/// The e-mail address of a role.
pub fn email_of(role: Role) -> String {
    format!("{}@example.test", role.as_str().replace('_', "."))
}

fn person(role: Role) -> Person {
    let account = (!role.is_staff()).then_some(ACCOUNT);
    Person { id: PersonId(i64::from(role.code())), account, home: None, email: email_of(role), role }
}

impl FakeDesk {
    /// A desk at a time, with messages.
    pub fn new(now: Timestamp, messages: Vec<MessageDetail>) -> Self {
        Self {
            now_ms: AtomicI64::new(now.as_ms()),
            ticks: AtomicU64::new(0),
            messages: Mutex::new(messages),
            traffic: Mutex::new(vec![TrafficDocument::default(), traffic()]),
            ended: Mutex::default(),
            changes: Mutex::default(),
            seats: Mutex::default(),
            brand: "Chappe".to_owned(),
            endpoints: Mutex::new(vec![
                endpoint(2, EndpointKind::Webhook, "https://example.test/events"),
                EndpointView {
                    disabled: true,
                    is_default: false,
                    ..endpoint(1, EndpointKind::Paasoo, "https://old.example.test/?a=<b>\"'&c")
                },
            ]),
        }
    }

    /// Moves the time on.
    pub fn advance(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
        self.ticks.fetch_add(1, Ordering::Relaxed);
    }

    fn visible(&self, scope: Scope, id: MessageId) -> Option<MessageDetail> {
        let messages = self.messages.lock().unwrap();
        let may = |message: &&MessageDetail| scope == Scope::All || scope == Scope::Account(message.account);
        messages.iter().filter(may).find(|message| message.id == id).cloned()
    }

    fn judge(&self, submission: &Submission) -> SubmitOutcome {
        let refuse = |place, code: RefusalCode, text: &str| (Some(place), Refusal::new(code, text));
        let mut refusals = Vec::new();
        let mut messages = Vec::new();
        for (place, draft) in submission.drafts.iter().enumerate() {
            let Some(number) = draft.destination.msisdn() else {
                let text = "this is not a phone number with its country code";
                refusals.push(refuse(place, RefusalCode::InvalidDestination, text));
                continue;
            };
            if number.digits().starts_with("999") {
                refusals.push(refuse(
                    place,
                    RefusalCode::NoPrice,
                    "no price is published for this destination",
                ));
            }
            let key = RowKey::from_parts(self.now().as_ms(), u32::try_from(place).unwrap());
            let parts = 1;
            messages.push(AcceptedMessage {
                id: MessageId::new(key, 99),
                state: State::Queued,
                parts,
                price: euros(27_500),
                preview: None,
                send_at: None,
                time: None,
            });
        }
        if refusals.is_empty() {
            let id = SubmissionId(PublicId::new(RowKey::from_parts(self.now().as_ms(), 0), 5));
            Ok(Accepted { id, messages, replayed: false })
        } else {
            Err(Rejected { refusals })
        }
    }
}

/// An amount of euros in micro-units.
pub fn euros(micros: i64) -> Money {
    Money::new(micros, Unit::EUR)
}

/// The fake's account.
pub fn account(now: Timestamp) -> Account {
    Account {
        id: ACCOUNT,
        sid: PublicId::new(RowKey::from_parts(now.as_ms(), 1), 1),
        parent: None,
        name: "Demo & Sons <Ltd>".to_owned(),
        state: AccountState::Active,
        unit: Unit::EUR,
        price_book: "sandbox".to_owned(),
        region: None,
        default_class: Class::Transactional,
        default_endpoint: None,
        limits: AccountLimits::default(),
        allow_private_callbacks: true,
        created_at: now.plus_ms(-86_400_000 * 12),
    }
}

fn endpoint(id: i64, kind: EndpointKind, url: &str) -> EndpointView {
    EndpointView {
        id: EndpointId(id),
        kind,
        url: url.to_owned().into(),
        secret: format!("whsec_{id}MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa").into(),
        old_secret_until: None,
        description: String::new(),
        wants: types::event::EventTypes::ALL,
        standing: false,
        disabled: false,
        is_default: true,
    }
}

/// The fake's traffic document.
pub fn traffic() -> TrafficDocument {
    let text = serde_json::json!({
        "supplier": [
            { "name": "simulated", "currency": "EUR", "rate": [{ "prefix": "44", "price": "0.0142" }] },
            { "name": "acme", "currency": "USD" }
        ],
        "connector": [
            { "name": "simulated", "type": "smpp", "host": "127.0.0.1", "port": 2776, "system_id": "chappe",
              "password": "hidden-secret", "sessions": 4, "window": 500 },
            { "name": "acme <b>", "type": "smpp", "supplier": "acme", "host": "smsc.acme.example", "port": 3550,
              "tls": true, "password": "env:ACME_PASSWORD", "error_codes": { "0x0B": "permanent" } }
        ],
        "route": [
            { "name": "codes", "connectors": ["simulated", "acme <b>"], "class": "one_time", "order": -1,
              "on_unknown": "prefer_no_duplicate" },
            { "name": "default", "connectors": [{ "name": "simulated", "weight": 3 }, { "name": "acme <b>", "weight": 1 }],
              "prefix": ["44", "32"], "reroute_on": ["undelivered", "expired"], "receipt_patience_s": 90 }
        ],
        "network": [{ "prefix": "447911", "network": "23410", "country": "GB" }]
    });
    serde_json::from_value(text).unwrap()
}

impl Desk for FakeDesk {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.now_ms.load(Ordering::Relaxed))
    }

    fn brand(&self) -> String {
        self.brand.clone()
    }

    fn live(&self, scope: Scope) -> LiveFigures {
        let ticks = self.ticks.load(Ordering::Relaxed);
        let wave = |phase: u64| {
            (0..ticks).map(|tick| 20 + (tick + phase) % 17 + (tick / 7 + phase) % 9).sum::<u64>()
        };
        LiveFigures {
            accepted: 1_204_310 + wave(0),
            submitted: 1_204_002 + wave(1),
            delivered: 1_198_450 + wave(3) * 9 / 10,
            failed: 5_321 + wave(5) / 12,
            refused: 12,
            available_micros: if scope == Scope::All { 0 } else { 241_172_500 },
            held_micros: 82_500,
        }
    }

    fn history(&self, _scope: Scope) -> Vec<Span> {
        let span = |place: i64| {
            let until = self.now().plus_ms((place - 60) * SPAN_MS);
            let busy = u64::try_from(60 + place % 13 * 4).unwrap();
            let counts = SpanCounts {
                accepted: busy,
                submitted: busy - 3,
                delivered: busy * 9 / 10,
                failed: busy / 20,
            };
            Span { from: until.plus_ms(-SPAN_MS), until, counts }
        };
        (1..=60).map(span).collect()
    }

    fn account(&self, id: AccountId) -> Option<Arc<Account>> {
        let own = || account(self.now());
        [own(), tree::child(self.now())].into_iter().find(|account| account.id == id).map(Arc::new)
    }

    fn accounts(&self) -> Vec<Arc<Account>> {
        vec![Arc::new(account(self.now()))]
    }

    fn balance(&self, account: AccountId) -> Option<Balance> {
        (account == ACCOUNT || account == tree::CHILD)
            .then(|| Balance { available: euros(241_172_500), held: euros(82_500) })
    }

    fn connectors(&self) -> Vec<ConnectorView> {
        parties::connectors(self.now(), self.ticks.load(Ordering::Relaxed))
    }

    fn traffic(&self) -> (u32, Arc<TrafficDocument>) {
        let versions = self.traffic.lock().unwrap();
        (u32::try_from(versions.len()).unwrap(), Arc::new(versions.last().unwrap().clone()))
    }

    fn sign_in<'a>(
        &'a self,
        email: &'a str,
        password: &'a Sensitive<String>,
        from: Option<IpAddr>,
    ) -> Answer<'a, (Person, Sensitive<String>)> {
        self.seats.lock().unwrap().push(from);
        let role = Role::ALL.iter().copied().find(|role| email_of(*role) == email);
        ready(match role.filter(|_| password.expose() == PASSWORD) {
            Some(role) => Ok((person(role), Sensitive::new(token_of(role)))),
            None if email.starts_with("busy") => {
                Err(Refusal::new(RefusalCode::RateLimited, "too many attempts").retry_after(30))
            }
            None => Err(Refusal::new(RefusalCode::InvalidCredentials, "wrong")),
        })
    }

    fn session<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Option<Person>> {
        let role = Role::ALL.iter().copied().find(|role| token_of(*role) == token);
        ready(role.map(person))
    }

    fn sign_out<'a>(&'a self, token: &'a str) -> BoxFuture<'a, ()> {
        self.ended.lock().unwrap().push(token.to_owned());
        ready(())
    }

    fn submit(&self, submission: Submission) -> BoxFuture<'_, SubmitOutcome> {
        let outcome = self.judge(&submission);
        if let Ok(accepted) = &outcome {
            let mut messages = self.messages.lock().unwrap();
            for (taken, draft) in accepted.messages.iter().zip(&submission.drafts) {
                messages.insert(0, messages::queued(self.now(), taken.id, draft));
            }
        }
        ready(outcome)
    }

    fn quote(&self, submission: Submission) -> BoxFuture<'_, SubmitOutcome> {
        ready(self.judge(&submission))
    }

    fn cancel(&self, scope: Scope, id: MessageId) -> Answer<'_, MessageDetail> {
        ready(match self.visible(scope, id) {
            Some(message) if message.state == State::Queued => Ok(message),
            Some(_) => Err(Refusal::new(RefusalCode::TooLate, "the carrier already has it")),
            None => Err(Refusal::new(RefusalCode::NotFound, "there is no such message")),
        })
    }

    fn message(&self, scope: Scope, id: MessageId) -> Answer<'_, Option<MessageDetail>> {
        ready(Ok(self.visible(scope, id)))
    }

    fn messages(&self, scope: Scope, query: MessageQuery) -> Answer<'_, Page<MessageDetail>> {
        let messages = self.messages.lock().unwrap();
        let number = query.recipient.as_ref().and_then(|text| Msisdn::parse(text.expose()));
        let fits = |message: &&MessageDetail| {
            (scope == Scope::All || scope == Scope::Account(message.account))
                && (query.states.is_empty() || query.states.contains(&message.state))
                && (number.is_none() || message.destination.msisdn() == number)
                && query.connector.as_ref().is_none_or(|name| message.connector.as_ref() == Some(name))
                && query.before.is_none_or(|before| message.id.key() < before)
        };
        let mut found: Vec<_> = messages.iter().filter(fits).cloned().collect();
        let more = found.len() > query.limit;
        found.truncate(query.limit);
        let next = found.last().filter(|_| more).map(|message| message.id.key());
        for message in &mut found {
            message.attempts.clear();
        }
        ready(Ok(Page { items: found, next }))
    }

    fn explain(&self, scope: Scope, id: MessageId) -> Answer<'_, Option<(MessageDetail, Vec<Because>)>> {
        let message = self.visible(scope, id);
        ready(Ok(message.map(|message| {
            let becauses = messages::becauses(&message);
            (message, becauses)
        })))
    }

    fn paused(&self, before: Option<RowKey>, limit: usize) -> Answer<'_, Page<PausedDetail>> {
        ready(Ok(waiting::page(&self.messages.lock().unwrap(), before, limit)))
    }

    fn paused_message(&self, id: MessageId) -> Answer<'_, Option<PausedDetail>> {
        ready(Ok(self.visible(Scope::All, id).as_ref().and_then(waiting::paused)))
    }

    fn release(&self, id: MessageId) -> Answer<'_, ()> {
        let release = |message: &mut MessageDetail| message.flags = message.flags.without(Flags::PAUSES);
        ready(waiting::rule(&mut self.messages.lock().unwrap(), id, release))
    }

    fn give_up(&self, id: MessageId) -> Answer<'_, ()> {
        let end = |message: &mut MessageDetail| message.state = State::Failed;
        ready(waiting::rule(&mut self.messages.lock().unwrap(), id, end))
    }

    fn movements(&self, _account: AccountId, _limit: usize) -> Answer<'_, Vec<Movement>> {
        let line = |id, kind, micros, count| Movement {
            id,
            at: self.now().plus_ms(-id * 61_000),
            kind,
            amount: euros(micros),
            messages: count,
        };
        ready(Ok(vec![
            line(1, PostingKind::Charge, -82_500, 1),
            line(2, PostingKind::Charge, -8_745_000, 318),
            line(3, PostingKind::TopUp, 250_000_000, 0),
        ]))
    }

    fn credentials(&self, _account: AccountId) -> Answer<'_, Vec<ShownCredential>> {
        let shown = |kind, name: &str, secret: &str| ShownCredential {
            kind,
            name: name.to_owned(),
            secret: Sensitive::new(secret.to_owned()),
        };
        ready(Ok(vec![
            shown(CredentialKind::ApiKey, "ck7w2m9q4x8e5r1t", "Zx8Kq2Lm9Wn4Rt7Yb3Vc"),
            shown(CredentialKind::Smpp, "demo", "h7Kq2Lm9"),
        ]))
    }

    fn keys(&self, _account: AccountId) -> Vec<KeyView> {
        vec![parties::api_key(self.now())]
    }

    fn endpoints(&self, _account: AccountId) -> Vec<EndpointView> {
        self.endpoints.lock().unwrap().clone()
    }

    fn set_default_webhook<'a>(
        &'a self,
        _account: AccountId,
        kind: EndpointKind,
        url: Option<&'a str>,
    ) -> Answer<'a, Option<EndpointView>> {
        if url.is_some_and(|url| !url.starts_with("https://")) {
            let text = "a callback address begins with https://";
            return ready(Err(Refusal::new(RefusalCode::InvalidRequest, text).at("url")));
        }
        let mut known = self.endpoints.lock().unwrap();
        known.iter_mut().for_each(|view| view.is_default = false);
        let view = url.map(|url| endpoint(9, kind, url));
        if let Some(view) = &view {
            known.insert(0, view.clone());
        }
        ready(Ok(view))
    }

    fn traffic_versions(&self, limit: usize) -> Answer<'_, Vec<VersionView>> {
        let count = self.traffic.lock().unwrap().len();
        let version = |number| VersionView {
            number: u32::try_from(number).unwrap(),
            author: email_of(Role::StaffAdmin),
            comment: if number == 1 { "first run".to_owned() } else { "second carrier <b>".to_owned() },
            created_at: self.now().plus_ms(-3_600_000),
        };
        ready(Ok((1..=count).rev().take(limit).map(version).collect()))
    }

    fn traffic_version(&self, number: u32) -> Answer<'_, Option<TrafficDocument>> {
        let versions = self.traffic.lock().unwrap();
        let place = usize::try_from(number).unwrap().checked_sub(1);
        ready(Ok(place.and_then(|place| versions.get(place)).cloned()))
    }

    fn change_traffic<'a>(
        &'a self,
        document: TrafficDocument,
        _author: &'a str,
        _comment: &'a str,
    ) -> Answer<'a, u32> {
        let mut versions = self.traffic.lock().unwrap();
        if document.route.iter().any(|route| route.connectors.is_empty()) {
            let text = "the route default has no connector: name at least one";
            return ready(Err(Refusal::new(RefusalCode::InvalidConfiguration, text)));
        }
        versions.push(document);
        ready(Ok(u32::try_from(versions.len()).unwrap()))
    }

    fn roll_back_traffic<'a>(&'a self, number: u32, _author: &'a str) -> Answer<'a, u32> {
        let mut versions = self.traffic.lock().unwrap();
        let old = versions.get(usize::try_from(number).unwrap() - 1).cloned();
        ready(match old {
            Some(old) => {
                versions.push(old);
                Ok(u32::try_from(versions.len()).unwrap())
            }
            None => Err(Refusal::new(RefusalCode::NotFound, "there is no such version")),
        })
    }
}
