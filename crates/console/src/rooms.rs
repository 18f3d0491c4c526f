//! The rooms of the console, one file each: it asks the desk, and a template shows the answer.
//!
//! Rooms hold no state and decide nothing. Start at `story`, to which every other room leads.

pub(crate) mod account;
pub(crate) mod accounts;
pub(crate) mod contacts;
pub(crate) mod forms;
pub(crate) mod help;
pub(crate) mod mailbox;
pub(crate) mod messages;
pub(crate) mod numbers;
pub(crate) mod overview;
pub(crate) mod phones;
pub(crate) mod quarantine;
pub(crate) mod reviews;
pub(crate) mod send;
pub(crate) mod senders;
pub(crate) mod sessions;
pub(crate) mod sign_in;
pub(crate) mod staff;
pub(crate) mod story;
pub(crate) mod suppressions;
pub(crate) mod traffic;
pub(crate) mod tree;
