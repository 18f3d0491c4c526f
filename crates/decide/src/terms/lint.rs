//! What is wrong with a profile, or doubtful: calendars and zones that do not exist, rules that contradict each
//! other, and wishes that the law does not grant.

use std::collections::BTreeSet;

use types::profile::contract::Demand;
use types::profile::data::{AnalyticsScope, AtEnd, DataClass, SetBy};
use types::profile::keys;
use types::profile::time::{DataAtEnd, LifecycleRule, Mode};
use types::profile::{Action, Profile};
use types::span::Span;

use super::calendar::{self, Zone};

/// Years that accounting records are kept wherever the terms are executed; the law of most places asks for
/// seven or more.
const ACCOUNTING_YEARS_MIN: u32 = 7;
/// Countries whose endpoints put data under the law of the European Union.
const EU: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT",
    "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Somebody has to sign for it.
    Warning,
    /// The profile cannot be used.
    Error,
}

/// Something that is wrong or doubtful.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The key.
    pub key: String,
    /// What is the matter, and what to do.
    pub text: String,
}

/// Everything that is wrong or doubtful, errors first, then by key.
pub fn lint(profile: &Profile) -> Vec<Finding> {
    let mut found = Findings(Vec::new());
    zone_and_calendars(profile, &mut found);
    rules(profile, &mut found);
    entities(profile, &mut found);
    renewals(profile, &mut found);
    money(profile, &mut found);
    floors(profile, &mut found);
    cites(profile, &mut found);
    let mut found = found.0;
    found.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.key.cmp(&b.key)));
    found
}

struct Findings(Vec<Finding>);

impl Findings {
    fn error(&mut self, key: impl Into<String>, text: impl Into<String>) {
        self.0.push(Finding { severity: Severity::Error, key: key.into(), text: text.into() });
    }

    fn warning(&mut self, key: impl Into<String>, text: impl Into<String>) {
        self.0.push(Finding { severity: Severity::Warning, key: key.into(), text: text.into() });
    }
}

fn zone_and_calendars(profile: &Profile, found: &mut Findings) {
    if let Err(error) = Zone::parse(&profile.operator.timezone) {
        found.error("operator.timezone", error.to_string());
    }
    for (key, span) in keys::working_day_spans(profile) {
        if let Err(error) = calendar::check(&span) {
            found.error(key, error.to_string());
        }
    }
}

fn rules(profile: &Profile, found: &mut Findings) {
    let mut names = BTreeSet::new();
    for rule in &profile.lifecycle.rule {
        let key = |name: &str| format!("lifecycle.rule[{}].{name}", rule.id);
        if !names.insert(rule.id.as_str()) {
            found.error(key("id"), "two rules have this name; each needs its own");
        }
        if rule.after.span().is_some_and(Span::is_zero) {
            found.error(
                key("after"),
                "a rule that acts at once is no rule of time; write \"unset\" to keep it off",
            );
        }
        if !longest_first(&rule.remind) {
            found.error(key("remind"), "reminders are listed with the longest first, and none twice");
        }
        if let (Some(after), Some(first)) = (rule.after.span(), rule.remind.first())
            && first.days_at_least() >= after.days_at_least()
        {
            found.error(key("remind"), format!("the reminder {first} before does not fit into {after}"));
        }
        if takes_without_a_word(rule) {
            found.warning(
                key("remind"),
                "something is taken from customers without a reminder; list some, or have staff confirm",
            );
        }
    }
}

fn longest_first(spans: &[Span]) -> bool {
    spans.windows(2).all(|pair| matches!(pair, [a, b] if a.days_at_least() > b.days_at_least()))
}

fn takes_without_a_word(rule: &LifecycleRule) -> bool {
    // Somebody who never paid loses nothing by the deletion of an empty account.
    let takes = rule.action.is_destructive() && rule.action != Action::DeleteAccount;
    takes && rule.remind.is_empty() && rule.mode == Mode::Automatic && rule.after.span().is_some()
}

fn entities(profile: &Profile, found: &mut Findings) {
    let mut names = BTreeSet::new();
    let mut answered = Vec::new();
    for entity in &profile.legal_entity {
        let key = |name: &str| format!("legal_entity[{}].{name}", entity.id);
        if !names.insert(entity.id.as_str()) {
            found.error(key("id"), "two legal entities have this name; each needs its own");
        }
        for part in &entity.answers_for {
            if answered.contains(part) {
                found.error(
                    key("for"),
                    "two legal entities answer for the same; customers must know who does",
                );
            }
            answered.push(*part);
        }
    }
    if let Some(domain) = profile.operator.domains.iter().find(|domain| domain.trim().is_empty()) {
        found.error("operator.domains", format!("{domain:?} is no host name"));
    }
}

