//! Lives of many accounts by chance, under a profile's terms: the forecast must be what then happens, value must be
//! conserved, and nothing may be taken without its notices. The same seed gives the same lives.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use decide::terms::account::{Account, Event, Lot};
use decide::terms::due::{Due, Step, execute, forecast, taken_without_notice};
use decide::terms::policy::Policy;
use types::money::{MICROS_PER_UNIT, Money, Unit};
use types::profile::money::UnitKind;
use types::span::Span;
use types::time::Timestamp;

const HOUR_MS: i64 = 3_600_000;
const YEAR_HOURS: u64 = 8_766;
/// Times in which time passes between two events, so that the forecast is compared with steps of any length.
const STEPS_MAX: u64 = 6;

/// Numbers that look like chance (SplitMix64, Steele and others 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let place = usize::try_from(self.below(u64::try_from(from.len()).ok()?)).ok()?;
        from.get(place).copied()
    }
}

/// What became of all of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Lives {
    /// Accounts that lived.
    pub(crate) accounts: u64,
    /// Things that happened to them.
    pub(crate) events: u64,
    /// Things that the terms did, by rule or kind.
    pub(crate) steps: BTreeMap<String, u64>,
}

/// Lets so many accounts live for so many years.
///
/// # Errors
/// The seed of the life in which a rule was broken, and what was wrong.
pub(crate) fn live(
    policy: &Policy,
    accounts: u64,
    years: u64,
    seed: u64,
    opened: Timestamp,
) -> anyhow::Result<Lives> {
    let units = units(policy);
    let mut lives = Lives::default();
    for number in 0..accounts {
        let seed = seed.wrapping_mul(0x1_0000_0001).wrapping_add(number);
        one(policy, &units, years, seed, opened, &mut lives)
            .with_context(|| format!("the life of seed {seed}"))?;
    }
    Ok(lives)
}

/// Units in which value comes in: the operator's own, or its currency.
fn units(policy: &Policy) -> Vec<(Unit, bool)> {
    let profile = policy.profile();
    let own = profile
        .units
        .iter()
        .filter_map(|(name, terms)| Some((Unit::parse(name).ok()?, terms.kind == UnitKind::Package)));
    let mut units: Vec<(Unit, bool)> = own.collect();
    if units.is_empty() {
        units.push((profile.money.account_currency, false));
        // Packages of messages are sold beside money.
        units.extend(Unit::parse("SMS").ok().map(|unit| (unit, true)));
    }
    units
}

fn one(
    policy: &Policy,
    units: &[(Unit, bool)],
    years: u64,
    seed: u64,
    opened: Timestamp,
    lives: &mut Lives,
) -> anyhow::Result<()> {
    let mut chance = Chance(seed);
    let begin = opened.plus_ms(hours(chance.below(YEAR_HOURS)));
    let end = begin.plus_ms(hours(years * YEAR_HOURS));
    let mut account = Account::opened(begin);
    let (mut clock, mut all) = (begin, Vec::new());
    // Some accounts are used every week, others hardly ever.
    let pace = [200, 1_000, 4_000, 12_000];
    let pace = chance.pick(&pace).unwrap_or(1_000);
    lives.accounts += 1;
    while clock < end {
        let now = clock.plus_ms(hours(1 + chance.below(pace)));
        let promised = forecast(policy, &account, clock, now)?;
        let done = pass(policy, &mut account, &mut chance, clock, now)?;
        ensure!(promised == done, "forecast {promised:?}, and it came {done:?}");
        all.extend(done);
        let event = event(&mut chance, policy, units);
        account.apply(policy, now, &event)?;
        lives.events += 1;
        ensure!(account.lots.iter().all(Lot::is_sound), "value was lost or made: {:?}", account.lots);
        clock = now;
    }
    if let Some((rule, reminder)) = taken_without_notice(policy, &all)? {
        bail!("{rule} acted without its reminder {reminder} before");
    }
    for due in all {
        *lives.steps.entry(name(&due.step)).or_default() += 1;
    }
    Ok(())
}

fn hours(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX / HOUR_MS).saturating_mul(HOUR_MS)
}

