//! What single rooms do.

use axum::http::{Method, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;
use types::account::EndpointKind;
use types::message::State;
use types::role::Role;

use crate::fake::messages::id_of;
use crate::fake::parties::ODD_CARRIER_ID;
use crate::{HOST, House, NOW, request};

const OWNER: Option<Role> = Some(Role::AccountOwner);
const ADMIN: Option<Role> = Some(Role::StaffAdmin);

#[tokio::test]
async fn ids_in_every_notation_lead_to_their_message() {
    let house = House::full();
    let id = id_of(NOW, State::Delivered);
    for text in [
        id.to_string(),
        id.0.base32().to_uppercase(),
        id.0.uuid(),
        format!("SM{}", id.0.hex()),
        id.0.as_u128().to_string(),
    ] {
        let answer = house.post(OWNER, "/messages", &format!("q={text}")).await;
        assert_eq!(answer.header("location"), format!("/messages/{id}"), "{text}");
        let answer = house.post(ADMIN, "/staff/messages", &format!("q={text}")).await;
        assert_eq!(answer.header("location"), format!("/staff/messages/{id}"), "{text}");
    }
}

#[tokio::test]
async fn a_search_finds_a_number_and_never_shows_it_in_the_address() {
    let house = House::full();
    for text in ["%2B44+7911+123462", "447911123462", "0044-7911-123462"] {
        let answer = house.post(OWNER, "/messages", &format!("q={text}")).await;
        let to = answer.header("location").to_owned();
        assert!(to.starts_with("/messages?search=") && !to.contains("7911"), "{to}");
        let found = house.get(OWNER, &to).await.body;
        assert_eq!(found.matches("<tr id=\"msg_").count(), 1, "{text}");
        assert!(found.contains(&id_of(NOW, State::Delivered).to_string()));
        // The search is of the person who made it.
        let other = house.get(Some(Role::AccountDeveloper), &to).await.body;
        assert!(other.contains("This search is forgotten.") && !other.contains("<tr id="));
    }
    let answer = house.post(OWNER, "/messages", "q=ACME").await;
    let page = house.get(OWNER, answer.header("location")).await.body;
    assert!(page.contains("Write a phone number with its country code") && page.contains("value=\"ACME\""));
    let unknown = types::id::MessageId::new(types::id::RowKey::from_parts(1_795_000_000_000, 1), 1);
    let answer = house.post(OWNER, "/messages", &format!("q={unknown}")).await;
    let page = house.get(OWNER, answer.header("location")).await.body;
    assert!(page.contains("No message of yours has this id."));
}

#[tokio::test]
async fn pages_of_the_log_follow_each_other() {
    let house = House::full();
    let mut path = "/messages".to_owned();
    let mut seen = std::collections::BTreeSet::new();
    let mut count = 0;
    loop {
        let body = house.get(OWNER, &path).await.body;
        let ids: Vec<_> =
            body.split("<tr id=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
        count += ids.len();
        seen.extend(ids);
        let Some((before, _)) = body.split_once("\" rel=\"next\"") else { break };
        path = before.rsplit_once("href=\"").unwrap().1.replace("&#38;", "&");
    }
    assert_eq!((seen.len(), count), (State::ALL.len() + 120, State::ALL.len() + 120));
    let failed = house.get(OWNER, "/messages?state=failed").await.body;
    assert_eq!(failed.matches("<tr id=").count(), 6);
}

#[tokio::test]
async fn staff_without_the_permission_see_masked_numbers() {
    let house = House::full();
    let id = id_of(NOW, State::Undelivered);
    for path in [
        "/staff/messages".to_owned(),
        format!("/staff/messages/{id}"),
        "/staff/connectors/simulated".to_owned(),
    ] {
        let masked = house.get(Some(Role::StaffSupport), &path).await.body;
        assert!(
            !masked.contains("7911") && !masked.contains("900123") && masked.contains("+4479••••••"),
            "{path}"
        );
        assert!(house.get(ADMIN, &path).await.body.contains("+44 7911 1234"), "{path}");
    }
}

#[tokio::test]
async fn the_story_tells_both_sides_and_why() {
    let house = House::full();
    let id = id_of(NOW, State::Undelivered);
    let own = house.get(OWNER, &format!("/messages/{id}")).await.body;
    for words in [
        "0.055 EUR = 2 parts × 0.0275 EUR",
        "<h3><bdi>Attempt 2</bdi></h3>",
        "The carrier took it, parts 1–2",
        "<dt>stat</dt><dd><bdi>UNDELIV</bdi>",
        "0x00000058",
        "which contradicts the end told before",
        "A later receipt contradicted the end that was told.",
        "<summary>Why this price?</summary>",
        "The longest prefix of the price book that fits is 44.",
        "+1.400 s",
    ] {
        assert!(own.contains(words), "{words}");
    }
    // What a supplier asks, who it is and how it writes its ids is the operator's business.
    let staff = house.get(ADMIN, &format!("/staff/messages/{id}")).await.body;
    let carrier_id = {
        let messages = house.desk.messages.lock().unwrap();
        let message = messages.iter().find(|message| message.id == id).unwrap();
        message.attempts[1].answers[0].carrier_id.clone().unwrap()
    };
    for hidden in [
        "Supplier",
        "0.0284 EUR",
        "Passed over",
        "Attempt 2 by simulated",
        "simulated",
        "acme",
        "<dt>charging.trigger</dt>",
        "<dt>route</dt>",
        &carrier_id,
    ] {
        assert!(!own.contains(hidden), "{hidden}");
        assert!(staff.contains(hidden), "{hidden}");
    }
    assert!(own.contains("a connector asked to slow down, so a connector was tried."));
    let part = house.get(OWNER, &format!("/messages/{id}/story")).await.body;
    assert!(!part.contains("simulated") && !part.contains("acme"));
    let at = |words: &str| own.find(words).unwrap();
    assert!(at("<h3><bdi>Received") < at("<h3><bdi>Accepted") && at("Attempt 1") < at("Attempt 2"));
}

#[tokio::test]
async fn every_state_has_a_story() {
    let house = House::full();
    for state in State::ALL {
        let answer = house.get(OWNER, &format!("/messages/{}", id_of(NOW, *state))).await;
        assert_eq!(answer.status, StatusCode::OK, "{state}");
        let withdrawable = matches!(state, State::Queued | State::Scheduled);
        assert_eq!(answer.body.contains("Withdraw this message"), withdrawable, "{state}");
    }
    let queued = id_of(NOW, State::Queued);
    let answer = house.post(OWNER, &format!("/messages/{queued}/withdraw"), "x=1").await;
    assert_eq!(answer.header("location"), format!("/messages/{queued}"));
    let late =
        house.post(OWNER, &format!("/messages/{}/withdraw", id_of(NOW, State::Delivered)), "x=1").await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.body.contains("the carrier already has it") && late.body.contains("too_late"));
}

#[tokio::test]
async fn sending_leads_to_the_story_and_errors_stand_beside_their_field() {
    let house = House::empty();
    let answer = house.post(OWNER, "/send", "token=t1&to=%2B447911123456&from=ACME&text=Hello").await;
    assert!(answer.header("location").starts_with("/messages/msg_"), "{}", answer.header("location"));
    assert_eq!(house.get(OWNER, answer.header("location")).await.status, StatusCode::OK);
    let answer =
        house.post(OWNER, "/send", "to=%2B447911123456,+12ab&from=ACME&text=Kept+text&reference=R1").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    for words in [
        "12ab: this is not a phone number",
        ">Kept text</textarea>",
        "value=\"R1\"",
        "/help#invalid_destination",
        "aria-invalid=\"true\"",
    ] {
        assert!(answer.body.contains(words) || answer.body.contains(&words.replace('>', ">\n")), "{words}");
    }
    let empty = house.post(OWNER, "/send", "to=&from=&text=").await.body;
    for code in ["invalid_destination", "invalid_sender", "empty_text"] {
        assert!(empty.contains(&format!("/help#{code}")), "{code}");
    }
}

#[tokio::test]
async fn the_preview_counts_and_prices() {
    let house = House::full();
    let cases = [
        ("text=Hello", "<strong>1</strong> part<", "GSM 7-bit"),
        ("text=Za%C5%BC%C3%B3%C5%82%C4%87", "<strong>1</strong> part<", "UCS-2 because of “<bdi>ż</bdi>”"),
        ("to=%2B447911123456,%2B447911123457&from=A&text=Hello", "0.055 EUR", "for 2 recipients"),
        ("to=%2B999111111&from=A&text=Hello", "no price is published", "/help#no_price"),
        ("text=", "as you type", "muted"),
    ];
    for (form, first, second) in cases {
        let body = house.post(OWNER, "/send/preview", form).await.body;
        assert!(body.contains(first) && body.contains(second), "{form}: {body}");
    }
    let long = format!("text={}", "a".repeat(161));
    let body = house.post(OWNER, "/send/preview", &long).await.body;
    assert!(body.contains("<strong>2</strong> parts<") && body.contains("161 units, 145 left"), "{body}");
}

#[tokio::test]
async fn empty_rooms_teach() {
    let house = House::empty();
    let overview = house.get(OWNER, "/").await.body;
    assert!(
        overview.contains(&format!("http://{HOST}/api/v1/messages"))
            && overview.contains("Send your first message here")
    );
    assert!(overview.contains(". chappe-data/demo.env") && overview.contains("+44 7911 123456"));
    let viewer = house.get(Some(Role::AccountViewer), "/").await.body;
    assert!(!viewer.contains("action=\"/send\"") && !viewer.contains("Balance"));
    assert!(house.get(OWNER, "/phones").await.body.contains("No phone has received anything yet."));
    assert!(house.get(OWNER, "/messages").await.body.contains("There are no messages yet."));
}

#[tokio::test]
async fn secrets_need_the_password() {
    let house = House::full();
    let hidden = house.get(OWNER, "/account").await.body;
    assert!(hidden.contains("ck7w2m9q4x8e5r1t") && !hidden.contains("Zx8Kq2Lm9Wn4Rt7Yb3Vc"));
    let wrong = house.post(OWNER, "/account", "password=wrong").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.body.contains("This is not your password.") && !wrong.body.contains("Zx8Kq2Lm9Wn4Rt7Yb3Vc")
    );
    let shown = house.post(OWNER, "/account", "password=correct+horse").await.body;
    assert!(shown.contains("Zx8Kq2Lm9Wn4Rt7Yb3Vc") && shown.contains("h7Kq2Lm9"));
    // The session that the second check opened is closed again.
    assert_eq!(house.desk.ended.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn webhooks_are_shown_set_and_switched_off() {
    let house = House::full();
    let page = house.get(OWNER, "/account").await.body;
    for words in [
        "https://example.test/events",
        "for messages that state no address",
        "https://old.example.test/?a=&#60;b&#62;",
        "switched off: it answered 410 (Gone)",
        "Tell events nowhere",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("whsec_"));
    let shown = house.post(OWNER, "/account", "password=correct+horse").await.body;
    assert!(shown.contains("whsec_2MfKQ9r8") && !shown.contains("whsec_1"), "a kind that signs nothing");

    let bad = house.post(OWNER, "/account/webhook", "url=ftp%3A%2F%2Fa%2F%22&kind=paasoo").await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bad.body.contains("begins with https://") && bad.body.contains("value=\"ftp://a/&#34;\""));
    assert!(bad.body.contains("value=\"paasoo\" selected") && !bad.body.contains("whsec_"));
    assert_eq!(house.desk.endpoints.lock().unwrap().len(), 2);

    let set = house.post(OWNER, "/account/webhook", "url=+https%3A%2F%2Fnew.example%2F&kind=paasoo").await;
    assert_eq!((set.status, set.header("location")), (StatusCode::SEE_OTHER, "/account#webhooks"));
    let first = house.desk.endpoints.lock().unwrap()[0].clone();
    assert_eq!((first.url.expose().as_str(), first.kind), ("https://new.example/", EndpointKind::Paasoo));

    house.post(OWNER, "/account/webhook", "off=1").await;
    assert!(house.desk.endpoints.lock().unwrap().iter().all(|view| !view.is_default));
    assert!(!house.get(OWNER, "/account").await.body.contains("Tell events nowhere"));
}

#[tokio::test]
async fn an_error_that_is_over_says_so() {
    let house = House::full();
    let half = house.get(ADMIN, "/staff/connectors/half").await.body;
    assert!(half.contains("enquire_link got no answer") && !half.contains("Healed"));
    let healed = house.get(ADMIN, "/staff/connectors/healed").await.body;
    assert!(healed.contains("Healed: every link is up again.") && healed.contains("Healed: </span><bdi>"));
}

#[tokio::test]
async fn traffic_is_published_checked_and_rolled_back() {
    let house = House::full();
    let page = house.get(ADMIN, "/staff/routes").await.body;
    assert!(
        page.contains("(unchanged)")
            && !page.contains("hidden-secret")
            && page.contains("Publish as version 3")
    );
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let text = page.split_once("<textarea id=\"document\"").unwrap().1.split_once(">\n").unwrap().1;
    let text = text.split_once("</textarea>").unwrap().0;
    let text = text.replace("&#34;", "\"").replace("&#60;", "<").replace("&#62;", ">");
    let form = |text: &str, base: u32| format!("document={}&comment=more&base={base}", encode(text));

    let bad = house.post(ADMIN, "/staff/routes", &form("[[route]]\nname = 3\n", 2)).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        bad.body.contains("Line 2:")
            && bad.body.contains("name = 3")
            && bad.body.contains("Nothing was published")
    );

    let stale = house.post(ADMIN, "/staff/routes", &form(&text, 1)).await;
    assert!(stale.body.contains("Version 2 was published while you were writing"));
    assert_eq!(house.desk.traffic.lock().unwrap().len(), 2);

    let refused =
        house.post(ADMIN, "/staff/routes", &form("[[route]]\nname = \"x\"\nconnectors = []\n", 2)).await;
    assert!(refused.body.contains("has no connector") && refused.body.contains("invalid_configuration"));

    let done = house.post(ADMIN, "/staff/routes", &form(&text, 2)).await;
    assert_eq!(done.header("location"), "/staff/routes?published=3");
    let versions = house.desk.traffic.lock().unwrap().clone();
    assert_eq!(versions[2], versions[1], "secrets are kept");
    assert!(house.get(ADMIN, "/staff/routes?published=3").await.body.contains("Version 3 is published."));

    let older = house.get(ADMIN, "/staff/routes/versions/1").await.body;
    assert!(older.contains("route default goes") && older.contains("Publish version 1 again as version 4"));
    let back = house.post(ADMIN, "/staff/routes/versions/1", "x=1").await;
    assert_eq!(back.header("location"), "/staff/routes?published=4");
    let support = house.get(Some(Role::StaffSupport), "/staff/routes").await.body;
    assert!(!support.contains("<textarea") && !support.contains("hidden-secret"));
}

