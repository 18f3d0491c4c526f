//! `data_sm` (SMPP 3.4, 4.7): a message whose text and options are all TLVs.
//!
//! Its response is a [`MessageResp`](crate::MessageResp).

use std::fmt;

use crate::error::{DecodeError, EncodeError, Field};
use crate::limits;
use crate::masked::Plain;
use crate::pdu::address::{Address, AddressFields};
use crate::pdu::message::ShortMessage;
use crate::read::Reader;
use crate::tlv::Tlvs;
use crate::write::Writer;

/// `data_sm`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct DataSm<'a> {
    /// Up to 5 octets.
    pub service_type: &'a [u8],
    /// Who sends; up to 64 octets.
    pub source: Address<'a>,
    /// Who receives; up to 64 octets.
    pub destination: Address<'a>,
    /// Mode, type and features.
    pub esm_class: u8,
    /// Which receipts are asked for.
    pub registered_delivery: u8,
    /// The alphabet and class of the text.
    pub data_coding: u8,
    /// Optional parameters; `message_payload` holds the text.
    pub tlvs: Tlvs<'a>,
}

impl fmt::Debug for DataSm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataSm")
            .field("service_type", &Plain(self.service_type))
            .field("source", &self.source)
            .field("destination", &self.destination)
            .field("esm_class", &self.esm_class)
            .field("registered_delivery", &self.registered_delivery)
            .field("data_coding", &self.data_coding)
            .field("tlvs", &self.tlvs)
            .finish()
    }
}

impl<'a> DataSm<'a> {
    /// The same message in the form of `submit_sm` or `deliver_sm`, so that one path serves both.
    #[must_use]
    pub fn as_short_message(&self) -> ShortMessage<'a> {
        ShortMessage {
            service_type: self.service_type,
            source: self.source,
            destination: self.destination,
            esm_class: self.esm_class,
            registered_delivery: self.registered_delivery,
            data_coding: self.data_coding,
            tlvs: self.tlvs,
            ..ShortMessage::default()
        }
    }

    pub(crate) fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            service_type: r.c_string(Field::ServiceType, limits::SERVICE_TYPE)?,
            source: Address::read(r, AddressFields::SOURCE, limits::LONG_ADDRESS)?,
            destination: Address::read(r, AddressFields::DESTINATION, limits::LONG_ADDRESS)?,
            esm_class: r.u8(Field::EsmClass)?,
            registered_delivery: r.u8(Field::RegisteredDelivery)?,
            data_coding: r.u8(Field::DataCoding)?,
            tlvs: r.tlvs()?,
        })
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.c_string(Field::ServiceType, self.service_type, limits::SERVICE_TYPE)?;
        self.source.write(w, AddressFields::SOURCE, limits::LONG_ADDRESS)?;
        self.destination.write(w, AddressFields::DESTINATION, limits::LONG_ADDRESS)?;
        w.octets(&[self.esm_class, self.registered_delivery, self.data_coding]);
        w.tlvs(&self.tlvs)
    }
}
