//! A core that a test drives by hand: it answers at once, later or with a refusal.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use app::detail::MessageDetail;
use app::report::{BindSink, Report, ReportResult};
use app::submission::{Accepted, AcceptedMessage, Caller, Rejected, ReplyTo, Submission, SubmitOutcome};
use ports::BoxFuture;
use tokio::sync::Notify;
use types::account::{Account, AccountLimits, AccountState, CredentialKind};
use types::address::Address;
use types::id::{AccountId, CredentialId, EndpointId, MessageId, PublicId, RowKey, SubmissionId};
use types::message::{Class, State};
use types::money::{Money, Unit};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use crate::desk::{Attachment, Desk};

/// What becomes of a submission.
#[derive(Clone, Copy, Default)]
pub(super) enum Mode {
    #[default]
    Accept,
    Hold,
    Refuse(RefusalCode),
}

#[derive(Default)]
pub(super) struct Inside {
    pub(super) mode: Mode,
    pub(super) limits: Option<AccountLimits>,
    pub(super) held: Vec<(Submission, ReplyTo)>,
    pub(super) submitted: usize,
    pub(super) authentications: usize,
    pub(super) sinks: Vec<(usize, AccountId, Arc<dyn BindSink>)>,
    pub(super) attached: usize,
    pub(super) ready: usize,
    pub(super) results: Vec<ReportResult>,
    pub(super) sessions: i64,
    pub(super) refusals: Vec<RefusalCode>,
    pub(super) messages: HashMap<MessageId, MessageDetail>,
    /// What submissions took the place of.
    pub(super) replaced: Vec<MessageId>,
    /// Accounts for which reports wait.
    pub(super) waiting_for: Vec<AccountId>,
}

#[derive(Default)]
struct Shared {
    inside: Mutex<Inside>,
    changed: Notify,
}

#[derive(Default)]
pub(super) struct FakeDesk {
    shared: Arc<Shared>,
}

/// The id that the nth submission gets, counted from one.
pub(super) fn message_id(number: usize) -> MessageId {
    MessageId::new(RowKey::from_i64(i64::try_from(number).unwrap() << 24), 99)
}

impl FakeDesk {
    pub(super) fn inside(&self) -> MutexGuard<'_, Inside> {
        self.shared.inside.lock().unwrap()
    }

    pub(super) fn set_mode(&self, mode: Mode) {
        self.inside().mode = mode;
    }

    pub(super) fn set_limits(&self, limits: AccountLimits) {
        self.inside().limits = Some(limits);
    }

    /// Waits until the condition holds.
    pub(super) async fn until(&self, condition: impl Fn(&Inside) -> bool) {
        loop {
            let changed = self.shared.changed.notified();
            if condition(&self.inside()) {
                return;
            }
            changed.await;
        }
    }

    /// Answers the submission that was held at that place.
    pub(super) fn release(&self, place: usize) {
        let mut inside = self.inside();
        let (submission, reply) = inside.held.remove(place);
        inside.submitted += 1;
        let first = inside.submitted;
        drop(inside);
        reply.send(accepted(&submission, first));
    }

    /// Offers a report to the binds in turn, as the core does.
    pub(super) fn offer(&self, report: Report) -> Result<(), Arc<Report>> {
        let sinks: Vec<_> = self.inside().sinks.iter().map(|(_, _, sink)| Arc::clone(sink)).collect();
        sinks
            .iter()
            .try_fold(Arc::new(report), |report, sink| match sink.offer(report) {
                Ok(()) => Err(()),
                Err(report) => Ok(report),
            })
            .map_or(Ok(()), Err)
    }
}

fn accepted(submission: &Submission, first: usize) -> SubmitOutcome {
    let messages = (0..submission.drafts.len())
        .map(|place| AcceptedMessage {
            id: message_id(first * 1_000 + place),
            state: State::Queued,
            parts: 1,
            price: Money::new(50_000, Unit::EUR),
            preview: None,
            send_at: None,
            time: None,
        })
        .collect();
    Ok(Accepted { id: SubmissionId::new(RowKey::from_i64(1), 1), messages, replayed: false })
}

impl Desk for FakeDesk {
    fn instance_name(&self) -> &str {
        "chappe-test-name-that-is-long"
    }

    fn authenticate(&self, system_id: &str, password: &str) -> Option<Caller> {
        self.inside().authentications += 1;
        let account = match (system_id, password) {
            ("acme" | "acme2", "secret") => AccountId(1),
            ("other", "secret") => AccountId(2),
            _ => return None,
        };
        Some(Caller { account, credential: CredentialId(1), kind: CredentialKind::Smpp })
    }

