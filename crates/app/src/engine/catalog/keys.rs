//! API keys and SMPP logins: made, set, rotated, revoked, and noted as used.
//!
//! Who may do so was asked before. Start at [`Engine::make_key`].

use std::sync::Arc;

use ports::store::{Batch, ConfigChange, CredentialRow};
use types::Sensitive;
use types::access::KeyScopes;
use types::account::{CredentialKind, OldSecret};
use types::id::{AccountId, CredentialId, RowKey};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::accounts::CREDENTIAL;
use super::{Changed, Engine};
use crate::core::{KeyPatch, KeyWish, ShownCredential, may_give};
use crate::seal::Kind;
use crate::sealed::settings::{KeySettings, write_key};
use crate::secret;
use crate::shared::CredentialEntry;

impl Engine {
    /// Makes a key that may do what is usual, and shows it.
    pub(super) fn new_key(&mut self, account: AccountId, now: Timestamp) -> Result<Changed, Refusal> {
        let secret: Sensitive<String> = secret::api_secret(self.entropy.as_ref()).into();
        let name = secret::api_key(self.entropy.as_ref());
        let settings = KeySettings::unlimited(secret.clone());
        self.new_credential(account, CredentialKind::ApiKey, name.clone(), settings, now)?;
        Ok(Changed::Shown(ShownCredential { kind: CredentialKind::ApiKey, name, secret }))
    }

    /// Makes a key as it is wished for, when the account has fewer than `most`.
    pub(super) fn make_key(
        &mut self,
        account: AccountId,
        wish: KeyWish,
        most: usize,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let directory = self.shared.directory.load();
        let is_own = |(kind, entry): (CredentialKind, &CredentialEntry)| {
            kind == CredentialKind::ApiKey && entry.account == account
        };
        let all = directory.credentials.iter().map(|((kind, _), entry)| (*kind, entry.as_ref()));
        if all.filter(|pair| is_own(*pair)).count() >= most {
            let detail = format!("the account has {most} API keys already; revoke one first");
            return Err(Refusal::new(RefusalCode::LimitReached, detail));
        }
        let secret = secret::api_secret(self.entropy.as_ref()).into();
        let name = secret::api_key(self.entropy.as_ref());
        let settings = KeySettings {
            label: wish.label,
            scopes: wish.scopes,
            ranges: wish.ranges,
            expires_at: wish.expires_at,
            ..KeySettings::unlimited(secret)
        };
        let id = self.new_credential(account, CredentialKind::ApiKey, name, settings, now)?;
        Ok(Changed::Credential(id))
    }

