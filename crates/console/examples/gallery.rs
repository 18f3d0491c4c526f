//! Serves every page of the console over made-up data, so that it can be looked at in a browser.
//!
//! `cargo run -p chappe-console --example gallery -- 8099`, then open `http://127.0.0.1:8099`. The
//! word `empty` after the port shows the pages of an installation where nothing happened yet.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "made-up data, shared with tests")]
#![allow(unreachable_pub, missing_docs, dead_code, reason = "the fake is shared with tests")]

#[path = "../fake/desk.rs"]
mod fake;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use console::{DemoLogin, Rooms};
use fake::parties::{FakeMails, FakePhones};
use types::Sensitive;
use types::address::Msisdn;
use types::message::State;
use types::role::Role;
use types::time::Timestamp;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let port: u16 = words.next().and_then(|port| port.parse().ok()).unwrap_or(8099);
    let empty = words.next().as_deref() == Some("empty");
    #[expect(clippy::disallowed_methods, reason = "the gallery is a programme of its own")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let now = Timestamp::from_ms(i64::try_from(now.as_millis())?);
    let messages = if empty { Vec::new() } else { fake::messages::all(now, 120) };
    let story = messages.iter().find(|message| message.state == State::Delivered);
    let answer =
        story.and_then(|message| message.attempts.last()).and_then(|attempt| attempt.answers.first());
    let carrier_id = answer.and_then(|answer| answer.carrier_id.clone()).unwrap_or_default();
    let number = story.and_then(|message| message.destination.msisdn()).or(Msisdn::parse("447911123456"));
    let phones = FakePhones::new(now, number.ok_or("no number")?, &carrier_id);
    if empty {
        phones.phones.lock().unwrap().clear();
    }
    let desk = Arc::new(fake::FakeDesk::new(now, messages));
    let rooms = Rooms {
        sessions: Some(Arc::new(fake::sessions::FakeSessions::new(now))),
        phones: Some(Arc::new(phones)),
        mails: Some(Arc::new(FakeMails(now))),
        secure_cookie: false,
        demo: Some(DemoLogin {
            customer_email: fake::email_of(Role::AccountOwner),
            customer_password: Sensitive::new(fake::PASSWORD.to_owned()),
            staff_email: fake::email_of(Role::StaffAdmin),
            staff_password: Sensitive::new(fake::PASSWORD.to_owned()),
        }),
    };
    let router = console::router_over(Arc::clone(&desk) as Arc<dyn console::Desk>, rooms);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    writeln!(std::io::stderr(), "gallery on http://{}", listener.local_addr()?)?;
    tokio::spawn(async move {
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        loop {
            seconds.tick().await;
            desk.advance(1_000);
        }
    });
    axum::serve(listener, router).await?;
    Ok(())
}
