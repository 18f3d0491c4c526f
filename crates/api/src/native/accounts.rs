//! Accounts below the caller's: `/api/v1/accounts`, one of them, its keys and its balance.
//!
//! An account that stands elsewhere is answered like one that does not exist. To do anything else for an
//! account below, a caller names it in the header that [`crate::auth`] reads.

use app::{AccountPatch, AccountView, AccountWish, Direction, LimitsPatch, TreeFigures, TreeQuery};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use types::account::{AccountState, parse_sid, write_sid};
use types::id::{AccountId, PublicId, RowKey};
use types::money::Money;
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;
use utoipa::{IntoParams, ToSchema};

use crate::auth::{Authenticated, KeyHolder};
use crate::body::{object, whole};
use crate::native::figures::{DAY_MS, DAYS_DEFAULT};
use crate::native::keys::{KeyItem, KeyList, NewKey, read_new};
use crate::native::lists::{PageQuery, read_cursor, read_limit, read_moment, read_place, write_cursor};
use crate::native::view::Amount;
use crate::native::webhooks::IdPath;
use crate::once::{Posted, marked};
use crate::problem::{Refused, json_bytes};
use crate::query::Fields;
use crate::state::Api;

/// An account below the caller's.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "AC0198c2b7d4f07c3a9d21f5a6b7c8d9e0",
    "parent": "AC0198c2b7d4f07c3a9d21f5a6b7c8d9df",
    "name": "shop",
    "state": "active",
    "acts_as": "active",
    "balance": "12.50",
    "held": "0.05",
    "unit": "EUR",
    "limits": {"messages_per_second": 10, "window": 100, "binds": 2},
    "created_at": "2026-11-22T10:00:00.000Z"
}))]
pub(crate) struct AccountItem {
    /// Its id.
    id: String,
    /// The id of the account above it.
    parent: Option<String>,
    /// Its name.
    name: String,
    /// `active`, `suspended` or `closed`.
    #[schema(value_type = String)]
    state: &'static str,
    /// The state in which it acts: its own, or that of an account above it where that stops it.
    #[schema(value_type = String)]
    acts_as: &'static str,
    /// What it can spend, as a decimal string.
    balance: String,
    /// Held for messages on their way, as a decimal string.
    held: String,
    /// What it pays in.
    unit: String,
    /// What it may do at once.
    limits: AccountLimitsView,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
}

/// Limits of an account; null where there is none.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountLimitsView {
    /// Messages per second over all doors.
    messages_per_second: Option<u32>,
    /// Unanswered PDUs of one SMPP session.
    window: Option<u32>,
    /// SMPP sessions at once.
    binds: Option<u32>,
}

impl AccountItem {
    /// The account as `root` sees it: what stands above `root` is not told.
    fn of(view: &AccountView, root: AccountId) -> Self {
        let account = &view.account;
        let limit = |limit: u32| (limit > 0).then_some(limit);
        Self {
            id: write_sid(account.sid),
            parent: view.parent.filter(|_| account.id != root).map(write_sid),
            name: view.name.clone(),
            state: account.state.as_str(),
            acts_as: view.acts_as.as_str(),
            balance: view.balance.available.decimal(),
            held: view.balance.held.decimal(),
            unit: account.unit.as_str().to_owned(),
            limits: AccountLimitsView {
                messages_per_second: limit(account.limits.rate_per_second),
                window: limit(account.limits.window),
                binds: limit(account.limits.binds),
            },
            created_at: account.created_at.to_string(),
        }
    }
}

/// A page of accounts, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountPage {
    /// The accounts.
    items: Vec<AccountItem>,
    /// Give it as `cursor` to read on; null at the end.
    next_cursor: Option<String>,
}

/// Limits to set; what is absent stays, zero lifts a limit where the account above has none.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsWish {
    /// Messages per second over all doors.
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 0, maximum = 4_294_967_295_u32)]
    messages_per_second: Option<u32>,
    /// Unanswered PDUs of one SMPP session.
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 0, maximum = 4_294_967_295_u32)]
    window: Option<u32>,
    /// SMPP sessions at once.
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 0, maximum = 4_294_967_295_u32)]
    binds: Option<u32>,
}

