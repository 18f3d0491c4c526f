//! The handle that doors hold, and the values that it takes and gives: every use-case of Chappe is one
//! method of [`Core`]. It is cheap to clone.
//!
//! It changes no state itself: it asks the store's reader, or hands a command to the engine and waits.
//! The methods stand by subject in the modules below. Start at [`Core`], then in `doors`.

use std::sync::Arc;

use tokio::sync::oneshot;
use types::Sensitive;
use types::account::{AccountLimits, CredentialKind};
use types::id::{AccountId, ConnectorId, PersonId, RowKey};
use types::message::State;
use types::refusal::{Refusal, RefusalCode};
use types::role::Role;
use types::time::Timestamp;

use crate::engine::{Change, Changed, Input};
use crate::inbox::Kind;
use crate::submission::{Done, Idempotency};

mod accounts;
mod contacts;
mod deliveries;
mod doors;
mod figures;
mod groups;
mod keys;
mod keywords;
mod numbers;
mod operation;
mod paused;
mod people;
mod pools;
mod questions;
mod quiet;
mod reports;
mod senders;
mod signatures;
mod suppressions;
mod templates;
mod traffic;
mod tree;
mod webhooks;

pub use contacts::{
    CONTACTS_AT_ONCE_MAX, CONTACTS_MAX, ContactPatch, ContactQuery, ContactView, Imported, read_contacts,
};
pub use deliveries::{About, DeliveryQuery, DeliveryView, ReplayWish};
pub use doors::Rate;
pub use figures::{NumberView, PriceList};
pub use groups::{GROUPS_MAX, GroupMembers, GroupPatch, GroupView};
pub(crate) use keys::may_give;
pub use keys::{KeyPatch, KeyView, KeyWish, OVERLAP_MS_DEFAULT, ShownKey};
pub use keywords::{KeywordReplies, KeywordReplyPatch};
pub use numbers::{InboundNumberView, NUMBERS_AT_ONCE_MAX};
pub use pools::{POOLS_MAX, PoolMemberView, PoolPatch, PoolView};
pub use reports::BindHandle;
pub use senders::{SENDERS_MAX, SenderView, SenderWish};
pub use signatures::{SIGNATURES_MAX, SignatureView};
pub use suppressions::{SUPPRESSED_AT_ONCE_MAX, SuppressionQuery, SuppressionView, SuppressionWish};
pub use templates::{TEMPLATES_MAX, TemplateView, TemplateWish};
pub use tree::{AccountPatch, AccountView, AccountWish, Direction, LimitsPatch, TreeFigures, TreeQuery};
pub use webhooks::{EndpointPatch, EndpointView, EndpointWish};

/// Whose messages a question may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those of one account.
    Account(AccountId),
    /// All (staff).
    All,
}

/// A signed-in person.
#[derive(Clone, Debug)]
pub struct Person {
    /// The number.
    pub id: PersonId,
    /// The account for which a user acts; `None` for staff.
    pub account: Option<AccountId>,
    /// The user's own account, while it acts for one below that.
    pub home: Option<AccountId>,
    /// E-mail address.
    pub email: String,
    /// What the person may do.
    pub role: Role,
}

/// Which messages to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct MessageQuery {
    /// In one of these states; empty for any.
    pub states: Vec<State>,
    /// To this number, in any notation.
    pub recipient: Option<Sensitive<String>>,
    /// Whose latest attempt went to this connector.
    pub connector: Option<String>,
    /// Accepted at or after.
    pub since: Option<Timestamp>,
    /// Accepted before.
    pub until: Option<Timestamp>,
    /// The cursor.
    pub before: Option<RowKey>,
    /// 1 to 500.
    pub limit: usize,
    /// Whether the content is wanted.
    pub with_content: bool,
}

