//! The work between commits: what has lapsed is removed.

use ports::store::TOLD_KEPT_MS;
use types::id::RowKey;
use types::time::Timestamp;

use super::Tables;

/// Rows that one step removes of each kind.
const STEP_ROWS: usize = 4_096;
/// Pause between two looks, milliseconds.
const PAUSE_MS: i64 = 60_000;

impl Tables {
    /// One step. Returns whether there is more to do.
    pub(crate) fn tidy(&mut self, now: Timestamp) -> bool {
        if now.ms_since(self.tidied_at) < PAUSE_MS {
            return false;
        }
        self.settings.sessions.retain(|_, row| row.expires_at > now);
        let lapsed: Vec<_> = self
            .idempotency
            .iter()
            .filter(|(_, row)| row.expires_at <= now)
            .map(|(key, _)| *key)
            .take(STEP_ROWS)
            .collect();
        for key in &lapsed {
            self.idempotency.remove(key);
        }
        let told_to = now.plus_ms(-TOLD_KEPT_MS);
        let old = |(told_at, _): &&(Timestamp, _)| *told_at <= told_to;
        let forgotten: Vec<_> = self.told.iter().take_while(old).take(STEP_ROWS).copied().collect();
        for (told_at, key) in &forgotten {
            self.told.remove(&(*told_at, *key));
            self.forget_event(*key);
        }
        // Dead letters are kept as long, from when they were made.
        let oldest_kept = RowKey::from_parts(told_to.as_ms().max(0), 0);
        let old = self.untold.values().flat_map(|keys| keys.range(..oldest_kept));
        let is_dead =
            |key: &&RowKey| self.outbox.get(key).is_some_and(|event| event.row.next_at == Timestamp::NEVER);
        let dead: Vec<_> = old.filter(is_dead).take(STEP_ROWS).copied().collect();
        dead.into_iter().for_each(|key| self.forget_event(key));
        let more = lapsed.len() == STEP_ROWS || forgotten.len() == STEP_ROWS;
        if !more {
            self.tidied_at = now;
        }
        more
    }

    fn forget_event(&mut self, key: RowKey) {
        let Some(event) = self.outbox.remove(&key) else { return };
        if let Some(keys) = self.events_about.get_mut(&event.row.about) {
            keys.retain(|other| *other != key);
        }
        if let Some(keys) = self.untold.get_mut(&event.row.endpoint) {
            keys.remove(&key);
        }
    }
}
