//! How doors hand in: who calls, submissions with their limits of rate, quotes and withdrawals.
//!
//! It prices and routes nothing: what passes the limit of rate goes to the engine by the inbox. Start at
//! [`Core::submit`].

use std::net::IpAddr;
use std::sync::Arc;

use subtle::ConstantTimeEq;
use tokio::sync::oneshot;
use types::account::{AccountState, CredentialKind};
use types::id::{AccountId, MessageId, PublicId};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::{Core, Scope, stopped, unheard};
use crate::detail::MessageDetail;
use crate::engine::{Change, Input};
use crate::inbox::Kind;
use crate::seal::sha256;
use crate::shared::{Count, CredentialEntry};
use crate::submission::{
    Act, Caller, Done, Idempotency, KeyAccess, Rejected, ReplyTo, Submission, SubmitOutcome,
};

/// What an account may send: a bucket that holds two seconds of its rate and fills by the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Messages that it holds when it is full.
    pub most: u32,
    /// Seconds in which an empty one is filled.
    pub window_s: u32,
    /// Messages that can be taken now.
    pub left: u32,
    /// Seconds until it is full, rounded up.
    pub full_in_s: u32,
}

impl Core {
    /// Checks an API key and its secret in constant time, and whether it may be used from there; `None`
    /// where that is not known.
    ///
    /// # Errors
    /// `invalid_credentials` for an unknown key, a wrong secret and a key that has expired; `forbidden` for
    /// one that may not be used from there.
    pub fn authenticate_key(
        &self,
        key: &str,
        secret: &str,
        from: Option<IpAddr>,
    ) -> Result<KeyAccess, Refusal> {
        let refuse = |detail: &str| Refusal::new(RefusalCode::InvalidCredentials, detail);
        let entry = self.authenticate(CredentialKind::ApiKey, key, secret);
        let entry = entry.ok_or_else(|| refuse("the key or the secret is wrong"))?;
        self.admit_key(&entry, from)
    }

    /// Checks the public id of an account and the secret of any of its API keys, for doors whose customers
    /// name the account rather than the key.
    ///
    /// # Errors
    /// As [`Core::authenticate_key`].
    pub fn authenticate_account(
        &self,
        sid: PublicId,
        secret: &str,
        from: Option<IpAddr>,
    ) -> Result<KeyAccess, Refusal> {
        let directory = self.inner.shared.directory.load();
        let account = directory.by_sid.get(&sid).copied();
        let keys = account.into_iter().flat_map(|account| directory.good_keys(account, self.now()));
        let names: Vec<String> = keys.map(|(name, _)| name.to_owned()).collect();
        // Every key is compared, so that the time says nothing of which one it was.
        let right = names.iter().filter_map(|name| self.authenticate(CredentialKind::ApiKey, name, secret));
        match right.fold(None, |found, entry| found.or(Some(entry))) {
            Some(entry) => self.admit_key(&entry, from),
            // An account that is not known takes as long as one with a key.
            None => self.authenticate_key("", secret, from),
        }
    }

    /// Checks an API key by what somebody has signed with its secret: `is_right` says of a secret whether it is
    /// the one, in constant time.
    ///
    /// # Errors
    /// As [`Core::authenticate_key`].
    pub fn authenticate_signed(
        &self,
        key: &str,
        from: Option<IpAddr>,
        is_right: &dyn Fn(&str) -> bool,
    ) -> Result<KeyAccess, Refusal> {
        let directory = self.inner.shared.directory.load();
        let entry = directory.credentials.get(&(CredentialKind::ApiKey, key.to_owned()));
        let secret = entry.and_then(|entry| {
            let settings = &entry.settings;
            let old = settings.old_secret.as_ref().filter(|old| old.is_good(self.now()));
            let secrets = std::iter::once(&settings.secret).chain(old.map(|old| &old.secret));
            secrets.filter(|secret| is_right(secret.expose())).last().cloned()
        });
        // What else must be so is looked at in one place; an empty secret is nobody's.
        self.authenticate_key(key, secret.as_ref().map_or("", |secret| secret.expose()), from)
    }

    /// Lets a key in whose secret was right, if it may be used now and from there.
    fn admit_key(&self, entry: &CredentialEntry, from: Option<IpAddr>) -> Result<KeyAccess, Refusal> {
        let refuse = |detail: &str| Refusal::new(RefusalCode::InvalidCredentials, detail);
        let settings = &entry.settings;
        let now = self.now();
        if settings.expires_at.is_some_and(|end| end <= now) {
            return Err(refuse("the key has expired; make another one"));
        }
        let may_come_from = |from: IpAddr| settings.ranges.iter().any(|range| range.contains(from));
        if !settings.ranges.is_empty() && !from.is_some_and(may_come_from) {
            let detail =
                "the key may not be used from this address; it has a list of those from which it may";
            return Err(Refusal::new(RefusalCode::Forbidden, detail));
        }
        let caller = Caller { account: entry.account, credential: entry.id, kind: CredentialKind::ApiKey };
        self.note_use(entry, now);
        Ok(KeyAccess { caller, scopes: settings.scopes })
    }

