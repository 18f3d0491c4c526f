//! What forms that change something of an account have in common.

use types::id::AccountId;
use types::refusal::{Refusal, RefusalCode};

use crate::fault::Fault;
use crate::guard::SignedIn;
use crate::rooms::send::is_for_another;

/// What a form says that was shown for another account than the person acts for now.
pub(crate) const OTHER_ACCOUNT: &str =
    "You act for another account than when this form was shown. Nothing was changed.";

/// The account that a person acts for.
pub(crate) fn own(person: &SignedIn) -> Result<AccountId, Fault> {
    person.0.account.ok_or_else(Fault::forbidden)
}

/// Refuses a form that was shown for another account.
pub(crate) fn check_token(token: &str, account: AccountId) -> Result<(), Refusal> {
    if is_for_another(token, account) { Err(wrong(OTHER_ACCOUNT)) } else { Ok(()) }
}

/// A form that cannot be carried out as it is.
pub(crate) fn wrong(detail: &str) -> Refusal {
    Refusal::new(RefusalCode::InvalidRequest, detail)
}

/// What a form says that was refused for what stands in it; everything else is a page of its own.
pub(crate) fn words(refusal: Refusal) -> Result<String, Fault> {
    match refusal.code {
        RefusalCode::InvalidRequest
        | RefusalCode::Conflict
        | RefusalCode::LimitReached
        | RefusalCode::InvalidSender
        | RefusalCode::InvalidTemplate
        | RefusalCode::NotFound
        | RefusalCode::InsufficientBalance
        | RefusalCode::AccountSuspended
        | RefusalCode::IdempotencyMismatch => Ok(refusal.detail),
        _ => Err(refusal.into()),
    }
}

/// What a form says in which a button stands that this version does not know.
pub(crate) fn unknown() -> Refusal {
    wrong("This form is not known here. Nothing was changed.")
}
