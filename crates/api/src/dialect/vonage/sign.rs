//! Signatures over fields: every field but `sig` in the order of the names, `&name=value` each, under one of
//! five methods, in hexadecimal digits.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

/// The name of the field that has the signature.
pub(super) const SIG: &str = "sig";

/// How fields are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// MD5 over the fields and the secret behind them.
    Md5Hash,
    /// HMAC with MD5.
    Md5,
    /// HMAC with SHA-1.
    Sha1,
    /// HMAC with SHA-256.
    Sha256,
    /// HMAC with SHA-512.
    Sha512,
}

impl Method {
    /// Every method; a signature by any of them is good.
    pub(super) const ALL: [Self; 5] = [Self::Md5Hash, Self::Md5, Self::Sha1, Self::Sha256, Self::Sha512];

    /// Signs fields.
    pub(super) fn sign(self, secret: &str, fields: &[(String, String)]) -> Option<String> {
        let text = joined(fields);
        Some(match self {
            Self::Md5Hash => hex(&Md5::digest(format!("{text}{secret}"))),
            Self::Md5 => hex(&with_key(Hmac::<Md5>::new_from_slice(secret.as_bytes()).ok()?, &text)),
            Self::Sha1 => hex(&with_key(Hmac::<Sha1>::new_from_slice(secret.as_bytes()).ok()?, &text)),
            Self::Sha256 => hex(&with_key(Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?, &text)),
            Self::Sha512 => hex(&with_key(Hmac::<Sha512>::new_from_slice(secret.as_bytes()).ok()?, &text)),
        })
    }
}

/// Whether fields are signed with a secret, by any method.
pub(super) fn is_signed(secret: &str, fields: &[(String, String)]) -> bool {
    let given = fields.iter().find(|(name, _)| name == SIG).map_or("", |(_, value)| value.as_str());
    let given = given.to_ascii_lowercase();
    let same = |method: &Method| {
        method.sign(secret, fields).is_some_and(|right| is_same(right.as_bytes(), given.as_bytes()))
    };
    // All are tried, so that the time does not say which one nearly fitted.
    Method::ALL.iter().filter(|method| same(method)).count() > 0
}

/// Compares without an early end.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

/// `&name=value` of every field but the signature; what divides them is replaced in values.
fn joined(fields: &[(String, String)]) -> String {
    let mut sorted: Vec<&(String, String)> = fields.iter().filter(|(name, _)| name != SIG).collect();
    sorted.sort_by(|one, other| one.0.cmp(&other.0));
    sorted.iter().map(|(name, value)| format!("&{name}={}", value.replace(['&', '='], "_"))).collect()
}

fn with_key(mut mac: impl Mac, text: &str) -> Vec<u8> {
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Octets as hexadecimal digits.
pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{Method, is_signed};

    /// The signatures were made with the `hmac` and `hashlib` of Python over `&a=1_2&b=x`.
    #[test]
    fn signs_as_others_do() {
        let fields = vec![
            ("b".to_owned(), "x".to_owned()),
            ("sig".to_owned(), "ignored".to_owned()),
            ("a".to_owned(), "1&2".to_owned()),
        ];
        let expected = [
            (Method::Md5Hash, "59ab3af7bd96f44011362f1b02b18809"),
            (Method::Md5, "478d0622f18ca23cae8dc42a8f664002"),
            (Method::Sha1, "9d7dc66a49bba81aa6a5b46495a8c92fdfe5f11a"),
            (Method::Sha256, "a828d60d9726a25076910318cf9853da69d4d7212fa45df2baa6ae54bbdc4fb1"),
            (
                Method::Sha512,
                "a7bce30a7a7e9483169ebd8eee612e8eac30b3084e162fc3d14da8e09ad3e168a4709130a3522b038f9bbcd57b77a82be5591e5c0719d60c434134c40a86eeca",
            ),
        ];
        for (method, signature) in expected {
            assert_eq!(method.sign("secret", &fields).as_deref(), Some(signature), "{method:?}");
            let mut signed = fields.clone();
            signed[1].1 = signature.to_ascii_uppercase();
            assert!(is_signed("secret", &signed), "{method:?}");
            assert!(!is_signed("other", &signed), "{method:?}");
            signed[0].1 = "y".to_owned();
            assert!(!is_signed("secret", &signed), "{method:?}");
        }
        assert!(!is_signed("secret", &fields[..1]));
    }
}
