//! A hand-driven SMPP client, a clock that moves only when told, and a carrier for tests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ports::BoxFuture;
use ports::clock::Clock;
use ports::entropy::Entropy;
use smpp::{
    Address, Bind, CommandId, CommandStatus, FrameCutter, Header, Pdu, Receipt, ShortMessage, Strictness,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use types::time::Timestamp;

use crate::{Carrier, CarrierOptions, StartError};

/// How long a test waits for what must come; reached only by a failing test.
const PATIENCE: Duration = Duration::from_secs(20);
/// Wall clock at the start: 2026-01-02T03:04:05Z.
const START_MS: i64 = 1_767_323_045_000;

pub(super) const SENDER: &[u8] = b"ACME";

#[derive(Default)]
struct Hands {
    now_ms: u64,
    sleepers: Vec<(u64, oneshot::Sender<()>)>,
}

/// A clock that stands still until it is advanced.
#[derive(Default)]
pub(super) struct HandClock {
    hands: Mutex<Hands>,
}

impl HandClock {
    pub(super) fn advance(&self, ms: u64) {
        let mut hands = self.hands.lock().unwrap();
        hands.now_ms += ms;
        let now_ms = hands.now_ms;
        for (_, sleeper) in hands.sleepers.extract_if(.., |(due_ms, _)| *due_ms <= now_ms) {
            // The sleep may have been dropped.
            let _gone = sleeper.send(());
        }
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        let ms = self.hands.lock().unwrap().now_ms;
        Timestamp::from_ms(START_MS + i64::try_from(ms).unwrap())
    }

    fn monotonic_us(&self) -> u64 {
        self.hands.lock().unwrap().now_ms * 1_000
    }

    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()> {
        let mut hands = self.hands.lock().unwrap();
        let (wake, woken) = oneshot::channel();
        let due_ms = hands.now_ms + ms;
        if ms == 0 {
            return Box::pin(std::future::ready(()));
        }
        hands.sleepers.push((due_ms, wake));
        Box::pin(async move {
            let _ended = woken.await;
        })
    }
}

struct FixedEntropy;

impl Entropy for FixedEntropy {
    fn fill(&self, out: &mut [u8]) {
        out.fill(0x42);
    }
}

/// A carrier and what drives it.
pub(super) struct Stage {
    pub(super) carrier: Carrier,
    pub(super) clock: Arc<HandClock>,
    pub(super) shutdown: watch::Sender<bool>,
}

impl Stage {
    pub(super) async fn new() -> Self {
        Self::with(CarrierOptions::new("chappe", "secret")).await
    }

    pub(super) async fn with(options: CarrierOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clock = Arc::new(HandClock::default());
        let shutdown = watch::Sender::new(false);
        let carrier = start(listener, &clock, options, &shutdown).unwrap();
        Self { carrier, clock, shutdown }
    }

    pub(super) async fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.carrier.local_addr()).await.unwrap();
        Client { stream, cutter: FrameCutter::default(), sequence: 0 }
    }

    /// A client that is bound already.
    pub(super) async fn bound(&self, bind: CommandId) -> Client {
        let mut client = self.connect().await;
        assert_eq!(client.bind(bind, "chappe", "secret").await, CommandStatus::ESME_ROK);
        client
    }

    pub(super) async fn transceiver(&self) -> Client {
        self.bound(CommandId::BIND_TRANSCEIVER).await
    }
}

/// Starts a carrier.
pub(super) fn start(
    listener: TcpListener,
    clock: &Arc<HandClock>,
    options: CarrierOptions,
    shutdown: &watch::Sender<bool>,
) -> Result<Carrier, StartError> {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    Carrier::start(listener, clock, Arc::new(FixedEntropy), options, shutdown.subscribe())
}

/// A PDU that came.
pub(super) struct Received {
    pub(super) header: Header,
    body: Vec<u8>,
}

impl Received {
    pub(super) fn pdu(&self) -> Pdu<'_> {
        Pdu::decode(&self.header, &self.body, Strictness::Exact).unwrap()
    }

    pub(super) fn status(&self) -> CommandStatus {
        self.header.command_status
    }

    /// The id of a successful response.
    pub(super) fn message_id(&self) -> String {
        assert_eq!(self.status(), CommandStatus::ESME_ROK);
        let id = match self.pdu() {
            Pdu::SubmitSmResp(resp) | Pdu::DataSmResp(resp) => resp.message_id,
            Pdu::SubmitMultiResp(resp) => resp.message_id,
            other => panic!("{other:?}"),
        };
        String::from_utf8(id.to_vec()).unwrap()
    }

    pub(super) fn message(&self) -> ShortMessage<'_> {
        match self.pdu() {
            Pdu::DeliverSm(message) => message,
            other => panic!("{other:?}"),
        }
    }

    /// What a receipt says: id, `stat` and `err`; text and TLVs must agree.
    pub(super) fn receipt(&self) -> (String, String, String) {
        let message = self.message();
        let receipt = Receipt::from_message(&message).unwrap();
        assert!(receipt.tlv_id.is_some() && receipt.tlv_state.is_some() && !receipt.disagrees());
        let (id, stat) = (receipt.id().unwrap(), receipt.text.stat.unwrap());
        (id.to_owned(), stat.to_owned(), receipt.text.err.unwrap().to_owned())
    }
}

