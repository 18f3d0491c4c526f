//! A message: what a customer asks to have sent, and the states that it goes through.
//!
//! Only `decide::lifecycle` moves a state. Start at [`Draft`] for what comes in and at [`State`]
//! for what may become of it.

use crate::address::Address;
use crate::id::EndpointId;
use crate::quiet::RecipientTime;
use crate::time::Timestamp;

/// The most recipients of one submission.
pub const RECIPIENTS_MAX: usize = 10_000;
/// The most characters of a text; more is refused before it is split.
pub const TEXT_CHARS_MAX: usize = 20_000;
/// The most parts of one message.
pub const PARTS_MAX: u32 = 255;

/// Defines an enum whose variants have a stable code in the store and a stable name outside.
macro_rules! coded_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal, $text:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
        }

        impl $name {
            /// Every value, in the order of its code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The number in the store; it never changes its meaning.
            pub const fn code(self) -> u8 {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The value of a stored number.
            pub const fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }

            /// The name in APIs and files.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The value of a name.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use coded_enum;

coded_enum!(
    /// What has become of a message.
    ///
    /// `accepted` is told at the door; once committed a message is `scheduled` or `queued`.
    State {
        /// On stable storage and charged or held; not yet looked at.
        Accepted = 0, "accepted";
        /// Waits for its time.
        Scheduled = 1, "scheduled";
        /// Waits for a connector.
        Queued = 2, "queued";
        /// Recorded as about to be written to a connector.
        Sending = 3, "sending";
        /// Written, or perhaps written; nobody knows whether the carrier has it.
        Unknown = 4, "unknown";
        /// The carrier took it and gave it an id.
        Submitted = 5, "submitted";
        /// A receipt says that it reached the phone.
        Delivered = 6, "delivered";
        /// A receipt says that it did not.
        Undelivered = 7, "undelivered";
        /// Its validity ended, with the carrier or here.
        Expired = 8, "expired";
        /// The carrier took it and then refused it.
        Rejected = 9, "rejected";
        /// The carrier removed it.
        Deleted = 10, "deleted";
        /// No route took it.
        Failed = 11, "failed";
        /// The customer withdrew it in time.
        Cancelled = 12, "cancelled";
        /// Nobody knows whether it was sent, and it will not be sent again.
        Unconfirmed = 13, "unconfirmed";
        /// The carrier took it and no receipt came in time; a late one may still improve this.
        NoReport = 14, "no_report";
    }
);

impl State {
    /// Whether the message has ended. `no_report` is an end that a late receipt may improve.
    pub const fn is_final(self) -> bool {
        !matches!(
            self,
            Self::Accepted | Self::Scheduled | Self::Queued | Self::Sending | Self::Unknown | Self::Submitted
        )
    }

    /// Whether a customer who asked for failures only wants to hear of this end.
    pub const fn is_failure(self) -> bool {
        self.is_final() && !matches!(self, Self::Delivered)
    }
}

coded_enum!(
    /// Which messages go first when there is a queue.
    Class {
        /// One-time codes: before everything else.
        OneTime = 0, "one_time";
        /// What a person waits for.
        Transactional = 1, "transactional";
        /// Everything that may wait.
        Bulk = 2, "bulk";
    }
);

coded_enum!(
    /// The door through which a submission came.
    Door {
        /// The native HTTP API.
        Native = 0, "native";
        /// The SMPP server.
        Smpp = 1, "smpp";
        /// The web console.
        Console = 2, "console";
        /// The command line.
        Cli = 3, "cli";
        /// The PaaSoo dialect.
        Paasoo = 4, "paasoo";
        /// Nobody's: the platform answers a keyword of a phone with what the account has set.
        Keyword = 5, "keyword";
        /// The Twilio dialect.
        Twilio = 6, "twilio";
        /// The Vonage dialect.
        Vonage = 7, "vonage";
        /// A dialect that sends texts and little else, such as Kannel's.
        Dialect = 8, "dialect";
        /// The Smstools dialect.
        Smstools = 9, "smstools";
    }
);

coded_enum!(
    /// What to do with a message of which nobody knows whether the carrier has it.
    UnknownPolicy {
        /// Wait for a receipt; end as `unconfirmed` rather than send twice.
        PreferNoDuplicate = 0, "prefer_no_duplicate";
        /// Send once more after the grace time and mark a possible duplicate.
        PreferDelivery = 1, "prefer_delivery";
        /// Ask the carrier by `query_sm`; when it cannot tell, prefer no duplicate.
        AskPeer = 2, "ask_peer";
    }
);

coded_enum!(
    /// Why a message is in its state, in one word.
    Reason {
        /// Nothing to say.
        None = 0, "none";
        /// A carrier's receipt.
        Receipt = 1, "receipt";
        /// The carrier refused it for good.
        CarrierRefused = 2, "carrier_refused";
        /// Every eligible connector was tried.
        RoutesExhausted = 3, "routes_exhausted";
        /// Its validity ended before it was sent.
        ValidityEnded = 4, "validity_ended";
        /// The customer withdrew it.
        Withdrawn = 5, "withdrawn";
        /// No receipt came within the horizon.
        NoReceipt = 6, "no_receipt";
        /// The link broke between the write and the answer.
        LinkBroke = 7, "link_broke";
        /// The answer did not come in time.
        AnswerMissing = 8, "answer_missing";
        /// The process stopped between the write and the answer.
        ProcessStopped = 9, "process_stopped";
        /// The carrier asked to slow down.
        Throttled = 10, "throttled";
        /// The carrier could not take it now.
        Transient = 11, "transient";
        /// The connector could not take it; the next one may.
        Rerouted = 12, "rerouted";
        /// It waits because no eligible connector is up.
        NoConnectorUp = 13, "no_connector_up";
        /// Its content could not be encoded for the connector.
        NotEncodable = 14, "not_encodable";
        /// It crashed a worker twice.
        Quarantined = 15, "quarantined";
        /// Writing it for a carrier crashed; nothing of it left.
        CrashedWriting = 16, "crashed_writing";
        /// A step of the engine crashed on it; nothing of that step was kept.
        CrashedDeciding = 17, "crashed_deciding";
        /// A person of the operator gave it up.
        GivenUp = 18, "given_up";
        /// A person of the operator let it go on.
        Released = 19, "released";
        /// The recipient came onto the account's suppression list before it was sent.
        Suppressed = 20, "suppressed";
        /// Its owner had its content erased.
        Erased = 21, "erased";
    }
);

/// What a message says, as it was received.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// A text whose coding is ours to choose.
    Text(String),
    /// Octets in the customer's own coding.
    Octets(OctetContent),
}

