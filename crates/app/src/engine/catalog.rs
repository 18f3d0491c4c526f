//! Changes of accounts, people and documents. They are rare, so each is a commit of its own; the
//! working copies follow only after it.
//!
//! It decides no message. Start at [`Change`], then at [`Engine::change`]; what each change does is in
//! the modules below.

use std::sync::Arc;

use ports::store::{ApplyError, Batch, ConfigChange, EventView, SessionRow};
use tokio::sync::oneshot;
use types::Sensitive;
use types::access::KeyScopes;
use types::account::Account;
use types::catalog::{PriceBook, TrafficDocument};
use types::id::{AccountId, ContactId, CredentialId, EndpointId, PersonId, PublicId, RowKey};
use types::inbound::InboundNumber;
use types::keyword::Keyword;
use types::money::Money;
use types::profile::Profile;
use types::refusal::{Refusal, RefusalCode};
use types::resource::{Document, ResourceKind, ReviewState};
use types::role::Role;
use types::time::Timestamp;

use super::once::{Known, idempotency_row};
use super::{Engine, EngineError};
use crate::core::{
    AccountPatch, EndpointPatch, EndpointWish, KeyPatch, KeyWish, NewAccount, ShownCredential,
};
use crate::submission::Idempotency;

mod accounts;
mod channels;
mod contacts;
mod documents;
mod endpoints;
mod events;
mod funds;
mod keys;
mod numbers;
mod resources;

pub use contacts::Membership;
pub(crate) use contacts::{ContactChange, Merged};
pub(crate) use endpoints::AskedEndpoint;
pub(crate) use numbers::NumberChange;
pub(crate) use resources::ResourcePatch;

/// A change.
pub(crate) enum Change {
    Account(NewAccount),
    /// Make an account below another, for somebody of that other.
    AccountBelow(AccountId, NewAccount),
    /// Change what is set of an account; for the people and keys of `by`, or for the operator.
    AccountSet {
        account: AccountId,
        patch: AccountPatch,
        by: Option<AccountId>,
    },
    /// Move value from one account to another.
    Transfer {
        from: AccountId,
        to: AccountId,
        amount: Money,
    },
    Key(AccountId),
    Bind(AccountId, Option<String>, Option<Sensitive<String>>),
    Person {
        account: Option<AccountId>,
        email: String,
        role: Role,
        password_hash: String,
    },
    TopUp {
        account: AccountId,
        amount: Money,
        source: String,
    },
    Traffic {
        document: TrafficDocument,
        author: String,
        comment: String,
    },
    Prices {
        books: Vec<PriceBook>,
        author: String,
        comment: String,
    },
    Profile {
        profile: Box<Profile>,
        author: String,
    },
    /// Make an endpoint that hears of all messages, if the account has fewer than `most`.
    EndpointMade {
        account: AccountId,
        wish: EndpointWish,
        most: usize,
    },
    /// Change what is set of an endpoint.
    EndpointSet {
        account: AccountId,
        id: EndpointId,
        patch: EndpointPatch,
    },
    /// Give an endpoint another secret.
    EndpointRotated {
        account: AccountId,
        id: EndpointId,
        overlap_ms: i64,
    },
    /// Take an endpoint away.
    EndpointRemoved(AccountId, EndpointId),
    /// Its listener said that it is gone for good.
    EndpointDisabled(EndpointId),
    /// Make an API key, if the account has fewer than `most`.
    KeyMade {
        account: AccountId,
        wish: KeyWish,
        most: usize,
    },
    /// Set what an API key may do.
    KeySet {
        id: CredentialId,
        patch: KeyPatch,
        by: KeyScopes,
    },
    /// Give an API key another secret.
    KeyRotated {
        id: CredentialId,
        overlap_ms: i64,
    },
    /// End an API key.
    KeyRevoked(CredentialId),
    /// A credential was used.
    KeyUsed(CredentialId, Timestamp),
    /// What phones are answered that write a keyword; `None` for nothing.
    KeywordReplies(AccountId, Vec<(Keyword, Option<String>)>),
    /// Change the inventory of numbers to which phones write.
    Numbers(Vec<(InboundNumber, NumberChange)>),
    /// Change contacts, or who is in a group.
    Contacts(AccountId, ContactChange),
    /// Put something under a name, with its state and what is set of it, if the account has fewer than so many.
    ResourceMade(AccountId, (String, ReviewState, Document), usize),
    /// Change something that an account has under a name.
    ResourceSet(AccountId, ResourceKind, RowKey, ResourcePatch),
    /// Take away something that an account has under a name.
    ResourceRemoved(AccountId, ResourceKind, RowKey),
    /// Tell these events of an endpoint again.
    Replay {
        account: AccountId,
        endpoint: EndpointId,
        events: Vec<EventView>,
    },
    /// A change that is made once under the key of its request.
    Once {
        account: AccountId,
        idempotency: Idempotency,
        change: Box<Change>,
    },
    DefaultEndpoint {
        account: AccountId,
        endpoint: Option<EndpointId>,
    },
    /// Events that were given up are to be told again, at one address or at all of an account.
    TellAgain {
        account: AccountId,
        endpoint: Option<EndpointId>,
    },
    Session(SessionRow),
    SessionEnd([u8; 32]),
}

