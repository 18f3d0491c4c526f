//! The handle that doors hold: every use-case of Chappe, one method each. It is cheap to clone.

use std::sync::Arc;

use ports::phones::Mail;
use ports::store::{ConfigKind, SessionRow};
use subtle::ConstantTimeEq;
use tokio::sync::oneshot;
use types::Sensitive;
use types::account::{Account, AccountLimits, CredentialKind, EndpointKind};
use types::catalog::{PriceBook, Profile, TrafficDocument};
use types::charge::Balance;
use types::id::{AccountId, ConnectorId, EndpointId, MessageId, PersonId, RowKey, SubmissionId};
use types::message::State;
use types::money::Money;
use types::refusal::{Refusal, RefusalCode};
use types::role::Role;
use types::time::Timestamp;

use crate::detail::{Because, InboundDetail, MessageDetail, Movement, Page};
use crate::engine::{Change, Changed, Input};
use crate::inbox::Kind;
use crate::people::{PASSWORD_MAX, PASSWORD_MIN, SESSION_MS};
use crate::report::{BindSink, ReportResult};
use crate::seal::sha256;
use crate::shared::{Count, CredentialEntry};
use crate::submission::{Caller, Rejected, ReplyTo, Submission, SubmitOutcome};

/// Whose messages a question may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those of one account.
    Account(AccountId),
    /// All (staff).
    All,
}

/// A signed-in person.
#[derive(Clone, Debug)]
pub struct Person {
    /// The number.
    pub id: PersonId,
    /// The account of a user; `None` for staff.
    pub account: Option<AccountId>,
    /// E-mail address.
    pub email: String,
    /// What the person may do.
    pub role: Role,
}

/// Which messages to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct MessageQuery {
    /// In one of these states; empty for any.
    pub states: Vec<State>,
    /// To this number, in any notation.
    pub recipient: Option<Sensitive<String>>,
    /// Whose latest attempt went to this connector.
    pub connector: Option<String>,
    /// Accepted at or after.
    pub since: Option<Timestamp>,
    /// Accepted before.
    pub until: Option<Timestamp>,
    /// The cursor.
    pub before: Option<RowKey>,
    /// 1 to 500.
    pub limit: usize,
    /// Whether the content is wanted.
    pub with_content: bool,
}

/// A connector as staff sees it.
#[derive(Clone, Debug)]
pub struct ConnectorView {
    /// Its number.
    pub id: ConnectorId,
    /// Its name.
    pub name: String,
    /// Its supplier.
    pub supplier: String,
    /// Its type.
    pub kind: String,
    /// Switched off by a person.
    pub disabled: bool,
    /// Where it leads, e.g. `127.0.0.1:2776`; without secrets.
    pub target: String,
    /// How it is doing.
    pub status: ports::channel::ConnectorStatus,
    /// Messages that wait for it.
    pub queued: u64,
    /// When the oldest of them was accepted.
    pub oldest_queued_at: Option<Timestamp>,
    /// Taken by the carrier since start.
    pub submitted: u64,
    /// Receipts of a delivery since start.
    pub delivered: u64,
    /// Receipts of any other end since start.
    pub failed: u64,
    /// Answers with an error since start.
    pub errors: u64,
}

/// A version of a configuration document.
#[derive(Clone, Debug)]
pub struct VersionView {
    /// Counted from one.
    pub number: u32,
    /// Who made it.
    pub author: String,
    /// What for.
    pub comment: String,
    /// When.
    pub created_at: Timestamp,
}

/// Live figures of an account or of the installation: counts since start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveFigures {
    /// Messages accepted.
    pub accepted: u64,
    /// Messages taken by carriers.
    pub submitted: u64,
    /// Messages delivered.
    pub delivered: u64,
    /// Messages that ended otherwise.
    pub failed: u64,
    /// Submissions refused.
    pub refused: u64,
    /// Available balance, micro-units; zero for the installation.
    pub available_micros: i64,
    /// Held, micro-units.
    pub held_micros: i64,
}

