//! Senders of an account, and its pools of them. See [`super::Desk`].

use app::detail::Page;
use app::submission::{Done, Idempotency};
use app::{Core, PoolPatch, PoolView, Scope, SenderView, SenderWish};
use types::id::{AccountId, PoolId, RowKey, SenderId};

use super::Answer;

/// What this door asks of the core about senders and pools; see the methods of the same names of [`app::Core`].
pub trait Senders: Send + Sync + 'static {
    /// Senders, newest first.
    fn senders(&self, account: AccountId, before: Option<RowKey>, limit: usize) -> Page<SenderView>;
    /// One sender.
    fn sender(&self, account: AccountId, id: SenderId) -> Option<SenderView>;
    /// Asks for a sender.
    fn request_sender(
        &self,
        account: AccountId,
        wish: SenderWish,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<SenderView>>;
    /// Takes a sender away.
    fn remove_sender(&self, account: AccountId, id: SenderId) -> Answer<'_, ()>;
    /// Pools, newest first.
    fn pools(&self, account: AccountId, before: Option<RowKey>, limit: usize) -> Page<PoolView>;
    /// One pool.
    fn pool(&self, account: AccountId, id: PoolId) -> Option<PoolView>;
    /// Makes a pool.
    fn make_pool(
        &self,
        account: AccountId,
        wish: PoolPatch,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<PoolView>>;
    /// Changes a pool.
    fn change_pool(&self, account: AccountId, id: PoolId, patch: PoolPatch) -> Answer<'_, PoolView>;
    /// Takes a pool away.
    fn remove_pool(&self, account: AccountId, id: PoolId) -> Answer<'_, ()>;
}

impl Senders for Core {
    fn senders(&self, account: AccountId, before: Option<RowKey>, limit: usize) -> Page<SenderView> {
        Self::senders(self, Scope::Account(account), before, limit)
    }

    fn sender(&self, account: AccountId, id: SenderId) -> Option<SenderView> {
        Self::sender(self, account, id)
    }

    fn request_sender(
        &self,
        account: AccountId,
        wish: SenderWish,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<SenderView>> {
        Box::pin(Self::request_sender(self, account, wish, once))
    }

    fn remove_sender(&self, account: AccountId, id: SenderId) -> Answer<'_, ()> {
        Box::pin(Self::remove_sender(self, account, id))
    }

    fn pools(&self, account: AccountId, before: Option<RowKey>, limit: usize) -> Page<PoolView> {
        Self::pools(self, account, before, limit)
    }

    fn pool(&self, account: AccountId, id: PoolId) -> Option<PoolView> {
        Self::pool(self, account, id)
    }

    fn make_pool(
        &self,
        account: AccountId,
        wish: PoolPatch,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<PoolView>> {
        Box::pin(Self::make_pool(self, account, wish, once))
    }

    fn change_pool(&self, account: AccountId, id: PoolId, patch: PoolPatch) -> Answer<'_, PoolView> {
        Box::pin(Self::change_pool(self, account, id, patch))
    }

    fn remove_pool(&self, account: AccountId, id: PoolId) -> Answer<'_, ()> {
        Box::pin(Self::remove_pool(self, account, id))
    }
}
