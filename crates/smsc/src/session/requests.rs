//! Acts on what a customer sends.
//!
//! Every request is answered: what does not fit the state, what cannot be read and what is unknown each get the
//! status that says so, and the session goes on. Only an impossible length ends it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use app::submission::{ReplySink, ReplyTo, Submission};
use smpp::session::{BindState, Side};
use smpp::{
    CommandId, CommandStatus, FRAME_LIMIT, Frame, FrameError, HEADER_OCTETS, Pdu, ShortMessage, Strictness,
    Tag,
};
use types::id::MessageId;
use types::message::{Door, Draft};
use types::refusal::RefusalCode;

use super::answers::{Kind, Token};
use super::{LastWord, Phase, Session};
use crate::draft::{Reading, read_message, read_multi};
use crate::limits::{OPEN_FRAME_OCTETS_MAX, UNLIMITED_WINDOW_CEILING};
use crate::status::status_of;

/// `replace_if_present_flag`: the message takes the place of those that wait (SMPP 3.4, 5.2.18).
const REPLACE: u8 = 1;

impl Session {
    /// Whether frames are acted on now. Otherwise the socket is not read either, so that the peer has to wait.
    pub(super) fn may_take_frames(&self) -> bool {
        let is_listening = match self.phase {
            Phase::Running | Phase::Unbinding { .. } => true,
            Phase::Draining { last: LastWord::Unbind, .. } => true,
            // The customer has said its last word, apart from answers to reports.
            Phase::Draining { last: LastWord::UnbindResp(_), .. } => !self.window.is_empty(),
            Phase::Draining { last: LastWord::Nothing, .. } => false,
            Phase::Flushing { .. } | Phase::Over => false,
        };
        is_listening
            && self.penalty.is_none()
            && self.link.has_room()
            && self.in_hand < UNLIMITED_WINDOW_CEILING
    }

    /// Acts on every frame that has been read.
    pub(super) fn take_frames(&mut self) {
        // The frames borrow the cutter while the session changes.
        let mut cutter = std::mem::take(&mut self.cutter);
        let mut has_heard = false;
        while self.may_take_frames() {
            cutter.set_limit(self.frame_limit());
            match cutter.next_frame() {
                Ok(Some(frame)) => {
                    has_heard = true;
                    self.take_frame(&frame);
                }
                Ok(None) => break,
                Err(error) => {
                    self.refuse_stream(&error);
                    break;
                }
            }
        }
        self.cutter = cutter;
        if has_heard {
            self.link_timers.on_received(self.now_ms);
        }
    }

    /// The longest PDU that is taken now. A stranger needs a bind and no more.
    fn frame_limit(&self) -> u32 {
        if self.state == BindState::Open { OPEN_FRAME_OCTETS_MAX } else { FRAME_LIMIT }
    }

    /// Answers an impossible length; what follows it cannot be told apart, so that the session ends.
    fn refuse_stream(&mut self, error: &FrameError) {
        tracing::info!(%error, "smpp session ended, the stream is lost");
        let (status, sequence) = (error.command_status(), error.sequence_number());
        self.say(CommandId::GENERIC_NACK, status, sequence);
        match self.phase {
            Phase::Running => self.begin_draining(LastWord::Nothing),
            Phase::Draining { .. } => self.change_last_word(LastWord::Nothing),
            Phase::Unbinding { .. } | Phase::Flushing { .. } | Phase::Over => self.begin_flushing(),
        }
    }

    fn take_frame(&mut self, frame: &Frame<'_>) {
        let header = frame.header;
        let command = header.command_id;
        self.trace_input(frame);
        if let Some(status) = self.refusal_of(command) {
            self.refuse(command, status, header.sequence_number);
            return;
        }
        match Pdu::decode(&header, frame.body, Strictness::Exact) {
            Ok(pdu) => self.act(&pdu, &header),
            // The end of a deliver_sm is told by its status, even if its body is odd.
            Err(_) if command == CommandId::DELIVER_SM_RESP => {
                self.take_report_answer(header.sequence_number, header.command_status);
            }
            Err(error) => {
                tracing::debug!(%error, command = command.name(), "smpp request could not be read");
                self.refuse(command, error.command_status(), header.sequence_number);
            }
        }
    }

