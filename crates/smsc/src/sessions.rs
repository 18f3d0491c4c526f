//! The list of bound sessions: for staff, for the limit of binds per account, and to tell whether an address
//! already serves an account. Staff may ask one to end, and look at what goes over it.
//!
//! It holds no session: a ticket enters one, and takes it out when it is dropped.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ports::clock::Clock;
use ports::sessions::{BindKind, SessionDesk, SessionView, Shown, TRACES_MAX, TraceError, TracePage};
use smpp::CommandId;
use types::id::AccountId;
use types::time::Timestamp;

use crate::outbox::Outbox;
use crate::trace::Tap;

/// The kind that a bind request asks for; `None` for any other request.
pub(crate) fn bind_kind_of(command: CommandId) -> Option<BindKind> {
    match command {
        CommandId::BIND_TRANSMITTER => Some(BindKind::Transmitter),
        CommandId::BIND_RECEIVER => Some(BindKind::Receiver),
        CommandId::BIND_TRANSCEIVER => Some(BindKind::Transceiver),
        _ => None,
    }
}

/// Figures that a session keeps up to date.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) submitted: AtomicU64,
    pub(crate) throttled: AtomicU64,
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
    pub(crate) version: &'static str,
    pub(crate) peer: IpAddr,
    pub(crate) is_tls: bool,
    pub(crate) since: Timestamp,
    /// The session's letter box, by which it is asked to end.
    pub(crate) outbox: Arc<Outbox>,
}

/// A bound session, or one that has ended while somebody looked.
#[derive(Clone)]
struct Known {
    entry: Entry,
    counters: Arc<Counters>,
    tap: Arc<Tap>,
}

#[derive(Default)]
struct Registry {
    last_number: u64,
    bound: BTreeMap<u64, Known>,
    by_account: HashMap<AccountId, usize>,
    /// Sessions that have ended while somebody looked, until nobody does.
    ended: BTreeMap<u64, Known>,
}

/// The bound sessions of one [`crate::Smsc`]. Cheap to clone.
#[derive(Clone)]
pub struct SessionsHandle {
    registry: Arc<Mutex<Registry>>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for SessionsHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionsHandle").field("bound", &self.count()).finish()
    }
}

impl SessionsHandle {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { registry: Arc::default(), clock }
    }

    /// Every bound session, the oldest first.
    pub fn list(&self) -> Vec<SessionView> {
        self.lock().bound.iter().map(|(number, known)| view(*number, known)).collect()
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
        let (counters, tap) = (Arc::new(Counters::default()), Arc::new(Tap::default()));
        registry.last_number += 1;
        let number = registry.last_number;
        registry.by_account.insert(account, bound + 1);
        let known = Known { entry, counters: Arc::clone(&counters), tap: Arc::clone(&tap) };
        registry.bound.insert(number, known);
        drop(registry);
        Some(Ticket { sessions: self.clone(), number, account, counters, tap })
    }

    /// Whether any session of that account takes reports.
    pub(crate) fn receives(&self, account: AccountId) -> bool {
        let is_such = |known: &Known| known.entry.account == account && known.entry.bind.receives();
        self.lock().bound.values().any(is_such)
    }

    /// Whether any session is bound from that address.
    pub(crate) fn serves_address(&self, peer: IpAddr) -> bool {
        self.lock().bound.values().any(|known| known.entry.peer == peer)
    }

    /// Whether that account has a session bound from that address.
    pub(crate) fn serves(&self, account: AccountId, peer: IpAddr) -> bool {
        let is_such = |known: &Known| known.entry.account == account && known.entry.peer == peer;
        self.lock().bound.values().any(is_such)
    }

    /// The session that is looked at, with whether it has ended. The look counts.
    fn looked_at(&self, number: u64) -> Result<(Known, bool), TraceError> {
        let now_ms = self.clock.monotonic_us() / 1_000;
        let mut registry = self.lock();
        registry.ended.retain(|_, known| !known.tap.is_idle(now_ms));
        let (known, is_over) = match (registry.bound.get(&number), registry.ended.get(&number)) {
            (Some(known), _) => (known.clone(), false),
            (None, Some(known)) => (known.clone(), true),
            (None, None) => return Err(TraceError::NoSession),
        };
        let others =
            registry.bound.values().filter(|known| known.tap.is_open() && !known.tap.is_idle(now_ms));
        let is_new = !known.tap.is_open() || known.tap.is_idle(now_ms);
        if is_new && others.count() + registry.ended.len() >= TRACES_MAX {
            return Err(TraceError::TooMany);
        }
        drop(registry);
        // What was remembered for somebody who went away is not for the next one.
        known.tap.close_when_idle(now_ms);
        known.tap.look(now_ms);
        Ok((known, is_over))
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionDesk for SessionsHandle {
    fn sessions(&self) -> Vec<SessionView> {
        self.list()
    }

    fn close(&self, number: u64) -> bool {
        let outbox = self.lock().bound.get(&number).map(|known| Arc::clone(&known.entry.outbox));
        if let Some(outbox) = &outbox {
            outbox.ask_to_end();
        }
        outbox.is_some()
    }

    fn trace(&self, number: u64, after: u64, shown: &Shown) -> Result<TracePage, TraceError> {
        let (known, is_over) = self.looked_at(number)?;
        Ok(TracePage { is_over, ..known.tap.page(after, shown) })
    }

    fn capture(&self, number: u64, shown: &Shown) -> Result<Vec<u8>, TraceError> {
        let (known, _) = self.looked_at(number)?;
        Ok(known.tap.capture(known.entry.peer, shown))
    }
}

fn view(number: u64, known: &Known) -> SessionView {
    let Known { entry, counters, .. } = known;
    SessionView {
        number,
        system_id: entry.system_id.clone(),
        account: entry.account,
        account_name: entry.account_name.clone(),
        bind: entry.bind,
        version: entry.version,
        peer: entry.peer,
        is_tls: entry.is_tls,
        since: entry.since,
        submitted: counters.submitted.load(Ordering::Relaxed),
        throttled: counters.throttled.load(Ordering::Relaxed),
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
    pub(crate) tap: Arc<Tap>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut registry = self.sessions.lock();
        if let Some(known) = registry.bound.remove(&self.number)
            && self.tap.is_open()
        {
            // The end is what one wants to see most.
            registry.ended.insert(self.number, known);
            if registry.ended.len() > TRACES_MAX {
                registry.ended.pop_first();
            }
        }
        match registry.by_account.get_mut(&self.account) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(registry.by_account.remove(&self.account)),
        }
    }
}
