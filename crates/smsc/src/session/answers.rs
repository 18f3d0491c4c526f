//! Writes what the core has answered: the ends of submissions and of look-ups.
//!
//! Answers are written in the order in which they come, which need not be that of the requests (SMPP 3.4, 2.7).
//! A peer that speaks SMPP 5.0 hears in each answer to a submission how busy its session is.

use std::sync::atomic::Ordering;

use app::submission::{Accepted, Rejected, SubmitOutcome};
use smpp::{
    CommandId, CommandStatus, MessageResp, Pdu, QuerySmResp, SubmitMultiResp, Tag, TlvBuffer, Unsuccess,
    UnsuccessBuffer, write_header_only, write_submit_sm_resp,
};
use types::address::Address;
use types::id::MessageId;
use types::message::Draft;

use super::Session;
use super::version::{congestion_of, is_congestion};
use crate::status::status_of;

/// `dpf_result`: the flag that a message waits for the phone was not set (SMPP 3.4, 5.3.2.28).
const DPF_NOT_SET: u8 = 0;

/// Which request a submission came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    SubmitSm,
    DataSm,
    /// A `data_sm` that wants a flag to be set at the phone's register (`set_dpf`), which is told not to be.
    DataSmWithDpf,
    SubmitMulti,
}

impl Kind {
    /// The request.
    pub(super) fn command(self) -> CommandId {
        match self {
            Self::SubmitSm => CommandId::SUBMIT_SM,
            Self::DataSm | Self::DataSmWithDpf => CommandId::DATA_SM,
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
            Kind::DataSmWithDpf => 3,
        };
        (kind << 62) | ((self.multi & Self::MULTI_MASK) << 32) | u64::from(self.sequence)
    }

    fn unpack(token: u64) -> Self {
        let kind = match token >> 62 {
            0 => Kind::SubmitSm,
            1 => Kind::DataSm,
            2 => Kind::SubmitMulti,
            _ => Kind::DataSmWithDpf,
        };
        let sequence = u32::try_from(token & u64::from(u32::MAX)).unwrap_or(0);
        Self { kind, multi: (token >> 32) & Self::MULTI_MASK, sequence }
    }
}

/// How a look-up ended.
pub(super) enum Found {
    /// It is answered.
    Answer(LookupAnswer),
    /// It is known which messages new ones take the place of.
    Replaced {
        kind: Kind,
        drafts: Vec<Draft>,
        replaces: Result<Vec<MessageId>, CommandStatus>,
        sequence: u32,
    },
}

/// The answer to a look-up.
pub(super) struct LookupAnswer {
    pub(super) sequence: u32,
    pub(super) status: CommandStatus,
    pub(super) body: LookupBody,
}

pub(super) enum LookupBody {
    Query {
        message_id: Vec<u8>,
        final_date: Vec<u8>,
        state: u8,
        error: u8,
    },
    /// `cancel_sm` and `replace_sm`, whose responses have a header only.
    Bare(CommandId),
}

impl Session {
    /// Writes every answer that the core has left.
    pub(super) fn take_answers(&mut self) {
        let mut answers = std::mem::take(&mut self.answers);
        self.outbox.take_answers(&mut answers);
        for (token, outcome) in answers.drain(..) {
            self.in_hand = self.in_hand.saturating_sub(1);
            let token = Token::unpack(token);
            self.note_congestion(status_and_id(&outcome).0);
            match token.kind {
                Kind::SubmitSm => self.answer_submit_sm(token.sequence, &outcome),
                Kind::DataSm | Kind::DataSmWithDpf => self.answer_data_sm(token, &outcome),
                Kind::SubmitMulti => self.answer_submit_multi(token, &outcome),
            }
        }
        self.answers = answers;
    }

    fn answer_submit_sm(&mut self, sequence: u32, outcome: &SubmitOutcome) {
        let (status, id) = status_and_id(outcome);
        if let Some(tlvs) = self.congestion(status) {
            return self.answer_with(CommandId::SUBMIT_SM_RESP, status, id, &tlvs, sequence);
        }
        let output = self.link.output();
        let id = id.map_or([].as_slice(), |id| self.scratch.id_text(id.0));
        if write_submit_sm_resp(id, status, sequence, output).is_err() {
            write_header_only(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RSYSERR, sequence, output);
        }
    }

    fn answer_data_sm(&mut self, token: Token, outcome: &SubmitOutcome) {
        let (status, id) = status_and_id(outcome);
        let mut tlvs = self.congestion(status).unwrap_or_default();
        if token.kind == Kind::DataSmWithDpf && status.is_ok() && self.takes_parameters() {
            tlvs.push_u8(Tag::DPF_RESULT, DPF_NOT_SET);
        }
        self.answer_with(CommandId::DATA_SM_RESP, status, id, &tlvs, token.sequence);
    }

    /// Writes a response of the form of `submit_sm_resp`.
    fn answer_with(
        &mut self,
        command: CommandId,
        status: CommandStatus,
        id: Option<MessageId>,
        tlvs: &TlvBuffer,
        sequence: u32,
    ) {
        let message_id = id.map_or([].as_slice(), |id| self.scratch.id_text(id.0));
        let resp = MessageResp { message_id, tlvs: tlvs.as_tlvs() };
        let pdu =
            if command == CommandId::DATA_SM_RESP { Pdu::DataSmResp(resp) } else { Pdu::SubmitSmResp(resp) };
        let output = self.link.output();
        if pdu.encode(status, sequence, output).is_err() {
            write_header_only(command, CommandStatus::ESME_RSYSERR, sequence, output);
        }
    }

