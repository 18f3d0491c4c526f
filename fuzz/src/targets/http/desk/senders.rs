//! The looking desk has no senders, and takes none.

use api::{Answer, Senders};
use app::detail::Page;
use app::submission::{Done, Idempotency};
use app::{SenderView, SenderWish};
use types::id::{AccountId, RowKey, SenderId};

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
}
