//! Messages from phones: whose they are, what follows from one that is a keyword, and who is told.
//!
//! A word such as STOP puts the phone on the account's suppression list in the commit that keeps the
//! message, so that the very next message to it is refused; one such as START takes that back, and nothing
//! else. Either, and one such as HELP, is answered when the account has set a text: a message like any other,
//! charged as such, and at most one for each phone and meaning in 24 hours, so that two machines never write
//! to each other for ever. Where the number is one of a pool of senders, the pool says whether it is about the
//! pool or the whole account, and may have answers of its own. Start at [`Engine::inbound`].

use ports::store::{EventSubject, InboundNumberRow, InboundRow};
use types::address::{Address, Msisdn};
use types::event::EventType;
use types::id::{AccountId, ConnectorId, EndpointId, InboundId};
use types::inbound::{InboundNumber, NumberRoute};
use types::keyword::Keyword;
use types::message::{Class, Content, Door, Draft, ReportWish};
use types::receipt::InboundNotice;
use types::resource::OptOutScope;
use types::suppression::SuppressionReason;
use types::time::Timestamp;

use super::suppress::ListOf;
use super::{Engine, EngineError};
use crate::seal::{KeyClass, Kind};
use crate::sealed::write_inbound;
use crate::submission::{Idempotency, Submission};

/// What a phone asks for by a keyword.
#[derive(Clone, Copy, Debug)]
struct Asked {
    keyword: Keyword,
    /// The language of its word.
    language: &'static str,
    phone: Msisdn,
}

impl Engine {
    /// Takes a message from a phone: it is for the account that holds the number to which it was sent; else
    /// for the one that wrote to that phone last, else for nobody yet.
    pub(super) fn inbound(
        &mut self,
        connector: ConnectorId,
        notice: &InboundNotice,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let (key, tail) = self.next_key(now);
        let held = self.number_of(notice);
        let account = match held.and_then(|number| number.account) {
            Some(account) => Some(account),
            None => self.last_sender_to(notice)?,
        };
        let data_key =
            self.sealer.current(account, KeyClass::Messages, now, &mut self.draft.batch.data_keys)?;
        let plain = write_inbound(&notice.source, &notice.destination, &notice.content);
        let sealed = data_key.seal(Kind::Inbound, key, &plain, self.entropy.as_ref());
        let row = InboundRow {
            key,
            tail,
            account,
            connector,
            received_at: notice.read_at,
            data_key: data_key.id(),
            sealed,
        };
        self.draft.batch.inbound.push(row);
        let Some(account) = account else { return Ok(()) };
        for endpoint in self.listeners_of_inbound(account, held) {
            let outbox = self.event_row(endpoint, key, EventSubject::Inbound, now);
            let event = crate::notify::Event::of_inbound(&outbox, tail, notice);
            self.draft.batch.outbox.push(outbox);
            self.draft.events.push((endpoint, event));
        }
        let keyword = decide::keyword::find_with_language(&crate::text::of_octets(&notice.content));
        match (keyword, notice.source.msisdn()) {
            (Some((keyword, language)), Some(phone)) => {
                let asked = Asked { keyword, language, phone };
                self.obey(account, asked, notice, InboundId::new(key, tail), now)
            }
            _ => Ok(()),
        }
    }

    /// The number of the inventory that a phone wrote to, if somebody holds it.
    fn number_of(&self, notice: &InboundNotice) -> Option<InboundNumberRow> {
        let number = InboundNumber::of(&notice.destination)?;
        let known = self.shared.directory.load().inbound_numbers.get(&number).copied();
        known.filter(|row| row.account.is_some())
    }

    /// Where a message from a phone is told: where its number leads, and at all that hear of everything. What
    /// leads to an address that was taken away goes where the account hears of everything else.
    fn listeners_of_inbound(&self, account: AccountId, held: Option<InboundNumberRow>) -> Vec<EndpointId> {
        let directory = self.shared.directory.load();
        let binds = directory.smpp_endpoints.get(&account).copied();
        let usual = || {
            let handle = directory.accounts.get(&account)?;
            handle.account.default_endpoint.or(binds)
        };
        let own = match held.map_or(NumberRoute::Account, |row| row.route) {
            NumberRoute::Account => usual(),
            NumberRoute::Webhook => {
                let named = held.and_then(|row| row.endpoint);
                named.filter(|id| directory.address_of(account, *id).is_some()).or_else(usual)
            }
            NumberRoute::Binds => binds,
            NumberRoute::Keywords => return Vec::new(),
        };
        self.listeners(account, own, EventType::Inbound)
    }

