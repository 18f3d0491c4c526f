//! The work between commits: what has lapsed is removed.

use ports::store::TOLD_KEPT_MS;
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
            let Some(event) = self.outbox.remove(key) else { continue };
            if let Some(keys) = self.events_about.get_mut(&event.row.about) {
                keys.retain(|other| other != key);
            }
        }
        let more = lapsed.len() == STEP_ROWS || forgotten.len() == STEP_ROWS;
        if !more {
            self.tidied_at = now;
        }
        more
    }
}
