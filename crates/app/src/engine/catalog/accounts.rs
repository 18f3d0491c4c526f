//! Accounts and people: each a row and, after its commit, a changed directory.
//!
//! It decides no message and hashes no password. Start at [`Engine::new_account`].

use std::sync::Arc;

use ports::store::{Batch, ConfigChange, KeywordReplyRow, PersonRow};
use types::account::{Account, AccountLimits, AccountState, BELOW_MAX, EndpointKind, PATH_DEPTH_MAX};
use types::id::{AccountId, EndpointId, PersonId, PublicId, RowKey};
use types::keyword::Keyword;
use types::message::Class;
use types::refusal::{Refusal, RefusalCode};
use types::role::Role;
use types::time::Timestamp;

use super::Changed;
use super::endpoints::new_endpoint;
use crate::core::{AccountPatch, NewAccount};
use crate::engine::Engine;
use crate::seal::KeyClass;

/// Octets of the name of an account, with the names of those above it before its own.
const NAME_OCTETS_MAX: usize = 255;
/// Places in `last_numbers`.
const ACCOUNT: usize = 0;
pub(super) const CREDENTIAL: usize = 1;
pub(super) const ENDPOINT: usize = 2;
pub(super) const LOT: usize = 3;
const PERSON: usize = 4;

