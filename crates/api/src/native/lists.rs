//! The lists: `GET /api/v1/messages` and `GET /api/v1/inbound`, newest first, read on by cursor.

use app::{MessageQuery, Scope};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use types::Sensitive;
use types::id::RowKey;
use types::message::State as MessageState;
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;
use utoipa::IntoParams;

use crate::auth::Authenticated;
use crate::native::export::check_format;
use crate::native::view::{InboundPage, InboundView, MessagePage, MessageView};
use crate::problem::{Refused, json_bytes};
use crate::query::Fields;
use crate::state::Api;

/// Items of a page when the caller does not say.
const LIMIT_DEFAULT: usize = 50;
/// The most items of a page.
const LIMIT_MAX: usize = 500;

/// Which messages to list. The parameters are read by [`read_query`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters that the hand-written reader takes")]
pub(crate) struct MessageListQuery {
    /// In one of these states, separated by commas.
    #[param(
        example = "delivered,undelivered",
        pattern = "^(accepted|scheduled|queued|sending|unknown|submitted|\
            delivered|undelivered|expired|rejected|deleted|failed|cancelled|unconfirmed|no_report)\
            (,(accepted|scheduled|queued|sending|unknown|submitted|\
            delivered|undelivered|expired|rejected|deleted|failed|cancelled|unconfirmed|no_report))*$"
    )]
    state: Option<String>,
    /// To this number, in any notation.
    #[param(example = "+447911123456", pattern = r"^\+?[1-9]([ .()/-]*[0-9]){5,14}$")]
    to: Option<String>,
    /// Accepted at or after this time.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Accepted before this time.
    #[param(format = DateTime)]
    until: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-7][0-9a-f]{15}$")]
    cursor: Option<String>,
    /// Items of the page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// Which messages to write as a table. The parameters are read by [`read_export`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters that the hand-written reader takes")]
pub(crate) struct MessageExportQuery {
    /// In one of these states, separated by commas.
    #[param(
        example = "delivered,undelivered",
        pattern = "^(accepted|scheduled|queued|sending|unknown|submitted|\
            delivered|undelivered|expired|rejected|deleted|failed|cancelled|unconfirmed|no_report)\
            (,(accepted|scheduled|queued|sending|unknown|submitted|\
            delivered|undelivered|expired|rejected|deleted|failed|cancelled|unconfirmed|no_report))*$"
    )]
    state: Option<String>,
    /// To this number, in any notation.
    #[param(example = "+447911123456", pattern = r"^\+?[1-9]([ .()/-]*[0-9]){5,14}$")]
    to: Option<String>,
    /// Accepted at or after this time.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Accepted before this time.
    #[param(format = DateTime)]
    until: Option<String>,
    /// `csv`, which is the only form so far.
    #[param(pattern = "^csv$")]
    format: Option<String>,
}

/// Where in a list to read.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters that the hand-written reader takes")]
pub(crate) struct PageQuery {
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-7][0-9a-f]{15}$")]
    cursor: Option<String>,
    /// Items of the page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// Lists messages, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/messages",
    operation_id = "message_list",
    tag = "messages",
    params(MessageListQuery),
    responses((status = 200, description = "A page", body = MessagePage))
)]
pub(crate) async fn messages(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let query = api.counting(caller, read_query(query.as_deref().unwrap_or("")))?;
    let page = api.desk().messages(Scope::Account(caller.account), query).await?;
    let items = page.items.iter().map(MessageView::brief).collect();
    let next_cursor = page.next.map(write_cursor);
    Ok(json_bytes(StatusCode::OK, &MessagePage { items, next_cursor }))
}

/// Lists messages from phones, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/inbound",
    operation_id = "inbound_list",
    tag = "inbound",
    params(PageQuery),
    responses((status = 200, description = "A page", body = InboundPage))
)]
pub(crate) async fn inbound(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let (before, limit) = api.counting(caller, read_place(query.as_deref().unwrap_or("")))?;
    let page = api.desk().inbound(Scope::Account(caller.account), before, limit).await?;
    let items = page.items.iter().map(InboundView::from).collect();
    let next_cursor = page.next.map(write_cursor);
    Ok(json_bytes(StatusCode::OK, &InboundPage { items, next_cursor }))
}

pub(crate) fn read_place(query: &str) -> Result<(Option<RowKey>, usize), Refusal> {
    let fields = Fields::parse(query)?;
    fields.only(&["cursor", "limit"])?;
    Ok((read_cursor(&fields)?, read_limit(&fields)?))
}

