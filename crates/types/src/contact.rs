//! Contacts: people whom an account writes to, and what is known of them to write it.
//!
//! Which contacts there are is the store's to keep; whether one is well formed is `decide::contact`.

use std::collections::BTreeMap;

use crate::Sensitive;
use crate::address::Msisdn;

/// The most octets of the name of a parameter or an attribute.
pub const PARAMETER_NAME_OCTETS_MAX: usize = 32;
/// The most characters of the value of a parameter or an attribute.
pub const PARAMETER_VALUE_CHARS_MAX: usize = 1_600;
/// The most attributes of a contact.
pub const ATTRIBUTES_MAX: usize = 30;
/// The placeholder that stands for a contact's name, unless an attribute is called so.
pub const NAME_PARAMETER: &str = "name";
/// The placeholder that stands for a contact's number, unless an attribute is called so.
pub const NUMBER_PARAMETER: &str = "number";

/// Whether a text can be the name of a parameter: letters, digits and underscores of ASCII.
pub fn is_parameter_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !text.is_empty() && text.len() <= PARAMETER_NAME_OCTETS_MAX && text.chars().all(fits)
}

/// A person with a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The phone's number.
    pub number: Msisdn,
    /// What the account calls the person; empty for nothing.
    pub name: Sensitive<String>,
    /// The language that the person reads, as a tag of BCP 47; empty when it is not known.
    pub language: String,
    /// The time zone in which the person lives, by its name in the IANA database; empty when it is not
    /// known.
    pub time_zone: String,
    /// What the account knows besides, by name; each can stand in a text as `{name}`.
    pub attributes: Sensitive<BTreeMap<String, String>>,
}

impl Contact {
    /// A contact of whom nothing but the number is known.
    pub fn of(number: Msisdn) -> Self {
        Self {
            number,
            name: Sensitive::default(),
            language: String::new(),
            time_zone: String::new(),
            attributes: Sensitive::default(),
        }
    }

    /// What stands in a text for this contact, by the names of placeholders.
    pub fn parameters(&self) -> BTreeMap<String, String> {
        let mut parameters = self.attributes.expose().clone();
        let own = [(NUMBER_PARAMETER, self.number.digits()), (NAME_PARAMETER, self.name.expose().clone())];
        for (name, value) in own {
            parameters.entry(name.to_owned()).or_insert(value);
        }
        parameters
    }
}

#[cfg(test)]
mod tests {
    use super::{Contact, is_parameter_name};
    use crate::address::Msisdn;

    #[test]
    fn attributes_go_before_what_every_contact_has() {
        let mut contact = Contact::of(Msisdn::parse("447911123456").unwrap());
        contact.name = "Ada".to_owned().into();
        let parameter = |contact: &Contact, name: &str| contact.parameters().get(name).cloned();
        assert_eq!(parameter(&contact, "name").as_deref(), Some("Ada"));
        assert_eq!(parameter(&contact, "number").as_deref(), Some("447911123456"));
        contact.attributes =
            std::collections::BTreeMap::from([("name".to_owned(), "Countess".to_owned())]).into();
        assert_eq!(parameter(&contact, "name").as_deref(), Some("Countess"));
        assert_eq!(parameter(&contact, "city"), None);
        assert!(!format!("{contact:?}").contains("Countess"));
    }

    #[test]
    fn names_of_parameters_are_plain() {
        let cases =
            [("a", true), ("first_name2", true), ("", false), ("a b", false), ("ä", false), ("a-b", false)];
        for (text, expected) in cases {
            assert_eq!(is_parameter_name(text), expected, "{text}");
        }
        assert!(is_parameter_name(&"n".repeat(32)) && !is_parameter_name(&"n".repeat(33)));
    }
}
