//! Which sender of a pool a message gets: a pure function of the pool, the recipient and the sender that the
//! recipient heard from before. Nothing is left to chance: a dry run names the sender that the message gets.
//!
//! Start at [`choose`].

use types::address::{Address, Msisdn};
use types::id::PoolId;
use types::network::Country;
use types::refusal::{Refusal, RefusalCode};
use types::resource::{ChosenBy, ReviewState};

use crate::numbering::country_of;
use crate::sender::{self, Identity, SenderRules};

/// Senders that a refusal names with what is wrong with each.
const NAMED_MAX: usize = 5;

/// Whether the account may use a sender of its pool at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Usable,
    /// The account has switched it off.
    Off,
    /// It is neither a sender nor a number of the account any more.
    NotOwn,
    /// It is a sender that the operator has not approved.
    Reviewed(ReviewState),
}

/// A sender of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The sender, as the account wrote it.
    pub sender: String,
    /// The country of a number.
    pub country: Option<Country>,
    /// Whether it may be used at all.
    pub standing: Standing,
    /// What spreads recipients over the senders: a number that follows from the sender alone.
    mark: u64,
}

impl Member {
    /// A sender with its standing.
    pub fn new(sender: &str, standing: Standing) -> Self {
        let country = Address::from_text(sender).msisdn().map(country_of);
        let normal = sender::normal(sender);
        let mark = normal.bytes().fold(0xcbf2_9ce4_8422_2325, |mark, octet| mixed(mark ^ u64::from(octet)));
        Self { sender: sender.to_owned(), country, standing, mark }
    }
}

/// A pool of senders as admission reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Its id.
    pub id: PoolId,
    /// Its name.
    pub name: String,
    /// Whether recipients keep the sender that they heard from before.
    pub is_sticky: bool,
    /// Whether numbers of the recipient's country go first.
    pub prefers_country: bool,
    /// The senders.
    pub members: Vec<Member>,
}

/// What admission knows of the pool that a message names.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// The pool.
    pub pool: &'a Pool,
    /// The sender from which the recipient heard last by this pool, if that is remembered.
    pub last: Option<&'a str>,
}

/// A sender that was chosen for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The sender.
    pub sender: Address,
    /// The pool.
    pub pool: PoolId,
    /// The name of the pool.
    pub pool_name: String,
    /// Why.
    pub why: ChosenBy,
}

/// Chooses the sender of a message: the one that the recipient heard from before, else one of its country, else
/// any; among several the one that this recipient always gets. A sender that cannot be used is passed over.
///
/// # Errors
/// `no_sender_left`, with what is wrong with each.
pub fn choose(
    choice: Choice<'_>,
    rules: &SenderRules,
    identities: &[Identity],
    country: Country,
    recipient: Msisdn,
) -> Result<Chosen, Refusal> {
    let Choice { pool, last } = choice;
    let verdicts = pool.members.iter().map(|member| (member, check(member, rules, identities, country)));
    let verdicts: Vec<_> = verdicts.collect();
    let usable = || verdicts.iter().filter(|(_, verdict)| verdict.is_ok()).map(|(member, _)| *member);
    let last = last.filter(|_| pool.is_sticky);
    let kept = last.and_then(|last| usable().find(|member| sender::is_same(&member.sender, last)));
    let own = || usable().filter(|member| pool.prefers_country && member.country == Some(country));
    let found = kept
        .map(|member| (member, ChosenBy::Memory))
        .or_else(|| own().max_by_key(|member| weight(member, recipient)).map(|own| (own, ChosenBy::Country)))
        .or_else(|| {
            usable().max_by_key(|member| weight(member, recipient)).map(|any| (any, ChosenBy::Spread))
        });
    let Some((member, why)) = found else { return Err(nobody(pool, &verdicts)) };
    Ok(Chosen {
        sender: Address::from_text(&member.sender),
        pool: pool.id,
        pool_name: pool.name.clone(),
        why,
    })
}

/// What is wrong with a member for a country, if anything is.
fn check(
    member: &Member,
    rules: &SenderRules,
    identities: &[Identity],
    country: Country,
) -> Result<(), String> {
    match member.standing {
        Standing::Usable => {
            let source = Address::from_text(&member.sender);
            sender::check(rules, identities, country, &source).map_err(|refusal| refusal.detail)
        }
        Standing::Off => Err("it is switched off".to_owned()),
        Standing::NotOwn => Err("it is no sender and no number of the account any more".to_owned()),
        Standing::Reviewed(state) => Err(format!("its review says {state}")),
    }
}

/// The refusal when no member is left.
fn nobody(pool: &Pool, verdicts: &[(&Member, Result<(), String>)]) -> Refusal {
    let name = &pool.name;
    let mut detail = if verdicts.is_empty() {
        format!("the pool {name} has no senders")
    } else {
        format!("no sender of the pool {name} can be used for this recipient")
    };
    for (place, (member, verdict)) in verdicts.iter().enumerate().take(NAMED_MAX) {
        let between = if place == 0 { ": " } else { "; " };
        let why = verdict.as_ref().err().map_or("", String::as_str);
        detail.push_str(&format!("{between}{}: {why}", member.sender));
    }
    if verdicts.len() > NAMED_MAX {
        detail.push_str("; and others");
    }
    Refusal::new(RefusalCode::NoSenderLeft, detail).at("pool")
}

/// How much a member is drawn to a recipient. Whoever is drawn most is chosen, so that each recipient has one
/// member of its own, and a member that comes or goes moves no recipient of the others (rendezvous hashing,
/// Thaler and Ravishankar, 1998).
fn weight(member: &Member, recipient: Msisdn) -> u64 {
    mixed(member.mark ^ mixed(recipient.as_u64()))
}

