//! Sealing personal data: data keys by account, class and month, wrapped by the vault.
//!
//! Deleting a key's row shreds everything that it sealed, in backups too. What a key is made for is
//! bound to it, and what a value is (its row and its kind) is bound to the value, so that neither
//! can be swapped for another.

use std::sync::{Arc, RwLock};

use crate::maps::IdMap;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac};
use ports::entropy::Entropy;
use ports::store::DataKeyRow;
use ports::vault::{DATA_KEY_OCTETS, Vault, VaultError, data_key_context, value_context};
use sha2::{Digest, Sha256};
use types::address::Msisdn;
use types::id::{AccountId, RowKey};
use types::time::Timestamp;

/// Octets of the nonce before each sealed value.
const NONCE_OCTETS: usize = 12;

/// What a data key seals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum KeyClass {
    /// Addresses and bodies of messages, by account and month.
    Messages = 0,
    /// Secrets of credentials and endpoints, and numbers of suppression lists and contacts, without a period.
    Secrets = 1,
    /// The key of look-up hashes, one for the installation.
    Hashes = 2,
}

/// What kind of value is sealed: bound to it as associated data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Addresses and reference of a message.
    Addresses = 0,
    /// The body of a message.
    Body = 1,
    /// A parked receipt.
    Receipt = 2,
    /// An inbound message.
    Inbound = 3,
    /// The secret of a credential.
    Credential = 4,
    /// Address and secret of an endpoint.
    Endpoint = 5,
    /// Addresses and content as an attempt sent them.
    Sent = 6,
    /// What a receipt echoed.
    Echo = 7,
    /// A number on a suppression list.
    Suppression = 8,
    /// A contact: number, name, time zone and attributes.
    Contact = 9,
}

/// Why a value could not be sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The key was shredded or never existed: what it sealed is gone.
    #[error("the data key is gone")]
    KeyGone,
    /// The value was changed or belongs elsewhere.
    #[error("the sealed value cannot be opened")]
    Broken,
    /// The vault refused.
    #[error("the vault did not give the key")]
    Vault(#[source] VaultError),
}

struct DataKey {
    id: i64,
    cipher: Aes256Gcm,
    octets: zeroize::Zeroizing<[u8; DATA_KEY_OCTETS]>,
}

/// A data key in use; cheap to clone.
#[derive(Clone)]
pub(crate) struct KeyHandle(Arc<DataKey>);

impl KeyHandle {
    /// The number to store beside what it sealed.
    pub(crate) fn id(&self) -> i64 {
        self.0.id
    }

    /// Encrypts `plain` for one row and kind.
    pub(crate) fn seal(&self, kind: Kind, row: RowKey, plain: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        let mut nonce = [0; NONCE_OCTETS];
        entropy.fill(&mut nonce);
        let associated = associated_data(kind, row);
        let payload = Payload { msg: plain, aad: &associated };
        // Encryption of a bounded value in memory cannot fail; an empty result would not open.
        let sealed = self.0.cipher.encrypt(&Nonce::from(nonce), payload).unwrap_or_default();
        let mut out = Vec::with_capacity(NONCE_OCTETS + sealed.len());
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        out
    }

    /// Decrypts what [`KeyHandle::seal`] made.
    pub(crate) fn open(&self, kind: Kind, row: RowKey, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_OCTETS).ok_or(SealError::Broken)?;
        let nonce: [u8; NONCE_OCTETS] = nonce.try_into().map_err(|_| SealError::Broken)?;
        let associated = associated_data(kind, row);
        let payload = Payload { msg: sealed, aad: &associated };
        self.0.cipher.decrypt(&Nonce::from(nonce), payload).map_err(|_| SealError::Broken)
    }
}

fn associated_data(kind: Kind, row: RowKey) -> [u8; 9] {
    value_context(kind as u8, row.as_i64())
}

#[derive(Default)]
struct Keys {
    by_id: IdMap<i64, KeyHandle>,
    current: IdMap<(Option<AccountId>, u8, u32), KeyHandle>,
}

/// Makes, finds and keeps data keys, and hashes what must be found again.
pub(crate) struct Sealer {
    vault: Arc<dyn Vault>,
    entropy: Arc<dyn Entropy>,
    keys: RwLock<Keys>,
}

impl Sealer {
    pub(crate) fn new(vault: Arc<dyn Vault>, entropy: Arc<dyn Entropy>) -> Self {
        Self { vault, entropy, keys: RwLock::new(Keys::default()) }
    }

