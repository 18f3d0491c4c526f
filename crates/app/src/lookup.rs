//! Reading messages for doors: rows from the store, opened and named.

use std::collections::HashMap;
use std::sync::Arc;

use ports::store::{
    EventEnd, EventSubject, EventView, ListFilter, ListPage, MessageView, OpenMessage, Reader, StoreError,
};
use types::address::Address;
use types::catalog::TrafficDocument;
use types::charge::LevelPrice;
use types::id::{AccountId, ConnectorId, InboundId, MessageId, SubmissionId};
use types::message::{Flags, State};
use types::money::Money;
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use crate::core::{MessageQuery, Scope};
use crate::detail::{ChosenDetail, InboundDetail, LevelDetail, MessageDetail, Movement, Page, ToldEvent};
use crate::runtime::Runtime;
use crate::seal::{KeyHandle, Kind};
use crate::sealed::{ChosenSender, read_addresses, read_content, read_inbound};

mod attempts;
mod paused;

use attempts::Normal;

/// Where questions to the store are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Questions {
    /// On threads that may block.
    Apart,
    /// Where they are asked: for a simulation, which has one thread and a store that never blocks.
    InPlace,
}

impl Runtime {
    /// Answers a question to the store where it may block.
    pub(crate) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&dyn Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let reader = Arc::clone(&self.reader);
        self.where_it_may_block(move || question(reader.as_ref())).await?.map_err(|error| {
            tracing::error!(error = %crate::engine::chain(&error), "a question to the store failed");
            Refusal::new(RefusalCode::Unavailable, "the store cannot be read now").retry_after(5)
        })
    }

    /// Does what reads the store or opens much, where that holds up nobody.
    async fn where_it_may_block<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let given_up = |_| Refusal::new(RefusalCode::Unavailable, "the question was given up").retry_after(1);
        match self.questions {
            Questions::Apart => tokio::task::spawn_blocking(work).await.map_err(given_up),
            Questions::InPlace => Ok(work()),
        }
    }

    pub(crate) fn key(&self, id: i64) -> Option<KeyHandle> {
        // Another process may have made a key since this one began.
        self.sealer.key(id).or_else(|| {
            let row = self.reader.data_key(id).ok().flatten()?;
            self.sealer.learn(&row).ok()
        })
    }

    /// A message by its id, with attempts and receipts.
    pub(crate) async fn message(
        self: &Arc<Self>,
        scope: Scope,
        id: MessageId,
    ) -> Result<Option<MessageDetail>, Refusal> {
        let key = id.key();
        let view = self.ask(move |reader| reader.message(key)).await?;
        let visible = view.filter(|view| view.message.facts.tail == id.tail() && scope.shows(&view.message));
        let Some(view) = visible else { return Ok(None) };
        let documents = self.documents_of(&view).await?;
        let runtime = Arc::clone(self);
        self.where_it_may_block(move || Some(runtime.detail_of(view, &documents))).await
    }

    /// Traffic documents that the attempts of a message name, for the names of their routes.
    async fn documents_of(
        self: &Arc<Self>,
        view: &MessageView,
    ) -> Result<HashMap<u32, TrafficDocument>, Refusal> {
        let mut documents = HashMap::new();
        for attempt in &view.attempts {
            let number = attempt.row.traffic_version;
            if documents.contains_key(&number) {
                continue;
            }
            let version = self
                .ask(move |reader| reader.config_version(ports::store::ConfigKind::Traffic, number))
                .await?;
            let document = version.and_then(|version| serde_json::from_str(&version.document).ok());
            if let Some(document) = document {
                documents.insert(number, document);
            }
        }
        Ok(documents)
    }

    /// Messages that match.
    pub(crate) async fn messages(
        self: &Arc<Self>,
        scope: Scope,
        query: MessageQuery,
    ) -> Result<Page<MessageDetail>, Refusal> {
        let Some(filter) = self.filter_of(scope, &query)? else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        let page: ListPage<MessageView> = self.ask(move |reader| reader.list_messages(&filter)).await?;
        let visible = page.items.into_iter().filter(|view| scope.shows(&view.message));
        Ok(Page { items: self.details_of(visible.collect()).await?, next: page.next })
    }

    async fn details_of(self: &Arc<Self>, views: Vec<MessageView>) -> Result<Vec<MessageDetail>, Refusal> {
        let runtime = Arc::clone(self);
        let none = HashMap::new();
        let open = move || views.into_iter().map(|view| runtime.detail_of(view, &none)).collect();
        self.where_it_may_block(open).await
    }

    /// `None` when nothing can match.
    fn filter_of(&self, scope: Scope, query: &MessageQuery) -> Result<Option<ListFilter>, Refusal> {
        let recipient_hash = match &query.recipient {
            None => None,
            Some(text) => {
                let number = types::address::Msisdn::parse(text.expose());
                let number = number.ok_or_else(|| {
                    Refusal::new(
                        RefusalCode::InvalidRequest,
                        "the number to look for cannot be a phone number",
                    )
                    .at("to")
                })?;
                Some(self.hasher.number(number))
            }
        };
        let connector = match &query.connector {
            None => None,
            Some(name) => match self.connector_by_name(name) {
                Some(id) => Some(id),
                None => return Ok(None),
            },
        };
        Ok(Some(ListFilter {
            account: scope.account(),
            states: query.states.clone(),
            recipient_hash,
            connector,
            since: query.since,
            until: query.until,
            before: query.before,
            limit: query.limit.clamp(1, ports::store::PAGE_ROWS_MAX),
            with_bodies: query.with_content,
        }))
    }

    fn connector_by_name(&self, name: &str) -> Option<ConnectorId> {
        self.shared.connectors.load().iter().find(|view| view.name == name).map(|view| view.id)
    }

    pub(crate) fn connector_name(&self, id: ConnectorId) -> String {
        let views = self.shared.connectors.load();
        views.iter().find(|view| view.id == id).map_or_else(|| format!("#{}", id.0), |view| view.name.clone())
    }

    /// The messages of a submission.
    pub(crate) async fn submission(
        self: &Arc<Self>,
        scope: Scope,
        id: SubmissionId,
    ) -> Result<Vec<MessageDetail>, Refusal> {
        let key = id.key();
        let views = self.ask(move |reader| reader.submission_messages(key)).await?;
        let visible =
            views.into_iter().filter(|view| view.submission.tail == id.tail() && scope.shows(&view.message));
        self.details_of(visible.collect()).await
    }

    /// Opens a row and gives names to its numbers.
    fn detail_of(&self, view: MessageView, documents: &HashMap<u32, TrafficDocument>) -> MessageDetail {
        let facts = &view.message.facts;
        let progress = &view.message.progress;
        let key = self.key(facts.data_key);
        let addresses = key.as_ref().and_then(|key| key.open(Kind::Addresses, facts.key, &facts.sealed).ok());
        let addresses = addresses.and_then(|plain| read_addresses(&plain));
        let body = view.body.as_deref().zip(key.as_ref());
        let content = body.and_then(|(sealed, key)| key.open(Kind::Body, facts.key, sealed).ok());
        let content = content.and_then(|plain| read_content(&plain));
        let directory = self.shared.directory.load();
        let receipt_error = error_of_end(&view);
        let recipient = addresses.as_ref().and_then(|read| read.recipient);
        let (source, destination, client_reference, chosen, time) = match addresses {
            Some(read) => (read.source, read.destination, read.client_reference, read.chosen, read.time),
            None => (Address::default(), Address::default(), None, None, None),
        };
        let normal = Normal {
            key: key.as_ref(),
            source: source.as_sender(),
            destination: recipient.map(Address::international).unwrap_or_default(),
        };
        let attempts =
            view.attempts.iter().map(|attempt| self.attempt_of(attempt, documents, &normal)).collect();
        let named = |id| directory.accounts.get(&id).map(|handle| handle.account.name.clone());
        let level = |level: &LevelPrice| LevelDetail {
            account: named(level.account).unwrap_or_default(),
            price: level.price,
        };
        MessageDetail {
            id: ports::store::message_id(facts),
            submission: SubmissionId::new(view.submission.key, view.submission.tail),
            account: facts.account,
            account_name: named(facts.account).unwrap_or_default(),
            door: facts.door,
            source,
            chosen: chosen.map(|ChosenSender { pool, pool_name, by }| ChosenDetail { pool, pool_name, by }),
            destination,
            content,
            client_reference,
            state: progress.state,
            reason: progress.reason,
            flags: progress.flags,
            class: facts.class,
            traffic_type: facts.traffic_type.to_string(),
            country: facts.country,
            network: facts.network,
            parts: facts.price.parts,
            price: facts.price.amount,
            book_version: facts.price.book_version,
            levels: facts.levels.iter().map(level).collect(),
            shares: facts.shares.to_vec(),
            charge: progress.charge,
            region: facts.region,
            profile_version: facts.profile_version,
            traffic_version: facts.traffic_version,
            received_at: facts.received_at,
            accepted_at: facts.accepted_at,
            send_at: facts.send_at,
            time,
            expires_at: facts.expires_at,
            submitted_at: progress.submitted_at,
            final_at: progress.final_at,
            attempts_made: progress.attempts,
            connector: progress.connector.map(|id| self.connector_name(id)),
            receipt_error,
            attempts,
            pending_events: view.outbox.iter().filter(|event| event.end.is_none()).count(),
            dead_letters: view.outbox.iter().filter(|event| is_dead(event)).count(),
            told: view.outbox.iter().filter_map(told).collect(),
            moot: view.outbox.iter().filter_map(moot).collect(),
        }
    }

    /// Messages from phones.
    pub(crate) async fn inbound(
        self: &Arc<Self>,
        scope: Scope,
        before: Option<types::id::RowKey>,
        limit: usize,
    ) -> Result<Page<InboundDetail>, Refusal> {
        let account = scope.account();
        let limit = limit.clamp(1, ports::store::PAGE_ROWS_MAX);
        let page = self.ask(move |reader| reader.list_inbound(account, before, limit)).await?;
        let open = |row: &ports::store::InboundRow| {
            let plain = self.key(row.data_key)?.open(Kind::Inbound, row.key, &row.sealed).ok()?;
            let (source, destination, content) = read_inbound(&plain)?;
            let text = crate::text::of_octets(&content);
            Some(InboundDetail {
                id: InboundId::new(row.key, row.tail),
                account: row.account,
                source,
                destination,
                keyword: decide::keyword::find(&text),
                text: text.into(),
                received_at: row.received_at,
                connector: self.connector_name(row.connector),
            })
        };
        Ok(Page { items: page.items.iter().filter_map(open).collect(), next: page.next })
    }

    /// Movements of an account, newest first.
    pub(crate) async fn movements(
        self: &Arc<Self>,
        account: AccountId,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<Movement>, Refusal> {
        let limit = limit.clamp(1, ports::store::PAGE_ROWS_MAX);
        let page = self.ask(move |reader| reader.postings(account, before, limit)).await?;
        let movement = |posting: ports::store::PostingView| {
            let (available, _) = posting.kind.effect(posting.amount_micros);
            Movement {
                id: posting.id,
                at: posting.at,
                kind: posting.kind,
                amount: Money::new(available, posting.unit),
                messages: posting.messages,
            }
        };
        Ok(Page { items: page.items.into_iter().map(movement).collect(), next: page.next })
    }
}

