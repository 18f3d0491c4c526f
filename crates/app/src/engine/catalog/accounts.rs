//! Accounts, credentials, people, endpoints and grants of value: each a row and, after its commit, a
//! changed directory.
//!
//! It decides no message and hashes no password. Start at [`Engine::new_account`].

use std::sync::Arc;

use ports::store::{Batch, ConfigChange, CredentialRow, EndpointRow, LotChange, PersonRow};
use types::Sensitive;
use types::account::{
    Account, AccountLimits, AccountState, CredentialKind, Endpoint, EndpointKind, PATH_DEPTH_MAX,
};
use types::charge::{Lot, Posting, PostingKind};
use types::id::{AccountId, CredentialId, EndpointId, LotId, PersonId, PublicId, RowKey};
use types::message::Class;
use types::money::Money;
use types::refusal::{Refusal, RefusalCode};
use types::role::Role;
use types::time::Timestamp;

use super::Changed;
use crate::core::{NewAccount, ShownCredential};
use crate::engine::Engine;
use crate::seal::{KeyClass, Kind};
use crate::sealed::write_texts;
use crate::secret;
use crate::shared::CredentialEntry;

/// Places in `last_numbers`.
const ACCOUNT: usize = 0;
const CREDENTIAL: usize = 1;
const ENDPOINT: usize = 2;
const LOT: usize = 3;
const PERSON: usize = 4;

