//! Transitions, one line per case: a matrix of every state and input, and a table of what policies,
//! marks and times change. Runs of many steps stand in `runs`, rules of the catalogue in `rules`.

use std::collections::BTreeSet;

use types::charge::{ChargeState, ChargeTrigger, PostingKind};
use types::message::{Flags, Reason, State, UnknownPolicy};
use types::receipt::{ReceiptState, Verdict};
use types::time::Timestamp;

use self::cases::CASES;
use super::{Effects, Input, Policy, Stage, step, worst_receipt, worst_verdict};
use crate::invariant::{a_pause_holds, hold_ends_with_message, marks_stay, step_is_lawful};

mod cases;
mod rules;
mod runs;

const NOW: Timestamp = Timestamp::from_ms(1_000_000_000_000);
const DAY_MS: i64 = 86_400_000;

/// A policy without surprises: charge on submit, no duplicate, receipts, no further connector.
fn policy() -> Policy<'static> {
    Policy {
        on_unknown: UnknownPolicy::PreferNoDuplicate,
        can_query: false,
        receipts: true,
        reroute_on: &[],
        error_reroutes: false,
        patience_ms: None,
        more_connectors: false,
        expires_at: NOW.plus_ms(2 * DAY_MS),
        trigger: ChargeTrigger::OnSubmit,
        transient_count: 0,
        resent_count: 0,
    }
}

/// A message in a state as the steps before would have left it.
fn stage(state: State, attempts: u8) -> Stage {
    let was_taken = matches!(state, State::Submitted | State::NoReport) || state.is_final();
    let charge = if was_taken { ChargeState::Charged } else { ChargeState::Held };
    Stage {
        state,
        reason: if state == State::Unknown { Reason::LinkBroke } else { Reason::None },
        flags: Flags::default(),
        charge,
        attempts,
        due_at: if state == State::Sending || state.is_final() { Timestamp::NEVER } else { NOW },
        submitted_at: was_taken.then(|| NOW.plus_ms(-1_000)),
        final_at: state.is_final().then_some(NOW),
    }
}

fn number(text: &str) -> i64 {
    text.parse().unwrap()
}

/// Reads `begin`, `answer:ATTEMPT:VERDICT:REASON`, `receipt:ATTEMPT:STATE` and so on.
fn input(text: &str) -> Input {
    let words: Vec<&str> = text.split(':').collect();
    match words.as_slice() {
        ["begin"] => Input::Begin,
        ["answer", attempt, verdict, reason] => Input::Answer {
            attempt: attempt.parse().unwrap(),
            verdict: Verdict::parse(verdict).unwrap(),
            reason: Reason::parse(reason).unwrap(),
        },
        ["receipt", attempt, state] => {
            Input::Receipt { attempt: attempt.parse().unwrap(), state: ReceiptState::parse(state).unwrap() }
        }
        ["not_known"] => Input::NotKnownByPeer,
        ["due"] => Input::Due,
        ["cancel"] => Input::Cancel,
        ["suppressed"] => Input::Suppressed,
        ["not_encodable"] => Input::NotEncodable,
        ["no_connector"] => Input::NoConnector,
        ["crashed"] => Input::Crashed,
        ["release"] => Input::Release,
        ["give_up"] => Input::GiveUp,
        _ => panic!("{text} is no input"),
    }
}

