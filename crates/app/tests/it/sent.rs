//! What was sent is kept: the octets of every part follow from the rows, and so does what they cost.

use gsm_text::{Alphabet, Concatenation, SplitOptions};
use ports::channel::Dispatch;
use serde_json::{Value, json};
use types::address::Address;
use types::catalog::{NetworkRange, RateTriggerKey, TrafficDocument};
use types::charge::CostTrigger;
use types::form::{Encoding, Joined, Rendering, user_data};
use types::id::MessageId;
use types::message::{Content, OctetContent, Reason, State};
use types::network::NetworkSource;
use types::profile::{Profile, TriggerKey};
use types::receipt::{ReceiptState, Verdict};
use types::region::Region;

use crate::house::{House, NOON_MS, route, traffic};

/// A house whose connector `a` has these options.
async fn with_options(options: &Value) -> House {
    let house = House::new(route(&["a"])).await;
    let mut document = traffic(route(&["a"]));
    document.connector[0].options = serde_json::from_value(options.clone()).unwrap();
    publish(&house, document).await;
    house
}

async fn publish(house: &House, document: TrafficDocument) {
    house.core.change_traffic(document, "test", "").await.unwrap();
    house.settle().await;
    house.up("a").await;
    house.up("b").await;
}

/// The user data of every part, by gsm-text alone, from what is kept of the message and its attempt.
async fn from_the_rows(house: &House, id: MessageId, place: usize) -> Vec<Vec<u8>> {
    let detail = house.message(id).await;
    let attempt = &detail.attempts[place];
    let form = attempt.form;
    let content = attempt.content.clone().or(detail.content).unwrap();
    let text = match &content {
        Content::Text(text) => text.clone(),
        Content::Octets(octets) if form.encoding == Encoding::Octets => return vec![octets.payload.clone()],
        Content::Octets(octets) => gsm_text::decode_alphabet(&octets.payload, Alphabet::Gsm7).text,
    };
    let alphabet = if form.encoding == Encoding::Ucs2 { Alphabet::Ucs2 } else { Alphabet::Gsm7 };
    let concatenation = match form.joined {
        Joined::Udh16 => Concatenation::Udh16,
        Joined::Sar => Concatenation::SarTlv,
        Joined::Payload => Concatenation::Payload,
        _ => Concatenation::Udh8,
    };
    let reference = form.reference;
    let options =
        SplitOptions { concatenation, reference, alphabet: Some(alphabet), ..SplitOptions::default() };
    let parts = gsm_text::split(&text, &options).unwrap().parts;
    let sent = parts
        .iter()
        .filter(|part| attempt.only_parts.is_empty() || attempt.only_parts.contains(&part.number));
    sent.map(|part| {
        let mut body = part.body.clone();
        if form.encoding == Encoding::Latin1 {
            let text = gsm_text::decode_alphabet(&body, Alphabet::Gsm7).text;
            body = gsm_text::encode(&text, Alphabet::Latin1).unwrap();
        }
        [part.header.as_slice(), &body].concat()
    })
    .collect()
}

