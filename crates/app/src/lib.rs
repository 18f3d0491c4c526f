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
    About, AccountPatch, AccountView, AccountWish, BindHandle, CONTACTS_AT_ONCE_MAX, CONTACTS_MAX,
    ConnectorView, ContactPatch, ContactQuery, ContactView, Core, DeliveryQuery, DeliveryView, Direction,
    EndpointPatch, EndpointView, EndpointWish, GROUPS_MAX, GroupMembers, GroupPatch, GroupView, HouseFigures,
    Imported, InboundNumberView, KeyPatch, KeyView, KeyWish, KeywordReplies, KeywordReplyPatch, LimitsPatch,
    LiveFigures, MessageQuery, NUMBERS_AT_ONCE_MAX, NewAccount, NumberView, OVERLAP_MS_DEFAULT, POOLS_MAX,
    Person, PoolMemberView, PoolPatch, PoolView, PriceList, Rate, ReplayWish, SENDERS_MAX, SIGNATURES_MAX,
    SUPPRESSED_AT_ONCE_MAX, Scope, SenderView, SenderWish, ShownCredential, ShownKey, SignatureView,
    SuppressionQuery, SuppressionView, SuppressionWish, TEMPLATES_MAX, TemplateView, TemplateWish,
    TreeFigures, TreeQuery, VersionView, read_contacts,
};
pub use crate::engine::{EngineError, Membership};
pub use crate::notify::TestCall;
pub use crate::people::place_of;
pub use crate::runtime::{EngineThread, Parts, Stepper, Turn, start, start_stepped};
pub use ports::store::EventStatus;
