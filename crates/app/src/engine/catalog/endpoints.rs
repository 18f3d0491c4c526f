//! Where events are told: addresses made, found, changed, switched and taken away.
//!
//! It tells nothing, and looks at no address's form. Start at [`Engine::find_endpoints`] for addresses that
//! messages name, and at [`Engine::make_endpoint`] for those that an owner sets up.

use std::collections::VecDeque;
use std::sync::Arc;

use ports::store::{Batch, ConfigChange, DataKeyRow, EndpointRow};
use tokio::sync::oneshot;
use types::Sensitive;
use types::account::{Account, Endpoint, EndpointKind, OldSecret};
use types::event::EventTypes;
use types::id::{AccountId, EndpointId, RowKey};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::accounts::ENDPOINT;
use super::{Changed, Engine};
use crate::core::{EndpointPatch, EndpointWish};
use crate::engine::{EngineError, Input};
use crate::seal::Kind;
use crate::sealed::settings::write_endpoint;
use crate::secret;

/// An endpoint of which nothing is set yet.
pub(super) const fn new_endpoint(id: EndpointId, account: AccountId, kind: EndpointKind) -> Endpoint {
    Endpoint {
        id,
        account,
        kind,
        url: Sensitive::new(String::new()),
        secret: Sensitive::new(String::new()),
        old_secret: None,
        description: String::new(),
        wants: EventTypes::ALL,
        standing: false,
        disabled: false,
        removed: false,
    }
}

/// An address of which the endpoint is asked for; one that was switched off is switched on again when `enable` says
/// so.
pub(crate) struct AskedEndpoint {
    pub(crate) account: AccountId,
    pub(crate) kind: EndpointKind,
    pub(crate) url: Sensitive<String>,
    pub(crate) enable: bool,
}

/// Where the answer goes.
type Answer = oneshot::Sender<Result<EndpointId, Refusal>>;

/// Endpoints that are being made in one commit.
#[derive(Default)]
struct Made {
    rows: Vec<ConfigChange>,
    data_keys: Vec<DataKeyRow>,
    /// With account, kind and the hash of the address.
    endpoints: Vec<(Endpoint, (AccountId, EndpointKind, i64))>,
}

/// The endpoint of an address.
enum Found {
    Known(EndpointId),
    /// It is one only once it is written.
    Made(EndpointId),
}

impl Engine {
    /// Finds the endpoint of the address that a message or an account names, or makes it, and with it all that wait:
    /// each customer's first message asks for one, and one commit is enough for many.
    pub(in crate::engine) fn find_endpoints(
        &mut self,
        (first, reply): (AskedEndpoint, Answer),
        waiting: &mut VecDeque<Input>,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let mut made = Made::default();
        let mut answers = vec![(reply, self.find_endpoint(&mut made, first, now))];
        for input in std::mem::take(waiting) {
            match input {
                Input::Endpoint(asked, reply) => {
                    answers.push((reply, self.find_endpoint(&mut made, asked, now)));
                }
                other => waiting.push_back(other),
            }
        }
        let written = self.keep_made(made, now);
        // Nobody may be told that nothing changed when nobody knows.
        if let Some(error) = self.change_in_doubt.take() {
            return Err(EngineError::InDoubt(error));
        }
        for (reply, found) in answers {
            let outcome = found.and_then(|found| match (found, &written) {
                (Found::Known(id), _) | (Found::Made(id), Ok(())) => Ok(id),
                (Found::Made(_), Err(refusal)) => Err(refusal.clone()),
            });
            // Who asked may have gone; the endpoint stays.
            drop(reply.send(outcome));
        }
        Ok(())
    }

    fn find_endpoint(
        &mut self,
        made: &mut Made,
        asked: AskedEndpoint,
        now: Timestamp,
    ) -> Result<Found, Refusal> {
        let AskedEndpoint { account, kind, url, enable } = asked;
        self.check_account(account)?;
        if let Some(known) = self.endpoint_at(account, kind, &url) {
            if enable {
                self.switch_endpoint(known, false, now)?;
            }
            return Ok(Found::Known(known));
        }
        let url_hash = self.hasher.hash(b'u', url.expose().as_bytes());
        let address = (account, kind, url_hash);
        if let Some((endpoint, _)) = made.endpoints.iter().find(|(_, known)| *known == address) {
            return Ok(Found::Made(endpoint.id));
        }
        let id = EndpointId(self.next_number(ENDPOINT));
        let endpoint = Endpoint {
            url,
            secret: secret::webhook_secret(self.entropy.as_ref()).into(),
            ..new_endpoint(id, account, kind)
        };
        let row = self.endpoint_row(&endpoint, now, &mut made.data_keys)?;
        made.rows.push(ConfigChange::Endpoint(row));
        made.endpoints.push((endpoint, address));
        Ok(Found::Made(id))
    }

