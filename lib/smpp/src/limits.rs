//! The field limits of SMPP 3.4 (section 4), in octets and without the final NUL.
//!
//! They are enforced by every encoder and by `Strictness::Exact` decoding; nothing here is a policy.

/// Longest `system_id`.
pub const SYSTEM_ID: usize = 15;
/// Longest `password`.
pub const PASSWORD: usize = 8;
/// Longest `system_type`.
pub const SYSTEM_TYPE: usize = 12;
/// Longest `address_range`.
pub const ADDRESS_RANGE: usize = 40;
/// Longest `service_type`.
pub const SERVICE_TYPE: usize = 5;
/// Longest address in every operation except those of [`LONG_ADDRESS`].
pub const ADDRESS: usize = 20;
/// Longest address in `data_sm` and `alert_notification`.
pub const LONG_ADDRESS: usize = 64;
/// Longest `message_id`.
pub const MESSAGE_ID: usize = 64;
/// Longest distribution list name.
pub const DISTRIBUTION_LIST: usize = 20;
/// Length of a time that is present; an absent one is empty (SMPP 3.4, 7.1).
pub const TIME: usize = 16;
/// Longest `short_message`; longer texts travel in the `message_payload` TLV.
pub const SHORT_MESSAGE: usize = 254;
/// Most destinations of one `submit_multi`.
pub const DESTINATIONS: usize = 254;
