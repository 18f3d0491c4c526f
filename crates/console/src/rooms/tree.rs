//! The accounts below one's own: for the people of a reseller. They look at them, make and change them, give
//! them value and people, and act for them in all other rooms.
//!
//! An account that stands elsewhere is answered like one that does not exist. Start at [`list`].

use app::submission::Idempotency;
use app::{AccountPatch, AccountView, AccountWish, Direction, LimitsPatch, TreeFigures, TreeQuery};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use types::account::{AccountState, parse_sid, write_sid};
use types::id::AccountId;
use types::money::{Money, parse_micros};
use types::refusal::{Refusal, RefusalCode};
use types::role::{Permission, Role};
use types::time::Timestamp;

use crate::fault::Fault;
use crate::frame::{Frame, Room, page, page_with};
use crate::guard::{self, Asked, Password, Posted, SignedIn};
use crate::rooms::forms::{OTHER_ACCOUNT, own, words};
use crate::rooms::send::is_for_another;
use crate::shared::House;
use crate::view::{Piece, count, full_time};

/// Accounts on one page.
const PAGE_SIZE: usize = 100;
/// The days of which figures are shown.
const DAYS: i64 = 30;
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// Roles that people of an account below may have.
const ROLES: [Role; 5] = [
    Role::AccountOwner,
    Role::AccountDeveloper,
    Role::AccountViewer,
    Role::ResellerAdmin,
    Role::ResellerSupport,
];

/// What the address of the list may say.
#[derive(Default, Deserialize)]
pub(crate) struct Place {
    /// The number of the account before the page.
    #[serde(default)]
    after: String,
}

/// The form that makes an account.
#[derive(Default, Deserialize)]
pub(crate) struct Making {
    #[serde(default)]
    name: String,
    #[serde(default)]
    token: String,
}

/// The forms that change an account: `what` names the button.
#[derive(Default, Deserialize)]
pub(crate) struct Changing {
    #[serde(default)]
    what: String,
    #[serde(default)]
    amount: String,
    #[serde(default)]
    rate: String,
    #[serde(default)]
    sure: String,
    #[serde(default)]
    token: String,
}

/// The form that makes a person.
#[derive(Default, Deserialize)]
pub(crate) struct Inviting {
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    password: Password,
}

#[derive(Template)]
#[template(path = "tree.html")]
struct TreePage {
    frame: Frame,
    rows: Vec<Row>,
    next: Option<String>,
    editable: bool,
    token: String,
    name: String,
    error: Option<String>,
}

struct Row {
    href: Option<String>,
    name: String,
    above: String,
    state: &'static str,
    available: String,
    messages: String,
    delivered: String,
    amount: String,
}

#[derive(Template)]
#[template(path = "tree_account.html")]
struct AccountPage {
    frame: Frame,
    action: String,
    name: String,
    state: &'static str,
    acts_as: &'static str,
    is_closed: bool,
    since: Piece,
    available: String,
    held: String,
    unit: String,
    own_available: String,
    limits: Vec<(&'static str, String)>,
    rate: u32,
    editable: bool,
    roles: Vec<(&'static str, String)>,
    token: String,
    error: Option<(&'static str, String)>,
    notice: Option<&'static str>,
}

impl AccountPage {
    /// What was wrong with one of the forms.
    fn wrong(&self, form: &str) -> Option<&str> {
        self.error.as_ref().filter(|(at, _)| *at == form).map(|(_, text)| text.as_str())
    }
}

/// Lists the own account and those below it.
pub(crate) async fn list(
    State(house): State<House>,
    person: SignedIn,
    Asked(place): Asked<Place>,
) -> Result<Response, Fault> {
    let after = place.after.parse().ok().map(AccountId);
    page(&tree_page(&house, &person, after, "", None).await?)
}

/// Makes an account below the own one.
pub(crate) async fn make(
    State(house): State<House>,
    person: SignedIn,
    Posted(form): Posted<Making>,
) -> Result<Response, Fault> {
    let root = own(&person)?;
    if is_for_another(&form.token, root) {
        let shown = tree_page(&house, &person, None, &form.name, Some(OTHER_ACCOUNT.to_owned())).await?;
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown);
    }
    let wish = AccountWish { name: form.name.clone(), limits: LimitsPatch::default() };
    let once = once(&form.token, &["make", &form.name]);
    match house.desk.make_account_below(root, wish, once).await {
        Ok(made) => Ok(Redirect::to(&address(&made)).into_response()),
        Err(refusal) => {
            let shown = tree_page(&house, &person, None, &form.name, Some(words(refusal)?)).await?;
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown)
        }
    }
}

/// Shows one account.
pub(crate) async fn show(
    State(house): State<House>,
    person: SignedIn,
    Path(account): Path<String>,
) -> Result<Response, Fault> {
    let view = find(&house, &person, &account)?;
    page(&account_page(&house, &person, &view, None)?)
}

/// Suspends, activates or closes an account, sets its rate, or moves value.
pub(crate) async fn change(
    State(house): State<House>,
    person: SignedIn,
    Path(account): Path<String>,
    Posted(form): Posted<Changing>,
) -> Result<Response, Fault> {
    let view = find(&house, &person, &account)?;
    match carry_out(&house, &person, &view, &form).await {
        Ok(()) => Ok(Redirect::to(&address(&view)).into_response()),
        Err((at, refusal)) => {
            let error = Some((at, words(refusal)?));
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &account_page(&house, &person, &view, error)?)
        }
    }
}

