//! A carrier's message centre that does with each message what a story wants.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use smpp::calendar::CivilTime;
use smpp::receipt::OutgoingReceipt;
use smpp::{
    BindResp, CommandId, CommandStatus, FrameCutter, MessageState, Pdu, ShortMessage, Strictness, TlvBuffer,
    write_header_only, write_submit_sm_resp,
};

/// A part as the carrier took it.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) to: String,
    /// Type, plan and octets of the sender.
    pub(crate) from: (u8, u8, String),
    pub(crate) payload: Vec<u8>,
    pub(crate) esm_class: u8,
    pub(crate) data_coding: u8,
    /// Reference, total and number of its SAR parameters.
    pub(crate) sar: Option<(u16, u8, u8)>,
}

/// What becomes of a part that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// A receipt tells this.
    Told(MessageState),
    /// Nothing is ever told.
    Silence,
}

type Decide = dyn Fn(&Taken) -> End + Send + Sync;

/// The carrier; it lives as long as the test.
#[derive(Clone)]
pub(crate) struct Carrier {
    pub(crate) port: u16,
    name: &'static str,
    taken: Arc<Mutex<Vec<Taken>>>,
    decide: Arc<Decide>,
}

impl Carrier {
    /// Takes everything and delivers it.
    pub(crate) fn delivering(name: &'static str) -> Self {
        Self::start(name, |_| End::Told(MessageState::Delivered))
    }

    /// Takes everything and does with it what is decided.
    pub(crate) fn start(name: &'static str, decide: impl Fn(&Taken) -> End + Send + Sync + 'static) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let carrier = Self { port, name, taken: Arc::default(), decide: Arc::new(decide) };
        let serving = carrier.clone();
        std::thread::spawn(move || {
            for stream in socket.incoming().map_while(Result::ok) {
                let carrier = serving.clone();
                std::thread::spawn(move || carrier.serve(stream));
            }
        });
        carrier
    }

    /// Its connector and supplier for a configuration file, with a rate per part.
    pub(crate) fn connector(&self, rate: &str) -> String {
        let (name, port) = (self.name, self.port);
        format!(
            "[[supplier]]\nname = \"{name}\"\ncurrency = \"EUR\"\n\
             rate = [{{ prefix = \"\", price = \"{rate}\" }}]\n\
             [[connector]]\nname = \"{name}\"\ntype = \"smpp\"\nhost = \"127.0.0.1\"\nport = {port}\n\
             system_id = \"chappe\"\npassword = \"secret\"\nwindow = 50\n"
        )
    }

    /// What it has taken so far.
    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut cutter = FrameCutter::default();
        let mut chunk = [0; 16_384];
        loop {
            let count = stream.read(&mut chunk).unwrap_or(0);
            if count == 0 {
                return;
            }
            cutter.extend(&chunk[..count]);
            let mut out = Vec::new();
            while let Some(frame) = cutter.next_frame().unwrap() {
                let pdu = Pdu::decode(&frame.header, frame.body, Strictness::Exact).unwrap();
                self.answer(&pdu, frame.header.sequence_number, &mut out);
            }
            if stream.write_all(&out).is_err() {
                return;
            }
        }
    }

    fn answer(&self, pdu: &Pdu<'_>, sequence: u32, out: &mut Vec<u8>) {
        let ok = CommandStatus::ESME_ROK;
        match pdu {
            Pdu::BindTransceiver(_) => {
                let response = BindResp { system_id: self.name.as_bytes(), ..BindResp::default() };
                Pdu::BindTransceiverResp(response).encode(ok, sequence, out).unwrap();
            }
            Pdu::SubmitSm(message) => self.take(message, sequence, out),
            Pdu::EnquireLink => write_header_only(CommandId::ENQUIRE_LINK_RESP, ok, sequence, out),
            Pdu::Unbind => write_header_only(CommandId::UNBIND_RESP, ok, sequence, out),
            _ => {}
        }
    }

    /// Answers, and tells the end right behind the answer.
    fn take(&self, message: &ShortMessage<'_>, sequence: u32, out: &mut Vec<u8>) {
        let taken = Taken {
            to: String::from_utf8(message.destination.digits.to_vec()).unwrap(),
            from: (
                message.source.ton,
                message.source.npi,
                String::from_utf8(message.source.digits.to_vec()).unwrap(),
            ),
            payload: message.payload().to_vec(),
            esm_class: message.esm_class,
            data_coding: message.data_coding,
            sar: message
                .tlvs
                .sar_msg_ref_num()
                .zip(message.tlvs.sar_total_segments())
                .zip(message.tlvs.sar_segment_seqnum())
                .map(|((reference, total), number)| (reference, total, number)),
        };
        let end = (self.decide)(&taken);
        let number = {
            let mut all = self.taken.lock().unwrap();
            all.push(taken);
            all.len()
        };
        let id = format!("{}-{number:06}", self.name);
        write_submit_sm_resp(id.as_bytes(), CommandStatus::ESME_ROK, sequence, out).unwrap();
        if let End::Told(state) = end {
            write_receipt(message, id.as_bytes(), state, u32::try_from(number).unwrap(), out);
        }
    }
}

fn write_receipt(
    message: &ShortMessage<'_>,
    id: &[u8],
    state: MessageState,
    sequence: u32,
    out: &mut Vec<u8>,
) {
    let date = CivilTime { year: 2026, month: 11, day: 22, hour: 10, minute: 0, second: 0 };
    let delivered = u16::from(state == MessageState::Delivered);
    let error = 1 - delivered;
    let mut text = Vec::new();
    let receipt = OutgoingReceipt {
        id,
        submitted: 1,
        delivered,
        submit_date: date,
        done_date: date,
        state,
        error,
        text: b"",
    };
    receipt.write_text(&mut text);
    let mut tlvs = TlvBuffer::new();
    tlvs.push_receipt(id, state).unwrap();
    let deliver = ShortMessage {
        source: message.destination,
        destination: message.source,
        esm_class: 0x04,
        short_message: &text,
        tlvs: tlvs.as_tlvs(),
        ..ShortMessage::default()
    };
    deliver.encode_deliver_sm(sequence, out).unwrap();
}