impl LimitsWish {
    const fn patch(&self) -> LimitsPatch {
        LimitsPatch {
            rate_per_second: self.messages_per_second,
            window: self.window,
            binds: self.binds,
            repeat_guard_s: None,
        }
    }
}

/// An account to make below the caller's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "shop", "limits": {"messages_per_second": 10}}))]
pub(crate) struct NewSubAccount {
    /// Its name, unique below the caller's account.
    #[schema(min_length = 1, max_length = 64, pattern = r"^[^/\u0000-\u001f\u007f-\u009f]*$")]
    name: String,
    /// What it may do at once; as the caller's account when absent, and never more.
    #[serde(default, deserialize_with = "object")]
    limits: Option<LimitsWish>,
}

/// What to change of an account; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"state": "suspended"}))]
pub(crate) struct SubAccountChange {
    /// `active`, `suspended`: it sends nothing, and neither does any account below it; or `closed`, for good:
    /// its keys and logins open nothing any more.
    #[schema(pattern = "^(active|suspended|closed)$")]
    state: Option<String>,
    /// What it may do at once.
    #[serde(default, deserialize_with = "object")]
    limits: Option<LimitsWish>,
}

/// Value to move between the caller's account and one below it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": "25.00", "direction": "to_account"}))]
pub(crate) struct Transfer {
    /// How much, as a decimal string in the unit of both accounts.
    #[schema(pattern = r"^(0*[1-9][0-9]{0,11}(\.[0-9]{1,6})?|0\.[0-9]{0,5}[1-9])$")]
    amount: String,
    /// `to_account` (when absent), or `from_account`, which takes back what is not held.
    #[schema(pattern = "^(to_account|from_account)$")]
    direction: Option<String>,
}

/// Which accounts and days to sum up. The parameters are read by [`read_tree_query`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters that the hand-written reader takes")]
pub(crate) struct TreeStatisticsQuery {
    /// From the day of this time on; 30 days back when absent.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Up to the day before this time's; today when absent.
    #[param(format = DateTime)]
    until: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-7][0-9a-f]{15}$")]
    cursor: Option<String>,
    /// Accounts of the page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// The traffic of one account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "AC0198c2b7d4f07c3a9d21f5a6b7c8d9e0", "parent": null, "name": "acme", "messages": 318,
    "delivered": 301, "parts": 402, "amount": {"amount": "16.08", "unit": "EUR"}, "balance": "120.00", "held": "0.00"
}))]
pub(crate) struct TreeLine {
    /// The account's id.
    id: String,
    /// The id of the account above it; null for the caller's own.
    parent: Option<String>,
    /// Its name.
    name: String,
    /// Messages accepted.
    messages: i64,
    /// Of them delivered.
    delivered: i64,
    /// Parts of all of them.
    parts: i64,
    /// What they were sold for, whatever became of the money.
    amount: Amount,
    /// What the account can spend now, as a decimal string.
    balance: String,
    /// Held for messages on their way, as a decimal string.
    held: String,
}

impl TreeLine {
    fn of(figures: &TreeFigures, root: AccountId) -> Self {
        let AccountItem { id, parent, name, balance, held, .. } = AccountItem::of(&figures.view, root);
        let TreeFigures { messages, delivered, parts, amount, .. } = *figures;
        Self { id, parent, name, messages, delivered, parts, amount: amount.into(), balance, held }
    }
}

/// The traffic of an account and of those below it, oldest account first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TreePage {
    /// A line for each account.
    items: Vec<TreeLine>,
    /// Give it as `cursor` to read on; null at the end.
    next_cursor: Option<String>,
}

