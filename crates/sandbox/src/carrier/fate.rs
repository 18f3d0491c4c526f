//! What becomes of a message, chosen by the last four digits of its destination.
//!
//! This is the one table of the sandbox's destinations; it decides nothing about time or sockets.

use smpp::MessageState;

/// Digits at the end of a destination that choose its fate.
const CHOOSING_DIGITS: usize = 4;

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Delivered within about a second.
    Delivered,
    /// The phone cannot be reached.
    Undeliverable,
    /// The validity period ends before the phone appears.
    Expired,
    /// Taken, and then rejected by receipt.
    Rejected,
    /// Delivered, and never reported.
    NoReceipt,
    /// Throttled twice and then taken.
    Throttled,
    /// The receipt arrives before the response.
    ReceiptFirst,
    /// The link is cut after the submit was read and before the response.
    LinkCut,
    /// The response takes ten seconds.
    LateResponse,
    /// The receipt takes thirty seconds.
    LateReceipt,
    /// Reported as delivered and two seconds later as undeliverable.
    Contradicted,
    /// The called party is busy.
    Busy,
    /// The called party does not answer.
    NoAnswer,
    /// The called party rejects the call.
    CallRejected,
}

impl Fate {
    /// The fates that a destination can choose, with the digits that do so.
    pub(crate) const CHOSEN: [(&'static [u8; CHOOSING_DIGITS], Self); 13] = [
        (b"0001", Self::Undeliverable),
        (b"0002", Self::Expired),
        (b"0003", Self::Rejected),
        (b"0004", Self::NoReceipt),
        (b"0005", Self::Throttled),
        (b"0006", Self::ReceiptFirst),
        (b"0007", Self::LinkCut),
        (b"0008", Self::LateResponse),
        (b"0009", Self::LateReceipt),
        (b"0010", Self::Contradicted),
        (b"0011", Self::Busy),
        (b"0012", Self::NoAnswer),
        (b"0013", Self::CallRejected),
    ];

    /// The fate that a destination chooses.
    pub(crate) fn of(destination: &[u8]) -> Self {
        let Some(last) = destination.last_chunk::<CHOOSING_DIGITS>() else { return Self::Delivered };
        Self::CHOSEN.iter().find(|(digits, _)| *digits == last).map_or(Self::Delivered, |(_, fate)| *fate)
    }

    /// The word that a phone shows. Whatever begins with `delivered` reached the phone, and so did
    /// `no_receipt` and `contradicted`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Undeliverable => "undeliverable",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::NoReceipt => "no_receipt",
            Self::Throttled => "delivered_after_throttling",
            Self::ReceiptFirst => "delivered_receipt_first",
            Self::LinkCut => "delivered_link_cut",
            Self::LateResponse => "delivered_late_response",
            Self::LateReceipt => "delivered_late_receipt",
            Self::Contradicted => "contradicted",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::CallRejected => "call_rejected",
        }
    }

    /// The state of its first receipt, and the `err` of the receipt's text.
    pub(crate) fn end(self) -> (MessageState, u16) {
        match self {
            Self::Delivered
            | Self::NoReceipt
            | Self::Throttled
            | Self::ReceiptFirst
            | Self::LinkCut
            | Self::LateResponse
            | Self::LateReceipt
            | Self::Contradicted => (MessageState::Delivered, 0),
            Self::Undeliverable => (MessageState::Undeliverable, 1),
            Self::Expired => (MessageState::Expired, 2),
            Self::Rejected => (MessageState::Rejected, 3),
            Self::Busy => (MessageState::Undeliverable, 11),
            Self::NoAnswer => (MessageState::Undeliverable, 12),
            Self::CallRejected => (MessageState::Rejected, 13),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Fate;

    #[test]
    fn the_last_four_digits_choose() {
        for (destination, fate) in [
            ("447911120001", Fate::Undeliverable),
            ("+447911120007", Fate::LinkCut),
            ("0013", Fate::CallRejected),
            ("447911123456", Fate::Delivered),
            ("447911120014", Fate::Delivered),
            ("447911120000", Fate::Delivered),
            ("447911100010", Fate::Contradicted),
            ("001", Fate::Delivered),
            ("", Fate::Delivered),
        ] {
            assert_eq!(Fate::of(destination.as_bytes()), fate, "{destination}");
        }
    }

    #[test]
    fn names_differ() {
        for (index, (_, fate)) in Fate::CHOSEN.iter().enumerate() {
            assert!(Fate::CHOSEN.iter().skip(index + 1).all(|(_, other)| other.name() != fate.name()));
            assert_ne!(fate.name(), Fate::Delivered.name());
        }
    }
}
