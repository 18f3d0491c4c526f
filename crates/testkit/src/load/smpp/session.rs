//! One customer's session: binds, submits, and reads answers and receipts.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use smpp::{
    Address, Bind, CommandId, CommandStatus, Header, MessageResp, Pdu, Receipt, ShortMessage,
    write_deliver_sm_resp, write_header_only,
};

use super::super::accounts::Logins;
use super::super::link::Link;
use super::House;

/// How long a bind may take.
const BIND_LIMIT: Duration = Duration::from_secs(20);
/// The sequence number of the bind; messages follow.
const BIND_SEQUENCE: u32 = 1;
/// SMPP 3.4.
const INTERFACE_VERSION: u8 = 0x34;

/// A message that was sent and not answered.
struct Open {
    due_us: u64,
    /// Empty when nobody asks for it.
    recipient: String,
}

/// Messages in hand, by sequence number; the numbers are consecutive.
struct InHand {
    first: u32,
    open: VecDeque<Option<Open>>,
    count: usize,
    is_lost: bool,
}

/// A bound session.
pub(super) struct Session {
    link: Link,
    in_hand: RefCell<InHand>,
}

/// Connects and binds as a transceiver.
pub(super) async fn bind(logins: &Logins, target: SocketAddr) -> anyhow::Result<Session> {
    let link = Link::connect(target).await.with_context(|| format!("cannot connect to {target}"))?;
    let bind = Bind {
        system_id: logins.system_id.as_bytes(),
        password: logins.password.as_bytes(),
        interface_version: INTERFACE_VERSION,
        ..Bind::default()
    };
    link.append(|output| Pdu::BindTransceiver(bind).encode(CommandStatus::ESME_ROK, BIND_SEQUENCE, output))?;
    link.flush()?;
    let answered = async {
        loop {
            link.ready().await?;
            let mut status = None;
            link.read(|frame, _| status = Some(frame.header.command_status))?;
            if let Some(status) = status {
                return io::Result::Ok(status);
            }
        }
    };
    let status = tokio::time::timeout(BIND_LIMIT, answered).await.context("a bind was not answered")??;
    if !status.is_ok() {
        bail!("a bind was refused: {status}");
    }
    let in_hand = InHand { first: BIND_SEQUENCE + 1, open: VecDeque::new(), count: 0, is_lost: false };
    Ok(Session { link, in_hand: RefCell::new(in_hand) })
}

impl Session {
    /// Whether the window allows another message.
    pub(super) fn has_room(&self, house: &House) -> bool {
        let in_hand = self.in_hand.borrow();
        in_hand.count < house.window && !in_hand.is_lost
    }

    /// Appends a message; [`Session::flush`] sends it.
    pub(super) fn submit(&self, house: &House, due_us: u64, recipient: &str) {
        let mut in_hand = self.in_hand.borrow_mut();
        let place = u32::try_from(in_hand.open.len()).unwrap_or(u32::MAX);
        let sequence = in_hand.first.wrapping_add(place);
        let message = ShortMessage {
            source: Address { ton: 5, npi: 0, digits: b"Chappe" },
            destination: Address { ton: 1, npi: 1, digits: recipient.as_bytes() },
            registered_delivery: u8::from(house.wants_receipts),
            short_message: &house.body,
            ..ShortMessage::default()
        };
        if self.link.append(|output| message.encode_submit_sm(sequence, output)).is_err() {
            house.tally.borrow_mut().refuse("not encoded");
            return;
        }
        let mut tally = house.tally.borrow_mut();
        tally.sent += 1;
        let recipient = if tally.keeps_records() { recipient.to_owned() } else { String::new() };
        in_hand.open.push_back(Some(Open { due_us, recipient }));
        in_hand.count += 1;
        house.in_flight.set(house.in_flight.get() + 1);
    }

    /// Sends what was appended. A lost link is found by the reader.
    pub(super) fn flush(&self, house: &House) {
        if self.link.flush().is_err() {
            self.lose(house);
        }
    }

