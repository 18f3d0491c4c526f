//! Measures the store alone: the whole life of messages, in commits of a fixed size.
//!
//! `store_rate [MESSAGES] [BATCH] [PLACE]`. The place is a folder, in which SQLite makes a database, or
//! `postgres` for a server of its own, or the address of an empty database. Each commit admits a batch and moves earlier ones on: written
//! ahead, answered, received (in another order, after a while), told. It prints messages per second
//! and, per message, CPU of the writer and of the checkpoint, octets written and octets kept; then
//! what it costs to remove what was told, once its time has come. Lines that are JSON have the figures for
//! programmes.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement prints and may stop at any error"
)]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ports::conformance::store::BEGIN;
use ports::conformance::store::rows::{
    CONNECTOR, ENDPOINT, PRICE_MICROS, add_account, answer, attempt, change, event, lot_change, map_row,
    message, posting, receipt, step, submission,
};
use ports::store::{Batch, ListFilter, Progress, Reader, Store, TOLD_KEPT_MS};
use store::{PostgresUrl, open_postgres, open_sqlite};
use testkit::postgres::Cluster;
use types::charge::{ChargeState, PostingKind};
use types::id::{AccountId, ConnectorId, RowKey};
use types::message::{Reason, State};
use types::receipt::ReceiptState;
use types::time::Timestamp;

const ACCOUNTS: i64 = 1_000;
/// Batches between the answer and the receipt.
const RECEIPT_LAG: usize = 12;

/// A small generator (SplitMix64); the run is the same every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Most messages come from few accounts.
    fn account(&mut self) -> i64 {
        let widest = 1 + self.below(ACCOUNTS.cast_unsigned());
        let narrower = 1 + self.below(widest);
        1 + self.below(narrower).cast_signed()
    }
}

#[derive(Clone)]
struct Live {
    key: RowKey,
    account: i64,
    progress: Progress,
    carrier_id: String,
}

/// Sums value by account, as `app` does before a commit.
#[derive(Default)]
struct Sums(BTreeMap<(i64, u8), (i64, u32)>);

impl Sums {
    fn add(&mut self, account: i64, kind: PostingKind) {
        let sum = self.0.entry((account, kind.code())).or_default();
        *sum = (sum.0 + PRICE_MICROS, sum.1 + 1);
    }

    fn write(&self, batch: &mut Batch) {
        let mut lots: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
        for ((account, code), (amount, messages)) in &self.0 {
            let kind = PostingKind::from_code(*code).unwrap();
            let (available, held) = kind.effect(*amount);
            let lot = lots.entry(*account).or_default();
            *lot = (lot.0 + available, lot.1 + held);
            batch.postings.push(posting(*account, kind, *amount, *messages));
        }
        for (account, (available, held)) in lots {
            batch.lots.push(ports::store::LotChange {
                floor_micros: i64::MIN / 4,
                ..lot_change(account, available, held)
            });
        }
    }
}

/// What looking up receipts' messages took.
#[derive(Default)]
struct LookUp {
    took: Duration,
    cpu: Duration,
}

struct Pipeline {
    random: Random,
    now: Timestamp,
    sequence: u32,
    admitted: Vec<Live>,
    written: Vec<Live>,
    answered: VecDeque<Vec<Live>>,
    told: Vec<RowKey>,
}

impl Pipeline {
    fn key(&mut self) -> RowKey {
        self.sequence += 1;
        RowKey::from_parts(self.now.as_ms(), self.sequence)
    }

    /// One commit: `fresh` new messages, and a step for those of earlier commits.
    fn batch(&mut self, store: &mut dyn Store, fresh: usize) -> (Batch, LookUp) {
        self.now = self.now.plus_ms(50);
        self.sequence = 0;
        let mut batch = Batch { at: self.now, ..Batch::default() };
        let mut sums = Sums::default();
        batch.outbox_done = std::mem::take(&mut self.told);
        let asked = self.receive(store, &mut batch, fresh);
        self.answer(&mut batch, &mut sums);
        self.write_ahead(&mut batch);
        self.admit(&mut batch, &mut sums, fresh);
        sums.write(&mut batch);
        (batch, asked)
    }

