//! The fake desk's figures: those of the owner.

use app::detail::{Movement, Page};
use app::{NumberView, PriceList};
use ports::store::Rollup;
use types::address::Msisdn;
use types::charge::{PostingKind, Price};
use types::id::{AccountId, RowKey};
use types::message::State;
use types::money::{Money, Unit};
use types::network::Country;
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::{FakeDesk, NOW, OWNER, PRICE};
use crate::desk::{Answer, Figures};

impl Figures for FakeDesk {
    fn movements(
        &self,
        account: AccountId,
        before: Option<i64>,
        _limit: usize,
    ) -> Answer<'_, Page<Movement>> {
        let amount = Money::new(-249_950_000, Unit::EUR);
        let movement = Movement { id: 18, at: NOW, kind: PostingKind::Charge, amount, messages: 2 };
        let is_first = account == OWNER && before.is_none();
        let items = if is_first { vec![movement] } else { Vec::new() };
        let next = is_first.then(|| RowKey::from_i64(18));
        Box::pin(async move { Ok(Page { items, next }) })
    }

    fn usage(&self, account: AccountId, since: Timestamp) -> Answer<'_, Vec<Rollup>> {
        let row = |day_ms: i64, state| Rollup {
            day: Timestamp::from_ms(day_ms),
            account,
            country: Country::parse("GB").unwrap(),
            state,
            messages: 318,
            parts: 402,
            amount_micros: 249_950_000,
            unit: Unit::EUR,
        };
        let day_ms = NOW.as_ms() - NOW.as_ms() % 86_400_000;
        let rows = vec![row(day_ms - 86_400_000, State::Delivered), row(day_ms, State::Accepted)];
        let rows = rows.into_iter().filter(|row| account == OWNER && row.day >= since).collect();
        Box::pin(async move { Ok(rows) })
    }

    fn prices(&self, account: AccountId) -> Answer<'_, PriceList> {
        let own = [("447", "249.95"), ("44", "0.04"), ("", "0.10")];
        let prices = own.iter().filter(|_| account == OWNER);
        let prices = prices.map(|(prefix, price)| ((*prefix).to_owned(), (*price).to_owned())).collect();
        Box::pin(async move { Ok(PriceList { version: 3, unit: Unit::EUR, prices }) })
    }

    fn number(&self, account: AccountId, text: &str) -> Result<NumberView, Refusal> {
        let refusal = || Refusal::new(RefusalCode::InvalidDestination, "not a number").at("number");
        let number = Msisdn::parse(text).ok_or_else(refusal)?;
        let price = Price { amount: PRICE, parts: 1, book_version: 3 };
        Ok(NumberView {
            number,
            plausible: true,
            country: Country::parse("GB").unwrap(),
            description: decide::numbering::describe(number),
            zones: vec!["Europe/London".to_owned()],
            zones_by: types::quiet::ZoneSource::Number,
            zone_table: decide::zone::version(),
            network: None,
            price: Some(price).filter(|_| account == OWNER),
        })
    }
}
