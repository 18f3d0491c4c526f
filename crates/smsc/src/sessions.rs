//! The list of bound sessions: for staff, for the limit of binds per account, and to tell whether an address
//! already serves an account.
//!
//! It holds no session: a ticket enters one, and takes it out when it is dropped.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smpp::CommandId;
use types::id::AccountId;
use types::time::Timestamp;

/// How a session is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindKind {
    /// It submits.
    Transmitter,
    /// It receives.
    Receiver,
    /// It does both.
    Transceiver,
}

impl BindKind {
    /// The kind that a bind request asks for; `None` for any other request.
    pub(crate) fn of(command: CommandId) -> Option<Self> {
        match command {
            CommandId::BIND_TRANSMITTER => Some(Self::Transmitter),
            CommandId::BIND_RECEIVER => Some(Self::Receiver),
            CommandId::BIND_TRANSCEIVER => Some(Self::Transceiver),
            _ => None,
        }
    }

    /// Whether the session takes reports.
    pub fn receives(self) -> bool {
        !matches!(self, Self::Transmitter)
    }

    /// The name for people and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transmitter => "transmitter",
            Self::Receiver => "receiver",
            Self::Transceiver => "transceiver",
        }
    }
}

/// A bound session as staff sees it.
#[derive(Clone, Debug)]
pub struct SessionView {
    /// Its number since start.
    pub number: u64,
    /// Who bound.
    pub system_id: String,
    /// Whose it is.
    pub account: AccountId,
    /// The account's name.
    pub account_name: String,
    /// How it is bound.
    pub bind: BindKind,
    /// Where it came from.
    pub peer: IpAddr,
    /// Whether it is encrypted.
    pub is_tls: bool,
    /// Since when it is bound.
    pub since: Timestamp,
    /// Messages handed in; a `submit_multi` counts once.
    pub submitted: u64,
    /// Reports and inbound messages written.
    pub delivered: u64,
    /// Requests of the customer that wait for an answer.
    pub window_used: usize,
    /// `deliver_sm` that wait for a response.
    pub delivery_window_used: usize,
    /// Octets that the customer has not taken yet.
    pub output_octets: usize,
}

/// Figures that a session keeps up to date.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) submitted: AtomicU64,
    pub(crate) delivered: AtomicU64,
    pub(crate) window_used: AtomicUsize,
    pub(crate) delivery_window_used: AtomicUsize,
    pub(crate) output_octets: AtomicUsize,
}

/// What is known of a session when it binds.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) system_id: String,
    pub(crate) account: AccountId,
    pub(crate) account_name: String,
    pub(crate) bind: BindKind,
    pub(crate) peer: IpAddr,
    pub(crate) is_tls: bool,
    pub(crate) since: Timestamp,
}

#[derive(Default)]
struct Registry {
    last_number: u64,
    bound: HashMap<u64, (Entry, Arc<Counters>)>,
    by_account: HashMap<AccountId, usize>,
}

/// The bound sessions of one [`crate::Smsc`]. Cheap to clone.
#[derive(Clone, Default)]
pub struct SessionsHandle {
    registry: Arc<Mutex<Registry>>,
}

impl std::fmt::Debug for SessionsHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionsHandle").field("bound", &self.count()).finish()
    }
}

impl SessionsHandle {
    /// Every bound session, the oldest first.
    pub fn list(&self) -> Vec<SessionView> {
        let registry = self.lock();
        let mut views: Vec<_> =
            registry.bound.iter().map(|(number, (entry, now))| view(*number, entry, now)).collect();
        drop(registry);
        views.sort_unstable_by_key(|view| view.number);
        views
    }

    /// How many sessions are bound.
    pub fn count(&self) -> usize {
        self.lock().bound.len()
    }

    /// Enters a session, or `None` when its account has `binds_max` already; zero lifts the limit.
    pub(crate) fn enter(&self, entry: Entry, binds_max: u32) -> Option<Ticket> {
        let account = entry.account;
        let mut registry = self.lock();
        let bound = registry.by_account.get(&account).copied().unwrap_or(0);
        if binds_max != 0 && bound >= usize::try_from(binds_max).unwrap_or(usize::MAX) {
            return None;
        }
        let counters = Arc::new(Counters::default());
        registry.last_number += 1;
        let number = registry.last_number;
        registry.by_account.insert(account, bound + 1);
        registry.bound.insert(number, (entry, Arc::clone(&counters)));
        drop(registry);
        Some(Ticket { sessions: self.clone(), number, account, counters })
    }

    /// Whether any session is bound from that address.
    pub(crate) fn serves_address(&self, peer: IpAddr) -> bool {
        self.lock().bound.values().any(|(entry, _)| entry.peer == peer)
    }

    /// Whether that account has a session bound from that address.
    pub(crate) fn serves(&self, account: AccountId, peer: IpAddr) -> bool {
        self.lock().bound.values().any(|(entry, _)| entry.account == account && entry.peer == peer)
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn view(number: u64, entry: &Entry, counters: &Counters) -> SessionView {
    SessionView {
        number,
        system_id: entry.system_id.clone(),
        account: entry.account,
        account_name: entry.account_name.clone(),
        bind: entry.bind,
        peer: entry.peer,
        is_tls: entry.is_tls,
        since: entry.since,
        submitted: counters.submitted.load(Ordering::Relaxed),
        delivered: counters.delivered.load(Ordering::Relaxed),
        window_used: counters.window_used.load(Ordering::Relaxed),
        delivery_window_used: counters.delivery_window_used.load(Ordering::Relaxed),
        output_octets: counters.output_octets.load(Ordering::Relaxed),
    }
}

/// A session's place in the list.
pub(crate) struct Ticket {
    sessions: SessionsHandle,
    number: u64,
    account: AccountId,
    pub(crate) counters: Arc<Counters>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut registry = self.sessions.lock();
        registry.bound.remove(&self.number);
        match registry.by_account.get_mut(&self.account) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(registry.by_account.remove(&self.account)),
        }
    }
}
