//! Senders of an account. See [`super::Desk`].

use app::detail::Page;
use app::submission::{Done, Idempotency};
use app::{Core, Scope, SenderView, SenderWish};
use types::id::{AccountId, RowKey, SenderId};

use super::Answer;

/// What this door asks of the core about senders; see the methods of the same names of [`app::Core`].
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
}
