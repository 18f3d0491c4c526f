//! A carrier that is never the bottleneck: takes every bind and every message at once and sends receipts
//! `DELIVRD` after a constant time.
//!
//! It is the yardstick for the price of everything else, and the witness of what a carrier was given. A
//! receipt that was not answered when its link was lost goes over the next link. Start at [`run`].

mod port;
mod session;

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::Instant;

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
    /// Where to listen; with a port of 0, at free ones.
    #[arg(long, default_value = "127.0.0.1:0")]
    smpp: SocketAddr,
    /// How many ports, each a carrier of its own.
    #[arg(long, default_value_t = 1)]
    ports: usize,
    /// Milliseconds from the answer to the receipt.
    #[arg(long, default_value_t = 50)]
    receipt_after_ms: u64,
    /// Send no receipts, whatever is asked for.
    #[arg(long)]
    no_receipts: bool,
    /// Append a line `id recipient` for every message, before it is answered.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Where ids begin; they never repeat within 40 bits.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What all sessions share.
struct House {
    began: Instant,
    began_unix_ms: i64,
    receipt_after_us: u64,
    sends_receipts: bool,
    records: RefCell<Records>,
    last_id: Cell<u64>,
    binds: Cell<u64>,
    accepted: Cell<u64>,
    receipts_sent: Cell<u64>,
    receipts_taken: Cell<u64>,
}

impl House {
    fn now_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn unix_ms(&self, since_us: u64) -> i64 {
        self.began_unix_ms.saturating_add(i64::try_from(since_us / 1_000).unwrap_or(i64::MAX))
    }

    /// The next id: 8 to 10 hexadecimal digits that look random and do not repeat.
    fn next_id(&self) -> String {
        let number = self.last_id.get().wrapping_add(1);
        self.last_id.set(number);
        format!("{:08x}", mixed(number))
    }

    fn counts(&self) -> Value {
        json!({
            "binds": self.binds.get(), "accepted": self.accepted.get(),
            "receipts_sent": self.receipts_sent.get(), "receipts_taken": self.receipts_taken.get(),
        })
    }
}

/// Maps 40-bit numbers one to one: each step can be undone.
const fn mixed(number: u64) -> u64 {
    let number = number.wrapping_mul(0x9E_3779_B97F) & ID_MASK;
    let number = number ^ (number >> 20);
    number.wrapping_mul(0xBF_5847_6D1D) & ID_MASK
}

/// Listens until standard input ends.
pub(super) async fn run(options: ResponderOptions) -> anyhow::Result<()> {
    let house = Rc::new(House {
        began: Instant::now(),
        began_unix_ms: unix_now_ms(),
        receipt_after_us: options.receipt_after_ms * 1_000,
        sends_receipts: !options.no_receipts,
        records: RefCell::new(Records::open(options.log.as_deref())?),
        last_id: Cell::new(options.seed),
        binds: Cell::new(0),
        accepted: Cell::new(0),
        receipts_sent: Cell::new(0),
        receipts_taken: Cell::new(0),
    });
    let mut addresses = Vec::new();
    let mut ports = Vec::new();
    for place in 0..options.ports.max(1) {
        let mut address = options.smpp;
        if address.port() != 0 {
            address.set_port(address.port() + u16::try_from(place)?);
        }
        let listener = TcpListener::bind(address).await?;
        addresses.push(listener.local_addr()?.to_string());
        let port = Rc::new(Port::default());
        ports.push(Rc::clone(&port));
        tokio::task::spawn_local(accept(listener, Rc::clone(&house), port));
    }
    tokio::task::spawn_local(send_receipts(Rc::clone(&house), ports));
    peer::say(&json!({ "listening": addresses }));
    peer::serve_counts(|| house.counts()).await;
    house.records.borrow().check()
}

async fn accept(listener: TcpListener, house: Rc<House>, port: Rc<Port>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(TICK).await;
            continue;
        };
        let Ok(session) = Session::new(stream) else { continue };
        tokio::task::spawn_local(Rc::new(session).serve(Rc::clone(&house), Rc::clone(&port)));
    }
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

#[expect(
    clippy::disallowed_methods,
    reason = "the carrier has a clock of its own; only its receipts show it"
)]
fn unix_now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{ID_MASK, mixed};

    #[test]
    fn ids_do_not_repeat() {
        let ids: HashSet<u64> = (0..100_000).map(mixed).collect();
        assert_eq!(ids.len(), 100_000);
        assert!(ids.iter().all(|id| *id <= ID_MASK));
    }
}
