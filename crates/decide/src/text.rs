//! The text of octets in a customer's or carrier's own coding, for people to read and for rules about texts.

use gsm_text::{Alphabet, DataCoding, NationalShift};
use types::message::{Content, OctetContent};

/// Decodes octets; what cannot be decoded becomes the replacement character.
pub fn of_octets(content: &OctetContent) -> String {
    let coding = DataCoding::from_octet(content.data_coding);
    let whole: &[u8] = &content.payload;
    let (body, shift) = if content.has_header {
        match gsm_text::split_udh(whole) {
            Ok((header, body)) => (body, header.national_shift()),
            Err(_) => (whole, NationalShift::NONE),
        }
    } else {
        (whole, NationalShift::NONE)
    };
    gsm_text::decode(coding, Alphabet::Gsm7, body, shift).text
}

/// The text of a content.
pub fn of_content(content: &Content) -> String {
    match content {
        Content::Text(text) => text.clone(),
        Content::Octets(octets) => of_octets(octets),
    }
}
