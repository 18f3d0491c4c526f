//! What accounts have set up under names, in memory with its documents read. See [`super::Directory`].

use std::collections::BTreeMap;
use std::sync::Arc;

use decide::pool::{Member, Pool, Standing};
use decide::quiet::AccountQuiet;
use decide::sender::{Identity, SenderRules, is_same, normal};
use decide::template::Pattern;
use decide::wording::Wordings;
use ports::store::ResourceRow;
use types::address::Address;
use types::id::{AccountId, PoolId, PublicId, RowKey};
use types::inbound::InboundNumber;
use types::message::Class;
use types::network::Country;
use types::resource::{self, Document, OptOutScope, ResourceKind, ReviewState};

use super::Directory;

/// Something under a name.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) row: ResourceRow,
    pub(crate) document: Document,
}

/// A pool of senders with everything that admission and phones ask of it.
#[derive(Debug)]
pub(crate) struct Pooled {
    /// As admission reads it.
    pub(crate) pool: Pool,
    pub(crate) opt_out: OptOutScope,
    pub(crate) replies: Vec<resource::PoolReply>,
}

impl Pooled {
    /// Whether a sender is one of its own.
    pub(crate) fn has(&self, sender: &str) -> bool {
        self.pool.members.iter().any(|member| is_same(&member.sender, sender))
    }

