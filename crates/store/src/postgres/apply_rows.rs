//! Rows of a batch in the columns of their tables, in the order of `migrations`.

use ports::store::{
    AttemptPartRow, AttemptRow, DataKeyRow, EventSubject, IdempotencyRow, InboundRow, MessageRow, OutboxRow,
    ParkedReceiptRow, Progress, ReceiptMapRow, ReceiptRow, SubmissionRow,
};
use types::charge::{Lot, Posting};
use types::id::AccountId;
use types::time::Timestamp;

use super::encode::{Record, Rows};
use crate::codec::levels_text;
use crate::codec_attempt::{network_source_code, passed_over_text};
use crate::rollup::Deltas;

fn ms(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_ms)
}

pub(crate) fn data_key(rows: &mut Rows, row: &DataKeyRow) {
    rows.push(6, |record| {
        record.big(row.id).optional_big(row.account.map(|account| account.0)).small(row.class);
        record.big(row.period.into()).blob(&row.wrapped).big(row.created_at.as_ms());
    });
}

pub(crate) fn submission(rows: &mut Rows, row: &SubmissionRow) {
    rows.push(6, |record| {
        record.big(row.account.0).big(row.key.as_i64()).big(row.tail.cast_signed());
        record.big(row.received_at.as_ms()).big(row.messages.into()).small(row.door.code());
    });
}

pub(crate) fn idempotency(rows: &mut Rows, row: &IdempotencyRow) {
    rows.push(5, |record| {
        record.big(row.account.0).blob(&row.key_hash).blob(&row.fingerprint);
        record.big(row.created.as_i64()).big(row.expires_at.as_ms());
    });
}

pub(crate) fn message(rows: &mut Rows, row: &MessageRow) {
    let facts = &row.message.facts;
    let network = facts.network.as_ref();
    rows.push(33, |record| {
        record.big(facts.account.0).big(facts.key.as_i64()).big(facts.recipient_hash);
        record.big(facts.submission.as_i64()).big(facts.accepted_at.as_ms());
        record.big(facts.price.parts.into()).big(facts.index.into()).big(facts.tail.cast_signed());
        record.big(facts.content_hash).big(facts.price.book_version.into());
        record.big(facts.received_at.as_ms()).optional_big(ms(facts.send_at)).big(facts.expires_at.as_ms());
        record.optional_big(facts.report.endpoint.map(|endpoint| endpoint.0));
        record.big(facts.profile_version.into()).big(facts.traffic_version.into()).big(facts.data_key);
        record.optional_big(network.map(|fact| fact.data_version.into()));
        record.optional_big(network.map(|fact| fact.checked_at.as_ms()));
        record.optional_small(network.map(|fact| network_source_code(fact.source)));
        record.small(facts.door.code()).small(facts.class.code()).small(facts.trigger.code());
        record.optional_flag(network.and_then(|fact| fact.ported));
        record.flag(facts.report.steps).flag(facts.report.failures_only);
        record.text(facts.country.as_str()).text(facts.price.amount.unit.as_str());
        record.text(&facts.traffic_type).optional_text(network.map(|fact| fact.plmn.to_string()).as_deref());
        record.optional_text(levels_text(&facts.levels).as_deref()).text(facts.region.as_str());
        record.blob(&facts.sealed);
    });
}

pub(crate) fn progress(rows: &mut Rows, row: &MessageRow) {
    let (facts, progress) = (&row.message.facts, &row.message.progress);
    rows.push(16, |record| {
        record.big(facts.account.0).big(facts.key.as_i64());
        times(record, progress);
        record.optional_big(facts.shares.is_empty().then_some(facts.lot.0));
        record.big(facts.price.amount.micros);
        marks(record, progress);
    });
}

/// A change of progress: what must be there, and what replaces it.
pub(crate) fn change(rows: &mut Rows, account: AccountId, key: i64, expected: u32, progress: &Progress) {
    rows.push(15, |record| {
        record.big(account.0).big(key).big(expected.into());
        times(record, progress);
        marks(record, progress);
    });
}

fn times(record: &mut Record<'_>, progress: &Progress) {
    record.big(progress.version.into()).big(progress.due_at.as_ms());
    record.optional_big(progress.connector.map(|connector| connector.0));
    record.optional_big(ms(progress.submitted_at)).optional_big(ms(progress.final_at));
}

fn marks(record: &mut Record<'_>, progress: &Progress) {
    record.big(progress.flags.bits().into()).medium(progress.events);
    record.small(progress.state.code()).small(progress.reason.code()).small(progress.charge.code());
    record.small(progress.attempts).flag(!progress.state.is_final());
}

/// What each of several lots pays; nothing for nearly all messages.
pub(crate) fn shares(rows: &mut Rows, row: &MessageRow) {
    let facts = &row.message.facts;
    for (position, share) in (0_i64..).zip(&facts.shares) {
        rows.push(5, |record| {
            record.big(facts.account.0).big(facts.key.as_i64());
            record.big(position).big(share.lot.0).big(share.micros);
        });
    }
}

pub(crate) fn body(rows: &mut Rows, row: &MessageRow) {
    let facts = &row.message.facts;
    rows.push(3, |record| {
        record.big(facts.account.0).big(facts.key.as_i64()).blob(&row.body);
    });
}

