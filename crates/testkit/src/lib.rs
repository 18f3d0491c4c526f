//! What tests and measurements need and nobody ships.
//!
//! It is never part of a product's binary. Start at [`load`], the traffic generator with its peers, or
//! at [`postgres`], a database server for tests.

pub mod load;
pub mod postgres;
