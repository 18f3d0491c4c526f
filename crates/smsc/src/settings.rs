//! What an operator sets of the SMPP door, besides its [`Limits`]: proxies that are trusted, from where a system id
//! may bind, which vendor parameters pass, and whom the server calls.
//!
//! It reads no file. Start at [`Settings`].

use std::collections::HashMap;
use std::net::IpAddr;

use smpp::Tag;
use types::Sensitive;
use types::access::AddressRange;

use crate::limits::Limits;

/// The most customers that are called (`outbind`).
pub const OUTBINDS_MAX: usize = 100;

/// The settings of one [`crate::Smsc`].
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Counts and times.
    pub limits: Limits,
    /// Proxies before the door. What connects from one of these begins with a header of the PROXY protocol, and
    /// the address in it counts; what does not begin with one is closed.
    pub trusted_proxies: Vec<AddressRange>,
    /// From where a system id may bind; one that is not listed may from everywhere.
    pub allowed: HashMap<String, Vec<AddressRange>>,
    /// Vendor parameters that pass, by the name of the account; none of an account that is not listed.
    pub vendor_tags: HashMap<String, Vec<Tag>>,
    /// Customers that are called when something waits for them.
    pub outbinds: Vec<Outbind>,
}

/// A customer that is called when reports wait and none of its sessions takes them (SMPP 3.4, 2.2.1).
#[derive(Clone, Debug)]
pub struct Outbind {
    /// The name of the account.
    pub account: String,
    /// The host name or IP address of its ESME.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The name that the server calls itself by, up to 15 octets; empty for that of the installation.
    pub system_id: String,
    /// The password that the customer gave the server, up to 8 octets.
    pub password: Sensitive<String>,
}

impl Settings {
    /// Whether that address is a proxy that is trusted.
    pub(crate) fn is_proxy(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|range| range.contains(peer))
    }

    /// Whether a system id may bind from there.
    pub(crate) fn may_bind(&self, system_id: &str, peer: IpAddr) -> bool {
        let ranges = self.allowed.get(system_id);
        ranges.is_none_or(|ranges| ranges.iter().any(|range| range.contains(peer)))
    }

    /// The vendor parameters that pass for an account.
    pub(crate) fn vendor_tags_of(&self, account_name: &str) -> &[Tag] {
        self.vendor_tags.get(account_name).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use types::access::AddressRange;

    use super::Settings;

    #[test]
    fn a_listed_system_id_binds_from_its_ranges_only() {
        let ranges = ["192.0.2.0/24", "2001:db8::/32"].map(|text| AddressRange::parse(text).unwrap());
        let allowed = [("acme".to_owned(), ranges.to_vec()), ("nobody".to_owned(), Vec::new())].into();
        let settings = Settings { allowed, ..Settings::default() };
        for (system_id, peer, may) in [
            ("acme", "192.0.2.7", true),
            ("acme", "::ffff:192.0.2.7", true),
            ("acme", "2001:db8:1::1", true),
            ("acme", "192.0.3.7", false),
            ("nobody", "192.0.2.7", false),
            ("other", "203.0.113.1", true),
        ] {
            assert_eq!(settings.may_bind(system_id, peer.parse().unwrap()), may, "{system_id} {peer}");
        }
    }
}
