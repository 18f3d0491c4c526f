//! The responses that carry a message id: `submit_sm_resp`, `deliver_sm_resp`, `data_sm_resp`.
//!
//! A response with an error status may have no body at all (SMPP 3.4, 4.4.2).

use std::fmt;

use crate::error::{DecodeError, EncodeError, Field};
use crate::limits;
use crate::masked::Plain;
use crate::read::Reader;
use crate::status::CommandStatus;
use crate::tlv::Tlvs;
use crate::write::Writer;

/// `submit_sm_resp`, `deliver_sm_resp` or `data_sm_resp`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct MessageResp<'a> {
    /// The id that the peer gave; up to 64 octets. Empty when missing, and in `deliver_sm_resp`.
    pub message_id: &'a [u8],
    /// Optional parameters; SMPP 3.4 has them in `data_sm_resp` only.
    pub tlvs: Tlvs<'a>,
}

impl fmt::Debug for MessageResp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageResp")
            .field("message_id", &Plain(self.message_id))
            .field("tlvs", &self.tlvs)
            .finish()
    }
}

impl<'a> MessageResp<'a> {
    pub(crate) fn read(r: &mut Reader<'a>, status: CommandStatus) -> Result<Self, DecodeError> {
        if r.may_lack_body(status) {
            return Ok(Self::default());
        }
        Ok(Self { message_id: r.c_string(Field::MessageId, limits::MESSAGE_ID)?, tlvs: r.tlvs()? })
    }

    /// Reads a `deliver_sm_resp`, whose id is unused: many ESMEs leave the body away, and nothing is lost.
    pub(crate) fn read_unused(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        if r.is_empty() {
            return Ok(Self::default());
        }
        Self::read(r, CommandStatus::ESME_ROK)
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>, status: CommandStatus) -> Result<(), EncodeError> {
        if !status.is_ok() && self.message_id.is_empty() && self.tlvs.is_empty() {
            return Ok(());
        }
        w.c_string(Field::MessageId, self.message_id, limits::MESSAGE_ID)?;
        w.tlvs(&self.tlvs)
    }
}
