//! Tables computed by hand from the operators' texts.

use types::money::Money;
use types::profile::{Action, AnchorKey};
use types::span::Span;
use types::time::Timestamp;

use super::{at, policy};
use crate::terms::account::{Account, Contract, Event};
use crate::terms::due::{Due, Step, execute, forecast, taken_without_notice};
use crate::terms::notice::Subject;
use crate::terms::policy::Policy;

/// A story: an account, its events, and the dates of what the terms then do.
struct Story {
    policy: Policy,
    account: Account,
    clock: Timestamp,
    done: Vec<Due>,
}

impl Story {
    fn open(profile: &str, day: &str) -> Self {
        Self { policy: policy(profile), account: Account::opened(at(day)), clock: at(day), done: Vec::new() }
    }

    /// Lets time pass until then, doing what falls due, and then something happens.
    fn then(&mut self, day: &str, event: &Event) -> &mut Self {
        self.until(day);
        self.account.apply(&self.policy, at(day), event).unwrap();
        self
    }

    fn until(&mut self, day: &str) -> &mut Self {
        let now = at(day);
        self.done.extend(execute(&self.policy, &mut self.account, self.clock, now).unwrap());
        self.clock = now;
        self
    }

    /// What comes until that day, as `date what` lines.
    fn forecast(&self, until: &str) -> Vec<String> {
        let found = forecast(&self.policy, &self.account, self.clock, at(until)).unwrap();
        found.iter().map(|due| self.line(due)).collect()
    }

    fn line(&self, due: &Due) -> String {
        let date = self.policy.zone().date(due.at).unwrap();
        let what = match &due.step {
            Step::Remind { rule, .. } => format!("remind {rule}"),
            Step::AwaitConfirmation { rule, .. } => format!("may {rule}"),
            Step::Act { rule, .. } => rule.clone(),
            Step::LotEnds { lot } => format!("lot {lot} ends"),
            step => format!("{step:?}"),
        };
        format!("{date} {what}")
    }

    fn micros(&self, unit: &str) -> i64 {
        self.account.balance_micros(types::money::Unit::parse(unit).unwrap())
    }
}

fn top_up(amount: &str) -> Event {
    Event::ToppedUp { amount: Money::parse(amount).unwrap(), is_package: false }
}

fn sms(price: &str) -> Event {
    Event::Sent { is_sms: true, price: Money::parse(price).unwrap() }
}

fn call(price: &str) -> Event {
    Event::Sent { is_sms: false, price: Money::parse(price).unwrap() }
}

#[test]
fn row_pt_5_2a_closes_thirty_days_after_notice() {
    let mut story = Story::open("paasoo", "2026-01-01");
    story.then("2026-11-22", &Event::NoticeGiven { by_operator: false });
    assert_eq!(story.forecast("2026-12-31"), ["2026-12-22 ContractEnds"]);
    // The other side has the same notice.
    let mut other = Story::open("paasoo", "2026-01-01");
    other.then("2026-11-22", &Event::NoticeGiven { by_operator: true });
    assert_eq!(other.forecast("2026-12-31"), ["2026-12-22 ContractEnds"]);
}

#[test]
fn row_pt_2_4b_returns_the_whole_balance_within_thirty_business_days() {
    let mut story = Story::open("paasoo", "2026-01-01");
    story.then("2026-02-01", &top_up("100.00 EUR")).then("2026-03-01", &sms("0.05 EUR"));
    story.then("2026-11-22", &Event::NoticeGiven { by_operator: false });
    assert_eq!(story.forecast("2027-12-31"), ["2026-12-22 ContractEnds", "2027-02-04 RefundDeadline"]);
    story.then("2027-01-15", &Event::Refunded);
    assert_eq!(story.account.lots[0].refunded, 99_950_000);
    assert_eq!(story.forecast("2027-12-31"), Vec::<String>::new());
}

