//! Bound SMPP sessions of customers, as staff sees them: the list, closing one, and what went over it.
//!
//! A trace is kept in memory for as long as somebody looks at it, and shows numbers and texts only to who asks for
//! them. Start at [`SessionDesk`].

use std::net::IpAddr;

use types::id::AccountId;
use types::time::Timestamp;

/// PDUs that a trace remembers; of more, the oldest go.
pub const TRACE_PDUS_MAX: usize = 2_000;
/// Octets of the PDUs that a trace remembers; of more, the oldest go.
pub const TRACE_OCTETS_MAX: usize = 1024 * 1024;
/// Traces at once; nobody begins another before one of them has ended.
pub const TRACES_MAX: usize = 16;
/// Milliseconds after which a trace ends that nobody has looked at.
pub const TRACE_IDLE_MS: u64 = 60_000;
/// The most characters of a reason to see numbers and texts.
pub const REASON_CHARS_MAX: usize = 500;
/// Milliseconds between two looks of who watches a trace.
pub const TRACE_LOOK_MS: u64 = 1_000;

/// How a session is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindKind {
    /// It submits.
    Transmitter,
    /// It receives.
    Receiver,
    /// It does both.
    Transceiver,
}

impl BindKind {
    /// Whether the session takes reports.
    pub const fn receives(self) -> bool {
        !matches!(self, Self::Transmitter)
    }

    /// The name for people and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transmitter => "transmitter",
            Self::Receiver => "receiver",
            Self::Transceiver => "transceiver",
        }
    }
}

/// A bound session.
#[derive(Clone, Debug)]
pub struct SessionView {
    /// Its number since start.
    pub number: u64,
    /// Who bound.
    pub system_id: String,
    /// Whose it is.
    pub account: AccountId,
    /// The account's name.
    pub account_name: String,
    /// How it is bound.
    pub bind: BindKind,
    /// The version that is spoken, e.g. `3.4`.
    pub version: &'static str,
    /// Where it came from; behind a proxy that is trusted, what that says.
    pub peer: IpAddr,
    /// Whether it is encrypted.
    pub is_tls: bool,
    /// Since when it is bound.
    pub since: Timestamp,
    /// Messages handed in; a `submit_multi` counts once.
    pub submitted: u64,
    /// Requests that were refused because the session sent too fast.
    pub throttled: u64,
    /// Reports and inbound messages written.
    pub delivered: u64,
    /// Requests of the customer that wait for an answer.
    pub window_used: usize,
    /// `deliver_sm` that wait for a response.
    pub delivery_window_used: usize,
    /// Octets that the customer has not taken yet.
    pub output_octets: usize,
}

/// What of a PDU is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Everything but numbers, texts and passwords.
    Masked,
    /// Everything but passwords.
    Clear(Disclosure),
}

/// Who sees numbers and texts, and why. It is written into a journal before anything is shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Disclosure {
    /// Who looks.
    pub who: String,
    /// Why, in a sentence of their own; 1 to [`REASON_CHARS_MAX`] characters.
    pub reason: String,
}

/// A PDU that went over a session.
#[derive(Clone, Debug)]
pub struct TracedPdu {
    /// Its number in the trace, counted from one.
    pub number: u64,
    /// When it was read or written into the buffer.
    pub at: Timestamp,
    /// Whether the customer sent it.
    pub is_inbound: bool,
    /// The operation, e.g. `submit_sm`.
    pub name: &'static str,
    /// Its sequence number.
    pub sequence: u32,
    /// Its status by name; empty for a request.
    pub status: &'static str,
    /// Its fields in words.
    pub fields: String,
    /// Its octets.
    pub octets: Vec<u8>,
}

/// What a trace has remembered since it was last looked at.
#[derive(Clone, Debug, Default)]
pub struct TracePage {
    /// PDUs, the oldest first.
    pub pdus: Vec<TracedPdu>,
    /// What to ask for next.
    pub next: u64,
    /// PDUs that were forgotten before they were looked at.
    pub lost: u64,
    /// The session has ended: nothing more will come.
    pub is_over: bool,
}

/// Why a trace cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// No session has that number now.
    #[error("no session has this number now")]
    NoSession,
    /// Too many traces run.
    #[error("{TRACES_MAX} traces run already; wait until one has ended")]
    TooMany,
    /// The journal of who saw what could not be written, so that nothing was shown.
    #[error("the journal of traces cannot be written, so nothing is shown in the clear; look at the log")]
    NoJournal,
    /// A reason is missing, or longer than [`REASON_CHARS_MAX`].
    #[error("numbers and texts are shown for a reason of 1 to {REASON_CHARS_MAX} characters")]
    NoReason,
}

/// The bound sessions.
pub trait SessionDesk: Send + Sync {
    /// Every bound session, the oldest first.
    fn sessions(&self) -> Vec<SessionView>;

    /// Asks a session to take leave: it answers what it has in hand, unbinds and closes. False when there is none.
    fn close(&self, number: u64) -> bool;

    /// The PDUs of a session after a number (zero for the beginning). The first look begins the trace, with the
    /// bind; it ends by itself when nobody looks for [`TRACE_IDLE_MS`].
    ///
    /// # Errors
    /// [`TraceError`].
    fn trace(&self, number: u64, after: u64, shown: &Shown) -> Result<TracePage, TraceError>;

    /// What a trace remembers, as a capture file for a dissector: the PDUs in TCP segments that are made up.
    ///
    /// # Errors
    /// [`TraceError`].
    fn capture(&self, number: u64, shown: &Shown) -> Result<Vec<u8>, TraceError>;
}
