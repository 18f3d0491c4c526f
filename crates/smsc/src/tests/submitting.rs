//! Submissions, their answers, the window, and look-ups.

use smpp::time::SmppTime;
use smpp::{
    Address, CancelSm, CommandId, CommandStatus, DataSm, Destination, DestinationBuffer, MessageState, Pdu,
    QuerySm, ShortMessage, SubmitMulti, Tag, TlvBuffer,
};
use types::account::AccountLimits;
use types::id::{AccountId, EndpointId};
use types::message::{Content, Door, State};
use types::refusal::RefusalCode;

use super::World;
use super::client::message;
use super::fake_desk::{Mode, message_id};
use super::manual_clock::START_MS;
use super::samples::detail;

#[tokio::test]
async fn a_submission_reaches_the_core_as_it_was_sent() {
    let world = World::start().await;
    world.desk.set_mode(Mode::Hold);
    let mut client = world.transceiver().await;
    client.submit(42).await;
    world.desk.until(|inside| inside.held.len() == 1).await;
    {
        let inside = world.desk.inside();
        let submission = &inside.held[0].0;
        assert_eq!((submission.account, submission.door), (AccountId(1), Door::Smpp));
        assert_eq!(submission.received_at.as_ms(), START_MS);
        let draft = &submission.drafts[0];
        assert_eq!(draft.report.endpoint, Some(EndpointId(10)));
        assert!(matches!(&draft.content, Content::Octets(content) if content.payload == b"hello"));
    }
    world.desk.release(0);
    let answer = client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, 42).await;
    assert_eq!(answer.message_id(), message_id(1_000).0.base32());
}

#[tokio::test]
async fn answers_come_in_the_order_of_the_core() {
    let world = World::start().await;
    world.desk.set_mode(Mode::Hold);
    let mut client = world.transceiver().await;
    for sequence in 1..=3 {
        client.submit(sequence).await;
    }
    world.desk.until(|inside| inside.held.len() == 3).await;
    for (place, sequence) in [(2, 3), (0, 1), (0, 2)] {
        world.desk.release(place);
        client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, sequence).await;
    }
}

#[tokio::test]
async fn beyond_the_window_the_answer_is_throttled_at_once() {
    let world = World::start().await;
    world.desk.set_mode(Mode::Hold);
    world.desk.set_limits(AccountLimits { window: 2, ..AccountLimits::default() });
    let mut client = world.transceiver().await;
    for sequence in 1..=4 {
        client.submit(sequence).await;
    }
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RTHROTTLED, 3).await;
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RTHROTTLED, 4).await;
    assert_eq!(world.desk.inside().held.len(), 2);
    assert_eq!(world.sessions.list()[0].window_used, 2);
    assert_eq!(world.desk.inside().refusals, [RefusalCode::RateLimited; 2]);
    world.desk.release(0);
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, 1).await;
    client.submit(5).await;
    world.desk.until(|inside| inside.held.len() == 2).await;

    // A window that staff lifts holds for sessions that are bound already.
    world.desk.set_limits(AccountLimits { window: 0, ..AccountLimits::default() });
    world.clock.advance(1_000);
    client.check_alive().await;
    for sequence in 6..=20 {
        client.submit(sequence).await;
    }
    world.desk.until(|inside| inside.held.len() == 17).await;
}

#[tokio::test]
async fn refusals_have_their_status() {
    let world = World::start().await;
    let mut client = world.transceiver().await;
    for (sequence, (code, status)) in (1..).zip([
        (RefusalCode::InsufficientBalance, CommandStatus(0x400)),
        (RefusalCode::AccountSuspended, CommandStatus(0x401)),
        (RefusalCode::RateLimited, CommandStatus::ESME_RTHROTTLED),
        (RefusalCode::Unavailable, CommandStatus::ESME_RMSGQFUL),
        (RefusalCode::InvalidDestination, CommandStatus::ESME_RINVDSTADR),
        (RefusalCode::NoRoute, CommandStatus::ESME_RSUBMITFAIL),
    ]) {
        world.desk.set_mode(Mode::Refuse(code));
        client.submit(sequence).await;
        let answer = client.expect(CommandId::SUBMIT_SM_RESP, status, sequence).await;
        assert!(answer.body.is_empty(), "{code:?}");
    }
    // What is out of shape never reaches the core.
    client.send(&Pdu::SubmitSm(ShortMessage { priority_flag: 9, ..message() }), 50).await;
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RINVPRTFLG, 50).await;
    assert_eq!(world.desk.inside().refusals, [RefusalCode::InvalidRequest]);
}

#[tokio::test]
async fn data_sm_is_a_submission() {
    let world = World::start().await;
    let mut client = world.transceiver().await;
    let mut tlvs = TlvBuffer::new();
    tlvs.push(Tag::MESSAGE_PAYLOAD, b"hello").unwrap();
    let data = DataSm {
        source: message().source,
        destination: message().destination,
        tlvs: tlvs.as_tlvs(),
        ..DataSm::default()
    };
    client.send(&Pdu::DataSm(data), 3).await;
    let answer = client.expect(CommandId::DATA_SM_RESP, CommandStatus::ESME_ROK, 3).await;
    assert_eq!(answer.message_id(), message_id(1_000).0.base32());
    world.desk.set_mode(Mode::Refuse(RefusalCode::EmptyText));
    client.send(&Pdu::DataSm(data), 4).await;
    client.expect(CommandId::DATA_SM_RESP, CommandStatus::ESME_RINVMSGLEN, 4).await;
}

