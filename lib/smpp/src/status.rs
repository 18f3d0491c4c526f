//! The command statuses of SMPP 3.4 (section 5.1.3) and those that 5.0 adds.
//!
//! Which status is worth another try is decided elsewhere, per supplier: carriers disagree about it.

use std::fmt;

/// A `command_status`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandStatus(pub u32);

macro_rules! statuses {
    ($($constant:ident = $value:literal, $meaning:literal;)*) => {
        impl CommandStatus {
            $(
                #[doc = concat!("`", stringify!($constant), "`: ", $meaning, ".")]
                pub const $constant: Self = Self($value);
            )*

            /// The name as the specification writes it; `VENDOR_SPECIFIC` from 0x400 to 0x4FF, else `RESERVED`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$constant => stringify!($constant),)*
                    Self(0x400..=0x4FF) => "VENDOR_SPECIFIC",
                    _ => "RESERVED",
                }
            }

            /// What it means, in a few plain words.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$constant => $meaning,)*
                    Self(0x400..=0x4FF) => "error that the vendor of the peer has defined",
                    _ => "error that the specification does not define",
                }
            }

            /// Every status of the table, for tests and documentation.
            pub const ALL: &'static [Self] = &[$(Self::$constant),*];
        }
    };
}

statuses! {
    ESME_ROK = 0x0000_0000, "no error";
    ESME_RINVMSGLEN = 0x0000_0001, "message length is invalid";
    ESME_RINVCMDLEN = 0x0000_0002, "command length is invalid";
    ESME_RINVCMDID = 0x0000_0003, "command id is invalid";
    ESME_RINVBNDSTS = 0x0000_0004, "command does not fit the bind status";
    ESME_RALYBND = 0x0000_0005, "already bound";
    ESME_RINVPRTFLG = 0x0000_0006, "priority flag is invalid";
    ESME_RINVREGDLVFLG = 0x0000_0007, "registered delivery flag is invalid";
    ESME_RSYSERR = 0x0000_0008, "system error";
    ESME_RINVSRCADR = 0x0000_000A, "source address is invalid";
    ESME_RINVDSTADR = 0x0000_000B, "destination address is invalid";
    ESME_RINVMSGID = 0x0000_000C, "message id is invalid";
    ESME_RBINDFAIL = 0x0000_000D, "bind failed";
    ESME_RINVPASWD = 0x0000_000E, "password is invalid";
    ESME_RINVSYSID = 0x0000_000F, "system id is invalid";
    ESME_RCANCELFAIL = 0x0000_0011, "cancelling the message failed";
    ESME_RREPLACEFAIL = 0x0000_0013, "replacing the message failed";
    ESME_RMSGQFUL = 0x0000_0014, "message queue is full";
    ESME_RINVSERTYP = 0x0000_0015, "service type is invalid";
    ESME_RINVNUMDESTS = 0x0000_0033, "number of destinations is invalid";
    ESME_RINVDLNAME = 0x0000_0034, "distribution list name is invalid";
    ESME_RINVDESTFLAG = 0x0000_0040, "destination flag is invalid";
    ESME_RINVSUBREP = 0x0000_0042, "submit with replace is not supported here";
    ESME_RINVESMCLASS = 0x0000_0043, "esm_class is invalid";
    ESME_RCNTSUBDL = 0x0000_0044, "cannot submit to the distribution list";
    ESME_RSUBMITFAIL = 0x0000_0045, "submitting failed";
    ESME_RINVSRCTON = 0x0000_0048, "type of number of the source is invalid";
    ESME_RINVSRCNPI = 0x0000_0049, "numbering plan of the source is invalid";
    ESME_RINVDSTTON = 0x0000_0050, "type of number of the destination is invalid";
    ESME_RINVDSTNPI = 0x0000_0051, "numbering plan of the destination is invalid";
    ESME_RINVSYSTYP = 0x0000_0053, "system type is invalid";
    ESME_RINVREPFLAG = 0x0000_0054, "replace_if_present flag is invalid";
    ESME_RINVNUMMSGS = 0x0000_0055, "number of messages is invalid";
    ESME_RTHROTTLED = 0x0000_0058, "sent faster than allowed";
    ESME_RINVSCHED = 0x0000_0061, "scheduled delivery time is invalid";
    ESME_RINVEXPIRY = 0x0000_0062, "validity period is invalid";
    ESME_RINVDFTMSGID = 0x0000_0063, "predefined message is invalid or was not found";
    ESME_RX_T_APPN = 0x0000_0064, "temporary error of the receiving application";
    ESME_RX_P_APPN = 0x0000_0065, "permanent error of the receiving application";
    ESME_RX_R_APPN = 0x0000_0066, "receiving application rejects the message";
    ESME_RQUERYFAIL = 0x0000_0067, "query failed";
    ESME_RINVOPTPARSTREAM = 0x0000_00C0, "error in the optional part of the body";
    ESME_ROPTPARNOTALLWD = 0x0000_00C1, "optional parameter is not allowed";
    ESME_RINVPARLEN = 0x0000_00C2, "length of an optional parameter is invalid";
    ESME_RMISSINGOPTPARAM = 0x0000_00C3, "an expected optional parameter is missing";
    ESME_RINVOPTPARAMVAL = 0x0000_00C4, "value of an optional parameter is invalid";
    ESME_RDELIVERYFAILURE = 0x0000_00FE, "delivery failed";
    ESME_RUNKNOWNERR = 0x0000_00FF, "unknown error";
    ESME_RSERTYPUNAUTH = 0x0000_0100, "service type is not authorised for this user";
    ESME_RPROHIBITED = 0x0000_0101, "operation is prohibited for this user";
    ESME_RSERTYPUNAVAIL = 0x0000_0102, "service type is not available";
    ESME_RSERTYPDENIED = 0x0000_0103, "service type is denied";
    ESME_RINVDCS = 0x0000_0104, "data coding is invalid";
    ESME_RINVSRCADDRSUBUNIT = 0x0000_0105, "source subunit is invalid";
    ESME_RINVDSTADDRSUBUNIT = 0x0000_0106, "destination subunit is invalid";
    ESME_RINVBCASTFREQINT = 0x0000_0107, "broadcast interval is invalid";
    ESME_RINVBCASTALIAS_NAME = 0x0000_0108, "broadcast area name is invalid";
    ESME_RINVBCASTAREAFMT = 0x0000_0109, "format of the broadcast area is invalid";
    ESME_RINVNUMBCAST_AREAS = 0x0000_010A, "number of broadcast areas is invalid";
    ESME_RINVBCASTCNTTYPE = 0x0000_010B, "broadcast content type is invalid";
    ESME_RINVBCASTMSGCLASS = 0x0000_010C, "broadcast message class is invalid";
    ESME_RBCASTFAIL = 0x0000_010D, "broadcasting failed";
    ESME_RBCASTQUERYFAIL = 0x0000_010E, "querying the broadcast failed";
    ESME_RBCASTCANCELFAIL = 0x0000_010F, "cancelling the broadcast failed";
    ESME_RINVBCAST_REP = 0x0000_0110, "number of broadcast repeats is invalid";
    ESME_RINVBCASTSRVGRP = 0x0000_0111, "broadcast service group is invalid";
    ESME_RINVBCASTCHANIND = 0x0000_0112, "broadcast channel indicator is invalid";
}

