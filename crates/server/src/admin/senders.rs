//! What the command line asks of customers' senders.
//!
//! Start at [`perform`].

use app::{Core, Scope, SenderView};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use types::refusal::Refusal;
use types::resource::ReviewState;

use super::perform::{account_named, bad};

/// Senders that one list shows at most.
const LISTED_MAX: usize = 10_000;

/// What may be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(crate) enum SendersRequest {
    /// List them, of one account or all, in one state or any.
    List { account: Option<String>, state: Option<String> },
    /// Review one.
    Review { account: String, sender: String, state: String, note: String },
}

/// Carries out a request.
pub(super) async fn perform(core: &Core, request: SendersRequest) -> Result<Value, Refusal> {
    match request {
        SendersRequest::List { account, state } => {
            let account = account.map(|name| account_named(core, &name)).transpose()?;
            let scope = account.map_or(Scope::All, |account| Scope::Account(account.id));
            let state = state.map(|text| parse(&text)).transpose()?;
            let mut views = core.senders(scope, None, LISTED_MAX).items;
            views.retain(|view| state.is_none_or(|state| view.state == state));
            Ok(json!({ "items": views.iter().map(|view| brief(core, view)).collect::<Vec<_>>() }))
        }
        SendersRequest::Review { account, sender, state, note } => {
            let account = account_named(core, &account)?.id;
            let view = core.review_sender(account, &sender, parse(&state)?, note).await?;
            Ok(brief(core, &view))
        }
    }
}

fn parse(text: &str) -> Result<ReviewState, Refusal> {
    let known = ReviewState::parse(text);
    known.ok_or_else(|| bad(format!("{text:?} is not pending, approved, rejected or revoked")))
}

fn brief(core: &Core, view: &SenderView) -> Value {
    let countries: Vec<String> = view.countries.iter().map(ToString::to_string).collect();
    json!({
        "account": core.account(view.account).map(|account| account.name.clone()),
        "sender": view.sender,
        "state": view.state.as_str(),
        "countries": if countries.is_empty() { "all".to_owned() } else { countries.join(" ") },
        "purpose": view.purpose,
        "note": view.note,
        "asked_at": view.created_at.to_string(),
    })
}
