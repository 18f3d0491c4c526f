//! One connection through the proxy: two directions, each with its faults, and one end for both.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};

use super::gate::{Gate, Step};
use super::plan::{End, Faults, Treatment};
use super::{House, Sever};
use crate::random::{Random, scramble};

/// Octets that are read at once.
const PIECE_OCTETS: usize = 16 * 1024;

/// Forwards until both sides are closed, the plan ends it or somebody severs it.
pub(super) async fn serve(house: Arc<House>, mut client: TcpStream, treatment: Treatment, number: u64) {
    house.counts.open.fetch_add(1, Ordering::Relaxed);
    let mut severed = house.severed.subscribe();
    let ending = {
        tokio::select! {
            ending = forward(&house, &mut client, treatment, number) => ending,
            Ok(()) = severed.changed() => match *severed.borrow_and_update() {
                Sever::Close => Ending::Closed,
                Sever::Reset => Ending::Reset,
            },
        }
    };
    if matches!(ending, Ending::Reset) {
        drop(client.set_zero_linger());
    }
    house.counts.open.fetch_sub(1, Ordering::Relaxed);
}

/// How a connection is over.
enum Ending {
    Closed,
    Reset,
}

async fn forward(house: &House, client: &mut TcpStream, treatment: Treatment, number: u64) -> Ending {
    if treatment.refuse {
        house.counts.ended.fetch_add(1, Ordering::Relaxed);
        return Ending::Reset;
    }
    if treatment.deaf {
        house.counts.ended.fetch_add(1, Ordering::Relaxed);
        return pending().await;
    }
    let Ok(mut target) = TcpStream::connect(house.target).await else { return Ending::Reset };
    // Without it small pieces would be put together again.
    drop(client.set_nodelay(true).and_then(|()| target.set_nodelay(true)));
    let result = {
        let (from_client, to_client) = client.split();
        let (from_target, to_target) = target.split();
        let counts = &house.counts;
        let seed = scramble(house.seed ^ number.wrapping_mul(2));
        let up = Direction::new(treatment.up, seed, &counts.octets_up, &counts.ended);
        let down = Direction::new(treatment.down, scramble(seed ^ 1), &counts.octets_down, &counts.ended);
        tokio::try_join!(up.run(from_client, to_target), down.run(from_target, to_client))
    };
    match result {
        Err(Over::Reset) => {
            drop(target.set_zero_linger());
            Ending::Reset
        }
        Ok(_) | Err(Over::Closed) => Ending::Closed,
    }
}

/// Why both directions end at once.
enum Over {
    Closed,
    Reset,
}

impl From<io::Error> for Over {
    /// A side that has gone badly goes badly for the other.
    fn from(_: io::Error) -> Self {
        Self::Reset
    }
}

/// One direction with what is done to it.
struct Direction<'a> {
    faults: Faults,
    gate: Gate,
    random: Random,
    octets: &'a AtomicU64,
    ended: &'a AtomicU64,
    waiting: Vec<u8>,
}

impl<'a> Direction<'a> {
    fn new(faults: Faults, seed: u64, octets: &'a AtomicU64, ended: &'a AtomicU64) -> Self {
        let (gate, random) = (Gate::new(&faults), Random::new(seed));
        Self { faults, gate, random, octets, ended, waiting: Vec::new() }
    }

    async fn run(mut self, mut input: ReadHalf<'_>, mut output: WriteHalf<'_>) -> Result<(), Over> {
        loop {
            match self.gate.look(&self.waiting) {
                Step::Forward(octets) => self.pass(octets, &mut output).await?,
                Step::Wait => {
                    let room = PIECE_OCTETS.saturating_sub(self.waiting.len()).max(1);
                    let mut piece = (&mut input).take(u64::try_from(room).unwrap_or(1));
                    if piece.read_buf(&mut self.waiting).await? == 0 {
                        let rest = self.waiting.len();
                        self.pass(rest, &mut output).await?;
                        output.shutdown().await?;
                        return Ok(());
                    }
                }
                Step::End(end) => return self.end(end, input, output).await,
            }
        }
    }

    /// Forwards so many of the waiting octets, in pieces as the plan wants them.
    async fn pass(&mut self, octets: usize, output: &mut WriteHalf<'_>) -> Result<(), Over> {
        let mut rest = octets;
        while rest > 0 {
            let size = self.faults.slice_octets.unwrap_or(rest).min(rest);
            let mut piece: Vec<u8> = self.waiting.drain(..size).collect();
            rest -= size;
            self.gate.passed(size);
            self.wait(size).await;
            if self.faults.drop_one_of.is_some_and(|of| self.random.below(of) == 0) {
                continue;
            }
            self.corrupt(&mut piece);
            output.write_all(&piece).await?;
            self.octets.fetch_add(u64::try_from(size).unwrap_or(0), Ordering::Relaxed);
        }
        Ok(())
    }

    async fn wait(&mut self, octets: usize) {
        if let Some((least, most)) = self.faults.delay_ms {
            let wait_ms = least + self.random.below(most - least + 1);
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
        if let Some(rate) = self.faults.octets_per_s {
            let wait_us = u64::try_from(octets).unwrap_or(u64::MAX).saturating_mul(1_000_000) / rate;
            tokio::time::sleep(Duration::from_micros(wait_us)).await;
        }
    }

    fn corrupt(&mut self, piece: &mut [u8]) {
        let Some(one_of) = self.faults.corrupt_one_of else { return };
        for octet in piece {
            if self.random.below(one_of) == 0 {
                *octet ^= 1 << self.random.below(8);
            }
        }
    }

    async fn end(self, end: End, mut input: ReadHalf<'_>, mut output: WriteHalf<'_>) -> Result<(), Over> {
        self.ended.fetch_add(1, Ordering::Relaxed);
        match end {
            End::Cut => Err(Over::Closed),
            End::Reset => Err(Over::Reset),
            End::Freeze => pending().await,
            End::Close => {
                output.shutdown().await?;
                swallow(&mut input).await;
                Ok(())
            }
            End::Hole => {
                swallow(&mut input).await;
                // The other side is not told that this one has gone.
                pending().await
            }
        }
    }
}

async fn swallow(input: &mut ReadHalf<'_>) {
    let mut sink = [0; 4096];
    while matches!(input.read(&mut sink).await, Ok(octets) if octets > 0) {}
}
