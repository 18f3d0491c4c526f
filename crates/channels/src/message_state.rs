//! The states of the SMPP standard in our words. Carriers of every type borrow its words for receipts.
//!
//! It decides nothing: what a state means for a message is the core's matter. The one function is
//! [`receipt_state`].

use smpp::MessageState;
use types::receipt::ReceiptState;

/// The state of a message at a message centre (SMPP 3.4, section 5.2.28; the scheduled and the
/// skipped one are of SMPP 5.0) in our words.
pub(crate) const fn receipt_state(state: MessageState) -> ReceiptState {
    match state {
        MessageState::Scheduled | MessageState::Enroute => ReceiptState::Enroute,
        MessageState::Delivered => ReceiptState::Delivered,
        MessageState::Expired => ReceiptState::Expired,
        MessageState::Deleted => ReceiptState::Deleted,
        MessageState::Undeliverable => ReceiptState::Undelivered,
        MessageState::Accepted => ReceiptState::Accepted,
        MessageState::Unknown => ReceiptState::Unknown,
        MessageState::Rejected | MessageState::Skipped => ReceiptState::Rejected,
    }
}
