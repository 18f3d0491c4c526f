//! What the fake desk shows: a message with its attempt, events, an endpoint.

use app::detail::{AttemptDetail, MessageDetail, PartAnswer, ReceiptDetail};
use app::report::{InboundReport, MessageReport, Report, ReportBody};
use types::Sensitive;
use types::account::{Endpoint, EndpointKind};
use types::address::Address;
use types::charge::ChargeState;
use types::event::EventTypes;
use types::id::{ConnectorId, EndpointId, EventId, InboundId, RowKey, SubmissionId};
use types::message::{Class, Content, Door, Flags, OctetContent, Reason, State};
use types::network::{Country, NetworkFact, NetworkSource, Plmn};
use types::receipt::{Origin, ReceiptState, Verdict};

use super::{NOW, OWNER, PRICE, message_id};

/// A delivered message with one attempt.
pub(crate) fn detail() -> MessageDetail {
    let plmn = Plmn::parse("23410").unwrap();
    MessageDetail {
        id: message_id(1),
        submission: SubmissionId::new(RowKey::from_parts(NOW.as_ms(), 0), 1),
        account: OWNER,
        account_name: "demo".to_owned(),
        door: Door::Native,
        source: Address::from_text("ACME"),
        chosen: None,
        destination: Address::from_text("+447911123456"),
        content: Some(Content::Text("hello".to_owned())),
        client_reference: Some("order-1".to_owned()),
        state: State::Delivered,
        reason: Reason::Receipt,
        flags: Flags::POSSIBLE_DUPLICATE,
        class: Class::Transactional,
        traffic_type: String::new(),
        country: Country::parse("GB").unwrap(),
        network: Some(NetworkFact {
            plmn,
            source: NetworkSource::RangeTable,
            data_version: 1,
            ported: None,
            checked_at: NOW,
        }),
        parts: 1,
        price: PRICE,
        book_version: 1,
        levels: Vec::new(),
        shares: Vec::new(),
        region: types::region::Region::default(),
        charge: ChargeState::Charged,
        profile_version: 1,
        traffic_version: 3,
        received_at: NOW,
        accepted_at: NOW.plus_ms(4),
        send_at: None,
        time: None,
        expires_at: NOW.plus_ms(172_800_000),
        submitted_at: Some(NOW.plus_ms(50)),
        final_at: Some(NOW.plus_ms(1_000)),
        attempts_made: 1,
        connector: Some("acme".to_owned()),
        receipt_error: "000".to_owned(),
        attempts: vec![attempt()],
        pending_events: 0,
        dead_letters: 0,
        moot: Vec::new(),
        told: Vec::new(),
    }
}

fn attempt() -> AttemptDetail {
    AttemptDetail {
        number: 1,
        connector_id: ConnectorId(1),
        connector: "acme".to_owned(),
        supplier: "acme-wholesale".to_owned(),
        route: "secret-route".to_owned(),
        traffic_version: 3,
        trigger: Reason::None,
        started_at: NOW.plus_ms(10),
        parts: 1,
        only_parts: Vec::new(),
        form: types::form::Form {
            data_coding: 0,
            encoding: types::form::Encoding::Gsm7,
            joined: types::form::Joined::None,
            reference: 0,
            rendering: types::form::Rendering::AsReceived,
        },
        source: Address::from_text("ACME").as_sender(),
        destination: Address::from_text("447911123456"),
        content: None,
        network: None,
        cost: Some(types::charge::Cost {
            amount: PRICE,
            deck_version: 3,
            trigger: types::charge::CostTrigger::OnSubmit,
        }),
        owed: None,
        passed_over: vec![("other".to_owned(), Reason::NoConnectorUp)],
        answers: vec![PartAnswer {
            part: 1,
            verdict: Verdict::Accepted,
            status: 0,
            carrier_id: Some("carrier-id-1".to_owned()),
            written_at: NOW.plus_ms(11),
            answered_at: NOW.plus_ms(50),
        }],
        receipts: vec![ReceiptDetail {
            part: 1,
            origin: Origin::Carrier,
            state: ReceiptState::Delivered,
            stat: "DELIVRD".to_owned(),
            error: "000".to_owned(),
            submit_date: "2611221000".to_owned(),
            done_date: "2611221000".to_owned(),
            zone: String::new(),
            tlvs: Vec::new(),
            echoed: None,
            mapping_version: 3,
            read_at: NOW.plus_ms(1_000),
            contradicts: false,
        }],
    }
}

/// An event that tells a delivery.
pub(crate) fn message_report() -> Report {
    let detail = detail();
    Report {
        id: EventId::new(RowKey::from_parts(NOW.as_ms(), 9), 9),
        at: NOW,
        body: ReportBody::Message(Box::new(MessageReport {
            message: detail.id,
            seq: 2,
            state: detail.state,
            reason: detail.reason,
            receipt: Some(ReceiptState::Delivered),
            error: 0,
            flags: detail.flags,
            source: detail.source,
            destination: detail.destination,
            client_reference: detail.client_reference,
            parts: detail.parts,
            price: detail.price,
            network: detail.network,
            accepted_at: detail.accepted_at,
            final_at: detail.final_at,
        })),
    }
}

/// An event that tells what a phone wrote.
pub(crate) fn inbound_report() -> Report {
    Report {
        id: EventId::new(RowKey::from_parts(NOW.as_ms(), 10), 10),
        at: NOW,
        body: ReportBody::Inbound(Box::new(InboundReport {
            id: InboundId::new(RowKey::from_parts(2, 2), 2),
            source: Address::from_text("447911123456"),
            destination: Address::from_text("88811"),
            content: OctetContent::default(),
            text: Sensitive::new("STOP & co".to_owned()),
            keyword: None,
        })),
    }
}

/// An endpoint of an account.
pub(crate) fn endpoint(kind: EndpointKind, url: &str, secret: &str) -> Endpoint {
    Endpoint {
        id: EndpointId(3),
        account: OWNER,
        kind,
        url: Sensitive::new(url.to_owned()),
        secret: Sensitive::new(secret.to_owned()),
        old_secret: None,
        description: String::new(),
        wants: EventTypes::ALL,
        standing: false,
        disabled: false,
        removed: false,
    }
}