/// A number in which every bit of another counts (the finaliser of SplitMix64).
const fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use types::address::Msisdn;
    use types::catalog::{OneOrMany, SenderRule};
    use types::id::{PoolId, RowKey};
    use types::network::Country;
    use types::resource::{ChosenBy, ReviewState};

    use super::{Choice, Member, Pool, Standing, choose};
    use crate::sender::{Identity, SenderRules};

    fn country(text: &str) -> Country {
        Country::parse(text).unwrap()
    }

    fn pool(members: &[(&str, Standing)]) -> Pool {
        let members = members.iter().map(|(sender, standing)| Member::new(sender, *standing)).collect();
        let id = PoolId::new(RowKey::from_i64(5), 1);
        Pool { id, name: "shop".to_owned(), is_sticky: true, prefers_country: true, members }
    }

    fn picked(pool: &Pool, last: Option<&str>, to: &str) -> Result<(String, ChosenBy), String> {
        let recipient = Msisdn::parse(to).unwrap();
        let country = crate::numbering::country_of(recipient);
        let chosen = choose(Choice { pool, last }, &SenderRules::default(), &[], country, recipient);
        chosen.map(|chosen| (chosen.sender.text().into_owned(), chosen.why)).map_err(|refusal| refusal.detail)
    }

    const UK: &str = "447400123456";
    const BE: &str = "32470000001";

    #[test]
    fn who_was_heard_from_goes_before_the_country_and_that_before_all_others() {
        let all = [
            ("ACME", Standing::Usable),
            ("447400999000", Standing::Usable),
            ("32460000000", Standing::Usable),
            ("32460000009", Standing::Off),
        ];
        let mut pool = pool(&all);
        let cases = [
            (None, UK, ("447400999000", ChosenBy::Country)),
            (None, BE, ("32460000000", ChosenBy::Country)),
            (Some("acme"), BE, ("ACME", ChosenBy::Memory)),
            (Some("+32 460 00 00 00"), UK, ("32460000000", ChosenBy::Memory)),
            // What is switched off or in the pool no more is not kept.
            (Some("32460000009"), BE, ("32460000000", ChosenBy::Country)),
            (Some("Old"), UK, ("447400999000", ChosenBy::Country)),
        ];
        for (last, to, (sender, why)) in cases {
            assert_eq!(picked(&pool, last, to), Ok((sender.to_owned(), why)), "{last:?} {to}");
        }
        pool.is_sticky = false;
        assert_eq!(picked(&pool, Some("ACME"), UK).unwrap().1, ChosenBy::Country);
        pool.prefers_country = false;
        assert_eq!(picked(&pool, Some("ACME"), UK).unwrap().1, ChosenBy::Spread);
    }

    #[test]
    fn recipients_are_spread_evenly_and_stay_when_a_sender_comes() {
        let three = pool(&[
            ("447400999000", Standing::Usable),
            ("447400999001", Standing::Usable),
            ("447400999002", Standing::Usable),
        ]);
        let four = Pool {
            members: [three.members.clone(), vec![Member::new("447400999003", Standing::Usable)]].concat(),
            ..three.clone()
        };
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for number in 447_911_000_000_u64..447_911_003_000 {
            let to = number.to_string();
            let (before, why) = picked(&three, None, &to).unwrap();
            assert_eq!((picked(&three, None, &to), why), (Ok((before.clone(), why)), ChosenBy::Country));
            let (after, _) = picked(&four, None, &to).unwrap();
            assert!(after == before || after == "447400999003", "{before} {after}");
            *counts.entry(before).or_default() += 1;
        }
        assert!(counts.values().all(|count| (800..1_200).contains(count)), "{counts:?}");
    }

    #[test]
    fn who_cannot_be_used_is_passed_over_until_nobody_is_left() {
        let rule = SenderRule { country: Some(OneOrMany::One("GB".to_owned())), approved_only: true };
        let rules = SenderRules::compile(&[rule]).unwrap();
        let identity = |sender: &str, state, countries: &[&str]| Identity {
            sender: sender.to_owned(),
            state,
            countries: countries.iter().map(|text| country(text)).collect(),
        };
        let identities = [
            identity("ACME", ReviewState::Approved, &["BE"]),
            identity("Shop", ReviewState::Approved, &["GB"]),
        ];
        let to = Msisdn::parse(UK).unwrap();
        let ask =
            |pool: &Pool| choose(Choice { pool, last: Some("ACME") }, &rules, &identities, country("GB"), to);
        let usable = pool(&[("ACME", Standing::Usable), ("Shop", Standing::Usable)]);
        let chosen = ask(&usable).unwrap();
        assert_eq!((chosen.sender.text().as_ref(), chosen.why), ("Shop", ChosenBy::Spread));
        let cases = [
            (pool(&[]), "the pool shop has no senders"),
            (
                pool(&[
                    ("ACME", Standing::Usable),
                    ("Off", Standing::Off),
                    ("Gone", Standing::NotOwn),
                    ("New", Standing::Reviewed(ReviewState::Pending)),
                ]),
                "no sender of the pool shop can be used for this recipient: ACME: the sender was approved for \
                 other countries; Off: it is switched off; Gone: it is no sender and no number of the account \
                 any more; New: its review says pending",
            ),
        ];
        for (pool, expected) in cases {
            let refusal = ask(&pool).unwrap_err();
            assert_eq!((refusal.detail.as_str(), refusal.field.as_deref()), (expected, Some("pool")));
        }
    }
}