    /// Writes endpoints that were made and lets them be known.
    fn keep_made(&mut self, made: Made, now: Timestamp) -> Result<(), Refusal> {
        if made.rows.is_empty() {
            return Ok(());
        }
        let (data_keys, config) = (made.data_keys, made.rows);
        self.write_batch(Batch { at: now, data_keys, config, ..Batch::default() })?;
        let mut directory = self.shared.directory.load().fork();
        let ids: Vec<EndpointId> = made.endpoints.iter().map(|(endpoint, _)| endpoint.id).collect();
        for (endpoint, (_, _, url_hash)) in made.endpoints {
            directory.put_endpoint(endpoint, url_hash);
        }
        self.shared.directory.store(Arc::new(directory));
        ids.into_iter().for_each(|id| self.shared.notifier.ready(id));
        Ok(())
    }

    /// Makes an endpoint that hears of all messages, when the account has fewer than `most` of them.
    pub(super) fn make_endpoint(
        &mut self,
        account: AccountId,
        wish: EndpointWish,
        most: usize,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        self.check_account(account)?;
        self.check_free(account, wish.kind, &wish.url)?;
        let directory = self.shared.directory.load();
        if directory.standing.get(&account).map_or(0, Vec::len) >= most {
            let detail = format!("the account has {most} webhooks already; delete one first");
            return Err(Refusal::new(RefusalCode::LimitReached, detail));
        }
        let id = EndpointId(self.next_number(ENDPOINT));
        self.note_created(RowKey::from_i64(id.0));
        let endpoint = Endpoint {
            url: wish.url,
            secret: secret::webhook_secret(self.entropy.as_ref()).into(),
            description: wish.description,
            wants: wish.wants,
            standing: true,
            disabled: !wish.enabled,
            ..new_endpoint(id, account, wish.kind)
        };
        self.keep_endpoint(endpoint, now)?;
        Ok(Changed::Endpoint(id))
    }

    /// Changes an endpoint; what the patch leaves out stays.
    pub(super) fn change_endpoint(
        &mut self,
        account: AccountId,
        id: EndpointId,
        patch: EndpointPatch,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let known = self.address_of(account, id)?;
        if let Some(url) = patch.url.as_ref().filter(|url| **url != known.url) {
            self.check_free(account, known.kind, url)?;
        }
        let endpoint = Endpoint {
            url: patch.url.unwrap_or_else(|| known.url.clone()),
            description: patch.description.unwrap_or_else(|| known.description.clone()),
            wants: patch.wants.unwrap_or(known.wants),
            disabled: patch.enabled.map_or(known.disabled, |enabled| !enabled),
            ..(*known).clone()
        };
        self.keep_endpoint(endpoint, now)?;
        Ok(Changed::Endpoint(id))
    }

    /// Gives an endpoint another secret; the one before signs beside it for a while.
    pub(super) fn rotate_endpoint(
        &mut self,
        account: AccountId,
        id: EndpointId,
        overlap_ms: i64,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let known = self.address_of(account, id)?;
        self.note_created(RowKey::from_i64(id.0));
        let old = OldSecret { secret: known.secret.clone(), until: now.plus_ms(overlap_ms) };
        let endpoint = Endpoint {
            secret: secret::webhook_secret(self.entropy.as_ref()).into(),
            old_secret: Some(old).filter(|old| old.is_good(now)),
            ..(*known).clone()
        };
        self.keep_endpoint(endpoint, now)?;
        Ok(Changed::Endpoint(id))
    }

    /// Takes an endpoint away. Its number stays, because events name it; its address and its secrets go,
    /// and what still waits is told nowhere.
    pub(super) fn remove_endpoint(
        &mut self,
        account: AccountId,
        id: EndpointId,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let known = self.address_of(account, id)?;
        let is_default = self.account_of(account)?.default_endpoint == Some(id);
        if is_default {
            self.set_default_endpoint(account, None, now)?;
        }
        let endpoint = Endpoint { disabled: true, removed: true, ..new_endpoint(id, account, known.kind) };
        self.keep_endpoint(endpoint, now)?;
        Ok(Changed::Done)
    }

