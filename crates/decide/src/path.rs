//! The path of resellers above an account: from its parent up to the operator's own customer; who stands
//! below whom, and what an account may grant to one below it.

use types::account::{Account, AccountLimits, AccountState, PATH_DEPTH_MAX};
use types::id::AccountId;

/// The path cannot be walked: an account of it is missing, it comes back to one that stands on it
/// already, or it has more than [`PATH_DEPTH_MAX`] accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the path of accounts above cannot be walked")]
pub struct Broken;

/// The accounts above one, the nearest first; empty for an account without a parent. `find` gives an
/// account by its number.
///
/// # Errors
/// [`Broken`].
pub fn above<'a>(
    account: &Account,
    find: impl Fn(AccountId) -> Option<&'a Account>,
) -> Result<Vec<&'a Account>, Broken> {
    let mut path: Vec<&Account> = Vec::new();
    let mut next = account.parent;
    while let Some(id) = next {
        let again = id == account.id || path.iter().any(|known| known.id == id);
        if again || path.len() >= PATH_DEPTH_MAX {
            return Err(Broken);
        }
        let parent = find(id).ok_or(Broken)?;
        path.push(parent);
        next = parent.parent;
    }
    Ok(path)
}

/// Whether `account` stands below `root`, at any depth. No account stands below itself, and nobody stands on
/// a path that cannot be walked.
pub fn is_below<'a>(
    account: &Account,
    root: AccountId,
    find: impl Fn(AccountId) -> Option<&'a Account>,
) -> bool {
    account.parent.is_some() && above(account, find).is_ok_and(|path| path.iter().any(|one| one.id == root))
}

/// The state in which an account acts: its own, or that of an account above it where that stops it.
pub fn state_along(account: &Account, above: &[&Account]) -> AccountState {
    let states = std::iter::once(account.state).chain(above.iter().map(|one| one.state));
    states.max_by_key(|state| state.code()).unwrap_or(account.state)
}

/// The name of the first limit of an account that would be above the same limit of the account above it.
/// Zero lifts a limit, and is above every other.
pub fn exceeds(limits: &AccountLimits, above: &AccountLimits) -> Option<&'static str> {
    let is_above = |own: u32, most: u32| most > 0 && (own == 0 || own > most);
    [
        ("messages_per_second", limits.rate_per_second, above.rate_per_second),
        ("window", limits.window, above.window),
        ("binds", limits.binds, above.binds),
    ]
    .into_iter()
    .find(|(_, own, most)| is_above(*own, *most))
    .map(|(name, ..)| name)
}

#[cfg(test)]
mod tests {
    use types::account::{Account, AccountLimits, AccountState, PATH_DEPTH_MAX};
    use types::id::AccountId;

    use super::{Broken, above, exceeds, is_below, state_along};
    use crate::admit::tests::account;

    /// Accounts numbered from 1, each with the parent at its place.
    fn accounts(parents: &[i64]) -> Vec<Account> {
        let made = parents.iter().zip(1..).map(|(parent, number)| Account {
            id: AccountId(number),
            parent: (*parent > 0).then_some(AccountId(*parent)),
            ..account()
        });
        made.collect()
    }

    fn path(parents: &[i64], of: i64) -> Result<Vec<i64>, Broken> {
        let all = accounts(parents);
        let find = |id: AccountId| all.iter().find(|account| account.id == id);
        let account = find(AccountId(of)).unwrap();
        above(account, find).map(|path| path.iter().map(|account| account.id.0).collect())
    }

    #[test]
    fn paths_lead_up_to_the_operators_customer() {
        let deepest = i64::try_from(PATH_DEPTH_MAX).unwrap();
        let chain: Vec<i64> = (0..=deepest + 1).collect();
        let cases = [
            (&[0][..], 1, Ok(vec![])),
            (&[0, 1, 2], 3, Ok(vec![2, 1])),
            (&[1], 1, Err(Broken)),
            (&[2, 1], 1, Err(Broken)),
            (&[3, 1, 2, 1], 4, Err(Broken)),
            (&[9], 1, Err(Broken)),
            (&chain, deepest + 1, Ok((1..=deepest).rev().collect())),
            (&chain, deepest + 2, Err(Broken)),
        ];
        for (parents, of, expected) in cases {
            assert_eq!(path(parents, of), expected, "{parents:?}");
        }
    }

    #[test]
    fn below_is_who_has_one_above() {
        let all = accounts(&[0, 1, 2, 0, 6, 5]);
        let find = |id: AccountId| all.iter().find(|account| account.id == id);
        let below =
            |account: i64, root: i64| is_below(find(AccountId(account)).unwrap(), AccountId(root), find);
        assert!(below(2, 1) && below(3, 1) && below(3, 2));
        for (account, root) in [(1, 1), (1, 2), (2, 3), (4, 1), (3, 4), (5, 6), (5, 5), (3, 9)] {
            assert!(!below(account, root), "{account} below {root}");
        }
    }

    #[test]
    fn an_account_acts_as_the_least_of_its_path_may() {
        use AccountState::{Active, Closed, Suspended};
        let with = |state| Account { state, ..account() };
        for (own, first, second, expected) in [
            (Active, Active, Active, Active),
            (Active, Suspended, Active, Suspended),
            (Active, Active, Suspended, Suspended),
            (Suspended, Active, Active, Suspended),
            (Suspended, Closed, Active, Closed),
            (Closed, Active, Suspended, Closed),
        ] {
            assert_eq!(state_along(&with(own), &[&with(first), &with(second)]), expected);
        }
        assert_eq!(state_along(&with(Active), &[]), Active);
    }

    #[test]
    fn nobody_grants_more_than_it_has() {
        let usual = AccountLimits::default();
        let rate = |rate_per_second| AccountLimits { rate_per_second, ..usual };
        let cases = [
            (rate(10), rate(10), None),
            (rate(11), rate(10), Some("messages_per_second")),
            (rate(0), rate(10), Some("messages_per_second")),
            (rate(0), rate(0), None),
            (rate(9), rate(0), None),
            (AccountLimits { window: 101, ..usual }, usual, Some("window")),
            (AccountLimits { binds: 0, ..usual }, usual, Some("binds")),
            (AccountLimits { repeat_guard_s: 0, ..usual }, usual, None),
        ];
        for (own, above, expected) in cases {
            assert_eq!(exceeds(&own, &above), expected, "{own:?} {above:?}");
        }
    }
}
