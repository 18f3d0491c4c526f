//! When a message may disturb its recipient: quiet hours of the operator, the account and the message, and times
//! to send at, all on the clock where the recipient is.
//!
//! Where the number does not tell which of several clocks that is, the strictest holds: it is quiet while it is quiet
//! on any of them. Nothing is dropped: what falls into quiet hours is sent when they end. Start at [`hold`].

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use types::address::Msisdn;
use types::catalog::QuietRule;
use types::message::Class;
use types::network::Country;
use types::quiet::{LocalTime, QuietHours, QuietSource, QuietWish, RecipientTime, TimeFinding, TimeOfDay};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use crate::zone::{self, Candidates, zones_of};

/// How far ahead a time is looked for that is in no quiet hours: eight days.
const AHEAD_MS_MAX: i64 = 691_200_000;
/// How often one quiet time may end in another before a message is refused.
const ENDS_MAX: usize = 64;
/// Rules of an operator.
const RULES_MAX: usize = 200;

/// Quiet hours that an account has set for its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountQuiet {
    /// The hours.
    pub hours: QuietHours,
    /// For messages of these classes.
    pub classes: Vec<Class>,
}

/// Quiet hours of the operator, such as those that a country's law asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuietRules(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    countries: Vec<Country>,
    classes: Vec<Class>,
    traffic_types: Vec<String>,
    hours: QuietHours,
}

impl QuietRules {
    /// The rules of a document.
    ///
    /// # Errors
    /// What is wrong with them, for the operator to read.
    pub fn compile(rules: &[QuietRule]) -> Result<Self, String> {
        if rules.len() > RULES_MAX {
            return Err(format!("{} rules of quiet hours are too many; {RULES_MAX} may be", rules.len()));
        }
        let compiled = rules.iter().zip(1..).map(|(rule, place)| {
            Rule::compile(rule).map_err(|wrong| format!("rule {place} of quiet hours: {wrong}"))
        });
        compiled.collect::<Result<_, _>>().map(Self)
    }

    /// The hours of the rules that hold for a message; they add up.
    fn of<'a>(&'a self, subject: &'a Subject<'_>) -> impl Iterator<Item = QuietHours> + 'a {
        self.0.iter().filter(|rule| rule.holds_for(subject)).map(|rule| rule.hours)
    }
}

impl Rule {
    fn compile(rule: &QuietRule) -> Result<Self, String> {
        let words = |values: &Option<types::catalog::OneOrMany>| {
            values.as_ref().map_or_else(Vec::new, |values| values.values().to_vec())
        };
        let country = |text: &String| {
            Country::parse(text).ok_or_else(|| format!("country {text:?} must be two letters"))
        };
        let class = |text: &String| {
            Class::parse(text)
                .ok_or_else(|| format!("class {text:?} must be one_time, transactional or bulk"))
        };
        let countries = words(&rule.country).iter().map(country).collect::<Result<_, _>>()?;
        let traffic_types = words(&rule.traffic_type);
        let stated: Vec<Class> = words(&rule.class).iter().map(class).collect::<Result<_, _>>()?;
        let classes = match stated.is_empty() {
            // Who names a kind of traffic means all of it.
            true if traffic_types.is_empty() => vec![Class::Bulk],
            true => Class::ALL.to_vec(),
            false => stated,
        };
        let hours = QuietHours::parse(&rule.from, &rule.to, rule.days.as_deref());
        let hours = hours.map_err(|(member, expected)| format!("{member}: {expected}"))?;
        Ok(Self { countries, classes, traffic_types, hours })
    }

    fn holds_for(&self, subject: &Subject<'_>) -> bool {
        (self.countries.is_empty() || self.countries.contains(&subject.country))
            && self.classes.contains(&subject.class)
            && (self.traffic_types.is_empty()
                || self.traffic_types.iter().any(|named| named == subject.traffic_type))
    }
}

/// The message whose time is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its recipient.
    pub recipient: Msisdn,
    /// The recipient's country.
    pub country: Country,
    /// Its class.
    pub class: Class,
    /// The operator's own traffic type; empty for none.
    pub traffic_type: &'a str,
    /// What its sender states about the recipient's clock.
    pub time: &'a RecipientTime,
}

