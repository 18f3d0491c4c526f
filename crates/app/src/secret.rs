//! Keys, secrets and passwords that the platform makes: letters and digits only, so that they
//! survive every dialect, shell and form.

use ports::entropy::Entropy;

/// Characters without those that people confuse.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Characters of a secret: 32 of 5 bits are 160 bits.
const SECRET_LENGTH: usize = 32;
/// Characters of an SMPP password (SMPP 3.4, 5.2.2: 8 octets and the final NUL).
const PASSWORD_LENGTH: usize = 8;

/// A text of random letters and digits.
fn random(entropy: &dyn Entropy, length: usize) -> String {
    let mut octets = vec![0; length];
    entropy.fill(&mut octets);
    octets
        .iter()
        .map(|octet| char::from(ALPHABET.get(usize::from(octet & 31)).copied().unwrap_or(b'a')))
        .collect()
}

/// An API key: `ck` and 16 characters.
pub(crate) fn api_key(entropy: &dyn Entropy) -> String {
    format!("ck{}", random(entropy, 16))
}

/// An API secret of 160 bits.
pub(crate) fn api_secret(entropy: &dyn Entropy) -> String {
    random(entropy, SECRET_LENGTH)
}

/// A system id of 8 characters.
pub(crate) fn system_id(entropy: &dyn Entropy) -> String {
    format!("sm{}", random(entropy, 6))
}

/// An SMPP password of 8 characters.
pub(crate) fn bind_password(entropy: &dyn Entropy) -> String {
    random(entropy, PASSWORD_LENGTH)
}

/// A token for a cookie, 256 bits.
pub(crate) fn session_token(entropy: &dyn Entropy) -> String {
    random(entropy, 52)
}

/// A webhook secret in the form of Standard Webhooks: `whsec_` and base64 of 24 octets.
pub(crate) fn webhook_secret(entropy: &dyn Entropy) -> String {
    use base64::Engine as _;
    let mut octets = [0; 24];
    entropy.fill(&mut octets);
    format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(octets))
}