    fn account(&self, id: AccountId) -> Option<Arc<Account>> {
        Some(Arc::new(Account {
            id,
            sid: PublicId::new(RowKey::from_i64(1), 1),
            parent: None,
            name: format!("account {}", id.0),
            state: AccountState::Active,
            unit: Unit::EUR,
            price_book: "standard".to_owned(),
            region: None,
            default_class: Class::Transactional,
            default_endpoint: None,
            limits: self.inside().limits.unwrap_or_default(),
            allow_private_callbacks: false,
            created_at: Timestamp::EPOCH,
        }))
    }

    fn smpp_endpoint(&self, account: AccountId) -> Option<EndpointId> {
        Some(EndpointId(account.0 * 10))
    }

    fn account_named(&self, name: &str) -> Option<AccountId> {
        name.strip_prefix("account ").and_then(|number| number.parse().ok()).map(AccountId)
    }

    fn reports_wait(&self, account: AccountId) -> bool {
        self.inside().waiting_for.contains(&account)
    }

    fn waiting(
        &self,
        account: AccountId,
        destination: Address,
    ) -> BoxFuture<'static, Result<Vec<MessageDetail>, Refusal>> {
        let is_meant = |detail: &&MessageDetail| {
            let waits = matches!(detail.state, State::Scheduled | State::Queued);
            waits && detail.account == account && detail.destination.msisdn() == destination.msisdn()
        };
        let found: Vec<_> = self.inside().messages.values().filter(is_meant).cloned().collect();
        let is_number = destination.msisdn().is_some();
        Box::pin(async move {
            if is_number { Ok(found) } else { Err(Refusal::new(RefusalCode::InvalidRequest, "no number")) }
        })
    }

    fn submit(&self, submission: Submission, reply: ReplyTo) {
        let mut inside = self.inside();
        inside.replaced.extend(&submission.replaces);
        let mode = inside.mode;
        match mode {
            Mode::Accept => {
                inside.submitted += 1;
                let first = inside.submitted;
                drop(inside);
                reply.send(accepted(&submission, first));
            }
            Mode::Hold => {
                inside.held.push((submission, reply));
                drop(inside);
            }
            Mode::Refuse(code) => {
                drop(inside);
                let place = submission.drafts.len().checked_sub(1);
                reply.send(Err(Rejected { refusals: vec![(place, Refusal::new(code, "refused"))] }));
            }
        }
        self.shared.changed.notify_waiters();
    }

    fn message(
        &self,
        account: AccountId,
        id: MessageId,
    ) -> BoxFuture<'static, Result<Option<MessageDetail>, Refusal>> {
        let found = self.inside().messages.get(&id).filter(|detail| detail.account == account).cloned();
        Box::pin(async move { Ok(found) })
    }

    fn cancel(
        &self,
        _account: AccountId,
        id: MessageId,
    ) -> BoxFuture<'static, Result<MessageDetail, Refusal>> {
        let mut inside = self.inside();
        let outcome = match inside.messages.get_mut(&id) {
            Some(detail) if detail.state == State::Queued => {
                detail.state = State::Cancelled;
                Ok(detail.clone())
            }
            _ => Err(Refusal::new(RefusalCode::TooLate, "already sent")),
        };
        Box::pin(async move { outcome })
    }

    fn attach(&self, account: AccountId, sink: Arc<dyn BindSink>) -> Attachment {
        let mut inside = self.inside();
        inside.attached += 1;
        let number = inside.attached;
        inside.sinks.push((number, account, sink));
        drop(inside);
        self.shared.changed.notify_waiters();
        Box::new(Detach { shared: Arc::clone(&self.shared), number })
    }

    fn bind_ready(&self, _account: AccountId) {
        self.inside().ready += 1;
        self.shared.changed.notify_waiters();
    }

    fn report_done(&self, results: Vec<ReportResult>) {
        self.inside().results.extend(results);
        self.shared.changed.notify_waiters();
    }

    fn note_sessions(&self, delta: i64) {
        self.inside().sessions += delta;
        self.shared.changed.notify_waiters();
    }

    fn note_refusal(&self, _account: Option<AccountId>, code: RefusalCode) {
        self.inside().refusals.push(code);
    }
}

struct Detach {
    shared: Arc<Shared>,
    number: usize,
}

impl Drop for Detach {
    fn drop(&mut self) {
        self.shared.inside.lock().unwrap().sinks.retain(|(number, _, _)| *number != self.number);
        self.shared.changed.notify_waiters();
    }
}
