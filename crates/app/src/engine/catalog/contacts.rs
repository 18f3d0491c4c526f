//! Contacts: kept, changed and taken away, and who is in which group.
//!
//! What names a person is sealed here. All changes of one request are made or none. Start at
//! [`Engine::change_contacts`].

use std::collections::{BTreeMap, HashMap};

use ports::store::{Batch, ConfigChange, ContactChange as Row, ContactRow};
use types::contact::Contact;
use types::id::{AccountId, ContactId, RowKey};
use types::refusal::{Refusal, RefusalCode};
use types::resource::ResourceKind;
use types::time::Timestamp;

use super::super::EngineError;
use super::{Changed, Engine};
use crate::seal::{KeyClass, Kind};
use crate::sealed::contact::{read_contact, write_contact};

/// What to change of an account's contacts.
pub(crate) enum ContactChange {
    /// A new contact, in these groups.
    Make { contact: Contact, groups: Vec<RowKey>, room: usize },
    /// Contacts that are new or are known by their numbers, all in this group from now on. What is stated of
    /// one that is known takes the place of what was.
    Merge { contacts: Vec<Contact>, group: Option<RowKey>, room: usize },
    /// A contact as it is from now on, in place of how it was read before.
    Set { old: ContactRow, contact: Contact },
    /// A contact goes.
    Remove(RowKey),
    /// These contacts are in a group from now on, or no more.
    Members { group: RowKey, contacts: Vec<RowKey>, membership: Membership },
}

/// Whether contacts come or go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// They are in the group from now on.
    Join,
    /// They are in it no more.
    Leave,
}

/// How many contacts were made and how many changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Merged {
    pub(crate) made: usize,
    pub(crate) changed: usize,
}

impl Engine {
    /// Changes contacts of an account.
    pub(super) fn change_contacts(
        &mut self,
        account: AccountId,
        change: ContactChange,
        now: Timestamp,
    ) -> Result<Result<Changed, Refusal>, EngineError> {
        if let Err(refusal) = self.check_account(account) {
            return Ok(Err(refusal));
        }
        match change {
            ContactChange::Make { contact, groups, room } => {
                self.make_contact(account, &contact, &groups, room, now)
            }
            ContactChange::Merge { contacts, group, room } => {
                self.merge_contacts(account, contacts, group, room, now)
            }
            ContactChange::Set { old, contact } => self.set_contact(&old, &contact, now),
            ContactChange::Remove(key) => Ok(self.write_contacts(vec![Row::End(account, key)], now)),
            ContactChange::Members { group, contacts, membership } => {
                Ok(self.check_group(account, group).and_then(|()| {
                    self.note_created(group);
                    let row = |contact| match membership {
                        Membership::Join => Row::Join { group, contact },
                        Membership::Leave => Row::Leave { group, contact },
                    };
                    self.write_contacts(contacts.into_iter().map(row).collect(), now)
                }))
            }
        }
    }

    fn make_contact(
        &mut self,
        account: AccountId,
        contact: &Contact,
        groups: &[RowKey],
        room: usize,
        now: Timestamp,
    ) -> Result<Result<Changed, Refusal>, EngineError> {
        let number_hash = self.hasher.number(contact.number);
        if let Some(known) = self.store.contacts(account, &[number_hash])?.first() {
            return Ok(Err(number_taken(known)));
        }
        let checked = groups.iter().try_for_each(|group| self.check_group(account, *group));
        if let Err(refusal) = checked.and_then(|()| check_room(1, room)) {
            return Ok(Err(refusal));
        }
        let (key, tail) = self.next_key(now);
        let mut batch = Batch { at: now, ..Batch::default() };
        let row = self.contact_row(account, (key, tail), contact, now, &mut batch)?;
        let row = ContactRow { created_at: now, ..row };
        batch.config.push(ConfigChange::Contact(Row::Put(row)));
        let joins = groups.iter().map(|group| Row::Join { group: *group, contact: key });
        batch.config.extend(joins.map(ConfigChange::Contact));
        self.note_created(key);
        Ok(self.write_batch(batch).map(|()| Changed::Contact(ContactId::new(key, tail))))
    }

    /// One that is known keeps what is not stated of it again.
    fn merge_contacts(
        &mut self,
        account: AccountId,
        contacts: Vec<Contact>,
        group: Option<RowKey>,
        room: usize,
        now: Timestamp,
    ) -> Result<Result<Changed, Refusal>, EngineError> {
        if let Err(refusal) = group.map_or(Ok(()), |group| self.check_group(account, group)) {
            return Ok(Err(refusal));
        }
        // The last line about a number is the one that counts, on top of those before it.
        let mut stated: BTreeMap<i64, Contact> = BTreeMap::new();
        for contact in contacts {
            let hash = self.hasher.number(contact.number);
            let merged = match stated.remove(&hash) {
                Some(earlier) => merge(earlier, contact),
                None => contact,
            };
            stated.insert(hash, merged);
        }
        let hashes: Vec<i64> = stated.keys().copied().collect();
        let known = self.store.contacts(account, &hashes)?;
        let mut known: HashMap<i64, ContactRow> =
            known.into_iter().map(|row| (row.number_hash, row)).collect();
        let made = stated.len().saturating_sub(known.len());
        if let Err(refusal) = check_room(made, room) {
            return Ok(Err(refusal));
        }
        let mut batch = Batch { at: now, ..Batch::default() };
        let mut merged = Merged { made, changed: 0 };
        for (hash, contact) in stated {
            let old = known.remove(&hash);
            let (place, created_at) = match &old {
                Some(row) => ((row.key, row.tail), row.created_at),
                None => (self.next_key(now), now),
            };
            let before = old.as_ref().and_then(|row| self.opened(row));
            let after = match before.clone() {
                Some(before) => merge(before, contact),
                None => contact,
            };
            if before.as_ref() != Some(&after) {
                merged.changed += usize::from(old.is_some());
                let row = self.contact_row(account, place, &after, now, &mut batch)?;
                let row = ContactRow { created_at, ..row };
                batch.config.push(ConfigChange::Contact(Row::Put(row)));
            }
            if let Some(group) = group {
                batch.config.push(ConfigChange::Contact(Row::Join { group, contact: place.0 }));
            }
        }
        self.note_created(merged.as_key());
        Ok(self.write_batch(batch).map(|()| Changed::Contacts(merged)))
    }

