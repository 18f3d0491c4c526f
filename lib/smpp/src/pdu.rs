//! The PDUs of SMPP 3.4 (section 4) as borrowed values, with [`Pdu::decode`] and [`Pdu::encode`].
//!
//! A PDU holds the octets as they came: texts are not decoded and times are not parsed here. Debug output
//! shows the length of numbers, texts and passwords, never their content.
//! Each group of operations has its own file; `message.rs` holds `submit_sm` and `deliver_sm`.

mod address;
mod alert;
mod bind;
mod data;
mod manage;
mod message;
mod multi;
mod response;
#[cfg(test)]
mod tests;

use std::fmt;

pub use address::Address;
pub use alert::AlertNotification;
pub use bind::{Bind, BindResp, Outbind};
pub use data::DataSm;
pub use manage::{CancelSm, QuerySm, QuerySmResp, ReplaceSm};
pub use message::{MessageType, ShortMessage};
pub use multi::{
    Destination, DestinationBuffer, DestinationIter, Destinations, SubmitMulti, SubmitMultiResp, Unsuccess,
    UnsuccessBuffer, UnsuccessIter, UnsuccessList,
};
pub use response::MessageResp;

use crate::command::CommandId;
use crate::error::{DecodeError, EncodeError};
use crate::header::Header;
use crate::masked::Masked;
use crate::read::Reader;
use crate::status::CommandStatus;
use crate::write::{Writer, write_bare, write_pdu};

/// How much of the specification a peer is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// Towards customers: every field limit of SMPP 3.4, whole TLVs of the defined lengths, nothing behind them.
    Exact,
    /// Towards carriers: over-long and non-ASCII strings, a missing last NUL, odd TLV lengths, stray octets
    /// behind the body and bodies missing from responses are taken.
    Tolerant,
}

/// A PDU with an id that this library does not know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Unknown<'a> {
    /// Its id.
    pub command_id: CommandId,
    /// Its body, as received.
    pub body: &'a [u8],
}

impl fmt::Debug for Unknown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unknown")
            .field("command_id", &self.command_id)
            .field("body", &Masked(self.body))
            .finish()
    }
}

