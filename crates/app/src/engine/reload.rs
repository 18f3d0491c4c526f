//! Working copies from the store: at start, after a commit that did not happen, and message by
//! message when one is needed that is not in memory.

use std::collections::HashMap;
use std::sync::Arc;

use decide::ledger::Purse;
use decide::lifecycle::Input as StepInput;
use ports::channel::ChannelEvent;
use ports::store::{AttemptView, Batch, OpenMessage};
use types::id::RowKey;
use types::message::{Reason, State};
use types::receipt::Verdict;
use types::time::Timestamp;

use super::live::Live;
use super::queue::ClassQueue;
use super::steps::ReceiptNote;
use super::{Engine, EngineError, Input, LIVE_MAX};
use crate::seal::Kind;
use crate::sealed::{Addresses, read_addresses, read_content};

/// Open messages that are read at once.
const SCAN_ROWS: usize = 2_048;

impl Engine {
    /// Reads the messages that a cycle's inputs are about, all at once.
    pub(super) fn load_facts<'a>(
        &mut self,
        inputs: impl Iterator<Item = &'a Input>,
    ) -> Result<(), EngineError> {
        let mut keys = Vec::new();
        for input in inputs {
            let Input::Channel(_, events, _) = input else { continue };
            for event in events {
                if let ChannelEvent::Outcome { attempt, .. } = event {
                    keys.push(attempt.message);
                }
            }
        }
        self.ensure_live(&keys)
    }

    /// Brings messages into memory.
    pub(super) fn ensure_live(&mut self, keys: &[RowKey]) -> Result<(), EngineError> {
        let mut missing: Vec<RowKey> =
            keys.iter().filter(|key| !self.live.contains_key(key)).copied().collect();
        if missing.is_empty() {
            return Ok(());
        }
        // Several answers of one message ask for it several times.
        missing.sort_unstable();
        missing.dedup();
        let rows = self.store.messages(&missing)?;
        let mut attempts = self.attempts_of(&rows)?;
        for row in rows {
            let attempts = attempts.remove(&row.facts.key).unwrap_or_default();
            let Some(live) = self.revive(row, &attempts) else { continue };
            self.draft.loaded.push(live.facts.key);
            self.live.insert(live.facts.key, live);
        }
        Ok(())
    }

    /// Brings the content of messages into memory.
    pub(super) fn ensure_content(&mut self, keys: &[RowKey]) -> Result<(), EngineError> {
        let lacks = |key: &&RowKey| self.live.get(key).is_some_and(|live| live.content.is_none());
        let missing: Vec<RowKey> = keys.iter().filter(lacks).copied().collect();
        if missing.is_empty() {
            return Ok(());
        }
        for (key, sealed) in self.store.bodies(&missing)? {
            if let Some(work) = &mut self.at_work {
                work.message = Some(key);
            }
            let Some(live) = self.live.get_mut(&key) else { continue };
            let Some(data_key) = self.sealer.key(live.facts.data_key) else { continue };
            let content = data_key.open(Kind::Body, key, &sealed).ok().and_then(|plain| read_content(&plain));
            live.content = content.map(Arc::new);
        }
        Ok(())
    }

    /// The attempts of messages, read all at once.
    fn attempts_of(
        &mut self,
        rows: &[OpenMessage],
    ) -> Result<HashMap<RowKey, Vec<AttemptView>>, EngineError> {
        let was_sent = rows.iter().filter(|row| row.progress.attempts > 0);
        let keys: Vec<RowKey> = was_sent.map(|row| row.facts.key).collect();
        let mut by_message: HashMap<_, Vec<_>> = HashMap::with_capacity(keys.len());
        if !keys.is_empty() {
            for view in self.store.attempts(&keys)? {
                by_message.entry(view.row.message).or_default().push(view);
            }
        }
        Ok(by_message)
    }

    /// Makes a working copy of a stored message; `None` when its key was shredded.
    fn revive(&self, message: OpenMessage, attempts: &[AttemptView]) -> Option<Live> {
        let OpenMessage { facts, progress } = message;
        let data_key = self.sealer.key(facts.data_key)?;
        // Reading changes nothing, so that a row that crashes its reader is one that cannot be read: it must
        // not keep all others from being read.
        let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let plain = data_key.open(Kind::Addresses, facts.key, &facts.sealed).ok()?;
            read_addresses(&plain)
        }));
        let Some(Addresses {
            source, destination, recipient: Some(recipient), client_reference, chosen, ..
        }) = read.ok().flatten()
        else {
            return None;
        };
        let timer = if self.timers.contains(&(facts.expires_at, facts.key)) {
            facts.expires_at
        } else {
            Timestamp::NEVER
        };
        let mut live = Live {
            facts,
            progress,
            source,
            pool: chosen.map(|chosen| chosen.pool),
            destination,
            recipient,
            client_reference,
            content: None,
            attempts: Vec::new(),
            queued_for: None,
            left: Vec::new(),
            timer,
        };
        if live.progress.attempts > 0 {
            live.adopt_attempts(attempts);
        }
        Some(live)
    }

    /// Throws the working copies away and reads them anew. Messages that are with channels stay
    /// there: their answers are still to come. What channels promised to take was not used, and what
    /// was being staged was refused.
    pub(super) fn reload(&mut self) -> Result<(), EngineError> {
        self.live.clear();
        self.timers.clear();
        self.recent_ids.clear();
        self.doubts.clear();
        self.unknown = 0;
        self.unplaced.clear();
        self.arrivals.clear();
        self.paused.clear();
        self.backlogs.clear();
        for state in self.connectors.values_mut() {
            state.queue = ClassQueue::default();
            state.credit = state.committed_credit;
        }
        self.abandoned = self.store.staged()?;
        let state = self.store.load()?;
        self.adopt_money(&state.lots);
        self.keys = crate::keys::KeyMaker::after(state.last_key);
        self.parked = state.parked;
        self.draft = super::Draft::default();
        let now = self.clock.now();
        self.scan_open(now, false)
    }

    /// Takes over lots.
    pub(crate) fn adopt_money(&mut self, lots: &[types::charge::Lot]) {
        let mut by_account: HashMap<_, Vec<_>> = HashMap::new();
        for lot in lots {
            by_account.entry(lot.account).or_default().push(lot.clone());
        }
        self.purses = by_account.into_iter().map(|(account, lots)| (account, Purse::new(lots))).collect();
        let directory = self.shared.directory.load();
        for (id, handle) in &directory.accounts {
            self.purses.entry(*id).or_default();
            let (available, held) =
                self.purses.get(id).map_or((0, 0), |purse| purse.balance(handle.account.unit));
            handle.live.set_balance(available, held);
        }
    }

    /// Reads the open messages: queues, timers and what is unknown. After a start, messages that
    /// were being written when the process stopped become unknown, never queued.
    pub(crate) fn scan_open(&mut self, now: Timestamp, starting: bool) -> Result<(), EngineError> {
        if starting {
            self.discard_staged(now)?;
        }
        self.scan_parked()?;
        let mut after = RowKey::ZERO;
        loop {
            let rows = self.store.open_messages(after, SCAN_ROWS)?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.facts.key;
            self.draft = super::Draft::default();
            self.draft.batch.at = now;
            let mut attempts = self.attempts_of(&rows)?;
            for row in rows {
                let attempts = attempts.remove(&row.facts.key).unwrap_or_default();
                self.adopt_open(row, &attempts, now, starting)?;
            }
            self.commit_scan(now)?;
        }
    }

    fn commit_scan(&mut self, now: Timestamp) -> Result<(), EngineError> {
        self.commit(now).map_err(EngineError::InDoubt)
    }

    fn discard_staged(&mut self, now: Timestamp) -> Result<(), EngineError> {
        let discarded = self.store.staged()?;
        if discarded.is_empty() {
            return Ok(());
        }
        let batch = Batch { at: now, discarded, ..Batch::default() };
        self.store.apply(&batch).map(|_| ()).map_err(EngineError::InDoubt)
    }

    fn adopt_open(
        &mut self,
        row: OpenMessage,
        attempts: &[AttemptView],
        now: Timestamp,
        starting: bool,
    ) -> Result<(), EngineError> {
        let key = row.facts.key;
        let state = row.progress.state;
        let due_at = row.progress.due_at;
        let Some(live) = self.revive(row, attempts) else {
            tracing::warn!("an open message cannot be read: its key was shredded, or it is damaged");
            return Ok(());
        };
        self.backlogs.follow(live.facts.account, live.facts.price.parts, None, state);
        let slot = live.progress.connector.map(|connector| (connector, live.facts.recipient_hash));
        let attempts: Vec<u8> = live.attempts.iter().map(|attempt| attempt.number).collect();
        self.live.insert(key, live);
        self.draft.loaded.push(key);
        self.follow_pause(key);
        for attempt in attempts {
            self.follow_doubt(key, attempt);
        }
        match state {
            State::Accepted | State::Scheduled | State::Submitted => self.set_timer(key, due_at),
            State::Queued if due_at > now => self.set_timer(key, due_at),
            State::Queued => self.place(key, now)?,
            State::Unknown => {
                self.unknown += 1;
                if let Some(slot) = slot {
                    self.parked_receipts.look_again(slot);
                }
                self.set_timer(key, due_at);
            }
            State::Sending if starting => self.stopped_while_sending(key, now)?,
            _ => {}
        }
        let crowded = self.live.len() > LIVE_MAX;
        if crowded && state == State::Queued && !self.draft.touched.contains_key(&key) {
            self.live.remove(&key);
        }
        Ok(())
    }

    /// The process stopped between the write ahead and the answer: nobody knows.
    fn stopped_while_sending(&mut self, key: RowKey, now: Timestamp) -> Result<(), EngineError> {
        let Some(live) = self.live.get_mut(&key) else { return Ok(()) };
        live.expect_no_answer();
        let attempt = live.progress.attempts;
        let input = StepInput::Answer { attempt, verdict: Verdict::Unknown, reason: Reason::ProcessStopped };
        let effects = self.step(key, input, ReceiptNote::default(), now)?;
        self.note_query(key, effects)?;
        Ok(())
    }
}
