//! Carrying out a request on the core.

use app::submission::Submission;
use app::{AccountPatch, Core, LimitsPatch, MessageQuery, NewAccount, Scope};
use serde_json::{Value, json};
use types::account::{Account, AccountLimits, AccountState, EndpointKind};
use types::address::Address;
use types::catalog::secrets::{restore_secrets, without_secrets};
use types::catalog::{PriceBook, TrafficDocument};
use types::id::MessageId;
use types::message::{Content, Door, Draft, ReportWish, State};
use types::money::Money;
use types::refusal::{Refusal, RefusalCode};
use types::region::{NoRegion, Region};
use types::role::Role;

use super::sessions::{self, Look};
use super::shapes::{account_json, connector_json, detail_json, story_json};
use super::{Place, Reply, Request, keys};

/// Carries out a request.
pub(crate) async fn perform(core: &Core, place: &Place, request: Request) -> Reply {
    match carry_out(core, place, request).await {
        Ok(value) => Reply::Done(value),
        Err(refusal) => Reply::Refused {
            code: refusal.code.code().to_owned(),
            detail: refusal.detail,
            retry_after_s: refusal.retry_after_s,
        },
    }
}

async fn carry_out(core: &Core, place: &Place, request: Request) -> Result<Value, Refusal> {
    match request {
        Request::Send { account, from, to, text, dry_run } => {
            send(core, &account, &from, &to, &text, dry_run).await
        }
        Request::Messages { account, state, to, limit } => messages(core, account, state, to, limit).await,
        Request::Explain { id } => explain(core, &id).await,
        Request::Balance { account } => balance(core, &account).await,
        Request::Connectors => {
            Ok(json!({ "items": core.connectors().iter().map(connector_json).collect::<Vec<_>>() }))
        }
        Request::Routes { version } => routes(core, version).await,
        Request::RouteVersions => route_versions(core).await,
        Request::RoutesImport { document, author, comment } => {
            import_routes(core, &document, &author, &comment).await
        }
        Request::RoutesRollBack { version, author } => {
            let number = core.roll_back_traffic(version, &author).await?;
            Ok(json!({ "version": number, "same_as": version }))
        }
        Request::Accounts => Ok(accounts(core)),
        Request::AccountCreate { name, parent, price_book, region, allow_private_callbacks } => {
            let parent =
                parent.map(|parent| account_named(core, &parent)).transpose()?.map(|parent| parent.id);
            let (limits, region) = (AccountLimits::default(), region_named(region.as_deref())?);
            let new = NewAccount { name, parent, price_book, region, limits, allow_private_callbacks };
            let account = core.create_account(new).await?;
            Ok(account_json(core, &account))
        }
        Request::AccountLimits { account, rate, window, binds, repeat_guard } => {
            let limits = LimitsPatch { rate_per_second: rate, window, binds, repeat_guard_s: repeat_guard };
            set_limits(core, &account, limits).await
        }
        Request::AccountState { account, state } => set_state(core, &account, &state).await,
        Request::Transfer { from, to, amount } => transfer(core, &from, &to, &amount).await,
        Request::AccountWebhook { account, url, kind } => set_webhook(core, &account, url, &kind).await,
        Request::AccountReplay { account, url } => replay(core, &account, url.as_deref()).await,
        Request::TopUp { account, amount, source } => top_up(core, &account, &amount, &source).await,
        Request::KeyCreate { account, smpp, system_id, wishes } => {
            keys::create(core, &account, smpp, system_id, wishes).await
        }
        Request::Keys { account } => keys::list(core, &account),
        Request::KeyRotate { account, key, overlap_s } => keys::rotate(core, &account, &key, overlap_s).await,
        Request::KeyRevoke { account, key } => keys::revoke(core, &account, &key).await,
        Request::PersonCreate { account, email, role, password } => {
            create_person(core, account, &email, &role, password).await
        }
        Request::PricesImport { document, author } => import_prices(core, &document, &author).await,
        Request::Quarantine(request) => super::quarantine::perform(core, request).await,
        Request::Numbers(request) => super::numbers::perform(core, request).await,
        Request::Senders(request) => super::senders::perform(core, request).await,
        Request::Contacts(request) => super::contacts::perform(core, request).await,
        Request::Sessions => sessions::list(place),
        Request::SessionClose { number } => sessions::close(place, number),
        Request::SessionTrace { number, after, who, reason } => {
            sessions::trace(place, &Look { number, who, reason }, after)
        }
        Request::SessionCapture { number, who, reason } => {
            sessions::capture(place, &Look { number, who, reason })
        }
        Request::Doctor => crate::doctor::examine(core, place).await,
    }
}

