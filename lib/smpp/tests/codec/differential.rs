//! Another implementation as an oracle: what `rusmpp` accepts decodes to the same values here, and what is
//! encoded here it reads and writes back unchanged.

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};
use rusmpp::decode::DecodeWithLength;
use rusmpp::encode::owned::Encode;
use rusmpp::tlvs::Tlv;
use rusmpp::types::COctetString;

use smpp::{Header, Pdu, Strictness, Tlvs};

use crate::seeds::seeds;

/// Decodes the octets behind `command_length`, as the codec of that library does after framing.
fn oracle(octets: &[u8]) -> Option<rusmpp::Command> {
    let mut source = BytesMut::from(&octets[4..]);
    let length = source.len();
    rusmpp::Command::decode(&mut source, length).ok().map(|(command, _)| command)
}

/// The octets of one value or of a whole command without its length.
fn octets_of(value: &impl Encode) -> Vec<u8> {
    let mut out = BytesMut::with_capacity(value.length());
    value.encode(&mut out);
    out.to_vec()
}

/// Compares a C-octet string, which the oracle keeps with its NUL.
#[track_caller]
fn same_string<const MIN: usize, const MAX: usize>(ours: &[u8], theirs: &COctetString<MIN, MAX>) {
    assert_eq!([ours, &[0]].concat(), theirs.as_ref());
}

#[track_caller]
fn same_octets(ours: &[u8], theirs: &impl Encode) {
    assert_eq!(ours, octets_of(theirs));
}

/// Compares the tags in their order; the values are compared by the round trip.
///
/// A string value that the oracle reads to its NUL, against the length that the TLV tells, is no whole TLV here.
#[track_caller]
fn same_tlvs(ours: &Tlvs<'_>, theirs: &[Tlv]) {
    let told: usize = theirs.iter().map(|tlv| 4 + usize::from(tlv.value_length())).sum();
    let read: usize = theirs.iter().map(|tlv| octets_of(tlv).len()).sum();
    if told != read {
        return;
    }
    let ours: Vec<u16> = ours.iter().map(|tlv| tlv.tag.0).collect();
    let theirs: Vec<u16> = theirs.iter().map(|tlv| tlv.tag().into()).collect();
    assert_eq!(ours, theirs);
}

macro_rules! same_message {
    ($ours:expr, $theirs:expr) => {{
        let (ours, theirs) = ($ours, $theirs);
        same_string(&ours.source.digits, &theirs.source_addr);
        same_string(&ours.destination.digits, &theirs.destination_addr);
        assert_eq!(ours.protocol_id, theirs.protocol_id);
        assert_eq!(ours.sm_default_msg_id, theirs.sm_default_msg_id);
        same_octets(&[ours.source.ton], &theirs.source_addr_ton);
        same_octets(&[ours.destination.npi], &theirs.dest_addr_npi);
        same_octets(&[ours.data_coding], &theirs.data_coding);
        same_octets(&[ours.schedule_delivery_time, &[0]].concat(), &theirs.schedule_delivery_time);
        same_octets(&[ours.validity_period, &[0]].concat(), &theirs.validity_period);
        assert_eq!(ours.short_message, theirs.short_message().as_ref());
        same_tlvs(&ours.tlvs, theirs.tlvs());
    }};
}

macro_rules! same_bind {
    ($ours:expr, $theirs:expr) => {{
        let (ours, theirs) = ($ours, $theirs);
        same_string(ours.system_id, &theirs.system_id);
        same_string(ours.password, &theirs.password);
        same_string(ours.system_type, &theirs.system_type);
        same_string(ours.address_range.digits, &theirs.address_range);
        same_octets(&[ours.interface_version], &theirs.interface_version);
    }};
}

