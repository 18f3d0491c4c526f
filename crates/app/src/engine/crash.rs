//! Crashes of the engine on one message: caught, counted on the message, and never more than two.
//!
//! A crash leaves the working copies half changed. As after a commit that did not happen they are thrown
//! away with the whole batch and read anew, and everything is decided again: first the crash is counted on
//! its message (`decide::lifecycle` says what follows), then the rest. An event of a channel that crashed
//! is decided once more in a cycle of its own, after that count is on disk; at its second crash it is set
//! aside. Where nobody knows what crashed, the engine stops, as for any other error of its own.
//!
//! Where a message is only looked at, to find its connector or to put its attempt down, nothing is half
//! changed, and only that message is touched: [`Engine::guarded`].
//!
//! It never hides a crash: each is logged with its message and counted. Start at
//! [`Engine::decide_or_crash`].

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use decide::lifecycle::Input as StepInput;
use ports::channel::ChannelEvent;
use tokio::sync::oneshot;
use types::id::{ConnectorId, RowKey};
use types::time::Timestamp;

use super::steps::ReceiptNote;
use super::{Engine, EngineError, Input, outage};
use crate::submission::{Rejected, ReplySink, ReplyTo};

/// Events that crashed and wait for their second try; a channel's next events wait behind them only if they
/// are to be acknowledged, so that this stays short.
const SUSPECTS_MAX: usize = 1_000;

/// What the engine works on, for the case that it crashes.
#[derive(Default)]
pub(crate) struct AtWork {
    stage: &'static str,
    /// The message that it works on, as far as it has come.
    pub(super) message: Option<RowKey>,
    /// Whether what it works on was taken out of the queue, so that it does not come again by itself.
    taken: bool,
    /// The place of the event among those that a channel told at once.
    event: Option<usize>,
    /// Who must hear that a submission was not taken; a single caller hears it by himself.
    reply: Option<(Arc<dyn ReplySink>, u64)>,
}

impl AtWork {
    /// Work that an input asks for.
    pub(super) fn on(input: &Input) -> Self {
        let stage = match input {
            Input::Submit(..) | Input::Quote(..) => "admission",
            Input::Channel(..) | Input::Suspect(_) => "event",
            _ => "command",
        };
        let message = if let Input::Act(_, _, id, ..) = input { Some(id.key()) } else { None };
        let reply = match input {
            Input::Submit(_, ReplyTo::Sink(sink, token)) => Some((Arc::clone(sink), *token)),
            _ => None,
        };
        Self { stage, message, taken: true, event: None, reply }
    }

    /// Work on a message whose time has come.
    pub(super) fn message(stage: &'static str, key: RowKey) -> Self {
        Self { stage, message: Some(key), ..Self::default() }
    }

    /// Work for which no message can be named.
    pub(super) fn other(stage: &'static str) -> Self {
        Self { stage, ..Self::default() }
    }
}

/// An event on which the engine has crashed, with whom to tell once it is on disk.
pub(crate) struct Suspect {
    connector: ConnectorId,
    event: ChannelEvent,
    kept_on_disk: Option<oneshot::Sender<()>>,
    crashes: u8,
}

impl Suspect {
    /// Tells the channel that it is on disk.
    pub(super) fn tell_kept(self) {
        if let Some(kept_on_disk) = self.kept_on_disk {
            // A link that has gone will be told the same again by its carrier.
            let _told: Result<(), ()> = kept_on_disk.send(());
        }
    }
}

/// What is known of crashes and not on disk yet.
#[derive(Default)]
pub(crate) struct Crashes {
    /// Messages on which a step crashed.
    messages: Vec<RowKey>,
    /// Events that are tried once more after the next commit.
    suspects: Vec<Input>,
    /// Messages on which even counting crashed: nothing is done with them before the next start.
    shunned: Vec<RowKey>,
}

impl Crashes {
    pub(super) fn shuns(&self, key: RowKey) -> bool {
        self.shunned.contains(&key)
    }
}

/// What became of a round of decisions.
pub(super) enum Round {
    /// Everything is decided.
    Decided,
    /// It crashed: everything is to be decided again.
    Crashed,
}

impl Engine {
    /// Decides everything that waits. After a crash the drafts are worth nothing, and `kept` has what is to
    /// be decided again.
    pub(super) fn decide_or_crash(
        &mut self,
        inputs: &mut VecDeque<Input>,
        kept: &mut Vec<Input>,
        now: Timestamp,
    ) -> Result<Round, EngineError> {
        self.at_work = None;
        if !self.catches {
            return self.decide(inputs, kept, now).map(|()| Round::Decided);
        }
        // Whatever is half changed is read anew before it is looked at again.
        match catch_unwind(AssertUnwindSafe(|| self.decide(inputs, kept, now))) {
            Ok(outcome) => outcome.map(|()| Round::Decided),
            Err(panic) => {
                self.crashed(kept, panic);
                Ok(Round::Crashed)
            }
        }
    }