    /// The response has one id for all messages: that of the first, by which `query_sm` finds it. Receipts name
    /// each message by its own.
    fn answer_submit_multi(&mut self, token: Token, outcome: &SubmitOutcome) {
        let destinations = self.multis.remove(&token.multi).unwrap_or_default();
        let mut unsuccess = UnsuccessBuffer::new();
        let (status, id) = status_and_id(outcome);
        if let Err(rejected) = outcome {
            list_refused(rejected, &destinations, &mut unsuccess);
        }
        let tlvs = self.congestion(status).unwrap_or_default();
        let message_id = id.map_or([].as_slice(), |id| self.scratch.id_text(id.0));
        let resp = SubmitMultiResp { message_id, unsuccess: unsuccess.as_list(), tlvs: tlvs.as_tlvs() };
        let output = self.link.output();
        if Pdu::SubmitMultiResp(resp).encode(status, token.sequence, output).is_err() {
            let status = CommandStatus::ESME_RSYSERR;
            write_header_only(CommandId::SUBMIT_MULTI_RESP, status, token.sequence, output);
        }
    }

    /// Refuses a submission that was not taken in hand; a peer that speaks SMPP 5.0 hears of the congestion.
    pub(super) fn refuse_submission(&mut self, command: CommandId, status: CommandStatus, sequence: u32) {
        self.note_congestion(status);
        let response = command.response().unwrap_or(CommandId::GENERIC_NACK);
        let is_message = matches!(command, CommandId::SUBMIT_SM | CommandId::DATA_SM);
        match self.congestion(status) {
            Some(tlvs) if is_message => self.answer_with(response, status, None, &tlvs, sequence),
            _ => self.refuse(command, status, sequence),
        }
    }

    /// Counts what was refused because it came too fast.
    fn note_congestion(&self, status: CommandStatus) {
        if let Some(bound) = self.bound.as_ref().filter(|_| is_congestion(status)) {
            bound.ticket.counters.throttled.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The hint of how busy the session is, for a peer that knows it (SMPP 5.0, 4.8.4.18). What has nothing to
    /// do with congestion gets it with good news only, so that errors stay as short as they are.
    fn congestion(&self, status: CommandStatus) -> Option<TlvBuffer> {
        let bound = self.bound.as_ref().filter(|bound| bound.version.has_congestion())?;
        if !status.is_ok() && !is_congestion(status) {
            return None;
        }
        let mut tlvs = TlvBuffer::new();
        let used = self.in_hand + self.lookups.len();
        tlvs.push_u8(Tag::CONGESTION_STATE, congestion_of(status, used, bound.window));
        Some(tlvs)
    }

    fn takes_parameters(&self) -> bool {
        self.bound.as_ref().is_some_and(|bound| bound.version.has_parameters())
    }

    /// Acts on the end of a look-up.
    pub(super) fn take_found(&mut self, found: Found) {
        match found {
            Found::Answer(answer) => self.write_lookup_answer(&answer),
            Found::Replaced { kind, drafts, replaces, sequence } => match replaces {
                Ok(replaces) => self.hand_over(kind, drafts, replaces, sequence),
                Err(status) => self.refuse_submission(kind.command(), status, sequence),
            },
        }
    }

    fn write_lookup_answer(&mut self, answer: &LookupAnswer) {
        let output = self.link.output();
        let (command, pdu) = match &answer.body {
            LookupBody::Query { message_id, final_date, state, error } => {
                let resp = QuerySmResp { message_id, final_date, message_state: *state, error_code: *error };
                (CommandId::QUERY_SM_RESP, Pdu::QuerySmResp(resp))
            }
            LookupBody::Bare(command) => {
                return write_header_only(*command, answer.status, answer.sequence, output);
            }
        };
        if !answer.status.is_ok() {
            write_header_only(command, answer.status, answer.sequence, output);
        } else if pdu.encode(answer.status, answer.sequence, output).is_err() {
            write_header_only(command, CommandStatus::ESME_RSYSERR, answer.sequence, output);
        }
    }
}

/// The status to answer with, and the id if it is a good one.
fn status_and_id(outcome: &SubmitOutcome) -> (CommandStatus, Option<MessageId>) {
    match outcome {
        Ok(Accepted { messages, .. }) => match messages.first() {
            Some(message) => (CommandStatus::ESME_ROK, Some(message.id)),
            None => (CommandStatus::ESME_RSYSERR, None),
        },
        Err(rejected) => {
            let first = rejected.first();
            (first.map_or(CommandStatus::ESME_RSYSERR, |refusal| status_of(refusal.code)), None)
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

#[cfg(test)]
mod tests {
    use super::{Kind, Token};

    #[test]
    fn tokens_lead_back() {
        for token in [
            Token { kind: Kind::SubmitSm, multi: 0, sequence: 0 },
            Token { kind: Kind::DataSm, multi: 0, sequence: u32::MAX },
            Token { kind: Kind::DataSmWithDpf, multi: 0, sequence: 1 },
            Token { kind: Kind::SubmitMulti, multi: Token::next_multi(u64::MAX - 1), sequence: 7 },
        ] {
            assert_eq!(Token::unpack(token.pack()), token);
        }
        assert_eq!(Token::next_multi(Token::MULTI_MASK), 0);
    }
}