/// User data as an SMPP customer sent it; passed on unchanged where the carrier allows it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct OctetContent {
    /// `data_coding` (SMPP 3.4, 5.2.19).
    pub data_coding: u8,
    /// `protocol_id` (SMPP 3.4, 5.2.13).
    pub protocol_id: u8,
    /// Whether `payload` begins with a user data header (3GPP TS 23.040, 9.2.3.24).
    pub has_header: bool,
    /// User data header, if any, and text.
    pub payload: Vec<u8>,
    /// Optional parameters as received, tag, length and value of each, without those that carry the payload.
    pub tlvs: Vec<u8>,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text(***)"),
            Self::Octets(octets) => write!(f, "Octets(data_coding {}, ***)", octets.data_coding),
        }
    }
}

/// Which events of a message its sender wants to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ReportWish {
    /// Where to tell them; `None` for nowhere.
    pub endpoint: Option<EndpointId>,
    /// Tell every step rather than ends only.
    pub steps: bool,
    /// Of the ends, tell only those that are not a delivery.
    pub failures_only: bool,
    /// Of the ends, tell only a delivery. It is kept as [`Flags::SUCCESSES_ONLY`].
    pub successes_only: bool,
}

/// One message that a customer asks to have sent. It has no id and costs nothing until admitted.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The sender, as received.
    pub source: Address,
    /// The recipient, as received.
    pub destination: Address,
    /// The text or octets, as received.
    pub content: Content,
    /// The class asked for; `None` for the account's.
    pub class: Option<Class>,
    /// The operator's own traffic type, e.g. `otp`; empty for none.
    pub traffic_type: String,
    /// When the message stops being worth sending; `None` for the operator's longest.
    pub expires_at: Option<Timestamp>,
    /// Not before this time; `None` for at once.
    pub send_at: Option<Timestamp>,
    /// What is stated about the clock where the recipient is: a time to send at, and quiet hours.
    pub time: RecipientTime,
    /// The customer's own reference, given back unchanged.
    pub client_reference: Option<String>,
    /// What the sender wants to hear.
    pub report: ReportWish,
}

