//! What was sent, what waits, and what phones wrote, in pages that are counted.

use app::detail::{InboundDetail, MessageDetail};
use app::submission::Act;
use app::{Core, MessageQuery, Scope};
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use types::Sensitive;
use types::access::KeyScope;
use types::address::Msisdn;
use types::id::{AccountId, MessageId, RowKey};
use types::message::State as MessageState;
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::access::{Known, Wanted};
use super::fault::Fault;
use super::push::told;
use crate::state::Api;

/// Items that are read at once.
const READ_AT_ONCE: usize = 500;
/// Items that are counted; of longer lists this many can be read.
const COUNTED_MAX: usize = 10_000;

/// `2026-11-22 20:00:00`, in UTC.
pub(super) fn date(at: Timestamp) -> String {
    at.to_string().chars().take("2026-11-22T20:00:00".len()).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

fn page(wanted: Wanted, total: usize, name: &str, items: Vec<Value>) -> Json<Value> {
    let mut body = json!({
        "total": total, "shown": items.len(), "page": wanted.page, "limit": wanted.limit,
    });
    if let Some(members) = body.as_object_mut() {
        members.insert(name.to_owned(), Value::Array(items));
    }
    Json(body)
}

/// Messages that fit a query, newest first.
async fn sent(api: &Api, account: AccountId, query: MessageQuery) -> Result<Vec<MessageDetail>, Fault> {
    let mut all = Vec::new();
    let mut before = None;
    while all.len() < COUNTED_MAX {
        let query = MessageQuery { before, limit: READ_AT_ONCE, with_content: true, ..query.clone() };
        let read = api.desk().messages(Scope::Account(account), query).await?;
        all.extend(read.items);
        before = read.next;
        if before.is_none() {
            break;
        }
    }
    Ok(all)
}

/// What phones wrote that fits, newest first.
async fn received(
    api: &Api,
    account: AccountId,
    fits: impl Fn(&InboundDetail) -> bool,
) -> Result<Vec<InboundDetail>, Fault> {
    let mut all = Vec::new();
    let mut before: Option<RowKey> = None;
    let mut looked = 0_usize;
    while looked < COUNTED_MAX {
        let read = api.desk().inbound(Scope::Account(account), before, READ_AT_ONCE).await?;
        looked = looked.saturating_add(READ_AT_ONCE);
        all.extend(read.items.into_iter().filter(|item| fits(item)));
        before = read.next;
        if before.is_none() {
            break;
        }
    }
    Ok(all)
}

fn text(detail: &MessageDetail) -> String {
    detail.content.as_ref().map(Core::text_of).unwrap_or_default()
}

async fn write_history(api: &Api, known: &Known, account: AccountId) -> Result<Json<Value>, Fault> {
    let wanted = known.wanted(api)?;
    let all = sent(api, account, MessageQuery::default()).await?;
    let items = all.iter().skip(wanted.skip()).take(wanted.limit).map(|detail| {
        json!({
            "ID": detail.id.key().as_i64().to_string(),
            "message_ID": detail.id.0.base32(),
            "message": text(detail),
            "to": detail.destination.text(),
            "sender": detail.source.text(),
            "date": date(detail.accepted_at),
            "type": "sms",
            "status": told(detail.state).status,
            "response": { "read": false, "read_date": null, "response": null, "response_sms": null,
                          "response_sms_date": null },
        })
    });
    Ok(page(wanted, all.len(), "messages", items.collect()))
}

pub(super) async fn history(State(api): State<Api>, known: Known) -> Result<Json<Value>, Fault> {
    known.needs(&api, KeyScope::Read)?;
    write_history(&api, &known, known.caller.account).await
}

pub(super) async fn history_below(State(api): State<Api>, known: Known) -> Result<Json<Value>, Fault> {
    let account = known.below(&api, &known.name)?;
    write_history(&api, &known, account).await
}

fn write_inbound(detail: &InboundDetail) -> Value {
    json!({
        "ID": detail.id.key().as_i64(),
        "message": detail.text.expose(),
        "sender": detail.source.text(),
        "receiver": detail.destination.text(),
        "type": "sms",
        "date": date(detail.received_at),
    })
}

pub(super) async fn inbox(State(api): State<Api>, known: Known) -> Result<Json<Value>, Fault> {
    known.needs(&api, KeyScope::Read)?;
    let wanted = known.wanted(&api)?;
    let all = received(&api, known.caller.account, |_| true).await?;
    let items = all.iter().skip(wanted.skip()).take(wanted.limit).map(write_inbound).collect();
    Ok(page(wanted, all.len(), "messages", items))
}

pub(super) async fn inbox_of(State(api): State<Api>, known: Known) -> Result<Json<Value>, Fault> {
    known.needs(&api, KeyScope::Read)?;
    let wanted = known.wanted(&api)?;
    if known.query.get("type").is_some_and(|kind| kind != "sms") {
        let detail = "there are only inboxes of SMS";
        return Err(known.refuse(&api, Refusal::new(RefusalCode::NotBuilt, detail)));
    }
    let number = types::inbound::InboundNumber::parse(&known.name);
    let own = number.filter(|number| api.desk().inbound_number(known.caller.account, *number).is_some());
    let number = own.ok_or_else(|| known.fault(&api, 132, "The inbox was not found"))?;
    let is_to = |item: &InboundDetail| types::inbound::InboundNumber::of(&item.destination) == Some(number);
    let all = received(&api, known.caller.account, is_to).await?;
    let items = all.iter().skip(wanted.skip()).take(wanted.limit).map(write_inbound).collect();
    Ok(page(wanted, all.len(), "messages", items))
}

pub(super) async fn conversation(State(api): State<Api>, known: Known) -> Result<Json<Value>, Fault> {
    known.needs(&api, KeyScope::Read)?;
    let wanted = known.wanted(&api)?;
    let phone = Msisdn::parse(&known.name);
    let phone = phone.ok_or_else(|| known.fault(&api, 103, "The phone is missing or invalid"))?;
    let account = known.caller.account;
    let recipient = Some(Sensitive::new(phone.e164()));
    let mine = sent(&api, account, MessageQuery { recipient, ..MessageQuery::default() }).await?;
    let theirs = received(&api, account, |item| item.source.msisdn() == Some(phone)).await?;
    let mut all: Vec<(Timestamp, Value)> = mine
        .iter()
        .map(|detail| {
            let at = detail.accepted_at;
            let line = json!({
                "messageId": detail.id.0.base32(),
                "direction": "outbound",
                "sender": detail.source.text(),
                "receiver": detail.destination.text(),
                "message": text(detail),
                "datetime": date(at),
                "unixDatetime": at.as_ms().div_euclid(1_000),
                "deliveryStatus": told(detail.state).status,
                "mine": true,
            });
            (at, line)
        })
        .collect();
    all.extend(theirs.iter().map(|detail| {
        let at = detail.received_at;
        let line = json!({
            "messageId": detail.id.0.base32(),
            "direction": "inbound",
            "sender": detail.source.text(),
            "receiver": detail.destination.text(),
            "message": detail.text.expose(),
            "datetime": date(at),
            "unixDatetime": at.as_ms().div_euclid(1_000),
            "deliveryStatus": null,
            "mine": false,
        });
        (at, line)
    }));
    all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let total = all.len();
    let items = all.into_iter().skip(wanted.skip()).take(wanted.limit).map(|(_, line)| line).collect();
    Ok(page(wanted, total, "conversation", items))
}

fn scheduled() -> MessageQuery {
    MessageQuery { states: vec![MessageState::Scheduled], ..MessageQuery::default() }
}

pub(super) async fn outbox(State(api): State<Api>, known: Known) -> Result<Json<Value>, Fault> {
    known.needs(&api, KeyScope::Read)?;
    let wanted = known.wanted(&api)?;
    let all = sent(&api, known.caller.account, scheduled()).await?;
    let items = all.iter().skip(wanted.skip()).take(wanted.limit).map(|detail| {
        json!({
            "ID": detail.id.key().as_i64(),
            "messageid": detail.id.0.base32(),
            "message": text(detail),
            "to": detail.destination.text(),
            "type": "sms",
            "date": detail.send_at.map(date),
            "reference": detail.client_reference,
        })
    });
    Ok(page(wanted, all.len(), "messages", items.collect()))
}

/// Withdraws a message by its id of the outbox, or by the one that it was sent with.
pub(super) async fn withdraw(State(api): State<Api>, known: Known) -> Result<Json<Value>, Fault> {
    known.needs(&api, KeyScope::Send)?;
    let account = known.caller.account;
    let id = match (MessageId::parse(&known.name), known.name.parse::<i64>()) {
        (Some(id), _) => Some(id),
        (None, Ok(key)) => {
            let all = sent(&api, account, scheduled()).await?;
            all.iter().map(|detail| detail.id).find(|id| id.key().as_i64() == key)
        }
        (None, Err(_)) => None,
    };
    let missing = || Refusal::new(RefusalCode::NotFound, "there is no such message in the outbox");
    let id = id.ok_or_else(|| known.refuse(&api, missing()))?;
    api.desk().act(Act::Withdraw, Scope::Account(account), id, None).await?;
    Ok(Json(json!({ "success": true })))
}