impl Engine {
    pub(super) fn new_account(&mut self, new: NewAccount, now: Timestamp) -> Result<Changed, Refusal> {
        let name = new.name.trim().to_owned();
        if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
            let detail = "the name of an account has 1 to 64 characters";
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("name"));
        }
        if self.shared.directory.load().by_name.contains_key(&name) {
            return Err(Refusal::new(
                RefusalCode::InvalidRequest,
                format!("there is an account {name:?} already"),
            )
            .at("name"));
        }
        let book = new.price_book.unwrap_or_else(|| "standard".to_owned());
        let Some(unit) = self.snapshot.prices.unit(&book) else {
            return Err(Refusal::new(
                RefusalCode::InvalidRequest,
                format!("there is no price book {book:?}"),
            )
            .at("price_book"));
        };
        self.check_parent(new.parent)?;
        let (key, tail) = self.next_key(now);
        let id = AccountId(self.next_number(ACCOUNT));
        let endpoint_id = EndpointId(self.next_number(ENDPOINT));
        let account = Account {
            id,
            sid: PublicId::new(key, tail),
            parent: new.parent,
            name,
            state: AccountState::Active,
            unit,
            price_book: book,
            region: new.region,
            default_class: Class::Transactional,
            default_endpoint: None,
            limits: new.limits,
            allow_private_callbacks: new.allow_private_callbacks,
            created_at: now,
        };
        // Every account has the endpoint of its binds from the first day.
        let (row, endpoint, keys) = self.endpoint_row(endpoint_id, id, EndpointKind::Smpp, "", now)?;
        let config = vec![ConfigChange::Account(account.clone()), ConfigChange::Endpoint(row.clone())];
        self.write_batch(Batch { at: now, data_keys: keys, config, ..Batch::default() })?;
        let mut directory = self.shared.directory.load().fork();
        directory.put_account(account);
        directory.put_endpoint(endpoint, row.url_hash);
        let made = directory.accounts.get(&id).map(|handle| Arc::clone(&handle.account));
        self.shared.directory.store(Arc::new(directory));
        self.purses.entry(id).or_default();
        made.map(Changed::Account).ok_or_else(|| Refusal::new(RefusalCode::NotFound, "the account is gone"))
    }

    /// A reseller must exist, and the path up from it must leave room for one more.
    fn check_parent(&self, parent: Option<AccountId>) -> Result<(), Refusal> {
        let Some(parent) = parent else { return Ok(()) };
        let refuse = |detail: String| Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("parent"));
        let directory = self.shared.directory.load();
        let find = |id: AccountId| directory.accounts.get(&id).map(|handle| handle.account.as_ref());
        let Some(account) = find(parent) else { return refuse("there is no such parent account".into()) };
        match decide::path::above(account, find) {
            Ok(above) if above.len() < PATH_DEPTH_MAX => Ok(()),
            _ => refuse(format!("an account has at most {PATH_DEPTH_MAX} accounts above it")),
        }
    }

    fn endpoint_row(
        &mut self,
        id: EndpointId,
        account: AccountId,
        kind: EndpointKind,
        url: &str,
        now: Timestamp,
    ) -> Result<(EndpointRow, Endpoint, Vec<ports::store::DataKeyRow>), Refusal> {
        let mut keys = Vec::new();
        let data_key = self.secrets_key(account, now, &mut keys)?;
        let secret =
            if url.is_empty() { String::new() } else { secret::webhook_secret(self.entropy.as_ref()) };
        let url_hash = self.hasher.hash(b'u', url.as_bytes());
        let plain = write_texts(&[url, &secret]);
        let sealed = data_key.seal(Kind::Endpoint, RowKey::from_i64(id.0), &plain, self.entropy.as_ref());
        let row = EndpointRow {
            id,
            account,
            kind,
            url_hash,
            data_key: data_key.id(),
            sealed,
            disabled: false,
            created_at: now,
        };
        let endpoint = Endpoint {
            id,
            account,
            kind,
            url: url.to_owned().into(),
            secret: secret.into(),
            disabled: false,
        };
        Ok((row, endpoint, keys))
    }

    fn secrets_key(
        &mut self,
        account: AccountId,
        now: Timestamp,
        keys: &mut Vec<ports::store::DataKeyRow>,
    ) -> Result<crate::seal::KeyHandle, Refusal> {
        self.sealer.current(Some(account), KeyClass::Secrets, now, keys).map_err(|error| {
            tracing::error!(error = %crate::engine::chain(&error), "the vault gave no key");
            Refusal::new(RefusalCode::Unavailable, "the key store cannot be reached")
        })
    }

    pub(super) fn check_account(&self, account: AccountId) -> Result<(), Refusal> {
        if self.shared.directory.load().accounts.contains_key(&account) {
            return Ok(());
        }
        Err(Refusal::new(RefusalCode::NotFound, "there is no such account"))
    }

    pub(super) fn new_key(&mut self, account: AccountId, now: Timestamp) -> Result<Changed, Refusal> {
        let name = secret::api_key(self.entropy.as_ref());
        let secret = secret::api_secret(self.entropy.as_ref());
        self.new_credential(account, CredentialKind::ApiKey, name, secret.into(), now)
    }

    pub(super) fn new_bind(
        &mut self,
        account: AccountId,
        system_id: Option<String>,
        password: Option<Sensitive<String>>,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let name = system_id.unwrap_or_else(|| secret::system_id(self.entropy.as_ref()));
        let fits = (1..=15).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
        if !fits {
            let detail = "a system id has 1 to 15 visible ASCII characters";
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("system_id"));
        }
        if self.shared.directory.load().credentials.contains_key(&(CredentialKind::Smpp, name.clone())) {
            return Err(Refusal::new(RefusalCode::InvalidRequest, "the system id is taken").at("system_id"));
        }
        let password = password.unwrap_or_else(|| secret::bind_password(self.entropy.as_ref()).into());
        self.new_credential(account, CredentialKind::Smpp, name, password, now)
    }

    fn new_credential(
        &mut self,
        account: AccountId,
        kind: CredentialKind,
        name: String,
        secret: Sensitive<String>,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        self.check_account(account)?;
        let mut data_keys = Vec::new();
        let data_key = self.secrets_key(account, now, &mut data_keys)?;
        let id = CredentialId(self.next_number(CREDENTIAL));
        let plain = write_texts(&[secret.expose()]);
        let sealed_secret =
            data_key.seal(Kind::Credential, RowKey::from_i64(id.0), &plain, self.entropy.as_ref());
        let row = CredentialRow {
            id,
            account,
            kind,
            name: name.clone(),
            data_key: data_key.id(),
            sealed_secret,
            created_at: now,
            revoked_at: None,
        };
        let config = vec![ConfigChange::Credential(row)];
        self.write_batch(Batch { at: now, data_keys, config, ..Batch::default() })?;
        let mut directory = self.shared.directory.load().fork();
        let entry = CredentialEntry { id, account, secret: secret.clone() };
        directory.credentials.insert((kind, name.clone()), Arc::new(entry));
        self.shared.directory.store(Arc::new(directory));
        Ok(Changed::Shown(ShownCredential { kind, name, secret }))
    }

    pub(super) fn new_person(
        &mut self,
        account: Option<AccountId>,
        email: String,
        role: Role,
        password_hash: String,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        if let Some(account) = account {
            self.check_account(account)?;
        }
        if role.is_staff() != account.is_none() {
            let detail = "staff belongs to no account, and a user of an account is not staff";
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("role"));
        }
        let id = PersonId(self.next_number(PERSON));
        let row = PersonRow { id, account, email, role, password_hash, created_at: now, disabled: false };
        self.write(vec![ConfigChange::Person(row)], now).map_err(|refusal| {
            Refusal::new(refusal.code, format!("{}; perhaps the e-mail address is taken", refusal.detail))
                .at("email")
        })?;
        Ok(Changed::Person(id))
    }

    pub(super) fn top_up(
        &mut self,
        account: AccountId,
        amount: Money,
        source: String,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        self.check_account(account)?;
        if amount.micros <= 0 {
            return Err(
                Refusal::new(RefusalCode::InvalidRequest, "the amount must be above zero").at("amount")
            );
        }
        let id = LotId(self.next_number(LOT));
        let micros = amount.micros;
        let mut lot = Lot {
            id,
            account,
            unit: amount.unit,
            granted_micros: micros,
            available_micros: 0,
            held_micros: 0,
            created_at: now,
            expires_at: None,
            source,
        };
        let change = LotChange {
            lot: id,
            new: Some(lot.clone()),
            available_delta: micros,
            held_delta: 0,
            floor_micros: 0,
        };
        let policy = self.snapshot.profile_version;
        let posting = Posting {
            account,
            lot: id,
            kind: PostingKind::TopUp,
            amount_micros: micros,
            messages: 0,
            policy,
        };
        self.write_batch(Batch { at: now, lots: vec![change], postings: vec![posting], ..Batch::default() })?;
        lot.available_micros = micros;
        let purse = self.purses.entry(account).or_default();
        purse.add(lot);
        if let Some(handle) = self.shared.directory.load().accounts.get(&account) {
            let (available, held) = purse.balance(handle.account.unit);
            handle.live.set_balance(available, held);
        }
        Ok(Changed::Done)
    }

    pub(super) fn new_endpoint(
        &mut self,
        account: AccountId,
        kind: EndpointKind,
        url: &Sensitive<String>,
        enable: bool,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        self.check_account(account)?;
        let url_hash = self.hasher.hash(b'u', url.expose().as_bytes());
        let known = self.shared.directory.load().by_url.get(&(account, kind, url_hash)).copied();
        if let Some(known) = known {
            return if enable {
                self.switch_endpoint(known, false, now)
            } else {
                Ok(Changed::Endpoint(known))
            };
        }
        let id = EndpointId(self.next_number(ENDPOINT));
        let (row, endpoint, data_keys) = self.endpoint_row(id, account, kind, url.expose(), now)?;
        let config = vec![ConfigChange::Endpoint(row)];
        self.write_batch(Batch { at: now, data_keys, config, ..Batch::default() })?;
        let mut directory = self.shared.directory.load().fork();
        directory.put_endpoint(endpoint, url_hash);
        self.shared.directory.store(Arc::new(directory));
        Ok(Changed::Endpoint(id))
    }

    /// Switches an endpoint off or on again. While it is off, its events are given up as they come;
    /// see [`Engine::tell_again`].
    pub(super) fn switch_endpoint(
        &mut self,
        id: EndpointId,
        disabled: bool,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let known = self.shared.directory.load().endpoints.get(&id).cloned();
        let known = known
            .ok_or_else(|| Refusal::new(RefusalCode::NotFound, "there is no such endpoint").at("endpoint"))?;
        if known.disabled == disabled {
            return Ok(Changed::Endpoint(id));
        }
        let mut data_keys = Vec::new();
        let data_key = self.secrets_key(known.account, now, &mut data_keys)?;
        let plain = write_texts(&[known.url.expose(), known.secret.expose()]);
        let row = EndpointRow {
            id,
            account: known.account,
            kind: known.kind,
            url_hash: self.hasher.hash(b'u', known.url.expose().as_bytes()),
            data_key: data_key.id(),
            sealed: data_key.seal(Kind::Endpoint, RowKey::from_i64(id.0), &plain, self.entropy.as_ref()),
            disabled,
            created_at: now,
        };
        let url_hash = row.url_hash;
        let config = vec![ConfigChange::Endpoint(row)];
        self.write_batch(Batch { at: now, data_keys, config, ..Batch::default() })?;
        let mut directory = self.shared.directory.load().fork();
        directory.put_endpoint(Endpoint { disabled, ..(*known).clone() }, url_hash);
        self.shared.directory.store(Arc::new(directory));
        self.shared.notifier.ready(id);
        Ok(Changed::Endpoint(id))
    }

    pub(super) fn set_limits(
        &mut self,
        account: AccountId,
        limits: AccountLimits,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let directory = Arc::clone(&self.shared.directory.load());
        let handle = directory.accounts.get(&account);
        let handle = handle.ok_or_else(|| Refusal::new(RefusalCode::NotFound, "there is no such account"))?;
        let account = Account { limits, ..(*handle.account).clone() };
        self.write(vec![ConfigChange::Account(account.clone())], now)?;
        let mut directory = directory.fork();
        directory.put_account(account);
        self.shared.directory.store(Arc::new(directory));
        Ok(Changed::Done)
    }

    pub(super) fn set_default_endpoint(
        &mut self,
        account: AccountId,
        endpoint: Option<EndpointId>,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let directory = Arc::clone(&self.shared.directory.load());
        let handle = directory.accounts.get(&account);
        let handle = handle.ok_or_else(|| Refusal::new(RefusalCode::NotFound, "there is no such account"))?;
        let foreign =
            endpoint.is_some_and(|id| directory.endpoints.get(&id).is_none_or(|e| e.account != account));
        if foreign {
            return Err(Refusal::new(RefusalCode::NotFound, "there is no such endpoint").at("endpoint"));
        }
        let account = Account { default_endpoint: endpoint, ..(*handle.account).clone() };
        self.write(vec![ConfigChange::Account(account.clone())], now)?;
        let mut directory = directory.fork();
        directory.put_account(account);
        self.shared.directory.store(Arc::new(directory));
        Ok(Changed::Done)
    }
}
