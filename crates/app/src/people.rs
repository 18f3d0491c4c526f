//! People: passwords and sessions.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Params, Version};
use argon2::{PasswordHash, PasswordHasher, PasswordVerifier};
use ports::entropy::Entropy;
use tokio::sync::Semaphore;
use types::Sensitive;
use types::time::Timestamp;

/// Passwords that are hashed at once; each takes 19 MiB (OWASP's second choice for Argon2id).
const HASHES_MAX: usize = 2;
/// Passwords that wait to be hashed; further ones are refused at once, so that a flood of sign-ins
/// does not make everybody wait.
const HASHES_WAITING_MAX: usize = 64;
/// Memory of a hash in KiB.
const MEMORY_KIB: u32 = 19_456;
/// Fewest characters of a password.
pub(crate) const PASSWORD_MIN: usize = 12;
/// Most characters of a password.
pub(crate) const PASSWORD_MAX: usize = 256;
/// Milliseconds that a session lasts at the longest: 12 hours.
pub(crate) const SESSION_MS: i64 = 43_200_000;

/// Failed sign-ins with one e-mail address from one place within an hour; more are refused unseen.
const FAILURES_MAX: u32 = 10;
/// The same from all places together. It is higher, so that a stranger who only knows the address
/// cannot shut its owner out from where he sits.
const FAILURES_ANYWHERE_MAX: u32 = 100;
/// The period in which failures are counted.
const FAILURES_MS: i64 = 3_600_000;
/// Addresses whose failures are remembered; when full, those of the past are dropped, then all.
const FAILURES_KEPT_MAX: usize = 20_000;

/// What counts as one place: an IPv4 address, or the 64 bits of IPv6 that one subscriber has.
pub fn place_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

/// Counts failed sign-ins, so that passwords cannot be guessed at leisure.
#[derive(Default)]
pub(crate) struct FailedSignIns {
    by_name: Mutex<HashMap<i64, (u32, Timestamp)>>,
}

/// Hashes by which the failures of a sign-in are counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignInNames {
    /// Of the e-mail address and the place that it is tried from.
    pub(crate) here: i64,
    /// Of the e-mail address.
    pub(crate) anywhere: i64,
}

impl SignInNames {
    fn limits(self) -> [(i64, u32); 2] {
        [(self.here, FAILURES_MAX), (self.anywhere, FAILURES_ANYWHERE_MAX)]
    }
}

impl FailedSignIns {
    /// Whether another try may be looked at; otherwise the seconds to wait.
    pub(crate) fn check(&self, names: SignInNames, now: Timestamp) -> Result<(), u32> {
        let by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, most) in names.limits() {
            let Some((failures, since)) = by_name.get(&name) else { continue };
            let left_ms = FAILURES_MS - now.ms_since(*since);
            if *failures >= most && left_ms > 0 {
                return Err(u32::try_from(left_ms / 1_000 + 1).unwrap_or(1));
            }
        }
        Ok(())
    }

    /// Counts a failure.
    pub(crate) fn note(&self, names: SignInNames, now: Timestamp) {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if by_name.len() >= FAILURES_KEPT_MAX {
            by_name.retain(|_, (_, since)| now.ms_since(*since) < FAILURES_MS);
            if by_name.len() >= FAILURES_KEPT_MAX {
                by_name.clear();
            }
        }
        for (name, _) in names.limits() {
            let entry = by_name.entry(name).or_insert((0, now));
            if now.ms_since(entry.1) >= FAILURES_MS {
                *entry = (0, now);
            }
            entry.0 = entry.0.saturating_add(1);
        }
    }

    /// Forgets the failures of an address that signed in from a place. What others tried elsewhere
    /// still counts.
    pub(crate) fn clear(&self, names: SignInNames) {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner).remove(&names.here);
    }
}

