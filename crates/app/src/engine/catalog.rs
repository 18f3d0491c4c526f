//! Changes of accounts, people and documents. They are rare, so each is a commit of its own; the
//! working copies follow only after it.
//!
//! It decides no message. Start at [`Change`], then at [`Engine::change`]; what each change does is in
//! the modules below.

use std::sync::Arc;

use ports::store::{ApplyError, Batch, ConfigChange, SessionRow};
use tokio::sync::oneshot;
use types::Sensitive;
use types::account::{Account, AccountLimits, EndpointKind};
use types::catalog::{PriceBook, Profile, TrafficDocument};
use types::id::{AccountId, EndpointId, PersonId};
use types::money::Money;
use types::refusal::{Refusal, RefusalCode};
use types::role::Role;
use types::time::Timestamp;

use super::{Engine, EngineError};
use crate::core::{NewAccount, ShownCredential};

mod accounts;
mod channels;
mod documents;
mod events;

/// A change.
pub(crate) enum Change {
    Account(NewAccount),
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
        profile: Profile,
        author: String,
    },
    /// Find the endpoint of an address or make it; one that was switched off is switched on again
    /// when `enable` says so.
    Endpoint {
        account: AccountId,
        kind: EndpointKind,
        url: Sensitive<String>,
        enable: bool,
    },
    /// Its listener said that it is gone for good.
    EndpointDisabled(EndpointId),
    Limits {
        account: AccountId,
        limits: AccountLimits,
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
    /// How many events will be told again.
    Events(usize),
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
            Change::Account(new) => self.new_account(new, now),
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
            Change::Profile { profile, author } => self.new_profile(profile, author, now),
            Change::Endpoint { account, kind, url, enable } => {
                self.new_endpoint(account, kind, &url, enable, now)
            }
            Change::EndpointDisabled(endpoint) => self.switch_endpoint(endpoint, true, now),
            Change::Limits { account, limits } => self.set_limits(account, limits, now),
            Change::DefaultEndpoint { account, endpoint } => {
                self.set_default_endpoint(account, endpoint, now)
            }
            Change::TellAgain { account, endpoint } => self.tell_again(account, endpoint, now)?,
            Change::Session(row) => self.write(vec![ConfigChange::Session(row)], now).map(|()| Changed::Done),
            Change::SessionEnd(hash) => {
                self.write(vec![ConfigChange::SessionEnd(hash)], now).map(|()| Changed::Done)
            }
        };
        // Nobody may be told that nothing changed when nobody knows.
        if let Some(error) = self.change_in_doubt.take() {
            return Err(EngineError::InDoubt(error));
        }
        // Who asked may have gone; the change stays.
        drop(reply.send(outcome));
        Ok(())
    }

    fn write(&mut self, config: Vec<ConfigChange>, now: Timestamp) -> Result<(), Refusal> {
        self.write_batch(Batch { at: now, config, ..Batch::default() })
    }

    fn write_batch(&mut self, batch: Batch) -> Result<(), Refusal> {
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
