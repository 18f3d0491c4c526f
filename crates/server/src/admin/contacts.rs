//! What the command line asks of contacts and groups.
//!
//! Start at [`perform`].

use app::{CONTACTS_AT_ONCE_MAX, Core, GroupView, read_contacts};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use types::id::{AccountId, GroupId};
use types::refusal::Refusal;

use super::perform::{account_named, bad};

/// Groups that one list shows at most; an account has no more.
const LISTED_MAX: usize = app::GROUPS_MAX;

/// What may be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(crate) enum ContactsRequest {
    /// Keep the contacts of a table, in a group if one is named, which is made when it is new.
    Import { account: String, document: String, group: Option<String> },
    /// List the groups of an account.
    Groups { account: String },
}

/// Carries out a request.
pub(super) async fn perform(core: &Core, request: ContactsRequest) -> Result<Value, Refusal> {
    match request {
        ContactsRequest::Import { account, document, group } => {
            let account = account_named(core, &account)?.id;
            // All of it can be read before anything is kept.
            let contacts = read_contacts(&document).map_err(|refusal| bad(refusal.detail))?;
            let group = match group {
                None => None,
                Some(name) => Some(group_named(core, account, name).await?),
            };
            let (mut added, mut changed, mut kept) = (0, 0, 0);
            for chunk in contacts.chunks(CONTACTS_AT_ONCE_MAX) {
                let done = core.import_contacts(account, chunk.to_vec(), group, None).await;
                let done = done.map_err(|refusal| Refusal {
                    detail: format!("{}; the first {kept} of {} are kept", refusal.detail, contacts.len()),
                    ..refusal
                })?;
                added += done.value.made;
                changed += done.value.changed;
                kept += chunk.len();
            }
            Ok(json!({ "contacts": kept, "added": added, "changed": changed }))
        }
        ContactsRequest::Groups { account } => {
            let account = account_named(core, &account)?.id;
            let page = core.groups(account, None, LISTED_MAX).await?;
            Ok(json!({ "items": page.items.iter().map(brief).collect::<Vec<_>>() }))
        }
    }
}

async fn group_named(core: &Core, account: AccountId, name: String) -> Result<GroupId, Refusal> {
    let known = core.groups(account, None, LISTED_MAX).await?.items;
    match known.into_iter().find(|group| group.name == name) {
        Some(group) => Ok(group.id),
        None => core.make_group(account, name, String::new(), None).await.map(|done| done.value.id),
    }
}

fn brief(group: &GroupView) -> Value {
    json!({
        "id": group.id.to_string(),
        "name": group.name,
        "contacts": group.contacts,
        "description": group.description,
    })
}
