//! Contacts and groups of an account. See [`super::Desk`].

use app::detail::Page;
use app::submission::{Accepted, Done, Idempotency};
use app::{
    ContactPatch, ContactQuery, ContactView, Core, GroupMembers, GroupPatch, GroupView, Imported, Membership,
};
use ports::BoxFuture;
use types::contact::Contact;
use types::id::{AccountId, ContactId, GroupId, RowKey, SubmissionId};

use super::Answer;

/// What this door asks of the core about contacts and groups; see the methods of the same names of
/// [`app::Core`].
pub trait Contacts: Send + Sync + 'static {
    /// Contacts, newest first.
    fn contacts(&self, account: AccountId, query: ContactQuery) -> Answer<'_, Page<ContactView>>;
    /// One contact.
    fn contact(&self, account: AccountId, id: ContactId) -> Answer<'_, Option<ContactView>>;
    /// Keeps a new contact.
    fn make_contact(
        &self,
        account: AccountId,
        contact: Contact,
        groups: Vec<GroupId>,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<ContactView>>;
    /// Changes a contact.
    fn change_contact(
        &self,
        account: AccountId,
        id: ContactId,
        patch: ContactPatch,
    ) -> Answer<'_, ContactView>;
    /// Takes a contact away.
    fn remove_contact(&self, account: AccountId, id: ContactId) -> Answer<'_, ()>;
    /// Keeps new contacts and changes known ones.
    fn import_contacts(
        &self,
        account: AccountId,
        contacts: Vec<Contact>,
        group: Option<GroupId>,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<Imported>>;
    /// Groups, newest first.
    fn groups(&self, account: AccountId, before: Option<RowKey>, limit: usize)
    -> Answer<'_, Page<GroupView>>;
    /// One group.
    fn group(&self, account: AccountId, id: GroupId) -> Answer<'_, Option<GroupView>>;
    /// Makes a group.
    fn make_group(
        &self,
        account: AccountId,
        name: String,
        description: String,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<GroupView>>;
    /// Changes a group.
    fn change_group(&self, account: AccountId, id: GroupId, patch: GroupPatch) -> Answer<'_, GroupView>;
    /// Takes a group away.
    fn remove_group(&self, account: AccountId, id: GroupId) -> Answer<'_, ()>;
    /// Puts contacts into a group, or takes them out of it.
    fn change_members(
        &self,
        account: AccountId,
        id: GroupId,
        membership: Membership,
        contacts: Vec<ContactId>,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<GroupView>>;
    /// The answer to a submission that was taken under this key.
    fn answered(&self, account: AccountId, once: Idempotency) -> BoxFuture<'_, Option<Accepted>>;
    /// The recipients of a submission as they were written.
    fn recipients_of(&self, account: AccountId, id: SubmissionId) -> Answer<'_, Vec<String>>;
    /// Whom a message to a group is for.
    fn members_to_message(
        &self,
        account: AccountId,
        group: String,
        pool: Option<String>,
    ) -> Answer<'_, GroupMembers>;
}

impl Contacts for Core {
    fn contacts(&self, account: AccountId, query: ContactQuery) -> Answer<'_, Page<ContactView>> {
        Box::pin(Self::contacts(self, account, query))
    }

    fn contact(&self, account: AccountId, id: ContactId) -> Answer<'_, Option<ContactView>> {
        Box::pin(Self::contact(self, account, id))
    }

    fn make_contact(
        &self,
        account: AccountId,
        contact: Contact,
        groups: Vec<GroupId>,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<ContactView>> {
        Box::pin(async move { Self::make_contact(self, account, contact, &groups, once).await })
    }

    fn change_contact(
        &self,
        account: AccountId,
        id: ContactId,
        patch: ContactPatch,
    ) -> Answer<'_, ContactView> {
        Box::pin(Self::change_contact(self, account, id, patch))
    }

    fn remove_contact(&self, account: AccountId, id: ContactId) -> Answer<'_, ()> {
        Box::pin(Self::remove_contact(self, account, id))
    }

    fn import_contacts(
        &self,
        account: AccountId,
        contacts: Vec<Contact>,
        group: Option<GroupId>,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<Imported>> {
        Box::pin(Self::import_contacts(self, account, contacts, group, once))
    }

    fn groups(
        &self,
        account: AccountId,
        before: Option<RowKey>,
        limit: usize,
    ) -> Answer<'_, Page<GroupView>> {
        Box::pin(Self::groups(self, account, before, limit))
    }

    fn group(&self, account: AccountId, id: GroupId) -> Answer<'_, Option<GroupView>> {
        Box::pin(Self::group(self, account, id))
    }

    fn make_group(
        &self,
        account: AccountId,
        name: String,
        description: String,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<GroupView>> {
        Box::pin(Self::make_group(self, account, name, description, once))
    }

    fn change_group(&self, account: AccountId, id: GroupId, patch: GroupPatch) -> Answer<'_, GroupView> {
        Box::pin(Self::change_group(self, account, id, patch))
    }

    fn remove_group(&self, account: AccountId, id: GroupId) -> Answer<'_, ()> {
        Box::pin(Self::remove_group(self, account, id))
    }

    fn change_members(
        &self,
        account: AccountId,
        id: GroupId,
        membership: Membership,
        contacts: Vec<ContactId>,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<GroupView>> {
        Box::pin(async move { Self::change_members(self, account, id, (membership, &contacts), once).await })
    }

    fn answered(&self, account: AccountId, once: Idempotency) -> BoxFuture<'_, Option<Accepted>> {
        Box::pin(Self::answered(self, account, once))
    }

    fn recipients_of(&self, account: AccountId, id: SubmissionId) -> Answer<'_, Vec<String>> {
        Box::pin(Self::recipients_of(self, account, id))
    }

    fn members_to_message(
        &self,
        account: AccountId,
        group: String,
        pool: Option<String>,
    ) -> Answer<'_, GroupMembers> {
        Box::pin(async move { Self::members_to_message(self, account, &group, pool.as_deref()).await })
    }
}
