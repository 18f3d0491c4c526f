//! Mobile networks and where the knowledge of them comes from.

use std::fmt;

use crate::message::coded_enum;
use crate::time::Timestamp;

/// A mobile country code and network code (ITU-T E.212). The code of the network keeps its count
/// of digits, because `01` and `001` are different networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Plmn {
    /// Mobile country code, three digits.
    pub mcc: u16,
    /// Mobile network code.
    pub mnc: u16,
    /// Digits of the network code: 2 or 3.
    pub mnc_digits: u8,
}

impl Plmn {
    /// Reads five or six digits, e.g. `23410`.
    pub fn parse(text: &str) -> Option<Self> {
        if !(5..=6).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let (mcc, mnc) = text.split_at_checked(3)?;
        let mnc_digits = u8::try_from(mnc.len()).ok()?;
        Some(Self { mcc: mcc.parse().ok()?, mnc: mnc.parse().ok()?, mnc_digits })
    }
}

impl fmt::Display for Plmn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}{:0width$}", self.mcc, self.mnc, width = usize::from(self.mnc_digits))
    }
}

/// Where a network was learned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NetworkSource {
    /// The operator's table of number ranges.
    RangeTable,
    /// A look-up of ported numbers.
    Mnp,
    /// A home location register.
    Hlr,
    /// An override by the operator for this number or range.
    Override,
}

/// The network of a number, as known when it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkFact {
    /// The network.
    pub plmn: Plmn,
    /// Where the knowledge comes from.
    pub source: NetworkSource,
    /// The version of the data set that was asked.
    pub data_version: u32,
    /// Whether the number was ported; `None` when the source cannot tell.
    pub ported: Option<bool>,
    /// When the source was asked.
    pub checked_at: Timestamp,
}

/// A country by its ISO 3166-1 alpha-2 code, or `ZZ` when it is not known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// Not known.
    pub const UNKNOWN: Self = Self(*b"ZZ");

    /// Reads two letters; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Some(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => None,
        }
    }

    /// The two letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("ZZ")
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

coded_enum!(
    /// What kind of line a number is, by its country's numbering plan.
    NumberKind {
        /// The plan has no such numbers, or does not tell.
        Unknown = 0, "unknown";
        /// A fixed line.
        FixedLine = 1, "fixed_line";
        /// A mobile phone.
        Mobile = 2, "mobile";
        /// A fixed line or a mobile phone, which look alike there.
        FixedLineOrMobile = 3, "fixed_line_or_mobile";
        /// Whoever is called pays.
        TollFree = 4, "toll_free";
        /// Whoever calls pays more than a call.
        PremiumRate = 5, "premium_rate";
        /// Both pay.
        SharedCost = 6, "shared_cost";
        /// Voice over the Internet.
        Voip = 7, "voip";
        /// It follows a person from line to line.
        Personal = 8, "personal";
        /// A pager.
        Pager = 9, "pager";
        /// One number of a company, for all its places.
        CompanyWide = 10, "company_wide";
        /// A voice mailbox.
        Voicemail = 11, "voicemail";
    }
);

#[cfg(test)]
mod tests {
    use super::Plmn;

    #[test]
    fn keeps_the_digits_of_the_network_code() {
        for text in ["23410", "310012", "310410", "20801"] {
            assert_eq!(Plmn::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Plmn::parse("2341"), None);
        assert_eq!(Plmn::parse("23x10"), None);
    }
}
