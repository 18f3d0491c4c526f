//! Accounts, their credentials and where their events are told.

use crate::event::EventTypes;
use crate::id::{AccountId, EndpointId, PublicId};
use crate::message::{Class, coded_enum};
use crate::money::Unit;
use crate::region::Region;
use crate::sensitive::Sensitive;
use crate::time::Timestamp;

/// The most accounts above one on the path of resellers. A path that is longer, or comes back to an
/// account of its own, cannot be priced.
pub const PATH_DEPTH_MAX: usize = 16;

/// The most accounts below one, at all depths together, that are made by its people and keys.
pub const BELOW_MAX: usize = 10_000;

coded_enum!(
    /// Whether an account may submit.
    AccountState {
        /// It may.
        Active = 0, "active";
        /// It may not, until a person lifts it.
        Suspended = 1, "suspended";
        /// It is closed.
        Closed = 2, "closed";
    }
);

/// A customer. Accounts form a path for resellers through `parent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Its public 128-bit id (`AC` and 32 hexadecimal digits in the Twilio dialect).
    pub sid: PublicId,
    /// The reseller above it; `None` for the operator's own customer.
    pub parent: Option<AccountId>,
    /// Its name, unique in the installation.
    pub name: String,
    /// Whether it may submit.
    pub state: AccountState,
    /// The unit that it pays in.
    pub unit: Unit,
    /// The price book that it buys from.
    pub price_book: String,
    /// The region of its data; `None` for the profile's.
    pub region: Option<Region>,
    /// The class of messages that state none.
    pub default_class: Class,
    /// Where events of messages without an own wish are told.
    pub default_endpoint: Option<EndpointId>,
    /// Limits on what it may do at once.
    pub limits: AccountLimits,
    /// Whether it may be called back at private addresses and over plain HTTP: the demo account.
    pub allow_private_callbacks: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Limits of an account; zero lifts a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountLimits {
    /// Messages per second over all doors.
    pub rate_per_second: u32,
    /// Outstanding PDUs per SMPP session.
    pub window: u32,
    /// SMPP sessions at once.
    pub binds: u32,
    /// Seconds within which the same text to the same number is refused in the dialects that promise it.
    pub repeat_guard_s: u32,
}

/// The public id of an account as it is written: `AC` and 32 hexadecimal digits.
pub fn write_sid(sid: PublicId) -> String {
    format!("AC{}", sid.hex())
}

/// Reads what [`write_sid`] writes; `None` for everything else.
pub fn parse_sid(text: &str) -> Option<PublicId> {
    let digits = text.strip_prefix("AC").filter(|digits| digits.len() == 32)?;
    PublicId::parse(digits).filter(|sid| write_sid(*sid) == text)
}

impl Default for AccountLimits {
    fn default() -> Self {
        Self { rate_per_second: 100, window: 100, binds: 10, repeat_guard_s: 3 }
    }
}

coded_enum!(
    /// What a credential opens.
    CredentialKind {
        /// An API key with its secret: every HTTP door.
        ApiKey = 0, "api_key";
        /// A system id with its password: the SMPP door.
        Smpp = 1, "smpp";
    }
);

/// A secret that is being replaced: it is still good for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldSecret {
    /// The secret.
    pub secret: Sensitive<String>,
    /// Until when it is good.
    pub until: Timestamp,
}

impl OldSecret {
    /// Whether it is still good.
    pub fn is_good(&self, now: Timestamp) -> bool {
        now < self.until
    }
}

coded_enum!(
    /// How events are told at an endpoint.
    EndpointKind {
        /// Standard Webhooks: signed JSON by POST.
        Webhook = 0, "webhook";
        /// `deliver_sm` on whichever bind of the account can take it.
        Smpp = 1, "smpp";
        /// PaaSoo's GET with the fields in the query.
        Paasoo = 2, "paasoo";
        /// Twilio's form by POST, signed with the account's first API key.
        Twilio = 3, "twilio";
        /// The form of Vonage's SMS API by POST, signed with the account's first API key.
        Vonage = 4, "vonage";
        /// The JSON of Vonage's Messages API, with a token by the account's first API key.
        VonageMessages = 5, "vonage_messages";
        /// GET at an address in which names in braces stand for what has happened.
        Template = 6, "template";
        /// Smstools' signed JSON by POST.
        Smstools = 7, "smstools";
    }
);

impl EndpointKind {
    /// Whether what is told there is signed with the endpoint's own secret.
    pub const fn has_secret(self) -> bool {
        matches!(self, Self::Webhook | Self::Smstools)
    }

    /// Whether the steps of a message are told there too, and not its end alone.
    pub const fn hears_steps(self) -> bool {
        !matches!(self, Self::Smpp | Self::Paasoo | Self::Smstools)
    }
}

/// Where events of an account are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its number.
    pub id: EndpointId,
    /// Whose it is.
    pub account: AccountId,
    /// How events are told.
    pub kind: EndpointKind,
    /// The address to call; empty for SMPP.
    pub url: Sensitive<String>,
    /// The secret that signs; empty where nothing is signed.
    pub secret: Sensitive<String>,
    /// The secret before, which signs beside it for a while.
    pub old_secret: Option<OldSecret>,
    /// What its owner calls it; empty for nothing.
    pub description: String,
    /// Which events it wants to hear.
    pub wants: EventTypes,
    /// Whether it hears of all messages of its account, not only of those that name it.
    pub standing: bool,
    /// Whether it was switched off, by a person or by a 410.
    pub disabled: bool,
    /// Whether its owner took it away: nothing is told there any more, and it is shown to nobody.
    pub removed: bool,
}

impl Endpoint {
    /// The secrets that sign now, the newest first.
    pub fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &Sensitive<String>> {
        let old = self.old_secret.iter().filter(move |old| old.is_good(now)).map(|old| &old.secret);
        std::iter::once(&self.secret).chain(old)
    }
}

#[cfg(test)]
mod tests {
    use super::{parse_sid, write_sid};
    use crate::id::{PublicId, RowKey};

    #[test]
    fn a_written_id_leads_back_and_no_other_text_leads_anywhere() {
        let sid = PublicId::new(RowKey::from_parts(1_795_000_000_123, 77), 9);
        let text = write_sid(sid);
        assert_eq!(parse_sid(&text), Some(sid));
        let wrong =
            ["", "AC", "98", &text[2..], &text[..33], &text.to_uppercase(), &format!("{text}0"), &sid.uuid()];
        for text in wrong {
            assert_eq!(parse_sid(text), None, "{text}");
        }
    }
}
