//! Which side may send which PDU in which state (SMPP 3.4, table 2-1).
//!
//! It judges ids only; a PDU that is allowed may still be refused for what it holds.

use crate::command::CommandId;
use crate::status::CommandStatus;

/// A side of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The client that binds.
    Esme,
    /// The server that is bound to.
    Smsc,
}

/// The state of a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum BindState {
    /// Connected and not bound.
    #[default]
    Open,
    /// Bound to send messages.
    BoundTransmitter,
    /// Bound to receive messages.
    BoundReceiver,
    /// Bound for both.
    BoundTransceiver,
    /// `unbind` has been sent: only answers to what is open, and the answer to `unbind`, may come.
    Unbinding,
    /// Unbound or disconnected.
    Closed,
}

impl BindState {
    /// The state after a successful response to that bind; `None` for an id that is no bind.
    #[must_use]
    pub fn after_bind(bind: CommandId) -> Option<Self> {
        match bind {
            CommandId::BIND_TRANSMITTER => Some(Self::BoundTransmitter),
            CommandId::BIND_RECEIVER => Some(Self::BoundReceiver),
            CommandId::BIND_TRANSCEIVER => Some(Self::BoundTransceiver),
            _ => None,
        }
    }

    /// Whether a bind has succeeded and nothing has ended it.
    #[must_use]
    pub fn is_bound(self) -> bool {
        matches!(self, Self::BoundTransmitter | Self::BoundReceiver | Self::BoundTransceiver)
    }

    /// Whether the ESME may submit.
    #[must_use]
    pub fn can_transmit(self) -> bool {
        matches!(self, Self::BoundTransmitter | Self::BoundTransceiver)
    }

    /// Whether the SMSC may deliver.
    #[must_use]
    pub fn can_receive(self) -> bool {
        matches!(self, Self::BoundReceiver | Self::BoundTransceiver)
    }

    /// Whether that side may send a PDU of that id in this state. Never for ids outside SMPP 3.4.
    ///
    /// `generic_nack` is also allowed while open, because a malformed bind has no other answer.
    #[must_use]
    pub fn allows(self, id: CommandId, from: Side) -> bool {
        match self {
            Self::Open => match from {
                Side::Esme => id.is_bind() || id == CommandId::GENERIC_NACK,
                Side::Smsc => {
                    matches!(
                        id,
                        CommandId::OUTBIND
                            | CommandId::GENERIC_NACK
                            | CommandId::BIND_RECEIVER_RESP
                            | CommandId::BIND_TRANSMITTER_RESP
                            | CommandId::BIND_TRANSCEIVER_RESP
                    )
                }
            },
            Self::BoundTransmitter | Self::BoundReceiver | Self::BoundTransceiver => {
                self.bound_allows(id, from)
            }
            // Both sides may have unbound at once, so an unbind is still allowed.
            Self::Unbinding => {
                id == CommandId::UNBIND || (id.is_response() && Self::BoundTransceiver.bound_allows(id, from))
            }
            Self::Closed => false,
        }
    }

    /// The status to refuse a request with, or `None` when it is allowed.
    ///
    /// A response that is not allowed gives a status as well; it must be dropped and not answered.
    #[must_use]
    pub fn refusal(self, id: CommandId, from: Side) -> Option<CommandStatus> {
        if self.allows(id, from) {
            None
        } else if id.name() == "unknown" {
            Some(CommandStatus::ESME_RINVCMDID)
        } else if self.is_bound() && id.is_bind() {
            Some(CommandStatus::ESME_RALYBND)
        } else {
            Some(CommandStatus::ESME_RINVBNDSTS)
        }
    }

