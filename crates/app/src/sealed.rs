//! The plain form of sealed values: a compact binary writing of addresses, references and contents.
//!
//! Each value begins with a version octet, so that old rows can always be read.

use types::address::Address;
use types::message::{Content, OctetContent};

const VERSION: u8 = 1;
const TEXT: u8 = 0;
const OCTETS: u8 = 1;

/// Addresses as received and the client's reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub(crate) source: Address,
    pub(crate) destination: Address,
    pub(crate) client_reference: Option<String>,
}

/// Writes addresses.
pub(crate) fn write_addresses(source: &Address, destination: &Address, reference: Option<&str>) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    out.push(VERSION);
    put_address(&mut out, source);
    put_address(&mut out, destination);
    match reference {
        None => out.push(0),
        Some(reference) => {
            out.push(1);
            put(&mut out, reference.as_bytes());
        }
    }
    out
}

/// Reads addresses; `None` for anything that this version did not write.
pub(crate) fn read_addresses(octets: &[u8]) -> Option<Addresses> {
    let mut reader = Reader::begin(octets)?;
    let source = reader.address()?;
    let destination = reader.address()?;
    let client_reference = match reader.octet()? {
        0 => None,
        _ => Some(String::from_utf8(reader.block()?.to_vec()).ok()?),
    };
    Some(Addresses { source, destination, client_reference })
}

/// Writes a content.
pub(crate) fn write_content(content: &Content) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.push(VERSION);
    match content {
        Content::Text(text) => {
            out.push(TEXT);
            put(&mut out, text.as_bytes());
        }
        Content::Octets(octets) => {
            out.push(OCTETS);
            put_octets(&mut out, octets);
        }
    }
    out
}

/// Reads a content.
pub(crate) fn read_content(octets: &[u8]) -> Option<Content> {
    let mut reader = Reader::begin(octets)?;
    match reader.octet()? {
        TEXT => String::from_utf8(reader.block()?.to_vec()).ok().map(Content::Text),
        OCTETS => reader.octets().map(Content::Octets),
        _ => None,
    }
}

/// Writes an inbound message: both addresses and the content.
pub(crate) fn write_inbound(source: &Address, destination: &Address, content: &OctetContent) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    out.push(VERSION);
    put_address(&mut out, source);
    put_address(&mut out, destination);
    put_octets(&mut out, content);
    out
}

/// Reads an inbound message.
pub(crate) fn read_inbound(octets: &[u8]) -> Option<(Address, Address, OctetContent)> {
    let mut reader = Reader::begin(octets)?;
    Some((reader.address()?, reader.address()?, reader.octets()?))
}

/// Writes several texts, e.g. an endpoint's address and secret, or the fields of a receipt.
pub(crate) fn write_texts(texts: &[&str]) -> Vec<u8> {
    let mut out = vec![VERSION];
    for text in texts {
        put(&mut out, text.as_bytes());
    }
    out
}

/// Reads `N` texts.
pub(crate) fn read_texts<const N: usize>(octets: &[u8]) -> Option<[String; N]> {
    let mut reader = Reader::begin(octets)?;
    let mut texts: [String; N] = std::array::from_fn(|_| String::new());
    for text in &mut texts {
        *text = String::from_utf8(reader.block()?.to_vec()).ok()?;
    }
    Some(texts)
}

fn put(out: &mut Vec<u8>, block: &[u8]) {
    let length = u32::try_from(block.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(block);
}

fn put_address(out: &mut Vec<u8>, address: &Address) {
    out.extend_from_slice(&[address.ton, address.npi]);
    put(out, &address.octets);
}

fn put_octets(out: &mut Vec<u8>, octets: &OctetContent) {
    out.extend_from_slice(&[octets.data_coding, octets.protocol_id, u8::from(octets.has_header)]);
    put(out, &octets.payload);
    put(out, &octets.tlvs);
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn begin(octets: &'a [u8]) -> Option<Self> {
        let (version, rest) = octets.split_first()?;
        (*version == VERSION).then_some(Self(rest))
    }

    fn octet(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn block(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (block, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(block)
    }

    fn address(&mut self) -> Option<Address> {
        Some(Address { ton: self.octet()?, npi: self.octet()?, octets: self.block()?.into() })
    }

    fn octets(&mut self) -> Option<OctetContent> {
        Some(OctetContent {
            data_coding: self.octet()?,
            protocol_id: self.octet()?,
            has_header: self.octet()? != 0,
            payload: self.block()?.to_vec(),
            tlvs: self.block()?.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use types::address::Address;
    use types::message::{Content, OctetContent};

    use super::{read_addresses, read_content, read_texts, write_addresses, write_content, write_texts};

    #[test]
    fn what_is_written_is_read() {
        let source = Address { ton: 5, npi: 0, octets: b"ACME".as_slice().into() };
        let destination = Address::from_text("+447911123456");
        for reference in [None, Some("order 7 ✓")] {
            let read = read_addresses(&write_addresses(&source, &destination, reference)).unwrap();
            assert_eq!((&read.source, &read.destination), (&source, &destination));
            assert_eq!(read.client_reference.as_deref(), reference);
        }
        let octets = OctetContent {
            data_coding: 8,
            protocol_id: 1,
            has_header: true,
            payload: vec![5, 0, 3, 1, 2, 1, 0, 65],
            tlvs: vec![1],
        };
        for content in [Content::Text("Grüße 😀".into()), Content::Octets(octets)] {
            assert_eq!(read_content(&write_content(&content)), Some(content));
        }
        assert_eq!(read_texts(&write_texts(&["a", "", "ü"])), Some(["a".into(), String::new(), "ü".into()]));
    }

    #[test]
    fn what_was_cut_is_not_read() {
        let whole = write_content(&Content::Text("hello".into()));
        for length in 0..whole.len() {
            assert_eq!(read_content(&whole[..length]), None);
        }
    }
}
