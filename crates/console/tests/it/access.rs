//! Who may come in: permissions, forms from elsewhere, cookies.

use axum::http::{Method, StatusCode};
use console::{Access, route_rows};
use types::role::Role;

use crate::fake::{PASSWORD, email_of, token_of};
use crate::{HOST, House, filled, messages, request};

/// Owner, developer, viewer, admin, operations, support, and the admin and the support of a reseller: a letter for
/// each that may.
const TABLE: &[(&str, &str, &str)] = &[
    ("GET", "/assets/{version}/{name}", "public"),
    ("GET", "/sign-in", "public"),
    ("POST", "/sign-in", "public"),
    ("POST", "/sign-out", "public"),
    ("GET", "/help", "public"),
    ("GET", "/", "odvAOSrs"),
    ("GET", "/messages", "odvrs"),
    ("POST", "/messages", "odvrs"),
    ("GET", "/messages/rows", "odvrs"),
    ("GET", "/messages/{id}", "odvrs"),
    ("GET", "/messages/{id}/story", "odvrs"),
    ("POST", "/messages/{id}/withdraw", "odr"),
    ("GET", "/send", "odr"),
    ("POST", "/send", "odr"),
    ("POST", "/send/preview", "odr"),
    ("GET", "/contacts", "odr"),
    ("POST", "/contacts", "odr"),
    ("POST", "/contacts/import", "odr"),
    ("GET", "/suppressions", "odr"),
    ("POST", "/suppressions", "odr"),
    ("GET", "/senders", "odvrs"),
    ("POST", "/senders", "odr"),
    ("GET", "/numbers", "odvrs"),
    ("POST", "/numbers", "odr"),
    ("GET", "/account", "ors"),
    ("POST", "/account", "or"),
    ("POST", "/account/webhook", "or"),
    ("GET", "/accounts", "rs"),
    ("POST", "/accounts", "r"),
    ("POST", "/accounts/leave", "rs"),
    ("GET", "/accounts/{account}", "rs"),
    ("POST", "/accounts/{account}", "r"),
    ("POST", "/accounts/{account}/people", "r"),
    ("POST", "/accounts/{account}/enter", "rs"),
    ("GET", "/staff", "AOS"),
    ("GET", "/staff/connectors/{name}", "AOS"),
    ("GET", "/staff/messages", "AOS"),
    ("POST", "/staff/messages", "AOS"),
    ("GET", "/staff/messages/rows", "AOS"),
    ("GET", "/staff/messages/{id}", "AOS"),
    ("GET", "/staff/messages/{id}/story", "AOS"),
    ("GET", "/staff/routes", "AOS"),
    ("POST", "/staff/routes", "AO"),
    ("GET", "/staff/routes/versions/{number}", "AOS"),
    ("POST", "/staff/routes/versions/{number}", "AO"),
    ("GET", "/staff/accounts", "AOS"),
    ("GET", "/staff/quarantine", "AOS"),
    ("GET", "/staff/quarantine/{id}", "AOS"),
    ("POST", "/staff/quarantine/{id}", "AO"),
    ("GET", "/staff/reviews", "AOS"),
    ("POST", "/staff/reviews", "AO"),
    ("GET", "/staff/sessions", "AOS"),
    ("GET", "/staff/sessions/{number}", "AOS"),
    ("POST", "/staff/sessions/{number}", "AO"),
    ("GET", "/staff/sessions/{number}/trace", "AOS"),
    ("GET", "/staff/sessions/{number}/capture", "AOS"),
    ("POST", "/staff/sessions/{number}/close", "AO"),
    ("GET", "/phones", "odAOSr"),
    ("GET", "/phones/row", "odAOSr"),
    ("POST", "/phones/{number}/answer", "odAOSr"),
    ("GET", "/phones/story/{carrier_id}", "odAOSr"),
    ("GET", "/mailbox", "odAOSr"),
    ("GET", "/mailbox/{mail}", "odAOSr"),
    ("GET", "/events/overview", "odvAOSrs"),
    ("GET", "/events/messages/{id}", "odvAOSrs"),
    ("GET", "/events/connectors", "AOS"),
    ("GET", "/events/sessions/{number}", "AOS"),
    ("GET", "/events/phones", "odAOSr"),
];

