//! A submission to a group of contacts: it is for whom the group has now, and answered again as it was then.
//!
//! Start at [`hand_in`].

use app::ContactView;
use app::submission::{Accepted, Caller, Idempotency};
use axum::response::Response;
use types::refusal::{Refusal, RefusalCode};

use super::{Recipient, Request, write_accepted};
use crate::problem::Refused;
use crate::state::Api;

/// Hands a request in that names a group.
pub(super) async fn hand_in(api: &Api, caller: Caller, request: Request) -> Result<Response, Refused> {
    let key = request.idempotency.clone().filter(|_| request.body.dry_run != Some(true));
    match (expand(api, caller, request).await, key) {
        // The group may have changed since the same request was taken, so that it would be refused now.
        (Err(refused), Some(key)) => answer_again(api, caller, key).await.ok_or(refused),
        (outcome, _) => outcome,
    }
}

async fn expand(api: &Api, caller: Caller, mut request: Request) -> Result<Response, Refused> {
    let group = request.body.group.clone().unwrap_or_default();
    let pool = request.body.pool.clone();
    let found = api.desk().members_to_message(caller.account, group, pool).await;
    let found = found.map_err(|refusal| refusal.at("group"));
    let found = api.counting(caller, found)?;
    request.recipients = found.members.into_iter().map(recipient).collect();
    super::hand_in(api, caller, request, Some(found.left_out)).await
}

fn recipient(view: ContactView) -> Recipient {
    Recipient {
        to: view.contact.number.digits(),
        client_reference: None,
        parameters: Some(view.contact.parameters().into()),
        contact: Some(view.id),
        zone: Some(view.contact.time_zone).filter(|zone| !zone.is_empty()).map(Into::into),
        is_object: false,
    }
}

/// The answer to the same request, if it was taken before.
async fn answer_again(api: &Api, caller: Caller, key: Idempotency) -> Option<Response> {
    let accepted = api.desk().answered(caller.account, key).await?;
    write_replayed(api, caller, accepted).await.ok()
}

/// Writes an answer again, with the recipients that the messages had. How many were left out then is not kept.
pub(super) async fn write_replayed(
    api: &Api,
    caller: Caller,
    accepted: Accepted,
) -> Result<Response, Refused> {
    let recipients = api.desk().recipients_of(caller.account, accepted.id).await?;
    if recipients.len() != accepted.messages.len() {
        let detail = "the recipients of the first request cannot be read now";
        return Err(Refusal::new(RefusalCode::Unavailable, detail).retry_after(5).into());
    }
    Ok(write_accepted(recipients.iter().map(String::as_str), accepted, None))
}
