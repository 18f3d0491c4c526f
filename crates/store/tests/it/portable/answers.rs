//! Everything that an installation answers.

use ports::conformance::store::Bench;
use ports::conformance::store::rows::CONNECTOR;
use ports::store::{ConfigKind, ContactFilter, PAGE_ROWS_MAX, SuppressionFilter};
use types::id::{AccountId, CommitSeq, ConnectorId, EndpointId, RowKey};
use types::time::Timestamp;

use super::scene::{Home, IDS};

/// Everything that a store answers, a line for each question, so that a difference can be read.
pub(crate) fn everything(home: &Home) -> Vec<String> {
    let mut bench = Bench::new(Box::new(home.clone()));
    let mut lines: Vec<String> = bench.everything().split("OpenMessage").map(str::to_owned).collect();
    let reader = bench.reader();
    let store = bench.store();
    let now = Timestamp::EPOCH;
    for connector in [CONNECTOR, ConnectorId(5)] {
        // Of an id that was used more than once the engines need not know the older uses.
        for id in IDS {
            let found = store.receipt_targets(&[(connector, id.to_owned())]).unwrap();
            lines.push(format!("{id}: {:?}", found.first().and_then(|found| found.first())));
        }
    }
    lines.push(format!("{:?}", store.parked_after(RowKey::ZERO, 99).unwrap()));
    for endpoint in [EndpointId(3), EndpointId(4)] {
        lines.push(format!("{:?}", store.outbox(endpoint, RowKey::ZERO, 99).unwrap()));
        lines.push(format!("{:?}", store.dead_letters(endpoint, 99).unwrap()));
    }
    for octet in 4..8 {
        lines.push(format!("{:?}", store.idempotency(AccountId(1), [octet; 16], now).unwrap()));
        lines.push(format!("{:?}", reader.session([octet; 32]).unwrap()));
        lines.push(format!("{:?}", reader.data_key(i64::from(octet)).unwrap()));
    }
    let open = store.open_messages(RowKey::ZERO, 999).unwrap();
    for message in &open {
        let facts = &message.facts;
        let mut bodies = store.bodies(&[facts.key]).unwrap();
        bodies.sort();
        lines.push(format!("{:?} {bodies:?}", store.attempts(&[facts.key]).unwrap()));
        lines.push(format!("{:?}", store.submission(facts.submission).unwrap()));
        lines.push(format!("{:?}", reader.submission_messages(facts.submission).unwrap()));
        lines.push(format!("{:?}", store.last_sender_to(facts.recipient_hash).unwrap()));
    }
    for account in [AccountId(1), AccountId(2)] {
        lines.push(format!("{:?}", reader.lots(account).unwrap()));
        lines.push(format!("{:?}", reader.postings(account, None, PAGE_ROWS_MAX).unwrap()));
        lines.push(format!("{:?}", reader.credentials(account).unwrap()));
        lines.push(format!("{:?}", reader.endpoints(account).unwrap()));
        lines.push(format!("{:?}", reader.list_inbound(Some(account), None, 99).unwrap()));
        let filter = SuppressionFilter { account, number_hash: None, before: None, limit: 99 };
        lines.push(format!("{:?}", reader.list_suppressions(&filter).unwrap()));
        let filter = ContactFilter {
            account,
            key: None,
            number_hash: None,
            group: None,
            language: None,
            before: None,
            limit: 99,
            scope: None,
        };
        lines.push(format!("{:?}", reader.list_contacts(&filter).unwrap()));
    }
    lines.push(format!("{:?}", reader.person_by_email("ops@example.com").unwrap()));
    for kind in [ConfigKind::Traffic, ConfigKind::Prices, ConfigKind::Profile] {
        lines.push(format!("{:?}", reader.config_versions(kind, 99).unwrap()));
    }
    let last = store.load().unwrap().last_commit;
    lines.extend((1..=last.0).map(|seq| format!("{:?}", reader.journal(CommitSeq(seq)).unwrap())));
    lines
}
