//! A stream of PDUs as a peer may send it: cut into frames, decoded, written again, and shown without what is
//! personal.

use smpp::redact::{HIDDEN, Redaction, redact};
use smpp::{CommandStatus, FRAME_LIMIT, FrameCutter, Header, Pdu, Strictness};

use super::{Target, outcome, roughly};

/// PDUs with their lengths, as they come from a socket.
pub(super) const STREAM: Target = Target {
    name: "smpp_stream",
    about: "a stream of PDUs: framing, decoding, writing again",
    make: || Box::new(check),
    words: &[
        b"\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x01",
        b"\0\0\0\x04\0\0\0\0\0\0\0\x01",
        b"\0\0\0\x05",
        b"\0\0\0\x21",
        b"\x80\0\0\x04",
        b"\x04\x24",
        b"\0\x01\x01447911123456\0",
        b"\0\x05\0ACME\0",
        b"261122103000000+\0",
        b"000001000000000R\0",
        b"\x02\x0C\0\x02\0\x01\x02\x0E\0\x01\x02\x02\x0F\0\x01\x01",
    ],
    limit: 80_000,
    // The buffer of the cutter doubles as it grows, and every frame is shown and written again.
    octets_base: 64 * 1024,
    octets_per_octet: 64,
};

fn check(input: &[u8]) -> u64 {
    let whole = frames(input, input.len().max(1));
    // Frames do not depend on the pieces in which they come.
    assert_eq!(whole, frames(input, 1 + input.len() / 3), "pieces");
    let read: usize = whole.0.iter().map(|frame| 16 + frame.body.len()).sum();
    assert!(read <= input.len(), "more was cut than came");
    let decoded: Vec<_> = whole.0.iter().map(decode).collect();
    outcome((decoded.first(), roughly(decoded.len()), decoded.iter().all(Result::is_ok), whole.1.is_some()))
}

#[derive(Debug, PartialEq, Eq)]
struct Owned {
    header: Header,
    body: Vec<u8>,
}

/// The frames of a stream that comes in pieces, and the length that ended it.
fn frames(input: &[u8], piece: usize) -> (Vec<Owned>, Option<u32>) {
    let mut cutter = FrameCutter::default();
    let mut found = Vec::new();
    for piece in input.chunks(piece) {
        cutter.extend(piece);
        loop {
            match cutter.next_frame() {
                Ok(Some(frame)) => {
                    assert_eq!(frame.octets.len(), 16 + frame.body.len());
                    found.push(Owned { header: frame.header, body: frame.body.to_vec() });
                }
                Ok(None) => break,
                Err(error) => {
                    assert!(!(16..=FRAME_LIMIT).contains(&error.command_length));
                    return (found, Some(error.command_length));
                }
            }
        }
    }
    assert!(cutter.buffered() < usize::try_from(FRAME_LIMIT).unwrap(), "a whole frame stays behind");
    (found, None)
}

/// What is exact is tolerable too, means the same, and survives being written.
fn decode(frame: &Owned) -> Result<&'static str, String> {
    let Owned { header, body } = frame;
    hide(header, body);
    let tolerant = Pdu::decode(header, body, Strictness::Tolerant);
    let shown = format!("{tolerant:?}");
    assert!(shown.len() <= 4_096 + 64 * body.len(), "what is shown of it is out of proportion");
    let mut written = Vec::new();
    if let Ok(pdu) = tolerant {
        let tried = pdu.encode(header.command_status, header.sequence_number, &mut written);
        assert_eq!(tried.is_err(), written.is_empty(), "a failed write leaves nothing behind");
        if tried.is_ok() {
            same_again(&pdu, header, &written, Strictness::Tolerant);
        }
    }
    match Pdu::decode(header, body, Strictness::Exact) {
        Ok(pdu) => {
            assert_eq!(tolerant, Ok(pdu));
            written.clear();
            pdu.encode(header.command_status, header.sequence_number, &mut written).expect("it was exact");
            same_again(&pdu, header, &written, Strictness::Exact);
            Ok(pdu.command_id().name())
        }
        Err(error) => {
            assert_ne!(error.command_status(), CommandStatus::ESME_ROK);
            Err(format!("{} {error}", header.command_id.name()))
        }
    }
}

/// What hides the content of a PDU leaves its form: it is read as before, and no address is left.
fn hide(header: &Header, body: &[u8]) {
    let mut octets = Vec::new();
    header.write(&mut octets);
    octets.extend_from_slice(body);
    let head = octets.get(..16).unwrap_or_default().to_vec();
    redact(&mut octets, Redaction::Personal);
    let (again, hidden) = octets.split_at(16);
    assert_eq!((again, hidden.len()), (head.as_slice(), body.len()));
    let Ok(before) = Pdu::decode(header, body, Strictness::Exact) else { return };
    let after = Pdu::decode(header, hidden, Strictness::Exact).expect("hiding has broken it");
    assert_eq!(after.command_id(), before.command_id());
    if let Pdu::SubmitSm(message) | Pdu::DeliverSm(message) = after {
        let addresses = [message.source.digits, message.destination.digits];
        assert!(addresses.concat().iter().all(|octet| *octet == HIDDEN), "an address is left");
    }
}

fn same_again(pdu: &Pdu<'_>, header: &Header, written: &[u8], strictness: Strictness) {
    let again = Header::parse(written.first_chunk::<16>().expect("a header"));
    assert_eq!(usize::try_from(again.command_length).ok(), Some(written.len()));
    assert_eq!(
        (again.command_id, again.command_status, again.sequence_number),
        (header.command_id, header.command_status, header.sequence_number)
    );
    let body = written.get(16..).unwrap_or_default();
    // An error response without anything in it has no body, and then the list of optional parameters is empty.
    assert_eq!(Pdu::decode(&again, body, strictness), Ok(*pdu), "it reads back as something else");
}
