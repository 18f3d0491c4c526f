//! Cases about lists of messages.

use types::id::{AccountId, ConnectorId, RowKey};
use types::message::State;
use types::time::Timestamp;

use super::rows::{add_account, add_message, change};
use super::{BEGIN, Bench};
use crate::store::{ListFilter, MessageChange, MessageView, OpenMessage};

const STEP_MS: i64 = 400_000;
const BATCHES: i64 = 12;
const PER_BATCH: i64 = 9;

fn filters_of(rows: &[OpenMessage]) -> Vec<ListFilter> {
    let account = |number: i64| ListFilter { account: Some(AccountId(number)), ..ListFilter::default() };
    let hash = rows[10].facts.recipient_hash;
    let from = BEGIN.plus_ms(3 * STEP_MS);
    let to = BEGIN.plus_ms(8 * STEP_MS);
    vec![
        ListFilter::default(),
        account(1),
        account(3),
        account(99),
        ListFilter { states: vec![State::Failed], ..ListFilter::default() },
        ListFilter { states: vec![State::Failed, State::Submitted], ..account(2) },
        ListFilter { recipient_hash: Some(hash), ..ListFilter::default() },
        ListFilter { recipient_hash: Some(hash), ..account(2) },
        ListFilter { recipient_hash: Some(1), ..ListFilter::default() },
        ListFilter { connector: Some(ConnectorId(4)), ..ListFilter::default() },
        ListFilter { connector: Some(ConnectorId(4)), ..account(1) },
        ListFilter { since: Some(from), ..account(1) },
        ListFilter { until: Some(to), ..account(1) },
        ListFilter { since: Some(from), until: Some(to), ..ListFilter::default() },
        ListFilter {
            since: Some(from),
            until: Some(to),
            states: vec![State::Queued],
            recipient_hash: Some(hash),
            ..account(2)
        },
        ListFilter { since: Some(Timestamp::EPOCH), until: Some(Timestamp::EPOCH), ..ListFilter::default() },
    ]
}

fn matches(filter: &ListFilter, message: &OpenMessage) -> bool {
    let (facts, progress) = (&message.facts, &message.progress);
    filter.account.is_none_or(|account| facts.account == account)
        && (filter.states.is_empty() || filter.states.contains(&progress.state))
        && filter.recipient_hash.is_none_or(|hash| facts.recipient_hash == hash)
        && filter.connector.is_none_or(|connector| progress.connector == Some(connector))
        && filter.since.is_none_or(|since| facts.accepted_at >= since)
        && filter.until.is_none_or(|until| facts.accepted_at < until)
        && filter.before.is_none_or(|before| facts.key < before)
}

/// All pages of a list with a page size.
fn walk(bench: &Bench, filter: &ListFilter, limit: usize) -> Vec<MessageView> {
    let mut filter = ListFilter { limit, ..filter.clone() };
    let mut views = Vec::new();
    loop {
        let page = bench.reader().list_messages(&filter).unwrap();
        assert!(page.items.len() <= limit);
        assert!(page.next.is_none() || page.next == page.items.last().map(|view| view.message.facts.key));
        views.extend(page.items);
        match page.next {
            Some(next) => filter.before = Some(next),
            None => return views,
        }
    }
}

fn check(bench: &mut Bench, rows: &[OpenMessage]) {
    for recipient in rows.iter().map(|row| row.facts.recipient_hash).chain([1]) {
        let newest = rows.iter().rev().find(|row| row.facts.recipient_hash == recipient);
        let account = newest.map(|row| row.facts.account);
        assert_eq!(bench.store().last_sender_to(recipient).unwrap(), account);
    }
    for filter in filters_of(rows) {
        let expected: Vec<_> = rows.iter().rev().filter(|row| matches(&filter, row)).cloned().collect();
        for limit in [1, 7, 500] {
            let found: Vec<_> = walk(bench, &filter, limit).into_iter().map(|view| view.message).collect();
            assert!(found == expected, "{filter:?} {limit}: {} of {}", found.len(), expected.len());
        }
    }
}

/// A batch of messages, of which some move at once.
fn add_batch(bench: &mut Bench, rows: &mut Vec<OpenMessage>, number: i64) {
    let mut batch = bench.batch();
    if number == 0 {
        for account in 1..=3 {
            add_account(&mut batch, account);
        }
    }
    for place in 0..PER_BATCH {
        let keys = (bench.key(), bench.key());
        let recipient = (number * 5 + place * 3) % 13;
        let mut message = add_message(&mut batch, keys, 1 + place % 3, recipient).message;
        let key = message.facts.key;
        let moved: Option<MessageChange> = match (number + place) % 4 {
            0 => Some(change(key, &message.progress, |progress| {
                progress.state = State::Failed;
                progress.final_at = Some(bench.now);
            })),
            1 => Some(change(key, &message.progress, |progress| {
                progress.state = State::Submitted;
                progress.connector = Some(ConnectorId(4 + place % 2));
            })),
            _ => None,
        };
        if let Some(moved) = moved {
            message.progress = moved.progress;
            batch.changes.push(moved);
        }
        rows.push(message);
    }
    bench.apply(&batch);
}

pub(super) fn filters(bench: &mut Bench) {
    let mut rows = Vec::new();
    for number in 0..BATCHES {
        add_batch(bench, &mut rows, number);
        bench.now = bench.now.plus_ms(STEP_MS);
    }
    check(bench, &rows);
    bench.tidy();
    check(bench, &rows);
    bench.reopen();
    check(bench, &rows);
    let filter = ListFilter { with_bodies: true, limit: 0, ..ListFilter::default() };
    let page = bench.reader().list_messages(&filter).unwrap();
    assert!(page.items.len() == 1 && page.items[0].body.is_some() && page.items[0].attempts.is_empty());
    let key = page.items[0].message.facts.key;
    assert_eq!(page.items[0].submission.key, page.items[0].message.facts.submission);
    let filter =
        ListFilter { limit: 2, before: Some(RowKey::from_i64(key.as_i64() + 1)), ..ListFilter::default() };
    let page = bench.reader().list_messages(&filter).unwrap();
    assert!(page.items[0].message.facts.key == key && page.items[0].body.is_none());
}

pub(super) fn agree_with_scan(bench: &mut Bench) {
    let mut rows = Vec::new();
    for number in 0..BATCHES {
        add_batch(bench, &mut rows, number);
        bench.now = bench.now.plus_ms(STEP_MS);
        let now = bench.now;
        for _ in 0..number % 4 {
            bench.store().tidy(now).unwrap();
        }
        if rows.len() > 10 {
            check(bench, &rows);
        }
        if number % 5 == 4 {
            bench.reopen();
        }
    }
    check(bench, &rows);
}