fn accounts(core: &Core) -> Value {
    let accounts = core.accounts();
    let items: Vec<_> = accounts.iter().map(|account| account_json(core, account)).collect();
    json!({ "items": items })
}

pub(super) fn bad(detail: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::InvalidRequest, detail)
}

pub(super) fn account_named(core: &Core, name: &str) -> Result<std::sync::Arc<Account>, Refusal> {
    core.account_by_name(name).ok_or_else(|| {
        Refusal::new(
            RefusalCode::NotFound,
            format!("there is no account {name:?}; `chappe accounts` lists them"),
        )
    })
}

async fn send(
    core: &Core,
    account: &str,
    from: &str,
    to: &[String],
    text: &str,
    dry_run: bool,
) -> Result<Value, Refusal> {
    let account = account_named(core, account)?;
    let draft = |to: &String| Draft {
        source: Address::from_text(from),
        destination: Address::from_text(to),
        content: Content::Text(text.to_owned()),
        class: None,
        traffic_type: String::new(),
        expires_at: None,
        send_at: None,
        time: types::quiet::RecipientTime::default(),
        client_reference: None,
        report: ReportWish { endpoint: account.default_endpoint, steps: true, ..ReportWish::default() },
    };
    let submission = Submission {
        account: account.id,
        door: Door::Cli,
        received_at: core.now(),
        idempotency: None,
        drafts: to.iter().map(draft).collect(),
        guard_repeats: false,
        replaces: Vec::new(),
    };
    let outcome = if dry_run { core.quote(submission).await } else { core.submit_and_wait(submission).await };
    let accepted = outcome.map_err(|rejected| {
        let all: Vec<String> = rejected
            .refusals
            .iter()
            .map(|(place, refusal)| match place {
                Some(place) => format!("{}: {}", to.get(*place).map_or("?", String::as_str), refusal.detail),
                None => refusal.detail.clone(),
            })
            .collect();
        let code = rejected.first().map_or(RefusalCode::InvalidRequest, |refusal| refusal.code);
        let retry_after_s = rejected.first().and_then(|refusal| refusal.retry_after_s);
        Refusal { retry_after_s, ..Refusal::new(code, all.join("; ")) }
    })?;
    let messages: Vec<Value> = accepted
        .messages
        .iter()
        .zip(to)
        .map(|(message, to)| {
            let id = if dry_run { Value::Null } else { json!(message.id.to_string()) };
            json!({ "id": id, "to": to, "state": message.state.as_str(), "parts": message.parts,
                    "price": { "amount": message.price.decimal(), "unit": message.price.unit.as_str() } })
        })
        .collect();
    Ok(json!({ "dry_run": dry_run, "messages": messages }))
}

async fn messages(
    core: &Core,
    account: Option<String>,
    state: Option<String>,
    to: Option<String>,
    limit: usize,
) -> Result<Value, Refusal> {
    let scope = match account {
        Some(name) => Scope::Account(account_named(core, &name)?.id),
        None => Scope::All,
    };
    let states = match state {
        None => Vec::new(),
        Some(name) => vec![State::parse(&name).ok_or_else(|| {
            let names: Vec<_> = State::ALL.iter().map(|state| state.as_str()).collect();
            bad(format!("there is no state {name:?}; the states are {}", names.join(", ")))
        })?],
    };
    let query = MessageQuery { states, recipient: to.map(Into::into), limit, ..MessageQuery::default() };
    let page = core.messages(scope, query).await?;
    Ok(json!({ "items": page.items.iter().map(detail_json).collect::<Vec<_>>() }))
}

