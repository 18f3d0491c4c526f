//! A message as the parts that go over the wire: user data, addresses, validity.
//!
//! Pure, and it decides neither form nor addresses: both stand in the dispatch, because they are on
//! record. What SMPP cannot say is [`Unsendable`]. Start at [`prepare`].

use ports::channel::{AttemptRef, Dispatch};
use smpp::time::{RelativeTime, SmppTime};
use smpp::{EncodeError, ShortMessage, Tag, TlvBuffer, Tlvs, limits};
use types::address::Address;
use types::form::{Form, Joined, Piece, user_data};
use types::message::{Content, OctetContent};
use types::time::Timestamp;

use super::options::Settings;

/// Bit of `esm_class`: the text begins with a user data header.
const UDH_INDICATOR: u8 = 0x40;
/// The most octets of `short_message`: a message of septets, each in an octet. More goes into
/// `message_payload`.
const SHORT_MESSAGE_MAX: usize = 160;

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

/// Brings a message into the form that it names.
pub(super) fn prepare(dispatch: &Dispatch, settings: &Settings) -> Result<Prepared, Unsendable> {
    if matches!(dispatch.form.joined, Joined::Whole) {
        return Err(Unsendable);
    }
    let pieces = user_data(&dispatch.content, &dispatch.form).map_err(|_| Unsendable)?;
    let total = u8::try_from(pieces.len()).map_err(|_| Unsendable)?;
    let asked = |piece: &Piece| dispatch.only_parts.is_empty() || dispatch.only_parts.contains(&piece.number);
    let mut parts = Vec::with_capacity(pieces.len());
    for piece in pieces.into_iter().filter(asked) {
        let mut part = wire_part(piece, &dispatch.form)?;
        if let Content::Octets(octets) = dispatch.content.as_ref() {
            pass_on(&mut part, octets, settings)?;
        }
        parts.push(part);
    }
    let (source, destination) = (dispatch.source.clone(), dispatch.destination.clone());
    if parts.is_empty() || [&source, &destination].iter().any(|a| a.octets.len() > limits::ADDRESS) {
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

/// A piece of user data as a part of a `submit_sm`.
fn wire_part(piece: Piece, form: &Form) -> Result<Part, Unsendable> {
    let mut tlvs = TlvBuffer::new();
    if form.joined == Joined::Sar && piece.total > 1 {
        tlvs.push_sar(form.reference, piece.total, piece.number);
    }
    let esm_class = if piece.has_header { UDH_INDICATOR } else { 0 };
    let mut user_data = piece.octets;
    if form.joined == Joined::Payload || user_data.len() > SHORT_MESSAGE_MAX {
        tlvs.push(Tag::MESSAGE_PAYLOAD, &user_data).map_err(|_| Unsendable)?;
        user_data = Vec::new();
    }
    let (number, data_coding) = (piece.number, form.data_coding);
    Ok(Part { number, esm_class, protocol_id: 0, data_coding, user_data, tlvs })
}

/// Copies what the customer set beside the text, as far as the carrier wants it.
fn pass_on(part: &mut Part, octets: &OctetContent, settings: &Settings) -> Result<(), Unsendable> {
    part.protocol_id = octets.protocol_id;
    let passes = |tag| tag != Tag::MESSAGE_PAYLOAD && settings.passes(tag);
    for tlv in Tlvs::new(&octets.tlvs).iter().filter(|tlv| passes(tlv.tag)) {
        part.tlvs.push_tlv(tlv).map_err(|_| Unsendable)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
