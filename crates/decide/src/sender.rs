//! Whether an account may use a sender: where the operator wants senders approved, it needs an identity that
//! was approved for the country. Start at [`check`].

use std::collections::BTreeMap;

use types::address::{Address, Msisdn};
use types::catalog::SenderRule;
use types::network::Country;
use types::refusal::{Refusal, RefusalCode};
use types::resource::ReviewState;

/// An identity of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The sender: a name, a number or a short code.
    pub sender: String,
    /// Whether it may be used.
    pub state: ReviewState,
    /// For which countries; empty for all.
    pub countries: Vec<Country>,
}

/// Where senders need to be approved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SenderRules {
    by_country: BTreeMap<Country, bool>,
    elsewhere: bool,
}

impl SenderRules {
    /// The rules of a document.
    ///
    /// # Errors
    /// What is wrong with them, for the operator to read.
    pub fn compile(rules: &[SenderRule]) -> Result<Self, String> {
        let mut compiled = Self::default();
        let mut is_stated = false;
        for rule in rules {
            let Some(countries) = &rule.country else {
                if is_stated {
                    return Err("two rules for senders name no country".to_owned());
                }
                is_stated = true;
                compiled.elsewhere = rule.approved_only;
                continue;
            };
            for text in countries.values() {
                let country = Country::parse(text)
                    .ok_or_else(|| format!("country {text:?} of a rule for senders must be two letters"))?;
                if compiled.by_country.insert(country, rule.approved_only).is_some() {
                    return Err(format!("two rules for senders name the country {country}"));
                }
            }
        }
        Ok(compiled)
    }

    /// Whether no sender needs to be approved anywhere.
    pub fn are_none(&self) -> bool {
        !self.elsewhere && self.by_country.values().all(|needs| !needs)
    }

    /// Whether a sender needs to be approved for messages to a country.
    pub fn need_approval(&self, country: Country) -> bool {
        self.by_country.get(&country).copied().unwrap_or(self.elsewhere)
    }
}

/// Says why an account may not use a sender for a country, if it may not.
///
/// # Errors
/// `sender_not_approved`.
pub fn check(
    rules: &SenderRules,
    identities: &[Identity],
    country: Country,
    from: &Address,
) -> Result<(), Refusal> {
    if !rules.need_approval(country) {
        return Ok(());
    }
    let text = from.text();
    let own = |identity: &&Identity| is_same(&identity.sender, &text);
    let is_meant =
        |identity: &&Identity| identity.countries.is_empty() || identity.countries.contains(&country);
    let detail = match identities.iter().find(own) {
        None => "senders to this country need to be approved, and the account has not asked for this one",
        Some(identity) => match identity.state {
            ReviewState::Approved if is_meant(&identity) => return Ok(()),
            ReviewState::Approved => "the sender was approved for other countries",
            ReviewState::Pending | ReviewState::Draft => "the sender waits for the operator's approval",
            ReviewState::Rejected => "the operator has rejected the sender",
            ReviewState::Revoked => "the operator has taken its approval of the sender back",
        },
    };
    Err(Refusal::new(RefusalCode::SenderNotApproved, detail).at("from"))
}

/// Whether two senders are one: numbers by their digits, names whatever their case.
pub fn is_same(one: &str, other: &str) -> bool {
    normal(one) == normal(other)
}

/// A sender as it is compared: a number by its digits, a name in lower case.
pub fn normal(sender: &str) -> String {
    let number = Address::from_text(sender).msisdn();
    number.map_or_else(|| sender.strip_prefix('+').unwrap_or(sender).to_ascii_lowercase(), Msisdn::digits)
}

#[cfg(test)]
mod tests {
    use types::address::Address;
    use types::catalog::{OneOrMany, SenderRule};
    use types::network::Country;
    use types::resource::ReviewState;

    use super::{Identity, SenderRules, check};

    fn country(text: &str) -> Country {
        Country::parse(text).unwrap()
    }

    fn rule(country: Option<&str>, approved_only: bool) -> SenderRule {
        SenderRule { country: country.map(|text| OneOrMany::One(text.to_owned())), approved_only }
    }

    fn identity(sender: &str, state: ReviewState, countries: &[&str]) -> Identity {
        let countries = countries.iter().map(|text| country(text)).collect();
        Identity { sender: sender.to_owned(), state, countries }
    }

    #[test]
    fn a_sender_is_approved_where_that_is_needed() {
        let rules = SenderRules::compile(&[rule(Some("GB"), true), rule(Some("be"), false)]).unwrap();
        let all = SenderRules::compile(&[rule(None, true), rule(Some("BE"), false)]).unwrap();
        let own = [
            identity("ACME", ReviewState::Approved, &[]),
            identity("Shop", ReviewState::Approved, &["FR"]),
            identity("New", ReviewState::Pending, &[]),
            identity("Bad", ReviewState::Rejected, &[]),
            identity("Old", ReviewState::Revoked, &[]),
            identity("447400999000", ReviewState::Approved, &["GB"]),
        ];
        let cases = [
            (&rules, "GB", "ACME", None),
            (&rules, "GB", "acme", None),
            (&rules, "GB", "+44 7400 999 000", None),
            (&rules, "GB", "Shop", Some("other countries")),
            (&rules, "GB", "New", Some("waits")),
            (&rules, "GB", "Bad", Some("rejected")),
            (&rules, "GB", "Old", Some("taken its approval")),
            (&rules, "GB", "Other", Some("has not asked")),
            (&rules, "GB", "ACME2", Some("has not asked")),
            (&rules, "BE", "Other", None),
            (&rules, "FR", "Other", None),
            (&all, "FR", "Shop", None),
            (&all, "FR", "Other", Some("has not asked")),
            (&all, "BE", "Other", None),
            (&all, "ZZ", "447400999000", Some("other countries")),
        ];
        for (rules, to, from, expected) in cases {
            let outcome = check(rules, &own, country(to), &Address::from_text(from));
            let detail = outcome.err().map(|refusal| refusal.detail);
            assert_eq!(detail.is_some(), expected.is_some(), "{to} {from} {detail:?}");
            assert!(detail.unwrap_or_default().contains(expected.unwrap_or("")), "{to} {from}");
        }
    }

    #[test]
    fn rules_that_disagree_do_not_compile() {
        assert!(SenderRules::compile(&[]).unwrap().are_none());
        assert!(SenderRules::compile(&[rule(Some("GB"), false)]).unwrap().are_none());
        assert!(!SenderRules::compile(&[rule(None, true)]).unwrap().are_none());
        for rules in [
            [rule(None, true), rule(None, false)],
            [rule(Some("GB"), true), rule(Some("gb"), true)],
            [rule(Some("GB"), true), rule(Some("GBR"), true)],
        ] {
            assert!(SenderRules::compile(&rules).is_err(), "{rules:?}");
        }
    }
}
