//! SMPP sessions of customers, for staff: the list, closing one, and what goes over it.
//!
//! Numbers and texts are hidden unless somebody who may see them says why; whoever answers the questions of this
//! room writes that down first. Start at [`list`].

use askama::Template;
use axum::extract::{Form, Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use ports::sessions::{
    Disclosure, REASON_CHARS_MAX, SessionDesk, SessionView, Shown, TraceError, TracePage, TracedPdu,
};
use serde::Deserialize;
use types::refusal::{Refusal, RefusalCode};
use types::role::Permission;

use crate::fault::Fault;
use crate::frame::{Frame, Room, page};
use crate::guard::SignedIn;
use crate::shared::House;
use crate::view::{Piece, ago, cell_time, count};

/// PDUs on the page of a session, the newest; the capture file has all.
const PDUS_MAX: usize = 200;
/// What a capture file is called on the wire (IANA).
const CAPTURE_TYPE: &str = "application/vnd.tcpdump.pcap";

#[derive(Template)]
#[template(path = "sessions.html")]
struct SessionsPage {
    frame: Frame,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "session.html")]
struct SessionPage {
    frame: Frame,
    trace: Trace,
    /// The session as a line; `None` when it has ended.
    row: Option<Row>,
    may_close: bool,
    may_disclose: bool,
    reason_max: usize,
}

#[derive(Template)]
#[template(path = "parts/trace.html")]
struct TracePart {
    trace: Trace,
}

struct Row {
    number: u64,
    system_id: String,
    account: String,
    bind: &'static str,
    version: &'static str,
    peer: String,
    encrypted: &'static str,
    since: Piece,
    submitted: String,
    throttled: String,
    delivered: String,
    window: String,
}

/// What a page shows of a trace, the newest PDU first.
struct Trace {
    number: u64,
    pdus: Vec<Pdu>,
    more: bool,
    lost: String,
    is_over: bool,
    /// Why numbers and texts are shown; `None` while they are hidden.
    reason: Option<String>,
    revision: String,
}

struct Pdu {
    at: Piece,
    from: &'static str,
    name: &'static str,
    sequence: u32,
    status: &'static str,
    fields: String,
}

/// The form that shows numbers and texts.
#[derive(Deserialize)]
pub(crate) struct DisclosureForm {
    #[serde(default)]
    reason: String,
}

/// Shows all sessions.
pub(crate) async fn list(State(house): State<House>, person: SignedIn) -> Result<Response, Fault> {
    let rows = desk(&house)?.sessions().iter().map(|view| row(&house, view)).collect();
    page(&SessionsPage { frame: Frame::new(&house, Some(&person.0), Room::Sessions, "SMPP sessions"), rows })
}

/// Shows one session and, from now on, what goes over it.
pub(crate) async fn show(
    State(house): State<House>,
    person: SignedIn,
    Path(number): Path<u64>,
) -> Result<Response, Fault> {
    session_page(&house, &person, number, None)
}

/// Only the PDUs, for pages that are live.
pub(crate) async fn fragment(State(house): State<House>, Path(number): Path<u64>) -> Result<Response, Fault> {
    page(&TracePart { trace: trace_of(&house, number, None)? })
}

/// Shows numbers and texts too, once, for a reason.
pub(crate) async fn disclose(
    State(house): State<House>,
    person: SignedIn,
    Path(number): Path<u64>,
    Form(form): Form<DisclosureForm>,
) -> Result<Response, Fault> {
    let disclosure = Disclosure { who: person.0.email.clone(), reason: form.reason.trim().to_owned() };
    session_page(&house, &person, number, Some(disclosure))
}

/// Gives the trace as a capture file, with numbers and texts hidden.
pub(crate) async fn capture(State(house): State<House>, Path(number): Path<u64>) -> Result<Response, Fault> {
    let file = desk(&house)?.capture(number, &Shown::Masked).map_err(fault)?;
    let name = format!("attachment; filename=\"session-{number}.pcap\"");
    let headers = [(header::CONTENT_TYPE, CAPTURE_TYPE.to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, file).into_response())
}

