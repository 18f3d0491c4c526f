//! Signatures of an account: asked for by it, reviewed by the operator. Where a text needs one and how it is
//! written is said by the traffic document, and decided by `decide::wording`.
//!
//! Start at [`Core::request_signature`] and [`Core::review_signature`].

use std::sync::Arc;

use types::id::{AccountId, RowKey, SignatureId};
use types::refusal::{Refusal, RefusalCode};
use types::resource::{Document, ResourceKind, ReviewState, Signature};
use types::time::Timestamp;

use super::groups::check_description;
use super::{Core, Scope, stopped};
use crate::detail::Page;
use crate::engine::{Change, Changed, ResourcePatch};
use crate::shared::Resource;
use crate::submission::{Done, Idempotency};

/// Signatures of an account.
pub const SIGNATURES_MAX: usize = 100;
/// The characters of a signature; what stands around it is the rule's.
const SIGNATURE_CHARS: std::ops::RangeInclusive<usize> = 2..=24;

/// A signature of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureView {
    /// Its id.
    pub id: SignatureId,
    /// Whose it is.
    pub account: AccountId,
    /// The signature, without what stands around it.
    pub signature: String,
    /// What became of its review.
    pub state: ReviewState,
    /// What the account says that it stands for.
    pub purpose: String,
    /// What the operator says of it.
    pub note: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was reviewed last, or asked for.
    pub changed_at: Timestamp,
}

impl Core {
    /// What of one account or of all is reviewed, of a kind, newest first.
    pub(super) fn reviewed(
        &self,
        scope: Scope,
        kind: ResourceKind,
        before: Option<RowKey>,
        limit: usize,
    ) -> Vec<Arc<Resource>> {
        let directory = self.inner.shared.directory.load();
        let accounts: Vec<AccountId> = match scope {
            Scope::Account(account) => vec![account],
            Scope::All => directory.resources.keys().copied().collect(),
        };
        let own = accounts.iter().flat_map(|account| directory.resources_of(*account, kind));
        let behind = own.filter(|known| before.is_none_or(|before| known.row.key < before));
        let mut found: Vec<_> = behind.cloned().collect();
        found.sort_by_key(|known| std::cmp::Reverse(known.row.key));
        found.truncate(limit);
        found
    }

    /// Signatures of one account or of all, newest first.
    pub fn signatures(&self, scope: Scope, before: Option<RowKey>, limit: usize) -> Page<SignatureView> {
        let found = self.reviewed(scope, ResourceKind::Signature, before, limit + 1);
        let mut items: Vec<SignatureView> = found.iter().filter_map(|known| view(known)).collect();
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| has_more).map(|view| view.id.key());
        Page { items, next }
    }

    /// One signature; `None` when the account has none by this id.
    pub fn signature(&self, account: AccountId, id: SignatureId) -> Option<SignatureView> {
        let directory = self.inner.shared.directory.load();
        directory.resource_by_id(account, ResourceKind::Signature, id.0).and_then(|known| view(known))
    }

    /// Asks for a signature; it waits for its review.
    ///
    /// # Errors
    /// `invalid_request` for what can be none, for one that the account has and for too many, and the refusals of
    /// an idempotency key.
    pub async fn request_signature(
        &self,
        account: AccountId,
        (signature, purpose): (String, String),
        once: Option<Idempotency>,
    ) -> Result<Done<SignatureView>, Refusal> {
        let is_shown = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '&' | '.' | '_');
        let is_one = SIGNATURE_CHARS.contains(&signature.chars().count())
            && signature.trim() == signature
            && signature.chars().all(is_shown);
        if !is_one {
            let detail = "expected 2 to 24 letters and digits, with blanks, dots and hyphens between them";
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("signature"));
        }
        check_description(&purpose).map_err(|refusal| refusal.at("purpose"))?;
        let document = Document::Signature(Signature { purpose, note: String::new() });
        let made = (signature, ReviewState::Pending, document);
        let done = self.change_once(account, Change::ResourceMade(account, made, SIGNATURES_MAX), once).await;
        let done = done.map_err(|refusal| match refusal.field.as_deref() {
            Some("name") => refusal.at("signature"),
            _ => refusal,
        })?;
        let key = match done.value {
            Changed::Resource(id) => id.key(),
            Changed::Again(created) => created,
            _ => return Err(stopped()),
        };
        let directory = self.inner.shared.directory.load();
        let known = directory.resource(account, key).and_then(|known| view(known));
        Ok(Done { value: known.ok_or_else(no_such_signature)?, replayed: done.replayed })
    }

    /// Takes a signature away.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn remove_signature(&self, account: AccountId, id: SignatureId) -> Result<(), Refusal> {
        self.signature(account, id).ok_or_else(no_such_signature)?;
        self.change(Change::ResourceRemoved(account, ResourceKind::Signature, id.key())).await.map(drop)
    }

    /// Reviews a signature of an account; the next message is held against it.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn review_signature(
        &self,
        account: AccountId,
        signature: &str,
        state: ReviewState,
        note: String,
    ) -> Result<SignatureView, Refusal> {
        check_description(&note).map_err(|refusal| refusal.at("note"))?;
        let found = self.reviewed(Scope::Account(account), ResourceKind::Signature, None, SIGNATURES_MAX);
        let known = found.iter().find(|known| known.row.name == signature).ok_or_else(no_such_signature)?;
        let purpose = view(known).map(|view| view.purpose).unwrap_or_default();
        let document = Some(Document::Signature(Signature { purpose, note }));
        let patch = ResourcePatch { name: None, state: Some(state), document };
        self.change(Change::ResourceSet(account, ResourceKind::Signature, known.row.key, patch)).await?;
        self.signature(account, SignatureId(known.id())).ok_or_else(no_such_signature)
    }
}

fn view(known: &Resource) -> Option<SignatureView> {
    let Document::Signature(signature) = &known.document else { return None };
    Some(SignatureView {
        id: SignatureId(known.id()),
        account: known.row.account,
        signature: known.row.name.clone(),
        state: known.row.state,
        purpose: signature.purpose.clone(),
        note: signature.note.clone(),
        created_at: known.row.created_at,
        changed_at: known.row.changed_at,
    })
}

fn no_such_signature() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "the account has no such signature").at("id")
}
