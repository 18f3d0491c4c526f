//! The engine: one thread that decides. It takes what waits, decides all of it against working
//! copies, commits once, and only then lets anything happen outside.
//!
//! A cycle is [`Engine::cycle`]. Nothing here blocks but the store. If a commit does not happen,
//! the working copies are thrown away and read anew, so that memory never runs ahead of the disk.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use ports::channel::{ChannelEvent, ChannelFactory, Dispatch};
use ports::clock::Clock;
use ports::entropy::Entropy;
use ports::store::{ApplyError, Batch, OutboxRetry, ReceiptTarget, Store};
use tokio::sync::oneshot;
use types::id::{AccountId, CommitSeq, ConnectorId, EndpointId, MessageId, RowKey};
use types::refusal::Refusal;
use types::time::Timestamp;

use crate::inbox::Kind;
use crate::keys::KeyMaker;
use crate::maps::{IdMap, TextMap};
use crate::notify::Event;
use crate::seal::{Hasher, Sealer};
use crate::shared::Shared;
use crate::submission::{Act, Idempotency, ReplyTo, Submission, SubmitOutcome};

mod act;
mod admission;
mod answers;
mod attempt;
mod backlog;
mod catalog;
mod commit;
mod crash;
mod doubt;
mod inbound;
pub(crate) mod live;
mod long;
mod money;
pub(crate) mod notation;
mod once;
mod outage;
mod parked;
mod pause;
mod planning;
mod pump;
pub(crate) mod queue;
mod receipts;
mod reload;
mod repeats;
mod reports;
mod senders;
mod steps;
pub(crate) mod suppress;

pub(crate) use act::ActOutcome;
pub use catalog::Membership;
pub(crate) use catalog::{
    AskedEndpoint, Change, Changed, ContactChange, Merged, NumberChange, ResourcePatch,
};
use crash::{AtWork, Round};
use live::{ConnectorState, Live, Spread};
use long::LongSubmission;
pub(crate) use pause::Ruling;

/// Inputs of one cycle; more wait for the next.
pub(crate) const CYCLE_INPUTS_MAX: usize = 2_048;
/// Messages of a long submission that one cycle takes; a submission of more is long.
pub(crate) const STAGE_CHUNK: usize = 200;
/// Messages whose facts stay in memory; others are read again when their turn comes.
pub(crate) const LIVE_MAX: usize = 100_000;
/// Carrier ids that stay in memory; others are found in the store.
pub(crate) const RECENT_IDS_MAX: usize = 200_000;
/// Milliseconds that an idempotency key holds: 24 hours.
pub(crate) const IDEMPOTENCY_MS: i64 = 86_400_000;
/// Times that a batch is decided again after a guard that did not hold.
const GUARD_RETRIES: u32 = 3;
/// Microseconds for which nothing is taken after a batch that the store did not write.
const REST_US: u64 = 200_000;

/// What the engine is asked to do.
pub(crate) enum Input {
    /// Take a submission.
    Submit(Submission, ReplyTo),
    /// Say what a submission would cost; nothing is kept.
    Quote(Submission, oneshot::Sender<SubmitOutcome>),
    /// Do something with a message that exists, once under the key of a request.
    Act(Act, Option<AccountId>, MessageId, Option<(AccountId, Idempotency)>, oneshot::Sender<ActOutcome>),
    /// What a person says of messages that wait for one; told how many it was true of.
    Rule(Ruling, Vec<RowKey>, oneshot::Sender<Result<u64, Refusal>>),
    /// Change the list of recipients that an account must not message, once under its key.
    List(AccountId, suppress::Listing, Option<Idempotency>, oneshot::Sender<suppress::Listed>),
    /// What a channel told, and whom to tell once it is on disk.
    Channel(ConnectorId, Vec<ChannelEvent>, Option<oneshot::Sender<()>>),
    /// An event that has crashed.
    Suspect(crash::Suspect),
    /// Events that were told or given up.
    ReportsDone(Vec<RowKey>),
    /// Events that there is nothing to tell of.
    ReportsMoot(Vec<RowKey>),
    /// Events to tell again later.
    ReportsRetry(Vec<OutboxRetry>),
    /// Read more events of an endpoint from the store.
    LoadReports(EndpointId, RowKey),
    /// Find the endpoint of an address, or make it.
    Endpoint(AskedEndpoint, oneshot::Sender<Result<EndpointId, Refusal>>),
    /// Change accounts, people or documents.
    Change(Change, oneshot::Sender<Result<Changed, Refusal>>),
    /// Hand nothing more to channels, and tell which there are, so that they can be drained.
    Drain(oneshot::Sender<Vec<Arc<dyn ports::channel::Channel>>>),
    /// Make a durable write and say so.
    Probe(oneshot::Sender<Result<(), Refusal>>),
}

