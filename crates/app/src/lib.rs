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
mod maps;
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
    About, BindHandle, ConnectorView, Core, DeliveryQuery, DeliveryView, EndpointPatch, EndpointView,
    EndpointWish, HouseFigures, InboundNumberView, KeyPatch, KeyView, KeyWish, KeywordReplies,
    KeywordReplyPatch, LiveFigures, MessageQuery, NUMBERS_AT_ONCE_MAX, NewAccount, NumberView,
    OVERLAP_MS_DEFAULT, Person, PriceList, Rate, ReplayWish, SUPPRESSED_AT_ONCE_MAX, Scope, ShownCredential,
    ShownKey, SuppressionQuery, SuppressionView, SuppressionWish, VersionView,
};
pub use crate::engine::EngineError;
pub use crate::notify::TestCall;
pub use crate::people::place_of;
pub use crate::runtime::{EngineThread, Parts, Stepper, Turn, start, start_stepped};
pub use ports::store::EventStatus;
