//! Quiet hours: who sends into them is told when the message leaves and why, and it leaves then.

use app::Scope;
use app::submission::Submission;
use decide::quiet::AccountQuiet;
use ports::clock::Clock;
use types::account::AccountLimits;
use types::catalog::{OneOrMany, QuietRule, TrafficDocument};
use types::message::{Class, Door, Draft, State};
use types::quiet::{LocalTime, QuietHours, QuietSource, QuietWish, RecipientTime};
use types::refusal::RefusalCode;
use types::time::Timestamp;

use crate::house::{House, NOON_MS, new_account, route, traffic};

const HOUR_MS: i64 = 3_600_000;

/// Hours that it is in at noon in London, until two.
fn lunch(classes: &[Class]) -> AccountQuiet {
    let hours = QuietHours::parse("11:00", "14:00", None).unwrap();
    AccountQuiet { hours, classes: classes.to_vec() }
}

/// A message with a wish about the recipient's clock, of a class.
fn draft(house: &House, class: Class, time: RecipientTime) -> Draft {
    let expires_at = Some(house.clock.now().plus_ms(HOUR_MS));
    Draft { class: Some(class), time, expires_at, ..house.draft("hello") }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_falls_into_quiet_hours_is_scheduled_and_leaves_at_their_end() {
    let house = House::new(route(&["a"])).await;
    let (core, account) = (house.core.clone(), house.account().id);
    let other = core.create_account(new_account("other", AccountLimits::default())).await.unwrap().id;
    let quiet = lunch(&[Class::Transactional, Class::Bulk]);
    assert_eq!(core.set_quiet_hours(account, Some(quiet.clone())).await, Ok(Some(quiet.clone())));
    assert_eq!(core.quiet_hours(other), None, "they are one account's");
    let empty = core.set_quiet_hours(account, Some(lunch(&[]))).await.unwrap_err();
    assert_eq!((empty.code, empty.field.as_deref()), (RefusalCode::InvalidRequest, Some("classes")));

    let house = house.restart().await;
    house.up("a").await;
    assert_eq!(house.core.quiet_hours(account), Some(quiet), "they outlive the process");
    let usual = RecipientTime::default();
    let taken = house.submit(vec![draft(&house, Class::Bulk, usual.clone())]).await.unwrap().messages;
    let two = Timestamp::from_ms(NOON_MS + 2 * HOUR_MS);
    assert_eq!((taken[0].state, taken[0].send_at), (State::Scheduled, Some(two)));
    let why = taken[0].time.as_deref().unwrap();
    assert_eq!(why.held_by.map(|(source, _)| source), Some(QuietSource::Account));
    assert!(why.zones.iter().any(|zone| &**zone == "Europe/London"), "{why:?}");
    let code = house.submit(vec![draft(&house, Class::OneTime, usual)]).await.unwrap().messages;
    assert_eq!((code[0].state, &code[0].time), (State::Queued, &None), "nobody waits for a code");
    house.settle().await;
    assert_eq!(house.sent("a").len(), 1);

    let (detail, story) = house.core.explain(Scope::All, taken[0].id).await.unwrap().unwrap();
    assert_eq!(detail.time.as_ref(), Some(why));
    // It had an hour from noon on, and has it from two on.
    assert_eq!(detail.expires_at, two.plus_ms(HOUR_MS));
    let told = story.iter().find(|because| because.stage == "schedule").unwrap();
    assert!(told.text.contains("quiet hours of the account, 11:00–14:00"), "{}", told.text);
    assert!(told.facts.iter().any(|(name, value)| *name == "table of zones" && !value.is_empty()));

    house.advance(2 * HOUR_MS).await;
    house.settle().await;
    assert_eq!(house.sent("a").len(), 1, "it leaves when they end");
    assert_eq!(house.core.set_quiet_hours(account, None).await, Ok(None));
    assert_eq!(house.core.set_quiet_hours(account, None).await, Ok(None), "they are gone already");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_states_hours_and_a_local_time_of_its_own_and_the_operators_hold_all_the_same() {
    let house = House::new(route(&["a"])).await;
    house.core.set_quiet_hours(house.account().id, Some(lunch(&[Class::Bulk]))).await.unwrap();
    let leaves = async |class, time| {
        let submission = Submission {
            account: house.account().id,
            door: Door::Native,
            received_at: Timestamp::from_ms(NOON_MS),
            idempotency: None,
            drafts: vec![draft(&house, class, time)],
            guard_repeats: false,
            replaces: Vec::new(),
        };
        house.core.quote(submission).await.unwrap().messages[0]
            .send_at
            .map(|at| at.ms_since(Timestamp::from_ms(NOON_MS)) / 60_000)
    };
    let own = |from, to| QuietWish::Hours(QuietHours::parse(from, to, None).unwrap());
    let at = |text| LocalTime::parse(text);
    let usual = RecipientTime::default;
    let cases = [
        (Class::Bulk, RecipientTime { quiet: QuietWish::None, ..usual() }, None),
        (Class::OneTime, RecipientTime { quiet: own("11:30", "12:30"), ..usual() }, Some(30)),
        (Class::OneTime, RecipientTime { at: at("18:15"), ..usual() }, Some(375)),
        // In Brussels it is one o'clock.
        (
            Class::OneTime,
            RecipientTime { at: at("18:15"), zone: Some("Europe/Brussels".into()), ..usual() },
            Some(315),
        ),
        (
            Class::OneTime,
            RecipientTime { at: at("13:00"), quiet: own("12:30", "13:30"), ..usual() },
            Some(90),
        ),
    ];
    for (class, time, minutes) in cases {
        assert_eq!(leaves(class, time.clone()).await, minutes, "{time:?}");
    }
    let rule = QuietRule {
        country: Some(OneOrMany::One("GB".to_owned())),
        class: None,
        traffic_type: None,
        from: "10:00".to_owned(),
        to: "16:00".to_owned(),
        days: None,
    };
    let document = TrafficDocument { quiet_rule: vec![rule], ..traffic(route(&["a"])) };
    house.core.change_traffic(document, "test", "").await.unwrap();
    house.settle().await;
    let none = RecipientTime { quiet: QuietWish::None, ..usual() };
    assert_eq!(leaves(Class::Bulk, none).await, Some(240));
    assert_eq!(leaves(Class::Transactional, usual()).await, None, "the law is about advertising");
}
