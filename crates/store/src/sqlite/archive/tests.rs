//! Messages go into the archive and come out of it, and nobody can tell but by the room they take.

use std::collections::BTreeSet;
use std::sync::Arc;

use ports::conformance::store::BEGIN;
use ports::conformance::store::rows::{
    CONNECTOR, ENDPOINT, PRICE_MICROS, add_account, add_message, answer, attempt, change, event, lot_change,
    map_row, message, posting, receipt, share, submission,
};
use ports::entropy::Entropy;
use ports::store::{Batch, ConfigChange, DataKeyRow, ListFilter, MessageRow, MessageView, Reader, Store};
use ports::vault::{Vault, data_key_context};
use rusqlite::Connection;
use tempfile::TempDir;
use types::charge::{ChargeState, PostingKind};
use types::id::{AccountId, ConnectorId, RowKey};
use types::message::{Reason, State};
use types::receipt::ReceiptState;
use types::time::Timestamp;

use super::keyring::{DataKey, Keyring};
use super::rows::DAY_MS;
use super::{archive_status, verify_archive};
use crate::FileVault;
use crate::sqlite::{DATABASE_FILE, SqliteReader, SqliteStore, Tuning, integer, open_sqlite_with};

const AFTER_DAYS: u32 = 35;
const NOW: Timestamp = BEGIN.plus_ms(60 * DAY_MS);
const TEXT: &[u8] = b"Your parcel has left our depot and will reach you between nine and eleven.";

mod troubles;

struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, out: &mut [u8]) {
        out.fill(7);
    }
}

