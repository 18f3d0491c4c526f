//! A message as the parts that go over the wire: alphabet, division, addresses, validity.
//!
//! Pure, and it decides nothing about routes: what cannot be said on this link is [`Unsendable`].
//! Start at [`prepare`].

use gsm_text::{Alphabet, Concatenation, DataCoding, Split, SplitOptions};
use ports::channel::{AttemptRef, Dispatch, Joining};
use smpp::time::{RelativeTime, SmppTime};
use smpp::{EncodeError, ShortMessage, Tag, TlvBuffer, Tlvs, limits};
use types::address::Address;
use types::message::{Content, OctetContent};
use types::time::Timestamp;

use super::options::{DefaultAlphabet, Settings};

/// Bit of `esm_class`: the text begins with a user data header.
const UDH_INDICATOR: u8 = 0x40;

/// A message cannot be put as this link needs it; another connector may manage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unsendable;

/// A message ready for the wire.
#[derive(Debug)]
pub(super) struct Prepared {
    /// Which attempt.
    pub(super) attempt: AttemptRef,
    /// Parts of the whole message, also those that are not to be sent now.
    pub(super) total: u8,
    /// When it stops being worth sending.
    pub(super) expires_at: Timestamp,
    source: Address,
    destination: Address,
    /// The parts to send, in order.
    pub(super) parts: Vec<Part>,
}

/// One part.
#[derive(Debug)]
pub(super) struct Part {
    /// Its number, from one.
    pub(super) number: u8,
    esm_class: u8,
    protocol_id: u8,
    data_coding: u8,
    user_data: Vec<u8>,
    tlvs: TlvBuffer,
}

/// Brings a message into the form of this link.
pub(super) fn prepare(dispatch: &Dispatch, settings: &Settings) -> Result<Prepared, Unsendable> {
    let mut parts = match dispatch.content.as_ref() {
        Content::Text(text) => text_parts(text, dispatch.reference, settings)?,
        Content::Octets(octets) => octet_parts(octets, dispatch.reference, settings)?,
    };
    let total = u8::try_from(parts.len()).map_err(|_| Unsendable)?;
    if !dispatch.only_parts.is_empty() {
        parts.retain(|part| dispatch.only_parts.contains(&part.number));
        if parts.is_empty() {
            return Err(Unsendable);
        }
    }
    let source = source(&dispatch.source, settings);
    let destination = destination(&dispatch.destination, settings);
    if source.octets.len() > limits::ADDRESS || destination.octets.len() > limits::ADDRESS {
        return Err(Unsendable);
    }
    let expires_at = dispatch.expires_at;
    Ok(Prepared { attempt: dispatch.attempt, total, expires_at, source, destination, parts })
}

/// Appends a part as a `submit_sm`.
pub(super) fn write(
    prepared: &Prepared,
    part: &Part,
    settings: &Settings,
    now: Timestamp,
    sequence: u32,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let validity = validity(prepared.expires_at, now);
    ShortMessage {
        service_type: settings.service_type.as_bytes(),
        source: wire_address(&prepared.source),
        destination: wire_address(&prepared.destination),
        esm_class: part.esm_class,
        protocol_id: part.protocol_id,
        validity_period: validity.as_ref().map_or(&[], |octets| octets.as_slice()),
        registered_delivery: settings.registered_delivery,
        data_coding: part.data_coding,
        short_message: &part.user_data,
        tlvs: part.tlvs.as_tlvs(),
        ..ShortMessage::default()
    }
    .encode_submit_sm(sequence, out)
}

/// An address in the form of the codec.
pub(super) fn wire_address(address: &Address) -> smpp::Address<'_> {
    smpp::Address { ton: address.ton, npi: address.npi, digits: &address.octets }
}

/// The time that is left, relative, because carriers' clocks and zones differ. None for a message
/// that never ends.
fn validity(expires_at: Timestamp, now: Timestamp) -> Option<[u8; 16]> {
    let left_ms = u64::try_from(expires_at.ms_since(now)).ok()?;
    RelativeTime::from_duration_ms(left_ms.max(1_000)).map(|time| SmppTime::Relative(time).to_octets())
}

/// The sender. What the options say of numbers does not touch names.
fn source(address: &Address, settings: &Settings) -> Address {
    let mut source = address.as_sender();
    if source.ton != Address::TON_ALPHANUMERIC {
        source.ton = settings.source_ton.unwrap_or(source.ton);
        source.npi = settings.source_npi.unwrap_or(source.npi);
    }
    source
}

fn destination(address: &Address, settings: &Settings) -> Address {
    let mut destination = match address.msisdn() {
        Some(number) if address.ton == 0 => Address::international(number),
        _ => address.clone(),
    };
    destination.ton = settings.destination_ton.unwrap_or(destination.ton);
    destination.npi = settings.destination_npi.unwrap_or(destination.npi);
    destination
}

const fn concatenation(joining: Joining) -> Concatenation {
    match joining {
        Joining::Udh8 => Concatenation::Udh8,
        Joining::Udh16 => Concatenation::Udh16,
        Joining::Sar => Concatenation::SarTlv,
        Joining::Payload | Joining::Whole => Concatenation::Payload,
    }
}

