//! `/json`: sends a text to one recipient or to several, separated by commas.

use app::submission::{Caller, Submission};
use axum::extract::State;
use axum::response::Response;
use types::account::EndpointKind;
use types::address::Address;
use types::message::{Content, Door, Draft};
use types::refusal::{Refusal, RefusalCode};

use super::{Known, MISSING, Sender, flat, refuse, required};
use crate::query::Fields;
use crate::state::Api;

/// The most recipients of one request.
const RECIPIENTS_MAX: usize = 100;

/// Takes a request and answers with the ids, separated by commas as the recipients were.
pub(super) async fn send(State(api): State<Api>, Sender(Known { caller, fields }): Sender) -> Response {
    let submission = match api.counting(caller, read_submission(&api, caller, &fields).await) {
        Ok(submission) => submission,
        Err(refusal) => return refuse(&refusal),
    };
    match api.desk().submit(submission).await {
        Ok(accepted) => {
            let ids: Vec<String> = accepted.messages.iter().map(|message| message.id.0.base32()).collect();
            flat(&[("status", "0"), ("messageid", &ids.join(","))])
        }
        Err(rejected) => match rejected.first() {
            Some(refusal) => refuse(refusal),
            None => refuse(&Refusal::new(RefusalCode::Unavailable, "refused without a reason")),
        },
    }
}

async fn read_submission(api: &Api, caller: Caller, fields: &Fields) -> Result<Submission, Refusal> {
    let now = api.desk().now();
    let text = required(fields, "text")?;
    let to = required(fields, "to")?;
    // Some clients send no sender at all; then the operator's own rules for an empty one hold.
    let from = fields.get("from").unwrap_or("").trim();
    let recipients: Vec<&str> = to.split(',').map(str::trim).filter(|number| !number.is_empty()).collect();
    if recipients.is_empty() {
        return Err(Refusal::new(RefusalCode::InvalidRequest, MISSING).at("to"));
    }
    if recipients.len() > RECIPIENTS_MAX {
        let detail = format!("one request may have {RECIPIENTS_MAX} recipients");
        return Err(Refusal::new(RefusalCode::TooManyRecipients, detail).at("to"));
    }
    let report = api.report_wish(caller.account, EndpointKind::Paasoo, None).await?;
    let draft = |number: &str| Draft {
        source: Address::from_text(from),
        destination: Address::from_text(number),
        content: Content::Text(text.to_owned()),
        class: None,
        traffic_type: String::new(),
        expires_at: None,
        send_at: None,
        time: types::quiet::RecipientTime::default(),
        client_reference: None,
        report,
    };
    Ok(Submission {
        account: caller.account,
        door: Door::Paasoo,
        received_at: now,
        idempotency: None,
        drafts: recipients.into_iter().map(draft).collect(),
        guard_repeats: true,
        replaces: Vec::new(),
    })
}
