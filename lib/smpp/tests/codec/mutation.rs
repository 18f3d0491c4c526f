//! Damaged PDUs never panic, never break the framing, and what is accepted exactly survives a round trip.
//!
//! The sequence of damage depends on the seed alone, so a failure comes back on the next run.

use smpp::time::SmppTime;
use smpp::{CommandId, CommandStatus, FrameCutter, Header, Pdu, Receipt, Strictness, Tag, write_header_only};

use crate::seeds::seeds;

/// Iterations when the environment names none.
const DEFAULT_ITERATIONS: u64 = 200_000;

/// Marsaglia's xorshift with 64 bits of state: enough chance to damage octets with.
struct Xorshift(u64);

impl Xorshift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A value below `bound`; 0 for a bound of 0.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % bound.max(1)
    }

    fn octet(&mut self) -> u8 {
        const TELLING: [u8; 8] = [0x00, 0x01, 0x7F, 0x80, 0xFF, 0xFE, 0x10, b'0'];
        let [octet, choice, ..] = self.next().to_le_bytes();
        if choice < 128 { octet } else { TELLING[usize::from(choice % 8)] }
    }
}

#[expect(clippy::disallowed_methods, reason = "the soak lane asks for more iterations than the quick one")]
fn iterations() -> u64 {
    std::env::var("CHAPPE_SOAK_MUTATIONS").map_or(DEFAULT_ITERATIONS, |value| value.parse().unwrap())
}

/// Damages a PDU in one to eight places, and most often tells the truth about its length.
fn damage(octets: &mut Vec<u8>, random: &mut Xorshift) {
    for _ in 0..=random.below(8) {
        let at = random.below(octets.len());
        match random.below(7) {
            0 => octets[at] ^= 1 << random.below(8),
            1 | 2 => octets[at] = random.octet(),
            3 => octets.insert(at, random.octet()),
            4 if octets.len() > 17 => drop(octets.remove(at)),
            5 if octets.len() > 20 => octets.truncate(17 + random.below(octets.len() - 17)),
            _ => {
                let end = at + random.below((octets.len() - at).min(40));
                octets.extend_from_within(at..end);
            }
        }
    }
    if random.below(8) != 0 {
        let length = u32::try_from(octets.len()).unwrap();
        octets[..4].copy_from_slice(&length.to_be_bytes());
    }
}

/// Walks over everything that can be asked of a PDU.
fn inspect(pdu: &Pdu<'_>, show: bool) {
    if show {
        assert!(!format!("{pdu:?}").is_empty());
    }
    match pdu {
        Pdu::SubmitSm(message) | Pdu::DeliverSm(message) => {
            for time in [message.schedule_delivery_time, message.validity_period] {
                if let Ok(Some(time)) = SmppTime::parse(time) {
                    assert!(time.resolve_unix_ms(i64::MAX) > 0);
                    assert_eq!(SmppTime::parse(&time.to_octets()), Ok(Some(time)));
                }
            }
            if let Some((header, text)) = message.split_udh() {
                assert!(header.len() + text.len() <= message.payload().len());
            }
            if let Some(receipt) = Receipt::from_message(message) {
                assert_eq!(receipt.disagrees(), receipt.id_disagrees() || receipt.state_disagrees());
                assert!(receipt.id().is_some() || receipt.state().is_some());
            }
            message.tlvs.iter().for_each(|tlv| assert!(message.tlvs.get(tlv.tag).is_some()));
            let reference = message.tlvs.sar_msg_ref_num();
            assert!(reference.is_none() || message.tlvs.get(Tag::SAR_MSG_REF_NUM).is_some());
            let error = message.tlvs.network_error_code();
            assert!(error.is_none() || message.tlvs.get(Tag::NETWORK_ERROR_CODE).is_some());
        }
        Pdu::SubmitMulti(multi) => assert_eq!(multi.destinations.iter().count(), multi.destinations.len()),
        Pdu::SubmitMultiResp(resp) => assert_eq!(resp.unsuccess.iter().count(), resp.unsuccess.len()),
        _ => {}
    }
}

/// Decodes both ways; what is exact is also tolerable, and survives encoding.
fn check(header: &Header, body: &[u8], show: bool, out: &mut Vec<u8>) -> bool {
    let tolerant = Pdu::decode(header, body, Strictness::Tolerant);
    if let Ok(pdu) = &tolerant {
        inspect(pdu, show);
    }
    match Pdu::decode(header, body, Strictness::Exact) {
        Ok(pdu) => {
            assert_eq!(tolerant, Ok(pdu));
            out.clear();
            pdu.encode(header.command_status, header.sequence_number, out).unwrap();
            let again = Header::parse(out.first_chunk::<16>().unwrap());
            assert_eq!(Pdu::decode(&again, &out[16..], Strictness::Exact), Ok(pdu));
            true
        }
        Err(error) => {
            assert!(!error.command_status().is_ok() && !error.to_string().is_empty());
            false
        }
    }
}

#[test]
fn mutated_pdus_never_panic() {
    let seeds: Vec<Vec<u8>> = seeds().into_iter().map(|seed| seed.octets).collect();
    let mut probe = Vec::new();
    write_header_only(CommandId::ENQUIRE_LINK, CommandStatus::ESME_ROK, 0x5EED, &mut probe);
    let mut random = Xorshift(0x9E37_79B9_7F4A_7C15);
    let (mut octets, mut out) = (Vec::new(), Vec::new());
    let (mut accepted, mut refused, mut broken) = (0_u64, 0_u64, 0_u64);
    for iteration in 0..iterations() {
        octets.clear();
        octets.extend_from_slice(&seeds[random.below(seeds.len())]);
        damage(&mut octets, &mut random);
        let honest = u32::try_from(octets.len()).unwrap().to_be_bytes() == octets[..4];
        octets.extend_from_slice(&probe);
        let mut cutter = FrameCutter::default();
        let (first, second) = octets.split_at(random.below(octets.len()));
        let mut last = None;
        'stream: for piece in [first, second] {
            cutter.extend(piece);
            loop {
                match cutter.next_frame() {
                    Ok(Some(frame)) => {
                        let exact = check(&frame.header, frame.body, iteration % 64 == 0, &mut out);
                        if exact {
                            accepted += 1
                        } else {
                            refused += 1
                        }
                        last = Some(frame.header.sequence_number);
                    }
                    Ok(None) => break,
                    Err(error) => {
                        assert!(!(16..=70_000).contains(&error.command_length));
                        broken += 1;
                        break 'stream;
                    }
                }
            }
        }
        assert!(
            !honest || last == Some(0x5EED),
            "iteration {iteration}: the PDU behind the damaged one is lost"
        );
    }
    assert!(
        accepted > 0 && refused > 0 && broken > 0,
        "{accepted} accepted, {refused} refused, {broken} broken"
    );
}
