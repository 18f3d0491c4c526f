//! The plain form of sealed values: a compact binary writing of addresses, references and contents.
//!
//! Each value begins with a version octet, so that old rows can always be read.

use types::address::{Address, Msisdn};
use types::id::PoolId;
use types::message::{Content, OctetContent};
use types::quiet::TimeFinding;
use types::receipt::{ReceiptNotice, ReceiptState};
use types::resource::ChosenBy;
use types::time::Timestamp;

mod clock;
pub(crate) mod contact;
pub(crate) mod settings;

pub(crate) use clock::add_time;

const VERSION: u8 = 1;
/// Addresses with the numbers that they mean beside them.
const VERSION_WITH_NUMBERS: u8 = 2;
const TEXT: u8 = 0;
const OCTETS: u8 = 1;

/// Addresses as received, the E.164 numbers that they meant at the door, and the client's reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub(crate) source: Address,
    pub(crate) destination: Address,
    /// `None` for a name or a short code.
    pub(crate) sender: Option<Msisdn>,
    pub(crate) recipient: Option<Msisdn>,
    pub(crate) client_reference: Option<String>,
    pub(crate) chosen: Option<ChosenSender>,
    /// What steered the time of the message, where the recipient's clock did.
    pub(crate) time: Option<TimeFinding>,
}

/// That the sender is one of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChosenSender {
    pub(crate) pool: PoolId,
    /// The name that the pool had.
    pub(crate) pool_name: String,
    pub(crate) by: ChosenBy,
}

/// Writes that a sender is one of a pool; it stands behind what [`write_addresses`] writes, where versions
/// before look no more.
pub(crate) fn add_chosen(out: &mut Vec<u8>, chosen: &ChosenSender) {
    out.push(chosen.by.code());
    put(out, chosen.pool.to_string().as_bytes());
    put(out, chosen.pool_name.as_bytes());
}

fn read_chosen(reader: &mut Reader<'_>) -> Option<ChosenSender> {
    let by = ChosenBy::from_code(reader.octet()?)?;
    let pool = PoolId::parse(std::str::from_utf8(reader.block()?).ok()?)?;
    let pool_name = String::from_utf8(reader.block()?.to_vec()).ok()?;
    Some(ChosenSender { pool, pool_name, by })
}

/// Writes addresses.
pub(crate) fn write_addresses(
    source: &Address,
    destination: &Address,
    recipient: Msisdn,
    reference: Option<&str>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(96);
    out.push(VERSION_WITH_NUMBERS);
    put_address(&mut out, source);
    put_address(&mut out, destination);
    put_number(&mut out, source.msisdn());
    put_number(&mut out, Some(recipient));
    match reference {
        None => out.push(0),
        Some(reference) => {
            out.push(1);
            put(&mut out, reference.as_bytes());
        }
    }
    out
}

/// Reads addresses; `None` for anything that no version wrote. The first version kept no numbers: they
/// are read from the addresses.
pub(crate) fn read_addresses(octets: &[u8]) -> Option<Addresses> {
    let (version, rest) = octets.split_first()?;
    let mut reader = Reader(rest);
    let source = reader.address()?;
    let destination = reader.address()?;
    let (sender, recipient) = match *version {
        VERSION => (source.msisdn(), destination.msisdn()),
        VERSION_WITH_NUMBERS => (reader.number()?, reader.number()?),
        _ => return None,
    };
    let client_reference = match reader.octet()? {
        0 => None,
        _ => Some(String::from_utf8(reader.block()?.to_vec()).ok()?),
    };
    let (mut chosen, mut time) = (None, None);
    while let Some(mark) = reader.0.first() {
        if *mark == clock::MARK {
            time = Some(clock::finding(&mut reader)?);
        } else {
            chosen = Some(read_chosen(&mut reader)?);
        }
    }
    Some(Addresses { source, destination, sender, recipient, client_reference, chosen, time })
}

/// What an attempt sent otherwise than in the normal form of what was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// The attempt, so that the value of one cannot stand for another's.
    pub(crate) attempt: u8,
    pub(crate) source: Option<Address>,
    pub(crate) destination: Option<Address>,
    pub(crate) content: Option<Content>,
}

