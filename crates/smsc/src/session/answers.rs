//! Writes what the core has answered: the ends of submissions, of `query_sm` and of `cancel_sm`.
//!
//! Answers are written in the order in which they come, which need not be that of the requests (SMPP 3.4, 2.7).

use std::sync::Arc;

use app::detail::MessageDetail;
use app::submission::{Accepted, Rejected, SubmitOutcome};
use smpp::time::{AbsoluteTime, SmppTime};
use smpp::{
    CancelSm, CommandId, CommandStatus, MessageResp, Pdu, QuerySm, QuerySmResp, SubmitMultiResp, Unsuccess,
    UnsuccessBuffer, write_header_only, write_submit_sm_resp,
};
use types::address::Address;
use types::id::MessageId;
use types::refusal::{Refusal, RefusalCode};

use super::Session;
use crate::deliver::state_of;
use crate::limits::LOOKUPS_MAX;
use crate::status::status_of;

/// Which request a submission came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    SubmitSm,
    DataSm,
    SubmitMulti,
}

impl Kind {
    /// The request.
    pub(super) fn command(self) -> CommandId {
        match self {
            Self::SubmitSm => CommandId::SUBMIT_SM,
            Self::DataSm => CommandId::DATA_SM,
            Self::SubmitMulti => CommandId::SUBMIT_MULTI,
        }
    }
}

/// What comes back with the answer to a submission, packed into 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Which list of destinations; below 2^30. Customers may use a sequence number twice.
    pub(super) multi: u64,
    pub(super) sequence: u32,
}

impl Token {
    const MULTI_MASK: u64 = (1 << 30) - 1;

    /// The number of the next list of destinations.
    pub(super) fn next_multi(last: u64) -> u64 {
        last.wrapping_add(1) & Self::MULTI_MASK
    }

    /// Two bits of kind, 30 of list, 32 of sequence number.
    pub(super) fn pack(self) -> u64 {
        let kind = match self.kind {
            Kind::SubmitSm => 0,
            Kind::DataSm => 1,
            Kind::SubmitMulti => 2,
        };
        (kind << 62) | ((self.multi & Self::MULTI_MASK) << 32) | u64::from(self.sequence)
    }

    fn unpack(token: u64) -> Self {
        let kind = match token >> 62 {
            0 => Kind::SubmitSm,
            1 => Kind::DataSm,
            _ => Kind::SubmitMulti,
        };
        let sequence = u32::try_from(token & u64::from(u32::MAX)).unwrap_or(0);
        Self { kind, multi: (token >> 32) & Self::MULTI_MASK, sequence }
    }
}

/// The answer to a look-up.
pub(super) struct LookupAnswer {
    sequence: u32,
    status: CommandStatus,
    body: LookupBody,
}

enum LookupBody {
    Query { message_id: Vec<u8>, final_date: Vec<u8>, state: u8, error: u8 },
    Cancel,
}

impl Session {
    /// Writes every answer that the core has left.
    pub(super) fn take_answers(&mut self) {
        let mut answers = std::mem::take(&mut self.answers);
        self.outbox.take_answers(&mut answers);
        for (token, outcome) in answers.drain(..) {
            self.in_hand = self.in_hand.saturating_sub(1);
            let token = Token::unpack(token);
            match token.kind {
                Kind::SubmitSm => self.answer_submit_sm(token.sequence, &outcome),
                Kind::DataSm => self.answer_data_sm(token.sequence, &outcome),
                Kind::SubmitMulti => self.answer_submit_multi(token, &outcome),
            }
        }
        self.answers = answers;
    }

    fn answer_submit_sm(&mut self, sequence: u32, outcome: &SubmitOutcome) {
        let output = self.link.output();
        let written = match first_id(outcome) {
            Ok(id) => {
                write_submit_sm_resp(self.scratch.id_text(id.0), CommandStatus::ESME_ROK, sequence, output)
            }
            Err(status) => write_submit_sm_resp(&[], status, sequence, output),
        };
        if written.is_err() {
            write_header_only(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RSYSERR, sequence, output);
        }
    }

    fn answer_data_sm(&mut self, sequence: u32, outcome: &SubmitOutcome) {
        let (status, message_id) = match first_id(outcome) {
            Ok(id) => (CommandStatus::ESME_ROK, self.scratch.id_text(id.0)),
            Err(status) => (status, [].as_slice()),
        };
        let resp = Pdu::DataSmResp(MessageResp { message_id, ..MessageResp::default() });
        let output = self.link.output();
        if resp.encode(status, sequence, output).is_err() {
            write_header_only(CommandId::DATA_SM_RESP, CommandStatus::ESME_RSYSERR, sequence, output);
        }
    }

