//! Random lives of accounts: the forecast is what then happens, value is conserved, and nothing is taken
//! without its notices.

use proptest::prelude::*;
use types::money::Money;
use types::span::Span;
use types::time::Timestamp;

use super::{at, policy};
use crate::terms::account::{Account, Event};
use crate::terms::due::{execute, forecast, taken_without_notice};
use crate::terms::policy::Policy;

const DAY_MS: i64 = 86_400_000;
const PROFILES: [&str; 4] = ["paasoo", "reseller", "smstools", "openplatform"];

fn event(kind: u8, amount: u16) -> Event {
    let money = |unit: &str| Money::parse(&format!("{amount} {unit}")).unwrap();
    match kind {
        0 => Event::ToppedUp { amount: money("EUR"), is_package: false },
        1 => Event::ToppedUp { amount: money("SMS"), is_package: amount.is_multiple_of(2) },
        2 => Event::ToppedUp { amount: money("WHATSAPP"), is_package: false },
        3 => Event::Sent { is_sms: true, price: money("EUR") },
        4 => Event::Sent { is_sms: true, price: money("SMS") },
        5 => Event::Sent { is_sms: false, price: money("EUR") },
        6 => Event::SignedIn,
        7 => Event::RegistrationChanged,
        8 => Event::RegistrationUpdated,
        9 => Event::BreachNotified { cure: Some(Span::Days(3)) },
        10 => Event::BreachCured,
        11 => Event::ReminderBounced { rule: "forfeit-idle-balance".into() },
        12 => Event::Confirmed { rule: "recycle-no-login".into() },
        13 => Event::Confirmed { rule: "dispose-idle-package".into() },
        14 => Event::NoticeGiven { by_operator: amount.is_multiple_of(2) },
        _ => Event::Refunded,
    }
}

/// A life of five years: what happens and how many hours after what went before.
fn life() -> impl Strategy<Value = Vec<(u32, u8, u16)>> {
    // Notice is rare, or there would be little life after it.
    let kind = prop_oneof![40 => 0..14_u8, 1 => 14..16_u8];
    prop::collection::vec((0_u32..4_000, kind, 1_u16..6_000), 1..24)
}

fn live(policy: &Policy, life: &[(u32, u8, u16)]) -> Result<usize, TestCaseError> {
    let begin = at("2026-01-31");
    let mut account = Account::opened(begin);
    let (mut clock, mut all) = (begin, Vec::new());
    for (hours, kind, amount) in life {
        let now = Timestamp::from_ms(clock.as_ms() + i64::from(*hours) * 3_600_000);
        let promised = forecast(policy, &account, clock, now).unwrap();
        // Time may pass in steps of any length.
        let mut done = Vec::new();
        let mut step = clock;
        while step < now {
            let next = Timestamp::from_ms((step.as_ms() + 37 * DAY_MS).min(now.as_ms()));
            done.extend(execute(policy, &mut account, step, next).unwrap());
            step = next;
        }
        prop_assert_eq!(&promised, &done, "the forecast is what happens");
        all.extend(done);
        account.apply(policy, now, &event(*kind, *amount)).unwrap();
        prop_assert!(account.lots.iter().all(crate::terms::account::Lot::is_sound), "{:?}", account.lots);
        clock = now;
    }
    prop_assert_eq!(taken_without_notice(policy, &all).unwrap(), None);
    Ok(all.len())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_forecast_is_what_happens_and_value_is_conserved(place in 0..PROFILES.len(), life in life()) {
        let policy = policy(PROFILES[place]);
        live(&policy, &life)?;
    }
}