#[test]
fn row_pt_5_2b_may_end_the_contract_when_a_breach_is_not_cured_in_ten_days() {
    let mut story = Story::open("paasoo", "2026-01-01");
    story.then("2026-11-22", &Event::BreachNotified { cure: None });
    assert_eq!(story.forecast("2026-12-31"), ["2026-12-02 MayEndForBreach"]);
    let end = forecast(&story.policy, &story.account, story.clock, at("2026-12-31")).unwrap()[0].at;
    assert_eq!(end, at("2026-12-02T15:59:59.999Z"), "once the day has ended in Hong Kong");
    story.then("2026-11-30", &Event::BreachCured);
    assert_eq!(story.forecast("2026-12-31"), Vec::<String>::new());
}

#[test]
fn row_pt_5_2b_ends_nothing_before_the_ten_days_are_over() {
    let mut story = Story::open("paasoo", "2026-01-01");
    // The terms say ten days; nobody can make them shorter.
    story.then("2026-11-22", &Event::BreachNotified { cure: Some(Span::Days(1)) });
    story.then("2026-12-02", &Event::EndedForBreach);
    assert_eq!(story.account.contract, Contract::Open);
    story.then("2026-12-03", &Event::EndedForBreach);
    assert!(matches!(story.account.contract, Contract::Ended { for_breach: true, .. }));
}

#[test]
fn row_op_11_2_cures_a_breach_in_the_time_set_for_the_case() {
    let mut story = Story::open("openplatform", "2026-11-01");
    story.then("2026-11-22", &Event::BreachNotified { cure: Some("5d".parse().unwrap()) });
    assert_eq!(story.forecast("2026-12-31"), ["2026-11-27 MayEndForBreach"]);
}

#[test]
fn row_cr_d2_ends_without_notice() {
    let mut story = Story::open("reseller", "2026-01-01");
    story.then("2026-11-22", &Event::NoticeGiven { by_operator: true });
    assert_eq!(story.forecast("2026-12-31"), ["2026-11-22 ContractEnds"]);
}

#[test]
fn a_change_waits_out_the_notice_of_each_operator() {
    let cases = [
        // Rules PT-2.1c, PT-10.3a, PT-3.1a.
        ("paasoo", Subject::Price, "2026-12-22"),
        ("paasoo", Subject::Terms, "2026-12-22"),
        ("paasoo", Subject::Specification, "2026-12-22"),
        // Rules OP-3.1.2, OP-3.1.3, OP-13.4, OP-5.8.
        ("openplatform", Subject::Price, "2026-11-29"),
        ("openplatform", Subject::TrialBecomesPaid, "2026-11-29"),
        ("openplatform", Subject::Terms, "2026-11-29"),
        ("openplatform", Subject::Function, "2026-12-22"),
    ];
    for (name, subject, day) in cases {
        let policy = policy(name);
        let from = policy.earliest(subject, at("2026-11-22")).unwrap();
        assert_eq!(policy.zone().date(from).unwrap().to_string(), day, "{name} {subject:?}");
    }
}

#[test]
fn row_pt_2_1c_blocks_a_price_change_before_its_notice_has_run() {
    let policy = policy("paasoo");
    let told = at("2026-11-22");
    assert_eq!(policy.earliest(Subject::Price, told).unwrap().ms_since(told), 30 * 86_400_000);
}

#[test]
fn row_op_13_4_takes_objections_for_seven_days() {
    let open = policy("openplatform");
    let until = open.objections_until(at("2026-11-22")).unwrap().unwrap();
    assert_eq!(open.zone().date(until).unwrap().to_string(), "2026-11-29");
    assert_eq!(
        policy("paasoo").objections_until(at("2026-11-22")).unwrap(),
        None,
        "PT-10.3d: who disagrees leaves"
    );
}

#[test]
fn row_op_5_1_announces_maintenance_a_working_day_before() {
    let policy = policy("openplatform");
    let by = policy.announce_by(at("2026-11-30")).unwrap().unwrap();
    assert_eq!(policy.zone().date(by).unwrap().to_string(), "2026-11-27");
}