async fn carry_out(
    house: &House,
    person: &SignedIn,
    view: &AccountView,
    form: &Changing,
) -> Result<(), (&'static str, Refusal)> {
    let root = view_root(person).map_err(|refusal| ("state", refusal))?;
    let refuse = |at, detail: &str| Err((at, Refusal::new(RefusalCode::InvalidRequest, detail)));
    let sid = view.account.sid;
    let set = |at, patch| async move {
        house.desk.change_account_below(root, sid, patch).await.map(drop).map_err(|refusal| (at, refusal))
    };
    let state = |state| AccountPatch { state: Some(state), ..AccountPatch::default() };
    match form.what.as_str() {
        "suspend" => set("state", state(AccountState::Suspended)).await,
        "activate" => set("state", state(AccountState::Active)).await,
        "close" if form.sure == "yes" => set("state", state(AccountState::Closed)).await,
        "close" => refuse("state", "Tick the box to say that it is to be closed. Nothing was changed."),
        "limits" => {
            let Ok(rate) = form.rate.trim().parse() else {
                return refuse("limits", "Write a whole number; 0 lifts the limit.");
            };
            let limits = LimitsPatch { rate_per_second: Some(rate), ..LimitsPatch::default() };
            set("limits", AccountPatch { limits, ..AccountPatch::default() }).await
        }
        "give" | "take" => {
            let micros = parse_micros(form.amount.trim()).ok().filter(|micros| *micros > 0);
            let Some(micros) = micros else {
                return refuse("value", "Write an amount above zero, such as 25.00.");
            };
            if is_for_another(&form.token, root) {
                return refuse("value", OTHER_ACCOUNT);
            }
            let direction = if form.what == "give" { Direction::ToAccount } else { Direction::FromAccount };
            let once = once(&form.token, &[&form.what, &form.amount, &write_sid(sid)]);
            let amount = Money::new(micros, view.account.unit);
            let moved = house.desk.transfer(root, sid, direction, amount, once).await;
            moved.map(drop).map_err(|refusal| ("value", refusal))
        }
        _ => refuse("state", "This form is not known here."),
    }
}

/// Makes a person of an account below the own one.
pub(crate) async fn invite(
    State(house): State<House>,
    person: SignedIn,
    Path(account): Path<String>,
    Posted(form): Posted<Inviting>,
) -> Result<Response, Fault> {
    let view = find(&house, &person, &account)?;
    let role = ROLES.into_iter().find(|role| role.as_str() == form.role);
    let made = match role {
        None => Err(Refusal::new(RefusalCode::InvalidRequest, "Choose a role.")),
        Some(role) => {
            house.desk.create_person(view.account.id, form.email.trim(), role, &form.password.0).await
        }
    };
    match made {
        Ok(()) => Ok(Redirect::to(&address(&view)).into_response()),
        Err(refusal) => {
            let error = Some(("people", words(refusal)?));
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &account_page(&house, &person, &view, error)?)
        }
    }
}

