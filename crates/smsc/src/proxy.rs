//! The PROXY protocol, versions 1 and 2: a proxy that is trusted says who is behind it before anything else.
//!
//! It reads exactly the header and no octet of what follows, because that may be a TLS handshake. Who may send a
//! header is decided elsewhere; here a connection without one is an error. Source: HAProxy, "The PROXY protocol,
//! versions 1 & 2", sections 2.1 and 2.2. Start at [`read_header`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tokio::io::{AsyncRead, AsyncReadExt};

/// The twelve octets that begin version 2.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// The longest line of version 1, its end included.
const LINE_OCTETS_MAX: usize = 107;
/// The most octets of addresses and parameters of version 2. The standard lets 65,535; what says more than this is
/// no proxy that is known.
const BLOCK_OCTETS_MAX: usize = 4_096;

/// Who is behind a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    /// A client at that address.
    Client(IpAddr),
    /// The proxy itself, or it cannot tell: a health check.
    Proxy,
}

/// Why a header cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HeaderError {
    /// The stream ended or failed.
    #[error("the stream ended within the header")]
    Read(#[from] std::io::Error),
    /// It is not a header.
    #[error("the stream does not begin with a proxy header")]
    Missing,
    /// It is one, and it is wrong.
    #[error("the proxy header cannot be read")]
    Malformed,
}

/// Reads the header that begins a stream.
pub(crate) async fn read_header(stream: &mut (impl AsyncRead + Unpin)) -> Result<Behind, HeaderError> {
    let mut head = [0; SIGNATURE.len()];
    // The shortest line of version 1, "PROXY UNKNOWN" and its end, is longer than this.
    stream.read_exact(&mut head).await?;
    if head == SIGNATURE {
        return read_version_2(stream).await;
    }
    if !head.starts_with(b"PROXY ") {
        return Err(HeaderError::Missing);
    }
    let mut line = head.to_vec();
    while !line.ends_with(b"\r\n") {
        if line.len() >= LINE_OCTETS_MAX {
            return Err(HeaderError::Malformed);
        }
        line.push(stream.read_u8().await?);
    }
    read_line(&line).ok_or(HeaderError::Malformed)
}

/// Reads a line of version 1: `PROXY TCP4 source destination port port`.
fn read_line(line: &[u8]) -> Option<Behind> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix("\r\n")?;
    let mut words = line.split(' ');
    let (_proxy, family) = (words.next()?, words.next()?);
    if family == "UNKNOWN" {
        return Some(Behind::Proxy);
    }
    let mut address = || -> Option<IpAddr> { words.next()?.parse().ok() };
    let (source, destination) = (address()?, address()?);
    let mut port = || -> Option<u16> { words.next()?.parse().ok() };
    let _ports = (port()?, port()?);
    let fits = match family {
        "TCP4" => source.is_ipv4() && destination.is_ipv4(),
        "TCP6" => source.is_ipv6() && destination.is_ipv6(),
        _ => false,
    };
    (fits && words.next().is_none()).then_some(Behind::Client(source.to_canonical()))
}

/// Reads what follows the signature of version 2.
async fn read_version_2(stream: &mut (impl AsyncRead + Unpin)) -> Result<Behind, HeaderError> {
    let version_and_command = stream.read_u8().await?;
    let family = stream.read_u8().await?;
    let length = usize::from(stream.read_u16().await?);
    if length > BLOCK_OCTETS_MAX {
        return Err(HeaderError::Malformed);
    }
    let mut block = vec![0; length];
    stream.read_exact(&mut block).await?;
    match version_and_command {
        // LOCAL: the proxy speaks for itself.
        0x20 => Ok(Behind::Proxy),
        0x21 => read_block(family, &block).ok_or(HeaderError::Malformed),
        _ => Err(HeaderError::Malformed),
    }
}

