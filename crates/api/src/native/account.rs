//! The caller's own account: `GET /api/v1/balance` and `GET /api/v1/me`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use types::refusal::{Refusal, RefusalCode};
use utoipa::ToSchema;

use crate::auth::Authenticated;
use crate::problem::{Refused, json_bytes};
use crate::state::Api;

/// What an account can spend.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"balance": "249.95", "unit": "EUR", "held": "0.05"}))]
pub(crate) struct BalanceView {
    /// Neither held nor spent, as a decimal string.
    balance: String,
    /// A currency (ISO 4217) or a credit unit of the operator.
    unit: String,
    /// Held for messages on their way, as a decimal string.
    held: String,
}

/// The account that the credentials open.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "account": "demo",
    "account_sid": "AC0198c2b7d4f07c3a9d21f5a6b7c8d9e0",
    "state": "active",
    "unit": "EUR",
    "default_class": "transactional",
    "limits": {"messages_per_second": 100}
}))]
pub(crate) struct MeView {
    /// Its name.
    account: String,
    /// Its public id.
    account_sid: String,
    /// `active`, `suspended` or `closed`.
    #[schema(value_type = String)]
    state: &'static str,
    /// What it pays in.
    unit: String,
    /// The class of messages that state none.
    #[schema(value_type = String)]
    default_class: &'static str,
    /// What it may do at once.
    limits: LimitsView,
}

/// Limits of an account; null where there is none.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LimitsView {
    /// Messages per second over all doors.
    messages_per_second: Option<u32>,
}

/// Tells what the account can spend.
#[utoipa::path(
    get,
    path = "/api/v1/balance",
    operation_id = "balance_view",
    tag = "account",
    responses((status = 200, description = "The balance", body = BalanceView))
)]
pub(crate) async fn balance(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Refused> {
    let balance = api.desk().balance(caller.account).ok_or_else(no_such_account)?;
    let view = BalanceView {
        balance: balance.available.decimal(),
        unit: balance.available.unit.as_str().to_owned(),
        held: balance.held.decimal(),
    };
    Ok(json_bytes(StatusCode::OK, &view))
}

/// Tells whose credentials these are.
#[utoipa::path(
    get,
    path = "/api/v1/me",
    operation_id = "account_view",
    tag = "account",
    responses((status = 200, description = "The account", body = MeView))
)]
pub(crate) async fn me(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Refused> {
    let account = api.desk().account(caller.account).ok_or_else(no_such_account)?;
    let rate = account.limits.rate_per_second;
    let view = MeView {
        account: api.desk().own_name(caller.account),
        account_sid: format!("AC{}", account.sid.hex()),
        state: account.state.as_str(),
        unit: account.unit.as_str().to_owned(),
        default_class: account.default_class.as_str(),
        limits: LimitsView { messages_per_second: (rate > 0).then_some(rate) },
    };
    Ok(json_bytes(StatusCode::OK, &view))
}

fn no_such_account() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "the account is gone")
}
