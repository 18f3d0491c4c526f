//! Value of accounts: granted from outside, and moved from one account to another.
//!
//! It prices no message. Start at [`Engine::transfer`].

use std::collections::BTreeMap;

use ports::store::{Batch, LotChange};
use types::charge::{Lot, Posting, PostingKind};
use types::id::{AccountId, LotId, RowKey};
use types::money::Money;
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::Changed;
use super::accounts::LOT;
use crate::engine::Engine;

impl Engine {
    /// Grants value: a new lot.
    pub(super) fn top_up(
        &mut self,
        account: AccountId,
        amount: Money,
        source: String,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        self.check_account(account)?;
        if amount.micros <= 0 {
            return Err(
                Refusal::new(RefusalCode::InvalidRequest, "the amount must be above zero").at("amount")
            );
        }
        let id = LotId(self.next_number(LOT));
        let micros = amount.micros;
        let mut lot = new_lot(id, account, amount, source, now);
        let change = granted(&lot);
        let policy = self.snapshot.profile_version;
        let posting = Posting {
            account,
            lot: id,
            kind: PostingKind::TopUp,
            amount_micros: micros,
            messages: 0,
            policy,
        };
        self.write_batch(Batch { at: now, lots: vec![change], postings: vec![posting], ..Batch::default() })?;
        lot.available_micros = micros;
        self.purses.entry(account).or_default().add(lot);
        self.tell_balance(account);
        Ok(Changed::Done)
    }

    /// Moves value from one account to another, in one commit: what several lots give arrives as one lot for
    /// each of their ends, so that value lives neither longer nor shorter for having moved.
    pub(super) fn transfer(
        &mut self,
        from: AccountId,
        to: AccountId,
        amount: Money,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        self.check_transfer(from, to, amount)?;
        let purse = self.purses.entry(from).or_default();
        let payment = purse.choose(amount, now, false).ok_or_else(|| {
            let available = purse.spendable(amount.unit, now);
            let detail = format!("{amount} cannot be moved while {available} is available");
            Refusal::new(RefusalCode::InsufficientBalance, detail)
        })?;
        let policy = self.snapshot.profile_version;
        let posting = |account, lot, kind, amount_micros| Posting {
            account,
            lot,
            kind,
            amount_micros,
            messages: 0,
            policy,
        };
        let mut batch = Batch { at: now, ..Batch::default() };
        let mut arriving: BTreeMap<Timestamp, i64> = BTreeMap::new();
        for share in payment.each(amount.micros) {
            let available_delta = -share.micros;
            let given =
                LotChange { lot: share.lot, new: None, available_delta, held_delta: 0, floor_micros: 0 };
            batch.lots.push(given);
            batch.postings.push(posting(from, share.lot, PostingKind::TransferOut, share.micros));
            let lot = purse.lots().iter().find(|lot| lot.id == share.lot);
            let end = lot.and_then(|lot| lot.expires_at).unwrap_or(Timestamp::NEVER);
            *arriving.entry(end).or_default() += share.micros;
        }
        let source = self.name_of(from);
        let mut lots = Vec::new();
        for (end, micros) in arriving {
            let expires_at = (end != Timestamp::NEVER).then_some(end);
            let id = LotId(self.next_number(LOT));
            let source = format!("account {source}");
            let mut lot = new_lot(id, to, Money::new(micros, amount.unit), source, now);
            lot.expires_at = expires_at;
            batch.lots.push(granted(&lot));
            batch.postings.push(posting(to, id, PostingKind::TransferIn, micros));
            lots.push(Lot { available_micros: micros, ..lot });
        }
        if let Some(first) = lots.first() {
            self.note_created(RowKey::from_i64(first.id.0));
        }
        self.write_batch(batch)?;
        let purse = self.purses.entry(from).or_default();
        if !purse.pay(&payment, PostingKind::TransferOut, amount.micros) {
            tracing::error!(account = from.0, "a lot that gave value is not known");
        }
        let purse = self.purses.entry(to).or_default();
        lots.into_iter().for_each(|lot| purse.add(lot));
        self.tell_balance(from);
        self.tell_balance(to);
        Ok(Changed::Done)
    }

    fn check_transfer(&self, from: AccountId, to: AccountId, amount: Money) -> Result<(), Refusal> {
        self.check_account(from)?;
        self.check_account(to)?;
        let refuse = |detail: String| Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("amount"));
        if amount.micros <= 0 {
            return refuse("the amount must be above zero".to_owned());
        }
        let directory = self.shared.directory.load();
        for account in [from, to].iter().filter_map(|id| directory.account(*id)) {
            if account.unit != amount.unit {
                return refuse(format!(
                    "the account {} has {}, not {}",
                    account.name, account.unit, amount.unit
                ));
            }
        }
        Ok(())
    }

    fn name_of(&self, account: AccountId) -> String {
        self.shared.directory.load().account(account).map(|account| account.name.clone()).unwrap_or_default()
    }

    /// Publishes what an account has now.
    fn tell_balance(&mut self, account: AccountId) {
        let purse = self.purses.entry(account).or_default();
        if let Some(handle) = self.shared.directory.load().accounts.get(&account) {
            let (available, held) = purse.balance(handle.account.unit);
            handle.live.set_balance(available, held);
        }
    }
}

/// A lot before its first posting.
fn new_lot(id: LotId, account: AccountId, amount: Money, source: String, now: Timestamp) -> Lot {
    Lot {
        id,
        account,
        unit: amount.unit,
        granted_micros: amount.micros,
        available_micros: 0,
        held_micros: 0,
        created_at: now,
        expires_at: None,
        source,
    }
}

/// What grants a new lot all that it was made for.
fn granted(lot: &Lot) -> LotChange {
    LotChange {
        lot: lot.id,
        new: Some(lot.clone()),
        available_delta: lot.granted_micros,
        held_delta: 0,
        floor_micros: 0,
    }
}
