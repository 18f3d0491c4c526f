//! What every channel must do, whatever it speaks: exactly one outcome per part, never more credit
//! than the window, and the truth about what may have left.
//!
//! Needs no runtime of its own: the caller awaits [`run`] with a [`Rig`] that starts a scripted peer
//! and a channel towards it, and sets a time limit around it. Start at [`run`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use types::address::Address;
use types::form::{Encoding, Form, Joined, Rendering};
use types::id::{ConnectorId, MessageId, RowKey};
use types::message::{Class, Content};
use types::receipt::{PartOutcome, Verdict};
use types::time::Timestamp;

use crate::BoxFuture;
use crate::channel::{AttemptRef, Channel, ChannelEvent, ChannelSink, Dispatch};

/// The window that a rig gives its channel, in messages.
pub const WINDOW: u32 = 4;

/// The form of a text for which a channel states none; it then answers for refusing it.
const PLAIN: Form = Form {
    data_coding: 0,
    encoding: Encoding::Gsm7,
    joined: Joined::None,
    reference: 0,
    rendering: Rendering::AsReceived,
};

/// What a peer does with the requests that it reads from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Takes them and gives each an id of its own.
    Accept,
    /// Refuses them for good.
    Refuse,
    /// Says that they come too fast.
    Throttle,
    /// Keeps them without an answer until [`Peer::release`].
    Hold,
    /// Closes the connection on which one came, without an answer.
    Cut,
}

/// A scripted peer.
pub trait Peer: Send + Sync {
    /// Sets the behaviour.
    fn behave(&self, behaviour: Behaviour);

    /// Waits until so many requests have been read in all.
    fn has_read(&self, requests: usize) -> BoxFuture<'_, ()>;

    /// Takes the requests that are held.
    fn release(&self);

    /// Closes every connection and lets none in any more.
    fn vanish(&self) -> BoxFuture<'_, ()>;
}

/// A peer and a channel towards it.
pub struct Stage {
    /// The channel.
    pub channel: Arc<dyn Channel>,
    /// Its peer.
    pub peer: Arc<dyn Peer>,
}

/// How long a channel waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Longer than the suite runs.
    Long,
    /// A fraction of a second.
    Short,
}

/// Makes stages.
pub trait Rig: Sync {
    /// Starts a peer that accepts, and a channel of [`WINDOW`] messages over one link that tells `sink`.
    fn start(&self, sink: Arc<dyn ChannelSink>, patience: Patience) -> BoxFuture<'_, Stage>;

    /// Whether the type keeps links, so that it knows of a lost peer before it sends.
    fn keeps_links(&self) -> bool;
}

/// Runs every case.
pub async fn run(rig: &dyn Rig) {
    each_message_gets_one_outcome(rig).await;
    each_part_gets_one_outcome(rig).await;
    refusals_are_told(rig).await;
    a_form_that_does_not_fit_is_given_back(rig).await;
    a_cut_after_the_request_is_unknown(rig).await;
    what_never_left_is_transient(rig).await;
    no_answer_is_unknown_and_a_late_one_is_told(rig).await;
    more_than_the_credit_comes_back(rig).await;
    a_drain_waits_for_answers(rig).await;
    a_drain_reports_what_has_no_answer(rig).await;
}

/// A sink that keeps what it is told.
#[derive(Default)]
pub struct Recorder {
    inner: Mutex<Recorded>,
}

#[derive(Default)]
struct Recorded {
    events: Vec<ChannelEvent>,
    granted: u64,
    sent: u64,
    /// The most credit that was ever open.
    open_max: u64,
    wakers: Vec<Waker>,
}

impl Recorder {
    fn inner(&self) -> MutexGuard<'_, Recorded> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything told so far.
    pub fn events(&self) -> Vec<ChannelEvent> {
        self.inner().events.clone()
    }

    /// The outcomes told so far.
    pub fn outcomes(&self) -> Vec<(AttemptRef, PartOutcome, u8)> {
        let told = |event: &ChannelEvent| match event {
            ChannelEvent::Outcome { attempt, outcome, parts } => Some((*attempt, outcome.clone(), *parts)),
            ChannelEvent::Credit(_)
            | ChannelEvent::Receipt(_)
            | ChannelEvent::QueryAnswer { .. }
            | ChannelEvent::Inbound(_)
            | ChannelEvent::Status(_) => None,
        };
        self.inner().events.iter().filter_map(told).collect()
    }

