//! The message centre: what the carrier decides about messages, as plain state without sockets, tasks or clock.
//!
//! Sessions share one under a lock and pass the time in. Start at [`MessageCentre::judge`].

use std::sync::Arc;

use smpp::{CancelSm, CommandStatus, MessageState, QuerySm};
use tokio::sync::Notify;
use types::time::Timestamp;

use super::delivery::{Content, Delivery, Receipt};
use super::fate::Fate;
use super::incoming::{Incoming, StoredAddress};
use super::log::PartLog;
use super::memory::{Recent, Record, Repeats};
use super::queue::{CONTRADICTION_MS, DeliveryQueue, DueKey};

/// How often a throttled message is refused.
const THROTTLED_TIMES: u8 = 2;
/// How often a link is cut for one message.
const CUT_TIMES: u8 = 1;
/// How long the response waits behind the receipt, so that the order also holds across two links.
const RECEIPT_FIRST_RESPONSE_MS: u64 = 200;
/// How long a late response takes.
const LATE_RESPONSE_MS: u64 = 10_000;
/// How long a late receipt takes.
const LATE_RECEIPT_MS: u64 = 30_000;
/// Receipts come within this many percent of the set delay, either way.
const JITTER_PERCENT: u64 = 20;
/// How long a delivery waits before it is tried again.
const RETRY_MS: u64 = 5_000;
/// Attempts after which a delivery is given up.
const DELIVERY_ATTEMPTS_MAX: u8 = 5;
/// Bits of `registered_delivery` that ask for receipts (SMPP 3.4, 5.2.17).
const RECEIPT_BITS: u8 = 0x03;

/// The time on both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// Milliseconds on the clock that never goes back.
    pub(crate) ms: u64,
    /// The wall clock.
    pub(crate) at: Timestamp,
}

/// What is done with a submitted message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Taken; the response waits so long.
    Accept {
        /// Milliseconds until the response.
        response_after_ms: u64,
    },
    /// Taken, and the link is cut instead of a response.
    Cut,
    /// Refused.
    Refuse(CommandStatus),
}

/// Counters since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CarrierCounts {
    /// Message parts that were taken.
    pub accepted: u64,
    /// Deliveries (receipts and parts of answers) that a customer acknowledged.
    pub acknowledged: u64,
    /// Deliveries that wait for their time or for a bind.
    pub held: u64,
    /// Deliveries dropped because too many were held.
    pub dropped: u64,
}

/// What has to be woken after the lock is released.
pub(crate) struct Bells {
    /// The pacer must look at its next due time.
    pub(crate) pacer: bool,
}

/// The state of the carrier.
pub(crate) struct MessageCentre {
    recent: Recent,
    repeats: Repeats,
    queue: DeliveryQueue,
    log: PartLog,
    receivers: Vec<(u64, Arc<Notify>)>,
    chance: u64,
    receipt_delay_ms: u64,
    accepted: u64,
    acknowledged: u64,
    /// The due time that the pacer sleeps for, as far as it was told.
    pacer_due_ms: Option<u64>,
    ready_added: bool,
}

impl MessageCentre {
    /// A centre whose ids begin at `first_id`.
    pub(crate) fn new(first_id: u64, log: PartLog, settings: CentreSettings) -> Self {
        Self {
            recent: Recent::new(first_id),
            repeats: Repeats::default(),
            queue: DeliveryQueue::new(settings.held_max),
            log,
            receivers: Vec::new(),
            chance: first_id,
            receipt_delay_ms: settings.receipt_delay_ms,
            accepted: 0,
            acknowledged: 0,
            pacer_due_ms: None,
            ready_added: false,
        }
    }

    /// Decides what is done with a message. Whatever is not refused must then be taken by [`Self::take`].
    pub(crate) fn judge(&mut self, incoming: &Incoming<'_>) -> Verdict {
        let response_after_ms = match Fate::of(incoming.destination.digits()) {
            Fate::Throttled if self.repeats.turns_away(incoming.digest(), THROTTLED_TIMES) => {
                return Verdict::Refuse(CommandStatus::ESME_RTHROTTLED);
            }
            Fate::LinkCut if self.repeats.turns_away(incoming.digest(), CUT_TIMES) => return Verdict::Cut,
            Fate::ReceiptFirst => RECEIPT_FIRST_RESPONSE_MS,
            Fate::LateResponse => LATE_RESPONSE_MS,
            _ => 0,
        };
        Verdict::Accept { response_after_ms }
    }

    /// Takes a message and gives it an id. The receipt is scheduled if it is asked for.
    pub(crate) fn take(&mut self, incoming: &Incoming<'_>, now: Now) -> u64 {
        self.take_all(std::slice::from_ref(incoming), now)
    }

