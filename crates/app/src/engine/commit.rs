//! The commit: the draft becomes one batch, and after it everything that was promised happens.

use std::collections::HashMap;

use ports::store::{ApplyError, LotChange, MessageChange, MessageRow, OpenMessage};
use types::charge::Posting;
use types::id::LotId;
use types::time::Timestamp;

use super::{Draft, Engine, Input, LIVE_MAX};

/// Microseconds after which a commit is told in the log.
const SLOW_COMMIT_US: u64 = 50_000;

/// Tells channels that what they told is on disk, so that they may acknowledge it to the carrier.
pub(super) fn tell_kept(inputs: Vec<Input>) {
    for input in inputs {
        match input {
            Input::Channel(_, _, Some(kept_on_disk)) => {
                // A link that has gone will be told the same again by its carrier.
                let _told: Result<(), ()> = kept_on_disk.send(());
            }
            Input::Suspect(suspect) => suspect.tell_kept(),
            _ => {}
        }
    }
}

impl Engine {
    /// Makes the draft durable and lets it happen.
    pub(super) fn commit(&mut self, now: Timestamp) -> Result<(), ApplyError> {
        self.finish_batch();
        let must_write = !self.draft.batch.is_empty() || !self.draft.probes.is_empty();
        if must_write {
            let began = self.clock.monotonic_us();
            self.last_commit = self.store.apply(&self.draft.batch)?;
            let took_us = self.clock.monotonic_us().saturating_sub(began);
            let items = self.draft.batch.messages.len() + self.draft.batch.changes.len();
            if took_us >= SLOW_COMMIT_US {
                tracing::warn!(took_ms = took_us / 1_000, items, "a commit held up the engine");
            }
            self.shared.metrics.commit(took_us, items);
            self.shared.note_commit();
        }
        self.let_it_happen(now);
        Ok(())
    }

    fn finish_batch(&mut self) {
        let draft = &mut self.draft;
        for key in std::mem::take(&mut draft.new_messages) {
            let Some(live) = self.live.get(&key) else { continue };
            let message = OpenMessage { facts: live.facts.clone(), progress: live.progress };
            let body = draft.bodies.remove(&key).unwrap_or_default();
            draft.batch.messages.push(MessageRow { message, body });
        }
        draft.batch.messages.sort_unstable_by_key(|row| row.message.facts.key);
        let mut changed: Vec<_> =
            draft.touched.iter().filter_map(|(key, version)| Some((*key, (*version)?))).collect();
        changed.sort_unstable();
        for (key, expected_version) in changed {
            let Some(live) = self.live.get_mut(&key) else { continue };
            live.progress.version = expected_version.wrapping_add(1);
            draft.batch.changes.push(MessageChange { key, expected_version, progress: live.progress });
        }
        // The sort is stable: of an id that was given twice in one batch, the later row stays the newest.
        draft
            .batch
            .receipt_map
            .sort_by(|a, b| (a.connector, &a.carrier_id).cmp(&(b.connector, &b.carrier_id)));
        self.sum_postings();
        self.keep_senders();
    }

    fn sum_postings(&mut self) {
        let policy = self.snapshot.profile_version;
        let floor_micros = if self.snapshot.profile.money.allow_negative { i64::MIN } else { 0 };
        let mut lots: HashMap<LotId, (i64, i64)> = HashMap::new();
        let mut postings: Vec<_> = self.draft.postings.drain().collect();
        postings.sort_unstable_by_key(|((account, lot, kind), _)| (*account, *lot, kind.code()));
        for ((account, lot, kind), (amount_micros, messages)) in postings {
            let (available, held) = kind.effect(amount_micros);
            let sum = lots.entry(lot).or_default();
            sum.0 += available;
            sum.1 += held;
            self.draft.batch.postings.push(Posting { account, lot, kind, amount_micros, messages, policy });
        }
        let mut lots: Vec<_> = lots.into_iter().collect();
        lots.sort_unstable();
        let granted = self.draft.batch.lots.len();
        for (lot, (available_delta, held_delta)) in lots {
            // A lot that this batch grants has its change already; its postings are added to it.
            if let Some(change) =
                self.draft.batch.lots.iter_mut().take(granted).find(|change| change.lot == lot)
            {
                change.available_delta += available_delta;
                change.held_delta += held_delta;
            } else {
                self.draft.batch.lots.push(LotChange {
                    lot,
                    new: None,
                    available_delta,
                    held_delta,
                    floor_micros,
                });
            }
        }
    }

