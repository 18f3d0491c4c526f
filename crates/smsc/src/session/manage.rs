//! Acts on operations about messages that were submitted before: `query_sm`, `cancel_sm`, and the search for what
//! a new message replaces.
//!
//! Which message is meant follows SMPP 3.4, 4.8 and 4.9: an id leads to one message, whose addresses must be those
//! that the request names; without an id all messages that still wait from that source to that destination are
//! meant, and of one service type where one is named. Whether a message can still be withdrawn is the core's to say.

use std::sync::Arc;

use app::detail::MessageDetail;
use smpp::time::{AbsoluteTime, SmppTime};
use smpp::{CancelSm, CommandId, CommandStatus, QuerySm};
use types::address::Address;
use types::id::{AccountId, MessageId};
use types::message::Draft;
use types::refusal::{Refusal, RefusalCode};

use super::Session;
use super::answers::{Found, Kind, LookupAnswer, LookupBody};
use super::version::Version;
use crate::desk::Desk;
use crate::draft::{owned, service_of};
use crate::limits::LOOKUPS_MAX;
use crate::status::status_of;

/// Messages that are meant by their addresses.
#[derive(Clone, Debug)]
pub(super) struct Meant {
    /// The source as it was submitted.
    pub(super) source: Address,
    /// The destination as it was submitted.
    pub(super) destination: Address,
    /// The service type; `None` for any.
    pub(super) service: Option<String>,
}

impl Meant {
    fn is(&self, detail: &MessageDetail) -> bool {
        detail.source.octets == self.source.octets
            && detail.destination.octets == self.destination.octets
            && self.service.as_ref().is_none_or(|service| *service == detail.traffic_type)
    }

    /// The messages that are meant and still wait, the newest first.
    pub(super) async fn find(
        self,
        desk: &dyn Desk,
        account: AccountId,
    ) -> Result<Vec<MessageId>, CommandStatus> {
        let waiting = desk.waiting(account, self.destination.clone()).await;
        let waiting = waiting.map_err(|refusal| match refusal.code {
            // What cannot be a number has no messages.
            RefusalCode::InvalidRequest => CommandStatus::ESME_RINVDSTADR,
            code => status_of(code),
        })?;
        Ok(waiting.iter().filter(|detail| self.is(detail)).map(|detail| detail.id).collect())
    }
}

impl Session {
    /// Acts on `query_sm`.
    pub(super) fn query(&mut self, query: &QuerySm<'_>, sequence: u32) {
        let Some(id) = self.begin_lookup(CommandId::QUERY_SM, query.message_id, sequence) else { return };
        let Some(bound) = &self.bound else { return };
        let found = self.house.desk.message(bound.account, id);
        let version = bound.version;
        let (asked, source) = (query.message_id.to_vec(), query.source.digits.to_vec());
        self.lookups.push(Box::pin(async move {
            let (status, body) = query_answer(found.await, asked, &source, version);
            Found::Answer(LookupAnswer { sequence, status, body })
        }));
    }

    /// Acts on `cancel_sm`: by id, or by addresses when it has none.
    pub(super) fn cancel(&mut self, cancel: &CancelSm<'_>, sequence: u32) {
        if cancel.message_id.is_empty() {
            self.cancel_by_addresses(cancel, sequence);
            return;
        }
        let Some(id) = self.begin_lookup(CommandId::CANCEL_SM, cancel.message_id, sequence) else { return };
        let Some(bound) = &self.bound else { return };
        let account = bound.account;
        let desk = Arc::clone(&self.house.desk);
        let (source, destination) = (cancel.source.digits.to_vec(), cancel.destination.digits.to_vec());
        self.lookups.push(Box::pin(async move {
            let status = match desk.message(account, id).await {
                Ok(Some(detail))
                    if matches(&detail.source, &source) && matches(&detail.destination, &destination) =>
                {
                    cancel_status(desk.cancel(account, id).await)
                }
                Ok(Some(_)) => CommandStatus::ESME_RCANCELFAIL,
                Ok(None) => CommandStatus::ESME_RINVMSGID,
                Err(refusal) => lookup_status(&refusal, CommandStatus::ESME_RCANCELFAIL),
            };
            let body = LookupBody::Bare(CommandId::CANCEL_SM_RESP);
            Found::Answer(LookupAnswer { sequence, status, body })
        }));
    }

    /// Withdraws all messages that wait from one source to one destination. It is a success when there was one
    /// and none of them was sent meanwhile.
    fn cancel_by_addresses(&mut self, cancel: &CancelSm<'_>, sequence: u32) {
        if !self.has_room_for_lookup(CommandId::CANCEL_SM, sequence) {
            return;
        }
        if cancel.destination.digits.is_empty() {
            self.refuse(CommandId::CANCEL_SM, CommandStatus::ESME_RINVDSTADR, sequence);
            return;
        }
        let Some(bound) = &self.bound else { return };
        let account = bound.account;
        let meant = Meant {
            source: owned(&cancel.source),
            destination: owned(&cancel.destination),
            service: (!cancel.service_type.is_empty()).then(|| service_of(cancel.service_type)),
        };
        let desk = Arc::clone(&self.house.desk);
        self.lookups.push(Box::pin(async move {
            let status = match meant.find(desk.as_ref(), account).await {
                Ok(ids) => cancel_all(desk.as_ref(), account, ids).await,
                Err(status) => status,
            };
            let body = LookupBody::Bare(CommandId::CANCEL_SM_RESP);
            Found::Answer(LookupAnswer { sequence, status, body })
        }));
    }

