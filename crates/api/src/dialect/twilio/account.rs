//! Accounts: the caller's, and for keys that may those below it; and the balance.

use app::{AccountPatch, AccountView, AccountWish};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use types::access::KeyScope;
use types::account::{AccountState, write_sid};
use types::id::{AccountId, PublicId};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::access::Known;
use super::answer::{Wanted, date, write};
use super::fault::Fault;
use crate::state::Api;

/// An account as this dialect shows it.
struct Shown<'a> {
    sid: PublicId,
    owner: PublicId,
    name: &'a str,
    state: AccountState,
    made_at: Timestamp,
}

impl Shown<'_> {
    fn write(&self) -> Value {
        let status = match self.state {
            AccountState::Active => "active",
            AccountState::Suspended => "suspended",
            AccountState::Closed => "closed",
        };
        let sid = write_sid(self.sid);
        let below = |name: &str| format!("{}/{sid}/{name}.json", super::ROOT);
        json!({
            "sid": sid,
            "owner_account_sid": write_sid(self.owner),
            "friendly_name": self.name,
            "status": status,
            "type": "Full",
            // Whoever has forgotten a token makes another key; none is shown again.
            "auth_token": null,
            "date_created": date(self.made_at),
            "date_updated": date(self.made_at),
            "uri": format!("{}/{sid}.json", super::ROOT),
            "subresource_uris": {
                "balance": below("Balance"),
                "messages": below("Messages"),
                "incoming_phone_numbers": below("IncomingPhoneNumbers"),
                "available_phone_numbers": below("AvailablePhoneNumbers"),
                "usage": below("Usage"),
            },
        })
    }
}

fn write_below(view: &AccountView) -> Value {
    let owner = view.parent.unwrap_or(view.account.sid);
    let (sid, made_at) = (view.account.sid, view.account.created_at);
    Shown { sid, owner, name: &view.name, state: view.acts_as, made_at }.write()
}

/// The account with which the caller came, as it is for itself.
fn write_own(api: &Api, id: AccountId) -> Option<Value> {
    let account = api.desk().account(id)?;
    let name = api.desk().own_name(id);
    let (sid, made_at) = (account.sid, account.created_at);
    Some(Shown { sid, owner: sid, name: &name, state: account.state, made_at }.write())
}

fn gone() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "the account is gone")
}

/// The account that the path names.
fn write_named(api: &Api, known: &Known) -> Option<Value> {
    let caller = known.access.caller.account;
    if known.owner.account == caller {
        return write_own(api, caller);
    }
    api.desk().account_below(caller, known.sid).as_ref().map(write_below)
}

pub(super) async fn show(State(api): State<Api>, known: Known) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Read)?;
    let body = write_named(&api, &known).ok_or_else(|| known.refuse(&api, gone()))?;
    Ok(write(known.form, "Account", &body))
}

pub(super) async fn list(State(api): State<Api>, known: Known) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Read)?;
    let wanted = Wanted::read(&known.query).map_err(|fault| known.fault(&api, &fault))?;
    let caller = known.access.caller.account;
    let after = wanted.token.as_deref().and_then(|token| token.parse().ok()).map(AccountId);
    let own = if after.is_none() { write_own(&api, caller) } else { None };
    let mut below = if known.access.scopes.contains(KeyScope::Accounts) {
        api.desk().accounts_below(caller, after, wanted.size.saturating_add(1))
    } else {
        Vec::new()
    };
    let room = wanted.size.saturating_sub(usize::from(own.is_some()));
    let has_more = below.len() > room;
    below.truncate(room);
    let last = below.last().map_or(0, |view| view.account.id.0);
    let next = has_more.then(|| last.to_string());
    let items = own.into_iter().chain(below.iter().map(write_below)).collect();
    Ok(write(known.form, "Accounts", &wanted.page(&known, "accounts", items, next)))
}

pub(super) async fn create(
    State(api): State<Api>,
    known: Known,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Accounts)?;
    let fields = known.form(&api, &headers, body).await?;
    let name = fields.get("FriendlyName").filter(|name| !name.trim().is_empty());
    let name = name
        .map_or_else(|| format!("subaccount {}", api.desk().now().as_ms()), |name| name.trim().to_owned());
    let wish = AccountWish { name, ..AccountWish::default() };
    let done = api.desk().make_account_below(known.access.caller.account, wish, None).await;
    let view = done.map_err(|refusal| Fault::from(refusal).answer(known.form))?.value;
    let answer = write(known.form, "Account", &write_below(&view));
    Ok((StatusCode::CREATED, answer).into_response())
}

pub(super) async fn change(
    State(api): State<Api>,
    known: Known,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Accounts)?;
    let fields = known.form(&api, &headers, body).await?;
    if known.owner.account == known.access.caller.account || fields.get("FriendlyName").is_some() {
        let fault = Fault::bad(20_001, "Only the Status of an account below the caller's can be changed.");
        return Err(known.fault(&api, &fault));
    }
    let state = match fields.get("Status") {
        None => None,
        Some(word) => Some(AccountState::parse(word).ok_or_else(|| {
            known.fault(&api, &Fault::bad(20_001, "Status must be active, suspended or closed."))
        })?),
    };
    let patch = AccountPatch { state, ..AccountPatch::default() };
    let changed = api.desk().change_account_below(known.access.caller.account, known.sid, patch).await;
    let view = changed.map_err(|refusal| Fault::from(refusal).answer(known.form))?;
    Ok(write(known.form, "Account", &write_below(&view)))
}

pub(super) async fn balance(State(api): State<Api>, known: Known) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Read)?;
    let balance = api.desk().balance(known.owner.account).ok_or_else(|| known.refuse(&api, gone()))?;
    let body = json!({
        "account_sid": write_sid(known.sid),
        "balance": balance.available.decimal(),
        "currency": balance.available.unit.as_str(),
    });
    Ok(write(known.form, "Balance", &body))
}