    /// The response has one id for all messages: that of the first, by which `query_sm` finds it. Receipts name
    /// each message by its own.
    fn answer_submit_multi(&mut self, token: Token, outcome: &SubmitOutcome) {
        let destinations = self.multis.remove(&token.multi).unwrap_or_default();
        let mut unsuccess = UnsuccessBuffer::new();
        let (status, message_id) = match first_id(outcome) {
            Ok(id) => (CommandStatus::ESME_ROK, self.scratch.id_text(id.0)),
            Err(status) => {
                if let Err(rejected) = outcome {
                    list_refused(rejected, &destinations, &mut unsuccess);
                }
                (status, [].as_slice())
            }
        };
        let resp =
            SubmitMultiResp { message_id, unsuccess: unsuccess.as_list(), ..SubmitMultiResp::default() };
        let output = self.link.output();
        if Pdu::SubmitMultiResp(resp).encode(status, token.sequence, output).is_err() {
            write_header_only(
                CommandId::SUBMIT_MULTI_RESP,
                CommandStatus::ESME_RSYSERR,
                token.sequence,
                output,
            );
        }
    }

    /// Acts on `query_sm`.
    pub(super) fn query(&mut self, query: &QuerySm<'_>, sequence: u32) {
        let Some(id) = self.begin_lookup(CommandId::QUERY_SM, query.message_id, sequence) else { return };
        let Some(bound) = &self.bound else { return };
        let found = self.house.desk.message(bound.account, id);
        let (asked, source) = (query.message_id.to_vec(), query.source.digits.to_vec());
        self.lookups.push(Box::pin(async move {
            let (status, body) = query_answer(found.await, asked, &source);
            LookupAnswer { sequence, status, body }
        }));
    }

    /// Acts on `cancel_sm`. Without an id it would withdraw by addresses, which is not done.
    pub(super) fn cancel(&mut self, cancel: &CancelSm<'_>, sequence: u32) {
        if cancel.message_id.is_empty() {
            self.say(CommandId::CANCEL_SM_RESP, CommandStatus::ESME_RCANCELFAIL, sequence);
            return;
        }
        let Some(id) = self.begin_lookup(CommandId::CANCEL_SM, cancel.message_id, sequence) else { return };
        let Some(bound) = &self.bound else { return };
        let account = bound.account;
        let desk = Arc::clone(&self.house.desk);
        let (source, destination) = (cancel.source.digits.to_vec(), cancel.destination.digits.to_vec());
        self.lookups.push(Box::pin(async move {
            let status = match desk.message(account, id).await {
                Ok(Some(detail))
                    if matches(&detail.source, &source) && matches(&detail.destination, &destination) =>
                {
                    cancel_status(desk.cancel(account, id).await)
                }
                Ok(Some(_)) => CommandStatus::ESME_RCANCELFAIL,
                Ok(None) => CommandStatus::ESME_RINVMSGID,
                Err(refusal) => lookup_status(&refusal, CommandStatus::ESME_RCANCELFAIL),
            };
            LookupAnswer { sequence, status, body: LookupBody::Cancel }
        }));
    }

    /// Checks that a look-up may be taken in hand and reads its id. Refusals are answered here.
    fn begin_lookup(&mut self, command: CommandId, message_id: &[u8], sequence: u32) -> Option<MessageId> {
        self.begin_submission(command, sequence)?;
        let id = std::str::from_utf8(message_id).ok().and_then(MessageId::parse);
        let status = match id {
            Some(_) if self.lookups.len() < LOOKUPS_MAX => return id,
            Some(_) => CommandStatus::ESME_RTHROTTLED,
            None => CommandStatus::ESME_RINVMSGID,
        };
        if let Some(response) = command.response() {
            self.say(response, status, sequence);
        }
        None
    }

