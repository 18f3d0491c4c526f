//! The frame cutter among good, bad and impossible PDUs, in pieces of any size.

use smpp::{CommandId, CommandStatus, DecodeError, Frame, FrameCutter, Pdu, Strictness, write_header_only};

use crate::seeds::seeds;

/// Feeds `octets` in pieces and decodes each frame.
fn run(octets: &[u8], piece: usize) -> Vec<(u32, Result<CommandId, CommandStatus>)> {
    let mut cutter = FrameCutter::default();
    let mut seen = Vec::new();
    for piece in octets.chunks(piece) {
        cutter.buffer_mut().extend_from_slice(piece);
        while let Some(Frame { header, body, octets }) = cutter.next_frame().unwrap() {
            assert_eq!(octets.len(), body.len() + 16);
            let decoded = Pdu::decode(&header, body, Strictness::Exact);
            let outcome = decoded.map(|pdu| pdu.command_id()).map_err(|error| error.command_status());
            seen.push((header.sequence_number, outcome));
        }
    }
    assert_eq!(cutter.buffered(), 0);
    seen
}

#[test]
fn pieces_of_any_size_give_the_same_frames() {
    let stream: Vec<u8> = seeds().into_iter().flat_map(|seed| seed.octets).collect();
    let whole = run(&stream, stream.len());
    assert_eq!(whole.len(), seeds().len());
    assert!(whole.iter().all(|(_, outcome)| outcome.is_ok()));
    for piece in [1, 2, 3, 7, 16, 17, 100] {
        assert_eq!(run(&stream, piece), whole, "pieces of {piece}");
    }
}

#[test]
fn the_next_pdu_is_found_behind_each_kind_of_bad_one() {
    // (what is wrong, id, body, status to answer)
    let long_id = [vec![b'x'; 20], vec![0]].concat();
    let bad_bind = [&long_id[..], b"pw\0\0\x34\0\0\0"].concat();
    let cases: Vec<(&str, CommandId, Vec<u8>, CommandStatus)> = vec![
        ("system_id too long", CommandId::BIND_TRANSCEIVER, bad_bind, CommandStatus::ESME_RINVSYSID),
        ("stray octets", CommandId::ENQUIRE_LINK, vec![1, 2, 3, 4], CommandStatus::ESME_RINVCMDLEN),
        ("no body", CommandId::SUBMIT_SM, vec![], CommandStatus::ESME_RINVCMDLEN),
        ("no NUL at all", CommandId::SUBMIT_SM, vec![0xFF; 500], CommandStatus::ESME_RINVSERTYP),
        ("a PDU inside", CommandId::SUBMIT_SM, seeds()[0].octets.clone(), CommandStatus::ESME_RINVMSGLEN),
        ("zeros", CommandId::SUBMIT_MULTI, vec![0; 300], CommandStatus::ESME_RINVNUMDESTS),
        (
            "cut text",
            CommandId::DELIVER_SM,
            [&[0; 16][..], &[200, 1]].concat(),
            CommandStatus::ESME_RINVMSGLEN,
        ),
        (
            "cut TLV",
            CommandId::DELIVER_SM,
            [&[0; 17][..], &[4]].concat(),
            CommandStatus::ESME_RINVOPTPARSTREAM,
        ),
    ];
    for (what, id, body, status) in cases {
        let mut stream = Vec::new();
        write_header_only(id, CommandStatus::ESME_ROK, 1, &mut stream);
        stream[..4].copy_from_slice(&u32::try_from(16 + body.len()).unwrap().to_be_bytes());
        stream.extend(body);
        write_header_only(CommandId::ENQUIRE_LINK, CommandStatus::ESME_ROK, 2, &mut stream);
        for piece in [1, 5, stream.len()] {
            assert_eq!(run(&stream, piece), [(1, Err(status)), (2, Ok(CommandId::ENQUIRE_LINK))], "{what}");
        }
    }
}

#[test]
fn an_impossible_length_ends_the_stream_without_a_panic() {
    let mut cutter = FrameCutter::default();
    for octet in [0, 0, 0, 2, 0] {
        cutter.extend(&[octet]);
    }
    let error = cutter.next_frame().unwrap_err();
    assert_eq!(error.command_length, 2);
    assert_eq!(error.to_string(), "command_length 2 is outside 16..=70000");
    assert_eq!(DecodeError::StrayOctets.command_status(), error.command_status());
}
