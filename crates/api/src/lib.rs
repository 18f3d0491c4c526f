//! The HTTP door: the native API under `/api/v1`, the dialects that existing clients speak, the
//! pages that explain error codes, the probes, and the server loop that carries every HTTP door.
//!
//! This crate reads requests strictly, asks [`app::Core`] and writes answers. It decides nothing
//! about messages or money, and it keeps no state but what a running request needs.
//!
//! Start at [`router`] for what is served and at [`serve`] for how connections are treated.

mod auth;
mod body;
mod callback;
mod desk;
mod dialect;
mod finish;
mod fixed;
mod native;
mod once;
mod openapi;
mod page;
mod probe;
mod problem;
mod query;
mod reference;
mod room;
mod router;
mod serve;
mod state;
mod strikes;
mod webhook;

#[cfg(test)]
mod testing;

use std::sync::Arc;

pub use desk::{Answer, Contacts, Desk, Explanation, Figures, Senders, Settings, Tree, Wordings};
pub use dialect::page as dialects_page;
pub use openapi::document as openapi_document;
pub use problem::http_status;
pub use router::{router, router_over, with_lent_paths};
pub use serve::{HttpLimits, OverTls, serve};
pub use state::{ApiState, CallbackDesk};

/// The names of the kinds of addresses at which events are told.
pub(crate) fn kinds_of_addresses() -> Vec<&'static str> {
    renderers().iter().map(|renderer| renderer.kind().as_str()).collect()
}

/// What writes the calls that tell events: the native webhook and one for each dialect that has
/// its own.
pub fn renderers() -> Vec<Arc<dyn app::report::Renderer>> {
    let mut renderers: Vec<Arc<dyn app::report::Renderer>> =
        vec![Arc::new(webhook::StandardWebhook), Arc::new(webhook::TemplateWebhook)];
    renderers.extend(dialect::renderers());
    renderers
}