    /// Reads until the link is lost.
    pub(super) async fn read_on(self: Rc<Self>, house: Rc<House>) {
        loop {
            let turn = match self.link.ready().await {
                Ok(()) => self.link.read(|frame, pdu| self.take(&house, &frame.header, pdu)),
                Err(error) => Err(error),
            };
            house.tally.borrow_mut().flush();
            house.room.notify_one();
            if turn.and_then(|()| self.link.flush()).is_err() {
                self.lose(&house);
                return;
            }
        }
    }

    fn take(&self, house: &House, header: &Header, pdu: &Pdu<'_>) {
        match pdu {
            Pdu::SubmitSmResp(response) => self.take_answer(house, header, response),
            Pdu::DeliverSm(message) => {
                let receipt = Receipt::from_message(message);
                let now_us = house.plan.get().now_us();
                house.receipts.borrow_mut().receive(receipt.as_ref().and_then(Receipt::id), now_us);
                self.link.append(|output| {
                    write_deliver_sm_resp(CommandStatus::ESME_ROK, header.sequence_number, output);
                });
            }
            Pdu::EnquireLink => self.link.append(|output| {
                let (id, status) = (CommandId::ENQUIRE_LINK_RESP, CommandStatus::ESME_ROK);
                write_header_only(id, status, header.sequence_number, output);
            }),
            _ => {}
        }
    }

    fn take_answer(&self, house: &House, header: &Header, response: &MessageResp<'_>) {
        let Some(open) = self.in_hand.borrow_mut().take(header.sequence_number) else { return };
        house.in_flight.set(house.in_flight.get().saturating_sub(1));
        let plan = house.plan.get();
        if !header.command_status.is_ok() {
            house.tally.borrow_mut().refuse(header.command_status.name());
            return;
        }
        let id = String::from_utf8_lossy(response.message_id);
        house.tally.borrow_mut().acknowledge(&plan, plan.now_us(), open.due_us, &id, &open.recipient);
        if house.wants_receipts {
            house.receipts.borrow_mut().promise(response.message_id, open.due_us);
        }
    }

    /// Gives up the link once; what it had in hand will not be answered.
    fn lose(&self, house: &House) {
        let mut in_hand = self.in_hand.borrow_mut();
        if std::mem::replace(&mut in_hand.is_lost, true) {
            return;
        }
        house.in_flight.set(house.in_flight.get().saturating_sub(in_hand.count));
        in_hand.count = 0;
        in_hand.open.clear();
        house.links_up.set(house.links_up.get().saturating_sub(1));
        house.tally.borrow_mut().links_lost += 1;
        house.room.notify_one();
    }
}

impl InHand {
    /// Takes the message of an answer out.
    fn take(&mut self, sequence: u32) -> Option<Open> {
        let place = usize::try_from(sequence.wrapping_sub(self.first)).ok()?;
        let open = self.open.get_mut(place)?.take()?;
        self.count -= 1;
        while let Some(None) = self.open.front() {
            self.open.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        Some(open)
    }
}

#[cfg(test)]
mod tests {
    use super::{InHand, Open, VecDeque};

    #[test]
    fn answers_in_any_order_find_their_message_once() {
        let open = |due_us| Some(Open { due_us, recipient: String::new() });
        let mut in_hand = InHand {
            first: 2,
            open: VecDeque::from([open(20), open(30), open(40)]),
            count: 3,
            is_lost: false,
        };
        assert_eq!(in_hand.take(3).map(|open| open.due_us), Some(30));
        assert_eq!((in_hand.first, in_hand.open.len()), (2, 3));
        assert_eq!(in_hand.take(2).map(|open| open.due_us), Some(20));
        assert_eq!((in_hand.first, in_hand.open.len(), in_hand.count), (4, 1, 1));
        assert!(in_hand.take(3).is_none() && in_hand.take(1).is_none() && in_hand.take(5).is_none());
        assert_eq!(in_hand.take(4).map(|open| open.due_us), Some(40));
    }
}
