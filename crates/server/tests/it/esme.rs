//! A customer's SMPP client, driven by hand.

use std::io::{Read, Write};
use std::path::Path;

use smpp::{
    Address, Bind, CommandId, CommandStatus, FrameCutter, Header, Pdu, Receipt, ShortMessage, Strictness,
    TlvBuffer, write_deliver_sm_resp, write_header_only,
};

use crate::house::House;
use crate::http::{Wire, dial};

/// A PDU as it came.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) header: Header,
    pub(crate) body: Vec<u8>,
}

impl Received {
    /// Decoded, by the letter of the specification.
    pub(crate) fn pdu(&self) -> Pdu<'_> {
        Pdu::decode(&self.header, &self.body, Strictness::Exact).unwrap()
    }

    /// Its command, status and sequence number.
    pub(crate) fn summary(&self) -> (CommandId, CommandStatus, u32) {
        (self.header.command_id, self.header.command_status, self.header.sequence_number)
    }
}

/// What a receipt told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) id: String,
    pub(crate) stat: String,
    pub(crate) error: String,
    pub(crate) from: String,
    pub(crate) to: String,
}

/// A connection.
pub(crate) struct Esme {
    wire: Box<dyn Wire>,
    cutter: FrameCutter,
    sequence: u32,
}

/// A message to a number, with a receipt asked for.
pub(crate) fn message<'a>(to: &'a str, text: &'a [u8]) -> ShortMessage<'a> {
    ShortMessage {
        source: Address { ton: 5, npi: 0, digits: b"Chappe" },
        destination: Address { ton: 1, npi: 1, digits: to.as_bytes() },
        registered_delivery: 1,
        short_message: text,
        ..ShortMessage::default()
    }
}

impl Esme {
    /// Connects in the clear.
    pub(crate) fn connect(address: &str) -> Self {
        Self::over(dial(address, None).unwrap())
    }

    /// Connects over TLS, trusting one authority.
    pub(crate) fn connect_tls(address: &str, authority: &str) -> Self {
        Self::over(dial(address, Some(Path::new(authority))).unwrap())
    }

    /// Takes over a connection that was made by the other side.
    pub(crate) fn over_stream(stream: std::net::TcpStream) -> Self {
        stream.set_read_timeout(Some(crate::house::SOON)).unwrap();
        Self::over(Box::new(stream))
    }

    fn over(wire: Box<dyn Wire>) -> Self {
        Self { wire, cutter: FrameCutter::default(), sequence: 0 }
    }

    /// The number for the next request.
    pub(crate) fn next(&mut self) -> u32 {
        self.sequence += 1;
        self.sequence
    }

    /// Writes octets as they are.
    pub(crate) fn raw(&mut self, octets: &[u8]) {
        self.wire.write_all(octets).unwrap();
        self.wire.flush().unwrap();
    }

    /// Sends a request; gives its sequence number.
    pub(crate) fn request(&mut self, pdu: &Pdu<'_>) -> u32 {
        let sequence = self.next();
        let mut octets = Vec::new();
        pdu.encode(CommandStatus::ESME_ROK, sequence, &mut octets).unwrap();
        self.raw(&octets);
        sequence
    }

    /// Sends a frame with any command and body.
    pub(crate) fn frame(&mut self, command: CommandId, body: &[u8]) -> u32 {
        let sequence = self.next();
        let mut octets = Vec::new();
        write_header_only(command, CommandStatus::ESME_ROK, sequence, &mut octets);
        octets.extend_from_slice(body);
        let length = u32::try_from(octets.len()).unwrap();
        octets[..4].copy_from_slice(&length.to_be_bytes());
        self.raw(&octets);
        sequence
    }

