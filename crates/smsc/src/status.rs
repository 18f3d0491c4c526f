//! The one table from refusals to `command_status`, and from a customer's `deliver_sm_resp` to what the core
//! should do with the report.
//!
//! Statuses from 0x400 to 0x4FF are left to vendors (SMPP 3.4, 5.1.3). Chappe uses these, in responses to
//! `submit_sm`, `submit_multi` and `data_sm`:
//!
//! | status | refusal |
//! |---|---|
//! | 0x400 | `insufficient_balance`: the balance does not cover the price |
//! | 0x401 | `account_suspended`: the account may not send |
//! | 0x402 | `forbidden`: the caller lacks the permission |
//! | 0x403 | `repeated_message`: the same text just went to the same number |
//! | 0x404 | `recipient_suppressed`: the recipient does not want messages of this account |

use app::report::Told;
use smpp::CommandStatus;
use types::refusal::RefusalCode;

/// The balance does not cover the price.
pub const STATUS_INSUFFICIENT_BALANCE: CommandStatus = CommandStatus(0x400);
/// The account is suspended or closed.
pub const STATUS_ACCOUNT_SUSPENDED: CommandStatus = CommandStatus(0x401);
/// The caller lacks the permission.
pub const STATUS_FORBIDDEN: CommandStatus = CommandStatus(0x402);
/// The same text went to the same number a moment ago.
pub const STATUS_REPEATED_MESSAGE: CommandStatus = CommandStatus(0x403);
/// The recipient is on the account's suppression list.
pub const STATUS_RECIPIENT_SUPPRESSED: CommandStatus = CommandStatus(0x404);

/// The status that tells a refusal of a submission.
pub fn status_of(code: RefusalCode) -> CommandStatus {
    match code {
        RefusalCode::InvalidDestination => CommandStatus::ESME_RINVDSTADR,
        RefusalCode::InvalidSender | RefusalCode::SenderNotApproved | RefusalCode::NoSenderLeft => {
            CommandStatus::ESME_RINVSRCADR
        }
        RefusalCode::EmptyText | RefusalCode::TextTooLong | RefusalCode::BodyTooLarge => {
            CommandStatus::ESME_RINVMSGLEN
        }
        RefusalCode::InvalidCoding | RefusalCode::UnsupportedMediaType => CommandStatus::ESME_RINVDCS,
        RefusalCode::TooManyRecipients => CommandStatus::ESME_RINVNUMDESTS,
        RefusalCode::ExpiredValidity => CommandStatus::ESME_RINVEXPIRY,
        RefusalCode::InvalidSchedule => CommandStatus::ESME_RINVSCHED,
        RefusalCode::InvalidCredentials => CommandStatus::ESME_RBINDFAIL,
        RefusalCode::RateLimited => CommandStatus::ESME_RTHROTTLED,
        RefusalCode::Unavailable | RefusalCode::QueueFull => CommandStatus::ESME_RMSGQFUL,
        RefusalCode::NotFound => CommandStatus::ESME_RINVMSGID,
        RefusalCode::MethodNotAllowed => CommandStatus::ESME_RINVCMDID,
        RefusalCode::InvalidConfiguration => CommandStatus::ESME_RSYSERR,
        RefusalCode::InsufficientBalance => STATUS_INSUFFICIENT_BALANCE,
        RefusalCode::AccountSuspended => STATUS_ACCOUNT_SUSPENDED,
        RefusalCode::Forbidden => STATUS_FORBIDDEN,
        RefusalCode::RepeatedMessage => STATUS_REPEATED_MESSAGE,
        RefusalCode::RecipientSuppressed => STATUS_RECIPIENT_SUPPRESSED,
        RefusalCode::InvalidRequest
        | RefusalCode::NoPrice
        | RefusalCode::NoRoute
        | RefusalCode::RouteLoop
        | RefusalCode::IdempotencyMismatch
        | RefusalCode::IdempotencyInFlight
        | RefusalCode::TooLate
        | RefusalCode::TooEarly
        | RefusalCode::Conflict
        | RefusalCode::LimitReached
        | RefusalCode::InvalidTemplate
        | RefusalCode::TemplateNotApproved
        | RefusalCode::SignatureRequired
        | RefusalCode::NotBuilt => CommandStatus::ESME_RSUBMITFAIL,
    }
}

/// What a customer's answer to a `deliver_sm` means. Only what blames the PDU itself, or says so outright, is
/// for good; everything else, unknown codes included, may work later.
pub(crate) fn told_of(status: CommandStatus) -> Told {
    match status {
        CommandStatus::ESME_ROK => Told::Done,
        CommandStatus::ESME_RINVMSGLEN
        | CommandStatus::ESME_RINVCMDLEN
        | CommandStatus::ESME_RINVCMDID
        | CommandStatus::ESME_RINVSRCADR
        | CommandStatus::ESME_RINVDSTADR
        | CommandStatus::ESME_RINVESMCLASS
        | CommandStatus::ESME_RINVDCS
        | CommandStatus::ESME_RX_P_APPN
        | CommandStatus::ESME_RX_R_APPN
        | CommandStatus::ESME_RINVOPTPARSTREAM
        | CommandStatus::ESME_ROPTPARNOTALLWD
        | CommandStatus::ESME_RINVPARLEN
        | CommandStatus::ESME_RINVOPTPARAMVAL => Told::Refused,
        _ => Told::Later,
    }
}

#[cfg(test)]
mod tests {
    use app::report::Told;
    use smpp::CommandStatus;
    use types::refusal::RefusalCode;

    use super::{status_of, told_of};

    #[test]
    fn no_refusal_looks_like_success() {
        for code in RefusalCode::ALL {
            assert!(!status_of(*code).is_ok(), "{code:?}");
        }
    }

    #[test]
    fn vendor_statuses_have_one_meaning_each() {
        let mut vendor: Vec<_> = RefusalCode::ALL
            .iter()
            .map(|code| status_of(*code).0)
            .filter(|status| *status >= 0x400)
            .collect();
        let count = vendor.len();
        vendor.sort_unstable();
        vendor.dedup();
        assert_eq!((vendor.len(), vendor.last()), (count, Some(&0x404)));
    }

    #[test]
    fn only_outright_refusals_of_a_report_are_for_good() {
        for (status, told) in [
            (0x00, Told::Done),
            (0x58, Told::Later),
            (0x14, Told::Later),
            (0x08, Told::Later),
            (0x64, Told::Later),
            (0x65, Told::Refused),
            (0x66, Told::Refused),
            (0x03, Told::Refused),
            (0x4FF, Told::Later),
        ] {
            assert_eq!(told_of(CommandStatus(status)), told, "{status:#x}");
        }
    }
}
