//! A connector type or an API dialect is a module and one line in one list, and known nowhere else.
//!
//! A listed module is one whose path (`name::`) stands between the square brackets of an array in
//! the list file. Start at [`LISTS`].

use std::collections::BTreeMap;

use super::Violation;
use super::rust::{self, Kind, Token};
use super::tree::Tree;

/// A list and the folder whose modules it lists.
struct List {
    file: &'static str,
    folder: &'static str,
    /// The files among which nobody may know a listed module.
    scope: &'static str,
}

const LISTS: &[List] = &[
    List { file: "crates/channels/src/lib.rs", folder: "crates/channels/src", scope: "crates/channels/src/" },
    List { file: "crates/api/src/dialect.rs", folder: "crates/api/src/dialect", scope: "crates/api/src/" },
];

/// A literal that is spelled like a listed module and means something else. Paths are never excepted.
struct Exception {
    path: &'static str,
    name: &'static str,
    #[expect(dead_code, reason = "read by the person who wants to add a row")]
    reason: &'static str,
}

const EXCEPTIONS: &[Exception] = &[Exception {
    path: "crates/channels/src/courier/guard.rs",
    name: "http",
    reason: "the guard judges the scheme of an address, which is the same for every connector type",
}];

const WHY: &str =
    "a new connector type or dialect must be one folder and one line, or adding one means a hunt";

/// Looks at every list and at what the files around it say.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    LISTS.iter().flat_map(|list| check_list(tree, list)).collect()
}

fn check_list(tree: &Tree, list: &List) -> Vec<Violation> {
    let Some(text) = tree.texts.get(list.file) else {
        return Vec::new();
    };
    let code = rust::code(text);
    let modules = declared(&code);
    let listed = listed(&code, &modules);
    let mut violations = Vec::new();
    if listed.is_empty() && !modules.is_empty() {
        let remedy = "name each of its modules once, as a path, in one array";
        violations.push(Violation::new(list.file, 1, "has modules and no list of them", WHY, remedy));
    }
    for (name, lines) in &listed {
        for line in lines.iter().skip(1) {
            let what = format!("lists `{name}` once more");
            violations.push(Violation::new(list.file, *line, what, WHY, "keep one line"));
        }
        let own = format!("{}/{name}", list.folder);
        for (path, text) in tree.rust_files().filter(|(path, _)| path.starts_with(list.scope)) {
            let inside = path == format!("{own}.rs") || path.starts_with(&format!("{own}/"));
            if !inside && path != list.file {
                violations.extend(mentions(path, &rust::code(text), name));
            }
        }
        let outside_list = unlisted_paths(&code, name);
        violations.extend(outside_list.into_iter().map(|line| {
            let what = format!("names `{name}` outside the list");
            Violation::new(list.file, line, what, WHY, "ask the list; it knows every entry by its trait")
        }));
    }
    violations
}

/// The modules that a file declares.
fn declared<'text>(code: &[Token<'text>]) -> Vec<&'text str> {
    let declares = |window: &[Token<'text>]| match window {
        [keyword, name, end] if keyword.is("mod") && end.is(";") => Some(name.text),
        _ => None,
    };
    code.windows(3).filter_map(declares).collect()
}