/// A decoded PDU, or one to encode. Status and sequence number stand in the [`Header`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the operation of that name in SMPP 3.4 section 4")]
#[non_exhaustive]
pub enum Pdu<'a> {
    BindReceiver(Bind<'a>),
    BindReceiverResp(BindResp<'a>),
    BindTransmitter(Bind<'a>),
    BindTransmitterResp(BindResp<'a>),
    BindTransceiver(Bind<'a>),
    BindTransceiverResp(BindResp<'a>),
    Outbind(Outbind<'a>),
    Unbind,
    UnbindResp,
    SubmitSm(ShortMessage<'a>),
    SubmitSmResp(MessageResp<'a>),
    DeliverSm(ShortMessage<'a>),
    DeliverSmResp(MessageResp<'a>),
    SubmitMulti(SubmitMulti<'a>),
    SubmitMultiResp(SubmitMultiResp<'a>),
    DataSm(DataSm<'a>),
    DataSmResp(MessageResp<'a>),
    QuerySm(QuerySm<'a>),
    QuerySmResp(QuerySmResp<'a>),
    CancelSm(CancelSm<'a>),
    CancelSmResp,
    ReplaceSm(ReplaceSm<'a>),
    ReplaceSmResp,
    EnquireLink,
    EnquireLinkResp,
    AlertNotification(AlertNotification<'a>),
    GenericNack,
    Unknown(Unknown<'a>),
}

impl<'a> Pdu<'a> {
    /// Decodes the body of a frame.
    ///
    /// # Errors
    /// [`DecodeError`], whose `command_status` is the answer to give. An unknown id is not an error.
    pub fn decode(header: &Header, body: &'a [u8], strictness: Strictness) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body, strictness);
        let r = &mut reader;
        let status = header.command_status;
        let pdu = match header.command_id {
            CommandId::SUBMIT_SM => Self::SubmitSm(ShortMessage::read(r)?),
            CommandId::SUBMIT_SM_RESP => Self::SubmitSmResp(MessageResp::read(r, status)?),
            CommandId::DELIVER_SM => Self::DeliverSm(ShortMessage::read(r)?),
            CommandId::DELIVER_SM_RESP => Self::DeliverSmResp(MessageResp::read_unused(r)?),
            CommandId::ENQUIRE_LINK => Self::EnquireLink,
            CommandId::ENQUIRE_LINK_RESP => Self::EnquireLinkResp,
            CommandId::BIND_RECEIVER => Self::BindReceiver(Bind::read(r)?),
            CommandId::BIND_RECEIVER_RESP => Self::BindReceiverResp(BindResp::read(r, status)?),
            CommandId::BIND_TRANSMITTER => Self::BindTransmitter(Bind::read(r)?),
            CommandId::BIND_TRANSMITTER_RESP => Self::BindTransmitterResp(BindResp::read(r, status)?),
            CommandId::BIND_TRANSCEIVER => Self::BindTransceiver(Bind::read(r)?),
            CommandId::BIND_TRANSCEIVER_RESP => Self::BindTransceiverResp(BindResp::read(r, status)?),
            CommandId::OUTBIND => Self::Outbind(Outbind::read(r)?),
            CommandId::UNBIND => Self::Unbind,
            CommandId::UNBIND_RESP => Self::UnbindResp,
            CommandId::SUBMIT_MULTI => Self::SubmitMulti(SubmitMulti::read(r)?),
            CommandId::SUBMIT_MULTI_RESP => Self::SubmitMultiResp(SubmitMultiResp::read(r, status)?),
            CommandId::DATA_SM => Self::DataSm(DataSm::read(r)?),
            CommandId::DATA_SM_RESP => Self::DataSmResp(MessageResp::read(r, status)?),
            CommandId::QUERY_SM => Self::QuerySm(QuerySm::read(r)?),
            CommandId::QUERY_SM_RESP => Self::QuerySmResp(QuerySmResp::read(r, status)?),
            CommandId::CANCEL_SM => Self::CancelSm(CancelSm::read(r)?),
            CommandId::CANCEL_SM_RESP => Self::CancelSmResp,
            CommandId::REPLACE_SM => Self::ReplaceSm(ReplaceSm::read(r)?),
            CommandId::REPLACE_SM_RESP => Self::ReplaceSmResp,
            CommandId::ALERT_NOTIFICATION => Self::AlertNotification(AlertNotification::read(r)?),
            CommandId::GENERIC_NACK => Self::GenericNack,
            command_id => return Ok(Self::Unknown(Unknown { command_id, body })),
        };
        reader.finish()?;
        Ok(pdu)
    }

    /// The id of this PDU.
    #[must_use]
    pub fn command_id(&self) -> CommandId {
        match self {
            Self::BindReceiver(_) => CommandId::BIND_RECEIVER,
            Self::BindReceiverResp(_) => CommandId::BIND_RECEIVER_RESP,
            Self::BindTransmitter(_) => CommandId::BIND_TRANSMITTER,
            Self::BindTransmitterResp(_) => CommandId::BIND_TRANSMITTER_RESP,
            Self::BindTransceiver(_) => CommandId::BIND_TRANSCEIVER,
            Self::BindTransceiverResp(_) => CommandId::BIND_TRANSCEIVER_RESP,
            Self::Outbind(_) => CommandId::OUTBIND,
            Self::Unbind => CommandId::UNBIND,
            Self::UnbindResp => CommandId::UNBIND_RESP,
            Self::SubmitSm(_) => CommandId::SUBMIT_SM,
            Self::SubmitSmResp(_) => CommandId::SUBMIT_SM_RESP,
            Self::DeliverSm(_) => CommandId::DELIVER_SM,
            Self::DeliverSmResp(_) => CommandId::DELIVER_SM_RESP,
            Self::SubmitMulti(_) => CommandId::SUBMIT_MULTI,
            Self::SubmitMultiResp(_) => CommandId::SUBMIT_MULTI_RESP,
            Self::DataSm(_) => CommandId::DATA_SM,
            Self::DataSmResp(_) => CommandId::DATA_SM_RESP,
            Self::QuerySm(_) => CommandId::QUERY_SM,
            Self::QuerySmResp(_) => CommandId::QUERY_SM_RESP,
            Self::CancelSm(_) => CommandId::CANCEL_SM,
            Self::CancelSmResp => CommandId::CANCEL_SM_RESP,
            Self::ReplaceSm(_) => CommandId::REPLACE_SM,
            Self::ReplaceSmResp => CommandId::REPLACE_SM_RESP,
            Self::EnquireLink => CommandId::ENQUIRE_LINK,
            Self::EnquireLinkResp => CommandId::ENQUIRE_LINK_RESP,
            Self::AlertNotification(_) => CommandId::ALERT_NOTIFICATION,
            Self::GenericNack => CommandId::GENERIC_NACK,
            Self::Unknown(unknown) => unknown.command_id,
        }
    }

    /// Appends the whole PDU to `out`. A response that carries nothing but an error has no body
    /// (SMPP 3.4, 4.4.2).
    ///
    /// # Errors
    /// [`EncodeError`] when a field breaks a limit of SMPP 3.4; `out` is then unchanged.
    pub fn encode(&self, status: CommandStatus, sequence: u32, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        write_pdu(self.command_id(), status, sequence, out, |w| self.write_body(status, w))
    }

    /// Appends the body.
    fn write_body(&self, status: CommandStatus, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        match self {
            Self::BindReceiver(bind) | Self::BindTransmitter(bind) | Self::BindTransceiver(bind) => {
                bind.write(w)
            }
            Self::BindReceiverResp(resp)
            | Self::BindTransmitterResp(resp)
            | Self::BindTransceiverResp(resp) => resp.write(w, status),
            Self::Outbind(outbind) => outbind.write(w),
            Self::SubmitSm(message) | Self::DeliverSm(message) => message.write(w),
            Self::SubmitSmResp(resp) | Self::DeliverSmResp(resp) | Self::DataSmResp(resp) => {
                resp.write(w, status)
            }
            Self::SubmitMulti(multi) => multi.write(w),
            Self::SubmitMultiResp(resp) => resp.write(w, status),
            Self::DataSm(data) => data.write(w),
            Self::QuerySm(query) => query.write(w),
            Self::QuerySmResp(resp) => resp.write(w, status),
            Self::CancelSm(cancel) => cancel.write(w),
            Self::ReplaceSm(replace) => replace.write(w),
            Self::AlertNotification(alert) => alert.write(w),
            Self::Unbind
            | Self::UnbindResp
            | Self::CancelSmResp
            | Self::ReplaceSmResp
            | Self::EnquireLink
            | Self::EnquireLinkResp
            | Self::GenericNack => Ok(()),
            Self::Unknown(unknown) => {
                w.octets(unknown.body);
                Ok(())
            }
        }
    }
}

/// Appends a PDU of 16 octets: `enquire_link`, `unbind`, their responses, `generic_nack`, or any error response.
pub fn write_header_only(id: CommandId, status: CommandStatus, sequence: u32, out: &mut Vec<u8>) {
    write_bare(id, status, sequence, out);
}

/// Appends a `submit_sm_resp`: with the id when the status is OK, a header only otherwise.
///
/// # Errors
/// [`EncodeError`] when the id is longer than 64 octets or holds a NUL; `out` is then unchanged.
pub fn write_submit_sm_resp(
    message_id: &[u8],
    status: CommandStatus,
    sequence: u32,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    if !status.is_ok() {
        write_bare(CommandId::SUBMIT_SM_RESP, status, sequence, out);
        return Ok(());
    }
    let resp = MessageResp { message_id, ..MessageResp::default() };
    write_pdu(CommandId::SUBMIT_SM_RESP, status, sequence, out, |w| resp.write(w, status))
}

/// Appends a `deliver_sm_resp`; its message id is unused and empty (SMPP 3.4, 4.6.2).
pub fn write_deliver_sm_resp(status: CommandStatus, sequence: u32, out: &mut Vec<u8>) {
    Header {
        command_length: 17,
        command_id: CommandId::DELIVER_SM_RESP,
        command_status: status,
        sequence_number: sequence,
    }
    .write(out);
    out.push(0);
}
