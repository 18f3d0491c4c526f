//! Postings of a batch: summed per lot and kind, mirrored in the purses at once.

use decide::ledger::each_share;
use ports::store::MessageFacts;
use types::charge::{LotShare, PostingKind};
use types::id::{AccountId, LotId};

use super::Engine;

/// Who pays a message, and how much.
pub(super) struct Payer {
    account: AccountId,
    lot: LotId,
    shares: Box<[LotShare]>,
    micros: i64,
}

impl Payer {
    pub(super) fn of(facts: &MessageFacts) -> Self {
        let (account, lot, shares) = (facts.account, facts.lot, facts.shares.clone());
        Self { account, lot, shares, micros: facts.price.amount.micros }
    }
}

impl Engine {
    /// Posts the price of one message: on the lot that pays, or on each by its share. A message that
    /// several lots pay counts in the posting of each.
    pub(super) fn post_price(&mut self, payer: &Payer, kind: PostingKind) {
        for share in each_share(payer.lot, &payer.shares, payer.micros) {
            self.post(payer.account, share.lot, kind, share.micros);
        }
    }

    /// Posts an amount for one message, in the purse now and in the ledger with the commit.
    fn post(&mut self, account: AccountId, lot: LotId, kind: PostingKind, amount_micros: i64) {
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