/// From now on the person acts for an account below the own one, in all rooms.
pub(crate) async fn enter(
    State(house): State<House>,
    person: SignedIn,
    Path(account): Path<String>,
) -> Result<Response, Fault> {
    let view = find(&house, &person, &account)?;
    let response = Redirect::to("/").into_response();
    Ok(guard::act_for(&house, response, Some(view.account.sid)))
}

/// From now on the person acts for its own account again.
pub(crate) async fn leave(State(house): State<House>) -> Response {
    guard::act_for(&house, Redirect::to("/accounts").into_response(), None)
}

async fn tree_page(
    house: &House,
    person: &SignedIn,
    after: Option<AccountId>,
    name: &str,
    error: Option<String>,
) -> Result<TreePage, Fault> {
    let root = own(person)?;
    let since = house.desk.now().plus_ms(-DAYS * DAY_MS);
    let query = TreeQuery { since, until: Timestamp::NEVER, after, limit: PAGE_SIZE };
    let found = house.desk.tree_figures(root, query).await?;
    Ok(TreePage {
        frame: Frame::new(house, Some(&person.0), Room::Tree, "Accounts"),
        rows: found.items.iter().map(|figures| row(house, root, figures)).collect(),
        next: found.next.map(|key| format!("/accounts?after={}", key.as_i64())),
        editable: person.may(Permission::TreeChange),
        token: house.form_token(person.0.account),
        name: name.to_owned(),
        error,
    })
}

fn row(house: &House, root: AccountId, figures: &TreeFigures) -> Row {
    let view = &figures.view;
    let is_own = view.account.id == root;
    let above = view.account.parent.filter(|_| !is_own).map(|above| house.desk.own_name(above));
    let number = |number: i64| count(u64::try_from(number).unwrap_or(0));
    Row {
        href: (!is_own).then(|| address(view)),
        name: view.name.clone(),
        above: above.unwrap_or_default(),
        state: view.acts_as.as_str(),
        available: view.balance.available.to_string(),
        messages: number(figures.messages),
        delivered: number(figures.delivered),
        amount: figures.amount.to_string(),
    }
}

fn account_page(
    house: &House,
    person: &SignedIn,
    view: &AccountView,
    error: Option<(&'static str, String)>,
) -> Result<AccountPage, Fault> {
    let account = &view.account;
    let limit = |limit: u32| if limit == 0 { "no limit".to_owned() } else { limit.to_string() };
    let own_balance = house.desk.balance(own(person)?);
    Ok(AccountPage {
        frame: Frame::new(house, Some(&person.0), Room::Tree, &view.name),
        action: address(view),
        name: view.name.clone(),
        state: account.state.as_str(),
        acts_as: view.acts_as.as_str(),
        is_closed: account.state == AccountState::Closed,
        since: full_time(account.created_at),
        available: view.balance.available.to_string(),
        held: view.balance.held.to_string(),
        unit: account.unit.to_string(),
        own_available: own_balance.map_or_else(String::new, |balance| balance.available.to_string()),
        limits: vec![
            ("SMPP sessions", limit(account.limits.binds)),
            ("SMPP window", limit(account.limits.window)),
        ],
        rate: account.limits.rate_per_second,
        editable: person.may(Permission::TreeChange),
        roles: ROLES.iter().map(|role| (role.as_str(), role.as_str().replace('_', " "))).collect(),
        token: house.form_token(person.0.account),
        notice: (view.acts_as != account.state).then_some("An account above this one stops it."),
        error,
    })
}

fn find(house: &House, person: &SignedIn, account: &str) -> Result<AccountView, Fault> {
    let found = parse_sid(account).and_then(|sid| house.desk.account_below(person.0.account?, sid));
    found.ok_or_else(|| Fault::not_found("No account below yours has this id."))
}

fn view_root(person: &SignedIn) -> Result<AccountId, Refusal> {
    person.0.account.ok_or_else(|| Refusal::new(RefusalCode::Forbidden, "nobody's account"))
}

fn address(view: &AccountView) -> String {
    format!("/accounts/{}", write_sid(view.account.sid))
}

/// The key under which one showing of a form is done once.
fn once(token: &str, fields: &[&str]) -> Option<Idempotency> {
    let mut hasher = Sha256::new();
    for field in fields {
        hasher.update(u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(field.as_bytes());
    }
    let key = format!("console-{token}");
    (!token.is_empty() && token.len() <= 64)
        .then(|| Idempotency { key, fingerprint: hasher.finalize().into() })
}