#[test]
fn row_cr_e5_credits_live_one_year() {
    let mut story = Story::open("reseller", "2026-01-01");
    story.then("2026-01-15", &top_up("2000 sms"));
    assert_eq!(story.forecast("2028-01-01"), ["2027-01-15 lot 0 ends"]);
    story.until("2027-01-16");
    assert_eq!((story.micros("SMS"), story.account.lots[0].expired), (0, 2_000_000_000));
}

#[test]
fn row_cr_e6_a_large_top_up_carries_the_old_balance_forward() {
    let cases: [(&str, &str, &[&str]); 5] = [
        ("2026-12-01", "1000 sms", &["2027-12-01 lot 0 ends", "2027-12-01 lot 1 ends"]),
        ("2026-12-01", "900 sms", &["2027-01-15 lot 0 ends", "2027-12-01 lot 1 ends"]),
        // On the very day on which they end: the day is the customer's.
        ("2027-01-15", "1000 sms", &["2028-01-15 lot 0 ends", "2028-01-15 lot 1 ends"]),
        // A day late.
        ("2027-01-16", "1000 sms", &["2028-01-16 lot 1 ends"]),
        // Credits of another kind do not mix (rule CR-E7).
        ("2026-12-01", "5000 whatsapp", &["2027-01-15 lot 0 ends", "2027-12-01 lot 1 ends"]),
    ];
    for (day, amount, expected) in cases {
        let mut story = Story::open("reseller", "2026-01-01");
        story.then("2026-01-15", &top_up("2000 sms")).then(day, &top_up(amount));
        assert_eq!(story.forecast("2029-01-01"), expected, "{amount} on {day}");
    }
}

#[test]
fn row_cr_e6_five_thousand_whatsapp_credits_renew_whatsapp_credits() {
    for (amount, end) in [("5000 whatsapp", "2027-06-01"), ("4999 whatsapp", "2027-01-15")] {
        let mut story = Story::open("reseller", "2026-01-01");
        story.then("2026-01-15", &top_up("300 whatsapp")).then("2026-06-01", &top_up(amount));
        assert_eq!(story.forecast("2029-01-01")[0], format!("{end} lot 0 ends"), "{amount}");
    }
}

#[test]
fn row_cr_e3_pays_nothing_back() {
    let mut story = Story::open("reseller", "2026-01-01");
    story
        .then("2026-01-15", &top_up("2000 sms"))
        .then("2026-11-22", &Event::NoticeGiven { by_operator: false });
    story.until("2027-06-01").then("2027-06-02", &Event::Refunded);
    assert_eq!(story.account.lots[0].refunded, 0);
}

#[test]
fn row_cr_d1_lack_of_use_has_no_time_until_one_is_set() {
    let mut story = Story::open("reseller", "2020-01-01");
    assert_eq!(story.until("2026-01-01").done, []);
}

#[test]
fn row_st_7_7c_deletes_an_account_that_was_never_topped_up() {
    let story = Story::open("smstools", "2026-11-22");
    assert_eq!(story.forecast("2027-12-31"), ["2027-02-22 delete-never-topped-up"]);
    let mut paid = Story::open("smstools", "2026-11-22");
    paid.then("2027-02-22", &top_up("10.00 EUR"));
    assert!(!paid.forecast("2027-03-31").iter().any(|line| line.contains("never")), "the last day counts");
}

#[test]
fn row_st_7_4c_forfeits_after_twelve_months_without_an_sms_while_voice_goes_on() {
    let mut story = Story::open("smstools", "2026-06-01");
    story.then("2026-06-01", &top_up("50.00 EUR")).then("2026-12-05", &sms("10.00 EUR"));
    let expected = [
        "2027-10-06 remind forfeit-idle-balance",
        "2027-11-21 remind forfeit-idle-balance",
        "2027-12-04 remind forfeit-idle-balance",
        "2027-12-05 forfeit-idle-balance",
        "2028-12-05 delete-empty",
    ];
    assert_eq!(story.forecast("2029-12-31"), expected);
    // Calls do not keep it alive.
    story.then("2027-11-30", &call("1.00 EUR"));
    story.until("2027-12-06");
    assert_eq!((story.micros("EUR"), story.account.lots[0].forfeited), (0, 39_000_000));
    assert_eq!(story.forecast("2029-12-31"), ["2028-12-05 delete-empty"]);
    story.until("2028-12-06");
    assert!(matches!(story.account.contract, Contract::Gone { .. }));
}

