//! Which lot pays, and what is posted.
//!
//! A [`Purse`] is a working copy of one account's lots while a batch is decided: every message of
//! the batch sees what the ones before it took.

use types::charge::{LOT_SHARES_MAX, Lot, LotShare, PostingKind};
use types::id::LotId;
use types::money::{Money, Unit};
use types::time::Timestamp;

/// Who pays a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The lot; the first of `shares` where several pay.
    pub lot: LotId,
    /// What each of several lots pays, in spending order; empty when one pays all.
    pub shares: Box<[LotShare]>,
}

impl Payment {
    /// What each lot pays of `micros`.
    pub fn each(&self, micros: i64) -> impl Iterator<Item = LotShare> + '_ {
        each_share(self.lot, &self.shares, micros)
    }
}

/// What each lot pays of a price of `micros`: `shares`, or all of it by `lot` where there are none.
pub fn each_share(lot: LotId, shares: &[LotShare], micros: i64) -> impl Iterator<Item = LotShare> + '_ {
    let alone = shares.is_empty().then_some(LotShare { lot, micros });
    alone.into_iter().chain(shares.iter().copied())
}

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

    /// Who pays `price` at `now`: the first lot in spending order that covers it, else as many lots in
    /// that order as it takes, at most [`LOT_SHARES_MAX`]. Where balances may fall below zero the lot
    /// that lapses last pays what all together do not cover. A price of zero needs a lot of its unit
    /// too, so that every message names who would pay.
    pub fn choose(&self, price: Money, now: Timestamp, allow_negative: bool) -> Option<Payment> {
        let alone = |lot: &Lot| Payment { lot: lot.id, shares: Box::default() };
        let mut usable = self.usable(price.unit, now);
        if let Some(covering) = usable.find(|lot| lot.available_micros >= price.micros) {
            return Some(alone(covering));
        }
        self.divide(price, now)
            .or_else(|| self.usable(price.unit, now).last().filter(|_| allow_negative).map(alone))
    }

    /// What all lots of a unit together can pay at `now`; the sum stops at the end of the range.
    pub fn spendable(&self, unit: Unit, now: Timestamp) -> Money {
        let available = self.usable(unit, now).map(|lot| lot.available_micros.max(0));
        Money::new(available.fold(0, i64::saturating_add), unit)
    }

    fn usable(&self, unit: Unit, now: Timestamp) -> impl Iterator<Item = &Lot> {
        self.lots.iter().filter(move |lot| lot.unit == unit && lot.expires_at.is_none_or(|at| at > now))
    }

    fn divide(&self, price: Money, now: Timestamp) -> Option<Payment> {
        let mut left = price.micros;
        let mut shares = Vec::new();
        for lot in self.usable(price.unit, now).filter(|lot| lot.available_micros > 0) {
            if shares.len() >= LOT_SHARES_MAX {
                return None;
            }
            let micros = lot.available_micros.min(left);
            shares.push(LotShare { lot: lot.id, micros });
            left -= micros;
            if left == 0 {
                let first = shares.first()?.lot;
                return Some(Payment { lot: first, shares: shares.into() });
            }
        }
        None
    }

    /// Posts what each lot pays of `micros`; false when a lot did not move.
    pub fn pay(&mut self, payment: &Payment, kind: PostingKind, micros: i64) -> bool {
        let mut moved = true;
        for share in payment.each(micros) {
            moved &= self.post(share.lot, kind, share.micros);
        }
        moved
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
    pub fn balance(&self, unit: Unit) -> (i64, i64) {
        let of_unit = self.lots.iter().filter(|lot| lot.unit == unit);
        of_unit.fold((0_i64, 0_i64), |(available, held), lot| {
            (available.saturating_add(lot.available_micros), held.saturating_add(lot.held_micros))
        })
    }
}

#[cfg(test)]
mod tests {
    use types::charge::{LOT_SHARES_MAX, Lot, PostingKind};
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

    /// The lots that pay, and how much each: nothing for one alone.
    type Payers = (i64, Vec<(i64, i64)>);

    fn payers(purse: &Purse, micros: i64, at_ms: i64, allow_negative: bool) -> Option<Payers> {
        let price = Money::new(micros, Unit::EUR);
        let payment = purse.choose(price, Timestamp::from_ms(at_ms), allow_negative)?;
        let shares = payment.shares.iter().map(|share| (share.lot.0, share.micros)).collect();
        assert_eq!(payment.each(micros).map(|share| share.micros).sum::<i64>(), micros);
        assert_eq!(payment.each(micros).next().map(|share| share.lot), Some(payment.lot));
        Some((payment.lot.0, shares))
    }

    #[test]
    fn spends_what_lapses_first() {
        let mut purse = Purse::new(vec![lot(1, 100, None), lot(2, 100, Some(500)), lot(3, 100, Some(400))]);
        let now = Timestamp::from_ms(10);
        assert_eq!(payers(&purse, 60, 10, false), Some((3, vec![])));
        assert!(purse.post(LotId(3), PostingKind::Charge, 60));
        let cases = [
            (60, 10, Some((2, vec![]))),
            (60, 500, Some((1, vec![]))),
            // None covers it, and together they do: the soonest to lapse is emptied first.
            (101, 10, Some((3, vec![(3, 40), (2, 61)]))),
            (240, 10, Some((3, vec![(3, 40), (2, 100), (1, 100)]))),
            (241, 10, None),
            (101, 400, Some((2, vec![(2, 100), (1, 1)]))),
            (101, 500, None),
        ];
        for (micros, at_ms, expected) in cases {
            assert_eq!(payers(&purse, micros, at_ms, false), expected, "{micros} at {at_ms}");
        }
        assert_eq!(payers(&purse, 101, 10, true), Some((3, vec![(3, 40), (2, 61)])));
        assert_eq!(payers(&purse, 241, 10, true), Some((1, vec![])), "the last to lapse goes below zero");
        assert_eq!(purse.choose(Money::new(1, Unit::parse("SMS").unwrap()), now, false), None);
        assert_eq!(purse.balance(Unit::EUR), (240, 0));
        assert_eq!(purse.spendable(Unit::EUR, Timestamp::from_ms(400)).micros, 200);
    }

    #[test]
    fn each_lot_moves_by_its_share() {
        let mut purse = Purse::new(vec![lot(1, 30, None), lot(2, 30, Some(500)), lot(3, 0, Some(400))]);
        let payment = purse.choose(Money::new(50, Unit::EUR), Timestamp::from_ms(1), false).unwrap();
        assert!(purse.pay(&payment, PostingKind::Hold, 50));
        let seen = |purse: &Purse| -> Vec<_> {
            purse.lots().iter().map(|lot| (lot.id.0, lot.available_micros, lot.held_micros)).collect()
        };
        assert_eq!(seen(&purse), [(3, 0, 0), (2, 0, 30), (1, 10, 20)]);
        assert!(purse.pay(&payment, PostingKind::Capture, 50));
        assert_eq!(seen(&purse), [(3, 0, 0), (2, 0, 0), (1, 10, 0)]);
        assert!(purse.pay(&payment, PostingKind::Refund, 50));
        assert_eq!(purse.balance(Unit::EUR), (60, 0));
    }

    #[test]
    fn more_lots_than_can_be_named_do_not_pay() {
        let most = i64::try_from(LOT_SHARES_MAX).unwrap();
        let purse = Purse::new((1..=most + 1).map(|id| lot(id, 1, None)).collect());
        assert!(payers(&purse, most, 1, false).is_some());
        assert_eq!(payers(&purse, most + 1, 1, false), None);
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
