//! Writes PDUs as a capture file: real PDUs in TCP segments that are made up, so that any dissector can read them.
//!
//! The format is that of libpcap 2.4 with raw IP packets (link type 101). Of addresses and ports only the
//! customer's address is real. Checksums are right. Start at [`Capture`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use smpp::session::Side;
use types::time::Timestamp;

/// Begins a file of little-endian numbers with times in microseconds.
const MAGIC: u32 = 0xA1B2_C3D4;
/// The most octets of a packet that a reader needs room for.
const SNAP_OCTETS: u32 = 262_144;
/// Raw IP, version by its first octet.
const LINK_TYPE_RAW: u32 = 101;
/// Octets of a segment; longer PDUs are divided.
const SEGMENT_OCTETS: usize = 16_384;
/// The port that dissectors know as SMPP, for the server, and one for the customer.
const SERVER_PORT: u16 = 2_775;
const CUSTOMER_PORT: u16 = 49_152;
/// Addresses of the server: from the ranges that documentation may use (RFC 5737, RFC 3849).
const SERVER_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const SERVER_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xDB8, 0, 0, 0, 0, 0, 1);
/// The number of TCP among the protocols of IP.
const PROTOCOL_TCP: u8 = 6;
/// Octets of a TCP header without options.
const TCP_OCTETS: u16 = 20;
/// Octets of an IPv4 header without options.
const IPV4_OCTETS: u16 = 20;
/// Flags of TCP.
const SYN: u8 = 0x02;
const PSH_ACK: u8 = 0x18;
const SYN_ACK: u8 = 0x12;
const ACK: u8 = 0x10;

/// A capture file that is being written.
pub(super) struct Capture {
    octets: Vec<u8>,
    peer: IpAddr,
    /// The next TCP sequence numbers of customer and server.
    customer_next: u32,
    server_next: u32,
    has_begun: bool,
}

impl Capture {
    /// Begins a file about a customer at that address.
    pub(super) fn begin(peer: IpAddr) -> Self {
        let mut octets = Vec::new();
        octets.extend_from_slice(&MAGIC.to_le_bytes());
        octets.extend_from_slice(&2_u16.to_le_bytes());
        octets.extend_from_slice(&4_u16.to_le_bytes());
        // Offset from UTC and accuracy, both unused.
        octets.extend_from_slice(&[0; 8]);
        octets.extend_from_slice(&SNAP_OCTETS.to_le_bytes());
        octets.extend_from_slice(&LINK_TYPE_RAW.to_le_bytes());
        Self { octets, peer: peer.to_canonical(), customer_next: 1, server_next: 1, has_begun: false }
    }

    /// Appends a PDU.
    pub(super) fn append(&mut self, from: Side, pdu: &[u8], at: Timestamp) {
        if !self.has_begun {
            self.has_begun = true;
            self.shake_hands(at);
        }
        for segment in pdu.chunks(SEGMENT_OCTETS) {
            self.packet(from, PSH_ACK, segment, at);
        }
    }

    /// The file.
    pub(super) fn into_octets(self) -> Vec<u8> {
        self.octets
    }

    /// The three segments that open a connection, so that a reader knows which octets are the first.
    fn shake_hands(&mut self, at: Timestamp) {
        (self.customer_next, self.server_next) = (0, 0);
        self.packet(Side::Esme, SYN, &[], at);
        self.customer_next = 1;
        self.packet(Side::Smsc, SYN_ACK, &[], at);
        self.server_next = 1;
        self.packet(Side::Esme, ACK, &[], at);
    }

    fn packet(&mut self, from: Side, flags: u8, segment: &[u8], at: Timestamp) {
        let packet = match self.peer {
            IpAddr::V4(peer) => self.packet_v4(from, flags, segment, peer),
            IpAddr::V6(peer) => self.packet_v6(from, flags, segment, peer),
        };
        let length = u32::try_from(packet.len()).unwrap_or(SNAP_OCTETS);
        let seconds = u32::try_from(at.as_ms().div_euclid(1_000)).unwrap_or(0);
        let micros = u32::try_from(at.as_ms().rem_euclid(1_000) * 1_000).unwrap_or(0);
        for number in [seconds, micros, length, length] {
            self.octets.extend_from_slice(&number.to_le_bytes());
        }
        self.octets.extend_from_slice(&packet);
        let sent = u32::try_from(segment.len()).unwrap_or(0);
        match from {
            Side::Esme => self.customer_next = self.customer_next.wrapping_add(sent),
            Side::Smsc => self.server_next = self.server_next.wrapping_add(sent),
        }
    }

    fn packet_v4(&self, from: Side, flags: u8, segment: &[u8], peer: Ipv4Addr) -> Vec<u8> {
        let (source, destination) = match from {
            Side::Esme => (peer, SERVER_V4),
            Side::Smsc => (SERVER_V4, peer),
        };
        let tcp = tcp_octets(segment);
        let mut head = Vec::with_capacity(usize::from(IPV4_OCTETS));
        head.extend_from_slice(&[0x45, 0]);
        head.extend_from_slice(&tcp.saturating_add(IPV4_OCTETS).to_be_bytes());
        // Identification; not to be divided; time to live; protocol; no checksum yet.
        head.extend_from_slice(&[0, 0, 0x40, 0, 64, PROTOCOL_TCP, 0, 0]);
        head.extend_from_slice(&source.octets());
        head.extend_from_slice(&destination.octets());
        let sum = checksum(&head);
        if let Some(place) = head.get_mut(10..12) {
            place.copy_from_slice(&sum.to_be_bytes());
        }
        let mut pseudo = [source.octets(), destination.octets()].concat();
        pseudo.extend_from_slice(&[0, PROTOCOL_TCP]);
        pseudo.extend_from_slice(&tcp.to_be_bytes());
        head.extend_from_slice(&self.segment(from, flags, segment, &pseudo));
        head
    }

