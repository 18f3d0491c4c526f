//! What the parties have written down while the platform was broken: lines `id recipient`.
//!
//! A moment at which the power goes is known as a place in these files. What follows that place until the
//! process is dead was written in the [dark](Span): of a platform without power nothing is heard, so that it
//! counts for nothing, neither as a promise nor as a message.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use anyhow::{Context as _, anyhow};

/// A stretch of a file, from the first octet on and without the last.
pub(super) type Span = std::ops::Range<u64>;

/// What the carrier got.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// How often it was given a message for each recipient.
    pub(super) times: HashMap<String, u64>,
    /// For whom it got something in the dark, where nobody can say whether it was before the end.
    pub(super) in_the_dark: HashSet<String>,
}

/// What customers were promised: the recipient of each id.
///
/// No recipient is used twice, so that a recipient names a message at every party.
pub(super) fn promises(path: &Path, dark: &[Span]) -> anyhow::Result<HashMap<String, String>> {
    let mut promises = HashMap::new();
    for (_, line) in read(path, dark)?.into_iter().filter(|(is_dark, _)| !is_dark) {
        let (id, recipient) = pair(&line)?;
        if let Some(other) = promises.insert(bare_id(id).to_owned(), recipient.to_owned()) {
            return Err(anyhow!("the id {id} was given to {other} and to {recipient}"));
        }
    }
    Ok(promises)
}

/// What the carrier got for each recipient.
pub(super) fn taken(path: &Path, dark: &[Span]) -> anyhow::Result<Taken> {
    let mut taken = Taken::default();
    for (is_dark, line) in read(path, dark)? {
        let (_, recipient) = pair(&line)?;
        if is_dark {
            taken.in_the_dark.insert(recipient.to_owned());
        } else {
            *taken.times.entry(recipient.to_owned()).or_default() += 1;
        }
    }
    Ok(taken)
}

/// How long a record is by now; one that nobody has begun is empty.
pub(super) fn octets(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}

/// An id in the notation that all doors have in common.
pub(super) fn bare_id(id: &str) -> &str {
    id.strip_prefix("msg_").unwrap_or(id)
}

/// The lines of a file, and whether each was written in the dark.
fn read(path: &Path, dark: &[Span]) -> anyhow::Result<Vec<(bool, String)>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    Ok(lines(&text, dark))
}

/// A line is dark when any of it is: one that was half written when the power went had not been said.
fn lines(text: &str, dark: &[Span]) -> Vec<(bool, String)> {
    let mut begin = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        let end = begin + u64::try_from(line.len()).unwrap_or(u64::MAX);
        let is_dark = dark.iter().any(|span| begin < span.end && span.start < end);
        found.push((is_dark, line.trim_end().to_owned()));
        begin = end;
    }
    found
}

/// The first two words; a carrier may write more.
fn pair(line: &str) -> anyhow::Result<(&str, &str)> {
    let mut words = line.split(' ');
    words.next().zip(words.next()).ok_or_else(|| anyhow!("a record has no recipient: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_in_the_dark_is_told_apart() {
        // Lines of four octets: 0..4, 4..8, 8..12 and 12..16.
        let text = "a 1\nb 2\nc 3\nd 4\n";
        let cases: [(&[(u64, u64)], _); 5] = [
            (&[], [false; 4]),
            (&[(8, 12)], [false, false, true, false]),
            // The line that was being written when the power went.
            (&[(7, 8)], [false, true, false, false]),
            (&[(4, 4)], [false; 4]),
            (&[(0, 4), (12, 16)], [true, false, false, true]),
        ];
        for (dark, expected) in cases {
            let spans: Vec<Span> = dark.iter().map(|(start, end)| *start..*end).collect();
            let found: Vec<bool> = lines(text, &spans).into_iter().map(|(is_dark, _)| is_dark).collect();
            assert_eq!(found, expected, "{dark:?}");
        }
    }

    #[test]
    fn records_are_counted_by_recipient() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records");
        std::fs::write(&path, "msg_x 1\ny 2\nz 2 Your\nw 3\n").unwrap();
        let dark = octets(&path) - 4..octets(&path);
        let taken = taken(&path, std::slice::from_ref(&dark)).unwrap();
        assert_eq!(taken.times, HashMap::from([("1".to_owned(), 1), ("2".to_owned(), 2)]));
        assert_eq!(taken.in_the_dark, HashSet::from(["3".to_owned()]));
        let promises = promises(&path, std::slice::from_ref(&dark)).unwrap();
        assert_eq!(promises.len(), 3);
        assert_eq!(promises.get("x").map(String::as_str), Some("1"));
        std::fs::write(&path, "x 1\nx 2\n").unwrap();
        assert!(super::promises(&path, &[]).is_err(), "an id was given twice");
    }
}