/// The source of a block of addresses; what no TCP address is, tells nothing.
fn read_block(family: u8, block: &[u8]) -> Option<Behind> {
    match family {
        // TCP over IPv4: two addresses of 4 octets, two ports.
        0x11 => {
            let (source, rest) = block.split_first_chunk::<4>()?;
            (rest.len() >= 8).then_some(Behind::Client(Ipv4Addr::from(*source).into()))
        }
        // TCP over IPv6: two addresses of 16 octets, two ports.
        0x21 => {
            let (source, rest) = block.split_first_chunk::<16>()?;
            (rest.len() >= 20).then_some(Behind::Client(IpAddr::from(Ipv6Addr::from(*source)).to_canonical()))
        }
        0x00 => Some(Behind::Proxy),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Behind, HeaderError, SIGNATURE, read_header};

    const NEXT: &[u8] = b"\0\0\0\x10 the next octets";

    fn client(address: &str) -> Option<Behind> {
        Some(Behind::Client(address.parse::<IpAddr>().unwrap()))
    }

    /// Reads a header and checks that nothing behind it was taken.
    async fn check(header: &[u8], expected: Option<Behind>) {
        let octets = [header, NEXT].concat();
        let mut rest = octets.as_slice();
        let read = read_header(&mut rest).await;
        match (read, expected) {
            (Ok(read), Some(expected)) => {
                assert_eq!(read, expected, "{header:?}");
                assert_eq!(rest, NEXT, "{header:?}");
            }
            (Err(_), None) => {}
            (read, expected) => panic!("{header:?}: {read:?}, not {expected:?}"),
        }
    }

    fn version_2(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
        let length = u16::try_from(block.len()).unwrap().to_be_bytes();
        [SIGNATURE.as_slice(), &[command, family], &length, block].concat()
    }

    #[tokio::test]
    async fn lines_of_version_1() {
        for (line, expected) in [
            ("PROXY TCP4 192.0.2.7 198.51.100.1 56324 2775\r\n", client("192.0.2.7")),
            ("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n", client("2001:db8::1")),
            ("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", client("192.0.2.7")),
            ("PROXY UNKNOWN\r\n", Some(Behind::Proxy)),
            ("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", Some(Behind::Proxy)),
            ("PROXY TCP4 2001:db8::1 192.0.2.7 1 2\r\n", None),
            ("PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n", None),
            ("PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3\r\n", None),
            ("PROXY TCP4 192.0.2.7 198.51.100.1 1 65536\r\n", None),
            ("PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n", None),
            ("PROXY TCP4 name.example 198.51.100.1 1 2\r\n", None),
            ("GET / HTTP/1.1\r\n\r\n", None),
        ] {
            check(line.as_bytes(), expected).await;
        }
        check(&[b"PROXY TCP4 ".as_slice(), &[b'1'; 200]].concat(), None).await;
    }

    #[tokio::test]
    async fn blocks_of_version_2() {
        let four = [192, 0, 2, 7, 198, 51, 100, 1, 0, 1, 0, 2];
        let mut six = [0; 36];
        six[..2].copy_from_slice(&[0x20, 0x01]);
        let with_parameters = [four.as_slice(), &[0x04, 0, 3, 1, 2, 3]].concat();
        for (command, family, block, expected) in [
            (0x21, 0x11, four.as_slice(), client("192.0.2.7")),
            (0x21, 0x11, &with_parameters, client("192.0.2.7")),
            (0x21, 0x21, &six, client("2001::")),
            (0x20, 0x00, &[], Some(Behind::Proxy)),
            (0x20, 0x11, &four, Some(Behind::Proxy)),
            (0x21, 0x00, &[], Some(Behind::Proxy)),
            (0x21, 0x11, &four[..11], None),
            (0x21, 0x12, &four, None),
            (0x31, 0x11, &four, None),
            (0x22, 0x11, &four, None),
            (0x21, 0x11, &[0; 5_000], None),
        ] {
            check(&version_2(command, family, block), expected).await;
        }
    }

    #[tokio::test]
    async fn a_stream_that_ends_is_no_header() {
        let whole = version_2(0x21, 0x11, &[0; 12]);
        for length in 0..whole.len() {
            let error = read_header(&mut &whole[..length]).await.unwrap_err();
            assert!(matches!(error, HeaderError::Read(_)), "{length}: {error:?}");
        }
    }
}
