//! Accounts, people and grants of value: each a row and, after its commit, a changed directory.
//!
//! It decides no message and hashes no password. Start at [`Engine::new_account`].

use std::sync::Arc;

use ports::store::{Batch, ConfigChange, KeywordReplyRow, LotChange, PersonRow};
use types::account::{Account, AccountLimits, AccountState, EndpointKind, PATH_DEPTH_MAX};
use types::charge::{Lot, Posting, PostingKind};
use types::id::{AccountId, EndpointId, LotId, PersonId, PublicId};
use types::keyword::Keyword;
use types::message::Class;
use types::money::Money;
use types::refusal::{Refusal, RefusalCode};
use types::role::Role;
use types::time::Timestamp;

use super::Changed;
use super::endpoints::new_endpoint;
use crate::core::NewAccount;
use crate::engine::Engine;
use crate::seal::KeyClass;

/// Places in `last_numbers`.
const ACCOUNT: usize = 0;
pub(super) const CREDENTIAL: usize = 1;
pub(super) const ENDPOINT: usize = 2;
const LOT: usize = 3;
const PERSON: usize = 4;

impl Engine {
    pub(super) fn new_account(&mut self, new: NewAccount, now: Timestamp) -> Result<Changed, Refusal> {
        let name = new.name.trim().to_owned();
        if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
            let detail = "the name of an account has 1 to 64 characters";
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("name"));
        }
        if self.shared.directory.load().by_name.contains_key(&name) {
            return Err(Refusal::new(
                RefusalCode::InvalidRequest,
                format!("there is an account {name:?} already"),
            )
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
        let find = |id: AccountId| directory.accounts.get(&id).map(|handle| handle.account.as_ref());
        let Some(account) = find(parent) else { return refuse("there is no such parent account".into()) };
        match decide::path::above(account, find) {
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

    pub(super) fn top_up(
        &mut self,
        account: AccountId,
        amount: Money,
        source: String,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        self.check_account(account)?;
        if amount.micros <= 0 {
            return Err(
                Refusal::new(RefusalCode::InvalidRequest, "the amount must be above zero").at("amount")
            );
        }
        let id = LotId(self.next_number(LOT));
        let micros = amount.micros;
        let mut lot = Lot {
            id,
            account,
            unit: amount.unit,
            granted_micros: micros,
            available_micros: 0,
            held_micros: 0,
            created_at: now,
            expires_at: None,
            source,
        };
        let change = LotChange {
            lot: id,
            new: Some(lot.clone()),
            available_delta: micros,
            held_delta: 0,
            floor_micros: 0,
        };
        let policy = self.snapshot.profile_version;
        let posting = Posting {
            account,
            lot: id,
            kind: PostingKind::TopUp,
            amount_micros: micros,
            messages: 0,
            policy,
        };
        self.write_batch(Batch { at: now, lots: vec![change], postings: vec![posting], ..Batch::default() })?;
        lot.available_micros = micros;
        let purse = self.purses.entry(account).or_default();
        purse.add(lot);
        if let Some(handle) = self.shared.directory.load().accounts.get(&account) {
            let (available, held) = purse.balance(handle.account.unit);
            handle.live.set_balance(available, held);
        }
        Ok(Changed::Done)
    }

    pub(super) fn set_limits(
        &mut self,
        account: AccountId,
        limits: AccountLimits,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let directory = Arc::clone(&self.shared.directory.load());
        let handle = directory.accounts.get(&account);
        let handle = handle.ok_or_else(|| Refusal::new(RefusalCode::NotFound, "there is no such account"))?;
        let account = Account { limits, ..(*handle.account).clone() };
        self.write(vec![ConfigChange::Account(account.clone())], now)?;
        let mut directory = directory.fork();
        directory.put_account(account);
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
