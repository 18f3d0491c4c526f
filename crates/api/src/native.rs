//! The native API under `/api/v1`.
//!
//! [`OPERATIONS`] is the list of what it does, with what a key must be allowed for it; the router is built
//! from it, and the OpenAPI document is checked against it. Staff has no operation here.

pub(crate) mod account;
pub(crate) mod accounts;
pub(crate) mod contacts;
pub(crate) mod csv;
pub(crate) mod deliveries;
pub(crate) mod export;
pub(crate) mod figures;
pub(crate) mod groups;
pub(crate) mod hooks;
pub(crate) mod keys;
pub(crate) mod keywords;
pub(crate) mod lists;
pub(crate) mod messages;
pub(crate) mod numbers;
pub(crate) mod pools;
pub(crate) mod quiet;
pub(crate) mod recipients;
pub(crate) mod senders;
pub(crate) mod shape;
pub(crate) mod signatures;
pub(crate) mod submit;
pub(crate) mod suppressions;
mod template;
pub(crate) mod templates;
pub(crate) mod view;
pub(crate) mod webhooks;

use axum::routing::{MethodRouter, delete, get, patch, post, put};
use types::access::KeyScope;

use crate::state::Api;

/// One operation of the native API.
pub(crate) struct Operation {
    /// The method.
    pub(crate) method: &'static str,
    /// The path, as in the OpenAPI document.
    pub(crate) path: &'static str,
    /// What a key must be allowed.
    pub(crate) scope: KeyScope,
    /// The parameters of its query; every other one is refused.
    pub(crate) query: &'static [&'static str],
    /// Those of them that may be there more than once.
    pub(crate) repeatable: &'static [&'static str],
    /// Its handler.
    pub(crate) route: fn() -> MethodRouter<Api>,
    /// Whether the same request again is done again, whatever key it carries.
    pub(crate) repeats: bool,
    /// Statuses of refusals that can only come from here, beside those that every operation has.
    pub(crate) refusals: &'static [u16],
}

const fn operation(
    method: &'static str,
    path: &'static str,
    scope: KeyScope,
    route: fn() -> MethodRouter<Api>,
    refusals: &'static [u16],
) -> Operation {
    Operation { method, path, scope, query: &[], repeatable: &[], route, repeats: false, refusals }
}

impl Operation {
    const fn with_query(self, query: &'static [&'static str]) -> Self {
        Self { query, ..self }
    }

    const fn repeating(self, repeatable: &'static [&'static str]) -> Self {
        Self { repeatable, ..self }
    }

    const fn each_time(self) -> Self {
        Self { repeats: true, ..self }
    }
}

const SEND: KeyScope = KeyScope::Send;
const READ: KeyScope = KeyScope::Read;
const MANAGE: KeyScope = KeyScope::Manage;
const ACCOUNTS: KeyScope = KeyScope::Accounts;
/// What a change of money refuses.
const OF_TRANSFERS: &[u16] = &[402, 404, 409, 413, 415, 422];
/// What a submission refuses: for want of money, a group that is not there, a key of idempotency, a body, a message.
const OF_SUBMISSIONS: &[u16] = &[402, 404, 409, 413, 415, 422];
/// What a change refuses: a thing that is not there, a key of idempotency, a body.
const OF_CHANGES: &[u16] = &[404, 409, 413, 415, 422];

/// What a hook may be told in its address.
const OF_HOOKS: &[&str] = &["to", "from", "class", "dry_run"];