/// What a channel writes of what it was handed.
fn written(dispatch: &Dispatch) -> Vec<Vec<u8>> {
    let pieces = user_data(&dispatch.content, &dispatch.form).unwrap();
    let asked = |number| dispatch.only_parts.is_empty() || dispatch.only_parts.contains(&number);
    pieces.into_iter().filter(|piece| asked(piece.number)).map(|piece| piece.octets).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn octets_on_the_wire_follow_from_the_rows() {
    let long = "Grüße {} ".repeat(40);
    let (long, cyrillic) = (long.as_str(), "пока, пока! ".repeat(12));
    let cases = [
        (json!({}), "hello", Encoding::Gsm7, Joined::None),
        (json!({}), long, Encoding::Gsm7, Joined::Udh8),
        (json!({"joining": "udh16"}), long, Encoding::Gsm7, Joined::Udh16),
        (json!({"joining": "sar"}), long, Encoding::Gsm7, Joined::Sar),
        (json!({"joining": "payload"}), long, Encoding::Gsm7, Joined::Payload),
        (json!({"latin1": true}), long, Encoding::Latin1, Joined::Udh8),
        (json!({"latin1": true}), "10 €", Encoding::Ucs2, Joined::None),
        (json!({}), cyrillic.as_str(), Encoding::Ucs2, Joined::Udh8),
    ];
    for (options, text, encoding, joined) in cases {
        let house = with_options(&options).await;
        let id = house.send(text).await;
        let dispatch = house.sent("a").remove(0);
        let attempt = house.message(id).await.attempts.remove(0);
        assert_eq!((attempt.form.encoding, attempt.form.joined), (encoding, joined), "{options}");
        assert_eq!((attempt.form, attempt.form.rendering), (dispatch.form, Rendering::AsReceived));
        let octets = written(&dispatch);
        assert_eq!(from_the_rows(&house, id, 0).await, octets, "{options} {text}");
        assert_eq!(octets.len(), usize::from(attempt.form.requests(attempt.parts)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn octets_of_customers_are_kept_as_they_were_sent() {
    let octets = |data_coding, payload: &[u8]| OctetContent {
        data_coding,
        payload: payload.to_vec(),
        ..OctetContent::default()
    };
    let header = OctetContent { has_header: true, ..octets(4, &[5, 0, 3, 1, 2, 1, 9, 9]) };
    let cases = [
        (json!({}), header, Rendering::AsReceived),
        (json!({"latin1": true}), octets(0, &[0x00, 0x05]), Rendering::AsReceived),
        // No such septet: what the carrier is sent is not what was received, and that is kept.
        (json!({"latin1": true}), octets(0, &[0x41, 0xFF]), Rendering::Transliterated),
    ];
    for (options, content, rendering) in cases {
        let house = with_options(&options).await;
        let mut draft = house.draft("");
        draft.content = Content::Octets(content);
        let id = house.submit(vec![draft]).await.unwrap().messages[0].id;
        house.settle().await;
        let dispatch = house.sent("a").remove(0);
        let attempt = house.message(id).await.attempts.remove(0);
        assert_eq!(attempt.form.rendering, rendering, "{options}");
        assert_eq!(attempt.content.is_some(), rendering != Rendering::AsReceived);
        assert_eq!(from_the_rows(&house, id, 0).await, written(&dispatch), "{options}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_kept_as_they_were_sent() {
    for (options, source, types) in [
        (json!({}), "447911000000", (1, 1)),
        (json!({"source_ton": 3}), "447911000000", (3, 1)),
        (json!({"source_ton": 3}), "ACME", (5, 0)),
    ] {
        let house = with_options(&options).await;
        let mut draft = house.draft("hello");
        draft.source = Address::from_text(source);
        let id = house.submit(vec![draft]).await.unwrap().messages[0].id;
        house.settle().await;
        let dispatch = house.sent("a").remove(0);
        // Once from memory, once by another process.
        let house = house.restart().await;
        let detail = house.message(id).await;
        let attempt = &detail.attempts[0];
        assert_eq!((&attempt.source, &attempt.destination), (&dispatch.source, &dispatch.destination));
        assert_eq!((attempt.source.ton, attempt.source.npi), types, "{options} {source}");
        assert_eq!(attempt.destination.text(), "447400123456");
        assert_eq!(detail.source.text(), source, "the customer gets its own string back");
        let (_, story) = house.core.explain(app::Scope::All, id).await.unwrap().unwrap();
        let facts = &story.iter().find(|because| because.stage == "route").unwrap().facts;
        let shown = |name: &str| facts.iter().find(|(known, _)| *known == name).unwrap().1.clone();
        assert!(shown("sender as sent").contains(&format!("type {}", types.0)), "{facts:?}");
        assert!(!shown("recipient as sent").contains("7400123456"), "numbers are masked: {facts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_of_some_parts_keeps_the_form_and_says_which() {
    let house = with_options(&json!({"joining": "udh16"})).await;
    let id = house.send(&"x".repeat(400)).await;
    let first = house.sent("a").remove(0);
    house.answer_part("a", first.attempt, 1, 3, Verdict::Accepted, Some("p1")).await;
    house.answer_part("a", first.attempt, 2, 3, Verdict::Throttled, None).await;
    house.answer_part("a", first.attempt, 3, 3, Verdict::Accepted, Some("p3")).await;
    // The connector's way of joining changes in between; the phone joins parts of one form only.
    publish(&house, traffic(route(&["a"]))).await;
    house.advance(2_000).await;
    let again = house.sent("a").remove(0);
    assert_eq!((again.form, again.only_parts.as_slice()), (first.form, [2].as_slice()));
    house.answer_part("a", again.attempt, 2, 3, Verdict::Accepted, Some("p2")).await;
    let attempts = house.message(id).await.attempts;
    assert_eq!((attempts[1].only_parts.as_slice(), attempts[1].parts), ([2].as_slice(), 3));
    assert_eq!(from_the_rows(&house, id, 1).await, written(&again));
    assert_eq!(from_the_rows(&house, id, 0).await, written(&first));
    let owed = attempts.iter().map(|a| (a.owed.unwrap().amount.micros, a.cost.unwrap().amount.micros));
    assert_eq!(owed.collect::<Vec<_>>(), [(20_000, 30_000), (10_000, 10_000)], "each part is paid once");
    let house = house.restart().await;
    for part in ["p1", "p2", "p3"] {
        house.receipt("a", part, ReceiptState::Delivered).await;
    }
    assert_eq!(house.state(id).await, State::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_connector_cannot_carry_the_next_one_does() {
    let house = House::new(route(&["a", "b"])).await;
    house.down("a").await;
    house.down("b").await;
    let id = house.send(&format!("€{}", "a".repeat(100))).await;
    let mut document = traffic(route(&["a", "b"]));
    document.connector[0].options = serde_json::from_value(json!({"latin1": true})).unwrap();
    house.core.change_traffic(document, "test", "").await.unwrap();
    // After a start the content is not in memory: that the first connector cannot carry it shows
    // when its turn has come.
    let house = house.restart().await;
    assert!(house.sent("a").is_empty());
    house.sent_one("b");
    let detail = house.message(id).await;
    assert_eq!((detail.state, detail.attempts.len()), (State::Sending, 1));
    assert_eq!(detail.attempts[0].passed_over, [("a".to_owned(), Reason::NotEncodable)]);

    // Where there is no next one it fails, and costs nothing that was held.
    let house = House::with_trigger(route(&["a"]), TriggerKey::OnTransmit).await;
    house.down("a").await;
    let id = house.send(&format!("€{}", "a".repeat(100))).await;
    let mut document = traffic(route(&["a"]));
    document.connector[0].options = serde_json::from_value(json!({"latin1": true})).unwrap();
    publish(&house, document).await;
    let detail = house.message(id).await;
    assert_eq!((detail.state, detail.reason), (State::Failed, Reason::NotEncodable));
    assert_eq!(house.balance().await, (10_000_000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cost_is_settled_by_answers_and_receipts() {
    let mut document = traffic(route(&["a"]));
    let house = House::new(route(&["a"])).await;
    let id = house.send("hello").await;
    let cost = async |house: &House, place: usize| {
        let owed = house.message(id).await.attempts[place].owed.unwrap();
        (owed.amount.micros, owed.possible.micros)
    };
    assert_eq!(cost(&house, 0).await, (0, 10_000), "nobody knows yet");
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Throttled, None).await;
    assert_eq!(cost(&house, 0).await, (0, 0));
    document.supplier[0].rate_trigger = RateTriggerKey::OnDelivery;
    document.supplier[0].timezone = Some("Europe/Paris".into());
    publish(&house, document).await;
    house.advance(2_000).await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
    assert_eq!(cost(&house, 1).await, (0, 10_000), "owed when it is delivered");
    house.receipt("a", "c1", ReceiptState::Delivered).await;
    assert_eq!(cost(&house, 1).await, (10_000, 0));
    let attempts = house.message(id).await.attempts;
    let asked: Vec<_> = attempts.iter().map(|a| a.cost.unwrap()).collect();
    assert_eq!(asked.iter().map(|c| c.trigger).collect::<Vec<_>>(), CostTrigger::ALL);
    assert_eq!(asked.iter().map(|c| c.deck_version).collect::<Vec<_>>(), [1, 2]);
    let (_, story) = house.core.explain(app::Scope::All, id).await.unwrap().unwrap();
    let costs: Vec<_> = story
        .iter()
        .filter(|because| because.stage == "route")
        .map(|because| because.facts.iter().find(|(name, _)| *name == "cost").map(|(_, text)| text.as_str()))
        .collect();
    assert_eq!(costs, [None, Some("0.01 EUR")], "a throttled try shows no cost");
    let end = story.iter().find(|because| because.stage == "end").unwrap();
    assert!(end.facts.contains(&("cost", "0.01 EUR".to_owned())), "{:?}", end.facts);
    let receipt = story.iter().find(|because| because.stage == "receipt").unwrap();
    for fact in [("zone of the dates", "Europe/Paris"), ("mapping version", "2"), ("origin", "carrier")] {
        assert!(receipt.facts.contains(&(fact.0, fact.1.to_owned())), "{fact:?} {:?}", receipt.facts);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_is_looked_up_again_when_it_is_sent() {
    let range = |network: &str| {
        vec![NetworkRange { prefix: "4474".into(), network: network.into(), country: "GB".into() }]
    };
    let mut profile = Profile::default();
    profile.operator.region = Region::parse("eu").unwrap();
    let house = House::with_profile(route(&["a"]), profile).await;
    publish(&house, TrafficDocument { network: range("23410"), ..traffic(route(&["a"])) }).await;
    house.down("a").await;
    let id = house.send("hello").await;
    publish(&house, TrafficDocument { network: range("23415"), ..traffic(route(&["a"])) }).await;
    house.sent_one("a");
    let detail = house.message(id).await;
    let (rated, sent) = (detail.network.unwrap(), detail.attempts[0].network.unwrap());
    assert_eq!((rated.plmn.to_string(), sent.plmn.to_string()), ("23410".into(), "23415".into()));
    assert_eq!((rated.data_version, sent.data_version), (2, 3));
    assert_eq!((rated.source, rated.checked_at.as_ms()), (NetworkSource::RangeTable, NOON_MS));
    assert_eq!(sent.checked_at, detail.attempts[0].started_at);
    assert_eq!(detail.region.as_str(), "eu");
    let (_, story) = house.core.explain(app::Scope::All, id).await.unwrap().unwrap();
    assert!(story[0].facts.contains(&("region", "eu".to_owned())), "{:?}", story[0].facts);
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_keep_their_parameters_and_what_they_echo() {
    let house = House::new(route(&["a"])).await;
    let state = [0x04, 0x27, 0, 1, 2];
    let callback = [0x03, 0x81, 0, 2, 1, 9];
    for (place, parked) in [false, true].into_iter().enumerate() {
        let id = house.send(&format!("message {place}")).await;
        let attempt = house.sent_one("a");
        let mut notice = house.notice("c", ReceiptState::Delivered, "447400123456");
        notice.carrier_id = format!("c{place}");
        notice.tlvs = [state.as_slice(), &callback].concat();
        notice.destination = Address { ton: 5, npi: 0, octets: b"OTHER".as_slice().into() };
        // A receipt that overtakes its answer is parked and loses nothing on the way.
        if parked {
            house.receipt_of("a", notice.clone()).await;
        }
        house.answer("a", attempt, Verdict::Accepted, Some(&notice.carrier_id)).await;
        if !parked {
            house.receipt_of("a", notice.clone()).await;
        }
        let receipt = house.message(id).await.attempts[0].receipts.remove(0);
        assert_eq!((receipt.tlvs.as_slice(), receipt.mapping_version), (state.as_slice(), 1));
        let echoed = receipt.echoed.unwrap();
        assert_eq!((echoed.recipient, echoed.sender), (notice.source, notice.destination));
        assert_eq!(echoed.tlvs.expose().as_slice(), callback);
    }
    let id = house.send("plain").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("c9")).await;
    house.receipt("a", "c9", ReceiptState::Delivered).await;
    let receipt = house.message(id).await.attempts[0].receipts.remove(0);
    assert!(receipt.echoed.is_none() && receipt.tlvs.is_empty(), "the echo is what was sent");
}
