//! Reads the text of a receipt: `id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…`.
//!
//! Fields may come in any order and case, with spaces in and around them; what is not there is `None`.

use std::fmt;

use crate::calendar::CivilTime;
use crate::masked::Masked;
use crate::message_state::MessageState;

/// The fields of a receipt text, each as the carrier wrote it, trimmed; `None` when missing or empty.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct ReceiptText<'a> {
    /// The id of the message reported on.
    pub id: Option<&'a str>,
    /// How many messages were submitted.
    pub sub: Option<&'a str>,
    /// How many were delivered.
    pub dlvrd: Option<&'a str>,
    /// When it was submitted; see [`parse_date`].
    pub submit_date: Option<&'a str>,
    /// When it became final; see [`parse_date`].
    pub done_date: Option<&'a str>,
    /// The word of the state; see [`ReceiptText::state`].
    pub stat: Option<&'a str>,
    /// The carrier's error code.
    pub err: Option<&'a str>,
    /// The beginning of the message reported on.
    pub text: Option<&'a [u8]>,
}

impl fmt::Debug for ReceiptText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiptText")
            .field("id", &self.id)
            .field("sub", &self.sub)
            .field("dlvrd", &self.dlvrd)
            .field("submit_date", &self.submit_date)
            .field("done_date", &self.done_date)
            .field("stat", &self.stat)
            .field("err", &self.err)
            .field("text", &self.text.map(Masked))
            .finish()
    }
}

/// What some carriers write between the fields, besides white space.
const SEPARATORS: [char; 3] = [',', ';', '|'];

/// A field of the text.
#[derive(Clone, Copy)]
enum Key {
    Id,
    Sub,
    Dlvrd,
    SubmitDate,
    DoneDate,
    Stat,
    Err,
    Text,
}

impl Key {
    /// The bit of this key in a set of keys.
    fn bit(self) -> u8 {
        match self {
            Self::Id => 1,
            Self::Sub => 1 << 1,
            Self::Dlvrd => 1 << 2,
            Self::SubmitDate => 1 << 3,
            Self::DoneDate => 1 << 4,
            Self::Stat => 1 << 5,
            Self::Err => 1 << 6,
            Self::Text => 1 << 7,
        }
    }
}

/// The names that carriers write; a space stands for any number of spaces or underscores.
const KEYS: [(&[u8], Key); 10] = [
    (b"id", Key::Id),
    (b"sub", Key::Sub),
    (b"dlvrd", Key::Dlvrd),
    (b"submit date", Key::SubmitDate),
    (b"done date", Key::DoneDate),
    (b"stat", Key::Stat),
    (b"status", Key::Stat),
    (b"err", Key::Err),
    (b"error", Key::Err),
    (b"text", Key::Text),
];

impl<'a> ReceiptText<'a> {
    /// Reads a text. A text that is no receipt gives `None` in every field.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> Self {
        let mut fields = Self::default();
        let mut seen: u8 = 0;
        let known = Key::Id.bit() | Key::Stat.bit();
        let mut current: Option<(Key, usize)> = None;
        let mut position = 0;
        while position < text.len() {
            // The text of the message may itself look like a receipt: it is not searched once the receipt is known.
            let in_text = matches!(current, Some((Key::Text, _)));
            if in_text && seen & known == known {
                break;
            }
            match key_at(text, position).filter(|(key, _)| seen & key.bit() == 0) {
                Some((key, value_start)) => {
                    fields.set(current, text, position);
                    seen |= key.bit();
                    current = Some((key, value_start));
                    position = value_start;
                }
                None => position = position.saturating_add(1),
            }
        }
        fields.set(current, text, text.len());
        fields
    }

    /// The state, if `stat` is a word or code that is known.
    #[must_use]
    pub fn state(&self) -> Option<MessageState> {
        let stat = self.stat?;
        let first = stat.split_whitespace().next().unwrap_or(stat);
        MessageState::from_stat(stat).or_else(|| MessageState::from_stat(first))
    }

    /// Keeps the value of the field that ends where the next begins.
    fn set(&mut self, field: Option<(Key, usize)>, text: &'a [u8], end: usize) {
        let Some((key, start)) = field else { return };
        let octets = text.get(start..end).unwrap_or_default();
        let value = std::str::from_utf8(octets).ok().map(|value| value.trim_matches(is_padding));
        let value = value.filter(|value| !value.is_empty());
        match key {
            // An id is one word: what follows it is a field of the carrier's own that is not known here.
            Key::Id => self.id = value.and_then(first_word),
            Key::Sub => self.sub = value,
            Key::Dlvrd => self.dlvrd = value,
            Key::SubmitDate => self.submit_date = value,
            Key::DoneDate => self.done_date = value,
            Key::Stat => self.stat = value,
            Key::Err => self.set_error(octets.trim_ascii_start()),
            Key::Text => self.text = Some(octets.trim_ascii_start()),
        }
    }

    /// Splits a code from a message that follows it without `text:`.
    fn set_error(&mut self, octets: &'a [u8]) {
        let end = octets.iter().position(u8::is_ascii_whitespace).unwrap_or(octets.len());
        let (code, rest) = octets.split_at_checked(end).unwrap_or((octets, &[]));
        let code = std::str::from_utf8(code).ok().map(|code| code.trim_matches(is_padding));
        self.err = code.filter(|code| !code.is_empty());
        if self.text.is_none() && !rest.trim_ascii().is_empty() {
            self.text = Some(rest.trim_ascii());
        }
    }
}