    /// Switches an endpoint off or on again. While it is off, its events are given up as they come;
    /// see [`Engine::tell_again`].
    pub(super) fn switch_endpoint(
        &mut self,
        id: EndpointId,
        disabled: bool,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let known = self.shared.directory.load().endpoints.get(&id).cloned();
        let known = known.filter(|known| !known.removed).ok_or_else(no_such_endpoint)?;
        if known.disabled != disabled {
            self.keep_endpoint(Endpoint { disabled, ..(*known).clone() }, now)?;
        }
        Ok(Changed::Endpoint(id))
    }

    pub(super) fn set_default_endpoint(
        &mut self,
        account: AccountId,
        endpoint: Option<EndpointId>,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let known = self.account_of(account)?;
        let directory = Arc::clone(&self.shared.directory.load());
        let is_own = |id: EndpointId| {
            directory.endpoints.get(&id).is_some_and(|known| known.account == account && !known.removed)
        };
        if endpoint.is_some_and(|id| !is_own(id)) {
            return Err(no_such_endpoint());
        }
        let account = Account { default_endpoint: endpoint, ..(*known).clone() };
        self.write(vec![ConfigChange::Account(account.clone())], now)?;
        let mut directory = directory.fork();
        directory.put_account(account);
        self.shared.directory.store(Arc::new(directory));
        Ok(Changed::Done)
    }

    fn account_of(&self, account: AccountId) -> Result<Arc<Account>, Refusal> {
        let directory = self.shared.directory.load();
        let handle = directory.accounts.get(&account);
        let missing = || Refusal::new(RefusalCode::NotFound, "there is no such account");
        handle.map(|handle| Arc::clone(&handle.account)).ok_or_else(missing)
    }

    fn endpoint_at(
        &self,
        account: AccountId,
        kind: EndpointKind,
        url: &Sensitive<String>,
    ) -> Option<EndpointId> {
        let url_hash = self.hasher.hash(b'u', url.expose().as_bytes());
        self.shared.directory.load().by_url.get(&(account, kind, url_hash)).copied()
    }

    fn check_free(
        &self,
        account: AccountId,
        kind: EndpointKind,
        url: &Sensitive<String>,
    ) -> Result<(), Refusal> {
        let Some(EndpointId(id)) = self.endpoint_at(account, kind, url) else { return Ok(()) };
        let detail =
            format!("events are told at this address already; it has the id {id} and can be changed");
        Err(Refusal::new(RefusalCode::Conflict, detail).at("url"))
    }

    fn address_of(&self, account: AccountId, id: EndpointId) -> Result<Arc<Endpoint>, Refusal> {
        self.shared.directory.load().address_of(account, id).cloned().ok_or_else(no_such_endpoint)
    }

    /// The row of an endpoint. Those that have no address have a hash of their number in its place.
    pub(super) fn endpoint_row(
        &mut self,
        endpoint: &Endpoint,
        now: Timestamp,
        data_keys: &mut Vec<DataKeyRow>,
    ) -> Result<EndpointRow, Refusal> {
        let data_key = self.secrets_key(endpoint.account, now, data_keys)?;
        let key = RowKey::from_i64(endpoint.id.0);
        let url_hash = if endpoint.removed {
            self.hasher.hash(b'r', &endpoint.id.0.to_be_bytes())
        } else {
            self.hasher.hash(b'u', endpoint.url.expose().as_bytes())
        };
        Ok(EndpointRow {
            id: endpoint.id,
            account: endpoint.account,
            kind: endpoint.kind,
            url_hash,
            data_key: data_key.id(),
            sealed: data_key.seal(Kind::Endpoint, key, &write_endpoint(endpoint), self.entropy.as_ref()),
            disabled: endpoint.disabled,
            created_at: now,
        })
    }

    /// Writes an endpoint as it is from now on, and lets it be known.
    fn keep_endpoint(&mut self, endpoint: Endpoint, now: Timestamp) -> Result<(), Refusal> {
        let mut data_keys = Vec::new();
        let row = self.endpoint_row(&endpoint, now, &mut data_keys)?;
        let (id, url_hash) = (endpoint.id, row.url_hash);
        let config = vec![ConfigChange::Endpoint(row)];
        self.write_batch(Batch { at: now, data_keys, config, ..Batch::default() })?;
        let mut directory = self.shared.directory.load().fork();
        directory.put_endpoint(endpoint, url_hash);
        self.shared.directory.store(Arc::new(directory));
        self.shared.notifier.ready(id);
        Ok(())
    }
}

fn no_such_endpoint() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is no such endpoint").at("endpoint")
}
