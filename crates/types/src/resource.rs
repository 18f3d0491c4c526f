//! What an account sets up under a name, and what becomes of it where somebody reviews it.
//!
//! Start at [`Document`].

use serde::{Deserialize, Serialize};

use crate::message::coded_enum;

coded_enum!(
    /// What a thing is that an account has set up under a name.
    ResourceKind {
        /// A group of contacts.
        Group = 0, "group";
        /// A sender's identity: a name or a number.
        Sender = 1, "sender";
        /// Senders of which one is chosen for each message.
        Pool = 2, "pool";
        /// A text with placeholders.
        Template = 3, "template";
        /// A text that is put before or behind others.
        Signature = 4, "signature";
    }
);

coded_enum!(
    /// Whether a thing may be used that somebody reviews.
    ReviewState {
        /// It may; nobody needs to review it, or somebody has.
        Approved = 0, "approved";
        /// It waits for its review.
        Pending = 1, "pending";
        /// It was reviewed, and may not.
        Rejected = 2, "rejected";
        /// It might be used for a while, and may not any more.
        Revoked = 3, "revoked";
    }
);

/// The most characters of a name.
pub const NAME_CHARS_MAX: usize = 64;
/// The most characters of a description.
pub const DESCRIPTION_CHARS_MAX: usize = 200;

/// What is set of a group of contacts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// What it is for; empty for nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// What is set of a sender's identity; its name is the sender itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// Two letters of each country for which it is meant; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<String>,
    /// What the account says that it is for; empty for nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub purpose: String,
    /// What the operator says of its review; empty for nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// What is set of a thing, by its kind. Versions to come may add members, which are read over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// A group of contacts.
    Group(Group),
    /// A sender's identity.
    Sender(Sender),
}

impl Document {
    /// What it is set of.
    pub const fn kind(&self) -> ResourceKind {
        match self {
            Self::Group(_) => ResourceKind::Group,
            Self::Sender(_) => ResourceKind::Sender,
        }
    }

    /// Reads what [`Document::write`] wrote; `None` for what no version wrote, and for a kind of which this
    /// version knows nothing.
    pub fn read(kind: ResourceKind, text: &str) -> Option<Self> {
        match kind {
            ResourceKind::Group => serde_json::from_str(text).ok().map(Self::Group),
            ResourceKind::Sender => serde_json::from_str(text).ok().map(Self::Sender),
            ResourceKind::Pool | ResourceKind::Template | ResourceKind::Signature => None,
        }
    }

    /// The document as JSON.
    pub fn write(&self) -> String {
        let written = match self {
            Self::Group(group) => serde_json::to_string(group),
            Self::Sender(sender) => serde_json::to_string(sender),
        };
        // Texts and numbers can always be written.
        written.unwrap_or_default()
    }
}

/// Whether a text can be a name: 1 to [`NAME_CHARS_MAX`] characters, none of them a control character, and
/// no blank at either end.
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && text.chars().count() <= NAME_CHARS_MAX
        && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::{Document, Group, ResourceKind, Sender, is_name};

    #[test]
    fn documents_lead_back_and_later_members_are_read_over() {
        let group = Document::Group(Group { description: "żółw".to_owned() });
        assert_eq!(Document::read(ResourceKind::Group, &group.write()), Some(group));
        let sender =
            Sender { countries: vec!["GB".to_owned()], purpose: "\"".to_owned(), note: String::new() };
        let sender = Document::Sender(sender);
        assert_eq!(Document::read(ResourceKind::Sender, &sender.write()), Some(sender));
        let later = Document::read(ResourceKind::Group, r#"{"colour": "red"}"#);
        assert_eq!(later, Some(Document::Group(Group::default())));
        assert_eq!(Document::read(ResourceKind::Group, ""), None);
    }

    #[test]
    fn names_can_be_read() {
        let cases = [("a", true), ("VIP customers, Łódź", true), ("", false), (" a", false), ("a\n", false)];
        for (text, expected) in cases {
            assert_eq!(is_name(text), expected, "{text:?}");
        }
        assert!(is_name(&"é".repeat(64)) && !is_name(&"é".repeat(65)));
    }
}
