//! Rules of the catalogue that admission shows.

use std::sync::Arc;

use types::address::Address;
use types::charge::{ChargeTrigger, PostingKind};
use types::id::LotId;
use types::money::{Money, Unit, parse_micros};
use types::profile::{Profile, TriggerKey};
use types::refusal::RefusalCode;

use super::refusals::CASES;
use super::{PRICES, Purse, World, draft, lot, with};

fn trigger(key: TriggerKey) -> Arc<Profile> {
    let mut profile = Profile::default();
    profile.charging.trigger = key;
    Arc::new(profile)
}

#[test]
fn row_pt_2_1a_the_price_is_that_of_the_published_table() {
    let cases = [
        ("447811123456", "44", 1),
        ("447911123456", "4479", 1),
        ("447911123456", "4479", 3),
        ("12025550100", "1", 2),
        ("32470123456", "32", 1),
    ];
    for (to, prefix, parts) in cases {
        let published = PRICES.iter().find(|(known, _)| *known == prefix).map(|(_, price)| *price).unwrap();
        let text = "x".repeat(if parts == 1 { 160 } else { 153 * parts });
        let plan = with(|w| w.draft = draft(to, &text)).unwrap();
        let parts = i64::try_from(parts).unwrap();
        let expected = Money::new(parse_micros(published).unwrap() * parts, Unit::EUR);
        assert_eq!(plan.price.amount, expected, "{to}");
        assert_eq!((i64::from(plan.price.parts), plan.price.book_version), (parts, 7), "{to}");
    }
}

#[test]
fn row_pt_2_1d_charges_on_acceptance_as_the_profile_says() {
    let cases = [
        (TriggerKey::OnAccept, ChargeTrigger::OnAccept),
        (TriggerKey::OnTransmit, ChargeTrigger::OnSubmit),
        (TriggerKey::OnDelivery, ChargeTrigger::OnDelivery),
    ];
    for (key, expected) in cases {
        assert_eq!(with(|w| w.snapshot.profile = trigger(key)).unwrap().trigger, expected);
    }
    assert_eq!(World::new().plan().trigger, ChargeTrigger::OnAccept, "unless a profile says otherwise");
}

/// Only a plan names a lot and a price, so that without one nothing can be charged or held.
#[test]
fn row_pt_2_1f_a_refused_request_leaves_no_plan_and_the_whole_balance() {
    for (what, change, code, _) in CASES {
        for key in [TriggerKey::OnAccept, TriggerKey::OnTransmit, TriggerKey::OnDelivery] {
            let mut world = World::new();
            world.snapshot.profile = trigger(key);
            change(&mut world);
            let purse = Purse::new(world.lots.clone());
            let outcome = world.decide_with(&purse);
            assert_eq!(
                outcome.map(|plan| (plan.payment, plan.price)).map_err(|r| r.code),
                Err(*code),
                "{what}"
            );
            assert_eq!(purse.lots(), Purse::new(world.lots.clone()).lots(), "{what}");
        }
    }
}

/// Three messages of 0.0275 EUR on a balance for two: the third waits for a payment.
#[test]
fn row_pt_2_3a_use_depends_on_payment() {
    let world = World::new();
    let mut purse = Purse::new(vec![lot(1, 55_000, None)]);
    let send = |purse: &mut Purse| {
        let plan = world.decide_with(purse)?;
        assert!(purse.pay(&plan.payment, PostingKind::Charge, plan.price.amount.micros));
        Ok(plan.payment.lot)
    };
    assert_eq!(send(&mut purse), Ok(LotId(1)));
    assert_eq!(send(&mut purse), Ok(LotId(1)));
    assert_eq!(purse.balance(Unit::EUR), (0, 0));
    let refused = send(&mut purse).map_err(|refusal: types::refusal::Refusal| refusal.code);
    assert_eq!(refused, Err(RefusalCode::InsufficientBalance));
    assert_eq!(purse.balance(Unit::EUR), (0, 0));
    purse.add(lot(2, 27_500, None));
    assert_eq!(send(&mut purse), Ok(LotId(2)));
}

#[test]
fn the_country_of_a_price_is_that_of_the_number_not_of_the_sender() {
    let plan = with(|w| {
        w.draft = draft("12025550100", "hello");
        w.draft.source = Address::from_text("447911123456");
    });
    assert_eq!(plan.unwrap().price.amount.micros, 8_000);
}
