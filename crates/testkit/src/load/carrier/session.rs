//! One session of the carrier.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;

use smpp::calendar::CivilTime;
use smpp::receipt::OutgoingReceipt;
use smpp::session::{Sequence, Window};
use smpp::{
    Address, BindResp, CommandId, CommandStatus, Header, MessageState, Pdu, QuerySm, QuerySmResp,
    ShortMessage, TlvBuffer, write_header_only, write_submit_sm_resp,
};
use tokio::net::TcpStream;

use super::super::link::Link;
use super::super::peer;
use super::chaos::{Answer, Fate, Form};
use super::port::{Port, Waiting};
use super::{House, count};

/// Receipts of one session that may wait for their answer; others wait for their turn.
const RECEIPT_WINDOW: usize = 1_000;
/// `esm_class` of a receipt.
const RECEIPT: u8 = 0x04;
/// `esm_class` of an intermediate notification.
const INTERMEDIATE: u8 = 0x20;
/// Octets of a first word that are noted.
const WORD_OCTETS_MAX: usize = 64;
/// `registered_delivery` bits that ask for a receipt.
const WISH: u8 = 0x03;
const OUR_NAME: &[u8] = b"responder";

/// A session.
pub(super) struct Session {
    link: Link,
    window: RefCell<Window<Waiting>>,
    sequence: RefCell<Sequence>,
    tlvs: RefCell<TlvBuffer>,
    /// Answers that come later: when, to which request, with which id. All wait equally long.
    delayed: RefCell<VecDeque<(u64, u32, String)>>,
    number: u64,
    is_over: Cell<bool>,
}

impl Session {
    /// Takes over an accepted socket; the number is its own in this process.
    pub(super) fn new(stream: TcpStream, number: u64) -> io::Result<Self> {
        Ok(Self {
            link: Link::new(stream)?,
            window: RefCell::new(Window::new(RECEIPT_WINDOW)),
            sequence: RefCell::new(Sequence::new()),
            tlvs: RefCell::default(),
            delayed: RefCell::default(),
            number,
            is_over: Cell::new(false),
        })
    }

    /// Serves until the peer unbinds or the link is lost.
    pub(super) async fn serve(self: Rc<Self>, house: Rc<House>, port: Rc<Port>) {
        while !self.is_over.get() {
            let turn = match self.link.ready().await {
                Ok(()) => self.link.read(|frame, pdu| self.take(&house, &port, &frame.header, pdu)),
                Err(error) => Err(error),
            };
            house.flush_records();
            if turn.and_then(|()| self.link.flush()).is_err() {
                break;
            }
        }
        port.leave(&self);
        let unanswered = self.window.borrow_mut().drain();
        port.put_back(unanswered.into_iter().map(|(_, receipt)| receipt).collect());
    }

    /// Its number.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Appends the answers that are due; whether there was one.
    pub(super) fn answer_delayed(&self, now_us: u64) -> bool {
        let mut delayed = self.delayed.borrow_mut();
        let due = delayed.partition_point(|(due_us, ..)| *due_us <= now_us);
        for (_, sequence, id) in delayed.drain(..due) {
            self.answer_submit(&id, sequence);
        }
        due > 0
    }

    /// Whether another receipt may be sent.
    pub(super) fn has_room(&self) -> bool {
        !self.window.borrow().is_full()
    }

    /// Sends what was appended. A lost link is found by the reader.
    pub(super) fn flush(&self) {
        drop(self.link.flush());
    }