pub(crate) fn attempt(rows: &mut Rows, account: AccountId, row: &AttemptRow) {
    let (form, network, cost) = (&row.form, row.network.as_ref(), row.cost.as_ref());
    rows.push(26, |record| {
        record.big(account.0).big(row.message.as_i64()).big(row.connector.0);
        record.big(row.started_at.as_ms()).big(row.traffic_version.into());
        record.optional_big(network.map(|fact| fact.data_version.into()));
        record.optional_big(network.map(|fact| fact.checked_at.as_ms()));
        record.optional_big(cost.map(|cost| cost.amount.micros));
        record.optional_big(cost.map(|cost| cost.deck_version.into()));
        record.medium(row.route).medium(form.reference);
        record.small(row.attempt).small(row.trigger.code()).small(row.parts);
        record.small(form.data_coding).small(form.encoding.code()).small(form.joined.code());
        record.small(form.rendering.code());
        record.optional_small(network.map(|fact| network_source_code(fact.source)));
        record.optional_small(cost.map(|cost| cost.trigger.code()));
        record.optional_flag(network.and_then(|fact| fact.ported));
        record.optional_text(network.map(|fact| fact.plmn.to_string()).as_deref());
        record.optional_text(cost.map(|cost| cost.amount.unit.as_str()));
        record.text(&passed_over_text(&row.passed_over)).blob(&row.only_parts).blob(&row.sealed_sent);
    });
}

/// An answer to a part; `answer` counts those to the same part in this batch.
pub(crate) fn attempt_part(rows: &mut Rows, account: AccountId, answer: u16, row: &AttemptPartRow) {
    let outcome = &row.outcome;
    rows.push(10, |record| {
        record.big(account.0).big(row.message.as_i64()).big(outcome.status.into());
        record.big(outcome.written_at.as_ms()).big(outcome.answered_at.as_ms());
        record.medium(answer).small(row.attempt).small(outcome.part).small(outcome.verdict.code());
        record.optional_text(outcome.carrier_id.as_deref());
    });
}

pub(crate) fn receipt_map(rows: &mut Rows, at: Timestamp, seq: i64, row: &ReceiptMapRow) {
    rows.push(7, |record| {
        record.big(at.as_ms()).big(seq).big(row.connector.0).big(row.message.as_i64());
        record.small(row.attempt).small(row.part).text(&row.carrier_id);
    });
}

pub(crate) fn receipt(rows: &mut Rows, account: AccountId, row: &ReceiptRow) {
    rows.push(17, |record| {
        record.big(account.0).big(row.message.as_i64()).big(row.key.as_i64());
        record.big(row.read_at.as_ms()).big(row.mapping_version.into());
        record.small(row.attempt).small(row.part).small(row.origin.code()).small(row.state.code());
        record.flag(row.contradicts).text(&row.stat).text(&row.error);
        record.text(&row.submit_date).text(&row.done_date).text(&row.zone);
        record.blob(&row.tlvs).blob(&row.sealed_echo);
    });
}

pub(crate) fn parked(rows: &mut Rows, row: &ParkedReceiptRow) {
    rows.push(6, |record| {
        record.big(row.key.as_i64()).big(row.connector.0).text(&row.carrier_id);
        record.big(row.data_key).blob(&row.sealed).big(row.read_at.as_ms());
    });
}

/// A new lot; the deltas grant its amounts.
pub(crate) fn lot(rows: &mut Rows, row: &Lot) {
    rows.push(9, |record| {
        record.big(row.id.0).big(row.account.0).text(row.unit.as_str()).big(row.granted_micros);
        record.big(0).big(0).big(row.created_at.as_ms()).optional_big(ms(row.expires_at)).text(&row.source);
    });
}

pub(crate) fn posting(rows: &mut Rows, id: i64, seq: i64, at: Timestamp, row: &Posting) {
    rows.push(9, |record| {
        record.big(row.account.0).big(id).big(row.lot.0).big(row.amount_micros);
        record.big(row.messages.into()).big(row.policy.into()).big(seq).big(at.as_ms());
        record.small(row.kind.code());
    });
}

pub(crate) fn inbound(rows: &mut Rows, row: &InboundRow) {
    rows.push(7, |record| {
        record.big(row.account.map_or(0, |account| account.0)).big(row.key.as_i64());
        record.big(row.tail.cast_signed()).big(row.connector.0).big(row.received_at.as_ms());
        record.big(row.data_key).blob(&row.sealed);
    });
}

pub(crate) fn outbox(rows: &mut Rows, row: &OutboxRow) {
    let (mut codes, mut told, mut error_and_seq) = ((None, None), None, (None, None));
    match row.subject {
        EventSubject::Message { state, reason, receipt, error, seq } => {
            codes = (Some(state.code()), Some(reason.code()));
            told = receipt.map(|receipt| receipt.code());
            error_and_seq = (Some(error), Some(seq));
        }
        EventSubject::Inbound => {}
    }
    rows.push(13, |record| {
        record.big(row.key.as_i64()).big(row.endpoint.0).big(row.about.as_i64());
        record.big(row.tail.cast_signed()).big(row.at.as_ms()).big(row.next_at.as_ms()).optional_big(None);
        record.optional_medium(error_and_seq.0).optional_medium(error_and_seq.1).medium(row.tries);
        record.optional_small(codes.0).optional_small(codes.1).optional_small(told);
    });
}

/// What a commit counts by day.
pub(crate) fn usage(deltas: &Deltas) -> Rows {
    let mut rows = Rows::default();
    for ((day, account, country, unit, state), sums) in deltas.groups() {
        rows.push(8, |record| {
            record.big(account.0).big(*day).big(sums.messages).big(sums.parts).big(sums.amount_micros);
            record.small(*state).text(country.as_str()).text(unit.as_str());
        });
    }
    rows
}
