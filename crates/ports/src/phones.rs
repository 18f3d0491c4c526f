//! Simulated phones and the mailbox of the sandbox, as the console sees them.
//!
//! Only an installation with simulated parties has them; `serve` has none unless its file says so.

use types::Sensitive;
use types::address::Msisdn;
use types::time::Timestamp;

use crate::BoxFuture;

/// The most phones that are kept; the one that was quiet longest goes first.
pub const PHONES_MAX: usize = 200;
/// The most bubbles kept of one phone; the oldest go first.
pub const BUBBLES_MAX: usize = 200;
/// The most mails that are kept; the oldest go first.
pub const MAILS_MAX: usize = 500;

/// Who wrote a bubble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A message that reached the phone.
    Received,
    /// An answer typed on the phone.
    Sent,
}

/// One message as a phone shows it: parts joined, text decoded.
#[derive(Clone, Debug)]
pub struct Bubble {
    /// Who wrote it.
    pub direction: Direction,
    /// The other side: sender or addressee as shown.
    pub peer: String,
    /// The text.
    pub text: Sensitive<String>,
    /// Parts that it came in.
    pub parts: u8,
    /// When.
    pub at: Timestamp,
    /// The carrier's id of its first part, by which its story is found; empty for answers.
    pub carrier_id: String,
    /// What the carrier did with it, e.g. `delivered` or `undeliverable`.
    pub fate: &'static str,
}

/// A phone and its newest bubbles, oldest first.
#[derive(Clone, Debug)]
pub struct Phone {
    /// Its number.
    pub number: Msisdn,
    /// Bubbles, oldest first.
    pub bubbles: Vec<Bubble>,
    /// When something last happened.
    pub active_at: Timestamp,
}

/// The simulated phones.
pub trait PhoneDesk: Send + Sync {
    /// Phones, the most recently active first, at most `limit`.
    fn phones(&self, limit: usize) -> Vec<Phone>;

    /// One phone.
    fn phone(&self, number: Msisdn) -> Option<Phone>;

    /// Writes an answer from a phone; false when no link can carry it.
    fn answer(&self, number: Msisdn, to: &str, text: &str) -> BoxFuture<'_, bool>;

    /// Counts changes; a page that shows phones asks again when it moves.
    fn revision(&self) -> u64;
}

/// A mail that went out.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The addressee.
    pub to: Sensitive<String>,
    /// The subject line.
    pub subject: String,
    /// The body as plain text.
    pub text: Sensitive<String>,
    /// When.
    pub at: Timestamp,
}

/// Sends mail.
pub trait Mailer: Send + Sync {
    /// Hands a mail over. A mail that cannot be handed over is logged by the mailer, without its content.
    fn send(&self, mail: Mail);
}

/// The mailbox of the sandbox: what went out, newest first.
pub trait MailDesk: Send + Sync {
    /// Mails, newest first.
    fn mails(&self) -> Vec<Mail>;
}