    /// The credit that is open.
    pub fn open_credit(&self) -> u64 {
        let inner = self.inner();
        inner.granted.saturating_sub(inner.sent)
    }

    /// Counts messages as sent; call it before they are handed over.
    pub fn count_sent(&self, messages: u64) {
        self.inner().sent += messages;
    }

    /// Waits until `met` holds; it is looked at after every call of the channel.
    pub async fn until(&self, met: impl Fn(&Self) -> bool) {
        std::future::poll_fn(|context| {
            // Registered before the look, so that nothing told in between is missed.
            self.inner().wakers.push(context.waker().clone());
            if met(self) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl ChannelSink for Recorder {
    fn tell(&self, _connector: ConnectorId, events: Vec<ChannelEvent>) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let wakers = {
                let mut inner = self.inner();
                for event in &events {
                    if let ChannelEvent::Credit(credit) = event {
                        inner.granted += u64::from(*credit);
                    }
                }
                inner.open_max = inner.open_max.max(inner.granted.saturating_sub(inner.sent));
                inner.events.extend(events);
                std::mem::take(&mut inner.wakers)
            };
            wakers.into_iter().for_each(Waker::wake);
        })
    }
}

/// A message of the suite, in the form that the channel asks for.
pub fn dispatch(channel: &dyn Channel, number: i64, text: &str) -> Dispatch {
    let key = RowKey::from_i64(number);
    let content = Content::Text(text.to_owned());
    let fit = types::form::fit(&content, &channel.capabilities().manner, 7);
    Dispatch {
        attempt: AttemptRef { message: key, attempt: 1 },
        only_parts: Vec::new(),
        source: Address::from_text("Chappe").as_sender(),
        destination: Address { ton: 1, npi: 1, ..Address::from_text("447911123456") },
        content: Arc::new(content),
        form: fit.map_or(PLAIN, |fit| fit.form),
        requests: fit.map_or(1, |fit| fit.form.requests(fit.parts)),
        class: Class::Transactional,
        expires_at: Timestamp::NEVER,
        public_id: MessageId::new(key, 1),
    }
}

/// A running stage with its recorder.
struct Play {
    channel: Arc<dyn Channel>,
    peer: Arc<dyn Peer>,
    recorder: Arc<Recorder>,
}

impl Play {
    /// Starts and waits for the whole window.
    async fn begin(rig: &dyn Rig, patience: Patience) -> Self {
        let recorder = Arc::new(Recorder::default());
        let stage = rig.start(Arc::clone(&recorder) as Arc<dyn ChannelSink>, patience).await;
        recorder.until(|r| r.open_credit() >= u64::from(WINDOW)).await;
        Self { channel: stage.channel, peer: stage.peer, recorder }
    }

    fn send(&self, numbers: std::ops::Range<i64>, text: &str) {
        let batch: Vec<_> = numbers.map(|number| dispatch(self.channel.as_ref(), number, text)).collect();
        self.recorder.count_sent(batch.len() as u64);
        assert!(self.channel.send(batch).is_ok(), "the credit covers what is sent");
    }

    async fn outcomes(&self, count: usize) -> Vec<(AttemptRef, PartOutcome, u8)> {
        self.recorder.until(|r| r.outcomes().len() >= count).await;
        self.recorder.outcomes()
    }

