//! The API reference for people: `/api/docs`, written once from the OpenAPI document.
//!
//! It runs no script and loads nothing from elsewhere, so it can be read where the API can be
//! reached, and printed. `schema` writes what bodies are made of. Start at [`write`].

mod schema;

use serde_json::Value;

use crate::page::{STYLE_PATH, escape, inline};

/// Where the document itself is served.
const DOCUMENT_PATH: &str = "/api/v1/openapi.json";
/// The methods of OpenAPI, in the order in which they are shown.
const METHODS: [&str; 8] = ["post", "get", "put", "patch", "delete", "head", "options", "trace"];

/// Writes the page of an OpenAPI document.
pub(crate) fn write(document: &str) -> String {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let page = Page { document: &document };
    let title = text(at(&document, "/info"), "title");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <link rel=\"stylesheet\" href=\"{STYLE_PATH}\">\
         <title>API reference · {title}</title></head>\n<body>\n\
         <a class=\"skip\" href=\"#reference\">Skip to the reference</a>\n<main class=\"wide\">\n{}\
         <div id=\"reference\">\n{}{}{}</div>\n</main>\n</body>\n</html>\n",
        page.contents(),
        page.introduction(),
        page.operations(),
        page.schemas(),
        title = escape(title),
    )
}

struct Page<'a> {
    document: &'a Value,
}

/// One operation with where it is.
struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    described: &'a Value,
}

impl Operation<'_> {
    fn id(&self) -> &str {
        text(self.described, "operationId")
    }
}

impl<'a> Page<'a> {
    /// The operations of a tag, in the order of the document.
    fn tagged(&self, tag: &str) -> Vec<Operation<'a>> {
        let mut found = Vec::new();
        for (path, item) in members(at(self.document, "/paths")) {
            for method in METHODS {
                let Some(described) = item.get(method) else { continue };
                if at(described, "/tags").as_array().is_some_and(|tags| tags.iter().any(|one| one == tag)) {
                    found.push(Operation { method, path, described });
                }
            }
        }
        found
    }

    fn tags(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let tags = at(self.document, "/tags").as_array().map(Vec::as_slice).unwrap_or_default();
        tags.iter().map(|tag| (text(tag, "name"), text(tag, "description")))
    }

    fn contents(&self) -> String {
        let mut html = String::from("<nav class=\"contents\" aria-label=\"Contents\">\n");
        for (tag, description) in self.tags() {
            html.push_str(&format!("<h2>{}</h2>\n<ul>\n", escape(description)));
            for operation in self.tagged(tag) {
                let summary = text(operation.described, "summary");
                let first = summary.split_once(". ").map_or(summary, |(first, _)| first);
                let summary = escape(first.trim_end_matches('.'));
                html.push_str(&format!("<li><a href=\"#{}\">{summary}</a></li>\n", escape(operation.id())));
            }
            html.push_str("</ul>\n");
        }
        html.push_str("<h2>What they are made of</h2>\n<ul>\n");
        for (name, _) in members(at(self.document, "/components/schemas")) {
            let (place, name) = (escape(&schema::anchor(name)), escape(name));
            html.push_str(&format!("<li><a href=\"#{place}\">{name}</a></li>\n"));
        }
        html.push_str("</ul>\n</nav>\n");
        html
    }

    fn introduction(&self) -> String {
        let info = at(self.document, "/info");
        let server = self.server();
        format!(
            "<h1>{} API reference</h1>\n<p>{}</p>\n\
             <p>Say who calls with <code>Authorization: Basic</code>, the API key as user and its secret as \
             password, or with <code>Authorization: Bearer KEY.SECRET</code>. The examples read both from \
             <code>$KEY</code>, written <code>key:secret</code>.</p>\n\
             <p>The same as a document for machines: <a href=\"{DOCUMENT_PATH}\">OpenAPI {}</a>. Every code \
             of a refusal: <a href=\"/errors\">error codes</a>.</p>\n\
             <p>Server: <code>{}</code></p>\n",
            escape(text(info, "title")),
            escape(text(info, "description")),
            escape(text(self.document, "openapi")),
            escape(server),
        )
    }

    fn server(&self) -> &'a str {
        text(at(self.document, "/servers/0"), "url")
    }

    fn operations(&self) -> String {
        let mut html = String::new();
        for (tag, description) in self.tags() {
            html.push_str(&format!("<h2>{}</h2>\n", escape(description)));
            for operation in self.tagged(tag) {
                html.push_str(&self.operation(&operation));
            }
        }
        html
    }

    fn operation(&self, operation: &Operation<'_>) -> String {
        let described = operation.described;
        let id = escape(operation.id());
        let mut html = format!(
            "<section class=\"operation\" id=\"{id}\" aria-labelledby=\"{id}-title\">\n\
             <h3 id=\"{id}-title\"><span class=\"method\">{}</span><code>{}</code></h3>\n<p>{}</p>\n",
            escape(&operation.method.to_uppercase()),
            escape(operation.path),
            inline(text(described, "summary")),
        );
        let more = text(described, "description");
        if !more.is_empty() {
            html.push_str(&format!("<p>{}</p>\n", inline(more)));
        }
        html.push_str(&parameters(self.document, described));
        let body = at(described, "/requestBody/content/application~1json/schema");
        if !body.is_null() {
            html.push_str(&format!("<h4>Body</h4>\n<p>{}</p>\n", schema::kind(body)));
        }
        html.push_str(&format!(
            "<h4>Example</h4>\n<pre tabindex=\"0\"><code>{}</code></pre>\n",
            escape(&self.curl(operation))
        ));
        html.push_str(&self.answers(described));
        html.push_str("</section>\n");
        html
    }

    /// A line for the shell that does it.
    fn curl(&self, operation: &Operation<'_>) -> String {
        let method = match operation.method {
            "get" => String::new(),
            method => format!(" -X {}", method.to_uppercase()),
        };
        // Where a parameter is part of the address, the reader puts it in.
        let path = operation.path.replace('{', "$").replace('}', "");
        let path = path.replace("$id", "$ID");
        let query = needed_query(operation.described);
        let mut line = format!("curl -u \"$KEY\"{method} \"{}{path}{query}\"", self.server());
        let body = at(operation.described, "/requestBody/content/application~1json/schema");
        if let Some(example) = schema::example(self.document, body) {
            // A quote inside of quotes would end them.
            let example = example.to_string().replace('\'', "'\\''");
            line.push_str(&format!(" \\\n  -H 'Content-Type: application/json' \\\n  -d '{example}'"));
        }
        line
    }

    fn answers(&self, described: &Value) -> String {
        let mut html = String::from(
            "<h4>Answers</h4>\n<table>\n<thead><tr><th scope=\"col\">Status</th><th scope=\"col\">Meaning</th>\
             <th scope=\"col\">Body</th></tr></thead>\n<tbody>\n",
        );
        let mut example = None;
        for (status, response) in members(at(described, "/responses")) {
            let content = members(at(response, "/content")).next().map(|(_, content)| at(content, "/schema"));
            let body = content.map(schema::kind).unwrap_or_default();
            if example.is_none() && status.starts_with('2') {
                example = content.and_then(|body| schema::example(self.document, body));
            }
            html.push_str(&format!(
                "<tr><td><code>{}</code></td><td>{}</td><td>{body}</td></tr>\n",
                escape(status),
                inline(text(response, "description")),
            ));
        }
        html.push_str("</tbody>\n</table>\n");
        if let Some(example) = example.and_then(|example| serde_json::to_string_pretty(&example).ok()) {
            html.push_str(&format!(
                "<details><summary>An answer</summary><pre tabindex=\"0\"><code>{}</code></pre></details>\n",
                escape(&example)
            ));
        }
        html
    }

    fn schemas(&self) -> String {
        let mut html = String::from("<h2>What they are made of</h2>\n");
        for (name, described) in members(at(self.document, "/components/schemas")) {
            html.push_str(&schema::section(name, described));
        }
        html
    }
}

