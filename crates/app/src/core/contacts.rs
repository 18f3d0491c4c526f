//! Contacts of an account: shown, kept, imported and taken away. Groups are in `groups`.
//!
//! It decides nothing but whether a contact is well formed, which is `decide::contact`. Start at
//! [`Core::contacts`].

use std::collections::BTreeMap;

use ports::store::{ContactFilter, ContactRow, ListedContact, PAGE_ROWS_MAX};
use types::Sensitive;
use types::address::Msisdn;
use types::contact::Contact;
use types::id::{AccountId, ContactId, GroupId, PoolId, RowKey};
use types::refusal::{Refusal, RefusalCode};
use types::resource::ResourceKind;
use types::suppression::SuppressionReason;
use types::time::Timestamp;

use super::{Core, stopped};
use crate::detail::Page;
use crate::engine::{Change, Changed, ContactChange, Merged};
use crate::runtime::Runtime;
use crate::seal::Kind;
use crate::sealed::contact::read_contact;
use crate::submission::{Done, Idempotency};

mod table;

pub use table::read_contacts;

/// Contacts that an account may have.
pub const CONTACTS_MAX: usize = 500_000;
/// Contacts that one request imports, and that one request puts into a group; who has more asks again.
pub const CONTACTS_AT_ONCE_MAX: usize = 500;
/// Groups that one contact is put into when it is made.
const GROUPS_AT_ONCE_MAX: usize = 100;

/// A contact as its account sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactView {
    /// Its id.
    pub id: ContactId,
    /// The person.
    pub contact: Contact,
    /// Why the account must not message the person at all, if it must not.
    pub suppressed: Option<SuppressionReason>,
    /// The groups that it is in.
    pub groups: Vec<GroupId>,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub changed_at: Timestamp,
}

/// Which contacts to show, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactQuery {
    /// With this number.
    pub number: Option<Msisdn>,
    /// In this group.
    pub group: Option<GroupId>,
    /// Who read this language.
    pub language: Option<String>,
    /// The cursor.
    pub before: Option<RowKey>,
    /// 1 to 500.
    pub limit: usize,
    /// Whoever must not be messaged by this pool counts as suppressed, too.
    pub pool: Option<PoolId>,
}

/// What to change of a contact; `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactPatch {
    /// The number.
    pub number: Option<Msisdn>,
    /// The name.
    pub name: Option<Sensitive<String>>,
    /// The language; empty for none.
    pub language: Option<String>,
    /// The time zone; empty for none.
    pub time_zone: Option<String>,
    /// All attributes.
    pub attributes: Option<Sensitive<BTreeMap<String, String>>>,
}

/// What became of contacts that were imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// How many are new.
    pub made: usize,
    /// How many were there and have changed.
    pub changed: usize,
}

impl Core {
    /// Contacts of an account, newest first.
    ///
    /// # Errors
    /// `not_found` at `group` for one that the account has not, or when the store cannot be read.
    pub async fn contacts(
        &self,
        account: AccountId,
        query: ContactQuery,
    ) -> Result<Page<ContactView>, Refusal> {
        let group = query.group.map(|group| self.group_key(account, group).map_err(|no| no.at("group")));
        let filter = ContactFilter {
            number_hash: query.number.map(|number| self.inner.hasher.number(number)),
            group: group.transpose()?,
            language: query.language,
            before: query.before,
            limit: query.limit.clamp(1, PAGE_ROWS_MAX),
            scope: query.pool.map(|pool| pool.to_string()),
            ..any(account)
        };
        let page = self.inner.ask(move |reader| reader.list_contacts(&filter)).await?;
        let mut items = Vec::with_capacity(page.items.len());
        for listed in &page.items {
            items.extend(self.contact_view(account, listed));
        }
        Ok(Page { items, next: page.next })
    }

