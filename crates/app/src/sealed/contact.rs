//! The plain form of what is sealed of a contact: its number, and texts in pairs behind it. Start at
//! [`write_contact`].

use std::collections::BTreeMap;

use types::contact::Contact;

use super::{Reader, VERSION, put, put_number};

/// Writes what is sealed of a contact. Its language stands beside it in the row.
pub(crate) fn write_contact(contact: &Contact) -> Vec<u8> {
    let mut out = vec![VERSION];
    put_number(&mut out, Some(contact.number));
    put(&mut out, contact.name.expose().as_bytes());
    put(&mut out, contact.time_zone.as_bytes());
    for (name, value) in contact.attributes.expose() {
        put(&mut out, name.as_bytes());
        put(&mut out, value.as_bytes());
    }
    out
}

/// Reads what is sealed of a contact; `None` for what no version wrote.
pub(crate) fn read_contact(octets: &[u8], language: &str) -> Option<Contact> {
    let mut reader = Reader::begin(octets)?;
    let mut contact = Contact::of(reader.number()??);
    contact.name = reader.text()?.into();
    contact.language = language.to_owned();
    contact.time_zone = reader.text()?;
    let mut attributes = BTreeMap::new();
    while !reader.0.is_empty() {
        attributes.insert(reader.text()?, reader.text()?);
    }
    contact.attributes = attributes.into();
    Some(contact)
}

#[cfg(test)]
mod tests {
    use types::address::Msisdn;
    use types::contact::Contact;

    use super::{read_contact, write_contact};

    #[test]
    fn a_contact_leads_back() {
        let plain = Contact::of(Msisdn::parse("447911123456").unwrap());
        let attributes =
            [("city", "Łódź"), ("empty", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let full = Contact {
            name: "Ada \u{1f600}".to_owned().into(),
            language: "pl".to_owned(),
            time_zone: "Europe/Warsaw".to_owned(),
            attributes: attributes.into_iter().collect::<std::collections::BTreeMap<_, _>>().into(),
            ..plain.clone()
        };
        for contact in [plain, full] {
            let written = write_contact(&contact);
            assert_eq!(read_contact(&written, &contact.language), Some(contact.clone()));
            assert_eq!(read_contact(&written[..written.len() - 1], ""), None);
        }
        assert_eq!(read_contact(&[], ""), None);
    }
}