impl Input {
    /// Which limit of the inbox it counts against.
    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::Submit(..) => Kind::Submission,
            Self::Channel(..) | Self::Suspect(_) => Kind::Event,
            _ => Kind::Command,
        }
    }
}

/// Why the engine stopped.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// It is not known whether a batch is durable; only a restart can tell.
    #[error("the store is in doubt about a commit")]
    InDoubt(#[source] ApplyError),
    /// The store could not be read.
    #[error("the store could not be read")]
    Store(#[from] ports::store::StoreError),
    /// The configuration in the store cannot be used.
    #[error("the stored configuration cannot be used: {0}")]
    Configuration(String),
    /// The data keys cannot be opened.
    #[error("the data keys cannot be opened")]
    Keys(#[from] crate::seal::SealError),
}

/// What a cycle changed in memory and will do outside once it is committed.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) batch: Batch,
    /// Messages that were touched, with the version that the store has; `None` for new ones.
    pub(crate) touched: IdMap<RowKey, Option<u32>>,
    /// Messages that were read from the store for this cycle.
    pub(crate) loaded: Vec<RowKey>,
    /// In the order of their keys.
    pub(crate) new_messages: Vec<RowKey>,
    pub(crate) bodies: IdMap<RowKey, Box<[u8]>>,
    pub(crate) replies: Vec<(ReplyTo, SubmitOutcome)>,
    pub(crate) acts: Vec<(oneshot::Sender<ActOutcome>, ActOutcome)>,
    pub(crate) listed: Vec<(oneshot::Sender<suppress::Listed>, suppress::Listed)>,
    /// What it changes of suppression lists.
    pub(crate) lists: suppress::ListChanges,
    /// From which senders of pools its recipients hear, and whom it forgets for them.
    pub(crate) senders: senders::SenderChanges,
    pub(crate) forgotten_senders: Vec<(RowKey, i64)>,
    pub(crate) rulings: Vec<(oneshot::Sender<Result<u64, Refusal>>, u64)>,
    pub(crate) probes: Vec<oneshot::Sender<Result<(), Refusal>>>,
    pub(crate) dispatches: BTreeMap<ConnectorId, Vec<Dispatch>>,
    pub(crate) queries: Vec<(ConnectorId, ports::channel::AttemptRef, String, types::address::Address)>,
    pub(crate) events: Vec<(EndpointId, Event)>,
    pub(crate) postings: IdMap<(AccountId, types::id::LotId, types::charge::PostingKind), (i64, u32)>,
    pub(crate) counts: Vec<crate::shared::Count>,
}

/// The deciding thread's state.
pub(crate) struct Engine {
    pub(crate) store: Box<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) factory: Arc<dyn ChannelFactory>,
    pub(crate) sink: Arc<dyn ports::channel::ChannelSink>,
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) hasher: Hasher,
    pub(crate) keys: KeyMaker,
    pub(crate) snapshot: Arc<decide::snapshot::Snapshot>,
    pub(crate) purses: IdMap<AccountId, decide::ledger::Purse>,
    pub(crate) live: IdMap<RowKey, Live>,
    pub(crate) connectors: BTreeMap<ConnectorId, ConnectorState>,
    pub(crate) connector_numbers: Vec<(ConnectorId, String)>,
    pub(crate) timers: BTreeSet<(Timestamp, RowKey)>,
    pub(crate) recent_ids: TextMap<(ConnectorId, String), ReceiptTarget>,
    /// Attempts of open messages without a known outcome, by phone.
    pub(crate) doubts: doubt::Doubts,
    /// How many messages are in doubt.
    pub(crate) unknown: usize,
    /// Messages that wait for a person.
    pub(crate) paused: pause::Paused,
    /// Receipts on disk that found no message, by phone.
    pub(crate) parked_receipts: parked::Parked,
    pub(crate) parked: i64,
    pub(crate) notations: notation::Notations,
    pub(crate) repeats: HashMap<repeats::RepeatKey, Timestamp>,
    pub(crate) suppressed: suppress::Suppressed,
    /// From which senders of pools recipients heard last.
    pub(crate) senders: senders::Senders,
    pub(crate) countries: IdMap<u64, types::network::Country>,
    pub(crate) long: VecDeque<LongSubmission>,
    /// Submissions on disk that were being staged when a commit did not happen; they are given up with
    /// the next one.
    pub(crate) abandoned: Vec<RowKey>,
    /// A change of which nobody knows whether it is on disk.
    pub(crate) change_in_doubt: Option<ApplyError>,
    /// The key of the request that a change is made for; what it creates stands in it.
    pub(crate) once: Option<ports::store::IdempotencyRow>,
    pub(crate) long_keys: HashSet<(AccountId, [u8; 16])>,
    pub(crate) last_numbers: [i64; 5],
    pub(crate) self_links: HashMap<String, String>,
    pub(crate) spread: Spread,
    pub(crate) backlogs: backlog::Backlogs,
    pub(crate) last_commit: CommitSeq,
    /// Queued messages that no open connector may take now.
    pub(crate) unplaced: Vec<RowKey>,
    /// Messages of long submissions that are on disk and have not been put into a queue yet.
    pub(crate) arrivals: VecDeque<RowKey>,
    /// Whether a connector could be handed more than one cycle hands over.
    pub(crate) has_more_to_hand_over: bool,
    /// Whether channels are opened at all.
    pub(crate) connects: bool,
    /// Whether a crash on one message is caught. Not in a simulation, where every crash is a fault.
    catches: bool,
    at_work: Option<crash::AtWork>,
    crashes: crash::Crashes,
    pub(crate) draining: bool,
    /// Until when nothing is taken, because the store does not write; on the clock that never goes back.
    resume_at_us: u64,
    pub(crate) draft: Draft,
}

