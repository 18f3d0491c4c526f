//! A carrier: takes every bind and every message and sends receipts.
//!
//! As `responder` it is never the bottleneck: it answers at once and says `DELIVRD` after a constant time; so it
//! is the yardstick for the price of everything else. As `carrier` it behaves as badly as its knobs say
//! ([`chaos`]). Either way it is the witness of what a carrier was given: every message stands in its log before
//! anybody hears of it. A receipt that was not answered with success goes again, over the next link if need be.
//! Start at [`run`].

mod chaos;
mod port;
mod session;

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::Instant;

use self::chaos::{Chaos, ChaosOptions, Fate};
use self::port::Port;
use self::session::Session;
use super::peer;
use super::records::Records;

/// How often receipts that are due are sent.
const TICK: Duration = Duration::from_millis(5);
/// Bits of a message id: ten hexadecimal digits.
const ID_MASK: u64 = (1 << 40) - 1;

/// Options of `responder`.
#[derive(clap::Args, Debug)]
pub(super) struct ResponderOptions {
    /// Where to listen, each a carrier of its own; with a port of 0, at free ones.
    #[arg(long, alias = "smpp", default_value = "127.0.0.1:0", value_delimiter = ',')]
    listen: Vec<SocketAddr>,
    /// How many ports from each of these on, each a carrier of its own too.
    #[arg(long, default_value_t = 1)]
    ports: usize,
    /// Milliseconds from the answer to the receipt.
    #[arg(long, default_value_t = 50)]
    receipt_after_ms: u64,
    /// Send no receipts, whatever is asked for.
    #[arg(long)]
    no_receipts: bool,
    /// Append a line `id recipient` for every message, before it is answered. A `carrier` adds the first word of
    /// the text and syncs the file.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Append to these lines when the message came, in microseconds since 1970. For a good carrier.
    #[arg(long)]
    times: bool,
    /// Where ids begin, after those that are in the log; they never repeat within 40 bits.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Options of `carrier`.
#[derive(clap::Args, Debug)]
pub(super) struct CarrierOptions {
    #[command(flatten)]
    carrier: ResponderOptions,
    /// Append a line `id recipient STATE` for every receipt that was taken; the file is synced.
    #[arg(long, value_name = "FILE")]
    told: Option<PathBuf>,
    #[command(flatten)]
    chaos: ChaosOptions,
}

/// What all sessions share.
#[derive(Default)]
struct House {
    /// Set before anybody connects.
    began: Option<Instant>,
    began_unix_ms: i64,
    receipt_after_us: u64,
    sends_receipts: bool,
    records: RefCell<Records>,
    notes_times: bool,
    told: RefCell<Records>,
    chaos: Option<RefCell<Chaos>>,
    last_id: Cell<u64>,
    last_session: Cell<u64>,
    binds: Cell<u64>,
    accepted: Cell<u64>,
    throttled: Cell<u64>,
    queries: Cell<u64>,
    receipts_due: Cell<u64>,
    receipts_sent: Cell<u64>,
    receipts_taken: Cell<u64>,
    receipts_refused: Cell<u64>,
}

/// Counts one more.
fn count(counter: &Cell<u64>) {
    counter.set(counter.get() + 1);
}

impl House {
    fn now_us(&self) -> u64 {
        self.began.map_or(0, |began| u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    fn unix_ms(&self, since_us: u64) -> i64 {
        self.began_unix_ms.saturating_add(i64::try_from(since_us / 1_000).unwrap_or(i64::MAX))
    }

    /// The number of the next id: it looks random and does not repeat.
    fn next_number(&self) -> u64 {
        count(&self.last_id);
        mixed(self.last_id.get())
    }

    /// What becomes of the next message.
    fn draw(&self) -> Fate {
        let number = self.next_number();
        match &self.chaos {
            Some(chaos) => chaos.borrow_mut().draw(number, self.receipt_after_us),
            None => Fate::good(number, self.receipt_after_us),
        }
    }

    /// Puts on disk what anybody is about to hear of.
    fn flush_records(&self) {
        self.records.borrow_mut().flush();
        self.told.borrow_mut().flush();
    }

    fn counts(&self, ports: &[Rc<Port>]) -> Value {
        json!({
            "binds": self.binds.get(), "accepted": self.accepted.get(), "throttled": self.throttled.get(),
            "queries": self.queries.get(), "receipts_due": self.receipts_due.get(),
            "receipts_waiting": ports.iter().map(|port| port.waiting()).sum::<usize>(),
            "receipts_sent": self.receipts_sent.get(), "receipts_taken": self.receipts_taken.get(),
            "receipts_refused": self.receipts_refused.get(),
        })
    }
}

/// Maps 40-bit numbers one to one: each step can be undone.
const fn mixed(number: u64) -> u64 {
    let number = number.wrapping_mul(0x9E_3779_B97F) & ID_MASK;
    let number = number ^ (number >> 20);
    number.wrapping_mul(0xBF_5847_6D1D) & ID_MASK
}

/// Plays a good carrier until standard input ends.
pub(super) async fn run_good(options: ResponderOptions) -> anyhow::Result<()> {
    let records = Records::open(options.log.as_deref())?;
    let notes_times = options.times;
    serve(&options, House { records: RefCell::new(records), notes_times, ..House::default() }).await
}

/// Plays a bad carrier until standard input ends.
pub(super) async fn run(options: CarrierOptions) -> anyhow::Result<()> {
    let house = bad_house(&options)?;
    serve(&options.carrier, house).await
}

fn bad_house(options: &CarrierOptions) -> anyhow::Result<House> {
    let chaos = Chaos::new(options.chaos.clone(), options.carrier.seed);
    Ok(House {
        records: RefCell::new(Records::open_synced(options.carrier.log.as_deref())?),
        told: RefCell::new(Records::open_synced(options.told.as_deref())?),
        chaos: Some(RefCell::new(chaos)),
        ..House::default()
    })
}

async fn serve(options: &ResponderOptions, house: House) -> anyhow::Result<()> {
    let (house, ports, addresses) = listen(options, house).await?;
    let addresses: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
    peer::say(&json!({ "listening": addresses }));
    peer::serve_counts(|| house.counts(&ports)).await;
    house.records.borrow().check()?;
    house.told.borrow().check()
}

/// Listens at every port; tasks of this thread serve them from now on.
async fn listen(
    options: &ResponderOptions,
    mut house: House,
) -> anyhow::Result<(Rc<House>, Vec<Rc<Port>>, Vec<SocketAddr>)> {
    house.began = Some(Instant::now());
    house.began_unix_ms = i64::try_from(peer::unix_now_us() / 1_000).unwrap_or(i64::MAX);
    house.receipt_after_us = options.receipt_after_ms * 1_000;
    house.sends_receipts = !options.no_receipts;
    house.last_id = Cell::new(options.seed.wrapping_add(lines_of(options.log.as_deref())));
    let house = Rc::new(house);
    let mut addresses = Vec::new();
    let mut ports = Vec::new();
    let starts =
        options.listen.iter().flat_map(|start| (0..options.ports.max(1)).map(move |place| (*start, place)));
    for (mut address, place) in starts {
        if address.port() != 0 {
            address.set_port(address.port() + u16::try_from(place)?);
        }
        let listener = TcpListener::bind(address).await?;
        addresses.push(listener.local_addr()?);
        let port = Rc::new(Port::default());
        ports.push(Rc::clone(&port));
        let house = Rc::clone(&house);
        tokio::task::spawn_local(peer::accept(listener, move |stream| {
            count(&house.last_session);
            let Ok(session) = Session::new(stream, house.last_session.get()) else { return };
            tokio::task::spawn_local(Rc::new(session).serve(Rc::clone(&house), Rc::clone(&port)));
        }));
    }
    tokio::task::spawn_local(send_receipts(Rc::clone(&house), ports.clone()));
    Ok((house, ports, addresses))
}

/// Lines that a run before has written.
fn lines_of(path: Option<&Path>) -> u64 {
    let octets = path.and_then(|path| std::fs::read(path).ok()).unwrap_or_default();
    octets.iter().filter(|octet| **octet == b'\n').count().try_into().unwrap_or(0)
}

async fn send_receipts(house: Rc<House>, ports: Vec<Rc<Port>>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        for port in &ports {
            port.send_due(&house);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use clap::Parser;
    use smpp::{Address, CommandId, MessageState, Pdu, QuerySm, ShortMessage};

    use super::{CarrierOptions, ID_MASK, bad_house, listen, mixed};
    use crate::wire::Wire;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: CarrierOptions,
    }

    #[test]
    fn ids_do_not_repeat() {
        let ids: HashSet<u64> = (0..100_000).map(mixed).collect();
        assert_eq!(ids.len(), 100_000);
        assert!(ids.iter().all(|id| *id <= ID_MASK));
    }

    fn message(text: &[u8]) -> ShortMessage<'_> {
        ShortMessage {
            source: Address { ton: 5, npi: 0, digits: b"ACME" },
            destination: Address { ton: 1, npi: 1, digits: b"447911123456" },
            registered_delivery: 1,
            short_message: text,
            ..ShortMessage::default()
        }
    }

    #[tokio::test]
    async fn what_was_taken_and_told_stands_in_its_logs_and_can_be_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let [log, told] = ["taken", "told"].map(|name| folder.path().join(name));
        let words = ["--early", "100", "--duplicate", "100", "--again-after-ms", "0"];
        let notations = ["--id-notation", "upper", "--receipt-notation", "decimal"];
        let files = ["--log", log.to_str().unwrap(), "--told", told.to_str().unwrap()];
        let line = [&["carrier"], words.as_slice(), &notations, &files].concat();
        let options = Line::parse_from(line).options;
        let play = async {
            let (_house, _ports, addresses) =
                listen(&options.carrier, bad_house(&options).unwrap()).await.unwrap();
            let mut wire = Wire::connect(addresses[0]).await;
            assert!(wire.bind(CommandId::BIND_TRANSCEIVER, "chappe", "secret").await.is_ok());
            let sequence = wire.send(&Pdu::SubmitSm(message(b"cut-17 and more"))).await;
            // The receipt comes first, and twice; the answer after it, in another notation.
            let (id, stat, _) = wire.delivery().await.receipt();
            assert_eq!(wire.delivery().await.receipt().0, id);
            let answer = wire.expect(CommandId::SUBMIT_SM_RESP).await;
            assert_eq!((answer.header.sequence_number, stat.as_str()), (sequence, "DELIVRD"));
            let answered = answer.message_id();
            assert_eq!(format!("{:08X}", id.parse::<u64>().unwrap()), answered);
            let query = QuerySm { message_id: answered.as_bytes(), ..QuerySm::default() };
            let known = wire.ask(&Pdu::QuerySm(query)).await;
            assert!(
                matches!(known.pdu(), Pdu::QuerySmResp(resp) if resp.state() == Some(MessageState::Delivered))
            );
            let query = QuerySm { message_id: b"nobody", ..QuerySm::default() };
            assert!(!wire.ask(&Pdu::QuerySm(query)).await.status().is_ok());
            let taken = std::fs::read_to_string(&log).unwrap();
            assert_eq!(taken, format!("{answered} 447911123456 cut-17\n"));
            let told = std::fs::read_to_string(&told).unwrap();
            assert_eq!(told, format!("{id} 447911123456 DELIVRD\n").repeat(2));
        };
        tokio::task::LocalSet::new().run_until(play).await;
    }
}
