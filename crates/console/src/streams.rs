//! Server-sent events that keep pages live. A stream only says that something moved, or brings
//! figures; what a page shows of it is asked for by the page.
//!
//! A stream ends when the session ends; the page then asks again and is led to the sign-in page.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use app::history::{Span, SpanCounts};
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use ports::BoxFuture;
use serde_json::json;
use tokio::time::{Interval, MissedTickBehavior, interval};
use types::id::MessageId;
use types::role::Permission;

use crate::fault::Fault;
use crate::guard::{Session, SignedIn, Visitor};
use crate::rooms::{sessions, staff, story};
use crate::shared::{House, StreamPass};
use crate::table;

/// How often a stream looks, milliseconds.
const TICK_MS: u64 = 1_000;
/// How often it looks at phones, milliseconds.
const PHONES_TICK_MS: u64 = 250;
/// How often the session is checked again, milliseconds.
const SESSION_CHECK_MS: u64 = 15_000;
/// After this a stream ends and the page opens another, milliseconds.
const LIFE_MS: u64 = 3_600_000;

/// What a stream has to say at one tick; nothing when nothing moved.
type Look = Box<dyn FnMut() -> BoxFuture<'static, Option<Event>> + Send>;

struct Running {
    look: Look,
    ticks: Interval,
    tick_ms: u64,
    passed_ms: u64,
    session: Session,
    _pass: StreamPass,
}

/// Live figures of the account, or of the installation, every second.
pub(crate) async fn figures(
    State(house): State<House>,
    visitor: Visitor,
    person: SignedIn,
) -> Result<Response, Fault> {
    let scope = person.scope()?;
    let session = session(&house, &visitor, "/events/overview");
    let desk = Arc::clone(&house);
    let account = person.0.account.filter(|_| person.may(Permission::MoneyView));
    // What was before the page was opened comes once, with the first figures.
    let mut history = Some(history(&desk, scope));
    let look: Look = Box::new(move || {
        let live = desk.desk.live(scope);
        let mut data = json!({
            "history": history.take(),
            "at": desk.desk.now().as_ms(),
            "accepted": live.accepted,
            "submitted": live.submitted,
            "delivered": live.delivered,
            "failed": live.failed,
        });
        if let Some(balance) = account.and_then(|account| desk.desk.balance(account))
            && let Some(fields) = data.as_object_mut()
        {
            fields.insert("available".to_owned(), balance.available.to_string().into());
            fields.insert("held".to_owned(), balance.held.to_string().into());
        }
        Box::pin(async move { Some(Event::default().event("figures").data(data.to_string())) })
    });
    open(&house, &person, session, TICK_MS, look)
}

/// Says when one message moved.
pub(crate) async fn message(
    State(house): State<House>,
    visitor: Visitor,
    person: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let scope = person.scope()?;
    let nothing = || Fault::not_found("No message that you may see has this id.");
    let id = MessageId::parse(&id).ok_or_else(nothing)?;
    house.desk.message(scope, id).await?.ok_or_else(nothing)?;
    let session = session(&house, &visitor, "/events/messages/{id}");
    let desk = Arc::clone(&house);
    let last = Arc::new(std::sync::Mutex::new(String::new()));
    let look: Look = Box::new(move || {
        let (desk, last) = (Arc::clone(&desk), Arc::clone(&last));
        Box::pin(async move {
            let message = desk.desk.message(scope, id).await.ok().flatten()?;
            moved(&last, story::revision(&message))
        })
    });
    open(&house, &person, session, TICK_MS, look)
}