    fn admit(&mut self, batch: &mut Batch, sums: &mut Sums, fresh: usize) {
        for _ in 0..fresh {
            let (submission_key, key) = (self.key(), self.key());
            let account = self.random.account();
            // An account sends to few countries.
            let recipient = (self.random.next() >> 8).cast_signed() / 8 * 4 + account % 2;
            batch.submissions.push(submission(submission_key, account, 1, self.now));
            let row = message(key, submission_key, account, recipient, self.now);
            sums.add(account, PostingKind::Hold);
            batch.journal.push(step(key, State::Accepted, State::Queued, Reason::None, 0));
            let carrier_id = format!("{:016x}", self.random.next());
            self.admitted.push(Live { key, account, progress: row.message.progress, carrier_id });
            batch.messages.push(row);
        }
    }

    fn write_ahead(&mut self, batch: &mut Batch) {
        self.written = std::mem::take(&mut self.admitted);
        for live in &mut self.written {
            batch.attempts.push(attempt(live.key, 1, self.now));
            let moved = change(live.key, &live.progress, |progress| {
                progress.state = State::Sending;
                progress.attempts = 1;
                progress.connector = Some(CONNECTOR);
            });
            batch.changes.push(moved);
            live.progress = moved.progress;
            batch.journal.push(step(live.key, State::Queued, State::Sending, Reason::None, 1));
        }
    }

    fn answer(&mut self, batch: &mut Batch, sums: &mut Sums) {
        let mut answered = std::mem::take(&mut self.written);
        for live in &mut answered {
            batch.attempt_parts.push(answer(live.key, 1, 1, Some(&live.carrier_id), self.now));
            batch.receipt_map.push(map_row(CONNECTOR, &live.carrier_id, live.key, 1, 1));
            let moved = change(live.key, &live.progress, |progress| {
                progress.state = State::Submitted;
                progress.charge = ChargeState::Charged;
                progress.submitted_at = Some(self.now);
                progress.due_at = self.now.plus_ms(86_400_000);
            });
            batch.changes.push(moved);
            live.progress = moved.progress;
            sums.add(live.account, PostingKind::Capture);
            batch.journal.push(step(live.key, State::Sending, State::Submitted, Reason::None, 1));
        }
        self.answered.push_back(answered);
    }

    /// Receipts of messages answered a while ago, in any order. Returns what the look-ups took.
    fn receive(&mut self, store: &mut dyn Store, batch: &mut Batch, fresh: usize) -> LookUp {
        if self.answered.len() < RECEIPT_LAG && fresh > 0 {
            return LookUp::default();
        }
        let mut due = Vec::new();
        for waiting in self.answered.iter_mut().rev() {
            waiting.retain(|live| {
                let is_due = self.random.below(3) == 0 && due.len() < fresh;
                if is_due {
                    due.push(live.clone());
                }
                !is_due
            });
        }
        let oldest = self.answered.pop_front().unwrap_or_default();
        due.extend(oldest);
        let wanted: Vec<(ConnectorId, String)> =
            due.iter().map(|live| (CONNECTOR, live.carrier_id.clone())).collect();
        let (begun, before) = (Instant::now(), cpu("self"));
        let found = store.receipt_targets(&wanted).unwrap();
        let parked = store.parked_receipts(&wanted).unwrap();
        let asked = LookUp { took: begun.elapsed(), cpu: cpu("self").saturating_sub(before) };
        assert!(parked.is_empty());
        for (live, targets) in due.iter().zip(found) {
            assert_eq!(targets.first().map(|target| target.message), Some(live.key));
            let (receipt_key, event_key) = (self.key(), self.key());
            batch.receipts.push(receipt(live.key, receipt_key, 1, ReceiptState::Delivered, self.now));
            batch.changes.push(change(live.key, &live.progress, |progress| {
                progress.state = State::Delivered;
                progress.reason = Reason::Receipt;
                progress.events = 1;
                progress.final_at = Some(self.now);
            }));
            batch.outbox.push(event(event_key, ENDPOINT, live.key, self.now));
            self.told.push(event_key);
            batch.journal.push(step(live.key, State::Submitted, State::Delivered, Reason::Receipt, 1));
        }
        asked
    }
}

