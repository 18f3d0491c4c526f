//! Request bodies: read up to a limit, checked for depth and UTF-8 before they are parsed, and
//! parsed so that a refusal names the field that it is about.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use types::refusal::{Refusal, RefusalCode};

use crate::query::shorten;
use crate::room::Share;

/// The most octets of a body that carries messages.
pub(crate) const MESSAGES_OCTETS_MAX: usize = 8 * 1024 * 1024;
/// The most octets of any other body.
pub(crate) const BODY_OCTETS_MAX: usize = 1024 * 1024;
/// The most octets of a body that is read before it is known who sends it. A text of 255 parts in
/// percent signs has room in it.
pub(crate) const STRANGERS_OCTETS_MAX: usize = 256 * 1024;
/// The deepest nesting of arrays and objects in JSON.
pub(crate) const JSON_DEPTH_MAX: usize = 32;

/// The media type of a body, without its parameters, in lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    value.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}

/// Refuses a body that does not say that it is JSON in UTF-8.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let mut pieces = value.split(';').map(str::trim);
    let is_json = pieces.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    let charset = pieces.find_map(|piece| {
        let (name, value) = piece.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    if is_json && charset.is_none_or(|charset| charset.eq_ignore_ascii_case("utf-8")) {
        return Ok(());
    }
    let detail = "send `Content-Type: application/json` and UTF-8";
    Err(Refusal::new(RefusalCode::UnsupportedMediaType, detail))
}

/// A body that was read, with the room that it takes.
pub(crate) struct Taken {
    /// The body.
    pub(crate) octets: Vec<u8>,
    _share: Share,
}

/// Reads a whole body of at most `octets_max`.
///
/// # Errors
/// `body_too_large`, at once when the length is stated; `unsupported_media_type` for a compressed
/// body; `unavailable` when there is no room for it; `invalid_request` when it breaks off or comes
/// too slowly.
pub(crate) async fn read(
    headers: &HeaderMap,
    mut body: Body,
    octets_max: usize,
    mut share: Share,
) -> Result<Taken, Refusal> {
    let too_large =
        || Refusal::new(RefusalCode::BodyTooLarge, format!("the body may have {octets_max} octets"));
    if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        let detail = "the body must come as it is, without a Content-Encoding";
        return Err(Refusal::new(RefusalCode::UnsupportedMediaType, detail));
    }
    let stated = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if stated.and_then(|text| text.parse::<usize>().ok()).is_some_and(|octets| octets > octets_max) {
        return Err(too_large());
    }
    let mut octets = Vec::new();
    while let Some(frame) = body.frame().await {
        let broken = |_| Refusal::new(RefusalCode::InvalidRequest, "the body broke off or came too slowly");
        // What is not data is a trailer, of which nothing is wanted.
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        if octets.len().saturating_add(data.len()) > octets_max {
            return Err(too_large());
        }
        share.grow(data.len())?;
        octets.extend_from_slice(&data);
    }
    Ok(Taken { octets, _share: share })
}

/// Parses a JSON object into `T`.
///
/// # Errors
/// `invalid_request` that names the field where one is at fault. No value of the body is repeated.
pub(crate) fn parse_json<T: DeserializeOwned>(octets: &[u8]) -> Result<T, Refusal> {
    let refuse = |detail: &str| Refusal::new(RefusalCode::InvalidRequest, detail);
    let text = std::str::from_utf8(octets).map_err(|_| refuse("the body is not UTF-8"))?;
    if !depth_is_within(octets, JSON_DEPTH_MAX) {
        return Err(refuse("the body is nested deeper than 32 levels"));
    }
    // A derived reader would also take an array whose items stand in the order of the fields.
    if !text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
        return Err(refuse("the body must be a JSON object"));
    }
    // Following the path of a value costs time, so that is done for bodies only that do not fit.
    serde_json::from_str(text).map_err(|_| explain_json::<T>(text))
}

/// Reads a whole number that may be absent or null. `3.0` is one too, as JSON Schema has it.
pub(crate) fn whole<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: TryFrom<u64>,
    D: serde::Deserializer<'de>,
{
    use serde::Deserialize as _;
    let Some(number) = Option::<serde_json::Number>::deserialize(deserializer)? else { return Ok(None) };
    let text = number.to_string();
    let digits = text.strip_suffix(".0").unwrap_or(&text);
    let read = digits.parse::<u64>().ok().and_then(|number| T::try_from(number).ok());
    read.map(Some).ok_or_else(|| serde::de::Error::custom("expected a whole number within its limits"))
}

/// Reads an object that may be absent or null. Nothing else is one: a derived reader would take an array, too.
pub(crate) fn object<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: serde::Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    deserializer.deserialize_any(ObjectOrNull(std::marker::PhantomData))
}

/// As [`object`], for a member that says something else when it is null than when it is absent.
pub(crate) fn stated_object<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: serde::Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    object(deserializer).map(Some)
}

struct ObjectOrNull<T>(std::marker::PhantomData<T>);

impl<'de, T: serde::Deserialize<'de>> serde::de::Visitor<'de> for ObjectOrNull<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object or null")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(Some)
    }
}

