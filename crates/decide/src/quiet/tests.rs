//! Quiet hours and local times, as tables: usual days, clocks that are set forward and back, numbers of many zones.

use types::address::Msisdn;
use types::catalog::{OneOrMany, QuietRule};
use types::message::Class;
use types::network::Country;
use types::quiet::{LocalTime, QuietHours, QuietSource, QuietWish, RecipientTime, ZoneSource};
use types::refusal::RefusalCode;
use types::time::Timestamp;

use super::{AccountQuiet, QuietRules, Subject, hold, local_moment};

/// New York, one zone.
const NEW_YORK: &str = "12025550100";
/// An Australian mobile phone, which may be in any of the zones there.
const AUSTRALIA: &str = "61412345678";
/// Kathmandu, a quarter past the hour.
const NEPAL: &str = "9779841234567";

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn hours(from: &str, to: &str, days: &[&str]) -> QuietHours {
    let days: Vec<String> = days.iter().map(ToString::to_string).collect();
    QuietHours::parse(from, to, (!days.is_empty()).then_some(&days)).unwrap()
}

fn subject<'a>(number: &str, time: &'a RecipientTime) -> Subject<'a> {
    Subject {
        recipient: Msisdn::parse(number).unwrap(),
        country: Country::parse("US").unwrap(),
        class: Class::Bulk,
        traffic_type: "",
        time,
    }
}

/// When a message leaves that has these hours of its own.
fn leaves(number: &str, quiet: QuietHours, due_at: &str) -> String {
    let time = RecipientTime { quiet: QuietWish::Hours(quiet), ..RecipientTime::default() };
    let held = hold(&QuietRules::default(), None, &subject(number, &time), at(due_at)).unwrap();
    held.map_or_else(|| "at once".to_owned(), |(at, _)| at.to_string())
}

#[test]
fn what_falls_into_quiet_hours_leaves_when_they_end() {
    let night = &hours("21:00", "08:00", &[]);
    let cases = [
        // Eastern time is five hours behind in winter and four in summer.
        (NEW_YORK, night, "2026-01-15T01:59:59Z", "at once"),
        (NEW_YORK, night, "2026-01-15T02:00:00Z", "2026-01-15T13:00:00.000Z"),
        (NEW_YORK, night, "2026-01-15T12:59:59Z", "2026-01-15T13:00:00.000Z"),
        (NEW_YORK, night, "2026-01-15T13:00:00Z", "at once"),
        (NEW_YORK, night, "2026-07-15T01:00:00Z", "2026-07-15T12:00:00.000Z"),
        (NEPAL, night, "2026-01-15T15:15:00Z", "2026-01-16T02:15:00.000Z"),
        // Quiet until it is eight in Perth, from when it is nine in Melbourne and Sydney.
        (AUSTRALIA, night, "2026-01-15T10:00:00Z", "2026-01-16T01:30:00.000Z"),
        (NEW_YORK, &hours("12:00", "13:00", &[]), "2026-01-15T17:30:00Z", "2026-01-15T18:00:00.000Z"),
        // Of a Sunday, all; what began on a Saturday night would last into it.
        (NEW_YORK, &hours("00:00", "00:00", &["sun"]), "2026-01-18T04:59:00Z", "at once"),
        (NEW_YORK, &hours("00:00", "00:00", &["sun"]), "2026-01-18T05:00:00Z", "2026-01-19T05:00:00.000Z"),
        (NEW_YORK, &hours("21:00", "08:00", &["sat"]), "2026-01-18T05:00:00Z", "2026-01-18T13:00:00.000Z"),
        (NEW_YORK, &hours("21:00", "08:00", &["sun"]), "2026-01-18T05:00:00Z", "at once"),
    ];
    for (number, quiet, due_at, expected) in cases {
        assert_eq!(leaves(number, *quiet, due_at), expected, "{number} {quiet} {due_at}");
    }
}