impl Engine {
    pub(super) fn new_account(&mut self, new: NewAccount, now: Timestamp) -> Result<Changed, Refusal> {
        let name = new.name.trim().to_owned();
        if name.is_empty() || name.len() > NAME_OCTETS_MAX || name.chars().any(char::is_control) {
            let detail = format!("the name of an account has 1 to {NAME_OCTETS_MAX} octets");
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("name"));
        }
        if self.shared.directory.load().by_name.contains_key(&name) {
            return Err(Refusal::new(RefusalCode::Conflict, format!("there is an account {name:?} already"))
                .at("name"));
        }
        let book = new.price_book.unwrap_or_else(|| "standard".to_owned());
        let Some(unit) = self.snapshot.prices.unit(&book) else {
            return Err(Refusal::new(
                RefusalCode::InvalidRequest,
                format!("there is no price book {book:?}"),
            )
            .at("price_book"));
        };
        self.check_parent(new.parent)?;
        let (key, tail) = self.next_key(now);
        let id = AccountId(self.next_number(ACCOUNT));
        self.note_created(RowKey::from_i64(id.0));
        let endpoint_id = EndpointId(self.next_number(ENDPOINT));
        let account = Account {
            id,
            sid: PublicId::new(key, tail),
            parent: new.parent,
            name,
            state: AccountState::Active,
            unit,
            price_book: book,
            region: new.region,
            default_class: Class::Transactional,
            default_endpoint: None,
            limits: new.limits,
            allow_private_callbacks: new.allow_private_callbacks,
            created_at: now,
        };
        // Every account has the endpoint of its binds from the first day.
        let endpoint = new_endpoint(endpoint_id, id, EndpointKind::Smpp);
        let mut data_keys = Vec::new();
        let row = self.endpoint_row(&endpoint, now, &mut data_keys)?;
        let url_hash = row.url_hash;
        let config = vec![ConfigChange::Account(account.clone()), ConfigChange::Endpoint(row)];
        self.write_batch(Batch { at: now, data_keys, config, ..Batch::default() })?;
        let mut directory = self.shared.directory.load().fork();
        directory.put_account(account);
        directory.put_endpoint(endpoint, url_hash);
        let made = directory.accounts.get(&id).map(|handle| Arc::clone(&handle.account));
        self.shared.directory.store(Arc::new(directory));
        self.purses.entry(id).or_default();
        made.map(Changed::Account).ok_or_else(|| Refusal::new(RefusalCode::NotFound, "the account is gone"))
    }

    /// A reseller must exist, and the path up from it must leave room for one more.
    fn check_parent(&self, parent: Option<AccountId>) -> Result<(), Refusal> {
        let Some(parent) = parent else { return Ok(()) };
        let refuse = |detail: String| Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("parent"));
        let directory = self.shared.directory.load();
        let Some(account) = directory.account(parent) else {
            return refuse("there is no such parent account".into());
        };
        match directory.above(account) {
            Ok(above) if above.len() < PATH_DEPTH_MAX => Ok(()),
            _ => refuse(format!("an account has at most {PATH_DEPTH_MAX} accounts above it")),
        }
    }

    pub(super) fn secrets_key(
        &mut self,
        account: AccountId,
        now: Timestamp,
        keys: &mut Vec<ports::store::DataKeyRow>,
    ) -> Result<crate::seal::KeyHandle, Refusal> {
        self.sealer.current(Some(account), KeyClass::Secrets, now, keys).map_err(|error| {
            tracing::error!(error = %crate::engine::chain(&error), "the vault gave no key");
            Refusal::new(RefusalCode::Unavailable, "the key store cannot be reached")
        })
    }

    pub(super) fn check_account(&self, account: AccountId) -> Result<(), Refusal> {
        if self.shared.directory.load().accounts.contains_key(&account) {
            return Ok(());
        }
        Err(Refusal::new(RefusalCode::NotFound, "there is no such account"))
    }

    pub(super) fn new_person(
        &mut self,
        account: Option<AccountId>,
        email: String,
        role: Role,
        password_hash: String,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        if let Some(account) = account {
            self.check_account(account)?;
        }
        if role.is_staff() != account.is_none() {
            let detail = "staff belongs to no account, and a user of an account is not staff";
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("role"));
        }
        let id = PersonId(self.next_number(PERSON));
        let row = PersonRow { id, account, email, role, password_hash, created_at: now, disabled: false };
        self.write(vec![ConfigChange::Person(row)], now).map_err(|refusal| {
            Refusal::new(refusal.code, format!("{}; perhaps the e-mail address is taken", refusal.detail))
                .at("email")
        })?;
        Ok(Changed::Person(id))
    }

    /// Makes an account below another for somebody who stands there, who can grant no more than it has.
    pub(super) fn new_account_below(
        &mut self,
        root: AccountId,
        new: NewAccount,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let directory = Arc::clone(&self.shared.directory.load());
        let above = directory.account(root).ok_or_else(no_such_account)?;
        let may_act = decide::path::state_along(above, &directory.above(above).unwrap_or_default());
        if may_act != AccountState::Active {
            let detail = "an account that may not send makes no other";
            return Err(Refusal::new(RefusalCode::AccountSuspended, detail));
        }
        let below = directory.accounts.values().filter(|handle| directory.is_below(&handle.account, root));
        if below.count() >= BELOW_MAX {
            let detail = format!("an account has at most {BELOW_MAX} accounts below it");
            return Err(Refusal::new(RefusalCode::LimitReached, detail));
        }
        check_grant(above, &new.limits)?;
        self.new_account(new, now)
    }

    /// Changes what is set of an account. `by` is the account whose people or keys ask; `None` for the
    /// operator, who is bound by nothing.
    pub(super) fn set_account(
        &mut self,
        account: AccountId,
        patch: AccountPatch,
        by: Option<AccountId>,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let directory = Arc::clone(&self.shared.directory.load());
        let old = directory.account(account).ok_or_else(no_such_account)?;
        let state = patch.state.unwrap_or(old.state);
        let changed = Account { limits: patch.limits.over(old.limits), state, ..old.clone() };
        if by.is_some() {
            let above = old.parent.and_then(|above| directory.account(above)).ok_or_else(no_such_account)?;
            if changed.limits != old.limits {
                check_grant(above, &changed.limits)?;
            }
            if old.state == AccountState::Closed && state != AccountState::Closed {
                let detail = "the account is closed for good; make another one";
                return Err(Refusal::new(RefusalCode::Conflict, detail).at("state"));
            }
        }
        if changed == *old {
            return Ok(Changed::Done);
        }
        self.write(vec![ConfigChange::Account(changed.clone())], now)?;
        let mut directory = directory.fork();
        directory.put_account(changed);
        self.shared.directory.store(Arc::new(directory));
        Ok(Changed::Done)
    }

    /// Sets what phones are answered that write a keyword.
    pub(super) fn set_keyword_replies(
        &mut self,
        account: AccountId,
        replies: Vec<(Keyword, Option<String>)>,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        self.check_account(account)?;
        let change = |(keyword, text): &(Keyword, Option<String>)| match text {
            Some(text) => {
                ConfigChange::KeywordReply(KeywordReplyRow { account, keyword: *keyword, text: text.clone() })
            }
            None => ConfigChange::KeywordReplyEnd(account, *keyword),
        };
        self.write(replies.iter().map(change).collect(), now)?;
        let mut directory = self.shared.directory.load().fork();
        for (keyword, text) in replies {
            match text {
                Some(text) => directory.keyword_replies.insert((account, keyword), text.into()),
                None => directory.keyword_replies.remove(&(account, keyword)),
            };
        }
        self.shared.directory.store(Arc::new(directory));
        Ok(Changed::Done)
    }
}

fn no_such_account() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is no such account")
}

/// Nobody grants more than it has.
fn check_grant(above: &Account, limits: &AccountLimits) -> Result<(), Refusal> {
    match decide::path::exceeds(limits, &above.limits) {
        None => Ok(()),
        Some(name) => {
            let detail = format!("{name} would be above the same limit of the account above this one");
            Err(Refusal::new(RefusalCode::InvalidRequest, detail).at(format!("limits.{name}")))
        }
    }
}
