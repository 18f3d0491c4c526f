//! The key file: made once, private, and refused when it was changed.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use ports::entropy::Entropy;
use ports::vault::{Vault, VaultError};

use super::{FileVault, KEK_FILE, VaultOpenError};

/// Octets that count up, so that no two draws are alike.
#[derive(Default)]
struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, out: &mut [u8]) {
        for octet in out {
            *octet = self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn open(folder: &std::path::Path, first: u8) -> Result<FileVault, VaultOpenError> {
    FileVault::open(folder, Arc::new(Counting(AtomicU8::new(first))))
}

#[test]
fn keys_lead_back_through_a_second_opening() {
    let folder = tempfile::tempdir().unwrap();
    let wrapped = open(folder.path(), 1).unwrap().wrap(&[7; 32], b"account 1").unwrap();
    let vault = open(folder.path(), 99).unwrap();
    assert_eq!(vault.unwrap(&wrapped, b"account 1"), Ok([7; 32]));
    assert_eq!(vault.unwrap(&wrapped, b"account 2"), Err(VaultError::Foreign));
    assert_ne!(vault.wrap(&[7; 32], b"account 1").unwrap(), wrapped);
    let mode = |path: &str| folder.path().join(path).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(KEK_FILE), mode("keys")), (0o600, 0o700));
    let files = std::fs::read_dir(folder.path().join("keys")).unwrap().count();
    assert_eq!(files, 1);
}

#[test]
fn changed_and_foreign_keys_are_refused() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let vault = open(here.path(), 1).unwrap();
    let wrapped = vault.wrap(&[7; 32], b"context").unwrap();
    for place in 0..wrapped.len() {
        let mut changed = wrapped.clone();
        changed[place] ^= 1;
        assert_eq!(vault.unwrap(&changed, b"context"), Err(VaultError::Foreign), "{place}");
    }
    for length in 0..wrapped.len() {
        assert_eq!(vault.unwrap(&wrapped[..length], b"context"), Err(VaultError::Foreign), "{length}");
    }
    let other = open(there.path(), 2).unwrap();
    assert_eq!(other.unwrap(&wrapped, b"context"), Err(VaultError::Foreign));
}

#[test]
fn a_damaged_key_file_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path(), 1).unwrap();
    for length in [0, 31, 33] {
        std::fs::write(folder.path().join(KEK_FILE), vec![1; length]).unwrap();
        assert!(matches!(open(folder.path(), 1), Err(VaultOpenError::NoKey { .. })), "{length}");
    }
}
