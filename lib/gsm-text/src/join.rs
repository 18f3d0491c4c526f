//! Reassembly of concatenated inbound messages.
//!
//! Holds parts in memory until a message is whole, within fixed limits. It has no clock: the caller passes
//! the time and calls [`Joiner::expire`]. It never decodes parts and never loses one silently: whatever it
//! does not keep comes back to the caller. Start reading at [`Joiner::push`].

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{Hash, Hasher};

use crate::udh::Concatenated;

/// Hard limits of a [`Joiner`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JoinerLimits {
    /// Most unfinished messages held. A part that would open one more is handed back. As many finished ones
    /// are remembered, to recognise parts that are delivered twice; beyond that the oldest is forgotten.
    pub sets_max: usize,
    /// Most parts held over all unfinished messages. A part that would exceed it is handed back.
    pub parts_max: usize,
}

impl Default for JoinerLimits {
    /// 10,000 unfinished messages and 50,000 parts.
    fn default() -> Self {
        JoinerLimits { sets_max: 10_000, parts_max: 50_000 }
    }
}

/// What became of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Joined<K, P> {
    /// The message is whole; its parts in order.
    Complete(Vec<P>),
    /// The part is kept and others are missing.
    Waiting,
    /// The part is kept and others are missing. It contradicted an older unfinished message of the same key
    /// and reference, which the sender must have given up, and which is handed back.
    Replaced(Incomplete<K, P>),
    /// The part is not kept and is handed back.
    Dropped(DropReason, P),
}

/// Why a part was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// The same part arrived before.
    Duplicate,
    /// The number of the part is 0 or above the total.
    BadNumber,
    /// Too many unfinished messages are held.
    TooManySets,
    /// Too many parts are held.
    TooManyParts,
}

/// A message of which parts are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incomplete<K, P> {
    /// The caller's key.
    pub key: K,
    /// The reference that the parts share.
    pub reference: u16,
    /// Number of parts that the message has.
    pub total: u8,
    /// When the first part arrived, in the caller's milliseconds.
    pub first_at_ms: u64,
    /// The parts that did arrive, with their numbers, in order.
    pub parts: Vec<(u8, P)>,
}

/// What identifies a message: the caller's key, the reference with its width, and the number of parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct SetKey<K> {
    key: K,
    reference: u16,
    wide: bool,
    total: u8,
}

#[derive(Debug)]
struct OpenSet<P> {
    /// Counts sets, so that expiry has one order on every run.
    sequence: u64,
    first_at_ms: u64,
    parts: BTreeMap<u8, Held<P>>,
}

#[derive(Debug)]
struct Held<P> {
    digest: u64,
    part: P,
}

#[derive(Debug)]
struct DoneSet {
    sequence: u64,
    done_at_ms: u64,
    /// Digests of the parts in order.
    digests: Vec<u64>,
}

/// Puts the parts of concatenated messages together.
///
/// `K` is what the caller tells senders apart by, usually the connector with both addresses. `P` is the part
/// as the caller wants it back; its hash tells a part that is delivered twice from a reference that is used
/// again, so it must cover the content and leave out what differs between deliveries, such as the time.
#[derive(Debug)]
pub struct Joiner<K, P> {
    limits: JoinerLimits,
    open: HashMap<SetKey<K>, OpenSet<P>>,
    held_parts: usize,
    done: HashMap<SetKey<K>, DoneSet>,
    /// Finished sets, oldest first. An entry whose sequence differs from the map's is out of date.
    done_order: VecDeque<(u64, SetKey<K>)>,
    next_sequence: u64,
}

impl<K: Eq + Hash + Clone, P: Hash> Joiner<K, P> {
    /// Starts with nothing held.
    #[must_use]
    pub fn new(limits: JoinerLimits) -> Joiner<K, P> {
        Joiner {
            limits,
            open: HashMap::new(),
            held_parts: 0,
            done: HashMap::new(),
            done_order: VecDeque::new(),
            next_sequence: 0,
        }
    }

    /// Number of unfinished messages held.
    #[must_use]
    pub fn open_sets(&self) -> usize {
        self.open.len()
    }

    /// Number of parts held.
    #[must_use]
    pub fn held_parts(&self) -> usize {
        self.held_parts
    }

