//! The text of octets in a customer's or carrier's own coding, for people to read: see [`decide::text`].

pub(crate) use decide::text::{of_content, of_octets};