struct House {
    folder: TempDir,
    store: Option<SqliteStore>,
    reader: Arc<SqliteReader>,
    keyring: Keyring,
    raw: Connection,
    sequence: u32,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, reader) = open_sqlite_with(folder.path(), tuning()).unwrap();
        let raw = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
        let keyring = Keyring::of(folder.path());
        let mut house = Self { folder, store: Some(store), reader, keyring, raw, sequence: 0 };
        let vault = FileVault::open(house.folder.path(), Arc::new(Fixed)).unwrap();
        let mut batch = Batch { at: BEGIN, ..Batch::default() };
        for number in 1..=4 {
            add_account(&mut batch, number);
            let (id, account) = (100 + number, Some(AccountId(number)));
            let context = data_key_context(id, account, 0, 202_611);
            let wrapped = vault.wrap(&[u8::try_from(number).unwrap(); 32], &context).unwrap();
            batch.data_keys.push(DataKeyRow {
                id,
                account,
                class: 0,
                period: 202_611,
                wrapped,
                created_at: BEGIN,
            });
        }
        house.store().apply(&batch).unwrap();
        house
    }

    fn store(&mut self) -> &mut SqliteStore {
        self.store.as_mut().unwrap()
    }

    fn reopen(&mut self) {
        self.store = None;
        let (store, reader) = open_sqlite_with(self.folder.path(), tuning()).unwrap();
        (self.store, self.reader) = (Some(store), reader);
    }

    fn key(&mut self, at: Timestamp) -> RowKey {
        self.sequence += 1;
        RowKey::from_parts(at.as_ms(), self.sequence)
    }

    fn data_key(&self, id: i64) -> DataKey {
        self.keyring.key(&self.raw, id).unwrap().unwrap()
    }

    fn seal(&self, row: &mut MessageRow) {
        let facts = &mut row.message.facts;
        facts.data_key = 100 + facts.account.0;
        let (key, at) = (self.data_key(facts.data_key), facts.key.as_i64());
        facts.sealed = key.seal_value(0, at, format!("to {at}").as_bytes()).unwrap().into();
        row.body = key.seal_value(1, at, &[TEXT, at.to_string().as_bytes()].concat()).unwrap().into();
    }

    /// A message that was delivered at once, or is still open.
    fn send(&mut self, at: Timestamp, account: i64, recipient: i64, ends: bool) -> RowKey {
        let keys = (self.key(at), self.key(at));
        let mut batch = Batch { at, ..Batch::default() };
        let mut row = add_message(&mut batch, keys, account, recipient);
        self.seal(&mut row);
        batch.messages = vec![row.clone()];
        self.store().apply(&batch).unwrap();
        if ends {
            self.end(&row, at);
        }
        keys.1
    }

    fn end(&mut self, row: &MessageRow, at: Timestamp) {
        let (facts, key) = (&row.message.facts, row.message.facts.key);
        let receipt_key = self.key(at);
        let mut batch = Batch { at, ..Batch::default() };
        batch.attempts.push(attempt(key, 1, at));
        let carrier_id = format!("{:x}", key.as_i64());
        batch.attempt_parts.push(answer(key, 1, 1, Some(&carrier_id), at));
        batch.receipt_map.push(map_row(CONNECTOR, &carrier_id, key, 1, 1));
        let echo = self.data_key(facts.data_key).seal_value(7, receipt_key.as_i64(), b"echo").unwrap();
        let told = receipt(key, receipt_key, 1, ReceiptState::Delivered, at);
        batch.receipts.push(ports::store::ReceiptRow { sealed_echo: echo, ..told });
        let event_key = self.key(at);
        batch.outbox.push(event(event_key, ENDPOINT, key, at));
        batch.changes.push(change(key, &row.message.progress, |progress| {
            progress.state = State::Delivered;
            progress.charge = ChargeState::Charged;
            progress.attempts = 1;
            progress.connector = Some(CONNECTOR);
            progress.final_at = Some(at);
        }));
        let account = facts.account.0;
        if facts.shares.is_empty() {
            batch.lots.push(lot_change(account, 0, -PRICE_MICROS));
            batch.postings.push(posting(account, PostingKind::Capture, PRICE_MICROS, 1));
        } else {
            for part in &facts.shares {
                batch.lots.push(lot_change(part.lot.0, 0, -part.micros));
                batch.postings.push(posting(part.lot.0, PostingKind::Capture, part.micros, 1));
            }
        }
        self.store().apply(&batch).unwrap();
    }

    /// Three old days and a young one, with some messages that are open.
    fn fill(&mut self) {
        for day in [0, 1, 3, 59] {
            for minute in 0..20 {
                let at = BEGIN.plus_ms(day * DAY_MS + minute * 60_000);
                self.send(at, 1 + minute % 3, 100 + minute % 6, minute % 7 != 5);
            }
        }
        self.send_shared(BEGIN.plus_ms(DAY_MS + 900_000));
    }

    /// A submission of three messages, one of which two lots pay.
    fn send_shared(&mut self, at: Timestamp) -> RowKey {
        let submission_key = self.key(at);
        let mut rows = Vec::new();
        let mut batch = Batch { at, ..Batch::default() };
        batch.submissions.push(submission(submission_key, 1, 3, at));
        for index in 0..3 {
            let mut row = message(self.key(at), submission_key, 1, 200 + i64::from(index), at);
            row.message.facts.index = index;
            self.seal(&mut row);
            let mut parts = vec![(1, PRICE_MICROS)];
            if index == 1 {
                parts = vec![(4, 20_000), (1, PRICE_MICROS - 20_000)];
                share(&mut row, &parts);
            }
            for (lot, micros) in parts {
                batch.lots.push(lot_change(lot, -micros, micros));
                batch.postings.push(posting(lot, PostingKind::Hold, micros, 1));
            }
            rows.push(row);
        }
        batch.messages = rows.clone();
        self.store().apply(&batch).unwrap();
        rows.iter().for_each(|row| self.end(row, at));
        submission_key
    }

    fn archive(&mut self) -> u64 {
        self.store().archive_all(NOW, AFTER_DAYS, &mut |_| {}).unwrap()
    }

    /// A view with its sealed values opened, because the archive seals them with another nonce.
    fn opened(&self, mut view: MessageView) -> MessageView {
        let facts = &mut view.message.facts;
        let (key, at) = (self.data_key(facts.data_key), facts.key.as_i64());
        facts.sealed = key.open_value(0, at, &facts.sealed).unwrap().into();
        view.body = view.body.map(|body| key.open_value(1, at, &body).unwrap());
        for told in view.attempts.iter_mut().flat_map(|attempt| &mut attempt.receipts) {
            if !told.sealed_echo.is_empty() {
                told.sealed_echo = key.open_value(7, told.key.as_i64(), &told.sealed_echo).unwrap();
            }
        }
        view
    }

    fn list(&self, filter: ListFilter) -> Vec<MessageView> {
        let mut found = Vec::new();
        let mut before = filter.before;
        loop {
            let page = self.reader.list_messages(&ListFilter { before, limit: 4, ..filter.clone() }).unwrap();
            assert!(page.items.len() <= 4);
            found.extend(page.items.into_iter().map(|view| self.opened(view)));
            match page.next {
                None => return found,
                Some(next) => before = Some(next),
            }
        }
    }

    /// All that can be asked about all messages.
    fn everything(&self) -> Vec<(String, Vec<MessageView>)> {
        let all = ListFilter { with_bodies: true, ..ListFilter::default() };
        let mut asked = vec![("all".to_owned(), self.list(all.clone()))];
        for account in 1..=5 {
            let filter = ListFilter { account: Some(AccountId(account)), ..all.clone() };
            asked.push((format!("account {account}"), self.list(filter.clone())));
            let undelivered = ListFilter { states: vec![State::Queued], ..filter.clone() };
            asked.push((format!("open of account {account}"), self.list(undelivered)));
            let since = ListFilter {
                since: Some(BEGIN.plus_ms(300_000)),
                until: Some(BEGIN.plus_ms(DAY_MS + 420_000)),
                ..filter
            };
            asked.push((format!("some of account {account}"), self.list(since)));
        }
        for recipient in (100..107).chain([201]) {
            let hash = Some(i64::wrapping_mul(recipient, 0x5851_f42d_4c95_7f2d));
            let filter = ListFilter { recipient_hash: hash, ..ListFilter::default() };
            asked.push((format!("recipient {recipient}"), self.list(filter)));
        }
        let by = |connector| ListFilter { connector: Some(ConnectorId(connector)), ..ListFilter::default() };
        asked.extend([("by 4".to_owned(), self.list(by(4))), ("by 5".to_owned(), self.list(by(5)))]);
        let keys: Vec<RowKey> = asked[0].1.iter().map(|view| view.message.facts.key).collect();
        let submissions: BTreeSet<RowKey> =
            asked[0].1.iter().map(|view| view.message.facts.submission).collect();
        let one = |key: RowKey| self.opened(self.reader.message(key).unwrap().unwrap());
        asked.push(("each".to_owned(), keys.into_iter().map(one).collect()));
        for key in submissions {
            let views = self.reader.submission_messages(key).unwrap();
            asked.push((
                format!("submission {key:?}"),
                views.into_iter().map(|view| self.opened(view)).collect(),
            ));
        }
        asked
    }

    fn check_whole(&self) {
        for sum in self.reader.ledger_sums().unwrap() {
            assert_eq!(sum.imbalance_micros(), 0, "{sum:?}");
            assert!(sum.message_charged_micros > 0);
        }
        assert_eq!(verify_archive(self.folder.path(), &mut |_, _| {}).unwrap(), (Vec::new(), true));
    }

    fn count(&self, sql: &str) -> i64 {
        integer(&self.raw, sql, []).unwrap()
    }
}