fn parameters(document: &Value, described: &Value) -> String {
    let parameters = at(described, "/parameters").as_array().map(Vec::as_slice).unwrap_or_default();
    if parameters.is_empty() {
        return String::new();
    }
    let mut html = String::from(
        "<h4>Parameters</h4>\n<table>\n<thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Type</th>\
         <th scope=\"col\">Meaning</th></tr></thead>\n<tbody>\n",
    );
    for parameter in parameters.iter().map(|one| schema::followed(document, one)) {
        let place = match text(parameter, "in") {
            "query" => "in the query",
            "header" => "a header",
            _ => "in the path",
        };
        let needed =
            if at(parameter, "/required") == true { ", <span class=\"needed\">needed</span>" } else { "" };
        html.push_str(&format!(
            "<tr><td><code>{}</code></td><td class=\"type\">{}, {place}{needed}</td><td>{}</td></tr>\n",
            escape(text(parameter, "name")),
            schema::kind(at(parameter, "/schema")),
            inline(text(parameter, "description")),
        ));
    }
    html.push_str("</tbody>\n</table>\n");
    html
}

/// The parameters of the query without which nothing is done, with their examples.
fn needed_query(described: &Value) -> String {
    let parameters = at(described, "/parameters").as_array().map(Vec::as_slice).unwrap_or_default();
    let needed = parameters.iter().filter(|one| text(one, "in") == "query" && at(one, "/required") == true);
    let mut query = String::new();
    for parameter in needed {
        let example = at(parameter, "/example");
        // What may be there several times may also stand with commas.
        let listed = example.as_array().map(|all| all.iter().filter_map(Value::as_str).collect::<Vec<_>>());
        let value = listed.map_or_else(|| text(parameter, "example").to_owned(), |all| all.join(","));
        let mark = if query.is_empty() { '?' } else { '&' };
        query.push_str(&format!("{mark}{}={value}", text(parameter, "name")));
    }
    query
}

/// A text of an object; empty when there is none.
fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or("")
}

/// What a JSON pointer (RFC 6901) leads to; null for nothing.
fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// The members of an object, in their order.
fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

#[cfg(test)]
mod tests;
