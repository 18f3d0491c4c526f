//! Holds off guessing of passwords: counts failed binds by address and by system id.
//!
//! It knows nothing of bound sessions, so it can harm none. Binds that are refused unseen are not counted as
//! failures: a stranger's guesses keep a system id shut for a minute at a time, never for good. They only make
//! the answer slower. Where a system id has bound before, only its own failures from there count, so that
//! strangers cannot keep a customer from coming back. Start at [`BindGuard::is_shut`].

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::connections::network_of;
use crate::limits::{
    BIND_FAILURE_DELAY_MS, BIND_REFUSAL_DELAY_MS_MAX, GUARD_ENTRIES_MAX, GUARD_HOMES_MAX, GUARD_PERIOD_MS,
};

/// A system id at an address from which it has bound.
type Home = (Box<str>, IpAddr);

/// What failures are counted by.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Network(IpAddr),
    SystemId(Box<str>),
    Home(Home),
}

#[derive(Clone, Copy)]
struct Strikes {
    since_ms: u64,
    failures: u32,
    refusals: u32,
}

#[derive(Default)]
struct Records {
    strikes: HashMap<Key, Strikes>,
    /// When a system id last bound from there.
    homes: HashMap<Home, u64>,
}

/// The counts of failed binds.
pub(crate) struct BindGuard {
    /// Zero lifts it.
    failures_max: u32,
    records: Mutex<Records>,
}

impl BindGuard {
    /// Allows that many failures per minute.
    pub(crate) fn new(failures_max: u32) -> Self {
        Self { failures_max, records: Mutex::default() }
    }

    /// Whether binds of that system id from that address are refused unseen.
    pub(crate) fn is_shut(&self, peer: IpAddr, system_id: &str, now_ms: u64) -> bool {
        if self.failures_max == 0 {
            return false;
        }
        let records = self.lock();
        records
            .judging(peer, system_id)
            .iter()
            .any(|key| records.strikes.get(key).is_some_and(|entry| self.shuts(entry, now_ms)))
    }

    /// Remembers that the system id belongs to that address.
    pub(crate) fn note_bound(&self, peer: IpAddr, system_id: &str, now_ms: u64) {
        let mut records = self.lock();
        let home = (system_id.into(), network_of(peer));
        if records.homes.len() >= GUARD_HOMES_MAX && !records.homes.contains_key(&home) {
            forget_oldest(&mut records.homes, |bound_ms| *bound_ms);
        }
        records.homes.insert(home, now_ms);
    }

    /// Counts a failed bind; gives the delay of its answer in milliseconds.
    pub(crate) fn note_failure(&self, peer: IpAddr, system_id: &str, now_ms: u64) -> u64 {
        if self.failures_max == 0 {
            return BIND_FAILURE_DELAY_MS;
        }
        let mut records = self.lock();
        let home = records.home(peer, system_id).map(Key::Home);
        let strikes = &mut records.strikes;
        for key in strangers(peer, system_id).into_iter().chain(home) {
            make_room(strikes, &key, now_ms);
            let fresh = Strikes { since_ms: now_ms, failures: 0, refusals: 0 };
            let entry = strikes.entry(key).or_insert(fresh);
            if !entry.is_current(now_ms) {
                *entry = fresh;
            }
            entry.failures = entry.failures.saturating_add(1);
        }
        BIND_FAILURE_DELAY_MS
    }

    /// Counts a bind that was refused unseen; gives the delay of its answer in milliseconds, which doubles
    /// with each.
    pub(crate) fn note_refusal(&self, peer: IpAddr, system_id: &str, now_ms: u64) -> u64 {
        let mut records = self.lock();
        let mut refusals = 0;
        for key in records.judging(peer, system_id) {
            if let Some(entry) = records.strikes.get_mut(&key)
                && self.shuts(entry, now_ms)
            {
                entry.refusals = entry.refusals.saturating_add(1);
                refusals = refusals.max(entry.refusals);
            }
        }
        let doubled = 1_u64.checked_shl(refusals).unwrap_or(u64::MAX);
        BIND_FAILURE_DELAY_MS.saturating_mul(doubled).min(BIND_REFUSAL_DELAY_MS_MAX)
    }

    fn shuts(&self, entry: &Strikes, now_ms: u64) -> bool {
        entry.is_current(now_ms) && entry.failures >= self.failures_max
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    /// The system id at that address, if it has bound from there.
    fn home(&self, peer: IpAddr, system_id: &str) -> Option<Home> {
        let home = (system_id.into(), network_of(peer));
        self.homes.contains_key(&home).then_some(home)
    }

    /// The counts that decide about that system id from that address.
    fn judging(&self, peer: IpAddr, system_id: &str) -> Vec<Key> {
        match self.home(peer, system_id) {
            Some(home) => vec![Key::Home(home)],
            None => strangers(peer, system_id).into(),
        }
    }
}

impl Strikes {
    fn is_current(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.since_ms) < GUARD_PERIOD_MS
    }
}

