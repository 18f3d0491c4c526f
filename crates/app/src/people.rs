//! People: passwords and sessions.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Params, Version};
use argon2::{PasswordHash, PasswordHasher, PasswordVerifier};
use ports::entropy::Entropy;
use tokio::sync::Semaphore;
use types::Sensitive;
use types::time::Timestamp;

/// Passwords that are hashed at once; each takes 19 MiB (OWASP's second choice for Argon2id).
const HASHES_MAX: usize = 2;
/// Memory of a hash in KiB.
const MEMORY_KIB: u32 = 19_456;
/// Fewest characters of a password.
pub(crate) const PASSWORD_MIN: usize = 12;
/// Most characters of a password.
pub(crate) const PASSWORD_MAX: usize = 256;
/// Milliseconds that a session lasts at the longest: 12 hours.
pub(crate) const SESSION_MS: i64 = 43_200_000;

/// Failed sign-ins of one address within an hour; more are refused unseen.
const FAILURES_MAX: u32 = 10;
/// The period in which failures are counted.
const FAILURES_MS: i64 = 3_600_000;
/// Addresses whose failures are remembered; when full, those of the past are dropped, then all.
const FAILURES_KEPT_MAX: usize = 20_000;

/// Counts failed sign-ins by address, so that passwords cannot be guessed at leisure.
#[derive(Default)]
pub(crate) struct FailedSignIns {
    by_address: Mutex<HashMap<i64, (u32, Timestamp)>>,
}

impl FailedSignIns {
    /// Whether another try may be looked at; otherwise the seconds to wait.
    pub(crate) fn check(&self, address: i64, now: Timestamp) -> Result<(), u32> {
        let by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((failures, since)) = by_address.get(&address) else { return Ok(()) };
        let left_ms = FAILURES_MS - now.ms_since(*since);
        if *failures < FAILURES_MAX || left_ms <= 0 {
            return Ok(());
        }
        Err(u32::try_from(left_ms / 1_000 + 1).unwrap_or(1))
    }

    /// Counts a failure.
    pub(crate) fn note(&self, address: i64, now: Timestamp) {
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if by_address.len() >= FAILURES_KEPT_MAX {
            by_address.retain(|_, (_, since)| now.ms_since(*since) < FAILURES_MS);
            if by_address.len() >= FAILURES_KEPT_MAX {
                by_address.clear();
            }
        }
        let entry = by_address.entry(address).or_insert((0, now));
        if now.ms_since(entry.1) >= FAILURES_MS {
            *entry = (0, now);
        }
        entry.0 += 1;
    }

    /// Forgets the failures of an address that signed in.
    pub(crate) fn clear(&self, address: i64) {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner).remove(&address);
    }
}

/// Hashes and checks passwords, few at a time.
pub(crate) struct Passwords {
    permits: Semaphore,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self { permits: Semaphore::new(HASHES_MAX) }
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

    /// Checks a password. Without a hash the same work is done for nothing, so that the time does
    /// not tell whether a person exists.
    pub(crate) async fn check(&self, password: &Sensitive<String>, hash: Option<String>) -> bool {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        let password = password.clone();
        let Ok(_permit) = self.permits.acquire().await else { return false };
        let work = move || {
            let (Some(hasher), Ok(hash)) = (hasher(), PasswordHash::new(&hash)) else { return false };
            hasher.verify_password(password.expose().as_bytes(), &hash).is_ok()
        };
        tokio::task::spawn_blocking(work).await.unwrap_or(false) && known
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
        let failed = super::FailedSignIns::default();
        for _ in 0..10 {
            assert_eq!(failed.check(1, at(0)), Ok(()));
            failed.note(1, at(0));
        }
        assert_eq!(failed.check(1, at(1_000)), Err(3_600));
        assert_eq!(failed.check(2, at(1_000)), Ok(()), "nobody else is harmed");
        assert_eq!(failed.check(1, at(3_600_000)), Ok(()));
        failed.clear(1);
        assert_eq!(failed.check(1, at(1_000)), Ok(()));
    }

    #[tokio::test]
    async fn the_right_password_opens() {
        let passwords = Passwords::new();
        let right = Sensitive::new("correct horse battery".to_owned());
        let hash = passwords.hash(&right, &Zeros).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.check(&right, Some(hash.clone())).await);
        assert!(!passwords.check(&Sensitive::new("wrong".into()), Some(hash)).await);
        assert!(!passwords.check(&right, None).await);
    }
}
