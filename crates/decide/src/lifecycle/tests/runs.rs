//! Runs of many steps: whatever happens to a message in whatever order, the promises hold.
//!
//! A run keeps the books that the shell keeps (connectors left, counts of answers), so that the
//! policy of each step is one that a real message would meet.

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof};
use proptest::sample::select;
use types::charge::{ChargeState, ChargeTrigger, PostingKind};
use types::message::{Reason, State, UnknownPolicy};
use types::receipt::{ReceiptState, Verdict};
use types::time::Timestamp;

use super::{DAY_MS, NOW, Policy, Stage, checked, stage};
use crate::invariant::rank;
use crate::lifecycle::{ATTEMPTS_MAX, Effects, Input, RECEIPT_HORIZON_MS, UNKNOWN_HORIZON_MS};

/// What stays the same during a run.
#[derive(Clone, Debug)]
struct Terms {
    start: State,
    on_unknown: UnknownPolicy,
    can_query: bool,
    receipts: bool,
    reroute_on: Vec<State>,
    error_reroutes: bool,
    patience_ms: Option<i64>,
    connectors: usize,
    validity_ms: i64,
    trigger: ChargeTrigger,
}

/// An input whose attempt is counted back from the latest one.
#[derive(Clone, Copy, Debug)]
enum Event {
    Answer(u8, Verdict, Reason),
    Receipt(u8, ReceiptState),
    Other(Input),
}

/// A message on its way, with the books that the shell keeps.
struct Run {
    terms: Terms,
    stage: Stage,
    now: Timestamp,
    left: usize,
    transient_count: u8,
    resent_count: u8,
    money: Vec<PostingKind>,
    told: Vec<State>,
}

impl Run {
    fn new(terms: &Terms) -> Self {
        let charge =
            if terms.trigger == ChargeTrigger::OnAccept { ChargeState::Charged } else { ChargeState::Held };
        Self {
            stage: Stage { charge, ..stage(terms.start, 0) },
            terms: terms.clone(),
            now: NOW,
            left: 0,
            transient_count: 0,
            resent_count: 0,
            money: Vec::new(),
            told: Vec::new(),
        }
    }

    fn expires_at(&self) -> Timestamp {
        NOW.plus_ms(self.terms.validity_ms)
    }

    fn input(&self, event: Event) -> Input {
        let attempt = |back: u8| self.stage.attempts.saturating_sub(back);
        match event {
            Event::Answer(back, verdict, reason) => Input::Answer { attempt: attempt(back), verdict, reason },
            Event::Receipt(back, state) => Input::Receipt { attempt: attempt(back), state },
            Event::Other(input) => input,
        }
    }

    /// Takes one step, if it is one, and keeps the books.
    fn take(&mut self, input: Input) -> Option<Effects> {
        let policy = Policy {
            on_unknown: self.terms.on_unknown,
            can_query: self.terms.can_query,
            receipts: self.terms.receipts,
            reroute_on: &self.terms.reroute_on,
            error_reroutes: self.terms.error_reroutes,
            patience_ms: self.terms.patience_ms,
            more_connectors: self.left + 1 < self.terms.connectors,
            expires_at: self.expires_at(),
            trigger: self.terms.trigger,
            transient_count: self.transient_count,
            resent_count: self.resent_count,
        };
        let (after, effects) = checked(&self.stage, &policy, input, self.now)?;
        self.stage = after;
        self.left += usize::from(effects.leave_connector);
        self.transient_count = self.transient_count.saturating_add(u8::from(effects.transient));
        self.resent_count += u8::from(effects.resent);
        self.money.extend(effects.money);
        self.told.extend(effects.tell.then_some(after.state));
        Some(effects)
    }

    /// What the shell does next when nothing comes from outside, every attempt being answered by
    /// `verdict`: waits for what is due, tries, answers. A person gives up whatever waits for one.
    fn proceed(&mut self, verdict: Verdict) {
        let waits = self.stage.state != State::Sending;
        let asks_a_person = waits && self.stage.flags.pause().is_some();
        if waits && !asks_a_person {
            self.now = self.now.max(self.stage.due_at);
        }
        let attempt = self.stage.attempts;
        let input = match self.stage.state {
            _ if asks_a_person => Input::GiveUp,
            State::Queued if self.now < self.expires_at() => Input::Begin,
            State::Sending => Input::Answer { attempt, verdict, reason: Reason::AnswerMissing },
            _ => Input::Due,
        };
        let step = self.take(input);
        assert!(step.is_some(), "{input:?} moves {:?}", self.stage);
    }
}

