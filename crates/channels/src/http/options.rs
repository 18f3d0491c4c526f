//! The options of a connector of type `http`, and what they come to.
//!
//! Start at [`Settings::read`].

use std::collections::BTreeMap;

use base64::Engine;
use ports::channel::{Capabilities, CarrierAlphabet, Joining};
use ports::courier::{CALL_TIMEOUT_MS, Method};
use serde::Deserialize;
use types::Sensitive;
use types::address::Addressing;
use types::catalog::Connector;
use types::form::Manner;

use super::template::{Escape, Template, Values};
use crate::callback::CallbackOptions;
use crate::courier::{check_url, headers_of};
use crate::options::{self, ErrorTable, Secrets, secret, within};

/// Most calls under way at once.
const WINDOW_MAX: u64 = 1_000;
/// The fastest pace that can be set, in messages per second.
const RATE_MAX: u64 = 100_000;
/// The longest that a call may take, in milliseconds.
const TIMEOUT_MS_MAX: u64 = 120_000;
/// The fewest characters of a token that a supplier calls back with.
const TOKEN_CHARS_MIN: usize = 16;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum MethodOption {
    Get,
    #[default]
    Post,
}

/// The keys of the options, as written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    /// The address, with places like `{to}`; values are percent-encoded.
    url: String,
    /// `post` or `get`.
    method: MethodOption,
    /// Further headers; values may be `file:PATH` or `env:NAME`.
    headers: BTreeMap<String, String>,
    /// Name for HTTP Basic; may be `file:PATH` or `env:NAME`.
    username: Option<String>,
    /// Password for HTTP Basic; likewise.
    password: Option<String>,
    /// The type of the body, which decides how values are escaped; `application/json` when not stated.
    content_type: Option<String>,
    /// The body, with places like `{text}`.
    body: String,
    /// The statuses of success; 200 to 299 when not stated.
    success: Option<Vec<u16>>,
    /// JSON pointer to the supplier's id of the message.
    id_json: Option<String>,
    /// What stands before the id in an answer that is no JSON.
    id_prefix: Option<String>,
    /// JSON pointer to the supplier's own code; `error_codes` takes it as `code:CODE`.
    code_json: Option<String>,
    /// The codes of success; any code that `error_codes` does not name when empty.
    success_codes: Vec<String>,
    /// Calls under way at once, 1 to 1,000; 10 when not stated.
    window: Option<u64>,
    /// Messages per second; 0 for no limit.
    rate: u64,
    /// How long a call may take, 1 to 120 s; 15 s when not stated.
    timeout_s: Option<u64>,
    /// The same in milliseconds, for tests and simulators; it wins.
    timeout_ms: Option<u64>,
    /// The pause after a throttling answer without `Retry-After`; 1,000 ms when not stated.
    throttle_pause_ms: Option<u64>,
    /// The secret part of the path that the supplier calls back at; at least 16 characters, `file:PATH` or `env:NAME`.
    callback_token: Option<String>,
    /// Which fields of such a call tell what.
    callback: Option<CallbackOptions>,
    /// Whether the supplier is a simulation, so that nobody real is reached.
    simulated: bool,
}

/// What a channel needs to know of its connector.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) method: Method,
    url: Template,
    shape: Shape,
    pub(super) headers: Vec<(String, Sensitive<String>)>,
    pub(super) body: Template,
    pub(super) escape: Escape,
    /// Statuses of success; none for all from 200 to 299.
    pub(super) success: Option<Vec<u16>>,
    pub(super) id_json: Option<String>,
    pub(super) id_prefix: Option<String>,
    pub(super) code_json: Option<String>,
    pub(super) success_codes: Vec<String>,
    pub(super) window: u32,
    pub(super) rate: u32,
    pub(super) timeout_ms: u64,
    pub(super) throttle_pause_us: u64,
    pub(super) callback: Option<(Sensitive<String>, CallbackOptions)>,
    pub(super) simulated: bool,
    pub(super) errors: ErrorTable,
}

