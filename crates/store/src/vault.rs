//! A vault in a file: the key-encryption key lies in the data folder, readable by its owner only.
//!
//! A wrapped key is one octet of format, 12 octets of nonce and the AES-256-GCM ciphertext with its
//! tag. The context is authenticated with it and not stored. The key never leaves this module.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use ports::Disposition;
use ports::entropy::Entropy;
use ports::vault::{DATA_KEY_OCTETS, Vault, VaultError};
use zeroize::Zeroizing;

/// The path of the key-encryption key below the data folder.
pub const KEK_FILE: &str = "keys/kek";

const KEK_OCTETS: usize = 32;
const NONCE_OCTETS: usize = 12;
const FORMAT: u8 = 1;

/// Why the vault could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultOpenError {
    /// A file or folder cannot be made or opened.
    #[error("{} cannot be opened", .path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file does not hold a key.
    #[error("{} does not hold a key of {KEK_OCTETS} octets", .path.display())]
    NoKey {
        /// Which file.
        path: PathBuf,
    },
}

impl VaultOpenError {
    /// What a caller may do.
    pub const fn disposition(&self) -> Disposition {
        Disposition::Never
    }
}

/// Wraps data keys under a key from a file.
pub struct FileVault {
    cipher: Aes256Gcm,
    entropy: Arc<dyn Entropy>,
}

impl std::fmt::Debug for FileVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FileVault(***)")
    }
}

impl FileVault {
    /// Opens the vault of a data folder; its key is made at the first use.
    ///
    /// # Errors
    /// When the key's file cannot be made or read, or does not hold a key.
    pub fn open(data_dir: &Path, entropy: Arc<dyn Entropy>) -> Result<Self, VaultOpenError> {
        let path = data_dir.join(KEK_FILE);
        let failed = |source| VaultOpenError::File { path: path.clone(), source };
        let kek = match read_kek(&path) {
            Ok(kek) => kek,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make_kek(&path, entropy.as_ref()).map_err(failed)?;
                read_kek(&path).map_err(failed)?
            }
            Err(error) => return Err(failed(error)),
        };
        let key = <&Key<Aes256Gcm>>::try_from(kek.as_slice());
        let key = key.map_err(|_| VaultOpenError::NoKey { path: path.clone() })?;
        Ok(Self { cipher: Aes256Gcm::new(key), entropy })
    }
}

/// At most one octet more than a key, so that a longer file is seen.
pub(crate) fn read_kek(path: &Path) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut kek = Zeroizing::new(Vec::with_capacity(KEK_OCTETS + 1));
    File::open(path)?.take(KEK_OCTETS as u64 + 1).read_to_end(&mut kek)?;
    Ok(kek)
}

/// Makes a key, unless another process has made one.
fn make_kek(path: &Path, entropy: &dyn Entropy) -> std::io::Result<()> {
    let mut kek = Zeroizing::new([0; KEK_OCTETS]);
    entropy.fill(kek.as_mut_slice());
    put_kek(path, kek.as_slice())
}

/// Writes a key under another name and links it into place, so that a crash leaves no half of a
/// key and of two processes one wins. A key that is there stays.
pub(crate) fn put_kek(path: &Path, kek: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(kek)?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        Err(_) | Ok(()) => {}
    }
    File::open(folder)?.sync_all()
}

/// Opens a wrapped data key.
pub(crate) fn unwrap_with(
    kek: &Aes256Gcm,
    wrapped: &[u8],
    context: &[u8],
) -> Result<[u8; DATA_KEY_OCTETS], VaultError> {
    let Some((&FORMAT, rest)) = wrapped.split_first() else { return Err(VaultError::Foreign) };
    let (nonce, sealed) = rest.split_first_chunk::<NONCE_OCTETS>().ok_or(VaultError::Foreign)?;
    let payload = Payload { msg: sealed, aad: context };
    let opened = kek.decrypt(&Nonce::from(*nonce), payload).map_err(|_| VaultError::Foreign)?;
    let opened = Zeroizing::new(opened);
    <[u8; DATA_KEY_OCTETS]>::try_from(opened.as_slice()).map_err(|_| VaultError::Foreign)
}

impl Vault for FileVault {
    fn wrap(&self, key: &[u8; DATA_KEY_OCTETS], context: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE_OCTETS];
        self.entropy.fill(&mut nonce);
        let payload = Payload { msg: key, aad: context };
        let sealed =
            self.cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| VaultError::Unreachable)?;
        Ok([&[FORMAT], nonce.as_slice(), &sealed].concat())
    }

    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<[u8; DATA_KEY_OCTETS], VaultError> {
        unwrap_with(&self.cipher, wrapped, context)
    }
}

#[cfg(test)]
mod tests;