/// What an engine is made of, besides what it reads from the store.
pub(crate) struct Outfit {
    pub(crate) store: Box<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) factory: Arc<dyn ChannelFactory>,
    pub(crate) sink: Arc<dyn ports::channel::ChannelSink>,
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) hasher: Hasher,
    pub(crate) connects: bool,
}

impl Engine {
    /// An engine that has read nothing but counts and numbers yet.
    pub(crate) fn new(outfit: Outfit, state: &ports::store::StoredState) -> Self {
        Self {
            store: outfit.store,
            clock: outfit.clock,
            entropy: outfit.entropy,
            sealer: outfit.sealer,
            shared: outfit.shared,
            factory: outfit.factory,
            sink: outfit.sink,
            runtime: outfit.runtime,
            hasher: outfit.hasher,
            connects: outfit.connects,
            catches: false,
            at_work: None,
            crashes: crash::Crashes::default(),
            keys: KeyMaker::after(state.last_key),
            connector_numbers: state.connectors.clone(),
            parked: state.parked,
            last_numbers: state.last_numbers,
            last_commit: state.last_commit,
            snapshot: Arc::default(),
            purses: IdMap::default(),
            live: IdMap::default(),
            connectors: BTreeMap::new(),
            timers: BTreeSet::new(),
            recent_ids: TextMap::default(),
            doubts: doubt::Doubts::default(),
            unknown: 0,
            paused: pause::Paused::default(),
            parked_receipts: parked::Parked::default(),
            notations: notation::Notations::default(),
            repeats: HashMap::new(),
            suppressed: suppress::Suppressed::default(),
            senders: senders::Senders::default(),
            countries: IdMap::default(),
            long: VecDeque::new(),
            abandoned: Vec::new(),
            change_in_doubt: None,
            once: None,
            long_keys: HashSet::new(),
            self_links: HashMap::new(),
            spread: Spread::default(),
            backlogs: backlog::Backlogs::default(),
            unplaced: Vec::new(),
            arrivals: VecDeque::new(),
            has_more_to_hand_over: false,
            draining: false,
            resume_at_us: 0,
            draft: Draft::default(),
        }
    }

