//! Cuts a byte stream into frames by `command_length`, without looking at what is inside them.
//!
//! A frame with a senseless body costs that one PDU. Only a senseless `command_length` ends the stream,
//! because nobody can know where the next PDU begins. Nothing is ever allocated because a length was announced.
//! Start at [`FrameCutter::next_frame`].

use std::fmt;

use crate::error::Disposition;
use crate::header::{HEADER_OCTETS, Header};
use crate::masked::Masked;
use crate::status::CommandStatus;

/// Longest PDU accepted by default, in octets: a `message_payload` of 65,535 and room for all other fields.
pub const FRAME_LIMIT: u32 = 70_000;

/// Spare room that [`FrameCutter::buffer_mut`] makes for the next read, in octets.
const READ_OCTETS: usize = 4 * 1024;

/// Capacity that an emptied buffer may keep; what a big frame needed beyond it is given back.
const KEPT_OCTETS: usize = 16 * 1024;

/// One whole PDU, borrowed from the cutter's buffer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The header.
    pub header: Header,
    /// What follows the header.
    pub body: &'a [u8],
    /// The whole PDU as received, header included.
    pub octets: &'a [u8],
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame").field("header", &self.header).field("body", &Masked(self.body)).finish()
    }
}

/// How a `command_length` is impossible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameFault {
    /// Less than a header.
    TooShort,
    /// More than the cutter's limit.
    TooLong,
}

/// The stream is lost. Answer with `generic_nack`, [`FrameError::command_status`] and
/// [`FrameError::sequence_number`], then close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("command_length {command_length} is outside 16..={limit}")]
pub struct FrameError {
    /// What is wrong.
    pub fault: FrameFault,
    /// The announced length, in octets.
    pub command_length: u32,
    /// The longest frame that the cutter takes, in octets.
    pub limit: u32,
    /// The whole header, if it had arrived; the error does not wait for it.
    pub header: Option<Header>,
}

impl FrameError {
    /// `ESME_RINVCMDLEN`.
    #[must_use]
    pub fn command_status(&self) -> CommandStatus {
        CommandStatus::ESME_RINVCMDLEN
    }

    /// The sequence number for the `generic_nack`: the peer's, or zero if it is not known (SMPP 3.4, 4.3.1).
    #[must_use]
    pub fn sequence_number(&self) -> u32 {
        self.header.map_or(0, |header| header.sequence_number)
    }

    /// Always [`Disposition::AnswerAndClose`].
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        Disposition::AnswerAndClose
    }
}

/// Cuts frames out of a growing buffer.
pub struct FrameCutter {
    buffer: Vec<u8>,
    /// Where the first octet not yet handed out stands in `buffer`.
    start: usize,
    limit: u32,
}

impl Default for FrameCutter {
    fn default() -> Self {
        Self::new(FRAME_LIMIT)
    }
}

impl fmt::Debug for FrameCutter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameCutter").field("buffered", &self.buffered()).field("limit", &self.limit).finish()
    }
}