    /// Checks an SMPP system id and its password in constant time.
    pub fn authenticate_bind(&self, system_id: &str, password: &str) -> Option<Caller> {
        let kind = CredentialKind::Smpp;
        let entry = self.authenticate(kind, system_id, password)?;
        self.note_use(&entry, self.now());
        Some(Caller { account: entry.account, credential: entry.id, kind })
    }

    fn authenticate(&self, kind: CredentialKind, name: &str, secret: &str) -> Option<Arc<CredentialEntry>> {
        let directory = self.inner.shared.directory.load();
        let entry = directory.credentials.get(&(kind, name.to_owned()));
        // Hashes of one length are compared, so that neither the length nor the place of a
        // difference tells anything, and an unknown name takes as long as a wrong secret.
        let given = sha256(secret.as_bytes());
        let same = |known: &str| given.ct_eq(&sha256(known.as_bytes()));
        let settings = entry.map(|entry| &entry.settings);
        let old = settings.and_then(|settings| settings.old_secret.as_ref());
        let old = old.filter(|old| old.is_good(self.now()));
        let is_new = same(settings.map_or("", |settings| settings.secret.expose()));
        let is_old = same(old.map_or("", |old| old.secret.expose()));
        // An empty secret is nobody's, and stands for what is not there.
        let right: bool = (is_new | is_old).into();
        // What is closed is shut; the account above looks at what is left there.
        let is_open = |entry: &&Arc<CredentialEntry>| {
            directory.account(entry.account).is_some_and(|account| account.state != AccountState::Closed)
        };
        entry.filter(|_| right && !secret.is_empty()).filter(is_open).cloned()
    }

    /// Has it written once an hour that a credential is used. Nobody waits for it.
    fn note_use(&self, entry: &CredentialEntry, now: Timestamp) {
        if entry.note_use(now) {
            let (unheard, _) = oneshot::channel();
            let input = Input::Change(Change::KeyUsed(entry.id, now), unheard);
            // What is stopping writes no such note.
            drop(self.inner.shared.inbox.push(Kind::Command, input));
        }
    }

    /// Hands a submission in. The answer comes after the commit. A full queue answers at once with
    /// `unavailable`, an account above its rate with `rate_limited`.
    pub fn submit(&self, submission: Submission, reply: ReplyTo) {
        if let Err(refusal) = self.inner.shared.take_rate(&submission, self.now()) {
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

    /// How many messages an account may still send now; `None` where its rate has no limit.
    pub fn rate(&self, account: AccountId) -> Option<Rate> {
        let directory = self.inner.shared.directory.load();
        let handle = directory.accounts.get(&account)?;
        let per_second = handle.account.limits.rate_per_second;
        let left = handle.live.rate_left(per_second, self.now());
        let most = per_second.saturating_mul(2);
        let full_in_s = most.saturating_sub(left).div_ceil(per_second.max(1));
        (per_second > 0).then_some(Rate { most, window_s: 2, left, full_in_s })
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
        self.act_once(Act::Withdraw, scope, id, None).await.map(|done| done.value)
    }

    /// Does something with a message that exists, once under the key of a caller.
    ///
    /// # Errors
    /// `not_found`; `too_late` for a message to withdraw that was sent, `too_early` for content to erase that
    /// may still be needed or a message to delete that has not ended; and the refusals of an idempotency key.
    pub async fn act_once(
        &self,
        act: Act,
        scope: Scope,
        id: MessageId,
        once: Option<Idempotency>,
    ) -> Result<Done<MessageDetail>, Refusal> {
        let (sender, receiver) = oneshot::channel();
        let once = scope.account().zip(once);
        let input = Input::Act(act, scope.account(), id, once, sender);
        self.inner.shared.inbox.push(Kind::Command, input).map_err(|_| stopped())?;
        let replayed = receiver.await.map_err(|_| unheard())??;
        // Its owner sees a message no more that it has deleted; what it asked for is told all the same.
        let scope = if act == Act::Delete { Scope::All } else { scope };
        let found = self.message(scope, id).await?;
        let missing = || Refusal::new(RefusalCode::NotFound, "there is no message by this id");
        Ok(Done { value: found.ok_or_else(missing)?, replayed })
    }

    /// Counts a refusal that a door made itself.
    pub fn note_refusal(&self, account: Option<AccountId>, code: RefusalCode) {
        self.inner.shared.count(&[Count::Refused(account, code)]);
    }
}
