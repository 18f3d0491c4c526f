//! `submit_sm` and `deliver_sm` (SMPP 3.4, 4.4 and 4.6), which have the same body.
//!
//! The text is octets: which alphabet they are in, `data_coding` tells and another library decodes.

use std::fmt;

use crate::command::CommandId;
use crate::error::{DecodeError, EncodeError, Field};
use crate::limits;
use crate::masked::{Masked, Plain};
use crate::pdu::address::{Address, AddressFields};
use crate::read::Reader;
use crate::status::CommandStatus;
use crate::tlv::Tlvs;
use crate::write::{Writer, write_pdu};

/// Bit of `esm_class`: the text begins with a user data header.
const UDH_INDICATOR: u8 = 0x40;
/// Bits of `esm_class` that hold the message type.
const TYPE_MASK: u8 = 0x3C;

/// What a message is, by `esm_class` (SMPP 3.4, 5.2.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageType {
    /// An ordinary message.
    Default,
    /// A receipt of the SMSC about the outcome.
    DeliveryReceipt,
    /// An acknowledgement of the receiving entity.
    DeliveryAcknowledgement,
    /// An acknowledgement by the user of the phone.
    UserAcknowledgement,
    /// The end of a conversation (Korean CDMA).
    ConversationAbort,
    /// A receipt of the SMSC before the outcome.
    IntermediateNotification,
    /// Bits that the specification reserves.
    Reserved,
}

impl MessageType {
    /// The type that `esm_class` tells.
    #[must_use]
    pub fn of(esm_class: u8) -> Self {
        match esm_class & TYPE_MASK {
            0x00 => Self::Default,
            0x04 => Self::DeliveryReceipt,
            0x08 => Self::DeliveryAcknowledgement,
            0x10 => Self::UserAcknowledgement,
            0x18 => Self::ConversationAbort,
            0x20 => Self::IntermediateNotification,
            _ => Self::Reserved,
        }
    }

    /// Whether the message reports about another one on behalf of an SMSC.
    #[must_use]
    pub fn is_receipt(self) -> bool {
        matches!(self, Self::DeliveryReceipt | Self::IntermediateNotification)
    }
}

/// The body of `submit_sm` or `deliver_sm`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct ShortMessage<'a> {
    /// Up to 5 octets; empty for the default.
    pub service_type: &'a [u8],
    /// Who sends; up to 20 octets.
    pub source: Address<'a>,
    /// Who receives; up to 20 octets.
    pub destination: Address<'a>,
    /// Mode, type and features.
    pub esm_class: u8,
    /// Protocol identifier of the network.
    pub protocol_id: u8,
    /// 0 lowest to 3 highest.
    pub priority_flag: u8,
    /// Empty for "at once", else 16 octets; see [`crate::time`].
    pub schedule_delivery_time: &'a [u8],
    /// Empty for the default, else 16 octets; see [`crate::time`].
    pub validity_period: &'a [u8],
    /// Which receipts are asked for.
    pub registered_delivery: u8,
    /// 1 to replace a waiting message.
    pub replace_if_present: u8,
    /// The alphabet and class of the text.
    pub data_coding: u8,
    /// A text stored at the SMSC; 0 for none.
    pub sm_default_msg_id: u8,
    /// Up to 254 octets; `sm_length` is derived from it.
    pub short_message: &'a [u8],
    /// Optional parameters.
    pub tlvs: Tlvs<'a>,
}

impl fmt::Debug for ShortMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShortMessage")
            .field("service_type", &Plain(self.service_type))
            .field("source", &self.source)
            .field("destination", &self.destination)
            .field("esm_class", &self.esm_class)
            .field("protocol_id", &self.protocol_id)
            .field("priority_flag", &self.priority_flag)
            .field("schedule_delivery_time", &Plain(self.schedule_delivery_time))
            .field("validity_period", &Plain(self.validity_period))
            .field("registered_delivery", &self.registered_delivery)
            .field("replace_if_present", &self.replace_if_present)
            .field("data_coding", &self.data_coding)
            .field("sm_default_msg_id", &self.sm_default_msg_id)
            .field("short_message", &Masked(self.short_message))
            .field("tlvs", &self.tlvs)
            .finish()
    }
}

