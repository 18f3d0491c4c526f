//! The simulated phones: parts that arrive are joined, decoded and kept as bubbles.
//!
//! It keeps the newest only, within the limits of the port, and never logs a number or a text. Sending answers
//! is the carrier's part. Start at [`PhoneBook::receive`].

use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use gsm_text::{Alphabet, DataCoding, DropReason, Joined, Joiner, JoinerLimits, NationalShift};
use ports::phones::{BUBBLES_MAX, Bubble, Direction, PHONES_MAX, Phone};
use types::Sensitive;
use types::address::Msisdn;
use types::time::Timestamp;

use crate::carrier::{Incoming, Now};

/// Characters of a bubble; the rest of a longer text is cut, with an ellipsis.
const BUBBLE_CHARACTERS_MAX: usize = 10_000;
/// Octets of a part that is worth holding for others. A longer one is shown alone.
const PART_OCTETS_MAX: usize = 254;
/// Unfinished messages and parts that are held; what exceeds them is shown as it is.
const JOINER_LIMITS: JoinerLimits = JoinerLimits { sets_max: 1_000, parts_max: 5_000 };
/// How long an unfinished message waits before it is shown without what is missing.
const JOIN_MS: u64 = 300_000;
/// How often unfinished messages are looked through.
const EXPIRE_EVERY_MS: u64 = 10_000;
/// The word for a message that was cancelled.
const FATE_DELETED: &str = "deleted";
/// The word for an answer.
const FATE_SENT: &str = "sent";

/// Tells the messages of a joiner apart: sender and phone.
type Pair = (Box<[u8]>, Msisdn);

/// A part that waits for others.
struct HeldPart {
    carrier_id: String,
    fate: &'static str,
    data_coding: u8,
    shift: NationalShift,
    body: Box<[u8]>,
}

// The id differs between two deliveries of one part, so it stays out.
impl Hash for HeldPart {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.data_coding, &self.body).hash(state);
    }
}

/// One phone.
struct Shelf {
    bubbles: VecDeque<Bubble>,
    active_at: Timestamp,
    /// Orders phones that were active in the same millisecond.
    touched: u64,
}

struct Book {
    phones: HashMap<Msisdn, Shelf>,
    joiner: Joiner<Pair, HeldPart>,
    touches: u64,
    expired_ms: u64,
}

/// All phones of a carrier.
pub(crate) struct PhoneBook {
    book: Mutex<Book>,
    revision: AtomicU64,
}

impl PhoneBook {
    /// No phones yet.
    pub(crate) fn new() -> Self {
        let book =
            Book { phones: HashMap::new(), joiner: Joiner::new(JOINER_LIMITS), touches: 0, expired_ms: 0 };
        Self { book: Mutex::new(book), revision: AtomicU64::new(0) }
    }

    /// Takes a part that was sent to a phone. A destination that is no international number has no phone.
    pub(crate) fn receive(&self, incoming: &Incoming<'_>, carrier_id: &str, fate: &'static str, now: Now) {
        let destination = std::str::from_utf8(incoming.destination.digits()).ok();
        let Some(number) = destination.and_then(Msisdn::parse) else { return };
        let part = HeldPart {
            carrier_id: carrier_id.to_owned(),
            fate,
            data_coding: incoming.data_coding,
            shift: incoming.shift,
            body: incoming.body.into(),
        };
        let pair: Pair = (incoming.source.digits().into(), number);
        self.change(|book| {
            let mut changed = book.show_expired(now);
            let place = incoming.place.filter(|place| place.total > 1 && part.body.len() <= PART_OCTETS_MAX);
            let Some(place) = place else {
                book.show(&pair, &[part], now.at);
                return true;
            };
            match book.joiner.push(pair.clone(), place, part, now.ms) {
                Joined::Complete(parts) => book.show(&pair, &parts, now.at),
                Joined::Waiting | Joined::Dropped(DropReason::Duplicate, _) => return changed,
                Joined::Replaced(old) => {
                    let parts: Vec<HeldPart> = old.parts.into_iter().map(|(_, part)| part).collect();
                    book.show(&old.key, &parts, now.at);
                }
                Joined::Dropped(
                    DropReason::BadNumber | DropReason::TooManySets | DropReason::TooManyParts,
                    part,
                ) => book.show(&pair, &[part], now.at),
            }
            changed = true;
            changed
        });
    }

    /// Keeps an answer that was sent from a phone.
    pub(crate) fn note_answer(&self, number: Msisdn, to: &str, text: &str, parts: u8, at: Timestamp) {
        let bubble = Bubble {
            direction: Direction::Sent,
            peer: to.to_owned(),
            text: Sensitive::new(cut(text.to_owned())),
            parts,
            at,
            carrier_id: String::new(),
            fate: FATE_SENT,
        };
        self.change(|book| {
            book.add(number, bubble);
            true
        });
    }

