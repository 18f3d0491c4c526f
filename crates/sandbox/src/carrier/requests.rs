//! What the carrier answers to each request of a bound peer.
//!
//! It only appends to the session's output; decisions about messages are made by the message centre. Start at
//! [`Session::on_frame`].

use smpp::session::{BindState, Side};
use smpp::time::{AbsoluteTime, SmppTime};
use smpp::{
    Bind, BindResp, CommandId, CommandStatus, Destination, EncodeError, Frame, MessageResp, Pdu, QuerySm,
    QuerySmResp, ShortMessage, Strictness, SubmitMulti, SubmitMultiResp, Tag, TlvBuffer, Unsuccess,
    UnsuccessBuffer, write_header_only,
};

use super::centre::{MessageCentre, Now, Verdict};
use super::delivery::id_text;
use super::fate::Fate;
use super::incoming::Incoming;
use super::session::Session;

/// The version that this carrier speaks.
const INTERFACE_VERSION: u8 = 0x34;
/// Responses that may wait on one link; beyond it they are given at once.
const LATE_RESPONSES_MAX: usize = 10_000;

/// Which request is answered.
#[derive(Clone, Copy)]
struct Request {
    id: CommandId,
    sequence: u32,
}

impl Session {
    /// Handles one frame.
    pub(super) fn on_frame(&mut self, centre: &mut MessageCentre, frame: &Frame<'_>, now: Now) {
        let request = Request { id: frame.header.command_id, sequence: frame.header.sequence_number };
        if let Some(status) = self.state.refusal(request.id, Side::Esme) {
            self.refuse(request, status);
            return;
        }
        match Pdu::decode(&frame.header, frame.body, Strictness::Exact) {
            Ok(pdu) => self.on_pdu(centre, request, &pdu, frame.header.command_status, now),
            Err(error) => self.refuse(request, error.command_status()),
        }
    }

    fn on_pdu(
        &mut self,
        centre: &mut MessageCentre,
        request: Request,
        pdu: &Pdu<'_>,
        status: CommandStatus,
        now: Now,
    ) {
        match pdu {
            Pdu::SubmitSm(message) => self.submit(centre, request, message, now),
            Pdu::DataSm(data) if self.state.can_transmit() => {
                self.submit(centre, request, &data.as_short_message(), now);
            }
            Pdu::DataSm(_) => self.refuse(request, CommandStatus::ESME_RINVBNDSTS),
            Pdu::SubmitMulti(multi) => self.submit_multi(centre, request, multi, now),
            Pdu::DeliverSmResp(_) | Pdu::GenericNack => {
                self.delivery_answered(centre, request.sequence, status, now);
            }
            Pdu::QuerySm(query) => self.query(centre, request, query, now),
            Pdu::CancelSm(cancel) => match centre.cancel(cancel, now) {
                Ok(id) => {
                    self.shared.phones.mark_deleted(&id_text(id));
                    self.answer(request, &Pdu::CancelSmResp);
                }
                Err(status) => self.refuse(request, status),
            },
            Pdu::ReplaceSm(replace) => {
                let status = centre.replace(replace.message_id);
                self.refuse(request, status);
            }
            Pdu::BindReceiver(bind) | Pdu::BindTransmitter(bind) | Pdu::BindTransceiver(bind) => {
                self.on_bind(centre, request, bind, now);
            }
            Pdu::EnquireLink => self.answer(request, &Pdu::EnquireLinkResp),
            Pdu::Unbind => {
                self.answer(request, &Pdu::UnbindResp);
                self.drain(now);
            }
            // Answers to our own probes; that something came has been noted.
            _ if request.id.is_response() => {}
            _ => self.refuse(request, CommandStatus::ESME_RINVCMDID),
        }
    }

    fn on_bind(&mut self, centre: &mut MessageCentre, request: Request, bind: &Bind<'_>, now: Now) {
        let options = &self.shared.options;
        let status = if bind.system_id != options.system_id.as_bytes() {
            CommandStatus::ESME_RINVSYSID
        } else if bind.password != options.password.expose().as_bytes() {
            CommandStatus::ESME_RINVPASWD
        } else {
            CommandStatus::ESME_ROK
        };
        let Some(state) = BindState::after_bind(request.id).filter(|_| status.is_ok()) else {
            self.refuse(request, status);
            self.drain(now);
            return;
        };
        self.interface_version = bind.interface_version;
        let mut tlvs = TlvBuffer::new();
        if bind.interface_version >= INTERFACE_VERSION {
            tlvs.push_u8(Tag::SC_INTERFACE_VERSION, INTERFACE_VERSION);
        }
        let resp = BindResp { system_id: b"sandbox", tlvs: tlvs.as_tlvs() };
        let pdu = match state {
            BindState::BoundReceiver => Pdu::BindReceiverResp(resp),
            BindState::BoundTransmitter => Pdu::BindTransmitterResp(resp),
            _ => Pdu::BindTransceiverResp(resp),
        };
        self.answer(request, &pdu);
        self.bind(centre, state, now);
    }

    fn submit(&mut self, centre: &mut MessageCentre, request: Request, message: &ShortMessage<'_>, now: Now) {
        let incoming = match Incoming::read(message) {
            Ok(incoming) => incoming,
            Err(status) => return self.refuse(request, status),
        };
        let verdict = centre.judge(&incoming);
        if let Verdict::Refuse(status) = verdict {
            return self.refuse(request, status);
        }
        let id = id_text(centre.take(&incoming, now));
        self.show(&incoming, &id, now);
        let resp = MessageResp { message_id: id.as_bytes(), ..MessageResp::default() };
        let pdu =
            if request.id == CommandId::DATA_SM { Pdu::DataSmResp(resp) } else { Pdu::SubmitSmResp(resp) };
        match verdict {
            Verdict::Accept { response_after_ms: 0 } => self.answer(request, &pdu),
            Verdict::Accept { response_after_ms } => {
                self.answer_later(request, &pdu, now.ms + response_after_ms)
            }
            Verdict::Cut | Verdict::Refuse(_) => self.drain(now),
        }
    }