async fn explain(core: &Core, id: &str) -> Result<Value, Refusal> {
    let missing = || Refusal::new(RefusalCode::NotFound, "there is no message by this id");
    let id = MessageId::parse(id).ok_or_else(missing)?;
    let (detail, story) = core.explain(Scope::All, id).await?.ok_or_else(missing)?;
    Ok(json!({ "message": detail_json(&detail), "story": story_json(&story) }))
}

async fn balance(core: &Core, account: &str) -> Result<Value, Refusal> {
    let account = account_named(core, account)?;
    let movements = core.movements(account.id, 20).await?;
    let movements: Vec<Value> = movements
        .iter()
        .map(|movement| {
            json!({ "at": movement.at.to_string(), "kind": movement.kind.as_str(), "messages": movement.messages,
                    "amount": movement.amount.decimal(), "unit": movement.amount.unit.as_str() })
        })
        .collect();
    let mut value = account_json(core, &account);
    if let Some(fields) = value.as_object_mut() {
        fields.insert("movements".into(), Value::Array(movements));
    }
    Ok(value)
}

async fn routes(core: &Core, version: Option<u32>) -> Result<Value, Refusal> {
    let (number, document) = match version {
        None => {
            let (number, document) = core.traffic();
            (number, (*document).clone())
        }
        Some(number) => {
            let found = core.traffic_version(number).await?;
            (
                number,
                found.ok_or_else(|| {
                    Refusal::new(RefusalCode::NotFound, format!("there is no version {number}"))
                })?,
            )
        }
    };
    // Secrets are shown to nobody; importing the text again keeps them.
    let shown = without_secrets(&document);
    let text = toml::to_string(&shown).map_err(|_| bad("the document cannot be written as TOML"))?;
    Ok(json!({ "version": number, "toml": text, "document": shown }))
}

async fn route_versions(core: &Core) -> Result<Value, Refusal> {
    let versions = core.traffic_versions(100).await?;
    let items: Vec<Value> = versions
        .iter()
        .map(|v| json!({ "version": v.number, "author": v.author, "comment": v.comment, "created_at": v.created_at.to_string() }))
        .collect();
    Ok(json!({ "items": items }))
}

async fn import_routes(core: &Core, text: &str, author: &str, comment: &str) -> Result<Value, Refusal> {
    let invalid =
        |error: anyhow::Error| Refusal::new(RefusalCode::InvalidConfiguration, format!("{error:#}"));
    let mut document = crate::config::read_traffic(text).map_err(invalid)?;
    if document == TrafficDocument::default() {
        // What went wrong on its way here must not take every route away.
        let detail = "the document is empty; to send nothing, disable its connectors";
        return Err(Refusal::new(RefusalCode::InvalidConfiguration, detail));
    }
    let (_, newest) = core.traffic();
    restore_secrets(&mut document, &newest)
        .map_err(|why| Refusal::new(RefusalCode::InvalidConfiguration, why))?;
    let placed = |refusal: Refusal| match crate::document::place(text, &refusal.detail) {
        Some(line) => Refusal { detail: format!("line {line}: {}", refusal.detail), ..refusal },
        None => refusal,
    };
    let number = core.change_traffic(document, author, comment).await.map_err(placed)?;
    Ok(json!({ "version": number }))
}

async fn import_prices(core: &Core, text: &str, author: &str) -> Result<Value, Refusal> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Prices {
        price_book: Vec<PriceBook>,
    }
    let prices: Prices = crate::document::read(text).map_err(|error| {
        Refusal::new(RefusalCode::InvalidConfiguration, format!("the price books cannot be used: {error}"))
    })?;
    let number = core.change_prices(prices.price_book, author, "imported").await?;
    Ok(json!({ "version": number }))
}

