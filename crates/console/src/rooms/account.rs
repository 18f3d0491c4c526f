//! A customer's account: balance, movements, keys and webhooks with their secrets after the password.

use app::{EndpointView, KeyView, ShownCredential};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use types::access::KeyScope;
use types::account::{CredentialKind, EndpointKind};
use types::charge::PostingKind;
use types::refusal::RefusalCode;
use types::role::Permission;
use types::time::Timestamp;

use crate::fault::Fault;
use crate::frame::{Frame, Room, page_with};
use crate::guard::{Password, Posted, Seat, SignedIn};
use crate::shared::House;
use crate::view::{Piece, cell_time, full_time};

/// Movements on the page, newest first.
const MOVEMENTS: usize = 100;
/// Callback addresses on the page, the default first.
const WEBHOOKS: usize = 20;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    name: String,
    state: &'static str,
    since: Piece,
    limits: Vec<(&'static str, String)>,
    money: Option<MoneyPart>,
    keys: Option<KeysPart>,
    revealed: bool,
    password_error: Option<String>,
}

struct KeysPart {
    keys: Vec<Key>,
    webhooks: Vec<Webhook>,
    more_webhooks: usize,
    has_default: bool,
    typed: Address,
    address_error: Option<String>,
}

struct MoneyPart {
    available: String,
    held: String,
    unit: String,
    movements: Vec<Line>,
}

struct Line {
    at: Piece,
    what: &'static str,
    amount: String,
    is_out: bool,
    messages: u32,
}

struct Key {
    name: String,
    kind: &'static str,
    /// What it may do, from where, until when, and when it was used last.
    notes: Vec<String>,
    secret: Option<String>,
}

struct Webhook {
    url: String,
    kind: &'static str,
    is_default: bool,
    disabled: bool,
    signs: bool,
    secret: Option<String>,
}

/// What the page says besides the account itself.
#[derive(Default)]
struct Said {
    status: StatusCode,
    revealed: bool,
    password_error: Option<String>,
    typed: Address,
    address_error: Option<String>,
}

/// The form that sets where events are told.
#[derive(Default, Deserialize)]
pub(crate) struct Address {
    #[serde(default)]
    url: String,
    #[serde(default)]
    kind: String,
    /// Stated by the button that switches it off.
    off: Option<String>,
}

/// The form that asks for the password again.
#[derive(Deserialize)]
pub(crate) struct Reveal {
    #[serde(default)]
    password: Password,
}

/// Shows the account.
pub(crate) async fn show(State(house): State<House>, person: SignedIn) -> Result<Response, Fault> {
    write(&house, &person, Said::default()).await
}