    /// Closes the channel and checks what must hold at every end.
    async fn end(self, case: &str, outcomes: usize) {
        self.channel.drain(0).await;
        let told = self.recorder.outcomes();
        assert_eq!(told.len(), outcomes, "{case}: one outcome per part and no more: {told:?}");
        let open_max = self.recorder.inner().open_max;
        assert!(open_max <= u64::from(WINDOW), "{case}: {open_max} messages of credit were open");
        let refused = self.channel.send(vec![dispatch(self.channel.as_ref(), 1_000, "after the end")]);
        assert_eq!(refused.map_err(|back| back.len()), Err(1), "{case}: a closed channel takes nothing");
    }
}

fn verdicts(outcomes: &[(AttemptRef, PartOutcome, u8)]) -> Vec<Verdict> {
    outcomes.iter().map(|(_, outcome, _)| outcome.verdict).collect()
}

async fn each_message_gets_one_outcome(rig: &dyn Rig) {
    let play = Play::begin(rig, Patience::Long).await;
    for round in 0..5 {
        let first = round * i64::from(WINDOW);
        play.send(first..first + i64::from(WINDOW), "hello");
        play.recorder.until(|r| r.open_credit() >= u64::from(WINDOW)).await;
    }
    let count = 5 * WINDOW as usize;
    let outcomes = play.outcomes(count).await;
    assert!(verdicts(&outcomes).iter().all(|verdict| *verdict == Verdict::Accepted), "{outcomes:?}");
    let mut messages: Vec<_> = outcomes.iter().map(|(attempt, _, _)| *attempt).collect();
    messages.sort();
    messages.dedup();
    assert_eq!(messages.len(), count, "every message has its outcome");
    let mut ids: Vec<_> = outcomes.iter().filter_map(|(_, outcome, _)| outcome.carrier_id.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "the carrier's ids are kept");
    play.end("each message", count).await;
}

async fn each_part_gets_one_outcome(rig: &dyn Rig) {
    let play = Play::begin(rig, Patience::Long).await;
    play.send(1..2, &"long text ".repeat(60));
    play.recorder.until(|r| r.open_credit() >= u64::from(WINDOW)).await;
    let outcomes = play.outcomes(1).await;
    let parts = outcomes.first().map_or(0, |(_, _, parts)| *parts);
    let mut numbers: Vec<_> = outcomes.iter().map(|(_, outcome, _)| outcome.part).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=parts).collect::<Vec<_>>(), "each part once");
    play.end("each part", usize::from(parts)).await;
}

async fn refusals_are_told(rig: &dyn Rig) {
    let play = Play::begin(rig, Patience::Long).await;
    play.peer.behave(Behaviour::Refuse);
    play.send(1..2, "refused");
    let outcomes = play.outcomes(1).await;
    let refused = |verdict: &Verdict| matches!(verdict, Verdict::Permanent | Verdict::Reroute);
    assert!(verdicts(&outcomes).iter().all(refused), "{outcomes:?}");
    play.peer.behave(Behaviour::Throttle);
    play.send(2..3, "too fast");
    let outcomes = play.outcomes(2).await;
    assert_eq!(verdicts(&outcomes).last(), Some(&Verdict::Throttled));
    assert!(outcomes.iter().all(|(_, outcome, _)| outcome.status != 0), "the raw status is kept");
    play.end("refusals", 2).await;
}

/// What is on record is written as it stands there, or not at all.
async fn a_form_that_does_not_fit_is_given_back(rig: &dyn Rig) {
    let play = Play::begin(rig, Patience::Long).await;
    let mut message = dispatch(play.channel.as_ref(), 1, &"long text ".repeat(60));
    message.form.encoding = Encoding::Octets;
    let requests = usize::from(message.requests);
    play.recorder.count_sent(1);
    assert!(play.channel.send(vec![message]).is_ok(), "the credit covers what is sent");
    let outcomes = play.outcomes(requests).await;
    assert!(verdicts(&outcomes).iter().all(|verdict| *verdict == Verdict::Reroute), "{outcomes:?}");
    assert!(outcomes.iter().all(|(_, outcome, parts)| {
        outcome.status == 0 && outcome.carrier_id.is_none() && usize::from(*parts) == requests
    }));
    play.end("another form", requests).await;
}

async fn a_cut_after_the_request_is_unknown(rig: &dyn Rig) {
    let play = Play::begin(rig, Patience::Long).await;
    play.peer.behave(Behaviour::Cut);
    play.send(1..2, "cut");
    let outcomes = play.outcomes(1).await;
    assert_eq!(verdicts(&outcomes), [Verdict::Unknown]);
    play.peer.behave(Behaviour::Accept);
    // The channel comes back by itself.
    play.recorder.until(|r| r.open_credit() >= u64::from(WINDOW)).await;
    if rig.keeps_links() {
        play.recorder.until(|r| links(r) == [1, 0, 1]).await;
    }
    play.send(2..3, "again");
    assert_eq!(verdicts(&play.outcomes(2).await), [Verdict::Unknown, Verdict::Accepted]);
    play.end("cut", 2).await;
}

