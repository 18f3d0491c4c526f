//! `chappe simulate`: what the terms of a profile do to an account over years, in a moment.
//!
//! The scenario is a file of what happens to the account; the rest follows from the profile, by the same functions
//! that an installation runs on.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use decide::terms::account::{Account, Event};
use decide::terms::due::{Due, Step, execute};
use decide::terms::policy::Policy;
use serde::Deserialize;
use serde_json::{Value, json};
use types::money::Money;
use types::profile::Action;
use types::span::Span;
use types::time::Timestamp;

use super::{lives, profile};

/// The most events of a scenario.
const EVENTS_MAX: usize = 10_000;

/// Options of `simulate`.
#[derive(clap::Args, Debug)]
pub(crate) struct SimulateOptions {
    /// The profile whose terms are to be seen at work.
    #[arg(long, value_name = "FILE")]
    profile: PathBuf,
    /// What happens to the account.
    #[arg(long, value_name = "FILE", required_unless_present = "accounts")]
    scenario: Option<PathBuf>,
    /// Instead of a scenario, so many accounts to which things happen by chance.
    #[arg(long, value_name = "N", conflicts_with = "scenario")]
    accounts: Option<u64>,
    /// How many years each of them lives.
    #[arg(long, default_value_t = 5, requires = "accounts")]
    years: u64,
    /// The seed of the chance.
    #[arg(long, default_value_t = 1, requires = "accounts")]
    seed: u64,
}

/// When the accounts that live by chance are opened; the calendars know the years from there on.
const OPENED: Timestamp = Timestamp::from_ms(1_767_225_600_000);

/// A scenario.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    /// When the account was opened.
    opened: String,
    /// Until when it is watched.
    until: String,
    /// What happens, in order of time.
    #[serde(default)]
    event: Vec<ScenarioEvent>,
}

/// Something that happens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioEvent {
    /// When: a date, or a date and time.
    at: String,
    /// What.
    what: What,
    /// How much, in which unit: of a top-up, or the price of traffic.
    amount: Option<Money>,
    /// Whether what is topped up is a package of messages.
    #[serde(default)]
    package: bool,
    /// Who gives notice.
    by: Option<By>,
    /// The rule that staff confirm, or whose reminder came back.
    rule: Option<String>,
    /// How long a breach may be put right.
    cure: Option<Span>,
    /// Whether a signed contract stands beside the terms from now on.
    #[serde(default)]
    stands: bool,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum By {
    Customer,
    Operator,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    SignIn,
    TopUp,
    SendSms,
    SendOther,
    RegistrationChanges,
    RegistrationIsUpdated,
    OfflineContract,
    Notice,
    BreachIsTold,
    BreachIsCured,
    EndForBreach,
    Confirm,
    Refund,
    ReminderBounces,
}

impl ScenarioEvent {
    fn event(&self) -> anyhow::Result<Event> {
        let amount = || self.amount.context("this event needs an amount, e.g. \"900 sms\"");
        let rule = || self.rule.clone().context("this event needs the name of a rule");
        Ok(match self.what {
            What::SignIn => Event::SignedIn,
            What::TopUp => Event::ToppedUp { amount: amount()?, is_package: self.package },
            What::SendSms => Event::Sent { is_sms: true, price: amount()? },
            What::SendOther => Event::Sent { is_sms: false, price: amount()? },
            What::RegistrationChanges => Event::RegistrationChanged,
            What::RegistrationIsUpdated => Event::RegistrationUpdated,
            What::OfflineContract => Event::OfflineContract(self.stands),
            What::Notice => {
                let by = self.by.context("a notice needs `by`: customer or operator")?;
                Event::NoticeGiven { by_operator: by == By::Operator }
            }
            What::BreachIsTold => Event::BreachNotified { cure: self.cure.clone() },
            What::BreachIsCured => Event::BreachCured,
            What::EndForBreach => Event::EndedForBreach,
            What::Confirm => Event::Confirmed { rule: rule()? },
            What::Refund => Event::Refunded,
            What::ReminderBounces => Event::ReminderBounced { rule: rule()? },
        })
    }
}

/// Runs a scenario and prints its timeline.
pub(crate) fn run(options: &SimulateOptions, is_json: bool) -> anyhow::Result<()> {
    let policy = profile::compile(&options.profile)?;
    if let Some(accounts) = options.accounts {
        let lives = lives::live(&policy, accounts, options.years, options.seed, OPENED)?;
        return tell_lives(&lives, is_json);
    }
    let scenario = options.scenario.as_deref().context("name a scenario, or a number of accounts")?;
    let (timeline, account) = play(&policy, scenario)?;
    let value = json!({ "timeline": timeline, "lots": lots(&account) });
    super::say(&if is_json {
        format!("{}\n", serde_json::to_string_pretty(&value)?)
    } else {
        text(&timeline, &account)?
    });
    Ok(())
}

