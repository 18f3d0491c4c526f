//! When the certificate that is served ends.
//!
//! It reads as much of X.509 as that takes (RFC 5280, section 4.1) and verifies nothing.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use types::time::{Civil, Timestamp};

use super::{Check, Level, duration};
use crate::tls::leaf_path;

/// Seconds before the end from which on it is told: 30 days.
const SOON_S: i64 = 30 * 86_400;
/// Tags of DER (X.690, section 8).
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Looks at the chain that TLS doors serve.
pub(super) fn check(data: &Path, now: Timestamp) -> Check {
    let name = "the certificate holds";
    let path = leaf_path(data);
    if !path.exists() {
        return Check::new(name, Level::Good, "there is none: no door speaks TLS");
    }
    let chain: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_file_iter(&path).and_then(Iterator::collect);
    let ends = chain.ok().and_then(|chain| chain.iter().map(|one| not_after(one)).min().flatten());
    let Some(ends) = ends else {
        return Check::new(name, Level::Failure, format!("{} cannot be read", path.display()));
    };
    judge(name, ends.ms_since(now) / 1_000)
}

fn judge(name: &'static str, left_s: i64) -> Check {
    if left_s <= 0 {
        let detail = format!("it ended {} ago; put a new one in its place and restart", duration(-left_s));
        return Check::new(name, Level::Failure, detail);
    }
    let detail = format!("for {}", duration(left_s));
    if left_s < SOON_S {
        let detail = format!("{detail} only; put a new one in its place and restart");
        return Check::new(name, Level::Warning, detail);
    }
    Check::new(name, Level::Good, detail)
}

/// The end of a certificate's validity; `None` for what is no certificate.
fn not_after(der: &[u8]) -> Option<Timestamp> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (mut rest, _) = element(certificate, SEQUENCE)?;
    if rest.first() == Some(&VERSION) {
        rest = skip(rest)?;
    }
    // The serial number, the algorithm and the issuer stand before the validity.
    for _ in 0..3 {
        rest = skip(rest)?;
    }
    let (validity, _) = element(rest, SEQUENCE)?;
    let (tag, text, _) = any(skip(validity)?)?;
    let text = std::str::from_utf8(text).ok()?;
    match tag {
        // Two digits mean 1950 to 2049 (RFC 5280, section 4.1.2.5.1).
        UTC_TIME => {
            let year: i64 = text.get(..2)?.parse().ok()?;
            time(if year < 50 { 2_000 + year } else { 1_900 + year }, text.get(2..)?)
        }
        GENERALIZED_TIME => time(text.get(..4)?.parse().ok()?, text.get(4..)?),
        _ => None,
    }
}

fn time(year: i64, rest: &str) -> Option<Timestamp> {
    let two = |at: usize| -> Option<u32> { rest.get(at..at + 2)?.parse().ok() };
    let civil = Civil {
        year,
        month: two(0)?,
        day: two(2)?,
        hour: two(4)?,
        minute: two(6)?,
        second: two(8)?,
        millisecond: 0,
    };
    Some(Timestamp::from_civil(&civil))
}

/// The inside of the element that stands first, which has this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, inside, rest) = any(der)?;
    (found == tag).then_some((inside, rest))
}

fn skip(der: &[u8]) -> Option<&[u8]> {
    any(der).map(|(_, _, rest)| rest)
}

/// Tag, inside and rest of the element that stands first.
fn any(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        // A certificate is never so long that its length has more than three octets.
        if !(1..=3).contains(&count) {
            return None;
        }
        let (octets, rest) = rest.split_at_checked(count)?;
        (octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet)), rest)
    };
    let (inside, rest) = rest.split_at_checked(length)?;
    Some((tag, inside, rest))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};
    use types::time::Timestamp;

    use super::{Level, check, judge, not_after};

    fn ends(year: i32) -> Vec<u8> {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 3, 4);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn the_end_is_read_in_both_forms_of_time() {
        for year in [1999, 2027, 2049, 2050, 4096] {
            let expected = Timestamp::parse_rfc3339(&format!("{year}-03-04T00:00:00Z"));
            let der = ends(year);
            assert_eq!(not_after(&der), expected, "{year}");
            for cut in 0..der.len().min(200) {
                not_after(&der[..cut]);
            }
        }
        for nonsense in
            [&[][..], &[0x30], &[0x30, 0x84, 1, 1, 1, 1], &[0x30, 0x80], &[0x30, 0x83, 255, 255, 255]]
        {
            assert_eq!(not_after(nonsense), None);
        }
    }

    #[test]
    fn a_certificate_is_judged_by_what_is_left_of_it() {
        const DAY_S: i64 = 86_400;
        for (left_s, level, words) in [
            (-3 * DAY_S, Level::Failure, "3 days ago"),
            (0, Level::Failure, "ended"),
            (20 * DAY_S, Level::Warning, "for 20 days only"),
            (90 * DAY_S, Level::Good, "for 90 days"),
        ] {
            let found = judge("it holds", left_s);
            assert!(found.level == level && found.detail.contains(words), "{found:?}");
        }
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::from_ms(1_800_000_000_000);
        assert_eq!(check(folder.path(), now).level, Level::Good, "no TLS, no certificate");
        drop(rustls::crypto::ring::default_provider().install_default());
        crate::tls::server_config(folder.path()).unwrap();
        assert_eq!(check(folder.path(), now).level, Level::Good);
        std::fs::write(folder.path().join("tls/server.pem"), "nonsense").unwrap();
        assert_eq!(check(folder.path(), now).level, Level::Failure);
    }
}