/// Changes stage and policy by one word of a case.
fn set(stage: &mut Stage, policy: &mut Policy<'_>, word: &str) {
    const NEGATIVE: &[State] = &[State::Undelivered, State::Rejected, State::Expired, State::Deleted];
    match word.split_once(':').unwrap_or((word, "")) {
        ("-", _) => {}
        ("on_accept", _) => (policy.trigger, stage.charge) = (ChargeTrigger::OnAccept, ChargeState::Charged),
        ("on_delivery", _) => policy.trigger = ChargeTrigger::OnDelivery,
        ("resend", _) => policy.on_unknown = UnknownPolicy::PreferDelivery,
        ("ask", _) => policy.on_unknown = UnknownPolicy::AskPeer,
        ("query", _) => policy.can_query = true,
        ("no_receipts", _) => policy.receipts = false,
        ("reroute", _) => policy.reroute_on = NEGATIVE,
        ("error_reroutes", _) => policy.error_reroutes = true,
        ("more", _) => policy.more_connectors = true,
        ("patience", ms) => policy.patience_ms = Some(number(ms)),
        ("expires", ms) => policy.expires_at = NOW.plus_ms(number(ms)),
        ("transient", count) => policy.transient_count = count.parse().unwrap(),
        ("resent", count) => policy.resent_count = count.parse().unwrap(),
        ("dup", _) => stage.flags = stage.flags.with(Flags::POSSIBLE_DUPLICATE),
        ("crashed", _) => stage.flags = stage.flags.with(Flags::CRASHED),
        ("quarantined", _) => stage.flags = stage.flags.with(Flags::QUARANTINED),
        ("restored", _) => stage.flags = stage.flags.with(Flags::RESTORED),
        ("never_due", _) => stage.due_at = Timestamp::NEVER,
        ("why", reason) => stage.reason = Reason::parse(reason).unwrap(),
        ("charge", charge) => stage.charge = ChargeState::parse(charge).unwrap(),
        ("taken", ms) => stage.submitted_at = Some(NOW.plus_ms(number(ms))),
        ("due", ms) => stage.due_at = NOW.plus_ms(number(ms)),
        other => panic!("{other:?} is no word of a policy"),
    }
}

/// Writes effects and what became of the marks, in words.
fn effects_text(before: &Stage, after: &Stage, effects: &Effects) -> String {
    let mark = |flag| (before.flags.contains(flag), after.flags.contains(flag));
    let words = [
        (effects.money == Some(PostingKind::Capture), "capture"),
        (effects.money == Some(PostingKind::Release), "release"),
        (effects.tell, "tell"),
        (effects.enqueue, "enqueue"),
        (effects.leave_connector, "leave"),
        (effects.query, "query"),
        (effects.contradicts, "contradicts"),
        (effects.transient, "transient"),
        (effects.resent, "resent"),
        (mark(Flags::POSSIBLE_DUPLICATE) == (false, true), "+dup"),
        (mark(Flags::POSSIBLE_DUPLICATE) == (true, false), "-dup"),
        (mark(Flags::CONTRADICTED) == (false, true), "+contradicted"),
        (mark(Flags::CRASHED) == (false, true), "+crashed"),
        (mark(Flags::QUARANTINED) == (false, true), "+quarantined"),
        (before.flags.pause().is_some() && after.flags.pause().is_none(), "-paused"),
    ];
    let words: Vec<&str> = words.iter().filter(|(holds, _)| *holds).map(|(_, word)| *word).collect();
    if words.is_empty() { "-".into() } else { words.join(",") }
}

fn due_text(due_at: Timestamp) -> String {
    if due_at == Timestamp::NEVER { "never".into() } else { format!("{:+}", due_at.ms_since(NOW)) }
}

