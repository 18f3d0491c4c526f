//! Binds: who may, how failures are answered, and what a bound session knows of its account.
//!
//! An unknown system id and a wrong password get the same answer at the same time. Guessing shuts an address
//! or a system id for new binds; sessions that are bound stay, and so does the way in for an address from which
//! the account is bound already.

use std::sync::Arc;

use app::report::BindSink;
use app::submission::Caller;
use smpp::session::{BindState, LinkTimers, Side};
use smpp::{Bind, BindResp, CommandId, CommandStatus, Outbind, Pdu, Tag, TlvBuffer};
use types::id::{AccountId, EndpointId};
use types::refusal::RefusalCode;

use super::version::Version;
use super::{Phase, Session, link_timer_limits};
use crate::desk::Attachment;
use crate::limits::{ACCOUNT_REFRESH_MS, FAILED_BINDS_PER_CONNECTION_MAX};
use crate::sessions::{Entry, Ticket, bind_kind_of};
use crate::settings;
use crate::trace::pdus;
use ports::sessions::BindKind;

/// What a bound session knows.
pub(super) struct Bound {
    pub(super) account: AccountId,
    pub(super) kind: BindKind,
    /// Requests in hand; zero lifts the limit.
    pub(super) window: u32,
    pub(super) endpoint: Option<EndpointId>,
    pub(super) version: Version,
    /// Vendor parameters that pass.
    pub(super) vendor_tags: Arc<[Tag]>,
    pub(super) attachment: Option<Attachment>,
    pub(super) ticket: Ticket,
    refreshed_ms: u64,
    /// Counts this session down when it ends, however it ends.
    _count: SessionCount,
}

/// A failed bind whose answer is held back. Nothing is read meanwhile.
pub(super) struct Penalty {
    pub(super) due_ms: u64,
    response: CommandId,
    sequence: u32,
}

/// A bound session in the metrics.
struct SessionCount(Arc<crate::door::House>);

impl SessionCount {
    fn new(house: Arc<crate::door::House>) -> Self {
        house.desk.note_sessions(1);
        Self(house)
    }
}

impl Drop for SessionCount {
    fn drop(&mut self) {
        self.0.desk.note_sessions(-1);
    }
}

impl Session {
    /// Acts on a bind request in the open state.
    pub(super) fn bind(&mut self, command: CommandId, sequence: u32, request: &Bind<'_>) {
        let (Some(kind), Some(response)) = (bind_kind_of(command), command.response()) else { return };
        // Decoding has let ASCII pass only.
        let system_id = String::from_utf8_lossy(request.system_id).into_owned();
        let password = String::from_utf8_lossy(request.password);
        let is_shut = self.house.guard.is_shut(self.peer, &system_id, self.now_ms);
        let caller = if is_shut {
            self.authenticate_neighbour(&system_id, &password)
        } else {
            self.house.desk.authenticate(&system_id, &password)
        };
        // A right password from a wrong place, and one that somebody else than the called has, are told as wrong.
        let is_welcome = |caller: &Caller| {
            self.house.settings.may_bind(&system_id, self.peer)
                && self.expected.is_none_or(|expected| expected == caller.account)
        };
        let Some(caller) = caller.filter(is_welcome) else {
            self.penalise(is_shut, &system_id, response, sequence);
            return;
        };
        self.house.guard.note_bound(self.peer, &system_id, self.now_ms);
        let version = Version::agreed(request.interface_version);
        if let Err(status) = self.accept_bind(kind, caller, system_id, sequence, version) {
            self.note_failed_bind(response, status, sequence);
            return;
        }
        self.trace_bind(command, sequence, request);
    }

    /// Says who calls, and that only this account may bind.
    pub(crate) fn call(&mut self, account: AccountId, customer: &settings::Outbind) {
        self.expected = Some(account);
        let own_name = self.house.desk.instance_name().as_bytes();
        let name = if customer.system_id.is_empty() { own_name } else { customer.system_id.as_bytes() };
        let outbind = Outbind {
            system_id: name.get(..smpp::limits::SYSTEM_ID).unwrap_or(name),
            password: customer.password.expose().as_bytes(),
        };
        let sequence = self.sequence.advance();
        let pdu = Pdu::Outbind(outbind);
        if pdu.encode(CommandStatus::ESME_ROK, sequence, self.link.output()).is_err() {
            tracing::error!("an outbind cannot be written with the name and password that are configured");
        }
    }

    /// Remembers the bind and its answer for who looks at the session later.
    fn trace_bind(&mut self, command: CommandId, sequence: u32, request: &Bind<'_>) {
        let Some(bound) = &self.bound else { return };
        let tap = Arc::clone(&bound.ticket.tap);
        let pdu = match command {
            CommandId::BIND_TRANSMITTER => Pdu::BindTransmitter(*request),
            CommandId::BIND_RECEIVER => Pdu::BindReceiver(*request),
            _ => Pdu::BindTransceiver(*request),
        };
        let mut octets = Vec::new();
        if pdu.encode(CommandStatus::ESME_ROK, sequence, &mut octets).is_ok() {
            tap.keep_bind(Side::Esme, &octets, self.now);
        }
        if let Some(answer) = pdus(self.link.take_untraced()).last() {
            tap.keep_bind(Side::Smsc, answer, self.now);
        }
    }

    /// Lets a caller in whose address or system id is shut, when its account is bound from that address.
    fn authenticate_neighbour(&self, system_id: &str, password: &str) -> Option<Caller> {
        let sessions = &self.house.sessions;
        if !sessions.serves_address(self.peer) {
            return None;
        }
        let caller = self.house.desk.authenticate(system_id, password)?;
        sessions.serves(caller.account, self.peer).then_some(caller)
    }

