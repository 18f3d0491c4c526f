//! The states of a message in receipts and query responses (SMPP 3.4, 5.2.28 and appendix B).
//!
//! How they map to the platform's own states is decided elsewhere.

use std::fmt;

/// A message state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageState {
    /// 0, SMPP 5.0 only: waiting for its time.
    Scheduled,
    /// 1: on its way.
    Enroute,
    /// 2: delivered to its destination.
    Delivered,
    /// 3: its validity period has passed.
    Expired,
    /// 4: deleted.
    Deleted,
    /// 5: cannot be delivered.
    Undeliverable,
    /// 6: accepted; many carriers mean "taken over by the next network".
    Accepted,
    /// 7: nobody knows.
    Unknown,
    /// 8: rejected.
    Rejected,
    /// 9, SMPP 5.0 only: accepted and then not sent.
    Skipped,
}

impl MessageState {
    /// All states, by code.
    pub const ALL: [Self; 10] = [
        Self::Scheduled,
        Self::Enroute,
        Self::Delivered,
        Self::Expired,
        Self::Deleted,
        Self::Undeliverable,
        Self::Accepted,
        Self::Unknown,
        Self::Rejected,
        Self::Skipped,
    ];

    /// The value of `message_state`.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Scheduled => 0,
            Self::Enroute => 1,
            Self::Delivered => 2,
            Self::Expired => 3,
            Self::Deleted => 4,
            Self::Undeliverable => 5,
            Self::Accepted => 6,
            Self::Unknown => 7,
            Self::Rejected => 8,
            Self::Skipped => 9,
        }
    }

    /// The state of that code.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// The seven letters after `stat:` in a receipt text.
    #[must_use]
    pub fn stat(self) -> &'static str {
        match self {
            Self::Scheduled => "SCHEDLD",
            Self::Enroute => "ENROUTE",
            Self::Delivered => "DELIVRD",
            Self::Expired => "EXPIRED",
            Self::Deleted => "DELETED",
            Self::Undeliverable => "UNDELIV",
            Self::Accepted => "ACCEPTD",
            Self::Unknown => "UNKNOWN",
            Self::Rejected => "REJECTD",
            Self::Skipped => "SKIPPED",
        }
    }

    /// Reads `stat`, in any case, as the short word, as the whole word, or as the code.
    #[must_use]
    pub fn from_stat(stat: &str) -> Option<Self> {
        const WHOLE: [(&str, MessageState); 9] = [
            ("SCHEDULED", MessageState::Scheduled),
            ("EN_ROUTE", MessageState::Enroute),
            ("DELIVERED", MessageState::Delivered),
            ("UNDELIVERABLE", MessageState::Undeliverable),
            ("UNDELIVERED", MessageState::Undeliverable),
            ("UNDELIVRD", MessageState::Undeliverable),
            ("ACCEPTED", MessageState::Accepted),
            ("REJECTED", MessageState::Rejected),
            ("UNKNOWN STATE", MessageState::Unknown),
        ];
        let stat = stat.trim();
        let short = Self::ALL.iter().copied().find(|state| state.stat().eq_ignore_ascii_case(stat));
        let whole =
            || WHOLE.iter().find(|(word, _)| word.eq_ignore_ascii_case(stat)).map(|&(_, state)| state);
        short.or_else(whole).or_else(|| stat.parse::<u8>().ok().and_then(Self::from_code))
    }

    /// Whether nothing is expected after it.
    ///
    /// The specification calls ACCEPTED and UNKNOWN final as well, but carriers send them before a real
    /// outcome, so they are not final here.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::Scheduled | Self::Enroute | Self::Accepted | Self::Unknown => false,
            Self::Delivered
            | Self::Expired
            | Self::Deleted
            | Self::Undeliverable
            | Self::Rejected
            | Self::Skipped => true,
        }
    }
}

impl fmt::Display for MessageState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.stat())
    }
}

#[cfg(test)]
mod tests {
    use super::MessageState;

    #[test]
    fn codes_and_words_go_both_ways() {
        for state in MessageState::ALL {
            assert_eq!(MessageState::from_code(state.code()), Some(state));
            assert_eq!(MessageState::from_stat(&state.stat().to_lowercase()), Some(state));
            assert_eq!(MessageState::from_stat(&state.code().to_string()), Some(state));
            assert_eq!(state.stat().len(), 7);
        }
        for (word, state) in [
            (" Delivered ", Some(MessageState::Delivered)),
            ("undeliverable", Some(MessageState::Undeliverable)),
            ("REJECTED", Some(MessageState::Rejected)),
            ("FAILED", None),
            ("", None),
            ("10", None),
        ] {
            assert_eq!(MessageState::from_stat(word), state, "{word}");
        }
    }
}