/// Counts of the store and the proof of the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HouseFigures {
    /// Counts of the store.
    pub store: ports::store::StoreFigures,
    /// How far the ledger is off; zero when it balances.
    pub imbalance_micros: i64,
}

/// What to make of a new account.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its name, unique.
    pub name: String,
    /// The price book; `None` for the first.
    pub price_book: Option<String>,
    /// Limits.
    pub limits: AccountLimits,
    /// Whether private callbacks are allowed.
    pub allow_private_callbacks: bool,
}

/// A credential with its secret, for the moment in which it is shown.
#[derive(Clone, Debug)]
pub struct ShownCredential {
    /// The key or system id.
    pub name: String,
    /// The secret or password.
    pub secret: Sensitive<String>,
}

/// Every use-case of Chappe.
#[derive(Clone)]
pub struct Core {
    pub(crate) inner: Arc<crate::runtime::Runtime>,
}

impl Core {
    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The name by which this installation answers binds, e.g. `chappe-3f9a1c`.
    pub fn instance_name(&self) -> &str {
        &self.inner.shared.instance_name
    }

    /// The operator's policy in force.
    pub fn profile(&self) -> Arc<Profile> {
        Arc::clone(&self.inner.shared.snapshot.load().profile)
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
        if let Err(Input::Submit(submission, reply)) = shared.inbox.push(Kind::Submission, Input::Submit(submission, reply)) {
            let refusal = Refusal::new(RefusalCode::Unavailable, "too much waits to be taken; nothing was kept").retry_after(1);
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
        receiver.await.unwrap_or_else(|_| Err(Rejected::whole(stopped())))
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
        receiver.await.map_err(|_| stopped())??;
        let found = self.message(scope, id).await?;
        found.ok_or_else(|| Refusal::new(RefusalCode::NotFound, "there is no message by this id"))
    }

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

    /// An account.
    pub fn account(&self, id: AccountId) -> Option<Arc<Account>> {
        self.inner.shared.directory.load().accounts.get(&id).map(|handle| Arc::clone(&handle.account))
    }

    /// An account by its name.
    pub fn account_by_name(&self, name: &str) -> Option<Arc<Account>> {
        let id = *self.inner.shared.directory.load().by_name.get(name)?;
        self.account(id)
    }

    /// All accounts, by name.
    pub fn accounts(&self) -> Vec<Arc<Account>> {
        let directory = self.inner.shared.directory.load();
        let mut accounts: Vec<_> = directory.accounts.values().map(|handle| Arc::clone(&handle.account)).collect();
        accounts.sort_by(|a, b| a.name.cmp(&b.name));
        accounts
    }

    /// Checks e-mail and password; on success begins a session and gives its token for the cookie.
    ///
    /// # Errors
    /// `invalid_credentials`, the same for an unknown address and a wrong password.
    pub async fn sign_in(&self, email: &str, password: &Sensitive<String>) -> Result<(Person, Sensitive<String>), Refusal> {
        let email = email.trim().to_lowercase();
        let row = self.inner.ask(move |reader| reader.person_by_email(&email)).await?;
        let row = row.filter(|row| !row.disabled);
        let hash = row.as_ref().map(|row| row.password_hash.clone());
        let right = self.inner.passwords.check(password, hash).await;
        let Some(row) = row.filter(|_| right) else {
            return Err(Refusal::new(RefusalCode::InvalidCredentials, "the e-mail address or the password is not right"));
        };
        let token = crate::secret::session_token(self.inner.entropy.as_ref());
        let now = self.now();
        let session = SessionRow {
            token_hash: sha256(token.as_bytes()),
            person: row.id,
            created_at: now,
            expires_at: now.plus_ms(SESSION_MS),
        };
        self.change(Change::Session(session)).await?;
        Ok((person_of(row), token.into()))
    }

    /// The person of a session token.
    pub async fn session(&self, token: &str) -> Option<Person> {
        let hash = sha256(token.as_bytes());
        let now = self.now();
        let row = self.inner.ask(move |reader| {
            let session = reader.session(hash)?.filter(|session| session.expires_at > now);
            session.map_or(Ok(None), |session| reader.person(session.person))
        });
        row.await.ok().flatten().filter(|row| !row.disabled).map(person_of)
    }

    /// Ends a session.
    pub async fn sign_out(&self, token: &str) {
        if self.change(Change::SessionEnd(sha256(token.as_bytes()))).await.is_err() {
            tracing::warn!("a session could not be ended now; it lapses by itself");
        }
    }

    /// A message by its id, with attempts and receipts.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn message(&self, scope: Scope, id: MessageId) -> Result<Option<MessageDetail>, Refusal> {
        self.inner.message(scope, id).await
    }