const LETTERS: [(Role, char); 8] = [
    (Role::AccountOwner, 'o'),
    (Role::AccountDeveloper, 'd'),
    (Role::AccountViewer, 'v'),
    (Role::StaffAdmin, 'A'),
    (Role::StaffOperations, 'O'),
    (Role::StaffSupport, 'S'),
    (Role::ResellerAdmin, 'r'),
    (Role::ResellerSupport, 's'),
];

#[test]
fn every_route_stands_in_the_table_and_only_there() {
    let declared: Vec<_> = route_rows().iter().map(|row| (row.method.to_string(), row.path)).collect();
    let expected: Vec<_> = TABLE.iter().map(|(method, path, _)| ((*method).to_owned(), *path)).collect();
    assert_eq!(declared, expected);
    for row in route_rows() {
        let nobody = matches!(row.access, Access::Customer([]) | Access::Staff([]) | Access::Either([]));
        assert!(!nobody, "{} opens to nobody", row.path);
    }
    // Routes are made from the table in one place, so none can be made without an access.
    let mut sources = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    let mut made = 0;
    while let Some(path) = sources.pop() {
        if path.is_dir() {
            sources.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            made += [".route(", ".route_service(", ".nest(", ".merge("]
                .iter()
                .map(|call| text.matches(call).count())
                .sum::<usize>();
        }
    }
    assert_eq!(made, 1);
}

/// Asks without waiting for the end of a stream.
async fn knock(house: &House, method: &Method, role: Option<Role>, path: &str) -> (StatusCode, String) {
    use tower::ServiceExt;
    let own = format!("http://{HOST}");
    let headers: &[(&str, &str)] = if *method == Method::POST { &[("origin", &own)] } else { &[] };
    let form = if *method == Method::POST { "x=1" } else { "" };
    let request = request(method.clone(), role, &filled(path), headers, form);
    let answer = house.router.clone().oneshot(request).await.unwrap();
    let to = answer.headers().get("location").map_or("", |to| to.to_str().unwrap()).to_owned();
    (answer.status(), to)
}

#[tokio::test]
async fn each_role_enters_its_rooms_and_no_other() {
    let house = House::full();
    for (method, path, who) in TABLE {
        let method: Method = method.parse().unwrap();
        for (role, letter) in LETTERS {
            let (status, _) = knock(&house, &method, Some(role), path).await;
            if *who == "public" || who.contains(letter) {
                assert_ne!(status, StatusCode::FORBIDDEN, "{method} {path} {role}");
                assert!(!status.is_server_error(), "{method} {path} {role} {status}");
            } else {
                assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path} {role}");
            }
        }
        let (status, to) = knock(&house, &method, None, path).await;
        if *who == "public" {
            assert_ne!(status, StatusCode::UNAUTHORIZED, "{method} {path}");
        } else {
            assert_eq!(status, StatusCode::SEE_OTHER, "{method} {path}");
            assert!(to.starts_with("/sign-in"), "{method} {path} leads to {to}");
        }
    }
}