    /// Works off `inputs` and whatever is due: one batch, one commit. On return everything that
    /// was promised is on disk and everything that had to happen outside was started.
    ///
    /// # Errors
    /// Only when the thread must stop.
    pub(crate) fn cycle(&mut self, inputs: Vec<Input>) -> Result<(), EngineError> {
        let mut inputs = VecDeque::from(inputs);
        answers::answers_first(&mut inputs);
        for retry in 0..=GUARD_RETRIES {
            let now = self.clock.now();
            self.draft = Draft::default();
            self.draft.batch.at = now;
            let mut kept = Vec::new();
            let round = self.decide_or_crash(&mut inputs, &mut kept, now);
            if !matches!(round, Ok(Round::Decided)) {
                match round {
                    Err(error) if !error.is_unreachable() => return Err(error),
                    _ => self.refuse_batch(),
                }
                kept.extend(inputs);
                self.reload_when_reachable(&mut kept)?;
                inputs = kept.into();
                continue;
            }
            match self.commit(now) {
                Ok(()) => {
                    self.abandoned.clear();
                    self.crashes_are_kept();
                    commit::tell_kept(kept);
                    return Ok(());
                }
                Err(error @ ApplyError::InDoubt(_)) => return Err(EngineError::InDoubt(error)),
                Err(error) => {
                    tracing::error!(error = %chain(&error), retry, "the batch was not written");
                    self.refuse_batch();
                    self.reload_when_reachable(&mut kept)?;
                    inputs = kept.into();
                    if matches!(error, ApplyError::NotWritten(_)) {
                        self.shared.note_store_trouble();
                        break;
                    }
                }
            }
        }
        // What channels told cannot be told again: it waits for a store that writes.
        self.resume_at_us = self.clock.monotonic_us().saturating_add(REST_US);
        self.shared.put_back(inputs.into());
        Ok(())
    }

    /// It has rested, whatever the clock says.
    pub(crate) const fn rested(&mut self) {
        self.resume_at_us = 0;
    }

    /// Milliseconds for which nothing is to be taken.
    pub(crate) fn rest_ms(&self) -> u64 {
        self.resume_at_us.saturating_sub(self.clock.monotonic_us()).div_ceil(1_000)
    }