/// Hashes and checks passwords, few at a time.
pub(crate) struct Passwords {
    permits: Semaphore,
    waiting: Semaphore,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self { permits: Semaphore::new(HASHES_MAX), waiting: Semaphore::new(HASHES_WAITING_MAX) }
    }

    /// Hashes a password; `None` when the hash cannot be made.
    pub(crate) async fn hash(&self, password: &Sensitive<String>, entropy: &dyn Entropy) -> Option<String> {
        let mut salt = [0; 16];
        entropy.fill(&mut salt);
        let password = password.clone();
        let _permit = self.permits.acquire().await.ok()?;
        let work = move || {
            let hasher = hasher()?;
            hasher
                .hash_password_with_salt(password.expose().as_bytes(), &salt)
                .ok()
                .map(|hash| hash.to_string())
        };
        tokio::task::spawn_blocking(work).await.ok().flatten()
    }

    /// Checks a password; `None` when too many wait already. Without a hash the same work is done for
    /// nothing, so that the time does not tell whether a person exists.
    pub(crate) async fn check(&self, password: &Sensitive<String>, hash: Option<String>) -> Option<bool> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        let password = password.clone();
        let _place = self.waiting.try_acquire().ok()?;
        let _permit = self.permits.acquire().await.ok()?;
        let work = move || {
            let (Some(hasher), Ok(hash)) = (hasher(), PasswordHash::new(&hash)) else { return false };
            hasher.verify_password(password.expose().as_bytes(), &hash).is_ok()
        };
        Some(tokio::task::spawn_blocking(work).await.unwrap_or(false) && known)
    }
}

/// The hash of a password that nobody has.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn hasher() -> Option<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, 2, 1, Some(32)).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use ports::entropy::Entropy;
    use types::Sensitive;

    use super::Passwords;

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&self, out: &mut [u8]) {
            out.fill(7);
        }
    }

    #[test]
    fn guessing_is_refused_unseen_after_a_while() {
        let at = types::time::Timestamp::from_ms;
        let names = |here, anywhere| super::SignInNames { here, anywhere };
        let failed = super::FailedSignIns::default();
        for _ in 0..10 {
            assert_eq!(failed.check(names(1, 9), at(0)), Ok(()));
            failed.note(names(1, 9), at(0));
        }
        assert_eq!(failed.check(names(1, 9), at(1_000)), Err(3_600));
        assert_eq!(failed.check(names(2, 9), at(1_000)), Ok(()), "its owner is elsewhere");
        assert_eq!(failed.check(names(3, 8), at(1_000)), Ok(()), "nobody else is harmed");
        assert_eq!(failed.check(names(1, 9), at(3_600_000)), Ok(()));
        failed.clear(names(1, 9));
        assert_eq!(failed.check(names(1, 9), at(1_000)), Ok(()));
    }

    #[test]
    fn guessing_from_many_places_is_refused_too() {
        let at = types::time::Timestamp::from_ms;
        let names = |here| super::SignInNames { here, anywhere: 0 };
        let failed = super::FailedSignIns::default();
        for place in 1..=100 {
            assert_eq!(failed.check(names(place), at(0)), Ok(()));
            failed.note(names(place), at(0));
        }
        assert_eq!(failed.check(names(101), at(0)), Err(3_601));
        failed.clear(names(1));
        assert_eq!(
            failed.check(names(101), at(0)),
            Err(3_601),
            "one right password proves nothing of others"
        );
    }

    #[tokio::test]
    async fn the_right_password_opens() {
        let passwords = Passwords::new();
        let right = Sensitive::new("correct horse battery".to_owned());
        let hash = passwords.hash(&right, &Zeros).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(passwords.check(&right, Some(hash.clone())).await, Some(true));
        assert_eq!(passwords.check(&Sensitive::new("wrong".into()), Some(hash)).await, Some(false));
        assert_eq!(passwords.check(&right, None).await, Some(false));
        let _flood = passwords.waiting.acquire_many(64).await.unwrap();
        assert_eq!(passwords.check(&right, None).await, None);
    }
}
