//! The shell around the deciding core: it loads facts, asks `decide`, commits the answer in one
//! batch and performs effects afterwards. It knows seams (`ports`), never an adapter.
//!
//! Start at [`Core`], the handle that doors hold, then at `engine`.

mod core;
pub mod detail;
mod engine;
mod explain;
pub mod history;
mod inbox;
mod keys;
mod lookup;
mod metrics;
mod notify;
mod people;
pub mod report;
mod runtime;
mod seal;
mod sealed;
mod secret;
mod shared;
pub mod submission;
mod text;

pub use crate::core::{
    BindHandle, ConnectorView, Core, EndpointView, HouseFigures, LiveFigures, MessageQuery, NewAccount,
    Person, Scope, ShownCredential, VersionView,
};
pub use crate::engine::EngineError;
pub use crate::people::place_of;
pub use crate::runtime::{EngineThread, Parts, Stepper, Turn, start, start_stepped};