    fn let_it_happen(&mut self, now: Timestamp) {
        let draft: Draft = std::mem::take(&mut self.draft);
        self.publish_balances(&draft);
        self.publish_paused();
        for (connector, batch) in draft.dispatches {
            self.send(connector, batch, now);
        }
        for (reply, outcome) in draft.replies {
            reply.send(outcome);
        }
        for (reply, outcome) in draft.acts {
            drop(reply.send(outcome));
        }
        self.follow_lists(draft.lists);
        self.follow_senders(draft.senders, &draft.forgotten_senders);
        for (reply, outcome) in draft.listed {
            drop(reply.send(outcome));
        }
        for (reply, moved) in draft.rulings {
            drop(reply.send(Ok(moved)));
        }
        for reply in draft.probes {
            drop(reply.send(Ok(())));
        }
        for (connector, attempt, carrier_id, source) in draft.queries {
            if let Some(state) = self.connectors.get(&connector) {
                state.channel.query(attempt, &carrier_id, &source);
            }
        }
        self.shared.count(&draft.counts);
        self.shared.notifier.add(draft.events);
        self.forget_ended(draft.touched.keys().copied().chain(draft.loaded));
    }

    fn send(
        &mut self,
        connector: types::id::ConnectorId,
        batch: Vec<ports::channel::Dispatch>,
        now: Timestamp,
    ) {
        let Some(state) = self.connectors.get(&connector) else { return };
        let Err(refused) = state.channel.send(batch) else { return };
        // Nothing of these was written: the channel is closing. They are answered like any message
        // that a link could not take.
        let mut events = Vec::with_capacity(refused.len());
        for dispatch in refused {
            let attempt = dispatch.attempt;
            let wanted = self
                .live
                .get(&attempt.message)
                .and_then(super::live::Live::latest)
                .map_or(1, |a| a.answers.len());
            let parts = u8::try_from(wanted).unwrap_or(u8::MAX);
            // Parts that the carrier took before were not to be sent again.
            let asked =
                if dispatch.only_parts.is_empty() { (1..=parts).collect() } else { dispatch.only_parts };
            for part in asked {
                let outcome = types::receipt::PartOutcome {
                    part,
                    verdict: types::receipt::Verdict::Transient,
                    status: 0,
                    carrier_id: None,
                    written_at: now,
                    answered_at: now,
                };
                events.push(ports::channel::ChannelEvent::Outcome { attempt, outcome, parts });
            }
        }
        self.shared.put_back(vec![super::Input::Channel(connector, events, None)]);
    }

    fn publish_balances(&self, draft: &Draft) {
        let directory = self.shared.directory.load();
        for posting in &draft.batch.postings {
            let Some(handle) = directory.accounts.get(&posting.account) else { continue };
            let Some(purse) = self.purses.get(&posting.account) else { continue };
            let (available, held) = purse.balance(handle.account.unit);
            handle.live.set_balance(available, held);
        }
    }

    /// Ended messages leave memory, and so do waiting ones when there are too many.
    fn forget_ended(&mut self, touched: impl Iterator<Item = types::id::RowKey>) {
        for key in touched {
            let crowded = self.live.len() > LIVE_MAX;
            let Some(live) = self.live.get_mut(&key) else { continue };
            if live.progress.state.is_final() {
                self.live.remove(&key);
                continue;
            }
            if live.progress.state == types::message::State::Submitted {
                live.content = None;
            }
            let waits = matches!(
                live.progress.state,
                types::message::State::Queued | types::message::State::Scheduled
            );
            if crowded && waits {
                self.live.remove(&key);
            }
        }
    }
}
