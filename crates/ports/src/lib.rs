//! The seams of Chappe as traits, each with its contract in prose: store, channel, clock, chance
//! and key vault. `app` knows these and never an adapter; an adapter knows these and never `app`.
//!
//! Start at [`store`] for what is kept and [`channel`] for how messages leave.

pub mod channel;
pub mod clock;
pub mod conformance;
pub mod courier;
pub mod entropy;
pub mod phones;
pub mod sessions;
pub mod store;
pub mod vault;

/// A boxed future, for async methods of seams.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a caller may do after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// The same call may work at once.
    Retry,
    /// The same call may work later.
    Later,
    /// The same call never works.
    Never,
    /// Nobody knows whether the call had its effect; look before repeating it.
    Unknown,
}
