//! A desk that takes every submission and remembers what it was given; it knows no message.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use api::{Answer, Explanation};
use app::detail::{InboundDetail, MessageDetail, Page};
use app::submission::{
    Accepted, AcceptedMessage, Act, Caller, Done, Idempotency, KeyAccess, Submission, SubmitOutcome,
};
use app::{MessageQuery, Rate, Scope};
use ports::BoxFuture;
use types::access::KeyScopes;
use types::account::{Account, AccountLimits, AccountState, CredentialKind};
use types::charge::Balance;
use types::id::{AccountId, CredentialId, MessageId, PublicId, RowKey, SubmissionId};
use types::message::{Class, Content, Door, RECIPIENTS_MAX, State};
use types::money::{Money, Unit};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);
const PRICE: Money = Money::new(50_000, Unit::EUR);

/// What a submission came to.
pub(super) struct Given {
    pub(super) drafts: usize,
}

/// See above.
#[derive(Default)]
pub(super) struct LookingDesk {
    given: Mutex<Option<Given>>,
}

impl LookingDesk {
    /// What was handed in since the last time.
    pub(super) fn take(&self) -> Option<Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Looks at what the door promises of everything that it hands in.
    fn look(&self, submission: &Submission) -> SubmitOutcome {
        let drafts = submission.drafts.len();
        assert!((1..=RECIPIENTS_MAX).contains(&drafts), "{drafts} drafts");
        for draft in &submission.drafts {
            let may_be_octets = matches!(submission.door, Door::Vonage | Door::Dialect);
            assert!(may_be_octets || matches!(draft.content, Content::Text(_)), "this door takes texts");
            let reference = draft.client_reference.as_deref().unwrap_or("");
            assert!(reference.chars().count() <= 255 && !reference.contains(char::is_control), "a reference");
            assert!(draft.traffic_type.len() <= 32, "a traffic type");
        }
        if let Some(idempotency) = &submission.idempotency {
            assert!(!idempotency.key.is_empty());
        }
        *self.given.lock().unwrap_or_else(PoisonError::into_inner) = Some(Given { drafts });
        let message = |number| AcceptedMessage {
            id: MessageId::new(RowKey::from_parts(NOW.as_ms(), number), 7),
            state: State::Queued,
            parts: 1,
            price: PRICE,
            preview: None,
            send_at: None,
            time: None,
        };
        let count = u32::try_from(drafts).unwrap_or(0);
        Ok(Accepted {
            id: SubmissionId::new(RowKey::from_parts(NOW.as_ms(), 0), 1),
            messages: (1..=count).map(message).collect(),
            replayed: false,
        })
    }
}

mod contacts;
mod figures;
mod senders;
mod settings;
mod tree;
mod wordings;

/// There is nothing by any id.
fn missing<T: Send + 'static>() -> BoxFuture<'static, Result<T, Refusal>> {
    Box::pin(async { Err(Refusal::new(RefusalCode::NotFound, "there is none")) })
}

fn none<T: Send + 'static>() -> BoxFuture<'static, Result<Option<T>, Refusal>> {
    Box::pin(async { Ok(None) })
}

fn no_page<T: Send + 'static>() -> BoxFuture<'static, Result<Page<T>, Refusal>> {
    Box::pin(async { Ok(Page { items: Vec::new(), next: None }) })
}

impl api::Desk for LookingDesk {
    fn now(&self) -> Timestamp {
        NOW
    }

    fn submit(&self, submission: Submission) -> BoxFuture<'_, SubmitOutcome> {
        Box::pin(async move { self.look(&submission) })
    }

    fn quote(&self, submission: Submission) -> BoxFuture<'_, SubmitOutcome> {
        Box::pin(async move { self.look(&submission) })
    }

    fn act(
        &self,
        _act: Act,
        _scope: Scope,
        _id: MessageId,
        _once: Option<Idempotency>,
    ) -> Answer<'_, Done<MessageDetail>> {
        missing()
    }

    fn authenticate_key(&self, key: &str, secret: &str, _from: Option<IpAddr>) -> Result<KeyAccess, Refusal> {
        if key != "key" || secret != "secret" {
            return Err(Refusal::new(RefusalCode::InvalidCredentials, "the key or the secret is wrong"));
        }
        let (account, credential) = (AccountId(7), CredentialId(1));
        let caller = Caller { account, credential, kind: CredentialKind::ApiKey };
        Ok(KeyAccess { caller, scopes: KeyScopes::ALL })
    }

    fn authenticate_account(
        &self,
        _sid: PublicId,
        secret: &str,
        from: Option<IpAddr>,
    ) -> Result<KeyAccess, Refusal> {
        self.authenticate_key("key", secret, from)
    }

    fn authenticate_signed(
        &self,
        key: &str,
        from: Option<IpAddr>,
        is_right: &dyn Fn(&str) -> bool,
    ) -> Result<KeyAccess, Refusal> {
        self.authenticate_key(key, if is_right("secret") { "secret" } else { "" }, from)
    }

    fn rate(&self, _account: AccountId) -> Option<Rate> {
        None
    }

    fn account(&self, id: AccountId) -> Option<Arc<Account>> {
        Some(Arc::new(Account {
            region: None,
            id,
            sid: PublicId::new(RowKey::from_parts(1, 1), 1),
            parent: None,
            name: "demo".to_owned(),
            state: AccountState::Active,
            unit: Unit::EUR,
            price_book: "standard".to_owned(),
            default_class: Class::Transactional,
            default_endpoint: None,
            limits: AccountLimits::default(),
            allow_private_callbacks: false,
            created_at: NOW,
        }))
    }

    fn message(
        &self,
        _scope: Scope,
        _id: MessageId,
    ) -> BoxFuture<'_, Result<Option<MessageDetail>, Refusal>> {
        none()
    }

    fn messages(
        &self,
        _scope: Scope,
        _query: MessageQuery,
    ) -> BoxFuture<'_, Result<Page<MessageDetail>, Refusal>> {
        no_page()
    }

    fn inbound(
        &self,
        _scope: Scope,
        _before: Option<RowKey>,
        _limit: usize,
    ) -> BoxFuture<'_, Result<Page<InboundDetail>, Refusal>> {
        no_page()
    }

    fn explain(&self, _scope: Scope, _id: MessageId) -> BoxFuture<'_, Explanation> {
        none()
    }

    fn balance(&self, _account: AccountId) -> Option<Balance> {
        Some(Balance { available: PRICE, held: PRICE })
    }

    fn metrics_text(&self) -> String {
        String::new()
    }

    fn ready(&self) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(async { Ok(()) })
    }

    fn note_refusal(&self, _account: Option<AccountId>, _code: RefusalCode) {}
}
