//! Whether a contact can be kept as it is stated. Start at [`check`].

use jiff::tz::TimeZone;
use types::contact::{ATTRIBUTES_MAX, Contact, PARAMETER_VALUE_CHARS_MAX, is_parameter_name};
use types::refusal::{Refusal, RefusalCode};

/// Characters of a contact's name.
pub const NAME_CHARS_MAX: usize = 100;
/// Characters of a tag of a language; BCP 47 (RFC 5646, 4.4.1) has none longer in practice.
const LANGUAGE_CHARS_MAX: usize = 35;

/// Says what is wrong with a contact, if anything is.
///
/// # Errors
/// `invalid_request` at the field.
pub fn check(contact: &Contact) -> Result<(), Refusal> {
    let refuse =
        |detail: String, field: &str| Err(Refusal::new(RefusalCode::InvalidRequest, detail).at(field));
    let name = contact.name.expose();
    if name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return refuse(
            format!("expected at most {NAME_CHARS_MAX} characters and no control characters"),
            "name",
        );
    }
    if !is_language(&contact.language) {
        return refuse("expected a language such as en or pt-BR".to_owned(), "language");
    }
    if !contact.time_zone.is_empty() && TimeZone::get(&contact.time_zone).is_err() {
        return refuse(
            "expected a time zone of the IANA database, such as Europe/Brussels".to_owned(),
            "time_zone",
        );
    }
    let attributes = contact.attributes.expose();
    if attributes.len() > ATTRIBUTES_MAX {
        return refuse(format!("a contact has at most {ATTRIBUTES_MAX} attributes"), "attributes");
    }
    if !attributes.keys().all(|name| is_parameter_name(name)) {
        let detail = "the name of an attribute has 1 to 32 letters, digits and underscores";
        return refuse(detail.to_owned(), "attributes");
    }
    let fits = |value: &String| value.chars().count() <= PARAMETER_VALUE_CHARS_MAX && !value.contains('\0');
    if !attributes.values().all(fits) {
        return refuse(
            format!("an attribute has at most {PARAMETER_VALUE_CHARS_MAX} characters"),
            "attributes",
        );
    }
    Ok(())
}

/// Whether a text is empty or has the form of a tag: a language of 2 or 3 letters and what narrows it.
pub fn is_language(text: &str) -> bool {
    let mut pieces = text.split('-');
    let first = pieces.next().unwrap_or("");
    let narrows =
        |piece: &str| (1..=8).contains(&piece.len()) && piece.bytes().all(|b| b.is_ascii_alphanumeric());
    text.is_empty()
        || ((2..=3).contains(&first.len())
            && first.bytes().all(|byte| byte.is_ascii_lowercase())
            && text.len() <= LANGUAGE_CHARS_MAX
            && pieces.all(narrows))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use types::address::Msisdn;
    use types::contact::Contact;

    use super::{check, is_language};

    #[test]
    fn what_cannot_be_kept_is_named() {
        let plain = Contact::of(Msisdn::parse("447911123456").unwrap());
        let attribute =
            |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]).into();
        let many: BTreeMap<_, _> = (0..31).map(|n| (format!("a{n}"), String::new())).collect();
        let cases = [
            (plain.clone(), None),
            (Contact { name: "Łódź \u{1f600}".to_owned().into(), ..plain.clone() }, None),
            (Contact { name: "a\nb".to_owned().into(), ..plain.clone() }, Some("name")),
            (Contact { name: "n".repeat(101).into(), ..plain.clone() }, Some("name")),
            (Contact { time_zone: "Europe/Brussels".to_owned(), ..plain.clone() }, None),
            (Contact { time_zone: "Europe/Atlantis".to_owned(), ..plain.clone() }, Some("time_zone")),
            (Contact { language: "english".to_owned(), ..plain.clone() }, Some("language")),
            (Contact { attributes: attribute("city", "Gent"), ..plain.clone() }, None),
            (Contact { attributes: attribute("the city", "Gent"), ..plain.clone() }, Some("attributes")),
            (
                Contact { attributes: attribute("city", &"x".repeat(1_601)), ..plain.clone() },
                Some("attributes"),
            ),
            (Contact { attributes: many.into(), ..plain }, Some("attributes")),
        ];
        for (contact, field) in cases {
            assert_eq!(
                check(&contact).err().and_then(|refusal| refusal.field).as_deref(),
                field,
                "{contact:?}"
            );
        }
    }

    #[test]
    fn languages_have_the_form_of_tags() {
        let cases =
            [("", true), ("en", true), ("pt-BR", true), ("zh-Hant-TW", true), ("EN", false), ("e", false)];
        for (text, expected) in cases {
            assert_eq!(is_language(text), expected, "{text}");
        }
        assert!(!is_language("en-") && !is_language("en--US") && !is_language("en_US"));
    }
}
