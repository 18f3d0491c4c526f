//! From which sender of a pool each recipient heard last, so that it hears from the same again.
//!
//! All that is remembered is in memory and in the store alike, so that admission asks no store; a message
//! without a pool touches none of it. Of all pools together so many recipients are remembered; then those that
//! heard nothing for longest are forgotten. Memory follows a change once it is on disk. Start at
//! [`Engine::remembered_sender`] and [`Engine::remember_sender`].

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use decide::pool::Chosen;
use ports::store::{ConfigChange, SenderMemory};
use types::address::Msisdn;
use types::id::{PoolId, RowKey};
use types::time::Timestamp;

use super::{Engine, EngineError};

/// Recipients of all pools that are remembered, about 60 octets each.
const REMEMBERED_MAX: usize = 1_000_000;
/// Recipients that are forgotten at once when there is no room.
const FORGOTTEN_AT_ONCE: usize = 1_024;
/// Milliseconds until a sender that is used again is noted again.
const NOTED_MS: i64 = 86_400_000;
/// Entries that are read at once at the start.
const SCAN_ROWS: usize = 10_000;

/// A recipient of a pool: the key of the pool, and the hash of the number.
type Place = (RowKey, i64);

/// What is remembered of a recipient.
#[derive(Clone, Debug)]
struct Remembered {
    sender: Arc<str>,
    used_at: Timestamp,
}

/// What is remembered as of the latest commit.
#[derive(Debug)]
pub(crate) struct Senders {
    known: HashMap<Place, Remembered>,
    most: usize,
}

impl Default for Senders {
    fn default() -> Self {
        Self { known: HashMap::new(), most: REMEMBERED_MAX }
    }
}

/// What a batch remembers.
pub(crate) type SenderChanges = BTreeMap<Place, (String, Timestamp)>;

impl Senders {
    fn put(&mut self, place: Place, sender: &str, used_at: Timestamp) {
        self.known.insert(place, Remembered { sender: sender.into(), used_at });
    }

    /// Those to forget so that `more` have room, the longest unheard first; in the order of their places.
    fn to_forget(&self, more: usize) -> Vec<Place> {
        let over = self.known.len().saturating_add(more).saturating_sub(self.most);
        if over == 0 {
            return Vec::new();
        }
        let count = over.max(FORGOTTEN_AT_ONCE.min(self.most / 2)).min(self.known.len());
        let mut oldest: Vec<_> =
            self.known.iter().map(|(place, remembered)| (remembered.used_at, *place)).collect();
        if count < oldest.len() {
            oldest.select_nth_unstable(count);
            oldest.truncate(count);
        }
        let mut places: Vec<Place> = oldest.into_iter().map(|(_, place)| place).collect();
        places.sort_unstable();
        places
    }
}

impl Engine {
    /// Reads what is remembered.
    pub(crate) fn scan_senders(&mut self) -> Result<(), EngineError> {
        let mut after = (RowKey::ZERO, i64::MIN);
        loop {
            let rows = self.store.remembered_senders(after, SCAN_ROWS)?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = (last.pool, last.number_hash);
            for row in &rows {
                self.senders.put((row.pool, row.number_hash), &row.sender, row.used_at);
            }
        }
    }

    /// The sender from which a recipient heard last by a pool.
    pub(super) fn remembered_sender(&self, pool: PoolId, recipient: Msisdn) -> Option<Arc<str>> {
        let place = (pool.key(), self.hasher.number(recipient));
        let fresh = self.draft.senders.get(&place).map(|(sender, _)| Arc::from(sender.as_str()));
        fresh.or_else(|| self.senders.known.get(&place).map(|remembered| Arc::clone(&remembered.sender)))
    }

    /// Remembers the sender that was chosen for a recipient; one that is known is noted once a day.
    pub(super) fn remember_sender(&mut self, chosen: &Chosen, number_hash: i64, now: Timestamp) {
        let place = (chosen.pool.key(), number_hash);
        let sender = chosen.sender.text();
        let known = self.senders.known.get(&place);
        let is_noted =
            |known: &Remembered| *known.sender == *sender && now.ms_since(known.used_at) < NOTED_MS;
        if !known.is_some_and(is_noted) {
            self.draft.senders.insert(place, (sender.into_owned(), now));
        }
    }

    /// Puts what the draft remembers into its batch, and what must give way to it.
    pub(super) fn keep_senders(&mut self) {
        if self.draft.senders.is_empty() {
            return;
        }
        let is_new = |place: &&Place| !self.senders.known.contains_key(place);
        let more = self.draft.senders.keys().filter(is_new).count();
        let forgotten = self.senders.to_forget(more);
        let row = |(place, (sender, used_at)): (&Place, &(String, Timestamp))| SenderMemory {
            pool: place.0,
            number_hash: place.1,
            sender: sender.clone(),
            used_at: *used_at,
        };
        let rows = self.draft.senders.iter().map(row).collect();
        if !forgotten.is_empty() {
            self.draft.forgotten_senders.clone_from(&forgotten);
            self.draft.batch.config.push(ConfigChange::SendersForgotten(forgotten));
        }
        self.draft.batch.config.push(ConfigChange::SendersRemembered(rows));
    }

    /// Follows what a batch has remembered and forgotten, once it is on disk.
    pub(super) fn follow_senders(&mut self, remembered: SenderChanges, forgotten: &[Place]) {
        for place in forgotten {
            self.senders.known.remove(place);
        }
        for (place, (sender, used_at)) in remembered {
            self.senders.put(place, &sender, used_at);
        }
    }

    /// Follows that a pool was taken away.
    pub(super) fn forget_pool(&mut self, pool: RowKey) {
        self.senders.known.retain(|(known, _), _| *known != pool);
        self.draft.senders.retain(|(known, _), _| *known != pool);
    }
}

#[cfg(test)]
mod tests {
    use types::id::RowKey;
    use types::time::Timestamp;

    use super::Senders;

    #[test]
    fn whoever_heard_nothing_for_longest_is_forgotten() {
        let mut senders = Senders { most: 4, ..Senders::default() };
        let pool = RowKey::from_i64(1);
        for (hash, at) in [(1, 40), (2, 10), (3, 30), (4, 20)] {
            senders.put((pool, hash), "ACME", Timestamp::from_ms(at));
        }
        assert_eq!(senders.to_forget(0), []);
        // Half of the room at once, so that it is not made for each.
        assert_eq!(senders.to_forget(1), [(pool, 2), (pool, 4)]);
        assert_eq!(senders.to_forget(3), [(pool, 2), (pool, 3), (pool, 4)]);
        assert_eq!(senders.to_forget(9).len(), 4);
    }
}