#[test]
fn row_st_7_4c_an_sms_starts_the_time_anew() {
    let mut story = Story::open("smstools", "2026-06-01");
    story.then("2026-06-01", &top_up("50.00 EUR")).then("2026-12-05", &sms("10.00 EUR"));
    story.then("2027-12-05", &sms("1.00 EUR"));
    assert_eq!(story.forecast("2028-12-05").first().unwrap(), "2028-10-06 remind forfeit-idle-balance");
}

#[test]
fn a_reminder_that_comes_back_moves_the_forfeiture() {
    let mut story = Story::open("smstools", "2026-06-01");
    story.then("2026-06-01", &top_up("50.00 EUR")).then("2026-12-05", &sms("10.00 EUR")).until("2027-10-07");
    story.then("2027-10-07", &Event::ReminderBounced { rule: "forfeit-idle-balance".into() });
    let expected = [
        "2027-10-08 remind forfeit-idle-balance",
        "2027-11-23 remind forfeit-idle-balance",
        "2027-12-06 remind forfeit-idle-balance",
        "2027-12-07 forfeit-idle-balance",
    ];
    assert_eq!(story.forecast("2028-01-31"), expected);
}

#[test]
fn a_forfeiture_without_its_reminders_is_found() {
    let mut story = Story::open("smstools", "2026-06-01");
    story.then("2026-06-01", &top_up("50.00 EUR")).then("2026-12-05", &sms("10.00 EUR")).until("2027-12-06");
    assert_eq!(taken_without_notice(&story.policy, &story.done).unwrap(), None);
    let is_last = |due: &Due| matches!(&due.step, Step::Remind { before, .. } if *before == Span::Days(1));
    let without: Vec<Due> = story.done.iter().filter(|due| !is_last(due)).cloned().collect();
    let found = taken_without_notice(&story.policy, &without).unwrap();
    assert_eq!(found, Some(("forfeit-idle-balance".to_owned(), Span::Days(1))));
}

#[test]
fn row_st_7_7d_deletes_an_account_that_used_all_and_paid_nothing_in_for_a_year() {
    let mut story = Story::open("smstools", "2026-06-01");
    story.then("2026-06-01", &top_up("10.00 EUR")).then("2026-08-31", &sms("10.00 EUR"));
    assert_eq!(story.forecast("2028-12-31"), ["2027-08-31 delete-empty"]);
    story.then("2027-08-31", &top_up("1.00 EUR"));
    assert!(!story.forecast("2027-09-30").iter().any(|line| line.contains("delete")));
}

#[test]
fn row_st_7_4b_pays_nothing_back() {
    let mut story = Story::open("smstools", "2026-06-01");
    story
        .then("2026-06-01", &top_up("10.00 EUR"))
        .then("2026-06-02", &Event::NoticeGiven { by_operator: false });
    story.until("2026-07-01").then("2026-07-02", &Event::Refunded);
    assert_eq!(story.account.lots[0].refunded, 0);
}

#[test]
fn row_op_4_1_6_may_recycle_after_twelve_months_without_login() {
    let mut story = Story::open("openplatform", "2026-11-01");
    story.then("2026-11-22", &Event::SignedIn);
    let expected = [
        "2027-10-23 remind recycle-no-login",
        "2027-11-15 remind recycle-no-login",
        "2027-11-22 may recycle-no-login",
    ];
    assert_eq!(story.forecast("2028-12-31"), expected);
    story.until("2027-12-01");
    assert_eq!(story.account.contract, Contract::Open, "it is a right, not a duty");
    story.then("2027-12-02", &Event::Confirmed { rule: "recycle-no-login".into() });
    assert!(story.account.is_gone());
}

