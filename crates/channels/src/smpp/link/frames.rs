//! What a PDU of the carrier means for the link.
//!
//! Messages of the carrier are not answered here but after the core has them. Start at [`read`].

use smpp::{CommandId, CommandStatus, Frame, Header, MessageResp, Pdu, Strictness, write_header_only};

use super::traffic::Traffic;
use crate::smpp::deliver;

/// An answer that waits until the core has what it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ack {
    /// A `deliver_sm_resp` with this sequence number.
    DeliverSm(u32),
    /// A `data_sm_resp` with this sequence number.
    DataSm(u32),
}

/// What to do after a PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Go on.
    Go,
    /// The peer unbinds with this sequence number, which is to be answered.
    Leave(u32),
    /// The peer answered our unbind.
    Unbound,
}

/// Reads a PDU.
pub(super) fn read(frame: &Frame<'_>, traffic: &mut Traffic<'_>, acks: &mut Vec<Ack>) -> Then {
    let header = frame.header;
    let (status, sequence) = (header.command_status, header.sequence_number);
    let pdu = match Pdu::decode(&header, frame.body, Strictness::Tolerant) {
        Ok(pdu) => pdu,
        Err(error) => {
            unreadable(&header, error.command_status(), traffic);
            return Then::Go;
        }
    };
    match pdu {
        Pdu::SubmitSmResp(resp) => traffic.answered(sequence, status, resp.message_id),
        Pdu::GenericNack => traffic.refused(sequence, status),
        Pdu::DeliverSm(message) => {
            let hub = traffic.hub;
            traffic.events.push(deliver::read(&message, hub, hub.clock.now()));
            acks.push(Ack::DeliverSm(sequence));
        }
        Pdu::DataSm(data) => {
            let hub = traffic.hub;
            traffic.events.push(deliver::read(&data.as_short_message(), hub, hub.clock.now()));
            acks.push(Ack::DataSm(sequence));
        }
        Pdu::QuerySmResp(resp) => traffic.query_answered(sequence, status, &resp),
        Pdu::EnquireLink => bare(CommandId::ENQUIRE_LINK_RESP, CommandStatus::ESME_ROK, sequence, traffic),
        Pdu::Unbind => return Then::Leave(sequence),
        Pdu::UnbindResp => return Then::Unbound,
        // Nothing to do: a sign of life, or news that nobody here waits for.
        Pdu::EnquireLinkResp | Pdu::Outbind(_) | Pdu::AlertNotification(_) => {}
        _ => unfit(&header, traffic),
    }
    Then::Go
}

/// A request that no carrier sends to us, or a response to nothing.
fn unfit(header: &Header, traffic: &mut Traffic<'_>) {
    if header.command_id.is_response() {
        traffic.hub.note_odd_answer();
    } else if let Some(response) = header.command_id.response() {
        let status = match response {
            CommandId::GENERIC_NACK => CommandStatus::ESME_RINVCMDID,
            _ => CommandStatus::ESME_RINVBNDSTS,
        };
        bare(response, status, header.sequence_number, traffic);
    }
}

/// A body that cannot be read. The answer to a submit still tells its status.
fn unreadable(header: &Header, error: CommandStatus, traffic: &mut Traffic<'_>) {
    let (status, sequence) = (header.command_status, header.sequence_number);
    match header.command_id {
        CommandId::SUBMIT_SM_RESP => traffic.answered(sequence, status, &[]),
        CommandId::QUERY_SM_RESP => traffic.query_failed(sequence),
        id if id.is_response() => traffic.hub.note_odd_answer(),
        id => {
            if let Some(response) = id.response() {
                bare(response, error, sequence, traffic);
            }
        }
    }
}

fn bare(id: CommandId, status: CommandStatus, sequence: u32, traffic: &mut Traffic<'_>) {
    write_header_only(id, status, sequence, traffic.out.buffer());
}

/// Appends the positive answer to a `data_sm`.
pub(super) fn write_data_sm_resp(sequence: u32, out: &mut Vec<u8>) {
    let resp = Pdu::DataSmResp(MessageResp::default());
    if resp.encode(CommandStatus::ESME_ROK, sequence, out).is_err() {
        // An empty answer breaks no limit.
        tracing::debug!("an empty answer could not be written");
    }
}