#[test]
fn clocks_that_are_set_forward_and_back_are_followed() {
    // On 8 March 2026 clocks there jump from 02:00 to 03:00 at 07:00Z, on 1 November they go back from 02:00 to
    // 01:00 at 06:00Z.
    let cases = [
        ("21:00", "08:00", "2026-03-08T06:30:00Z", "2026-03-08T12:00:00.000Z"),
        ("21:00", "08:00", "2026-11-01T05:30:00Z", "2026-11-01T13:00:00.000Z"),
        // The end is left out: it has come when the clock jumps over it.
        ("21:00", "02:30", "2026-03-08T06:59:00Z", "2026-03-08T07:00:00.000Z"),
        ("21:00", "02:30", "2026-03-08T07:00:00Z", "at once"),
        // So has the beginning.
        ("02:30", "05:00", "2026-03-08T07:00:00Z", "2026-03-08T09:00:00.000Z"),
        ("02:30", "05:00", "2026-03-08T06:59:00Z", "at once"),
        // The end is shown twice, and the second counts; of the beginning, the first.
        ("21:00", "01:30", "2026-11-01T05:45:00Z", "2026-11-01T06:30:00.000Z"),
        ("01:30", "04:00", "2026-11-01T05:30:00Z", "2026-11-01T09:00:00.000Z"),
    ];
    for (from, to, due_at, expected) in cases {
        assert_eq!(leaves(NEW_YORK, hours(from, to, &[]), due_at), expected, "{from} {to} {due_at}");
    }
}

#[test]
fn a_local_time_has_come_on_every_clock_that_may_be_meant() {
    let cases = [
        (NEW_YORK, None, "09:30", "2026-01-15T14:29:00Z", "2026-01-15T14:30:00.000Z"),
        (NEW_YORK, None, "09:30", "2026-01-15T14:30:00Z", "2026-01-16T14:30:00.000Z"),
        (NEW_YORK, Some("America/Denver"), "09:30", "2026-01-15T14:30:00Z", "2026-01-15T16:30:00.000Z"),
        (NEW_YORK, None, "2026-07-01T09:30", "2026-01-15T14:30:00Z", "2026-07-01T13:30:00.000Z"),
        // One that has passed is told as it is.
        (NEW_YORK, None, "2025-07-01T09:30", "2026-01-15T14:30:00Z", "2025-07-01T13:30:00.000Z"),
        // It is half past nine in the west last.
        (AUSTRALIA, None, "09:30", "2026-01-15T00:00:00Z", "2026-01-15T03:00:00.000Z"),
        // Left out by the clock, and shown twice by it.
        (NEW_YORK, None, "2026-03-08T02:30", "2026-01-15T00:00:00Z", "2026-03-08T07:00:00.000Z"),
        (NEW_YORK, None, "2026-11-01T01:30", "2026-01-15T00:00:00Z", "2026-11-01T05:30:00.000Z"),
        ("999999999999", None, "09:30", "2026-01-15T00:00:00Z", "2026-01-15T09:30:00.000Z"),
    ];
    for (number, zone, text, now, expected) in cases {
        let asked = LocalTime::parse(text);
        let time = RecipientTime { zone: zone.map(Into::into), at: asked, quiet: QuietWish::Usual };
        let found = local_moment(Msisdn::parse(number).unwrap(), &time, at(now)).unwrap();
        assert_eq!(found.to_string(), expected, "{number} {text} {now}");
    }
}

fn rule(country: Option<&str>, class: Option<&str>, traffic_type: Option<&str>) -> QuietRule {
    let one = |text: Option<&str>| text.map(|text| OneOrMany::One(text.to_owned()));
    QuietRule {
        country: one(country),
        class: one(class),
        traffic_type: one(traffic_type),
        from: "21:00".to_owned(),
        to: "08:00".to_owned(),
        days: None,
    }
}

