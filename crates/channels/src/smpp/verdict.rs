//! What a `command_status` of a carrier means for a message, before its own table is looked at
//! (SMPP 3.4, section 5.1.3, table 5-2).
//!
//! A status that the specification does not define is taken for a passing trouble.

use smpp::CommandStatus;
use types::receipt::Verdict;

use crate::options::ErrorTable;

/// What an answer means: by the connector's table, else by [`of_specification`].
pub(super) fn of_answer(status: CommandStatus, table: &ErrorTable) -> Verdict {
    if status.is_ok() {
        return Verdict::Accepted;
    }
    table.of_status(status.0).unwrap_or_else(|| of_specification(status))
}

/// What the specification's words come to. Errors that blame the recipient or the sender hold
/// everywhere; errors that blame how we put it may not hold at the next carrier.
fn of_specification(status: CommandStatus) -> Verdict {
    use CommandStatus as S;
    match status {
        S::ESME_ROK => Verdict::Accepted,
        S::ESME_RTHROTTLED | S::ESME_RMSGQFUL => Verdict::Throttled,
        S::ESME_RINVSRCADR
        | S::ESME_RINVDSTADR
        | S::ESME_RINVNUMDESTS
        | S::ESME_RINVDLNAME
        | S::ESME_RINVDESTFLAG
        | S::ESME_RCNTSUBDL => Verdict::Permanent,
        S::ESME_RINVMSGLEN
        | S::ESME_RINVCMDLEN
        | S::ESME_RINVCMDID
        | S::ESME_RINVPRTFLG
        | S::ESME_RINVREGDLVFLG
        | S::ESME_RINVSERTYP
        | S::ESME_RINVSUBREP
        | S::ESME_RINVESMCLASS
        | S::ESME_RINVSRCTON
        | S::ESME_RINVSRCNPI
        | S::ESME_RINVDSTTON
        | S::ESME_RINVDSTNPI
        | S::ESME_RINVSYSTYP
        | S::ESME_RINVREPFLAG
        | S::ESME_RINVNUMMSGS
        | S::ESME_RINVSCHED
        | S::ESME_RINVEXPIRY
        | S::ESME_RINVDFTMSGID
        | S::ESME_RX_P_APPN
        | S::ESME_RX_R_APPN
        | S::ESME_RINVOPTPARSTREAM
        | S::ESME_ROPTPARNOTALLWD
        | S::ESME_RINVPARLEN
        | S::ESME_RMISSINGOPTPARAM
        | S::ESME_RINVOPTPARAMVAL
        | S::ESME_RSERTYPUNAUTH
        | S::ESME_RPROHIBITED
        | S::ESME_RSERTYPUNAVAIL
        | S::ESME_RSERTYPDENIED
        | S::ESME_RINVDCS => Verdict::Reroute,
        _ => Verdict::Transient,
    }
}

#[cfg(test)]
mod tests {
    use smpp::CommandStatus;
    use types::receipt::Verdict;

    use super::of_answer;
    use crate::options::ErrorTable;
    use crate::smpp::options::tests::connector;

    #[test]
    fn the_connectors_table_wins_but_never_over_success() {
        let mut config = connector(&serde_json::json!({}));
        config.error_codes =
            [("0x0B", "reroute"), ("0x45", "permanent"), ("0", "permanent"), ("0x401", "throttled")]
                .map(|(key, meaning)| (key.to_owned(), meaning.to_owned()))
                .into();
        let table = ErrorTable::read(&config).unwrap();
        for (status, alone, with_table) in [
            (0x00, Verdict::Accepted, Verdict::Accepted),
            (0x58, Verdict::Throttled, Verdict::Throttled),
            (0x14, Verdict::Throttled, Verdict::Throttled),
            (0x0A, Verdict::Permanent, Verdict::Permanent),
            (0x0B, Verdict::Permanent, Verdict::Reroute),
            (0x33, Verdict::Permanent, Verdict::Permanent),
            (0x08, Verdict::Transient, Verdict::Transient),
            (0x45, Verdict::Transient, Verdict::Permanent),
            (0x64, Verdict::Transient, Verdict::Transient),
            (0x65, Verdict::Reroute, Verdict::Reroute),
            (0xFF, Verdict::Transient, Verdict::Transient),
            (0x401, Verdict::Transient, Verdict::Throttled),
            (0xFFFF_FFFF, Verdict::Transient, Verdict::Transient),
        ] {
            assert_eq!(of_answer(CommandStatus(status), &ErrorTable::default()), alone, "{status:#x}");
            assert_eq!(of_answer(CommandStatus(status), &table), with_table, "{status:#x}");
        }
    }
}
