//! Every code has its page, every page its code, and pages say what the doors really answer.

use std::collections::BTreeSet;
use std::path::Path;

use types::refusal::RefusalCode;

use super::{PAGES, render};
use crate::http_status;

#[test]
fn codes_and_pages_match_both_ways() {
    let codes: BTreeSet<String> = RefusalCode::ALL.iter().map(|code| code.code().to_owned()).collect();
    let compiled: BTreeSet<String> = PAGES.iter().map(|(code, _)| (*code).to_owned()).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|name| name != "README")
        .collect();
    assert_eq!(codes, compiled);
    assert_eq!(codes, files);
}

#[test]
fn pages_say_what_the_doors_answer() {
    for code in RefusalCode::ALL {
        let (_, page) = PAGES.iter().find(|(name, _)| *name == code.code()).unwrap();
        let name = code.code();
        assert!(page.starts_with(&format!("# {name}\n\n{}", code.title())), "{name}: title");
        let http = format!("| HTTP | {} ", http_status(*code).as_u16());
        assert!(page.contains(&http), "{name}: wants {http}");
        assert!(page.contains("| SMPP | "), "{name}: SMPP");
        assert!(page.contains("| PaaSoo | "), "{name}: PaaSoo");
        for heading in ["## Typical causes\n", "## What to do\n"] {
            assert!(page.contains(heading), "{name}: {heading}");
        }
    }
}

#[test]
fn renders_the_small_markdown_and_escapes_everything() {
    let page = "# Title\n\nOne `a<b>` and\ntwo <script>.\n\n- x\n- y & z\n\n| A | B |\n| --- | --- |\n| 1 | \"2\" |\n";
    let expected = "<h1>Title</h1>\n<p>One <code>a&lt;b&gt;</code> and\ntwo &lt;script&gt;.</p>\n\
        <ul>\n<li>x</li>\n<li>y &amp; z</li>\n</ul>\n\
        <table>\n<tr><th>A</th><th>B</th></tr>\n<tr><td>1</td><td>&quot;2&quot;</td></tr>\n</table>\n";
    assert_eq!(render(page), expected);
}
