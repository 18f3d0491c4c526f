//! Links between our Markdown files lead somewhere, headings included.
//!
//! Links to the network are not followed: a test must not depend on it. Start at [`check`].

use super::Violation;
use super::tree::Tree;

const WHY: &str = "a reader who follows a dead link stops believing the rest";

/// Looks at every relative link of every Markdown file.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.texts_with(".md") {
        for (line, target) in links(text) {
            if let Some(what) = broken(tree, path, &target) {
                let remedy = "correct the link, or write what it promises";
                violations.push(Violation::new(path, line, what, WHY, remedy));
            }
        }
    }
    violations
}

/// What is wrong with a link, if anything.
fn broken(tree: &Tree, from: &str, target: &str) -> Option<String> {
    let elsewhere = target.contains("://") || target.starts_with("mailto:") || target.starts_with("tel:");
    if elsewhere {
        return None;
    }
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let Some(resolved) = resolve(from, file) else {
        return Some(format!("links to `{target}`, which is outside the repository"));
    };
    if !tree.exists(&resolved) {
        return Some(format!("links to `{target}`, which does not exist"));
    }
    let page = tree.texts.get(&resolved).filter(|_| resolved.ends_with(".md"))?;
    let anchor = anchor?;
    (!anchors(page).iter().any(|known| known == anchor))
        .then(|| format!("links to `{target}`, where no heading gives that anchor"))
}

/// The path that a link means, relative to the root; `None` when it climbs out of it.
fn resolve(from: &str, file: &str) -> Option<String> {
    if file.is_empty() {
        return Some(from.to_owned());
    }
    let mut parts: Vec<&str> = match file.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => from.rsplit_once('/').map(|(folder, _)| folder.split('/').collect()).unwrap_or_default(),
    };
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Lines outside fenced code, numbered from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let trimmed = line.trim_start();
        let fence = trimmed.starts_with("```") || trimmed.starts_with("~~~");
        fenced ^= fence;
        (!fenced && !fence).then_some((index + 1, line))
    })
}

/// Every link target with its line: `[text](target)` and `[name]: target`.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        // What stands between back-ticks is code.
        let plain: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
        let mut pieces = plain.split("](");
        pieces.next();
        for piece in pieces {
            let end = piece.find([')', ' ']).unwrap_or(piece.len());
            let target = piece.get(..end).unwrap_or_default().trim_matches(['<', '>']);
            found.push((number, target.to_owned()));
        }
        let reference = plain.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        if let Some((name, target)) = reference.filter(|(name, _)| !name.contains(['[', ']', '^'])) {
            let target = target.split_whitespace().next().unwrap_or(name);
            found.push((number, target.to_owned()));
        }
    }
    found
}

/// The anchors that the headings of a page give, in the manner of the common forges.
fn anchors(page: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for (_, line) in prose(page) {
        let title = line.trim_start_matches('#');
        if line.starts_with('#') && title.starts_with(' ') {
            let kept = title
                .trim()
                .chars()
                .filter(|character| character.is_alphanumeric() || " -_".contains(*character));
            let base: String = kept.collect::<String>().to_lowercase().replace(' ', "-");
            let repeats = anchors.iter().filter(|known| repeats_of(known, &base)).count();
            anchors.push(if repeats == 0 { base } else { format!("{base}-{repeats}") });
        }
    }
    anchors
}

fn repeats_of(known: &str, base: &str) -> bool {
    let rest = known.strip_prefix(base);
    rest.is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix('-').is_some_and(|n| n.parse::<usize>().is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted::files;

    #[test]
    fn dead_links_are_found() {
        let cases = [
            ("[a](b.md)", 0),
            ("[a](./b.md#a-heading-here)", 0),
            ("[a](#own)\n\n# Own", 0),
            ("[a](../README.md), [b](/docs/b.md) and [c](sub)", 0),
            ("[a](https://example.org/x) [b](mailto:a@example.org)", 0),
            ("`[a](none.md)`", 0),
            ("```\n[a](none.md)\n```", 0),
            ("[a](none.md)", 1),
            ("[a](b.md#none)", 1),
            ("[a](../../none.md)", 1),
            ("[a](#none)", 1),
            ("![a](none.png \"title\")", 1),
            ("[a]: none.md", 1),
            ("`x` [a](none.md) `y`", 1),
        ];
        for (text, expected) in cases {
            let tree = files(&[
                ("docs/a.md", text),
                ("docs/b.md", "# B\n\n## A `heading`, here\n"),
                ("docs/sub/c.md", ""),
                ("README.md", ""),
            ]);
            assert_eq!(check(&tree).len(), expected, "{text}");
        }
    }

    #[test]
    fn repeated_headings_are_numbered() {
        assert_eq!(
            anchors("# Same\n## Same\n# Not the same?\n# Same\n"),
            ["same", "same-1", "not-the-same", "same-2"]
        );
    }
}