/// When a message is sent that is due at `due_at`, and what steered it; `None` where neither quiet hours hold nor a
/// local time was asked for.
///
/// # Errors
/// `invalid_schedule` where it is quiet at every time.
pub fn hold(
    rules: &QuietRules,
    account: Option<&AccountQuiet>,
    subject: &Subject<'_>,
    due_at: Timestamp,
) -> Result<Option<(Timestamp, TimeFinding)>, Refusal> {
    let mut all: Vec<_> = rules.of(subject).map(|hours| (QuietSource::Operator, hours)).collect();
    match subject.time.quiet {
        QuietWish::Hours(hours) => all.push((QuietSource::Message, hours)),
        QuietWish::Usual => all.extend(
            account
                .filter(|quiet| quiet.classes.contains(&subject.class))
                .map(|quiet| (QuietSource::Account, quiet.hours)),
        ),
        QuietWish::None => {}
    }
    if all.is_empty() && subject.time.at.is_none() {
        return Ok(None);
    }
    let zones = zones_of(subject.recipient, subject.time.zone.as_deref());
    let Some((at, held_by)) = first_calm(&zones, &all, due_at) else {
        let detail = "it is always quiet somewhere where the recipient may be; state other quiet hours, or the \
                      recipient's zone in a contact";
        return Err(Refusal::new(RefusalCode::InvalidSchedule, detail).at("quiet_hours"));
    };
    if held_by.is_none() && subject.time.at.is_none() {
        return Ok(None);
    }
    let finding = TimeFinding {
        zones: zones.names(),
        source: zones.source,
        table_version: zone::version().into(),
        due_at,
        held_by,
    };
    Ok(Some((at, finding)))
}

/// The first time from `start` on at which it is quiet nowhere, and the hours for which it is not `start`.
fn first_calm(
    zones: &Candidates,
    all: &[(QuietSource, QuietHours)],
    start: Timestamp,
) -> Option<(Timestamp, Option<(QuietSource, QuietHours)>)> {
    let (mut at, mut held_by) = (start, None);
    for _ in 0..ENDS_MAX {
        let ends = all.iter().flat_map(|(source, hours)| {
            let end = |rules: &TimeZone| quiet_until(rules, hours, at).map(|end| (end, (*source, *hours)));
            zones.iter().filter_map(|zone| zone.rules()).filter_map(end).collect::<Vec<_>>()
        });
        let Some((end, by)) = ends.max_by_key(|(end, _)| *end) else { return Some((at, held_by)) };
        at = end;
        held_by = held_by.or(Some(by));
        if at.ms_since(start) > AHEAD_MS_MAX {
            return None;
        }
    }
    None
}

/// When the quiet hours end in which a moment is; `None` for a moment in none.
fn quiet_until(zone: &TimeZone, hours: &QuietHours, at: Timestamp) -> Option<Timestamp> {
    let today = date_in(zone, at)?;
    // What began the day before may last into this day.
    let begun = [today, today.yesterday().ok()?];
    let ends = begun.into_iter().filter_map(|day| {
        let weekday = u8::try_from(day.weekday().to_monday_zero_offset()).ok()?;
        let last = if hours.to > hours.from { day } else { day.tomorrow().ok()? };
        let begin = moment(zone, day, hours.from, Fold::First)?;
        let end = moment(zone, last, hours.to, Fold::Second)?;
        (hours.days.contains(weekday) && begin <= at && at < end).then_some(end)
    });
    ends.max()
}

/// The first moment after `now` at which a local time has come everywhere where the recipient may be: on one date,
/// the last of its clocks to show it. One with a date that has passed is given as it is.
pub fn local_moment(recipient: Msisdn, time: &RecipientTime, now: Timestamp) -> Option<Timestamp> {
    let asked: &LocalTime = time.at.as_ref()?;
    let zones = zones_of(recipient, time.zone.as_deref());
    let on = |date: Date| {
        zones.iter().filter_map(|zone| moment(zone.rules()?, date, asked.time, Fold::First)).max()
    };
    if let Some(date) = asked.date {
        return on(Date::new(date.year, date.month, date.day).ok()?);
    }
    let mut date = zones.iter().filter_map(|zone| date_in(zone.rules()?, now)).min()?;
    // The dates of all clocks of the world lie within two days, so that the third is still to come everywhere.
    for _ in 0..3 {
        if let Some(at) = on(date).filter(|at| *at > now) {
            return Some(at);
        }
        date = date.tomorrow().ok()?;
    }
    None
}

fn date_in(zone: &TimeZone, at: Timestamp) -> Option<Date> {
    let at = jiff::Timestamp::from_millisecond(at.as_ms()).ok()?;
    Some(zone.to_datetime(at).date())
}

/// Which of two moments is meant where clocks are set back and show a time twice.
#[derive(Clone, Copy)]
enum Fold {
    First,
    Second,
}

/// The moment at which a clock shows a time. A time that it leaves out has come when it jumps over it.
fn moment(zone: &TimeZone, date: Date, time: TimeOfDay, fold: Fold) -> Option<Timestamp> {
    let (hour, minute) = (time.minutes() / 60, time.minutes() % 60);
    let shown: DateTime = date.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0);
    let with = |offset: Offset| offset.to_timestamp(shown).ok();
    let at = match zone.to_ambiguous_timestamp(shown).offset() {
        AmbiguousOffset::Unambiguous { offset } => with(offset)?,
        AmbiguousOffset::Gap { after, .. } => zone.following(with(after)?).next()?.timestamp(),
        AmbiguousOffset::Fold { before, after } => match fold {
            Fold::First => with(before)?,
            Fold::Second => with(after)?,
        },
    };
    Some(Timestamp::from_ms(at.as_millisecond()))
}

#[cfg(test)]
mod tests;
