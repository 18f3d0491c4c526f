//! The three binds, their responses, and `outbind` (SMPP 3.4, 4.1).
//!
//! Nothing here checks a password; the fields are handed over as they came.

use std::fmt;

use crate::error::{DecodeError, EncodeError, Field};
use crate::limits;
use crate::masked::{Masked, Plain};
use crate::pdu::address::{Address, AddressFields};
use crate::read::Reader;
use crate::status::CommandStatus;
use crate::tlv::Tlvs;
use crate::write::Writer;

/// `bind_transmitter`, `bind_receiver` or `bind_transceiver`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Bind<'a> {
    /// Who binds; up to 15 octets.
    pub system_id: &'a [u8],
    /// Up to 8 octets.
    pub password: &'a [u8],
    /// Up to 12 octets.
    pub system_type: &'a [u8],
    /// 0x34 for SMPP 3.4, 0x50 for 5.0, up to 0x33 for 3.3 and older.
    pub interface_version: u8,
    /// Type of number, numbering plan and `address_range` (up to 40 octets) that the ESME serves.
    pub address_range: Address<'a>,
}

impl fmt::Debug for Bind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bind")
            .field("system_id", &Plain(self.system_id))
            .field("password", &Masked(self.password))
            .field("system_type", &Plain(self.system_type))
            .field("interface_version", &self.interface_version)
            .field("address_range", &self.address_range)
            .finish()
    }
}

impl<'a> Bind<'a> {
    pub(crate) fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            system_id: r.c_string(Field::SystemId, limits::SYSTEM_ID)?,
            password: r.c_string(Field::Password, limits::PASSWORD)?,
            system_type: r.c_string(Field::SystemType, limits::SYSTEM_TYPE)?,
            interface_version: r.u8(Field::InterfaceVersion)?,
            address_range: Address::read(r, AddressFields::RANGE, limits::ADDRESS_RANGE)?,
        })
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.c_string(Field::SystemId, self.system_id, limits::SYSTEM_ID)?;
        w.c_string(Field::Password, self.password, limits::PASSWORD)?;
        w.c_string(Field::SystemType, self.system_type, limits::SYSTEM_TYPE)?;
        w.u8(self.interface_version);
        self.address_range.write(w, AddressFields::RANGE, limits::ADDRESS_RANGE)
    }
}

/// The response to a bind.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct BindResp<'a> {
    /// The SMSC's own name; up to 15 octets.
    pub system_id: &'a [u8],
    /// May hold `sc_interface_version`.
    pub tlvs: Tlvs<'a>,
}

impl fmt::Debug for BindResp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BindResp")
            .field("system_id", &Plain(self.system_id))
            .field("tlvs", &self.tlvs)
            .finish()
    }
}

impl<'a> BindResp<'a> {
    pub(crate) fn read(r: &mut Reader<'a>, status: CommandStatus) -> Result<Self, DecodeError> {
        if r.may_lack_body(status) {
            return Ok(Self::default());
        }
        Ok(Self { system_id: r.c_string(Field::SystemId, limits::SYSTEM_ID)?, tlvs: r.tlvs()? })
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>, status: CommandStatus) -> Result<(), EncodeError> {
        if !status.is_ok() && self.system_id.is_empty() && self.tlvs.is_empty() {
            return Ok(());
        }
        w.c_string(Field::SystemId, self.system_id, limits::SYSTEM_ID)?;
        w.tlvs(&self.tlvs)
    }
}

/// `outbind`: an SMSC asks an ESME to bind as a receiver.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Outbind<'a> {
    /// The SMSC; up to 15 octets.
    pub system_id: &'a [u8],
    /// Up to 8 octets.
    pub password: &'a [u8],
}

impl fmt::Debug for Outbind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbind")
            .field("system_id", &Plain(self.system_id))
            .field("password", &Masked(self.password))
            .finish()
    }
}

impl<'a> Outbind<'a> {
    pub(crate) fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            system_id: r.c_string(Field::SystemId, limits::SYSTEM_ID)?,
            password: r.c_string(Field::Password, limits::PASSWORD)?,
        })
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.c_string(Field::SystemId, self.system_id, limits::SYSTEM_ID)?;
        w.c_string(Field::Password, self.password, limits::PASSWORD)
    }
}
