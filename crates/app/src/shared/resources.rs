//! What accounts have set up under names, in memory with its documents read. See [`super::Directory`].

use std::collections::BTreeMap;
use std::sync::Arc;

use decide::sender::{Identity, SenderRules};
use ports::store::ResourceRow;
use types::id::{AccountId, PublicId, RowKey};
use types::network::Country;
use types::resource::{Document, ResourceKind};

use super::Directory;

/// Something under a name.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) row: ResourceRow,
    pub(crate) document: Document,
}

/// What one account has, by its keys.
pub(crate) type Resources = BTreeMap<RowKey, Arc<Resource>>;

impl Resource {
    /// A row with its document read; `None` when this version cannot read it.
    pub(crate) fn of(row: ResourceRow) -> Option<Self> {
        let document = Document::read(row.kind, &row.document)?;
        Some(Self { row, document })
    }

    /// Its public id, without the prefix of its kind.
    pub(crate) const fn id(&self) -> PublicId {
        PublicId::new(self.row.key, self.row.tail)
    }
}

impl Directory {
    /// Something that an account has, by its key.
    pub(crate) fn resource(&self, account: AccountId, key: RowKey) -> Option<&Arc<Resource>> {
        self.resources.get(&account)?.get(&key)
    }

    /// Something of a kind that an account has, by its public id.
    pub(crate) fn resource_by_id(
        &self,
        account: AccountId,
        kind: ResourceKind,
        id: PublicId,
    ) -> Option<&Arc<Resource>> {
        self.resource(account, id.key()).filter(|known| known.row.kind == kind && known.id() == id)
    }

    /// All of a kind that an account has, oldest first.
    pub(crate) fn resources_of(
        &self,
        account: AccountId,
        kind: ResourceKind,
    ) -> impl DoubleEndedIterator<Item = &Arc<Resource>> {
        let own = self.resources.get(&account).into_iter().flat_map(|own| own.values());
        own.filter(move |known| known.row.kind == kind)
    }

    /// Adds or replaces something.
    pub(crate) fn put_resource(&mut self, resource: Resource) {
        let (account, key) = (resource.row.account, resource.row.key);
        let kind = resource.row.kind;
        Arc::make_mut(self.resources.entry(account).or_default()).insert(key, Arc::new(resource));
        self.note_senders(account, kind);
    }

    /// Takes something away.
    pub(crate) fn take_resource(&mut self, account: AccountId, key: RowKey) {
        let Some(own) = self.resources.get_mut(&account) else { return };
        let taken = Arc::make_mut(own).remove(&key);
        if own.is_empty() {
            self.resources.remove(&account);
        }
        if let Some(taken) = taken {
            self.note_senders(account, taken.row.kind);
        }
    }

    /// The senders of an account for admission; none are looked for where no rule asks for them.
    pub(crate) fn identities_for(&self, account: AccountId, rules: &SenderRules) -> &[Identity] {
        if rules.are_none() { &[] } else { self.identities.get(&account).map_or(&[], |own| own) }
    }

    /// Writes the senders of an account down as admission reads them.
    fn note_senders(&mut self, account: AccountId, kind: ResourceKind) {
        if kind != ResourceKind::Sender {
            return;
        }
        let identity = |known: &Arc<Resource>| match &known.document {
            Document::Sender(sender) => Some(Identity {
                sender: known.row.name.clone(),
                state: known.row.state,
                countries: sender.countries.iter().filter_map(|text| Country::parse(text)).collect(),
            }),
            Document::Group(_) => None,
        };
        let own: Arc<[Identity]> =
            self.resources_of(account, ResourceKind::Sender).filter_map(identity).collect();
        self.identities.insert(account, own);
    }
}
