//! Made-up phones, mails, keys and connectors.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use app::{ConnectorView, KeyView};
use ports::BoxFuture;
use ports::phones::{Bubble, Direction, Mail, MailDesk, Phone, PhoneDesk};
use types::Sensitive;
use types::access::{AddressRange, KeyScope, KeyScopes};
use types::address::Msisdn;
use types::id::{ConnectorId, CredentialId};
use types::time::Timestamp;

/// Phones that keep what is answered on them.
pub struct FakePhones {
    pub phones: Mutex<Vec<Phone>>,
    revision: AtomicU64,
}

/// A carrier's id with characters that an address must escape.
pub const ODD_CARRIER_ID: &str = "a/b?c d%";

impl FakePhones {
    /// Three phones. The first holds a message with the given carrier id.
    pub fn new(now: Timestamp, number: Msisdn, carrier_id: &str) -> Self {
        let got = |peer: &str, text: &str, parts, after: i64, carrier_id: &str, fate| Bubble {
            direction: Direction::Received,
            peer: peer.to_owned(),
            text: Sensitive::new(text.to_owned()),
            parts,
            at: now.plus_ms(-after),
            carrier_id: carrier_id.to_owned(),
            fate,
        };
        let sent = |peer: &str, text: &str, after: i64| Bubble {
            direction: Direction::Sent,
            ..got(peer, text, 1, after, "", "delivered")
        };
        let long = "Dear customer, your parcel arrives today between 14:00 and 16:00. Track it at \
                    https://example.test/t/81 or answer STOP to hear no more from us. Thank you for your patience; \
                    our driver rings twice and waits for two minutes before he leaves a card.";
        let first = vec![
            got(
                "ACME",
                "Your code is 493817. It is valid for 10 minutes.",
                1,
                3_700_000,
                carrier_id,
                "delivered",
            ),
            got("447700900123", long, 2, 180_000, ODD_CARRIER_ID, "delivered"),
            sent("447700900123", "STOP", 60_000),
            got("447700900123", "You will hear no more from us.", 1, 4_000, "77", "delivered"),
        ];
        let second = vec![
            got("<b>Bank</b>", super::messages::HOSTILE, 1, 95_000, "88", "undeliverable"),
            got("Bank", "رمزك هو 8812", 1, 12_000, "89", "delivered"),
        ];
        let third = vec![got("Lunch", "Lunch at one?", 1, 600_000, "90", "delivered")];
        let phone = |number, bubbles: Vec<Bubble>| Phone {
            number,
            active_at: bubbles.last().map_or(now, |bubble| bubble.at),
            bubbles,
        };
        let other = |digits: &str| Msisdn::parse(digits).unwrap();
        let phones = vec![
            phone(number, first),
            phone(other("32470120001"), second),
            phone(other("12025550143"), third),
        ];
        Self { phones: Mutex::new(phones), revision: AtomicU64::new(1) }
    }
}

impl PhoneDesk for FakePhones {
    fn phones(&self, limit: usize) -> Vec<Phone> {
        self.phones.lock().unwrap().iter().take(limit).cloned().collect()
    }

    fn phone(&self, number: Msisdn) -> Option<Phone> {
        self.phones.lock().unwrap().iter().find(|phone| phone.number == number).cloned()
    }

    fn answer(&self, number: Msisdn, to: &str, text: &str) -> BoxFuture<'_, bool> {
        let mut phones = self.phones.lock().unwrap();
        if let Some(phone) = phones.iter_mut().find(|phone| phone.number == number) {
            phone.bubbles.push(Bubble {
                direction: Direction::Sent,
                peer: to.to_owned(),
                text: Sensitive::new(text.to_owned()),
                parts: 1,
                at: phone.active_at.plus_ms(1),
                carrier_id: String::new(),
                fate: "delivered",
            });
        }
        self.revision.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(true))
    }

    fn revision(&self) -> u64 {
        self.revision.load(Ordering::Relaxed)
    }
}

/// A mailbox with two mails of the same time and a hostile one.
pub struct FakeMails(pub Timestamp);

impl MailDesk for FakeMails {
    fn mails(&self) -> Vec<Mail> {
        let mail = |subject: &str, text: &str, after: i64| Mail {
            to: Sensitive::new("owner@example.test".to_owned()),
            subject: subject.to_owned(),
            text: Sensitive::new(text.to_owned()),
            at: self.0.plus_ms(-after),
        };
        vec![
            mail(
                "Your balance is low",
                "Dear customer,\n\nyour balance fell below 10.00 EUR.\n\nYours,\nChappe",
                60_000,
            ),
            mail("Your balance is low again", "The same again.", 60_000),
            mail("<script>alert(1)</script>", super::messages::HOSTILE, 7_200_000),
        ]
    }
}

/// The API key of the fake's account.
pub fn api_key(created_at: Timestamp) -> KeyView {
    KeyView {
        id: CredentialId(1),
        name: "ck7w2m9q4x8e5r1t".to_owned(),
        label: "the <b>shop".to_owned(),
        scopes: KeyScopes::NONE.with(KeyScope::Send),
        ranges: AddressRange::parse("192.0.2.0/24").into_iter().collect(),
        created_at,
        expires_at: None,
        used_at: None,
        old_secret_until: None,
    }
}

/// Connectors in every state that a page may show, after so many ticks of its clock.
pub fn connectors(now: Timestamp, ticks: u64) -> Vec<ConnectorView> {
    let status = |links_up, window_used, last_error: &str| ports::channel::ConnectorStatus {
        links_up,
        links: 4,
        window: 2_000,
        window_used,
        rate_per_second: if links_up > 0 { 250 } else { 0 },
        last_error: last_error.to_owned(),
        ..Default::default()
    };
    let view = |id, name: &str, status, queued| ConnectorView {
        id: ConnectorId(id),
        name: name.to_owned(),
        supplier: name.to_owned(),
        kind: "smpp".to_owned(),
        disabled: false,
        target: "127.0.0.1:2776".to_owned(),
        status,
        queued,
        oldest_queued_at: (queued > 0).then(|| now.plus_ms(-95_000)),
        submitted: 1_204_002 + ticks * 25,
        delivered: 1_198_450 + ticks * 24,
        failed: 5_321 + ticks,
        receipt_ids: Some("decimal_to_hex"),
        ambiguous_receipts: 0,
        errors: 17,
    };
    vec![
        view(1, "simulated", status(4, 312 + u32::try_from(ticks % 50).unwrap(), ""), 14),
        view(
            2,
            "acme <b>",
            status(0, 0, "bind refused: 0x0000000E, wrong password <script>alert(1)</script>"),
            1_240,
        ),
        view(3, "half", status(2, 90, "enquire_link got no answer in 30 s"), 0),
        view(5, "healed", status(4, 1, "the carrier closed the connection"), 0),
        ConnectorView { disabled: true, ..view(4, "resting", status(0, 0, ""), 0) },
    ]
}