fn terms() -> impl Strategy<Value = Terms> {
    let negative = vec![State::Undelivered, State::Rejected, State::Expired, State::Deleted];
    let start = select(vec![State::Accepted, State::Scheduled, State::Queued]);
    let routes = (
        proptest::sample::subsequence(negative, 0..=4),
        any::<bool>(),
        prop_oneof![Just(None), (1_i64..3 * DAY_MS).prop_map(Some)],
        1_usize..5,
    );
    let validity_ms = prop_oneof![1_i64..120_000, 60_000..7 * DAY_MS];
    let unknown = (select(UnknownPolicy::ALL.to_vec()), any::<bool>(), any::<bool>());
    (start, unknown, routes, validity_ms, select(ChargeTrigger::ALL.to_vec())).prop_map(
        |(start, (on_unknown, can_query, receipts), routes, validity_ms, trigger)| Terms {
            start,
            on_unknown,
            can_query,
            receipts,
            reroute_on: routes.0,
            error_reroutes: routes.1,
            patience_ms: routes.2,
            connectors: routes.3,
            validity_ms,
            trigger,
        },
    )
}

/// Something that happens after a while; often at once, sometimes days later.
fn event() -> impl Strategy<Value = (i64, Event)> {
    let wait_ms = prop_oneof![3 => Just(0), 3 => 0_i64..2_000, 2 => 0_i64..600_000, 1 => 0_i64..4 * DAY_MS];
    let answer = (0_u8..3, select(Verdict::ALL.to_vec()), select(Reason::ALL.to_vec()));
    let receipt = (0_u8..3, select(ReceiptState::ALL.to_vec()));
    let event = prop_oneof![
        6 => Just(Event::Other(Input::Begin)),
        5 => answer.prop_map(|(back, verdict, reason)| Event::Answer(back, verdict, reason)),
        3 => receipt.prop_map(|(back, state)| Event::Receipt(back, state)),
        4 => Just(Event::Other(Input::Due)),
        1 => select(vec![Input::NotKnownByPeer, Input::Cancel, Input::NotEncodable, Input::NoConnector])
            .prop_map(Event::Other),
        1 => select(vec![Input::Crashed, Input::Release, Input::GiveUp, Input::Suppressed])
            .prop_map(Event::Other),
    ];
    (wait_ms, event)
}

fn events() -> impl Strategy<Value = Vec<(i64, Event)>> {
    proptest::collection::vec(event(), 0..40)
}

fn run(terms: &Terms, events: &[(i64, Event)]) -> Run {
    let mut run = Run::new(terms);
    for (wait_ms, event) in events {
        run.now = run.now.plus_ms(*wait_ms);
        run.take(run.input(*event));
    }
    run
}

