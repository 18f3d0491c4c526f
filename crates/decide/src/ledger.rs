//! Which lot pays, and what is posted.
//!
//! A [`Purse`] is a working copy of one account's lots while a batch is decided: every message of
//! the batch sees what the ones before it took.

use types::charge::{Lot, PostingKind};
use types::id::LotId;
use types::money::Money;
use types::time::Timestamp;

/// The lots of one account in the order in which they are spent.
#[derive(Clone, Debug, Default)]
pub struct Purse {
    lots: Vec<Lot>,
}

impl Purse {
    /// Takes lots over and brings them into spending order: soonest expiry, then oldest, then
    /// lowest number.
    pub fn new(mut lots: Vec<Lot>) -> Self {
        lots.sort_by_key(|lot| (lot.expires_at.unwrap_or(Timestamp::NEVER), lot.created_at, lot.id));
        Self { lots }
    }

    /// The lots in spending order.
    pub fn lots(&self) -> &[Lot] {
        &self.lots
    }

    /// Adds a lot.
    pub fn add(&mut self, lot: Lot) {
        let mut lots = std::mem::take(&mut self.lots);
        lots.push(lot);
        *self = Self::new(lots);
    }

    /// The first lot in spending order that covers `price` at `now`. A price of zero needs a lot
    /// of its unit too, so that every message names who would pay.
    pub fn choose(&self, price: Money, now: Timestamp, allow_negative: bool) -> Option<LotId> {
        let usable = |lot: &&Lot| lot.unit == price.unit && lot.expires_at.is_none_or(|at| at > now);
        let covering = self.lots.iter().filter(usable).find(|lot| lot.available_micros >= price.micros);
        let any = || if allow_negative { self.lots.iter().rfind(usable) } else { None };
        covering.or_else(any).map(|lot| lot.id)
    }

    /// Moves value within a lot as a posting of `kind` does; false, and nothing moves, when the lot
    /// is not here or would hold more than can be counted.
    pub fn post(&mut self, lot: LotId, kind: PostingKind, amount_micros: i64) -> bool {
        let Some(lot) = self.lots.iter_mut().find(|candidate| candidate.id == lot) else { return false };
        let (available, held) = kind.effect(amount_micros);
        let moved = (lot.available_micros.checked_add(available), lot.held_micros.checked_add(held));
        let (Some(available), Some(held)) = moved else { return false };
        (lot.available_micros, lot.held_micros) = (available, held);
        true
    }

    /// Available and held value of a unit; sums stop at the ends of the range.
    pub fn balance(&self, unit: types::money::Unit) -> (i64, i64) {
        let of_unit = self.lots.iter().filter(|lot| lot.unit == unit);
        of_unit.fold((0_i64, 0_i64), |(available, held), lot| {
            (available.saturating_add(lot.available_micros), held.saturating_add(lot.held_micros))
        })
    }
}

#[cfg(test)]
mod tests {
    use types::charge::{Lot, PostingKind};
    use types::id::{AccountId, LotId};
    use types::money::{Money, Unit};
    use types::time::Timestamp;

    use super::Purse;

    fn lot(id: i64, available: i64, expires: Option<i64>) -> Lot {
        Lot {
            id: LotId(id),
            account: AccountId(1),
            unit: Unit::EUR,
            granted_micros: available,
            available_micros: available,
            held_micros: 0,
            created_at: Timestamp::from_ms(id),
            expires_at: expires.map(Timestamp::from_ms),
            source: "test".into(),
        }
    }

    #[test]
    fn spends_what_lapses_first() {
        let mut purse = Purse::new(vec![lot(1, 100, None), lot(2, 100, Some(500)), lot(3, 100, Some(400))]);
        let price = Money::new(60, Unit::EUR);
        let now = Timestamp::from_ms(10);
        assert_eq!(purse.choose(price, now, false), Some(LotId(3)));
        assert!(purse.post(LotId(3), PostingKind::Charge, 60));
        assert_eq!(purse.choose(price, now, false), Some(LotId(2)));
        assert_eq!(purse.choose(price, Timestamp::from_ms(500), false), Some(LotId(1)));
        assert_eq!(purse.choose(Money::new(101, Unit::EUR), now, false), None);
        assert_eq!(purse.choose(Money::new(1, Unit::parse("SMS").unwrap()), now, false), None);
        assert_eq!(purse.choose(Money::new(101, Unit::EUR), now, true), Some(LotId(1)));
        assert_eq!(purse.balance(Unit::EUR), (240, 0));
    }

    #[test]
    fn what_cannot_be_counted_moves_nothing() {
        let full = Lot { held_micros: i64::MAX, ..lot(1, i64::MAX, None) };
        let mut purse = Purse::new(vec![full.clone(), lot(2, i64::MAX, None)]);
        for kind in [PostingKind::TopUp, PostingKind::Refund, PostingKind::Hold, PostingKind::Release] {
            assert!(!purse.post(LotId(1), kind, 1), "{kind}");
        }
        assert!(!purse.post(LotId(3), PostingKind::Charge, 1));
        assert_eq!(purse.lots().first(), Some(&full));
        assert_eq!(purse.balance(Unit::EUR), (i64::MAX, i64::MAX));
        assert!(purse.post(LotId(1), PostingKind::Capture, i64::MAX));
        assert!(purse.post(LotId(1), PostingKind::Charge, i64::MAX));
        assert_eq!(purse.balance(Unit::EUR), (i64::MAX, 0));
    }
}
