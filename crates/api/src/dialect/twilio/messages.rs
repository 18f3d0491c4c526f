//! Messages that exist: showing, withdrawing, erasing, deleting, and the list with its filters.

use app::detail::{InboundDetail, MessageDetail};
use app::submission::Act;
use app::{MessageQuery, Scope};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use types::Sensitive;
use types::access::KeyScope;
use types::address::Msisdn;
use types::id::{InboundId, MessageId, RowKey};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::access::Known;
use super::answer::{Wanted, write};
use super::fault::Fault;
use super::resource::{inbound, outbound};
use super::usage::{DAY_MS, day_of};
use crate::query::Fields;
use crate::state::Api;

/// Messages that are read at once.
const READ_AT_ONCE: usize = 500;
/// Messages that are looked through for one page; whoever filters by a rare sender gets a shorter page and a
/// place from which to go on.
const LOOKED_THROUGH_MAX: usize = 10_000;
/// What a page's token begins with.
const TOKEN: &str = "PASM";

/// A message of either direction.
enum Either {
    Outbound(Box<MessageDetail>),
    Inbound(InboundDetail),
}

impl Either {
    fn key(&self) -> RowKey {
        match self {
            Self::Outbound(detail) => detail.id.key(),
            Self::Inbound(detail) => detail.id.key(),
        }
    }

    fn write(&self, known: &Known) -> Value {
        match self {
            Self::Outbound(detail) => outbound(detail, known.sid),
            Self::Inbound(detail) => inbound(detail, known.sid),
        }
    }
}

async fn find(api: &Api, known: &Known) -> Result<Either, Response> {
    let missing = || known.refuse(api, Refusal::new(RefusalCode::NotFound, known.path.clone()));
    let id = MessageId::parse(known.name()).ok_or_else(missing)?;
    let scope = Scope::Account(known.owner.account);
    let failed = |refusal: Refusal| Fault::from(refusal).answer(known.form);
    if let Some(detail) = api.desk().message(scope, id).await.map_err(failed)? {
        return Ok(Either::Outbound(Box::new(detail)));
    }
    let page = api.desk().inbound(scope, Some(id.key().next()), 1).await.map_err(failed)?;
    let found = page.items.into_iter().find(|item| item.id == InboundId(id.0));
    found.map(Either::Inbound).ok_or_else(missing)
}

pub(super) async fn show(State(api): State<Api>, known: Known) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Read)?;
    let found = find(&api, &known).await?;
    Ok(write(known.form, "Message", &found.write(&known)))
}

/// The media of a message: there are none, because none are sent or taken yet.
pub(super) async fn media(State(api): State<Api>, known: Known) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Read)?;
    find(&api, &known).await?;
    let wanted = Wanted::read(&known.query).map_err(|fault| known.fault(&api, &fault))?;
    Ok(write(known.form, "MediaList", &wanted.page(&known, "media_list", Vec::new(), None)))
}

/// What a change asks for.
enum Wish {
    Withdraw,
    Erase,
}

fn read_wish(fields: &Fields) -> Result<Wish, Fault> {
    match (fields.get("Status"), fields.get("Body")) {
        (Some("canceled"), None) => Ok(Wish::Withdraw),
        (None, Some("")) => Ok(Wish::Erase),
        _ => Err(Fault::bad(30_400, "Send either Status=canceled or an empty Body.")),
    }
}

pub(super) async fn change(
    State(api): State<Api>,
    known: Known,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Send)?;
    let fields = known.form(&api, &headers, body).await?;
    let wish = read_wish(&fields).map_err(|fault| known.fault(&api, &fault))?;
    let act = match wish {
        Wish::Withdraw => Act::Withdraw,
        Wish::Erase => Act::EraseContent,
    };
    let detail = act_on(&api, &known, act).await?;
    Ok(write(known.form, "Message", &outbound(&detail, known.sid)))
}

pub(super) async fn remove(State(api): State<Api>, known: Known) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Send)?;
    act_on(&api, &known, Act::Delete).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn act_on(api: &Api, known: &Known, act: Act) -> Result<MessageDetail, Response> {
    let id = match find(api, known).await? {
        Either::Outbound(detail) => detail.id,
        Either::Inbound(_) => {
            let detail = "messages from phones cannot be changed or deleted yet";
            return Err(known.refuse(api, Refusal::new(RefusalCode::MethodNotAllowed, detail)));
        }
    };
    let done = api.desk().act(act, Scope::Account(known.owner.account), id, None).await;
    done.map(|done| done.value).map_err(|refusal| Fault::from(refusal).answer(known.form))
}