    /// Decides about everything that waits; `kept` gets what must not be lost if the commit fails. After an
    /// error, what was not looked at still waits.
    fn decide(
        &mut self,
        waiting: &mut VecDeque<Input>,
        kept: &mut Vec<Input>,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        self.connectors.values_mut().for_each(|state| state.committed_credit = state.credit);
        self.draft.batch.discarded.extend(&self.abandoned);
        self.load_facts(waiting.iter())?;
        self.count_crashes(now)?;
        while let Some(input) = waiting.pop_front() {
            self.at_work = Some(AtWork::on(&input));
            match input {
                Input::Submit(submission, reply) => self.submit(submission, reply, now)?,
                Input::Quote(submission, reply) => {
                    // A caller that has gone away needs no answer.
                    drop(reply.send(self.quote(&submission, now)));
                }
                Input::Act(act, account, id, once, reply) => {
                    self.act(act, (account, id), once, reply, now)?;
                }
                Input::Rule(ruling, messages, reply) => self.rule(ruling, &messages, reply, now)?,
                Input::List(account, listing, once, reply) => {
                    self.change_list(account, (&listing, once.as_ref()), reply, now)?;
                }
                Input::Channel(connector, events, kept_on_disk) => {
                    kept.push(Input::Channel(connector, events, kept_on_disk));
                    if let Some(Input::Channel(_, events, _)) = kept.last() {
                        self.channel_events(connector, events, now)?;
                    }
                }
                Input::Suspect(suspect) => {
                    kept.push(Input::Suspect(suspect));
                    if let Some(Input::Suspect(suspect)) = kept.last() {
                        self.suspect(suspect, now)?;
                    }
                }
                Input::ReportsDone(events) => {
                    self.draft.batch.outbox_done.extend(&events);
                    kept.push(Input::ReportsDone(events));
                }
                Input::ReportsMoot(events) => {
                    self.draft.batch.outbox_moot.extend(&events);
                    kept.push(Input::ReportsMoot(events));
                }
                Input::ReportsRetry(retries) => {
                    self.draft.batch.outbox_retry.extend(&retries);
                    kept.push(Input::ReportsRetry(retries));
                }
                Input::LoadReports(endpoint, after) => {
                    self.load_reports(endpoint, after)
                        .inspect_err(|_| kept.push(Input::LoadReports(endpoint, after)))?;
                }
                Input::Endpoint(asked, reply) => self.find_endpoints((asked, reply), waiting, now)?,
                Input::Change(change, reply) => self.change(change, reply, now)?,
                Input::Probe(reply) => self.draft.probes.push(reply),
                Input::Drain(reply) => self.drain(reply),
            }
        }
        self.decide_what_is_due(now)
    }

    /// Decides what nobody has asked for just now, and hands over what waits.
    fn decide_what_is_due(&mut self, now: Timestamp) -> Result<(), EngineError> {
        self.at_work = Some(AtWork::other("staging"));
        self.advance_long(now)?;
        self.place_arrivals(now)?;
        self.run_due(now)?;
        self.at_work = Some(AtWork::other("matching"));
        self.match_by_phone(now)?;
        self.lapse_parked(now)?;
        if !self.draining {
            self.pump(now)?;
        }
        Ok(())
    }

    /// Hands nothing more to channels, and tells which there are.
    fn drain(&mut self, reply: oneshot::Sender<Vec<Arc<dyn ports::channel::Channel>>>) {
        self.draining = true;
        self.has_more_to_hand_over = false;
        // Who asked may have given up.
        drop(reply.send(self.connectors.values().map(|state| Arc::clone(&state.channel)).collect()));
    }

    fn channel_event(
        &mut self,
        connector: ConnectorId,
        event: &ChannelEvent,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        match event {
            ChannelEvent::Credit(count) => {
                if let Some(state) = self.connectors.get_mut(&connector) {
                    state.credit = state.credit.saturating_add(*count);
                }
                Ok(())
            }
            ChannelEvent::Outcome { attempt, outcome, parts } => {
                self.answer(connector, *attempt, outcome, *parts, now)
            }
            ChannelEvent::Receipt(notice) => self.receipt(connector, notice, now),
            ChannelEvent::QueryAnswer { attempt, state } => self.query_answer(*attempt, *state, now),
            ChannelEvent::Inbound(notice) => self.inbound(connector, notice, now),
            ChannelEvent::Status(status) => self.connector_status(connector, status, now),
        }
    }

    /// Milliseconds until something is due; at most `most`.
    pub(crate) fn wait_ms(&self, most: i64) -> i64 {
        if !self.long.is_empty() || !self.arrivals.is_empty() || self.has_more_to_hand_over {
            return 0;
        }
        let now = self.clock.now();
        self.timers.first().map_or(most, |(at, _)| at.ms_since(now).clamp(0, most))
    }
}

/// The whole chain of an error, for the log.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
