//! `query_sm`, `cancel_sm` and `replace_sm` (SMPP 3.4, 4.8 to 4.10): operations on a message sent before.
//!
//! The responses of the last two have a header only.

use std::fmt;

use crate::error::{DecodeError, EncodeError, Field};
use crate::limits;
use crate::masked::{Masked, Plain};
use crate::message_state::MessageState;
use crate::pdu::address::{Address, AddressFields};
use crate::read::Reader;
use crate::status::CommandStatus;
use crate::tlv::Tlvs;
use crate::write::Writer;

/// `query_sm`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct QuerySm<'a> {
    /// The id that `submit_sm_resp` gave.
    pub message_id: &'a [u8],
    /// The source of that message.
    pub source: Address<'a>,
}

impl fmt::Debug for QuerySm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuerySm")
            .field("message_id", &Plain(self.message_id))
            .field("source", &self.source)
            .finish()
    }
}

impl<'a> QuerySm<'a> {
    pub(crate) fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            message_id: r.c_string(Field::MessageId, limits::MESSAGE_ID)?,
            source: Address::read(r, AddressFields::SOURCE, limits::ADDRESS)?,
        })
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.c_string(Field::MessageId, self.message_id, limits::MESSAGE_ID)?;
        self.source.write(w, AddressFields::SOURCE, limits::ADDRESS)
    }
}

/// `query_sm_resp`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct QuerySmResp<'a> {
    /// The id asked for.
    pub message_id: &'a [u8],
    /// When the message became final: 16 octets, or empty.
    pub final_date: &'a [u8],
    /// The raw state; see [`QuerySmResp::state`].
    pub message_state: u8,
    /// Error code of the network; 0 for none.
    pub error_code: u8,
}

impl fmt::Debug for QuerySmResp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuerySmResp")
            .field("message_id", &Plain(self.message_id))
            .field("final_date", &Plain(self.final_date))
            .field("message_state", &self.message_state)
            .field("error_code", &self.error_code)
            .finish()
    }
}

impl<'a> QuerySmResp<'a> {
    /// The state, if the specification defines it.
    #[must_use]
    pub fn state(&self) -> Option<MessageState> {
        MessageState::from_code(self.message_state)
    }

    pub(crate) fn read(r: &mut Reader<'a>, status: CommandStatus) -> Result<Self, DecodeError> {
        if r.may_lack_body(status) {
            return Ok(Self::default());
        }
        Ok(Self {
            message_id: r.c_string(Field::MessageId, limits::MESSAGE_ID)?,
            final_date: r.time(Field::FinalDate)?,
            message_state: r.u8(Field::MessageState)?,
            error_code: r.u8(Field::ErrorCode)?,
        })
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>, status: CommandStatus) -> Result<(), EncodeError> {
        if !status.is_ok() && *self == Self::default() {
            return Ok(());
        }
        w.c_string(Field::MessageId, self.message_id, limits::MESSAGE_ID)?;
        w.time(Field::FinalDate, self.final_date)?;
        w.octets(&[self.message_state, self.error_code]);
        Ok(())
    }
}

/// `cancel_sm`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct CancelSm<'a> {
    /// With an empty id: of which service type messages are cancelled.
    pub service_type: &'a [u8],
    /// The message; empty to cancel all from `source` to `destination`.
    pub message_id: &'a [u8],
    /// The source of the message.
    pub source: Address<'a>,
    /// The destination of the message; may be empty when an id is given.
    pub destination: Address<'a>,
}

impl fmt::Debug for CancelSm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelSm")
            .field("service_type", &Plain(self.service_type))
            .field("message_id", &Plain(self.message_id))
            .field("source", &self.source)
            .field("destination", &self.destination)
            .finish()
    }
}

impl<'a> CancelSm<'a> {
    pub(crate) fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            service_type: r.c_string(Field::ServiceType, limits::SERVICE_TYPE)?,
            message_id: r.c_string(Field::MessageId, limits::MESSAGE_ID)?,
            source: Address::read(r, AddressFields::SOURCE, limits::ADDRESS)?,
            destination: Address::read(r, AddressFields::DESTINATION, limits::ADDRESS)?,
        })
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.c_string(Field::ServiceType, self.service_type, limits::SERVICE_TYPE)?;
        w.c_string(Field::MessageId, self.message_id, limits::MESSAGE_ID)?;
        self.source.write(w, AddressFields::SOURCE, limits::ADDRESS)?;
        self.destination.write(w, AddressFields::DESTINATION, limits::ADDRESS)
    }
}

/// `replace_sm`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplaceSm<'a> {
    /// The message to replace.
    pub message_id: &'a [u8],
    /// Its source, as it was submitted.
    pub source: Address<'a>,
    /// The new time; empty to keep it.
    pub schedule_delivery_time: &'a [u8],
    /// The new validity; empty to keep it.
    pub validity_period: &'a [u8],
    /// Which receipts are asked for.
    pub registered_delivery: u8,
    /// A text stored at the SMSC; 0 for none.
    pub sm_default_msg_id: u8,
    /// The new text; up to 254 octets.
    pub short_message: &'a [u8],
    /// Optional parameters, which SMPP 5.0 adds (`message_payload`).
    pub tlvs: Tlvs<'a>,
}

impl fmt::Debug for ReplaceSm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplaceSm")
            .field("message_id", &Plain(self.message_id))
            .field("source", &self.source)
            .field("schedule_delivery_time", &Plain(self.schedule_delivery_time))
            .field("validity_period", &Plain(self.validity_period))
            .field("registered_delivery", &self.registered_delivery)
            .field("sm_default_msg_id", &self.sm_default_msg_id)
            .field("short_message", &Masked(self.short_message))
            .field("tlvs", &self.tlvs)
            .finish()
    }
}

impl<'a> ReplaceSm<'a> {
    pub(crate) fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            message_id: r.c_string(Field::MessageId, limits::MESSAGE_ID)?,
            source: Address::read(r, AddressFields::SOURCE, limits::ADDRESS)?,
            schedule_delivery_time: r.time(Field::ScheduleDeliveryTime)?,
            validity_period: r.time(Field::ValidityPeriod)?,
            registered_delivery: r.u8(Field::RegisteredDelivery)?,
            sm_default_msg_id: r.u8(Field::DefaultMessageId)?,
            short_message: r.short_message()?,
            tlvs: r.tlvs()?,
        })
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.c_string(Field::MessageId, self.message_id, limits::MESSAGE_ID)?;
        self.source.write(w, AddressFields::SOURCE, limits::ADDRESS)?;
        w.time(Field::ScheduleDeliveryTime, self.schedule_delivery_time)?;
        w.time(Field::ValidityPeriod, self.validity_period)?;
        w.octets(&[self.registered_delivery, self.sm_default_msg_id]);
        w.short_message(self.short_message)?;
        w.tlvs(&self.tlvs)
    }
}
