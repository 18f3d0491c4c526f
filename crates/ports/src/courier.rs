//! The courier: one outbound HTTP client for everything that the platform calls on behalf of
//! customers, with its guard against requests to the inside of the operator's network.
//!
//! The contract. Redirects are never followed. The address that was checked is the address that is
//! connected to. At most [`ANSWER_OCTETS_MAX`] of the answer are kept. No environment proxy is used.

use types::Sensitive;

use crate::{BoxFuture, Disposition};

/// Octets of an answer that are kept.
pub const ANSWER_OCTETS_MAX: usize = 65_536;
/// Milliseconds for the whole call.
pub const CALL_TIMEOUT_MS: u64 = 15_000;
/// Milliseconds to connect.
pub const CONNECT_TIMEOUT_MS: u64 = 5_000;

/// The method of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Fields in the query, no body.
    Get,
    /// A body.
    Post,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The full address with its query.
    pub url: Sensitive<String>,
    /// Header names and values, without those that HTTP itself needs.
    pub headers: Vec<(String, Sensitive<String>)>,
    /// The body; empty for none.
    pub body: Sensitive<Vec<u8>>,
    /// Whether private addresses and plain HTTP are allowed (the demo account, connectors of the operator).
    pub allow_private: bool,
    /// Milliseconds for the whole call.
    pub timeout_ms: u64,
}

/// What the other side answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `Retry-After` in seconds, if one was given.
    pub retry_after_s: Option<u32>,
    /// The first octets of the body.
    pub body: Sensitive<Vec<u8>>,
}

/// Makes calls.
pub trait Courier: Send + Sync {
    /// Makes one call. Dropping the future gives the call up.
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, CourierError>>;
}

/// Why a call got no answer. No variant carries the address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CourierError {
    /// The address is not one that may be called.
    #[error("the address may not be called: {reason}")]
    Forbidden {
        /// Which rule, e.g. `private address`.
        reason: &'static str,
    },
    /// No connection came about; nothing was sent.
    #[error("no connection: {reason}")]
    NotConnected {
        /// What failed, e.g. `refused`, `name not found`, `TLS`.
        reason: &'static str,
    },
    /// The request may have arrived, but no answer came.
    #[error("no answer: {reason}")]
    NoAnswer {
        /// What failed, e.g. `timed out`, `connection lost`.
        reason: &'static str,
    },
}

impl CourierError {
    /// What a caller may do.
    pub const fn disposition(&self) -> Disposition {
        match self {
            Self::Forbidden { .. } => Disposition::Never,
            Self::NotConnected { .. } => Disposition::Later,
            Self::NoAnswer { .. } => Disposition::Unknown,
        }
    }
}