/// A submit for tests: asks for a receipt.
pub(super) fn message<'a>(destination: &'a str, text: &'a [u8]) -> ShortMessage<'a> {
    ShortMessage {
        source: Address { ton: 5, npi: 0, digits: SENDER },
        destination: Address { ton: 1, npi: 1, digits: destination.as_bytes() },
        registered_delivery: 1,
        short_message: text,
        ..ShortMessage::default()
    }
}

/// A client that does nothing by itself.
pub(super) struct Client {
    stream: TcpStream,
    cutter: FrameCutter,
    sequence: u32,
}

impl Client {
    /// Sends a PDU and returns its sequence number.
    pub(super) async fn send(&mut self, pdu: &Pdu<'_>) -> u32 {
        self.sequence += 1;
        self.send_as(pdu, CommandStatus::ESME_ROK, self.sequence).await;
        self.sequence
    }

    pub(super) async fn send_as(&mut self, pdu: &Pdu<'_>, status: CommandStatus, sequence: u32) {
        let mut octets = Vec::new();
        pdu.encode(status, sequence, &mut octets).unwrap();
        self.send_octets(&octets).await;
    }

    pub(super) async fn send_octets(&mut self, octets: &[u8]) {
        self.stream.write_all(octets).await.unwrap();
    }

    /// The next PDU; `None` when the carrier has closed the link.
    pub(super) async fn next(&mut self) -> Option<Received> {
        loop {
            if let Some(frame) = self.cutter.next_frame().unwrap() {
                return Some(Received { header: frame.header, body: frame.body.to_vec() });
            }
            let mut chunk = [0; 4096];
            let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut chunk)).await;
            match read.expect("the carrier says nothing").unwrap() {
                0 => return None,
                octets => self.cutter.extend(&chunk[..octets]),
            }
        }
    }

    pub(super) async fn expect(&mut self, id: CommandId) -> Received {
        let received = self.next().await.expect("the link is closed");
        assert_eq!(received.header.command_id, id);
        received
    }

    /// Sends a request and takes the very next PDU as its response.
    pub(super) async fn ask(&mut self, pdu: &Pdu<'_>) -> Received {
        let sequence = self.send(pdu).await;
        let received = self.next().await.expect("the link is closed");
        assert_eq!(received.header.command_id, pdu.command_id().response().unwrap());
        assert_eq!(received.header.sequence_number, sequence);
        received
    }

    /// Proves that nothing is on its way: the next thing to come is the answer to a probe.
    pub(super) async fn expect_silence(&mut self) {
        self.ask(&Pdu::EnquireLink).await;
    }

    pub(super) async fn bind(&mut self, id: CommandId, system_id: &str, password: &str) -> CommandStatus {
        let bind = Bind {
            system_id: system_id.as_bytes(),
            password: password.as_bytes(),
            interface_version: 0x34,
            ..Bind::default()
        };
        let pdu = match id {
            CommandId::BIND_RECEIVER => Pdu::BindReceiver(bind),
            CommandId::BIND_TRANSMITTER => Pdu::BindTransmitter(bind),
            _ => Pdu::BindTransceiver(bind),
        };
        self.ask(&pdu).await.status()
    }

    /// Submits and takes the next PDU as the response.
    pub(super) async fn submit(&mut self, message: ShortMessage<'_>) -> Received {
        self.ask(&Pdu::SubmitSm(message)).await
    }

    /// Takes the next delivery and acknowledges it.
    pub(super) async fn delivery(&mut self) -> Received {
        let received = self.expect(CommandId::DELIVER_SM).await;
        self.acknowledge(&received, CommandStatus::ESME_ROK).await;
        received
    }

    pub(super) async fn acknowledge(&mut self, delivery: &Received, status: CommandStatus) {
        let resp = Pdu::DeliverSmResp(smpp::MessageResp::default());
        self.send_as(&resp, status, delivery.header.sequence_number).await;
    }
}
