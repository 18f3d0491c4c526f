//! What an account sets up under a name, and what becomes of it where somebody reviews it.
//!
//! Start at [`Document`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::message::coded_enum;
use crate::quiet::QuietHoursText;

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
        /// Hours at which the account's recipients are not disturbed; there is one of the kind.
        Quiet = 5, "quiet";
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
        /// Its account still works on it; nobody was asked to review it.
        Draft = 4, "draft";
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

coded_enum!(
    /// What a phone that writes STOP to a number of a pool wants no more of.
    OptOutScope {
        /// Messages of the account.
        Account = 0, "account";
        /// Messages of the pool.
        Pool = 1, "pool";
    }
);

coded_enum!(
    /// Why a sender of a pool was chosen.
    ChosenBy {
        /// The recipient heard from it before.
        Memory = 1, "memory";
        /// It is of the recipient's country.
        Country = 2, "country";
        /// Recipients are spread over the senders, each to one of them.
        Spread = 3, "spread";
    }
);

/// The most senders of a pool.
pub const POOL_MEMBERS_MAX: usize = 100;
/// The most answers to keywords of a pool.
pub const POOL_REPLIES_MAX: usize = 60;
/// What stands before a pool's name or id where a sender is expected.
pub const POOL_PREFIX: &str = "pool:";

/// The pool that an address names where a sender is expected: what stands behind [`POOL_PREFIX`].
pub fn pool_named(source: &Address) -> Option<&str> {
    std::str::from_utf8(&source.octets).ok()?.strip_prefix(POOL_PREFIX).filter(|name| !name.is_empty())
}

/// The address that names a pool where a sender is expected; see [`pool_named`].
pub fn pool_address(pool: &str) -> Address {
    Address::from_text(&format!("{POOL_PREFIX}{pool}"))
}

/// A sender of a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolMember {
    /// The sender: a name or a number of the account.
    pub sender: String,
    /// Whether it is switched off: it is not chosen until it is switched on again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub off: bool,
}

/// What phones are answered that write a keyword to a number of a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolReply {
    /// The name of the keyword: `stop`, `start` or `help`.
    pub keyword: String,
    /// For words of this language, by two letters such as `de`; empty for those of any other.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub language: String,
    /// The answer.
    pub text: String,
}

/// What is set of a pool of senders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// What it is for; empty for nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The senders.
    #[serde(default)]
    pub members: Vec<PoolMember>,
    /// Whether a recipient hears from whichever sender it heard from before only by chance.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forgets_senders: bool,
    /// Whether numbers of the recipient's country do not go before others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignores_countries: bool,
    /// The name of an [`OptOutScope`]; empty for the account.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub opt_out: String,
    /// What phones are answered; for what is not here they are answered what the account has set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replies: Vec<PoolReply>,
}

impl Pool {
    /// What a phone that writes STOP wants no more of.
    pub fn opt_out_scope(&self) -> OptOutScope {
        OptOutScope::parse(&self.opt_out).unwrap_or(OptOutScope::Account)
    }
}

/// The quiet hours of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {
    /// The hours.
    pub hours: QuietHoursText,
    /// The classes of the messages that they are for.
    pub classes: Vec<String>,
}

/// Versions of a template that are kept, besides the one in force.
pub const TEMPLATE_VERSIONS_MAX: usize = 20;

/// A version of a template's text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateVersion {
    /// Counted from one.
    pub number: u32,
    /// The text with its placeholders.
    pub text: String,
    /// What stands for each placeholder, for example.
    #[serde(default)]
    pub examples: BTreeMap<String, String>,
    /// The name of the [`ReviewState`] that it came to.
    pub state: String,
    /// What the operator says of its review; empty for nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// When it came to this state, in milliseconds.
    #[serde(default)]
    pub at_ms: i64,
}

impl TemplateVersion {
    /// What became of its review; what cannot be read was not approved.
    pub fn review(&self) -> ReviewState {
        ReviewState::parse(&self.state).unwrap_or(ReviewState::Draft)
    }
}

/// What is set of a template: its versions, the oldest first. The state of the newest is that of the template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// The versions, at most [`TEMPLATE_VERSIONS_MAX`] and the one in force.
    #[serde(default)]
    pub versions: Vec<TemplateVersion>,
}

impl Template {
    /// The version in force: the newest that was approved, unless the approval of a newer one was taken back.
    pub fn in_force(&self) -> Option<&TemplateVersion> {
        let reviewed = |version: &&TemplateVersion| {
            matches!(version.review(), ReviewState::Approved | ReviewState::Revoked)
        };
        let newest = self.versions.iter().rev().find(reviewed)?;
        Some(newest).filter(|version| version.review() == ReviewState::Approved)
    }
}

/// What is set of a signature; its name is the signature itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// What the account says that it stands for; empty for nothing.
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
    /// A pool of senders.
    Pool(Pool),
    /// The quiet hours of an account.
    Quiet(Quiet),
    /// A template.
    Template(Template),
    /// A signature.
    Signature(Signature),
}

impl Document {
    /// What it is set of.
    pub const fn kind(&self) -> ResourceKind {
        match self {
            Self::Group(_) => ResourceKind::Group,
            Self::Sender(_) => ResourceKind::Sender,
            Self::Pool(_) => ResourceKind::Pool,
            Self::Quiet(_) => ResourceKind::Quiet,
            Self::Template(_) => ResourceKind::Template,
            Self::Signature(_) => ResourceKind::Signature,
        }
    }

    /// Reads what [`Document::write`] wrote; `None` for what no version wrote.
    pub fn read(kind: ResourceKind, text: &str) -> Option<Self> {
        match kind {
            ResourceKind::Group => serde_json::from_str(text).ok().map(Self::Group),
            ResourceKind::Sender => serde_json::from_str(text).ok().map(Self::Sender),
            ResourceKind::Pool => serde_json::from_str(text).ok().map(Self::Pool),
            ResourceKind::Quiet => serde_json::from_str(text).ok().map(Self::Quiet),
            ResourceKind::Template => serde_json::from_str(text).ok().map(Self::Template),
            ResourceKind::Signature => serde_json::from_str(text).ok().map(Self::Signature),
        }
    }

    /// The document as JSON.
    pub fn write(&self) -> String {
        let written = match self {
            Self::Group(group) => serde_json::to_string(group),
            Self::Sender(sender) => serde_json::to_string(sender),
            Self::Pool(pool) => serde_json::to_string(pool),
            Self::Quiet(quiet) => serde_json::to_string(quiet),
            Self::Template(template) => serde_json::to_string(template),
            Self::Signature(signature) => serde_json::to_string(signature),
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
    use super::{
        Document, Group, OptOutScope, Pool, PoolMember, ResourceKind, Sender, is_name, pool_address,
        pool_named,
    };
    use crate::address::Address;

    #[test]
    fn a_pool_is_named_by_an_address_and_asks_little_where_nothing_is_set() {
        assert_eq!(pool_named(&pool_address("marketing UK")), Some("marketing UK"));
        for text in ["pool:", "ACME", "POOL:x", ""] {
            assert_eq!(pool_named(&Address::from_text(text)), None, "{text}");
        }
        let members = vec![PoolMember { sender: "ACME".to_owned(), off: false }];
        let pool = Document::Pool(Pool { members, ..Pool::default() });
        assert_eq!(pool.write(), r#"{"members":[{"sender":"ACME"}]}"#);
        let Some(Document::Pool(read)) = Document::read(ResourceKind::Pool, &pool.write()) else { panic!() };
        assert_eq!((read.opt_out_scope(), &Document::Pool(read)), (OptOutScope::Account, &pool));
    }

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