/// CPU time of a task of this process.
fn cpu(task: &str) -> Duration {
    let path = if task == "self" {
        "/proc/thread-self/schedstat".to_owned()
    } else {
        format!("/proc/self/task/{task}/schedstat")
    };
    let text = std::fs::read_to_string(path).unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0))
}

/// CPU time of the other threads.
fn others_cpu() -> Duration {
    let own = std::process::id().to_string();
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.map(|task| task.unwrap().file_name().into_string().unwrap());
    names.filter(|name| *name != own).map(|name| cpu(&name)).sum()
}

fn octets_written() -> u64 {
    let text = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    line.and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number =
        |place: usize, default: usize| arguments.get(place).and_then(|a| a.parse().ok()).unwrap_or(default);
    let (messages, size) = (number(1, 300_000), number(2, 1_024));
    let place = arguments.get(3).map_or(".", String::as_str);
    if place == "postgres" {
        let cluster = Cluster::start(&["shared_buffers=1GB", "max_wal_size=8GB"]).unwrap();
        let address = cluster.database().unwrap();
        measure(&in_database(&address), messages, size);
        println!("{}", updates_in_place(&cluster));
    } else if PostgresUrl::looks_like(place) {
        measure(&in_database(place), messages, size);
    } else {
        let folder = tempfile::tempdir_in(place).unwrap();
        let open = || {
            let (store, reader) = open_sqlite(folder.path()).unwrap();
            (Box::new(store) as Box<dyn Store>, reader as Arc<dyn Reader>)
        };
        measure(&open, messages, size);
    }
}

type Opened = (Box<dyn Store>, Arc<dyn Reader>);

fn in_database(address: &str) -> impl Fn() -> Opened {
    let (folder, url) = (tempfile::tempdir().unwrap(), PostgresUrl::parse(address).unwrap());
    move || {
        let (store, reader) = open_postgres(folder.path(), &url).unwrap();
        (Box::new(store), reader)
    }
}

/// How many changes of rows stayed on their page, by table.
fn updates_in_place(cluster: &Cluster) -> String {
    let sql = "SELECT '  ' || relname || ': ' || n_tup_hot_upd || ' of ' || n_tup_upd || ' updates in place' \
               FROM pg_stat_user_tables WHERE n_tup_upd > 1000 ORDER BY 1";
    cluster.psql("chappe_0", sql).unwrap()
}

fn measure(open: &dyn Fn() -> Opened, messages: usize, size: usize) {
    let (mut store, reader) = open();
    let mut batch = Batch { at: BEGIN, ..Batch::default() };
    for account in 1..=ACCOUNTS {
        add_account(&mut batch, account);
    }
    store.apply(&batch).unwrap();
    let fresh_rounds = messages.div_ceil(size);
    let total = fresh_rounds * size;
    println!("messages {total}, batch {size}");
    let end = live(store.as_mut(), fresh_rounds, size);
    let figures = reader.figures().unwrap();
    let total = i64::try_from(total).unwrap();
    println!("  octets/message on disk {}", figures.octets / total);
    println!("{{\"octets_kept\":{}}}", figures.octets / total);
    assert_eq!((figures.messages, figures.open, figures.outbox), (total, 0, 0));
    ask(reader.as_ref());
    forget(store.as_mut(), reader.as_ref(), end, total);
    let begun = Instant::now();
    drop(store);
    println!("  closed in {:?}", begun.elapsed());
    let begun = Instant::now();
    let (mut store, _reader) = open();
    println!("  opened in {:?}", begun.elapsed());
    assert!(store.open_messages(RowKey::ZERO, 1).unwrap().is_empty());
}