fn tell_lives(lives: &lives::Lives, is_json: bool) -> anyhow::Result<()> {
    let mut text = format!(
        "{} accounts, {} events; every forecast came true, no value was lost, no notice was missing\n",
        lives.accounts, lives.events
    );
    for (kind, count) in &lives.steps {
        writeln!(text, "{count:>10} {kind}")?;
    }
    let value = json!({ "accounts": lives.accounts, "events": lives.events, "steps": lives.steps });
    super::say(&if is_json { format!("{}\n", serde_json::to_string_pretty(&value)?) } else { text });
    Ok(())
}

fn play(policy: &Policy, path: &Path) -> anyhow::Result<(Vec<Value>, Account)> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let scenario: Scenario =
        crate::document::read(&text).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    ensure!(scenario.event.len() <= EVENTS_MAX, "a scenario has at most {EVENTS_MAX} events");
    let moment = |text: &str| profile::moment(text).map_err(anyhow::Error::msg);
    let (mut clock, until) = (moment(&scenario.opened)?, moment(&scenario.until)?);
    let mut account = Account::opened(clock);
    let mut timeline = vec![row(policy, clock, "the account is opened", None, None)?];
    for (place, next) in scenario.event.iter().enumerate() {
        let at = moment(&next.at)?;
        ensure!(
            at >= clock,
            "event {} is before what goes before it; list events in order of time",
            place + 1
        );
        for due in execute(policy, &mut account, clock, at)? {
            timeline.push(step_row(policy, &due)?);
        }
        let event = next.event().with_context(|| format!("event {}", place + 1))?;
        account.apply(policy, at, &event)?;
        timeline.push(row(policy, at, &told(&event), None, None)?);
        clock = at;
    }
    ensure!(until >= clock, "`until` is before the last event");
    for due in execute(policy, &mut account, clock, until)? {
        timeline.push(step_row(policy, &due)?);
    }
    Ok((timeline, account))
}

fn row(
    policy: &Policy,
    at: Timestamp,
    what: &str,
    rule: Option<&str>,
    cite: Option<&str>,
) -> anyhow::Result<Value> {
    let date = policy.zone().date(at)?.to_string();
    Ok(json!({ "date": date, "at": at.to_string(), "what": what, "rule": rule, "cite": cite }))
}

fn step_row(policy: &Policy, due: &Due) -> anyhow::Result<Value> {
    let rule = due.step.rule();
    let found = policy.profile().lifecycle.rule.iter().find(|known| Some(known.id.as_str()) == rule);
    let cite = found.and_then(|rule| rule.cite.clone()).or_else(|| cite_of(policy, &due.step));
    row(policy, due.at, &done(&due.step), rule, cite.as_deref())
}

/// The rule of the terms behind a step that is no life-cycle rule, by the key that it comes from.
fn cite_of(policy: &Policy, step: &Step) -> Option<String> {
    let key = match step {
        Step::LotEnds { .. } => "lots.expires",
        Step::StopForStaleRegistration => "registration.keep_current",
        Step::MayEndForBreach => "termination.cure",
        Step::ContractEnds => "termination.operator_notice",
        Step::RefundDeadline => "refund.within",
        Step::Remind { .. } | Step::AwaitConfirmation { .. } | Step::Act { .. } => return None,
    };
    policy.profile().cites.get(key).map(|rules| rules.join(" "))
}

fn told(event: &Event) -> String {
    match event {
        Event::SignedIn => "somebody signs in".into(),
        Event::ToppedUp { amount, is_package: false } => format!("{amount} come in"),
        Event::ToppedUp { amount, is_package: true } => format!("a package of {amount} comes in"),
        Event::Sent { is_sms: true, price } => format!("SMS are sent for {price}"),
        Event::Sent { is_sms: false, price } => format!("other traffic is sent for {price}"),
        Event::RegistrationChanged => "registration data change".into(),
        Event::RegistrationUpdated => "the change is told".into(),
        Event::OfflineContract(true) => "a contract is signed beside the terms".into(),
        Event::OfflineContract(false) => "the contract beside the terms ends".into(),
        Event::NoticeGiven { by_operator: true } => "the operator gives notice".into(),
        Event::NoticeGiven { by_operator: false } => "the customer gives notice".into(),
        Event::BreachNotified { .. } => "the customer is told of a breach".into(),
        Event::BreachCured => "the breach is put right".into(),
        Event::EndedForBreach => "staff end the contract for the breach".into(),
        Event::Confirmed { rule } => format!("staff confirm {rule}"),
        Event::Refunded => "what is owed is paid back".into(),
        Event::ReminderBounced { rule } => format!("the reminder of {rule} comes back"),
        Event::Done(step) => done(step),
    }
}

