//! Requests about API keys and SMPP logins, carried out on the core.

use app::{Core, KeyView, KeyWish, ShownKey};
use serde_json::{Value, json};
use types::access::{AddressRange, KeyScope, KeyScopes};
use types::account::Account;
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::KeyWishes;
use super::perform::{account_named, bad};

/// The API keys of an account.
pub(super) fn list(core: &Core, account: &str) -> Result<Value, Refusal> {
    let account = account_named(core, account)?;
    let items: Vec<Value> = core.keys(account.id).iter().map(key_json).collect();
    Ok(json!({ "account": account.name, "items": items }))
}

/// Makes an API key or an SMPP login.
pub(super) async fn create(
    core: &Core,
    account: &str,
    smpp: bool,
    system_id: Option<String>,
    wishes: KeyWishes,
) -> Result<Value, Refusal> {
    let account = account_named(core, account)?;
    if smpp {
        let shown = core.create_bind(account.id, system_id).await?;
        return Ok(
            json!({ "account": account.name, "system_id": shown.name, "password": shown.secret.expose() }),
        );
    }
    let wish = read(wishes)?;
    let made = core.make_key(account.id, wish, KeyScopes::ALL, None).await?;
    Ok(shown_json(&account, &made.value))
}

/// Gives an API key another secret.
pub(super) async fn rotate(core: &Core, account: &str, key: &str, overlap_s: u32) -> Result<Value, Refusal> {
    let account = account_named(core, account)?;
    let id = key_named(core, &account, key)?.id;
    let overlap_ms = i64::from(overlap_s) * 1_000;
    let rotated = core.rotate_key(account.id, id, overlap_ms, KeyScopes::ALL, None).await?;
    Ok(shown_json(&account, &rotated.value))
}

/// Ends an API key.
pub(super) async fn revoke(core: &Core, account: &str, key: &str) -> Result<Value, Refusal> {
    let account = account_named(core, account)?;
    let known = key_named(core, &account, key)?;
    core.revoke_key(account.id, known.id).await?;
    Ok(json!({ "account": account.name, "key": known.name, "revoked": true }))
}

fn key_named(core: &Core, account: &Account, name: &str) -> Result<KeyView, Refusal> {
    let found =
        core.keys(account.id).into_iter().find(|key| key.name == name || key.id.0.to_string() == name);
    found.ok_or_else(|| {
        let detail = format!(
            "{} has no API key {name:?}; `chappe keys list {}` tells them",
            account.name, account.name
        );
        Refusal::new(RefusalCode::NotFound, detail)
    })
}

fn read(wishes: KeyWishes) -> Result<KeyWish, Refusal> {
    let scope = |name: &String| {
        KeyScope::parse(name).ok_or_else(|| {
            bad(format!("there is no scope {name:?}; the scopes are send, read, manage and accounts"))
        })
    };
    let range = |text: &String| {
        AddressRange::parse(text).ok_or_else(|| {
            bad(format!(
                "{text:?} is no address and no range such as 192.0.2.0/24, whose other bits are zero"
            ))
        })
    };
    let end = |text: &String| {
        Timestamp::parse_rfc3339(text)
            .ok_or_else(|| bad(format!("{text:?} is no time such as 2027-01-01T00:00:00Z")))
    };
    let scopes = wishes.scopes.iter().map(scope).collect::<Result<KeyScopes, _>>()?;
    Ok(KeyWish {
        scopes: if scopes == KeyScopes::NONE { KeyScopes::USUAL } else { scopes },
        ranges: wishes.addresses.iter().map(range).collect::<Result<_, _>>()?,
        expires_at: wishes.expires_at.as_ref().map(end).transpose()?,
        label: wishes.label,
    })
}

fn key_json(key: &KeyView) -> Value {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let scopes: Vec<_> = key.scopes.iter().map(KeyScope::as_str).collect();
    let addresses: Vec<_> = key.ranges.iter().map(ToString::to_string).collect();
    json!({ "id": key.id.0, "key": key.name, "label": key.label, "scopes": scopes.join(","),
            "addresses": addresses.join(","), "expires_at": time(key.expires_at),
            "last_used_at": time(key.used_at), "old_secret_until": time(key.old_secret_until) })
}

fn shown_json(account: &Account, shown: &ShownKey) -> Value {
    json!({ "account": account.name, "key": shown.key.name, "secret": shown.secret.expose() })
}
