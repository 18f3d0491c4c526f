//! The command ids of SMPP 3.4 (section 5.1.2.1), with the broadcast ids of 5.0 so that they can be named.
//!
//! Ids outside the table are values like any other: what to answer them is the caller's decision.

use std::fmt;

/// Bit that tells a response from a request.
const RESPONSE_BIT: u32 = 0x8000_0000;

/// A `command_id`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandId(pub u32);

macro_rules! command_ids {
    ($($constant:ident = $value:literal, $name:literal;)*) => {
        impl CommandId {
            $(
                #[doc = concat!("`", $name, "`.")]
                pub const $constant: Self = Self($value);
            )*

            /// The name as the specification writes it, or `unknown`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$constant => $name,)*
                    _ => "unknown",
                }
            }

            /// Every id of the table, for tests and documentation.
            pub const ALL: &'static [Self] = &[$(Self::$constant),*];
        }
    };
}

command_ids! {
    BIND_RECEIVER = 0x0000_0001, "bind_receiver";
    BIND_TRANSMITTER = 0x0000_0002, "bind_transmitter";
    QUERY_SM = 0x0000_0003, "query_sm";
    SUBMIT_SM = 0x0000_0004, "submit_sm";
    DELIVER_SM = 0x0000_0005, "deliver_sm";
    UNBIND = 0x0000_0006, "unbind";
    REPLACE_SM = 0x0000_0007, "replace_sm";
    CANCEL_SM = 0x0000_0008, "cancel_sm";
    BIND_TRANSCEIVER = 0x0000_0009, "bind_transceiver";
    OUTBIND = 0x0000_000B, "outbind";
    ENQUIRE_LINK = 0x0000_0015, "enquire_link";
    SUBMIT_MULTI = 0x0000_0021, "submit_multi";
    ALERT_NOTIFICATION = 0x0000_0102, "alert_notification";
    DATA_SM = 0x0000_0103, "data_sm";
    BROADCAST_SM = 0x0000_0111, "broadcast_sm";
    QUERY_BROADCAST_SM = 0x0000_0112, "query_broadcast_sm";
    CANCEL_BROADCAST_SM = 0x0000_0113, "cancel_broadcast_sm";
    GENERIC_NACK = 0x8000_0000, "generic_nack";
    BIND_RECEIVER_RESP = 0x8000_0001, "bind_receiver_resp";
    BIND_TRANSMITTER_RESP = 0x8000_0002, "bind_transmitter_resp";
    QUERY_SM_RESP = 0x8000_0003, "query_sm_resp";
    SUBMIT_SM_RESP = 0x8000_0004, "submit_sm_resp";
    DELIVER_SM_RESP = 0x8000_0005, "deliver_sm_resp";
    UNBIND_RESP = 0x8000_0006, "unbind_resp";
    REPLACE_SM_RESP = 0x8000_0007, "replace_sm_resp";
    CANCEL_SM_RESP = 0x8000_0008, "cancel_sm_resp";
    BIND_TRANSCEIVER_RESP = 0x8000_0009, "bind_transceiver_resp";
    ENQUIRE_LINK_RESP = 0x8000_0015, "enquire_link_resp";
    SUBMIT_MULTI_RESP = 0x8000_0021, "submit_multi_resp";
    DATA_SM_RESP = 0x8000_0103, "data_sm_resp";
    BROADCAST_SM_RESP = 0x8000_0111, "broadcast_sm_resp";
    QUERY_BROADCAST_SM_RESP = 0x8000_0112, "query_broadcast_sm_resp";
    CANCEL_BROADCAST_SM_RESP = 0x8000_0113, "cancel_broadcast_sm_resp";
}

impl CommandId {
    /// Whether this is a response (`generic_nack` included). A response is never answered.
    #[must_use]
    pub fn is_response(self) -> bool {
        self.0 & RESPONSE_BIT != 0
    }

    /// Whether this is one of the three bind requests.
    #[must_use]
    pub fn is_bind(self) -> bool {
        matches!(self, Self::BIND_RECEIVER | Self::BIND_TRANSMITTER | Self::BIND_TRANSCEIVER)
    }

    /// The id to answer with: the matching `_resp`, or `generic_nack` for an id that has none.
    ///
    /// `None` for what must not be answered: responses, `outbind` and `alert_notification`.
    #[must_use]
    pub fn response(self) -> Option<Self> {
        if self.is_response() || matches!(self, Self::OUTBIND | Self::ALERT_NOTIFICATION) {
            return None;
        }
        let response = Self(self.0 | RESPONSE_BIT);
        if response.name() == "unknown" { Some(Self::GENERIC_NACK) } else { Some(response) }
    }
}

impl fmt::Debug for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:#010x})", self.name(), self.0)
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            "unknown" => write!(f, "unknown command {:#010x}", self.0),
            name => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CommandId;

    #[test]
    fn each_request_has_its_response() {
        for (request, response) in [
            (CommandId::SUBMIT_SM, Some(CommandId::SUBMIT_SM_RESP)),
            (CommandId::BIND_TRANSCEIVER, Some(CommandId::BIND_TRANSCEIVER_RESP)),
            (CommandId::ENQUIRE_LINK, Some(CommandId::ENQUIRE_LINK_RESP)),
            (CommandId::OUTBIND, None),
            (CommandId::ALERT_NOTIFICATION, None),
            (CommandId::GENERIC_NACK, None),
            (CommandId::SUBMIT_SM_RESP, None),
            (CommandId(0x0000_0999), Some(CommandId::GENERIC_NACK)),
            (CommandId(0), Some(CommandId::GENERIC_NACK)),
        ] {
            assert_eq!(request.response(), response, "{request:?}");
        }
    }

    #[test]
    fn names_are_known_and_distinct() {
        for (index, id) in CommandId::ALL.iter().enumerate() {
            assert_ne!(id.name(), "unknown");
            assert!(
                CommandId::ALL.iter().skip(index + 1).all(|other| other.name() != id.name() && other != id)
            );
            assert_eq!(id.is_response(), id.name().ends_with("_resp") || id.name() == "generic_nack");
        }
    }
}