/// The parameters of an export: those of a list but for its pages.
pub(crate) fn read_export(query: &str) -> Result<MessageQuery, Refusal> {
    let fields = Fields::parse(query)?;
    fields.only(&["state", "to", "since", "until", "format"])?;
    check_format(&fields)?;
    read_filter(&fields)
}

fn read_query(query: &str) -> Result<MessageQuery, Refusal> {
    let fields = Fields::parse(query)?;
    fields.only(&["state", "to", "since", "until", "cursor", "limit"])?;
    read_filter(&fields)
}

fn read_filter(fields: &Fields) -> Result<MessageQuery, Refusal> {
    let mut states = Vec::new();
    for name in fields.once("state")?.iter().flat_map(|text| text.split(',')) {
        states.push(MessageState::parse(name.trim()).ok_or_else(|| {
            let known = MessageState::ALL.iter().map(|state| state.as_str()).collect::<Vec<_>>().join(", ");
            Refusal::new(RefusalCode::InvalidRequest, format!("expected one or more of {known}")).at("state")
        })?);
    }
    Ok(MessageQuery {
        states,
        recipient: fields.once("to")?.map(|number| Sensitive::new(number.to_owned())),
        connector: None,
        since: read_moment(fields, "since")?,
        until: read_moment(fields, "until")?,
        before: read_cursor(fields)?,
        limit: read_limit(fields)?,
        with_content: false,
    })
}

pub(crate) fn read_moment(fields: &Fields, name: &str) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = fields.once(name)? else { return Ok(None) };
    Timestamp::parse_rfc3339(text).map(Some).ok_or_else(|| {
        Refusal::new(RefusalCode::InvalidRequest, "expected a time such as 2026-11-22T10:00:00Z").at(name)
    })
}

pub(crate) fn read_limit(fields: &Fields) -> Result<usize, Refusal> {
    let Some(text) = fields.once("limit")? else { return Ok(LIMIT_DEFAULT) };
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let limit = text.parse().ok().filter(|limit| is_number && (1..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| Refusal::new(RefusalCode::InvalidRequest, "expected 1 to 500").at("limit"))
}

/// A cursor is the row key as 16 hexadecimal digits; callers need not know.
pub(crate) fn write_cursor(key: RowKey) -> String {
    format!("{:016x}", key.as_i64())
}

pub(crate) fn read_cursor(fields: &Fields) -> Result<Option<RowKey>, Refusal> {
    let Some(text) = fields.once("cursor")? else { return Ok(None) };
    let is_hex = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let key = i64::from_str_radix(text, 16).ok().filter(|_| is_hex).map(RowKey::from_i64);
    key.map(Some).ok_or_else(|| {
        Refusal::new(RefusalCode::InvalidRequest, "expected `next_cursor` of the page before").at("cursor")
    })
}

#[cfg(test)]
mod tests {
    use types::id::RowKey;

    use super::{read_query, write_cursor};

    #[test]
    fn reads_filters_and_names_what_is_wrong() {
        let cases = [
            ("", None),
            ("state=delivered,failed&to=%2B44%207911%20123456&limit=500", None),
            ("since=2026-11-22T10:00:00Z&until=2026-11-23T10:00:00%2B02:00", None),
            ("cursor=0123456789abcdef&limit=1", None),
            ("state=done", Some("state")),
            ("state=", Some("state")),
            ("since=yesterday", Some("since")),
            ("until=2026-13-01T00:00:00Z", Some("until")),
            ("limit=0", Some("limit")),
            ("limit=501", Some("limit")),
            ("limit=+5", Some("limit")),
            ("limit=%2B5", Some("limit")),
            ("limit=1&limit=2", Some("limit")),
            ("cursor=zz", Some("cursor")),
            ("cursor=ffffffffffffffff", Some("cursor")),
            ("connector=acme", Some("connector")),
        ];
        for (query, field) in cases {
            let refused = read_query(query).err().and_then(|refusal| refusal.field);
            assert_eq!(refused.as_deref(), field, "{query}");
        }
    }

    #[test]
    fn a_cursor_leads_back() {
        let key = RowKey::from_parts(1_795_000_000_123, 77);
        let query = read_query(&format!("cursor={}", write_cursor(key))).unwrap();
        assert_eq!(query.before, Some(key));
        assert_eq!(query.limit, 50);
    }
}