#[test]
fn the_operators_rules_hold_whatever_the_sender_wishes_and_the_accounts_do_not() {
    let none = RecipientTime { quiet: QuietWish::None, ..RecipientTime::default() };
    let usual = RecipientTime::default();
    let own = RecipientTime { quiet: QuietWish::Hours(hours("12:00", "13:00", &[])), ..usual.clone() };
    let night = "2026-01-15T03:00:00Z";
    let of_account = AccountQuiet { hours: hours("20:00", "09:00", &[]), classes: vec![Class::Bulk] };
    let us = QuietRules::compile(&[rule(Some("US"), None, None)]).unwrap();
    let promotions = QuietRules::compile(&[rule(None, None, Some("promo"))]).unwrap();
    let codes = QuietRules::compile(&[rule(None, Some("one_time"), None)]).unwrap();
    let no_rules = QuietRules::default();
    use QuietSource as By;
    let cases = [
        (&us, None, &usual, Class::Bulk, "", Some(By::Operator)),
        (&us, None, &none, Class::Bulk, "", Some(By::Operator)),
        (&us, None, &usual, Class::Transactional, "", None),
        (&us, None, &usual, Class::OneTime, "", None),
        (&promotions, None, &usual, Class::Transactional, "promo", Some(By::Operator)),
        (&promotions, None, &usual, Class::Bulk, "news", None),
        (&codes, None, &usual, Class::OneTime, "", Some(By::Operator)),
        (&no_rules, Some(&of_account), &usual, Class::Bulk, "", Some(By::Account)),
        (&no_rules, Some(&of_account), &usual, Class::OneTime, "", None),
        (&no_rules, Some(&of_account), &none, Class::Bulk, "", None),
        (&no_rules, Some(&of_account), &own, Class::Bulk, "", None),
        // Both hold: the one that lasts longer is told.
        (&us, Some(&of_account), &usual, Class::Bulk, "", Some(By::Account)),
    ];
    for (place, (rules, account, time, class, traffic_type, expected)) in cases.into_iter().enumerate() {
        let subject = Subject { class, traffic_type, ..subject(NEW_YORK, time) };
        let held = hold(rules, account, &subject, at(night)).unwrap();
        let by = held.and_then(|(_, finding)| finding.held_by).map(|(source, _)| source);
        assert_eq!(by, expected, "case {place}");
    }
}

#[test]
fn the_finding_says_where_and_by_which_table() {
    let time = RecipientTime { quiet: QuietWish::Hours(hours("21:00", "08:00", &[])), ..Default::default() };
    let due_at = at("2026-01-15T10:00:00Z");
    let (_, found) = hold(&QuietRules::default(), None, &subject(AUSTRALIA, &time), due_at).unwrap().unwrap();
    assert!(found.zones.len() > 5 && found.zones.iter().any(|zone| &**zone == "Australia/Perth"));
    assert_eq!((found.source, &*found.table_version), (ZoneSource::Number, crate::zone::version()));
    assert_eq!(found.due_at, due_at);
}

#[test]
fn hours_that_never_end_refuse() {
    let always =
        RecipientTime { quiet: QuietWish::Hours(hours("00:00", "00:00", &[])), ..Default::default() };
    let refused = hold(&QuietRules::default(), None, &subject(NEW_YORK, &always), at("2026-01-15T10:00:00Z"));
    let refused = refused.unwrap_err();
    assert_eq!((refused.code, refused.field.as_deref()), (RefusalCode::InvalidSchedule, Some("quiet_hours")));
}

#[test]
fn rules_that_cannot_be_read_do_not_compile() {
    let wrong = [
        rule(Some("USA"), None, None),
        rule(None, Some("promotional"), None),
        QuietRule { from: "9pm".to_owned(), ..rule(None, None, None) },
        QuietRule { days: Some(Vec::new()), ..rule(None, None, None) },
    ];
    for rule in wrong {
        let said = QuietRules::compile(std::slice::from_ref(&rule)).unwrap_err();
        assert!(said.starts_with("rule 1 of quiet hours: "), "{said}");
    }
    assert!(QuietRules::compile(&vec![rule(None, None, None); 201]).is_err());
}
