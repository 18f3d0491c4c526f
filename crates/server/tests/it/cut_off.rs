//! A power cut in the middle of traffic: whatever was acknowledged is there afterwards.

use std::sync::Mutex;

use crate::house::Plan;

const SUBMISSIONS: usize = 200;
/// Acknowledgements after which the power goes.
const ENOUGH: usize = 60;

#[test]
fn what_was_acknowledged_is_found_after_a_power_cut() {
    is_found_after_a_power_cut(Plan::new());
}

#[test]
fn what_was_acknowledged_is_found_after_a_power_cut_on_postgres() {
    is_found_after_a_power_cut(Plan::on_postgres());
}

fn is_found_after_a_power_cut(plan: Plan) {
    let plan = plan.variable("CHAPPE_DEMO_UNLIMITED", "1");
    let house = plan.start();
    let http = house.http();
    let acknowledged = Mutex::new(Vec::new());
    let house = Mutex::new(Some(house));
    let work = |worker: usize| {
        for n in (worker..SUBMISSIONS).step_by(4) {
            let to = format!("+4474001{n:05}");
            // After the cut nobody answers any more.
            let Some(reply) = http.try_submit(&to, "cut off") else { return };
            let mut all = acknowledged.lock().unwrap();
            all.push((reply.message_id(), to));
            if all.len() == ENOUGH {
                house.lock().unwrap().take().unwrap().kill();
            }
        }
    };
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let work = &work;
            scope.spawn(move || work(worker));
        }
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() >= ENOUGH, "{}", acknowledged.len());

    let house = plan.start();
    let http = house.http();
    for (id, to) in &acknowledged {
        let message = http.message(id);
        assert_eq!((&message["to"], &message["text"]), (&to.as_str().into(), &"cut off".into()));
    }
    let kept = http.count();
    assert!((acknowledged.len()..=SUBMISSIONS).contains(&kept), "{kept}");
    let spent = 40_000 * i64::try_from(kept).unwrap();
    assert_eq!(http.balance(), 250_000_000 - spent, "each that was kept is paid for, and no other");
    let doctor = house.json(&["doctor"]);
    assert_eq!(doctor["checks"][1]["ok"], true, "{doctor}");
    let id = http.send("+447400123456", "after the cut");
    http.until_state(&id, "delivered");
}
