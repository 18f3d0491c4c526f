//! The pages that explain error codes: `/errors` and `/errors/{code}`, from `docs/errors`.
//!
//! The pages are compiled in. They use a small part of Markdown: headings, paragraphs, lists,
//! tables, and code in backticks; everything else is shown as it stands, and all of it is escaped.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use types::refusal::RefusalCode;

use crate::state::{Api, no_such_address};

/// These pages run nothing and load nothing.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

macro_rules! pages {
    ($($code:literal),+ $(,)?) => {
        /// Every page: the code and its Markdown.
        pub(crate) const PAGES: &[(&str, &str)] =
            &[$(($code, include_str!(concat!("../../../docs/errors/", $code, ".md"))),)+];
    };
}

pages![
    "invalid_request",
    "invalid_destination",
    "invalid_sender",
    "empty_text",
    "text_too_long",
    "invalid_coding",
    "too_many_recipients",
    "expired_validity",
    "invalid_schedule",
    "invalid_credentials",
    "forbidden",
    "account_suspended",
    "no_price",
    "no_route",
    "route_loop",
    "insufficient_balance",
    "rate_limited",
    "repeated_message",
    "idempotency_mismatch",
    "idempotency_in_flight",
    "not_found",
    "too_late",
    "body_too_large",
    "method_not_allowed",
    "unsupported_media_type",
    "unavailable",
    "not_built",
    "invalid_configuration",
];

/// `GET /errors/{code}`.
pub(crate) async fn show(State(api): State<Api>, path: Result<Path<String>, PathRejection>) -> Response {
    let page = path.ok().and_then(|Path(code)| PAGES.iter().find(|(known, _)| *known == code));
    match page {
        Some((code, markdown)) => html(code, &render(markdown)),
        None => api.refuse(no_such_address()),
    }
}

/// `GET /errors`.
pub(crate) async fn index() -> Response {
    let mut list = String::from("<h1>Error codes</h1>\n<ul>\n");
    for code in RefusalCode::ALL {
        let (name, title) = (code.code(), escape(code.title()));
        list.push_str(&format!("<li><a href=\"/errors/{name}\"><code>{name}</code></a>: {title}</li>\n"));
    }
    list.push_str("</ul>\n");
    html("Error codes", &list)
}

fn html(title: &str, body: &str) -> Response {
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} · Chappe</title></head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
    ];
    (StatusCode::OK, headers, page).into_response()
}

/// What the lines before have opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    None,
    Paragraph,
    List,
    Table,
}

impl Block {
    const fn close(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Paragraph => "</p>\n",
            Self::List => "</ul>\n",
            Self::Table => "</table>\n",
        }
    }
}

/// Writes Markdown as HTML.
fn render(markdown: &str) -> String {
    let mut shown = String::with_capacity(markdown.len() * 2);
    let mut open = Block::None;
    for line in markdown.lines().map(str::trim_end) {
        let (block, piece) = render_line(line, open);
        if block != open {
            shown.push_str(open.close());
            shown.push_str(match block {
                Block::None => "",
                Block::Paragraph => "<p>",
                Block::List => "<ul>\n",
                Block::Table => "<table>\n",
            });
            open = block;
        }
        shown.push_str(&piece);
    }
    shown.push_str(open.close());
    shown
}

fn render_line(line: &str, open: Block) -> (Block, String) {
    if line.is_empty() {
        return (Block::None, String::new());
    }
    for (mark, level) in [("## ", 2), ("# ", 1)] {
        if let Some(text) = line.strip_prefix(mark) {
            return (Block::None, format!("<h{level}>{}</h{level}>\n", inline(text)));
        }
    }
    if let Some(text) = line.strip_prefix("- ") {
        return (Block::List, format!("<li>{}</li>\n", inline(text)));
    }
    if let Some(row) = line.strip_prefix('|') {
        let cells = row.trim_end_matches('|').split('|').map(str::trim);
        if cells.clone().all(|cell| !cell.is_empty() && cell.bytes().all(|byte| byte == b'-')) {
            return (Block::Table, String::new());
        }
        let tag = if open == Block::Table { "td" } else { "th" };
        let cells: String = cells.map(|cell| format!("<{tag}>{}</{tag}>", inline(cell))).collect();
        return (Block::Table, format!("<tr>{cells}</tr>\n"));
    }
    let space = if open == Block::Paragraph { "\n" } else { "" };
    (Block::Paragraph, format!("{space}{}", inline(line)))
}

/// Code in backticks; everything else is escaped text.
fn inline(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (position, piece) in text.split('`').enumerate() {
        if position % 2 == 1 {
            shown.push_str(&format!("<code>{}</code>", escape(piece)));
        } else {
            shown.push_str(&escape(piece));
        }
    }
    shown
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
