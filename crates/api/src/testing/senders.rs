//! The fake desk's senders: the owner has one, and a pool with it.

use app::detail::Page;
use app::submission::{Done, Idempotency};
use app::{PoolMemberView, PoolPatch, PoolView, SenderView, SenderWish};
use types::id::{AccountId, PoolId, RowKey, SenderId};
use types::network::Country;
use types::refusal::{Refusal, RefusalCode};
use types::resource::{OptOutScope, PoolMember, PoolReply, ReviewState};

use super::settings::{at_once, missing};
use super::{FakeDesk, NOW, OWNER};
use crate::desk::{Answer, Senders};

/// The owner's sender.
pub(crate) fn sender_id() -> SenderId {
    SenderId::new(RowKey::from_parts(NOW.as_ms(), 41), 7)
}

fn known() -> SenderView {
    SenderView {
        id: sender_id(),
        account: OWNER,
        sender: "OwnersName".to_owned(),
        state: ReviewState::Approved,
        countries: vec![Country::parse("GB").unwrap()],
        purpose: "news of owner.example".to_owned(),
        note: String::new(),
        created_at: NOW,
        changed_at: NOW,
    }
}

/// The owner's pool.
pub(crate) fn pool_id() -> PoolId {
    PoolId::new(RowKey::from_parts(NOW.as_ms(), 42), 7)
}

fn known_pool() -> PoolView {
    let member = |sender: &str, off: bool| PoolMemberView {
        sender: sender.to_owned(),
        off,
        passed_over: off.then_some("off"),
    };
    let reply = PoolReply { keyword: "stop".to_owned(), language: "de".to_owned(), text: "Ende.".to_owned() };
    PoolView {
        id: pool_id(),
        name: "shop of OwnersName".to_owned(),
        description: String::new(),
        members: vec![member("OwnersName", false), member("447400100200", true)],
        is_sticky: true,
        prefers_country: true,
        opt_out: OptOutScope::Pool,
        replies: vec![reply],
        created_at: NOW,
        changed_at: NOW,
    }
}

fn with(pool: PoolView, patch: PoolPatch) -> PoolView {
    let view = |member: PoolMember| PoolMemberView {
        sender: member.sender,
        off: member.off,
        passed_over: member.off.then_some("off"),
    };
    PoolView {
        name: patch.name.unwrap_or(pool.name),
        description: patch.description.unwrap_or(pool.description),
        members: patch.members.map_or(pool.members, |members| members.into_iter().map(view).collect()),
        is_sticky: patch.is_sticky.unwrap_or(pool.is_sticky),
        prefers_country: patch.prefers_country.unwrap_or(pool.prefers_country),
        opt_out: patch.opt_out.unwrap_or(pool.opt_out),
        replies: patch.replies.unwrap_or(pool.replies),
        ..pool
    }
}

impl Senders for FakeDesk {
    fn senders(&self, account: AccountId, before: Option<RowKey>, _limit: usize) -> Page<SenderView> {
        let own = account == OWNER && before.is_none();
        Page { items: own.then(known).into_iter().collect(), next: None }
    }

    fn sender(&self, account: AccountId, id: SenderId) -> Option<SenderView> {
        (account == OWNER && id == sender_id()).then(known)
    }

    fn request_sender(
        &self,
        account: AccountId,
        wish: SenderWish,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<SenderView>> {
        let address = types::address::Address::from_text(&wish.sender);
        if let Err(refusal) = decide::admit::check_sender(&address) {
            return at_once(Err(refusal.at("sender")));
        }
        let SenderWish { sender, countries, purpose } = wish;
        let view = SenderView { account, sender, countries, purpose, state: ReviewState::Pending, ..known() };
        at_once(Ok(self.done(view, once)))
    }

    fn remove_sender(&self, account: AccountId, id: SenderId) -> Answer<'_, ()> {
        at_once(self.sender(account, id).map(drop).ok_or_else(missing))
    }

    fn pools(&self, account: AccountId, before: Option<RowKey>, _limit: usize) -> Page<PoolView> {
        let own = account == OWNER && before.is_none();
        Page { items: own.then(known_pool).into_iter().collect(), next: None }
    }

    fn pool(&self, account: AccountId, id: PoolId) -> Option<PoolView> {
        (account == OWNER && id == pool_id()).then(known_pool)
    }

    fn make_pool(
        &self,
        _account: AccountId,
        wish: PoolPatch,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<PoolView>> {
        let name = wish.name.clone().unwrap_or_default();
        if !types::resource::is_name(&name) {
            return at_once(Err(Refusal::new(RefusalCode::InvalidRequest, "no name").at("name")));
        }
        let empty = PoolView { members: Vec::new(), replies: Vec::new(), ..known_pool() };
        at_once(Ok(self.done(with(empty, wish), once)))
    }

    fn change_pool(&self, account: AccountId, id: PoolId, patch: PoolPatch) -> Answer<'_, PoolView> {
        at_once(self.pool(account, id).map(|pool| with(pool, patch)).ok_or_else(missing))
    }

    fn remove_pool(&self, account: AccountId, id: PoolId) -> Answer<'_, ()> {
        at_once(self.pool(account, id).map(drop).ok_or_else(missing))
    }
}
