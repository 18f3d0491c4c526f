//! What is sealed, opened to be pressed together and sealed again as one.
//!
//! A sealed value is as long as its text and 28 octets, and nothing presses it together. In the archive the
//! values of one data key in one block are therefore opened, written one behind the other, compressed and
//! sealed under the same data key: who may read a value, and what shreds it, stays the same. Read from
//! the archive, a value is sealed alone again, in the form that `app::seal` has written and opens.
//!
//! Chance is a port, and reading must not depend on it: a nonce is made of the key and of all that is
//! sealed under it, so that the same comes twice only for the same value.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use ports::vault::{DATA_KEY_OCTETS, data_key_context, value_context};
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::codec_config::{self, data_key_columns};
use crate::fault::Fault;
use crate::sqlite::fault::first;
use crate::vault::{KEK_FILE, read_kek, unwrap_with};

const NONCE_OCTETS: usize = 12;

/// The key-encryption key of a data folder, and through it the data keys.
pub(crate) struct Keyring {
    folder: PathBuf,
    kek: OnceLock<Aes256Gcm>,
}

impl Keyring {
    pub(crate) fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), kek: OnceLock::new() }
    }

    /// The key-encryption key. The first start opens the store before there is one.
    fn kek(&self) -> Option<&Aes256Gcm> {
        if self.kek.get().is_none() {
            let octets = read_kek(&self.folder.join(KEK_FILE)).ok()?;
            let key = <&Key<Aes256Gcm>>::try_from(octets.as_slice()).ok()?;
            return Some(self.kek.get_or_init(|| Aes256Gcm::new(key)));
        }
        self.kek.get()
    }

    /// A data key as it stands in the database now: one that was shredded is `None`, however often it was
    /// used before.
    pub(crate) fn key(&self, connection: &Connection, id: i64) -> Result<Option<DataKey>, Fault> {
        let sql = concat!("SELECT ", data_key_columns!(), " FROM data_key WHERE id = ?1");
        let Some(row) = first(connection, sql, [id], codec_config::data_key)? else { return Ok(None) };
        let Some(kek) = self.kek() else { return Ok(None) };
        let context = data_key_context(row.id, row.account, row.class, row.period);
        let octets = unwrap_with(kek, &row.wrapped, &context).ok().map(Zeroizing::new);
        Ok(octets.map(|octets| DataKey { cipher: Aes256Gcm::new(&(*octets).into()), octets }))
    }
}

/// A data key in use.
pub(crate) struct DataKey {
    cipher: Aes256Gcm,
    octets: Zeroizing<[u8; DATA_KEY_OCTETS]>,
}

impl DataKey {
    /// Opens a value of a row; `None` when this key has not sealed it for this row and kind.
    pub(crate) fn open_value(&self, kind: u8, row: i64, sealed: &[u8]) -> Option<Vec<u8>> {
        self.open(&value_context(kind, row), sealed)
    }

    /// Seals a value of a row.
    pub(crate) fn seal_value(&self, kind: u8, row: i64, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        self.seal(&value_context(kind, row), plain)
    }

    pub(crate) fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_OCTETS>()?;
        self.cipher.decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: context }).ok()
    }

    pub(crate) fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut hash = Sha256::new();
        hash.update(b"chappe archive nonce");
        hash.update(self.octets.as_slice());
        hash.update((context.len() as u64).to_be_bytes());
        hash.update(context);
        hash.update(plain);
        let mut nonce = [0; NONCE_OCTETS];
        nonce.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
        let payload = Payload { msg: plain, aad: context };
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| Fault::Corrupt("data_key"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }
}
