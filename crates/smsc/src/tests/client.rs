//! A hand-driven ESME.

use std::net::SocketAddr;
use std::time::Duration;

use smpp::{
    Address, Bind, CommandId, CommandStatus, FrameCutter, Header, Pdu, ShortMessage, Strictness,
    write_header_only,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// A test that would hang fails after this time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whatever carries octets.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

pub(super) struct Client {
    pub(super) wire: Box<dyn Wire>,
    cutter: FrameCutter,
}

/// A PDU as it came.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) header: Header,
    pub(super) body: Vec<u8>,
}

impl Received {
    pub(super) fn id(&self) -> CommandId {
        self.header.command_id
    }

    pub(super) fn status(&self) -> CommandStatus {
        self.header.command_status
    }

    pub(super) fn sequence(&self) -> u32 {
        self.header.sequence_number
    }

    pub(super) fn pdu(&self) -> Pdu<'_> {
        Pdu::decode(&self.header, &self.body, Strictness::Exact).unwrap()
    }

    /// The id of a successful response.
    pub(super) fn message_id(&self) -> String {
        match self.pdu() {
            Pdu::SubmitSmResp(resp) | Pdu::DataSmResp(resp) => {
                String::from_utf8(resp.message_id.to_vec()).unwrap()
            }
            other => panic!("no response with an id: {other:?}"),
        }
    }

    pub(super) fn delivered(&self) -> ShortMessage<'_> {
        match self.pdu() {
            Pdu::DeliverSm(message) => message,
            other => panic!("no deliver_sm: {other:?}"),
        }
    }
}

impl Client {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(Box::new(stream))
    }

    /// Connects from another address of the loopback network.
    pub(super) async fn connect_from(source: [u8; 4], address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((source, 0))).unwrap();
        let stream = socket.connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(Box::new(stream))
    }

    pub(super) fn over(wire: Box<dyn Wire>) -> Self {
        Self { wire, cutter: FrameCutter::default() }
    }

    pub(super) async fn send_raw(&mut self, octets: &[u8]) {
        self.wire.write_all(octets).await.unwrap();
        self.wire.flush().await.unwrap();
    }

    pub(super) async fn send(&mut self, pdu: &Pdu<'_>, sequence: u32) {
        self.answer(pdu, CommandStatus::ESME_ROK, sequence).await;
    }

    pub(super) async fn answer(&mut self, pdu: &Pdu<'_>, status: CommandStatus, sequence: u32) {
        let mut octets = Vec::new();
        pdu.encode(status, sequence, &mut octets).unwrap();
        self.send_raw(&octets).await;
    }

    /// A PDU with a body of its own.
    pub(super) async fn send_body(&mut self, id: CommandId, sequence: u32, body: &[u8]) {
        let mut octets = Vec::new();
        write_header_only(id, CommandStatus::ESME_ROK, sequence, &mut octets);
        octets.extend_from_slice(body);
        let length = u32::try_from(octets.len()).unwrap();
        octets[..4].copy_from_slice(&length.to_be_bytes());
        self.send_raw(&octets).await;
    }

    pub(super) async fn send_bind(&mut self, id: CommandId, system_id: &str, password: &str, sequence: u32) {
        self.send(&bind(id, system_id, password), sequence).await;
    }

    pub(super) async fn submit(&mut self, sequence: u32) {
        self.send(&Pdu::SubmitSm(message()), sequence).await;
    }

    /// The next PDU, or `None` at the end of the stream.
    pub(super) async fn try_receive(&mut self) -> Option<Received> {
        loop {
            if let Some(frame) = self.cutter.next_frame().unwrap() {
                return Some(Received { header: frame.header, body: frame.body.to_vec() });
            }
            let read = self.wire.read_buf(self.cutter.buffer_mut());
            match tokio::time::timeout(PATIENCE, read).await.expect("nothing came") {
                Ok(count) if count > 0 => {}
                // A reset is an end as well.
                _ => return None,
            }
        }
    }

    pub(super) async fn receive(&mut self) -> Received {
        self.try_receive().await.expect("the server has closed")
    }

    /// Receives a PDU with no more than that to it.
    pub(super) async fn expect(&mut self, id: CommandId, status: CommandStatus, sequence: u32) -> Received {
        let received = self.receive().await;
        assert_eq!((received.id(), received.status(), received.sequence()), (id, status, sequence));
        received
    }

    pub(super) async fn expect_end(&mut self) {
        let more = self.try_receive().await;
        assert!(more.is_none(), "{more:?}");
    }

    /// Proves that the session is alive and has acted on all that was sent before.
    pub(super) async fn check_alive(&mut self) {
        self.send(&Pdu::EnquireLink, 0x7000_0001).await;
        self.expect(CommandId::ENQUIRE_LINK_RESP, CommandStatus::ESME_ROK, 0x7000_0001).await;
    }
}

/// A bind by SMPP 3.4.
pub(super) fn bind<'a>(id: CommandId, system_id: &'a str, password: &'a str) -> Pdu<'a> {
    let bind = Bind {
        system_id: system_id.as_bytes(),
        password: password.as_bytes(),
        interface_version: 0x34,
        ..Bind::default()
    };
    match id {
        CommandId::BIND_TRANSMITTER => Pdu::BindTransmitter(bind),
        CommandId::BIND_RECEIVER => Pdu::BindReceiver(bind),
        _ => Pdu::BindTransceiver(bind),
    }
}

/// A message that is in order.
pub(super) fn message() -> ShortMessage<'static> {
    ShortMessage {
        source: Address { ton: 5, npi: 0, digits: b"ACME" },
        destination: Address { ton: 1, npi: 1, digits: b"447911123456" },
        registered_delivery: 1,
        short_message: b"hello",
        ..ShortMessage::default()
    }
}
