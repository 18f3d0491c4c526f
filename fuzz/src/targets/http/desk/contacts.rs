//! The looking desk has no contacts and no groups, and keeps none.

use api::{Answer, Contacts};
use app::detail::Page;
use app::submission::{Accepted, Done, Idempotency};
use app::{
    ContactPatch, ContactQuery, ContactView, GroupMembers, GroupPatch, GroupView, Imported, Membership,
};
use ports::BoxFuture;
use types::contact::Contact;
use types::id::{AccountId, ContactId, GroupId, RowKey, SubmissionId};

use super::{LookingDesk, missing, no_page, none};

impl Contacts for LookingDesk {
    fn contacts(&self, _account: AccountId, _query: ContactQuery) -> Answer<'_, Page<ContactView>> {
        no_page()
    }

    fn contact(&self, _account: AccountId, _id: ContactId) -> Answer<'_, Option<ContactView>> {
        none()
    }

    fn make_contact(
        &self,
        _account: AccountId,
        contact: Contact,
        _groups: Vec<GroupId>,
        _once: Option<Idempotency>,
    ) -> Answer<'_, Done<ContactView>> {
        // Whatever it says, it can be looked at.
        drop(decide::contact::check(&contact));
        missing()
    }

    fn change_contact(
        &self,
        _account: AccountId,
        _id: ContactId,
        _patch: ContactPatch,
    ) -> Answer<'_, ContactView> {
        missing()
    }

    fn remove_contact(&self, _account: AccountId, _id: ContactId) -> Answer<'_, ()> {
        missing()
    }

    fn import_contacts(
        &self,
        _account: AccountId,
        contacts: Vec<Contact>,
        _group: Option<GroupId>,
        _once: Option<Idempotency>,
    ) -> Answer<'_, Done<Imported>> {
        assert!((1..=app::CONTACTS_AT_ONCE_MAX).contains(&contacts.len()), "{} contacts", contacts.len());
        missing()
    }

    fn groups(
        &self,
        _account: AccountId,
        _before: Option<RowKey>,
        _limit: usize,
    ) -> Answer<'_, Page<GroupView>> {
        no_page()
    }

    fn group(&self, _account: AccountId, _id: GroupId) -> Answer<'_, Option<GroupView>> {
        none()
    }

    fn make_group(
        &self,
        _account: AccountId,
        _name: String,
        _description: String,
        _once: Option<Idempotency>,
    ) -> Answer<'_, Done<GroupView>> {
        missing()
    }

    fn change_group(&self, _account: AccountId, _id: GroupId, _patch: GroupPatch) -> Answer<'_, GroupView> {
        missing()
    }

    fn remove_group(&self, _account: AccountId, _id: GroupId) -> Answer<'_, ()> {
        missing()
    }

    fn change_members(
        &self,
        _account: AccountId,
        _id: GroupId,
        _membership: Membership,
        _contacts: Vec<ContactId>,
        _once: Option<Idempotency>,
    ) -> Answer<'_, Done<GroupView>> {
        missing()
    }

    fn answered(&self, _account: AccountId, _once: Idempotency) -> BoxFuture<'_, Option<Accepted>> {
        Box::pin(async { None })
    }

    fn recipients_of(&self, _account: AccountId, _id: SubmissionId) -> Answer<'_, Vec<String>> {
        missing()
    }

    fn members_to_message(
        &self,
        _account: AccountId,
        _group: String,
        _pool: Option<String>,
    ) -> Answer<'_, GroupMembers> {
        missing()
    }
}
