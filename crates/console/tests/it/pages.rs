//! What every page must be like: safe headers, nothing inline, no dead link, hostile text as text,
//! light, and the same house for everybody.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use console::route_rows;
use types::message::State;
use types::role::Role;

use crate::fake::messages::{HOSTILE, HOSTILE_SENDER, id_of};
use crate::{House, NOW, filled, request};

/// The most octets of a first load: the page and everything that it loads.
const FIRST_LOAD_MAX: usize = 200 * 1024;

/// Every page that a role may look at, with some of its variants.
fn pages(role: Option<Role>) -> Vec<String> {
    let id = id_of(NOW, State::Undelivered);
    let all = [
        "/",
        "/help",
        "/send",
        "/account",
        "/contacts",
        "/suppressions",
        "/senders",
        "/numbers",
        "/messages",
        "/messages?state=failed",
        "/messages?search=99",
        "/phones",
        "/mailbox",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([format!("/messages/{id}"), filled("/mailbox/{mail}")]);
    let staff = [
        "/staff",
        "/staff/connectors/simulated",
        "/staff/messages",
        "/staff/routes",
        "/staff/accounts",
        "/staff/quarantine",
        "/staff/reviews",
        "/staff/reviews?state=all",
        "/staff/sessions",
        "/staff/sessions/7",
        "/help",
        "/phones",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain(["/staff/routes/versions/1".to_owned(), format!("/staff/messages/{id}")])
    .chain([format!("/staff/quarantine/{}", id_of(NOW, State::Queued))]);
    let nobody = ["/sign-in", "/sign-in?demo=staff", "/help", "/nothing/here"].into_iter().map(str::to_owned);
    match role {
        Some(role) if role.is_staff() => staff.collect(),
        Some(_) => all.collect(),
        None => nobody.collect(),
    }
}

async fn each_page(check: impl Fn(&str, &crate::Answer)) {
    for house in [House::full(), House::empty()] {
        for role in [
            None,
            Some(Role::AccountOwner),
            Some(Role::AccountViewer),
            Some(Role::StaffAdmin),
            Some(Role::StaffSupport),
        ] {
            for path in pages(role) {
                let answer = house.get(role, &path).await;
                assert!(!answer.status.is_server_error(), "{path} {}", answer.status);
                check(&format!("{path} as {role:?}"), &answer);
            }
        }
    }
}

/// The tags of a page. Text never holds a `<`, because it is escaped.
fn tags(body: &str) -> impl Iterator<Item = &str> {
    body.split('<').skip(1).map(|tag| tag.split_once('>').map_or(tag, |(tag, _)| tag))
}

/// The values of an attribute anywhere on a page, as a browser reads them.
fn attributes(body: &str, name: &str) -> BTreeSet<String> {
    let start = format!(" {name}=\"");
    let values =
        tags(body).filter_map(|tag| tag.split_once(&start)).filter_map(|(_, rest)| rest.split_once('"'));
    values.map(|(value, _)| value.replace("&#38;", "&").replace("&amp;", "&")).collect()
}

#[tokio::test]
async fn pages_carry_the_headers_that_guard_them() {
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                  form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    each_page(|path, answer| {
        assert_eq!(answer.header("content-security-policy"), policy, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{path}");
    })
    .await;
}

#[tokio::test]
async fn pages_hold_nothing_inline() {
    each_page(|path, answer| {
        for tag in tags(&answer.body) {
            let bare: String = tag.split('"').step_by(2).collect();
            assert!(!bare.contains(" style="), "{path}: <{tag}>");
            let handler =
                bare.split_whitespace().skip(1).any(|word| word.starts_with("on") && word.ends_with('='));
            assert!(!handler, "{path}: <{tag}>");
            assert!(!tag.starts_with("style"), "{path}: <{tag}>");
            assert!(!tag.starts_with("script") || tag.contains(" src=\"/assets/"), "{path}: <{tag}>");
            assert!(!tag.contains("javascript:"), "{path}: <{tag}>");
        }
        assert_eq!(
            answer.body.matches("<script").count(),
            answer.body.matches("></script>").count(),
            "{path}"
        );
    })
    .await;
}

#[tokio::test]
async fn pages_have_landmarks_and_one_heading() {
    each_page(|path, answer| {
        let body = &answer.body;
        for (part, count) in [
            ("<main ", 1),
            ("<h1", 1),
            ("<header class=\"head\">", 1),
            ("class=\"skip\"", 1),
            ("<title>", 1),
            ("lang=\"en\"", 1),
        ] {
            assert_eq!(body.matches(part).count(), count, "{path}: {part}");
        }
        let ids: Vec<_> =
            tags(body).filter_map(|tag| tag.split_once(" id=\"")?.1.split('"').next()).collect();
        let unique: BTreeSet<_> = ids.iter().collect();
        assert_eq!(ids.len(), unique.len(), "{path}: an id is there twice in {ids:?}");
        for label in attributes(body, "for").into_iter().chain(attributes(body, "aria-labelledby")) {
            assert!(ids.contains(&label.as_str()), "{path}: nothing has the id {label}");
        }
        for field in tags(body).filter(|tag| {
            ["input", "select", "textarea"].iter().any(|name| tag.starts_with(&format!("{name} ")))
        }) {
            if field.contains("type=\"hidden\"") {
                continue;
            }
            let id = field.split_once(" id=\"").and_then(|(_, rest)| rest.split('"').next()).expect(field);
            assert!(
                body.contains(&format!("<label for=\"{id}\"")) || body.contains(&format!("for=\"{id}\">")),
                "{path}: {id} has no label"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn every_link_and_form_leads_somewhere() {
    let house = House::full();
    let posts: Vec<_> =
        route_rows().into_iter().filter(|row| row.method == Method::POST).map(|row| row.path).collect();
    for role in [
        None,
        Some(Role::AccountOwner),
        Some(Role::AccountViewer),
        Some(Role::StaffAdmin),
        Some(Role::StaffSupport),
    ] {
        let mut seen = BTreeSet::new();
        for path in pages(role) {
            let body = house.get(role, &path).await.body;
            let addresses = ["href", "src", "data-fragment"].iter().flat_map(|name| attributes(&body, name));
            for address in addresses {
                if !seen.insert(address.clone()) {
                    continue;
                }
                let (target, anchor) = address.split_once('#').unwrap_or((&address, ""));
                let target = if target.is_empty() { &path } else { target };
                assert!(target.starts_with('/') && !target.starts_with("//"), "{path} links to {address}");
                let answer = house.get(role, target).await;
                let odd = target.starts_with("/phones/story/");
                assert!(
                    odd || answer.status.is_success() || answer.status == StatusCode::SEE_OTHER,
                    "{path} as {role:?} links to {address}: {}",
                    answer.status
                );
                assert!(
                    anchor.is_empty() || answer.body.contains(&format!("id=\"{anchor}\"")),
                    "{path} links to {address}"
                );
            }
            for action in attributes(&body, "action").into_iter().chain(attributes(&body, "hx-post")) {
                assert!(posts.iter().any(|post| fits(post, &action)), "{path} sends to {action}");
            }
        }
    }
}

/// Whether an address is one of a route.
fn fits(route: &str, address: &str) -> bool {
    let (route, address): (Vec<_>, Vec<_>) = (route.split('/').collect(), address.split('/').collect());
    route.len() == address.len()
        && route.iter().zip(&address).all(|(one, other)| one.starts_with('{') || one == other)
}

#[tokio::test]
async fn hostile_text_stays_text() {
    let escaped = "&#34;&#62;&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;";
    let house = House::full();
    let id = id_of(NOW, State::Unknown);
    let places = [
        (Role::AccountOwner, "/".to_owned()),
        (Role::AccountOwner, "/messages".to_owned()),
        (Role::AccountOwner, "/messages/rows".to_owned()),
        (Role::AccountOwner, format!("/messages/{id}")),
        (Role::AccountOwner, "/phones".to_owned()),
        (Role::AccountOwner, "/mailbox".to_owned()),
        (Role::StaffAdmin, format!("/staff/messages/{id}")),
    ];
    for (role, path) in places {
        let body = house.get(Some(role), &path).await.body;
        assert!(body.contains(escaped), "{path}");
        assert!(!body.contains("<script>"), "{path}");
        assert!(!body.contains("<img"), "{path}");
        // What turns the direction of writing is kept inside an element of its own.
        for (before, _) in body.match_indices('\u{202e}') {
            let holder = body[..before].rfind('<').map(|start| &body[start..before]).unwrap();
            let kept = [
                "<bdi",
                "<blockquote dir=\"auto\"",
                "<p class=\"say\" dir=\"auto\"",
                "<div class=\"letter\" dir=\"auto\"",
            ];
            assert!(kept.iter().any(|kept| holder.starts_with(kept)), "{path}: {holder}");
        }
    }
    let typed = format!("to=x&from={}&text={}", encode(HOSTILE_SENDER), encode(HOSTILE));
    let body = house.post(Some(Role::AccountOwner), "/send", &typed).await.body;
    assert!(body.contains(escaped) && body.contains("value=\"&#60;b&#62;&#34;&#39;&#38;\""));
    let body = house.get(Some(Role::StaffAdmin), "/staff").await.body;
    assert!(body.contains("&#60;script&#62;alert(1)") && !body.contains("<script>"));
}

fn encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn a_first_load_is_light() {
    for (role, path) in
        [(Role::AccountOwner, "/"), (Role::AccountOwner, "/messages"), (Role::StaffAdmin, "/staff")]
    {
        let house = House::full();
        let page = house.get(Some(role), path).await;
        let mut weight = page.body.len();
        let loaded = attributes(&page.body, "src").into_iter().chain(attributes(&page.body, "href"));
        for address in loaded.filter(|address| address.starts_with("/assets/")) {
            weight += house.get(None, &address).await.body.len();
        }
        assert!(weight < FIRST_LOAD_MAX, "{path} weighs {weight} octets");
        assert!(weight > 100 * 1024, "{path} weighs {weight} octets, so its files were not counted");
    }
}

#[tokio::test]
async fn files_are_kept_by_browsers() {
    let house = House::full();
    let page = house.get(None, "/sign-in").await.body;
    let sheet = attributes(&page, "href").into_iter().find(|href| href.ends_with("console.css")).unwrap();
    let first = house.get(None, &sheet).await;
    assert_eq!(first.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(first.header("content-type"), "text/css; charset=utf-8");
    let tag = first.header("etag").to_owned();
    let again = house.send(request(Method::GET, None, &sheet, &[("if-none-match", &tag)], "")).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    let old = house.get(None, "/assets/000000000000/console.css").await;
    assert_eq!((old.status, old.header("cache-control")), (StatusCode::OK, "no-cache"));
    assert_eq!(house.get(None, "/assets/000000000000/../secret").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn errors_are_pages_too() {
    let house = House::full();
    let owner = Some(Role::AccountOwner);
    let cases = [
        (house.get(owner, "/nowhere").await, StatusCode::NOT_FOUND, "No page has this address."),
        (house.get(owner, "/staff").await, StatusCode::FORBIDDEN, "This room is closed to you"),
        (house.get(owner, "/messages/nonsense").await, StatusCode::NOT_FOUND, "No message that you may see"),
        (house.get(owner, "/sign-out").await, StatusCode::METHOD_NOT_ALLOWED, "Not that way"),
        (
            house.get(Some(Role::StaffAdmin), "/staff/routes/versions/x").await,
            StatusCode::BAD_REQUEST,
            "This cannot be read",
        ),
        (
            house.post(owner, "/send", &"x".repeat(300_000)).await,
            StatusCode::PAYLOAD_TOO_LARGE,
            "The form is too large",
        ),
    ];
    for (answer, status, words) in cases {
        assert_eq!(answer.status, status, "{words}");
        assert!(answer.body.contains(words) && answer.body.contains("<h1>"), "{words}: {}", answer.body);
        assert!(!answer.header("content-security-policy").is_empty());
    }
}

#[test]
fn colours_of_words_are_readable() {
    let sheet = include_str!("../../assets/console.css");
    let themes: Vec<_> = sheet.split(":root {").skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
    assert_eq!(themes.len(), 2);
    for theme in themes {
        let colour = |name: &str| luminance(theme.split(&format!("--{name}: #")).nth(1).unwrap());
        for word in ["ink", "muted", "accent", "waiting", "moving", "done", "doubtful", "failed"] {
            for ground in ["paper", "raised", "sunk"] {
                let (a, b) = (colour(word), colour(ground));
                let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(contrast >= 4.5, "{word} on {ground}: {contrast:.2}");
            }
        }
        let (word, ground) = (colour("on-accent"), colour("accent"));
        assert!((word.max(ground) + 0.05) / (word.min(ground) + 0.05) >= 4.5);
    }
}

/// Relative luminance (WCAG 2.2, section 1.4.3) of a colour at the start of a text.
fn luminance(text: &str) -> f64 {
    let digits: String = text.chars().take_while(char::is_ascii_hexdigit).collect();
    let wide =
        if digits.len() == 3 { digits.chars().flat_map(|digit| [digit, digit]).collect() } else { digits };
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&wide[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
}
