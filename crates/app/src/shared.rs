//! What the engine publishes for everybody else: the directory of accounts and credentials, the
//! configuration, balances and counters. Readers never wait for the engine.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use decide::limits::TokenBucket;
use decide::quiet::AccountQuiet;
use decide::sender::Identity;
use decide::snapshot::Snapshot;
use decide::wording::Wordings;
use ports::store::InboundNumberRow;
use types::account::{Account, CredentialKind, Endpoint, EndpointKind};
use types::id::{AccountId, ConnectorId, CredentialId, EndpointId, PublicId};
use types::inbound::InboundNumber;
use types::keyword::Keyword;
use types::message::State;
use types::refusal::RefusalCode;
use types::time::Timestamp;

use crate::core::{ConnectorView, LiveFigures};
use crate::engine::Input;
use crate::inbox::Inbox;
use crate::maps::IdMap;
use crate::metrics::Metrics;
use crate::report::{Owner, OwnerKey};
use crate::sealed::settings::KeySettings;

mod rate;
mod resources;

pub(crate) use resources::{Pooled, Resource, Resources};

/// Milliseconds between two notes that a credential was used.
const USE_NOTED_MS: i64 = 3_600_000;

/// Counters of one account, kept over changes of the account.
pub(crate) struct AccountLive {
    accepted: AtomicU64,
    submitted: AtomicU64,
    delivered: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    available: AtomicI64,
    held: AtomicI64,
    pub(crate) bucket: Mutex<Option<TokenBucket>>,
}

impl AccountLive {
    fn new() -> Self {
        Self {
            accepted: AtomicU64::new(0),
            submitted: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            available: AtomicI64::new(0),
            held: AtomicI64::new(0),
            bucket: Mutex::new(None),
        }
    }

    fn figures(&self) -> LiveFigures {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        LiveFigures {
            accepted: read(&self.accepted),
            submitted: read(&self.submitted),
            delivered: read(&self.delivered),
            failed: read(&self.failed),
            refused: read(&self.refused),
            available_micros: self.available.load(Ordering::Relaxed),
            held_micros: self.held.load(Ordering::Relaxed),
        }
    }

    /// Publishes the balance after a commit.
    pub(crate) fn set_balance(&self, available: i64, held: i64) {
        self.available.store(available, Ordering::Relaxed);
        self.held.store(held, Ordering::Relaxed);
    }

    /// How many messages of the account's rate are left.
    pub(crate) fn rate_left(&self, rate: u32, now: Timestamp) -> u32 {
        let bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.as_ref().map_or(rate.saturating_mul(2), |bucket| bucket.left(rate, now))
    }

    /// Gives back what was taken from the account's rate for messages that were not taken.
    pub(crate) fn give_rate_back(&self, count: u32) {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = bucket.as_mut() {
            bucket.give_back(count);
        }
    }

    /// Takes `count` messages from the account's rate.
    pub(crate) fn take_rate(&self, count: u32, rate: u32, now: Timestamp) -> Result<(), u64> {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.get_or_insert_with(|| TokenBucket::full(rate, now)).take(count, rate, now)
    }
}

/// An account and its counters.
pub(crate) struct AccountHandle {
    pub(crate) account: Arc<Account>,
    pub(crate) live: Arc<AccountLive>,
}

/// A way in.
pub(crate) struct CredentialEntry {
    pub(crate) id: CredentialId,
    pub(crate) account: AccountId,
    pub(crate) created_at: Timestamp,
    pub(crate) settings: KeySettings,
    /// When it was used last, to the hour, in milliseconds; the least number for never. Kept over changes.
    used_ms: Arc<AtomicI64>,
}

impl CredentialEntry {
    /// A way in as the store has it.
    pub(crate) fn new(
        id: CredentialId,
        account: AccountId,
        created_at: Timestamp,
        settings: KeySettings,
    ) -> Self {
        let used_ms = settings.used_at.map_or(i64::MIN, Timestamp::as_ms);
        Self { id, account, created_at, settings, used_ms: Arc::new(AtomicI64::new(used_ms)) }
    }