fn tuning() -> Tuning {
    Tuning {
        run_rows: 6,
        receipt_run_rows: 8,
        step_rows: 3,
        outbox_settle_ms: 0,
        archive_after_days: Some(AFTER_DAYS),
        archive_block_messages: 7,
    }
}

#[test]
fn what_is_asked_is_answered_the_same_from_the_archive() {
    let mut house = House::new();
    house.fill();
    while house.store().archive_step(BEGIN).unwrap() || house.store().tidy(BEGIN).unwrap() {}
    let before = house.everything();
    let figures = house.reader.figures().unwrap();
    let archived = house.archive();
    assert_eq!(archived, 3 * 17 + 3);
    assert_eq!(house.archive(), 0, "what is open stays, and so does what is young");
    assert_eq!(house.count("SELECT count(*) FROM message"), 3 * 3 + 20);
    assert_eq!(house.count("SELECT count(*) FROM receipt"), 17);
    assert_eq!(house.count("SELECT count(*) FROM submission"), 3 * 3 + 20);
    assert!(house.count("SELECT count(*) FROM past_block") > 6);
    for _ in 0..2 {
        for (was, is) in before.iter().zip(house.everything()) {
            assert_eq!(was, &is, "{}", was.0);
        }
        house.check_whole();
        house.reopen();
    }
    let after = house.reader.figures().unwrap();
    assert_eq!((figures.messages, figures.open), (after.messages, after.open));
    let status = archive_status(house.folder.path()).unwrap();
    assert_eq!((status.messages, status.days.len(), status.live), (54, 3, 17));
    assert_eq!(status.days.iter().map(|day| day.octets).sum::<i64>(), status.octets);
    // And back again.
    assert_eq!(house.store().unpack_archive(&mut |_| {}).unwrap(), archived);
    for (was, is) in before.iter().zip(house.everything()) {
        assert_eq!(was, &is, "{}", was.0);
    }
    house.check_whole();
    assert_eq!(house.count("SELECT count(*) FROM past_block"), 0);
    assert_eq!(house.count("SELECT count(*) FROM past_lot WHERE micros <> 0"), 0);
}