    fn submit_multi(
        &mut self,
        centre: &mut MessageCentre,
        request: Request,
        multi: &SubmitMulti<'_>,
        now: Now,
    ) {
        let mut taken = Vec::with_capacity(multi.destinations.len());
        let mut unsuccess = UnsuccessBuffer::new();
        let mut first_refusal = CommandStatus::ESME_RINVNUMDESTS;
        let mut wait_ms = 0;
        let mut is_cut = false;
        for destination in multi.destinations.iter() {
            let (address, verdict) = match destination {
                // This carrier keeps no distribution lists; the refusal names the list.
                Destination::DistributionList(name) => (
                    smpp::Address { digits: name, ..smpp::Address::EMPTY },
                    Verdict::Refuse(CommandStatus::ESME_RINVDLNAME),
                ),
                Destination::Address(address) => match Incoming::read(&multi.for_destination(address)) {
                    Err(status) => (address, Verdict::Refuse(status)),
                    Ok(incoming) => {
                        let verdict = centre.judge(&incoming);
                        if !matches!(verdict, Verdict::Refuse(_)) {
                            taken.push(incoming);
                        }
                        (address, verdict)
                    }
                },
            };
            match verdict {
                Verdict::Accept { response_after_ms } => wait_ms = wait_ms.max(response_after_ms),
                Verdict::Cut => is_cut = true,
                Verdict::Refuse(status) => {
                    if unsuccess.as_list().is_empty() {
                        first_refusal = status;
                    }
                    if let Err(error) = unsuccess.push(Unsuccess { destination: address, status }) {
                        tracing::warn!(%error, "simulated carrier cannot list a refused destination");
                    }
                }
            }
        }
        if taken.is_empty() {
            return self.refuse(request, first_refusal);
        }
        let id = id_text(centre.take_all(&taken, now));
        taken.iter().for_each(|incoming| self.show(incoming, &id, now));
        let pdu = Pdu::SubmitMultiResp(SubmitMultiResp {
            message_id: id.as_bytes(),
            unsuccess: unsuccess.as_list(),
            ..SubmitMultiResp::default()
        });
        if is_cut {
            self.drain(now);
        } else if wait_ms > 0 {
            self.answer_later(request, &pdu, now.ms + wait_ms);
        } else {
            self.answer(request, &pdu);
        }
    }

    fn query(&mut self, centre: &mut MessageCentre, request: Request, query: &QuerySm<'_>, now: Now) {
        match centre.query(query, now) {
            Err(status) => self.refuse(request, status),
            Ok((state, error, done_at)) => {
                let done = done_at.and_then(|at| AbsoluteTime::from_unix_ms(at.as_ms()));
                let done = done.map(|time| SmppTime::Absolute(time).to_octets());
                self.answer(
                    request,
                    &Pdu::QuerySmResp(QuerySmResp {
                        message_id: query.message_id,
                        final_date: done.as_ref().map_or(&[], |octets| octets.as_slice()),
                        message_state: state.code(),
                        error_code: u8::try_from(error).unwrap_or(u8::MAX),
                    }),
                );
            }
        }
    }

    fn delivery_answered(
        &mut self,
        centre: &mut MessageCentre,
        sequence: u32,
        status: CommandStatus,
        now: Now,
    ) {
        let Some((delivery, _)) = self.window.take(sequence) else { return };
        match status {
            CommandStatus::ESME_ROK => centre.acknowledge(),
            CommandStatus::ESME_RTHROTTLED
            | CommandStatus::ESME_RMSGQFUL
            | CommandStatus::ESME_RSYSERR
            | CommandStatus::ESME_RX_T_APPN => centre.retry(delivery, now),
            // The peer does not want it.
            _ => {}
        }
    }

    fn show(&self, incoming: &Incoming<'_>, id: &str, now: Now) {
        if self.shared.options.keep_phones {
            self.shared.phones.receive(incoming, id, Fate::of(incoming.destination.digits()).name(), now);
        }
    }

    fn refuse(&mut self, request: Request, status: CommandStatus) {
        // Responses are never answered.
        if let Some(response) = request.id.response() {
            write_header_only(response, status, request.sequence, &mut self.out);
        }
    }

    fn answer(&mut self, request: Request, pdu: &Pdu<'_>) {
        let written = pdu.encode(CommandStatus::ESME_ROK, request.sequence, &mut self.out);
        self.refuse_unwritten(request, written);
    }

    fn answer_later(&mut self, request: Request, pdu: &Pdu<'_>, due_ms: u64) {
        if self.late.len() >= LATE_RESPONSES_MAX {
            return self.answer(request, pdu);
        }
        let mut octets = Vec::new();
        if let Err(error) = pdu.encode(CommandStatus::ESME_ROK, request.sequence, &mut octets) {
            return self.refuse_unwritten(request, Err(error));
        }
        self.late_count += 1;
        self.late.insert((due_ms, self.late_count), octets);
    }

    /// A response that cannot be encoded becomes an error, so that the peer does not wait for ever.
    fn refuse_unwritten(&mut self, request: Request, written: Result<(), EncodeError>) {
        if let Err(error) = written {
            tracing::warn!(%error, "simulated carrier cannot encode a response");
            self.refuse(request, CommandStatus::ESME_RSYSERR);
        }
    }
}
