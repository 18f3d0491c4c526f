//! The reading side of the simulated disk.

use std::sync::{Arc, Mutex, PoisonError};

use ports::store::{
    BatchJournal, ConfigKind, ConfigVersion, ContactFilter, CredentialRow, DataKeyRow, EndpointRow,
    EventFilter, InboundRow, LedgerSum, ListFilter, ListPage, ListedContact, ListedEvent, MessageView,
    PAGE_ROWS_MAX, PersonRow, PostingView, Reader, Rollup, SessionRow, StoreError, StoreFigures,
    SuppressionFilter, SuppressionRow,
};
use types::account::Account;
use types::charge::Lot;
use types::id::{AccountId, CommitSeq, PersonId, RowKey};
use types::time::Timestamp;

use super::{Disk, Tables};

/// The version of the tables that a reader tells.
const SCHEMA: u32 = 1;

/// Answers from the tables as they are.
pub(crate) struct DiskReader(Arc<Mutex<Disk>>);

impl DiskReader {
    pub(crate) const fn of(disk: Arc<Mutex<Disk>>) -> Self {
        Self(disk)
    }

    fn ask<T>(&self, question: impl FnOnce(&Tables) -> T) -> Result<T, StoreError> {
        Ok(question(&self.0.lock().unwrap_or_else(PoisonError::into_inner).tables))
    }
}

impl Reader for DiskReader {
    fn message(&self, key: RowKey) -> Result<Option<MessageView>, StoreError> {
        self.ask(|tables| tables.whole_view(key))
    }

    fn list_messages(&self, filter: &ListFilter) -> Result<ListPage<MessageView>, StoreError> {
        self.ask(|tables| tables.list(filter))
    }

    fn submission_messages(&self, submission: RowKey) -> Result<Vec<MessageView>, StoreError> {
        self.ask(|tables| tables.views_of(submission))
    }

    fn list_inbound(
        &self,
        account: Option<AccountId>,
        before: Option<RowKey>,
        limit: usize,
    ) -> Result<ListPage<InboundRow>, StoreError> {
        self.ask(|tables| tables.list_inbound(account, before, limit))
    }

    fn events(&self, filter: &EventFilter) -> Result<ListPage<ListedEvent>, StoreError> {
        self.ask(|tables| tables.list_events(filter))
    }

    fn list_suppressions(&self, filter: &SuppressionFilter) -> Result<ListPage<SuppressionRow>, StoreError> {
        let limit = filter.limit.clamp(1, PAGE_ROWS_MAX);
        self.ask(|tables| {
            let mine = tables.settings.suppressions.values().filter(|row| {
                row.account == filter.account
                    && filter.number_hash.is_none_or(|hash| hash == row.number_hash)
                    && filter.before.is_none_or(|before| row.key < before)
            });
            let mut items: Vec<_> = mine.cloned().collect();
            items.sort_by_key(|row| std::cmp::Reverse(row.key));
            ListPage::cut(items, limit, |row| row.key)
        })
    }

    fn list_contacts(&self, filter: &ContactFilter) -> Result<ListPage<ListedContact>, StoreError> {
        self.ask(|tables| tables.list_contacts(filter))
    }

    fn count_contacts(&self, account: AccountId, most: usize) -> Result<usize, StoreError> {
        self.ask(|tables| {
            tables.settings.contacts.values().filter(|row| row.account == account).take(most).count()
        })
    }

    fn group_sizes(&self, groups: &[RowKey]) -> Result<Vec<u64>, StoreError> {
        self.ask(|tables| {
            let size =
                |group: &RowKey| tables.settings.memberships.iter().filter(|(of, _)| of == group).count();
            groups.iter().map(|group| size(group) as u64).collect()
        })
    }

    fn lots(&self, account: AccountId) -> Result<Vec<Lot>, StoreError> {
        self.ask(|tables| tables.lots.values().filter(|lot| lot.account == account).cloned().collect())
    }