/// Shows the account with its secrets when the password is right.
pub(crate) async fn reveal(
    State(house): State<House>,
    person: SignedIn,
    Seat(seat): Seat,
    Posted(form): Posted<Reveal>,
) -> Result<Response, Fault> {
    match house.desk.sign_in(&person.0.email, &form.password.0, seat).await {
        Ok((same, token)) => {
            // The password is right; the session that came with the answer is not needed.
            house.desk.sign_out(token.expose()).await;
            if same.id != person.0.id {
                return Err(Fault::forbidden());
            }
            write(&house, &person, Said { revealed: true, ..Said::default() }).await
        }
        Err(refusal) if refusal.code == RefusalCode::InvalidCredentials => {
            let error = "This is not your password. The secrets stay hidden.";
            write(&house, &person, Said::wrong_password(StatusCode::UNPROCESSABLE_ENTITY, error)).await
        }
        Err(refusal) if refusal.code == RefusalCode::RateLimited => {
            let error = "There were too many attempts. Try again in a few minutes.";
            write(&house, &person, Said::wrong_password(StatusCode::TOO_MANY_REQUESTS, error)).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// Sets where events are told of messages that state no address, or nowhere.
pub(crate) async fn set_webhook(
    State(house): State<House>,
    person: SignedIn,
    Posted(form): Posted<Address>,
) -> Result<Response, Fault> {
    let id = person.0.account.ok_or_else(Fault::forbidden)?;
    let url = form.url.trim();
    let kind = EndpointKind::parse(&form.kind).unwrap_or(EndpointKind::Webhook);
    let url = form.off.is_none().then_some(url);
    match house.desk.set_default_webhook(id, kind, url).await {
        Ok(_) => Ok(Redirect::to("/account#webhooks").into_response()),
        Err(refusal) if refusal.code == RefusalCode::InvalidRequest => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            let said = Said { status, typed: form, address_error: Some(refusal.detail), ..Said::default() };
            write(&house, &person, said).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}

impl Said {
    fn wrong_password(status: StatusCode, error: &str) -> Self {
        Self { status, password_error: Some(error.to_owned()), ..Self::default() }
    }
}

async fn write(house: &House, person: &SignedIn, said: Said) -> Result<Response, Fault> {
    let Said { status, revealed, password_error, typed, address_error } = said;
    let id = person.0.account.ok_or_else(Fault::forbidden)?;
    let account =
        house.desk.account(id).ok_or_else(|| Fault::not_found("Your account is not there any more."))?;
    let money = if person.may(Permission::MoneyView) { Some(money_part(house, person).await?) } else { None };
    let keys = if person.may(Permission::KeysView) {
        let shown = house.desk.credentials(id).await?;
        let endpoints = house.desk.endpoints(id);
        Some(KeysPart {
            keys: shown.into_iter().map(|one| key(one, &house.desk.keys(id), revealed)).collect(),
            more_webhooks: endpoints.len().saturating_sub(WEBHOOKS),
            has_default: endpoints.iter().any(|view| view.is_default),
            webhooks: endpoints.into_iter().take(WEBHOOKS).map(|view| webhook(view, revealed)).collect(),
            typed,
            address_error,
        })
    } else {
        None
    };
    let limit = |limit: u32| if limit == 0 { "no limit".to_owned() } else { limit.to_string() };
    let page = AccountPage {
        frame: Frame::new(house, Some(&person.0), Room::Account, "Account"),
        name: house.desk.own_name(id),
        state: account.state.as_str(),
        since: full_time(account.created_at),
        limits: vec![
            ("Messages per second", limit(account.limits.rate_per_second)),
            ("SMPP sessions", limit(account.limits.binds)),
            ("SMPP window", limit(account.limits.window)),
        ],
        money,
        keys,
        revealed,
        password_error,
    };
    page_with(status, &page)
}

fn key(shown: ShownCredential, known: &[KeyView], revealed: bool) -> Key {
    let kind = match shown.kind {
        CredentialKind::ApiKey => "API key",
        CredentialKind::Smpp => "SMPP system id",
    };
    let known = known.iter().find(|key| shown.kind == CredentialKind::ApiKey && key.name == shown.name);
    let notes = known.map(key_notes).unwrap_or_default();
    Key { name: shown.name, kind, notes, secret: revealed.then(|| shown.secret.into_inner()) }
}

/// What an owner should know of a key, a sentence each.
fn key_notes(key: &KeyView) -> Vec<String> {
    let scopes: Vec<_> = key.scopes.iter().map(KeyScope::as_str).collect();
    let ranges: Vec<_> = key.ranges.iter().map(ToString::to_string).collect();
    let used = key.used_at.map_or_else(
        || "not used yet".to_owned(),
        |at| format!("used in the hour after {}", at.to_string().replace('T', " ").get(..16).unwrap_or("")),
    );
    let until = |at: Timestamp| at.to_string().get(..10).unwrap_or("").to_owned();
    let mut notes = Vec::new();
    if !key.label.is_empty() {
        notes.push(key.label.clone());
    }
    notes.push(format!("may {}", scopes.join(", ")));
    if !ranges.is_empty() {
        notes.push(format!("from {} only", ranges.join(", ")));
    }
    notes.extend(key.expires_at.map(|at| format!("ends on {}", until(at))));
    notes.push(used);
    notes.extend(key.old_secret_until.map(|at| format!("the secret before is good until {}", until(at))));
    notes
}

fn webhook(view: EndpointView, revealed: bool) -> Webhook {
    let signs = view.kind.has_secret();
    Webhook {
        url: view.url.into_inner(),
        kind: kind_words(view.kind),
        is_default: view.is_default,
        disabled: view.disabled,
        signs,
        secret: (revealed && signs).then(|| view.secret.into_inner()),
    }
}

/// How an address is told.
const fn kind_words(kind: EndpointKind) -> &'static str {
    match kind {
        EndpointKind::Webhook => "signed JSON by POST",
        EndpointKind::Smpp => "deliver_sm on a bind",
        EndpointKind::Paasoo => "PaaSoo's GET",
        EndpointKind::Twilio => "Twilio's signed form",
        EndpointKind::Vonage => "Vonage's signed form",
        EndpointKind::Smstools => "Smstools' signed JSON",
        EndpointKind::Template => "GET with names filled in",
        EndpointKind::VonageMessages => "Vonage's JSON with a token",
    }
}

async fn money_part(house: &House, person: &SignedIn) -> Result<MoneyPart, Fault> {
    let id = person.0.account.ok_or_else(Fault::forbidden)?;
    let balance =
        house.desk.balance(id).ok_or_else(|| Fault::not_found("Your account has no balance yet."))?;
    let movements = house.desk.movements(id, MOVEMENTS).await?;
    let lines = movements.into_iter().map(|movement| Line {
        at: cell_time(movement.at),
        what: posting_words(movement.kind),
        amount: movement.amount.decimal(),
        is_out: movement.amount.micros < 0,
        messages: movement.messages,
    });
    Ok(MoneyPart {
        available: balance.available.to_string(),
        held: balance.held.to_string(),
        unit: balance.available.unit.to_string(),
        movements: lines.collect(),
    })
}

const fn posting_words(kind: PostingKind) -> &'static str {
    match kind {
        PostingKind::TopUp => "Paid in",
        PostingKind::Hold => "Held for messages",
        PostingKind::Capture => "Held value charged",
        PostingKind::Release => "Hold given back",
        PostingKind::Charge => "Charged for messages",
        PostingKind::Refund => "Paid back",
        PostingKind::TransferOut => "Moved to another account",
        PostingKind::TransferIn => "Moved from another account",
    }
}