#[tokio::test]
async fn forms_from_elsewhere_are_refused() {
    let house = House::full();
    let own = format!("http://{HOST}");
    let foreign: [&[(&str, &str)]; 6] = [
        &[],
        &[("origin", "http://evil.example")],
        &[("origin", "null")],
        &[("origin", "http://console.test.evil.example")],
        &[("sec-fetch-site", "cross-site"), ("origin", &own)],
        &[("sec-fetch-site", "same-site")],
    ];
    let versions = house.desk.traffic.lock().unwrap().len();
    for (_, path, _) in TABLE.iter().filter(|(method, _, _)| *method == "POST") {
        for headers in foreign {
            for role in [Role::AccountOwner, Role::StaffAdmin] {
                let form = format!("email={}&password=correct+horse", email_of(role));
                let answer =
                    house.send(request(Method::POST, Some(role), &filled(path), headers, &form)).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
                assert!(answer.body.contains("The form came from elsewhere"), "{path} {headers:?}");
                assert_eq!(answer.header("set-cookie"), "");
            }
        }
    }
    assert_eq!(house.desk.traffic.lock().unwrap().len(), versions);
    assert!(house.desk.ended.lock().unwrap().is_empty());
    for headers in [[("sec-fetch-site", "same-origin")], [("origin", own.as_str())]] {
        let answer = house.send(request(Method::POST, None, "/sign-in", &headers, "email=a")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{headers:?}");
    }
}

#[tokio::test]
async fn signing_in_sets_a_guarded_cookie() {
    let form = format!(
        "email={}&password={}&next=/messages",
        email_of(Role::AccountOwner),
        PASSWORD.replace(' ', "+")
    );
    let token = token_of(Role::AccountOwner);
    for (secure, expected) in [
        (false, format!("chappe_session={token}; Path=/; HttpOnly; SameSite=Lax")),
        (true, format!("__Host-chappe={token}; Path=/; HttpOnly; SameSite=Lax; Secure")),
    ] {
        let house = House::with(Vec::new(), secure);
        let answer = house.post(None, "/sign-in", &form).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/messages"));
        assert_eq!(answer.header("set-cookie"), expected);
        // The cookie of the other mode is not looked at.
        for (name, is_looked_at) in [("chappe_session", !secure), ("__Host-chappe", secure)] {
            let cookie = format!("{name}={token}");
            let answer =
                house.send(request(Method::GET, None, "/messages", &[("cookie", &cookie)], "")).await;
            assert_eq!(answer.status == StatusCode::OK, is_looked_at, "{name}");
        }
    }
}

#[tokio::test]
async fn a_new_session_ends_the_old_one() {
    let house = House::full();
    let form = format!("email={}&password=correct+horse", email_of(Role::StaffAdmin));
    house.post(Some(Role::AccountOwner), "/sign-in", &form).await;
    assert_eq!(*house.desk.ended.lock().unwrap(), [token_of(Role::AccountOwner)]);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_the_cookie() {
    let house = House::full();
    let answer = house.post(Some(Role::StaffAdmin), "/sign-out", "x=1").await;
    assert_eq!(answer.header("location"), "/sign-in");
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(*house.desk.ended.lock().unwrap(), [token_of(Role::StaffAdmin)]);
}

#[tokio::test]
async fn failed_sign_ins_keep_what_was_typed_and_say_the_same() {
    let house = House::full();
    let known =
        house.post(None, "/sign-in", &format!("email={}&password=wrong", email_of(Role::AccountOwner))).await;
    let unknown = house.post(None, "/sign-in", "email=nobody%40example.test&password=wrong").await;
    assert_eq!((known.status, unknown.status), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    assert!(known.body.contains(&format!("value=\"{}\"", email_of(Role::AccountOwner))));
    assert!(!known.body.contains("value=\"wrong\""));
    let plain = |body: &str, email: &str| {
        body.replace(&format!("type=\"email\" autocomplete=\"username\" value=\"{email}\""), "")
    };
    assert_eq!(
        plain(&known.body, &email_of(Role::AccountOwner)),
        plain(&unknown.body, "nobody@example.test")
    );
    let busy = house.post(None, "/sign-in", "email=busy%40example.test&password=x").await;
    assert_eq!(busy.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(busy.body.contains("Try again in 30 seconds."));
}

#[tokio::test]
async fn scripts_are_told_and_people_are_led_back() {
    let house = House::full();
    let answer = house.get(None, "/staff/messages?state=done").await;
    assert_eq!(answer.header("location"), "/sign-in?next=%2Fstaff%2Fmessages%3Fstate%3Ddone");
    let headers = [("hx-request", "true"), ("sec-fetch-site", "same-origin")];
    let answer = house.send(request(Method::POST, None, "/send/preview", &headers, "to=1")).await;
    assert_eq!((answer.status, answer.header("hx-redirect")), (StatusCode::UNAUTHORIZED, "/sign-in"));
    let answer = house
        .send(request(Method::GET, None, "/events/overview", &[("accept", "text/event-stream")], ""))
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_belongs_to_others_is_not_there() {
    let house = House::full();
    let id = messages::id_of(crate::NOW, types::message::State::Delivered);
    for message in house.desk.messages.lock().unwrap().iter_mut() {
        message.account = types::id::AccountId(99);
    }
    // Every route that a customer may use and that names a message: none is left out by hand.
    let routes = route_rows().into_iter().filter(|row| row.path.contains("{id}"));
    let own = routes.filter(|row| !matches!(row.access, Access::Staff(_) | Access::Public));
    let mut asked = 0;
    for row in own {
        for role in [Role::AccountOwner, Role::AccountDeveloper] {
            let (status, _) = knock(&house, &row.method, Some(role), row.path).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{} {} {role}", row.method, row.path);
            asked += 1;
        }
    }
    assert_eq!(asked, 8);
    // Where no id is named, nothing of others is shown.
    let routes = route_rows().into_iter().filter(|row| row.method == Method::GET && !row.path.contains('{'));
    for row in routes.filter(|row| !row.path.starts_with("/events/")) {
        let body = house.get(Some(Role::AccountOwner), row.path).await.body;
        assert!(!body.contains(&id.to_string()) && !body.contains("\"msg_"), "{}", row.path);
    }
    assert_eq!(
        house.get(Some(Role::StaffSupport), &format!("/staff/messages/{id}")).await.status,
        StatusCode::OK
    );
}

/// Every room in which a person of a reseller acts for an account below its own shows that account's rows and
/// none of its own; what it chooses that is not below its own changes nothing.
#[tokio::test]
async fn a_choice_of_account_opens_what_is_below_and_nothing_else() {
    let house = House::full();
    let id = messages::id_of(crate::NOW, types::message::State::Delivered);
    let below = types::account::write_sid(crate::fake::tree::child(crate::NOW).sid);
    let own = types::account::write_sid(crate::fake::account(crate::NOW).sid);
    let ask = |role, path: &str, account: &str| {
        let token = token_of(role);
        let cookie = format!("chappe_session={token}; chappe_account={account}");
        house.send(request(Method::GET, None, path, &[("cookie", &cookie)], ""))
    };
    for role in [Role::ResellerAdmin, Role::ResellerSupport] {
        // The messages of the fake are all of the reseller's own account.
        let path = format!("/messages/{id}");
        assert_eq!(ask(role, &path, "").await.status, StatusCode::OK);
        assert_eq!(ask(role, &path, &below).await.status, StatusCode::NOT_FOUND, "{role}");
        let page = ask(role, "/messages", &below).await.body;
        assert!(page.contains("You act for <strong><bdi>Shop &#60;i&#62;</bdi>"), "{page}");
        assert!(!page.contains("\"msg_") && !page.contains(&id.to_string()));
        for elsewhere in [own.as_str(), "AC00000000000000000000000000000000", "8", "AC"] {
            assert_eq!(ask(role, &path, elsewhere).await.status, StatusCode::OK, "{role} {elsewhere}");
            assert!(!ask(role, "/messages", elsewhere).await.body.contains("You act for"), "{elsewhere}");
        }
        for elsewhere in [own.as_str(), "AC00000000000000000000000000000000", "8", "nonsense"] {
            let answer = house.get(Some(role), &format!("/accounts/{elsewhere}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{role} {elsewhere}");
            assert!(answer.body.contains("No account below yours has this id."));
        }
        // Who acts for the account below stands there: it is not below itself, and nothing above it is.
        for path in [format!("/accounts/{below}"), format!("/accounts/{own}")] {
            assert_eq!(ask(role, &path, &below).await.status, StatusCode::NOT_FOUND, "{role} {path}");
        }
    }
    // Others have no such choice.
    for role in [Role::AccountOwner, Role::AccountDeveloper] {
        assert_eq!(ask(role, &format!("/messages/{id}"), &below).await.status, StatusCode::OK, "{role}");
    }
    assert_eq!(ask(Role::StaffAdmin, "/staff/messages", &below).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_reseller_does_what_its_forms_say_to_accounts_below_it() {
    let house = House::full();
    let child = format!("/accounts/{}", types::account::write_sid(crate::fake::tree::child(crate::NOW).sid));
    let people = format!("{child}/people");
    let person = "email=a%40b.example&role=account_owner&password=long-enough";
    let cases = [
        ("/accounts", "name=till", StatusCode::SEE_OTHER, "7 makes till"),
        ("/accounts", "name=", StatusCode::UNPROCESSABLE_ENTITY, ""),
        ("/accounts", "name=till&token=9-1-1", StatusCode::UNPROCESSABLE_ENTITY, ""),
        (&child, "what=suspend", StatusCode::SEE_OTHER, "7 sets suspended"),
        (&child, "what=activate", StatusCode::SEE_OTHER, "7 sets active"),
        (&child, "what=close", StatusCode::UNPROCESSABLE_ENTITY, ""),
        (&child, "what=close&sure=yes", StatusCode::SEE_OTHER, "7 sets closed"),
        (&child, "what=limits&rate=5", StatusCode::SEE_OTHER, "7 sets 5"),
        (&child, "what=limits&rate=many", StatusCode::UNPROCESSABLE_ENTITY, ""),
        (&child, "what=limits&rate=0", StatusCode::UNPROCESSABLE_ENTITY, ""),
        (&child, "what=give&amount=2.50", StatusCode::SEE_OTHER, "7 moves 2.50 EUR ToAccount"),
        (&child, "what=take&amount=1", StatusCode::SEE_OTHER, "7 moves 1.00 EUR FromAccount"),
        (&child, "what=give&amount=-1", StatusCode::UNPROCESSABLE_ENTITY, ""),
        (&child, "what=give&amount=1&token=9-1-1", StatusCode::UNPROCESSABLE_ENTITY, ""),
        (&child, "what=else", StatusCode::UNPROCESSABLE_ENTITY, ""),
        (&people, person, StatusCode::SEE_OTHER, "8 gets a@b.example as account_owner"),
        (
            &people,
            "email=a%40b.example&role=staff_admin&password=long-enough",
            StatusCode::UNPROCESSABLE_ENTITY,
            "",
        ),
        (&people, "email=a%40b.example&role=account_owner&password=x", StatusCode::UNPROCESSABLE_ENTITY, ""),
    ];
    for (path, form, status, change) in cases {
        house.desk.changes.lock().unwrap().clear();
        let answer = house.post(Some(Role::ResellerAdmin), path, form).await;
        assert_eq!(answer.status, status, "{path} {form}: {}", answer.body);
        assert_eq!(house.desk.changes.lock().unwrap().concat(), change, "{path} {form}");
        assert_eq!(status != StatusCode::SEE_OTHER, answer.body.contains("class=\"error\""), "{path} {form}");
    }
    let entered = house.post(Some(Role::ResellerSupport), &format!("{child}/enter"), "x=1").await;
    assert!(
        entered.header("set-cookie").starts_with("chappe_account=AC"),
        "{}",
        entered.header("set-cookie")
    );
    let left = house.post(Some(Role::ResellerSupport), "/accounts/leave", "x=1").await;
    assert!(left.header("set-cookie").contains("Max-Age=0"));
    let page = house.get(Some(Role::ResellerSupport), &child).await.body;
    assert!(!page.contains("value=\"suspend\"") && page.contains("Act for"), "looks only");
}

#[tokio::test]
async fn simulated_phones_show_customers_nothing_of_each_other() {
    let house = House::production();
    let routes = route_rows().into_iter().filter(|row| matches!(row.access, Access::Simulated(_)));
    let mut asked = 0;
    for row in routes {
        let customer = knock(&house, &row.method, Some(Role::AccountOwner), row.path).await.0;
        assert_eq!(customer, StatusCode::FORBIDDEN, "{} {}", row.method, row.path);
        let staff = knock(&house, &row.method, Some(Role::StaffAdmin), row.path).await.0;
        assert_ne!(staff, StatusCode::FORBIDDEN, "{} {}", row.method, row.path);
        asked += 1;
    }
    assert_eq!(asked, 7);
    let page = house.get(Some(Role::AccountOwner), "/messages").await.body;
    assert!(!page.contains("href=\"/phones\"") && !page.contains("href=\"/mailbox\""));
    assert!(house.get(Some(Role::StaffAdmin), "/staff").await.body.contains("href=\"/phones\""));
}

#[tokio::test]
async fn strangers_may_send_little() {
    let house = House::full();
    for (octets, status) in
        [(8 * 1_024, StatusCode::UNAUTHORIZED), (17 * 1_024, StatusCode::PAYLOAD_TOO_LARGE)]
    {
        let form = format!("email=a%40b.example&password={}", "x".repeat(octets));
        assert_eq!(house.post(None, "/sign-in", &form).await.status, status, "{octets}");
    }
}

#[tokio::test]
async fn a_person_is_known_by_where_they_sit_too() {
    let house = House::full();
    let form = format!("email={}&password=wrong", email_of(Role::AccountOwner));
    let own = format!("http://{HOST}");
    let mut request = request(Method::POST, None, "/sign-in", &[("origin", &own)], &form);
    let peer: std::net::SocketAddr = "192.0.2.7:4711".parse().unwrap();
    request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
    assert_eq!(house.send(request).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(*house.desk.seats.lock().unwrap(), [Some(peer.ip())]);
}
