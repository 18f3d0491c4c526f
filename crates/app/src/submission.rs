//! What doors hand in and what they get back.
//!
//! Every door submits through [`crate::Core::submit`]; there is no other way in. A submission is
//! taken wholly or not at all: one bad recipient refuses it, naming each.

use std::sync::Arc;

use decide::admit::Plan;
use types::Sensitive;
use types::access::KeyScopes;
use types::account::CredentialKind;
use types::address::Address;
use types::id::{AccountId, CredentialId, MessageId, SubmissionId};
use types::message::{Door, Draft, State};
use types::money::Money;
use types::quiet::TimeFinding;
use types::refusal::Refusal;
use types::time::Timestamp;

/// Who calls: an account and the credential that opened the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub account: AccountId,
    /// The credential.
    pub credential: CredentialId,
    /// What kind of credential.
    pub kind: CredentialKind,
}

/// Who calls with an API key, and what the key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyAccess {
    /// Who calls.
    pub caller: Caller,
    /// What the key may do.
    pub scopes: KeyScopes,
}

/// The outcome of a request that is done once under its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done<T> {
    /// What it made or changed, as it is now.
    pub value: T,
    /// Whether the same request had done so before.
    pub replayed: bool,
}

/// An idempotency key and the hash of the request that it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The key as the customer wrote it, 1 to 255 visible characters.
    pub key: String,
    /// SHA-256 of method, path and body.
    pub fingerprint: [u8; 32],
}

/// What is asked of a message that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Not to send it, if that is still possible.
    Withdraw,
    /// To erase what it says, once it has ended: the text as received and as sent.
    EraseContent,
    /// To delete it, once it has ended: what it says and its addresses are erased, and its owner sees it no
    /// more. What it was charged and what its carriers told stays on record.
    Delete,
}

/// One request: one or many messages.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Whose it is.
    pub account: AccountId,
    /// The door.
    pub door: Door,
    /// When it was read.
    pub received_at: Timestamp,
    /// Makes a repeated request harmless.
    pub idempotency: Option<Idempotency>,
    /// The messages, 1 to [`types::message::RECIPIENTS_MAX`].
    pub drafts: Vec<Draft>,
    /// Whether the same text to the same number within the account's guard is refused (dialects
    /// that promise it).
    pub guard_repeats: bool,
    /// Messages of the account that this submission takes the place of: those that were not sent yet are
    /// withdrawn in the commit that takes it.
    pub replaces: Vec<MessageId>,
}

/// One message that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedMessage {
    /// Its id.
    pub id: MessageId,
    /// `queued` or `scheduled`.
    pub state: State,
    /// Parts sold.
    pub parts: u32,
    /// What it costs.
    pub price: Money,
    /// What a dry run shows besides; `None` for a message that was taken, which shows it itself.
    pub preview: Option<Box<Preview>>,
    /// Not before, if scheduled.
    pub send_at: Option<Timestamp>,
    /// What steered `send_at`, where the recipient's clock did.
    pub time: Option<Box<TimeFinding>>,
}

/// What a dry run shows of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The sender that it would get, where a pool chooses it.
    pub from: Option<Address>,
    /// The text that it would have, where a signature is put.
    pub text: Option<Sensitive<String>>,
}

impl Preview {
    /// What a message would be otherwise than it was written; `None` for nothing.
    pub(crate) fn of(plan: &Plan) -> Option<Box<Self>> {
        let from = plan.chosen.as_ref().map(|chosen| chosen.sender.clone());
        let text = plan.content.as_ref().map(|content| crate::text::of_content(content).into());
        (from.is_some() || text.is_some()).then(|| Box::new(Self { from, text }))
    }
}

/// A submission that is on stable storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub id: SubmissionId,
    /// The messages, in the order of the drafts.
    pub messages: Vec<AcceptedMessage>,
    /// The answer to an earlier request with the same idempotency key.
    pub replayed: bool,
}

/// A submission that was refused: nothing was kept and nothing charged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Why; the place of the draft, or `None` when it is about the whole.
    pub refusals: Vec<(Option<usize>, Refusal)>,
}

impl Rejected {
    /// Refuses the whole submission.
    pub fn whole(refusal: Refusal) -> Self {
        Self { refusals: vec![(None, refusal)] }
    }

    /// The refusal that stands first.
    pub fn first(&self) -> Option<&Refusal> {
        self.refusals.first().map(|(_, refusal)| refusal)
    }
}

/// The answer to a submission.
pub type SubmitOutcome = Result<Accepted, Rejected>;

/// Where answers to many submissions go, each with the token given at submission. Called from the
/// core's thread after the commit: it must not block.
pub trait ReplySink: Send + Sync {
    /// Takes one answer.
    fn reply(&self, token: u64, outcome: SubmitOutcome);
}

/// Where the answer to one submission goes.
pub enum ReplyTo {
    /// To a waiting request.
    Once(tokio::sync::oneshot::Sender<SubmitOutcome>),
    /// To a session, with a token of its own.
    Sink(Arc<dyn ReplySink>, u64),
}

impl ReplyTo {
    /// Gives the answer; a caller that has gone away is no error, the message is kept.
    pub fn send(self, outcome: SubmitOutcome) {
        match self {
            Self::Once(sender) => {
                // The caller may have hung up; what was accepted stays accepted.
                drop(sender.send(outcome));
            }
            Self::Sink(sink, token) => sink.reply(token, outcome),
        }
    }
}

impl std::fmt::Debug for ReplyTo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReplyTo")
    }
}
