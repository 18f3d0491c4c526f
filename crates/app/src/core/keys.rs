//! API keys of an account: making, changing, rotating and revoking them, and who may.
//!
//! A key that asks can give, change and rotate only what it may do itself, so that none can make itself
//! mightier. Start at [`Core::make_key`].

use std::sync::Arc;

use types::Sensitive;
use types::access::{AddressRange, KeyScopes, RANGES_MAX};
use types::account::CredentialKind;
use types::id::{AccountId, CredentialId};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::{Core, stopped};
use crate::engine::{Change, Changed};
use crate::shared::CredentialEntry;
use crate::submission::{Done, Idempotency};

/// API keys of an account.
pub(super) const KEYS_MAX: usize = 100;
/// Characters of what an owner calls a key or an address.
pub(crate) const LABEL_CHARS_MAX: usize = 100;
/// Milliseconds for which an old secret may stay good: 30 days.
pub(crate) const OVERLAP_MS_MAX: i64 = 30 * 86_400_000;
/// Milliseconds for which an old secret stays good when nobody says: a day.
pub const OVERLAP_MS_DEFAULT: i64 = 86_400_000;

/// An API key as its account sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyView {
    /// Its number.
    pub id: CredentialId,
    /// The key itself, which is no secret.
    pub name: String,
    /// What its owner calls it; empty for nothing.
    pub label: String,
    /// What it may do.
    pub scopes: KeyScopes,
    /// From where it may be used; empty for everywhere.
    pub ranges: Vec<AddressRange>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to the hour.
    pub used_at: Option<Timestamp>,
    /// Until when the secret before is still good, after a rotation.
    pub old_secret_until: Option<Timestamp>,
}

/// A key with its secret, for the moment in which it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownKey {
    /// The key.
    pub key: KeyView,
    /// Its secret.
    pub secret: Sensitive<String>,
}

/// What to make of a new key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyWish {
    /// What its owner calls it.
    pub label: String,
    /// What it may do.
    pub scopes: KeyScopes,
    /// From where it may be used; empty for everywhere.
    pub ranges: Vec<AddressRange>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

impl Default for KeyWish {
    fn default() -> Self {
        Self { label: String::new(), scopes: KeyScopes::USUAL, ranges: Vec::new(), expires_at: None }
    }
}

/// What to change of a key; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPatch {
    /// What its owner calls it.
    pub label: Option<String>,
    /// What it may do.
    pub scopes: Option<KeyScopes>,
    /// From where it may be used; empty for everywhere.
    pub ranges: Option<Vec<AddressRange>>,
    /// When it ends; `Some(None)` for never.
    pub expires_at: Option<Option<Timestamp>>,
}

impl Core {
    /// The API keys of an account, oldest first; those that have expired too.
    pub fn keys(&self, account: AccountId) -> Vec<KeyView> {
        let directory = self.inner.shared.directory.load();
        let all = directory.credentials.iter();
        let mine = all.filter(|((kind, _), entry)| is_key_of(*kind, entry, account));
        let now = self.now();
        let mut keys: Vec<_> = mine.map(|((_, name), entry)| view(name, entry, now)).collect();
        keys.sort_by_key(|key| key.id);
        keys
    }

    /// One API key of an account.
    pub fn key(&self, account: AccountId, id: CredentialId) -> Option<KeyView> {
        self.key_entry(account, id).map(|(name, entry)| view(&name, &entry, self.now()))
    }

    fn key_entry(&self, account: AccountId, id: CredentialId) -> Option<(String, Arc<CredentialEntry>)> {
        let directory = self.inner.shared.directory.load();
        let ((kind, name), entry) = directory.credential(id)?;
        is_key_of(*kind, entry, account).then(|| (name.clone(), Arc::clone(entry)))
    }

    fn shown_key(&self, account: AccountId, id: CredentialId) -> Result<ShownKey, Refusal> {
        let (name, entry) = self.key_entry(account, id).ok_or_else(no_such_key)?;
        Ok(ShownKey { key: view(&name, &entry, self.now()), secret: entry.settings.secret.clone() })
    }

    /// Makes an API key, for somebody who may do what `by` says.
    ///
    /// # Errors
    /// `forbidden` for a key that may do more, `invalid_request` at the field that cannot be used, and the
    /// refusals of an idempotency key.
    pub async fn make_key(
        &self,
        account: AccountId,
        wish: KeyWish,
        by: KeyScopes,
        once: Option<Idempotency>,
    ) -> Result<Done<ShownKey>, Refusal> {
        may_give(by, wish.scopes)?;
        check_label(&wish.label, "label")?;
        check_scopes(wish.scopes)?;
        check_ranges(&wish.ranges)?;
        wish.expires_at.map_or(Ok(()), |end| check_end(end, self.now()))?;
        let change = Change::KeyMade { account, wish, most: KEYS_MAX };
        self.key_done(account, self.change_once(account, change, once).await?)
    }