#[test]
fn row_op_4_1_6_a_login_takes_the_right_back() {
    let mut story = Story::open("openplatform", "2026-11-01");
    story.then("2026-11-22", &Event::SignedIn).then("2027-12-01", &Event::SignedIn);
    story.then("2027-12-02", &Event::Confirmed { rule: "recycle-no-login".into() });
    assert_eq!(story.account.contract, Contract::Open);
}

#[test]
fn row_op_4_1_8_may_dispose_of_packages_unused_for_half_a_year() {
    let package = Event::ToppedUp { amount: Money::parse("1000 sms").unwrap(), is_package: true };
    let mut story = Story::open("openplatform", "2026-08-01");
    story.then("2026-08-31", &package).then("2026-08-31", &Event::SignedIn);
    assert_eq!(story.forecast("2027-03-01"), ["2027-02-28 may dispose-idle-package"], "months clamp");
    let mut signed = Story::open("openplatform", "2026-08-01");
    signed.then("2026-08-31", &package).then("2026-09-01", &Event::OfflineContract(true));
    assert_eq!(signed.forecast("2027-03-01"), Vec::<String>::new(), "a signed contract prevails");
    story.until("2027-03-02").then("2027-03-02", &Event::Confirmed { rule: "dispose-idle-package".into() });
    assert_eq!(story.account.lots[0].forfeited, 1_000_000_000);
}

#[test]
fn row_op_4_1_9_pays_packages_back_only_when_the_operator_dissolves() {
    let package = Event::ToppedUp { amount: Money::parse("1000 sms").unwrap(), is_package: true };
    let ends: [(&[Event], i64); 3] = [
        (&[Event::NoticeGiven { by_operator: true }], 1_000_000_000),
        (&[Event::NoticeGiven { by_operator: false }], 0),
        (&[Event::BreachNotified { cure: Some(Span::ZERO) }, Event::EndedForBreach], 0),
    ];
    for (events, refunded) in ends {
        let mut story = Story::open("openplatform", "2026-08-01");
        story.then("2026-08-31", &package).then("2026-08-31", &top_up("5.00 CNY"));
        for event in events {
            story.then("2026-09-01", event);
        }
        story.until("2026-12-01").then("2026-12-01", &Event::Refunded);
        let lots = &story.account.lots;
        assert_eq!((lots[0].refunded, lots[1].refunded), (refunded, 0), "{events:?}");
    }
}

#[test]
fn row_op_4_1_2b_stops_service_when_a_change_is_not_told_in_ten_working_days() {
    let mut story = Story::open("openplatform", "2026-11-01");
    story.then("2026-11-23", &Event::RegistrationChanged);
    assert_eq!(story.forecast("2026-12-31"), ["2026-12-07 StopForStaleRegistration"]);
    story.then("2026-12-07", &Event::RegistrationUpdated);
    assert_eq!(story.forecast("2026-12-31"), Vec::<String>::new());
}

#[test]
fn what_is_spent_comes_from_what_ends_first() {
    let mut story = Story::open("reseller", "2026-01-01");
    story.then("2026-01-15", &top_up("100 sms")).then("2026-02-15", &top_up("100 sms"));
    story.then("2026-03-01", &sms("150 sms"));
    let left: Vec<i64> = story.account.lots.iter().map(|lot| lot.remaining).collect();
    assert_eq!(left, [0, 50_000_000]);
}

#[test]
fn anchors_and_actions_are_what_the_profiles_say() {
    let rules: Vec<_> = policy("smstools").profile().lifecycle.rule.clone();
    assert_eq!((rules[0].anchor, rules[0].action), (AnchorKey::LastOutboundSms, Action::ForfeitBalance));
}