/// Lists the accounts below the caller's, at every depth.
#[utoipa::path(
    get,
    path = "/api/v1/accounts",
    operation_id = "account_list",
    tag = "accounts",
    params(PageQuery),
    responses((status = 200, description = "A page", body = AccountPage))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let (after, limit) = api.counting(caller, read_place(query.as_deref().unwrap_or("")))?;
    let after = after.map(|key| AccountId(key.as_i64()));
    let mut views = api.desk().accounts_below(caller.account, after, limit + 1);
    let has_more = views.len() > limit;
    views.truncate(limit);
    let last = views.last().filter(|_| has_more).map(|view| RowKey::from_i64(view.account.id.0));
    let items = views.iter().map(|view| AccountItem::of(view, caller.account)).collect();
    Ok(json_bytes(StatusCode::OK, &AccountPage { items, next_cursor: last.map(write_cursor) }))
}

/// Makes an account below the caller's, with its prices and without value.
#[utoipa::path(
    post,
    path = "/api/v1/accounts",
    operation_id = "account_create",
    tag = "accounts",
    request_body(content = NewSubAccount, content_type = "application/json"),
    responses((status = 201, description = "The account", body = AccountItem))
)]
pub(crate) async fn create(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    posted: Posted,
) -> Result<Response, Refused> {
    let body: NewSubAccount = api.counting(caller, posted.json())?;
    let wish = AccountWish { name: body.name, limits: body.limits.unwrap_or_default().patch() };
    let done = api.desk().make_account_below(caller.account, wish, posted.once).await?;
    let item = AccountItem::of(&done.value, caller.account);
    Ok(marked(json_bytes(StatusCode::CREATED, &item), done.replayed))
}

/// Shows one account below the caller's.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{id}",
    operation_id = "sub_account_view",
    tag = "accounts",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "The account", body = AccountItem))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    let found = find(&api, caller.account, id)?;
    Ok(json_bytes(StatusCode::OK, &AccountItem::of(&found, caller.account)))
}

/// Suspends an account, lets it send again, closes it for good, or changes its limits.
#[utoipa::path(
    patch,
    path = "/api/v1/accounts/{id}",
    operation_id = "account_change",
    tag = "accounts",
    params(("id" = String, Path, description = "The account's id")),
    request_body(content = SubAccountChange, content_type = "application/json"),
    responses((status = 200, description = "The account as it is now", body = AccountItem))
)]
pub(crate) async fn change(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
    posted: Posted,
) -> Result<Response, Refused> {
    let patch = api.counting(caller, read_patch(&posted))?;
    let changed = api.desk().change_account_below(caller.account, read_id(id)?, patch).await?;
    Ok(json_bytes(StatusCode::OK, &AccountItem::of(&changed, caller.account)))
}

/// Moves value from the caller's own balance to an account below it, or back.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{id}/transfers",
    operation_id = "account_transfer",
    tag = "accounts",
    params(
        ("id" = String, Path, description = "The account's id")
    ),
    request_body(content = Transfer, content_type = "application/json"),
    responses((status = 200, description = "The account as it is now", body = AccountItem))
)]
pub(crate) async fn transfer(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
    posted: Posted,
) -> Result<Response, Refused> {
    let (amount, direction) = api.counting(caller, read_transfer(&posted))?;
    let known = find(&api, caller.account, id)?;
    let money = api.counting(caller, read_amount(&amount, &known))?;
    let sid = known.account.sid;
    let done = api.desk().transfer(caller.account, sid, direction, money, posted.once).await?;
    let item = AccountItem::of(&done.value, caller.account);
    Ok(marked(json_bytes(StatusCode::OK, &item), done.replayed))
}

/// Lists the API keys of an account below the caller's, without their secrets.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{id}/keys",
    operation_id = "account_key_list",
    tag = "accounts",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "The keys", body = KeyList))
)]
pub(crate) async fn keys(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    let known = find(&api, caller.account, id)?;
    let items = api.desk().keys(known.account.id).into_iter().map(KeyItem::from).collect();
    Ok(json_bytes(StatusCode::OK, &KeyList { items, next_cursor: None }))
}

