//! What tests and measurements need and nobody ships.
//!
//! It is never part of a product's binary. Start at [`load`], the traffic generator with its peers, at
//! [`fault`], the proxy that spoils connections, at [`wire`], a hand-driven end of an SMPP link, or at
//! [`postgres`], a database server for tests.

pub mod fault;
pub mod load;
pub mod postgres;
mod random;
mod usage;
pub mod wire;