    /// The rows of the table for the bound states.
    fn bound_allows(self, id: CommandId, from: Side) -> bool {
        match id {
            CommandId::UNBIND
            | CommandId::UNBIND_RESP
            | CommandId::ENQUIRE_LINK
            | CommandId::ENQUIRE_LINK_RESP
            | CommandId::GENERIC_NACK
            | CommandId::DATA_SM
            | CommandId::DATA_SM_RESP => true,
            CommandId::SUBMIT_SM
            | CommandId::SUBMIT_MULTI
            | CommandId::QUERY_SM
            | CommandId::CANCEL_SM
            | CommandId::REPLACE_SM => from == Side::Esme && self.can_transmit(),
            CommandId::SUBMIT_SM_RESP
            | CommandId::SUBMIT_MULTI_RESP
            | CommandId::QUERY_SM_RESP
            | CommandId::CANCEL_SM_RESP
            | CommandId::REPLACE_SM_RESP => from == Side::Smsc && self.can_transmit(),
            CommandId::DELIVER_SM | CommandId::ALERT_NOTIFICATION => from == Side::Smsc && self.can_receive(),
            CommandId::DELIVER_SM_RESP => from == Side::Esme && self.can_receive(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BindState, Side};
    use crate::{CommandId, CommandStatus};

    /// Open, transmitter, receiver, transceiver, unbinding; `e` ESME, `s` SMSC, `b` both, `-` neither.
    const TABLE: [(CommandId, &str); 32] = [
        (CommandId::BIND_TRANSMITTER, "e----"),
        (CommandId::BIND_TRANSMITTER_RESP, "s----"),
        (CommandId::BIND_RECEIVER, "e----"),
        (CommandId::BIND_RECEIVER_RESP, "s----"),
        (CommandId::BIND_TRANSCEIVER, "e----"),
        (CommandId::BIND_TRANSCEIVER_RESP, "s----"),
        (CommandId::OUTBIND, "s----"),
        (CommandId::UNBIND, "-bbbb"),
        (CommandId::UNBIND_RESP, "-bbbb"),
        (CommandId::SUBMIT_SM, "-e-e-"),
        (CommandId::SUBMIT_SM_RESP, "-s-ss"),
        (CommandId::SUBMIT_MULTI, "-e-e-"),
        (CommandId::SUBMIT_MULTI_RESP, "-s-ss"),
        (CommandId::DATA_SM, "-bbb-"),
        (CommandId::DATA_SM_RESP, "-bbbb"),
        (CommandId::DELIVER_SM, "--ss-"),
        (CommandId::DELIVER_SM_RESP, "--eee"),
        (CommandId::QUERY_SM, "-e-e-"),
        (CommandId::QUERY_SM_RESP, "-s-ss"),
        (CommandId::CANCEL_SM, "-e-e-"),
        (CommandId::CANCEL_SM_RESP, "-s-ss"),
        (CommandId::REPLACE_SM, "-e-e-"),
        (CommandId::REPLACE_SM_RESP, "-s-ss"),
        (CommandId::ENQUIRE_LINK, "-bbb-"),
        (CommandId::ENQUIRE_LINK_RESP, "-bbbb"),
        (CommandId::ALERT_NOTIFICATION, "--ss-"),
        (CommandId::GENERIC_NACK, "bbbbb"),
        (CommandId::BROADCAST_SM, "-----"),
        (CommandId::BROADCAST_SM_RESP, "-----"),
        (CommandId(0x0000_0999), "-----"),
        (CommandId(0x8000_0999), "-----"),
        (CommandId(0), "-----"),
    ];

    #[test]
    fn follows_the_table() {
        let states = [
            BindState::Open,
            BindState::BoundTransmitter,
            BindState::BoundReceiver,
            BindState::BoundTransceiver,
            BindState::Unbinding,
        ];
        for (id, row) in TABLE {
            for (state, cell) in states.into_iter().zip(row.chars()) {
                assert_eq!(
                    state.allows(id, Side::Esme),
                    matches!(cell, 'e' | 'b'),
                    "{id:?} {state:?} from ESME"
                );
                assert_eq!(
                    state.allows(id, Side::Smsc),
                    matches!(cell, 's' | 'b'),
                    "{id:?} {state:?} from SMSC"
                );
                assert_eq!(state.refusal(id, Side::Esme).is_none(), state.allows(id, Side::Esme));
            }
            assert!(!BindState::Closed.allows(id, Side::Esme) && !BindState::Closed.allows(id, Side::Smsc));
        }
    }

    #[test]
    fn refusals_say_what_is_wrong() {
        for (state, id, expected) in [
            (BindState::Open, CommandId::SUBMIT_SM, Some(CommandStatus::ESME_RINVBNDSTS)),
            (BindState::BoundReceiver, CommandId::SUBMIT_SM, Some(CommandStatus::ESME_RINVBNDSTS)),
            (BindState::BoundReceiver, CommandId::BIND_RECEIVER, Some(CommandStatus::ESME_RALYBND)),
            (BindState::BoundTransmitter, CommandId(0x999), Some(CommandStatus::ESME_RINVCMDID)),
            (BindState::BoundTransmitter, CommandId::SUBMIT_SM, None),
        ] {
            assert_eq!(state.refusal(id, Side::Esme), expected);
        }
    }

    #[test]
    fn binds_lead_to_their_states() {
        assert_eq!(BindState::after_bind(CommandId::BIND_TRANSMITTER), Some(BindState::BoundTransmitter));
        assert_eq!(BindState::after_bind(CommandId::BIND_RECEIVER), Some(BindState::BoundReceiver));
        assert_eq!(BindState::after_bind(CommandId::BIND_TRANSCEIVER), Some(BindState::BoundTransceiver));
        assert_eq!(BindState::after_bind(CommandId::UNBIND), None);
        assert!(BindState::BoundReceiver.is_bound() && !BindState::Open.is_bound());
    }
}
