//! Loops: traffic that would come back to the account that it came from.
//!
//! A connector may lead to this very installation, bound as the system id of one of its accounts
//! (two brands of one operator, or a mistake). Then a message of account A that goes out through
//! the connector comes in again as a message of account B. A cycle of such steps would charge and
//! send for ever.

use std::collections::{BTreeMap, BTreeSet};

/// Finds a cycle in "messages of account X can come in again as messages of account Y". Gives the
/// names along the cycle, the first one repeated at the end.
pub fn find_cycle(edges: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    edges.keys().find_map(|start| {
        let mut path = Vec::new();
        walk(edges, start, &mut path, &mut done)
    })
}

fn walk<'a>(
    edges: &'a BTreeMap<String, BTreeSet<String>>,
    at: &'a str,
    path: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<Vec<String>> {
    if let Some(begin) = path.iter().position(|name| *name == at) {
        let cycle = path.iter().skip(begin).copied().chain([at]);
        return Some(cycle.map(str::to_owned).collect());
    }
    if done.contains(at) {
        return None;
    }
    path.push(at);
    let found = edges.get(at).and_then(|next| next.iter().find_map(|name| walk(edges, name, path, done)));
    path.pop();
    done.insert(at);
    found
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::find_cycle;

    fn edges(pairs: &[(&str, &str)]) -> BTreeMap<String, BTreeSet<String>> {
        let mut map: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in pairs {
            map.entry((*from).into()).or_default().insert((*to).into());
        }
        map
    }

    #[test]
    fn finds_cycles_only() {
        assert_eq!(find_cycle(&edges(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
        assert_eq!(find_cycle(&edges(&[("a", "a")])), Some(vec!["a".to_owned(), "a".to_owned()]));
        let cycle = find_cycle(&edges(&[("a", "b"), ("b", "c"), ("c", "b")])).unwrap();
        assert_eq!(cycle, ["b", "c", "b"]);
    }
}
