//! What accounts set up under names: made, changed and taken away. Start at [`Engine::make_resource`].

use std::sync::Arc;

use ports::store::{ConfigChange, ResourceRow};
use types::id::{AccountId, PublicId, RowKey};
use types::refusal::{Refusal, RefusalCode};
use types::resource::{Document, ResourceKind, ReviewState};
use types::time::Timestamp;

use super::{Changed, Engine};
use crate::shared::Resource;

/// Things with names of all accounts together.
const RESOURCES_MAX: usize = 200_000;

/// What to change of what an account has under a name; `None` stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResourcePatch {
    pub(crate) name: Option<String>,
    pub(crate) state: Option<ReviewState>,
    pub(crate) document: Option<Document>,
}

impl Engine {
    /// Puts something under a name, when the account has fewer than `most` of its kind.
    pub(super) fn make_resource(
        &mut self,
        account: AccountId,
        (name, state, document): (String, ReviewState, &Document),
        most: usize,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        self.check_account(account)?;
        let kind = document.kind();
        self.check_name(account, kind, &name, RowKey::ZERO)?;
        let directory = self.shared.directory.load();
        let all: usize = directory.resources.values().map(|own| own.len()).sum();
        if directory.resources_of(account, kind).count() >= most || all >= RESOURCES_MAX {
            let detail = format!("the account may have {most} of these; delete one first");
            return Err(Refusal::new(RefusalCode::LimitReached, detail));
        }
        let (key, tail) = self.next_key(now);
        self.note_created(key);
        self.keep_resource(ResourceRow {
            key,
            tail,
            account,
            kind,
            name,
            state,
            document: document.write(),
            created_at: now,
            changed_at: now,
        })?;
        Ok(Changed::Resource(PublicId::new(key, tail)))
    }

    /// Changes what an account has under a name.
    pub(super) fn set_resource(
        &mut self,
        (account, kind, key): (AccountId, ResourceKind, RowKey),
        patch: ResourcePatch,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let directory = Arc::clone(&self.shared.directory.load());
        let known = directory.resource(account, key).filter(|known| known.row.kind == kind);
        let old = &known.ok_or_else(no_such_thing)?.row;
        if let Some(name) = &patch.name {
            self.check_name(account, kind, name, key)?;
        }
        let row = ResourceRow {
            name: patch.name.unwrap_or_else(|| old.name.clone()),
            state: patch.state.unwrap_or(old.state),
            document: patch.document.map_or_else(|| old.document.clone(), |document| document.write()),
            changed_at: now,
            ..old.clone()
        };
        let id = PublicId::new(row.key, row.tail);
        self.keep_resource(row)?;
        Ok(Changed::Resource(id))
    }

    /// Takes away what an account has under a name.
    pub(super) fn remove_resource(
        &mut self,
        (account, kind, key): (AccountId, ResourceKind, RowKey),
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let directory = Arc::clone(&self.shared.directory.load());
        directory.resource(account, key).filter(|known| known.row.kind == kind).ok_or_else(no_such_thing)?;
        self.write(vec![ConfigChange::ResourceEnd(account, key)], now)?;
        if kind == ResourceKind::Pool {
            self.forget_pool(key);
        }
        let mut directory = directory.fork();
        directory.take_resource(account, key);
        self.shared.directory.store(Arc::new(directory));
        Ok(Changed::Done)
    }

    fn keep_resource(&mut self, row: ResourceRow) -> Result<(), Refusal> {
        let resource = Resource::of(row.clone())
            .ok_or_else(|| Refusal::new(RefusalCode::Unavailable, "what was set cannot be read back"))?;
        self.write(vec![ConfigChange::Resource(row.clone())], row.changed_at)?;
        let mut directory = self.shared.directory.load().fork();
        directory.put_resource(resource);
        self.shared.directory.store(Arc::new(directory));
        Ok(())
    }

    /// Nothing else of the kind has the name.
    fn check_name(
        &self,
        account: AccountId,
        kind: ResourceKind,
        name: &str,
        own: RowKey,
    ) -> Result<(), Refusal> {
        let directory = self.shared.directory.load();
        if directory.resources_of(account, kind).any(|known| known.row.name == name && known.row.key != own) {
            let detail = format!("the account has a {kind} of this name already");
            return Err(Refusal::new(RefusalCode::Conflict, detail).at("name"));
        }
        Ok(())
    }
}

fn no_such_thing() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is nothing by this id").at("id")
}
