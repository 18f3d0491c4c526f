//! What the OpenAPI document says that no attribute can say: parameters that stand in one place, and members
//! that exclude each other.
//!
//! It changes a document that is made and reads no request. Start at [`refine`].

use serde_json::{Map, Value, json};

use crate::native::{OPERATIONS, Operation};

/// The parameter under which a request is done once.
const IDEMPOTENCY_KEY: &str = "IdempotencyKey";
/// Where other products tell of alerts, with the recipients in the address.
const HOOKS: &str = "/api/v1/hooks/";
/// Where the document of Alertmanager goes, whose version is known.
const ALERTMANAGER: &str = "/api/v1/hooks/alertmanager";

/// Completes a document in place.
pub(super) fn refine(document: &mut Value) {
    put(document, &["components", "parameters", IDEMPOTENCY_KEY], idempotency_key());
    for operation in OPERATIONS.iter().filter(|operation| operation.is_once()) {
        let path = ["paths", operation.path, operation.method, "parameters"];
        let mut parameters = get(document, &path).as_array().cloned().unwrap_or_default();
        parameters.push(json!({"$ref": format!("#/components/parameters/{IDEMPOTENCY_KEY}")}));
        put(document, &path, Value::Array(parameters));
    }
    let recipients = json!([
        stated("to", &["recipients", "group"]),
        stated("recipients", &["to", "group"]),
        stated("group", &["to", "recipients"]),
    ]);
    put(document, &["components", "schemas", "SubmitBody", "oneOf"], recipients);
    let senders = json!({"oneOf": [stated("from", &["pool"]), stated("pool", &["from"])]});
    let texts = json!({"oneOf": [stated("text", &["template"]), stated("template", &["text"])]});
    let senders = json!([senders, texts]);
    put(document, &["components", "schemas", "SubmitBody", "allOf"], senders);
    // Each dialect that has an own form of calls brings its kind.
    let kinds = Value::from(format!("^({})$", crate::kinds_of_addresses().join("|")));
    for whose in ["NewWebhook", "DefaultWebhookBody"] {
        put(document, &["components", "schemas", whose, "properties", "kind", "pattern"], kinds.clone());
    }
    let events = json!([
        stated("event", &["since", "until", "status"]),
        stated("since", &["event"]),
        stated("until", &["event"]),
        stated("status", &["event"]),
    ]);
    put(document, &["components", "schemas", "ReplayBody", "anyOf"], events);
    let named = [("SubmitBody", "parameters", 50), ("RecipientObject", "parameters", 50)];
    for (whose, member, most) in
        named.into_iter().chain(["NewContact", "ContactChange"].map(|body| (body, "attributes", 30)))
    {
        let limits = [
            ("maxProperties", json!(most)),
            ("propertyNames", json!({"type": "string", "pattern": "^[A-Za-z0-9_]{1,32}$"})),
            ("additionalProperties", json!({"type": "string", "maxLength": 1600})),
        ];
        for (name, limit) in limits {
            put(document, &["components", "schemas", whose, "properties", member, name], limit);
        }
    }
    for hook in OPERATIONS.iter().filter(|operation| operation.path.starts_with(HOOKS)) {
        // The server refuses it before the request is one, and therefore without a document.
        let too_long = json!({"description": "The address is too long: state fewer recipients"});
        put(document, &["paths", hook.path, hook.method, "responses", "431"], too_long);
    }
    // Grafana tells the same document under a version of its own.
    let mut versioned = get(document, &["components", "schemas", "AlertGroup"]).clone();
    let version = json!({"type": "string", "const": "4", "description": "The form of the document."});
    put(&mut versioned, &["properties", "version"], version);
    let mut required = get(&versioned, &["required"]).as_array().cloned().unwrap_or_default();
    required.push(json!("version"));
    put(&mut versioned, &["required"], Value::Array(required));
    put(document, &["components", "schemas", "AlertmanagerGroup"], versioned);
    let body = ["paths", ALERTMANAGER, "post", "requestBody", "content", "application/json", "schema"];
    put(document, &body, json!({"$ref": "#/components/schemas/AlertmanagerGroup"}));
}

/// What stands at a path of names; null for nothing.
fn get<'a>(document: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(document, |part, name| part.get(name).unwrap_or(&Value::Null))
}

/// Puts a value at a path of names, through objects that are made where there are none.
fn put(document: &mut Value, path: &[&str], value: Value) {
    let Some((name, rest)) = path.split_first() else {
        *document = value;
        return;
    };
    if !document.is_object() {
        *document = Value::Object(Map::new());
    }
    if let Some(members) = document.as_object_mut() {
        put(members.entry(*name).or_insert(Value::Null), rest, value);
    }
}

/// One member has a value, and the others have none.
fn stated(member: &str, absent: &[&str]) -> Value {
    let mut properties = Map::new();
    properties.insert(member.to_owned(), json!({"not": {"type": "null"}}));
    properties.extend(absent.iter().map(|name| ((*name).to_owned(), json!({"type": "null"}))));
    json!({"required": [member], "properties": properties})
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "required": false,
        "description": "1 to 255 visible characters. The same request with the same key is done once and \
            answered alike for 24 hours, with the header `Idempotent-Replayed`. Another request with it is \
            refused (422), and so is the same one while the first is being done (409).",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    })
}

impl Operation {
    /// Whether a request may carry a key under which it is done once.
    fn is_once(&self) -> bool {
        self.method == "post" && !self.repeats
    }
}