    /// Changes what an API key may do.
    ///
    /// # Errors
    /// `not_found`, `forbidden` for what `by` may not do itself, `invalid_request` at the field that cannot
    /// be used.
    pub async fn change_key(
        &self,
        account: AccountId,
        id: CredentialId,
        patch: KeyPatch,
        by: KeyScopes,
    ) -> Result<KeyView, Refusal> {
        self.key_entry(account, id).ok_or_else(no_such_key)?;
        let now = self.now();
        patch.label.as_deref().map_or(Ok(()), |label| check_label(label, "label"))?;
        patch.scopes.map_or(Ok(()), check_scopes)?;
        patch.ranges.as_deref().map_or(Ok(()), check_ranges)?;
        patch.expires_at.flatten().map_or(Ok(()), |end| check_end(end, now))?;
        self.change(Change::KeySet { id, patch, by }).await?;
        self.key(account, id).ok_or_else(no_such_key)
    }

    /// Gives an API key another secret. The one before stays good for `overlap_ms`.
    ///
    /// # Errors
    /// `not_found`, `forbidden` for a key that may do what `by` may not, `invalid_request` at `overlap_s`
    /// for more than 30 days, and the refusals of an idempotency key.
    pub async fn rotate_key(
        &self,
        account: AccountId,
        id: CredentialId,
        overlap_ms: i64,
        by: KeyScopes,
        once: Option<Idempotency>,
    ) -> Result<Done<ShownKey>, Refusal> {
        let (_, entry) = self.key_entry(account, id).ok_or_else(no_such_key)?;
        may_give(by, entry.settings.scopes)?;
        check_overlap(overlap_ms)?;
        let change = Change::KeyRotated { id, overlap_ms };
        self.key_done(account, self.change_once(account, change, once).await?)
    }

    /// Ends an API key for good.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn revoke_key(&self, account: AccountId, id: CredentialId) -> Result<(), Refusal> {
        self.key_entry(account, id).ok_or_else(no_such_key)?;
        self.change(Change::KeyRevoked(id)).await.map(drop)
    }

    fn key_done(&self, account: AccountId, done: Done<Changed>) -> Result<Done<ShownKey>, Refusal> {
        let id = match done.value {
            Changed::Credential(id) => id,
            Changed::Again(created) => CredentialId(created.as_i64()),
            _ => return Err(stopped()),
        };
        Ok(Done { value: self.shown_key(account, id)?, replayed: done.replayed })
    }
}

fn is_key_of(kind: CredentialKind, entry: &CredentialEntry, account: AccountId) -> bool {
    kind == CredentialKind::ApiKey && entry.account == account
}

fn view(name: &str, entry: &CredentialEntry, now: Timestamp) -> KeyView {
    let settings = &entry.settings;
    let old = settings.old_secret.as_ref().filter(|old| old.is_good(now));
    KeyView {
        id: entry.id,
        name: name.to_owned(),
        label: settings.label.clone(),
        scopes: settings.scopes,
        ranges: settings.ranges.clone(),
        created_at: entry.created_at,
        expires_at: settings.expires_at,
        used_at: entry.used_at(),
        old_secret_until: old.map(|old| old.until),
    }
}

fn no_such_key() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "this account has no API key with this id").at("id")
}

/// Refuses what makes a key mightier than who asks.
pub(crate) fn may_give(by: KeyScopes, scopes: KeyScopes) -> Result<(), Refusal> {
    if scopes.are_within(by) {
        return Ok(());
    }
    let detail = "a key can make, change and rotate only keys that may do no more than it may itself";
    Err(Refusal::new(RefusalCode::Forbidden, detail).at("scopes"))
}

/// Refuses an overlap that is no time or too long.
pub(super) fn check_overlap(overlap_ms: i64) -> Result<(), Refusal> {
    if (0..=OVERLAP_MS_MAX).contains(&overlap_ms) {
        return Ok(());
    }
    let detail = format!("the old secret may stay good for 0 to {} seconds", OVERLAP_MS_MAX / 1_000);
    Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("overlap_s"))
}

/// Refuses a name that is too long or cannot be shown.
pub(super) fn check_label(label: &str, field: &str) -> Result<(), Refusal> {
    if label.chars().count() <= LABEL_CHARS_MAX && !label.chars().any(char::is_control) {
        return Ok(());
    }
    let detail = format!("expected at most {LABEL_CHARS_MAX} characters without control characters");
    Err(Refusal::new(RefusalCode::InvalidRequest, detail).at(field))
}

fn refuse(detail: impl Into<String>, field: &str) -> Refusal {
    Refusal::new(RefusalCode::InvalidRequest, detail).at(field)
}

fn check_scopes(scopes: KeyScopes) -> Result<(), Refusal> {
    if scopes == KeyScopes::NONE {
        return Err(refuse("a key may do at least one thing: send, read, manage or accounts", "scopes"));
    }
    Ok(())
}

fn check_ranges(ranges: &[AddressRange]) -> Result<(), Refusal> {
    if ranges.len() > RANGES_MAX {
        return Err(refuse(format!("a key may have {RANGES_MAX} address ranges"), "addresses"));
    }
    Ok(())
}

fn check_end(end: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if end <= now {
        let detail = "the end lies in the past; revoke the key instead";
        return Err(Refusal::new(RefusalCode::ExpiredValidity, detail).at("expires_at"));
    }
    Ok(())
}
