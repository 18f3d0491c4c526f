//! A hand-driven end of an SMPP link for tests: it sends what it is told and takes the next PDU that comes.
//!
//! It does nothing by itself: it answers no probe and acknowledges nothing. It serves as a client
//! ([`Wire::connect`]) and as the carrier's side of an accepted socket ([`Wire::new`]). Whatever goes wrong
//! panics, which is how a test fails.
#![expect(clippy::expect_used, clippy::panic, reason = "only tests use it, and a test fails by panicking")]

use std::net::SocketAddr;
use std::time::Duration;

use smpp::{
    Bind, BindResp, CommandId, CommandStatus, FrameCutter, Header, MessageResp, Pdu, Receipt, ShortMessage,
    Strictness,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How long a test waits for what must come; reached only by a failing test.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// SMPP 3.4.
const INTERFACE_VERSION: u8 = 0x34;

/// One end of a link.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    cutter: FrameCutter,
    sequence: u32,
}

/// A PDU that came.
#[derive(Debug)]
pub struct Received {
    /// Its header.
    pub header: Header,
    body: Vec<u8>,
}

impl Wire {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).await.expect("nobody listens"))
    }

    /// Waits for the next connection.
    pub async fn accept(listener: &TcpListener) -> Self {
        let accepted = tokio::time::timeout(PATIENCE, listener.accept()).await.expect("nobody connects");
        Self::new(accepted.expect("the listener is broken").0)
    }

    /// Takes over an open socket.
    #[must_use]
    pub fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("the socket is closed");
        Self { stream, cutter: FrameCutter::default(), sequence: 0 }
    }

    /// The socket, to do to it what has no name here.
    pub const fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Sends a request and returns its sequence number.
    pub async fn send(&mut self, pdu: &Pdu<'_>) -> u32 {
        self.sequence += 1;
        self.send_as(pdu, CommandStatus::ESME_ROK, self.sequence).await;
        self.sequence
    }

    /// Sends a PDU with this status and sequence number.
    pub async fn send_as(&mut self, pdu: &Pdu<'_>, status: CommandStatus, sequence: u32) {
        self.send_octets(&encoded(pdu, status, sequence)).await;
    }

    /// Sends octets, whatever they are.
    pub async fn send_octets(&mut self, octets: &[u8]) {
        self.stream.write_all(octets).await.expect("the peer has closed the link");
    }

    /// The next PDU; `None` when the peer has closed the link.
    pub async fn next(&mut self) -> Option<Received> {
        loop {
            if let Some(frame) = self.cutter.next_frame().expect("the peer does not speak SMPP") {
                return Some(Received { header: frame.header, body: frame.body.to_vec() });
            }
            let mut chunk = [0; 4096];
            let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut chunk)).await;
            match read.expect("the peer says nothing") {
                Ok(0) | Err(_) => return None,
                Ok(octets) => self.cutter.extend(chunk.get(..octets).unwrap_or_default()),
            }
        }
    }

    /// The next PDU, which must be this one.
    pub async fn expect(&mut self, id: CommandId) -> Received {
        let received = self.next().await.expect("the peer has closed the link");
        assert_eq!(received.header.command_id, id);
        received
    }

    /// Sends a request and takes the very next PDU as its response.
    pub async fn ask(&mut self, pdu: &Pdu<'_>) -> Received {
        let sequence = self.send(pdu).await;
        let received = self.next().await.expect("the peer has closed the link");
        assert_eq!(Some(received.header.command_id), pdu.command_id().response());
        assert_eq!(received.header.sequence_number, sequence);
        received
    }

    /// Proves that nothing is on its way: the next thing to come is the answer to a probe.
    pub async fn expect_silence(&mut self) {
        self.ask(&Pdu::EnquireLink).await;
    }

    /// Binds as a client and gives the status of the answer.
    pub async fn bind(&mut self, id: CommandId, system_id: &str, password: &str) -> CommandStatus {
        let bind = Bind {
            system_id: system_id.as_bytes(),
            password: password.as_bytes(),
            interface_version: INTERFACE_VERSION,
            ..Bind::default()
        };
        let pdu = match id {
            CommandId::BIND_RECEIVER => Pdu::BindReceiver(bind),
            CommandId::BIND_TRANSMITTER => Pdu::BindTransmitter(bind),
            _ => Pdu::BindTransceiver(bind),
        };
        self.ask(&pdu).await.status()
    }

    /// Submits as a client and takes the next PDU as the response.
    pub async fn submit(&mut self, message: ShortMessage<'_>) -> Received {
        self.ask(&Pdu::SubmitSm(message)).await
    }

    /// Takes the next delivery and acknowledges it.
    pub async fn delivery(&mut self) -> Received {
        let received = self.expect(CommandId::DELIVER_SM).await;
        self.acknowledge(&received, CommandStatus::ESME_ROK).await;
        received
    }

    /// Answers a delivery.
    pub async fn acknowledge(&mut self, delivery: &Received, status: CommandStatus) {
        let response = Pdu::DeliverSmResp(MessageResp::default());
        self.send_as(&response, status, delivery.header.sequence_number).await;
    }

    /// Takes the next PDU as a bind and answers it, as a carrier of that name.
    pub async fn answer_bind(&mut self, system_id: &str, status: CommandStatus) -> Received {
        let received = self.next().await.expect("the peer has closed the link");
        let response = BindResp { system_id: system_id.as_bytes(), ..BindResp::default() };
        let response = match received.header.command_id {
            CommandId::BIND_RECEIVER => Pdu::BindReceiverResp(response),
            CommandId::BIND_TRANSMITTER => Pdu::BindTransmitterResp(response),
            CommandId::BIND_TRANSCEIVER => Pdu::BindTransceiverResp(response),
            other => panic!("a bind is expected and not {other}"),
        };
        self.send_as(&response, status, received.header.sequence_number).await;
        received
    }

    /// Answers a submit with this id.
    pub async fn accept_submit(&mut self, submit: &Received, message_id: &str) {
        let response =
            Pdu::SubmitSmResp(MessageResp { message_id: message_id.as_bytes(), ..MessageResp::default() });
        self.send_as(&response, CommandStatus::ESME_ROK, submit.header.sequence_number).await;
    }
}

