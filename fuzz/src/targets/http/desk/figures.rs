//! The looking desk has no figures.

use api::{Answer, Figures};
use app::detail::{Movement, Page};
use app::{NumberView, PriceList};
use ports::store::Rollup;
use types::id::AccountId;
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::{LookingDesk, missing, no_page};

impl Figures for LookingDesk {
    fn movements(
        &self,
        _account: AccountId,
        _before: Option<i64>,
        _limit: usize,
    ) -> Answer<'_, Page<Movement>> {
        no_page()
    }

    fn usage(&self, _account: AccountId, _since: Timestamp) -> Answer<'_, Vec<Rollup>> {
        missing()
    }

    fn prices(&self, _account: AccountId) -> Answer<'_, PriceList> {
        missing()
    }

    fn number(&self, _account: AccountId, _text: &str) -> Result<NumberView, Refusal> {
        Err(Refusal::new(RefusalCode::InvalidDestination, "there is none"))
    }
}