impl<'a> ShortMessage<'a> {
    /// The text with its user data header, if any: `message_payload` if it holds something, else
    /// `short_message`. The payload wins because it alone can hold the whole of a long text.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        match self.tlvs.message_payload() {
            Some(payload) if !payload.is_empty() => payload,
            _ => self.short_message,
        }
    }

    /// Whether `esm_class` announces a user data header. The payload may still be too short to hold one.
    #[must_use]
    pub fn has_udh(&self) -> bool {
        self.esm_class & UDH_INDICATOR != 0
    }

    /// The payload as (user data header without its length octet, text).
    ///
    /// The header is empty when none is announced; `None` when it is announced and overruns the payload.
    #[must_use]
    pub fn split_udh(&self) -> Option<(&'a [u8], &'a [u8])> {
        let payload = self.payload();
        if !self.has_udh() {
            return Some((&[], payload));
        }
        let (&length, rest) = payload.split_first()?;
        rest.split_at_checked(usize::from(length))
    }

    /// What the message is.
    #[must_use]
    pub fn message_type(&self) -> MessageType {
        MessageType::of(self.esm_class)
    }

    /// Appends it as a `submit_sm`.
    ///
    /// # Errors
    /// As [`Pdu::encode`](crate::Pdu::encode).
    pub fn encode_submit_sm(&self, sequence: u32, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        write_pdu(CommandId::SUBMIT_SM, CommandStatus::ESME_ROK, sequence, out, |w| self.write(w))
    }

    /// Appends it as a `deliver_sm`.
    ///
    /// # Errors
    /// As [`Pdu::encode`](crate::Pdu::encode).
    pub fn encode_deliver_sm(&self, sequence: u32, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        write_pdu(CommandId::DELIVER_SM, CommandStatus::ESME_ROK, sequence, out, |w| self.write(w))
    }

    pub(crate) fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let service_type = r.c_string(Field::ServiceType, limits::SERVICE_TYPE)?;
        let source = Address::read(r, AddressFields::SOURCE, limits::ADDRESS)?;
        let destination = Address::read(r, AddressFields::DESTINATION, limits::ADDRESS)?;
        let tail = Self::read_tail(r)?;
        Ok(Self { service_type, source, destination, ..tail })
    }

    /// Reads what follows the destination; `submit_multi` has the same fields behind its list.
    pub(crate) fn read_tail(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut message = Self {
            esm_class: r.u8(Field::EsmClass)?,
            protocol_id: r.u8(Field::ProtocolId)?,
            priority_flag: r.u8(Field::PriorityFlag)?,
            schedule_delivery_time: r.time(Field::ScheduleDeliveryTime)?,
            validity_period: r.time(Field::ValidityPeriod)?,
            registered_delivery: r.u8(Field::RegisteredDelivery)?,
            replace_if_present: r.u8(Field::ReplaceIfPresent)?,
            data_coding: r.u8(Field::DataCoding)?,
            sm_default_msg_id: r.u8(Field::DefaultMessageId)?,
            short_message: r.short_message()?,
            ..Self::default()
        };
        message.tlvs = r.tlvs()?;
        if r.is_exact() && message.has_both_payloads() {
            return Err(DecodeError::BothPayloads);
        }
        Ok(message)
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.c_string(Field::ServiceType, self.service_type, limits::SERVICE_TYPE)?;
        self.source.write(w, AddressFields::SOURCE, limits::ADDRESS)?;
        self.destination.write(w, AddressFields::DESTINATION, limits::ADDRESS)?;
        self.write_tail(w)
    }

    /// Writes what follows the destination.
    pub(crate) fn write_tail(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        if self.has_both_payloads() {
            return Err(EncodeError::BothPayloads);
        }
        w.octets(&[self.esm_class, self.protocol_id, self.priority_flag]);
        w.time(Field::ScheduleDeliveryTime, self.schedule_delivery_time)?;
        w.time(Field::ValidityPeriod, self.validity_period)?;
        w.octets(&[
            self.registered_delivery,
            self.replace_if_present,
            self.data_coding,
            self.sm_default_msg_id,
        ]);
        w.short_message(self.short_message)?;
        w.tlvs(&self.tlvs)
    }

    fn has_both_payloads(&self) -> bool {
        !self.short_message.is_empty() && self.tlvs.message_payload().is_some()
    }
}