    fn penalise(&mut self, is_shut: bool, system_id: &str, response: CommandId, sequence: u32) {
        let guard = &self.house.guard;
        let delay_ms = if is_shut {
            guard.note_refusal(self.peer, system_id, self.now_ms)
        } else {
            guard.note_failure(self.peer, system_id, self.now_ms)
        };
        tracing::warn!(is_shut, "smpp bind failed");
        self.house.desk.note_refusal(None, RefusalCode::InvalidCredentials);
        self.penalty = Some(Penalty { due_ms: self.now_ms.saturating_add(delay_ms), response, sequence });
    }

    fn accept_bind(
        &mut self,
        kind: BindKind,
        caller: Caller,
        system_id: String,
        sequence: u32,
        version: Version,
    ) -> Result<(), CommandStatus> {
        let desk = Arc::clone(&self.house.desk);
        let account = desk.account(caller.account).ok_or(CommandStatus::ESME_RBINDFAIL)?;
        let entry = Entry {
            system_id,
            account: account.id,
            account_name: account.name.clone(),
            bind: kind,
            version: version.as_str(),
            peer: self.peer,
            is_tls: self.link.is_tls(),
            since: self.now,
            outbox: Arc::clone(&self.outbox),
        };
        let ticket =
            self.house.sessions.enter(entry, account.limits.binds).ok_or(CommandStatus::ESME_RALYBND)?;
        if !self.permit.keep() {
            // Another connection has been given this place a moment ago.
            return Err(CommandStatus::ESME_RBINDFAIL);
        }
        self.write_bind_resp(kind, sequence, version)?;
        self.state = match kind {
            BindKind::Transmitter => BindState::BoundTransmitter,
            BindKind::Receiver => BindState::BoundReceiver,
            BindKind::Transceiver => BindState::BoundTransceiver,
        };
        self.has_bound = true;
        self.link_timers = LinkTimers::new(link_timer_limits(&self.house.limits), self.now_ms);
        let attachment = kind.receives().then(|| {
            self.outbox.open_for_reports();
            desk.attach(account.id, Arc::clone(&self.outbox) as Arc<dyn BindSink>)
        });
        self.bound = Some(Bound {
            account: account.id,
            kind,
            window: account.limits.window,
            endpoint: desk.smpp_endpoint(account.id),
            version,
            vendor_tags: self.house.settings.vendor_tags_of(&account.name).into(),
            attachment,
            ticket,
            refreshed_ms: self.now_ms,
            _count: SessionCount::new(Arc::clone(&self.house)),
        });
        tracing::info!(account = account.id.0, bind = kind.as_str(), "smpp session bound");
        Ok(())
    }

    fn write_bind_resp(
        &mut self,
        kind: BindKind,
        sequence: u32,
        version: Version,
    ) -> Result<(), CommandStatus> {
        let name = self.house.desk.instance_name().as_bytes();
        let mut tlvs = TlvBuffer::new();
        if let Some(told) = version.told() {
            tlvs.push_u8(Tag::SC_INTERFACE_VERSION, told);
        }
        let system_id = name.get(..smpp::limits::SYSTEM_ID).unwrap_or(name);
        let resp = BindResp { system_id, tlvs: tlvs.as_tlvs() };
        let pdu = match kind {
            BindKind::Transmitter => Pdu::BindTransmitterResp(resp),
            BindKind::Receiver => Pdu::BindReceiverResp(resp),
            BindKind::Transceiver => Pdu::BindTransceiverResp(resp),
        };
        pdu.encode(CommandStatus::ESME_ROK, sequence, self.link.output())
            .map_err(|_| CommandStatus::ESME_RSYSERR)
    }

    /// Answers a failed bind and gives the peer time for another, a few times.
    pub(super) fn note_failed_bind(&mut self, response: CommandId, status: CommandStatus, sequence: u32) {
        self.say(response, status, sequence);
        self.failed_binds += 1;
        self.bind_due_ms = self.now_ms.saturating_add(self.house.limits.bind_timeout_ms);
        if self.failed_binds >= FAILED_BINDS_PER_CONNECTION_MAX {
            self.begin_flushing();
        }
    }

    /// Writes an answer that was held back, and ends a connection that does not bind.
    pub(super) fn tick_binding(&mut self) {
        if self.penalty.as_ref().is_some_and(|penalty| penalty.due_ms <= self.now_ms)
            && let Some(Penalty { response, sequence, .. }) = self.penalty.take()
        {
            self.note_failed_bind(response, CommandStatus::ESME_RBINDFAIL, sequence);
        }
        let is_late = self.penalty.is_none() && self.bind_due_ms <= self.now_ms;
        if self.state == BindState::Open && self.phase == Phase::Running && is_late {
            tracing::debug!("smpp connection closed, no bind came in time");
            self.begin_flushing();
        }
    }

    /// Looks now and then whether the account's window or endpoint has changed.
    pub(super) fn refresh_account(&mut self) {
        let Some(bound) = &mut self.bound else { return };
        if self.now_ms.saturating_sub(bound.refreshed_ms) < ACCOUNT_REFRESH_MS {
            return;
        }
        bound.refreshed_ms = self.now_ms;
        if let Some(account) = self.house.desk.account(bound.account) {
            bound.window = account.limits.window;
        }
        bound.endpoint = self.house.desk.smpp_endpoint(bound.account);
    }
}
