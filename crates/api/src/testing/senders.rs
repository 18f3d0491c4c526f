//! The fake desk's senders: the owner has one.

use app::detail::Page;
use app::submission::{Done, Idempotency};
use app::{SenderView, SenderWish};
use types::id::{AccountId, RowKey, SenderId};
use types::network::Country;
use types::resource::ReviewState;

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
}