/// Every operation of the native API.
pub(crate) const OPERATIONS: &[Operation] = &[
    operation("post", "/api/v1/messages", SEND, || post(submit::submit), OF_SUBMISSIONS),
    operation("get", "/api/v1/messages", READ, || get(lists::messages), &[])
        .with_query(&["state", "to", "since", "until", "cursor", "limit"]),
    operation("get", "/api/v1/messages/{id}", READ, || get(messages::show), &[404]),
    operation("delete", "/api/v1/messages/{id}", MANAGE, || delete(messages::remove), &[404, 409]),
    operation("get", "/api/v1/messages/{id}/explain", READ, || get(messages::explain), &[404]),
    operation("post", "/api/v1/messages/{id}/cancel", SEND, || post(messages::cancel), OF_CHANGES),
    operation("post", "/api/v1/messages/{id}/redact", MANAGE, || post(messages::redact), OF_CHANGES),
    operation("post", "/api/v1/hooks/alertmanager", SEND, || post(hooks::alertmanager), OF_SUBMISSIONS)
        .with_query(OF_HOOKS)
        .repeating(&["to"]),
    operation("post", "/api/v1/hooks/grafana", SEND, || post(hooks::grafana), OF_SUBMISSIONS)
        .with_query(OF_HOOKS)
        .repeating(&["to"]),
    operation("get", "/api/v1/balance", READ, || get(account::balance), &[404]),
    operation("get", "/api/v1/inbound", READ, || get(lists::inbound), &[]).with_query(&["cursor", "limit"]),
    operation("get", "/api/v1/me", READ, || get(account::me), &[404]),
    operation("get", "/api/v1/movements", READ, || get(figures::movements), &[])
        .with_query(&["cursor", "limit"]),
    operation("get", "/api/v1/statistics", READ, || get(figures::statistics), &[])
        .with_query(&["since", "until", "format"]),
    operation("get", "/api/v1/prices", READ, || get(figures::prices), &[404]),
    operation("get", "/api/v1/numbers/{id}", READ, || get(figures::number), &[404, 422]),
    operation("get", "/api/v1/exports/messages", READ, || get(export::messages), &[501])
        .with_query(&["state", "to", "since", "until", "format"]),
    operation("get", "/api/v1/exports/movements", READ, || get(export::movements), &[501])
        .with_query(&["since", "until", "format"]),
    operation("get", "/api/v1/exports/inbound", READ, || get(export::inbound), &[501])
        .with_query(&["since", "until", "format"]),
    operation("get", "/api/v1/exports/statistics", READ, || get(figures::export), &[501])
        .with_query(&["since", "until", "format"]),
    operation("get", "/api/v1/exports/webhooks/{id}", READ, || get(export::deliveries), &[404, 501])
        .with_query(&["status", "since", "until", "format"]),
    operation("get", "/api/v1/webhooks", READ, || get(webhooks::list), &[]),
    operation("post", "/api/v1/webhooks", MANAGE, || post(webhooks::create), OF_CHANGES),
    operation(
        "put",
        "/api/v1/webhooks/default",
        MANAGE,
        || put(webhooks::set_default),
        &[404, 409, 413, 415],
    ),
    operation("get", "/api/v1/webhooks/{id}", READ, || get(webhooks::show), &[404]),
    operation("patch", "/api/v1/webhooks/{id}", MANAGE, || patch(webhooks::change), &[404, 409, 413, 415]),
    operation("delete", "/api/v1/webhooks/{id}", MANAGE, || delete(webhooks::remove), &[404]),
    operation("post", "/api/v1/webhooks/{id}/rotate", MANAGE, || post(webhooks::rotate), OF_CHANGES),
    operation("post", "/api/v1/webhooks/{id}/test", MANAGE, || post(deliveries::test), OF_CHANGES)
        .each_time(),
    operation("get", "/api/v1/webhooks/{id}/deliveries", READ, || get(deliveries::list), &[404])
        .with_query(&["status", "since", "until", "cursor", "limit"]),
    operation("post", "/api/v1/webhooks/{id}/replay", MANAGE, || post(deliveries::replay), OF_CHANGES),
    operation("get", "/api/v1/senders", READ, || get(senders::list), &[]).with_query(&["cursor", "limit"]),
    operation("post", "/api/v1/senders", MANAGE, || post(senders::request), OF_CHANGES),
    operation("get", "/api/v1/senders/{id}", READ, || get(senders::show), &[404]),
    operation("delete", "/api/v1/senders/{id}", MANAGE, || delete(senders::remove), &[404]),
    operation("get", "/api/v1/senders/numbers", READ, || get(numbers::list), &[])
        .with_query(&["cursor", "limit"]),
    operation("get", "/api/v1/senders/numbers/{id}", READ, || get(numbers::show), &[404]),
    operation("patch", "/api/v1/senders/numbers/{id}", MANAGE, || patch(numbers::change), &[404, 413, 415]),
    operation("get", "/api/v1/pools", READ, || get(pools::list), &[]).with_query(&["cursor", "limit"]),
    operation("post", "/api/v1/pools", MANAGE, || post(pools::create), OF_CHANGES),
    operation("get", "/api/v1/pools/{id}", READ, || get(pools::show), &[404]),
    operation("patch", "/api/v1/pools/{id}", MANAGE, || patch(pools::change), &[404, 413, 415, 422]),
    operation("delete", "/api/v1/pools/{id}", MANAGE, || delete(pools::remove), &[404]),
    operation("get", "/api/v1/templates", READ, || get(templates::list), &[])
        .with_query(&["cursor", "limit"]),
    operation("post", "/api/v1/templates", MANAGE, || post(templates::create), OF_CHANGES),
    operation("get", "/api/v1/templates/{id}", READ, || get(templates::show), &[404]),
    operation("patch", "/api/v1/templates/{id}", MANAGE, || patch(templates::change), &[404, 413, 415, 422]),
    operation("delete", "/api/v1/templates/{id}", MANAGE, || delete(templates::remove), &[404]),
    operation("get", "/api/v1/signatures", READ, || get(signatures::list), &[])
        .with_query(&["cursor", "limit"]),
    operation("post", "/api/v1/signatures", MANAGE, || post(signatures::request), OF_CHANGES),
    operation("get", "/api/v1/signatures/{id}", READ, || get(signatures::show), &[404]),
    operation("delete", "/api/v1/signatures/{id}", MANAGE, || delete(signatures::remove), &[404]),
    operation("get", "/api/v1/keywords", READ, || get(keywords::show), &[]),
    operation("patch", "/api/v1/keywords", MANAGE, || patch(keywords::change), &[404, 413, 415]),
    operation("get", "/api/v1/quiet-hours", READ, || get(quiet::show), &[]),
    operation("put", "/api/v1/quiet-hours", MANAGE, || put(quiet::set), &[413, 415]),
    operation("get", "/api/v1/contacts", READ, || get(contacts::list), &[404])
        .with_query(&["number", "group", "language", "cursor", "limit"]),
    operation("post", "/api/v1/contacts", MANAGE, || post(contacts::create), OF_CHANGES),
    operation("post", "/api/v1/contacts/import", MANAGE, || post(contacts::import), OF_CHANGES),
    operation("get", "/api/v1/contacts/{id}", READ, || get(contacts::show), &[404]),
    operation("patch", "/api/v1/contacts/{id}", MANAGE, || patch(contacts::change), &[404, 409, 413, 415]),
    operation("delete", "/api/v1/contacts/{id}", MANAGE, || delete(contacts::remove), &[404]),
    operation("get", "/api/v1/groups", READ, || get(groups::list), &[]).with_query(&["cursor", "limit"]),
    operation("post", "/api/v1/groups", MANAGE, || post(groups::create), OF_CHANGES),
    operation("get", "/api/v1/groups/{id}", READ, || get(groups::show), &[404]),
    operation("patch", "/api/v1/groups/{id}", MANAGE, || patch(groups::change), &[404, 409, 413, 415]),
    operation("delete", "/api/v1/groups/{id}", MANAGE, || delete(groups::remove), &[404]),
    operation("post", "/api/v1/groups/{id}/join", MANAGE, || post(groups::join), OF_CHANGES),
    operation("post", "/api/v1/groups/{id}/leave", MANAGE, || post(groups::leave), OF_CHANGES),
    operation("get", "/api/v1/suppressions", READ, || get(suppressions::list), &[])
        .with_query(&["number", "cursor", "limit"]),
    operation("post", "/api/v1/suppressions", MANAGE, || post(suppressions::add), OF_CHANGES),
    operation("get", "/api/v1/suppressions/{id}", READ, || get(suppressions::show), &[404]),
    operation("delete", "/api/v1/suppressions/{id}", MANAGE, || delete(suppressions::remove), &[404]),
    operation("get", "/api/v1/keys", MANAGE, || get(keys::list), &[]),
    operation("post", "/api/v1/keys", MANAGE, || post(keys::create), OF_CHANGES),
    operation("get", "/api/v1/keys/{id}", MANAGE, || get(keys::show), &[404]),
    operation("patch", "/api/v1/keys/{id}", MANAGE, || patch(keys::change), &[404, 413, 415, 422]),
    operation("delete", "/api/v1/keys/{id}", MANAGE, || delete(keys::revoke), &[404]),
    operation("post", "/api/v1/keys/{id}/rotate", MANAGE, || post(keys::rotate), OF_CHANGES),
    operation("get", "/api/v1/accounts", ACCOUNTS, || get(accounts::list), &[])
        .with_query(&["cursor", "limit"]),
    operation("post", "/api/v1/accounts", ACCOUNTS, || post(accounts::create), OF_CHANGES),
    operation("get", "/api/v1/accounts/statistics", ACCOUNTS, || get(accounts::statistics), &[])
        .with_query(&["since", "until", "cursor", "limit"]),
    operation("get", "/api/v1/accounts/{id}", ACCOUNTS, || get(accounts::show), &[404]),
    operation("patch", "/api/v1/accounts/{id}", ACCOUNTS, || patch(accounts::change), &[404, 409, 413, 415]),
    operation("post", "/api/v1/accounts/{id}/transfers", ACCOUNTS, || post(accounts::transfer), OF_TRANSFERS),
    operation("get", "/api/v1/accounts/{id}/keys", ACCOUNTS, || get(accounts::keys), &[404]),
    operation("post", "/api/v1/accounts/{id}/keys", ACCOUNTS, || post(accounts::create_key), OF_CHANGES),
];