impl Received {
    /// The PDU, read strictly.
    #[must_use]
    pub fn pdu(&self) -> Pdu<'_> {
        Pdu::decode(&self.header, &self.body, Strictness::Exact).expect("the peer sent a broken PDU")
    }

    /// Its status.
    #[must_use]
    pub const fn status(&self) -> CommandStatus {
        self.header.command_status
    }

    /// The id of a successful response.
    pub fn message_id(&self) -> String {
        assert_eq!(self.status(), CommandStatus::ESME_ROK);
        let id = match self.pdu() {
            Pdu::SubmitSmResp(response) | Pdu::DataSmResp(response) => response.message_id,
            Pdu::SubmitMultiResp(response) => response.message_id,
            other => panic!("{other:?}"),
        };
        String::from_utf8(id.to_vec()).expect("an id is text")
    }

    /// The message that it carries.
    #[must_use]
    pub fn message(&self) -> ShortMessage<'_> {
        match self.pdu() {
            Pdu::DeliverSm(message) | Pdu::SubmitSm(message) => message,
            other => panic!("{other:?}"),
        }
    }

    /// What a receipt says: id, `stat` and `err`; text and TLVs must agree.
    pub fn receipt(&self) -> (String, String, String) {
        let message = self.message();
        let receipt = Receipt::from_message(&message).expect("a receipt is expected");
        assert!(receipt.tlv_id.is_some() && receipt.tlv_state.is_some() && !receipt.disagrees());
        let word = |word: Option<&str>| word.expect("the receipt says too little").to_owned();
        (word(receipt.id()), word(receipt.text.stat), word(receipt.text.err))
    }
}

/// A PDU as octets.
#[must_use]
pub fn encoded(pdu: &Pdu<'_>, status: CommandStatus, sequence: u32) -> Vec<u8> {
    let mut octets = Vec::new();
    pdu.encode(status, sequence, &mut octets).expect("the test made a PDU that cannot be written");
    octets
}
