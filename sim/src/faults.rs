//! The store as the core sees it: the simulated disk with what can go wrong before it.
//!
//! A commit may not be written, may be in doubt, or may be the last thing that the process did. Planted
//! bugs change batches and answers here. Start at [`DiskStore`].

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ports::store::{
    ApplyError, AttemptView, Batch, ContactRow, IdempotencyHit, InboundRow, LotChange, MessageFacts,
    OpenMessage, OutboxRow, ParkedReceiptRow, ReceiptTarget, SenderMemory, Store, StoreError, StoredState,
    SuppressionMark,
};
use types::charge::PostingKind;
use types::id::{AccountId, CommitSeq, ConnectorId, EndpointId, RowKey};
use types::message::State;
use types::time::Timestamp;

use crate::chance::Chance;
use crate::disk::{Disk, Tables};
use crate::oracle::Oracle;
use crate::plant::Plant;
use crate::vitals::Vitals;

/// Commits between two syncs when syncing is planted off.
const UNSYNCED_COMMITS: i64 = 40;
/// One of so many rows is dropped by plants that drop rows.
const DROPPED_PER_MILLE: u64 = 50;

/// What is to go wrong with commits. The world sets it, the store obeys.
#[derive(Clone, Debug)]
pub(crate) struct Faults {
    /// Nothing is written at all for the moment: the disk is full.
    pub(crate) full: bool,
    /// How many of a thousand commits are not written, each by itself.
    pub(crate) not_written: u64,
    /// The next commit is in doubt; whether it is on disk all the same.
    pub(crate) doubt: Option<bool>,
    /// Draws for the above.
    pub(crate) chance: Chance,
}

/// What a store reports to.
#[derive(Clone)]
pub(crate) struct Witness {
    pub(crate) faults: Arc<Mutex<Faults>>,
    pub(crate) vitals: Arc<Vitals>,
    pub(crate) oracle: Arc<Mutex<Oracle>>,
    pub(crate) plant: Option<Plant>,
}

/// The writing side of the simulated disk.
pub(crate) struct DiskStore {
    disk: Arc<Mutex<Disk>>,
    epoch: u64,
    stopped: bool,
    scanned: bool,
    witness: Option<Witness>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn trouble(operation: &'static str) -> StoreError {
    let source = std::io::Error::from(std::io::ErrorKind::StorageFull).into();
    StoreError::Engine { operation, source }
}

impl DiskStore {
    /// Opens the disk for a process that is watched. Earlier processes can write no more.
    pub(crate) fn open(disk: Arc<Mutex<Disk>>, witness: Witness) -> Self {
        let mut opened = lock(&disk);
        opened.epoch += 1;
        let epoch = opened.epoch;
        match witness.plant {
            Some(Plant::SyncingOff) => opened.sync(),
            Some(Plant::ReceiptMapLost) => opened.tables.forget_receipt_map(),
            _ => {}
        }
        drop(opened);
        Self { disk, epoch, stopped: false, scanned: false, witness: Some(witness) }
    }

    /// Opens the disk with nothing before it.
    pub(crate) fn faultless(disk: Arc<Mutex<Disk>>) -> Self {
        Self { disk, epoch: 0, stopped: false, scanned: false, witness: None }
    }

    fn read<T>(&self, question: impl FnOnce(&Tables) -> T) -> Result<T, StoreError> {
        Ok(question(&lock(&self.disk).tables))
    }

    fn plant(&self) -> Option<Plant> {
        self.witness.as_ref().and_then(|witness| witness.plant)
    }

