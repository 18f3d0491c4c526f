//! The looking desk has no senders and no pools, and takes none.

use api::{Answer, Senders};
use app::detail::Page;
use app::submission::{Done, Idempotency};
use app::{PoolPatch, PoolView, SenderView, SenderWish};
use types::id::{AccountId, PoolId, RowKey, SenderId};

use super::{LookingDesk, missing};

impl Senders for LookingDesk {
    fn senders(&self, _account: AccountId, _before: Option<RowKey>, _limit: usize) -> Page<SenderView> {
        Page { items: Vec::new(), next: None }
    }

    fn sender(&self, _account: AccountId, _id: SenderId) -> Option<SenderView> {
        None
    }

    fn request_sender(
        &self,
        _account: AccountId,
        _wish: SenderWish,
        _once: Option<Idempotency>,
    ) -> Answer<'_, Done<SenderView>> {
        missing()
    }

    fn remove_sender(&self, _account: AccountId, _id: SenderId) -> Answer<'_, ()> {
        missing()
    }

    fn pools(&self, _account: AccountId, _before: Option<RowKey>, _limit: usize) -> Page<PoolView> {
        Page { items: Vec::new(), next: None }
    }

    fn pool(&self, _account: AccountId, _id: PoolId) -> Option<PoolView> {
        None
    }

    fn make_pool(
        &self,
        _account: AccountId,
        _wish: PoolPatch,
        _once: Option<Idempotency>,
    ) -> Answer<'_, Done<PoolView>> {
        missing()
    }

    fn change_pool(&self, _account: AccountId, _id: PoolId, _patch: PoolPatch) -> Answer<'_, PoolView> {
        missing()
    }

    fn remove_pool(&self, _account: AccountId, _id: PoolId) -> Answer<'_, ()> {
        missing()
    }
}