/// Takes all messages from admission to the last event, and prints what it cost. Returns when it ended.
fn live(store: &mut dyn Store, fresh_rounds: usize, size: usize) -> Timestamp {
    let mut pipeline = Pipeline {
        random: Random(1),
        now: BEGIN,
        sequence: 0,
        admitted: Vec::new(),
        written: Vec::new(),
        answered: VecDeque::new(),
        told: Vec::new(),
    };
    let (mut applied, mut tidied, mut asked) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut elapsed = Duration::ZERO;
    let mut commits: Vec<Duration> = Vec::new();
    let written = octets_written();
    for round in 0..fresh_rounds + RECEIPT_LAG + 6 {
        let (batch, look_up) = pipeline.batch(store, if round < fresh_rounds { size } else { 0 });
        asked += look_up.cpu;
        elapsed += look_up.took;
        let (begun, before) = (Instant::now(), cpu("self"));
        store.apply(&batch).unwrap();
        commits.push(begun.elapsed());
        let between = cpu("self");
        store.tidy(pipeline.now).unwrap();
        elapsed += begun.elapsed();
        applied += between.saturating_sub(before);
        tidied += cpu("self").saturating_sub(between);
    }
    let total = fresh_rounds * size;
    let each = |time: Duration| time.as_nanos() / total as u128;
    commits.sort_unstable();
    let percentile =
        |percent: usize| commits.get((commits.len() - 1) * percent / 100).copied().unwrap_or_default();
    println!("  {} messages/s of store time", total as u128 * 1_000_000_000 / elapsed.as_nanos());
    println!("  ns CPU/message: apply {}, tidy {}, look-up {}", each(applied), each(tidied), each(asked));
    println!("  ns CPU/message: other threads {}", each(others_cpu()));
    println!("  commit p50 {:?} p99 {:?} max {:?}", percentile(50), percentile(99), percentile(100));
    let written = (octets_written() - written) / total as u64;
    println!("  octets/message written {written}");
    // For programmes that read this.
    println!(
        "{{\"per_second\":{},\"apply_ns\":{},\"tidy_ns\":{},\"look_up_ns\":{},\"others_ns\":{},\"commit_p50_us\":{},\
         \"commit_p99_us\":{},\"octets_written\":{written}}}",
        total as u128 * 1_000_000_000 / elapsed.as_nanos(),
        each(applied),
        each(tidied),
        each(asked),
        each(others_cpu()),
        percentile(50).as_micros(),
        percentile(99).as_micros(),
    );
    pipeline.now
}

fn ask(reader: &dyn Reader) {
    let begun = Instant::now();
    for sum in reader.ledger_sums().unwrap() {
        assert_eq!(sum.imbalance_micros(), 0);
    }
    println!("  ledger proved in {:?}", begun.elapsed());
    for account in [1, 500, 1_000] {
        let filter = ListFilter { account: Some(AccountId(account)), limit: 50, ..ListFilter::default() };
        let begun = Instant::now();
        let found = reader.list_messages(&filter).unwrap().items.len();
        println!("  newest {found} of account {account} in {:?}", begun.elapsed());
    }
    let newest = reader.list_messages(&ListFilter { limit: 1, ..ListFilter::default() }).unwrap();
    for view in newest.items {
        let begun = Instant::now();
        let found = reader.message(view.message.facts.key).unwrap().unwrap();
        println!("  all of the newest, {} events told, in {:?}", found.outbox.len(), begun.elapsed());
    }
}

/// Catches up, then removes what was told as if its time had come.
fn forget(store: &mut dyn Store, reader: &dyn Reader, end: Timestamp, messages: i64) {
    while store.tidy(end).unwrap() {}
    let begun = cpu("self");
    let mut steps = Vec::new();
    loop {
        let step = Instant::now();
        let has_more = store.tidy(end.plus_ms(TOLD_KEPT_MS)).unwrap();
        steps.push(step.elapsed());
        if !has_more {
            break;
        }
    }
    let each = cpu("self").saturating_sub(begun).as_nanos() / u128::from(messages.cast_unsigned().max(1));
    steps.sort_unstable();
    let (middle, longest) = (steps.get(steps.len() / 2), steps.last());
    println!("  ns CPU/message: told events removed {each}, step p50 {middle:?} max {longest:?}");
    println!("  octets/message on disk {}", reader.figures().unwrap().octets / messages);
}
