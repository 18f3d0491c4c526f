//! Data on their way: a backup of one state, bringing it back, and moving to the other engine.
//!
//! Everything goes through the same copy (`copy`): the tables of truth, as the schema names them
//! (`tables`), read from a source and written to a sink, a piece at a time, with a tally that does not
//! depend on the engine (`row`). What is derived is made anew by the engine that gets the data. A place
//! that is being filled is never taken for one that is whole: a file has another name until then, a
//! database a mark (`marks`).
//!
//! No engine's rows are changed here but by `landing`, before a place is put into use. Start at
//! [`back_up`], [`restore`] and [`move_store`].

mod archive;
mod backup;
mod copy;
mod copy_in;
mod error;
mod landing;
pub(crate) mod marks;
mod migrate;
mod places;
mod postgres;
mod restore;
pub(crate) mod row;
pub(crate) mod sqlite;
mod tables;

pub use backup::{Backup, BackupOptions, KeyWish, back_up, inspect, verify};
pub use copy::{Moment, Phase};
pub use error::PortableError;
pub use landing::Queued;
pub use migrate::{MoveOptions, Moved, move_store, take_back};
pub use places::{Again, Place};
pub use restore::{RestoreOptions, Restored, restore};