#[tokio::test]
async fn submit_multi_is_one_submission_and_names_who_was_refused() {
    let world = World::start().await;
    let mut client = world.transceiver().await;
    let mut destinations = DestinationBuffer::new();
    for digits in [b"447911123456".as_slice(), b"447911123457", b"12"] {
        destinations.push(Destination::Address(Address { ton: 1, npi: 1, digits })).unwrap();
    }
    let multi = SubmitMulti { message: message(), destinations: destinations.as_list() };
    client.send(&Pdu::SubmitMulti(multi), 7).await;
    let answer = client.expect(CommandId::SUBMIT_MULTI_RESP, CommandStatus::ESME_ROK, 7).await;
    let Pdu::SubmitMultiResp(resp) = answer.pdu() else { panic!("no submit_multi_resp") };
    assert_eq!(resp.message_id, message_id(1_000).0.base32().as_bytes());
    assert!(resp.unsuccess.is_empty());

    world.desk.set_mode(Mode::Refuse(RefusalCode::InvalidDestination));
    client.send(&Pdu::SubmitMulti(multi), 8).await;
    let answer = client.expect(CommandId::SUBMIT_MULTI_RESP, CommandStatus::ESME_RINVDSTADR, 8).await;
    let Pdu::SubmitMultiResp(resp) = answer.pdu() else { panic!("no submit_multi_resp") };
    let refused: Vec<_> = resp.unsuccess.iter().map(|one| (one.destination.digits, one.status)).collect();
    assert_eq!(refused, [(b"12".as_slice(), CommandStatus::ESME_RINVDSTADR)]);
}

fn query<'a>(id: &'a [u8], source: &'a [u8]) -> Pdu<'a> {
    Pdu::QuerySm(QuerySm { message_id: id, source: Address { ton: 5, npi: 0, digits: source } })
}

#[tokio::test]
async fn query_sm_tells_state_date_and_error() {
    let world = World::start().await;
    for (number, state) in [(1, State::Queued), (2, State::Undelivered)] {
        world.desk.inside().messages.insert(message_id(number), detail(number, state));
    }
    let mut client = world.transceiver().await;
    for (number, source, state, date, error) in [
        (1, b"ACME".as_slice(), MessageState::Enroute, b"".as_slice(), 0),
        (2, b"", MessageState::Undeliverable, b"261122010000000+", 34),
    ] {
        let id = message_id(number).0.base32().to_uppercase();
        client.send(&query(id.as_bytes(), source), 5).await;
        let answer = client.expect(CommandId::QUERY_SM_RESP, CommandStatus::ESME_ROK, 5).await;
        let Pdu::QuerySmResp(resp) = answer.pdu() else { panic!("no query_sm_resp") };
        assert_eq!(resp.message_id, id.as_bytes(), "as it was asked");
        assert_eq!((resp.state(), resp.final_date, resp.error_code), (Some(state), date, error));
        assert!(SmppTime::parse(resp.final_date).is_ok());
    }
    let known = message_id(1).0.base32();
    let unknown = message_id(3).0.base32();
    for (id, source, status) in [
        (b"nonsense".as_slice(), b"".as_slice(), CommandStatus::ESME_RINVMSGID),
        (unknown.as_bytes(), b"", CommandStatus::ESME_RINVMSGID),
        (known.as_bytes(), b"OTHER", CommandStatus::ESME_RQUERYFAIL),
    ] {
        client.send(&query(id, source), 6).await;
        client.expect(CommandId::QUERY_SM_RESP, status, 6).await;
    }
    let mut stranger = world.bound_as(CommandId::BIND_TRANSMITTER, "other").await;
    stranger.send(&query(known.as_bytes(), b""), 7).await;
    stranger.expect(CommandId::QUERY_SM_RESP, CommandStatus::ESME_RINVMSGID, 7).await;
}

#[tokio::test]
async fn cancel_sm_withdraws_what_was_not_sent() {
    let world = World::start().await;
    for (number, state) in [(1, State::Queued), (2, State::Submitted)] {
        world.desk.inside().messages.insert(message_id(number), detail(number, state));
    }
    let mut client = world.transceiver().await;
    let (first, second, third) =
        (message_id(1).0.base32(), message_id(2).0.base32(), message_id(3).0.base32());
    for (id, source, status) in [
        (first.as_bytes(), b"OTHER".as_slice(), CommandStatus::ESME_RCANCELFAIL),
        (first.as_bytes(), b"ACME", CommandStatus::ESME_ROK),
        (first.as_bytes(), b"ACME", CommandStatus::ESME_RCANCELFAIL),
        (second.as_bytes(), b"", CommandStatus::ESME_RCANCELFAIL),
        (third.as_bytes(), b"", CommandStatus::ESME_RINVMSGID),
        (b"", b"ACME", CommandStatus::ESME_RINVDSTADR),
    ] {
        let cancel = CancelSm {
            message_id: id,
            source: Address { ton: 5, npi: 0, digits: source },
            ..CancelSm::default()
        };
        client.send(&Pdu::CancelSm(cancel), 9).await;
        client.expect(CommandId::CANCEL_SM_RESP, status, 9).await;
    }
    assert_eq!(world.desk.inside().messages[&message_id(1)].state, State::Cancelled);
}
