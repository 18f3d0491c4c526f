//! One SMPP connection: octets in, octets out, no meaning.
//!
//! It never waits by itself: its owner waits with [`Link::ready`] and others may append to the output and
//! flush it in between.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;

use smpp::{Frame, FrameCutter, Pdu, Strictness};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// Octets that may wait to be written; beyond it nothing is read, so that a slow peer slows us down.
const UNWRITTEN_MAX: usize = 1024 * 1024;

/// A connection.
#[derive(Debug)]
pub(super) struct Link {
    stream: TcpStream,
    cutter: RefCell<FrameCutter>,
    output: RefCell<Vec<u8>>,
    /// Somebody else has left output that the socket did not take.
    blocked: Notify,
}

impl Link {
    /// Takes over an open socket.
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, cutter: RefCell::default(), output: RefCell::default(), blocked: Notify::new() })
    }

    /// Connects.
    pub(super) async fn connect(address: SocketAddr) -> io::Result<Self> {
        Self::new(TcpStream::connect(address).await?)
    }

    /// Appends to the output by `write` and leaves it there until [`Link::flush`].
    pub(super) fn append<T>(&self, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        write(&mut self.output.borrow_mut())
    }

    /// Writes as much as the socket takes now.
    pub(super) fn flush(&self) -> io::Result<()> {
        let mut output = self.output.borrow_mut();
        let mut written = 0;
        while let Some(rest) = output.get(written..)
            && !rest.is_empty()
        {
            match self.stream.try_write(rest) {
                Ok(octets) => written += octets,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.blocked.notify_one();
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        output.drain(..written);
        Ok(())
    }

    /// Waits until something can be read; writes meanwhile what could not be written before.
    pub(super) async fn ready(&self) -> io::Result<()> {
        loop {
            let waiting = self.output.borrow().len();
            let interest = match waiting {
                0 => Interest::READABLE,
                1..UNWRITTEN_MAX => Interest::READABLE | Interest::WRITABLE,
                _ => Interest::WRITABLE,
            };
            let ready = tokio::select! {
                ready = self.stream.ready(interest) => ready?,
                () = self.blocked.notified() => continue,
            };
            if ready.is_writable() {
                self.flush()?;
            }
            if ready.is_readable() {
                return Ok(());
            }
        }
    }

    /// Reads once and hands every whole PDU to `take`.
    ///
    /// # Errors
    /// When the peer has closed the link, or sent what is no SMPP.
    pub(super) fn read(&self, mut take: impl FnMut(&Frame<'_>, &Pdu<'_>)) -> io::Result<()> {
        let mut cutter = self.cutter.borrow_mut();
        match self.stream.try_read_buf(cutter.buffer_mut()) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
        while let Some(frame) = cutter.next_frame().map_err(io::Error::other)? {
            let pdu =
                Pdu::decode(&frame.header, frame.body, Strictness::Tolerant).map_err(io::Error::other)?;
            take(&frame, &pdu);
        }
        Ok(())
    }
}
