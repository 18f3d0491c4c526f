//! What the command line asks of messages that wait for a person: those that crashed a worker twice, and
//! those that come from a backup.
//!
//! Start at [`perform`].

use app::Core;
use app::detail::{CrashDetail, PausedDetail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use types::id::MessageId;
use types::message::Pause;
use types::refusal::{Refusal, RefusalCode};

use super::shapes::detail_json;

/// What may be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(crate) enum QuarantineRequest {
    /// List them, newest first.
    List { pause: Option<String>, limit: usize },
    /// Tell all of one.
    Show { id: String },
    /// Let one go on.
    Release { id: String },
    /// End one.
    GiveUp { id: String },
    /// Let all go on that wait for this reason.
    ReleaseAll { pause: String },
    /// End all that wait for this reason.
    GiveUpAll { pause: String },
}

/// Carries out a request.
pub(super) async fn perform(core: &Core, request: QuarantineRequest) -> Result<Value, Refusal> {
    match request {
        QuarantineRequest::List { pause, limit } => {
            let pause = pause.as_deref().map(pause_named).transpose()?;
            let page = core.paused(pause, None, limit).await?;
            Ok(json!({
                "items": page.items.iter().map(brief).collect::<Vec<_>>(),
                "more": page.next.is_some(),
                "quarantined": core.paused_count(Pause::Quarantined),
                "restored": core.paused_count(Pause::Restored),
            }))
        }
        QuarantineRequest::Show { id } => {
            let paused = core.paused_message(parse(&id)?).await?.ok_or_else(|| {
                Refusal::new(
                    RefusalCode::NotFound,
                    "no message by this id waits for a person; `chappe quarantine list` names those that do",
                )
            })?;
            Ok(whole(&paused))
        }
        QuarantineRequest::Release { id } => {
            let id = parse(&id)?;
            core.release(id).await?;
            Ok(json!({ "id": id.to_string(), "released": 1 }))
        }
        QuarantineRequest::GiveUp { id } => {
            let id = parse(&id)?;
            core.give_up(id).await?;
            let end = core.message(app::Scope::All, id).await?.map(|message| message.state.as_str());
            Ok(json!({ "id": id.to_string(), "given_up": 1, "state": end }))
        }
        QuarantineRequest::ReleaseAll { pause } => {
            Ok(json!({ "released": core.release_all(pause_named(&pause)?).await? }))
        }
        QuarantineRequest::GiveUpAll { pause } => {
            Ok(json!({ "given_up": core.give_up_all(pause_named(&pause)?).await? }))
        }
    }
}

fn parse(id: &str) -> Result<MessageId, Refusal> {
    MessageId::parse(id)
        .ok_or_else(|| Refusal::new(RefusalCode::InvalidRequest, format!("{id:?} is no id of a message")))
}

fn pause_named(name: &str) -> Result<Pause, Refusal> {
    Pause::parse(name).ok_or_else(|| {
        let names: Vec<_> = Pause::ALL.iter().map(|pause| pause.as_str()).collect();
        Refusal::new(
            RefusalCode::InvalidRequest,
            format!("nothing waits because it is {name:?}; write {}", names.join(" or ")),
        )
    })
}

/// A row of the list: nothing of the text, because that may be what crashes whoever reads it.
fn brief(paused: &PausedDetail) -> Value {
    let last = paused.crashes.last();
    json!({
        "id": paused.message.id.to_string(),
        "account": paused.message.account_name,
        "pause": paused.pause.as_str(),
        "state": paused.message.state.as_str(),
        "since": paused.since.map(|at| at.to_string()),
        "stage": last.map(|crash| crash.stage.as_str()),
        "connector": last.and_then(|crash| crash.connector.clone()),
        "expires_at": paused.message.expires_at.to_string(),
    })
}

fn whole(paused: &PausedDetail) -> Value {
    let crash = |crash: &CrashDetail| {
        json!({
            "stage": crash.stage.as_str(),
            "at": crash.at.map(|at| at.to_string()),
            "connector": crash.connector,
            "attempt": crash.attempt,
        })
    };
    json!({
        "pause": paused.pause.as_str(),
        "since": paused.since.map(|at| at.to_string()),
        "expires_at": paused.message.expires_at.to_string(),
        "charge": paused.message.charge.as_str(),
        "crashes": paused.crashes.iter().map(crash).collect::<Vec<_>>(),
        "message": detail_json(&paused.message),
    })
}
