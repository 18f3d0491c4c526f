//! The recipients of a submission: texts, or objects with a reference and parameters of their own. Reading
//! stops keeping them beyond the limit, so that a long list cannot fill the memory.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use types::id::ContactId;
use types::message::RECIPIENTS_MAX;
use utoipa::ToSchema;

use super::template::Parameters;

/// One recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recipient {
    /// The number, as the caller wrote it.
    pub(crate) to: String,
    /// The caller's own reference for this message.
    pub(crate) client_reference: Option<String>,
    /// What stands in the text for this recipient.
    pub(super) parameters: Option<Parameters>,
    /// The contact that it is, where a group was named.
    pub(crate) contact: Option<ContactId>,
    /// The zone that the contact is known to be in.
    pub(crate) zone: Option<Box<str>>,
    /// How a refusal names its place: with `.to` behind it for an object.
    pub(crate) is_object: bool,
}

impl Recipient {
    /// A number without anything of its own.
    pub(super) const fn number(to: String) -> Self {
        Self { to, client_reference: None, parameters: None, contact: None, zone: None, is_object: false }
    }
}

/// A recipient with a reference and parameters of its own.
#[derive(Debug, Deserialize, serde::Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecipientObject {
    /// The number, with its country code.
    #[schema(example = "447911123456")]
    to: String,
    /// Your own reference for this message.
    #[schema(max_length = 255, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    client_reference: Option<String>,
    /// What stands in the text for this recipient: `{name}` becomes the value of `name`.
    #[schema(
        value_type = Option<std::collections::BTreeMap<String, String>>,
        example = json!({"name": "Ada"})
    )]
    parameters: Option<Parameters>,
}

/// A recipient as it may be written.
#[derive(serde::Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the shape that the hand-written reader takes")]
pub(crate) enum RecipientShape {
    /// The number, with its country code.
    Number(String),
    /// The number with a reference and parameters of its own.
    Object(RecipientObject),
}

impl<'de> Deserialize<'de> for Recipient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RecipientVisitor)
    }
}

struct RecipientVisitor;

impl<'de> Visitor<'de> for RecipientVisitor {
    type Value = Recipient;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an object with `to`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Recipient, E> {
        Ok(Recipient::number(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Recipient, A::Error> {
        let object = RecipientObject::deserialize(MapAccessDeserializer::new(map))?;
        let RecipientObject { to, client_reference, parameters } = object;
        Ok(Recipient { to, client_reference, parameters, contact: None, zone: None, is_object: true })
    }
}

/// The recipients of a submission: at most [`RECIPIENTS_MAX`] are kept, the others counted.
#[derive(Debug, Default)]
pub(crate) struct Recipients {
    /// Those that are kept.
    pub(crate) kept: Vec<Recipient>,
    /// How many more there were.
    pub(crate) excess: usize,
}

impl<'de> Deserialize<'de> for Recipients {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(RecipientsVisitor)
    }
}

struct RecipientsVisitor;

impl<'de> Visitor<'de> for RecipientsVisitor {
    type Value = Recipients;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of recipients")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Recipients, A::Error> {
        let mut recipients = Recipients::default();
        while recipients.kept.len() < RECIPIENTS_MAX {
            match items.next_element()? {
                Some(recipient) => recipients.kept.push(recipient),
                None => return Ok(recipients),
            }
        }
        while items.next_element::<IgnoredAny>()?.is_some() {
            recipients.excess += 1;
        }
        Ok(recipients)
    }
}
