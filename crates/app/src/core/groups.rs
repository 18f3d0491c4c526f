//! Groups of contacts: shown, set up, and who is in them; and whom a message to a group is for.
//!
//! Start at [`Core::groups`] and at [`Core::members_to_message`].

use types::id::{AccountId, ContactId, GroupId, RowKey, SubmissionId};
use types::message::{Door, RECIPIENTS_MAX};
use types::refusal::{Refusal, RefusalCode};
use types::resource::{
    DESCRIPTION_CHARS_MAX, Document, Group, NAME_CHARS_MAX, ResourceKind, ReviewState, is_name,
};
use types::time::Timestamp;

use super::contacts::{CONTACTS_AT_ONCE_MAX, ContactQuery, ContactView};
use super::{Core, Scope, stopped};
use crate::detail::Page;
use crate::engine::{Change, Changed, ContactChange, Membership, ResourcePatch};
use crate::shared::Resource;
use crate::submission::{Accepted, Done, Idempotency, Submission};

/// Groups of an account.
pub const GROUPS_MAX: usize = 1_000;

/// A group of contacts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// What it is for; empty for nothing.
    pub description: String,
    /// How many contacts are in it.
    pub contacts: u64,
    /// Since when it is there.
    pub created_at: Timestamp,
}

/// What to set of a group; `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupPatch {
    /// The name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
}

/// Whom a message to a group is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMembers {
    /// Its contacts, newest first, but for those on the account's suppression list.
    pub members: Vec<ContactView>,
    /// How many are left out because they are on it.
    pub left_out: usize,
}

