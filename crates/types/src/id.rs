//! Ids: 128 bits in the manner of UUID version 7, every notation that the doors speak, and the
//! small integer keys used inside one installation.
//!
//! A message's 63-bit [`RowKey`] is time-ordered, so that new rows land on the newest pages. The
//! public id carries the row key and 53 random bits: finding a row takes no index, and the random
//! bits must match, so that nobody walks from one id to its neighbours.

use std::fmt;

/// Bits of a row key below its milliseconds.
const SEQUENCE_BITS: u32 = 21;
/// Bits of chance in a public id.
const TAIL_BITS: u32 = 53;
/// Characters of the Crockford base32 form of 128 bits.
const BASE32_LENGTH: usize = 26;
const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A time-ordered key: 42 bits of milliseconds since the Unix epoch, 21 bits of sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RowKey(i64);

impl RowKey {
    /// Below every key in use.
    pub const ZERO: Self = Self(0);

    /// From the stored integer.
    pub const fn from_i64(value: i64) -> Self {
        Self(value)
    }

    /// The stored integer.
    pub const fn as_i64(self) -> i64 {
        self.0
    }

    /// From milliseconds since the epoch and a sequence; excess bits of either are cut off.
    pub const fn from_parts(unix_ms: i64, sequence: u32) -> Self {
        let sequence = (sequence & ((1 << SEQUENCE_BITS) - 1)) as i64;
        Self(((unix_ms & ((1 << 42) - 1)) << SEQUENCE_BITS) | sequence)
    }

    /// Milliseconds since the Unix epoch at which the key was made.
    pub const fn unix_ms(self) -> i64 {
        self.0 >> SEQUENCE_BITS
    }

    /// The sequence within the millisecond.
    pub const fn sequence(self) -> u32 {
        (self.0 & ((1 << SEQUENCE_BITS) - 1)) as u32
    }

    /// The key that follows; used to number several rows of one batch.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// A public 128-bit id of UUID version 7 layout that carries a [`RowKey`] and a random tail.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicId(u128);

impl PublicId {
    /// Joins a key and random bits (only the low 53 bits of `tail` are used).
    pub const fn new(key: RowKey, tail: u64) -> Self {
        let sequence = key.sequence() as u128;
        let tail = (tail & ((1 << TAIL_BITS) - 1)) as u128;
        let high = ((key.unix_ms() as u128) << 80) | (7 << 76) | ((sequence >> 9) << 64);
        let low = (0b10 << 62) | ((sequence & 0x1ff) << TAIL_BITS) | tail;
        Self(high | low)
    }

    /// The row key inside.
    pub const fn key(self) -> RowKey {
        let sequence = (((self.0 >> 64) & 0xfff) << 9) | ((self.0 >> TAIL_BITS) & 0x1ff);
        RowKey::from_parts((self.0 >> 80) as i64, sequence as u32)
    }

    /// The random tail inside.
    pub const fn tail(self) -> u64 {
        (self.0 & ((1 << TAIL_BITS) - 1)) as u64
    }

    /// The 128 bits.
    pub const fn as_u128(self) -> u128 {
        self.0
    }

    /// The 26 characters of Crockford base32, lower case: the form over SMPP.
    pub fn base32(self) -> String {
        let mut text = String::with_capacity(BASE32_LENGTH);
        self.push_base32(&mut text);
        text
    }

    /// Appends the 26 characters to `text`.
    pub fn push_base32(self, text: &mut String) {
        for position in (0..BASE32_LENGTH as u32).rev() {
            let digit = (self.0 >> (5 * position)) & 0x1f;
            text.push(char::from(CROCKFORD.get(digit as usize).copied().unwrap_or(b'0')));
        }
    }

    /// 32 lower-case hexadecimal digits.
    pub fn hex(self) -> String {
        format!("{:032x}", self.0)
    }

    /// The UUID form with dashes.
    pub fn uuid(self) -> String {
        let h = self.hex();
        let group = |from: usize, to: usize| h.get(from..to).unwrap_or("");
        format!("{}-{}-{}-{}-{}", group(0, 8), group(8, 12), group(12, 16), group(16, 20), group(20, 32))
    }

    /// Reads every notation that any door hands out, in any case: 26 characters of base32 with or
    /// without a `xxx_` prefix, 32 hexadecimal digits bare or after two letters (`SM…`), a UUID
    /// with dashes, or the decimal number. Returns `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > 64 || !text.is_ascii() {
            return None;
        }
        let bare = match text.split_once('_') {
            Some((prefix, rest)) if prefix.len() <= 4 && prefix.bytes().all(|b| b.is_ascii_alphabetic()) => {
                rest
            }
            Some(_) => return None,
            None => text,
        };
        match bare.len() {
            BASE32_LENGTH => parse_base32(bare),
            32 => parse_hex(bare),
            34 => parse_hex(bare.get(2..)?),
            36 => parse_hex(&bare.replace('-', "")),
            37..=39 => bare.parse().ok().map(Self),
            _ => None,
        }
        .filter(|id| id.is_well_formed())
    }

    const fn is_well_formed(self) -> bool {
        (self.0 >> 76) & 0xf == 7 && (self.0 >> 62) & 0b11 == 0b10 && (self.0 >> 122) == 0
    }
}

