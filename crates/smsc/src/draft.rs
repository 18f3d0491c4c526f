//! Turns `submit_sm`, `data_sm` and `submit_multi` into drafts, and names the exact status of what is out of
//! shape.
//!
//! It judges the form of a PDU only. Numbers, texts, prices and routes are the core's to judge.
//!
//! Choices, where SMPP leaves one: `service_type` is the message's traffic type. `priority_flag` 0 is the account's own
//! class, 1 transactional, 2 and 3 one-time. Datagram and store-and-forward mode are both stored and
//! forwarded; transaction mode is refused. A relative time of zero is no time. The reply-path bit is ignored.

use std::sync::Arc;

use smpp::time::SmppTime;
use smpp::{CommandStatus, Destination, MessageType, ShortMessage, SubmitMulti, Tag, TlvBuffer, Tlvs};
use types::address::{ADDRESS_OCTETS_MAX, Address};
use types::id::EndpointId;
use types::message::{Class, Content, Draft, OctetContent, ReportWish};
use types::time::Timestamp;

use crate::limits::{MULTI_OCTETS_MAX, TLV_OCTETS_MAX};

/// `esm_class` bits of the messaging mode (SMPP 3.4, 5.2.12).
const MODE_MASK: u8 = 0x03;
/// Transaction mode: the response would have to tell the end of the message.
const MODE_TRANSACTION: u8 = 0x02;
/// `registered_delivery` bits that ask for receipts (SMPP 3.4, 5.2.17).
const RECEIPT_MASK: u8 = 0x03;
/// `registered_delivery` bit that asks for intermediate notifications.
const INTERMEDIATE: u8 = 0x10;
/// The highest type of number that SMPP 3.4 defines (5.2.5).
const TON_MAX: u8 = 6;

/// What a session knows when it reads a message.
#[derive(Clone)]
pub(crate) struct Reading {
    /// When the PDU was read.
    pub(crate) now: Timestamp,
    /// Where the account's reports go.
    pub(crate) endpoint: Option<EndpointId>,
    /// Whether receipts of successes only may be asked for (SMPP 5.0).
    pub(crate) has_success_receipts: bool,
    /// Vendor parameters that pass; others are left out.
    pub(crate) vendor_tags: Arc<[Tag]>,
}

/// Reads one message.
pub(crate) fn read_message(message: &ShortMessage<'_>, reading: &Reading) -> Result<Draft, CommandStatus> {
    let destination = read_destination(&message.destination)?;
    read_for(message, destination, reading)
}

/// Reads a message to several destinations. Each gets a content of its own, so their sum is limited.
pub(crate) fn read_multi(multi: &SubmitMulti<'_>, reading: &Reading) -> Result<Vec<Draft>, CommandStatus> {
    let content_octets = multi.message.payload().len().max(multi.message.tlvs.octets().len());
    if content_octets.saturating_mul(multi.destinations.len()) > MULTI_OCTETS_MAX {
        return Err(CommandStatus::ESME_RINVMSGLEN);
    }
    let mut drafts: Vec<Draft> = Vec::with_capacity(multi.destinations.len());
    for destination in multi.destinations.iter() {
        let destination = match destination {
            Destination::Address(address) => read_destination(&address)?,
            // Distribution lists are not kept here.
            Destination::DistributionList(_) => return Err(CommandStatus::ESME_RINVDLNAME),
        };
        let draft = match drafts.first() {
            Some(first) => Draft { destination, ..first.clone() },
            None => read_for(&multi.message, destination, reading)?,
        };
        drafts.push(draft);
    }
    if drafts.is_empty() { Err(CommandStatus::ESME_RINVNUMDESTS) } else { Ok(drafts) }
}

fn read_for(
    message: &ShortMessage<'_>,
    destination: Address,
    reading: &Reading,
) -> Result<Draft, CommandStatus> {
    let source = read_source(&message.source)?;
    check_flags(message)?;
    let send_at = read_time(message.schedule_delivery_time, reading.now, CommandStatus::ESME_RINVSCHED)?;
    let validity = read_time(message.validity_period, reading.now, CommandStatus::ESME_RINVEXPIRY)?;
    let time_to_live_s = message.tlvs.qos_time_to_live_s();
    let reference = message.tlvs.user_message_reference();
    Ok(Draft {
        source,
        destination,
        content: Content::Octets(OctetContent {
            data_coding: message.data_coding,
            protocol_id: message.protocol_id,
            has_header: message.has_udh(),
            payload: message.payload().to_vec(),
            tlvs: copy_tlvs(&message.tlvs, &reading.vendor_tags)?,
        }),
        class: class_of(message.priority_flag)?,
        traffic_type: service_of(message.service_type),
        // `qos_time_to_live` supersedes `validity_period` (SMPP 3.4, 5.3.2.28).
        expires_at: time_to_live_s
            .map(|seconds| reading.now.plus_ms(i64::from(seconds) * 1_000))
            .or(validity),
        send_at,
        time: types::quiet::RecipientTime::default(),
        client_reference: reference.map(|reference| reference.to_string()),
        report: wish_of(message.registered_delivery, reading)?,
    })
}

