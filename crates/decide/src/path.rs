//! The path of resellers above an account: from its parent up to the operator's own customer.

use types::account::{Account, PATH_DEPTH_MAX};
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

#[cfg(test)]
mod tests {
    use types::account::{Account, PATH_DEPTH_MAX};
    use types::id::AccountId;

    use super::{Broken, above};
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
}
