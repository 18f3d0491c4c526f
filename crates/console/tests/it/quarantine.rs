//! The room of messages that wait for a person: it lists them, and lets staff release or end them.

use axum::http::StatusCode;
use types::message::{Flags, State};
use types::role::Role;

use crate::fake::messages::id_of;
use crate::{House, NOW};

const STAFF: Option<Role> = Some(Role::StaffOperations);

async fn rule(house: &House, state: State, form: &str) -> (StatusCode, String, String) {
    let path = format!("/staff/quarantine/{}", id_of(NOW, state));
    let answer = house.post(STAFF, &path, form).await;
    (answer.status, answer.header("location").to_owned(), answer.body)
}

#[tokio::test]
async fn what_waits_is_listed_without_its_text() {
    let house = House::full();
    let page = house.get(STAFF, "/staff/quarantine").await.body;
    for (state, why) in [(State::Queued, "Crashed twice"), (State::Scheduled, "From a backup")] {
        assert!(page.contains(&format!("/staff/quarantine/{}", id_of(NOW, state))), "{state}");
        assert!(page.contains(why), "{why}");
    }
    assert!(!page.contains(&id_of(NOW, State::Delivered).to_string()));
    assert!(!page.contains("Your code is"), "a text may crash who reads it");
    let empty = House::empty().get(STAFF, "/staff/quarantine").await.body;
    assert!(empty.contains("No message waits for a person."), "{empty}");
}

#[tokio::test]
async fn a_release_needs_one_word_and_an_end_two() {
    let house = House::full();
    let shown = house.get(STAFF, &format!("/staff/quarantine/{}", id_of(NOW, State::Queued))).await.body;
    assert!(shown.contains("A step of the engine") && shown.contains("It is to end as failed"), "{shown}");
    let (status, to, _) = rule(&house, State::Queued, "ruling=release").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(to.starts_with("/staff/quarantine?released=msg_"), "{to}");
    assert!(house.get(STAFF, &to).await.body.contains("goes on."));
    let flags = |state| {
        let messages = house.desk.messages.lock().unwrap();
        messages.iter().find(|message| message.id == id_of(NOW, state)).unwrap().flags
    };
    assert_eq!(flags(State::Queued), Flags::CRASHED, "the crash is not forgotten");

    let (status, _, page) = rule(&house, State::Scheduled, "ruling=fail").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("Nothing was changed."), "{page}");
    assert_eq!(flags(State::Scheduled), Flags::RESTORED);
    let (status, to, _) = rule(&house, State::Scheduled, "ruling=fail&sure=yes").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(to.contains("?ended="), "{to}");
    let (status, ..) = rule(&house, State::Scheduled, "ruling=fail&sure=yes").await;
    assert_ne!(status, StatusCode::SEE_OTHER, "it has ended already");
}

#[tokio::test]
async fn support_may_look_and_not_rule() {
    let house = House::full();
    let path = format!("/staff/quarantine/{}", id_of(NOW, State::Queued));
    let page = house.get(Some(Role::StaffSupport), &path).await.body;
    assert!(page.contains("Who may change routes") && !page.contains("<button class=\"main\">Release"));
}