/// The numbers of links that were told, without repetitions.
fn links(recorder: &Recorder) -> Vec<u32> {
    let mut told = Vec::new();
    for event in &recorder.inner().events {
        if let ChannelEvent::Status(status) = event {
            told.push(status.links_up);
        }
    }
    let first_up = told.iter().position(|links| *links > 0).unwrap_or(told.len());
    told.drain(..first_up);
    told.dedup();
    told
}

async fn what_never_left_is_transient(rig: &dyn Rig) {
    let play = Play::begin(rig, Patience::Long).await;
    if rig.keeps_links() {
        play.recorder.until(|r| links(r) == [1]).await;
    }
    play.peer.vanish().await;
    if rig.keeps_links() {
        play.recorder.until(|r| links(r) == [1, 0]).await;
    }
    play.send(1..3, "nobody there");
    let outcomes = play.outcomes(2).await;
    assert_eq!(verdicts(&outcomes), [Verdict::Transient, Verdict::Transient]);
    assert!(outcomes.iter().all(|(_, outcome, _)| outcome.status == 0));
    play.end("never left", 2).await;
}

async fn no_answer_is_unknown_and_a_late_one_is_told(rig: &dyn Rig) {
    let play = Play::begin(rig, Patience::Short).await;
    play.peer.behave(Behaviour::Hold);
    play.send(1..2, "late");
    assert_eq!(verdicts(&play.outcomes(1).await), [Verdict::Unknown]);
    play.recorder.until(|r| r.open_credit() >= u64::from(WINDOW)).await;
    play.peer.release();
    if !rig.keeps_links() {
        // A request that was given up has no answer any more.
        return play.end("late", 1).await;
    }
    let outcomes = play.outcomes(2).await;
    assert_eq!(verdicts(&outcomes), [Verdict::Unknown, Verdict::Accepted]);
    let attempts: Vec<_> = outcomes.iter().map(|(attempt, outcome, _)| (*attempt, outcome.part)).collect();
    assert_eq!(attempts.first(), attempts.last(), "of the same part");
    play.end("late", 2).await;
}

async fn more_than_the_credit_comes_back(rig: &dyn Rig) {
    let play = Play::begin(rig, Patience::Long).await;
    play.peer.behave(Behaviour::Hold);
    let window = i64::from(WINDOW);
    let batch: Vec<_> =
        (0..window + 2).map(|number| dispatch(play.channel.as_ref(), number, "many")).collect();
    play.recorder.count_sent(u64::from(WINDOW));
    let back = play.channel.send(batch).err().unwrap_or_default();
    let numbers: Vec<_> = back.iter().map(|dispatch| dispatch.attempt.message.as_i64()).collect();
    assert_eq!(numbers, [window, window + 1], "the last ones come back");
    play.peer.has_read(WINDOW as usize).await;
    play.peer.release();
    play.recorder.until(|r| r.open_credit() >= u64::from(WINDOW)).await;
    play.end("credit", WINDOW as usize).await;
}

async fn a_drain_waits_for_answers(rig: &dyn Rig) {
    let play = Play::begin(rig, Patience::Long).await;
    play.peer.behave(Behaviour::Hold);
    play.send(1..4, "drained");
    play.peer.has_read(3).await;
    play.peer.release();
    play.channel.drain(60_000).await;
    assert_eq!(verdicts(&play.recorder.outcomes()), [Verdict::Accepted; 3]);
    play.end("drain in peace", 3).await;
}

async fn a_drain_reports_what_has_no_answer(rig: &dyn Rig) {
    let play = Play::begin(rig, Patience::Long).await;
    play.peer.behave(Behaviour::Hold);
    play.send(1..4, "cut off");
    play.peer.has_read(3).await;
    play.channel.drain(20).await;
    assert_eq!(verdicts(&play.recorder.outcomes()), [Verdict::Unknown; 3]);
    assert_eq!(links(&play.recorder).last(), Some(&0), "the end is told");
    play.end("drain in haste", 3).await;
}
