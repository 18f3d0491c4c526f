//! The keys of a profile as a flat table: what it states, what of it is carried out, and what kind of change
//! another value is.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Profile;
use crate::span::Span;

/// Keys, or beginnings of keys that end in a dot, whose policy this version carries out. Everything else may be
/// stated, looked at and simulated, and is refused by whoever would have to keep it.
const BUILT: [&str; 9] = [
    "schema",
    "cites.",
    "operator.brand",
    "operator.region",
    "charging.mode",
    "charging.trigger",
    "charging.evidence",
    "money.allow_negative",
    "queue.",
];

/// What a change of a key is to a customer, by the longest beginning of the key.
const CLASSES: [(&str, ChangeClass); 29] = [
    ("", ChangeClass::Terms),
    ("cites.", ChangeClass::Internal),
    ("schema", ChangeClass::Internal),
    ("queue.", ChangeClass::Internal),
    ("operator.", ChangeClass::Terms),
    ("operator.brand", ChangeClass::Internal),
    ("operator.domains", ChangeClass::Internal),
    ("operator.region", ChangeClass::Internal),
    ("legal_entity", ChangeClass::Terms),
    ("charging.", ChangeClass::Price),
    ("charging.dispute", ChangeClass::Terms),
    ("charging.low_balance", ChangeClass::Terms),
    ("money.", ChangeClass::Price),
    ("money.price_scale", ChangeClass::Internal),
    ("fx.", ChangeClass::Price),
    ("tax.", ChangeClass::Price),
    ("topup.", ChangeClass::Price),
    ("penalties.", ChangeClass::Price),
    ("voice.", ChangeClass::Terms),
    ("channels.", ChangeClass::Specification),
    ("channels.traffic_classes", ChangeClass::Terms),
    ("capabilities.", ChangeClass::Specification),
    ("applications.", ChangeClass::Terms),
    ("support.", ChangeClass::Internal),
    ("reports.", ChangeClass::Internal),
    ("storefront.", ChangeClass::Internal),
    ("invoice.", ChangeClass::Internal),
    ("subprocessor", ChangeClass::Terms),
    ("calendar.", ChangeClass::Internal),
];

/// What a change is to a customer, which says how long before it must be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeClass {
    /// It is the operator's own affair.
    Internal,
    /// Technical specifications change.
    Specification,
    /// The terms change.
    Terms,
    /// It costs something else.
    Price,
}

/// The class of a change of this key.
pub fn class_of(key: &str) -> ChangeClass {
    let fitting = CLASSES.iter().filter(|(beginning, _)| key.starts_with(beginning));
    fitting.max_by_key(|(beginning, _)| beginning.len()).map_or(ChangeClass::Terms, |(_, class)| *class)
}

/// Every key of a profile with its value, absent ones with what they mean. Items of lists are numbered from 1;
/// life-cycle rules, legal entities and retention periods are named by themselves.
pub fn flat(profile: &Profile) -> BTreeMap<String, Value> {
    let mut keys = BTreeMap::new();
    if let Ok(value) = serde_json::to_value(profile) {
        flatten(String::new(), &value, &mut keys);
    }
    keys
}

fn flatten(path: String, value: &Value, keys: &mut BTreeMap<String, Value>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                flatten(below(name), value, keys);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (place, item) in items.iter().enumerate() {
                let name = ["id", "class", "host", "name"].iter().find_map(|name| item.get(name)?.as_str());
                let name = name.map_or_else(|| (place + 1).to_string(), str::to_owned);
                flatten(format!("{path}[{name}]"), item, keys);
            }
        }
        Value::Null => {}
        value => {
            keys.insert(path, value.clone());
        }
    }
}

/// Every span of working days that a profile states, with its key: each needs a calendar.
pub fn working_day_spans(profile: &Profile) -> Vec<(String, Span)> {
    let mut found = Vec::new();
    for (key, value) in flat(profile) {
        let texts: Vec<&str> = match &value {
            Value::String(text) => vec![text],
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
        };
        let spans = texts.into_iter().filter_map(|text| text.parse::<Span>().ok());
        found.extend(spans.filter(|span| span.calendar().is_some()).map(|span| (key.clone(), span)));
    }
    found
}

/// Keys whose value differs between two profiles, in order.
pub fn changed(old: &Profile, new: &Profile) -> Vec<(String, Option<Value>, Option<Value>)> {
    let (old, new) = (flat(old), flat(new));
    let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let both = keys.into_iter().map(|key| (key.clone(), old.get(key).cloned(), new.get(key).cloned()));
    both.filter(|(_, old, new)| old != new).collect()
}

impl Profile {
    /// Keys that state a policy which this version does not carry out, with what they would have to be instead.
    /// A profile that promises more than is done is refused by whoever would have to keep it.
    pub fn not_built(&self) -> Vec<(String, String)> {
        let built = |key: &str| {
            BUILT.iter().any(|built| key == *built || (built.ends_with('.') && key.starts_with(built)))
        };
        let instead =
            |value: Option<Value>| value.map_or_else(|| "absent".to_owned(), |value| value.to_string());
        let stated = changed(&Self::default(), self).into_iter();
        stated.filter(|(key, _, _)| !built(key)).map(|(key, usual, _)| (key, instead(usual))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::time::{Action, AnchorKey, Mode};
    use crate::profile::{LifecycleRule, TriggerKey, Window};

    fn rule() -> LifecycleRule {
        LifecycleRule {
            id: "idle".into(),
            cite: None,
            anchor: AnchorKey::LastLogin,
            fallback_anchor: None,
            after: Window::None,
            requires: None,
            unless: None,
            remind: Vec::new(),
            action: Action::StopService,
            mode: Mode::Automatic,
            forfeiture_counts_as_used: true,
        }
    }

    #[test]
    fn a_profile_of_defaults_promises_nothing_that_is_not_done() {
        assert!(Profile::default().not_built().is_empty());
    }

    #[test]
    fn what_is_stated_and_not_done_is_named_by_its_key() {
        let mut profile = Profile::default();
        profile.operator.timezone = "Asia/Hong_Kong".into();
        profile.lifecycle.rule.push(rule());
        profile.charging.trigger = TriggerKey::OnDelivery;
        let named: Vec<String> = profile.not_built().into_iter().map(|(key, _)| key).collect();
        assert!(named.contains(&"operator.timezone".to_owned()), "{named:?}");
        assert!(named.contains(&"lifecycle.rule[idle].anchor".to_owned()), "{named:?}");
        assert!(!named.iter().any(|key| key.starts_with("charging")), "{named:?}");
    }

    #[test]
    fn the_class_of_a_change_goes_by_the_longest_beginning() {
        let cases = [
            ("charging.trigger", ChangeClass::Price),
            ("charging.dispute.default", ChangeClass::Terms),
            ("queue.messages", ChangeClass::Internal),
            ("channels.enabled", ChangeClass::Specification),
            ("refund.within", ChangeClass::Terms),
            ("lifecycle.rule[idle].after", ChangeClass::Terms),
        ];
        for (key, class) in cases {
            assert_eq!(class_of(key), class, "{key}");
        }
    }
}