impl Settings {
    /// Reads and checks the options of a connector.
    ///
    /// # Errors
    /// A sentence that names the key and says what to write.
    pub(super) fn read(connector: &Connector, secrets: &Secrets) -> Result<Self, String> {
        let o: Options = options::read(connector)?;
        let url = Template::read(&o.url).map_err(|error| format!("url: {error}"))?;
        let shape = Shape::of_template(&url)?;
        let (window, pause_ms) = (o.window.unwrap_or(10), o.throttle_pause_ms.unwrap_or(1_000));
        within("window", window, 1, WINDOW_MAX)?;
        within("rate", o.rate, 0, RATE_MAX)?;
        within("throttle_pause_ms", pause_ms, 1, 60_000)?;
        let timeout_ms =
            o.timeout_ms.unwrap_or_else(|| o.timeout_s.map_or(CALL_TIMEOUT_MS, |s| s.saturating_mul(1_000)));
        within("timeout_s", timeout_ms, 1, TIMEOUT_MS_MAX)
            .map_err(|_| "timeout_s: write 1 to 120".to_owned())?;
        for (key, pointer) in [("id_json", &o.id_json), ("code_json", &o.code_json)] {
            if pointer.as_ref().is_some_and(|pointer| !pointer.starts_with('/')) {
                return Err(format!("{key}: write a JSON pointer like /messages/0/id"));
            }
        }
        let method = match o.method {
            MethodOption::Get => Method::Get,
            MethodOption::Post => Method::Post,
        };
        let content_type = o.content_type.clone().unwrap_or_else(|| "application/json".into());
        let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        let escape = Escape::of_content_type(&content_type);
        Ok(Self {
            name: connector.name.clone(),
            headers: headers(&o, method, &content_type, secrets)?,
            body: body(&o, escape)?,
            escape,
            callback: callback(&o, secrets)?,
            errors: ErrorTable::read(connector)?,
            method,
            url,
            shape,
            success: o.success,
            id_json: o.id_json,
            id_prefix: o.id_prefix,
            code_json: o.code_json,
            success_codes: o.success_codes,
            window: small(window),
            rate: small(o.rate),
            timeout_ms,
            throttle_pause_us: pause_ms * 1_000,
            simulated: o.simulated,
        })
    }

    /// The address of a call. `None` when a value would lead it somewhere else: dots alone climb up a path however
    /// they are written.
    pub(super) fn address(&self, values: &Values<'_>) -> Option<String> {
        let address = self.url.render(values, Escape::Url)?;
        let url = check_url(&address, true).ok()?;
        (Shape::of(&url) == self.shape).then_some(address)
    }

    /// What the channel can carry.
    pub(super) fn capabilities(&self) -> Capabilities {
        Capabilities {
            manner: Manner { joining: Joining::Whole, alphabet: CarrierAlphabet::Gsm7, octets: false },
            addressing: Addressing::default(),
            receipts: self.callback.is_some(),
            query: false,
            real: !self.simulated,
        }
    }
}

/// What the values of a message must not change of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shape {
    /// Scheme, name and password, host and port.
    origin: String,
    /// Pieces of the path.
    segments: usize,
}

impl Shape {
    fn of(url: &reqwest::Url) -> Self {
        let segments = url.path_segments().map_or(0, Iterator::count);
        let (host, port) = (url.host_str().unwrap_or(""), url.port_or_known_default());
        let origin = (url.scheme(), url.username(), url.password(), host, port);
        Self { origin: format!("{origin:?}"), segments }
    }

    fn of_template(url: &Template) -> Result<Self, String> {
        let [one, other] = SAMPLES.map(|sample| {
            let address = url.render(&sample, Escape::Url).unwrap_or_default();
            let url = check_url(&address, true).map_err(|error| {
                format!("url: {error}; write an address like https://example.com/send?to={{to}}")
            })?;
            Ok::<_, String>(Self::of(&url))
        });
        let shape = one?;
        if other? == shape { Ok(shape) } else { Err("url: write places behind the host name only".into()) }
    }
}

/// Messages that differ in everything, and need no escaping anywhere.
const SAMPLES: [Values<'static>; 2] = [
    Values { to: "12025550100", from: "A", text: "a", id: "a", reference: 1 },
    Values { to: "447", from: "Bb", text: "bbb", id: "bbbb", reference: 22_222 },
];

fn body(o: &Options, escape: Escape) -> Result<Template, String> {
    let body = Template::read(&o.body).map_err(|error| format!("body: {error}"))?;
    let is_json = |sample| {
        let text = body.render(sample, escape).unwrap_or_default();
        serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok()
    };
    if escape == Escape::Json && !o.body.is_empty() && !SAMPLES.iter().all(is_json) {
        return Err("body: write JSON, with quotation marks around places like {text}".into());
    }
    Ok(body)
}

fn headers(
    o: &Options,
    method: Method,
    content_type: &str,
    secrets: &Secrets,
) -> Result<Vec<(String, Sensitive<String>)>, String> {
    let mut headers = Vec::new();
    for (name, value) in &o.headers {
        headers.push((name.clone(), secret(&format!("headers.{name}"), value, secrets)?));
    }
    if method == Method::Post {
        headers.push(("content-type".into(), Sensitive::new(content_type.to_owned())));
    }
    match (&o.username, &o.password) {
        (Some(username), Some(password)) => {
            let username = secret("username", username, secrets)?;
            let password = secret("password", password, secrets)?;
            let pair = format!("{}:{}", username.expose(), password.expose());
            let pair = base64::engine::general_purpose::STANDARD.encode(pair);
            headers.push(("authorization".into(), Sensitive::new(format!("Basic {pair}"))));
        }
        (None, None) => {}
        (Some(_), None) => return Err("password: write the password that belongs to username".into()),
        (None, Some(_)) => return Err("username: write the name that belongs to password".into()),
    }
    headers_of(&headers).map_err(|error| format!("headers: {error}"))?;
    Ok(headers)
}