    /// One contact; `None` when the account has none by this id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn contact(&self, account: AccountId, id: ContactId) -> Result<Option<ContactView>, Refusal> {
        Ok(self.listed(account, id).await?.and_then(|listed| self.contact_view(account, &listed)))
    }

    /// Keeps a new contact, in these groups.
    ///
    /// # Errors
    /// `invalid_request` at the field at fault, at `number` when the account has a contact with it, and the
    /// refusals of an idempotency key.
    pub async fn make_contact(
        &self,
        account: AccountId,
        contact: Contact,
        groups: &[GroupId],
        once: Option<Idempotency>,
    ) -> Result<Done<ContactView>, Refusal> {
        decide::contact::check(&contact)?;
        if groups.len() > GROUPS_AT_ONCE_MAX {
            let detail = format!("expected at most {GROUPS_AT_ONCE_MAX} groups");
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("groups"));
        }
        let groups = groups.iter().map(|group| self.group_key(account, *group));
        let groups = groups.collect::<Result<Vec<_>, _>>().map_err(|no| no.at("groups"))?;
        let room = self.room(account).await?;
        let change = Change::Contacts(account, ContactChange::Make { contact, groups, room });
        let done = self.change_once(account, change, once).await?;
        let key = match done.value {
            Changed::Contact(id) => id.key(),
            Changed::Again(created) => created,
            _ => return Err(stopped()),
        };
        let filter = ContactFilter { key: Some(key), ..any(account) };
        let listed = self.inner.ask(move |reader| reader.list_contacts(&filter)).await?.items.pop();
        let value =
            listed.and_then(|listed| self.contact_view(account, &listed)).ok_or_else(no_such_contact)?;
        Ok(Done { value, replayed: done.replayed })
    }

    /// Changes a contact.
    ///
    /// # Errors
    /// `not_found`, `invalid_request` at the field at fault, and `unavailable` when it is changed by somebody
    /// else meanwhile.
    pub async fn change_contact(
        &self,
        account: AccountId,
        id: ContactId,
        patch: ContactPatch,
    ) -> Result<ContactView, Refusal> {
        let listed = self.listed(account, id).await?.ok_or_else(no_such_contact)?;
        let known = opened(&self.inner, &listed.contact).ok_or_else(no_such_contact)?;
        let contact = Contact {
            number: patch.number.unwrap_or(known.number),
            name: patch.name.unwrap_or(known.name),
            language: patch.language.unwrap_or(known.language),
            time_zone: patch.time_zone.unwrap_or(known.time_zone),
            attributes: patch.attributes.unwrap_or(known.attributes),
        };
        decide::contact::check(&contact)?;
        self.change(Change::Contacts(account, ContactChange::Set { old: listed.contact, contact })).await?;
        self.contact(account, id).await?.ok_or_else(no_such_contact)
    }

    /// Takes a contact away, out of all groups too. What it was sent stays.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn remove_contact(&self, account: AccountId, id: ContactId) -> Result<(), Refusal> {
        self.listed(account, id).await?.ok_or_else(no_such_contact)?;
        self.change(Change::Contacts(account, ContactChange::Remove(id.key()))).await.map(drop)
    }

    /// Keeps contacts that are new, changes those whose numbers are known, and puts all of them into a group
    /// where one is named. All or none. What is not stated of a known one stays.
    ///
    /// # Errors
    /// `invalid_request` for none, too many at once, and at the contact at fault; `not_found` for a group that
    /// the account has not.
    pub async fn import_contacts(
        &self,
        account: AccountId,
        contacts: Vec<Contact>,
        group: Option<GroupId>,
        once: Option<Idempotency>,
    ) -> Result<Done<Imported>, Refusal> {
        if contacts.is_empty() || contacts.len() > CONTACTS_AT_ONCE_MAX {
            let detail = format!("expected 1 to {CONTACTS_AT_ONCE_MAX} contacts");
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("contacts"));
        }
        for (place, contact) in contacts.iter().enumerate() {
            decide::contact::check(contact).map_err(|refusal| {
                let field = refusal.field.clone().unwrap_or_default();
                refusal.at(format!("contacts[{place}].{field}"))
            })?;
        }
        let group =
            group.map(|group| self.group_key(account, group)).transpose().map_err(|no| no.at("group"))?;
        let room = self.room(account).await?;
        let change = Change::Contacts(account, ContactChange::Merge { contacts, group, room });
        let done = self.change_once(account, change, once).await?;
        let merged = match done.value {
            Changed::Contacts(merged) => merged,
            Changed::Again(created) => Merged::from_key(created),
            _ => return Err(stopped()),
        };
        let value = Imported { made: merged.made, changed: merged.changed };
        Ok(Done { value, replayed: done.replayed })
    }

    /// How many contacts the account may have more.
    async fn room(&self, account: AccountId) -> Result<usize, Refusal> {
        let known = self.inner.ask(move |reader| reader.count_contacts(account, CONTACTS_MAX)).await?;
        Ok(CONTACTS_MAX.saturating_sub(known))
    }

    /// The row of a contact, when the account has one by this id.
    pub(super) async fn listed(
        &self,
        account: AccountId,
        id: ContactId,
    ) -> Result<Option<ListedContact>, Refusal> {
        let filter = ContactFilter { key: Some(id.key()), ..any(account) };
        let found = self.inner.ask(move |reader| reader.list_contacts(&filter)).await?.items.pop();
        Ok(found.filter(|listed| listed.contact.tail == id.tail()))
    }

    /// A contact as its account sees it; `None` when its key was shredded.
    fn contact_view(&self, account: AccountId, listed: &ListedContact) -> Option<ContactView> {
        let directory = self.inner.shared.directory.load();
        let id = |key: &RowKey| {
            let known =
                directory.resource(account, *key).filter(|known| known.row.kind == ResourceKind::Group);
            known.map(|known| GroupId(known.id()))
        };
        let row = &listed.contact;
        Some(ContactView {
            id: ContactId::new(row.key, row.tail),
            contact: opened(&self.inner, row)?,
            suppressed: listed.suppressed,
            groups: listed.groups.iter().filter_map(id).collect(),
            created_at: row.created_at,
            changed_at: row.changed_at,
        })
    }
}

/// All contacts of an account, one at a time.
const fn any(account: AccountId) -> ContactFilter {
    ContactFilter {
        account,
        key: None,
        number_hash: None,
        group: None,
        language: None,
        before: None,
        limit: 1,
        scope: None,
    }
}

fn opened(runtime: &Runtime, row: &ContactRow) -> Option<Contact> {
    let plain = runtime.key(row.data_key)?.open(Kind::Contact, row.key, &row.sealed).ok()?;
    read_contact(&plain, &row.language)
}

fn no_such_contact() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "the account has no contact by this id").at("id")
}
