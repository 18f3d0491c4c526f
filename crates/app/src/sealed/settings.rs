//! The plain form of what is sealed with a credential and with an endpoint: secrets, and what their
//! owner has set beside them.
//!
//! Both are lists of texts that grow at their end, so that every version reads what an earlier one
//! wrote. It seals nothing itself. Start at [`KeySettings`].

use types::Sensitive;
use types::access::{AddressRange, KeyScopes};
use types::account::{Endpoint, EndpointKind, OldSecret};
use types::event::EventTypes;
use types::id::{AccountId, EndpointId};
use types::time::Timestamp;

use super::{read_texts, write_texts};

/// What a credential is and may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeySettings {
    pub(crate) secret: Sensitive<String>,
    pub(crate) old_secret: Option<OldSecret>,
    /// What its owner calls it.
    pub(crate) label: String,
    pub(crate) scopes: KeyScopes,
    /// From where it may be used; empty for everywhere.
    pub(crate) ranges: Vec<AddressRange>,
    pub(crate) expires_at: Option<Timestamp>,
    /// When it was used last, to the hour.
    pub(crate) used_at: Option<Timestamp>,
}

impl KeySettings {
    /// One that may do what is usual, from everywhere, for ever.
    pub(crate) const fn unlimited(secret: Sensitive<String>) -> Self {
        Self {
            secret,
            old_secret: None,
            label: String::new(),
            scopes: KeyScopes::USUAL,
            ranges: Vec::new(),
            expires_at: None,
            used_at: None,
        }
    }
}

/// Writes what is sealed of a credential.
pub(crate) fn write_key(settings: &KeySettings) -> Vec<u8> {
    let ranges: Vec<String> = settings.ranges.iter().map(ToString::to_string).collect();
    let (old_secret, old_until) = old_texts(settings.old_secret.as_ref());
    write_texts(&[
        settings.secret.expose(),
        &settings.label,
        &settings.scopes.bits().to_string(),
        &ranges.join(","),
        &time_text(settings.expires_at),
        &time_text(settings.used_at),
        &old_secret,
        &old_until,
    ])
}

/// Reads what is sealed of a credential; `None` for what no version wrote. The first one wrote the secret
/// alone.
pub(crate) fn read_key(octets: &[u8]) -> Option<KeySettings> {
    let [secret] = read_texts::<1>(octets)?;
    let Some([_, label, scopes, ranges, expires, used, old_secret, old_until]) = read_texts::<8>(octets)
    else {
        return Some(KeySettings::unlimited(secret.into()));
    };
    let ranges = ranges.split(',').filter(|text| !text.is_empty()).map(AddressRange::parse);
    Some(KeySettings {
        secret: secret.into(),
        old_secret: old_of(old_secret, &old_until),
        label,
        scopes: KeyScopes::from_bits(scopes.parse().ok()?)?,
        ranges: ranges.collect::<Option<_>>()?,
        expires_at: time_of(&expires),
        used_at: time_of(&used),
    })
}

/// Writes what is sealed of an endpoint.
pub(crate) fn write_endpoint(endpoint: &Endpoint) -> Vec<u8> {
    let marks: String = [(endpoint.standing, 's'), (endpoint.removed, 'r')]
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, mark)| mark)
        .collect();
    let (old_secret, old_until) = old_texts(endpoint.old_secret.as_ref());
    write_texts(&[
        endpoint.url.expose(),
        endpoint.secret.expose(),
        &endpoint.description,
        &endpoint.wants.bits().to_string(),
        &marks,
        &old_secret,
        &old_until,
    ])
}

/// An endpoint as its row says it beside what is sealed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndpointFacts {
    pub(crate) id: EndpointId,
    pub(crate) account: AccountId,
    pub(crate) kind: EndpointKind,
    pub(crate) disabled: bool,
}

