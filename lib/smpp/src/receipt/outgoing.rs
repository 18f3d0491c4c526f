//! Writes the text of a receipt in the exact form that ESMEs parse.
//!
//! The TLVs beside it come from [`TlvBuffer::push_receipt`](crate::TlvBuffer::push_receipt).

use std::fmt;

use crate::calendar::CivilTime;
use crate::masked::Masked;
use crate::message_state::MessageState;

/// Octets of the message that a receipt repeats (SMPP 3.4, appendix B).
const TEXT_OCTETS: usize = 20;
/// Largest number that three digits hold.
const THREE_DIGITS: u16 = 999;

/// What a receipt towards a customer says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OutgoingReceipt<'a> {
    /// The id, in the very string that the response gave.
    pub id: &'a [u8],
    /// Parts submitted; written as at most 999.
    pub submitted: u16,
    /// Parts delivered; written as at most 999.
    pub delivered: u16,
    /// When it was submitted, in the zone that the customer expects.
    pub submit_date: CivilTime,
    /// When it became final, in the same zone.
    pub done_date: CivilTime,
    /// Its state.
    pub state: MessageState,
    /// The error code; written as at most 999.
    pub error: u16,
    /// The message, in a one-octet alphabet; its first 20 octets are written.
    pub text: &'a [u8],
}

impl fmt::Debug for OutgoingReceipt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingReceipt")
            .field("state", &self.state)
            .field("error", &self.error)
            .field("text", &Masked(self.text))
            .finish_non_exhaustive()
    }
}

impl OutgoingReceipt<'_> {
    /// Appends `id:… sub:001 dlvrd:001 submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:DELIVRD err:000 text:…`.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"id:");
        out.extend_from_slice(self.id);
        out.extend_from_slice(b" sub:");
        write_three_digits(self.submitted, out);
        out.extend_from_slice(b" dlvrd:");
        write_three_digits(self.delivered, out);
        out.extend_from_slice(b" submit date:");
        self.submit_date.write_short(out);
        out.extend_from_slice(b" done date:");
        self.done_date.write_short(out);
        out.extend_from_slice(b" stat:");
        out.extend_from_slice(self.state.stat().as_bytes());
        out.extend_from_slice(b" err:");
        write_three_digits(self.error, out);
        out.extend_from_slice(b" text:");
        out.extend_from_slice(self.text.get(..TEXT_OCTETS).unwrap_or(self.text));
    }
}

/// Appends three decimal digits.
fn write_three_digits(value: u16, out: &mut Vec<u8>) {
    let value = value.min(THREE_DIGITS);
    for divisor in [100, 10, 1] {
        // A remainder of ten always fits.
        let digit = u8::try_from(value / divisor % 10).unwrap_or(0);
        out.push(b'0' + digit);
    }
}
