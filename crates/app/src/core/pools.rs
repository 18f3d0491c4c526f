//! Pools of senders: shown and set up by the account. Which sender of one a message gets is `decide::pool`.
//!
//! Start at [`Core::pools`] and [`Core::make_pool`].

use decide::admit::check_sender;
use decide::keyword::languages;
use decide::sender::{is_same, normal};
use types::address::Address;
use types::id::{AccountId, PoolId, RowKey};
use types::keyword::Keyword;
use types::refusal::{Refusal, RefusalCode};
use types::resource::{
    Document, OptOutScope, POOL_MEMBERS_MAX, POOL_REPLIES_MAX, Pool, PoolMember, PoolReply, ResourceKind,
    ReviewState,
};
use types::time::Timestamp;

use super::groups::{check_description, check_name};
use super::keywords::check_reply;
use super::{Core, stopped};
use crate::detail::Page;
use crate::engine::{Change, Changed, ResourcePatch};
use crate::shared::Resource;
use crate::submission::{Done, Idempotency};

/// Pools of an account.
pub const POOLS_MAX: usize = 100;

/// A sender of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolMemberView {
    /// The sender.
    pub sender: String,
    /// Whether the account has switched it off.
    pub off: bool,
    /// What keeps it from being chosen anywhere, in one word: `off`, `not_own`, or the state of its review;
    /// `None` when nothing does.
    pub passed_over: Option<&'static str>,
}

/// A pool of senders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolView {
    /// Its id.
    pub id: PoolId,
    /// Its name.
    pub name: String,
    /// What it is for; empty for nothing.
    pub description: String,
    /// The senders.
    pub members: Vec<PoolMemberView>,
    /// Whether recipients keep the sender that they heard from before.
    pub is_sticky: bool,
    /// Whether numbers of the recipient's country go first.
    pub prefers_country: bool,
    /// What a phone that writes STOP to one of its numbers wants no more of.
    pub opt_out: OptOutScope,
    /// What phones are answered that write a keyword to one of its numbers.
    pub replies: Vec<PoolReply>,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// When it was set last.
    pub changed_at: Timestamp,
}

/// What to set of a pool; `None` stays, and for a new one is what is usual.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoolPatch {
    /// The name; a new pool needs one.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// All senders.
    pub members: Option<Vec<PoolMember>>,
    /// Whether recipients keep the sender that they heard from before; usually they do.
    pub is_sticky: Option<bool>,
    /// Whether numbers of the recipient's country go first; usually they do.
    pub prefers_country: Option<bool>,
    /// What a phone that writes STOP wants no more of; usually messages of the account.
    pub opt_out: Option<OptOutScope>,
    /// All answers to keywords.
    pub replies: Option<Vec<PoolReply>>,
}

