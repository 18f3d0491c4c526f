//! Which version of SMPP a session speaks, and what follows from it.
//!
//! It is agreed at the bind: the peer says the highest that it knows, the server answers with the same or its own
//! highest. Start at [`Version`].

use smpp::{CommandStatus, MessageState};
use types::message::State;

use crate::deliver::{OptionalParameters, state_of};

/// `interface_version` of SMPP 3.4 (SMPP 3.4, 5.2.4).
const VERSION_3_4: u8 = 0x34;
/// `interface_version` of SMPP 5.0 (SMPP 5.0, 4.7.13).
const VERSION_5_0: u8 = 0x50;
/// `congestion_state` of a session that can take no more (SMPP 5.0, 4.8.4.18).
const CONGESTED: u8 = 100;
/// The highest `congestion_state` of one that still can.
const NEARLY_CONGESTED: u8 = 99;

/// The version that a session speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// 3.3 and older: no optional parameters.
    Old,
    /// 3.4.
    V3_4,
    /// 5.0.
    V5_0,
}

impl Version {
    /// The version agreed with a peer that bound with that `interface_version`.
    pub(super) fn agreed(interface_version: u8) -> Self {
        match interface_version {
            VERSION_5_0.. => Self::V5_0,
            VERSION_3_4.. => Self::V3_4,
            _ => Self::Old,
        }
    }

    /// What `sc_interface_version` says; `None` for a peer that may be sent no parameter.
    pub(super) fn told(self) -> Option<u8> {
        match self {
            Self::Old => None,
            Self::V3_4 => Some(VERSION_3_4),
            Self::V5_0 => Some(VERSION_5_0),
        }
    }

    /// The name for people.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Old => "3.3",
            Self::V3_4 => "3.4",
            Self::V5_0 => "5.0",
        }
    }

    /// Whether the peer may be sent optional parameters.
    pub(super) fn has_parameters(self) -> bool {
        self != Self::Old
    }

    /// The same, for what is delivered.
    pub(super) fn optional(self) -> OptionalParameters {
        if self.has_parameters() { OptionalParameters::Sent } else { OptionalParameters::Withheld }
    }

    /// Whether the peer knows `congestion_state`.
    pub(super) fn has_congestion(self) -> bool {
        self == Self::V5_0
    }

    /// The `message_state` that `query_sm_resp` tells. Only SMPP 5.0 has a word for what waits for its
    /// time (SMPP 5.0, 4.7.15).
    pub(super) fn message_state(self, state: State) -> u8 {
        match (self, state) {
            (Self::V5_0, State::Scheduled) => MessageState::Scheduled.code(),
            _ => state_of(state).code(),
        }
    }

    /// Whether `registered_delivery` may ask for receipts of successes only (SMPP 5.0, 4.7.21).
    pub(super) fn has_success_receipts(self) -> bool {
        self == Self::V5_0
    }
}

/// Whether a status says that the peer sends too fast, or that nothing can be taken now.
pub(super) fn is_congestion(status: CommandStatus) -> bool {
    matches!(status, CommandStatus::ESME_RTHROTTLED | CommandStatus::ESME_RMSGQFUL)
}

/// `congestion_state` of a response: how much of the window is in use, in percent; 100 with a status that asks to
/// slow down. A session without a window is idle.
pub(super) fn congestion_of(status: CommandStatus, used: usize, window: u32) -> u8 {
    if is_congestion(status) {
        return CONGESTED;
    }
    let percent = u64::try_from(used).unwrap_or(u64::MAX).saturating_mul(100).checked_div(u64::from(window));
    u8::try_from(percent.unwrap_or(0)).map_or(NEARLY_CONGESTED, |percent| percent.min(NEARLY_CONGESTED))
}

#[cfg(test)]
mod tests {
    use smpp::CommandStatus;
    use types::message::State;

    use super::{Version, congestion_of};

    #[test]
    fn the_lower_version_of_both_is_spoken() {
        for (asked, agreed, told) in [
            (0x00, Version::Old, None),
            (0x33, Version::Old, None),
            (0x34, Version::V3_4, Some(0x34)),
            (0x40, Version::V3_4, Some(0x34)),
            (0x50, Version::V5_0, Some(0x50)),
            (0xFF, Version::V5_0, Some(0x50)),
        ] {
            assert_eq!((Version::agreed(asked), Version::agreed(asked).told()), (agreed, told), "{asked:#x}");
        }
    }

    #[test]
    fn what_waits_for_its_time_is_scheduled_in_5_0_alone() {
        for (version, state, code) in [
            (Version::V3_4, State::Scheduled, 1),
            (Version::V5_0, State::Scheduled, 0),
            (Version::V5_0, State::Queued, 1),
            (Version::V5_0, State::Delivered, 2),
        ] {
            assert_eq!(version.message_state(state), code, "{version:?} {state}");
        }
    }

    #[test]
    fn congestion_is_the_share_of_the_window() {
        let ok = CommandStatus::ESME_ROK;
        for (status, used, window, expected) in [
            (ok, 0, 100, 0),
            (ok, 30, 100, 30),
            (ok, 1, 3, 33),
            (ok, 100, 100, 99),
            (ok, 500, 100, 99),
            (ok, 7, 0, 0),
            (CommandStatus::ESME_RTHROTTLED, 0, 100, 100),
            (CommandStatus::ESME_RMSGQFUL, 0, 100, 100),
        ] {
            assert_eq!(congestion_of(status, used, window), expected, "{status:?} {used} of {window}");
        }
    }
}