/// Reads what is sealed of an endpoint; `None` for what no version wrote. The first one wrote address and
/// secret alone.
pub(crate) fn read_endpoint(facts: EndpointFacts, octets: &[u8]) -> Option<Endpoint> {
    let EndpointFacts { id, account, kind, disabled } = facts;
    let [url, secret] = read_texts::<2>(octets)?;
    let more = read_texts::<7>(octets);
    let [_, _, description, wants, marks, old_secret, old_until] = more.unwrap_or_default();
    let wants = if wants.is_empty() { EventTypes::ALL } else { EventTypes::from_bits(wants.parse().ok()?) };
    Some(Endpoint {
        id,
        account,
        kind,
        url: url.into(),
        secret: secret.into(),
        old_secret: old_of(old_secret, &old_until),
        description,
        wants,
        standing: marks.contains('s'),
        disabled,
        removed: marks.contains('r'),
    })
}

/// A time as a text; empty for none.
fn time_text(time: Option<Timestamp>) -> String {
    time.map(|time| time.as_ms().to_string()).unwrap_or_default()
}

fn time_of(text: &str) -> Option<Timestamp> {
    text.parse().ok().map(Timestamp::from_ms)
}

fn old_texts(old: Option<&OldSecret>) -> (String, String) {
    old.map_or_else(Default::default, |old| (old.secret.expose().clone(), time_text(Some(old.until))))
}

fn old_of(secret: String, until: &str) -> Option<OldSecret> {
    time_of(until).map(|until| OldSecret { secret: secret.into(), until })
}

#[cfg(test)]
mod tests {
    use types::access::{AddressRange, KeyScope, KeyScopes};
    use types::account::{Endpoint, EndpointKind, OldSecret};
    use types::event::{EventType, EventTypes};
    use types::id::{AccountId, EndpointId};
    use types::time::Timestamp;

    use super::{EndpointFacts, KeySettings, read_endpoint, read_key, write_endpoint, write_key};
    use crate::sealed::write_texts;

    fn old() -> OldSecret {
        OldSecret { secret: "before".to_owned().into(), until: Timestamp::from_ms(7) }
    }

    #[test]
    fn a_key_leads_back_and_an_early_one_may_do_everything() {
        let plain = KeySettings::unlimited("word".to_owned().into());
        assert_eq!(read_key(&write_texts(&["word"])), Some(plain.clone()));
        let full = KeySettings {
            old_secret: Some(old()),
            label: "shop, \u{1f3ea}".to_owned(),
            scopes: KeyScopes::NONE.with(KeyScope::Read),
            ranges: vec![AddressRange::parse("10.0.0.0/8").unwrap(), AddressRange::parse("::1").unwrap()],
            expires_at: Some(Timestamp::from_ms(-5)),
            used_at: Some(Timestamp::from_ms(9)),
            ..plain.clone()
        };
        for settings in [plain, full] {
            assert_eq!(read_key(&write_key(&settings)), Some(settings));
        }
        assert_eq!(read_key(&[]), None);
        assert_eq!(read_key(&write_texts(&["word", "", "99", "", "", "", "", ""])), None);
        assert_eq!(read_key(&write_texts(&["word", "", "7", "x", "", "", "", ""])), None);
    }

    #[test]
    fn an_endpoint_leads_back_and_an_early_one_wants_everything() {
        let facts = EndpointFacts {
            id: EndpointId(3),
            account: AccountId(7),
            kind: EndpointKind::Webhook,
            disabled: true,
        };
        let early = read_endpoint(facts, &write_texts(&["https://a.example/", "whsec_"])).unwrap();
        assert_eq!((early.wants, early.standing, early.removed), (EventTypes::ALL, false, false));
        assert!(early.disabled && early.old_secret.is_none() && early.description.is_empty());
        let full = Endpoint {
            old_secret: Some(old()),
            description: "the shop".to_owned(),
            wants: [EventType::Inbound].into_iter().collect(),
            standing: true,
            removed: true,
            ..early.clone()
        };
        for endpoint in [early, full] {
            assert_eq!(read_endpoint(facts, &write_endpoint(&endpoint)), Some(endpoint));
        }
        assert_eq!(read_endpoint(facts, &write_texts(&["alone"])), None);
    }
}
