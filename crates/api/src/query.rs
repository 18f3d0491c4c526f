//! Query strings and form bodies, read strictly: percent signs must be followed by two hexadecimal
//! digits, and the outcome must be UTF-8.

use types::refusal::{Refusal, RefusalCode};

/// The most fields of one query or form.
pub(crate) const FIELDS_MAX: usize = 110;

/// Names and values of a request, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Fields(pub(crate) Vec<(String, String)>);

impl Fields {
    /// Reads `a=1&b=2` (WHATWG URL, application/x-www-form-urlencoded).
    ///
    /// # Errors
    /// Refuses broken escapes, octets that are not UTF-8, and more than [`FIELDS_MAX`] fields.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let mut fields = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            if fields.len() == FIELDS_MAX {
                let detail = format!("more than {FIELDS_MAX} fields");
                return Err(Refusal::new(RefusalCode::InvalidRequest, detail));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).ok_or_else(|| not_text("a name"))?;
            let value = decode(value).ok_or_else(|| not_text("a value").at(shorten(&name)))?;
            fields.push((name, value));
        }
        Ok(Self(fields))
    }

    /// The first value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The only value of a name, `None` when it is absent.
    ///
    /// # Errors
    /// Refuses a name that is there twice, because two readers could then see two requests.
    pub(crate) fn once(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        let first = values.next();
        if values.next().is_some() {
            return Err(Refusal::new(RefusalCode::InvalidRequest, "the parameter is there twice").at(name));
        }
        Ok(first.map(|(_, value)| value.as_str()))
    }

    /// Refuses every name that is not in `known`.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        match self.0.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, _)) => {
                let detail = format!("unknown parameter; known are {}", known.join(", "));
                Err(Refusal::new(RefusalCode::InvalidRequest, detail).at(shorten(name)))
            }
        }
    }
}

/// A name for an answer: at most 64 characters of what the caller wrote.
pub(crate) fn shorten(name: &str) -> String {
    name.chars().take(64).collect()
}

fn not_text(what: &str) -> Refusal {
    Refusal::new(RefusalCode::InvalidRequest, format!("{what} is not percent-encoded UTF-8"))
}

/// Percent-encodes everything but the unreserved characters (RFC 3986, 2.3).
pub(crate) fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Octets from hexadecimal digits; `None` for anything else.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    let octets = digits.chunks_exact(2).map(|pair| pair.iter().fold(0_u8, |octet, digit| octet * 16 + digit));
    Some(octets.collect())
}

/// Undoes form encoding; `None` for a broken escape or other octets than UTF-8.
fn decode(text: &str) -> Option<String> {
    if !text.bytes().any(|byte| byte == b'%' || byte == b'+') {
        return Some(text.to_owned());
    }
    let mut octets = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        octets.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(octets).ok()
}

#[cfg(test)]
mod tests {
    use super::{FIELDS_MAX, Fields};

    #[test]
    fn reads_forms_and_refuses_broken_ones() {
        type Pairs = &'static [(&'static str, &'static str)];
        let cases: &[(&str, Option<Pairs>)] = &[
            ("", Some(&[])),
            ("a=1&b=2", Some(&[("a", "1"), ("b", "2")])),
            ("a=x+y%20z&&b", Some(&[("a", "x y z"), ("b", "")])),
            ("to=%2B4479&text=%E2%82%AC", Some(&[("to", "+4479"), ("text", "€")])),
            ("a=b=c", Some(&[("a", "b=c")])),
            ("%61=1", Some(&[("a", "1")])),
            ("a=%", None),
            ("a=%4", None),
            ("a=%zz", None),
            ("a=%ff", None),
        ];
        for (text, expected) in cases {
            let fields = Fields::parse(text).ok().map(|fields| fields.0);
            let expected = expected.map(|pairs| {
                pairs
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect::<Vec<_>>()
            });
            assert_eq!(fields, expected, "{text}");
        }
    }

    #[test]
    fn limits_and_names_what_it_refuses() {
        assert!(Fields::parse(&"a=1&".repeat(FIELDS_MAX)).is_ok());
        assert!(Fields::parse(&"a=1&".repeat(FIELDS_MAX + 1)).is_err());
        let fields = Fields::parse("a=1&a=2&c=3").unwrap();
        assert_eq!(fields.once("a").unwrap_err().field.as_deref(), Some("a"));
        assert_eq!(fields.once("c").unwrap(), Some("3"));
        assert_eq!(fields.get("a"), Some("1"));
        assert_eq!(fields.only(&["a"]).unwrap_err().field.as_deref(), Some("c"));
    }
}
