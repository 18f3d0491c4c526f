//! Conformance suites: what every adapter of a seam must do, as library code.
//!
//! An adapter calls a suite from its own tests. A suite fails by panicking and names the case.

pub mod channel;
pub mod store;
