//! Figures of an account: what moved its balance, its traffic by day, its prices, and what is known of a
//! number.
//!
//! It only reads. Start at [`Core::number`].

use decide::numbering::{self, Description};
use decide::zone;
use ports::store::Rollup;
use types::address::Msisdn;
use types::charge::Price;
use types::id::AccountId;
use types::money::Unit;
use types::network::{Country, NetworkFact};
use types::quiet::ZoneSource;
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::Core;
use crate::detail::{Movement, Page};

/// What is known of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberView {
    /// The number in its normal form.
    pub number: Msisdn,
    /// Whether the numbering plan of its country has such numbers.
    pub plausible: bool,
    /// Its country.
    pub country: Country,
    /// What the numbering plan says of it.
    pub description: Description,
    /// The time zones in which its phone may be.
    pub zones: Vec<String>,
    /// Where they come from.
    pub zones_by: ZoneSource,
    /// The version of the table of zones.
    pub zone_table: &'static str,
    /// The network that its range belongs to, if that is known.
    pub network: Option<NetworkFact>,
    /// What one part to it costs the account; `None` where no price is published.
    pub price: Option<Price>,
}

/// What an account pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceList {
    /// The version of the prices.
    pub version: u32,
    /// What they are in.
    pub unit: Unit,
    /// Prefixes with the price of one part, as decimal strings; the longest prefix of a number counts.
    pub prices: Vec<(String, String)>,
}

impl Core {
    /// Movements of an account, newest first, below a number.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn movements_before(
        &self,
        account: AccountId,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<Movement>, Refusal> {
        self.inner.movements(account, before, limit).await
    }

    /// Traffic of an account by day, country and state, since a day.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn usage(&self, account: AccountId, since: Timestamp) -> Result<Vec<Rollup>, Refusal> {
        self.inner.ask(move |reader| reader.rollup(Some(account), since)).await
    }

    /// What is known of a number, in any notation.
    ///
    /// # Errors
    /// `invalid_destination` for what cannot be a number, `not_found` for an account that does not exist.
    pub fn number(&self, account: AccountId, text: &str) -> Result<NumberView, Refusal> {
        let number = Msisdn::parse(text).ok_or_else(|| {
            let detail = "expected an international number: country code first, 6 to 15 digits";
            Refusal::new(RefusalCode::InvalidDestination, detail).at("number")
        })?;
        let account = self.account(account).ok_or_else(no_such_account)?;
        let snapshot = self.inner.shared.snapshot.load();
        let known = snapshot.traffic.network_of(number, self.now());
        let zones = zone::zones_of(number, None);
        Ok(NumberView {
            number,
            plausible: numbering::is_valid("", &number.e164()),
            country: known.map_or_else(|| numbering::country_of(number), |(_, country)| country),
            description: numbering::describe(number),
            zones: zones.names().iter().map(ToString::to_string).collect(),
            zones_by: zones.source,
            zone_table: zone::version(),
            network: known.map(|(network, _)| network),
            price: snapshot.prices.quote(&account.price_book, number, 1),
        })
    }

    /// What an account pays per part.
    ///
    /// # Errors
    /// `not_found` for an account that does not exist or has no prices; or when the store cannot be read.
    pub async fn prices(&self, account: AccountId) -> Result<PriceList, Refusal> {
        let account = self.account(account).ok_or_else(no_such_account)?;
        let version = self.inner.shared.snapshot.load().prices.version;
        let books = self.price_books(None).await?.unwrap_or_default();
        let book = books.into_iter().find(|book| book.name == account.price_book);
        let book = book
            .ok_or_else(|| Refusal::new(RefusalCode::NotFound, "no prices are published for this account"))?;
        let prices = book.price.into_iter().map(|entry| (entry.prefix, entry.price)).collect();
        Ok(PriceList { version, unit: book.unit, prices })
    }
}

fn no_such_account() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "the account is gone")
}