proptest::proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// `checked` proves every single step; here is what holds over all of them.
    #[test]
    fn any_run_keeps_the_promises(terms in terms(), events in events()) {
        let mut run = Run::new(&terms);
        let mut submitted_at = None;
        let mut final_state = None;
        for (wait_ms, event) in &events {
            run.now = run.now.plus_ms(*wait_ms);
            let before = run.stage;
            let input = run.input(*event);
            let effects = run.take(input);
            prop_assert!(effects.is_some() || run.stage == before);
            prop_assert!(submitted_at.is_none() || run.stage.submitted_at == submitted_at, "taken first, once");
            submitted_at = run.stage.submitted_at;
            prop_assert!(input != Input::Begin || effects.is_none() || run.now < run.expires_at());
            if let Some(told) = final_state {
                let corrects = matches!(told, State::NoReport | State::Unconfirmed);
                prop_assert!(corrects || run.stage.state == told, "{told} became {}", run.stage.state);
            }
            final_state = run.stage.state.is_final().then_some(run.stage.state);
        }
        prop_assert!(run.money.len() <= 1, "{:?}", run.money);
        prop_assert!(terms.trigger != ChargeTrigger::OnAccept || run.money.is_empty());
        prop_assert!(run.resent_count <= 1);
        prop_assert!(terms.on_unknown != UnknownPolicy::PreferNoDuplicate || run.resent_count == 0);
        prop_assert!(run.told.iter().map(|state| rank(*state)).is_sorted(), "told {:?}", run.told);
        prop_assert!(run.stage.attempts <= ATTEMPTS_MAX);
    }

    /// The same events at the same times give the same message, money and news.
    #[test]
    fn a_run_can_be_replayed(terms in terms(), events in events()) {
        let (first, second) = (run(&terms, &events), run(&terms, &events));
        prop_assert_eq!(first.stage, second.stage);
        prop_assert_eq!((first.money, first.told), (second.money, second.told));
    }

    /// Wherever a run has led to, the message ends by itself: no state is a trap, whatever carriers
    /// answer from then on.
    #[test]
    fn every_message_ends(terms in terms(), events in events(), verdict in select(Verdict::ALL.to_vec())) {
        let mut run = run(&terms, &events);
        let begun_at = run.now;
        let mut steps = 0;
        while !run.stage.state.is_final() {
            run.proceed(verdict);
            steps += 1;
            prop_assert!(steps < 3 * usize::from(ATTEMPTS_MAX), "{:?}", run.stage);
        }
        let patience_ms = terms.patience_ms.unwrap_or(0);
        let latest = begun_at.max(run.expires_at()).plus_ms(UNKNOWN_HORIZON_MS + RECEIPT_HORIZON_MS + patience_ms);
        prop_assert!(run.now <= latest, "{} after {latest}", run.now);
        let settled = [ChargeState::Charged, ChargeState::Released];
        prop_assert!(settled.contains(&run.stage.charge));
        prop_assert_eq!(run.money.len(), usize::from(terms.trigger != ChargeTrigger::OnAccept));
        prop_assert_eq!(run.told.last(), Some(&run.stage.state));
    }

    /// A carrier that only ever asks for patience uses up the validity, never the attempts.
    #[test]
    fn patience_is_not_a_failure(
        terms in terms(),
        verdict in select(vec![Verdict::Throttled, Verdict::Transient]),
    ) {
        let mut run = Run::new(&terms);
        while !run.stage.state.is_final() {
            run.proceed(verdict);
        }
        prop_assert_eq!((run.stage.state, run.stage.reason), (State::Expired, Reason::ValidityEnded));
    }

    /// Whether a carrier takes a message is told by each attempt exactly once, in whatever order
    /// its answers and receipts come: a delivery in time always ends as delivered.
    #[test]
    fn a_delivery_in_time_is_told(terms in terms(), events in events()) {
        let mut run = run(&terms, &events);
        if run.stage.state.is_final() || run.stage.attempts == 0 {
            return Ok(());
        }
        let attempt = run.stage.attempts;
        run.take(Input::Receipt { attempt, state: ReceiptState::Delivered });
        prop_assert_eq!(run.stage.state, State::Delivered);
        let charged = matches!(run.stage.charge, ChargeState::Charged);
        prop_assert!(charged, "{:?}", run.stage.charge);
    }
}

/// Times at the ends of their range and counts at theirs lead to no overflow.
#[test]
fn the_ends_of_the_ranges_are_harmless() {
    let times = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX].map(Timestamp::from_ms);
    for (state, verdict) in State::ALL.iter().flat_map(|s| Verdict::ALL.iter().map(move |v| (*s, *v))) {
        for (now, other) in times.iter().flat_map(|now| times.iter().map(move |other| (*now, *other))) {
            for attempts in [0, 1, ATTEMPTS_MAX - 1, ATTEMPTS_MAX, u8::MAX] {
                let before = Stage { due_at: other, submitted_at: Some(other), ..stage(state, attempts) };
                let policy = Policy {
                    expires_at: other,
                    patience_ms: Some(i64::MAX),
                    transient_count: u8::MAX,
                    resent_count: u8::MAX,
                    ..super::policy()
                };
                let answer = Input::Answer { attempt: attempts, verdict, reason: Reason::None };
                let receipt = Input::Receipt { attempt: attempts, state: ReceiptState::Undelivered };
                for input in [answer, receipt, Input::Begin, Input::Due, Input::NotKnownByPeer] {
                    let outcome = crate::lifecycle::step(&before, &policy, input, now);
                    assert_eq!(outcome, crate::lifecycle::step(&before, &policy, input, now));
                }
            }
        }
    }
}