    /// Shows a frame to who looks.
    fn trace_input(&self, frame: &Frame<'_>) {
        let tap = self.bound.as_ref().map(|bound| &bound.ticket.tap).filter(|tap| tap.is_open());
        if let Some(tap) = tap {
            let mut octets = Vec::with_capacity(HEADER_OCTETS + frame.body.len());
            frame.header.write(&mut octets);
            octets.extend_from_slice(frame.body);
            tap.keep(Side::Esme, &octets, self.now);
        }
    }

    /// The status for a command that does not fit the state or is not known.
    fn refusal_of(&self, command: CommandId) -> Option<CommandStatus> {
        if is_broadcast(command) {
            return Some(CommandStatus::ESME_RINVCMDID);
        }
        self.state.refusal(command, Side::Esme)
    }

    /// Answers a request with an error. Responses are never answered.
    pub(super) fn refuse(&mut self, command: CommandId, status: CommandStatus, sequence: u32) {
        let response = if is_broadcast(command) { Some(CommandId::GENERIC_NACK) } else { command.response() };
        let Some(response) = response else { return };
        if command.is_bind() && self.state == BindState::Open {
            self.note_failed_bind(response, status, sequence);
        } else {
            self.say(response, status, sequence);
        }
    }

    fn act(&mut self, pdu: &Pdu<'_>, header: &smpp::Header) {
        let (command, sequence) = (header.command_id, header.sequence_number);
        match pdu {
            Pdu::SubmitSm(message) => self.submit(Kind::SubmitSm, message, sequence),
            Pdu::DataSm(data) => {
                let wants_flag = data.tlvs.integer(Tag::SET_DPF) == Some(1);
                let kind = if wants_flag { Kind::DataSmWithDpf } else { Kind::DataSm };
                self.submit(kind, &data.as_short_message(), sequence);
            }
            Pdu::SubmitMulti(multi) => {
                if let Some(reading) = self.begin_submission(command, sequence) {
                    let drafts = read_multi(multi, &reading);
                    let replaces = multi.message.replace_if_present == REPLACE;
                    self.hand_in(Kind::SubmitMulti, drafts, replaces, sequence);
                }
            }
            Pdu::EnquireLink => self.say(CommandId::ENQUIRE_LINK_RESP, CommandStatus::ESME_ROK, sequence),
            Pdu::DeliverSmResp(_) => self.take_report_answer(sequence, header.command_status),
            // A peer that knows no deliver_sm says so in this way.
            Pdu::GenericNack => self.take_nack(sequence, header.command_status),
            Pdu::QuerySm(query) => self.query(query, sequence),
            Pdu::CancelSm(cancel) => self.cancel(cancel, sequence),
            Pdu::ReplaceSm(_) => self.refuse(command, CommandStatus::ESME_RREPLACEFAIL, sequence),
            Pdu::BindReceiver(bind) | Pdu::BindTransmitter(bind) | Pdu::BindTransceiver(bind) => {
                self.bind(command, sequence, bind);
            }
            Pdu::Unbind => self.unbind(sequence),
            Pdu::UnbindResp => {
                if matches!(self.phase, Phase::Unbinding { .. }) {
                    self.begin_flushing();
                }
            }
            // Other responses answer nothing that the server has asked.
            _ => {}
        }
    }

    fn unbind(&mut self, sequence: u32) {
        match self.phase {
            Phase::Running => self.begin_draining(LastWord::UnbindResp(sequence)),
            Phase::Draining { .. } => self.change_last_word(LastWord::UnbindResp(sequence)),
            // Both sides have asked: nothing keeps the session any longer.
            Phase::Unbinding { .. } => {
                self.say(CommandId::UNBIND_RESP, CommandStatus::ESME_ROK, sequence);
                self.begin_flushing();
            }
            Phase::Flushing { .. } | Phase::Over => {}
        }
    }