fn strangers(peer: IpAddr, system_id: &str) -> [Key; 2] {
    [Key::Network(network_of(peer)), Key::SystemId(system_id.into())]
}

/// Keeps the map within its limit: the outdated go first, else the oldest.
fn make_room(strikes: &mut HashMap<Key, Strikes>, key: &Key, now_ms: u64) {
    if strikes.len() < GUARD_ENTRIES_MAX || strikes.contains_key(key) {
        return;
    }
    strikes.retain(|_, entry| entry.is_current(now_ms));
    if strikes.len() >= GUARD_ENTRIES_MAX {
        forget_oldest(strikes, |entry| entry.since_ms);
    }
}

fn forget_oldest<K: Clone + Eq + Hash, V>(map: &mut HashMap<K, V>, since_ms: impl Fn(&V) -> u64) {
    let oldest = map.iter().min_by_key(|(_, value)| since_ms(value)).map(|(key, _)| key.clone());
    if let Some(oldest) = oldest {
        map.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::{BindGuard, GUARD_ENTRIES_MAX, GUARD_HOMES_MAX};

    fn address(last: u32) -> IpAddr {
        Ipv4Addr::from(0x0A00_0000 + last).into()
    }

    #[test]
    fn shuts_by_address_and_by_system_id_for_a_minute() {
        let guard = BindGuard::new(5);
        for attempt in 0..5 {
            assert!(!guard.is_shut(address(1), "acme", attempt));
            guard.note_failure(address(1), "acme", 0);
        }
        for (peer, system_id, now_ms, shut) in [
            (1, "acme", 10, true),
            (1, "other", 10, true),
            (2, "acme", 10, true),
            (2, "other", 10, false),
            (1, "acme", 59_999, true),
            (1, "acme", 60_000, false),
        ] {
            assert_eq!(guard.is_shut(address(peer), system_id, now_ms), shut, "{peer} {system_id} {now_ms}");
        }
    }

    #[test]
    fn strangers_do_not_shut_an_address_from_which_the_system_id_has_bound() {
        let guard = BindGuard::new(5);
        guard.note_bound(address(1), "acme", 0);
        for _ in 0..5 {
            guard.note_failure(address(2), "acme", 0);
            // Somebody else behind the same address.
            guard.note_failure(address(1), "other", 0);
        }
        let shut = |peer, system_id| guard.is_shut(address(peer), system_id, 10);
        assert!(!shut(1, "acme"));
        assert!(shut(1, "other") && shut(2, "acme") && shut(3, "acme") && shut(1, "third"));
        // Its own failures from there count.
        for _ in 0..5 {
            assert!(!shut(1, "acme"));
            guard.note_failure(address(1), "acme", 0);
        }
        assert!(shut(1, "acme"));
        assert_eq!(guard.note_refusal(address(1), "acme", 10), 400);
        assert!(!guard.is_shut(address(1), "acme", 60_000));
    }

    #[test]
    fn refusals_grow_slower_and_do_not_prolong() {
        let guard = BindGuard::new(1);
        assert_eq!(guard.note_failure(address(1), "acme", 0), 200);
        let delays: Vec<_> = (0..7).map(|_| guard.note_refusal(address(1), "acme", 30_000)).collect();
        assert_eq!(delays, [400, 800, 1_600, 3_200, 4_000, 4_000, 4_000]);
        assert!(!guard.is_shut(address(1), "acme", 60_000));
    }

    #[test]
    fn zero_lifts_it_and_memory_is_bounded() {
        let lifted = BindGuard::new(0);
        for _ in 0..100 {
            lifted.note_failure(address(1), "acme", 0);
        }
        assert!(!lifted.is_shut(address(1), "acme", 1));

        let guard = BindGuard::new(1);
        for peer in 0..30_000 {
            guard.note_failure(address(peer), &peer.to_string(), u64::from(peer) * 10);
        }
        assert!(guard.lock().strikes.len() <= GUARD_ENTRIES_MAX);
        assert!(guard.is_shut(address(29_999), "x", 300_000), "the newest is remembered");

        for peer in 0..GUARD_HOMES_MAX + 10 {
            guard.note_bound(address(u32::try_from(peer).unwrap()), "acme", u64::try_from(peer).unwrap());
        }
        assert_eq!(guard.lock().homes.len(), GUARD_HOMES_MAX);
        assert!(guard.lock().home(address(9), "acme").is_none(), "the oldest is forgotten");
        assert!(guard.lock().home(address(10), "acme").is_some());
    }
}