#[test]
fn the_writer_finds_what_is_archived() {
    let mut house = House::new();
    house.fill();
    let views = house.list(ListFilter::default());
    let keys: Vec<RowKey> = views.iter().map(|view| view.message.facts.key).collect();
    let submission = views[30].message.facts.submission;
    let of_map = |key: &RowKey| (CONNECTOR, format!("{:x}", key.as_i64()));
    let wanted: Vec<_> = keys.iter().map(of_map).collect();
    let ask = |house: &mut House| {
        let store = house.store();
        let mut messages = store.messages(&keys).unwrap();
        messages.iter_mut().for_each(|message| message.facts.sealed = Box::default());
        messages.sort_by_key(|message| message.facts.key);
        let mut bodies: Vec<_> = store.bodies(&keys).unwrap().into_iter().map(|body| body.0).collect();
        bodies.sort_unstable();
        let mut attempts = store.attempts(&keys).unwrap();
        attempts.iter_mut().flat_map(|attempt| &mut attempt.receipts).for_each(|row| row.sealed_echo.clear());
        attempts.sort_by_key(|attempt| attempt.row.message);
        let (mut facts, tail) = store.submission(submission).unwrap();
        facts.iter_mut().for_each(|facts| facts.sealed = Box::default());
        let targets = store.receipt_targets(&wanted).unwrap();
        let sender = store.last_sender_to(i64::wrapping_mul(201, 0x5851_f42d_4c95_7f2d)).unwrap();
        (messages, bodies, attempts, facts, tail, targets, sender)
    };
    let before = ask(&mut house);
    assert_eq!(before.6, Some(AccountId(1)));
    house.archive();
    assert_eq!(ask(&mut house), before);
    house.reopen();
    assert_eq!(ask(&mut house), before);
}

#[test]
fn a_late_receipt_takes_its_message_out_of_the_archive() {
    let mut house = House::new();
    house.fill();
    house.archive();
    let filter = ListFilter { until: Some(BEGIN.plus_ms(DAY_MS)), ..ListFilter::default() };
    let late = house.list(filter).into_iter().find(|view| view.message.progress.state == State::Delivered);
    let late = late.unwrap().message;
    let key = late.facts.key;
    let mut before = house.everything();
    let receipt_key = house.key(NOW);
    let mut batch = Batch { at: NOW, ..Batch::default() };
    batch.receipts.push(receipt(key, receipt_key, 1, ReceiptState::Undelivered, NOW));
    batch.changes.push(change(key, &late.progress, |progress| progress.reason = Reason::Throttled));
    let stale = ports::store::MessageChange { expected_version: 99, ..batch.changes[0] };
    let refused = house.store().apply(&Batch { changes: vec![stale], ..batch.clone() });
    assert!(refused.is_err(), "the guard holds for archived messages");
    assert_eq!(house.count("SELECT count(*) FROM message"), 29, "and leaves them where they are");
    house.store().apply(&batch).unwrap();
    assert_eq!(house.count("SELECT count(*) FROM message"), 30);
    let seen = house.reader.message(key).unwrap().unwrap();
    assert_eq!(seen.message.progress.reason, Reason::Throttled);
    assert_eq!(seen.attempts[0].receipts.len(), 2);
    house.check_whole();
    for round in ["out", "in again", "after a start"] {
        for (what, views) in &mut before {
            for view in views.iter_mut().filter(|view| view.message.facts.key == key) {
                view.message.progress = seen.message.progress;
                if what == "each" {
                    *view = house.opened(seen.clone());
                }
            }
        }
        for (was, is) in before.iter().zip(house.everything()) {
            assert_eq!(was, &is, "{round}: {}", was.0);
        }
        if round == "out" {
            assert_eq!(house.archive(), 1);
        } else {
            house.reopen();
        }
    }
    house.check_whole();
}