    /// Marks the bubble whose first part has that id as cancelled.
    pub(crate) fn mark_deleted(&self, carrier_id: &str) {
        self.change(|book| {
            let bubbles = book.phones.values_mut().flat_map(|shelf| &mut shelf.bubbles);
            let mut changed = false;
            for bubble in bubbles.filter(|bubble| bubble.carrier_id == carrier_id) {
                bubble.fate = FATE_DELETED;
                changed = true;
            }
            changed
        });
    }

    /// Phones, the most recently active first, at most `limit`.
    pub(crate) fn phones(&self, limit: usize) -> Vec<Phone> {
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let mut shelves: Vec<(&Msisdn, &Shelf)> = book.phones.iter().collect();
        shelves.sort_by_key(|(_, shelf)| std::cmp::Reverse(shelf.touched));
        shelves.into_iter().take(limit).map(|(number, shelf)| shelf.phone(*number)).collect()
    }

    /// One phone.
    pub(crate) fn phone(&self, number: Msisdn) -> Option<Phone> {
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.phones.get(&number).map(|shelf| shelf.phone(number))
    }

    /// Counts changes.
    pub(crate) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    fn change(&self, act: impl FnOnce(&mut Book) -> bool) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        if act(&mut book) {
            self.revision.fetch_add(1, Ordering::Release);
        }
    }
}

impl Shelf {
    fn phone(&self, number: Msisdn) -> Phone {
        Phone { number, bubbles: self.bubbles.iter().cloned().collect(), active_at: self.active_at }
    }
}

impl Book {
    /// Shows messages whose missing parts have not come in time; whether there were any.
    fn show_expired(&mut self, now: Now) -> bool {
        if now.ms.saturating_sub(self.expired_ms) < EXPIRE_EVERY_MS {
            return false;
        }
        self.expired_ms = now.ms;
        let given_up = self.joiner.expire(now.ms, JOIN_MS);
        let any = !given_up.is_empty();
        for message in given_up {
            let parts: Vec<HeldPart> = message.parts.into_iter().map(|(_, part)| part).collect();
            self.show(&message.key, &parts, now.at);
        }
        any
    }

    /// Shows a message on its phone.
    fn show(&mut self, (sender, number): &Pair, parts: &[HeldPart], at: Timestamp) {
        let Some(first) = parts.first() else { return };
        let bubble = Bubble {
            direction: Direction::Received,
            peer: String::from_utf8_lossy(sender).into_owned(),
            text: Sensitive::new(cut(decode(parts))),
            parts: u8::try_from(parts.len()).unwrap_or(u8::MAX),
            at,
            carrier_id: first.carrier_id.clone(),
            fate: first.fate,
        };
        self.add(*number, bubble);
    }

    fn add(&mut self, number: Msisdn, bubble: Bubble) {
        if !self.phones.contains_key(&number) && self.phones.len() >= PHONES_MAX {
            let quietest =
                self.phones.iter().min_by_key(|(_, shelf)| shelf.touched).map(|(number, _)| *number);
            if let Some(quietest) = quietest {
                self.phones.remove(&quietest);
            }
        }
        self.touches += 1;
        let shelf = self.phones.entry(number).or_insert_with(|| Shelf {
            bubbles: VecDeque::new(),
            active_at: bubble.at,
            touched: 0,
        });
        shelf.active_at = bubble.at;
        shelf.touched = self.touches;
        if shelf.bubbles.len() >= BUBBLES_MAX {
            shelf.bubbles.pop_front();
        }
        shelf.bubbles.push_back(bubble);
    }
}

/// Decodes parts in their order. Octets of neighbours in one alphabet are put together first, because some
/// senders cut an emoji in two.
fn decode(parts: &[HeldPart]) -> String {
    let mut text = String::new();
    for run in parts.chunk_by(|a, b| (a.data_coding, a.shift) == (b.data_coding, b.shift)) {
        let Some(first) = run.first() else { continue };
        let octets: Vec<u8> = run.iter().flat_map(|part| part.body.iter().copied()).collect();
        let data_coding = DataCoding::from_octet(first.data_coding);
        text.push_str(&gsm_text::decode(data_coding, Alphabet::Gsm7, &octets, first.shift).text);
    }
    text
}

/// Cuts a text that is too long for a bubble.
fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(BUBBLE_CHARACTERS_MAX) {
        text.truncate(end);
        text.push('…');
    }
    text
}
