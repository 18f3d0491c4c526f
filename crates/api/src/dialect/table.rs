//! The page that lists every address of every dialect, written from the tables by which they are served, so
//! that it cannot say what is not so.

use super::{DIALECTS, Does};

/// The page, as Markdown; it is kept in `docs/integrate/dialects.md`.
pub fn page() -> String {
    let mut page = String::from(
        "# Every address of every dialect\n\n\
         `cargo xtask dialects` writes this page from the tables by which requests are served. Every path is \
         answered again under `/dialect/NAME`, with the name in brackets. Where two dialects claim one path, the \
         first label of the host name decides (`jasmin.example.com`), then the credentials of the request. What \
         is not built refuses in the dialect's own terms.\n",
    );
    for dialect in DIALECTS {
        page.push_str(&format!("\n## {} (`{}`)\n\n", dialect.title, dialect.name));
        page.push_str("| method | path | |\n|---|---|---|\n");
        for address in (dialect.addresses)() {
            let paths = shown(&address.paths);
            let says = match address.does {
                Does::Works(what) => format!("works: {what}"),
                Does::Refuses(why) => format!("refuses: {why}"),
            };
            page.push_str(&format!("| {} | {} | {says} |\n", address.methods, paths.join(" ")));
        }
    }
    page
}

/// Paths for people; those that only have an ending more are told by that.
fn shown(paths: &[String]) -> Vec<String> {
    let begin = |path: &str| paths.iter().any(|other| path.strip_prefix(other).is_some_and(is_ending));
    let bare = paths.iter().filter(|path| !begin(path));
    bare.map(|path| {
        let endings: Vec<&str> = paths
            .iter()
            .filter_map(|other| other.strip_prefix(path))
            .filter(|rest| is_ending(rest))
            .collect();
        let more: String = endings.iter().map(|ending| format!("[{ending}]")).collect();
        format!("`{path}{more}`")
    })
    .collect()
}

fn is_ending(rest: &str) -> bool {
    rest.starts_with('.')
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_kept_page_is_the_one_that_is_written() {
        let kept = include_str!("../../../../docs/integrate/dialects.md");
        assert!(super::page() == kept, "run `cargo xtask dialects` and keep what it writes");
    }
}