    /// Messages that match, newest first.
    ///
    /// # Errors
    /// `invalid_request` for a number that cannot be one, or when the store cannot be read.
    pub async fn messages(&self, scope: Scope, query: MessageQuery) -> Result<Page<MessageDetail>, Refusal> {
        self.inner.messages(scope, query).await
    }

    /// The messages of a submission, in their order; empty when there is none to see.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn submission(&self, scope: Scope, id: SubmissionId) -> Result<Vec<MessageDetail>, Refusal> {
        self.inner.submission(scope, id).await
    }

    /// Messages from phones, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn inbound(&self, scope: Scope, before: Option<RowKey>, limit: usize) -> Result<Page<InboundDetail>, Refusal> {
        self.inner.inbound(scope, before, limit).await
    }

    /// Why a message was priced, routed, charged and ended as it did.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn explain(&self, scope: Scope, id: MessageId) -> Result<Option<(MessageDetail, Vec<Because>)>, Refusal> {
        let found = self.message(scope, id).await?;
        Ok(found.map(|detail| {
            let story = crate::explain::explain(&detail);
            (detail, story)
        }))
    }

    /// What an account can spend and what is held.
    pub fn balance(&self, account: AccountId) -> Option<Balance> {
        let unit = self.account(account)?.unit;
        let figures = self.inner.shared.figures(Some(account));
        Some(Balance {
            available: Money::new(figures.available_micros, unit),
            held: Money::new(figures.held_micros, unit),
        })
    }

    /// Movements of an account, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn movements(&self, account: AccountId, limit: usize) -> Result<Vec<Movement>, Refusal> {
        self.inner.movements(account, limit).await
    }

    /// Live figures of an account, or of the installation.
    pub fn live(&self, scope: Scope) -> LiveFigures {
        self.inner.shared.figures(scope.account())
    }

    /// The credentials of an account with their secrets. The caller has made sure who asks, anew.
    ///
    /// # Errors
    /// None today; a keeper of secrets that must be asked may refuse.
    pub async fn credentials(&self, account: AccountId) -> Result<Vec<ShownCredential>, Refusal> {
        let directory = self.inner.shared.directory.load();
        let mut mine: Vec<_> = directory.credentials.iter().filter(|(_, entry)| entry.account == account).collect();
        mine.sort_by_key(|(_, entry)| entry.id);
        let shown = |((_, name), entry): (&(CredentialKind, String), &Arc<CredentialEntry>)| ShownCredential {
            name: name.clone(),
            secret: entry.secret.clone(),
        };
        Ok(mine.into_iter().map(shown).collect())
    }

    /// Connectors and how they are doing.
    pub fn connectors(&self) -> Vec<ConnectorView> {
        let shared = &self.inner.shared;
        let mut views = (**shared.connectors.load()).clone();
        for view in &mut views {
            let counts = shared.metrics.connector_counts(view.id);
            view.submitted = counts.submitted;
            view.delivered = counts.delivered;
            view.failed = counts.failed;
            view.errors = counts.errors;
        }
        views
    }

    /// The traffic document in force and its number.
    pub fn traffic(&self) -> (u32, Arc<TrafficDocument>) {
        let snapshot = self.inner.shared.snapshot.load();
        (snapshot.traffic.version, Arc::new(snapshot.traffic.document.clone()))
    }

    /// Versions of the traffic document, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn traffic_versions(&self, limit: usize) -> Result<Vec<VersionView>, Refusal> {
        let limit = limit.clamp(1, ports::store::PAGE_ROWS_MAX);
        let versions = self.inner.ask(move |reader| reader.config_versions(ConfigKind::Traffic, limit)).await?;
        let view = |version: ports::store::ConfigVersion| VersionView {
            number: version.number,
            author: version.author,
            comment: version.comment,
            created_at: version.created_at,
        };
        Ok(versions.into_iter().map(view).collect())
    }

    /// One version of the traffic document.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn traffic_version(&self, number: u32) -> Result<Option<TrafficDocument>, Refusal> {
        let version = self.inner.ask(move |reader| reader.config_version(ConfigKind::Traffic, number)).await?;
        Ok(version.and_then(|version| serde_json::from_str(&version.document).ok()))
    }

    /// Checks a document and makes it the newest version; gives its number.
    ///
    /// # Errors
    /// `invalid_configuration` with a sentence that names what cannot be used.
    pub async fn change_traffic(&self, document: TrafficDocument, author: &str, comment: &str) -> Result<u32, Refusal> {
        let (author, comment) = (author.to_owned(), comment.to_owned());
        self.change_version(Change::Traffic { document, author, comment }).await
    }

    /// Makes an older version the newest again; gives the new number.
    ///
    /// # Errors
    /// `not_found`, or `invalid_configuration` when it no longer fits.
    pub async fn roll_back_traffic(&self, number: u32, author: &str) -> Result<u32, Refusal> {
        let document = self.traffic_version(number).await?;
        let document = document.ok_or_else(|| {
            Refusal::new(RefusalCode::NotFound, format!("there is no version {number} of the routes"))
        })?;
        self.change_traffic(document, author, &format!("back to version {number}")).await
    }

    /// Whether price books were ever published.
    pub fn has_prices(&self) -> bool {
        self.inner.shared.snapshot.load().prices.version > 0
    }

    /// Checks price books and makes them the newest version; gives its number.
    ///
    /// # Errors
    /// `invalid_configuration` with a sentence that names what cannot be used.
    pub async fn change_prices(&self, books: Vec<PriceBook>, author: &str, comment: &str) -> Result<u32, Refusal> {
        let (author, comment) = (author.to_owned(), comment.to_owned());
        self.change_version(Change::Prices { books, author, comment }).await
    }

    async fn change_version(&self, change: Change) -> Result<u32, Refusal> {
        match self.change(change).await? {
            Changed::Version(number) => Ok(number),
            _ => Err(stopped()),
        }
    }

    async fn change(&self, change: Change) -> Result<Changed, Refusal> {
        let (sender, receiver) = oneshot::channel();
        self.inner.shared.inbox.push(Kind::Command, Input::Change(change, sender)).map_err(|_| stopped())?;
        receiver.await.map_err(|_| stopped())?
    }

    /// Makes an account.
    ///
    /// # Errors
    /// `invalid_request` for a name that is taken or a price book that does not exist.
    pub async fn create_account(&self, new: NewAccount) -> Result<Arc<Account>, Refusal> {
        match self.change(Change::Account(new)).await? {
            Changed::Account(account) => Ok(account),
            _ => Err(stopped()),
        }
    }

    /// Makes an API key.
    ///
    /// # Errors
    /// `not_found` for an account that does not exist.
    pub async fn create_key(&self, account: AccountId) -> Result<ShownCredential, Refusal> {
        self.change_shown(Change::Key(account)).await
    }

    /// Makes an SMPP credential, with a system id of ours for `None`.
    ///
    /// # Errors
    /// `invalid_request` for a system id that is taken or cannot be one.
    pub async fn create_bind(&self, account: AccountId, system_id: Option<String>) -> Result<ShownCredential, Refusal> {
        self.change_shown(Change::Bind(account, system_id, None)).await
    }

    async fn change_shown(&self, change: Change) -> Result<ShownCredential, Refusal> {
        match self.change(change).await? {
            Changed::Shown(shown) => Ok(shown),
            _ => Err(stopped()),
        }
    }

    /// Makes a user of an account, or a member of staff for `None`, and tells it by mail.
    ///
    /// # Errors
    /// `invalid_request` for an address that is taken, a password that is too short, or a role that
    /// does not fit.
    pub async fn create_person(
        &self,
        account: Option<AccountId>,
        email: &str,
        role: Role,
        password: &Sensitive<String>,
    ) -> Result<PersonId, Refusal> {
        let email = email.trim().to_lowercase();
        let plausible = email.len() <= 254 && email.split_once('@').is_some_and(|(a, b)| !a.is_empty() && b.contains('.'));
        if !plausible {
            return Err(Refusal::new(RefusalCode::InvalidRequest, "this is not an e-mail address").at("email"));
        }
        let length = password.expose().chars().count();
        if !(PASSWORD_MIN..=PASSWORD_MAX).contains(&length) {
            let detail = format!("a password has {PASSWORD_MIN} to {PASSWORD_MAX} characters");
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("password"));
        }
        let hash = self.inner.passwords.hash(password, self.inner.entropy.as_ref()).await;
        let password_hash = hash.ok_or_else(stopped)?;
        let change = Change::Person { account, email: email.clone(), role, password_hash };
        let Changed::Person(id) = self.change(change).await? else { return Err(stopped()) };
        let brand = self.profile().operator.brand.clone();
        self.inner.mailer.send(Mail {
            to: email.into(),
            subject: format!("Your sign-in at {brand} is ready"),
            text: format!(
                "You can now sign in at {brand} with this address and the password that you were given.\n\n\
                 If you did not expect this mail, tell the operator.\n"
            )
            .into(),
            at: self.now(),
        });
        Ok(id)
    }

    /// Grants value: a new lot.
    ///
    /// # Errors
    /// `not_found`, or `invalid_request` for an amount that is not above zero.
    pub async fn top_up(&self, account: AccountId, amount: Money, source: &str) -> Result<(), Refusal> {
        self.change(Change::TopUp { account, amount, source: source.to_owned() }).await.map(|_| ())
    }

    /// The endpoint for a callback address of an account, made when it is new.
    ///
    /// # Errors
    /// `invalid_request` for an address that may not be called.
    pub async fn webhook_endpoint(&self, account: AccountId, kind: EndpointKind, url: &str) -> Result<EndpointId, Refusal> {
        let allow_private = self.account(account).is_some_and(|account| account.allow_private_callbacks);
        let https = url.starts_with("https://") || (allow_private && url.starts_with("http://"));
        if !https || url.len() > 2_048 || url.contains(char::is_whitespace) {
            let detail = "a callback address begins with https:// and has at most 2048 characters";
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("callback_url"));
        }
        match self.change(Change::Endpoint { account, kind, url: url.to_owned().into() }).await? {
            Changed::Endpoint(id) => Ok(id),
            _ => Err(stopped()),
        }
    }

    /// The endpoint of an account's SMPP binds.
    pub fn smpp_endpoint(&self, account: AccountId) -> Option<EndpointId> {
        self.inner.shared.directory.load().smpp_endpoints.get(&account).copied()
    }

    /// Where messages that state no callback are told; `None` for nowhere.
    ///
    /// # Errors
    /// `not_found` for an account or endpoint that does not exist.
    pub async fn set_default_endpoint(&self, account: AccountId, endpoint: Option<EndpointId>) -> Result<(), Refusal> {
        self.change(Change::DefaultEndpoint { account, endpoint }).await.map(|_| ())
    }

    /// Sets what an account may do at once.
    ///
    /// # Errors
    /// `not_found` for an account that does not exist.
    pub async fn set_limits(&self, account: AccountId, limits: AccountLimits) -> Result<(), Refusal> {
        self.change(Change::Limits { account, limits }).await.map(|_| ())
    }

    /// Hands nothing more to channels, waits for outstanding answers and closes the links.
    pub async fn drain_channels(&self, deadline_ms: u64) {
        let (sender, receiver) = oneshot::channel();
        if self.inner.shared.inbox.push(Kind::Command, Input::Drain(sender)).is_err() {
            return;
        }
        let channels = receiver.await.unwrap_or_default();
        let drains: Vec<_> =
            channels.into_iter().map(|channel| tokio::spawn(async move { channel.drain(deadline_ms).await })).collect();
        for drain in drains {
            if drain.await.is_err() {
                tracing::error!("a channel failed while it was drained");
            }
        }
    }

    /// The secret that signs an endpoint's webhooks.
    pub fn endpoint_secret(&self, account: AccountId, endpoint: EndpointId) -> Option<Sensitive<String>> {
        let directory = self.inner.shared.directory.load();
        directory.endpoints.get(&endpoint).filter(|e| e.account == account).map(|e| e.secret.clone())
    }

    /// A bind that can receive has come up. Dropping the handle takes it away.
    pub fn attach_bind(&self, account: AccountId, sink: Arc<dyn BindSink>) -> BindHandle {
        let endpoint = self.smpp_endpoint(account);
        let number = self.inner.shared.notifier.attach(account, endpoint, sink);
        let shared = Arc::clone(&self.inner.shared);
        BindHandle { detach: Some(Box::new(move || shared.notifier.detach(account, number))) }
    }

    /// A bind has room again.
    pub fn bind_ready(&self, account: AccountId) {
        if let Some(endpoint) = self.smpp_endpoint(account) {
            self.inner.shared.notifier.ready(endpoint);
        }
    }

    /// How telling events went.
    pub fn report_done(&self, results: Vec<ReportResult>) {
        self.inner.shared.notifier.answered(&results);
    }

    /// Counts of the store and the proof of the ledger.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn store_figures(&self) -> Result<HouseFigures, Refusal> {
        let store = self.inner.ask(|reader| reader.figures()).await?;
        let sums = self.inner.ask(|reader| reader.ledger_sums()).await?;
        let imbalance_micros = sums.iter().map(ports::store::LedgerSum::imbalance_micros).sum();
        Ok(HouseFigures { store, imbalance_micros })
    }

    /// Figures in the text form of Prometheus.
    pub fn metrics_text(&self) -> String {
        let shared = &self.inner.shared;
        let outbox = shared.notifier.waiting();
        shared.metrics.text(self.now(), &self.connectors(), outbox, shared.inbox.len())
    }

    /// Proves that the store takes a durable write now.
    ///
    /// # Errors
    /// `unavailable` when it does not.
    pub async fn ready(&self) -> Result<(), Refusal> {
        if !self.inner.shared.is_healthy() {
            return Err(Refusal::new(RefusalCode::Unavailable, "the last commit did not succeed").retry_after(5));
        }
        let (sender, receiver) = oneshot::channel();
        self.inner.shared.inbox.push(Kind::Command, Input::Probe(sender)).map_err(|_| stopped())?;
        receiver.await.map_err(|_| stopped())?
    }

    /// Counts SMPP sessions for the metrics.
    pub fn note_smpp_sessions(&self, delta: i64) {
        self.inner.shared.metrics.sessions.inc_by(delta);
    }

    /// Counts a refusal that a door made itself.
    pub fn note_refusal(&self, account: Option<AccountId>, code: RefusalCode) {
        self.inner.shared.count(&[Count::Refused(account, code)]);
    }

    /// Makes a profile the one in force; gives its number. The same profile again changes nothing.
    ///
    /// # Errors
    /// `invalid_configuration` for a schema that is not known.
    pub async fn change_profile(&self, profile: Profile, author: &str) -> Result<u32, Refusal> {
        self.change_version(Change::Profile { profile, author: author.to_owned() }).await
    }

    /// The text of a content, for people to read.
    pub fn text_of(content: &types::message::Content) -> String {
        crate::text::of_content(content)
    }
}

fn stopped() -> Refusal {
    Refusal::new(RefusalCode::Unavailable, "the service is stopping; nothing was kept").retry_after(5)
}

fn person_of(row: ports::store::PersonRow) -> Person {
    Person { id: row.id, account: row.account, email: row.email, role: row.role }
}

/// Keeps a bind attached.
pub struct BindHandle {
    detach: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Drop for BindHandle {
    fn drop(&mut self) {
        if let Some(detach) = self.detach.take() {
            detach();
        }
    }
}
