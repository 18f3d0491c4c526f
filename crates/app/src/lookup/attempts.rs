//! Attempts of a message for doors: as they were sent, what was answered, and what they cost.

use std::collections::HashMap;

use decide::cost::{Owed, Sent, owed};
use ports::store::{AttemptView, ReceiptRow};
use types::address::Address;
use types::catalog::TrafficDocument;
use types::message::Reason;

use crate::detail::{AttemptDetail, EchoDetail, PartAnswer, ReceiptDetail};
use crate::runtime::Runtime;
use crate::seal::{KeyHandle, Kind};
use crate::sealed::{read_echo, read_sent};

/// What attempts send unless their rows say otherwise, and the key of what they say.
pub(super) struct Normal<'a> {
    pub(super) key: Option<&'a KeyHandle>,
    pub(super) source: Address,
    pub(super) destination: Address,
}

impl Runtime {
    pub(super) fn attempt_of(
        &self,
        view: &AttemptView,
        documents: &HashMap<u32, TrafficDocument>,
        normal: &Normal<'_>,
    ) -> AttemptDetail {
        let row = &view.row;
        let connector = self.connector_name(row.connector);
        let document = documents.get(&row.traffic_version);
        let configured = document.and_then(|d| d.connector.iter().find(|c| c.name == connector));
        let route = document.and_then(|d| d.route.get(usize::from(row.route)));
        let sealed = normal.key.filter(|_| !row.sealed_sent.is_empty());
        let sent = sealed.and_then(|key| key.open(Kind::Sent, row.message, &row.sealed_sent).ok());
        let sent = sent.and_then(|plain| read_sent(&plain)).filter(|sent| sent.attempt == row.attempt);
        let (source, destination, content) =
            sent.map_or((None, None, None), |sent| (sent.source, sent.destination, sent.content));
        let named = |(id, code): &(types::id::ConnectorId, u8)| {
            (self.connector_name(*id), Reason::from_code(*code).unwrap_or(Reason::None))
        };
        AttemptDetail {
            number: row.attempt,
            connector_id: row.connector,
            supplier: configured.map(|c| c.supplier_name().to_owned()).unwrap_or_default(),
            connector,
            route: route.map(|route| route.name.clone()).unwrap_or_default(),
            traffic_version: row.traffic_version,
            trigger: row.trigger,
            started_at: row.started_at,
            parts: row.parts,
            only_parts: row.only_parts.clone(),
            form: row.form,
            source: source.unwrap_or_else(|| normal.source.clone()),
            destination: destination.unwrap_or_else(|| normal.destination.clone()),
            content,
            network: row.network,
            cost: row.cost,
            owed: owed_for(view),
            passed_over: row.passed_over.iter().map(named).collect(),
            answers: view.parts.iter().map(answer_of).collect(),
            receipts: view.receipts.iter().map(|receipt| receipt_of(receipt, normal.key)).collect(),
        }
    }
}

/// What is owed for an attempt by what was heard of it; `None` when no rate was known.
fn owed_for(view: &AttemptView) -> Option<Owed> {
    let row = &view.row;
    let all: Vec<u8> = (1..=row.requests()).collect();
    let requests = if row.only_parts.is_empty() { &all } else { &row.only_parts };
    let sent = Sent { bought: row.bought(), requests };
    let answers = view.parts.iter().map(|part| (part.part, part.verdict));
    let receipts = view.receipts.iter().map(|receipt| (receipt.part, receipt.state));
    Some(owed(row.cost.as_ref()?, sent, answers, receipts))
}

fn answer_of(part: &ports::store::AttemptPartView) -> PartAnswer {
    PartAnswer {
        part: part.part,
        verdict: part.verdict,
        status: part.status,
        carrier_id: part.carrier_id.clone(),
        written_at: part.written_at,
        answered_at: part.answered_at,
    }
}

fn receipt_of(row: &ReceiptRow, key: Option<&KeyHandle>) -> ReceiptDetail {
    let sealed = key.filter(|_| !row.sealed_echo.is_empty());
    let echo = sealed.and_then(|key| key.open(Kind::Echo, row.key, &row.sealed_echo).ok());
    let echoed = echo.and_then(|plain| read_echo(&plain)).map(|(recipient, sender, tlvs)| EchoDetail {
        recipient,
        sender,
        tlvs: tlvs.into(),
    });
    ReceiptDetail {
        part: row.part,
        origin: row.origin,
        state: row.state,
        stat: row.stat.clone(),
        error: row.error.clone(),
        submit_date: row.submit_date.clone(),
        done_date: row.done_date.clone(),
        zone: row.zone.clone(),
        tlvs: row.tlvs.clone(),
        echoed,
        mapping_version: row.mapping_version,
        read_at: row.read_at,
        contradicts: row.contradicts,
    }
}
