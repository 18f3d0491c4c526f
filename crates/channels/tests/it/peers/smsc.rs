//! A scripted message centre, written with the codec.

use std::sync::{Arc, Mutex};

use ports::BoxFuture;
use ports::conformance::channel::{Behaviour, Peer};
use smpp::{
    BindResp, CommandId, CommandStatus, FrameCutter, Pdu, QuerySmResp, Strictness, write_header_only,
    write_submit_sm_resp,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, watch};

use super::door::Door;

/// How the message centre is set up.
#[derive(Clone)]
pub(crate) struct Script {
    /// What it calls itself.
    pub(crate) system_id: &'static str,
    /// What it answers binds with, the last for all further ones.
    pub(crate) binds: Vec<CommandStatus>,
    /// Octets that it sends right behind the answer to a bind.
    pub(crate) greeting: Vec<u8>,
    /// After how many submits it reads nothing more.
    pub(crate) deaf_after: usize,
    /// Whether it answers `enquire_link`.
    pub(crate) lively: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            system_id: "smsc",
            binds: vec![CommandStatus::ESME_ROK],
            greeting: Vec::new(),
            deaf_after: usize::MAX,
            lively: true,
        }
    }
}

enum Order {
    Write(Vec<u8>),
    Close,
}

/// What it has seen.
#[derive(Default)]
pub(crate) struct Seen {
    /// Command ids in order, over all connections.
    pub(crate) commands: Vec<CommandId>,
    /// The text octets of submits, with the connection's number.
    pub(crate) submits: Vec<(usize, Vec<u8>)>,
    /// System ids and passwords of binds.
    pub(crate) binds: Vec<(String, String)>,
}

/// The message centre.
pub(crate) struct Smsc {
    pub(crate) port: u16,
    door: Door,
    script: Script,
    tls: Option<tokio_rustls::TlsAcceptor>,
    held: Mutex<Vec<(mpsc::Sender<Order>, u32)>>,
    connections: Mutex<Vec<mpsc::Sender<Order>>>,
    seen: Mutex<Seen>,
    changed: watch::Sender<u64>,
}

impl Smsc {
    pub(crate) async fn start(script: Script) -> Arc<Self> {
        Self::start_with(script, None).await
    }

    pub(crate) async fn start_with(script: Script, tls: Option<tokio_rustls::TlsAcceptor>) -> Arc<Self> {
        let door = Door::new().await;
        let smsc = Arc::new(Self {
            port: door.port,
            door,
            script,
            tls,
            held: Mutex::default(),
            connections: Mutex::default(),
            seen: Mutex::default(),
            changed: watch::Sender::new(0),
        });
        tokio::spawn(Arc::clone(&smsc).listen());
        smsc
    }