impl Sent {
    pub(crate) const fn is_nothing(&self) -> bool {
        self.source.is_none() && self.destination.is_none() && self.content.is_none()
    }
}

/// Writes what was sent.
pub(crate) fn write_sent(sent: &Sent) -> Vec<u8> {
    let mut out = vec![VERSION, sent.attempt];
    for address in [&sent.source, &sent.destination] {
        out.push(u8::from(address.is_some()));
        if let Some(address) = address {
            put_address(&mut out, address);
        }
    }
    if let Some(content) = &sent.content {
        put(&mut out, &write_content(content));
    }
    out
}

/// Reads what was sent.
pub(crate) fn read_sent(octets: &[u8]) -> Option<Sent> {
    let mut reader = Reader::begin(octets)?;
    let attempt = reader.octet()?;
    let source = reader.optional_address()?;
    let destination = reader.optional_address()?;
    let content = if reader.0.is_empty() { None } else { Some(read_content(reader.block()?)?) };
    Some(Sent { attempt, source, destination, content })
}

/// What a receipt echoed: recipient, sender, and parameters that may name a person.
pub(crate) type Echo = (Address, Address, Vec<u8>);

/// Writes what a receipt echoed.
pub(crate) fn write_echo(source: &Address, destination: &Address, tlvs: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(96);
    out.push(VERSION);
    put_address(&mut out, source);
    put_address(&mut out, destination);
    put(&mut out, tlvs);
    out
}

/// Reads what a receipt echoed.
pub(crate) fn read_echo(octets: &[u8]) -> Option<Echo> {
    let mut reader = Reader::begin(octets)?;
    Some((reader.address()?, reader.address()?, reader.block()?.to_vec()))
}

/// Writes a receipt that found no message, without its carrier id and its time.
pub(crate) fn write_receipt(notice: &ReceiptNotice) -> Vec<u8> {
    let mut out = Vec::with_capacity(192);
    out.extend_from_slice(&[VERSION, notice.state.code()]);
    for text in [&notice.stat, &notice.error, &notice.submit_date, &notice.done_date] {
        put(&mut out, text.as_bytes());
    }
    put_address(&mut out, &notice.source);
    put_address(&mut out, &notice.destination);
    put(&mut out, &notice.tlvs);
    out
}

/// Reads a receipt that found no message.
pub(crate) fn read_receipt(octets: &[u8], carrier_id: &str, read_at: Timestamp) -> Option<ReceiptNotice> {
    let mut reader = Reader::begin(octets)?;
    Some(ReceiptNotice {
        carrier_id: carrier_id.to_owned(),
        state: ReceiptState::from_code(reader.octet()?)?,
        stat: reader.text()?,
        error: reader.text()?,
        submit_date: reader.text()?,
        done_date: reader.text()?,
        source: reader.address()?,
        destination: reader.address()?,
        tlvs: reader.block()?.to_vec(),
        read_at,
    })
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

/// Writes a number.
pub(crate) fn write_number(number: Msisdn) -> Vec<u8> {
    let mut out = vec![VERSION];
    put_number(&mut out, Some(number));
    out
}

/// Reads a number.
pub(crate) fn read_number(octets: &[u8]) -> Option<Msisdn> {
    Reader::begin(octets)?.number()?
}

/// Writes several texts, e.g. an endpoint's address and secret.
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
        *text = reader.text()?;
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

/// A number as eight octets; zero for none.
fn put_number(out: &mut Vec<u8>, number: Option<Msisdn>) {
    out.extend_from_slice(&number.map_or(0, Msisdn::as_u64).to_be_bytes());
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

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (octets, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*octets)
    }

    fn block(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(u32::from_be_bytes(self.array()?)).ok()?;
        let (block, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(block)
    }

    fn address(&mut self) -> Option<Address> {
        Some(Address { ton: self.octet()?, npi: self.octet()?, octets: self.block()?.into() })
    }

    fn optional_address(&mut self) -> Option<Option<Address>> {
        match self.octet()? {
            0 => Some(None),
            _ => self.address().map(Some),
        }
    }

    fn number(&mut self) -> Option<Option<Msisdn>> {
        match u64::from_be_bytes(self.array()?) {
            0 => Some(None),
            number => Msisdn::from_u64(number).map(Some),
        }
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.block()?.to_vec()).ok()
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
mod tests;
