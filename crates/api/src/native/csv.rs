//! Tables as CSV (RFC 4180): every field in quotes, and what a spreadsheet would take for a formula
//! disarmed.
//!
//! It reads nothing. Start at [`line`].

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The media type of what is written here.
pub(crate) const CSV: &str = "text/csv; charset=utf-8; header=present";
/// What a field that a spreadsheet would calculate begins with (OWASP ASVS 5.0, 1.2.10).
const ARMED: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\0'];

/// One line with its end. A field that begins like a formula gets an apostrophe before it; a number with its
/// sign does not.
pub(crate) fn line<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for (place, field) in fields.into_iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push('"');
        if field.starts_with(ARMED) && !is_amount(field) {
            text.push('\'');
        }
        text.push_str(&field.replace('"', "\"\""));
        text.push('"');
    }
    text.push_str("\r\n");
    text
}

/// An amount below zero: a minus, digits and a point, as we write them.
fn is_amount(field: &str) -> bool {
    let Some(rest) = field.strip_prefix('-') else { return false };
    rest.split_once('.').is_some_and(|(whole, cents)| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits(whole) && digits(cents)
    })
}

/// An answer that a browser saves as a file.
pub(crate) fn file(name: &'static str, body: impl IntoResponse) -> Response {
    let mut response = (StatusCode::OK, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CSV));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    response
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn fields_are_quoted_and_formulas_disarmed() {
        let cases = [
            ("plain", "\"plain\""),
            ("", "\"\""),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "\"'=1+1\""),
            ("+447911123456", "\"'+447911123456\""),
            ("-2+3", "\"'-2+3\""),
            ("-0.05", "\"-0.05\""),
            ("-0.05+A1", "\"'-0.05+A1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("'=1", "\"'=1\""),
        ];
        for (field, written) in cases {
            assert_eq!(line([field]), format!("{written}\r\n"), "{field:?}");
        }
        assert_eq!(line(["a", "", "b"]), "\"a\",\"\",\"b\"\r\n");
    }
}