    /// Takes over wrapped keys as read from the store.
    pub(crate) fn load(&self, rows: &[DataKeyRow]) -> Result<(), SealError> {
        for row in rows {
            self.adopt(row)?;
        }
        Ok(())
    }

    fn adopt(&self, row: &DataKeyRow) -> Result<KeyHandle, SealError> {
        let context = data_key_context(row.id, row.account, row.class, row.period);
        let octets = self.vault.unwrap(&row.wrapped, &context).map_err(SealError::Vault)?;
        let handle = handle(row.id, octets);
        let mut keys = self.keys.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        keys.by_id.insert(row.id, handle.clone());
        keys.current.insert((row.account, row.class, row.period), handle.clone());
        Ok(handle)
    }

    /// The key by its number, if it is known here.
    pub(crate) fn key(&self, id: i64) -> Option<KeyHandle> {
        self.keys.read().unwrap_or_else(std::sync::PoisonError::into_inner).by_id.get(&id).cloned()
    }

    /// Takes over one more key, e.g. one that a running server made after this process began.
    pub(crate) fn learn(&self, row: &DataKeyRow) -> Result<KeyHandle, SealError> {
        self.adopt(row)
    }

    /// The current key of an account and class; a new one is wrapped and pushed to `new_rows`,
    /// which must be committed with (or before) what the key seals.
    pub(crate) fn current(
        &self,
        account: Option<AccountId>,
        class: KeyClass,
        now: Timestamp,
        new_rows: &mut Vec<DataKeyRow>,
    ) -> Result<KeyHandle, SealError> {
        let period = match class {
            KeyClass::Messages => {
                let civil = now.civil();
                u32::try_from(civil.year).unwrap_or(0) * 100 + civil.month
            }
            KeyClass::Secrets | KeyClass::Hashes => 0,
        };
        let slot = (account, class as u8, period);
        {
            let keys = self.keys.read().unwrap_or_else(std::sync::PoisonError::into_inner);
            if let Some(found) = keys.current.get(&slot) {
                return Ok(found.clone());
            }
        }
        let mut octets = [0; DATA_KEY_OCTETS];
        self.entropy.fill(&mut octets);
        let id = i64::try_from(self.entropy.next_u64() >> 1).unwrap_or(1).max(1);
        let context = data_key_context(id, account, class as u8, period);
        let wrapped = self.vault.wrap(&octets, &context).map_err(SealError::Vault)?;
        let row = DataKeyRow { id, account, class: class as u8, period, wrapped, created_at: now };
        let handle = self.adopt(&row)?;
        new_rows.push(row);
        Ok(handle)
    }

    /// Forgets keys that were made for a batch that was not committed.
    pub(crate) fn forget(&self, rows: &[DataKeyRow]) {
        let mut keys = self.keys.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        for row in rows {
            keys.by_id.remove(&row.id);
            keys.current.remove(&(row.account, row.class, row.period));
        }
    }
}

fn handle(id: i64, octets: [u8; DATA_KEY_OCTETS]) -> KeyHandle {
    KeyHandle(Arc::new(DataKey { id, cipher: Aes256Gcm::new(&octets.into()), octets: octets.into() }))
}

/// Keyed hashes: a number or content can be found again without being kept readable.
#[derive(Clone)]
pub(crate) struct Hasher(Hmac<Sha256>);

impl Hasher {
    pub(crate) fn new(key: &KeyHandle) -> Option<Self> {
        Hmac::<Sha256>::new_from_slice(key.0.octets.as_slice()).ok().map(Self)
    }

    /// Hash of a number.
    pub(crate) fn number(&self, number: Msisdn) -> i64 {
        self.hash(b'n', &number.as_u64().to_be_bytes())
    }

    /// Hash of any octets under a tag.
    pub(crate) fn hash(&self, tag: u8, octets: &[u8]) -> i64 {
        let mut mac = self.0.clone();
        mac.update(&[tag]);
        mac.update(octets);
        let digest = mac.finalize().into_bytes();
        let mut first = [0; 8];
        for (to, from) in first.iter_mut().zip(digest.iter()) {
            *to = *from;
        }
        i64::from_be_bytes(first)
    }
}

/// SHA-256 of octets.
pub(crate) fn sha256(octets: &[u8]) -> [u8; 32] {
    Sha256::digest(octets).into()
}
