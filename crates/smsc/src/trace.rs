//! Remembers the PDUs of a session for who looks at them.
//!
//! A session that nobody looks at remembers its bind and nothing else. What it remembers stays in memory, is bounded
//! by number and octets, never holds a password, and is forgotten when nobody looks any more. Numbers and texts are
//! hidden when it is read, unless they are asked for. Start at [`Tap`].

mod pcap;
mod words;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ports::sessions::{Shown, TRACE_IDLE_MS, TRACE_OCTETS_MAX, TRACE_PDUS_MAX, TracePage, TracedPdu};
use smpp::redact::{Redaction, redact};
use smpp::session::Side;
use smpp::{HEADER_OCTETS, Header};
use types::time::Timestamp;

/// A PDU as it is remembered, without its password.
struct Kept {
    number: u64,
    at: Timestamp,
    from: Side,
    octets: Box<[u8]>,
}

#[derive(Default)]
struct Memory {
    /// The bind and its answer, which stay.
    bind: Vec<Kept>,
    /// What came since somebody looks.
    kept: VecDeque<Kept>,
    /// Octets in `kept`.
    octets: usize,
    last_number: u64,
    /// The number before the first of this look.
    begun_after: u64,
    /// The highest number that was dropped for want of room.
    dropped_to: u64,
    /// When somebody last looked, monotonic milliseconds.
    looked_ms: u64,
}

/// What is remembered of one session.
#[derive(Default)]
pub(crate) struct Tap {
    is_open: AtomicBool,
    memory: Mutex<Memory>,
}

impl Tap {
    /// Whether somebody looks.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Relaxed)
    }

    /// Remembers the bind or its answer, whether or not somebody looks.
    pub(crate) fn keep_bind(&self, from: Side, octets: &[u8], at: Timestamp) {
        let mut memory = self.lock();
        let kept = memory.next(from, octets, at);
        memory.bind.push(kept);
    }

    /// Remembers a PDU. Call it when somebody looks.
    pub(crate) fn keep(&self, from: Side, octets: &[u8], at: Timestamp) {
        let mut memory = self.lock();
        let kept = memory.next(from, octets, at);
        memory.octets += kept.octets.len();
        memory.kept.push_back(kept);
        while memory.kept.len() > TRACE_PDUS_MAX || memory.octets > TRACE_OCTETS_MAX {
            let Some(oldest) = memory.kept.pop_front() else { break };
            memory.octets = memory.octets.saturating_sub(oldest.octets.len());
            memory.dropped_to = oldest.number;
        }
    }

    /// Forgets everything but the bind when nobody has looked for long.
    pub(crate) fn close_when_idle(&self, now_ms: u64) {
        let mut memory = self.lock();
        if now_ms.saturating_sub(memory.looked_ms) >= TRACE_IDLE_MS {
            memory.kept.clear();
            memory.octets = 0;
            self.is_open.store(false, Ordering::Relaxed);
        }
    }

    /// Whether nobody has looked for long.
    pub(crate) fn is_idle(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.lock().looked_ms) >= TRACE_IDLE_MS
    }

    /// Begins to remember, or goes on for a while.
    pub(crate) fn look(&self, now_ms: u64) {
        let mut memory = self.lock();
        memory.looked_ms = now_ms;
        if !self.is_open.swap(true, Ordering::Relaxed) {
            memory.begun_after = memory.last_number;
            memory.dropped_to = 0;
        }
    }

    /// What is remembered after that number.
    pub(crate) fn page(&self, after: u64, shown: &Shown) -> TracePage {
        let memory = self.lock();
        let seen = after.max(memory.begun_after);
        TracePage {
            pdus: memory.all().filter(|kept| kept.number > after).map(|kept| traced(kept, shown)).collect(),
            next: memory.last_number,
            lost: memory.dropped_to.saturating_sub(seen),
            is_over: false,
        }
    }

    /// The same from the beginning, as a capture file.
    pub(crate) fn capture(&self, peer: IpAddr, shown: &Shown) -> Vec<u8> {
        let memory = self.lock();
        let mut file = pcap::Capture::begin(peer);
        for kept in memory.all() {
            file.append(kept.from, &shown_octets(&kept.octets, shown), kept.at);
        }
        file.into_octets()
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn next(&mut self, from: Side, octets: &[u8], at: Timestamp) -> Kept {
        let mut octets: Box<[u8]> = octets.into();
        redact(&mut octets, Redaction::Passwords);
        self.last_number += 1;
        Kept { number: self.last_number, at, from, octets }
    }

    fn all(&self) -> impl Iterator<Item = &Kept> {
        self.bind.iter().chain(&self.kept)
    }
}

/// The PDUs that stand one behind the other in octets; what is no whole PDU ends it.
pub(crate) fn pdus(mut octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let length = octets.first_chunk::<4>().map(|length| u32::from_be_bytes(*length))?;
        let length = usize::try_from(length).ok().filter(|length| *length >= HEADER_OCTETS)?;
        let (pdu, rest) = octets.split_at_checked(length)?;
        octets = rest;
        Some(pdu)
    })
}

fn shown_octets(octets: &[u8], shown: &Shown) -> Vec<u8> {
    let mut octets = octets.to_vec();
    if *shown == Shown::Masked {
        redact(&mut octets, Redaction::Personal);
    }
    octets
}

fn traced(kept: &Kept, shown: &Shown) -> TracedPdu {
    let octets = shown_octets(&kept.octets, shown);
    let header = octets.first_chunk::<HEADER_OCTETS>().map(Header::parse);
    let command = header.map(|header| header.command_id);
    let is_response = command.is_some_and(smpp::CommandId::is_response);
    TracedPdu {
        number: kept.number,
        at: kept.at,
        is_inbound: kept.from == Side::Esme,
        name: command.map_or("unknown", smpp::CommandId::name),
        sequence: header.map_or(0, |header| header.sequence_number),
        status: header.filter(|_| is_response).map_or("", |header| header.command_status.name()),
        fields: words::fields(&octets),
        octets,
    }
}

#[cfg(test)]
mod tests;
