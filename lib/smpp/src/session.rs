//! The parts of an SMPP session that can be decided without a socket: numbering, states, the window of open
//! requests, and the timers of a link.
//!
//! They hold no clock: each call takes `now_ms` on any clock that never goes back. The tasks of the server and
//! of the client compose them.

mod bind_state;
mod link_timers;
mod sequence;
mod window;

pub use bind_state::{BindState, Side};
pub use link_timers::{LinkAction, LinkTimerLimits, LinkTimers};
pub use sequence::Sequence;
pub use window::{InsertError, Window};
