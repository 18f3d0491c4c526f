//! Debug output that tells the length of personal or secret octets and never the octets themselves.

use std::fmt;

/// Octets that may hold a phone number, a text or a password.
pub(crate) struct Masked<'a>(pub(crate) &'a [u8]);

impl fmt::Debug for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} octets>", self.0.len())
    }
}

/// Octets that name something of the protocol and may be shown.
pub(crate) struct Plain<'a>(pub(crate) &'a [u8]);

impl fmt::Debug for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}
