//! How doors hand in: who calls, submissions with their limits of rate, quotes and withdrawals.
//!
//! It prices and routes nothing: what passes the limit of rate goes to the engine by the inbox. Start at
//! [`Core::submit`].

use subtle::ConstantTimeEq;
use tokio::sync::oneshot;
use types::account::CredentialKind;
use types::id::{AccountId, MessageId};
use types::refusal::{Refusal, RefusalCode};

use super::{Core, Scope, stopped, unheard};
use crate::detail::MessageDetail;
use crate::engine::Input;
use crate::inbox::Kind;
use crate::seal::sha256;
use crate::shared::Count;
use crate::submission::{Caller, Rejected, ReplyTo, Submission, SubmitOutcome};

impl Core {
    /// Checks an API key and its secret in constant time.
    pub fn authenticate_key(&self, key: &str, secret: &str) -> Option<Caller> {
        self.authenticate(CredentialKind::ApiKey, key, secret)
    }

    /// Checks an SMPP system id and its password in constant time.
    pub fn authenticate_bind(&self, system_id: &str, password: &str) -> Option<Caller> {
        self.authenticate(CredentialKind::Smpp, system_id, password)
    }

    fn authenticate(&self, kind: CredentialKind, name: &str, secret: &str) -> Option<Caller> {
        let directory = self.inner.shared.directory.load();
        let entry = directory.credentials.get(&(kind, name.to_owned()));
        // Hashes of one length are compared, so that neither the length nor the place of a
        // difference tells anything, and an unknown name takes as long as a wrong secret.
        let given = sha256(secret.as_bytes());
        let known = sha256(entry.map_or("", |entry| entry.secret.expose().as_str()).as_bytes());
        let same: bool = given.ct_eq(&known).into();
        let entry = entry.filter(|_| same)?;
        Some(Caller { account: entry.account, credential: entry.id, kind })
    }

    /// Hands a submission in. The answer comes after the commit. A full queue answers at once with
    /// `unavailable`, an account above its rate with `rate_limited`.
    pub fn submit(&self, submission: Submission, reply: ReplyTo) {
        if let Err(refusal) = self.check_rate(&submission) {
            self.note_refusal(Some(submission.account), refusal.code);
            reply.send(Err(Rejected::whole(refusal)));
            return;
        }
        let shared = &self.inner.shared;
        if let Err(Input::Submit(submission, reply)) =
            shared.inbox.push(Kind::Submission, Input::Submit(submission, reply))
        {
            let refusal =
                Refusal::new(RefusalCode::Unavailable, "too much waits to be taken; nothing was kept")
                    .retry_after(1);
            self.note_refusal(Some(submission.account), refusal.code);
            reply.send(Err(Rejected::whole(refusal)));
        }
    }

    fn check_rate(&self, submission: &Submission) -> Result<(), Refusal> {
        let directory = self.inner.shared.directory.load();
        let Some(handle) = directory.accounts.get(&submission.account) else { return Ok(()) };
        let rate = handle.account.limits.rate_per_second;
        let count = u32::try_from(submission.drafts.len()).unwrap_or(u32::MAX);
        handle.live.take_rate(count, rate, self.now()).map_err(|wait_ms| {
            let detail = format!("the account may send {rate} messages a second");
            let seconds = u32::try_from(wait_ms.div_ceil(1_000)).unwrap_or(1);
            Refusal::new(RefusalCode::RateLimited, detail).retry_after(seconds)
        })
    }

    /// Hands a submission in and waits for the answer.
    pub async fn submit_and_wait(&self, submission: Submission) -> SubmitOutcome {
        let (sender, receiver) = oneshot::channel();
        self.submit(submission, ReplyTo::Once(sender));
        receiver.await.unwrap_or_else(|_| Err(Rejected::whole(unheard())))
    }

    /// What a submission would cost and where it would go; nothing is kept.
    ///
    /// # Errors
    /// As [`Core::submit_and_wait`].
    pub async fn quote(&self, submission: Submission) -> SubmitOutcome {
        let (sender, receiver) = oneshot::channel();
        if self.inner.shared.inbox.push(Kind::Command, Input::Quote(submission, sender)).is_err() {
            return Err(Rejected::whole(stopped()));
        }
        receiver.await.unwrap_or_else(|_| Err(Rejected::whole(stopped())))
    }

    /// Withdraws a message that was not sent yet.
    ///
    /// # Errors
    /// `not_found`, or `too_late` once it was sent.
    pub async fn cancel(&self, scope: Scope, id: MessageId) -> Result<MessageDetail, Refusal> {
        let (sender, receiver) = oneshot::channel();
        let input = Input::Cancel(scope.account(), id, sender);
        self.inner.shared.inbox.push(Kind::Command, input).map_err(|_| stopped())?;
        receiver.await.map_err(|_| unheard())??;
        let found = self.message(scope, id).await?;
        found.ok_or_else(|| Refusal::new(RefusalCode::NotFound, "there is no message by this id"))
    }

    /// Counts a refusal that a door made itself.
    pub fn note_refusal(&self, account: Option<AccountId>, code: RefusalCode) {
        self.inner.shared.count(&[Count::Refused(account, code)]);
    }
}