/// Runs one step and checks what holds after every step whatsoever.
fn checked(stage: &Stage, policy: &Policy<'_>, input: Input, now: Timestamp) -> Option<(Stage, Effects)> {
    let outcome = step(stage, policy, input, now).ok();
    assert_eq!(step(stage, policy, input, now).ok(), outcome, "the same facts give the same step");
    let (after, effects) = outcome?;
    let context = format!("{stage:?}\n{policy:?}\n{input:?}\n{after:?}\n{effects:?}");
    assert!(step_is_lawful(stage.state, after.state), "{context}");
    assert!(!stage.state.is_final() || after.state.is_final(), "an end stays an end: {context}");
    assert!(hold_ends_with_message(after.state, after.charge), "{context}");
    assert_eq!(after.final_at.is_some(), after.state.is_final(), "{context}");
    let waits_for_nothing = after.state.is_final() || after.state == State::Sending;
    let may_wait_for_a_person = after.flags.contains(Flags::QUARANTINED);
    assert!(
        (after.due_at == Timestamp::NEVER) == waits_for_nothing || may_wait_for_a_person,
        "an open message has work, a time or a person: {context}"
    );
    assert!(a_pause_holds(stage.flags, stage.state, after.state), "{context}");
    assert!(marks_stay(stage.flags, after.flags), "{context}");
    let settled = match effects.money {
        None => stage.charge,
        Some(PostingKind::Capture) => ChargeState::Charged,
        Some(PostingKind::Release) => ChargeState::Released,
        Some(other) => panic!("{other}: {context}"),
    };
    assert_eq!(after.charge, settled, "{context}");
    assert!(effects.money.is_none() || stage.charge == ChargeState::Held, "money moves once: {context}");
    assert!(!effects.tell || after.state != stage.state, "only news is told: {context}");
    let asked_anew = matches!(input, Input::NotEncodable | Input::Crashed | Input::Release);
    let waits_anew = stage.state != State::Queued || asked_anew;
    assert_eq!(effects.enqueue, after.state == State::Queued && waits_anew, "{context}");
    let begun = u8::from(input == Input::Begin);
    assert_eq!(after.attempts, stage.attempts + begun, "{context}");
    Some((after, effects))
}

/// Every state (columns) with every input (rows), under the plain policy. A cell names the state
/// that follows; `=` is a step that only marks something, `.` is no step at all.
const MATRIX: &str = "
                       accepted  scheduled queued    sending     unknown     submitted   delivered undelivered expired  rejected deleted  failed cancelled unconfirmed no_report
begin                  .         .         sending   .           .           .           .  .  .  .  .  .  .  .           .
answer:1:accepted:none .         .         .         submitted   submitted   .           .  .  .  .  .  .  .  .           .
answer:1:throttled:throttled  .  .         .         queued      queued      .           .  .  .  .  .  .  .  .           .
answer:1:transient:transient  .  .         .         queued      queued      .           .  .  .  .  .  .  .  .           .
answer:1:reroute:rerouted     .  .         .         failed      failed      .           .  .  .  .  .  .  .  .           .
answer:1:permanent:carrier_refused . .     .         failed      failed      .           .  .  .  .  .  .  .  .           .
answer:1:crashed:none         .  .         .         queued      queued      .           .  .  .  .  .  .  .  .           .
answer:1:unknown:link_broke   .  .         .         unknown     .           .           .  .  .  .  .  .  .  .           .
receipt:1:enroute      .         .         .         .           submitted   .           .  .  .  .  .  .  .  .           .
receipt:1:accepted     .         .         .         .           submitted   .           .  .  .  .  .  .  .  .           .
receipt:1:unknown      .         .         .         .           submitted   .           .  .  .  .  .  .  .  .           .
receipt:1:delivered    .         .         delivered delivered   delivered   delivered   .  =  =  =  =  =  =  delivered   delivered
receipt:1:undelivered  .         .         .         undelivered undelivered undelivered =  .  =  =  =  =  =  undelivered undelivered
receipt:1:expired      .         .         .         expired     expired     expired     =  =  .  =  =  =  =  expired     expired
receipt:1:rejected     .         .         .         rejected    rejected    rejected    =  =  =  .  =  =  =  rejected    rejected
receipt:1:deleted      .         .         .         deleted     deleted     deleted     =  =  =  =  .  =  =  deleted     deleted
receipt:2:delivered    .         .         .         .           .           .           .  .  .  .  .  .  .  .           .
receipt:0:delivered    .         .         .         .           .           .           .  .  .  .  .  .  .  .           .
answer:2:accepted:none .         .         .         .           .           .           .  .  .  .  .  .  .  .           .
answer:0:accepted:none .         .         .         .           .           .           .  .  .  .  .  .  .  .           .
not_known              .         .         .         .           .           .           .  .  .  .  .  .  .  .           .
due                    queued    queued    .         .           unconfirmed =           .  .  .  .  .  .  .  .           .
cancel                 cancelled cancelled .         .           .           .           .  .  .  .  .  .  .  .           .
not_encodable          .         .         failed    .           .           .           .  .  .  .  .  .  .  .           .
no_connector           .         .         failed    .           .           .           .  .  .  .  .  .  .  .           .
crashed                =         =         =         =           =           =           .  .  .  .  .  .  .  .           .
release                .         .         .         .           .           .           .  .  .  .  .  .  .  .           .
give_up                .         .         .         .           .           .           .  .  .  .  .  .  .  .           .
";