/// The first word of a trimmed value, without a separator that ends it.
fn first_word(value: &str) -> Option<&str> {
    value.split_ascii_whitespace().next().map(|word| word.trim_end_matches(SEPARATORS))
}

/// White space, and what some carriers write between the fields.
fn is_padding(letter: char) -> bool {
    letter.is_ascii_whitespace() || SEPARATORS.contains(&letter)
}

/// The key that begins at a position, and where its value begins. A key begins a word.
fn key_at(text: &[u8], position: usize) -> Option<(Key, usize)> {
    let before = position.checked_sub(1).and_then(|before| text.get(before));
    if before.is_some_and(|octet| !(is_padding(char::from(*octet)))) {
        return None;
    }
    KEYS.iter().find_map(|&(name, key)| match_key(text, position, name).map(|value_start| (key, value_start)))
}

/// Matches `name`, then spaces, then a colon; gives the position behind the colon.
fn match_key(text: &[u8], start: usize, name: &[u8]) -> Option<usize> {
    let is_gap = |octet: &u8| matches!(octet, b' ' | b'_' | b'\t');
    let skip_gap = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        from.saturating_add(rest.iter().take_while(|octet| is_gap(octet)).count())
    };
    let mut position = start;
    for &letter in name {
        if letter == b' ' {
            position = skip_gap(position);
        } else if text.get(position)?.eq_ignore_ascii_case(&letter) {
            position = position.saturating_add(1);
        } else {
            return None;
        }
    }
    position = skip_gap(position);
    (*text.get(position)? == b':').then(|| position.saturating_add(1))
}

/// Reads a date of a receipt, whose zone is the carrier's and not told.
///
/// Takes `YYMMDDhhmm`, `YYMMDDhhmmss`, `YYYYMMDDhhmm` and `YYYYMMDDhhmmss`, with or without separators. Twelve
/// digits that fit both forms are read with seconds.
#[must_use]
pub fn parse_date(date: &str) -> Option<CivilTime> {
    let mut digits = [0_u8; 14];
    let mut count = 0;
    for octet in date.bytes() {
        match octet {
            b'0'..=b'9' => {
                *digits.get_mut(count)? = octet - b'0';
                count += 1;
            }
            b' ' | b'-' | b':' | b'/' | b'.' | b'T' => {}
            _ => return None,
        }
    }
    let two =
        |index: usize| -> Option<u8> { Some(digits.get(index)? * 10 + digits.get(index.checked_add(1)?)?) };
    let read = |year_digits: usize, has_seconds: bool| -> Option<CivilTime> {
        let year = if year_digits == 4 {
            i32::from(two(0)?) * 100 + i32::from(two(2)?)
        } else {
            2000 + i32::from(two(0)?)
        };
        let at = |index: usize| two(year_digits.saturating_add(index));
        let second = if has_seconds { at(8)? } else { 0 };
        let time = CivilTime { year, month: at(0)?, day: at(2)?, hour: at(4)?, minute: at(6)?, second };
        time.is_valid().then_some(time)
    };
    match count {
        10 => read(2, false),
        12 => read(2, true).or_else(|| read(4, false)),
        14 => read(4, true),
        _ => None,
    }
}