fn region_named(word: Option<&str>) -> Result<Option<Region>, Refusal> {
    let refuse = |error: NoRegion| Refusal::new(RefusalCode::InvalidRequest, error.to_string()).at("region");
    word.map(Region::parse).transpose().map_err(refuse)
}

async fn set_limits(core: &Core, account: &str, patch: LimitsPatch) -> Result<Value, Refusal> {
    let account = account_named(core, account)?;
    let limits = patch.over(account.limits);
    core.set_limits(account.id, limits).await?;
    Ok(json!({ "account": account.name, "rate_per_second": limits.rate_per_second, "window": limits.window,
               "binds": limits.binds, "repeat_guard_s": limits.repeat_guard_s }))
}

async fn set_webhook(core: &Core, account: &str, url: Option<String>, kind: &str) -> Result<Value, Refusal> {
    let account = account_named(core, account)?;
    let kind = EndpointKind::parse(kind).ok_or_else(|| {
        bad(format!("there is no kind {kind:?}; the kinds are {}", core.kinds_of_addresses().join(", ")))
    })?;
    let Some(set) = core.set_default_webhook(account.id, kind, url.as_deref()).await? else {
        return Ok(json!({ "account": account.name, "url": null }));
    };
    let mut value = json!({ "account": account.name, "url": set.url.expose(), "kind": set.kind.as_str() });
    if let Some(fields) = value.as_object_mut().filter(|_| set.kind.has_secret()) {
        fields.insert("secret".into(), json!(set.secret.expose()));
    }
    Ok(value)
}

async fn replay(core: &Core, account: &str, url: Option<&str>) -> Result<Value, Refusal> {
    let account = account_named(core, account)?;
    let endpoint = match url {
        None => None,
        Some(url) => {
            let known = core.endpoints(account.id).into_iter().find(|view| view.url.expose() == url);
            let missing = || {
                Refusal::new(RefusalCode::NotFound, "the account has no such address; write it as it was set")
            };
            Some(known.ok_or_else(missing)?.id)
        }
    };
    let events = core.tell_again(account.id, endpoint).await?;
    Ok(json!({ "account": account.name, "events": events }))
}

async fn top_up(core: &Core, account: &str, amount: &str, source: &str) -> Result<Value, Refusal> {
    let account = account_named(core, account)?;
    let amount = Money::parse(amount).map_err(|error| bad(format!("{amount:?}: {error}")))?;
    core.top_up(account.id, amount, source).await?;
    Ok(account_json(core, &account))
}

async fn set_state(core: &Core, account: &str, state: &str) -> Result<Value, Refusal> {
    let account = account_named(core, account)?;
    let state = AccountState::parse(state).ok_or_else(|| {
        bad(format!("there is no state {state:?}; the states are active, suspended and closed"))
    })?;
    core.set_account(account.id, AccountPatch { state: Some(state), ..AccountPatch::default() }).await?;
    Ok(json!({ "account": account.name, "state": state.as_str() }))
}

async fn transfer(core: &Core, from: &str, to: &str, amount: &str) -> Result<Value, Refusal> {
    let (from, to) = (account_named(core, from)?, account_named(core, to)?);
    let amount = Money::parse(amount).map_err(|error| bad(format!("{amount:?}: {error}")))?;
    core.move_value(from.id, to.id, amount).await?;
    Ok(json!({ "items": [account_json(core, &from), account_json(core, &to)] }))
}

async fn create_person(
    core: &Core,
    account: Option<String>,
    email: &str,
    role: &str,
    password: String,
) -> Result<Value, Refusal> {
    let role = Role::parse(role).ok_or_else(|| {
        let names: Vec<_> = Role::ALL.iter().map(|role| role.as_str()).collect();
        bad(format!("there is no role {role:?}; the roles are {}", names.join(", ")))
    })?;
    let account = account.map(|name| account_named(core, &name)).transpose()?;
    let id = core.create_person(account.map(|account| account.id), email, role, &password.into()).await?;
    Ok(json!({ "id": id.0, "email": email, "role": role.as_str() }))
}
