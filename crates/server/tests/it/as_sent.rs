//! What was sent is kept: from the text and what an explanation says of an attempt, the octets that the
//! carrier was sent can be made again.

use gsm_text::{Alphabet, Concatenation, SplitOptions};
use serde_json::{Value, json};

use crate::carrier::Carrier;
use crate::house::{House, Plan};

/// Carriers by the digits that lead to each, and what they ask for.
const CARRIERS: [(&str, &str, &str); 5] = [
    ("plain", "44740011", ""),
    ("wide", "44740012", "joining = \"udh16\"\n"),
    ("sar", "44740013", "joining = \"sar\"\n"),
    ("payload", "44740014", "joining = \"payload\"\n"),
    ("latin", "44740015", "default_alphabet = \"latin1\"\nsource_ton = 0\nsource_npi = 0\n"),
];

fn route(name: &str, prefix: &str) -> String {
    format!("[[route]]\nname = \"{name}\"\nconnectors = [\"{name}\"]\nprefix = \"{prefix}\"\n")
}

/// What was kept of the only attempt of a message, by name.
fn kept(house: &House, id: &str) -> Value {
    let explained = house.json(&["explain", id]);
    let story = explained["story"].as_array().unwrap();
    let attempts: Vec<&Value> = story.iter().filter(|because| because["stage"] == "route").collect();
    assert_eq!(attempts.len(), 1, "{explained}");
    attempts[0]["facts"].clone()
}

/// The user data of every part, by gsm-text alone.
fn made_again(text: &str, kept: &Value) -> Vec<Vec<u8>> {
    let alphabet = if kept["encoding"] == "ucs2" { Alphabet::Ucs2 } else { Alphabet::Gsm7 };
    let concatenation = match kept["joined"].as_str().unwrap() {
        "none" | "udh8" => Concatenation::Udh8,
        "udh16" => Concatenation::Udh16,
        "sar" => Concatenation::SarTlv,
        "message_payload" => Concatenation::Payload,
        other => panic!("{other}"),
    };
    let reference = kept["reference"].as_str().map_or(0, |text| text.parse().unwrap());
    let options =
        SplitOptions { concatenation, reference, alphabet: Some(alphabet), ..SplitOptions::default() };
    let parts = gsm_text::split(text, &options).unwrap().parts;
    assert!(parts.len() == 1 || kept["joined"] != "none", "{kept}");
    let in_latin1 = |body: Vec<u8>| {
        let text = gsm_text::decode_alphabet(&body, Alphabet::Gsm7).text;
        gsm_text::encode(&text, Alphabet::Latin1).unwrap()
    };
    let body = |body: Vec<u8>| if kept["encoding"] == "latin1" { in_latin1(body) } else { body };
    parts.into_iter().map(|part| [part.header.clone(), body(part.body)].concat()).collect()
}

#[test]
fn octets_on_the_wire_follow_from_what_was_kept() {
    let carriers = CARRIERS.map(|(name, _, _)| Carrier::delivering(name));
    let entries = carriers
        .iter()
        .zip(CARRIERS)
        .map(|(carrier, (name, prefix, options))| carrier.connector("0.01") + options + &route(name, prefix));
    let house = Plan::new().config(entries.collect::<String>()).start();
    let http = house.http();
    let texts = ["hello", "@ Grüße []", &"Grüße {~} ".repeat(40), "10 €", &"пока ".repeat(38)];
    for (carrier, (name, prefix, _)) in carriers.iter().zip(CARRIERS) {
        for (place, text) in texts.iter().enumerate() {
            let to = format!("{prefix}{place:04}");
            let body = json!({ "from": "447700900001", "to": format!("+{to}"), "text": text });
            let id = http.post("/api/v1/messages", &body).message_id();
            http.until_state(&id, "delivered");
            let kept = kept(&house, &id);
            let mut taken = carrier.taken();
            taken.retain(|taken| taken.to == to);
            let sent: Vec<Vec<u8>> = taken.iter().map(|taken| taken.payload.clone()).collect();
            assert_eq!(made_again(text, &kept), sent, "{name} {text:?} {kept}");
            let data_coding = format!("0x{:02X}", taken[0].data_coding);
            assert_eq!((&kept["data coding"], &kept["text"]), (&data_coding.into(), &"as_received".into()));
            let (ton, npi, _) = &taken[0].from;
            let types = format!("(type {ton}, plan {npi})");
            assert!(kept["sender as sent"].as_str().unwrap().ends_with(&types), "{kept} {types}");
            let reference = taken[0].sar.map(|(reference, _, _)| reference.to_string());
            assert!(reference.is_none_or(|reference| kept["reference"] == reference), "{kept}");
        }
    }
}
