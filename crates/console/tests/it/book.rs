//! What the rooms of contacts, blocked numbers, senders and numbers do, and the operator's reviews.

use axum::http::{Method, StatusCode};
use types::role::Role;

use crate::fake::book::{contact_id, group_id};
use crate::{HOST, House, request};

const OWNER: Option<Role> = Some(Role::AccountOwner);
const VIEWER: Option<Role> = Some(Role::AccountViewer);
const ADMIN: Option<Role> = Some(Role::StaffAdmin);
const SUPPORT: Option<Role> = Some(Role::StaffSupport);

fn last(house: &House) -> String {
    house.desk.changes.lock().unwrap().last().cloned().unwrap_or_default()
}

#[tokio::test]
async fn forms_change_what_they_say_and_keep_what_was_typed() {
    let house = House::full();
    let cases = [
        (
            "/contacts",
            "what=add&number=%2B44+7911+123456&name=Ada".to_owned(),
            "7 adds 447911123456 Ada to 0",
        ),
        (
            "/contacts",
            format!("what=add&number=447911123456&group={}", group_id()),
            "7 adds 447911123456  to 1",
        ),
        ("/contacts", "what=group&name=friends".to_owned(), "7 makes group friends"),
        ("/suppressions", "what=add&numbers=447911123456%0A32470000001".to_owned(), "blocks 2 from person:"),
        ("/suppressions", "what=remove&numbers=447911123456".to_owned(), "takes 447911123456 off"),
        ("/numbers", "what=route&number=447400999000&route=binds".to_owned(), "leads 447400999000 to binds"),
        ("/numbers", "what=answers&stop=Bye&start=&help=".to_owned(), "answers Some(Some(\"Bye\"))"),
        ("/senders", "what=sender&name=ACME&countries=GB+fr".to_owned(), "asks for ACME in 2"),
        ("/senders", "what=signature&name=ACME".to_owned(), "asks for signature ACME"),
        ("/senders", "what=pool&name=news&members=ACME%0A447400999000+off".to_owned(), "off: true"),
        ("/senders", "what=pool&name=marketing&members=ACME&opt_out=account".to_owned(), "Some(Account)"),
        ("/senders", "what=template&name=x&text=a+%7Bb%7D&examples=b%3D1".to_owned(), "{\"b\": \"1\"}) true"),
        ("/senders", "what=draft&name=login+code+1&text=a".to_owned(), " false"),
    ];
    for (path, form, expected) in cases {
        let answer = house.post(OWNER, path, &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path} {form}: {}", answer.body);
        assert!(last(&house).contains(expected), "{form}: {}", last(&house));
    }
    let removed = house.post(OWNER, "/contacts", &format!("what=remove&contact={}", contact_id())).await;
    assert_eq!(
        (removed.status, last(&house)),
        (StatusCode::SEE_OTHER, format!("7 removes {}", contact_id()))
    );
    let wrong = [
        ("/contacts", "what=add&number=12&name=Typed", "value=\"Typed\""),
        ("/contacts", "what=group&name=taken", "of this name already"),
        ("/contacts", "what=else", "not known here"),
        ("/suppressions", "what=add&numbers=447911123456%0Axyz", "xyz"),
        ("/numbers", "what=answers&stop=Kept&help=bad", ">Kept</textarea>"),
        ("/senders", "what=sender&name=a+name+too+long", "at most 11 characters"),
        ("/senders", "what=sender&name=ACME&countries=GBR", "no country"),
        ("/senders", "what=template&name=x&text=a&examples=b", "name=value"),
        ("/senders", "what=sender&name=ACME&token=99-1-1", "another account"),
    ];
    for (path, form, expected) in wrong {
        let answer = house.post(OWNER, path, form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {form}");
        assert!(answer.body.contains(expected), "{form}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_search_shows_what_it_finds_without_a_number_in_the_address() {
    let house = House::full();
    for path in ["/contacts", "/suppressions"] {
        let field = if path == "/contacts" { "number" } else { "numbers" };
        let found = house.post(OWNER, path, &format!("what=search&{field}=447911123456")).await;
        assert_eq!(found.status, StatusCode::OK, "{path}");
        assert!(found.body.contains("+44 7911 123456") && !found.body.contains("+33 6"), "{path}");
        let wrong = house.post(OWNER, path, &format!("what=search&{field}=Ada")).await;
        assert!(
            wrong.body.contains("with its country code") && wrong.body.contains("value=\"Ada\""),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_table_of_contacts_is_uploaded() {
    let house = House::full();
    let own = format!("http://{HOST}");
    let kind = "multipart/form-data; boundary=x7";
    let headers: &[(&str, &str)] = &[("origin", &own), ("content-type", kind)];
    let body = |table: &str| {
        format!(
            "--x7\r\nContent-Disposition: form-data; name=\"group\"\r\n\r\n{}\r\n--x7\r\nContent-Disposition: \
             form-data; name=\"table\"; filename=\"a.csv\"\r\n\r\n{table}\r\n--x7--\r\n",
            group_id()
        )
    };
    let upload =
        async |text: &str| house.send(request(Method::POST, OWNER, "/contacts/import", headers, text)).await;
    let taken = upload(&body("number,city\n32470000001,Gent\n32470000002,\n")).await;
    assert_eq!(
        (taken.status, taken.header("location")),
        (StatusCode::SEE_OTHER, "/contacts?made=2&changed=0")
    );
    assert_eq!(last(&house), "7 imports 2 into true");
    let many: String = (0..1_100).map(|n| format!("3247{n:07}\n")).collect();
    let taken = upload(&body(&format!("number\n{many}"))).await;
    assert_eq!(taken.header("location"), "/contacts?made=1100&changed=0");
    for (text, expected) in [
        (body("name\nAda\n"), "number"),
        (body("number\nAda\n"), "line 2"),
        (body(""), "Choose a file"),
        ("x=1".to_owned(), "Choose a file"),
    ] {
        let refused = upload(&text).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{text}");
        assert!(refused.body.contains(expected), "{expected}: {}", refused.body);
    }
}

#[tokio::test]
async fn who_only_looks_gets_no_forms() {
    let house = House::full();
    for path in ["/senders", "/numbers"] {
        let body = house.get(VIEWER, path).await.body;
        assert!(body.contains("<h1>") && !body.contains("name=\"token\""), "{path}");
        assert!(house.get(OWNER, path).await.body.contains("name=\"token\""), "{path}");
    }
    assert!(!house.get(SUPPORT, "/staff/reviews").await.body.contains("name=\"verdict\""));
}

#[tokio::test]
async fn the_operator_decides_about_what_waits() {
    let house = House::full();
    let waiting = house.get(ADMIN, "/staff/reviews").await.body;
    assert!(waiting.contains("login code 1") && !waiting.contains("login code 2"));
    let all = house.get(ADMIN, "/staff/reviews?state=all").await.body;
    assert!(all.contains("login code 2") && all.contains("Revoke") && !all.contains("login code 4"));
    let form = "kind=template&account=7&name=login+code+1&verdict=approved&note=fine";
    let done = house.post(ADMIN, "/staff/reviews", form).await;
    assert_eq!(done.header("location"), "/staff/reviews?done=approved");
    assert_eq!(last(&house), "template login code 1 of 7 is approved: fine");
    assert!(house.get(ADMIN, "/staff/reviews?done=approved").await.body.contains("It is approved now"));
    for form in [
        "kind=sender&account=7&name=gone&verdict=approved",
        "kind=sender&account=7&name=ACME&verdict=draft",
        "kind=else&account=7&name=ACME&verdict=approved",
    ] {
        assert_eq!(
            house.post(ADMIN, "/staff/reviews", form).await.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{form}"
        );
    }
}
