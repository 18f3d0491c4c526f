//! What phones are answered that write a keyword: `/api/v1/keywords`.

use app::{KeywordReplies, KeywordReplyPatch};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Authenticated;
use crate::native::webhooks::stated;
use crate::once::Posted;
use crate::problem::{Refused, json_bytes};
use crate::state::Api;

/// What phones are answered; null for nothing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"stop": "You will get no more messages from ACME.", "start": null, "help": null}))]
pub(crate) struct KeywordsView {
    /// After a word such as STOP.
    stop: Option<String>,
    /// After a word such as START.
    start: Option<String>,
    /// After a word such as HELP.
    help: Option<String>,
}

impl From<KeywordReplies> for KeywordsView {
    fn from(replies: KeywordReplies) -> Self {
        Self { stop: replies.stop, start: replies.start, help: replies.help }
    }
}

/// What to change of the answers; what is absent stays, and null answers nothing any more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"help": "ACME, +44 20 7946 0000. Reply STOP to get no more messages."}))]
pub(crate) struct KeywordsChange {
    /// After a word such as STOP.
    #[serde(default, deserialize_with = "stated")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 459, pattern = r"^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*[!-~\u00a1-\u00ff][^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*$")]
    stop: Option<Option<String>>,
    /// After a word such as START.
    #[serde(default, deserialize_with = "stated")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 459, pattern = r"^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*[!-~\u00a1-\u00ff][^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*$")]
    start: Option<Option<String>>,
    /// After a word such as HELP.
    #[serde(default, deserialize_with = "stated")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 459, pattern = r"^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*[!-~\u00a1-\u00ff][^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*$")]
    help: Option<Option<String>>,
}

/// Shows what phones are answered that write a keyword.
#[utoipa::path(
    get,
    path = "/api/v1/keywords",
    operation_id = "keyword_replies",
    tag = "inbound",
    responses((status = 200, description = "The answers", body = KeywordsView))
)]
pub(crate) async fn show(State(api): State<Api>, Authenticated(caller): Authenticated) -> Response {
    let replies = api.desk().keyword_replies(caller.account);
    json_bytes(StatusCode::OK, &KeywordsView::from(replies))
}

/// Changes what phones are answered. An answer is a message like any other and charged as such; a phone gets
/// each of them at most once in 24 hours.
#[utoipa::path(
    patch,
    path = "/api/v1/keywords",
    operation_id = "keyword_replies_change",
    tag = "inbound",
    request_body(content = KeywordsChange, content_type = "application/json"),
    responses((status = 200, description = "The answers as they are now", body = KeywordsView))
)]
pub(crate) async fn change(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    posted: Posted,
) -> Result<Response, Refused> {
    let body: KeywordsChange = api.counting(caller, posted.json())?;
    let patch = KeywordReplyPatch { stop: body.stop, start: body.start, help: body.help };
    let replies = api.desk().change_keyword_replies(caller.account, patch).await?;
    Ok(json_bytes(StatusCode::OK, &KeywordsView::from(replies)))
}