#[tokio::test]
async fn balances_are_for_those_who_may_see_money() {
    let house = House::full();
    assert!(house.get(ADMIN, "/staff/accounts").await.body.contains("241.1725 EUR"));
    assert!(!house.get(Some(Role::StaffOperations), "/staff/accounts").await.body.contains("EUR"));
}

#[tokio::test]
async fn phones_show_codes_parts_and_stories() {
    let house = House::full();
    let body = house.get(OWNER, "/phones").await.body;
    assert!(
        body.contains("<mark>493817</mark>")
            && body.contains("<mark>8812</mark>")
            && body.contains("<span>2 parts</span>")
    );
    assert!(body.contains("/phones/story/a%2Fb%3Fc%20d%25"), "{ODD_CARRIER_ID} is escaped");
    let story = body.split("href=\"/phones/story/").nth(1).unwrap().split('"').next().unwrap();
    let answer = house.get(OWNER, &format!("/phones/story/{story}")).await;
    assert_eq!(answer.header("location"), format!("/messages/{}", id_of(NOW, State::Delivered)));
    let answer = house.get(ADMIN, &format!("/phones/story/{story}")).await;
    assert_eq!(answer.header("location"), format!("/staff/messages/{}", id_of(NOW, State::Delivered)));
    for unknown in ["nothing", "a%2Fb%3Fc%20d%25"] {
        assert_eq!(house.get(OWNER, &format!("/phones/story/{unknown}")).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn phones_answer() {
    let house = House::full();
    let before = ports::phones::PhoneDesk::revision(&*house.phones);
    let answer = house.post(OWNER, "/phones/447911123462/answer", "to=12345&text=Yes+please").await;
    assert_eq!(answer.header("location"), "/phones");
    assert_eq!(ports::phones::PhoneDesk::revision(&*house.phones), before + 1);
    assert!(house.get(OWNER, "/phones/row").await.body.contains("Yes please"));
    let own = format!("http://{HOST}");
    let headers = [("origin", own.as_str()), ("hx-request", "true")];
    for (form, words) in
        [("to=ACME&text=Hi", "only write to a number"), ("to=12345&text=", "Write what the phone")]
    {
        let answer =
            house.send(request(Method::POST, OWNER, "/phones/447911123462/answer", &headers, form)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains(words) && !answer.body.contains("<html"), "{}", answer.body);
    }
    assert_eq!(
        house.post(OWNER, "/phones/15550000/answer", "to=1&text=x").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn mails_keep_their_address_when_times_are_equal() {
    let house = House::full();
    let list = house.get(OWNER, "/mailbox").await.body;
    let names: Vec<_> =
        list.split("href=\"/mailbox/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(names.len(), 3);
    let first = house.get(OWNER, &format!("/mailbox/{}", names[0])).await.body;
    let second = house.get(OWNER, &format!("/mailbox/{}", names[1])).await.body;
    assert!(first.contains("your balance fell below 10.00 EUR") && second.contains("The same again."));
}

#[tokio::test]
async fn streams_tell_what_moved() {
    let house = House::full();
    house.desk.advance(1_000);
    let id = id_of(NOW, State::Submitted);
    let cases = [
        (OWNER, "/events/overview".to_owned(), "event: figures\ndata: {\"accepted\":1204330,"),
        (OWNER, format!("/events/messages/{id}"), "event: moved\ndata: "),
        (ADMIN, "/events/connectors".to_owned(), "\"rows\":\"<tr id=\\\"connector-1\\\">"),
        (OWNER, "/events/phones".to_owned(), "event: moved\ndata: 1"),
    ];
    for (role, path, words) in cases {
        let answer = house.router.clone().oneshot(request(Method::GET, role, &path, &[], "")).await.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream", "{path}");
        let mut body = answer.into_body();
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        let text = String::from_utf8(frame.to_vec()).unwrap();
        assert!(text.contains(words), "{path}: {text}");
        // Balances move with the figures, for those who may see them.
        assert_eq!(
            text.contains("241.1725 EUR"),
            role == OWNER && path == "/events/overview",
            "{path}: {text}"
        );
    }
}

#[tokio::test]
async fn a_chart_is_drawn_from_what_was_before_the_page() {
    let house = House::full();
    for (role, path) in [(OWNER, "/events/overview"), (ADMIN, "/events/connectors")] {
        let answer = house.router.clone().oneshot(request(Method::GET, role, path, &[], "")).await.unwrap();
        let mut body = answer.into_body();
        let mut histories = Vec::new();
        for _ in 0..2 {
            let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
            let text = String::from_utf8(frame.to_vec()).unwrap();
            let data = text.split_once("data: ").unwrap().1;
            let figures: serde_json::Value = serde_json::from_str(data.trim()).unwrap();
            histories.push(figures["history"].clone());
        }
        let rows = histories[0].as_array().unwrap();
        assert_eq!(rows.len(), 60, "{path}");
        assert_eq!(rows[59], serde_json::json!([NOW.as_ms(), 5_000, 92, 89, 82, 4]), "{path}");
        let ends: Vec<_> = rows.iter().map(|row| row[0].as_i64().unwrap()).collect();
        assert!(ends.windows(2).all(|pair| pair[0] < pair[1]), "{path}");
        assert!(histories[1].is_null(), "once is enough");
    }
}

#[tokio::test]
async fn one_person_cannot_take_all_streams() {
    let house = House::full();
    let knock = || house.router.clone().oneshot(request(Method::GET, OWNER, "/events/overview", &[], ""));
    let mut open = Vec::new();
    loop {
        let answer = knock().await.unwrap();
        if answer.status() != StatusCode::OK {
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(answer.headers()["retry-after"], "5");
            break;
        }
        open.push(answer);
        assert!(open.len() < 100, "nothing stops one person");
    }
    let other = request(Method::GET, ADMIN, "/events/overview", &[], "");
    assert_eq!(house.router.clone().oneshot(other).await.unwrap().status(), StatusCode::OK);
    drop(open);
    assert_eq!(knock().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn the_revision_of_a_story_is_that_of_its_stream() {
    let house = House::full();
    let id = id_of(NOW, State::Delivered);
    let page = house.get(OWNER, &format!("/messages/{id}")).await.body;
    let revision = page.split_once("data-revision=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let stream =
        house.router.clone().oneshot(request(Method::GET, OWNER, &format!("/events/messages/{id}"), &[], ""));
    let frame = stream.await.unwrap().into_body().frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(String::from_utf8(frame.to_vec()).unwrap().contains(&format!("data: {revision}\n")));
    house.desk.messages.lock().unwrap().iter_mut().find(|message| message.id == id).unwrap().pending_events =
        9;
    let page = house.get(OWNER, &format!("/messages/{id}/story")).await.body;
    assert!(!page.contains(&format!("data-revision=\"{revision}\"")));
}

#[tokio::test]
async fn a_story_says_what_nobody_was_told() {
    let house = House::full();
    let id = id_of(NOW, State::Delivered);
    for (pending, dead, words) in [
        (0, 0, ""),
        (1, 0, "1 event still to be told.</p>"),
        (1, 1, "1 event still to be told. Nobody took it in time; the operator can have that told again."),
        (3, 2, "3 events still to be told. Nobody took 2 of them in time;"),
        (2, 2, "2 events still to be told. Nobody took them in time;"),
    ] {
        {
            let mut messages = house.desk.messages.lock().unwrap();
            let message = messages.iter_mut().find(|message| message.id == id).unwrap();
            (message.pending_events, message.dead_letters) = (pending, dead);
        }
        let page = house.get(OWNER, &format!("/messages/{id}")).await.body;
        assert_eq!(page.contains("still to be told"), pending > 0, "{pending} {dead}");
        assert!(page.contains(words), "{pending} {dead}");
    }
}
