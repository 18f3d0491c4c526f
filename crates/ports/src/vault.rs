//! The key-encryption key as a seam: it wraps data keys and never leaves its keeper.

use crate::Disposition;

/// Octets of a data key (AES-256).
pub const DATA_KEY_OCTETS: usize = 32;

/// Wraps and unwraps data keys under a key that the vault keeps to itself.
pub trait Vault: Send + Sync {
    /// Encrypts a data key. `context` is bound to it: unwrapping with another one fails.
    ///
    /// # Errors
    /// When the keeper of the key cannot be asked.
    fn wrap(&self, key: &[u8; DATA_KEY_OCTETS], context: &[u8]) -> Result<Vec<u8>, VaultError>;

    /// Decrypts a data key.
    ///
    /// # Errors
    /// When the wrapped key was changed, belongs to another vault or another context.
    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<[u8; DATA_KEY_OCTETS], VaultError>;
}

/// Why a key could not be wrapped or unwrapped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The wrapped key does not belong to this vault and context.
    #[error("the key does not belong to this vault")]
    Foreign,
    /// The keeper cannot be asked now.
    #[error("the key store cannot be reached")]
    Unreachable,
}

impl VaultError {
    /// What a caller may do.
    pub const fn disposition(&self) -> Disposition {
        match self {
            Self::Foreign => Disposition::Never,
            Self::Unreachable => Disposition::Later,
        }
    }
}
