//! The simulated parties of the sandbox: a carrier that speaks real SMPP over a real socket, the phones behind
//! it, and a mailbox.
//!
//! Nothing here reaches a network outside: a message that this carrier takes ends on a simulated phone. It
//! prints nothing and logs no address and no text; the carrier's own file of accepted parts, which tests and
//! benches ask for by path, is the one exception. Start at [`Carrier::start`].

mod carrier;
mod mailbox;
mod phones;

pub use carrier::{Carrier, CarrierCounts, CarrierOptions, RECEIPTS_HELD_MAX, StartError};
pub use mailbox::Mailbox;