/// Makes an API key for an account below the caller's. Its secret is shown once. It can do no more than the
/// calling key.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{id}/keys",
    operation_id = "account_key_create",
    tag = "accounts",
    params(
        ("id" = String, Path, description = "The account's id")
    ),
    request_body(content = NewKey, content_type = "application/json"),
    responses((status = 201, description = "The key with its secret", body = KeyItem))
)]
pub(crate) async fn create_key(
    State(api): State<Api>,
    KeyHolder(access): KeyHolder,
    id: IdPath,
    posted: Posted,
) -> Result<Response, Refused> {
    let caller = access.caller;
    let wish = api.counting(caller, read_new(&posted, access.scopes))?;
    let known = find(&api, caller.account, id)?;
    let done = api.desk().make_key(known.account.id, wish, access.scopes, posted.once).await?;
    Ok(marked(json_bytes(StatusCode::CREATED, &KeyItem::from(done.value)), done.replayed))
}

/// Sums up the traffic of the caller's account and of every one below it, with their balances.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/statistics",
    operation_id = "account_statistics",
    tag = "accounts",
    params(TreeStatisticsQuery),
    responses((status = 200, description = "A page", body = TreePage))
)]
pub(crate) async fn statistics(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let now = api.desk().now();
    let query = api.counting(caller, read_tree_query(query.as_deref().unwrap_or(""), now))?;
    let page = api.desk().tree_figures(caller.account, query).await?;
    let items = page.items.iter().map(|figures| TreeLine::of(figures, caller.account)).collect();
    Ok(json_bytes(StatusCode::OK, &TreePage { items, next_cursor: page.next.map(write_cursor) }))
}

fn find(api: &Api, root: AccountId, id: IdPath) -> Result<AccountView, Refusal> {
    api.desk().account_below(root, read_id(id)?).ok_or_else(no_such_account)
}

fn read_patch(posted: &Posted) -> Result<AccountPatch, Refusal> {
    let body: SubAccountChange = posted.json()?;
    let read = |name: String| {
        let detail = "expected `active`, `suspended` or `closed`";
        AccountState::parse(&name)
            .ok_or_else(|| Refusal::new(RefusalCode::InvalidRequest, detail).at("state"))
    };
    let limits = body.limits.unwrap_or_default().patch();
    Ok(AccountPatch { state: body.state.map(read).transpose()?, limits })
}

fn read_transfer(posted: &Posted) -> Result<(String, Direction), Refusal> {
    let body: Transfer = posted.json()?;
    let direction = match body.direction.as_deref() {
        None | Some("to_account") => Direction::ToAccount,
        Some("from_account") => Direction::FromAccount,
        Some(_) => {
            let detail = "expected `to_account` or `from_account`";
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("direction"));
        }
    };
    Ok((body.amount, direction))
}

fn read_amount(text: &str, known: &AccountView) -> Result<Money, Refusal> {
    let micros = types::money::parse_micros(text).ok().filter(|micros| *micros > 0);
    let micros = micros.ok_or_else(|| {
        let detail = "expected a decimal string above zero with at most six decimals, such as \"25.00\"";
        Refusal::new(RefusalCode::InvalidRequest, detail).at("amount")
    })?;
    Ok(Money::new(micros, known.account.unit))
}

fn read_tree_query(query: &str, now: Timestamp) -> Result<TreeQuery, Refusal> {
    let fields = Fields::parse(query)?;
    Ok(TreeQuery {
        since: read_moment(&fields, "since")?.unwrap_or_else(|| now.plus_ms(-DAYS_DEFAULT * DAY_MS)),
        until: read_moment(&fields, "until")?.unwrap_or(Timestamp::NEVER),
        after: read_cursor(&fields)?.map(|key| AccountId(key.as_i64())),
        limit: read_limit(&fields)?,
    })
}

fn read_id(path: IdPath) -> Result<PublicId, Refusal> {
    let text = path.map(|Path(text)| text).unwrap_or_default();
    parse_sid(&text).ok_or_else(no_such_account)
}

pub(crate) fn no_such_account() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is no account with this id below this one").at("id")
}
