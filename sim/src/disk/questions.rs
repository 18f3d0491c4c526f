//! What the writer asks of the simulated disk.

use ports::store::{
    Batch, ConfigChange, ContactChange, ContactFilter, ContactRow, IdempotencyHit, KeywordReplyRow, ListPage,
    ListedContact, MessageFacts, OpenMessage, OutboxRow, PAGE_ROWS_MAX, ParkedReceiptRow, ReceiptTarget,
    SenderMemory, StoredState, SuppressionMark,
};
use types::id::{AccountId, CommitSeq, ConnectorId, EndpointId, RowKey};
use types::time::Timestamp;

use super::Tables;
use super::settings::Settings;

impl Tables {
    /// Everything that steers decisions.
    pub(crate) fn state(&self) -> StoredState {
        let settings = &self.settings;
        let newest = (0..=2).filter_map(|kind| {
            settings.documents.range((kind, 0)..=(kind, u32::MAX)).next_back().map(|(_, row)| row.clone())
        });
        let with_value = self.lots.values().filter(|lot| lot.available_micros != 0 || lot.held_micros != 0);
        let pending = self.untold.iter().filter(|(_, keys)| !keys.is_empty());
        StoredState {
            last_commit: CommitSeq(self.last_commit),
            last_key: self.last_key,
            accounts: settings.accounts.values().cloned().collect(),
            credentials: settings.credentials.values().cloned().collect(),
            endpoints: settings.endpoints.values().cloned().collect(),
            lots: with_value.cloned().collect(),
            configs: newest.collect(),
            connectors: settings.connectors.iter().map(|(id, name)| (*id, name.clone())).collect(),
            data_keys: settings.data_keys.values().cloned().collect(),
            outbox_pending: pending
                .map(|(endpoint, keys)| (*endpoint, u64::try_from(keys.len()).unwrap_or(u64::MAX)))
                .collect(),
            inbound_numbers: settings.inbound_numbers.values().copied().collect(),
            resources: settings.resources.values().cloned().collect(),
            keyword_replies: settings
                .keyword_replies
                .iter()
                .map(|((account, keyword), text)| KeywordReplyRow {
                    account: *account,
                    keyword: *keyword,
                    text: text.clone(),
                })
                .collect(),
            parked: i64::try_from(self.parked.len()).unwrap_or(i64::MAX),
            last_numbers: [
                settings.accounts.keys().next_back().map_or(0, |id| id.0),
                settings.credentials.keys().next_back().map_or(0, |id| id.0),
                settings.endpoints.keys().next_back().map_or(0, |id| id.0),
                self.lots.keys().next_back().map_or(0, |id| id.0),
                settings.persons.keys().next_back().map_or(0, |id| id.0),
            ],
        }
    }

    pub(crate) fn open_after(&self, after: RowKey, limit: usize) -> Vec<OpenMessage> {
        let above = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
        let open = self.open.range(above).filter_map(|key| self.kept(*key)).map(|kept| &kept.message);
        open.filter(|message| !self.staged.contains(&message.facts.submission)).take(limit).cloned().collect()
    }

    pub(crate) fn messages_of(&self, keys: &[RowKey]) -> Vec<OpenMessage> {
        keys.iter().filter_map(|key| self.kept(*key)).map(|kept| kept.message.clone()).collect()
    }

    pub(crate) fn bodies_of(&self, keys: &[RowKey]) -> Vec<(RowKey, Vec<u8>)> {
        let body = |key: &RowKey| Some((*key, self.kept(*key)?.body.as_ref()?.to_vec()));
        keys.iter().filter_map(body).collect()
    }

    /// The attempt parts that carry an id, newest first.
    pub(crate) fn targets(&self, wanted: &(ConnectorId, String)) -> Vec<ReceiptTarget> {
        self.receipt_map.get(wanted).into_iter().flatten().rev().copied().collect()
    }

    /// A planted bug.
    pub(crate) fn forget_receipt_map(&mut self) {
        self.receipt_map.clear();
    }

    pub(crate) fn parked_under(&self, wanted: &[(ConnectorId, String)]) -> Vec<ParkedReceiptRow> {
        let meant = |row: &&ParkedReceiptRow| {
            wanted.iter().any(|(connector, id)| *connector == row.connector && *id == row.carrier_id)
        };
        self.parked.values().filter(meant).cloned().collect()
    }

    pub(crate) fn parked_after(&self, after: RowKey, limit: usize) -> Vec<ParkedReceiptRow> {
        let above = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
        self.parked.range(above).map(|(_, row)| row.clone()).take(limit).collect()
    }

    pub(crate) fn waiting_events(&self, endpoint: EndpointId, after: RowKey, limit: usize) -> Vec<OutboxRow> {
        let above = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
        let keys = self.untold.get(&endpoint).into_iter().flat_map(|keys| keys.range(above));
        let rows = keys.filter_map(|key| self.outbox.get(key)).map(|event| &event.row);
        rows.filter(|row| row.next_at != Timestamp::NEVER).take(limit).cloned().collect()
    }

    pub(crate) fn dead_letters(&self, endpoint: EndpointId, limit: usize) -> Vec<OutboxRow> {
        let keys = self.untold.get(&endpoint).into_iter().flatten();
        let rows = keys.filter_map(|key| self.outbox.get(key)).map(|event| &event.row);
        rows.filter(|row| row.next_at == Timestamp::NEVER).take(limit).cloned().collect()
    }

