//! Postings of a batch: summed per lot and kind, mirrored in the purses at once.

use types::charge::PostingKind;
use types::id::{AccountId, LotId};

use super::Engine;

impl Engine {
    /// Posts an amount for one message, in the purse now and in the ledger with the commit.
    pub(super) fn post(&mut self, account: AccountId, lot: LotId, kind: PostingKind, amount_micros: i64) {
        self.post_many(account, lot, kind, amount_micros, 1);
    }

    /// Posts an amount that sums up `messages` messages.
    pub(super) fn post_many(
        &mut self,
        account: AccountId,
        lot: LotId,
        kind: PostingKind,
        amount_micros: i64,
        messages: u32,
    ) {
        if let Some(purse) = self.purses.get_mut(&account)
            && purse.post(lot, kind, amount_micros)
        {
            let sum = self.draft.postings.entry((account, lot, kind)).or_default();
            sum.0 += amount_micros;
            sum.1 += messages;
            return;
        }
        tracing::error!(account = account.0, lot = lot.0, "a posting names a lot that is not known");
    }
}
