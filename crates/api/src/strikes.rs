//! Wrong API keys, counted by the address that they come from.
//!
//! A key that is right is always taken, so a stranger behind the same address harms nobody. What is
//! beyond the limit is told to slow down instead of being told that it is wrong.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use types::time::Timestamp;

/// Wrong keys of one address within a period; further ones are answered with `rate_limited`.
pub(crate) const WRONG_KEYS_MAX: u32 = 20;
/// Milliseconds in which wrong keys are counted.
pub(crate) const PERIOD_MS: i64 = 60_000;
/// Addresses that are remembered; when full, those of the past are forgotten, then all.
const ADDRESSES_MAX: usize = 20_000;

/// How many wrong keys came from where.
#[derive(Default)]
pub(crate) struct WrongKeys {
    by_place: Mutex<HashMap<IpAddr, Strikes>>,
}

#[derive(Clone, Copy)]
struct Strikes {
    since: Timestamp,
    count: u32,
}

impl Strikes {
    fn is_current(&self, now: Timestamp) -> bool {
        (0..PERIOD_MS).contains(&now.ms_since(self.since))
    }
}

impl WrongKeys {
    /// Counts a wrong key.
    ///
    /// # Errors
    /// The seconds until wrong keys are looked at again, beyond [`WRONG_KEYS_MAX`].
    pub(crate) fn note(&self, place: IpAddr, now: Timestamp) -> Result<(), u32> {
        let mut by_place = self.by_place.lock().unwrap_or_else(PoisonError::into_inner);
        if by_place.len() >= ADDRESSES_MAX && !by_place.contains_key(&place) {
            by_place.retain(|_, strikes| strikes.is_current(now));
            // Half of the room must be free again, or a flood of addresses would look through all
            // of them with every key.
            if by_place.len() > ADDRESSES_MAX / 2 {
                by_place.clear();
            }
        }
        let strikes = by_place.entry(place).or_insert(Strikes { since: now, count: 0 });
        if !strikes.is_current(now) {
            *strikes = Strikes { since: now, count: 0 };
        }
        strikes.count = strikes.count.saturating_add(1);
        if strikes.count <= WRONG_KEYS_MAX {
            return Ok(());
        }
        let left_ms = PERIOD_MS - now.ms_since(strikes.since);
        Err(u32::try_from((left_ms + 999).div_euclid(1_000)).unwrap_or(1))
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use types::time::Timestamp;

    use super::{ADDRESSES_MAX, PERIOD_MS, WRONG_KEYS_MAX, WrongKeys};

    fn place(number: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(number))
    }

    #[test]
    fn many_wrong_keys_of_one_place_are_told_to_wait() {
        let at = Timestamp::from_ms;
        let wrong = WrongKeys::default();
        for _ in 0..WRONG_KEYS_MAX {
            assert_eq!(wrong.note(place(1), at(0)), Ok(()));
        }
        assert_eq!(wrong.note(place(1), at(1_000)), Err(59));
        assert_eq!(wrong.note(place(1), at(PERIOD_MS - 1)), Err(1));
        assert_eq!(wrong.note(place(2), at(1_000)), Ok(()), "another place has its own count");
        assert_eq!(wrong.note(place(1), at(PERIOD_MS)), Ok(()), "the period is over");
        assert_eq!(wrong.note(place(1), at(-1)), Ok(()), "a clock that was set back shuts nobody out");
    }

    #[test]
    fn a_flood_of_places_is_forgotten_rather_than_kept() {
        let wrong = WrongKeys::default();
        let most = u32::try_from(ADDRESSES_MAX).unwrap() * 3;
        for number in 0..most {
            assert_eq!(wrong.note(place(number), Timestamp::from_ms(0)), Ok(()));
        }
        assert!(wrong.by_place.lock().unwrap().len() <= ADDRESSES_MAX);
    }
}
