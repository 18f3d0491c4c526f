//! The operators' terms against tables computed by hand, and against chance.

mod chance;
mod worked;

use std::sync::Arc;

use types::profile::Profile;
use types::time::Timestamp;

use super::policy::Policy;

/// The profiles of the repository.
pub(super) const PROFILES: [(&str, &str); 5] = [
    ("paasoo", include_str!("../../../../profiles/paasoo.toml")),
    ("reseller", include_str!("../../../../profiles/reseller.toml")),
    ("smstools", include_str!("../../../../profiles/smstools.toml")),
    ("openplatform", include_str!("../../../../profiles/openplatform.toml")),
    ("sandbox", include_str!("../../../../profiles/sandbox.toml")),
];

pub(super) fn profile(name: &str) -> Profile {
    let (_, text) = PROFILES.iter().find(|(known, _)| *known == name).unwrap();
    toml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub(super) fn policy(name: &str) -> Policy {
    Policy::compile(Arc::new(profile(name))).unwrap_or_else(|wrong| panic!("{name}: {wrong:?}"))
}

/// A moment of a day, written as `2026-11-22` (noon) or with its time.
pub(super) fn at(text: &str) -> Timestamp {
    let full = if text.contains('T') { text.to_owned() } else { format!("{text}T04:00:00Z") };
    Timestamp::parse_rfc3339(&full).unwrap()
}

#[test]
fn every_profile_of_the_repository_can_be_used() {
    for (name, _) in PROFILES {
        policy(name);
    }
}