    pub(super) fn write_lookup_answer(&mut self, answer: &LookupAnswer) {
        let output = self.link.output();
        let (command, pdu) = match &answer.body {
            LookupBody::Query { message_id, final_date, state, error } => {
                let resp = QuerySmResp { message_id, final_date, message_state: *state, error_code: *error };
                (CommandId::QUERY_SM_RESP, Pdu::QuerySmResp(resp))
            }
            LookupBody::Cancel => (CommandId::CANCEL_SM_RESP, Pdu::CancelSmResp),
        };
        if !answer.status.is_ok() {
            write_header_only(command, answer.status, answer.sequence, output);
        } else if pdu.encode(answer.status, answer.sequence, output).is_err() {
            write_header_only(command, CommandStatus::ESME_RSYSERR, answer.sequence, output);
        }
    }
}

/// The id to answer with, or the status.
fn first_id(outcome: &SubmitOutcome) -> Result<MessageId, CommandStatus> {
    match outcome {
        Ok(Accepted { messages, .. }) => messages.first().map(|m| m.id).ok_or(CommandStatus::ESME_RSYSERR),
        Err(rejected) => {
            Err(rejected.first().map_or(CommandStatus::ESME_RSYSERR, |refusal| status_of(refusal.code)))
        }
    }
}

/// Names the destinations that were refused; all of them when the refusal is about the whole.
fn list_refused(rejected: &Rejected, destinations: &[Address], unsuccess: &mut UnsuccessBuffer) {
    for (place, refusal) in &rejected.refusals {
        let status = status_of(refusal.code);
        let blamed = match place {
            Some(place) => destinations.get(*place..).unwrap_or_default().get(..1).unwrap_or_default(),
            None => destinations,
        };
        for address in blamed {
            let destination = smpp::Address { ton: address.ton, npi: address.npi, digits: &address.octets };
            if unsuccess.push(Unsuccess { destination, status }).is_err() {
                // The list is full: it names as many as a request can have.
                return;
            }
        }
    }
}

fn query_answer(
    found: Result<Option<MessageDetail>, Refusal>,
    asked: Vec<u8>,
    source: &[u8],
) -> (CommandStatus, LookupBody) {
    let empty = LookupBody::Query { message_id: Vec::new(), final_date: Vec::new(), state: 0, error: 0 };
    match found {
        Ok(Some(detail)) if matches(&detail.source, source) => {
            let body = LookupBody::Query {
                message_id: asked,
                final_date: final_date(&detail),
                state: state_of(detail.state).code(),
                error: detail.receipt_error.parse().unwrap_or(0),
            };
            (CommandStatus::ESME_ROK, body)
        }
        Ok(Some(_)) => (CommandStatus::ESME_RQUERYFAIL, empty),
        Ok(None) => (CommandStatus::ESME_RINVMSGID, empty),
        Err(refusal) => (lookup_status(&refusal, CommandStatus::ESME_RQUERYFAIL), empty),
    }
}

/// Whether the address that a look-up names is the message's; an empty one names none.
fn matches(address: &Address, octets: &[u8]) -> bool {
    octets.is_empty() || *address.octets == *octets
}

fn final_date(detail: &MessageDetail) -> Vec<u8> {
    let ended_at = detail.final_at.filter(|_| detail.state.is_final());
    let time = ended_at.and_then(|at| AbsoluteTime::from_unix_ms(at.as_ms()));
    time.map(|time| SmppTime::Absolute(time).to_octets().to_vec()).unwrap_or_default()
}

fn cancel_status(cancelled: Result<MessageDetail, Refusal>) -> CommandStatus {
    match cancelled {
        Ok(_) => CommandStatus::ESME_ROK,
        Err(refusal) => lookup_status(&refusal, CommandStatus::ESME_RCANCELFAIL),
    }
}

fn lookup_status(refusal: &Refusal, otherwise: CommandStatus) -> CommandStatus {
    match refusal.code {
        RefusalCode::NotFound => CommandStatus::ESME_RINVMSGID,
        RefusalCode::RateLimited => CommandStatus::ESME_RTHROTTLED,
        RefusalCode::Unavailable => CommandStatus::ESME_RSYSERR,
        _ => otherwise,
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Token};

    #[test]
    fn tokens_lead_back() {
        for token in [
            Token { kind: Kind::SubmitSm, multi: 0, sequence: 0 },
            Token { kind: Kind::DataSm, multi: 0, sequence: u32::MAX },
            Token { kind: Kind::SubmitMulti, multi: Token::next_multi(u64::MAX - 1), sequence: 7 },
        ] {
            assert_eq!(Token::unpack(token.pack()), token);
        }
        assert_eq!(Token::next_multi(Token::MULTI_MASK), 0);
    }
}