    /// Takes a part. `now_ms` is any millisecond count that [`Joiner::expire`] is called with as well.
    pub fn push(&mut self, key: K, place: Concatenated, part: P, now_ms: u64) -> Joined<K, P> {
        if place.number == 0 || place.number > place.total {
            return Joined::Dropped(DropReason::BadNumber, part);
        }
        let Concatenated { reference, total, number, wide } = place;
        let set_key = SetKey { key, reference, wide, total };
        let digest = digest_of(&part);
        if let Some(refused) = self.refusal(&set_key, number, digest) {
            return Joined::Dropped(refused, part);
        }
        let contradicted = self.open.get(&set_key).is_some_and(|set| set.parts.contains_key(&number));
        let replaced = if contradicted { self.take_open(&set_key) } else { None };
        let sequence = self.take_sequence();
        let set = self.open.entry(set_key.clone()).or_insert_with(|| OpenSet {
            sequence,
            first_at_ms: now_ms,
            parts: BTreeMap::new(),
        });
        set.parts.insert(number, Held { digest, part });
        self.held_parts += 1;
        if set.parts.len() == usize::from(total)
            && let Some(set) = self.open.remove(&set_key)
        {
            self.held_parts -= set.parts.len();
            let (digests, parts) = set.parts.into_values().map(|held| (held.digest, held.part)).unzip();
            self.remember(set_key, digests, now_ms);
            return Joined::Complete(parts);
        }
        replaced.map_or(Joined::Waiting, Joined::Replaced)
    }

    /// Gives up messages whose first part is at least `ttl_ms` old, oldest first, and forgets finished ones
    /// of that age.
    pub fn expire(&mut self, now_ms: u64, ttl_ms: u64) -> Vec<Incomplete<K, P>> {
        let is_old = |at_ms: u64| now_ms.saturating_sub(at_ms) >= ttl_ms;
        let mut given_up: Vec<_> = self.open.extract_if(|_, set| is_old(set.first_at_ms)).collect();
        given_up.sort_by_key(|(_, set)| set.sequence);
        self.held_parts -= given_up.iter().map(|(_, set)| set.parts.len()).sum::<usize>();
        self.done.retain(|_, set| !is_old(set.done_at_ms));
        self.drop_stale_order();
        given_up.into_iter().map(|(key, set)| incomplete(key, set)).collect()
    }

    /// The reason not to keep a part, if there is one.
    fn refusal(&self, set_key: &SetKey<K>, number: u8, digest: u64) -> Option<DropReason> {
        if let Some(set) = self.open.get(set_key) {
            return match set.parts.get(&number) {
                Some(held) if held.digest == digest => Some(DropReason::Duplicate),
                // The older message makes room for this part.
                Some(_) => None,
                None => (self.held_parts >= self.limits.parts_max).then_some(DropReason::TooManyParts),
            };
        }
        let done = self.done.get(set_key);
        if done.and_then(|set| set.digests.get(usize::from(number) - 1)) == Some(&digest) {
            return Some(DropReason::Duplicate);
        }
        if self.held_parts >= self.limits.parts_max {
            return Some(DropReason::TooManyParts);
        }
        (self.open.len() >= self.limits.sets_max).then_some(DropReason::TooManySets)
    }

    fn take_open(&mut self, set_key: &SetKey<K>) -> Option<Incomplete<K, P>> {
        let (key, set) = self.open.remove_entry(set_key)?;
        self.held_parts -= set.parts.len();
        Some(incomplete(key, set))
    }

    fn remember(&mut self, set_key: SetKey<K>, digests: Vec<u64>, done_at_ms: u64) {
        let sequence = self.take_sequence();
        self.done.insert(set_key.clone(), DoneSet { sequence, done_at_ms, digests });
        self.done_order.push_back((sequence, set_key));
        self.drop_stale_order();
        // Each finished set adds one entry, so dropping one keeps the queue within the limit.
        if self.done_order.len() > self.limits.sets_max
            && let Some((sequence, oldest)) = self.done_order.pop_front()
            && self.done.get(&oldest).is_some_and(|set| set.sequence == sequence)
        {
            self.done.remove(&oldest);
        }
    }

    /// Drops entries at the front whose set is forgotten or was finished again later.
    fn drop_stale_order(&mut self) {
        while let Some((sequence, set_key)) = self.done_order.front()
            && self.done.get(set_key).is_none_or(|set| set.sequence != *sequence)
        {
            self.done_order.pop_front();
        }
    }

    fn take_sequence(&mut self) -> u64 {
        let sequence = self.next_sequence;
        self.next_sequence = sequence.wrapping_add(1);
        sequence
    }
}

fn incomplete<K, P>(set_key: SetKey<K>, set: OpenSet<P>) -> Incomplete<K, P> {
    Incomplete {
        key: set_key.key,
        reference: set_key.reference,
        total: set_key.total,
        first_at_ms: set.first_at_ms,
        parts: set.parts.into_iter().map(|(number, held)| (number, held.part)).collect(),
    }
}

/// Hashes a part with fixed keys. A sender who finds a collision only hides a part of his own.
fn digest_of<P: Hash>(part: &P) -> u64 {
    let mut hasher = DefaultHasher::new();
    part.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
