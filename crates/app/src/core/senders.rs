//! Senders of an account: asked for by it, reviewed by the operator. Where one must be approved to be used is
//! said by the traffic document, and decided by `decide::sender`.
//!
//! Start at [`Core::request_sender`] and [`Core::review_sender`].

use decide::admit::check_sender;
use decide::sender::is_same;
use types::address::Address;
use types::id::{AccountId, RowKey, SenderId};
use types::network::Country;
use types::refusal::{Refusal, RefusalCode};
use types::resource::{Document, ResourceKind, ReviewState, Sender};
use types::time::Timestamp;

use super::groups::check_description;
use super::{Core, Scope, stopped};
use crate::detail::Page;
use crate::engine::{Change, Changed, ResourcePatch};
use crate::shared::Resource;
use crate::submission::{Done, Idempotency};

/// Senders of an account.
pub const SENDERS_MAX: usize = 500;
/// Countries that one sender names.
const COUNTRIES_MAX: usize = 250;

/// A sender of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderView {
    /// Its id.
    pub id: SenderId,
    /// Whose it is.
    pub account: AccountId,
    /// The name or number that phones see.
    pub sender: String,
    /// What became of its review.
    pub state: ReviewState,
    /// For which countries it is meant; empty for all.
    pub countries: Vec<Country>,
    /// What the account says that it is for.
    pub purpose: String,
    /// What the operator says of it.
    pub note: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was reviewed last, or asked for.
    pub changed_at: Timestamp,
}

/// What an account asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SenderWish {
    /// The name or number.
    pub sender: String,
    /// For which countries; empty for all.
    pub countries: Vec<Country>,
    /// What it is for.
    pub purpose: String,
}

impl Core {
    /// Senders of one account or of all, newest first.
    pub fn senders(&self, scope: Scope, before: Option<RowKey>, limit: usize) -> Page<SenderView> {
        let directory = self.inner.shared.directory.load();
        let mut accounts: Vec<AccountId> = match scope {
            Scope::Account(account) => vec![account],
            Scope::All => directory.resources.keys().copied().collect(),
        };
        accounts.sort_unstable();
        let own = accounts.iter().flat_map(|account| directory.resources_of(*account, ResourceKind::Sender));
        let behind = own.filter(|known| before.is_none_or(|before| known.row.key < before));
        let mut items: Vec<SenderView> = behind.filter_map(|known| view(known)).collect();
        items.sort_by_key(|view| std::cmp::Reverse(view.id));
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| has_more).map(|view| view.id.key());
        Page { items, next }
    }

    /// One sender; `None` when the account has none by this id.
    pub fn sender(&self, account: AccountId, id: SenderId) -> Option<SenderView> {
        let directory = self.inner.shared.directory.load();
        directory.resource_by_id(account, ResourceKind::Sender, id.0).and_then(|known| view(known))
    }

    /// Asks for a sender; it waits for its review.
    ///
    /// # Errors
    /// `invalid_sender` for what can be none, `invalid_request` for one that the account has and for too many,
    /// and the refusals of an idempotency key.
    pub async fn request_sender(
        &self,
        account: AccountId,
        wish: SenderWish,
        once: Option<Idempotency>,
    ) -> Result<Done<SenderView>, Refusal> {
        let address = Address::from_text(&wish.sender);
        check_sender(&address).map_err(|refusal| refusal.at("sender"))?;
        check_description(&wish.purpose).map_err(|refusal| refusal.at("purpose"))?;
        if wish.countries.len() > COUNTRIES_MAX {
            let detail = format!("expected at most {COUNTRIES_MAX} countries");
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("countries"));
        }
        let name = address.msisdn().map_or_else(|| wish.sender.clone(), types::address::Msisdn::digits);
        let known = self.senders(Scope::Account(account), None, SENDERS_MAX).items;
        // The same request under its key is answered again.
        if once.is_none() && known.iter().any(|view| is_same(&view.sender, &name)) {
            let detail = "the account has this sender already; see `GET /api/v1/senders`";
            return Err(Refusal::new(RefusalCode::Conflict, detail).at("sender"));
        }
        let document = Document::Sender(Sender {
            countries: wish.countries.iter().map(ToString::to_string).collect(),
            purpose: wish.purpose,
            note: String::new(),
        });
        let made = (name, ReviewState::Pending, document);
        let done = self.change_once(account, Change::ResourceMade(account, made, SENDERS_MAX), once).await;
        let done = done.map_err(|refusal| match refusal.field.as_deref() {
            Some("name") => refusal.at("sender"),
            _ => refusal,
        })?;
        let key = match done.value {
            Changed::Resource(id) => id.key(),
            Changed::Again(created) => created,
            _ => return Err(stopped()),
        };
        let directory = self.inner.shared.directory.load();
        let value =
            directory.resource(account, key).and_then(|known| view(known)).ok_or_else(no_such_sender)?;
        Ok(Done { value, replayed: done.replayed })
    }

    /// Takes a sender away.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn remove_sender(&self, account: AccountId, id: SenderId) -> Result<(), Refusal> {
        self.sender(account, id).ok_or_else(no_such_sender)?;
        self.change(Change::ResourceRemoved(account, ResourceKind::Sender, id.key())).await.map(drop)
    }

    /// Reviews a sender of an account, by its name or number; the next message is held against it.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn review_sender(
        &self,
        account: AccountId,
        sender: &str,
        state: ReviewState,
        note: String,
    ) -> Result<SenderView, Refusal> {
        check_description(&note).map_err(|refusal| refusal.at("note"))?;
        let known = self.senders(Scope::Account(account), None, SENDERS_MAX).items;
        let known =
            known.into_iter().find(|view| is_same(&view.sender, sender)).ok_or_else(no_such_sender)?;
        let document = Document::Sender(Sender {
            countries: known.countries.iter().map(ToString::to_string).collect(),
            purpose: known.purpose,
            note,
        });
        let patch = ResourcePatch { name: None, state: Some(state), document: Some(document) };
        self.change(Change::ResourceSet(account, ResourceKind::Sender, known.id.key(), patch)).await?;
        self.sender(account, known.id).ok_or_else(no_such_sender)
    }
}

fn view(known: &Resource) -> Option<SenderView> {
    let Document::Sender(sender) = &known.document else { return None };
    Some(SenderView {
        id: SenderId(known.id()),
        account: known.row.account,
        sender: known.row.name.clone(),
        state: known.row.state,
        countries: sender.countries.iter().filter_map(|text| Country::parse(text)).collect(),
        purpose: sender.purpose.clone(),
        note: sender.note.clone(),
        created_at: known.row.created_at,
        changed_at: known.row.changed_at,
    })
}

fn no_such_sender() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "the account has no such sender").at("id")
}