    /// Appends a receipt.
    pub(super) fn deliver(&self, house: &House, receipt: Waiting, now_us: u64) {
        let form = house.chaos.as_ref().map_or(Form::Both, |chaos| chaos.borrow().form());
        let mut text = Vec::with_capacity(160);
        let date = |since_us| CivilTime::from_unix_ms(house.unix_ms(since_us), 0);
        if form != Form::Tlv {
            OutgoingReceipt {
                id: receipt.id.as_bytes(),
                submitted: 1,
                delivered: u16::from(receipt.state == MessageState::Delivered),
                submit_date: date(receipt.submitted_us),
                done_date: date(now_us),
                state: receipt.state,
                error: 0,
                text: b"",
            }
            .write_text(&mut text);
        }
        let mut tlvs = self.tlvs.borrow_mut();
        tlvs.clear();
        let pushed = match form {
            Form::Text => Ok(()),
            Form::Both | Form::Tlv => tlvs.push_receipt(receipt.id.as_bytes(), receipt.state).map(drop),
        };
        let sequence = self.sequence.borrow_mut().advance();
        let message = ShortMessage {
            source: Address { ton: 1, npi: 1, digits: &receipt.recipient },
            destination: Address { ton: 5, npi: 0, digits: &receipt.sender },
            esm_class: if receipt.state.is_final() { RECEIPT } else { INTERMEDIATE },
            short_message: &text,
            tlvs: tlvs.as_tlvs(),
            ..ShortMessage::default()
        };
        let encoded =
            pushed.and_then(|()| self.link.append(|output| message.encode_deliver_sm(sequence, output)));
        if encoded.is_ok() {
            count(&house.receipts_sent);
            // Room was asked for before and the numbers do not come round within a window.
            drop(self.window.borrow_mut().insert(sequence, receipt, now_us / 1_000));
        }
    }

    fn take(self: &Rc<Self>, house: &House, port: &Port, header: &Header, pdu: &Pdu<'_>) {
        let sequence = header.sequence_number;
        match pdu {
            Pdu::SubmitSm(message) => self.accept(house, port, sequence, message),
            Pdu::DeliverSmResp(_) => {
                let answered = self.window.borrow_mut().take(sequence);
                match answered {
                    Some((receipt, _)) if header.command_status.is_ok() => told(house, &receipt),
                    Some((receipt, _)) => {
                        count(&house.receipts_refused);
                        port.refused(receipt, house.now_us());
                    }
                    None => {}
                }
            }
            Pdu::QuerySm(query) if house.chaos.is_some() => self.answer_query(house, sequence, query),
            Pdu::BindTransceiver(_) | Pdu::BindReceiver(_) => {
                self.answer_bind(house, header);
                port.join(self);
            }
            Pdu::BindTransmitter(_) => self.answer_bind(house, header),
            Pdu::EnquireLink => self.answer(CommandId::ENQUIRE_LINK_RESP, CommandStatus::ESME_ROK, sequence),
            Pdu::Unbind => {
                self.answer(CommandId::UNBIND_RESP, CommandStatus::ESME_ROK, sequence);
                self.is_over.set(true);
            }
            Pdu::EnquireLinkResp | Pdu::GenericNack => {}
            _ => self.answer(CommandId::GENERIC_NACK, CommandStatus::ESME_RINVCMDID, sequence),
        }
    }

    fn answer(&self, id: CommandId, status: CommandStatus, sequence: u32) {
        self.link.append(|output| write_header_only(id, status, sequence, output));
    }

    fn answer_bind(&self, house: &House, header: &Header) {
        count(&house.binds);
        let response = BindResp { system_id: OUR_NAME, ..BindResp::default() };
        let response = match header.command_id {
            CommandId::BIND_RECEIVER => Pdu::BindReceiverResp(response),
            CommandId::BIND_TRANSMITTER => Pdu::BindTransmitterResp(response),
            _ => Pdu::BindTransceiverResp(response),
        };
        let sequence = header.sequence_number;
        let encoded = self.link.append(|output| response.encode(CommandStatus::ESME_ROK, sequence, output));
        if encoded.is_err() {
            self.is_over.set(true);
        }
    }

    fn answer_submit(&self, id: &str, sequence: u32) {
        let status = CommandStatus::ESME_ROK;
        let answered =
            self.link.append(|output| write_submit_sm_resp(id.as_bytes(), status, sequence, output));
        if answered.is_err() {
            self.is_over.set(true);
        }
    }

