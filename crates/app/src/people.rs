//! People: passwords and sessions.

use argon2::{Algorithm, Argon2, Params, Version};
use argon2::{PasswordHash, PasswordHasher, PasswordVerifier};
use ports::entropy::Entropy;
use tokio::sync::Semaphore;
use types::Sensitive;

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