#[test]
fn every_state_with_every_input() {
    let mut lines = MATRIX.lines().filter(|line| !line.is_empty());
    let states: Vec<State> =
        lines.next().unwrap().split_whitespace().map(|name| State::parse(name).unwrap()).collect();
    assert_eq!(states, State::ALL);
    for line in lines {
        let mut cells = line.split_whitespace();
        let input = input(cells.next().unwrap());
        let expected: Vec<&str> = cells.collect();
        assert_eq!(expected.len(), states.len(), "{line}");
        for (state, expected) in states.iter().zip(expected) {
            let attempts = u8::from(!matches!(state, State::Accepted | State::Scheduled));
            let before = stage(*state, attempts);
            let after = checked(&before, &policy(), input, NOW).map(|(after, _)| after);
            let got = match after {
                None => ".",
                Some(after) if after.state == before.state => "=",
                Some(after) => after.state.as_str(),
            };
            assert_eq!(got, expected, "{state} with {input:?}");
        }
    }
}

/// Reads one case and checks it; gives the step between states that it shows.
fn check_case(line: &str) -> Option<(State, State)> {
    let (before, after) = line.split_once("=>").unwrap_or_else(|| panic!("{line} has no outcome"));
    let before: Vec<&str> = before.split_whitespace().collect();
    let [state, attempts, words, what] = before.as_slice() else { panic!("{line}") };
    let mut policy = policy();
    let mut from = stage(State::parse(state).unwrap(), attempts.parse().unwrap());
    words.split(',').for_each(|word| set(&mut from, &mut policy, word));
    let outcome = checked(&from, &policy, input(what), NOW);
    let got = outcome.map_or_else(
        || "no step".to_owned(),
        |(to, effects)| {
            let effects = effects_text(&from, &to, &effects);
            format!("{} {} {} {effects} {}", to.state, to.reason, to.charge, due_text(to.due_at))
        },
    );
    let expected: Vec<&str> = after.split_whitespace().collect();
    assert_eq!(got, expected.join(" "), "{line}");
    outcome.map(|(to, _)| (from.state, to.state))
}

#[test]
fn policies_marks_and_times() {
    for line in CASES.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        check_case(line);
    }
}

#[test]
fn every_lawful_step_has_a_case() {
    let mut shown: BTreeSet<(State, State)> =
        CASES.lines().filter(|line| line.contains("=>")).filter_map(check_case).collect();
    // Admission makes this one.
    shown.insert((State::Accepted, State::Scheduled));
    let steps = State::ALL.iter().flat_map(|from| State::ALL.iter().map(move |to| (*from, *to)));
    let missing: Vec<_> = steps
        .filter(|(from, to)| from != to && step_is_lawful(*from, *to) && !shown.contains(&(*from, *to)))
        .collect();
    assert_eq!(missing, []);
}

#[test]
fn the_worst_answer_binds() {
    use Verdict::{Accepted, Crashed, Permanent, Reroute, Throttled, Transient, Unknown};
    let order = [Accepted, Throttled, Transient, Crashed, Reroute, Permanent, Unknown];
    for (place, worse) in order.iter().enumerate() {
        for better in &order[..=place] {
            assert_eq!(worst_verdict([*better, *worse].into_iter()), Some(*worse));
            assert_eq!(worst_verdict([*worse, *better].into_iter()), Some(*worse));
        }
    }
    assert_eq!(worst_verdict(std::iter::empty()), None);
}

#[test]
fn delivered_means_every_part() {
    for state in ReceiptState::ALL {
        let worst = worst_receipt([ReceiptState::Delivered, *state, ReceiptState::Delivered].into_iter());
        assert_eq!(worst, Some(*state));
    }
    assert_eq!(worst_receipt(std::iter::empty()), None);
}