    fn submit(&mut self, kind: Kind, message: &ShortMessage<'_>, sequence: u32) {
        if let Some(reading) = self.begin_submission(kind.command(), sequence) {
            let drafts = read_message(message, &reading).map(|draft| vec![draft]);
            self.hand_in(kind, drafts, message.replace_if_present == REPLACE, sequence);
        }
    }

    /// Checks that a request may be taken in hand; what must be known to read it. Refusals are answered here.
    pub(super) fn begin_submission(&mut self, command: CommandId, sequence: u32) -> Option<Reading> {
        if self.phase != Phase::Running {
            self.refuse_submission(command, status_of(RefusalCode::Unavailable), sequence);
            return None;
        }
        if self.is_window_full() {
            // Answers may have come since the frames were read.
            self.take_answers();
        }
        let bound = self.bound.as_ref()?;
        if self.is_window_full() {
            self.house.desk.note_refusal(Some(bound.account), RefusalCode::RateLimited);
            self.refuse_submission(command, CommandStatus::ESME_RTHROTTLED, sequence);
            return None;
        }
        Some(Reading {
            now: self.now,
            endpoint: bound.endpoint,
            has_success_receipts: bound.version.has_success_receipts(),
            vendor_tags: Arc::clone(&bound.vendor_tags),
        })
    }

    fn is_window_full(&self) -> bool {
        let used = self.in_hand + self.lookups.len();
        self.bound.as_ref().is_some_and(|bound| {
            bound.window != 0 && used >= usize::try_from(bound.window).unwrap_or(usize::MAX)
        })
    }

    fn hand_in(
        &mut self,
        kind: Kind,
        drafts: Result<Vec<Draft>, CommandStatus>,
        replaces: bool,
        sequence: u32,
    ) {
        let Some(bound) = &self.bound else { return };
        match drafts {
            Ok(drafts) if replaces => self.look_for_replaced(kind, drafts, sequence),
            Ok(drafts) => self.hand_over(kind, drafts, Vec::new(), sequence),
            Err(status) => {
                self.house.desk.note_refusal(Some(bound.account), RefusalCode::InvalidRequest);
                self.refuse(kind.command(), status, sequence);
            }
        }
    }

    /// Hands messages to the core, which answers later.
    pub(super) fn hand_over(
        &mut self,
        kind: Kind,
        drafts: Vec<Draft>,
        replaces: Vec<MessageId>,
        sequence: u32,
    ) {
        let Some(bound) = &self.bound else { return };
        let mut token = Token { kind, multi: 0, sequence };
        if kind == Kind::SubmitMulti {
            self.last_multi = Token::next_multi(self.last_multi);
            token.multi = self.last_multi;
            let destinations = drafts.iter().map(|draft| draft.destination.clone()).collect();
            self.multis.insert(token.multi, destinations);
        }
        bound.ticket.counters.submitted.fetch_add(1, Ordering::Relaxed);
        let submission = Submission {
            account: bound.account,
            door: Door::Smpp,
            received_at: self.now,
            idempotency: None,
            drafts,
            guard_repeats: false,
            replaces,
        };
        self.in_hand += 1;
        let sink = Arc::clone(&self.outbox) as Arc<dyn ReplySink>;
        self.house.desk.submit(submission, ReplyTo::Sink(sink, token.pack()));
    }
}

/// The broadcast operations of SMPP 5.0, which this server does not speak.
fn is_broadcast(command: CommandId) -> bool {
    matches!(
        command,
        CommandId::BROADCAST_SM | CommandId::QUERY_BROADCAST_SM | CommandId::CANCEL_BROADCAST_SM
    )
}
