//! One session of the carrier.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;

use smpp::calendar::CivilTime;
use smpp::receipt::OutgoingReceipt;
use smpp::session::{Sequence, Window};
use smpp::{
    Address, BindResp, CommandId, CommandStatus, Header, MessageState, Pdu, ShortMessage, TlvBuffer,
    write_header_only, write_submit_sm_resp,
};
use tokio::net::TcpStream;

use super::super::link::Link;
use super::House;
use super::port::{Port, Waiting};

/// Receipts of one session that may wait for their answer; others wait for their turn.
const RECEIPT_WINDOW: usize = 1_000;
/// `esm_class` of a receipt.
const RECEIPT: u8 = 0x04;
/// `registered_delivery` bits that ask for a receipt.
const WISH: u8 = 0x03;
const OUR_NAME: &[u8] = b"responder";

/// A session.
pub(super) struct Session {
    link: Link,
    window: RefCell<Window<Waiting>>,
    sequence: RefCell<Sequence>,
    tlvs: RefCell<TlvBuffer>,
    is_over: Cell<bool>,
}

impl Session {
    /// Takes over an accepted socket.
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        Ok(Self {
            link: Link::new(stream)?,
            window: RefCell::new(Window::new(RECEIPT_WINDOW)),
            sequence: RefCell::new(Sequence::new()),
            tlvs: RefCell::default(),
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
            house.records.borrow_mut().flush();
            if turn.and_then(|()| self.link.flush()).is_err() {
                break;
            }
        }
        port.leave(&self);
        let unanswered = self.window.borrow_mut().drain();
        port.put_back(unanswered.into_iter().map(|(_, receipt)| receipt).collect());
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
        let mut text = Vec::with_capacity(160);
        let date = |since_us| CivilTime::from_unix_ms(house.unix_ms(since_us), 0);
        OutgoingReceipt {
            id: receipt.id.as_bytes(),
            submitted: 1,
            delivered: 1,
            submit_date: date(receipt.submitted_us),
            done_date: date(now_us),
            state: MessageState::Delivered,
            error: 0,
            text: b"",
        }
        .write_text(&mut text);
        let mut tlvs = self.tlvs.borrow_mut();
        tlvs.clear();
        let sequence = self.sequence.borrow_mut().advance();
        let message = ShortMessage {
            source: Address { ton: 1, npi: 1, digits: &receipt.recipient },
            destination: Address { ton: 5, npi: 0, digits: &receipt.sender },
            esm_class: RECEIPT,
            short_message: &text,
            ..ShortMessage::default()
        };
        let encoded = tlvs
            .push_receipt(receipt.id.as_bytes(), MessageState::Delivered)
            .map(|tlvs| ShortMessage { tlvs: tlvs.as_tlvs(), ..message })
            .and_then(|message| self.link.append(|output| message.encode_deliver_sm(sequence, output)));
        if encoded.is_ok() {
            house.receipts_sent.set(house.receipts_sent.get() + 1);
            // Room was asked for before and the numbers do not come round within a window.
            drop(self.window.borrow_mut().insert(sequence, receipt, now_us / 1_000));
        }
    }

    fn take(self: &Rc<Self>, house: &House, port: &Port, header: &Header, pdu: &Pdu<'_>) {
        let sequence = header.sequence_number;
        match pdu {
            Pdu::SubmitSm(message) => self.accept(house, port, sequence, message),
            Pdu::DeliverSmResp(_) => {
                if self.window.borrow_mut().take(sequence).is_some() {
                    house.receipts_taken.set(house.receipts_taken.get() + 1);
                }
            }
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
        house.binds.set(house.binds.get() + 1);
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

    fn accept(&self, house: &House, port: &Port, sequence: u32, message: &ShortMessage<'_>) {
        let id = house.next_id();
        let recipient = message.destination.digits;
        let answered = self
            .link
            .append(|output| write_submit_sm_resp(id.as_bytes(), CommandStatus::ESME_ROK, sequence, output));
        if answered.is_err() {
            self.is_over.set(true);
            return;
        }
        house.accepted.set(house.accepted.get() + 1);
        house.records.borrow_mut().push(&[&id, &String::from_utf8_lossy(recipient)]);
        if house.sends_receipts && message.registered_delivery & WISH != 0 {
            let submitted_us = house.now_us();
            port.add(Waiting {
                due_us: submitted_us + house.receipt_after_us,
                submitted_us,
                id,
                sender: message.source.digits.into(),
                recipient: recipient.into(),
            });
        }
    }
}