fn callback(o: &Options, secrets: &Secrets) -> Result<Option<(Sensitive<String>, CallbackOptions)>, String> {
    let Some(callback) = o.callback.clone() else {
        return match o.callback_token {
            Some(_) => {
                Err("callback: write the table that names the fields of the supplier's receipts".into())
            }
            None => Ok(None),
        };
    };
    callback.check()?;
    let token = o.callback_token.as_deref().unwrap_or("");
    let token = secret("callback_token", token, secrets)?;
    if token.expose().chars().count() < TOKEN_CHARS_MIN {
        return Err(format!(
            "callback_token: write at least {TOKEN_CHARS_MIN} characters that nobody can guess"
        ));
    }
    Ok(Some((token, callback)))
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};
    use types::catalog::Connector;

    use super::{Secrets, Settings, Values};

    pub(in crate::http) fn settings(options: &Value) -> Result<Settings, String> {
        let mut all = json!({"url": "https://example.com/send"});
        if let (Some(all), Some(options)) = (all.as_object_mut(), options.as_object()) {
            all.extend(options.clone());
        }
        let error_codes = [("code:7", "permanent"), ("402", "throttled")];
        let connector = Connector {
            name: "acme".into(),
            supplier: None,
            kind: "http".into(),
            disabled: false,
            error_codes: error_codes.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            options: serde_json::from_value(all).unwrap(),
        };
        let secrets: Secrets = Arc::new(|name| Err(format!("the environment variable {name} is not set")));
        Settings::read(&connector, &secrets)
    }

    #[test]
    fn wrong_options_are_named() {
        for (options, word) in [
            (json!({"url": ""}), "url: malformed address"),
            (json!({"url": "ftp://example.com"}), "url: "),
            (json!({"url": "https://example.com/{recipient}"}), "url: {recipient}"),
            (json!({"url": "https://{from}.example.com/"}), "url: write places behind the host name"),
            (json!({"url": "https://example.com:{reference}/"}), "url: write places behind the host name"),
            (json!({"url": "https://{id}@example.com/"}), "url: write places behind the host name"),
            (json!({"url": "{id}://example.com/"}), "url: not an HTTP address"),
            (json!({"body": "{msisdn}"}), "body: {msisdn}"),
            (json!({"body": r#"{"text": {text}}"#}), "body: write JSON"),
            (json!({"body": r#"{"text": "{text}""#}), "body: write JSON"),
            (json!({"method": "PUT"}), "method: "),
            (json!({"window": 0}), "window: "),
            (json!({"timeout_s": 121}), "timeout_s: "),
            (json!({"id_json": "messages.id"}), "id_json: "),
            (json!({"headers": {"Host": "x"}}), "headers: "),
            (json!({"headers": {"X-Key": "env:KEY"}}), "headers.X-Key: "),
            (json!({"username": "a"}), "password: "),
            (json!({"password": "a"}), "username: "),
            (json!({"callback_token": "0123456789abcdef"}), "callback: "),
            (json!({"callback": {"id": "id", "status": "s"}, "callback_token": "short"}), "callback_token: "),
            (
                json!({"callback": {"id": "id", "status": "s", "states": {"X": "gone"}}}),
                "callback.states.X: ",
            ),
            (json!({"callback": {"uid": "id"}}), "callback: "),
            (json!({"bodies": ""}), "bodies: unknown field"),
        ] {
            let error = settings(&options).err().unwrap_or_default();
            assert!(error.starts_with(word), "{options}: {error}");
        }
        for options in [
            json!({"body": r#"{"to": {to}, "text": "{text}", "n": {reference}}"#}),
            json!({"body": ""}),
            json!({"body": "to={to}", "content_type": "application/x-www-form-urlencoded"}),
        ] {
            assert!(settings(&options).is_ok(), "{options}");
        }
    }

    #[test]
    fn no_value_leads_a_call_elsewhere() {
        let settings = settings(&json!({"url": "https://example.com/send/{from}/to/{to}?text={text}#{id}"}));
        let settings = settings.unwrap();
        let from = |from| {
            let values = Values { to: "447", from, text: "/../?#", id: "..", reference: 1 };
            settings.address(&values)
        };
        for (sender, path) in [
            ("ACME", "ACME"),
            ("a/b", "a%2Fb"),
            ("a?b#c", "a%3Fb%23c"),
            ("@evil.example", "%40evil.example"),
            ("%2e%2e", "%252e%252e"),
            ("...", "..."),
            ("\\..\\", "%5C..%5C"),
            ("", ""),
        ] {
            let expected = format!("https://example.com/send/{path}/to/447?text=%2F..%2F%3F%23#..");
            assert_eq!(from(sender), Some(expected), "{sender}");
        }
        for sender in [".", ".."] {
            assert_eq!(from(sender), None, "{sender}");
        }
    }
}