#[test]
fn what_was_erased_is_in_no_block() {
    let mut house = House::new();
    house.fill();
    house.archive();
    let views = house.list(ListFilter { account: Some(AccountId(2)), ..ListFilter::default() });
    let key = views.iter().rfind(|view| view.message.progress.state == State::Delivered).unwrap();
    let key = key.message.facts.key;
    let blocks = "SELECT sum(length(facts) + length(sealed)) FROM past_content";
    let before = house.count(blocks);
    let erased = ConfigChange::ContentErased(AccountId(2), key);
    house.store().apply(&Batch { at: NOW, config: vec![erased], ..Batch::default() }).unwrap();
    assert!(house.count(blocks) < before);
    for _ in 0..2 {
        let view = house.reader.message(key).unwrap().unwrap();
        assert_eq!(view.body, None);
        assert!(view.attempts[0].receipts[0].sealed_echo.is_empty());
        house.check_whole();
        house.archive();
    }
    assert_eq!(house.count("SELECT count(*) FROM body"), 9 + 20);
    let others =
        house.list(ListFilter { account: Some(AccountId(2)), with_bodies: true, ..ListFilter::default() });
    let with_body = others.iter().filter(|view| view.body.is_some()).count();
    assert_eq!(with_body + 1, others.len());
}

#[test]
fn addresses_that_were_erased_are_in_no_block() {
    let mut house = House::new();
    house.fill();
    house.archive();
    let views = house.list(ListFilter { account: Some(AccountId(2)), ..ListFilter::default() });
    let message = views.last().unwrap().message.facts.key;
    let sealed = vec![9, 9, 9];
    let erased = ConfigChange::AddressesErased { account: AccountId(2), message, sealed: sealed.clone() };
    house.store().apply(&Batch { at: NOW, config: vec![erased], ..Batch::default() }).unwrap();
    for _ in 0..2 {
        let view = house.reader.message(message).unwrap().unwrap();
        assert_eq!((view.body, &*view.message.facts.sealed), (None, &*sealed));
        house.check_whole();
        house.archive();
    }
}

#[test]
fn a_key_that_is_shredded_takes_its_values_with_it() {
    let mut house = House::new();
    house.fill();
    house.archive();
    house.raw.execute("DELETE FROM data_key WHERE id = 102", []).unwrap();
    let all =
        house.reader.list_messages(&ListFilter { with_bodies: true, limit: 500, ..ListFilter::default() });
    for view in all.unwrap().items {
        let is_archived = house
            .count(&format!("SELECT count(*) FROM message WHERE key = {}", view.message.facts.key.as_i64()))
            == 0;
        let is_shredded = view.message.facts.account == AccountId(2);
        assert_eq!(view.body == Some(Vec::new()), is_archived && is_shredded);
        assert_eq!(view.message.facts.sealed.is_empty(), is_archived && is_shredded);
    }
    house.check_whole();
    // One that leaves a block of such values takes nothing with it.
    let views =
        house.reader.list_messages(&ListFilter { account: Some(AccountId(2)), ..ListFilter::default() });
    let key = views.unwrap().items.pop().unwrap().message.facts.key;
    let erased = ConfigChange::ContentErased(AccountId(2), key);
    house.store().apply(&Batch { at: NOW, config: vec![erased], ..Batch::default() }).unwrap();
    house.check_whole();
}
