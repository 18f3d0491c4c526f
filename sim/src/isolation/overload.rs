//! The queue's budget is reached while no carrier is up: who is refused hears it at once, the lower classes
//! first; and what was accepted leaves in the order of its class, with a share for the lowest.

use std::collections::BTreeMap;

use types::message::Class;
use types::profile::{Profile, QueueSection};
use types::refusal::RefusalCode;

use super::parties::{Deaths, Happening};
use super::stage::{PREFIXES, Stage};
use super::{Figure, SECOND_US, count};
use crate::chance::Chance;

/// Messages that may wait.
const BUDGET: u64 = 2_000;
/// Requests, one a millisecond: three times the budget.
const REQUESTS: u64 = 6_000;
const GAP_US: u64 = 1_000;
/// When the flood begins, and when carriers come up again.
const FLOOD_US: u64 = SECOND_US;
const UP_US: u64 = 20 * SECOND_US;
const END_US: u64 = 120 * SECOND_US;
/// The longest that a refusal may take: what is left of the cycle that runs, and a whole one.
const REFUSAL_MAX_US: u64 = 10_000;
/// Of a thousand turns, those that begin with the lowest class; so many more or less are well.
const SHARE: u64 = 100;
const SHARE_SLACK: u64 = 20;

/// Runs the scenario.
///
/// # Errors
/// What could not be set up, or that the engine stopped.
pub(super) fn run(seed: u64) -> Result<Vec<Figure>, &'static str> {
    let queue = QueueSection {
        messages: BUDGET,
        octets: 0,
        account_messages: 0,
        account_octets: 0,
        account_age_s: 0,
    };
    let mut stage = Stage::new(seed, 30, Deaths::default(), Profile { queue, ..Profile::default() })?;
    let mut chance = Chance::new(seed ^ 0x0ff1_0ad0);
    let mut asked: BTreeMap<u64, (u64, usize, Class)> = BTreeMap::new();
    for carrier in 0..PREFIXES.len() {
        stage.ground.at(FLOOD_US / 2, Happening::Silent(carrier));
        stage.ground.at(UP_US, Happening::Up(carrier));
    }
    stage.ground.at(FLOOD_US, Happening::Request);
    stage.run_until(END_US, |stage| {
        let (at_us, token) = (stage.ground.clock.now_us(), count(asked.len()));
        if token >= REQUESTS {
            return;
        }
        stage.ground.at(at_us + GAP_US, Happening::Request);
        let class = chance.draw(&[(2, Class::OneTime), (3, Class::Transactional)], Class::Bulk);
        let class = if chance.happens(500) { Class::Bulk } else { class };
        let carrier = usize::try_from(chance.below(count(PREFIXES.len()))).unwrap_or(0);
        let listener = usize::try_from(chance.below(30)).unwrap_or(0);
        asked.insert(token, (at_us, carrier, class));
        stage.submit(token, listener, carrier, class);
    })?;
    Ok(judge(&stage, &asked))
}

fn judge(stage: &Stage, asked: &BTreeMap<u64, (u64, usize, Class)>) -> Vec<Figure> {
    let records = stage.ground.records();
    let mut refusal_us = 0;
    let mut refused: BTreeMap<Class, u64> = BTreeMap::new();
    let mut first_refused_us: BTreeMap<Class, u64> = BTreeMap::new();
    let (mut accepted, mut stuck, mut unanswered, mut odd) = (0, 0, 0, 0);
    for (token, (at_us, _, class)) in asked {
        match records.replies.get(token) {
            None => unanswered += 1,
            Some((_, Ok(id))) => {
                accepted += 1;
                stuck += u64::from(!records.written_us.contains_key(id));
            }
            Some((replied_us, Err(code))) => {
                refusal_us = refusal_us.max(replied_us - at_us);
                *refused.entry(*class).or_default() += 1;
                first_refused_us.entry(*class).or_insert(*at_us);
                odd += u64::from(*code != RefusalCode::QueueFull);
            }
        }
    }
    let first = |class: Class| first_refused_us.get(&class).copied().unwrap_or(u64::MAX);
    let in_order = first(Class::Bulk) <= first(Class::Transactional)
        && first(Class::Transactional) <= first(Class::OneTime);
    let all_refused: u64 = refused.values().sum();
    let name = |what: &str| format!("overload: {what}");
    let mut figures = vec![
        Figure::at_least(name("requests refused"), all_refused, "requests", 1),
        Figure::at_most(
            name("requests never answered, or with another code"),
            unanswered + odd,
            "requests",
            0,
        ),
        Figure::at_most(name("longest wait for a refusal"), refusal_us, "us", REFUSAL_MAX_US),
        Figure::at_least(name("lower classes are refused first"), u64::from(in_order), "", 1),
        Figure::at_most(name("accepted"), accepted, "messages", BUDGET),
        Figure::at_most(name("accepted and never written"), stuck, "messages", 0),
    ];
    figures.extend(drained(&records.order));
    figures
}

/// In which order what was accepted left, over all carriers.
fn drained(order: &[(u64, usize, Class)]) -> Vec<Figure> {
    let last = |class: Class| {
        let of_class = order.iter().filter(|(_, _, other)| *other == class);
        of_class.map(|(at_us, ..)| at_us.saturating_sub(UP_US)).max().unwrap_or(u64::MAX)
    };
    let name = |what: &str| format!("overload: {what}");
    let mut figures: Vec<Figure> = Class::ALL
        .iter()
        .map(|class| Figure::told(name(&format!("last {class} message written after")), last(*class), "us"))
        .collect();
    let ordered =
        last(Class::OneTime) <= last(Class::Transactional) && last(Class::Transactional) <= last(Class::Bulk);
    figures.push(Figure::at_least(name("classes leave in their order"), u64::from(ordered), "", 1));
    for (what, class) in [("bulk", Class::Bulk), ("transactional", Class::Transactional)] {
        let share = share_beside_codes(order, class);
        figures.push(Figure {
            most: Some(SHARE + SHARE_SLACK),
            ..Figure::at_least(
                name(&format!("share of {what} while codes wait")),
                share,
                "per mille",
                SHARE - SHARE_SLACK,
            )
        });
    }
    figures
}

/// Of what carriers were given while one-time codes still waited for them, how much was of a class.
fn share_beside_codes(order: &[(u64, usize, Class)], class: Class) -> u64 {
    let (mut of_class, mut all) = (0, 0);
    for carrier in 0..PREFIXES.len() {
        let own: Vec<Class> =
            order.iter().filter(|(_, other, _)| *other == carrier).map(|(.., class)| *class).collect();
        let codes = own.iter().rposition(|other| *other == Class::OneTime).map_or(0, |place| place + 1);
        let beside = own.get(..codes).unwrap_or_default();
        all += count(beside.len());
        of_class += count(beside.iter().filter(|other| **other == class).count());
    }
    (of_class * 1_000_u64).checked_div(all).unwrap_or(0)
}