/// For each token, whether it stands between the square brackets of an array.
fn in_array(code: &[Token<'_>]) -> Vec<bool> {
    let mut depth = 0_usize;
    let mut attribute = false;
    let mut previous = "";
    let mut flags = Vec::with_capacity(code.len());
    for token in code {
        if token.is("[") {
            attribute |= depth == 0 && (previous == "#" || previous == "!");
            depth += 1;
        } else if token.is("]") {
            depth = depth.saturating_sub(1);
            attribute &= depth > 0;
        }
        flags.push(depth > 0 && !attribute);
        previous = token.text;
    }
    flags
}

/// The positions where `name` begins a path that leads into the module of this file.
fn path_heads(code: &[Token<'_>], name: &str) -> Vec<usize> {
    let is_sign =
        |position: Option<usize>| position.and_then(|at| code.get(at)).is_some_and(|token| token.is(":"));
    let head = |position: &usize| {
        let leads_on = is_sign(position.checked_add(1)) && is_sign(position.checked_add(2));
        let follows_path = is_sign(position.checked_sub(1)) && is_sign(position.checked_sub(2));
        let before = position.checked_sub(3).and_then(|at| code.get(at));
        let from_here =
            before.is_some_and(|token| ["crate", "self", "super"].iter().any(|word| token.is(word)));
        leads_on && (!follows_path || from_here)
    };
    let named = code.iter().enumerate().filter(|(_, token)| token.kind == Kind::Word && token.text == name);
    named.map(|(position, _)| position).filter(head).collect()
}

/// The modules that stand in an array, with the line of each time.
fn listed<'text>(code: &[Token<'text>], modules: &[&'text str]) -> BTreeMap<&'text str, Vec<usize>> {
    let flags = in_array(code);
    let mut listed = BTreeMap::new();
    for name in modules {
        let in_list = |position: &usize| flags.get(*position).copied().unwrap_or_default();
        let heads = path_heads(code, name).into_iter().filter(in_list);
        let lines: Vec<usize> = heads.filter_map(|at| code.get(at)).map(|token| token.line).collect();
        if !lines.is_empty() {
            listed.insert(*name, lines);
        }
    }
    listed
}

/// The lines of the list file that name a listed module outside every array.
fn unlisted_paths(code: &[Token<'_>], name: &str) -> Vec<usize> {
    let flags = in_array(code);
    let outside = |position: &usize| !flags.get(*position).copied().unwrap_or_default();
    let heads = path_heads(code, name).into_iter().filter(outside);
    heads.filter_map(|at| code.get(at)).map(|token| token.line).collect()
}

/// Where another file names a listed module: by a path of this crate, or by its name as a literal.
fn mentions(path: &str, code: &[Token<'_>], name: &str) -> Vec<Violation> {
    let by_path = |position: &usize| {
        let before = position.checked_sub(3).and_then(|at| code.get(at));
        before.is_some_and(|token| ["crate", "super"].iter().any(|word| token.is(word)))
    };
    let heads = path_heads(code, name).into_iter().filter(by_path);
    let mut lines: Vec<usize> = heads.filter_map(|at| code.get(at)).map(|token| token.line).collect();
    let excepted = EXCEPTIONS.iter().any(|exception| exception.path == path && exception.name == name);
    let literals = code.iter().filter(|token| !excepted && token.kind == Kind::Text && token.text == name);
    lines.extend(literals.map(|token| token.line));
    let remedy = "put the difference behind the trait that the list is made of";
    let violation = |line| Violation::new(path, line, format!("knows `{name}` by name"), WHY, remedy);
    lines.into_iter().map(violation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted::files;

    const LIST: &str = "//! The list.\nmod http;\nmod outbound;\nmod smpp;\n\n\
                        pub const CONNECTORS: &[&dyn Connector] = &[\n    &smpp::Smpp,\n    &http::Http,\n];\n";

    fn found(list: &str, other: (&str, &str)) -> Vec<(String, usize)> {
        let tree = files(&[("crates/channels/src/lib.rs", list), other]);
        check(&tree).into_iter().map(|violation| (violation.path, violation.line)).collect()
    }

    #[test]
    fn one_line_in_one_list_is_fine() {
        let cases = [
            ("crates/channels/src/smpp/session.rs", "use crate::smpp::Options; const NAME: &str = \"smpp\";"),
            ("crates/channels/src/outbound.rs", "use ::http::Uri; use smpp::Pdu; // like crate::smpp::send"),
            ("crates/channels/src/outbound.rs", "const URL: &str = \"http://example.org\";"),
            ("crates/server/src/main.rs", "const TYPE: &str = \"smpp\";"),
            ("crates/channels/src/courier/guard.rs", "if url.scheme() == \"http\" {}"),
        ];
        for other in cases {
            assert_eq!(found(LIST, other), [], "{other:?}");
        }
        assert_eq!(found("//! Nothing yet.\n", cases[0]), []);
    }

    #[test]
    fn names_outside_the_list_are_found() {
        let file = "crates/channels/src/outbound.rs";
        let cases = ["\nuse crate::smpp::Options;", "\nif kind == \"http\" {}", "\nsuper::http::send();"];
        for text in cases {
            assert_eq!(found(LIST, (file, text)), [(file.to_owned(), 2)], "{text}");
        }
    }

    #[test]
    fn an_exception_is_for_one_literal_only() {
        let file = "crates/channels/src/courier/guard.rs";
        for text in ["\nuse crate::http::Options;", "\nif kind == \"smpp\" {}"] {
            assert_eq!(found(LIST, (file, text)), [(file.to_owned(), 2)], "{text}");
        }
    }

    #[test]
    fn a_list_with_repeats_exceptions_or_nothing_is_found() {
        let list_file = "crates/channels/src/lib.rs";
        let other = ("crates/channels/src/outbound.rs", "//! Nothing.");
        let repeated = LIST.replace("    &http::Http,\n", "    &http::Http,\n    &http::Http,\n");
        assert_eq!(found(&repeated, other), [(list_file.to_owned(), 9)]);
        let special = format!("{LIST}\nfn open() {{ smpp::open(); }}\n");
        assert_eq!(found(&special, other), [(list_file.to_owned(), 11)]);
        assert_eq!(found("//! Modules.\nmod smpp;\n", other), [(list_file.to_owned(), 1)]);
    }
}