/// A connector as staff sees it.
#[derive(Clone, Debug)]
pub struct ConnectorView {
    /// Its number.
    pub id: ConnectorId,
    /// Its name.
    pub name: String,
    /// Its supplier.
    pub supplier: String,
    /// Its type.
    pub kind: String,
    /// Switched off by a person.
    pub disabled: bool,
    /// Where it leads, e.g. `127.0.0.1:2776`; without secrets.
    pub target: String,
    /// How it is doing.
    pub status: ports::channel::ConnectorStatus,
    /// Messages that wait for it.
    pub queued: u64,
    /// When the oldest of them was accepted.
    pub oldest_queued_at: Option<Timestamp>,
    /// Taken by the carrier since start.
    pub submitted: u64,
    /// Receipts of a delivery since start.
    pub delivered: u64,
    /// Receipts of any other end since start.
    pub failed: u64,
    /// Answers with an error since start.
    pub errors: u64,
    /// The notation in which its receipts write ids, by the name of [`types::carrier_id::IdNotation`];
    /// `None` until enough of them were matched, or while they differ.
    pub receipt_ids: Option<&'static str>,
    /// Receipts since start that would have fitted two messages and were given to none.
    pub ambiguous_receipts: u64,
}

/// A version of a configuration document.
#[derive(Clone, Debug)]
pub struct VersionView {
    /// Counted from one.
    pub number: u32,
    /// Who made it.
    pub author: String,
    /// What for.
    pub comment: String,
    /// When.
    pub created_at: Timestamp,
}

/// Live figures of an account or of the installation: counts since start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveFigures {
    /// Messages accepted.
    pub accepted: u64,
    /// Messages taken by carriers.
    pub submitted: u64,
    /// Messages delivered.
    pub delivered: u64,
    /// Messages that ended otherwise.
    pub failed: u64,
    /// Submissions refused.
    pub refused: u64,
    /// Available balance, micro-units; zero for the installation.
    pub available_micros: i64,
    /// Held, micro-units.
    pub held_micros: i64,
}

/// Counts of the store and the proof of the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HouseFigures {
    /// Counts of the store.
    pub store: ports::store::StoreFigures,
    /// Messages in the archive of whole days.
    pub archived: i64,
    /// How far the ledger is off; zero when it balances.
    pub imbalance_micros: i64,
}

/// What to make of a new account.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its name, unique.
    pub name: String,
    /// The reseller above it; `None` for the operator's own customer.
    pub parent: Option<AccountId>,
    /// The price book; `None` for the first.
    pub price_book: Option<String>,
    /// The region of its data; `None` for the profile's.
    pub region: Option<types::region::Region>,
    /// Limits.
    pub limits: AccountLimits,
    /// Whether private callbacks are allowed.
    pub allow_private_callbacks: bool,
}

/// A credential with its secret, for the moment in which it is shown.
#[derive(Clone, Debug)]
pub struct ShownCredential {
    /// Whether it is a key or a login.
    pub kind: CredentialKind,
    /// The key or system id.
    pub name: String,
    /// The secret or password.
    pub secret: Sensitive<String>,
}

/// Every use-case of Chappe.
#[derive(Clone)]
pub struct Core {
    pub(crate) inner: Arc<crate::runtime::Runtime>,
}

impl Core {
    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The name by which this installation answers binds, e.g. `chappe-3f9a1c`.
    pub fn instance_name(&self) -> &str {
        &self.inner.shared.instance_name
    }

    async fn change(&self, change: Change) -> Result<Changed, Refusal> {
        let (sender, receiver) = oneshot::channel();
        self.inner.shared.inbox.push(Kind::Command, Input::Change(change, sender)).map_err(|_| stopped())?;
        receiver.await.map_err(|_| unheard())?
    }
}

impl Core {
    /// Makes a change, once under the key of a caller.
    async fn change_once(
        &self,
        account: AccountId,
        change: Change,
        once: Option<Idempotency>,
    ) -> Result<Done<Changed>, Refusal> {
        let change = match once {
            None => change,
            Some(idempotency) => Change::Once { account, idempotency, change: Box::new(change) },
        };
        let value = self.change(change).await?;
        let replayed = matches!(value, Changed::Again(_));
        Ok(Done { value, replayed })
    }
}

/// The engine takes nothing more.
fn stopped() -> Refusal {
    Refusal::new(RefusalCode::Unavailable, "the service is stopping; nothing was kept").retry_after(5)
}

/// The engine took it and stopped without a word.
fn unheard() -> Refusal {
    let detail = "the service stopped before it answered; it is not known whether the request was kept";
    Refusal::new(RefusalCode::Unavailable, detail).retry_after(5)
}