    /// Notes whose fault a crash was; goes on crashing when nobody knows.
    fn crashed(&mut self, kept: &mut Vec<Input>, panic: Box<dyn Any + Send>) {
        let Some(at_work) = self.at_work.take().filter(|work| work.message.is_some() || work.taken) else {
            resume_unwind(panic);
        };
        self.shared.metrics.crashed(at_work.stage);
        let message = at_work.message;
        let id =
            message.and_then(|key| self.live.get(&key)).map(|live| ports::store::message_id(&live.facts));
        let shown = id.map(|id| id.to_string()).unwrap_or_default();
        tracing::error!(message = shown, stage = at_work.stage, "the engine crashed on a message");
        if let Some((sink, token)) = at_work.reply {
            sink.reply(token, Err(Rejected::whole(outage::unavailable())));
        }
        match message {
            Some(key) if at_work.stage == COUNTING => {
                self.crashes.messages.retain(|other| *other != key);
                self.crashes.shunned.push(key);
            }
            Some(key) => self.crashes.messages.push(key),
            None => {}
        }
        if at_work.stage == "event" {
            self.part_from(kept, at_work.event);
        }
        // The store is not in trouble: who asks whether it writes is answered by the next batch.
        kept.extend(std::mem::take(&mut self.draft.probes).into_iter().map(Input::Probe));
    }

    /// Takes the event that crashed out of what is decided again.
    fn part_from(&mut self, kept: &mut Vec<Input>, place: Option<usize>) {
        match (kept.pop(), place) {
            (Some(Input::Channel(connector, mut events, kept_on_disk)), Some(place))
                if place < events.len() =>
            {
                let after = events.split_off(place + 1);
                let Some(event) = events.pop() else { return };
                for others in [events, after] {
                    kept.push(Input::Channel(connector, others, None));
                }
                let suspect = Suspect { connector, event, kept_on_disk, crashes: 1 };
                if self.crashes.suspects.len() < SUSPECTS_MAX {
                    self.crashes.suspects.push(Input::Suspect(suspect));
                } else {
                    kept.push(Input::Suspect(Suspect { crashes: 2, ..suspect }));
                }
            }
            (Some(Input::Suspect(suspect)), _) if suspect.crashes < 2 => {
                kept.push(Input::Suspect(Suspect { crashes: 2, ..suspect }));
            }
            (Some(Input::Suspect(Suspect { connector, kept_on_disk, .. })), _) => {
                tracing::error!(
                    connector = connector.0,
                    "an event that crashes whatever is done with it is lost"
                );
                kept.push(Input::Channel(connector, Vec::new(), kept_on_disk));
            }
            (Some(other), _) => kept.push(other),
            (None, _) => {}
        }
    }

    /// Counts the crashes that are not on disk yet.
    pub(super) fn count_crashes(&mut self, now: Timestamp) -> Result<(), EngineError> {
        for key in self.crashes.messages.clone() {
            self.at_work = Some(AtWork::message(COUNTING, key));
            self.ensure_live(&[key])?;
            self.step(key, StepInput::Crashed, ReceiptNote::default(), now)?;
        }
        Ok(())
    }

    /// The counts are on disk: what crashed once is tried once more.
    pub(super) fn crashes_are_kept(&mut self) {
        self.crashes.messages.clear();
        if !self.crashes.suspects.is_empty() {
            self.shared.put_back(std::mem::take(&mut self.crashes.suspects));
        }
    }

    /// Takes what a channel told, event by event; what crashes is then known by its place.
    pub(super) fn channel_events(
        &mut self,
        connector: ConnectorId,
        events: &[ChannelEvent],
        now: Timestamp,
    ) -> Result<(), EngineError> {
        for (place, event) in events.iter().enumerate() {
            if let Some(work) = &mut self.at_work {
                (work.event, work.message) = (Some(place), None);
            }
            self.channel_event(connector, event, now)?;
        }
        Ok(())
    }

    /// Does a piece of work that changes nothing. After a crash there is no answer, everything else stays as
    /// it is, and the caller says what follows.
    pub(super) fn guarded<T>(&self, stage: &'static str, work: impl FnOnce() -> T) -> Option<T> {
        if !self.catches {
            return Some(work());
        }
        let answer = catch_unwind(AssertUnwindSafe(work)).ok();
        if answer.is_none() {
            self.shared.metrics.crashed(stage);
            tracing::error!(stage, "the engine crashed on a message");
        }
        answer
    }

    /// A crash while a message was only looked at is counted in this very batch.
    pub(super) fn crashed_looking_at(&mut self, key: RowKey, now: Timestamp) -> Result<(), EngineError> {
        self.step(key, StepInput::Crashed, ReceiptNote::default(), now).map(|_| ())
    }

    /// From now on a crash on one message is caught and counted.
    pub(crate) const fn catch_crashes(&mut self) {
        self.catches = true;
    }

    /// Tries an event once more that has crashed. Of one that has crashed twice, what can be kept is kept:
    /// a receipt is parked as it was read. What was an answer is lost, and its message is in doubt.
    pub(super) fn suspect(&mut self, suspect: &Suspect, now: Timestamp) -> Result<(), EngineError> {
        let connector = suspect.connector;
        if suspect.crashes < 2 {
            return self.channel_event(connector, &suspect.event, now);
        }
        match &suspect.event {
            ChannelEvent::Receipt(notice) => {
                tracing::error!(connector = connector.0, "a receipt crashed the engine twice and is parked");
                self.park(connector, notice, now)
            }
            ChannelEvent::Inbound(_) => {
                tracing::error!(connector = connector.0, "a message from a phone crashed the engine twice");
                Ok(())
            }
            _ => {
                tracing::error!(connector = connector.0, "an event crashed the engine twice and is lost");
                Ok(())
            }
        }
    }
}

/// The stage in which a crash is counted.
const COUNTING: &str = "counting";
