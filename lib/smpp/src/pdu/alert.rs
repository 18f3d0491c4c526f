//! `alert_notification` (SMPP 3.4, 4.12): a phone has become reachable. It is never answered.
//!
//! Whether anybody waits for that phone is not known here.

use crate::error::{DecodeError, EncodeError};
use crate::limits;
use crate::pdu::address::{Address, AddressFields};
use crate::read::Reader;
use crate::tlv::Tlvs;
use crate::write::Writer;

/// `alert_notification`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlertNotification<'a> {
    /// The phone that is reachable; up to 64 octets.
    pub source: Address<'a>,
    /// The ESME that asked for the alert; up to 64 octets.
    pub esme: Address<'a>,
    /// May hold `ms_availability_status`.
    pub tlvs: Tlvs<'a>,
}

impl<'a> AlertNotification<'a> {
    pub(crate) fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            source: Address::read(r, AddressFields::SOURCE, limits::LONG_ADDRESS)?,
            esme: Address::read(r, AddressFields::ESME, limits::LONG_ADDRESS)?,
            tlvs: r.tlvs()?,
        })
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        self.source.write(w, AddressFields::SOURCE, limits::LONG_ADDRESS)?;
        self.esme.write(w, AddressFields::ESME, limits::LONG_ADDRESS)?;
        w.tlvs(&self.tlvs)
    }
}