    /// Takes the destinations of one `submit_multi` under one id.
    pub(crate) fn take_all(&mut self, messages: &[Incoming<'_>], now: Now) -> u64 {
        let first = messages.first();
        let fate = first.map_or(Fate::Delivered, |first| Fate::of(first.destination.digits()));
        let after_ms = self.receipt_after_ms(fate);
        let source = first.map(|first| first.source).or_else(|| StoredAddress::new(smpp::Address::EMPTY));
        let Some(source) = source else { return 0 };
        let id = self.recent.issue(Record {
            source,
            fate,
            done_ms: now.ms + after_ms,
            done_at: later(now.at, after_ms),
            cancelled: false,
            pending: None,
            is_multi: messages.len() > 1,
        });
        for (index, incoming) in messages.iter().enumerate() {
            let fate = Fate::of(incoming.destination.digits());
            let after_ms = if index == 0 { after_ms } else { self.receipt_after_ms(fate) };
            self.accepted += 1;
            self.log.append(id, incoming, fate, now.at);
            let key = self.schedule_receipt(id, incoming, after_ms, now);
            if let Some(record) = self.recent.get_mut(id) {
                record.pending = key;
            }
        }
        id
    }

    fn receipt_after_ms(&mut self, fate: Fate) -> u64 {
        match fate {
            Fate::ReceiptFirst => 0,
            Fate::LateReceipt => LATE_RECEIPT_MS,
            Fate::LateResponse => LATE_RESPONSE_MS + self.jittered_delay_ms(),
            _ => self.jittered_delay_ms(),
        }
    }

    fn schedule_receipt(
        &mut self,
        id: u64,
        incoming: &Incoming<'_>,
        after_ms: u64,
        now: Now,
    ) -> Option<DueKey> {
        let fate = Fate::of(incoming.destination.digits());
        let mut receipt = Receipt::new(id, incoming, fate.end(), now.at);
        receipt.done_at = later(now.at, after_ms);
        receipt.contradicted = fate == Fate::Contradicted;
        if fate == Fate::NoReceipt {
            return None;
        }
        let mut due_ms = now.ms + after_ms;
        match incoming.registered_delivery & RECEIPT_BITS {
            0 => return None,
            // Only failures are asked for: of a contradicted message that is the contradiction.
            2 if receipt.contradicted => {
                receipt.contradicted = false;
                (receipt.state, receipt.error) = (MessageState::Undeliverable, 10);
                due_ms += CONTRADICTION_MS;
            }
            2 if receipt.state == MessageState::Delivered => return None,
            // The value that SMPP 3.4 reserves is read as in 5.0: successes only.
            3 if receipt.state != MessageState::Delivered => return None,
            3 => receipt.contradicted = false,
            _ => {}
        }
        let delivery = Delivery::new(Content::Receipt(receipt));
        if after_ms == 0 && !receipt.contradicted {
            self.queue.push_ready(delivery);
            self.ready_added = true;
            return None;
        }
        Some(self.queue.schedule(due_ms, delivery))
    }

    /// The state of a message for `query_sm`: state, error and, when it is final, since when.
    ///
    /// # Errors
    /// The status to answer with.
    pub(crate) fn query(
        &mut self,
        query: &QuerySm<'_>,
        now: Now,
    ) -> Result<(MessageState, u16, Option<Timestamp>), CommandStatus> {
        let record = self.find(query.message_id)?;
        if record.source.digits() != query.source.digits {
            return Err(CommandStatus::ESME_RQUERYFAIL);
        }
        let (state, error) = record.state_at(now.ms);
        let done_at = state.is_final().then_some(record.done_at);
        Ok((state, error, done_at))
    }

    /// Cancels a message that is not final; its receipt, if one was asked for, then says so. Returns its id.
    ///
    /// # Errors
    /// The status to answer with.
    pub(crate) fn cancel(&mut self, cancel: &CancelSm<'_>, now: Now) -> Result<u64, CommandStatus> {
        if cancel.message_id.is_empty() {
            // Cancelling all messages between two numbers is not offered.
            return Err(CommandStatus::ESME_RCANCELFAIL);
        }
        let record = self.find(cancel.message_id)?;
        let is_open = !record.state_at(now.ms).0.is_final();
        if record.source.digits() != cancel.source.digits || record.is_multi || !is_open {
            return Err(CommandStatus::ESME_RCANCELFAIL);
        }
        record.cancelled = true;
        record.done_ms = now.ms;
        record.done_at = now.at;
        let pending = record.pending.take();
        if let Some(mut delivery) = pending.and_then(|key| self.queue.remove(key)) {
            if let Content::Receipt(receipt) = &mut delivery.content {
                receipt.state = MessageState::Deleted;
                receipt.error = 0;
                receipt.contradicted = false;
                receipt.done_at = now.at;
            }
            self.queue.push_ready(delivery);
            self.ready_added = true;
        }
        parse_id(cancel.message_id).ok_or(CommandStatus::ESME_RINVMSGID)
    }

    /// Answers `replace_sm`. A message reaches its phone at once, so there is never a text to replace.
    pub(crate) fn replace(&mut self, message_id: &[u8]) -> CommandStatus {
        self.find(message_id).err().unwrap_or(CommandStatus::ESME_RREPLACEFAIL)
    }

    fn find(&mut self, message_id: &[u8]) -> Result<&mut Record, CommandStatus> {
        let id = parse_id(message_id).ok_or(CommandStatus::ESME_RINVMSGID)?;
        self.recent.get_mut(id).ok_or(CommandStatus::ESME_RINVMSGID)
    }

    /// Adds deliveries that go out before all others, if a bind can carry them.
    pub(crate) fn answer(&mut self, parts: Vec<Delivery>) -> bool {
        if self.receivers.is_empty() {
            return false;
        }
        self.queue.give_back(parts.into_iter());
        self.ready_added = true;
        true
    }

    /// Makes a session known that can receive.
    pub(crate) fn add_receiver(&mut self, session: u64, wake: Arc<Notify>) {
        self.receivers.push((session, wake));
        self.ready_added = true;
    }

    /// Forgets a session; what it left unanswered goes to another.
    pub(crate) fn remove_receiver(&mut self, session: u64, open: Vec<Delivery>) {
        self.receivers.retain(|(other, _)| *other != session);
        if !open.is_empty() {
            self.queue.give_back(open.into_iter());
            self.ready_added = true;
        }
    }

    /// The next delivery that may go out.
    pub(crate) fn next_delivery(&mut self) -> Option<Delivery> {
        self.queue.take()
    }

    /// Notes that a customer acknowledged a delivery.
    pub(crate) fn acknowledge(&mut self) {
        self.acknowledged += 1;
    }

    /// Tries a delivery again later, unless it was tried often enough.
    pub(crate) fn retry(&mut self, mut delivery: Delivery, now: Now) {
        delivery.attempts += 1;
        if delivery.attempts < DELIVERY_ATTEMPTS_MAX {
            self.queue.schedule(now.ms + RETRY_MS, delivery);
        }
    }

    /// Moves what is due to the ready ones and tells when to look again.
    pub(crate) fn ripen(&mut self, now: Now) -> Option<u64> {
        self.ready_added |= self.queue.ripen(now.ms);
        self.pacer_due_ms = self.queue.next_due_ms();
        self.pacer_due_ms
    }

    /// Ends a turn at the lock: flushes the log, wakes receivers, and tells whom else to wake.
    pub(crate) fn finish_turn(&mut self) -> Bells {
        self.log.flush();
        if std::mem::take(&mut self.ready_added) && self.queue.has_ready() {
            for (_, wake) in &self.receivers {
                wake.notify_one();
            }
        }
        let due_ms = self.queue.next_due_ms();
        let is_earlier = match (due_ms, self.pacer_due_ms) {
            (Some(due_ms), Some(told_ms)) => due_ms < told_ms,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if is_earlier {
            self.pacer_due_ms = due_ms;
        }
        Bells { pacer: is_earlier }
    }

    /// Counters since the start.
    pub(crate) fn counts(&self) -> CarrierCounts {
        CarrierCounts {
            accepted: self.accepted,
            acknowledged: self.acknowledged,
            held: u64::try_from(self.queue.len()).unwrap_or(u64::MAX),
            dropped: self.queue.dropped(),
        }
    }

    /// The receipt delay with its jitter. Chance here needs no secrecy, so a small generator (SplitMix64)
    /// serves, seeded once.
    fn jittered_delay_ms(&mut self) -> u64 {
        self.chance = self.chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.chance;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let percent = 100 - JITTER_PERCENT + (bits >> 31) % (2 * JITTER_PERCENT + 1);
        self.receipt_delay_ms.saturating_mul(percent) / 100
    }
}

/// What a centre is set to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CentreSettings {
    /// The usual time from response to receipt.
    pub(crate) receipt_delay_ms: u64,
    /// Most deliveries held.
    pub(crate) held_max: usize,
}

fn later(at: Timestamp, ms: u64) -> Timestamp {
    at.plus_ms(i64::try_from(ms).unwrap_or(i64::MAX))
}

fn parse_id(message_id: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(message_id).ok()?, 16).ok()
}
