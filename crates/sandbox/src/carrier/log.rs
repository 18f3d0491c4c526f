//! The file of accepted parts, one JSON object to a line, from which crash tests and benches learn what really
//! reached the carrier.
//!
//! It holds destinations in clear, so it is written only where a path was asked for. A line is in the file
//! before its response is on the wire.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;
use types::time::Timestamp;

use super::delivery::id_text;
use super::fate::Fate;
use super::incoming::Incoming;

/// One accepted part.
#[derive(Serialize)]
struct Line<'a> {
    carrier_id: &'a str,
    source: &'a str,
    destination: &'a str,
    reference: Option<u16>,
    part: u8,
    parts: u8,
    octets: usize,
    digest: &'a str,
    fate: &'a str,
    at_ms: i64,
}

/// Appends accepted parts to a file.
pub(crate) struct PartLog {
    file: Option<BufWriter<File>>,
}

impl PartLog {
    /// Keeps no log.
    pub(crate) fn none() -> Self {
        Self { file: None }
    }

    /// Opens the file for appending and makes it if need be.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { file: Some(BufWriter::new(file)) })
    }

    /// Writes a part into the buffer.
    pub(crate) fn append(&mut self, id: u64, incoming: &Incoming<'_>, fate: Fate, at: Timestamp) {
        let Some(file) = &mut self.file else { return };
        let (part, parts) = incoming.part();
        let line = Line {
            carrier_id: &id_text(id),
            source: &String::from_utf8_lossy(incoming.source.digits()),
            destination: &String::from_utf8_lossy(incoming.destination.digits()),
            reference: incoming.place.map(|place| place.reference),
            part,
            parts,
            octets: incoming.body.len(),
            digest: &format!("{:016x}", incoming.digest()),
            fate: fate.name(),
            at_ms: at.as_ms(),
        };
        let written = serde_json::to_writer(&mut *file, &line).map_err(io::Error::from);
        let written = written.and_then(|()| file.write_all(b"\n"));
        self.stop_on_error(written);
    }

    /// Hands what was written to the operating system. It blocks for a copy into the page cache only.
    pub(crate) fn flush(&mut self) {
        let Some(file) = &mut self.file else { return };
        let flushed = file.flush();
        self.stop_on_error(flushed);
    }

    /// A log with holes would prove the wrong thing, so the first error ends it.
    fn stop_on_error(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            tracing::error!(%error, "simulated carrier stops its log of accepted parts");
            self.file = None;
        }
    }
}