    /// The same way in with other settings.
    pub(crate) fn with(&self, settings: KeySettings) -> Self {
        Self { settings, used_ms: Arc::clone(&self.used_ms), ..*self }
    }

    /// When it was used last, to the hour.
    pub(crate) fn used_at(&self) -> Option<Timestamp> {
        let used_ms = self.used_ms.load(Ordering::Relaxed);
        (used_ms > i64::MIN).then(|| Timestamp::from_ms(used_ms))
    }

    /// Notes that it is used now: `true` for one caller an hour, which then has it written.
    pub(crate) fn note_use(&self, now: Timestamp) -> bool {
        let last = self.used_ms.load(Ordering::Relaxed);
        let (now, order) = (now.as_ms(), Ordering::Relaxed);
        now.saturating_sub(last) >= USE_NOTED_MS
            && self.used_ms.compare_exchange(last, now, order, order).is_ok()
    }
}

/// Accounts and their ways in and out, as of the latest commit.
#[derive(Default)]
pub(crate) struct Directory {
    pub(crate) accounts: IdMap<AccountId, Arc<AccountHandle>>,
    pub(crate) by_name: HashMap<String, AccountId>,
    pub(crate) by_sid: HashMap<PublicId, AccountId>,
    pub(crate) credentials: HashMap<(CredentialKind, String), Arc<CredentialEntry>>,
    /// The names of the API keys of each account, oldest first.
    pub(crate) keys: IdMap<AccountId, BTreeMap<CredentialId, String>>,
    pub(crate) endpoints: IdMap<EndpointId, Arc<Endpoint>>,
    pub(crate) smpp_endpoints: IdMap<AccountId, EndpointId>,
    pub(crate) by_url: HashMap<(AccountId, EndpointKind, i64), EndpointId>,
    /// Endpoints that hear of all messages of their account, oldest first; those that are switched off too.
    pub(crate) standing: IdMap<AccountId, Vec<EndpointId>>,
    /// What phones are answered that write a keyword.
    pub(crate) keyword_replies: HashMap<(AccountId, Keyword), Arc<str>>,
    /// Numbers to which phones write.
    pub(crate) inbound_numbers: Arc<BTreeMap<InboundNumber, InboundNumberRow>>,
    /// What accounts have set up under names.
    pub(crate) resources: HashMap<AccountId, Arc<Resources>>,
    /// The senders among them, as admission reads them.
    pub(crate) identities: HashMap<AccountId, Arc<[Identity]>>,
    /// The pools among them, with what their senders are; accounts without one are not in it.
    pub(crate) pools: HashMap<AccountId, Arc<[Pooled]>>,
    /// The quiet hours among them, as admission reads them.
    pub(crate) quiet: HashMap<AccountId, AccountQuiet>,
    /// The approved templates and signatures among them, as admission reads them.
    pub(crate) wordings: HashMap<AccountId, Arc<Wordings>>,
}

impl Directory {
    /// Adds or replaces an account, keeping its counters.
    pub(crate) fn put_account(&mut self, account: Account) {
        let live = self
            .accounts
            .get(&account.id)
            .map_or_else(|| Arc::new(AccountLive::new()), |h| Arc::clone(&h.live));
        self.by_name.insert(account.name.clone(), account.id);
        self.by_sid.insert(account.sid, account.id);
        self.accounts.insert(account.id, Arc::new(AccountHandle { account: Arc::new(account), live }));
    }