/// Figures of the installation and the lines of the connector table, every second.
pub(crate) async fn connectors(
    State(house): State<House>,
    visitor: Visitor,
    person: SignedIn,
) -> Result<Response, Fault> {
    let session = session(&house, &visitor, "/events/connectors");
    let desk = Arc::clone(&house);
    let mut before = Some(history(&desk, app::Scope::All));
    let look: Look = Box::new(move || {
        let desk = Arc::clone(&desk);
        let before = before.take();
        Box::pin(async move {
            let live = desk.desk.live(app::Scope::All);
            let views = desk.desk.connectors();
            let rows = staff::rows_html(&desk).ok()?;
            let data = json!({
                "history": before,
                "at": desk.desk.now().as_ms(),
                "accepted": live.accepted,
                "submitted": live.submitted,
                "delivered": live.delivered,
                "failed": live.failed,
                "waiting": views.iter().map(|view| view.queued).sum::<u64>(),
                "links": format!(
                    "{} of {}",
                    views.iter().map(|view| view.status.links_up).sum::<u32>(),
                    views.iter().map(|view| view.status.links).sum::<u32>()
                ),
                "rows": rows,
            });
            Some(Event::default().event("figures").data(data.to_string()))
        })
    });
    open(&house, &person, session, TICK_MS, look)
}

/// Says when something went over an SMPP session.
pub(crate) async fn session_trace(
    State(house): State<House>,
    visitor: Visitor,
    person: SignedIn,
    Path(number): Path<u64>,
) -> Result<Response, Fault> {
    let nothing = || Fault::not_found("No session has this number now. It may have ended.");
    sessions::revision(&house, number).ok_or_else(nothing)?;
    let session = session(&house, &visitor, "/events/sessions/{number}");
    let desk = Arc::clone(&house);
    let last = Arc::new(std::sync::Mutex::new(String::new()));
    let look: Look = Box::new(move || {
        let event = sessions::revision(&desk, number).and_then(|revision| moved(&last, revision));
        Box::pin(async move { event })
    });
    open(&house, &person, session, TICK_MS, look)
}

/// Says when a phone moved.
pub(crate) async fn phones(
    State(house): State<House>,
    visitor: Visitor,
    person: SignedIn,
) -> Result<Response, Fault> {
    let phones = house.phones.clone();
    let phones = phones.ok_or_else(|| Fault::not_found("This installation has no simulated phones."))?;
    let session = session(&house, &visitor, "/events/phones");
    let last = Arc::new(std::sync::Mutex::new(String::new()));
    let look: Look = Box::new(move || {
        let event = moved(&last, phones.revision().to_string());
        Box::pin(async move { event })
    });
    open(&house, &person, session, PHONES_TICK_MS, look)
}

/// The last minutes: for each span its end in milliseconds, how long it was, and what was counted,
/// as in the figures.
fn history(house: &House, scope: app::Scope) -> Vec<[i64; 6]> {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let row = |span: Span| {
        let Span { from, until, counts } = span;
        let SpanCounts { accepted, submitted, delivered, failed } = counts;
        let ms = until.ms_since(from);
        [until.as_ms(), ms, count(accepted), count(submitted), count(delivered), count(failed)]
    };
    house.desk.history(scope).into_iter().map(row).collect()
}

/// An event when the revision is another than last time.
fn moved(last: &std::sync::Mutex<String>, revision: String) -> Option<Event> {
    let mut last = last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if *last == revision {
        return None;
    }
    last.clone_from(&revision);
    Some(Event::default().event("moved").data(revision))
}

fn session(house: &House, visitor: &Visitor, path: &str) -> Session {
    // A stream that is not in the table is closed at the first check rather than left open.
    let access = table::access_of(path).unwrap_or(table::Access::Either(&[]));
    Session::new(house, visitor, access)
}

fn open(
    house: &House,
    person: &SignedIn,
    session: Session,
    tick_ms: u64,
    look: Look,
) -> Result<Response, Fault> {
    let pass = house.stream_for(person.0.id).ok_or_else(Fault::crowded)?;
    let mut ticks = interval(Duration::from_millis(tick_ms));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let running = Running { look, ticks, tick_ms, passed_ms: 0, session, _pass: pass };
    let events = stream::unfold(running, |mut running| async move {
        let event = running.next().await?;
        Some((Ok::<_, Infallible>(event), running))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

impl Running {
    /// Waits for the next event; `None` ends the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            self.ticks.tick().await;
            self.passed_ms = self.passed_ms.saturating_add(self.tick_ms);
            if self.passed_ms > LIFE_MS {
                return None;
            }
            if self.passed_ms % SESSION_CHECK_MS < self.tick_ms && !self.session.is_alive().await {
                return None;
            }
            if let Some(event) = (self.look)().await {
                return Some(event);
            }
        }
    }
}