    pub(super) fn new_bind(
        &mut self,
        account: AccountId,
        system_id: Option<String>,
        password: Option<Sensitive<String>>,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let kind = CredentialKind::Smpp;
        let name = system_id.unwrap_or_else(|| secret::system_id(self.entropy.as_ref()));
        let fits = (1..=15).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
        if !fits {
            let detail = "a system id has 1 to 15 visible ASCII characters";
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("system_id"));
        }
        if self.shared.directory.load().credentials.contains_key(&(kind, name.clone())) {
            return Err(Refusal::new(RefusalCode::Conflict, "the system id is taken").at("system_id"));
        }
        let secret = password.unwrap_or_else(|| secret::bind_password(self.entropy.as_ref()).into());
        let settings = KeySettings::unlimited(secret.clone());
        self.new_credential(account, kind, name.clone(), settings, now)?;
        Ok(Changed::Shown(ShownCredential { kind, name, secret }))
    }

    fn new_credential(
        &mut self,
        account: AccountId,
        kind: CredentialKind,
        name: String,
        settings: KeySettings,
        now: Timestamp,
    ) -> Result<CredentialId, Refusal> {
        self.check_account(account)?;
        let id = CredentialId(self.next_number(CREDENTIAL));
        self.note_created(RowKey::from_i64(id.0));
        let entry = CredentialEntry::new(id, account, now, settings);
        self.write_credential((kind, name), entry, None, now)?;
        Ok(id)
    }

    /// Sets what a key may do, for somebody who may do what `by` says. What stays is what it is now, not what
    /// it was when somebody looked.
    pub(super) fn set_key(
        &mut self,
        id: CredentialId,
        patch: KeyPatch,
        by: KeyScopes,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let (name, entry) = self.credential(id)?;
        let old = &entry.settings;
        may_give(by, old.scopes)?;
        let settings = KeySettings {
            label: patch.label.unwrap_or_else(|| old.label.clone()),
            scopes: patch.scopes.unwrap_or(old.scopes),
            ranges: patch.ranges.unwrap_or_else(|| old.ranges.clone()),
            expires_at: patch.expires_at.unwrap_or(old.expires_at),
            used_at: entry.used_at(),
            ..old.clone()
        };
        may_give(by, settings.scopes)?;
        self.write_credential(name, entry.with(settings), None, now)?;
        Ok(Changed::Credential(id))
    }

    /// Gives a key another secret; the one before stays good for a while.
    pub(super) fn rotate_key(
        &mut self,
        id: CredentialId,
        overlap_ms: i64,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let (name, entry) = self.credential(id)?;
        self.note_created(RowKey::from_i64(id.0));
        let old = OldSecret { secret: entry.settings.secret.clone(), until: now.plus_ms(overlap_ms) };
        let settings = KeySettings {
            secret: secret::api_secret(self.entropy.as_ref()).into(),
            old_secret: Some(old).filter(|old| old.is_good(now)),
            used_at: entry.used_at(),
            ..entry.settings.clone()
        };
        self.write_credential(name, entry.with(settings), None, now)?;
        Ok(Changed::Credential(id))
    }

    /// Ends a key for good. Its row stays, so that what it did can be told.
    pub(super) fn revoke_key(&mut self, id: CredentialId, now: Timestamp) -> Result<Changed, Refusal> {
        let (name, entry) = self.credential(id)?;
        self.write_credential(name, entry.with(entry.settings.clone()), Some(now), now)?;
        Ok(Changed::Done)
    }

    /// Notes when a credential was used last.
    pub(super) fn note_key_use(
        &mut self,
        id: CredentialId,
        used_at: Timestamp,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let (name, entry) = self.credential(id)?;
        let settings = KeySettings { used_at: Some(used_at), ..entry.settings.clone() };
        // What is in memory knows it already.
        self.keep_credential(name, &entry.with(settings), None, now)?;
        Ok(Changed::Done)
    }

    fn credential(
        &self,
        id: CredentialId,
    ) -> Result<((CredentialKind, String), Arc<CredentialEntry>), Refusal> {
        let directory = self.shared.directory.load();
        let found = directory.credential(id).map(|(name, entry)| (name.clone(), Arc::clone(entry)));
        found.ok_or_else(|| Refusal::new(RefusalCode::NotFound, "there is no such credential"))
    }

    /// Writes a credential, and lets doors know it as it is now.
    fn write_credential(
        &mut self,
        name: (CredentialKind, String),
        entry: CredentialEntry,
        revoked_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.keep_credential(name.clone(), &entry, revoked_at, now)?;
        let mut directory = self.shared.directory.load().fork();
        match revoked_at {
            None => directory.put_credential(name, entry),
            Some(_) => directory.remove_credential(&name),
        }
        self.shared.directory.store(Arc::new(directory));
        Ok(())
    }

    fn keep_credential(
        &mut self,
        (kind, name): (CredentialKind, String),
        entry: &CredentialEntry,
        revoked_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let mut data_keys = Vec::new();
        let data_key = self.secrets_key(entry.account, now, &mut data_keys)?;
        let plain = write_key(&entry.settings);
        let row = CredentialRow {
            id: entry.id,
            account: entry.account,
            kind,
            name,
            data_key: data_key.id(),
            sealed_secret: data_key.seal(
                Kind::Credential,
                RowKey::from_i64(entry.id.0),
                &plain,
                self.entropy.as_ref(),
            ),
            created_at: entry.created_at,
            revoked_at,
        };
        let config = vec![ConfigChange::Credential(row)];
        self.write_batch(Batch { at: now, data_keys, config, ..Batch::default() })
    }
}
