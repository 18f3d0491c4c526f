//! What an API key opens: what it may do, and the addresses from which it may be used.
//!
//! It checks no secret. Start at [`KeyScopes`].

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::message::coded_enum;

coded_enum!(
    /// One thing that an API key may do.
    KeyScope {
        /// Send messages, ask what they would cost, and withdraw them.
        Send = 0, "send";
        /// Look at messages, events, figures and money.
        Read = 1, "read";
        /// Change webhooks and keys, and erase what was sent.
        Manage = 2, "manage";
        /// Make accounts below the own one, change them, and act for them.
        Accounts = 3, "accounts";
    }
);

/// What an API key may do. A key that may do nothing opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyScopes(u8);

impl KeyScopes {
    /// Everything.
    pub const ALL: Self = Self(0b1111);
    /// What a key may do when nobody says: everything within its own account. Accounts below it are for
    /// those whom the operator, or the account above, has let resell.
    pub const USUAL: Self = Self(0b111);
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// These and one more.
    #[must_use]
    pub const fn with(self, scope: KeyScope) -> Self {
        Self(self.0 | 1 << scope.code())
    }

    /// Whether one is among them.
    pub const fn contains(self, scope: KeyScope) -> bool {
        self.0 & 1 << scope.code() != 0
    }

    /// Whether all of these are among `others`.
    pub const fn are_within(self, others: Self) -> bool {
        self.0 & !others.0 == 0
    }

    /// The number in the store.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The scopes of a stored number; `None` for one that no version wrote.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits & !Self::ALL.0 == 0 { Some(Self(bits)) } else { None }
    }

    /// Each of them, in the order of their codes.
    pub fn iter(self) -> impl Iterator<Item = KeyScope> {
        KeyScope::ALL.iter().copied().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<KeyScope> for KeyScopes {
    fn from_iter<I: IntoIterator<Item = KeyScope>>(scopes: I) -> Self {
        scopes.into_iter().fold(Self::NONE, Self::with)
    }
}

/// The most ranges of one key.
pub const RANGES_MAX: usize = 50;

/// Addresses that begin with the same bits (CIDR, RFC 4632), e.g. `192.0.2.0/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRange {
    first: IpAddr,
    bits: u8,
}

impl AddressRange {
    /// Reads an address, or an address with how many of its bits count. Bits behind those must be zero,
    /// so that a slip of the pen is not a range that nobody meant.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            None => (text, None),
            Some((address, bits)) => (address, Some(bits)),
        };
        let first: IpAddr = address.parse().ok()?;
        let width = width(first);
        let bits = match bits {
            None => width,
            Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 3 => {
                text.parse().ok().filter(|bits| *bits <= width)?
            }
            Some(_) => return None,
        };
        (masked(first, bits) == first).then_some(Self { first, bits })
    }

    /// Whether an address is in the range. An IPv4 address that came over IPv6 is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && masked(address, self.bits) == self.first
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bits == width(self.first) {
            return write!(f, "{}", self.first);
        }
        write!(f, "{}/{}", self.first, self.bits)
    }
}

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// An address with the bits behind the first `bits` set to zero.
fn masked(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AddressRange, KeyScope, KeyScopes};

    #[test]
    fn scopes_lead_back() {
        for bits in 0..=u8::MAX {
            let scopes = KeyScopes::from_bits(bits);
            assert_eq!(scopes.is_some(), bits < 16);
            let Some(scopes) = scopes else { continue };
            assert_eq!((scopes.bits(), scopes.iter().collect::<KeyScopes>()), (bits, scopes));
            assert!(scopes.are_within(KeyScopes::ALL) && KeyScopes::NONE.are_within(scopes));
        }
        let read = KeyScopes::NONE.with(KeyScope::Read);
        assert!(read.contains(KeyScope::Read) && !read.contains(KeyScope::Send));
        assert!(!KeyScopes::ALL.are_within(read));
    }

    #[test]
    fn ranges_are_read_strictly_and_hold_what_they_say() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("192.0.2.7", &["192.0.2.7", "::ffff:192.0.2.7"], &["192.0.2.8", "::1"]),
            ("192.0.2.0/24", &["192.0.2.0", "192.0.2.255"], &["192.0.3.0", "2001:db8::1"]),
            ("0.0.0.0/0", &["255.255.255.255", "0.0.0.0"], &["::"]),
            ("10.0.0.0/31", &["10.0.0.1"], &["10.0.0.2"]),
            ("2001:db8::/32", &["2001:db8:ffff::1"], &["2001:db9::", "32.1.13.184"]),
            ("::/0", &["::1", "2001:db8::1"], &["192.0.2.1"]),
            ("2001:db8::1", &["2001:db8::1"], &["2001:db8::2"]),
        ];
        for (text, inside, outside) in cases {
            let range = AddressRange::parse(text).unwrap();
            assert_eq!(range.to_string(), *text);
            assert!(inside.iter().all(|address| range.contains(address.parse().unwrap())), "{text}");
            assert!(!outside.iter().any(|address| range.contains(address.parse().unwrap())), "{text}");
        }
        for text in [
            "",
            "/24",
            "192.0.2.0/",
            "192.0.2.0/33",
            "192.0.2.0/-1",
            "192.0.2.0/+8",
            "192.0.2.1/24",
            "192.0.2/24",
            "2001:db8::1/64",
            "::/129",
            "::/0000",
            "example.com",
            " 192.0.2.1",
        ] {
            assert_eq!(AddressRange::parse(text), None, "{text:?}");
        }
    }
}