    pub(crate) fn idempotency_hit(
        &self,
        account: AccountId,
        key_hash: [u8; 16],
        now: Timestamp,
    ) -> Option<IdempotencyHit> {
        let row = self.idempotency.get(&(account, key_hash)).filter(|row| row.expires_at > now)?;
        Some(IdempotencyHit { fingerprint: row.fingerprint, created: row.created })
    }

    pub(crate) fn submission_facts(&self, key: RowKey) -> (Vec<MessageFacts>, Option<u64>) {
        let Some(row) = self.submissions.get(&key) else { return (Vec::new(), None) };
        let keys = self.by_submission.get(&key).into_iter().flatten();
        let kept = keys.filter_map(|key| self.kept(*key));
        let mut facts: Vec<_> = kept.map(|kept| kept.message.facts.clone()).collect();
        facts.sort_by_key(|facts| facts.index);
        (facts, Some(row.tail))
    }

    pub(crate) fn last_sender(&self, recipient_hash: i64) -> Option<AccountId> {
        let keys = self.by_recipient.get(&recipient_hash).into_iter().flat_map(|keys| keys.iter().rev());
        let facts = keys.filter_map(|key| self.kept(*key)).map(|kept| &kept.message.facts);
        facts.into_iter().find(|facts| !self.staged.contains(&facts.submission)).map(|facts| facts.account)
    }

    /// Marks of entries above a key.
    pub(crate) fn suppressions_after(&self, after: RowKey, limit: usize) -> Vec<SuppressionMark> {
        let mut marks: Vec<_> = self.suppression_marks().filter(|mark| mark.key > after).collect();
        marks.sort_by_key(|mark| mark.key);
        marks.truncate(limit);
        marks
    }

    /// Which of these recipients are on the list of an account within a scope.
    pub(crate) fn suppressed(&self, account: AccountId, scope: &str, hashes: &[i64]) -> Vec<SuppressionMark> {
        let is_meant = |mark: &SuppressionMark| {
            mark.account == account && mark.scope == scope && hashes.contains(&mark.number_hash)
        };
        self.suppression_marks().filter(is_meant).collect()
    }

    /// From which senders recipients heard last, behind a pool and the hash of a number.
    pub(crate) fn remembered_senders(&self, after: (RowKey, i64), limit: usize) -> Vec<SenderMemory> {
        let behind = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
        self.settings.senders.range(behind).take(limit).map(|(_, row)| row.clone()).collect()
    }

    /// Contacts of an account with one of these numbers.
    pub(crate) fn contacts_among(&self, account: AccountId, hashes: &[i64]) -> Vec<ContactRow> {
        let contacts = self.settings.contacts.values();
        contacts.filter(|row| row.account == account && hashes.contains(&row.number_hash)).cloned().collect()
    }

    /// A page of contacts, newest first.
    pub(crate) fn list_contacts(&self, filter: &ContactFilter) -> ListPage<ListedContact> {
        let Settings { contacts, memberships, .. } = &self.settings;
        let is_meant = |row: &&ContactRow| {
            row.account == filter.account
                && filter.key.is_none_or(|key| row.key == key)
                && filter.number_hash.is_none_or(|hash| row.number_hash == hash)
                && filter.group.is_none_or(|group| memberships.contains(&(group, row.key)))
                && filter.language.as_ref().is_none_or(|tag| row.language == *tag)
                && filter.before.is_none_or(|before| row.key < before)
        };
        let listed = |row: &ContactRow| ListedContact {
            contact: row.clone(),
            suppressed: [Some(""), filter.scope.as_deref()]
                .into_iter()
                .flatten()
                .flat_map(|scope| self.suppressed(row.account, scope, &[row.number_hash]))
                .map(|mark| mark.reason)
                .min(),
            groups: memberships
                .iter()
                .filter(|(_, contact)| *contact == row.key)
                .map(|(group, _)| *group)
                .collect(),
        };
        let limit = filter.limit.clamp(1, PAGE_ROWS_MAX);
        let items = contacts.values().rev().filter(is_meant).map(listed).take(limit + 1).collect();
        ListPage::cut(items, limit, |listed: &ListedContact| listed.contact.key)
    }

    fn suppression_marks(&self) -> impl Iterator<Item = SuppressionMark> {
        self.settings.suppressions.values().map(|row| SuppressionMark {
            key: row.key,
            account: row.account,
            scope: row.scope.clone(),
            number_hash: row.number_hash,
            reason: row.reason,
        })
    }

    /// Keys of a submission's messages, in no particular order.
    pub(crate) fn keys_of(&self, submission: RowKey) -> &[RowKey] {
        self.by_submission.get(&submission).map_or(&[], Vec::as_slice)
    }
}

/// The highest row key that a batch uses.
pub(crate) fn highest_key(batch: &Batch) -> RowKey {
    let submissions = batch.submissions.iter().map(|row| row.key);
    let messages = batch.messages.iter().map(|row| row.message.facts.key);
    let receipts = batch.receipts.iter().map(|row| row.key);
    let parked = batch.parked.iter().map(|row| row.key);
    let inbound = batch.inbound.iter().map(|row| row.key);
    let outbox = batch.outbox.iter().map(|row| row.key);
    let listed = batch.config.iter().filter_map(|change| match change {
        ConfigChange::Suppression(row) => Some(row.key),
        ConfigChange::Contact(ContactChange::Put(row)) => Some(row.key),
        ConfigChange::Resource(row) => Some(row.key),
        _ => None,
    });
    let keys = submissions.chain(messages).chain(receipts).chain(parked).chain(inbound).chain(outbox);
    let keys = keys.chain(listed);
    keys.max().unwrap_or(RowKey::ZERO)
}
