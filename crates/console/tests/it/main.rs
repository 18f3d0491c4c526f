//! The console over a fake desk: every page as a browser gets it.
//!
//! `access` asks who may come in, `pages` what every page must be like, `rooms` what single rooms do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![allow(unreachable_pub, dead_code, reason = "the fake is shared with the gallery")]

mod access;
mod book;
#[path = "../../fake/desk.rs"]
mod fake;
mod pages;
mod quarantine;
mod rooms;
mod watching;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use console::{DemoLogin, Desk, Rooms};
use fake::parties::{FakeMails, FakePhones};
use fake::sessions::FakeSessions;
use fake::{FakeDesk, PASSWORD, email_of, messages, token_of};
use http_body_util::BodyExt;
use tower::ServiceExt;
use types::Sensitive;
use types::address::Msisdn;
use types::message::State;
use types::role::Role;
use types::time::Timestamp;

/// 2026-11-22T10:00:00Z.
const NOW: Timestamp = Timestamp::from_ms(1_795_341_600_000);
const HOST: &str = "console.test";

/// A console over a fake desk.
struct House {
    desk: Arc<FakeDesk>,
    phones: Arc<FakePhones>,
    sessions: Arc<FakeSessions>,
    router: Router,
}

/// An answer with its whole body.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl House {
    fn full() -> Self {
        Self::with(messages::all(NOW, 120), false)
    }

    fn empty() -> Self {
        Self::with(Vec::new(), false)
    }

    /// As an operator runs it for customers, beside a simulated carrier.
    fn production() -> Self {
        Self::build(messages::all(NOW, 120), true, false)
    }

    fn with(messages: Vec<app::detail::MessageDetail>, secure_cookie: bool) -> Self {
        Self::build(messages, secure_cookie, true)
    }

    fn build(messages: Vec<app::detail::MessageDetail>, secure_cookie: bool, is_sandbox: bool) -> Self {
        let carrier_id = messages
            .iter()
            .find(|message| message.state == State::Delivered)
            .map(|message| message.attempts.last().unwrap().answers[0].carrier_id.clone().unwrap());
        let number = Msisdn::parse("+447911123462").unwrap();
        let phones = Arc::new(FakePhones::new(NOW, number, &carrier_id.unwrap_or_default()));
        if messages.is_empty() {
            phones.phones.lock().unwrap().clear();
        }
        let desk = Arc::new(FakeDesk::new(NOW, messages));
        let sessions = Arc::new(FakeSessions::new(NOW));
        let rooms = Rooms {
            sessions: Some(Arc::clone(&sessions) as Arc<dyn ports::sessions::SessionDesk>),
            phones: Some(Arc::clone(&phones) as Arc<dyn ports::phones::PhoneDesk>),
            mails: Some(Arc::new(FakeMails(NOW))),
            secure_cookie,
            demo: is_sandbox.then(|| DemoLogin {
                customer_email: email_of(Role::AccountOwner),
                customer_password: Sensitive::new(PASSWORD.to_owned()),
                staff_email: email_of(Role::StaffAdmin),
                staff_password: Sensitive::new(PASSWORD.to_owned()),
            }),
        };
        let router = console::router_over(Arc::clone(&desk) as Arc<dyn Desk>, rooms);
        Self { desk, phones, sessions, router }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        Answer { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    async fn get(&self, role: Option<Role>, path: &str) -> Answer {
        self.send(request(Method::GET, role, path, &[], "")).await
    }

    /// Sends a form as a page of the console would.
    async fn post(&self, role: Option<Role>, path: &str, form: &str) -> Answer {
        let own = format!("http://{HOST}");
        self.send(request(Method::POST, role, path, &[("origin", &own)], form)).await
    }
}

fn request(
    method: Method,
    role: Option<Role>,
    path: &str,
    headers: &[(&str, &str)],
    form: &str,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
    if let Some(role) = role {
        request = request.header(
            header::COOKIE,
            format!("other=1; chappe_session={0}; __Host-chappe={0}", token_of(role)),
        );
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if !form.is_empty() {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    request.body(Body::from(form.to_owned())).unwrap()
}

/// What `{number}` is in an address.
fn number_for(path: &str) -> &'static str {
    match path {
        path if path.starts_with("/phones") => "447911123462",
        path if path.contains("/sessions/") => "7",
        _ => "1",
    }
}

/// A route with its parameters filled in.
fn filled(path: &str) -> String {
    let of = if path.contains("quarantine") { State::Queued } else { State::Delivered };
    path.replace("{version}", "any")
        .replace("{name}", if path.starts_with("/assets") { "console.css" } else { "simulated" })
        .replace("{id}", &messages::id_of(NOW, of).to_string())
        .replace("{account}", &types::account::write_sid(fake::tree::child(NOW).sid))
        .replace("{number}", number_for(path))
        .replace("{carrier_id}", "unknown")
        .replace("{mail}", &format!("{}-0", NOW.as_ms() - 60_000))
}