fn renewals(profile: &Profile, found: &mut Findings) {
    let of_all = ("lots".to_owned(), &profile.lots.expires, &profile.lots.renewal);
    let of_units = profile.lots.unit.iter();
    let of_units =
        of_units.map(|(name, terms)| (format!("lots.unit.{name}"), &terms.expires, &terms.renewal));
    for (key, expires, renewal) in std::iter::once(of_all).chain(of_units) {
        let Some(renewal) = renewal else { continue };
        if expires.span().is_none() {
            found.error(format!("{key}.renewal"), "what never expires needs no renewal");
        }
        if renewal.when_topup_at_least.is_empty() {
            found.error(format!("{key}.renewal.when_topup_at_least"), "no top-up would ever be large enough");
        }
        let mut units = BTreeSet::new();
        if !renewal.when_topup_at_least.iter().all(|least| units.insert(least.unit)) {
            found.error(format!("{key}.renewal.when_topup_at_least"), "a unit is listed twice");
        }
    }
}

fn money(profile: &Profile, found: &mut Findings) {
    if !(2..=6).contains(&profile.money.price_scale) {
        found.error("money.price_scale", "prices are shown with 2 to 6 decimals");
    }
    let refund = &profile.refund;
    if refund.on.is_empty() && (refund.within.is_some() || refund.amount.is_some()) {
        found.error("refund.on", "a refund is described that nothing gives a right to; name a cause");
    }
    if !refund.on.is_empty() && refund.amount.is_none() {
        found.error("refund.amount", "say how much is paid back: full_balance or sms_package_balance");
    }
    let warnings = &profile.charging.low_balance.warn_at;
    if !warnings.windows(2).all(|pair| matches!(pair, [a, b] if a > b)) {
        found.error("charging.low_balance.warn_at", "list the highest first, and none twice");
    }
}

/// What the law asks for, whatever an operator wants.
fn floors(profile: &Profile, found: &mut Findings) {
    let serves_eu = profile.residency.endpoint.iter().any(|endpoint| EU.contains(&endpoint.region.as_str()))
        || profile.legal_entity.iter().any(|entity| EU.contains(&entity.country.as_str()));
    for retention in &profile.retention {
        let key = |name: &str| format!("retention[{}].{name}", class_name(retention.class));
        if retention.class == DataClass::Accounting {
            let years = retention
                .keep
                .as_ref()
                .or(retention.max.as_ref())
                .map_or(0, |span| span.days_at_least() / 365);
            if years < ACCOUNTING_YEARS_MIN {
                let text = format!("accounting records are kept {ACCOUNTING_YEARS_MIN} years at least");
                found.error(key("keep"), text);
            }
        }
        if retention.max.is_none() && retention.keep.is_none() && retention.set_by == SetBy::Operator {
            found.error(key("max"), "no class of data is kept without an end; give max, keep or set_by");
        }
        if let (Some(keep), Some(max)) = (&retention.keep, &retention.max)
            && keep.days_at_least() > max.days_at_least()
        {
            found.error(key("max"), format!("they are kept at least {keep} and at most {max}"));
        }
        if retention.then == AtEnd::Anonymise && retention.class == DataClass::MessageContent {
            found.error(key("then"), "a text cannot be made anonymous; it is deleted");
        }
    }
    match profile.termination.data {
        DataAtEnd::Retention => {}
        DataAtEnd::DeleteNow => found.warning(
            "termination.data",
            "everything is deleted at the end of the contract, except accounting records, which the law keeps",
        ),
        DataAtEnd::OperatorChoice if serves_eu => found.error(
            "termination.data",
            "where persons in the European Union are served, data have an end of their own; write \"retention\"",
        ),
        DataAtEnd::OperatorChoice => {
            found.warning("termination.data", "customers cannot know what becomes of their data");
        }
    }
    if profile.analytics.scope == AnalyticsScope::Full {
        let text = "all data are analysed, those of persons too";
        if serves_eu {
            found.error(
                "analytics.scope",
                format!("{text}; in the European Union that needs a basis of its own"),
            );
        } else {
            found.warning("analytics.scope", text);
        }
    }
    let notice = &profile.notices.price_change;
    if notice.is_zero() {
        found.warning(
            "notices.price_change",
            "prices change without notice; consumers may not be bound by that",
        );
    }
    if profile.registration.real_name == Demand::Optional {
        found.error("registration.real_name", "a real name is either asked for or not: required or none");
    }
}

const fn class_name(class: DataClass) -> &'static str {
    match class {
        DataClass::DeviceAndCookies => "device_and_cookies",
        DataClass::Accounting => "accounting",
        DataClass::MessageContent => "message_content",
        DataClass::EndUserNumber => "end_user_number",
        DataClass::AccountData => "account_data",
        DataClass::Recording => "recording",
    }
}

fn cites(profile: &Profile, found: &mut Findings) {
    let stated = keys::flat(profile);
    for key in profile.cites.keys() {
        let is_key = stated.contains_key(key);
        let below = format!("{key}.");
        let numbered = format!("{key}[");
        let is_section = stated.keys().any(|known| known.starts_with(&below) || known.starts_with(&numbered));
        if !is_key && !is_section {
            found.error(format!("cites.\"{key}\""), "the profile states no such key");
        }
    }
}
