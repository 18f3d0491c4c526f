//! What steers decisions on the simulated disk: accounts, ways in and out, people, documents, keys.
//!
//! These tables are small and change seldom, so that a batch that changes them works on a copy, which
//! takes their place when the whole batch holds.

use std::collections::{BTreeMap, BTreeSet};

use ports::store::{
    Batch, ConfigChange, ConfigVersion, ContactChange, ContactRow, CredentialRow, DataKeyRow, EndpointRow,
    InboundNumberRow, PersonRow, ResourceRow, SenderMemory, SessionRow, SuppressionRow,
};
use types::account::Account;
use types::id::{AccountId, ConnectorId, CredentialId, EndpointId, PersonId, RowKey};
use types::inbound::InboundNumber;
use types::keyword::Keyword;

/// The tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    pub(crate) credentials: BTreeMap<CredentialId, CredentialRow>,
    pub(crate) endpoints: BTreeMap<EndpointId, EndpointRow>,
    pub(crate) persons: BTreeMap<PersonId, PersonRow>,
    pub(crate) sessions: BTreeMap<[u8; 32], SessionRow>,
    pub(crate) documents: BTreeMap<(u8, u32), ConfigVersion>,
    pub(crate) connectors: BTreeMap<ConnectorId, String>,
    pub(crate) data_keys: BTreeMap<i64, DataKeyRow>,
    pub(crate) inbound_numbers: BTreeMap<InboundNumber, InboundNumberRow>,
    pub(crate) keyword_replies: BTreeMap<(AccountId, Keyword), String>,
    pub(crate) contacts: BTreeMap<RowKey, ContactRow>,
    /// Groups and the contacts in them.
    pub(crate) memberships: BTreeSet<(RowKey, RowKey)>,
    pub(crate) resources: BTreeMap<RowKey, ResourceRow>,
    /// From which senders recipients heard, by pool and hash of the number.
    pub(crate) senders: BTreeMap<(RowKey, i64), SenderMemory>,
    pub(crate) suppressions: BTreeMap<(AccountId, String, i64), SuppressionRow>,
}