fn text_parts(text: &str, reference: u16, settings: &Settings) -> Result<Vec<Part>, Unsendable> {
    let billed = gsm_text::count(text).parts;
    let options =
        SplitOptions { concatenation: concatenation(settings.joining), reference, ..SplitOptions::default() };
    let split = gsm_text::split(text, &options).map_err(|_| Unsendable)?;
    let parts = if split.alphabet.is_septets() && settings.default_alphabet != DefaultAlphabet::Gsm7 {
        match in_octets(&split, settings.default_alphabet) {
            Some(parts) => parts,
            None => {
                // Characters like the euro sign that the carrier's default alphabet lacks.
                let options = SplitOptions { alphabet: Some(Alphabet::Ucs2), ..options };
                let split = gsm_text::split(text, &options).map_err(|_| Unsendable)?;
                if usize::from(split.billed_parts) > billed {
                    return Err(Unsendable);
                }
                plain_parts(&split)?
            }
        }
    } else {
        plain_parts(&split)?
    };
    // More parts than the customer pays for are never sent.
    if parts.len() > billed { Err(Unsendable) } else { Ok(parts) }
}

fn plain_parts(split: &Split) -> Result<Vec<Part>, Unsendable> {
    let data_coding = split.data_coding().octet();
    split.parts.iter().map(|part| wire_part(split, part, part.body.clone(), data_coding)).collect()
}

/// Divides by septets, so that the carrier's conversion fits, and writes ISO-8859-1; `None` when a
/// character is not in it.
fn in_octets(split: &Split, default: DefaultAlphabet) -> Option<Vec<Part>> {
    let data_coding = match default {
        DefaultAlphabet::Latin1 => DataCoding::DEFAULT,
        DefaultAlphabet::Gsm7 | DefaultAlphabet::Ucs2 => DataCoding::LATIN1,
    };
    let mut parts = Vec::with_capacity(split.parts.len());
    for part in &split.parts {
        let text = gsm_text::decode_alphabet(&part.body, split.alphabet).text;
        let body = gsm_text::encode(&text, Alphabet::Latin1).ok()?;
        parts.push(wire_part(split, part, body, data_coding.octet()).ok()?);
    }
    Some(parts)
}

fn wire_part(
    split: &Split,
    part: &gsm_text::Part,
    body: Vec<u8>,
    data_coding: u8,
) -> Result<Part, Unsendable> {
    let mut tlvs = TlvBuffer::new();
    if split.concatenation == Concatenation::SarTlv && part.total > 1 {
        tlvs.push_sar(split.reference, part.total, part.number);
    }
    let esm_class = if part.header.is_empty() { 0 } else { UDH_INDICATOR };
    let user_data = if part.header.is_empty() { body } else { [part.header.as_slice(), &body].concat() };
    finish(Part { number: part.number, esm_class, protocol_id: 0, data_coding, user_data, tlvs })
}

/// Moves user data that does not fit `short_message` into `message_payload`.
fn finish(mut part: Part) -> Result<Part, Unsendable> {
    let single = gsm_text::USER_DATA_OCTETS_MAX * 8 / 7;
    if part.user_data.len() > single {
        part.tlvs.push(Tag::MESSAGE_PAYLOAD, &part.user_data).map_err(|_| Unsendable)?;
        part.user_data = Vec::new();
    }
    Ok(part)
}

fn octet_parts(octets: &OctetContent, reference: u16, settings: &Settings) -> Result<Vec<Part>, Unsendable> {
    let coding = DataCoding::from_octet(octets.data_coding);
    let tlvs = Tlvs::new(&octets.tlvs);
    if coding == DataCoding::DEFAULT
        && settings.default_alphabet != DefaultAlphabet::Gsm7
        && !octets.has_header
    {
        // 0 means GSM 7-bit to our customers and something else to this carrier.
        let text = gsm_text::decode_alphabet(&octets.payload, Alphabet::Gsm7).text;
        let mut parts = text_parts(&text, reference, settings)?;
        parts.iter_mut().try_for_each(|part| pass_on(part, octets, tlvs))?;
        return Ok(parts);
    }
    let alphabet = coding.alphabet(Alphabet::Gsm7).unwrap_or(Alphabet::Octets);
    let in_parts = tlvs.sar_total_segments().is_some_and(|total| total > 1);
    let count = gsm_text::count_body(&octets.payload, alphabet, 0).parts;
    if octets.has_header || in_parts || count == 1 {
        let mut part = Part {
            number: 1,
            esm_class: if octets.has_header { UDH_INDICATOR } else { 0 },
            protocol_id: 0,
            data_coding: octets.data_coding,
            user_data: octets.payload.clone(),
            tlvs: TlvBuffer::new(),
        };
        pass_on(&mut part, octets, tlvs)?;
        return Ok(vec![finish(part)?]);
    }
    let options =
        SplitOptions { concatenation: concatenation(settings.joining), reference, ..SplitOptions::default() };
    let split = gsm_text::split_body(&octets.payload, alphabet, &options).map_err(|_| Unsendable)?;
    if split.parts.len() > count {
        return Err(Unsendable);
    }
    let mut parts = Vec::with_capacity(split.parts.len());
    for part in &split.parts {
        let mut part = wire_part(&split, part, part.body.clone(), octets.data_coding)?;
        pass_on(&mut part, octets, tlvs)?;
        parts.push(part);
    }
    Ok(parts)
}

/// Copies what the customer set beside the text.
fn pass_on(part: &mut Part, octets: &OctetContent, tlvs: Tlvs<'_>) -> Result<(), Unsendable> {
    part.protocol_id = octets.protocol_id;
    for tlv in tlvs.iter().filter(|tlv| tlv.tag != Tag::MESSAGE_PAYLOAD) {
        part.tlvs.push_tlv(tlv).map_err(|_| Unsendable)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