    async fn listen(self: Arc<Self>) {
        let serve = |stream| {
            let smsc = Arc::clone(&self);
            async move {
                match smsc.tls.clone() {
                    None => smsc.serve(stream).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            smsc.serve(stream).await;
                        }
                    }
                }
            }
        };
        self.door.serve(serve).await;
    }

    async fn serve(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let (orders, mut to_do) = mpsc::channel(10_000);
        let number = {
            let mut connections = self.connections.lock().unwrap();
            connections.push(orders.clone());
            connections.len()
        };
        let mut cutter = FrameCutter::default();
        let mut chunk = vec![0; 65_536];
        loop {
            let deaf = self.seen.lock().unwrap().submits.len() >= self.script.deaf_after;
            let count = tokio::select! {
                order = to_do.recv() => match order {
                    Some(Order::Write(octets)) => {
                        if stream.write_all(&octets).await.is_err() { return }
                        continue;
                    }
                    Some(Order::Close) | None => return,
                },
                count = stream.read(&mut chunk), if !deaf => count.unwrap_or(0),
            };
            if count == 0 {
                return;
            }
            cutter.extend(&chunk[..count]);
            let mut out = Vec::new();
            let mut cut = false;
            while let Some(frame) = cutter.next_frame().unwrap() {
                let pdu = Pdu::decode(&frame.header, frame.body, Strictness::Exact).unwrap();
                cut |= self.read(&pdu, frame.header.sequence_number, number, &orders, &mut out);
            }
            self.changed.send_modify(|changes| *changes += 1);
            if cut || stream.write_all(&out).await.is_err() {
                return;
            }
        }
    }

    /// Reads a PDU and writes the answer; `true` to cut the connection.
    fn read(
        &self,
        pdu: &Pdu<'_>,
        sequence: u32,
        connection: usize,
        orders: &mpsc::Sender<Order>,
        out: &mut Vec<u8>,
    ) -> bool {
        self.seen.lock().unwrap().commands.push(pdu.command_id());
        let ok = CommandStatus::ESME_ROK;
        match pdu {
            Pdu::BindTransceiver(bind) | Pdu::BindTransmitter(bind) | Pdu::BindReceiver(bind) => {
                let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
                let nth = {
                    let mut seen = self.seen.lock().unwrap();
                    seen.binds.push((text(bind.system_id), text(bind.password)));
                    seen.binds.len() - 1
                };
                let status = *self.script.binds.get(nth).or(self.script.binds.last()).unwrap();
                let resp = BindResp { system_id: self.script.system_id.as_bytes(), ..BindResp::default() };
                let resp = match pdu {
                    Pdu::BindTransmitter(_) => Pdu::BindTransmitterResp(resp),
                    Pdu::BindReceiver(_) => Pdu::BindReceiverResp(resp),
                    _ => Pdu::BindTransceiverResp(resp),
                };
                resp.encode(status, sequence, out).unwrap();
                out.extend_from_slice(&self.script.greeting);
            }
            Pdu::SubmitSm(message) => {
                self.seen.lock().unwrap().submits.push((connection, message.payload().to_vec()));
                self.door.count();
                match self.door.behaviour() {
                    Behaviour::Accept => self.accept(sequence, out),
                    Behaviour::Refuse => {
                        write_submit_sm_resp(b"", CommandStatus::ESME_RINVDSTADR, sequence, out).unwrap();
                    }
                    Behaviour::Throttle => {
                        write_submit_sm_resp(b"", CommandStatus::ESME_RTHROTTLED, sequence, out).unwrap();
                    }
                    Behaviour::Hold => self.held.lock().unwrap().push((orders.clone(), sequence)),
                    Behaviour::Cut => return true,
                }
            }
            Pdu::QuerySm(query) => {
                let resp =
                    QuerySmResp { message_id: query.message_id, message_state: 2, ..QuerySmResp::default() };
                Pdu::QuerySmResp(resp).encode(ok, sequence, out).unwrap();
            }
            Pdu::EnquireLink if self.script.lively => {
                write_header_only(CommandId::ENQUIRE_LINK_RESP, ok, sequence, out)
            }
            Pdu::Unbind => write_header_only(CommandId::UNBIND_RESP, ok, sequence, out),
            _ => {}
        }
        false
    }

    fn accept(&self, sequence: u32, out: &mut Vec<u8>) {
        let id = self.door.next_id();
        write_submit_sm_resp(format!("{id:08x}").as_bytes(), CommandStatus::ESME_ROK, sequence, out).unwrap();
    }

    /// Sends octets over the first open connection.
    pub(crate) fn push(&self, octets: Vec<u8>) {
        let connections = self.connections.lock().unwrap();
        let open = connections.iter().find(|orders| !orders.is_closed()).unwrap();
        open.try_send(Order::Write(octets)).ok().unwrap();
    }

    /// Closes every connection; new ones are let in.
    pub(crate) fn hang_up(&self) {
        for orders in self.connections.lock().unwrap().drain(..) {
            drop(orders.try_send(Order::Close));
        }
    }

    /// Waits until what was seen is as wished.
    pub(crate) async fn until(&self, met: impl Fn(&Seen) -> bool) {
        let mut changed = self.changed.subscribe();
        while !met(&self.seen.lock().unwrap()) {
            changed.changed().await.unwrap();
        }
    }

    pub(crate) fn submits(&self) -> Vec<(usize, Vec<u8>)> {
        self.seen.lock().unwrap().submits.clone()
    }
}

impl Peer for Smsc {
    fn behave(&self, behaviour: Behaviour) {
        self.door.behave(behaviour);
    }

    fn has_read(&self, requests: usize) -> BoxFuture<'_, ()> {
        Box::pin(self.door.has_read(requests))
    }

    fn release(&self) {
        for (orders, sequence) in self.held.lock().unwrap().drain(..) {
            let mut out = Vec::new();
            self.accept(sequence, &mut out);
            // The connection may be gone.
            drop(orders.try_send(Order::Write(out)));
        }
    }

    fn vanish(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.door.shut().await;
            self.hang_up();
        })
    }
}