    /// The next PDU, or `None` at the end of the stream.
    pub(crate) fn try_receive(&mut self) -> Option<Received> {
        let mut chunk = [0; 16_384];
        loop {
            if let Some(frame) = self.cutter.next_frame().unwrap() {
                return Some(Received { header: frame.header, body: frame.body.to_vec() });
            }
            match self.wire.read(&mut chunk) {
                Ok(count) if count > 0 => self.cutter.extend(&chunk[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("nothing came"),
                // A reset is an end as well.
                _ => return None,
            }
        }
    }

    /// The next PDU that is no probe; probes are answered.
    pub(crate) fn receive(&mut self) -> Received {
        let began = std::time::Instant::now();
        loop {
            let received = self.try_receive().expect("the server has closed");
            assert!(began.elapsed() < crate::house::SOON, "nothing but probes came");
            if received.header.command_id != CommandId::ENQUIRE_LINK {
                return received;
            }
            let mut octets = Vec::new();
            let sequence = received.header.sequence_number;
            write_header_only(CommandId::ENQUIRE_LINK_RESP, CommandStatus::ESME_ROK, sequence, &mut octets);
            self.raw(&octets);
        }
    }

    /// Waits for the end of the stream.
    pub(crate) fn expect_end(&mut self) {
        let more = self.try_receive();
        assert!(more.is_none(), "{more:?}");
    }

    /// Receives a PDU of this command, status and number.
    pub(crate) fn expect(&mut self, command: CommandId, status: CommandStatus, sequence: u32) -> Received {
        let received = self.receive();
        assert_eq!(received.summary(), (command, status, sequence));
        received
    }

    /// Sends a bind; gives its number.
    pub(crate) fn ask_to_bind(&mut self, command: CommandId, system_id: &str, password: &str) -> u32 {
        let bind = Bind {
            system_id: system_id.as_bytes(),
            password: password.as_bytes(),
            interface_version: 0x34,
            ..Bind::default()
        };
        self.request(&match command {
            CommandId::BIND_TRANSMITTER => Pdu::BindTransmitter(bind),
            CommandId::BIND_RECEIVER => Pdu::BindReceiver(bind),
            _ => Pdu::BindTransceiver(bind),
        })
    }

    /// Binds as the demo account's transceiver.
    pub(crate) fn bind_as(&mut self, house: &House) {
        self.bind_kind(house, CommandId::BIND_TRANSCEIVER);
    }

    /// Binds as the demo account.
    pub(crate) fn bind_kind(&mut self, house: &House, command: CommandId) {
        let (system_id, password) =
            (house.value("CHAPPE_SMPP_SYSTEM_ID"), house.value("CHAPPE_SMPP_PASSWORD"));
        let sequence = self.ask_to_bind(command, system_id, password);
        self.expect(command.response().unwrap(), CommandStatus::ESME_ROK, sequence);
    }

    /// Submits and reads the answer; receipts that come first are not expected.
    pub(crate) fn submit(&mut self, message: ShortMessage<'_>) -> Result<String, CommandStatus> {
        let sequence = self.request(&Pdu::SubmitSm(message));
        let received = self.receive();
        assert_eq!(
            (received.header.command_id, received.header.sequence_number),
            (CommandId::SUBMIT_SM_RESP, sequence)
        );
        if !received.header.command_status.is_ok() {
            return Err(received.header.command_status);
        }
        match received.pdu() {
            Pdu::SubmitSmResp(response) => Ok(String::from_utf8(response.message_id.to_vec()).unwrap()),
            other => panic!("{other:?}"),
        }
    }

    /// Submits with optional parameters.
    pub(crate) fn submit_with(&mut self, message: ShortMessage<'_>, tlvs: &TlvBuffer) -> String {
        self.submit(ShortMessage { tlvs: tlvs.as_tlvs(), ..message }).unwrap()
    }

    /// Receives a receipt and takes it with thanks.
    pub(crate) fn receipt(&mut self) -> Told {
        let (told, sequence) = self.receipt_unanswered();
        self.thank(sequence);
        told
    }

    /// Receives a receipt; gives its sequence number too.
    pub(crate) fn receipt_unanswered(&mut self) -> (Told, u32) {
        let received = self.receive();
        let Pdu::DeliverSm(message) = received.pdu() else { panic!("no deliver_sm: {received:?}") };
        (read_receipt(&message), received.header.sequence_number)
    }

    /// Answers a `deliver_sm`.
    pub(crate) fn thank(&mut self, sequence: u32) {
        let mut octets = Vec::new();
        write_deliver_sm_resp(CommandStatus::ESME_ROK, sequence, &mut octets);
        self.raw(&octets);
    }

    /// Proves that the session lives and has acted on all that was sent before.
    pub(crate) fn check_alive(&mut self) {
        let sequence = self.request(&Pdu::EnquireLink);
        self.expect(CommandId::ENQUIRE_LINK_RESP, CommandStatus::ESME_ROK, sequence);
    }

    /// Takes leave.
    pub(crate) fn unbind(mut self) {
        let sequence = self.request(&Pdu::Unbind);
        self.expect(CommandId::UNBIND_RESP, CommandStatus::ESME_ROK, sequence);
        self.expect_end();
    }
}

/// Reads a receipt, whose text and parameters must say the same.
pub(crate) fn read_receipt(message: &ShortMessage<'_>) -> Told {
    let ended = !matches!(
        Receipt::from_message(message).and_then(|receipt| receipt.text.stat),
        Some("ACCEPTD" | "ENROUTE")
    );
    assert_eq!(message.esm_class & 0x3c, if ended { 0x04 } else { 0x20 }, "esm_class");
    let receipt = Receipt::from_message(message).expect("a receipt");
    assert!(!receipt.disagrees(), "text and parameters differ: {receipt:?}");
    assert!(receipt.tlv_id.is_some() && receipt.tlv_state.is_some(), "{receipt:?}");
    assert_eq!(receipt.text.id, receipt.tlv_id, "not the very same string");
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
    Told {
        id: receipt.id().unwrap().to_owned(),
        stat: receipt.text.stat.unwrap().to_owned(),
        error: receipt.text.err.unwrap_or("").to_owned(),
        from: text(message.source.digits),
        to: text(message.destination.digits),
    }
}
