//! SMPP sessions of customers: the list, a trace, and numbers that are shown for a reason only.

use axum::http::StatusCode;
use types::role::Role;

use crate::House;

const ADMIN: Option<Role> = Some(Role::StaffAdmin);

#[tokio::test]
async fn sessions_are_listed_and_closed() {
    let house = House::full();
    let page = house.get(ADMIN, "/staff/sessions").await.body;
    for word in
        ["&#60;b&#62;acme&#60;/b&#62;", "Acme", "transceiver", "192.0.2.7", "TLS", "/staff/sessions/7"]
    {
        assert!(page.contains(word), "{word}: {page}");
    }
    let answer = house.post(ADMIN, "/staff/sessions/7/close", "x=1").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/staff/sessions"));
    assert_eq!(*house.sessions.closed.lock().unwrap(), [7]);
    let answer = house.post(ADMIN, "/staff/sessions/8/close", "x=1").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_trace_hides_numbers_until_a_reason_is_given() {
    let house = House::full();
    let page = house.get(ADMIN, "/staff/sessions/7").await.body;
    assert!(page.contains("destination ************ (1, 1)") && page.contains("&#60;i&#62;"), "{page}");
    assert!(page.contains("data-stream=\"/events/sessions/7\"") && page.contains("ESME_ROK"));
    let part = house.get(ADMIN, "/staff/sessions/7/trace").await.body;
    assert!(part.contains("submit_sm_resp") && !part.contains("<html"), "{part}");
    let answer = house.get(ADMIN, "/staff/sessions/8").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);

    let answer = house.post(ADMIN, "/staff/sessions/7", "reason=+").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(house.sessions.disclosed.lock().unwrap().is_empty());
    let page = house.post(ADMIN, "/staff/sessions/7", "reason=ticket+%3C12%3E").await.body;
    assert!(page.contains("447911123456") && page.contains("ticket &#60;12&#62;"), "{page}");
    assert!(!page.contains("data-stream"), "what is in the clear is shown once");
    let disclosed = house.sessions.disclosed.lock().unwrap().clone();
    assert_eq!(disclosed.len(), 1);
    assert_eq!(disclosed[0].who, crate::email_of(Role::StaffAdmin));
    // Support sees the trace and is not offered what it may not do.
    let page = house.get(Some(Role::StaffSupport), "/staff/sessions/7").await.body;
    assert!(!page.contains("Show them once") && !page.contains("Close this session"));
}

#[tokio::test]
async fn a_capture_file_is_a_file() {
    let house = House::full();
    let request = crate::request(axum::http::Method::GET, ADMIN, "/staff/sessions/7/capture", &[], "");
    use tower::ServiceExt;
    let answer = house.router.clone().oneshot(request).await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/vnd.tcpdump.pcap");
    assert_eq!(header("content-disposition"), "attachment; filename=\"session-7.pcap\"");
}
