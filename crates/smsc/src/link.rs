//! The socket of a session: a stream, plain or TLS, and a bounded buffer of what is to be written.
//!
//! It knows octets only. Everything is polled by the session's own task, so that one task owns the socket.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use smpp::FrameCutter;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::limits::{LINGER_OCTETS, OUTPUT_KEPT_OCTETS, OUTPUT_SOFT_OCTETS, READ_OCTETS};

/// A connection.
pub(crate) enum Stream {
    /// Not encrypted.
    Plain(TcpStream),
    /// Encrypted.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Whether it is encrypted.
    pub(crate) fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    fn poll_read(&mut self, buffer: &mut Vec<u8>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // `read_buf` keeps nothing between polls, so that a future per poll loses no octet.
        match self {
            Self::Plain(stream) => pin!(stream.read_buf(buffer)).poll(cx),
            Self::Tls(stream) => pin!(stream.read_buf(buffer)).poll(cx),
        }
    }

    fn poll_write(&mut self, octets: &[u8], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, octets),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, octets),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    async fn shutdown(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.shutdown().await,
            Self::Tls(stream) => stream.shutdown().await,
        }
    }
}

/// A connection with what waits to be written to it.
pub(crate) struct Link {
    stream: Stream,
    output: Vec<u8>,
    written: usize,
    /// Where the octets begin that the trace has not seen.
    traced: usize,
    /// Octets were written that the stream may still hold back (TLS).
    is_unflushed: bool,
    /// Since when nothing could be written though something waits.
    stalled_at_ms: Option<u64>,
    /// The latest read filled what it was given.
    is_busy: bool,
}

impl Link {
    pub(crate) fn new(stream: Stream) -> Self {
        Self {
            stream,
            output: Vec::new(),
            written: 0,
            traced: 0,
            is_unflushed: false,
            stalled_at_ms: None,
            is_busy: false,
        }
    }

    /// Whether the connection is encrypted.
    pub(crate) fn is_tls(&self) -> bool {
        self.stream.is_tls()
    }

    /// The buffer to append PDUs to.
    pub(crate) fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// What was appended since this was last asked: whole PDUs. Ask before anything is written.
    pub(crate) fn take_untraced(&mut self) -> &[u8] {
        let from = std::mem::replace(&mut self.traced, self.output.len());
        self.output.get(from..).unwrap_or_default()
    }

    /// Octets that wait to be written.
    pub(crate) fn waiting_octets(&self) -> usize {
        self.output.len().saturating_sub(self.written)
    }

    /// Whether more may be appended than answers.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting_octets() < OUTPUT_SOFT_OCTETS
    }

    /// Whether everything is with the operating system.
    pub(crate) fn is_drained(&self) -> bool {
        self.waiting_octets() == 0 && !self.is_unflushed
    }

    /// When writing will have made no progress for `limit_ms`; `None` while nothing waits.
    pub(crate) fn stall_due_ms(&mut self, now_ms: u64, limit_ms: u64) -> Option<u64> {
        if self.is_drained() {
            self.stalled_at_ms = None;
            return None;
        }
        Some(self.stalled_at_ms.get_or_insert(now_ms).saturating_add(limit_ms))
    }

    /// Reads once. Zero is the end of the stream.
    pub(crate) fn poll_read(
        &mut self,
        cutter: &mut FrameCutter,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let buffer = cutter.buffer_mut();
        if self.is_busy && buffer.len() < READ_OCTETS {
            buffer.reserve_exact(READ_OCTETS - buffer.len());
        }
        let spare = buffer.capacity().saturating_sub(buffer.len());
        let count = ready!(self.stream.poll_read(buffer, cx))?;
        self.is_busy = count == spare;
        Poll::Ready(Ok(count))
    }

    /// Writes what waits, as far as the stream takes it. Gives whether anything moved.
    pub(crate) fn poll_write(&mut self, now_ms: u64, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut moved = false;
        while let Some(octets) = self.output.get(self.written..).filter(|octets| !octets.is_empty()) {
            match self.stream.poll_write(octets, cx)? {
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(count) => {
                    self.written += count;
                    self.is_unflushed = true;
                    self.stalled_at_ms = Some(now_ms);
                    moved = true;
                }
                Poll::Pending => break,
            }
        }
        self.forget_written();
        if self.is_unflushed && self.output.is_empty() && self.stream.poll_flush(cx)?.is_ready() {
            self.is_unflushed = false;
            self.stalled_at_ms = None;
            moved = true;
        }
        if moved { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn forget_written(&mut self) {
        if self.waiting_octets() == 0 {
            self.output.clear();
            self.written = 0;
            self.traced = 0;
            if self.output.capacity() > OUTPUT_KEPT_OCTETS {
                self.output.shrink_to(OUTPUT_KEPT_OCTETS);
            }
        } else if self.written >= OUTPUT_SOFT_OCTETS {
            self.output.drain(..self.written);
            self.traced = self.traced.saturating_sub(self.written);
            self.written = 0;
        }
    }

    /// Closes this side and reads what still comes, so that the peer's unread octets do not make the operating
    /// system discard the last answer. Ends with the peer's own close or at `LINGER_OCTETS`.
    pub(crate) async fn linger(&mut self) {
        if self.stream.shutdown().await.is_err() {
            return;
        }
        let mut dropped = 0;
        let mut buffer = Vec::new();
        while dropped < LINGER_OCTETS {
            buffer.clear();
            buffer.reserve(READ_OCTETS);
            match std::future::poll_fn(|cx| self.stream.poll_read(&mut buffer, cx)).await {
                Ok(count) if count > 0 => dropped += count,
                _ => return,
            }
        }
    }
}
