//! Every dialect that sends, with any query, form or JSON; and the TwiML with which a listener answers.

use app::report::{InboundReport, Renderer, Report, ReportBody};
use axum::body::Body;
use axum::http::{HeaderValue, Request, header};
use types::Sensitive;
use types::account::{Endpoint, EndpointKind};
use types::address::Address;
use types::event::EventTypes;
use types::id::{AccountId, EndpointId, EventId, InboundId, RowKey};
use types::message::{Content, OctetContent};
use types::time::Timestamp;

use super::{Door, post, uri};
use crate::targets::{Target, outcome, roughly};

/// Addresses that send, and one of each kind that looks.
const PATHS: [&str; 10] = [
    "/2010-04-01/Accounts/key/Messages.json",
    "/2010-04-01/Accounts/key/Usage/Records.xml",
    "/sms/json",
    "/sms/xml",
    "/v1/messages",
    "/v1/message/send",
    "/v1/webhook/create",
    "/cgi-bin/sendsms",
    "/dialect/jasmin/send",
    "/rate",
];

/// Queries, forms and JSON of every dialect.
pub(crate) const DIALECTS: Target = Target {
    name: "dialects",
    about: "the other dialects with any query, form or JSON",
    make: || {
        let door = Door::new();
        Box::new(move |input: &[u8]| check(&door, input))
    },
    words: &[
        b"To=%2B447911123456&From=ACME&Body=hello",
        b"&StatusCallback=https://example.com/",
        b"&DateSent%3E=2026-01-01&PageSize=2&PageToken=PASM",
        b"from=ACME&to=447911123456&text=hello",
        b"&api_key=key&api_secret=secret",
        b"&api_key=key&timestamp=1795000000&sig=00",
        b"&type=binary&udh=0500&body=ff00",
        b"&username=key&password=secret",
        b"&dlr-mask=31&dlr-url=https://example.com/?%25d%25I",
        b"&content=hello&dlr=yes&dlr-level=3&dlr-url=https://example.com/",
        b"&hex-content=0041&coding=8",
        b"{\"channel\":\"sms\",\"message_type\":\"text\",\"from\":\"A\",\"to\":\"447911123456\",\"text\":\"x\"}",
        b"{\"message\":\"x\",\"to\":[\"447911123456\"],\"sender\":\"A\",\"date\":\"2036-01-02 03:04\"}",
        b"{\"webhook_endpoint\":\"https://example.com/\",\"webhook_types\":[\"delivery_report\"]}",
        b"%00",
        b"%",
        b"&",
        b"=",
    ],
    limit: 8_192,
    octets_base: 256 * 1024,
    octets_per_octet: 256,
};

/// TwiML.
pub(crate) const TWIML: Target = Target {
    name: "twiml",
    about: "what a listener of the Twilio dialect answers a message from a phone",
    make: || {
        let renderers = api::renderers();
        let twilio = renderers.into_iter().find(|renderer| renderer.kind() == EndpointKind::Twilio);
        let (twilio, endpoint, report) = (twilio.expect("the dialect"), endpoint(), report());
        Box::new(move |input: &[u8]| check_reply(twilio.as_ref(), &endpoint, &report, input))
    },
    words: &[
        b"<Response>",
        b"</Response>",
        b"<Message>",
        b"</Message>",
        b"<Message to=\"+447911123456\" from='ACME'>",
        b"<Body>",
        b"</Body>",
        b"<![CDATA[",
        b"]]>",
        b"<!--",
        b"-->",
        b"<?xml version=\"1.0\"?>",
        b"&amp;",
        b"&#x20AC;",
        b"&#1114112;",
        b"/>",
    ],
    limit: 16_384,
    octets_base: 64 * 1024,
    octets_per_octet: 64,
};

/// The first octet chooses the address, the second how the rest is sent.
fn check(door: &Door, input: &[u8]) -> u64 {
    let [choice, way, fields @ ..] = input else { return 0 };
    let path = PATHS.get(usize::from(*choice) % PATHS.len()).copied().unwrap_or("/sms/json");
    let mut request = match way % 3 {
        0 => Request::get(uri(path, fields)).body(Body::empty()).expect("a request"),
        1 => post(path, "application/x-www-form-urlencoded", fields),
        _ => post(path, "application/json", fields),
    };
    let headers = request.headers_mut();
    headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Basic a2V5OnNlY3JldA=="));
    headers.insert("x-client-id", HeaderValue::from_static("key"));
    headers.insert("x-client-secret", HeaderValue::from_static("secret"));
    let answer = door.ask(request);
    let given = door.desk.take();
    // The desk forgets what it is given, so that nothing can be shown of it.
    let is_forgotten = given.is_some() && answer.status.as_u16() == 503;
    assert!(!answer.status.is_server_error() || is_forgotten, "{} is our fault", answer.status);
    outcome((path, way % 3, answer.status.as_u16(), roughly(given.map_or(0, |given| given.drafts))))
}

fn check_reply(twilio: &dyn Renderer, endpoint: &Endpoint, report: &Report, input: &[u8]) -> u64 {
    let reply = twilio.reply(endpoint, report, input, Timestamp::EPOCH);
    let Some(reply) = reply else { return 0 };
    assert!((1..=10).contains(&reply.drafts.len()), "{} messages", reply.drafts.len());
    let octets: usize = reply
        .drafts
        .iter()
        .map(|draft| match &draft.content {
            Content::Text(text) => text.len(),
            Content::Octets(octets) => octets.payload.len(),
        })
        .sum();
    assert!(octets <= input.len(), "texts grow out of their document");
    assert!(reply.idempotency.is_some(), "a reply is sent once");
    outcome((reply.drafts.len(), roughly(octets)))
}

fn endpoint() -> Endpoint {
    Endpoint {
        id: EndpointId(3),
        account: AccountId(7),
        kind: EndpointKind::Twilio,
        url: Sensitive::new("https://example.com/".to_owned()),
        secret: Sensitive::new(String::new()),
        old_secret: None,
        description: String::new(),
        wants: EventTypes::ALL,
        standing: false,
        disabled: false,
        removed: false,
    }
}

fn report() -> Report {
    let key = RowKey::from_parts(2, 2);
    Report {
        id: EventId::new(key, 2),
        at: Timestamp::EPOCH,
        body: ReportBody::Inbound(Box::new(InboundReport {
            id: InboundId::new(key, 2),
            source: Address::from_text("447911123456"),
            destination: Address::from_text("88811"),
            content: OctetContent::default(),
            text: Sensitive::new("hello".to_owned()),
            keyword: None,
        })),
    }
}