/// What a change made.
#[derive(Debug)]
pub(crate) enum Changed {
    Account(Arc<Account>),
    Shown(ShownCredential),
    Person(PersonId),
    Version(u32),
    Endpoint(EndpointId),
    Credential(CredentialId),
    /// The same request had been done, and created this.
    Again(RowKey),
    /// How many events will be told again.
    Events(usize),
    /// How many numbers have changed.
    Numbers(usize),
    Contact(ContactId),
    Contacts(Merged),
    /// The public id of something under a name.
    Resource(PublicId),
    Done,
}

impl Engine {
    /// Makes a change and answers.
    pub(super) fn change(
        &mut self,
        change: Change,
        reply: oneshot::Sender<Result<Changed, Refusal>>,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let outcome = match change {
            Change::Once { account, idempotency, change } => {
                self.change_once(account, &idempotency, *change, now)?
            }
            change => self.carry_out(change, now)?,
        };
        // Nobody may be told that nothing changed when nobody knows.
        if let Some(error) = self.change_in_doubt.take() {
            return Err(EngineError::InDoubt(error));
        }
        // Who asked may have gone; the change stays.
        drop(reply.send(outcome));
        Ok(())
    }

    /// Makes a change whose key was not used yet; what it creates is kept with the key.
    fn change_once(
        &mut self,
        account: AccountId,
        idempotency: &Idempotency,
        change: Change,
        now: Timestamp,
    ) -> Result<Result<Changed, Refusal>, EngineError> {
        match self.known(account, idempotency, now)? {
            Known::Done(created) => return Ok(Ok(Changed::Again(created))),
            Known::Refused(refusal) => return Ok(Err(refusal)),
            Known::Nothing => {}
        }
        self.once = Some(idempotency_row(account, idempotency, RowKey::ZERO, now));
        let outcome = self.carry_out(change, now);
        self.once = None;
        outcome
    }

    /// Says what the change that is being made creates, for the key of its request.
    fn note_created(&mut self, created: RowKey) {
        if let Some(row) = &mut self.once {
            row.created = created;
        }
    }

