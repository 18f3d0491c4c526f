//! What a supplier's answer, or its absence, means for a message.
//!
//! Pure. Start at [`read`].

use ports::courier::{Answer, CourierError};
use serde_json::Value;
use types::receipt::Verdict;

use super::options::Settings;

/// Characters of an id that is kept.
const ID_CHARS_MAX: usize = 128;

/// The outcome of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    /// The HTTP status; zero when none came.
    pub(super) status: u32,
    pub(super) carrier_id: Option<String>,
    /// How long the supplier asks us to pause.
    pub(super) pause_s: Option<u32>,
    /// Why there is no connection, for the connector's state.
    pub(super) trouble: Option<String>,
}

/// Reads the outcome of a call.
pub(super) fn read(answer: &Result<Answer, CourierError>, settings: &Settings) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return of_error(error),
    };
    let status = u32::from(answer.status);
    let ok = match &settings.success {
        Some(listed) => listed.contains(&answer.status),
        None => (200..300).contains(&answer.status),
    };
    let needs_json = settings.id_json.is_some() || settings.code_json.is_some();
    let json = needs_json.then(|| serde_json::from_slice(answer.body.expose()).ok()).flatten();
    let code = settings.code_json.as_deref().and_then(|pointer| text_at(json.as_ref(), pointer));
    let verdict = verdict(ok, status, code.as_deref(), settings);
    let carrier_id = if verdict == Verdict::Accepted { id(answer, json.as_ref(), settings) } else { None };
    Outcome { verdict, status, carrier_id, pause_s: answer.retry_after_s, trouble: None }
}

fn of_error(error: &CourierError) -> Outcome {
    let verdict = match error {
        CourierError::Forbidden { .. } => Verdict::Reroute,
        CourierError::NotConnected { .. } => Verdict::Transient,
        CourierError::NoAnswer { .. } => Verdict::Unknown,
    };
    Outcome { verdict, status: 0, carrier_id: None, pause_s: None, trouble: Some(error.to_string()) }
}

fn verdict(ok: bool, status: u32, code: Option<&str>, settings: &Settings) -> Verdict {
    let listed = code.and_then(|code| settings.errors.of_code(code));
    if ok {
        let good = match code {
            Some(code) => {
                settings.success_codes.is_empty() || settings.success_codes.iter().any(|good| good == code)
            }
            None => true,
        };
        return match (listed, good) {
            (Some(listed), _) => listed,
            (None, true) => Verdict::Accepted,
            (None, false) => Verdict::Reroute,
        };
    }
    listed.or_else(|| settings.errors.of_status(status)).unwrap_or(match status {
        429 => Verdict::Throttled,
        408 | 425 | 500 | 503 => Verdict::Transient,
        // A gateway that lost its upstream does not know whether the request had its effect.
        502 | 504 | 520..=527 => Verdict::Unknown,
        505..=599 | 501 => Verdict::Transient,
        _ => Verdict::Reroute,
    })
}

fn id(answer: &Answer, json: Option<&Value>, settings: &Settings) -> Option<String> {
    let found = match (&settings.id_json, &settings.id_prefix) {
        (Some(pointer), _) => text_at(json, pointer)?,
        (None, Some(prefix)) => {
            let body = String::from_utf8_lossy(answer.body.expose());
            let (_, behind) = body.split_once(prefix.as_str())?;
            let end = |c: char| c.is_whitespace() || matches!(c, '"' | '<' | ',' | ';' | '|');
            behind.trim_start().split(end).next().unwrap_or("").to_owned()
        }
        (None, None) => return None,
    };
    let found = found.trim();
    (!found.is_empty() && found.chars().count() <= ID_CHARS_MAX).then(|| found.to_owned())
}

fn text_at(json: Option<&Value>, pointer: &str) -> Option<String> {
    match json?.pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use ports::courier::{Answer, CourierError};
    use serde_json::json;
    use types::Sensitive;
    use types::receipt::Verdict;

    use super::read;
    use crate::http::options::tests::settings;

    #[test]
    fn answers_by_status_code_and_body() {
        let json = json!({"id_json": "/m/0/id", "code_json": "/code", "success_codes": ["0"]});
        let prefix = json!({"id_prefix": "ID:", "success": [202]});
        let cases = [
            (&json, 200, r#"{"code":0,"m":[{"id":"x1"}]}"#, Verdict::Accepted, Some("x1")),
            (&json, 201, r#"{"code":"0","m":[{"id":17}]}"#, Verdict::Accepted, Some("17")),
            (&json, 200, r#"{"code":0}"#, Verdict::Accepted, None),
            (&json, 200, "not json", Verdict::Accepted, None),
            (&json, 200, r#"{"code":5,"m":[{"id":"x"}]}"#, Verdict::Reroute, None),
            (&json, 200, r#"{"code":7}"#, Verdict::Permanent, None),
            (&json, 500, r#"{"code":7}"#, Verdict::Permanent, None),
            (&json, 500, "", Verdict::Transient, None),
            (&json, 503, "", Verdict::Transient, None),
            (&json, 429, "", Verdict::Throttled, None),
            (&json, 402, "", Verdict::Throttled, None),
            (&json, 502, "", Verdict::Unknown, None),
            (&json, 504, "", Verdict::Unknown, None),
            (&json, 400, "", Verdict::Reroute, None),
            (&json, 301, "", Verdict::Reroute, None),
            (&prefix, 202, "OK ID: abc-9, thanks", Verdict::Accepted, Some("abc-9")),
            (&prefix, 202, "OK", Verdict::Accepted, None),
            (&prefix, 200, "ID: abc", Verdict::Reroute, None),
        ];
        for (options, status, body, verdict, id) in cases {
            let answer =
                Answer { status, retry_after_s: None, body: Sensitive::new(body.as_bytes().to_vec()) };
            let found = read(&Ok(answer), &settings(options).unwrap());
            assert_eq!((found.verdict, found.carrier_id.as_deref()), (verdict, id), "{status} {body}");
        }
        for (error, verdict) in [
            (CourierError::Forbidden { reason: "x" }, Verdict::Reroute),
            (CourierError::NotConnected { reason: "x" }, Verdict::Transient),
            (CourierError::NoAnswer { reason: "x" }, Verdict::Unknown),
        ] {
            assert_eq!(read(&Err(error), &settings(&json).unwrap()).verdict, verdict);
        }
    }
}
