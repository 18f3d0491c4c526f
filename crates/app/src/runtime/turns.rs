//! The engine's turns: take what waits, work it off, tidy. A thread takes them one after the other; a
//! simulation takes each when it wants to. There is one body for both, [`Turns::take`].

use std::sync::Arc;
use std::time::Duration;

use crate::engine::{CYCLE_INPUTS_MAX, Engine, EngineError, Input, chain};
use crate::shared::Shared;

/// Milliseconds that the engine sleeps at most when nothing happens.
const IDLE_MS: i64 = 500;
/// Milliseconds after which a step of the store is told in the log.
const SLOW_MS: u64 = 50;
/// Fewest microseconds between two publications of figures while there is work.
const PUBLISH_US: u64 = 200_000;
/// Fewest microseconds between two steps of tidying while there is work. Everybody waits for a step, so that many
/// small ones are better than a large one.
const TIDY_US: u64 = 25_000;

/// What a turn did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It worked off what waited or was due.
    Worked,
    /// It took nothing, because the store does not write for the moment.
    Rested,
    /// Nothing waits and nothing more is taken: the engine is at its end.
    Ended,
}

/// An engine with the clock of its turns.
pub(super) struct Turns {
    engine: Engine,
    published_at_us: u64,
    tidied_at_us: u64,
}

impl Turns {
    pub(super) const fn of(engine: Engine) -> Self {
        Self { engine, published_at_us: 0, tidied_at_us: 0 }
    }

    /// One turn. Waits up to `patience` for something to do.
    fn take(&mut self, patience: Duration) -> Result<Turn, EngineError> {
        let inbox = &self.engine.shared.inbox;
        let rest = Duration::from_millis(self.engine.rest_ms());
        if !rest.is_zero() && !inbox.is_closed() {
            inbox.rest(patience);
            if patience >= rest {
                self.engine.rested();
            }
            return Ok(Turn::Rested);
        }
        let mut inputs = Vec::new();
        inbox.take(CYCLE_INPUTS_MAX, patience, &mut inputs, Input::kind);
        let idle = inputs.is_empty();
        if idle && inbox.is_closed() {
            return Ok(Turn::Ended);
        }
        self.engine.cycle(inputs)?;
        let now_us = self.engine.clock.monotonic_us();
        if now_us.saturating_sub(self.published_at_us) > PUBLISH_US {
            self.published_at_us = now_us;
            self.engine.publish_connectors();
            self.engine.shared.history.sample(&self.engine.shared, self.engine.clock.now());
            let waiting = self.engine.backlogs.all().messages;
            self.engine.shared.metrics.set_waiting(waiting);
            self.engine.shared.metrics.set_unknown(self.engine.unknown);
        }
        if idle || now_us.saturating_sub(self.tidied_at_us) > TIDY_US {
            self.tidied_at_us = now_us;
            self.tidy_store();
        }
        Ok(Turn::Worked)
    }

    fn tidy_store(&mut self) {
        let began_us = self.engine.clock.monotonic_us();
        self.engine.tidy_or_note();
        let took_ms = self.engine.clock.monotonic_us().saturating_sub(began_us) / 1_000;
        if took_ms >= SLOW_MS {
            tracing::warn!(took_ms, "tidying the store held up the engine");
        }
    }

    /// Milliseconds until a turn has something to do without being told anything, at most `most`.
    fn wait_ms(&self, most: i64) -> u64 {
        match self.engine.rest_ms() {
            0 => u64::try_from(self.engine.wait_ms(most)).unwrap_or(0),
            rest_ms => rest_ms,
        }
    }

    /// What follows the end of the engine, whatever its cause.
    fn end(&self, outcome: &Result<Turn, EngineError>) {
        if let Err(error) = outcome {
            tracing::error!(error = %chain(error), "the engine stopped");
        }
        self.engine.shared.note_store_trouble();
        self.engine.shared.inbox.close();
    }

    /// The engine's life on its thread.
    fn run(&mut self) -> Result<(), EngineError> {
        loop {
            let patience = Duration::from_millis(self.wait_ms(IDLE_MS));
            let outcome = self.take(patience);
            if !matches!(outcome, Ok(Turn::Worked | Turn::Rested)) {
                self.end(&outcome);
                return outcome.map(|_| ());
            }
        }
    }
}

/// An engine without a thread: it works when it is asked to, and never waits.
pub struct Stepper {
    turns: Turns,
}

impl Stepper {
    pub(super) const fn of(turns: Turns) -> Self {
        Self { turns }
    }

    /// One turn of the loop that the engine's thread runs: works off what waits and is due.
    ///
    /// # Errors
    /// Why the engine stopped. As with the thread, nothing more is taken then.
    pub fn step(&mut self) -> Result<Turn, EngineError> {
        let outcome = self.turns.take(Duration::ZERO);
        if !matches!(outcome, Ok(Turn::Worked | Turn::Rested)) {
            self.turns.end(&outcome);
        }
        outcome
    }

    /// Milliseconds until [`Stepper::step`] has something to do; zero when something waits, at most `most`.
    pub fn due_in_ms(&self, most: i64) -> u64 {
        let rest_ms = self.turns.engine.rest_ms();
        if rest_ms == 0 && self.turns.engine.shared.inbox.len() > 0 {
            return 0;
        }
        self.turns.wait_ms(most)
    }
}

/// The engine's thread, to be stopped and waited for.
pub struct EngineThread {
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<Result<(), EngineError>>>,
}

impl EngineThread {
    pub(super) fn spawn(mut turns: Turns) -> Result<Self, EngineError> {
        let shared = Arc::clone(&turns.engine.shared);
        let thread = std::thread::Builder::new().name("engine".into()).spawn(move || turns.run());
        let broken =
            |error| EngineError::Configuration(format!("the engine's thread did not start: {error}"));
        Ok(Self { shared, thread: Some(thread.map_err(broken)?) })
    }

    /// Stops the engine once everything that waits is worked off.
    ///
    /// # Errors
    /// Why it stopped, if it had stopped by itself.
    pub fn stop(mut self) -> Result<(), EngineError> {
        self.shared.inbox.close();
        match self.thread.take().map(std::thread::JoinHandle::join) {
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) => Err(EngineError::Configuration("the engine's thread panicked".into())),
            None => Ok(()),
        }
    }

    /// Whether the engine still runs.
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}
