//! The key-encryption key as a seam: it wraps data keys and never leaves its keeper.

use types::id::AccountId;

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

/// What is bound to a wrapped data key: its number, whose it is, what it is for and its period.
pub fn data_key_context(id: i64, account: Option<AccountId>, class: u8, period: u32) -> Vec<u8> {
    let mut context = b"chappe data key 1".to_vec();
    context.extend_from_slice(&id.to_be_bytes());
    context.extend_from_slice(&account.map_or(0, |account| account.0).to_be_bytes());
    context.push(class);
    context.extend_from_slice(&period.to_be_bytes());
    context
}

/// What is bound to a sealed value: its kind and its row. A sealed value is a nonce of 12 octets and the
/// AES-256-GCM ciphertext with its tag.
pub fn value_context(kind: u8, row: i64) -> [u8; 9] {
    let mut out = [kind; 9];
    if let Some(rest) = out.get_mut(1..) {
        rest.copy_from_slice(&row.to_be_bytes());
    }
    out
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
