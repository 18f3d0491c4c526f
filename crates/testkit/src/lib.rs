//! What tests and measurements need and nobody ships.
//!
//! It is never part of a product's binary. Start at [`load`], the traffic generator with its peers, or at
//! [`fault`], the proxy that spoils connections, or at [`wire`], a hand-driven end of an SMPP link.

pub mod fault;
pub mod load;
mod random;
pub mod wire;
