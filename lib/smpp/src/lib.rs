//! SMPP 3.4 (and 5.0 where it differs) for both sides of a link: the codec, the framing, receipts, times
//! and the pure parts of a session.
//!
//! It never opens a socket, reads a clock, logs, or spawns anything. Decoding borrows from the frame and
//! encoding appends to the caller's buffer.
//!
//! Start reading at [`FrameCutter`], which cuts a byte stream into frames, then [`Pdu::decode`] and
//! [`Pdu::encode`]; [`session`] holds what a connection needs besides.

pub mod calendar;
mod command;
mod error;
mod frame;
mod header;
pub mod limits;
mod masked;
pub mod message_id;
mod message_state;
pub mod pdu;
mod read;
pub mod receipt;
pub mod redact;
pub mod session;
mod status;
pub mod time;
pub mod tlv;
mod write;

pub use command::CommandId;
pub use error::{DecodeError, Disposition, EncodeError, Field};
pub use frame::{FRAME_LIMIT, Frame, FrameCutter, FrameError, FrameFault};
pub use header::{HEADER_OCTETS, Header};
pub use message_state::MessageState;
pub use pdu::{
    Address, AlertNotification, Bind, BindResp, CancelSm, DataSm, Destination, DestinationBuffer,
    Destinations, MessageResp, MessageType, Outbind, Pdu, QuerySm, QuerySmResp, ReplaceSm, ShortMessage,
    Strictness, SubmitMulti, SubmitMultiResp, Unknown, Unsuccess, UnsuccessBuffer, UnsuccessList,
    write_deliver_sm_resp, write_header_only, write_submit_sm_resp,
};
pub use receipt::Receipt;
pub use status::CommandStatus;
pub use tlv::{NetworkErrorCode, Tag, Tlv, TlvBuffer, Tlvs};

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
