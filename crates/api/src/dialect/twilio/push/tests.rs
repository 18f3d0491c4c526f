//! Calls as the official validator reads them.

use app::report::{Owner, OwnerKey, Renderer, ReportBody};
use types::account::{EndpointKind, write_sid};
use types::id::{PublicId, RowKey};
use types::message::{Content, State};
use types::time::Timestamp;

use super::{SIGNATURE, TwilioPush, sign};
use crate::query::Fields;
use crate::testing::{endpoint, inbound_report, message_report};

const URL: &str = "https://example.com/sms?a=1";

fn owner() -> Owner {
    let key = OwnerKey { name: "key".to_owned(), secret: "secret".to_owned().into() };
    Owner { sid: PublicId::new(RowKey::from_parts(1, 1), 1), key: Some(key) }
}

#[test]
fn signs_as_the_documented_example() {
    // The example of the provider's own documentation and of the tests of its libraries.
    let fields = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675309"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
    ];
    let fields: Vec<_> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
    assert_eq!(sign("12345", url, &fields).as_deref(), Some("RSOYDt4T1cUTdK1PDd93/VVr8B8="));
}

#[test]
fn tells_steps_with_the_account_and_a_signature() {
    let endpoint = endpoint(EndpointKind::Twilio, URL, "");
    let call = TwilioPush.render(&endpoint, &message_report(), Timestamp::EPOCH).unwrap();
    let call = TwilioPush.prove(call, &owner(), Timestamp::EPOCH);
    let text = String::from_utf8(call.body.expose().clone()).unwrap();
    let fields = Fields::parse(&text).unwrap();
    for (name, value) in [("MessageStatus", "delivered"), ("SmsStatus", "delivered"), ("To", "+447911123456")]
    {
        assert_eq!(fields.get(name), Some(value), "{text}");
    }
    assert_eq!(fields.get("AccountSid"), Some(write_sid(owner().sid).as_str()));
    let signature = call.headers.iter().find(|(name, _)| name == SIGNATURE).map(|(_, value)| value.expose());
    assert_eq!(signature, sign("secret", URL, &fields.0).as_ref());
}

#[test]
fn says_nothing_of_what_it_has_no_word_for() {
    let endpoint = endpoint(EndpointKind::Twilio, URL, "");
    let cases = [
        (State::Submitted, Some("sent")),
        (State::Expired, Some("undelivered")),
        (State::Failed, Some("failed")),
        (State::Cancelled, Some("canceled")),
        (State::Unknown, None),
        (State::NoReport, None),
        (State::Unconfirmed, None),
    ];
    for (state, expected) in cases {
        let mut report = message_report();
        if let ReportBody::Message(message) = &mut report.body {
            message.state = state;
        }
        let call = TwilioPush.render(&endpoint, &report, Timestamp::EPOCH);
        let told = call.map(|call| String::from_utf8(call.body.expose().clone()).unwrap());
        let told = told.map(|text| Fields::parse(&text).unwrap().get("MessageStatus").unwrap().to_owned());
        assert_eq!(told.as_deref(), expected, "{state}");
    }
}

#[test]
fn carries_out_what_a_message_from_a_phone_is_answered() {
    let endpoint = endpoint(EndpointKind::Twilio, URL, "");
    let now = Timestamp::from_ms(5);
    let answer = b"<Response><Message>Hi</Message><Message to='+447911123457'>Ho</Message></Response>";
    let reply = TwilioPush.reply(&endpoint, &inbound_report(), answer, now).unwrap();
    assert_eq!((reply.account, reply.drafts.len()), (endpoint.account, 2));
    assert!(reply.idempotency.unwrap().key.starts_with("reply evt_"));
    assert_eq!(reply.drafts[0].source.text(), "88811");
    assert_eq!(reply.drafts[0].destination.text(), "447911123456");
    assert_eq!(reply.drafts[0].content, Content::Text("Hi".to_owned()));
    assert_eq!(reply.drafts[1].destination.text(), "+447911123457");
    assert!(
        TwilioPush.reply(&endpoint, &message_report(), answer, now).is_none(),
        "receipts ask for nothing"
    );
    assert!(TwilioPush.reply(&endpoint, &inbound_report(), b"ok", now).is_none());
}