impl Core {
    /// Pools of an account, newest first.
    pub fn pools(&self, account: AccountId, before: Option<RowKey>, limit: usize) -> Page<PoolView> {
        let directory = self.inner.shared.directory.load_full();
        let own = directory.resources_of(account, ResourceKind::Pool).rev();
        let behind = own.filter(|known| before.is_none_or(|before| known.row.key < before));
        let mut items: Vec<PoolView> =
            behind.filter_map(|known| self.pool_view(known)).take(limit + 1).collect();
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| has_more).map(|view| view.id.key());
        Page { items, next }
    }

    /// One pool; `None` when the account has none by this id.
    pub fn pool(&self, account: AccountId, id: PoolId) -> Option<PoolView> {
        let directory = self.inner.shared.directory.load_full();
        let known = directory.resource_by_id(account, ResourceKind::Pool, id.0)?;
        self.pool_view(known)
    }

    /// Makes a pool.
    ///
    /// # Errors
    /// `invalid_request` or `invalid_sender` at what cannot be set, and the refusals of an idempotency key.
    pub async fn make_pool(
        &self,
        account: AccountId,
        wish: PoolPatch,
        once: Option<Idempotency>,
    ) -> Result<Done<PoolView>, Refusal> {
        let name = wish.name.clone().unwrap_or_default();
        check_name(&name)?;
        let pool = self.pool_with(account, Pool::default(), wish)?;
        let made = (name, ReviewState::Approved, Document::Pool(pool));
        let done = self.change_once(account, Change::ResourceMade(account, made, POOLS_MAX), once).await?;
        let key = match done.value {
            Changed::Resource(id) => id.key(),
            Changed::Again(created) => created,
            _ => return Err(stopped()),
        };
        let directory = self.inner.shared.directory.load_full();
        let known = directory.resource(account, key).ok_or_else(no_such_pool)?;
        let value = self.pool_view(known).ok_or_else(no_such_pool)?;
        Ok(Done { value, replayed: done.replayed })
    }

    /// Changes a pool; the next message is sent by it as it is then.
    ///
    /// # Errors
    /// `not_found`, and as [`Core::make_pool`].
    pub async fn change_pool(
        &self,
        account: AccountId,
        id: PoolId,
        patch: PoolPatch,
    ) -> Result<PoolView, Refusal> {
        let directory = self.inner.shared.directory.load_full();
        let known = directory.resource_by_id(account, ResourceKind::Pool, id.0).ok_or_else(no_such_pool)?;
        let Document::Pool(old) = &known.document else { return Err(no_such_pool()) };
        let name = patch.name.clone();
        name.as_deref().map_or(Ok(()), check_name)?;
        let document = Document::Pool(self.pool_with(account, old.clone(), patch)?);
        let patch = ResourcePatch { name, state: None, document: Some(document) };
        self.change(Change::ResourceSet(account, ResourceKind::Pool, id.key(), patch)).await?;
        self.pool(account, id).ok_or_else(no_such_pool)
    }

    /// Takes a pool away, with what is remembered of its recipients. Phones that opted out of it stay on the
    /// suppression list.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn remove_pool(&self, account: AccountId, id: PoolId) -> Result<(), Refusal> {
        self.pool(account, id).ok_or_else(no_such_pool)?;
        self.change(Change::ResourceRemoved(account, ResourceKind::Pool, id.key())).await.map(drop)
    }

    /// A pool as a patch leaves it.
    fn pool_with(&self, account: AccountId, old: Pool, patch: PoolPatch) -> Result<Pool, Refusal> {
        patch.description.as_deref().map_or(Ok(()), check_description)?;
        patch.replies.as_deref().map_or(Ok(()), check_replies)?;
        if let Some(members) = &patch.members {
            self.check_members(account, members, &old)?;
        }
        let forgets = patch.is_sticky.map(|is_sticky| !is_sticky);
        let ignores = patch.prefers_country.map(|prefers| !prefers);
        Ok(Pool {
            description: patch.description.unwrap_or(old.description),
            members: patch.members.unwrap_or(old.members),
            forgets_senders: forgets.unwrap_or(old.forgets_senders),
            ignores_countries: ignores.unwrap_or(old.ignores_countries),
            opt_out: patch.opt_out.map_or(old.opt_out, |scope| scope.to_string()),
            replies: patch.replies.unwrap_or(old.replies),
        })
    }

    /// Senders that come into a pool are the account's own; those that were in it may stay.
    fn check_members(&self, account: AccountId, members: &[PoolMember], old: &Pool) -> Result<(), Refusal> {
        let directory = self.inner.shared.directory.load();
        if members.len() > POOL_MEMBERS_MAX {
            let detail = format!("expected at most {POOL_MEMBERS_MAX} senders");
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("members"));
        }
        let mut seen = std::collections::BTreeSet::new();
        for (place, member) in members.iter().enumerate() {
            let at = |refusal: Refusal| refusal.at(format!("members[{place}].sender"));
            check_sender(&Address::from_text(&member.sender)).map_err(at)?;
            if !seen.insert(normal(&member.sender)) {
                let detail = "the sender stands there twice";
                return Err(at(Refusal::new(RefusalCode::InvalidRequest, detail)));
            }
            let was_in = old.members.iter().any(|known| is_same(&known.sender, &member.sender));
            if !was_in && !directory.owns_sender(account, &member.sender) {
                let detail = "the account has neither asked for this sender nor holds this number; see \
                              `POST /api/v1/senders` and `GET /api/v1/senders/numbers`";
                return Err(at(Refusal::new(RefusalCode::InvalidSender, detail)));
            }
        }
        Ok(())
    }

    fn pool_view(&self, known: &Resource) -> Option<PoolView> {
        use decide::pool::Standing;
        let Document::Pool(pool) = &known.document else { return None };
        let directory = self.inner.shared.directory.load();
        let id = PoolId(known.id());
        let pooled = directory.pools_of(known.row.account).iter().find(|pooled| pooled.pool.id == id);
        let standings = pooled.map_or(&[][..], |pooled| &pooled.pool.members);
        let member = |member: &PoolMember| {
            let standing = standings.iter().find(|known| known.sender == member.sender);
            let passed_over = match standing.map(|known| known.standing) {
                None | Some(Standing::Usable) => None,
                Some(Standing::Off) => Some("off"),
                Some(Standing::NotOwn) => Some("not_own"),
                Some(Standing::Reviewed(state)) => Some(state.as_str()),
            };
            PoolMemberView { sender: member.sender.clone(), off: member.off, passed_over }
        };
        Some(PoolView {
            id,
            name: known.row.name.clone(),
            description: pool.description.clone(),
            members: pool.members.iter().map(member).collect(),
            is_sticky: !pool.forgets_senders,
            prefers_country: !pool.ignores_countries,
            opt_out: pool.opt_out_scope(),
            replies: pool.replies.clone(),
            created_at: known.row.created_at,
            changed_at: known.row.changed_at,
        })
    }
}

fn check_replies(replies: &[PoolReply]) -> Result<(), Refusal> {
    let invalid =
        |detail: String, field: String| Err(Refusal::new(RefusalCode::InvalidRequest, detail).at(field));
    if replies.len() > POOL_REPLIES_MAX {
        return invalid(format!("expected at most {POOL_REPLIES_MAX} answers"), "replies".to_owned());
    }
    let known = languages();
    let mut seen = std::collections::BTreeSet::new();
    for (place, reply) in replies.iter().enumerate() {
        if Keyword::parse(&reply.keyword).is_none() {
            return invalid(
                "expected `stop`, `start` or `help`".to_owned(),
                format!("replies[{place}].keyword"),
            );
        }
        if !reply.language.is_empty() && !known.contains(reply.language.as_str()) {
            let known: Vec<_> = known.iter().copied().collect();
            let detail = format!("keywords are known in {}", known.join(", "));
            return invalid(detail, format!("replies[{place}].language"));
        }
        if !seen.insert((&reply.keyword, &reply.language)) {
            return invalid("the answer stands there twice".to_owned(), format!("replies[{place}]"));
        }
        check_reply(&reply.text).map_err(|refusal| refusal.at(format!("replies[{place}].text")))?;
    }
    Ok(())
}

fn no_such_pool() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "the account has no such pool").at("id")
}
