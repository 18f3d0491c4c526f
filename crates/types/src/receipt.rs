//! What a carrier answers: outcomes of an attempt, and receipts.

use crate::address::Address;
use crate::message::{State, coded_enum};
use crate::time::Timestamp;

coded_enum!(
    /// Who said so. A state made by the platform can never look like a carrier's receipt.
    Origin {
        /// The carrier's receipt for the end of a message.
        Carrier = 0, "carrier";
        /// A carrier's receipt that is not an end.
        Intermediate = 1, "intermediate";
        /// Chappe itself: an expiry, a horizon, an exhausted route.
        Platform = 2, "platform";
        /// A person of the operator.
        Staff = 3, "staff";
    }
);

coded_enum!(
    /// What an answer of a carrier means for the attempt (the error table of a connector).
    Verdict {
        /// Taken.
        Accepted = 0, "accepted";
        /// The link is too fast; no fault of the message.
        Throttled = 1, "throttled";
        /// May work later on the same connector.
        Transient = 2, "transient";
        /// Never works anywhere.
        Permanent = 3, "permanent";
        /// Does not work here; the next connector may take it.
        Reroute = 4, "reroute";
        /// Nobody knows: the link broke or the answer never came.
        Unknown = 5, "unknown";
        /// Writing it crashed here. Nothing of it left, and the carrier has no part in this.
        Crashed = 6, "crashed";
    }
);

/// The answer to one part of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartOutcome {
    /// The part, counted from one.
    pub part: u8,
    /// What it means.
    pub verdict: Verdict,
    /// The raw `command_status` or HTTP status; zero when none came.
    pub status: u32,
    /// The carrier's id for this part, when it gave one.
    pub carrier_id: Option<String>,
    /// When the part was written to the socket.
    pub written_at: Timestamp,
    /// When the answer was read; the time of the loss when none came.
    pub answered_at: Timestamp,
}

/// A receipt as read from a connector, before it is matched to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptNotice {
    /// The carrier's id for the part, as written in the receipt.
    pub carrier_id: String,
    /// The state that the receipt tells, mapped from its `stat` or `message_state`.
    pub state: ReceiptState,
    /// Raw `stat`, e.g. `DELIVRD`.
    pub stat: String,
    /// Raw `err`, e.g. `000`.
    pub error: String,
    /// The carrier's submit date, as written.
    pub submit_date: String,
    /// The carrier's done date, as written.
    pub done_date: String,
    /// The recipient as echoed.
    pub source: Address,
    /// The sender as echoed.
    pub destination: Address,
    /// Optional parameters as received, tag, length and value of each, without the one that carries
    /// the text; empty where the protocol has none.
    pub tlvs: Vec<u8>,
    /// When it was read.
    pub read_at: Timestamp,
}

/// Optional parameters of receipts that say nothing of a person (SMPP 3.4, section 5.3.2; 5.0, section
/// 4.8.4): ids, states, reasons and counts.
const HARMLESS_TAGS: [u16; 13] = [
    0x001D, // additional_status_info_text
    0x001E, // receipted_message_id
    0x0204, // user_message_reference
    0x020C, // sar_msg_ref_num
    0x020D, // language_indicator
    0x020E, // sar_total_segments
    0x020F, // sar_segment_seqnum
    0x0420, // dpf_result
    0x0421, // set_dpf
    0x0422, // ms_availability_status
    0x0423, // network_error_code
    0x0425, // delivery_failure_reason
    0x0427, // message_state
];

/// Parts optional parameters into those that say nothing of a person and all others, which may. What
/// cannot be read counts as the latter.
pub fn part_tlvs(tlvs: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut harmless, mut personal) = (Vec::new(), Vec::new());
    let mut rest = tlvs;
    while let Some((head, after)) = rest.split_first_chunk::<4>() {
        let [tag_high, tag_low, length_high, length_low] = *head;
        let length = usize::from(u16::from_be_bytes([length_high, length_low]));
        let Some((value, after)) = after.split_at_checked(length) else { break };
        let is_harmless = HARMLESS_TAGS.contains(&u16::from_be_bytes([tag_high, tag_low]));
        let kept = if is_harmless { &mut harmless } else { &mut personal };
        kept.extend_from_slice(head);
        kept.extend_from_slice(value);
        rest = after;
    }
    personal.extend_from_slice(rest);
    (harmless, personal)
}

coded_enum!(
    /// What a receipt tells of a part.
    ReceiptState {
        /// On its way; not an end.
        Enroute = 0, "enroute";
        /// Reached the phone.
        Delivered = 1, "delivered";
        /// Validity ended.
        Expired = 2, "expired";
        /// Removed.
        Deleted = 3, "deleted";
        /// Could not be delivered.
        Undelivered = 4, "undelivered";
        /// Taken by a person or system on the recipient's behalf; not an end.
        Accepted = 5, "accepted";
        /// The carrier does not know.
        Unknown = 6, "unknown";
        /// Refused.
        Rejected = 7, "rejected";
    }
);

impl ReceiptState {
    /// The end that this receipt means, if it is one.
    pub const fn end(self) -> Option<State> {
        match self {
            Self::Delivered => Some(State::Delivered),
            Self::Expired => Some(State::Expired),
            Self::Deleted => Some(State::Deleted),
            Self::Undelivered => Some(State::Undelivered),
            Self::Rejected => Some(State::Rejected),
            Self::Enroute | Self::Accepted | Self::Unknown => None,
        }
    }
}

/// A message from a phone, as read from a connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundNotice {
    /// The phone.
    pub source: Address,
    /// The number or short code that it wrote to.
    pub destination: Address,
    /// The content as received.
    pub content: crate::message::OctetContent,
    /// When it was read.
    pub read_at: Timestamp,
}

impl std::fmt::Debug for crate::message::OctetContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OctetContent {{ data_coding: {}, payload: *** }}", self.data_coding)
    }
}

#[cfg(test)]
mod tests {
    use super::part_tlvs;

    #[test]
    fn parameters_that_may_name_a_person_stand_apart() {
        let id = [0, 0x1E, 0, 2, b'7', b'f'];
        let callback = [0x03, 0x81, 0, 3, 1, 0, 0x31];
        let state = [0x04, 0x27, 0, 1, 2];
        let cut = [0x04, 0x23, 0, 3, 1];
        let all = [id.as_slice(), &callback, &state, &cut].concat();
        assert_eq!(part_tlvs(&all), ([id.as_slice(), &state].concat(), [callback.as_slice(), &cut].concat()));
        assert_eq!(part_tlvs(&[]), (Vec::new(), Vec::new()));
        assert_eq!(part_tlvs(&[0, 0x1E]), (Vec::new(), vec![0, 0x1E]));
    }
}