impl Core {
    /// Groups of an account, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn groups(
        &self,
        account: AccountId,
        before: Option<RowKey>,
        limit: usize,
    ) -> Result<Page<GroupView>, Refusal> {
        let directory = self.inner.shared.directory.load_full();
        let own = directory.resources_of(account, ResourceKind::Group).rev();
        let behind = own.filter(|known| before.is_none_or(|before| known.row.key < before));
        let mut found: Vec<_> = behind.take(limit + 1).cloned().collect();
        let has_more = found.len() > limit;
        found.truncate(limit);
        let keys: Vec<RowKey> = found.iter().map(|known| known.row.key).collect();
        let next = keys.last().copied().filter(|_| has_more);
        let sizes = self.inner.ask(move |reader| reader.group_sizes(&keys)).await?;
        let items = found.iter().zip(sizes).map(|(known, contacts)| group_view(known, contacts)).collect();
        Ok(Page { items, next })
    }

    /// One group; `None` when the account has none by this id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn group(&self, account: AccountId, id: GroupId) -> Result<Option<GroupView>, Refusal> {
        let directory = self.inner.shared.directory.load_full();
        let Some(known) = directory.resource_by_id(account, ResourceKind::Group, id.0) else {
            return Ok(None);
        };
        let sizes = self.inner.ask(move |reader| reader.group_sizes(&[id.key()])).await?;
        Ok(Some(group_view(known, sizes.first().copied().unwrap_or(0))))
    }

    /// Makes a group.
    ///
    /// # Errors
    /// `invalid_request` for a name that is taken or cannot be one, and the refusals of an idempotency key.
    pub async fn make_group(
        &self,
        account: AccountId,
        name: String,
        description: String,
        once: Option<Idempotency>,
    ) -> Result<Done<GroupView>, Refusal> {
        check_name(&name)?;
        check_description(&description)?;
        let document = Document::Group(Group { description });
        let made = (name, ReviewState::Approved, document);
        let done = self.change_once(account, Change::ResourceMade(account, made, GROUPS_MAX), once).await?;
        let key = match done.value {
            Changed::Resource(id) => id.key(),
            Changed::Again(created) => created,
            _ => return Err(stopped()),
        };
        let directory = self.inner.shared.directory.load_full();
        let known = directory.resource(account, key).ok_or_else(no_such_group)?;
        let value = self.group(account, GroupId(known.id())).await?.ok_or_else(no_such_group)?;
        Ok(Done { value, replayed: done.replayed })
    }

    /// Changes a group.
    ///
    /// # Errors
    /// `not_found`, or `invalid_request` for a name that is taken or cannot be one.
    pub async fn change_group(
        &self,
        account: AccountId,
        id: GroupId,
        patch: GroupPatch,
    ) -> Result<GroupView, Refusal> {
        let key = self.group_key(account, id)?;
        patch.name.as_deref().map_or(Ok(()), check_name)?;
        patch.description.as_deref().map_or(Ok(()), check_description)?;
        let document = patch.description.map(|description| Document::Group(Group { description }));
        let patch = ResourcePatch { name: patch.name, document, state: None };
        self.change(Change::ResourceSet(account, ResourceKind::Group, key, patch)).await?;
        self.group(account, id).await?.ok_or_else(no_such_group)
    }

    /// Takes a group away; its contacts stay.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn remove_group(&self, account: AccountId, id: GroupId) -> Result<(), Refusal> {
        let key = self.group_key(account, id)?;
        self.change(Change::ResourceRemoved(account, ResourceKind::Group, key)).await.map(drop)
    }

    /// Puts contacts into a group, or takes them out of it. All or none.
    ///
    /// # Errors
    /// `not_found` for the group, `invalid_request` at the contact that the account has not, for none and for
    /// too many, and the refusals of an idempotency key.
    pub async fn change_members(
        &self,
        account: AccountId,
        id: GroupId,
        (membership, contacts): (Membership, &[ContactId]),
        once: Option<Idempotency>,
    ) -> Result<Done<GroupView>, Refusal> {
        let group = self.group_key(account, id)?;
        if contacts.is_empty() || contacts.len() > CONTACTS_AT_ONCE_MAX {
            let detail = format!("expected 1 to {CONTACTS_AT_ONCE_MAX} contacts");
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("contacts"));
        }
        let mut keys = Vec::with_capacity(contacts.len());
        for (place, contact) in contacts.iter().enumerate() {
            let listed = self.listed(account, *contact).await?.ok_or_else(|| {
                let detail = "the account has no contact by this id";
                Refusal::new(RefusalCode::NotFound, detail).at(format!("contacts[{place}]"))
            })?;
            keys.push(listed.contact.key);
        }
        let change = Change::Contacts(account, ContactChange::Members { group, contacts: keys, membership });
        let done = self.change_once(account, change, once).await?;
        let value = self.group(account, id).await?.ok_or_else(no_such_group)?;
        Ok(Done { value, replayed: done.replayed })
    }

    /// The answer to a submission that was taken under this key, if it was. Nothing is sent.
    pub async fn answered(&self, account: AccountId, once: Idempotency) -> Option<Accepted> {
        // Without drafts it can only be answered again or be refused.
        let again = Submission {
            account,
            door: Door::Native,
            received_at: self.now(),
            idempotency: Some(once),
            drafts: Vec::new(),
            guard_repeats: false,
            replaces: Vec::new(),
        };
        self.submit_and_wait(again).await.ok().filter(|accepted| accepted.replayed)
    }

    /// The recipients of a submission as they were written, in the order of its messages.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn recipients_of(&self, account: AccountId, id: SubmissionId) -> Result<Vec<String>, Refusal> {
        let sent = self.submission(Scope::Account(account), id).await?;
        Ok(sent.iter().map(|detail| detail.destination.text().into_owned()).collect())
    }

    /// Whom a message to a group is for, as the group is now. Who is on the account's suppression list, or on that
    /// of the pool that is named as the sender, is left out.
    ///
    /// # Errors
    /// `not_found` for a group that the account has not, `too_many_recipients` for one with more than one
    /// submission may have, and `invalid_request` for one in which nobody is left.
    pub async fn members_to_message(
        &self,
        account: AccountId,
        group: &str,
        pool: Option<&str>,
    ) -> Result<GroupMembers, Refusal> {
        let id = self.group_called(account, group).ok_or_else(no_such_group)?;
        let directory = self.inner.shared.directory.load_full();
        let pool = pool.and_then(|pool| directory.pool_called(account, pool)).map(|pooled| pooled.pool.id);
        let mut query = ContactQuery { group: Some(id), limit: 500, pool, ..ContactQuery::default() };
        let mut found = GroupMembers { members: Vec::new(), left_out: 0 };
        loop {
            let page = self.contacts(account, query.clone()).await?;
            let before = page.items.len();
            found.members.extend(page.items.into_iter().filter(|view| view.suppressed.is_none()));
            found.left_out += before;
            if found.members.len() > RECIPIENTS_MAX {
                let detail =
                    format!("the group has too many contacts; one submission may have {RECIPIENTS_MAX}");
                return Err(Refusal::new(RefusalCode::TooManyRecipients, detail));
            }
            query.before = page.next;
            if query.before.is_none() {
                break;
            }
        }
        found.left_out -= found.members.len();
        if found.members.is_empty() {
            let detail = "the group has no contact that may be messaged";
            return Err(Refusal::new(RefusalCode::Conflict, detail));
        }
        Ok(found)
    }

    /// A group by its id or its name.
    fn group_called(&self, account: AccountId, text: &str) -> Option<GroupId> {
        let directory = self.inner.shared.directory.load();
        let by_id = GroupId::parse(text)
            .filter(|id| directory.resource_by_id(account, ResourceKind::Group, id.0).is_some());
        by_id.or_else(|| {
            let mut own = directory.resources_of(account, ResourceKind::Group);
            own.find(|known| known.row.name == text).map(|known| GroupId(known.id()))
        })
    }

    /// The key of a group that the account has.
    pub(super) fn group_key(&self, account: AccountId, id: GroupId) -> Result<RowKey, Refusal> {
        let directory = self.inner.shared.directory.load();
        let known = directory.resource_by_id(account, ResourceKind::Group, id.0);
        known.map(|known| known.row.key).ok_or_else(no_such_group)
    }
}

fn group_view(known: &Resource, contacts: u64) -> GroupView {
    let description = match &known.document {
        Document::Group(group) => group.description.clone(),
        // Only groups are asked for here.
        Document::Sender(_)
        | Document::Pool(_)
        | Document::Quiet(_)
        | Document::Template(_)
        | Document::Signature(_) => String::new(),
    };
    GroupView {
        id: GroupId(known.id()),
        name: known.row.name.clone(),
        description,
        contacts,
        created_at: known.row.created_at,
    }
}

pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    if is_name(name) {
        return Ok(());
    }
    let detail = format!(
        "expected 1 to {NAME_CHARS_MAX} characters, no control characters, and no blank at either end"
    );
    Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("name"))
}

pub(super) fn check_description(description: &str) -> Result<(), Refusal> {
    if description.chars().count() <= DESCRIPTION_CHARS_MAX && !description.chars().any(char::is_control) {
        return Ok(());
    }
    let detail = format!("expected at most {DESCRIPTION_CHARS_MAX} characters and no control characters");
    Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("description"))
}

fn no_such_group() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "the account has no such group").at("id")
}
