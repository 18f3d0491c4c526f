//! What the command line asks about SMPP sessions of customers.

use ports::sessions::{Disclosure, SessionDesk, SessionView, Shown, TraceError, TracedPdu};
use serde_json::{Value, json};
use types::refusal::{Refusal, RefusalCode};

use super::Place;

/// Which trace is asked for, and who asks.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) number: u64,
    pub(super) who: String,
    /// Why numbers and texts are to be seen; they are not without a reason.
    pub(super) reason: Option<String>,
}

impl Look {
    fn shown(&self) -> Shown {
        match &self.reason {
            None => Shown::Masked,
            Some(reason) => Shown::Clear(Disclosure { who: self.who.clone(), reason: reason.clone() }),
        }
    }
}

/// The list.
pub(super) fn list(place: &Place) -> Result<Value, Refusal> {
    let views = desk(place)?.sessions();
    Ok(json!({ "items": views.iter().map(session_json).collect::<Vec<_>>() }))
}

/// Closes one.
pub(super) fn close(place: &Place, number: u64) -> Result<Value, Refusal> {
    if desk(place)?.close(number) {
        Ok(json!({ "number": number, "state": "closing" }))
    } else {
        Err(refused(TraceError::NoSession))
    }
}

/// What went over one after a PDU.
pub(super) fn trace(place: &Place, look: &Look, after: u64) -> Result<Value, Refusal> {
    let page = desk(place)?.trace(look.number, after, &look.shown()).map_err(refused)?;
    Ok(json!({
        "items": page.pdus.iter().map(pdu_json).collect::<Vec<_>>(),
        "next": page.next,
        "lost": page.lost,
        "over": page.is_over,
    }))
}

/// The same as a capture file, in hexadecimal.
pub(super) fn capture(place: &Place, look: &Look) -> Result<Value, Refusal> {
    let octets = desk(place)?.capture(look.number, &look.shown()).map_err(refused)?;
    Ok(json!({ "pcap": hexadecimal(&octets) }))
}

fn desk(place: &Place) -> Result<&dyn SessionDesk, Refusal> {
    place.sessions.as_deref().ok_or_else(|| {
        Refusal::new(
            RefusalCode::NotFound,
            "no server runs with this data folder, so that it has no sessions",
        )
    })
}

fn refused(error: TraceError) -> Refusal {
    let code = match error {
        TraceError::NoSession => RefusalCode::NotFound,
        TraceError::TooMany | TraceError::NoJournal => RefusalCode::Unavailable,
        TraceError::NoReason => RefusalCode::InvalidRequest,
    };
    Refusal::new(code, error.to_string())
}

fn session_json(view: &SessionView) -> Value {
    json!({
        "number": view.number,
        "system_id": view.system_id,
        "account": view.account_name,
        "bind": view.bind.as_str(),
        "version": view.version,
        "peer": view.peer.to_string(),
        "tls": view.is_tls,
        "since": view.since.to_string(),
        "submitted": view.submitted,
        "throttled": view.throttled,
        "delivered": view.delivered,
        "window_used": view.window_used,
        "deliveries_open": view.delivery_window_used,
        "octets_waiting": view.output_octets,
    })
}

fn pdu_json(pdu: &TracedPdu) -> Value {
    json!({
        "number": pdu.number,
        "at": pdu.at.to_string(),
        "direction": if pdu.is_inbound { "in" } else { "out" },
        "operation": pdu.name,
        "sequence": pdu.sequence,
        "status": pdu.status,
        "fields": pdu.fields,
        "octets": hexadecimal(&pdu.octets),
    })
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