fn parse_hex(text: &str) -> Option<PublicId> {
    if text.len() != 32 || text.starts_with('+') {
        return None;
    }
    u128::from_str_radix(text, 16).ok().map(PublicId)
}

/// Reads Crockford base32 with its customary leniency: `i`, `l` as 1 and `o` as 0.
fn parse_base32(text: &str) -> Option<PublicId> {
    let mut value: u128 = 0;
    for byte in text.bytes() {
        let lower = match byte.to_ascii_lowercase() {
            b'i' | b'l' => b'1',
            b'o' => b'0',
            other => other,
        };
        let digit = CROCKFORD.iter().position(|c| *c == lower)?;
        if value >> 123 != 0 {
            return None;
        }
        value = (value << 5) | digit as u128;
    }
    Some(PublicId(value))
}

impl fmt::Debug for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base32())
    }
}

macro_rules! public_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub PublicId);

        impl $name {
            /// The prefix of the native text form.
            pub const PREFIX: &'static str = $prefix;

            /// Joins a key and random bits.
            pub const fn new(key: RowKey, tail: u64) -> Self {
                Self(PublicId::new(key, tail))
            }

            /// The row key inside.
            pub const fn key(self) -> RowKey {
                self.0.key()
            }

            /// The random tail inside.
            pub const fn tail(self) -> u64 {
                self.0.tail()
            }

            /// Reads every notation of [`PublicId::parse`]; a prefix of another kind is refused.
            pub fn parse(text: &str) -> Option<Self> {
                if let Some((prefix, _)) = text.trim().split_once('_')
                    && !prefix.eq_ignore_ascii_case($prefix)
                {
                    return None;
                }
                PublicId::parse(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, self.0.base32())
            }
        }
    };
}

public_id!(
    /// A message's id: `msg_` and 26 characters.
    MessageId,
    "msg"
);
public_id!(
    /// A submission's id: `sub_` and 26 characters.
    SubmissionId,
    "sub"
);
public_id!(
    /// The id of an event told to a customer (`webhook-id`): `evt_` and 26 characters.
    EventId,
    "evt"
);
public_id!(
    /// The id of an inbound message: `inb_` and 26 characters.
    InboundId,
    "inb"
);

public_id!(
    /// The id of a contact: `con_` and 26 characters.
    ContactId,
    "con"
);
public_id!(
    /// The id of a group of contacts: `grp_` and 26 characters.
    GroupId,
    "grp"
);
public_id!(
    /// The id of a sender's identity: `sdr_` and 26 characters.
    SenderId,
    "sdr"
);
public_id!(
    /// The id of a pool of senders: `pool_` and 26 characters.
    PoolId,
    "pool"
);

public_id!(
    /// The id of a template: `tpl_` and 26 characters.
    TemplateId,
    "tpl"
);
public_id!(
    /// The id of a signature: `sig_` and 26 characters.
    SignatureId,
    "sig"
);

macro_rules! small_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);
    };
}

small_id!(
    /// An account, by its number inside this installation.
    AccountId
);
small_id!(
    /// A connector, by its number inside this installation. A deleted one's number is never reused.
    ConnectorId
);
small_id!(
    /// A lot of value of an account.
    LotId
);
small_id!(
    /// Where events of an account are told: a webhook address or the account's SMPP binds.
    EndpointId
);
small_id!(
    /// An API key or an SMPP system id.
    CredentialId
);
small_id!(
    /// A person: a user of an account or a member of staff.
    PersonId
);
small_id!(
    /// A commit of the store, counted from one.
    CommitSeq
);

#[cfg(test)]
mod tests {
    use super::{MessageId, PublicId, RowKey};

    #[test]
    fn every_notation_leads_back() {
        let key = RowKey::from_parts(1_795_000_000_123, 0x15_5555);
        let id = PublicId::new(key, 0x001a_bcde_f012_3456);
        assert_eq!((id.key(), id.tail()), (key, 0x001a_bcde_f012_3456));
        let decimal = id.as_u128().to_string();
        let notations = [
            id.base32(),
            id.base32().to_uppercase(),
            format!("msg_{}", id.base32()),
            format!("MSG_{}", id.base32().to_uppercase()),
            id.hex(),
            format!("SM{}", id.hex()),
            id.uuid(),
            id.uuid().to_uppercase(),
            decimal,
        ];
        for text in notations {
            assert_eq!(PublicId::parse(&text), Some(id), "{text}");
        }
    }

    #[test]
    fn nonsense_is_no_id() {
        for text in [
            "",
            "msg_",
            "msg_zzzzzzzzzzzzzzzzzzzzzzzzzz",
            "0",
            "ffffffffffffffffffffffffffffffff",
            "é",
            "1_2_3",
        ] {
            assert_eq!(PublicId::parse(text), None, "{text}");
        }
        let id = MessageId::new(RowKey::from_parts(1, 1), 1);
        assert_eq!(MessageId::parse(&id.to_string().replace("msg_", "sub_")), None);
    }

    #[test]
    fn keys_sort_by_time() {
        assert!(RowKey::from_parts(1, 0x1f_ffff) < RowKey::from_parts(2, 0));
    }
}