fn check_flags(message: &ShortMessage<'_>) -> Result<(), CommandStatus> {
    if message.message_type() != MessageType::Default || message.esm_class & MODE_MASK == MODE_TRANSACTION {
        return Err(CommandStatus::ESME_RINVESMCLASS);
    }
    if message.split_udh().is_none() {
        return Err(CommandStatus::ESME_RINVESMCLASS);
    }
    match message.replace_if_present {
        // Whoever submits looks for what is replaced.
        0 | 1 => {}
        _ => return Err(CommandStatus::ESME_RINVREPFLAG),
    }
    if message.sm_default_msg_id != 0 {
        return Err(CommandStatus::ESME_RINVDFTMSGID);
    }
    Ok(())
}

fn read_source(address: &smpp::Address<'_>) -> Result<Address, CommandStatus> {
    if address.ton > TON_MAX {
        return Err(CommandStatus::ESME_RINVSRCTON);
    }
    if !is_numbering_plan(address.npi) {
        return Err(CommandStatus::ESME_RINVSRCNPI);
    }
    if address.digits.len() > ADDRESS_OCTETS_MAX {
        return Err(CommandStatus::ESME_RINVSRCADR);
    }
    Ok(owned(address))
}

fn read_destination(address: &smpp::Address<'_>) -> Result<Address, CommandStatus> {
    if address.ton > TON_MAX {
        return Err(CommandStatus::ESME_RINVDSTTON);
    }
    if !is_numbering_plan(address.npi) {
        return Err(CommandStatus::ESME_RINVDSTNPI);
    }
    if address.digits.is_empty() || address.digits.len() > ADDRESS_OCTETS_MAX {
        return Err(CommandStatus::ESME_RINVDSTADR);
    }
    Ok(owned(address))
}

/// The traffic type that a `service_type` means. Decoding has let ASCII pass only.
pub(crate) fn service_of(service_type: &[u8]) -> String {
    String::from_utf8_lossy(service_type).into_owned()
}

pub(crate) fn owned(address: &smpp::Address<'_>) -> Address {
    Address { ton: address.ton, npi: address.npi, octets: address.digits.into() }
}

/// The numbering plans that SMPP 3.4 defines (5.2.6).
fn is_numbering_plan(npi: u8) -> bool {
    matches!(npi, 0 | 1 | 3 | 4 | 6 | 8 | 9 | 10 | 14 | 18)
}

fn class_of(priority_flag: u8) -> Result<Option<Class>, CommandStatus> {
    match priority_flag {
        0 => Ok(None),
        1 => Ok(Some(Class::Transactional)),
        2 | 3 => Ok(Some(Class::OneTime)),
        _ => Err(CommandStatus::ESME_RINVPRTFLG),
    }
}

fn wish_of(registered_delivery: u8, reading: &Reading) -> Result<ReportWish, CommandStatus> {
    let steps = registered_delivery & INTERMEDIATE != 0;
    let wish = ReportWish { endpoint: reading.endpoint, steps, ..ReportWish::default() };
    // What the bits of acknowledgements ask of the phone's user, no phone of today answers: they are ignored.
    match registered_delivery & RECEIPT_MASK {
        0 if !steps => Ok(ReportWish::default()),
        0 | 1 => Ok(wish),
        2 => Ok(ReportWish { failures_only: true, ..wish }),
        3 if reading.has_success_receipts => Ok(ReportWish { successes_only: true, ..wish }),
        _ => Err(CommandStatus::ESME_RINVREGDLVFLG),
    }
}

fn read_time(
    octets: &[u8],
    now: Timestamp,
    status: CommandStatus,
) -> Result<Option<Timestamp>, CommandStatus> {
    match SmppTime::parse(octets) {
        Ok(None) => Ok(None),
        // Many clients fill an unused field with zeros.
        Ok(Some(SmppTime::Relative(relative))) if relative.duration_ms() == 0 => Ok(None),
        Ok(Some(time)) => Ok(Some(Timestamp::from_ms(time.resolve_unix_ms(now.as_ms())))),
        Err(_) => Err(status),
    }
}

/// The optional parameters as they came, without the one that carries the payload and those of vendors that do not
/// pass.
fn copy_tlvs(tlvs: &Tlvs<'_>, vendor_tags: &[Tag]) -> Result<Vec<u8>, CommandStatus> {
    let mut copied = TlvBuffer::new();
    for tlv in tlvs.iter().filter(|tlv| tlv.tag != Tag::MESSAGE_PAYLOAD && passes(tlv.tag, vendor_tags)) {
        copied.push_tlv(tlv).map_err(|_| CommandStatus::ESME_RINVPARLEN)?;
        if copied.as_tlvs().octets().len() > TLV_OCTETS_MAX {
            return Err(CommandStatus::ESME_RINVPARLEN);
        }
    }
    Ok(copied.into_octets())
}

/// Whether an optional parameter passes between a customer and the carriers.
pub(crate) fn passes(tag: Tag, vendor_tags: &[Tag]) -> bool {
    !tag.is_vendor_specific() || vendor_tags.contains(&tag)
}

#[cfg(test)]
mod tests;
