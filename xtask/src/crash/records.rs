//! What the parties have written down while the platform was killed: lines `id recipient`.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context as _, anyhow};

/// What customers were promised: the recipient of each id.
///
/// No recipient is used twice, so that a recipient names a message at every party.
pub(super) fn promises(path: &Path) -> anyhow::Result<HashMap<String, String>> {
    let mut promises = HashMap::new();
    for line in lines(path)? {
        let (id, recipient) = pair(&line)?;
        if let Some(other) = promises.insert(bare_id(id).to_owned(), recipient.to_owned()) {
            return Err(anyhow!("the id {id} was given to {other} and to {recipient}"));
        }
    }
    Ok(promises)
}

/// How often the carrier was given a message for each recipient.
pub(super) fn taken(path: &Path) -> anyhow::Result<HashMap<String, u64>> {
    let mut taken = HashMap::new();
    for line in lines(path)? {
        let (_, recipient) = pair(&line)?;
        *taken.entry(recipient.to_owned()).or_default() += 1;
    }
    Ok(taken)
}

/// An id in the notation that all doors have in common.
pub(super) fn bare_id(id: &str) -> &str {
    id.strip_prefix("msg_").unwrap_or(id)
}

fn lines(path: &Path) -> anyhow::Result<Vec<String>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    Ok(text.lines().map(str::to_owned).collect())
}

fn pair(line: &str) -> anyhow::Result<(&str, &str)> {
    line.split_once(' ').ok_or_else(|| anyhow!("a record has no recipient: {line}"))
}