coded_enum!(
    /// Why a message waits for a person. It stays in the state that it has, keeps its hold, and is not
    /// sent until somebody of the operator releases it or gives it up. Its validity goes on and ends it,
    /// and so does what a carrier tells of it.
    Pause {
        /// It crashed a worker twice.
        Quarantined = 0, "quarantined";
        /// It comes from a backup: it may have been sent after that was taken.
        Restored = 1, "restored";
    }
);

impl Pause {
    /// The mark that a message carries for it.
    pub const fn mark(self) -> Flags {
        match self {
            Self::Quarantined => Flags::QUARANTINED,
            Self::Restored => Flags::RESTORED,
        }
    }
}

/// Marks of a message that its owner and the staff can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Flags(u32);

impl Flags {
    /// Test traffic: priced and shown, never sent to a real carrier.
    pub const TEST: Self = Self(1);
    /// It may have been sent twice.
    pub const POSSIBLE_DUPLICATE: Self = Self(1 << 1);
    /// A later receipt contradicted the end that was told.
    pub const CONTRADICTED: Self = Self(1 << 2);
    /// It crashed a worker twice and waits for a person.
    pub const QUARANTINED: Self = Self(1 << 3);
    /// Working on it has crashed. The mark stays, so that one more crash is the second.
    pub const CRASHED: Self = Self(1 << 4);
    /// It comes from a backup, may have been sent since then, and waits for a person.
    pub const RESTORED: Self = Self(1 << 5);
    /// Every mark with which a message waits for a person; see [`Pause`].
    pub const PAUSES: Self = Self(Self::QUARANTINED.0 | Self::RESTORED.0);

    /// Its owner has deleted it: its content and addresses are gone, and the owner sees it no more.
    pub const DELETED: Self = Self(1 << 6);
    /// Its sender wants to hear of a delivery and of no other end.
    pub const SUCCESSES_ONLY: Self = Self(1 << 8);

    /// From the stored number.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The stored number.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether all marks of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These marks and those of `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These marks without those of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Why the message waits for a person, if it does; the graver reason where there are several.
    pub const fn pause(self) -> Option<Pause> {
        if self.contains(Self::QUARANTINED) {
            Some(Pause::Quarantined)
        } else if self.contains(Self::RESTORED) {
            Some(Pause::Restored)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Flags, Pause, State};

    #[test]
    fn codes_and_names_lead_back() {
        for state in State::ALL {
            assert_eq!(State::from_code(state.code()), Some(*state));
            assert_eq!(State::parse(state.as_str()), Some(*state));
        }
        assert_eq!(State::from_code(200), None);
        assert_eq!(State::ALL.iter().filter(|s| !s.is_final()).count(), 6);
    }

    #[test]
    fn flags_add_up() {
        let flags = Flags::TEST.with(Flags::CONTRADICTED);
        assert!(flags.contains(Flags::TEST) && !flags.contains(Flags::POSSIBLE_DUPLICATE));
        assert_eq!(flags.without(Flags::TEST), Flags::CONTRADICTED);
    }

    #[test]
    fn a_pause_is_a_mark_and_a_crash_alone_is_none() {
        for pause in Pause::ALL {
            assert!(Flags::PAUSES.contains(pause.mark()));
            assert_eq!(Flags::CRASHED.with(pause.mark()).pause(), Some(*pause));
        }
        assert_eq!(Flags::PAUSES.pause(), Some(Pause::Quarantined));
        assert_eq!(Flags::CRASHED.with(Flags::TEST).pause(), None);
    }
}