    fn set_contact(
        &mut self,
        old: &ContactRow,
        contact: &Contact,
        now: Timestamp,
    ) -> Result<Result<Changed, Refusal>, EngineError> {
        let number_hash = self.hasher.number(contact.number);
        let known = self.store.contacts(old.account, &[old.number_hash, number_hash])?;
        if let Some(other) = known.iter().find(|row| row.key != old.key && row.number_hash == number_hash) {
            return Ok(Err(number_taken(other)));
        }
        if !known.contains(old) {
            let detail = "the contact was changed by somebody else meanwhile; nothing was changed";
            return Ok(Err(Refusal::new(RefusalCode::Unavailable, detail).retry_after(1)));
        }
        let mut batch = Batch { at: now, ..Batch::default() };
        let row = self.contact_row(old.account, (old.key, old.tail), contact, now, &mut batch)?;
        let row = ContactRow { created_at: old.created_at, ..row };
        batch.config.push(ConfigChange::Contact(Row::Put(row)));
        Ok(self.write_batch(batch).map(|()| Changed::Done))
    }

    fn write_contacts(&mut self, changes: Vec<Row>, now: Timestamp) -> Result<Changed, Refusal> {
        self.write(changes.into_iter().map(ConfigChange::Contact).collect(), now).map(|()| Changed::Done)
    }

    /// A contact with what names the person sealed.
    fn contact_row(
        &self,
        account: AccountId,
        (key, tail): (RowKey, u64),
        contact: &Contact,
        now: Timestamp,
        batch: &mut Batch,
    ) -> Result<ContactRow, EngineError> {
        let data_key = self.sealer.current(Some(account), KeyClass::Secrets, now, &mut batch.data_keys)?;
        Ok(ContactRow {
            key,
            tail,
            account,
            number_hash: self.hasher.number(contact.number),
            language: contact.language.clone(),
            data_key: data_key.id(),
            sealed: data_key.seal(Kind::Contact, key, &write_contact(contact), self.entropy.as_ref()),
            created_at: now,
            changed_at: now,
        })
    }

    fn opened(&self, row: &ContactRow) -> Option<Contact> {
        let plain = self.sealer.key(row.data_key)?.open(Kind::Contact, row.key, &row.sealed).ok()?;
        read_contact(&plain, &row.language)
    }

    fn check_group(&self, account: AccountId, group: RowKey) -> Result<(), Refusal> {
        let directory = self.shared.directory.load();
        let known = directory.resource(account, group).filter(|known| known.row.kind == ResourceKind::Group);
        known.map(|_| ()).ok_or_else(|| Refusal::new(RefusalCode::NotFound, "there is no such group"))
    }
}

impl Merged {
    /// As one number, for the key of a request.
    pub(crate) fn as_key(self) -> RowKey {
        let half = |count: usize| i64::try_from(count).unwrap_or(i64::MAX).min(i64::from(u16::MAX));
        // Never zero, which stands for nothing.
        RowKey::from_i64((1 << 40) | (half(self.made) << 20) | half(self.changed))
    }

    /// From [`Merged::as_key`].
    pub(crate) fn from_key(key: RowKey) -> Self {
        let half = |shift: u32| usize::try_from((key.as_i64() >> shift) & i64::from(u16::MAX)).unwrap_or(0);
        Self { made: half(20), changed: half(0) }
    }
}

/// What is stated of a contact on top of what was known.
fn merge(known: Contact, stated: Contact) -> Contact {
    let pick = |known: String, stated: String| if stated.is_empty() { known } else { stated };
    let mut attributes = known.attributes.into_inner();
    attributes.extend(stated.attributes.into_inner());
    Contact {
        number: stated.number,
        name: pick(known.name.into_inner(), stated.name.into_inner()).into(),
        language: pick(known.language, stated.language),
        time_zone: pick(known.time_zone, stated.time_zone),
        attributes: attributes.into(),
    }
}

fn check_room(made: usize, room: usize) -> Result<(), Refusal> {
    if made <= room {
        return Ok(());
    }
    let detail = "the account has no room for so many contacts; delete some first";
    Err(Refusal::new(RefusalCode::LimitReached, detail))
}

fn number_taken(known: &ContactRow) -> Refusal {
    let detail = format!("{} has this number", ContactId::new(known.key, known.tail));
    Refusal::new(RefusalCode::Conflict, detail).at("number")
}

#[cfg(test)]
mod tests {
    use super::Merged;

    #[test]
    fn counts_lead_back() {
        for (made, changed) in [(0, 0), (1, 0), (0, 1), (1_000, 999)] {
            let merged = Merged { made, changed };
            assert_eq!(Merged::from_key(merged.as_key()), merged);
        }
    }
}