    /// Whoever wrote to this phone last is whom it answers.
    fn last_sender_to(&mut self, notice: &InboundNotice) -> Result<Option<AccountId>, EngineError> {
        let Some(number) = notice.source.msisdn() else { return Ok(None) };
        let hash = self.hasher.number(number);
        Ok(self.store.last_sender_to(hash)?)
    }

    /// The lists that a phone means which writes to a number: those of the pools that have the number, where
    /// each wants it so, else that of the account.
    fn lists_meant(&self, account: AccountId, number: &Address) -> Vec<ListOf> {
        let directory = self.shared.directory.load();
        let text = number.text();
        let pools = directory.pools_of(account).iter().filter(|pooled| pooled.has(&text));
        let mut lists = Vec::new();
        for pooled in pools {
            match pooled.opt_out {
                OptOutScope::Account => return vec![ListOf::all(account)],
                OptOutScope::Pool => lists.push(ListOf::pool(account, pooled.pool.id)),
            }
        }
        if lists.is_empty() {
            lists.push(ListOf::all(account));
        }
        lists
    }

    /// What a phone is answered: what a pool has set that has the number, else what the account has set.
    fn answer_to(&self, account: AccountId, asked: Asked, number: &Address) -> Option<String> {
        let directory = self.shared.directory.load();
        let text = number.text();
        let mut pools = directory.pools_of(account).iter().filter(|pooled| pooled.has(&text));
        let own = pools.find_map(|pooled| pooled.reply(asked.keyword.as_str(), asked.language));
        own.map(str::to_owned)
            .or_else(|| directory.keyword_replies.get(&(account, asked.keyword)).map(|text| text.to_string()))
    }

    /// Does what a phone asks for by a keyword.
    fn obey(
        &mut self,
        account: AccountId,
        asked: Asked,
        notice: &InboundNotice,
        id: InboundId,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let lists = self.lists_meant(account, &notice.destination);
        match asked.keyword {
            Keyword::Stop => {
                let why = (SuppressionReason::OptOut, &*format!("inbound:{id}"));
                for whose in lists {
                    if let Err(refusal) = self.suppress(whose, &[asked.phone], why, now)? {
                        tracing::error!(code = refusal.code.code(), "an opt-out found no room");
                    }
                }
            }
            Keyword::Start => {
                for whose in lists {
                    self.opt_in(whose, asked.phone)?;
                }
            }
            Keyword::Help => {}
        }
        self.answer_keyword(account, asked, notice, now)
    }

    /// Answers a keyword with what the account has set, if it has, and if this phone was not answered this
    /// within a day.
    fn answer_keyword(
        &mut self,
        account: AccountId,
        asked: Asked,
        notice: &InboundNotice,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let Some(text) = self.answer_to(account, asked, &notice.destination) else { return Ok(()) };
        let Asked { keyword, phone, .. } = asked;
        // No customer can use this key: theirs have no blanks.
        let key = format!("keyword {keyword} {:016x}", self.hasher.number(phone));
        let draft = Draft {
            source: notice.destination.clone(),
            destination: Address::international(phone),
            content: Content::Text(text),
            class: Some(Class::Transactional),
            traffic_type: String::new(),
            expires_at: None,
            send_at: None,
            time: types::quiet::RecipientTime::default(),
            client_reference: None,
            report: ReportWish::default(),
        };
        let submission = Submission {
            account,
            door: Door::Keyword,
            received_at: notice.read_at,
            idempotency: Some(Idempotency { key, fingerprint: [0; 32] }),
            drafts: vec![draft],
            guard_repeats: false,
            replaces: Vec::new(),
        };
        if self.replayed(&submission, now)?.is_some() {
            return Ok(());
        }
        let outcome = self.take_submission(&submission, now)?;
        self.count_outcome(&submission, &outcome);
        if let Err(rejected) = outcome
            && let Some(refusal) = rejected.first()
        {
            // The account sees what it lacks; the phone's message and its wish are kept all the same.
            tracing::info!(account = account.0, code = refusal.code.code(), "a keyword was not answered");
        }
        Ok(())
    }
}