/// Compares the fields of one PDU; gives whether the pair is of a kind that is compared.
fn compare(ours: Pdu<'_>, theirs: &rusmpp::Pdu) -> bool {
    use rusmpp::Pdu as Theirs;
    match (ours, theirs) {
        (Pdu::BindReceiver(ours), Theirs::BindReceiver(theirs)) => same_bind!(ours, theirs),
        (Pdu::BindTransmitter(ours), Theirs::BindTransmitter(theirs)) => same_bind!(ours, theirs),
        (Pdu::BindTransceiver(ours), Theirs::BindTransceiver(theirs)) => same_bind!(ours, theirs),
        (Pdu::Outbind(ours), Theirs::Outbind(theirs)) => {
            same_string(ours.system_id, &theirs.system_id);
            same_string(ours.password, &theirs.password);
        }
        (Pdu::SubmitSm(ours), Theirs::SubmitSm(theirs)) => same_message!(ours, theirs),
        (Pdu::DeliverSm(ours), Theirs::DeliverSm(theirs)) => same_message!(ours, theirs),
        (Pdu::SubmitSmResp(ours), Theirs::SubmitSmResp(theirs)) => {
            same_string(ours.message_id, theirs.message_id());
            same_tlvs(&ours.tlvs, theirs.tlvs());
        }
        (Pdu::DeliverSmResp(ours), Theirs::DeliverSmResp(theirs)) => {
            same_string(ours.message_id, theirs.message_id());
        }
        (Pdu::DataSmResp(ours), Theirs::DataSmResp(theirs)) => {
            same_string(ours.message_id, theirs.message_id())
        }
        (Pdu::DataSm(ours), Theirs::DataSm(theirs)) => {
            same_string(ours.source.digits, &theirs.source_addr);
            same_string(ours.destination.digits, &theirs.destination_addr);
            same_tlvs(&ours.tlvs, theirs.tlvs());
        }
        (Pdu::SubmitMulti(ours), Theirs::SubmitMulti(theirs)) => {
            same_string(ours.message.source.digits, &theirs.source_addr);
            assert_eq!(ours.destinations.iter().count(), theirs.dest_address().len());
            assert_eq!(ours.message.short_message, theirs.short_message().as_ref());
        }
        (Pdu::SubmitMultiResp(ours), Theirs::SubmitMultiResp(theirs)) => {
            same_string(ours.message_id, &theirs.message_id);
            assert_eq!(ours.unsuccess.iter().count(), theirs.unsuccess_sme().len());
        }
        (Pdu::QuerySm(ours), Theirs::QuerySm(theirs)) => {
            same_string(ours.message_id, &theirs.message_id);
            same_string(ours.source.digits, &theirs.source_addr);
        }
        (Pdu::QuerySmResp(ours), Theirs::QuerySmResp(theirs)) => {
            same_string(ours.message_id, &theirs.message_id);
            same_octets(&[ours.message_state], &theirs.message_state);
            assert_eq!(ours.error_code, theirs.error_code);
        }
        (Pdu::CancelSm(ours), Theirs::CancelSm(theirs)) => {
            same_string(ours.message_id, &theirs.message_id);
            same_string(ours.destination.digits, &theirs.destination_addr);
        }
        (Pdu::ReplaceSm(ours), Theirs::ReplaceSm(theirs)) => {
            same_string(ours.message_id, &theirs.message_id);
            assert_eq!(ours.short_message, theirs.short_message().as_ref());
        }
        (Pdu::AlertNotification(ours), Theirs::AlertNotification(theirs)) => {
            same_string(ours.source.digits, &theirs.source_addr);
            same_string(ours.esme.digits, &theirs.esme_addr);
        }
        _ => return false,
    }
    true
}

#[test]
fn the_oracle_reads_every_hand_made_pdu() {
    let mut compared = 0;
    for seed in seeds() {
        let command = oracle(&seed.octets).unwrap_or_else(|| panic!("{} is refused", seed.name));
        assert_eq!(octets_of(&command), seed.octets[4..], "{}", seed.name);
        compared += usize::from(command.pdu().is_some_and(|theirs| compare(seed.pdu, theirs)));
    }
    assert!(compared >= 18, "only {compared} kinds were compared");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn what_the_oracle_accepts_decodes_the_same(
        index in any::<proptest::sample::Index>(),
        edits in vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4),
        cut in 0_usize..3,
        tail in vec(any::<u8>(), 0..3),
    ) {
        let seeds = seeds();
        let mut octets = index.get(&seeds).octets.clone();
        for (at, value) in edits {
            let at = 12 + at.index(octets.len() - 12);
            octets[at] = value;
        }
        octets.truncate((octets.len() - cut).max(16));
        octets.extend(tail);
        let length = u32::try_from(octets.len()).unwrap();
        octets[..4].copy_from_slice(&length.to_be_bytes());

        let header = Header::parse(octets.first_chunk::<16>().unwrap());
        if let Some(command) = oracle(&octets)
            && let Some(theirs) = command.pdu()
        {
            let ours = Pdu::decode(&header, &octets[16..], Strictness::Tolerant);
            let ours = ours.unwrap_or_else(|error| panic!("{error}: {theirs:?}"));
            compare(ours, theirs);
            if octets_of(&command) == octets[4..] && Pdu::decode(&header, &octets[16..], Strictness::Exact).is_ok() {
                let mut out = Vec::new();
                ours.encode(header.command_status, header.sequence_number, &mut out).unwrap();
                if header.command_status.is_ok() {
                    prop_assert_eq!(&out, &octets);
                }
            }
        }
    }
}
