//! Changes of accounts, people and documents. They are rare, so each is a commit of its own; the
//! working copies follow only after it.

use std::collections::BTreeMap;
use std::sync::Arc;

use decide::price::PriceTable;
use decide::route::Joining;
use decide::snapshot::{ConnectorFacts, Snapshot, TrafficTable};
use ports::channel::{Capabilities, ConnectorStatus, Joining as ChannelJoining};
use ports::store::{Batch, ConfigChange, ConfigKind, ConfigVersion, CredentialRow, EndpointRow, LotChange, PersonRow, SessionRow};
use tokio::sync::oneshot;
use types::Sensitive;
use types::account::{Account, AccountLimits, AccountState, CredentialKind, Endpoint, EndpointKind};
use types::catalog::{PriceBook, Profile, TrafficDocument};
use types::charge::{Lot, Posting, PostingKind};
use types::id::{AccountId, ConnectorId, CredentialId, EndpointId, LotId, PersonId, PublicId, RowKey};
use types::message::Class;
use types::money::Money;
use types::refusal::{Refusal, RefusalCode};
use types::role::Role;
use types::time::Timestamp;

use super::live::ConnectorState;
use super::{Engine, EngineError};
use crate::core::{ConnectorView, NewAccount, ShownCredential};
use crate::seal::{KeyClass, Kind};
use crate::sealed::write_texts;
use crate::secret;
use crate::shared::CredentialEntry;

/// Milliseconds that a channel that is no longer configured may take to finish.
const CLOSE_MS: u64 = 30_000;

/// A change.
pub(crate) enum Change {
    Account(NewAccount),
    Key(AccountId),
    Bind(AccountId, Option<String>, Option<Sensitive<String>>),
    Person { account: Option<AccountId>, email: String, role: Role, password_hash: String },
    TopUp { account: AccountId, amount: Money, source: String },
    Traffic { document: TrafficDocument, author: String, comment: String },
    Prices { books: Vec<PriceBook>, author: String, comment: String },
    Profile { profile: Profile, author: String },
    Endpoint { account: AccountId, kind: EndpointKind, url: Sensitive<String> },
    Limits { account: AccountId, limits: AccountLimits },
    DefaultEndpoint { account: AccountId, endpoint: Option<EndpointId> },
    Session(SessionRow),
    SessionEnd([u8; 32]),
}

/// What a change made.
#[derive(Debug)]
pub(crate) enum Changed {
    Account(Arc<Account>),
    Shown(ShownCredential),
    Person(PersonId),
    Version(u32),
    Endpoint(EndpointId),
    Done,
}

/// Places in `last_numbers`.
const ACCOUNT: usize = 0;
const CREDENTIAL: usize = 1;
const ENDPOINT: usize = 2;
const LOT: usize = 3;
const PERSON: usize = 4;

impl Engine {
    /// Makes a change and answers.
    pub(super) fn change(
        &mut self,
        change: Change,
        reply: oneshot::Sender<Result<Changed, Refusal>>,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let outcome = match change {
            Change::Account(new) => self.new_account(new, now),
            Change::Key(account) => self.new_key(account, now),
            Change::Bind(account, system_id, password) => self.new_bind(account, system_id, password, now),
            Change::Person { account, email, role, password_hash } => self.new_person(account, email, role, password_hash, now),
            Change::TopUp { account, amount, source } => self.top_up(account, amount, source, now),
            Change::Traffic { document, author, comment } => self.new_traffic(document, author, comment, now)?,
            Change::Prices { books, author, comment } => self.new_prices(&books, author, comment, now),
            Change::Profile { profile, author } => self.new_profile(profile, author, now),
            Change::Endpoint { account, kind, url } => self.new_endpoint(account, kind, &url, now),
            Change::Limits { account, limits } => self.set_limits(account, limits, now),
            Change::DefaultEndpoint { account, endpoint } => self.set_default_endpoint(account, endpoint, now),
            Change::Session(row) => self.write(vec![ConfigChange::Session(row)], now).map(|()| Changed::Done),
            Change::SessionEnd(hash) => self.write(vec![ConfigChange::SessionEnd(hash)], now).map(|()| Changed::Done),
        };
        // Who asked may have gone; the change stays.
        drop(reply.send(outcome));
        Ok(())
    }

    fn write(&mut self, config: Vec<ConfigChange>, now: Timestamp) -> Result<(), Refusal> {
        self.write_batch(Batch { at: now, config, ..Batch::default() })
    }