    fn answer_query(&self, house: &House, sequence: u32, query: &QuerySm<'_>) {
        count(&house.queries);
        let id = String::from_utf8_lossy(query.message_id);
        let known = house.chaos.as_ref().and_then(|chaos| chaos.borrow().state(&id, house.now_us()));
        let (status, response) = match known {
            Some(state) => {
                let message_id = query.message_id;
                let response =
                    QuerySmResp { message_id, message_state: state.code(), ..QuerySmResp::default() };
                (CommandStatus::ESME_ROK, response)
            }
            None => (CommandStatus::ESME_RQUERYFAIL, QuerySmResp::default()),
        };
        let response = Pdu::QuerySmResp(response);
        if self.link.append(|output| response.encode(status, sequence, output)).is_err() {
            self.is_over.set(true);
        }
    }

    fn accept(&self, house: &House, port: &Port, sequence: u32, message: &ShortMessage<'_>) {
        let fate = house.draw();
        if fate.answer == Answer::Throttled {
            count(&house.throttled);
            self.answer(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RTHROTTLED, sequence);
            return;
        }
        count(&house.accepted);
        note(house, &fate, message);
        let now_us = house.now_us();
        match fate.answer {
            Answer::Now => self.answer_submit(&fate.id, sequence),
            Answer::Twice => {
                self.answer_submit(&fate.id, sequence);
                self.answer_submit(&fate.id, sequence);
            }
            Answer::After(after_us) => {
                self.delayed.borrow_mut().push_back((now_us + after_us, sequence, fate.id.clone()));
            }
            Answer::Never | Answer::Throttled => {}
        }
        if let Some(chaos) = &house.chaos
            && let Some(last) = fate.receipts.iter().find(|told| told.state.is_final())
        {
            chaos.borrow_mut().remember(&fate.id, last.state, now_us + last.after_us);
        }
        if house.sends_receipts && message.registered_delivery & WISH != 0 {
            for receipt in &fate.receipts {
                count(&house.receipts_due);
                port.add(Waiting {
                    due_us: now_us + receipt.after_us,
                    submitted_us: now_us,
                    id: fate.receipt_id.clone(),
                    state: receipt.state,
                    taken_by: self.number,
                    over: fate.over,
                    sender: message.source.digits.into(),
                    recipient: message.destination.digits.into(),
                });
            }
        }
    }
}

/// Notes a message that was taken.
fn note(house: &House, fate: &Fate, message: &ShortMessage<'_>) {
    let recipient = String::from_utf8_lossy(message.destination.digits);
    let mut records = house.records.borrow_mut();
    if house.chaos.is_some() {
        records.push(&[&fate.id, &recipient, &first_word(message)]);
    } else if house.notes_times {
        records.push(&[&fate.id, &recipient, &peer::unix_now_us().to_string()]);
    } else {
        records.push(&[&fate.id, &recipient]);
    }
}

/// Notes a receipt that was taken.
fn told(house: &House, receipt: &Waiting) {
    count(&house.receipts_taken);
    let recipient = String::from_utf8_lossy(&receipt.recipient);
    house.told.borrow_mut().push(&[&receipt.id, &recipient, receipt.state.stat()]);
}

/// The first word of a text, by which a test knows a message; `-` where there is none of plain letters.
fn first_word(message: &ShortMessage<'_>) -> String {
    let (_, payload) = message.split_udh().unwrap_or((&[], message.payload()));
    let is_plain = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.');
    let word: Vec<u8> = payload.iter().copied().take_while(is_plain).take(WORD_OCTETS_MAX).collect();
    if word.is_empty() { "-".to_owned() } else { String::from_utf8_lossy(&word).into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_known_by_its_first_word() {
        let cases: [(&[u8], &str); 4] =
            [(b"cut-17 and more", "cut-17"), (b"alone", "alone"), (b"", "-"), (b"\0h\0i", "-")];
        for (short_message, expected) in cases {
            assert_eq!(first_word(&ShortMessage { short_message, ..ShortMessage::default() }), expected);
        }
    }
}