/// An event of a message, once it was told.
fn told(event: &EventView) -> Option<ToldEvent> {
    let EventSubject::Message { state, seq, .. } = event.row.subject else { return None };
    let tries = event.row.tries.saturating_add(1);
    Some(ToldEvent { seq, state, at: event.row.at, told_at: event.told_at()?, tries })
}

/// A state of a message of which there was nothing to tell, with when that was seen.
fn moot(event: &EventView) -> Option<(State, Timestamp)> {
    match (event.row.subject, event.end) {
        (EventSubject::Message { state, .. }, Some(EventEnd::Moot(at))) => Some((state, at)),
        _ => None,
    }
}

/// Whether nobody took an event, so that only a person brings it back.
/// The carrier's error in the receipt that ended a message; empty when none did.
fn error_of_end(view: &MessageView) -> String {
    let receipts = &mut view.attempts.iter().flat_map(|attempt| &attempt.receipts);
    let ending = receipts.rfind(|receipt| receipt.state.end().is_some() && !receipt.contradicts);
    ending.map(|receipt| receipt.error.clone()).unwrap_or_default()
}

fn is_dead(event: &EventView) -> bool {
    event.end.is_none() && event.row.next_at == Timestamp::NEVER
}

impl Scope {
    /// Whether a message may be seen: by its account, unless it has deleted it, and by the operator's people.
    fn shows(self, message: &OpenMessage) -> bool {
        match self {
            Self::Account(own) => {
                own == message.facts.account && !message.progress.flags.contains(Flags::DELETED)
            }
            Self::All => true,
        }
    }

    /// The account, unless all may be seen.
    pub(crate) const fn account(self) -> Option<AccountId> {
        match self {
            Self::Account(account) => Some(account),
            Self::All => None,
        }
    }
}
