//! Writes reports and inbound messages as `deliver_sm`, and maps states to those of SMPP.
//!
//! A receipt names the message by the very string that the response gave, and carries both addresses as the
//! customer wrote them, exchanged, as far as they fit. Dates are UTC. Receipts for steps are intermediate
//! notifications of the same form, with the states ENROUTE and ACCEPTED (SMPP 3.4, 5.2.12 and appendix B).

use std::sync::Arc;

use app::report::{InboundReport, MessageReport, Report, ReportBody};
use smpp::calendar::CivilTime;
use smpp::receipt::OutgoingReceipt;
use smpp::{Address, EncodeError, MessageState, ShortMessage, Tag, TlvBuffer, Tlvs};
use types::id::PublicId;
use types::message::State;
use types::receipt::ReceiptState;
use types::time::Timestamp;

use crate::draft::passes;

/// `esm_class` of a receipt (SMPP 3.4, 5.2.12).
const ESM_RECEIPT: u8 = 0x04;
/// `esm_class` of an intermediate notification (SMPP 3.4, 5.2.12).
const ESM_INTERMEDIATE: u8 = 0x20;
/// `esm_class` bit of a user data header.
const ESM_HEADER: u8 = 0x40;

/// Whether a peer may be sent optional parameters: one that bound with a version below 3.4 may not
/// (SMPP 3.4, 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OptionalParameters {
    Sent,
    Withheld,
}

/// What a peer may be sent.
pub(crate) struct Terms {
    pub(crate) optional: OptionalParameters,
    /// Vendor parameters that pass.
    pub(crate) vendor_tags: Arc<[Tag]>,
}

/// Memory that is used for PDU after PDU.
#[derive(Default)]
pub(crate) struct Scratch {
    text: Vec<u8>,
    id: String,
    tlvs: TlvBuffer,
    source: Vec<u8>,
    destination: Vec<u8>,
}

impl Scratch {
    /// The 26 characters by which SMPP customers know a message.
    pub(crate) fn id_text(&mut self, id: PublicId) -> &[u8] {
        self.id.clear();
        id.push_base32(&mut self.id);
        self.id.as_bytes()
    }
}

/// Appends a report as a `deliver_sm`. On error nothing was appended, and the report can never be written.
pub(crate) fn write_report(
    report: &Report,
    terms: &Terms,
    sequence: u32,
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    match &report.body {
        ReportBody::Message(message) => write_receipt(message, report.at, terms, sequence, scratch, out),
        ReportBody::Inbound(inbound) => write_inbound(inbound, terms, sequence, scratch, out),
    }
}

fn write_receipt(
    report: &MessageReport,
    at: Timestamp,
    terms: &Terms,
    sequence: u32,
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let state = state_of_report(report);
    scratch.id_text(report.message.0);
    scratch.text.clear();
    let receipt = OutgoingReceipt {
        id: scratch.id.as_bytes(),
        submitted: 1,
        delivered: u16::from(state == MessageState::Delivered),
        submit_date: date(report.accepted_at),
        done_date: date(report.final_at.unwrap_or(at)),
        state,
        error: report.error,
        text: b"",
    };
    receipt.write_text(&mut scratch.text);
    scratch.tlvs.clear();
    if terms.optional == OptionalParameters::Sent {
        scratch.tlvs.push_receipt(scratch.id.as_bytes(), state)?;
        if let Some(reference) = report.client_reference.as_deref().and_then(|text| text.parse().ok()) {
            scratch.tlvs.push_u16(Tag::USER_MESSAGE_REFERENCE, reference);
        }
    }
    let message = ShortMessage {
        source: fitting(&report.destination, &mut scratch.source),
        destination: fitting(&report.source, &mut scratch.destination),
        esm_class: if report.state.is_final() { ESM_RECEIPT } else { ESM_INTERMEDIATE },
        short_message: &scratch.text,
        tlvs: scratch.tlvs.as_tlvs(),
        ..ShortMessage::default()
    };
    message.encode_deliver_sm(sequence, out)
}

fn write_inbound(
    inbound: &InboundReport,
    terms: &Terms,
    sequence: u32,
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let content = &inbound.content;
    scratch.tlvs.clear();
    if terms.optional == OptionalParameters::Sent {
        let passes = |tag| tag != Tag::MESSAGE_PAYLOAD && passes(tag, &terms.vendor_tags);
        for tlv in Tlvs::new(&content.tlvs).iter().filter(|tlv| passes(tlv.tag)) {
            scratch.tlvs.push_tlv(tlv)?;
        }
    }
    // Nothing else can carry a payload that does not fit, so every peer gets this parameter.
    let fits = content.payload.len() <= smpp::limits::SHORT_MESSAGE;
    if !fits {
        scratch.tlvs.push(Tag::MESSAGE_PAYLOAD, &content.payload)?;
    }
    let message = ShortMessage {
        source: fitting(&inbound.source, &mut scratch.source),
        destination: fitting(&inbound.destination, &mut scratch.destination),
        esm_class: if content.has_header { ESM_HEADER } else { 0 },
        protocol_id: content.protocol_id,
        data_coding: content.data_coding,
        short_message: if fits { &content.payload } else { &[] },
        tlvs: scratch.tlvs.as_tlvs(),
        ..ShortMessage::default()
    };
    message.encode_deliver_sm(sequence, out)
}

/// The state that a receipt tells.
fn state_of_report(report: &MessageReport) -> MessageState {
    match (report.state, report.receipt) {
        (State::Submitted, Some(ReceiptState::Enroute)) => MessageState::Enroute,
        (State::Submitted, _) => MessageState::Accepted,
        (state, _) => state_of(state),
    }
}

/// The state that `query_sm` tells. Of what is on its way it says ENROUTE, whoever has it.
pub(crate) fn state_of(state: State) -> MessageState {
    match state {
        State::Accepted
        | State::Scheduled
        | State::Queued
        | State::Sending
        | State::Unknown
        | State::Submitted => MessageState::Enroute,
        State::Delivered => MessageState::Delivered,
        State::Expired => MessageState::Expired,
        State::Rejected => MessageState::Rejected,
        State::Deleted | State::Cancelled => MessageState::Deleted,
        State::Undelivered | State::Failed => MessageState::Undeliverable,
        State::Unconfirmed | State::NoReport => MessageState::Unknown,
    }
}

/// An address as a `deliver_sm` can carry it. One that is too long, such as a number that was written with
/// spaces and brackets at another door, keeps its letters, digits and plus sign, and the first 20 of them: a
/// report with a shortened address is worth more than none.
fn fitting<'a>(address: &'a types::address::Address, shortened: &'a mut Vec<u8>) -> Address<'a> {
    let written: &[u8] = &address.octets;
    let is_whole = written.len() <= smpp::limits::ADDRESS && !written.contains(&0);
    let digits = if is_whole {
        written
    } else {
        let telling = written.iter().copied().filter(|octet| octet.is_ascii_alphanumeric() || *octet == b'+');
        shortened.clear();
        shortened.extend(telling.take(smpp::limits::ADDRESS));
        shortened
    };
    Address { ton: address.ton, npi: address.npi, digits }
}

fn date(time: Timestamp) -> CivilTime {
    CivilTime::from_unix_ms(time.as_ms(), 0)
}
