//! What a block says of itself without being opened: which accounts it has, and which recipients it may
//! have. A list then opens few blocks that have nothing for it.

use std::collections::BTreeSet;

use super::pack::{Scan, put_number};
use crate::fault::Fault;

/// Bits for each recipient: one block of two thousand is opened in vain.
const BITS_EACH: usize = 16;
/// Bits that one recipient sets.
const PROBES: u64 = 8;

/// Accounts as octets, each as its distance from the one before.
pub(super) fn put_accounts(accounts: &BTreeSet<i64>) -> Vec<u8> {
    let (mut out, mut before) = (Vec::new(), i64::MIN);
    for account in accounts {
        put_number(&mut out, account.abs_diff(before));
        before = *account;
    }
    out
}

/// Whether an account is among them.
pub(super) fn has_account(octets: &[u8], account: i64) -> Result<bool, Fault> {
    let (mut scan, mut at) = (Scan(octets), i64::MIN);
    while !scan.0.is_empty() && at < account {
        at = at.wrapping_add_unsigned(scan.number()?);
    }
    Ok(at == account)
}

/// A filter after Bloom ("Space/time trade-offs in hash coding with allowable errors", 1970).
pub(super) fn put_recipients(hashes: &BTreeSet<i64>) -> Vec<u8> {
    let mut bits = vec![0_u8; (hashes.len() * BITS_EACH).div_ceil(8).max(1)];
    for hash in hashes {
        for bit in probes(*hash, bits.len()) {
            if let Some(octet) = bits.get_mut(bit / 8) {
                *octet |= 1 << (bit % 8);
            }
        }
    }
    bits
}

/// Whether a recipient may be among them; "no" is certain.
pub(super) fn may_have_recipient(bits: &[u8], hash: i64) -> bool {
    probes(hash, bits.len()).all(|bit| bits.get(bit / 8).is_some_and(|octet| octet & (1 << (bit % 8)) != 0))
}

/// The bits of a hash. They are stored and must never change.
fn probes(hash: i64, octets: usize) -> impl Iterator<Item = usize> {
    let mut mixed = hash.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^= mixed >> 32;
    let step = (mixed >> 17) | 1;
    let bits = (octets as u64).saturating_mul(8).max(1);
    (0..PROBES).map(move |probe| {
        usize::try_from(mixed.wrapping_add(step.wrapping_mul(probe)) % bits).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{has_account, may_have_recipient, put_accounts, put_recipients};

    #[test]
    fn accounts_are_found_and_no_others() {
        for known in [vec![], vec![1], vec![-5, 0, 7, 1_000_000], vec![i64::MIN + 1, i64::MAX]] {
            let octets = put_accounts(&BTreeSet::from_iter(known.clone()));
            for account in [i64::MIN + 1, -5, -4, 0, 1, 6, 7, 8, 1_000_000, i64::MAX] {
                assert_eq!(has_account(&octets, account).unwrap(), known.contains(&account), "{account}");
            }
        }
        assert_eq!(put_accounts(&(1..=200).collect()).len(), 10 + 199, "an octet for most");
    }

    #[test]
    fn every_recipient_is_found_and_few_others() {
        let hashes: BTreeSet<i64> = (0..2_048_i64).map(|n| n.wrapping_mul(0x5851_f42d_4c95_7f2d)).collect();
        let bits = put_recipients(&hashes);
        assert_eq!(bits.len(), 4_096);
        assert!(hashes.iter().all(|hash| may_have_recipient(&bits, *hash)));
        let others = (1..=100_000_i64).map(|n| n.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x55);
        let wrong = others.filter(|hash| !hashes.contains(hash) && may_have_recipient(&bits, *hash)).count();
        assert!(wrong < 200, "{wrong} of 100,000");
    }
}
