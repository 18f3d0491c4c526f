//! Every refusal code has a page under `docs/errors`, and every page a code.

use std::collections::BTreeMap;

use super::Violation;
use super::rust::{self, Kind, Token};
use super::tree::Tree;

/// The one list of codes: a code is a literal in small letters after an equals sign or an arrow.
const LIST: &str = "crates/types/src/refusal.rs";
const PAGES: &str = "docs/errors/";
/// Pages that are about the codes as a whole.
const OVERVIEWS: [&str; 2] = ["README", "index"];

const WHY: &str = "a caller who is refused looks the code up and must find what to do";

/// Compares the list with the pages.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let Some(text) = tree.texts.get(LIST) else {
        return Vec::new();
    };
    let codes = codes(&rust::code(text));
    let mut violations = Vec::new();
    if codes.is_empty() {
        let remedy = "keep each code as a literal beside its variant, or teach this check the new form";
        violations.push(Violation::new(LIST, 1, "no refusal code was found", WHY, remedy));
    }
    for (code, line) in &codes {
        let page = format!("{PAGES}{code}.md");
        if !tree.paths.contains(&page) {
            let what = format!("the code `{code}` has no page");
            let remedy = format!("write {page}: what it means, what causes it, what the caller can do");
            violations.push(Violation::new(LIST, *line, what, WHY, remedy));
        }
    }
    for path in &tree.paths {
        let name = path.strip_prefix(PAGES).and_then(|name| name.strip_suffix(".md"));
        if let Some(name) = name.filter(|name| !OVERVIEWS.contains(name) && !codes.contains_key(name)) {
            let what = format!("describes `{name}`, which is no refusal code");
            let remedy = format!("remove the page, or add the code to {LIST}");
            violations.push(Violation::new(path, 1, what, WHY, remedy));
        }
    }
    violations
}

/// The codes with the line of each; tests at the end of the file are left out.
fn codes<'text>(code: &[Token<'text>]) -> BTreeMap<&'text str, usize> {
    let tests = code
        .windows(3)
        .position(|window| matches!(window, [a, b, c] if a.is("cfg") && b.is("(") && c.is("test")));
    let list = code.iter().take(tests.unwrap_or(code.len()));
    let mut codes = BTreeMap::new();
    let mut after_sign = false;
    for token in list {
        if after_sign && token.kind == Kind::Text && is_code(token.text) {
            codes.insert(token.text, token.line);
        }
        after_sign = token.is("=") || token.is(">");
    }
    codes
}

fn is_code(text: &str) -> bool {
    let fits =
        |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_';
    text.starts_with(|character: char| character.is_ascii_lowercase()) && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted::files;

    const TABLE: &str = "//! Codes.\ncodes! {\n    /// None.\n    NoRoute = \"no_route\", \"There is no route\";\n}\n\
                         #[cfg(test)]\nmod tests { const X: &str = \"not_a_code\"; }\n";
    const MATCH: &str = "//! Codes.\nmatch self { Self::NoRoute => \"no_route\" }\n";

    #[test]
    fn codes_and_pages_are_compared_both_ways() {
        let page = ("docs/errors/no_route.md", "# no_route");
        let overview = ("docs/errors/README.md", "# Codes");
        let stray = ("docs/errors/gone.md", "# gone");
        for list in [TABLE, MATCH] {
            assert_eq!(check(&files(&[(LIST, list), page, overview])), []);
            let found: Vec<_> =
                check(&files(&[(LIST, list), stray])).into_iter().map(|found| found.what).collect();
            assert_eq!(
                found,
                ["the code `no_route` has no page", "describes `gone`, which is no refusal code"]
            );
        }
        assert_eq!(check(&files(&[(LIST, "//! Nothing.")])).len(), 1);
        assert_eq!(check(&files(&[page])), []);
    }
}
