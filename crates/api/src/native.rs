//! The native API under `/api/v1`.
//!
//! [`OPERATIONS`] is the list of what it does; the router is built from it, and the OpenAPI
//! document is checked against it. Staff has no operation here.

pub(crate) mod account;
pub(crate) mod lists;
pub(crate) mod messages;
pub(crate) mod recipients;
pub(crate) mod submit;
pub(crate) mod view;
pub(crate) mod webhooks;

use axum::routing::{MethodRouter, get, post, put};

use crate::state::Api;

/// One operation of the native API.
pub(crate) struct Operation {
    /// The method.
    pub(crate) method: &'static str,
    /// The path, as in the OpenAPI document.
    pub(crate) path: &'static str,
    /// Its handler.
    pub(crate) route: fn() -> MethodRouter<Api>,
    /// Statuses of refusals that can only come from here, beside those that every operation has.
    pub(crate) refusals: &'static [u16],
}

/// Every operation of the native API.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "post",
        path: "/api/v1/messages",
        route: || post(submit::submit),
        refusals: &[402, 409, 413, 415, 422],
    },
    Operation { method: "get", path: "/api/v1/messages", route: || get(lists::messages), refusals: &[] },
    Operation {
        method: "get",
        path: "/api/v1/messages/{id}",
        route: || get(messages::show),
        refusals: &[404],
    },
    Operation {
        method: "get",
        path: "/api/v1/messages/{id}/explain",
        route: || get(messages::explain),
        refusals: &[404],
    },
    Operation {
        method: "post",
        path: "/api/v1/messages/{id}/cancel",
        route: || post(messages::cancel),
        refusals: &[404, 409],
    },
    Operation { method: "get", path: "/api/v1/balance", route: || get(account::balance), refusals: &[404] },
    Operation { method: "get", path: "/api/v1/inbound", route: || get(lists::inbound), refusals: &[] },
    Operation { method: "get", path: "/api/v1/me", route: || get(account::me), refusals: &[404] },
    Operation { method: "get", path: "/api/v1/webhooks", route: || get(webhooks::list), refusals: &[] },
    Operation {
        method: "put",
        path: "/api/v1/webhooks/default",
        route: || put(webhooks::set_default),
        refusals: &[404, 413, 415],
    },
];
