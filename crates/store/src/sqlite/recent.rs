//! What messages count under in `usage_day`, remembered from their admission to their end, so that a message
//! that ends soon is not read again to be counted.

use std::collections::HashMap;

use ports::store::Batch;
use types::id::RowKey;

use crate::rollup::Traffic;

/// Messages that are remembered, about 100 octets each. Those above are read when they end.
const RECENT_MAX: usize = 65_536;

/// Open messages of which the writer knows what they count under. None of them is staged.
#[derive(Debug, Default)]
pub(crate) struct Recent(HashMap<RowKey, Traffic, rustc_hash::FxBuildHasher>);

impl Recent {
    /// What a message counts under.
    pub(crate) fn get(&self, key: RowKey) -> Option<&Traffic> {
        self.0.get(&key)
    }

    /// Follows a batch that was committed, of which `is_staged` says which submissions are not visible yet.
    pub(crate) fn remember(&mut self, batch: &Batch, is_staged: impl Fn(RowKey) -> bool) {
        for change in batch.changes.iter().filter(|change| change.progress.state.is_final()) {
            self.0.remove(&change.key);
        }
        for row in &batch.messages {
            let facts = &row.message.facts;
            let counts = !row.message.progress.state.is_final() && !is_staged(facts.submission);
            if counts && self.0.len() < RECENT_MAX {
                self.0.insert(facts.key, Traffic::of(facts));
            }
        }
    }
}
