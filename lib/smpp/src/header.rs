//! The 16-octet header that begins every PDU (SMPP 3.4, 3.2).
//!
//! Reading never fails: whether the values make sense is judged by the frame cutter and the session.

use crate::command::CommandId;
use crate::status::CommandStatus;

/// Octets of a header.
pub const HEADER_OCTETS: usize = 16;

/// The header of a PDU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Octets of the whole PDU, this header included.
    pub command_length: u32,
    /// What is asked or answered.
    pub command_id: CommandId,
    /// Outcome, in a response; zero in a request.
    pub command_status: CommandStatus,
    /// Ties a response to its request; 1..=0x7FFF_FFFF by the specification, any value on the wire.
    pub sequence_number: u32,
}

impl Header {
    /// Reads a header from its 16 octets.
    #[must_use]
    pub fn parse(octets: &[u8; HEADER_OCTETS]) -> Self {
        let [l0, l1, l2, l3, i0, i1, i2, i3, s0, s1, s2, s3, n0, n1, n2, n3] = *octets;
        Self {
            command_length: u32::from_be_bytes([l0, l1, l2, l3]),
            command_id: CommandId(u32::from_be_bytes([i0, i1, i2, i3])),
            command_status: CommandStatus(u32::from_be_bytes([s0, s1, s2, s3])),
            sequence_number: u32::from_be_bytes([n0, n1, n2, n3]),
        }
    }

    /// Appends the 16 octets to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.command_length.to_be_bytes());
        out.extend_from_slice(&self.command_id.0.to_be_bytes());
        out.extend_from_slice(&self.command_status.0.to_be_bytes());
        out.extend_from_slice(&self.sequence_number.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::Header;
    use crate::{CommandId, CommandStatus};

    #[test]
    fn reads_what_it_writes() {
        let header = Header {
            command_length: 16,
            command_id: CommandId::ENQUIRE_LINK,
            command_status: CommandStatus::ESME_RTHROTTLED,
            sequence_number: 0x0102_0304,
        };
        let mut octets = Vec::new();
        header.write(&mut octets);
        assert_eq!(octets, [0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0x58, 1, 2, 3, 4]);
        assert_eq!(Header::parse(&octets.try_into().unwrap()), header);
    }
}