/// Lets time pass in several steps.
fn pass(
    policy: &Policy,
    account: &mut Account,
    chance: &mut Chance,
    from: Timestamp,
    to: Timestamp,
) -> anyhow::Result<Vec<Due>> {
    let steps = i64::try_from(1 + chance.below(STEPS_MAX))?;
    let (mut done, mut clock) = (Vec::new(), from);
    for step in 1..=steps {
        let next = from.plus_ms(to.ms_since(from) * step / steps);
        done.extend(execute(policy, account, clock, next)?);
        clock = next;
    }
    Ok(done)
}

fn event(chance: &mut Chance, policy: &Policy, units: &[(Unit, bool)]) -> Event {
    let (unit, is_package) = chance.pick(units).unwrap_or((Unit::EUR, false));
    let amount = |chance: &mut Chance, most: u64| {
        Money::new(i64::try_from(1 + chance.below(most)).unwrap_or(1) * MICROS_PER_UNIT, unit)
    };
    let rule = |chance: &mut Chance| {
        let rules: Vec<&str> = policy.profile().lifecycle.rule.iter().map(|rule| rule.id.as_str()).collect();
        chance.pick(&rules).unwrap_or_default().to_owned()
    };
    match chance.below(1_000) {
        0..200 => Event::ToppedUp { amount: amount(chance, 6_000), is_package },
        200..450 => Event::Sent { is_sms: true, price: amount(chance, 4_000) },
        450..550 => Event::Sent { is_sms: false, price: amount(chance, 500) },
        550..700 => Event::SignedIn,
        700..760 => Event::RegistrationChanged,
        760..800 => Event::RegistrationUpdated,
        800..820 => Event::OfflineContract(chance.below(2) == 0),
        820..860 => Event::BreachNotified { cure: Some(Span::Days(3)) },
        860..890 => Event::BreachCured,
        890..930 => Event::ReminderBounced { rule: rule(chance) },
        930..980 => Event::Confirmed { rule: rule(chance) },
        980..985 => Event::NoticeGiven { by_operator: false },
        985..990 => Event::NoticeGiven { by_operator: true },
        990..992 => Event::EndedForBreach,
        _ => Event::Refunded,
    }
}

fn name(step: &Step) -> String {
    match step {
        Step::Remind { rule, .. } => format!("reminder of {rule}"),
        Step::AwaitConfirmation { rule, .. } => format!("right to {rule}"),
        Step::Act { rule, .. } => rule.clone(),
        Step::LotEnds { .. } => "lot ended".into(),
        Step::StopForStaleRegistration => "stopped for stale registration".into(),
        Step::MayEndForBreach => "right to end for a breach".into(),
        Step::ContractEnds => "contract ended".into(),
        Step::RefundDeadline => "refund deadline".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use types::time::Timestamp;

    use super::super::profile;
    use super::live;

    #[test]
    fn lives_keep_the_rules_and_meet_each_kind() {
        let cases: [(&str, &[&str]); 4] = [
            ("paasoo", &["contract ended", "refund deadline", "right to end for a breach"]),
            ("reseller", &["contract ended", "lot ended"]),
            (
                "smstools",
                &[
                    "forfeit-idle-balance",
                    "reminder of forfeit-idle-balance",
                    "delete-empty",
                    "delete-never-topped-up",
                ],
            ),
            (
                "openplatform",
                &[
                    "right to recycle-no-login",
                    "right to dispose-idle-package",
                    "stopped for stale registration",
                ],
            ),
        ];
        let opened = Timestamp::parse_rfc3339("2026-01-01T00:00:00Z").unwrap();
        for (name, kinds) in cases {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../profiles/{name}.toml"));
            let policy = profile::compile(&file).unwrap();
            let lives = live(&policy, 150, 5, 1, opened).unwrap();
            for kind in kinds {
                assert!(lives.steps.contains_key(*kind), "{name}: {kind} never came: {lives:?}");
            }
            assert_eq!(lives, live(&policy, 150, 5, 1, opened).unwrap(), "{name}: the same seed");
        }
    }
}