    fn apply_watched(&mut self, batch: &Batch, witness: &Witness) -> Result<CommitSeq, ApplyError> {
        if self.stopped || !witness.vitals.is_alive() {
            return Err(ApplyError::InDoubt(trouble("write after its end")));
        }
        let mut disk = lock(&self.disk);
        let mut faults = lock(&witness.faults);
        let fenced = disk.epoch != self.epoch;
        if fenced && witness.plant != Some(Plant::FencingOff) {
            return Err(ApplyError::Guard { what: "epoch" });
        }
        let not_written = faults.not_written;
        if faults.full || (not_written > 0 && faults.chance.happens(not_written)) {
            if witness.plant == Some(Plant::CommitDropped) && !batch.submissions.is_empty() {
                return Ok(CommitSeq(disk.tables.last_commit + 1));
            }
            return Err(ApplyError::NotWritten(trouble("write")));
        }
        let doubt = faults.doubt.take();
        if doubt == Some(false) && witness.plant != Some(Plant::TornCommit) {
            self.stopped = true;
            return Err(ApplyError::InDoubt(trouble("sync")));
        }
        let batch = altered(batch, &disk.tables, witness.plant, doubt, &mut faults.chance);
        let mut oracle = lock(&witness.oracle);
        oracle.before_commit(&disk.tables, &batch);
        let seq = disk.apply(&batch).map_err(|what| {
            oracle.refused(what, fenced);
            ApplyError::Guard { what }
        })?;
        oracle.after_commit(&disk.tables, &batch);
        if witness.plant == Some(Plant::SyncingOff) && seq % UNSYNCED_COMMITS == 0 {
            disk.sync();
        }
        if doubt.is_some() {
            self.stopped = true;
            return Err(ApplyError::InDoubt(trouble("sync")));
        }
        Ok(CommitSeq(seq))
    }
}

/// The batch as a planted bug leaves it.
fn altered<'a>(
    batch: &'a Batch,
    tables: &Tables,
    plant: Option<Plant>,
    doubt: Option<bool>,
    chance: &mut Chance,
) -> Cow<'a, Batch> {
    let mut batch = Cow::Borrowed(batch);
    let mut drops = || chance.happens(DROPPED_PER_MILLE);
    match plant {
        Some(Plant::DedupOff) => batch.to_mut().idempotency.clear(),
        Some(Plant::FencingOff) => ignore_versions(batch.to_mut(), tables),
        Some(Plant::HoldReleasedTwice) => release_twice(batch.to_mut(), tables),
        Some(Plant::WriteAheadSkipped) => batch.to_mut().attempts.retain(|row| row.attempt == 1),
        Some(Plant::ReceiptsDropped) => {
            let batch = batch.to_mut();
            batch.receipts.retain(|_| !drops());
            batch.parked.retain(|_| !drops());
        }
        Some(Plant::EventsDropped) => batch.to_mut().outbox.retain(|_| !drops()),
        Some(Plant::InboundDropped) => batch.to_mut().inbound.retain(|_| !drops()),
        Some(Plant::TornCommit) if doubt == Some(false) => {
            let batch = batch.to_mut();
            batch.lots.clear();
            batch.postings.clear();
        }
        _ => {}
    }
    batch
}

fn ignore_versions(batch: &mut Batch, tables: &Tables) {
    for change in &mut batch.changes {
        let stored = tables.kept(change.key).map(|kept| kept.message.progress.version);
        change.expected_version = stored.unwrap_or(change.expected_version);
    }
    let known = |message: RowKey, attempt: u8| {
        tables.kept(message).is_some_and(|kept| kept.attempts.iter().any(|view| view.row.attempt == attempt))
    };
    batch.attempts.retain(|row| !known(row.message, row.attempt));
}

fn release_twice(batch: &mut Batch, tables: &Tables) {
    let released = batch.postings.iter().find(|posting| posting.kind == PostingKind::Release).cloned();
    let Some(posting) = released.filter(|posting| posting.amount_micros > 0) else { return };
    let amount = posting.amount_micros;
    let held = tables.lots.get(&posting.lot).map_or(0, |lot| lot.held_micros);
    let moved: i64 =
        batch.lots.iter().filter(|change| change.lot == posting.lot).map(|change| change.held_delta).sum();
    if held + moved >= amount {
        batch.lots.push(LotChange {
            lot: posting.lot,
            new: None,
            available_delta: amount,
            held_delta: -amount,
            floor_micros: i64::MIN,
        });
        batch.postings.push(posting);
    }
}

impl Store for DiskStore {
    fn load(&mut self) -> Result<StoredState, StoreError> {
        self.read(Tables::state)
    }

    fn apply(&mut self, batch: &Batch) -> Result<CommitSeq, ApplyError> {
        match self.witness.clone() {
            Some(witness) => self.apply_watched(batch, &witness),
            None => lock(&self.disk).apply(batch).map(CommitSeq).map_err(|what| ApplyError::Guard { what }),
        }
    }

