//! What people searched for, kept for a while under a number, so that phone numbers never stand in
//! an address that a proxy logs or a browser remembers.
//!
//! A search belongs to the person who made it. Nothing is stored: a restart forgets all of them and
//! the page then asks to type the search again.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use types::Sensitive;
use types::id::PersonId;

/// The most searches that are kept; the oldest go first.
const SEARCHES_MAX: usize = 4_096;

/// Searches under their numbers.
#[derive(Default)]
pub(crate) struct Searches {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    next: u64,
    rows: VecDeque<(u64, PersonId, Sensitive<String>)>,
}

impl Searches {
    /// Keeps a search and gives its number.
    pub(crate) fn keep(&self, person: PersonId, text: &str) -> u64 {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.next = kept.next.wrapping_add(1);
        let number = kept.next;
        kept.rows.push_back((number, person, Sensitive::new(text.to_owned())));
        if kept.rows.len() > SEARCHES_MAX {
            kept.rows.pop_front();
        }
        number
    }

    /// The text of a search of this person; `None` when it is forgotten or somebody else's.
    pub(crate) fn text(&self, person: PersonId, number: u64) -> Option<Sensitive<String>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let row = kept.rows.iter().rev().find(|row| row.0 == number && row.1 == person);
        row.map(|row| row.2.clone())
    }
}

#[cfg(test)]
mod tests {
    use types::id::PersonId;

    use super::{SEARCHES_MAX, Searches};

    #[test]
    fn searches_are_private_and_bounded() {
        let searches = Searches::default();
        let first = searches.keep(PersonId(1), "+44 7911 123456");
        let found =
            |person, number| searches.text(PersonId(person), number).map(|text| text.expose().clone());
        assert_eq!(found(1, first).as_deref(), Some("+44 7911 123456"));
        assert_eq!(found(2, first), None);
        for _ in 0..SEARCHES_MAX {
            searches.keep(PersonId(1), "later");
        }
        assert_eq!(found(1, first), None);
    }
}
