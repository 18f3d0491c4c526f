//! What the command line asks of customers' senders, templates and signatures.
//!
//! Start at [`perform`].

use app::{Core, Scope};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use types::id::AccountId;
use types::refusal::Refusal;
use types::resource::{ResourceKind, ReviewState};
use types::time::Timestamp;

use super::perform::{account_named, bad};

/// Things that one list shows at most.
const LISTED_MAX: usize = 10_000;

/// What may be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(crate) enum SendersRequest {
    /// List those of a kind, of one account or all, in one state or any.
    List { kind: String, account: Option<String>, state: Option<String> },
    /// Review one of a kind.
    Review { kind: String, account: String, name: String, state: String, note: String },
}

/// One of them, as it is listed.
struct Brief {
    account: AccountId,
    name: String,
    state: ReviewState,
    /// What its account says of it.
    says: String,
    note: String,
    asked_at: Timestamp,
}

/// Carries out a request.
pub(super) async fn perform(core: &Core, request: SendersRequest) -> Result<Value, Refusal> {
    match request {
        SendersRequest::List { kind, account, state } => {
            let account = account.map(|name| account_named(core, &name)).transpose()?;
            let scope = account.map_or(Scope::All, |account| Scope::Account(account.id));
            let state = state.map(|text| parse(&text)).transpose()?;
            let mut found = list(core, kind_of(&kind)?, scope);
            found.retain(|brief| state.is_none_or(|state| brief.state == state));
            Ok(json!({ "items": found.iter().map(|brief| written(core, brief)).collect::<Vec<_>>() }))
        }
        SendersRequest::Review { kind, account, name, state, note } => {
            let account = account_named(core, &account)?.id;
            let (kind, state) = (kind_of(&kind)?, parse(&state)?);
            match kind {
                ResourceKind::Template => {
                    core.review_template(account, &name, state, note).await?;
                }
                ResourceKind::Signature => {
                    core.review_signature(account, &name, state, note).await?;
                }
                ResourceKind::Sender | ResourceKind::Group | ResourceKind::Pool | ResourceKind::Quiet => {
                    core.review_sender(account, &name, state, note).await?;
                }
            }
            let account = core.account(account).map(|account| account.name.clone());
            Ok(json!({ "account": account, "name": name, "state": state.as_str() }))
        }
    }
}

fn list(core: &Core, kind: ResourceKind, scope: Scope) -> Vec<Brief> {
    match kind {
        ResourceKind::Template => {
            let found = core.templates(scope, None, LISTED_MAX).items.into_iter().map(|view| Brief {
                account: view.account,
                name: view.name,
                state: view.state,
                says: view.versions.first().map(|version| version.text.clone()).unwrap_or_default(),
                note: view.versions.first().map(|version| version.note.clone()).unwrap_or_default(),
                asked_at: view.changed_at,
            });
            found.collect()
        }
        ResourceKind::Signature => {
            let found = core.signatures(scope, None, LISTED_MAX).items.into_iter().map(|view| Brief {
                account: view.account,
                name: view.signature,
                state: view.state,
                says: view.purpose,
                note: view.note,
                asked_at: view.created_at,
            });
            found.collect()
        }
        ResourceKind::Sender | ResourceKind::Group | ResourceKind::Pool | ResourceKind::Quiet => {
            let found = core.senders(scope, None, LISTED_MAX).items.into_iter().map(|view| {
                let countries: Vec<String> = view.countries.iter().map(ToString::to_string).collect();
                let countries =
                    if countries.is_empty() { "all countries".to_owned() } else { countries.join(" ") };
                let says = if view.purpose.is_empty() {
                    countries
                } else {
                    format!("{countries}: {}", view.purpose)
                };
                Brief {
                    account: view.account,
                    name: view.sender,
                    state: view.state,
                    says,
                    note: view.note,
                    asked_at: view.created_at,
                }
            });
            found.collect()
        }
    }
}

fn kind_of(text: &str) -> Result<ResourceKind, Refusal> {
    ResourceKind::parse(text).ok_or_else(|| bad(format!("{text:?} is nothing that is reviewed")))
}

fn parse(text: &str) -> Result<ReviewState, Refusal> {
    let known = ReviewState::parse(text);
    known.ok_or_else(|| bad(format!("{text:?} is not pending, approved, rejected, revoked or draft")))
}

fn written(core: &Core, brief: &Brief) -> Value {
    json!({
        "account": core.account(brief.account).map(|account| account.name.clone()),
        "name": brief.name,
        "state": brief.state.as_str(),
        "says": brief.says,
        "note": brief.note,
        "asked_at": brief.asked_at.to_string(),
    })
}
