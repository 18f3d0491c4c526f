//! A seed decides everything, a house without a planted bug breaks no rule, and every bug that can be
//! planted is found.
//!
//! The seeds are small, so that a build without optimisation runs them in seconds; `cargo xtask sim` runs
//! whole ones.

use crate::{Options, Outcome, Plant, run};

/// Seeds within which a planted bug must be found, from the first that is tried.
const SEEDS_MAX: u64 = 30;

/// A small house: two busy hours, and so few requests that a seed takes a moment.
fn small(seed: u64, plant: Option<Plant>) -> Outcome {
    run(seed, Options { hours: Some(2), requests: Some(200), plant, traces: false })
}

#[test]
fn a_house_without_a_planted_bug_breaks_no_rule() {
    for seed in [5, 12, 27] {
        let outcome = small(seed, None);
        assert_eq!(outcome.violations, [], "seed {seed}");
        let count = |what: &str| outcome.counts.get(what).copied().unwrap_or(0);
        assert!(count("receipts") > 50 && count("parts_taken") > 50, "seed {seed}: {:?}", outcome.counts);
    }
}

#[test]
fn the_same_seed_goes_the_same_way_twice() {
    // What is in the maps of a process is read in another order in each process that is started, so that
    // an order that decided something would show.
    for seed in [6, 25, 27] {
        let (once, again) = (small(seed, None), small(seed, None));
        assert_eq!((once.hash, once.counts), (again.hash, again.counts), "seed {seed}");
        assert_ne!(once.hash, small(seed + 100, None).hash, "another seed goes another way");
    }
}

/// Plants a bug, and looks for it from a seed on.
fn is_found(plant: Plant, first: u64) {
    let found = (first..first + SEEDS_MAX).find(|seed| !small(*seed, Some(plant)).violations.is_empty());
    assert!(found.is_some(), "nobody noticed {} in {SEEDS_MAX} seeds from {first}", plant.name());
}

/// One test for each bug. They begin at a seed that has the trouble which shows the bug, where this is
/// rare, such as a crash in the middle of a commit.
macro_rules! finds {
    ($($test:ident: $plant:ident from $first:literal;)+) => {
        $(#[test]
        fn $test() {
            is_found(Plant::$plant, $first);
        })+

        #[test]
        fn every_bug_is_looked_for() {
            let looked_for = [$(Plant::$plant),+];
            assert!(Plant::ALL.iter().all(|(plant, _)| looked_for.contains(plant)));
        }
    };
}

finds! {
    finds_syncing_off: SyncingOff from 5;
    finds_dedup_off: DedupOff from 1;
    finds_fencing_off: FencingOff from 52;
    finds_a_lost_receipt_map: ReceiptMapLost from 5;
    finds_a_hold_released_twice: HoldReleasedTwice from 1;
    finds_a_retry_without_write_ahead: WriteAheadSkipped from 1;
    finds_sending_forgotten: SendingForgotten from 6;
    finds_dropped_receipts: ReceiptsDropped from 1;
    finds_dropped_events: EventsDropped from 1;
    finds_a_torn_commit: TornCommit from 27;
    finds_a_dropped_commit: CommitDropped from 2;
    finds_dropped_messages_from_phones: InboundDropped from 2;
}
