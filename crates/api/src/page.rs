//! The pages that explain error codes: `/errors` and `/errors/{code}`, from `docs/errors`.
//!
//! The pages are compiled in. They use a small part of Markdown: headings, paragraphs, lists,
//! tables, and code in backticks; everything else is shown as it stands, and all of it is escaped.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::HeaderMap;
use axum::response::Response;
use types::refusal::RefusalCode;

use crate::fixed::Fixed;
use crate::problem::Refused;
use crate::state::no_such_address;

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
    "invalid_template",
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
    "queue_full",
    "rate_limited",
    "repeated_message",
    "recipient_suppressed",
    "sender_not_approved",
    "no_sender_left",
    "template_not_approved",
    "signature_required",
    "idempotency_mismatch",
    "idempotency_in_flight",
    "not_found",
    "too_early",
    "too_late",
    "conflict",
    "limit_reached",
    "body_too_large",
    "method_not_allowed",
    "unsupported_media_type",
    "unavailable",
    "not_built",
    "invalid_configuration",
];

/// Every page as it is served: the list under the empty name, then each code.
static SERVED: LazyLock<HashMap<&'static str, Fixed>> = LazyLock::new(|| {
    let each = PAGES.iter().map(|(code, markdown)| (*code, html(code, &render(markdown))));
    std::iter::once(("", html("Error codes", &list()))).chain(each).collect()
});

/// `GET /errors/{code}`.
pub(crate) async fn show(
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let page = path.ok().and_then(|Path(code)| SERVED.get(code.as_str()));
    Ok(page.ok_or_else(no_such_address)?.answer(&headers))
}

/// `GET /errors`.
pub(crate) async fn index(headers: HeaderMap) -> Result<Response, Refused> {
    Ok(SERVED.get("").ok_or_else(no_such_address)?.answer(&headers))
}

fn list() -> String {
    let mut list = String::from("<h1>Error codes</h1>\n<ul>\n");
    for code in RefusalCode::ALL {
        let (name, title) = (code.code(), escape(code.title()));
        list.push_str(&format!("<li><a href=\"/errors/{name}\"><code>{name}</code></a>: {title}</li>\n"));
    }
    list.push_str("</ul>\n");
    list
}

fn html(title: &str, body: &str) -> Fixed {
    let crumb = if title == "Error codes" { "" } else { "<p><a href=\"/errors\">Error codes</a></p>\n" };
    Fixed::new("text/html; charset=utf-8", frame(title, &format!("{crumb}{body}")))
}

/// A page of this door around its content, which is HTML.
pub(crate) fn frame(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <link rel=\"stylesheet\" href=\"{STYLE_PATH}\">\
         <title>{} · Chappe</title></head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        escape(title)
    )
}

/// Where the style sheet of these pages is served.
pub(crate) const STYLE_PATH: &str = "/api/docs/style.css";

static STYLE: LazyLock<Fixed> =
    LazyLock::new(|| Fixed::new("text/css; charset=utf-8", include_str!("../assets/style.css")));

/// Serves the style sheet.
pub(crate) async fn style(headers: HeaderMap) -> Response {
    STYLE.answer(&headers)
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
pub(crate) fn inline(text: &str) -> String {
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

/// A text as HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
