//! What tests and measurements need and nobody ships.
//!
//! It is never part of a product's binary. Start at [`load`], the traffic generator with its peers.

pub mod load;
