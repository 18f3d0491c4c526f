//! Figures of an account. See [`super::Desk`].

use app::detail::{Movement, Page};
use app::{Core, NumberView, PriceList};
use ports::store::Rollup;
use types::id::AccountId;
use types::refusal::Refusal;
use types::time::Timestamp;

use super::Answer;

/// What this door asks of the core about money, traffic and numbers; see the methods of the same names of
/// [`app::Core`].
pub trait Figures: Send + Sync + 'static {
    /// What moved the balance, newest first, below a number.
    fn movements(&self, account: AccountId, before: Option<i64>, limit: usize) -> Answer<'_, Page<Movement>>;
    /// Traffic by day, country and state, since a day.
    fn usage(&self, account: AccountId, since: Timestamp) -> Answer<'_, Vec<Rollup>>;
    /// What the account pays per part.
    fn prices(&self, account: AccountId) -> Answer<'_, PriceList>;
    /// What is known of a number.
    ///
    /// # Errors
    /// `invalid_destination` for what cannot be a number.
    fn number(&self, account: AccountId, text: &str) -> Result<NumberView, Refusal>;
}

impl Figures for Core {
    fn movements(&self, account: AccountId, before: Option<i64>, limit: usize) -> Answer<'_, Page<Movement>> {
        Box::pin(Self::movements_before(self, account, before, limit))
    }

    fn usage(&self, account: AccountId, since: Timestamp) -> Answer<'_, Vec<Rollup>> {
        Box::pin(Self::usage(self, account, since))
    }

    fn prices(&self, account: AccountId) -> Answer<'_, PriceList> {
        Box::pin(Self::prices(self, account))
    }

    fn number(&self, account: AccountId, text: &str) -> Result<NumberView, Refusal> {
        Self::number(self, account, text)
    }
}
