//! As much of HTTP/1.1 as both sides need: heads, lengths, and a request on a connection that stays open.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Octets of one answer.
const ANSWER_OCTETS_MAX: usize = 1024 * 1024;

/// A connection of a client, used for one request after the other.
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer: its status and its body.
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) body: &'a [u8],
}

impl Connection {
    /// Connects.
    pub(super) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn ask(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.buffer.clear();
        self.stream.write_all(request).await?;
        loop {
            if let Some(head) = head_of(&self.buffer) {
                let (start, length) = (head.len(), length_of(head));
                if self.buffer.len() >= start + length {
                    let status =
                        status_of(head).ok_or_else(|| io::Error::other("an answer has no status"))?;
                    let body = self.buffer.get(start..start + length).unwrap_or_default();
                    return Ok(Answer { status, body });
                }
            }
            if self.buffer.len() > ANSWER_OCTETS_MAX {
                return Err(io::Error::other("an answer is too long"));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// The head with its empty line, if it has come as a whole.
pub(in super::super) fn head_of(octets: &[u8]) -> Option<&[u8]> {
    const END: &[u8] = b"\r\n\r\n";
    let end = octets.windows(END.len()).position(|window| window == END)?;
    octets.get(..end + END.len())
}

/// What `content-length` announces; zero without one.
pub(in super::super) fn length_of(head: &[u8]) -> usize {
    let text = String::from_utf8_lossy(head);
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    length.unwrap_or(0)
}

fn status_of(head: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(head).ok()?;
    text.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{head_of, length_of, status_of};

    #[test]
    fn heads_are_read() {
        let answer = b"HTTP/1.1 202 Accepted\r\nContent-Length:  12\r\nx: y\r\n\r\nbody";
        let head = head_of(answer).unwrap();
        assert_eq!(&answer[head.len()..], b"body");
        assert_eq!((status_of(head), length_of(head)), (Some(202), 12));
        assert_eq!(length_of(b"HTTP/1.1 204 No Content\r\n\r\n"), 0);
        assert!(head_of(b"HTTP/1.1 202 Accepted\r\n").is_none());
    }
}
