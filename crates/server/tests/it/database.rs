//! A database beside the program: it goes away and comes back, and another program wants it.

use testkit::postgres::Cluster;

use crate::house::{Plan, SOON, until};

#[test]
fn a_database_that_goes_away_is_waited_for() {
    let cluster = Cluster::start(&[]).unwrap();
    let plan = Plan::new().in_database(&cluster.database().unwrap());
    let house = plan.start();
    let http = house.http();
    // Its answer comes after ten seconds: the carrier has it when the database goes.
    let under_way = http.send("447400120008", "under way");
    http.until_state(&under_way, "sending");
    let receipt_later = http.send("+447400123456", "sent before");
    cluster.cut().unwrap();
    // A commit that was under way when the database went is looked up before anybody is answered.
    let meanwhile = std::thread::scope(|scope| {
        let asked = scope.spawn(|| house.http().submit("+447400123457", "meanwhile"));
        until(SOON, "the end of readiness", || (http.get("/readyz").status == 503).then_some(()));
        assert_eq!(http.get("/livez").status, 200);
        cluster.start_again().unwrap();
        asked.join().unwrap()
    });
    assert!([202, 503].contains(&meanwhile.status), "{}", meanwhile.status);
    until(SOON, "readiness", || (http.get("/readyz").status == 200).then_some(()));
    let after = http.send("+447400123458", "after");
    for id in [&after, &receipt_later, &under_way] {
        http.until_state(id, "delivered");
    }
    let doctor = house.json(&["doctor"]);
    let checks = doctor["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["ok"] == true), "{doctor}");
    assert_eq!(house.terminate().code(), Some(0));
}

#[test]
fn a_second_program_is_kept_off_the_same_database() {
    let plan = Plan::on_postgres();
    let house = plan.start();
    let address = plan.address_of_store().unwrap();
    let error = Plan::new().in_database(&address).refusal();
    assert!(error.contains("another process writes this database"), "{error}");
    let id = house.http().send("+447400123456", "the first one goes on");
    house.http().until_state(&id, "delivered");
}

#[test]
fn an_address_that_cannot_be_used_is_told_without_its_password() {
    let plan = Plan::new().in_database("postgres://me:hush@127.0.0.1:1/chappe?sslmode=disable");
    let error = plan.refusal();
    assert!(error.contains("database") && !error.contains("hush"), "{error}");
}
