//! The SMPP door: the server side of SMPP 3.4, plain and over TLS, for customers who bind to Chappe.
//!
//! It reads PDUs, asks the core, and writes answers and receipts. It never decides what a message costs
//! or where it goes, never keeps anything beyond a session, and never logs an address, a text or a
//! password.
//!
//! Start at [`Smsc`], which accepts connections, then at `session`, the one task of a connection.

mod connections;
mod deliver;
mod desk;
mod door;
mod draft;
mod guard;
mod limits;
mod link;
mod outbind;
mod outbox;
mod proxy;
mod session;
mod sessions;
mod settings;
mod status;
#[cfg(test)]
mod tests;
mod trace;

pub use door::Smsc;
pub use limits::Limits;
pub use ports::sessions::{BindKind, SessionView};
pub use sessions::SessionsHandle;
pub use settings::{OUTBINDS_MAX, Outbind, Settings};
pub use status::{
    STATUS_ACCOUNT_SUSPENDED, STATUS_FORBIDDEN, STATUS_INSUFFICIENT_BALANCE, STATUS_RECIPIENT_SUPPRESSED,
    STATUS_REPEATED_MESSAGE, status_of,
};