impl FrameCutter {
    /// Makes a cutter that takes frames of at most `limit` octets. It allocates with the first octet.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self { buffer: Vec::new(), start: 0, limit }
    }

    /// The buffer to append received octets to, with at least 4 KiB of spare capacity.
    ///
    /// Only append. Call [`next_frame`](Self::next_frame) until it gives `None` after each read, so that the
    /// buffer never holds more than one unfinished frame and one read.
    pub fn buffer_mut(&mut self) -> &mut Vec<u8> {
        self.compact();
        self.buffer.reserve(READ_OCTETS);
        &mut self.buffer
    }

    /// Appends received octets.
    pub fn extend(&mut self, octets: &[u8]) {
        self.compact();
        self.buffer.extend_from_slice(octets);
    }

    /// Octets received and not yet handed out.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.buffer.len().saturating_sub(self.start)
    }

    /// Takes frames of at most `limit` octets from now on; octets that have come already are held to it too.
    pub fn set_limit(&mut self, limit: u32) {
        self.limit = limit;
    }

    /// Octets of memory held.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// The next whole frame, or `None` until more octets have come.
    ///
    /// # Errors
    /// [`FrameError`] as soon as four octets tell an impossible length; it is given again on each call.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        let pending = self.buffer.get(self.start..).unwrap_or_default();
        let Some(&length_octets) = pending.first_chunk::<4>() else {
            return Ok(None);
        };
        let command_length = u32::from_be_bytes(length_octets);
        let header = pending.first_chunk::<HEADER_OCTETS>().map(Header::parse);
        // Widening on every supported target.
        let length = usize::try_from(command_length).unwrap_or(usize::MAX);
        let fault = if length < HEADER_OCTETS {
            Some(FrameFault::TooShort)
        } else if command_length > self.limit {
            Some(FrameFault::TooLong)
        } else {
            None
        };
        if let Some(fault) = fault {
            return Err(FrameError { fault, command_length, limit: self.limit, header });
        }
        let (Some(header), Some(octets)) = (header, pending.get(..length)) else {
            return Ok(None);
        };
        let body = octets.get(HEADER_OCTETS..).unwrap_or_default();
        self.start = self.start.saturating_add(length);
        Ok(Some(Frame { header, body, octets }))
    }

    /// Drops what was handed out. The move costs at most what was dropped, so it is constant per octet.
    fn compact(&mut self) {
        let remaining = self.buffered();
        if remaining == 0 {
            self.buffer.clear();
            self.start = 0;
        } else if self.start >= remaining {
            self.buffer.drain(..self.start);
            self.start = 0;
        } else {
            return;
        }
        if self.buffer.capacity() > KEPT_OCTETS && remaining <= KEPT_OCTETS / 2 {
            self.buffer.shrink_to(KEPT_OCTETS);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FRAME_LIMIT, FrameCutter, FrameFault, KEPT_OCTETS};
    use crate::{CommandId, CommandStatus, write_header_only};

    fn enquire_link(sequence: u32) -> Vec<u8> {
        let mut octets = Vec::new();
        write_header_only(CommandId::ENQUIRE_LINK, CommandStatus::ESME_ROK, sequence, &mut octets);
        octets
    }

    #[test]
    fn impossible_lengths_are_told_at_four_octets() {
        let long = FRAME_LIMIT + 1;
        for (octets, fault, sequence) in [
            (vec![0, 0, 0, 2, 0], FrameFault::TooShort, 0),
            (vec![0, 0, 0, 0], FrameFault::TooShort, 0),
            (vec![0, 0, 0, 15, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 7], FrameFault::TooShort, 7),
            (vec![0xFF; 4], FrameFault::TooLong, 0),
            ([&long.to_be_bytes()[..], &[0; 11], &[9]].concat(), FrameFault::TooLong, 9),
        ] {
            let mut cutter = FrameCutter::default();
            cutter.extend(&octets);
            for _ in 0..2 {
                let error = cutter.next_frame().unwrap_err();
                assert_eq!((error.fault, error.sequence_number()), (fault, sequence));
                assert_eq!(error.command_status(), CommandStatus::ESME_RINVCMDLEN);
            }
            assert!(cutter.capacity() < 1024, "nothing is allocated for an announced length");
        }
    }

    #[test]
    fn the_limit_may_change_between_frames() {
        let mut cutter = FrameCutter::new(16);
        let mut longer = 17_u32.to_be_bytes().to_vec();
        longer.resize(17, 0);
        cutter.extend(&[enquire_link(1), longer].concat());
        assert!(cutter.next_frame().unwrap().is_some());
        assert_eq!(cutter.next_frame().unwrap_err().fault, FrameFault::TooLong);
        cutter.set_limit(17);
        assert_eq!(cutter.next_frame().unwrap().unwrap().octets.len(), 17);
    }

    #[test]
    fn a_frame_of_the_limit_is_taken_and_its_memory_released() {
        let mut cutter = FrameCutter::default();
        let mut big = FRAME_LIMIT.to_be_bytes().to_vec();
        big.resize(FRAME_LIMIT as usize, 1);
        cutter.extend(&big);
        cutter.extend(&enquire_link(5)[..9]);
        assert_eq!(cutter.next_frame().unwrap().unwrap().octets.len(), big.len());
        assert!(cutter.next_frame().unwrap().is_none());
        cutter.extend(&enquire_link(5)[9..]);
        assert_eq!(cutter.next_frame().unwrap().unwrap().header.sequence_number, 5);
        assert!(cutter.next_frame().unwrap().is_none());
        cutter.buffer_mut();
        assert!(cutter.capacity() <= KEPT_OCTETS, "{}", cutter.capacity());
    }

    #[test]
    fn memory_stays_bounded_over_many_frames() {
        let frame = enquire_link(1);
        let (head, tail) = frame.split_at(13);
        let mut cutter = FrameCutter::default();
        cutter.extend(head);
        for _ in 0..50_000 {
            // The head of the next frame always stays behind, so that the buffer is never empty.
            cutter.extend(tail);
            cutter.extend(head);
            assert!(cutter.next_frame().unwrap().is_some());
            assert!(cutter.next_frame().unwrap().is_none());
        }
        assert!(cutter.capacity() <= KEPT_OCTETS);
    }
}