    fn packet_v6(&self, from: Side, flags: u8, segment: &[u8], peer: Ipv6Addr) -> Vec<u8> {
        let (source, destination) = match from {
            Side::Esme => (peer, SERVER_V6),
            Side::Smsc => (SERVER_V6, peer),
        };
        let tcp = tcp_octets(segment);
        let mut head = vec![0x60, 0, 0, 0];
        head.extend_from_slice(&tcp.to_be_bytes());
        head.extend_from_slice(&[PROTOCOL_TCP, 64]);
        head.extend_from_slice(&source.octets());
        head.extend_from_slice(&destination.octets());
        let mut pseudo = [source.octets(), destination.octets()].concat();
        pseudo.extend_from_slice(&u32::from(tcp).to_be_bytes());
        pseudo.extend_from_slice(&[0, 0, 0, PROTOCOL_TCP]);
        head.extend_from_slice(&self.segment(from, flags, segment, &pseudo));
        head
    }

    /// A TCP segment with its checksum, which covers the pseudo header too.
    fn segment(&self, from: Side, flags: u8, segment: &[u8], pseudo: &[u8]) -> Vec<u8> {
        let (ports, sequence, acknowledged) = match from {
            Side::Esme => ([CUSTOMER_PORT, SERVER_PORT], self.customer_next, self.server_next),
            Side::Smsc => ([SERVER_PORT, CUSTOMER_PORT], self.server_next, self.customer_next),
        };
        let mut octets = ports.map(u16::to_be_bytes).concat();
        octets.extend_from_slice(&sequence.to_be_bytes());
        octets.extend_from_slice(&if flags & ACK == 0 { 0 } else { acknowledged }.to_be_bytes());
        // Five words of header, the flags, the window, no checksum yet, nothing urgent.
        octets.extend_from_slice(&[0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0]);
        octets.extend_from_slice(segment);
        let sum = checksum(&[pseudo, &octets].concat());
        if let Some(place) = octets.get_mut(16..18) {
            place.copy_from_slice(&sum.to_be_bytes());
        }
        octets
    }
}

/// Octets of a TCP header and what it carries.
fn tcp_octets(segment: &[u8]) -> u16 {
    u16::try_from(segment.len()).unwrap_or(0).saturating_add(TCP_OCTETS)
}

/// The checksum of the Internet protocols (RFC 1071).
fn checksum(octets: &[u8]) -> u16 {
    let mut sum = 0_u32;
    for pair in octets.chunks(2) {
        let high = pair.first().copied().unwrap_or(0);
        let low = pair.get(1).copied().unwrap_or(0);
        sum = sum.wrapping_add(u32::from(u16::from_be_bytes([high, low])));
    }
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use smpp::session::Side;
    use types::time::Timestamp;

    use super::{Capture, SEGMENT_OCTETS, checksum};

    /// The packets of a file.
    fn packets(file: &[u8]) -> Vec<&[u8]> {
        let mut rest = &file[24..];
        let mut found = Vec::new();
        while !rest.is_empty() {
            let length = u32::from_le_bytes(rest[8..12].try_into().unwrap());
            let (packet, next) = rest[16..].split_at(usize::try_from(length).unwrap());
            found.push(packet);
            rest = next;
        }
        found
    }

    #[test]
    fn packets_have_right_sums_and_numbers() {
        for (peer, head) in [("198.51.100.7", 20), ("2001:db8::7", 40)] {
            let mut file = Capture::begin(peer.parse::<IpAddr>().unwrap());
            let long = vec![7; SEGMENT_OCTETS + 1];
            file.append(Side::Esme, b"one", Timestamp::from_ms(1_795_000_000_123));
            file.append(Side::Smsc, &long, Timestamp::from_ms(1_795_000_000_124));
            file.append(Side::Esme, b"two", Timestamp::from_ms(1_795_000_000_125));
            let octets = file.into_octets();
            let packets = packets(&octets);
            assert_eq!(packets.len(), 3 + 4, "three to open, one PDU in two segments");
            for packet in &packets {
                let (ip, tcp) = packet.split_at(head);
                let length = u16::try_from(tcp.len()).unwrap();
                let pseudo = if head == 20 {
                    assert_eq!(checksum(ip), 0);
                    [&ip[12..20], &[0, 6], &length.to_be_bytes()].concat()
                } else {
                    [&ip[8..40], &[0, 0], &length.to_be_bytes(), &[0, 0, 0, 6]].concat()
                };
                assert_eq!(checksum(&[&pseudo, tcp].concat()), 0, "{peer}");
            }
            // The last one begins behind the first, and has seen all of the server's.
            let tcp = &packets[6][head..];
            let number = |place: usize| u32::from_be_bytes(tcp[place..place + 4].try_into().unwrap());
            assert_eq!((number(4), number(8)), (1 + 3, 1 + u32::try_from(long.len()).unwrap()));
            assert_eq!(&tcp[20..], b"two");
        }
    }
}