const fn act(action: Action) -> &'static str {
    match action {
        Action::ForfeitBalance => "the balance is forfeited",
        Action::DeleteAccount => "the account is deleted",
        Action::RecycleAccount => "the account is taken back",
        Action::DisposePackage => "what is left of packages is forfeited",
        Action::ReviewForTermination => "staff decide whether the contract ends",
        Action::StopService => "the service stops",
    }
}

fn done(step: &Step) -> String {
    match step {
        Step::Remind { before, action, .. } => format!("a reminder goes out: in {before} {}", act(*action)),
        Step::AwaitConfirmation { action, .. } => format!("staff may have it that {}", act(*action)),
        Step::Act { action, .. } => act(*action).into(),
        Step::LotEnds { lot } => format!("lot {} ends", lot + 1),
        Step::StopForStaleRegistration => "the service stops: registration data are not up to date".into(),
        Step::MayEndForBreach => "the breach was not put right: staff may end the contract".into(),
        Step::ContractEnds => "the contract ends".into(),
        Step::RefundDeadline => "what is owed must have been paid back".into(),
    }
}

fn lots(account: &Account) -> Vec<Value> {
    let money = |lot: &decide::terms::account::Lot, micros: i64| Money::new(micros, lot.unit).to_string();
    let lots = account.lots.iter().map(|lot| {
        json!({
            "lot": lot.number + 1,
            "granted": money(lot, lot.granted),
            "spent": money(lot, lot.spent),
            "refunded": money(lot, lot.refunded),
            "expired": money(lot, lot.expired),
            "forfeited": money(lot, lot.forfeited),
            "left": money(lot, lot.remaining),
        })
    });
    lots.collect()
}

fn text(timeline: &[Value], account: &Account) -> anyhow::Result<String> {
    let mut text = String::new();
    let word = |row: &Value, name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    for row in timeline {
        let why = match (word(row, "rule"), word(row, "cite")) {
            (rule, cite) if rule.is_empty() && cite.is_empty() => String::new(),
            (rule, cite) => format!("  [{}]", [rule, cite].join(" ").trim()),
        };
        writeln!(text, "{}  {}{why}", word(row, "date"), word(row, "what"))?;
    }
    for lot in lots(account) {
        writeln!(
            text,
            "lot {}: {} granted, {} spent, {} refunded, {} expired, {} forfeited, {} left",
            lot.get("lot").and_then(Value::as_u64).unwrap_or_default(),
            word(&lot, "granted"),
            word(&lot, "spent"),
            word(&lot, "refunded"),
            word(&lot, "expired"),
            word(&lot, "forfeited"),
            word(&lot, "left"),
        )?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::profile;
    use super::{play, text};

    #[test]
    fn a_scenario_becomes_a_timeline() {
        let profiles = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../profiles");
        let policy = profile::compile(&profiles.join("reseller.toml")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scenario.toml");
        let scenario = "opened = \"2026-01-01\"\nuntil = \"2028-12-31\"\n\
                        [[event]]\nat = \"2026-01-15\"\nwhat = \"top_up\"\namount = \"2000 sms\"\n\
                        [[event]]\nat = \"2026-12-01\"\nwhat = \"top_up\"\namount = \"900 sms\"\n";
        std::fs::write(&path, scenario).unwrap();
        let (timeline, account) = play(&policy, &path).unwrap();
        let text = text(&timeline, &account).unwrap();
        let expected = "2026-01-01  the account is opened\n\
                        2026-01-15  2000.00 SMS come in\n\
                        2026-12-01  900.00 SMS come in\n\
                        2027-01-15  lot 1 ends  [CR-E5]\n\
                        2027-12-01  lot 2 ends  [CR-E5]\n\
                        lot 1: 2000.00 SMS granted, 0.00 SMS spent, 0.00 SMS refunded, 2000.00 SMS expired, 0.00 SMS \
                        forfeited, 0.00 SMS left\n\
                        lot 2: 900.00 SMS granted, 0.00 SMS spent, 0.00 SMS refunded, 900.00 SMS expired, 0.00 SMS \
                        forfeited, 0.00 SMS left\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_scenario_that_makes_no_sense_is_refused_by_its_event() {
        let profiles = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../profiles");
        let policy = profile::compile(&profiles.join("sandbox.toml")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scenario.toml");
        let cases = [
            ("at = \"2025-01-01\"\nwhat = \"sign_in\"", "event 1 is before"),
            ("at = \"2026-02-01\"\nwhat = \"top_up\"", "event 1"),
            ("at = \"2026-02-01\"\nwhat = \"dance\"", "line 5"),
            ("at = \"soon\"\nwhat = \"sign_in\"", "\"soon\" is no time"),
        ];
        for (event, expected) in cases {
            let scenario = format!("opened = \"2026-01-01\"\nuntil = \"2027-12-31\"\n[[event]]\n{event}\n");
            std::fs::write(&path, scenario).unwrap();
            let error = format!("{:#}", play(&policy, &path).unwrap_err());
            assert!(error.contains(expected), "{event}: {error}");
        }
    }
}
