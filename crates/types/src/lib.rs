//! The values that every floor of Chappe speaks of: ids, money, time, phone numbers, messages,
//! refusals and configuration documents.
//!
//! Nothing here reads a clock, draws chance, logs or does I/O. Configuration documents derive
//! `serde` because they *are* documents; all other values are mapped by the crate that stores or
//! shows them. Start at [`message`].

pub mod access;
pub mod account;
pub mod address;
pub mod carrier_id;
pub mod catalog;
pub mod charge;
pub mod contact;
pub mod event;
pub mod form;
pub mod id;
pub mod inbound;
pub mod keyword;
pub mod message;
pub mod money;
pub mod network;
pub mod profile;
pub mod quiet;
pub mod receipt;
pub mod refusal;
pub mod region;
pub mod resource;
pub mod role;
pub mod sensitive;
pub mod span;
pub mod suppression;
pub mod time;

pub use sensitive::Sensitive;