    fn postings(
        &self,
        account: AccountId,
        before: Option<i64>,
        limit: usize,
    ) -> Result<ListPage<PostingView>, StoreError> {
        let limit = limit.clamp(1, PAGE_ROWS_MAX);
        self.ask(|tables| {
            let rows = tables.postings.iter().zip(&tables.accounts_of_postings).rev();
            let mine =
                rows.filter(|(row, owner)| **owner == account && before.is_none_or(|before| row.id < before));
            let items: Vec<_> = mine.map(|(row, _)| row.clone()).take(limit + 1).collect();
            ListPage::cut(items, limit, |row| RowKey::from_i64(row.id))
        })
    }

    fn ledger_sums(&self) -> Result<Vec<LedgerSum>, StoreError> {
        self.ask(|tables| tables.sums.values().copied().collect())
    }

    fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.ask(|tables| tables.settings.accounts.values().cloned().collect())
    }

    fn credentials(&self, account: AccountId) -> Result<Vec<CredentialRow>, StoreError> {
        self.ask(|tables| {
            let rows = tables.settings.credentials.values();
            rows.filter(|row| row.account == account).cloned().collect()
        })
    }

    fn endpoints(&self, account: AccountId) -> Result<Vec<EndpointRow>, StoreError> {
        self.ask(|tables| {
            let rows = tables.settings.endpoints.values();
            rows.filter(|row| row.account == account).cloned().collect()
        })
    }

    fn person_by_email(&self, email: &str) -> Result<Option<PersonRow>, StoreError> {
        self.ask(|tables| tables.settings.persons.values().find(|row| row.email == email).cloned())
    }

    fn person(&self, id: PersonId) -> Result<Option<PersonRow>, StoreError> {
        self.ask(|tables| tables.settings.persons.get(&id).cloned())
    }

    fn session(&self, token_hash: [u8; 32]) -> Result<Option<SessionRow>, StoreError> {
        self.ask(|tables| tables.settings.sessions.get(&token_hash).cloned())
    }

    fn config_versions(&self, kind: ConfigKind, limit: usize) -> Result<Vec<ConfigVersion>, StoreError> {
        let kind = kind.code();
        self.ask(|tables| {
            let rows = tables.settings.documents.range((kind, 0)..=(kind, u32::MAX)).rev();
            rows.take(limit).map(|(_, row)| row.clone()).collect()
        })
    }

    fn config_version(&self, kind: ConfigKind, number: u32) -> Result<Option<ConfigVersion>, StoreError> {
        self.ask(|tables| tables.settings.documents.get(&(kind.code(), number)).cloned())
    }

    fn data_key(&self, id: i64) -> Result<Option<DataKeyRow>, StoreError> {
        self.ask(|tables| tables.settings.data_keys.get(&id).cloned())
    }

    fn rollup(&self, account: Option<AccountId>, since: Timestamp) -> Result<Vec<Rollup>, StoreError> {
        self.ask(|tables| tables.usage.rows(account, since))
    }

    fn figures(&self) -> Result<StoreFigures, StoreError> {
        let count = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
        self.ask(|tables| {
            let of_staged = tables.staged.iter().flat_map(|key| tables.keys_of(*key));
            let hidden = of_staged.filter(|key| tables.open.contains(key)).count();
            let open = || tables.outbox.values().filter(|event| event.end.is_none());
            let dead = || open().filter(|event| event.row.next_at == Timestamp::NEVER);
            let waiting = || open().filter(|event| event.row.next_at != Timestamp::NEVER);
            StoreFigures {
                messages: tables.usage.admitted(),
                open: count(tables.open.len() - hidden),
                parked: count(tables.parked.len()),
                outbox: count(waiting().count() + dead().count()),
                dead_letters: count(dead().count()),
                oldest_event_at: waiting().map(|event| event.row.at).min(),
                durable: true,
                octets: count(tables.messages.len()).saturating_add(1),
                schema: SCHEMA,
            }
        })
    }

    fn journal(&self, seq: CommitSeq) -> Result<Option<BatchJournal>, StoreError> {
        let place = usize::try_from(seq.0 - 1).ok();
        self.ask(|tables| place.and_then(|place| tables.journal.get(place)).cloned())
    }
}
