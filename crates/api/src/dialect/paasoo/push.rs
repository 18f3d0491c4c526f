//! Receipts to the customer by GET, with everything in the query.

use app::report::{InboundReport, MessageReport, Renderer, Report, ReportBody};
use ports::courier::{CALL_TIMEOUT_MS, Call, Method};
use types::Sensitive;
use types::account::{Endpoint, EndpointKind};
use types::time::Timestamp;

use super::record::told;
use crate::query::percent;

/// Writes ends of messages, and messages from phones, as this dialect's GET.
#[derive(Clone, Copy, Debug)]
pub(super) struct PaasooPush;

impl Renderer for PaasooPush {
    fn kind(&self) -> EndpointKind {
        EndpointKind::Paasoo
    }

    /// Tells ends only. Whether private addresses may be called is for the caller to set.
    fn render(&self, endpoint: &Endpoint, report: &Report, _now: Timestamp) -> Option<Call> {
        let fields = match &report.body {
            ReportBody::Message(message) if message.state.is_final() => message_fields(message),
            ReportBody::Message(_) => return None,
            ReportBody::Inbound(inbound) => inbound_fields(inbound, report.at),
        };
        Some(Call {
            method: Method::Get,
            url: Sensitive::new(with_query(endpoint.url.expose(), &fields)),
            headers: Vec::new(),
            body: Sensitive::default(),
            allow_private: false,
            timeout_ms: CALL_TIMEOUT_MS,
        })
    }
}

fn message_fields(message: &MessageReport) -> Vec<(&'static str, String)> {
    let told = told(message.state);
    vec![
        ("type", "dlr".to_owned()),
        ("messageid", message.message.0.base32()),
        ("to", message.destination.text().into_owned()),
        ("status", told.status.to_string()),
        ("statuscode", told.word.to_owned()),
        ("errcode", told.error.to_string()),
        ("network", message.network.map(|network| network.plmn.to_string()).unwrap_or_default()),
    ]
}

/// PaaSoo publishes no form for messages from phones; this one follows its receipts.
fn inbound_fields(inbound: &InboundReport, at: Timestamp) -> Vec<(&'static str, String)> {
    vec![
        ("type", "mo".to_owned()),
        ("messageid", inbound.id.0.base32()),
        ("from", inbound.source.text().into_owned()),
        ("to", inbound.destination.text().into_owned()),
        ("text", inbound.text.expose().clone()),
        ("timestamp", at.to_string()),
        ("network", String::new()),
    ]
}

/// Adds fields to an address, behind its own query and without its fragment.
fn with_query(address: &str, fields: &[(&str, String)]) -> String {
    let mut url = address.split('#').next().unwrap_or(address).to_owned();
    let mut separator = match url.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    for (name, value) in fields {
        url.push_str(separator);
        url.push_str(name);
        url.push('=');
        url.push_str(&percent(value));
        separator = "&";
    }
    url
}