    /// What the pool answers a keyword in a language: the text for this language, else that for any.
    pub(crate) fn reply(&self, keyword: &str, language: &str) -> Option<&str> {
        let own = self.replies.iter().filter(|reply| reply.keyword == keyword);
        let spoken = own.clone().find(|reply| reply.language == language);
        let found = spoken.or_else(|| own.clone().find(|reply| reply.language.is_empty()));
        found.map(|reply| reply.text.as_str())
    }
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
        self.note(account, kind);
    }

    /// Takes something away.
    pub(crate) fn take_resource(&mut self, account: AccountId, key: RowKey) {
        let Some(own) = self.resources.get_mut(&account) else { return };
        let taken = Arc::make_mut(own).remove(&key);
        if own.is_empty() {
            self.resources.remove(&account);
        }
        if let Some(taken) = taken {
            self.note(account, taken.row.kind);
        }
    }

    /// The senders of an account for admission; none are looked for where no rule asks for them.
    pub(crate) fn identities_for(&self, account: AccountId, rules: &SenderRules) -> &[Identity] {
        if rules.are_none() { &[] } else { self.identities_of(account) }
    }

    /// All senders of an account.
    pub(crate) fn identities_of(&self, account: AccountId) -> &[Identity] {
        self.identities.get(&account).map_or(&[], |own| own)
    }

    /// The pools of an account.
    pub(crate) fn pools_of(&self, account: AccountId) -> &[Pooled] {
        self.pools.get(&account).map_or(&[], |own| own)
    }

    /// A pool of an account by its name or id.
    pub(crate) fn pool_called(&self, account: AccountId, text: &str) -> Option<&Pooled> {
        let own = self.pools_of(account);
        let named = own.iter().find(|pooled| pooled.pool.name == text);
        named.or_else(|| PoolId::parse(text).and_then(|id| own.iter().find(|pooled| pooled.pool.id == id)))
    }

    /// Whether an account has a sender, or holds a number, so that a pool of its own may have it.
    pub(crate) fn owns_sender(&self, account: AccountId, sender: &str) -> bool {
        self.identities_of(account).iter().any(|identity| is_same(&identity.sender, sender))
            || self.holds(account, sender)
    }

    fn holds(&self, account: AccountId, sender: &str) -> bool {
        let number = InboundNumber::of(&Address::from_text(sender));
        let row = number.and_then(|number| self.inbound_numbers.get(&number));
        row.is_some_and(|row| row.account == Some(account))
    }

    /// Writes the pools of an account down as admission reads them.
    pub(crate) fn note_pools(&mut self, account: AccountId) {
        let reviews = self.identities_of(account);
        let reviews: BTreeMap<String, ReviewState> =
            reviews.iter().map(|identity| (normal(&identity.sender), identity.state)).collect();
        let standing = |member: &resource::PoolMember| match reviews.get(&normal(&member.sender)) {
            _ if member.off => Standing::Off,
            Some(ReviewState::Approved) => Standing::Usable,
            Some(state @ (ReviewState::Rejected | ReviewState::Revoked)) => Standing::Reviewed(*state),
            _ if self.holds(account, &member.sender) => Standing::Usable,
            Some(ReviewState::Pending | ReviewState::Draft) => Standing::Reviewed(ReviewState::Pending),
            None => Standing::NotOwn,
        };
        let pooled = |known: &Arc<Resource>| {
            let Document::Pool(set) = &known.document else { return None };
            let members = set.members.iter().map(|member| Member::new(&member.sender, standing(member)));
            let pool = Pool {
                id: PoolId(known.id()),
                name: known.row.name.clone(),
                is_sticky: !set.forgets_senders,
                prefers_country: !set.ignores_countries,
                members: members.collect(),
            };
            let (opt_out, replies) = (set.opt_out_scope(), set.replies.clone());
            Some(Pooled { pool, opt_out, replies })
        };
        let own: Arc<[Pooled]> = self.resources_of(account, ResourceKind::Pool).filter_map(pooled).collect();
        if own.is_empty() {
            self.pools.remove(&account);
        } else {
            self.pools.insert(account, own);
        }
    }

    /// The approved texts of an account.
    pub(crate) fn wordings_of(&self, account: AccountId) -> Option<&Arc<Wordings>> {
        self.wordings.get(&account)
    }

    /// Writes the approved texts of an account down as admission reads them.
    fn note_wordings(&mut self, account: AccountId) {
        let pattern = |known: &Arc<Resource>| match &known.document {
            Document::Template(template) => Pattern::of(&template.in_force()?.text),
            _ => None,
        };
        let templates = self.resources_of(account, ResourceKind::Template).filter_map(pattern).collect();
        let signatures = self.resources_of(account, ResourceKind::Signature);
        let approved = signatures.filter(|known| known.row.state == ReviewState::Approved);
        let signatures = approved.map(|known| known.row.name.clone()).collect();
        self.wordings.insert(account, Arc::new(Wordings { templates, signatures }));
    }

    /// Writes what an account has of a kind down as admission reads it.
    fn note(&mut self, account: AccountId, kind: ResourceKind) {
        match kind {
            ResourceKind::Sender => self.note_senders(account),
            ResourceKind::Quiet => self.note_quiet(account),
            ResourceKind::Pool => self.note_pools(account),
            ResourceKind::Template | ResourceKind::Signature => self.note_wordings(account),
            ResourceKind::Group => {}
        }
    }

    fn note_quiet(&mut self, account: AccountId) {
        let read = |known: &Arc<Resource>| match &known.document {
            Document::Quiet(quiet) => Some(AccountQuiet {
                hours: quiet.hours.read().ok()?,
                classes: quiet.classes.iter().filter_map(|name| Class::parse(name)).collect(),
            }),
            Document::Group(_)
            | Document::Sender(_)
            | Document::Pool(_)
            | Document::Template(_)
            | Document::Signature(_) => None,
        };
        let quiet = self.resources_of(account, ResourceKind::Quiet).find_map(read);
        match quiet {
            Some(quiet) => drop(self.quiet.insert(account, quiet)),
            None => drop(self.quiet.remove(&account)),
        }
    }

    fn note_senders(&mut self, account: AccountId) {
        let identity = |known: &Arc<Resource>| match &known.document {
            Document::Sender(sender) => Some(Identity {
                sender: known.row.name.clone(),
                state: known.row.state,
                countries: sender.countries.iter().filter_map(|text| Country::parse(text)).collect(),
            }),
            Document::Group(_)
            | Document::Pool(_)
            | Document::Quiet(_)
            | Document::Template(_)
            | Document::Signature(_) => None,
        };
        let own: Arc<[Identity]> =
            self.resources_of(account, ResourceKind::Sender).filter_map(identity).collect();
        self.identities.insert(account, own);
        if self.pools.contains_key(&account) {
            self.note_pools(account);
        }
    }
}
