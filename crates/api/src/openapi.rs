//! The OpenAPI 3.1 document of the native API, made from the code that serves it.

mod refine;

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, OpenApi as Document, Ref, RefOr, ResponseBuilder, Server};
use utoipa::{Modify, OpenApi};

use crate::native::{
    OPERATIONS, account, accounts, contacts, deliveries, export, figures, groups, hooks, keys, keywords,
    lists, messages, numbers, pools, quiet, recipients, senders, signatures, submit, suppressions, templates,
    view, webhooks,
};
use crate::problem::{PROBLEM_JSON, Problem, ProblemItem};

/// Statuses of refusals that every operation may answer with, and what they mean.
const REFUSALS_OF_ALL: &[u16] = &[400, 401, 403, 429, 503];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Chappe",
        description = "Send messages, follow them, and see what they cost. Money is decimal strings, \
            times are RFC 3339 in UTC. Every refusal is a problem document (RFC 9457) with a stable code. A key with \
            the scope `accounts` does for an account below its own what its other scopes allow, where the header \
            `Chappe-Account` has the id of that account.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        submit::submit,
        lists::messages,
        messages::show,
        messages::remove,
        messages::explain,
        messages::cancel,
        messages::redact,
        hooks::alertmanager,
        hooks::grafana,
        account::balance,
        lists::inbound,
        account::me,
        figures::movements,
        figures::statistics,
        figures::prices,
        figures::number,
        export::messages,
        export::movements,
        export::inbound,
        figures::export,
        export::deliveries,
        webhooks::list,
        webhooks::create,
        webhooks::set_default,
        webhooks::show,
        webhooks::change,
        webhooks::remove,
        webhooks::rotate,
        deliveries::test,
        deliveries::list,
        deliveries::replay,
        senders::list,
        senders::request,
        senders::show,
        senders::remove,
        numbers::list,
        numbers::show,
        numbers::change,
        pools::list,
        pools::create,
        pools::show,
        pools::change,
        pools::remove,
        quiet::show,
        quiet::set,
        templates::list,
        templates::create,
        templates::show,
        templates::change,
        templates::remove,
        signatures::list,
        signatures::request,
        signatures::show,
        signatures::remove,
        keywords::show,
        keywords::change,
        contacts::list,
        contacts::create,
        contacts::import,
        contacts::show,
        contacts::change,
        contacts::remove,
        groups::list,
        groups::create,
        groups::show,
        groups::change,
        groups::remove,
        groups::join,
        groups::leave,
        suppressions::list,
        suppressions::add,
        suppressions::show,
        suppressions::remove,
        keys::list,
        keys::create,
        keys::show,
        keys::change,
        keys::revoke,
        keys::rotate,
        accounts::list,
        accounts::create,
        accounts::statistics,
        accounts::show,
        accounts::change,
        accounts::transfer,
        accounts::keys,
        accounts::create_key
    ),
    components(schemas(
        Problem,
        ProblemItem,
        submit::SubmitBody,
        recipients::RecipientShape,
        recipients::RecipientObject,
        view::MessageView
    )),
    modifiers(&Credentials, &Refusals),
    security(("basic" = []), ("bearer" = [])),
    tags(
        (name = "messages", description = "Messages to phones"),
        (name = "inbound", description = "Messages from phones"),
        (name = "senders", description = "Names and numbers that phones see"),
        (name = "pools", description = "Senders of which one is chosen for each message"),
        (name = "templates", description = "Texts and signatures that the operator reviews"),
        (name = "contacts", description = "People whom the account writes to, and their groups"),
        (name = "suppressions", description = "Recipients that must not be messaged"),
        (name = "hooks", description = "Alerts of other products as messages"),
        (name = "webhooks", description = "Where events are told"),
        (name = "keys", description = "API keys of the account"),
        (name = "account", description = "The account that calls"),
        (name = "accounts", description = "Accounts below the one that calls")
    )
)]
struct NativeApi;

/// Adds the two ways of saying who calls.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let basic = HttpBuilder::new()
            .scheme(HttpAuthScheme::Basic)
            .description(Some("The API key as user, its secret as password"));
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("`KEY.SECRET`"));
        components.add_security_scheme("basic", SecurityScheme::Http(basic.build()));
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
    }
}

/// Adds the refusals that an operation may answer with, each as a problem document.
struct Refusals;

impl Modify for Refusals {
    fn modify(&self, document: &mut Document) {
        for operation in OPERATIONS {
            let Some(item) = document.paths.paths.get_mut(operation.path) else { continue };
            let described = match operation.method {
                "post" => item.post.as_mut(),
                "put" => item.put.as_mut(),
                "patch" => item.patch.as_mut(),
                "delete" => item.delete.as_mut(),
                _ => item.get.as_mut(),
            };
            let Some(described) = described else { continue };
            for status in REFUSALS_OF_ALL.iter().chain(operation.refusals) {
                let problem = Content::new(Some(RefOr::Ref(Ref::from_schema_name("Problem"))));
                let response = ResponseBuilder::new()
                    .description(meaning(*status))
                    .content(PROBLEM_JSON, problem)
                    .build();
                described.responses.responses.insert(status.to_string(), RefOr::T(response));
            }
        }
    }
}

/// What a status means here.
fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request is not of the documented shape",
        401 => "The credentials are missing or wrong",
        402 => "The balance is too low",
        403 => "The caller may not do this",
        404 => "There is nothing by this id",
        409 => "It conflicts with what is going on",
        413 => "The body is too large",
        415 => "The media type is not read here",
        422 => "The request can be read, but not be done as it stands",
        429 => "Too many requests",
        501 => "This build has no such thing",
        _ => "Not now",
    }
}

/// The OpenAPI document as JSON, for a server at `public_url`.
pub fn document(public_url: &str) -> String {
    let mut document = NativeApi::openapi();
    if !public_url.is_empty() {
        document.servers = Some(vec![Server::new(public_url)]);
    }
    let written = serde_json::to_value(&document).and_then(|mut value| {
        refine::refine(&mut value);
        serde_json::to_string(&value)
    });
    written.unwrap_or_else(|error| {
        tracing::error!(%error, "the OpenAPI document could not be written");
        "{}".to_owned()
    })
}

/// Methods and paths of the document, for comparing.
#[cfg(test)]
pub(crate) fn operations() -> Vec<(&'static str, String)> {
    let mut operations = Vec::new();
    for (path, item) in NativeApi::openapi().paths.paths {
        let methods = [
            ("get", item.get),
            ("post", item.post),
            ("put", item.put),
            ("delete", item.delete),
            ("patch", item.patch),
            ("head", item.head),
            ("options", item.options),
            ("trace", item.trace),
        ];
        for (method, operation) in methods {
            if operation.is_some() {
                operations.push((method, path.clone()));
            }
        }
    }
    operations
}