/// What a list is narrowed to.
#[derive(Debug, Default)]
struct Filter {
    to: Option<String>,
    from: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Filter {
    /// Reads `To`, `From`, `DateSent`, `DateSent<` and `DateSent>`. A day alone means the whole of it.
    fn read(query: &Fields) -> Result<Self, Fault> {
        let one = |name: &str| query.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
        let mut filter = Self { to: one("To"), from: one("From"), ..Self::default() };
        for (name, value) in &query.0 {
            let span = || {
                read_span(value).ok_or_else(|| {
                    Fault::bad(20_001, "A date must be such as 2026-11-22 or 2026-11-22T10:00:00Z.")
                })
            };
            match name.as_str() {
                "DateSent" => {
                    // The official library writes a day as its first moment.
                    let begin = day_of(span()?.0);
                    (filter.since, filter.until) = (Some(begin), Some(begin.plus_ms(DAY_MS)));
                }
                "DateSent>" => filter.since = Some(span()?.0),
                "DateSent<" => filter.until = Some(span()?.1),
                _ => {}
            }
        }
        Ok(filter)
    }

    fn fits(&self, item: &Either) -> bool {
        let (source, destination, at) = match item {
            Either::Outbound(detail) => (&detail.source, &detail.destination, detail.accepted_at),
            Either::Inbound(detail) => (&detail.source, &detail.destination, detail.received_at),
        };
        let same = |wanted: &Option<String>, address: &types::address::Address| {
            wanted.as_deref().is_none_or(|wanted| {
                let number = Msisdn::parse(wanted);
                address.text() == wanted || (number.is_some() && number == address.msisdn())
            })
        };
        same(&self.to, destination)
            && same(&self.from, source)
            && self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| at < until)
    }
}

/// From when until when a date lasts: a day, or the second that a time names.
fn read_span(text: &str) -> Option<(Timestamp, Timestamp)> {
    if text.len() == "2026-11-22".len() {
        let begin = Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z"))?;
        return Some((begin, begin.plus_ms(DAY_MS)));
    }
    let begin = Timestamp::parse_rfc3339(text)?;
    Some((begin, begin.plus_ms(1_000)))
}

pub(super) async fn list(State(api): State<Api>, known: Known) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Read)?;
    let read = Wanted::read(&known.query).and_then(|wanted| {
        let filter = Filter::read(&known.query)?;
        let before = wanted.token.as_deref().map(read_token).transpose()?;
        Ok((wanted, filter, before))
    });
    let (wanted, filter, before) = read.map_err(|fault| known.fault(&api, &fault))?;
    let (items, next) = gather(&api, known.owner.account, &filter, (before, wanted.size))
        .await
        .map_err(|refusal| Fault::from(refusal).answer(known.form))?;
    let items = items.iter().map(|item| item.write(&known)).collect();
    let page = wanted.page(&known, "messages", items, next.map(write_token));
    Ok(write(known.form, "Messages", &page))
}

fn write_token(key: RowKey) -> String {
    format!("{TOKEN}{:032x}", key.as_i64())
}

fn read_token(token: &str) -> Result<RowKey, Fault> {
    let digits = token.strip_prefix(TOKEN).filter(|digits| digits.len() == 32);
    let key = digits.and_then(|digits| i64::from_str_radix(digits, 16).ok()).filter(|key| *key >= 0);
    key.map(RowKey::from_i64).ok_or_else(|| Fault::bad(20_006, "The PageToken leads nowhere."))
}

/// Messages of both directions that fit, newest first, below a place; and the place from which to go on.
async fn gather(
    api: &Api,
    account: types::id::AccountId,
    filter: &Filter,
    (mut before, size): (Option<RowKey>, usize),
) -> Result<(Vec<Either>, Option<RowKey>), Refusal> {
    let scope = Scope::Account(account);
    let mut fitting = Vec::new();
    let mut looked = 0;
    loop {
        let at_once = READ_AT_ONCE.min(size.saturating_add(1));
        let query = MessageQuery {
            recipient: filter.to.clone().map(Sensitive::new),
            since: filter.since,
            until: filter.until,
            before,
            limit: at_once,
            with_content: true,
            ..MessageQuery::default()
        };
        let sent = api.desk().messages(scope, query).await?;
        let received = api.desk().inbound(scope, before, at_once).await?;
        looked += sent.items.len().saturating_add(received.items.len());
        // Above both places, both lists are whole.
        let place = sent.next.max(received.next);
        let sent = sent.items.into_iter().map(|detail| Either::Outbound(Box::new(detail)));
        let mut both: Vec<Either> = sent.chain(received.items.into_iter().map(Either::Inbound)).collect();
        both.retain(|item| place.is_none_or(|place| item.key() >= place) && filter.fits(item));
        both.sort_by_key(|item| std::cmp::Reverse(item.key()));
        fitting.extend(both);
        if fitting.len() > size {
            fitting.truncate(size);
            let last = fitting.last().map(Either::key);
            return Ok((fitting, last));
        }
        let is_past = place.is_some_and(|place| {
            filter.since.is_some_and(|since| place.unix_ms() < since.as_ms().saturating_sub(DAY_MS))
        });
        if place.is_none() || is_past || looked >= LOOKED_THROUGH_MAX {
            return Ok((fitting, place.filter(|_| !is_past)));
        }
        before = place;
    }
}