/// Asks a session to take leave.
pub(crate) async fn close(State(house): State<House>, Path(number): Path<u64>) -> Result<Response, Fault> {
    if desk(&house)?.close(number) {
        Ok(Redirect::to("/staff/sessions").into_response())
    } else {
        Err(fault(TraceError::NoSession))
    }
}

/// A word that moves when something went over a session; `None` when there is nothing to watch.
pub(crate) fn revision(house: &House, number: u64) -> Option<String> {
    let page = house.sessions.as_ref()?.trace(number, u64::MAX, &Shown::Masked).ok()?;
    Some(revision_of(&page))
}

fn revision_of(page: &TracePage) -> String {
    format!("{}-{}", page.next, page.is_over)
}

fn session_page(
    house: &House,
    person: &SignedIn,
    number: u64,
    disclosure: Option<Disclosure>,
) -> Result<Response, Fault> {
    let is_live = disclosure.is_none();
    let trace = trace_of(house, number, disclosure)?;
    let view = desk(house)?.sessions().into_iter().find(|view| view.number == number);
    let mut frame = Frame::new(house, Some(&person.0), Room::Sessions, &format!("SMPP session {number}"));
    // What is shown in the clear is shown once.
    if is_live && !trace.is_over {
        frame = frame.live(format!("/events/sessions/{number}"));
    }
    page(&SessionPage {
        frame,
        trace,
        row: view.map(|view| row(house, &view)),
        may_close: person.may(Permission::TrafficChange),
        may_disclose: person.may(Permission::NumbersUnmasked),
        reason_max: REASON_CHARS_MAX,
    })
}

fn trace_of(house: &House, number: u64, disclosure: Option<Disclosure>) -> Result<Trace, Fault> {
    let reason = disclosure.as_ref().map(|disclosure| disclosure.reason.clone());
    let shown = disclosure.map_or(Shown::Masked, Shown::Clear);
    let found = desk(house)?.trace(number, 0, &shown).map_err(fault)?;
    let revision = revision_of(&found);
    Ok(Trace {
        number,
        more: found.pdus.len() > PDUS_MAX,
        lost: count(found.lost),
        is_over: found.is_over,
        pdus: found.pdus.into_iter().rev().take(PDUS_MAX).map(pdu).collect(),
        reason,
        revision,
    })
}

fn pdu(pdu: TracedPdu) -> Pdu {
    Pdu {
        at: cell_time(pdu.at),
        from: if pdu.is_inbound { "customer" } else { "server" },
        name: pdu.name,
        sequence: pdu.sequence,
        status: pdu.status,
        fields: pdu.fields,
    }
}

fn row(house: &House, view: &SessionView) -> Row {
    let in_hand = |used: usize| count(u64::try_from(used).unwrap_or(u64::MAX));
    Row {
        number: view.number,
        system_id: view.system_id.clone(),
        account: view.account_name.clone(),
        bind: view.bind.as_str(),
        version: view.version,
        peer: view.peer.to_string(),
        encrypted: if view.is_tls { "TLS" } else { "–" },
        since: ago(view.since, house.desk.now()),
        submitted: count(view.submitted),
        throttled: count(view.throttled),
        delivered: count(view.delivered),
        window: format!("{} / {}", in_hand(view.window_used), in_hand(view.delivery_window_used)),
    }
}

fn desk(house: &House) -> Result<&dyn SessionDesk, Fault> {
    house.sessions.as_deref().ok_or_else(|| Fault::not_found("This installation has no SMPP door."))
}

fn fault(error: TraceError) -> Fault {
    match error {
        TraceError::NoSession => Fault::not_found("No session has this number now. It may have ended."),
        TraceError::TooMany | TraceError::NoJournal => {
            Refusal::new(RefusalCode::Unavailable, error.to_string()).into()
        }
        TraceError::NoReason => Refusal::new(RefusalCode::InvalidRequest, error.to_string()).into(),
    }
}
