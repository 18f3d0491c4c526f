//! `submit_multi` and its response (SMPP 3.4, 4.5), with the two lists they carry.
//!
//! The lists are views over the frame that were checked once; distribution lists are named, not resolved.

mod lists;

use std::fmt;

pub use lists::{
    Destination, DestinationBuffer, DestinationIter, Destinations, Unsuccess, UnsuccessBuffer, UnsuccessIter,
    UnsuccessList,
};

use crate::error::{DecodeError, EncodeError, Field};
use crate::limits;
use crate::masked::Plain;
use crate::pdu::address::{Address, AddressFields};
use crate::pdu::message::ShortMessage;
use crate::read::Reader;
use crate::status::CommandStatus;
use crate::tlv::Tlvs;
use crate::write::Writer;

/// `submit_multi`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SubmitMulti<'a> {
    /// All fields that it shares with `submit_sm`; `destination` is empty and not written.
    pub message: ShortMessage<'a>,
    /// 1 to 254 destinations.
    pub destinations: Destinations<'a>,
}

impl<'a> SubmitMulti<'a> {
    /// The message as it would be submitted to one of the destinations.
    #[must_use]
    pub fn for_destination(&self, destination: Address<'a>) -> ShortMessage<'a> {
        ShortMessage { destination, ..self.message }
    }

    pub(crate) fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let service_type = r.c_string(Field::ServiceType, limits::SERVICE_TYPE)?;
        let source = Address::read(r, AddressFields::SOURCE, limits::ADDRESS)?;
        let destinations = Destinations::read(r)?;
        let tail = ShortMessage::read_tail(r)?;
        Ok(Self { message: ShortMessage { service_type, source, ..tail }, destinations })
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.c_string(Field::ServiceType, self.message.service_type, limits::SERVICE_TYPE)?;
        self.message.source.write(w, AddressFields::SOURCE, limits::ADDRESS)?;
        self.destinations.write(w)?;
        self.message.write_tail(w)
    }
}

/// `submit_multi_resp`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct SubmitMultiResp<'a> {
    /// The id of the submission; up to 64 octets.
    pub message_id: &'a [u8],
    /// The destinations that were refused.
    pub unsuccess: UnsuccessList<'a>,
    /// Optional parameters, which SMPP 5.0 adds.
    pub tlvs: Tlvs<'a>,
}

impl fmt::Debug for SubmitMultiResp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitMultiResp")
            .field("message_id", &Plain(self.message_id))
            .field("unsuccess", &self.unsuccess)
            .field("tlvs", &self.tlvs)
            .finish()
    }
}

impl<'a> SubmitMultiResp<'a> {
    pub(crate) fn read(r: &mut Reader<'a>, status: CommandStatus) -> Result<Self, DecodeError> {
        if r.may_lack_body(status) {
            return Ok(Self::default());
        }
        let message_id = r.c_string(Field::MessageId, limits::MESSAGE_ID)?;
        // Some SMSCs leave the list away when it is empty.
        if r.is_empty() && !r.is_exact() {
            return Ok(Self { message_id, ..Self::default() });
        }
        Ok(Self { message_id, unsuccess: UnsuccessList::read(r)?, tlvs: r.tlvs()? })
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>, status: CommandStatus) -> Result<(), EncodeError> {
        if !status.is_ok() && *self == Self::default() {
            return Ok(());
        }
        w.c_string(Field::MessageId, self.message_id, limits::MESSAGE_ID)?;
        self.unsuccess.write(w)?;
        w.tlvs(&self.tlvs)
    }
}