    fn write_batch(&mut self, batch: Batch) -> Result<(), Refusal> {
        match self.store.apply(&batch) {
            Ok(seq) => {
                self.last_commit = seq;
                Ok(())
            }
            Err(error) => {
                self.sealer.forget(&batch.data_keys);
                tracing::error!(error = %super::chain(&error), "a change was not written");
                let detail = match error {
                    ports::store::ApplyError::Guard { what } => format!("the change collides with another: {what}"),
                    _ => "the store cannot be written now; nothing was changed".to_owned(),
                };
                Err(Refusal::new(RefusalCode::Unavailable, detail))
            }
        }
    }

    fn next_number(&mut self, which: usize) -> i64 {
        let Some(number) = self.last_numbers.get_mut(which) else { return 0 };
        *number += 1;
        *number
    }

    fn new_account(&mut self, new: NewAccount, now: Timestamp) -> Result<Changed, Refusal> {
        let name = new.name.trim().to_owned();
        if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
            let detail = "the name of an account has 1 to 64 characters";
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("name"));
        }
        if self.shared.directory.load().by_name.contains_key(&name) {
            return Err(Refusal::new(RefusalCode::InvalidRequest, format!("there is an account {name:?} already")).at("name"));
        }
        let book = new.price_book.unwrap_or_else(|| "standard".to_owned());
        let Some(unit) = self.snapshot.prices.unit(&book) else {
            return Err(Refusal::new(RefusalCode::InvalidRequest, format!("there is no price book {book:?}")).at("price_book"));
        };
        let (key, tail) = self.next_key(now);
        let id = AccountId(self.next_number(ACCOUNT));
        let endpoint_id = EndpointId(self.next_number(ENDPOINT));
        let account = Account {
            id,
            sid: PublicId::new(key, tail),
            parent: None,
            name,
            state: AccountState::Active,
            unit,
            price_book: book,
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
        let secret = if url.is_empty() { String::new() } else { secret::webhook_secret(self.entropy.as_ref()) };
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
        let endpoint = Endpoint { id, account, kind, url: url.to_owned().into(), secret: secret.into(), disabled: false };
        Ok((row, endpoint, keys))
    }

    fn secrets_key(
        &mut self,
        account: AccountId,
        now: Timestamp,
        keys: &mut Vec<ports::store::DataKeyRow>,
    ) -> Result<crate::seal::KeyHandle, Refusal> {
        self.sealer.current(Some(account), KeyClass::Secrets, now, keys).map_err(|error| {
            tracing::error!(error = %super::chain(&error), "the vault gave no key");
            Refusal::new(RefusalCode::Unavailable, "the key store cannot be reached")
        })
    }

    fn check_account(&self, account: AccountId) -> Result<(), Refusal> {
        if self.shared.directory.load().accounts.contains_key(&account) {
            return Ok(());
        }
        Err(Refusal::new(RefusalCode::NotFound, "there is no such account"))
    }

    fn new_key(&mut self, account: AccountId, now: Timestamp) -> Result<Changed, Refusal> {
        let name = secret::api_key(self.entropy.as_ref());
        let secret = secret::api_secret(self.entropy.as_ref());
        self.new_credential(account, CredentialKind::ApiKey, name, secret.into(), now)
    }

    fn new_bind(
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
        let sealed_secret = data_key.seal(Kind::Credential, RowKey::from_i64(id.0), &plain, self.entropy.as_ref());
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
        Ok(Changed::Shown(ShownCredential { name, secret }))
    }

    fn new_person(
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
            Refusal::new(refusal.code, format!("{}; perhaps the e-mail address is taken", refusal.detail)).at("email")
        })?;
        Ok(Changed::Person(id))
    }

    fn top_up(&mut self, account: AccountId, amount: Money, source: String, now: Timestamp) -> Result<Changed, Refusal> {
        self.check_account(account)?;
        if amount.micros <= 0 {
            return Err(Refusal::new(RefusalCode::InvalidRequest, "the amount must be above zero").at("amount"));
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
        let change = LotChange { lot: id, new: Some(lot.clone()), available_delta: micros, held_delta: 0, floor_micros: 0 };
        let policy = self.snapshot.profile_version;
        let posting = Posting { account, lot: id, kind: PostingKind::TopUp, amount_micros: micros, messages: 0, policy };
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

    fn new_endpoint(&mut self, account: AccountId, kind: EndpointKind, url: &Sensitive<String>, now: Timestamp) -> Result<Changed, Refusal> {
        self.check_account(account)?;
        let url_hash = self.hasher.hash(b'u', url.expose().as_bytes());
        if let Some(known) = self.shared.directory.load().by_url.get(&(account, kind, url_hash)) {
            return Ok(Changed::Endpoint(*known));
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

    fn set_limits(&mut self, account: AccountId, limits: AccountLimits, now: Timestamp) -> Result<Changed, Refusal> {
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

    fn set_default_endpoint(&mut self, account: AccountId, endpoint: Option<EndpointId>, now: Timestamp) -> Result<Changed, Refusal> {
        let directory = Arc::clone(&self.shared.directory.load());
        let handle = directory.accounts.get(&account);
        let handle = handle.ok_or_else(|| Refusal::new(RefusalCode::NotFound, "there is no such account"))?;
        let foreign = endpoint.is_some_and(|id| directory.endpoints.get(&id).is_none_or(|e| e.account != account));
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

    fn document<T: serde::Serialize>(
        &self,
        kind: ConfigKind,
        number: u32,
        value: &T,
        author: String,
        comment: String,
        now: Timestamp,
    ) -> Result<ConfigVersion, Refusal> {
        let document = serde_json::to_string(value)
            .map_err(|_| Refusal::new(RefusalCode::InvalidConfiguration, "the document cannot be written as JSON"))?;
        Ok(ConfigVersion { kind, number, document, author, comment, created_at: now })
    }

    fn new_traffic(
        &mut self,
        document: TrafficDocument,
        author: String,
        comment: String,
        now: Timestamp,
    ) -> Result<Result<Changed, Refusal>, EngineError> {
        let number = self.snapshot.traffic.version + 1;
        let (new_numbers, table) = match self.compile_traffic(number, &document) {
            Ok(compiled) => compiled,
            Err(why) => return Ok(Err(Refusal::new(RefusalCode::InvalidConfiguration, why))),
        };
        let row = match self.document(ConfigKind::Traffic, number, &document, author, comment, now) {
            Ok(row) => row,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut config: Vec<_> = new_numbers.iter().map(|(id, name)| ConfigChange::Connector(*id, name.clone())).collect();
        config.push(ConfigChange::Document(row));
        if let Err(refusal) = self.write(config, now) {
            return Ok(Err(refusal));
        }
        self.connector_numbers.extend(new_numbers);
        self.publish_snapshot(Snapshot { traffic: Arc::new(table), ..(*self.snapshot).clone() });
        self.open_channels();
        self.place_all(now)?;
        Ok(Ok(Changed::Version(number)))
    }

    fn new_prices(&mut self, books: &[PriceBook], author: String, comment: String, now: Timestamp) -> Result<Changed, Refusal> {
        let number = self.snapshot.prices.version + 1;
        let table = PriceTable::compile(number, books).map_err(|why| Refusal::new(RefusalCode::InvalidConfiguration, why))?;
        let missing = self.shared.directory.load().accounts.values().find(|h| !table.has_book(&h.account.price_book)).map(|h| {
            format!("account {:?} buys from the price book {:?}, which is missing", h.account.name, h.account.price_book)
        });
        if let Some(why) = missing {
            return Err(Refusal::new(RefusalCode::InvalidConfiguration, why));
        }
        let row = self.document(ConfigKind::Prices, number, &books, author, comment, now)?;
        self.write(vec![ConfigChange::Document(row)], now)?;
        self.publish_snapshot(Snapshot { prices: Arc::new(table), ..(*self.snapshot).clone() });
        Ok(Changed::Version(number))
    }

    fn new_profile(&mut self, profile: Profile, author: String, now: Timestamp) -> Result<Changed, Refusal> {
        if profile.schema != 1 {
            let detail = format!("profile schema {} is not known; this version reads schema 1", profile.schema);
            return Err(Refusal::new(RefusalCode::InvalidConfiguration, detail));
        }
        if self.snapshot.profile_version > 0 && *self.snapshot.profile == profile {
            return Ok(Changed::Version(self.snapshot.profile_version));
        }
        let number = self.snapshot.profile_version + 1;
        let row = self.document(ConfigKind::Profile, number, &profile, author, String::new(), now)?;
        self.write(vec![ConfigChange::Document(row)], now)?;
        let next = Snapshot { profile_version: number, profile: Arc::new(profile), ..(*self.snapshot).clone() };
        self.publish_snapshot(next);
        Ok(Changed::Version(number))
    }

    /// Makes the wanted profile the one in force at start.
    pub(crate) fn adopt_profile(&mut self, profile: Profile, now: Timestamp) -> Result<(), EngineError> {
        let outcome = self.new_profile(profile, "start".into(), now);
        outcome.map(|_| ()).map_err(|refusal| EngineError::Configuration(refusal.to_string()))
    }

    pub(crate) fn publish_snapshot(&mut self, snapshot: Snapshot) {
        self.snapshot = Arc::new(snapshot);
        self.shared.snapshot.store(Arc::clone(&self.snapshot));
    }

    /// Compiles a traffic document and numbers connectors that are new.
    #[expect(clippy::type_complexity, reason = "numbers of new connectors and the table; named at both uses")]
    pub(crate) fn compile_traffic(
        &self,
        version: u32,
        document: &TrafficDocument,
    ) -> Result<(Vec<(ConnectorId, String)>, TrafficTable), String> {
        let mut facts = BTreeMap::new();
        let mut new_numbers = Vec::new();
        let mut last = self.connector_numbers.iter().map(|(id, _)| id.0).max().unwrap_or(0);
        for connector in &document.connector {
            let capabilities =
                self.factory.check(connector).map_err(|why| format!("connector {:?}: {why}", connector.name))?;
            let known = self.connector_numbers.iter().find(|(_, name)| *name == connector.name).map(|(id, _)| *id);
            let id = known.unwrap_or_else(|| {
                last += 1;
                new_numbers.push((ConnectorId(last), connector.name.clone()));
                ConnectorId(last)
            });
            facts.insert(connector.name.clone(), self.facts_of(id, connector, &capabilities));
        }
        let table = TrafficTable::compile(version, document, &facts)?;
        Ok((new_numbers, table))
    }

    fn facts_of(&self, id: ConnectorId, connector: &types::catalog::Connector, can: &Capabilities) -> ConnectorFacts {
        let joining = match can.joining {
            ChannelJoining::Udh8 => Joining::Udh8,
            ChannelJoining::Udh16 => Joining::Udh16,
            ChannelJoining::Sar => Joining::Sar,
            ChannelJoining::Payload | ChannelJoining::Whole => Joining::Whole,
        };
        let learned = self.self_links.get(&connector.name).cloned();
        let comes_back_as = learned.or_else(|| self.leads_back(connector));
        ConnectorFacts { id, joining, octets: can.octets, receipts: can.receipts, comes_back_as }
    }

    /// The account that a connector comes back in as, when its address is one of our own doors.
    fn leads_back(&self, connector: &types::catalog::Connector) -> Option<String> {
        let text = |name: &str| connector.options.get(name)?.as_str().map(str::to_owned);
        let port = u16::try_from(connector.options.get("port")?.as_u64()?).ok()?;
        let host = text("host")?;
        let own = self.shared.own_smpp.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let same = own.iter().any(|addr| addr.port() == port && (loopback || addr.ip().to_string() == host));
        if !same {
            return None;
        }
        self.account_of_bind(&text("system_id")?)
    }

    fn account_of_bind(&self, system_id: &str) -> Option<String> {
        let directory = self.shared.directory.load();
        let entry = directory.credentials.get(&(CredentialKind::Smpp, system_id.to_owned()))?;
        directory.accounts.get(&entry.account).map(|handle| handle.account.name.clone())
    }

    /// Opens channels that are new or changed, and closes those that are gone.
    pub(crate) fn open_channels(&mut self) {
        let document = self.snapshot.traffic.document.clone();
        let mut wanted = Vec::new();
        for config in &document.connector {
            let Some(id) = self.snapshot.traffic.connector_id(&config.name) else { continue };
            if config.disabled {
                continue;
            }
            wanted.push(id);
            if self.connectors.get(&id).is_some_and(|state| state.config == *config) {
                continue;
            }
            self.close_channel(id);
            match self.factory.open(id, config, Arc::clone(&self.sink)) {
                Ok(channel) => {
                    let state = ConnectorState {
                        name: config.name.clone(),
                        config: config.clone(),
                        channel,
                        status: ConnectorStatus::default(),
                        credit: 0,
                        queues: Default::default(),
                        turns: 0,
                    };
                    self.connectors.insert(id, state);
                }
                Err(why) => tracing::error!(connector = config.name, why, "a connector could not be opened"),
            }
        }
        let gone: Vec<ConnectorId> = self.connectors.keys().filter(|id| !wanted.contains(id)).copied().collect();
        for id in gone {
            self.close_channel(id);
        }
        self.publish_connectors();
    }

    fn close_channel(&mut self, id: ConnectorId) {
        if let Some(state) = self.connectors.remove(&id) {
            let channel = state.channel;
            self.runtime.spawn(async move { channel.drain(CLOSE_MS).await });
        }
    }

    /// Finds every waiting message its connector anew, after routes have changed.
    pub(super) fn place_all(&mut self, now: Timestamp) -> Result<(), EngineError> {
        let mut waiting = Vec::new();
        for state in self.connectors.values_mut() {
            for queue in &mut state.queues {
                waiting.extend(queue.drain(..));
            }
        }
        let queued = |live: &&super::live::Live| {
            live.progress.state == types::message::State::Queued && live.queued_for.is_some()
        };
        waiting.extend(self.live.values().filter(queued).map(|live| live.facts.key));
        waiting.sort_unstable();
        waiting.dedup();
        for chunk in waiting.chunks(super::LIVE_MAX / 10) {
            self.ensure_live(chunk)?;
            for key in chunk {
                self.place(*key, now)?;
            }
        }
        Ok(())
    }

    /// Takes the state of a connector; when it went down, messages that another may take move on.
    pub(super) fn connector_status(&mut self, id: ConnectorId, status: &ConnectorStatus, now: Timestamp) -> Result<(), EngineError> {
        let Some(state) = self.connectors.get_mut(&id) else { return Ok(()) };
        let went_down = state.is_up() && status.links_up == 0;
        let name = state.name.clone();
        state.status = status.clone();
        if status.links_up == 0 {
            state.credit = 0;
        }
        if let Some(system_id) = &status.bound_to_self {
            self.found_itself(&name, system_id, now)?;
        }
        if went_down {
            self.move_on(id, now)?;
        }
        self.publish_connectors();
        Ok(())
    }

    fn move_on(&mut self, id: ConnectorId, now: Timestamp) -> Result<(), EngineError> {
        let Some(state) = self.connectors.get_mut(&id) else { return Ok(()) };
        let mut waiting = Vec::new();
        for queue in &mut state.queues {
            waiting.extend(queue.drain(..));
        }
        for key in waiting {
            if self.live.contains_key(&key) {
                self.place(key, now)?;
            } else if let Some(state) = self.connectors.get_mut(&id) {
                // Its class is not in memory; the middle one is right for most, and it is read
                // again when its turn comes.
                state.push(Class::Transactional, key);
            }
        }
        Ok(())
    }

    /// A connector turned out to be bound to this installation: its routes are checked anew, and
    /// where traffic would go round in circles the connector is closed.
    fn found_itself(&mut self, name: &str, system_id: &str, now: Timestamp) -> Result<(), EngineError> {
        let Some(account) = self.account_of_bind(system_id) else { return Ok(()) };
        if self.self_links.insert(name.to_owned(), account.clone()).as_ref() == Some(&account) {
            return Ok(());
        }
        let document = self.snapshot.traffic.document.clone();
        let version = self.snapshot.traffic.version;
        let table = match self.compile_traffic(version, &document) {
            Ok((_, table)) => table,
            Err(why) => {
                tracing::error!(connector = name, why, "a connector leads back to this installation and is closed");
                let mut without = document;
                for connector in without.connector.iter_mut().filter(|connector| connector.name == name) {
                    connector.disabled = true;
                }
                match self.compile_traffic(version, &without) {
                    Ok((_, table)) => table,
                    Err(_) => return Ok(()),
                }
            }
        };
        self.publish_snapshot(Snapshot { traffic: Arc::new(table), ..(*self.snapshot).clone() });
        self.open_channels();
        self.place_all(now)
    }

    /// Publishes how the connectors are doing.
    pub(crate) fn publish_connectors(&self) {
        let mut views: Vec<ConnectorView> = Vec::new();
        for config in &self.snapshot.traffic.document.connector {
            let Some(id) = self.snapshot.traffic.connector_id(&config.name) else { continue };
            let state = self.connectors.get(&id);
            let oldest = state.and_then(|s| s.queues.iter().filter_map(|q| q.front()).min()).map(|key| Timestamp::from_ms(key.unix_ms()));
            let text = |name: &str| config.options.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            let target = match (text("host"), text("port"), text("url")) {
                (Some(host), Some(port), _) => format!("{host}:{port}"),
                (_, _, Some(url)) => url.split(['?', '{']).next().unwrap_or_default().to_owned(),
                _ => String::new(),
            };
            views.push(ConnectorView {
                id,
                name: config.name.clone(),
                supplier: config.supplier_name().to_owned(),
                kind: config.kind.clone(),
                disabled: config.disabled || state.is_none(),
                target,
                status: state.map(|s| s.status.clone()).unwrap_or_default(),
                queued: u64::try_from(state.map_or(0, ConnectorState::queued)).unwrap_or(0),
                oldest_queued_at: oldest,
                submitted: 0,
                delivered: 0,
                failed: 0,
                errors: 0,
            });
        }
        self.shared.connectors.store(Arc::new(views));
    }
}