    /// Looks for the messages that new ones take the place of (`replace_if_present_flag`; SMPP 3.4, 5.2.18), and
    /// submits afterwards. The place in the window is taken already.
    pub(super) fn look_for_replaced(&mut self, kind: Kind, drafts: Vec<Draft>, sequence: u32) {
        if self.lookups.len() >= LOOKUPS_MAX {
            self.refuse_submission(kind.command(), CommandStatus::ESME_RTHROTTLED, sequence);
            return;
        }
        let Some(bound) = &self.bound else { return };
        let account = bound.account;
        let desk = Arc::clone(&self.house.desk);
        self.lookups.push(Box::pin(async move {
            let mut all = Vec::new();
            let mut failed = None;
            for draft in &drafts {
                let meant = Meant {
                    source: draft.source.clone(),
                    destination: draft.destination.clone(),
                    service: Some(draft.traffic_type.clone()),
                };
                match meant.find(desk.as_ref(), account).await {
                    Ok(ids) => all.extend(ids),
                    Err(status) => failed = Some(status),
                }
            }
            Found::Replaced { kind, drafts, replaces: failed.map_or(Ok(all), Err), sequence }
        }));
    }

    /// Checks that a look-up may be taken in hand and reads its id. Refusals are answered here.
    fn begin_lookup(&mut self, command: CommandId, message_id: &[u8], sequence: u32) -> Option<MessageId> {
        if !self.has_room_for_lookup(command, sequence) {
            return None;
        }
        let id = std::str::from_utf8(message_id).ok().and_then(MessageId::parse);
        if id.is_none() {
            self.refuse(command, CommandStatus::ESME_RINVMSGID, sequence);
        }
        id
    }

    /// Whether one more look-up may be taken in hand. A refusal is answered here.
    pub(super) fn has_room_for_lookup(&mut self, command: CommandId, sequence: u32) -> bool {
        if self.begin_submission(command, sequence).is_none() {
            return false;
        }
        let has_room = self.lookups.len() < LOOKUPS_MAX;
        if !has_room {
            self.refuse(command, CommandStatus::ESME_RTHROTTLED, sequence);
        }
        has_room
    }
}

/// Withdraws messages one by one. What was sent meanwhile cannot be, which the customer is told.
async fn cancel_all(desk: &dyn Desk, account: AccountId, ids: Vec<MessageId>) -> CommandStatus {
    let mut worst = CommandStatus::ESME_ROK;
    if ids.is_empty() {
        worst = CommandStatus::ESME_RCANCELFAIL;
    }
    for id in ids {
        let status = cancel_status(desk.cancel(account, id).await);
        if !status.is_ok() {
            worst = status;
        }
    }
    worst
}

fn query_answer(
    found: Result<Option<MessageDetail>, Refusal>,
    asked: Vec<u8>,
    source: &[u8],
    version: Version,
) -> (CommandStatus, LookupBody) {
    let empty = LookupBody::Query { message_id: Vec::new(), final_date: Vec::new(), state: 0, error: 0 };
    match found {
        Ok(Some(detail)) if matches(&detail.source, source) => {
            let body = LookupBody::Query {
                message_id: asked,
                final_date: final_date(&detail),
                state: version.message_state(detail.state),
                error: detail.receipt_error.parse().unwrap_or(0),
            };
            (CommandStatus::ESME_ROK, body)
        }
        Ok(Some(_)) => (CommandStatus::ESME_RQUERYFAIL, empty),
        Ok(None) => (CommandStatus::ESME_RINVMSGID, empty),
        Err(refusal) => (lookup_status(&refusal, CommandStatus::ESME_RQUERYFAIL), empty),
    }
}

/// Whether the address that a look-up names is the message's; an empty one names none.
fn matches(address: &Address, octets: &[u8]) -> bool {
    octets.is_empty() || *address.octets == *octets
}

fn final_date(detail: &MessageDetail) -> Vec<u8> {
    let ended_at = detail.final_at.filter(|_| detail.state.is_final());
    let time = ended_at.and_then(|at| AbsoluteTime::from_unix_ms(at.as_ms()));
    time.map(|time| SmppTime::Absolute(time).to_octets().to_vec()).unwrap_or_default()
}

fn cancel_status(cancelled: Result<MessageDetail, Refusal>) -> CommandStatus {
    match cancelled {
        Ok(_) => CommandStatus::ESME_ROK,
        Err(refusal) => lookup_status(&refusal, CommandStatus::ESME_RCANCELFAIL),
    }
}

pub(super) fn lookup_status(refusal: &Refusal, otherwise: CommandStatus) -> CommandStatus {
    match refusal.code {
        RefusalCode::NotFound => CommandStatus::ESME_RINVMSGID,
        RefusalCode::RateLimited => CommandStatus::ESME_RTHROTTLED,
        RefusalCode::Unavailable => CommandStatus::ESME_RSYSERR,
        _ => otherwise,
    }
}
