//! Figures for Prometheus. Labels are connectors, states and codes only: never an account, never
//! a number.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use types::id::ConnectorId;
use types::message::State;
use types::receipt::Verdict;

use crate::core::ConnectorView;
use crate::maps::IdMap;
use crate::shared::Count;

type Labels = Vec<(&'static str, String)>;

const SECONDS: [f64; 14] =
    [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
const RECEIPT_SECONDS: [f64; 10] = [0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 120.0, 900.0, 7_200.0];
const ITEMS: [f64; 10] = [1.0, 4.0, 16.0, 64.0, 128.0, 256.0, 512.0, 1_024.0, 2_048.0, 4_096.0];

/// Counts of one connector since start, for views.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ConnectorCounts {
    pub(crate) submitted: u64,
    pub(crate) delivered: u64,
    pub(crate) failed: u64,
    pub(crate) errors: u64,
}

/// Figures of the installation.
pub(crate) struct Metrics {
    registry: Registry,
    submits: Family<Labels, Counter>,
    receipts: Family<Labels, Counter>,
    submit_seconds: Family<Labels, Histogram>,
    receipt_seconds: Family<Labels, Histogram>,
    gauges: Gauges,
    messages: Family<Labels, Counter>,
    refusals: Family<Labels, Counter>,
    deliveries: Family<Labels, Counter>,
    commit_seconds: Histogram,
    commit_items: Histogram,
    waiting: Gauge,
    unknown: Gauge,
    paused: [Gauge; 2],
    crashes: Family<Labels, Counter>,
    orphans: Counter,
    imbalance: Gauge,
    archived: Gauge,
    pub(crate) sessions: Gauge,
    outbox: Gauge,
    queue: Gauge,
    by_connector: Mutex<IdMap<ConnectorId, ConnectorCounts>>,
    names: Mutex<HashMap<ConnectorId, String>>,
}

struct Gauges {
    window: Family<Labels, Gauge>,
    window_used: Family<Labels, Gauge>,
    queued: Family<Labels, Gauge>,
    oldest: Family<Labels, Gauge>,
    bound: Family<Labels, Gauge>,
    oddities: Family<Labels, Gauge>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("chappe");
        let r = &mut registry;
        let metrics = Self {
            submits: family(r, "connector_submits", "Answers of carriers by what they meant"),
            receipts: family(r, "connector_receipts", "Receipts that found their message, by state"),
            submit_seconds: histograms(
                r,
                "connector_submit_seconds",
                "From the write to the answer",
                seconds,
            ),
            receipt_seconds: histograms(
                r,
                "connector_receipt_seconds",
                "From the answer to the receipt",
                receipt_seconds,
            ),
            gauges: Gauges {
                window: family(r, "connector_window", "Messages that may be outstanding"),
                window_used: family(r, "connector_window_used", "Messages outstanding"),
                queued: family(r, "connector_queued", "Messages that wait for the connector"),
                oldest: family(r, "connector_oldest_queued_seconds", "Age of the oldest of them"),
                bound: family(r, "connector_bound", "Links that are up"),
                oddities: family(r, "connector_oddities", "What carriers said that fits nothing, by kind"),
            },
            messages: family(r, "messages", "Messages by the state they reached"),
            refusals: family(r, "refusals", "Submissions refused, by code"),
            deliveries: family(r, "outbox_deliveries", "Events told to customers, by result"),
            commit_seconds: one_histogram(r, "commit_seconds", "Time of a durable commit", seconds()),
            commit_items: one_histogram(r, "commit_items", "Messages in a commit", Histogram::new(ITEMS)),
            waiting: one(r, "waiting_messages", "Messages accepted and not yet taken by a carrier"),
            unknown: one(
                r,
                "unknown_outcomes",
                "Messages of which nobody knows whether the carrier has them",
            ),
            paused: [
                one(r, "quarantined_messages", "Messages that crashed a worker twice and wait for a person"),
                one(r, "restored_messages", "Messages from a backup that wait for a person"),
            ],
            crashes: family(
                r,
                "worker_crashes",
                "Crashes while one message or event was worked on, by stage",
            ),
            orphans: one(r, "orphan_receipts", "Receipts that found no message"),
            archived: one(r, "archived_messages", "Messages in the archive of whole days"),
            imbalance: one(r, "ledger_imbalance_micros", "How far the ledger is off; must be 0"),
            sessions: one(r, "smpp_sessions", "SMPP sessions of customers"),
            outbox: one(r, "outbox_pending", "Events in memory that were not told yet"),
            queue: one(r, "engine_queue", "Inputs that wait for the engine"),
            by_connector: Mutex::default(),
            names: Mutex::default(),
            registry: Registry::default(),
        };
        Self { registry, ..metrics }
    }

    /// Counts what a batch did. A figure is looked up once for all that a batch adds to it.
    pub(crate) fn count(&self, counts: &[Count]) {
        let mut messages: BTreeMap<u8, u64> = BTreeMap::new();
        let mut answers: BTreeMap<(ConnectorId, u8), Vec<i64>> = BTreeMap::new();
        let mut receipts: BTreeMap<(ConnectorId, u8), Vec<i64>> = BTreeMap::new();
        let mut reached = |state: State, count: u64| *messages.entry(state.code()).or_default() += count;
        for count in counts {
            match count {
                Count::Accepted(_, messages) => reached(State::Accepted, u64::from(*messages)),
                Count::Submitted(_) => reached(State::Submitted, 1),
                Count::Ended(_, state) => reached(*state, 1),
                Count::Refused(_, code) => {
                    self.refusals.get_or_create(&vec![("code", code.code().to_owned())]).inc();
                }
                Count::Answered(connector, verdict, waited_ms) => {
                    answers.entry((*connector, verdict.code())).or_default().push(*waited_ms);
                }
                Count::Receipt(connector, state, waited_ms) => {
                    receipts.entry((*connector, state.code())).or_default().push(*waited_ms);
                }
                Count::Orphan => {
                    self.orphans.inc();
                }
            }
        }
        for (state, count) in messages {
            let state = State::from_code(state).map_or("", State::as_str);
            self.messages.get_or_create(&vec![("state", state.to_owned())]).inc_by(count);
        }
        for ((connector, verdict), waits_ms) in answers {
            self.answered(connector, verdict, &waits_ms);
        }
        for ((connector, state), waits_ms) in receipts {
            self.received(connector, state, &waits_ms);
        }
    }

    fn name(&self, connector: ConnectorId) -> String {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.get(&connector).cloned().unwrap_or_else(|| connector.0.to_string())
    }

    /// Answers of a connector of one kind, by how long each took.
    fn answered(&self, connector: ConnectorId, verdict: u8, waits_ms: &[i64]) {
        let Some(verdict) = Verdict::from_code(verdict) else { return };
        let (name, count) = (self.name(connector), count_of(waits_ms));
        self.submits
            .get_or_create(&vec![("connector", name.clone()), ("result", verdict.as_str().to_owned())])
            .inc_by(count);
        observe(&self.submit_seconds.get_or_create(&vec![("connector", name)]), waits_ms);
        self.tally(connector, |counts| {
            if verdict == Verdict::Accepted {
                counts.submitted += count;
            } else {
                counts.errors += count;
            }
        });
    }

    /// Receipts of a connector with one state, by how long each took.
    fn received(&self, connector: ConnectorId, state: u8, waits_ms: &[i64]) {
        let Some(state) = State::from_code(state) else { return };
        let (name, count) = (self.name(connector), count_of(waits_ms));
        self.receipts
            .get_or_create(&vec![("connector", name.clone()), ("state", state.as_str().to_owned())])
            .inc_by(count);
        observe(&self.receipt_seconds.get_or_create(&vec![("connector", name)]), waits_ms);
        self.tally(connector, |counts| match state {
            State::Delivered => counts.delivered += count,
            state if state.is_final() => counts.failed += count,
            _ => {}
        });
    }

    fn tally(&self, connector: ConnectorId, change: impl FnOnce(&mut ConnectorCounts)) {
        let mut by_connector = self.by_connector.lock().unwrap_or_else(PoisonError::into_inner);
        change(by_connector.entry(connector).or_default());
    }

    /// Counts of a connector since start.
    pub(crate) fn connector_counts(&self, connector: ConnectorId) -> ConnectorCounts {
        let by_connector = self.by_connector.lock().unwrap_or_else(PoisonError::into_inner);
        by_connector.get(&connector).copied().unwrap_or_default()
    }

    /// Notes a durable commit.
    pub(crate) fn commit(&self, took_us: u64, items: usize) {
        self.commit_seconds.observe(as_seconds_us(took_us));
        self.commit_items.observe(items_of(items));
    }

    /// Notes events that were told, and tries that failed.
    pub(crate) fn told(&self, done: usize, failed: usize) {
        let add = |result: &str, count: usize| {
            if count > 0 {
                let count = u64::try_from(count).unwrap_or(0);
                self.deliveries.get_or_create(&vec![("result", result.to_owned())]).inc_by(count);
            }
        };
        add("done", done);
        add("failed", failed);
    }

    /// Writes everything in the text form of Prometheus.
    pub(crate) fn text(
        &self,
        now: types::time::Timestamp,
        connectors: &[ConnectorView],
        outbox: usize,
        queue: usize,
    ) -> String {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        for view in connectors {
            names.insert(view.id, view.name.clone());
        }
        drop(names);
        for view in connectors {
            let label = vec![("connector", view.name.clone())];
            let oldest = view.oldest_queued_at.map_or(0, |at| now.ms_since(at).max(0) / 1_000);
            self.gauges.window.get_or_create(&label).set(i64::from(view.status.window));
            self.gauges.window_used.get_or_create(&label).set(i64::from(view.status.window_used));
            self.gauges.queued.get_or_create(&label).set(i64::try_from(view.queued).unwrap_or(i64::MAX));
            self.gauges.oldest.get_or_create(&label).set(oldest);
            self.gauges.bound.get_or_create(&label).set(i64::from(view.status.links_up));
            for (kind, count) in [
                ("answer_to_no_request", view.status.odd_answers),
                ("receipt_contradicts_itself", view.status.disagreeing_receipts),
                ("receipt_fits_two_messages", view.ambiguous_receipts),
            ] {
                let label = vec![("connector", view.name.clone()), ("kind", kind.to_owned())];
                self.gauges.oddities.get_or_create(&label).set(i64::try_from(count).unwrap_or(i64::MAX));
            }
        }
        self.outbox.set(i64::try_from(outbox).unwrap_or(i64::MAX));
        self.queue.set(i64::try_from(queue).unwrap_or(i64::MAX));
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            tracing::error!("the metrics could not be written");
        }
        text
    }

    /// Learns connector names before their first figure.
    pub(crate) fn learn_names(&self, names: impl Iterator<Item = (ConnectorId, String)>) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).extend(names);
    }

    /// Publishes how many messages wait to be sent.
    pub(crate) fn set_waiting(&self, count: u64) {
        self.waiting.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Publishes how many outcomes are unknown.
    pub(crate) fn set_unknown(&self, count: usize) {
        self.unknown.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Counts a crash of a worker on one message or event.
    pub(crate) fn crashed(&self, stage: &str) {
        self.crashes.get_or_create(&vec![("stage", stage.to_owned())]).inc();
    }

    /// Publishes how many messages wait for a person: quarantined, and from a backup.
    pub(crate) fn set_paused(&self, quarantined: usize, restored: usize) {
        for (gauge, count) in self.paused.iter().zip([quarantined, restored]) {
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// Publishes how many messages are archived.
    pub(crate) fn set_archived(&self, messages: i64) {
        self.archived.set(messages);
    }

    /// Publishes the proof of the ledger.
    pub(crate) fn set_imbalance(&self, micros: i64) {
        self.imbalance.set(micros);
    }
}

fn family<M>(registry: &mut Registry, name: &str, help: &str) -> Family<Labels, M>
where
    M: Default
        + prometheus_client::encoding::EncodeMetric
        + prometheus_client::metrics::TypedMetric
        + Send
        + Sync
        + std::fmt::Debug
        + 'static,
{
    let family = Family::<Labels, M>::default();
    registry.register(name, help, family.clone());
    family
}

fn histograms(
    registry: &mut Registry,
    name: &str,
    help: &str,
    make: fn() -> Histogram,
) -> Family<Labels, Histogram> {
    let family = Family::<Labels, Histogram>::new_with_constructor(make);
    registry.register(name, help, family.clone());
    family
}

fn one<M>(registry: &mut Registry, name: &str, help: &str) -> M
where
    M: Default + Clone + prometheus_client::registry::Metric,
{
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

fn one_histogram(registry: &mut Registry, name: &str, help: &str, histogram: Histogram) -> Histogram {
    registry.register(name, help, histogram.clone());
    histogram
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

fn receipt_seconds() -> Histogram {
    Histogram::new(RECEIPT_SECONDS)
}

fn observe(histogram: &Histogram, waits_ms: &[i64]) {
    for waited_ms in waits_ms {
        histogram.observe(as_seconds(*waited_ms));
    }
}

fn count_of(waits_ms: &[i64]) -> u64 {
    u64::try_from(waits_ms.len()).unwrap_or(u64::MAX)
}

fn as_seconds(ms: i64) -> f64 {
    std::time::Duration::from_millis(u64::try_from(ms).unwrap_or(0)).as_secs_f64()
}

fn as_seconds_us(us: u64) -> f64 {
    std::time::Duration::from_micros(us).as_secs_f64()
}

fn items_of(items: usize) -> f64 {
    f64::from(u32::try_from(items).unwrap_or(u32::MAX))
}