    /// An account by its number.
    pub(crate) fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id).map(|handle| handle.account.as_ref())
    }

    /// The accounts above one, the nearest first.
    pub(crate) fn above(&self, account: &Account) -> Result<Vec<&Account>, decide::path::Broken> {
        decide::path::above(account, |id| self.account(id))
    }

    /// Whether an account stands below another, at any depth.
    pub(crate) fn is_below(&self, account: &Account, root: AccountId) -> bool {
        decide::path::is_below(account, root, |id| self.account(id))
    }

    /// Adds or replaces an endpoint.
    pub(crate) fn put_endpoint(&mut self, endpoint: Endpoint, url_hash: i64) {
        if self.endpoints.contains_key(&endpoint.id) {
            // It may have had another address.
            self.by_url.retain(|_, id| *id != endpoint.id);
        }
        if endpoint.kind == EndpointKind::Smpp {
            self.smpp_endpoints.insert(endpoint.account, endpoint.id);
        } else if !endpoint.removed {
            self.by_url.insert((endpoint.account, endpoint.kind, url_hash), endpoint.id);
        }
        let standing = self.standing.entry(endpoint.account).or_default();
        standing.retain(|id| *id != endpoint.id);
        if endpoint.standing && !endpoint.removed {
            standing.push(endpoint.id);
            standing.sort_unstable();
        }
        self.endpoints.insert(endpoint.id, Arc::new(endpoint));
    }

    /// An endpoint that an account still has; those of its binds are not among them.
    pub(crate) fn address_of(&self, account: AccountId, id: EndpointId) -> Option<&Arc<Endpoint>> {
        let own = self.endpoints.get(&id).filter(|known| known.account == account && !known.removed);
        own.filter(|known| known.kind != EndpointKind::Smpp)
    }

    /// A credential by its number, with its name.
    pub(crate) fn credential(
        &self,
        id: CredentialId,
    ) -> Option<(&(CredentialKind, String), &Arc<CredentialEntry>)> {
        self.credentials.iter().find(|(_, entry)| entry.id == id)
    }

    /// Adds or replaces a way in.
    pub(crate) fn put_credential(&mut self, (kind, name): (CredentialKind, String), entry: CredentialEntry) {
        if kind == CredentialKind::ApiKey {
            self.keys.entry(entry.account).or_default().insert(entry.id, name.clone());
        }
        self.credentials.insert((kind, name), Arc::new(entry));
    }

    /// Takes a way in away.
    pub(crate) fn remove_credential(&mut self, name: &(CredentialKind, String)) {
        if let Some(entry) = self.credentials.remove(name)
            && let Some(keys) = self.keys.get_mut(&entry.account)
        {
            keys.remove(&entry.id);
        }
    }

    /// The API keys of an account that have not expired, oldest first.
    pub(crate) fn good_keys(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> impl Iterator<Item = (&str, &Arc<CredentialEntry>)> {
        let names = self.keys.get(&account).into_iter().flat_map(BTreeMap::values);
        let known = names.filter_map(|name| {
            let entry = self.credentials.get(&(CredentialKind::ApiKey, name.clone()))?;
            Some((name.as_str(), entry))
        });
        known.filter(move |(_, entry)| entry.settings.expires_at.is_none_or(|end| now < end))
    }

    /// Whose events are told under an account's name.
    pub(crate) fn owner(&self, account: AccountId, now: Timestamp) -> Option<Owner> {
        let sid = self.account(account)?.sid;
        let key = self
            .good_keys(account, now)
            .next()
            .map(|(name, entry)| OwnerKey { name: name.to_owned(), secret: entry.settings.secret.clone() });
        Some(Owner { sid, key })
    }

    /// A copy that can be changed and published.
    pub(crate) fn fork(&self) -> Self {
        Self {
            accounts: self.accounts.clone(),
            by_name: self.by_name.clone(),
            by_sid: self.by_sid.clone(),
            credentials: self.credentials.clone(),
            keys: self.keys.clone(),
            endpoints: self.endpoints.clone(),
            smpp_endpoints: self.smpp_endpoints.clone(),
            by_url: self.by_url.clone(),
            standing: self.standing.clone(),
            keyword_replies: self.keyword_replies.clone(),
            inbound_numbers: Arc::clone(&self.inbound_numbers),
            resources: self.resources.clone(),
            identities: self.identities.clone(),
            pools: self.pools.clone(),
            quiet: self.quiet.clone(),
            wordings: self.wordings.clone(),
        }
    }
}