impl CommandStatus {
    /// Whether it reports success.
    #[must_use]
    pub fn is_ok(self) -> bool {
        self == Self::ESME_ROK
    }

    /// The status of that name, in any case, for configuration and sandboxes.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Debug for CommandStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:#010x})", self.name(), self.0)
    }
}

impl fmt::Display for CommandStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:#x}): {}", self.name(), self.0, self.meaning())
    }
}

#[cfg(test)]
mod tests {
    use super::CommandStatus;

    #[test]
    fn names_and_values_agree() {
        for (value, name) in [
            (0x00, "ESME_ROK"),
            (0x01, "ESME_RINVMSGLEN"),
            (0x0E, "ESME_RINVPASWD"),
            (0x14, "ESME_RMSGQFUL"),
            (0x58, "ESME_RTHROTTLED"),
            (0xC2, "ESME_RINVPARLEN"),
            (0xFF, "ESME_RUNKNOWNERR"),
            (0x112, "ESME_RINVBCASTCHANIND"),
            (0x401, "VENDOR_SPECIFIC"),
            (0x09, "RESERVED"),
        ] {
            assert_eq!(CommandStatus(value).name(), name);
            assert!(!CommandStatus(value).meaning().is_empty());
        }
        assert_eq!(CommandStatus::from_name("esme_rthrottled"), Some(CommandStatus::ESME_RTHROTTLED));
        assert_eq!(CommandStatus::from_name("RESERVED"), None);
    }

    #[test]
    fn values_are_distinct_and_ascending() {
        assert!(CommandStatus::ALL.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
