//! The engine finds what is planted, and every target keeps its promises on its corpus and a little beyond.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Budget, Engine, Fault};
use crate::corpus;
use crate::targets::{TARGETS, Target};

/// The meter counts the whole process, so engines run one at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

const RUNS: Budget = Budget { runs: 200_000, time: None };

fn planted(make: fn() -> crate::targets::Check) -> &'static Target {
    Box::leak(Box::new(Target {
        name: "planted",
        about: "",
        make,
        words: &[b"magic"],
        limit: 4_096,
        octets_base: 64 * 1024,
        octets_per_octet: 16,
    }))
}

#[test]
fn a_broken_promise_is_found_and_made_small() {
    let _alone = alone();
    let target = planted(|| {
        Box::new(|input: &[u8]| {
            // Four steps, each an outcome of its own.
            let known = b"\x02bug".iter().zip(input).take_while(|(wanted, found)| wanted == found).count();
            assert!(known < 4, "planted");
            u64::try_from(known).unwrap()
        })
    });
    let report = Engine::new(target, vec![b"hello, world".to_vec()], 1).run(RUNS);
    let finding = report.finding.unwrap();
    assert_eq!(finding.input, b"\x02bug");
    assert!(matches!(&finding.fault, Fault::Panic(words) if words.ends_with("planted")), "{finding}");
    assert!(report.outcomes >= 4 && report.runs < RUNS.runs);
}

#[test]
fn work_that_grows_faster_than_the_input_is_found() {
    let _alone = alone();
    let target = planted(|| {
        Box::new(|input: &[u8]| {
            let copies: usize = (0..input.len()).map(|at| input[at..].to_vec().len()).sum();
            u64::from(copies > 1_000)
        })
    });
    let report = Engine::new(target, vec![b"hello".to_vec()], 1).run(RUNS);
    assert!(matches!(report.finding.unwrap().fault, Fault::Allocates { .. }));
}

#[test]
fn the_same_seed_makes_the_same_inputs() {
    let _alone = alone();
    let seen = |seed: u64| {
        let target = planted(|| Box::new(|input: &[u8]| input.iter().map(|octet| u64::from(*octet)).sum()));
        let engine = Engine::new(target, vec![b"hello".to_vec()], seed);
        engine.run(Budget { runs: 500, time: None }).outcomes
    };
    assert_eq!(seen(1), seen(1));
    assert_ne!(seen(1), seen(2));
}

#[test]
fn every_target_keeps_its_promises() {
    let _alone = alone();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for target in TARGETS {
        let seeds = corpus::read(&folder.join(target.name)).unwrap();
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        let runs = u64::try_from(seeds.len()).unwrap() + 300;
        let report = Engine::new(target, seeds, 3).run(Budget { runs, time: None });
        assert!(report.finding.is_none(), "{}: {}", target.name, report.finding.unwrap());
        assert!(report.outcomes >= 3, "{} has {} outcomes", target.name, report.outcomes);
    }
    let folders = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(folders, TARGETS.len(), "a folder without a target");
}
