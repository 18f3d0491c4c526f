//! Pure decisions: may this be sent, what does it cost, where does it go, what happens next.
//!
//! Nothing here reads a clock, draws chance, logs or does I/O: facts, a [`snapshot::Snapshot`] of
//! the configuration and `now` come in, a verdict with reasons comes out. Start at [`admit`] for
//! the door and at [`lifecycle`] for everything after it.

pub mod admit;
pub mod budget;
pub mod contact;
pub mod cost;
pub mod invariant;
pub mod keyword;
pub mod ledger;
pub mod lifecycle;
pub mod limits;
pub mod loops;
pub mod notice;
pub mod numbering;
pub mod path;
pub mod pool;
pub mod prefix;
pub mod price;
pub mod quiet;
pub mod route;
pub mod sender;
pub mod snapshot;
pub mod template;
pub mod terms;
pub mod text;
pub mod wording;
pub mod zone;