/// Says what does not fit, and where.
fn explain_json<T: DeserializeOwned>(text: &str) -> Refusal {
    let mut reader = serde_json::Deserializer::from_str(text);
    let (path, error) = match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Err(error) => (error.path().to_string(), error.into_inner()),
        Ok(_) => match reader.end() {
            Err(error) => (String::new(), error),
            Ok(()) => return Refusal::new(RefusalCode::InvalidRequest, "the body cannot be read"),
        },
    };
    if !error.is_data() {
        let (line, column) = (error.line(), error.column());
        let detail = format!("the body is not JSON: line {line}, column {column}");
        return Refusal::new(RefusalCode::InvalidRequest, detail);
    }
    let (detail, key) = without_values(&error.to_string());
    let field = match key {
        Some(key) if path.is_empty() || path == "." || path == key => key,
        Some(key) if path.ends_with(&format!(".{key}")) => path,
        Some(key) => format!("{path}.{key}"),
        None => path,
    };
    let refusal = Refusal::new(RefusalCode::InvalidRequest, detail);
    if field.is_empty() || field == "." { refusal } else { refusal.at(shorten(&field)) }
}

/// The parser's complaint without the value that it met, which may be personal data, and the key
/// that it is about.
fn without_values(complaint: &str) -> (String, Option<String>) {
    let complaint = complaint.rsplit_once(" at line ").map_or(complaint, |(before, _)| before);
    for kind in ["unknown field", "missing field", "duplicate field"] {
        if let Some(rest) = complaint.strip_prefix(kind).and_then(|rest| rest.trim_start().strip_prefix('`'))
        {
            let key = rest.split('`').next().unwrap_or("");
            return (format!("{kind} `{}`", shorten(key)), Some(key.to_owned()));
        }
    }
    let is_about_a_value = complaint.starts_with("invalid type") || complaint.starts_with("invalid value");
    match complaint.rsplit_once(", expected ") {
        Some((_, expected)) if is_about_a_value => (format!("expected {expected}"), None),
        _ => ("the value does not fit".to_owned(), None),
    }
}

/// Whether arrays and objects are nested at most `depth_max` deep. Octets inside of strings do not
/// count; whether the whole is JSON is for the parser to say.
fn depth_is_within(octets: &[u8], depth_max: usize) -> bool {
    let mut depth: usize = 0;
    let mut in_string = false;
    let mut escaped = false;
    for octet in octets {
        if in_string {
            match octet {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match octet {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > depth_max {
                    return false;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{depth_is_within, parse_json, require_json};

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Shape {
        name: String,
        count: Option<u32>,
        inner: Option<Inner>,
        list: Option<Vec<Inner>>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Inner {
        size: u8,
    }

    #[test]
    fn names_the_field_and_never_its_value() {
        let cases: &[(&[u8], Option<&str>, &str)] = &[
            (br#"{"name":"a","colour":"447911123456"}"#, Some("colour"), "unknown field `colour`"),
            (br#"{"name":447911123456}"#, Some("name"), "expected a string"),
            (br#"{"name":"a","count":"447911123456"}"#, Some("count"), "expected u32"),
            (br#"{"name":"a","count":-1}"#, Some("count"), "expected u32"),
            (br#"{"name":"a","inner":{"size":999}}"#, Some("inner.size"), "expected u8"),
            (br#"{"name":"a","inner":{"sice":9}}"#, Some("inner.sice"), "unknown field `sice`"),
            (br#"{"name":"a","list":[{"size":1},{}]}"#, Some("list[1].size"), "missing field `size`"),
            (br#"{"name":"a","name":"b"}"#, Some("name"), "duplicate field `name`"),
            (br#"{"count":1}"#, Some("name"), "missing field `name`"),
            (br#"{"name":"a"} x"#, None, "not JSON"),
            (br#"{"name":"a""#, None, "not JSON"),
            (b"[\"a\"]", None, "must be a JSON object"),
            (b"\xef\xbb\xbf{}", None, "must be a JSON object"),
            (b"{\"name\":\"\xff\"}", None, "not UTF-8"),
            (br#"{"name":"\ud800"}"#, None, "not JSON"),
            (b"", None, "must be a JSON object"),
        ];
        for (body, field, detail) in cases {
            let shown = String::from_utf8_lossy(body);
            let refusal = parse_json::<Shape>(body).unwrap_err();
            assert_eq!(refusal.field.as_deref(), *field, "{shown}: {}", refusal.detail);
            assert!(refusal.detail.contains(detail), "{shown}: {}", refusal.detail);
            assert!(!refusal.detail.contains("447911123456"), "{shown}");
        }
        assert!(parse_json::<Shape>(b" {\"name\":\"a\"} ").is_ok());
    }

    #[test]
    fn counts_depth_outside_of_strings_only() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
        assert!(depth_is_within(&nested(32), 32));
        assert!(!depth_is_within(&nested(33), 32));
        assert!(depth_is_within(br#""[[[[ \" [[[[ ""#, 2));
        assert!(depth_is_within("[]".repeat(100).as_bytes(), 1));
        let deep = format!("{{\"x\":{}", "[".repeat(100_000));
        assert!(parse_json::<Shape>(deep.as_bytes()).unwrap_err().detail.contains("32 levels"));
    }

    #[test]
    fn wants_json_in_utf8() {
        let cases = [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json;charset=\"utf-8\"", true),
            ("application/json; charset=latin1", false),
            ("text/json", false),
            ("application/jsonp", false),
            ("", false),
        ];
        for (value, fits) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(value));
            assert_eq!(require_json(&headers).is_ok(), fits, "{value}");
        }
        assert!(require_json(&HeaderMap::new()).is_err());
    }
}