    fn carry_out(&mut self, change: Change, now: Timestamp) -> Result<Result<Changed, Refusal>, EngineError> {
        Ok(match change {
            Change::Account(new) => self.new_account(new, now),
            Change::AccountBelow(root, new) => self.new_account_below(root, new, now),
            Change::AccountSet { account, patch, by } => self.set_account(account, patch, by, now),
            Change::Transfer { from, to, amount } => self.transfer(from, to, amount, now),
            Change::Key(account) => self.new_key(account, now),
            Change::Bind(account, system_id, password) => self.new_bind(account, system_id, password, now),
            Change::Person { account, email, role, password_hash } => {
                self.new_person(account, email, role, password_hash, now)
            }
            Change::TopUp { account, amount, source } => self.top_up(account, amount, source, now),
            Change::Traffic { document, author, comment } => {
                self.new_traffic(document, author, comment, now)?
            }
            Change::Prices { books, author, comment } => self.new_prices(&books, author, comment, now),
            Change::Profile { profile, author } => self.new_profile(*profile, author, now),
            Change::EndpointMade { account, wish, most } => self.make_endpoint(account, wish, most, now),
            Change::EndpointSet { account, id, patch } => self.change_endpoint(account, id, patch, now),
            Change::EndpointRotated { account, id, overlap_ms } => {
                self.rotate_endpoint(account, id, overlap_ms, now)
            }
            Change::EndpointRemoved(account, id) => self.remove_endpoint(account, id, now),
            Change::KeyMade { account, wish, most } => self.make_key(account, wish, most, now),
            Change::KeySet { id, patch, by } => self.set_key(id, patch, by, now),
            Change::KeyRotated { id, overlap_ms } => self.rotate_key(id, overlap_ms, now),
            Change::KeyRevoked(id) => self.revoke_key(id, now),
            Change::KeyUsed(id, used_at) => self.note_key_use(id, used_at, now),
            Change::KeywordReplies(account, replies) => self.set_keyword_replies(account, replies, now),
            Change::Numbers(changes) => self.change_numbers(&changes, now),
            Change::Contacts(account, change) => self.change_contacts(account, change, now)?,
            Change::ResourceMade(account, (name, state, document), most) => {
                self.make_resource(account, (name, state, &document), most, now)
            }
            Change::ResourceSet(account, kind, key, patch) => {
                self.set_resource((account, kind, key), patch, now)
            }
            Change::ResourceRemoved(account, kind, key) => self.remove_resource((account, kind, key), now),
            Change::Replay { account, endpoint, events } => self.replay(account, endpoint, &events, now),
            // One within another is never asked for; it would be made under the outer key.
            Change::Once { change, .. } => return self.carry_out(*change, now),
            Change::EndpointDisabled(endpoint) => self.switch_endpoint(endpoint, true, now),
            Change::DefaultEndpoint { account, endpoint } => {
                self.set_default_endpoint(account, endpoint, now)
            }
            Change::TellAgain { account, endpoint } => self.tell_again(account, endpoint, now)?,
            Change::Session(row) => self.write(vec![ConfigChange::Session(row)], now).map(|()| Changed::Done),
            Change::SessionEnd(hash) => {
                self.write(vec![ConfigChange::SessionEnd(hash)], now).map(|()| Changed::Done)
            }
        })
    }

    fn write(&mut self, config: Vec<ConfigChange>, now: Timestamp) -> Result<(), Refusal> {
        self.write_batch(Batch { at: now, config, ..Batch::default() })
    }

    fn write_batch(&mut self, mut batch: Batch) -> Result<(), Refusal> {
        // The key stands in the commit of what was created; commits on the way there are without it.
        if let Some(row) = self.once.take_if(|row| row.created != RowKey::ZERO) {
            batch.idempotency.push(row);
        }
        match self.store.apply(&batch) {
            Ok(seq) => {
                self.last_commit = seq;
                Ok(())
            }
            Err(error) => {
                self.sealer.forget(&batch.data_keys);
                tracing::error!(error = %super::chain(&error), "a change was not written");
                let detail = match error {
                    ApplyError::Guard { what } => format!("the change collides with another: {what}"),
                    ApplyError::NotWritten(_) => {
                        "the store cannot be written now; nothing was changed".to_owned()
                    }
                    ApplyError::InDoubt(_) => {
                        self.change_in_doubt = Some(error);
                        "it is not known whether the change was written".to_owned()
                    }
                };
                Err(Refusal::new(RefusalCode::Unavailable, detail))
            }
        }
    }

    fn next_number(&mut self, which: usize) -> i64 {
        let Some(number) = self.last_numbers.get_mut(which) else { return 0 };
        *number += 1;
        *number
    }
}
