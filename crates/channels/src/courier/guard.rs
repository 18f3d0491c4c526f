//! Which addresses may be called: the guard against requests to the inside of the operator's network.
//!
//! Pure: it resolves nothing. Host names are judged again when they are resolved, by the same
//! [`refusal_of`]. The URL library has already turned decimal, octal, hexadecimal and full-width
//! hosts into plain IP addresses when [`check_url`] looks at them. Start at [`check_url`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

/// Octets of the longest address that is called.
pub const URL_OCTETS_MAX: usize = 8_192;
/// Ports below 1,024 that guarded calls may use.
const LOW_PORTS: [u16; 2] = [80, 443];
/// The first port that is not reserved for system services.
const FIRST_HIGH_PORT: u16 = 1_024;
/// Endings of names that never belong to the public internet (RFC 6761, RFC 6762, RFC 8375, and
/// `.internal`, which ICANN reserved for private use).
const LOCAL_ENDINGS: [&str; 4] = [".localhost", ".local", ".internal", ".home.arpa"];

/// Reads an address and applies every rule that needs no resolver.
///
/// # Errors
/// The rule that it breaks.
pub(crate) fn check_url(text: &str, allow_private: bool) -> Result<Url, &'static str> {
    if text.len() > URL_OCTETS_MAX {
        return Err("address too long");
    }
    // The URL library drops tabs and newlines silently, which would make the address that was shown
    // differ from the one that is called.
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("malformed address");
    }
    let url = Url::parse(text).map_err(|_| "malformed address")?;
    match (url.scheme(), allow_private) {
        ("https", _) | ("http", true) => {}
        ("http", false) => return Err("plain HTTP"),
        _ => return Err("not an HTTP address"),
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or("malformed address")?;
    if allow_private {
        return Ok(url);
    }
    let port = url.port_or_known_default().ok_or("malformed address")?;
    if port < FIRST_HIGH_PORT && !LOW_PORTS.contains(&port) {
        return Err("reserved port");
    }
    let refusal = match literal(host) {
        Some(address) => refusal_of(address),
        None => name_refusal(host),
    };
    refusal.map_or(Ok(url), Err)
}

/// The IP address that a host of a parsed URL is, if it is one.
fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match bare {
        Some(inside) => inside.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

fn name_refusal(host: &str) -> Option<&'static str> {
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let local = !name.contains('.') || LOCAL_ENDINGS.iter().any(|ending| name.ends_with(ending));
    local.then_some("local name")
}

/// Why an IP address must not be called; `None` for a public one.
pub(crate) fn refusal_of(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => refusal_of_v4(address),
        IpAddr::V6(address) => refusal_of_v6(address),
    }
}

/// The special ranges of IANA's IPv4 registry (RFC 6890 and its updates), and the addresses at which
/// clouds keep credentials.
fn refusal_of_v4(address: Ipv4Addr) -> Option<&'static str> {
    match address.octets() {
        [169, 254, 169, 254] | [100, 100, 100, 200] | [168, 63, 129, 16] => Some("metadata address"),
        [0, ..] => Some("unspecified address"),
        [127, ..] => Some("loopback address"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some("private address"),
        [100, 64..=127, ..] => Some("shared address"),
        [169, 254, ..] => Some("link-local address"),
        [192, 0, 0, _] | [192, 0, 2, _] | [198, 18..=19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => {
            Some("reserved address")
        }
        [192, 88, 99, _] => Some("embedded address"),
        [224..=239, ..] => Some("multicast address"),
        [240..=255, ..] => Some("reserved address"),
        _ => None,
    }
}

/// Only global unicast (2000::/3) is public, and of it not the ranges that carry an IPv4 address or
/// serve protocols and documentation (RFC 6890, RFC 3056, RFC 6052, RFC 9637).
fn refusal_of_v6(address: Ipv6Addr) -> Option<&'static str> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("unspecified address"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("loopback address"),
        [0, 0, 0, 0, 0, 0 | 0xFFFF, ..] | [0, 0, 0, 0, 0xFFFF, 0, ..] => Some("embedded address"),
        [0x0064, 0xFF9B, ..] | [0x2002, ..] => Some("embedded address"),
        [0xFD00, 0x0EC2, ..] => Some("metadata address"),
        [0xFC00..=0xFDFF, ..] => Some("private address"),
        [0xFE80..=0xFEBF, ..] => Some("link-local address"),
        [0xFEC0..=0xFEFF, ..] => Some("private address"),
        [0xFF00..=0xFFFF, ..] => Some("multicast address"),
        [0x2001, 0..=0x01FF, ..] | [0x2001, 0x0DB8, ..] | [0x3FFF, 0..=0x0FFF, ..] => {
            Some("reserved address")
        }
        [0x2000..=0x3FFF, ..] => None,
        _ => Some("reserved address"),
    }
}

#[cfg(test)]
mod tests;
