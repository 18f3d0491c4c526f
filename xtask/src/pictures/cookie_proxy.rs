//! A proxy on the loopback interface that adds a session's cookie to every request, because a
//! headless browser on the command line can open an address and cannot sign in.
//!
//! It passes everything else on as it is, to the one address that it was made for. Start at
//! [`CookieProxy::start`].

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, anyhow};

/// The most octets of a request's line and headers.
const HEAD_OCTETS_MAX: usize = 64 * 1024;
/// Octets that are read at once.
const READ_OCTETS: usize = 4 * 1024;

/// A running proxy; dropping it takes no more connections.
#[derive(Debug)]
pub(super) struct CookieProxy {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
}

impl CookieProxy {
    /// Listens on a free port for requests to `target`.
    pub(super) fn start(target: SocketAddr, cookie: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("failed to listen")?;
        let address = listener.local_addr()?;
        let stopped = Arc::new(AtomicBool::new(false));
        let (cookie, stop) = (cookie.to_owned(), Arc::clone(&stopped));
        std::thread::spawn(move || {
            for browser in listener.incoming().flatten() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let cookie = cookie.clone();
                // A browser that hangs up in the middle of a page is nobody's failure.
                std::thread::spawn(move || drop(pass_on(browser, target, &cookie)));
            }
        });
        Ok(Self { address, stopped })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for CookieProxy {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the accepting thread, so that it sees the order.
        drop(TcpStream::connect(self.address));
    }
}

/// Passes on one request, and its answer to the end.
fn pass_on(mut browser: TcpStream, target: SocketAddr, cookie: &str) -> anyhow::Result<()> {
    let head = read_head(&mut browser)?;
    let mut platform = TcpStream::connect(target)?;
    platform.write_all(with_cookie(&head, cookie).as_bytes())?;
    std::io::copy(&mut platform, &mut browser)?;
    Ok(())
}

fn read_head(browser: &mut TcpStream) -> anyhow::Result<String> {
    let mut octets = Vec::new();
    let mut piece = [0; READ_OCTETS];
    while !octets.ends_with(b"\r\n\r\n") {
        let count = browser.read(&mut piece)?;
        octets.extend_from_slice(piece.get(..count).unwrap_or_default());
        if count == 0 || octets.len() > HEAD_OCTETS_MAX {
            return Err(anyhow!("this is no request without a body"));
        }
    }
    String::from_utf8(octets).context("a request has strange headers")
}

/// The head with the cookie. One request to a connection, so that the end of the answer is seen.
fn with_cookie(head: &str, cookie: &str) -> String {
    let ours = |line: &&str| {
        let name = line.split(':').next().unwrap_or_default();
        !name.eq_ignore_ascii_case("connection") && !name.eq_ignore_ascii_case("cookie")
    };
    let kept: Vec<&str> = head.trim_end().split("\r\n").filter(ours).collect();
    format!("{}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n", kept.join("\r\n"))
}

#[cfg(test)]
mod tests {
    use super::with_cookie;

    #[test]
    fn the_cookie_is_added_and_the_rest_stays() {
        let head =
            "GET /a HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\ncookie: old=1\r\nAccept: */*\r\n\r\n";
        let expected =
            "GET /a HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nCookie: s=1\r\nConnection: close\r\n\r\n";
        assert_eq!(with_cookie(head, "s=1"), expected);
    }
}