/// Something to count once a batch is committed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Count {
    /// Messages were accepted.
    Accepted(AccountId, u32),
    /// A carrier took a message for the first time.
    Submitted(AccountId),
    /// A message ended.
    Ended(AccountId, State),
    /// A submission was refused.
    Refused(Option<AccountId>, RefusalCode),
    /// A connector answered; milliseconds from write to answer.
    Answered(ConnectorId, types::receipt::Verdict, i64),
    /// A receipt of a connector found its message; milliseconds from answer to receipt.
    Receipt(ConnectorId, State, i64),
    /// A receipt found no message.
    Orphan,
}

/// What the engine publishes.
pub(crate) struct Shared {
    pub(crate) inbox: Inbox<Input>,
    pub(crate) directory: ArcSwap<Directory>,
    pub(crate) snapshot: ArcSwap<Snapshot>,
    pub(crate) connectors: ArcSwap<Vec<ConnectorView>>,
    /// Messages that wait for a person, and why.
    pub(crate) paused: ArcSwap<std::collections::BTreeMap<types::id::RowKey, types::message::Pause>>,
    pub(crate) metrics: Metrics,
    pub(crate) history: crate::history::History,
    pub(crate) notifier: crate::notify::Notifier,
    total: AccountLive,
    healthy: AtomicBool,
    pub(crate) instance_name: String,
    pub(crate) own_smpp: Mutex<Vec<std::net::SocketAddr>>,
}

impl Shared {
    pub(crate) fn new(instance_name: String, notifier: crate::notify::Notifier) -> Self {
        Self {
            inbox: Inbox::new(),
            directory: ArcSwap::default(),
            snapshot: ArcSwap::default(),
            connectors: ArcSwap::default(),
            paused: ArcSwap::default(),
            metrics: Metrics::new(),
            history: crate::history::History::default(),
            notifier,
            total: AccountLive::new(),
            healthy: AtomicBool::new(true),
            instance_name,
            own_smpp: Mutex::new(Vec::new()),
        }
    }

    /// Counts what a committed batch did.
    pub(crate) fn count(&self, counts: &[Count]) {
        let directory = self.directory.load();
        let add = |account: Option<&AccountId>, n: u64, pick: fn(&AccountLive) -> &AtomicU64| {
            pick(&self.total).fetch_add(n, Ordering::Relaxed);
            if let Some(handle) = account.and_then(|id| directory.accounts.get(id)) {
                pick(&handle.live).fetch_add(n, Ordering::Relaxed);
            }
        };
        for count in counts {
            match count {
                Count::Accepted(account, messages) => {
                    add(Some(account), u64::from(*messages), |l| &l.accepted)
                }
                Count::Submitted(account) => add(Some(account), 1, |l| &l.submitted),
                Count::Ended(account, State::Delivered) => add(Some(account), 1, |l| &l.delivered),
                Count::Ended(account, _) => add(Some(account), 1, |l| &l.failed),
                Count::Refused(account, _) => add(account.as_ref(), 1, |l| &l.refused),
                Count::Answered(..) | Count::Receipt(..) | Count::Orphan => {}
            }
        }
        self.metrics.count(counts);
    }

    /// Live figures of an account, or of all.
    pub(crate) fn figures(&self, account: Option<AccountId>) -> LiveFigures {
        match account {
            None => self.total.figures(),
            Some(id) => self
                .directory
                .load()
                .accounts
                .get(&id)
                .map_or_else(LiveFigures::default, |h| h.live.figures()),
        }
    }

    /// Whether the last commit succeeded.
    pub(crate) fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Relaxed)
    }

    pub(crate) fn note_store_trouble(&self) {
        self.healthy.store(false, Ordering::Relaxed);
    }

    pub(crate) fn note_commit(&self) {
        self.healthy.store(true, Ordering::Relaxed);
    }

    /// Puts inputs that must not be lost back into the queue, before everything that came since.
    pub(crate) fn put_back(&self, inputs: Vec<Input>) {
        if let Err(lost) = self.inbox.put_back(inputs, Input::kind) {
            let inputs = lost.len();
            tracing::error!(inputs, "inputs were given up because the engine has stopped");
        }
    }
}