    fn open_messages(&mut self, after: RowKey, limit: usize) -> Result<Vec<OpenMessage>, StoreError> {
        let mut open = self.read(|tables| tables.open_after(after, limit))?;
        if self.plant() == Some(Plant::SendingForgotten) && !self.scanned {
            for message in open.iter_mut().filter(|message| message.progress.state == State::Sending) {
                message.progress.state = State::Queued;
                message.progress.due_at = Timestamp::EPOCH;
            }
        }
        self.scanned |= open.is_empty();
        Ok(open)
    }

    fn messages(&mut self, keys: &[RowKey]) -> Result<Vec<OpenMessage>, StoreError> {
        self.read(|tables| tables.messages_of(keys))
    }

    fn bodies(&mut self, keys: &[RowKey]) -> Result<Vec<(RowKey, Vec<u8>)>, StoreError> {
        self.read(|tables| tables.bodies_of(keys))
    }

    fn attempts(&mut self, keys: &[RowKey]) -> Result<Vec<AttemptView>, StoreError> {
        self.read(|tables| {
            keys.iter().filter_map(|key| tables.kept(*key)).flat_map(|kept| kept.attempts.clone()).collect()
        })
    }

    fn receipt_targets(
        &mut self,
        wanted: &[(ConnectorId, String)],
    ) -> Result<Vec<Vec<ReceiptTarget>>, StoreError> {
        self.read(|tables| wanted.iter().map(|wanted| tables.targets(wanted)).collect())
    }

    fn parked_receipts(
        &mut self,
        wanted: &[(ConnectorId, String)],
    ) -> Result<Vec<ParkedReceiptRow>, StoreError> {
        self.read(|tables| tables.parked_under(wanted))
    }

    fn parked_after(&mut self, after: RowKey, limit: usize) -> Result<Vec<ParkedReceiptRow>, StoreError> {
        self.read(|tables| tables.parked_after(after, limit))
    }

    fn outbox(
        &mut self,
        endpoint: EndpointId,
        after: RowKey,
        limit: usize,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        self.read(|tables| tables.waiting_events(endpoint, after, limit))
    }

    fn dead_letters(&mut self, endpoint: EndpointId, limit: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.read(|tables| tables.dead_letters(endpoint, limit))
    }

    fn idempotency(
        &mut self,
        account: AccountId,
        key_hash: [u8; 16],
        now: Timestamp,
    ) -> Result<Option<IdempotencyHit>, StoreError> {
        self.read(|tables| tables.idempotency_hit(account, key_hash, now))
    }

    fn submission(&mut self, key: RowKey) -> Result<(Vec<MessageFacts>, Option<u64>), StoreError> {
        self.read(|tables| tables.submission_facts(key))
    }

    fn staged(&mut self) -> Result<Vec<RowKey>, StoreError> {
        self.read(|tables| tables.staged.iter().copied().collect())
    }

    fn inbound(&mut self, key: RowKey) -> Result<Option<InboundRow>, StoreError> {
        self.read(|tables| tables.inbound.get(&key).cloned())
    }

    fn last_sender_to(&mut self, recipient_hash: i64) -> Result<Option<AccountId>, StoreError> {
        self.read(|tables| tables.last_sender(recipient_hash))
    }

    fn suppressions_after(
        &mut self,
        after: RowKey,
        limit: usize,
    ) -> Result<Vec<SuppressionMark>, StoreError> {
        self.read(|tables| tables.suppressions_after(after, limit))
    }

    fn suppressed(
        &mut self,
        account: AccountId,
        scope: &str,
        number_hashes: &[i64],
    ) -> Result<Vec<SuppressionMark>, StoreError> {
        self.read(|tables| tables.suppressed(account, scope, number_hashes))
    }

    fn remembered_senders(
        &mut self,
        after: (RowKey, i64),
        limit: usize,
    ) -> Result<Vec<SenderMemory>, StoreError> {
        self.read(|tables| tables.remembered_senders(after, limit))
    }

    fn contacts(&mut self, account: AccountId, number_hashes: &[i64]) -> Result<Vec<ContactRow>, StoreError> {
        self.read(|tables| tables.contacts_among(account, number_hashes))
    }

    fn tidy(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        let mut disk = lock(&self.disk);
        // A process that was taken for dead leaves the tables alone.
        if self.witness.is_some() && disk.epoch != self.epoch {
            return Ok(false);
        }
        Ok(disk.tables.tidy(now))
    }
}