impl Settings {
    /// The tables as a batch leaves them; `None` when it leaves them alone.
    pub(super) fn with(&self, batch: &Batch) -> Result<Option<Self>, &'static str> {
        if batch.config.is_empty() && batch.data_keys.is_empty() {
            return Ok(None);
        }
        let mut next = self.clone();
        for row in &batch.data_keys {
            if next.data_keys.insert(row.id, row.clone()).is_some() {
                return Err("data key number");
            }
        }
        for change in &batch.config {
            next.change(change)?;
        }
        Ok(Some(next))
    }

    fn change(&mut self, change: &ConfigChange) -> Result<(), &'static str> {
        match change {
            ConfigChange::Account(row) => {
                let taken = |other: &&Account| other.id != row.id && other.name == row.name;
                free(self.accounts.values().find(taken).is_none(), "account name")?;
                self.accounts.insert(row.id, row.clone());
            }
            ConfigChange::Credential(row) => {
                let taken = |other: &&CredentialRow| {
                    other.id != row.id && other.kind == row.kind && other.name == row.name
                };
                free(self.credentials.values().find(taken).is_none(), "credential name")?;
                self.credentials.insert(row.id, row.clone());
            }
            ConfigChange::Endpoint(row) => self.change_endpoint(row)?,
            ConfigChange::Person(row) => {
                let taken = |other: &&PersonRow| other.id != row.id && other.email == row.email;
                free(self.persons.values().find(taken).is_none(), "person e-mail")?;
                self.persons.insert(row.id, row.clone());
            }
            ConfigChange::Session(row) => {
                free(self.sessions.insert(row.token_hash, row.clone()).is_none(), "session token")?;
            }
            ConfigChange::SessionEnd(token_hash) => {
                self.sessions.remove(token_hash);
            }
            ConfigChange::Document(row) => {
                let kind = row.kind.code();
                let newest = self.documents.range((kind, 0)..=(kind, u32::MAX)).next_back();
                let next = newest.map_or(0, |((_, number), _)| *number) + 1;
                free(row.number == next, "document number")?;
                self.documents.insert((kind, row.number), row.clone());
            }
            ConfigChange::Connector(id, name) => {
                let taken = self.connectors.iter().any(|(other, known)| other != id && known == name);
                free(!taken, "connector name")?;
                self.connectors.insert(*id, name.clone());
            }
            ConfigChange::InboundNumber(row) => {
                let known = self.inbound_numbers.get(&row.number);
                let added_at = known.map_or(row.added_at, |known| known.added_at);
                self.inbound_numbers.insert(row.number, InboundNumberRow { added_at, ..*row });
            }
            ConfigChange::KeywordReply(row) => {
                self.keyword_replies.insert((row.account, row.keyword), row.text.clone());
            }
            ConfigChange::KeywordReplyEnd(account, keyword) => {
                self.keyword_replies.remove(&(*account, *keyword));
            }
            // It stands with the message.
            ConfigChange::ContentErased(..) | ConfigChange::AddressesErased { .. } => {}
            ConfigChange::Contact(change) => self.change_contact(change)?,
            ConfigChange::Resource(row) => self.change_resource(row)?,
            ConfigChange::ResourceEnd(account, key) => self.end_resource(*account, *key),
            ConfigChange::SendersRemembered(rows) => {
                self.senders.extend(rows.iter().map(|row| ((row.pool, row.number_hash), row.clone())));
            }
            ConfigChange::SendersForgotten(places) => self.senders.retain(|at, _| !places.contains(at)),
            ConfigChange::Suppression(row) => {
                let place = (row.account, row.scope.clone(), row.number_hash);
                self.suppressions.entry(place).or_insert_with(|| row.clone());
            }
            ConfigChange::SuppressionEnd { account, scope, number_hash } => {
                self.suppressions.remove(&(*account, scope.clone(), *number_hash));
            }
        }
        Ok(())
    }

    fn end_resource(&mut self, account: AccountId, key: RowKey) {
        if self.resources.get(&key).is_some_and(|row| row.account == account) {
            self.resources.remove(&key);
            self.memberships.retain(|(group, _)| *group != key);
            self.senders.retain(|(pool, _), _| *pool != key);
        }
    }

    fn change_resource(&mut self, row: &ResourceRow) -> Result<(), &'static str> {
        let place = |row: &ResourceRow| (row.account, row.kind, row.name.clone());
        let taken = |other: &&ResourceRow| other.key != row.key && place(other) == place(row);
        free(self.resources.values().find(taken).is_none(), "resource name")?;
        let known = self.resources.get(&row.key).unwrap_or(row);
        let (tail, created_at) = (known.tail, known.created_at);
        self.resources.insert(row.key, ResourceRow { tail, created_at, ..row.clone() });
        Ok(())
    }

    fn change_contact(&mut self, change: &ContactChange) -> Result<(), &'static str> {
        match change {
            ContactChange::Put(row) => {
                let place = |row: &ContactRow| (row.account, row.number_hash);
                let taken = |other: &&ContactRow| other.key != row.key && place(other) == place(row);
                free(self.contacts.values().find(taken).is_none(), "contact number")?;
                let known = self.contacts.get(&row.key).unwrap_or(row);
                let (tail, created_at) = (known.tail, known.created_at);
                self.contacts.insert(row.key, ContactRow { tail, created_at, ..row.clone() });
            }
            ContactChange::End(account, key) => {
                if self.contacts.get(key).is_some_and(|row| row.account == *account) {
                    self.contacts.remove(key);
                    self.memberships.retain(|(_, contact)| contact != key);
                }
            }
            ContactChange::Join { group, contact } => {
                self.memberships.insert((*group, *contact));
            }
            ContactChange::Leave { group, contact } => {
                self.memberships.remove(&(*group, *contact));
            }
        }
        Ok(())
    }

    fn change_endpoint(&mut self, row: &EndpointRow) -> Result<(), &'static str> {
        let address = |row: &EndpointRow| (row.account, row.kind.code(), row.url_hash);
        let taken = |other: &&EndpointRow| other.id != row.id && address(other) == address(row);
        free(self.endpoints.values().find(taken).is_none(), "endpoint address")?;
        let created_at = self.endpoints.get(&row.id).map_or(row.created_at, |known| known.created_at);
        self.endpoints.insert(row.id, EndpointRow { created_at, ..row.clone() });
        Ok(())
    }
}

const fn free(holds: bool, what: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(what) }
}
