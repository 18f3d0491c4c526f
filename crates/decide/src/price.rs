//! The price of a message: unit, micro-units, book version and parts, by longest prefix.
//!
//! This is the one rating function: quote, hold, charge and explanation all use it.

use std::collections::HashMap;

use types::address::Msisdn;
use types::catalog::{PrefixPrice, PriceBook};
use types::charge::Price;
use types::money::{Money, Unit, parse_micros};

use crate::prefix::PrefixMap;

/// The price books of one version, ready for look-ups.
#[derive(Clone, Debug, Default)]
pub struct PriceTable {
    /// The version of all books together.
    pub version: u32,
    books: HashMap<String, CompiledBook>,
}

/// One book, ready for look-ups.
#[derive(Clone, Debug)]
pub struct CompiledBook {
    unit: Unit,
    prices: PrefixMap<i64>,
}

/// Compiles prices per prefix.
///
/// # Errors
/// A sentence that names the prefix or price that cannot be used.
pub fn compile_prices(prices: &[PrefixPrice]) -> Result<PrefixMap<i64>, String> {
    let mut map = PrefixMap::default();
    for entry in prices {
        let micros = parse_micros(&entry.price)
            .map_err(|e| format!("price {:?} of prefix {:?}: {e}", entry.price, entry.prefix))?;
        if micros < 0 {
            return Err(format!("price {:?} of prefix {:?} must not be negative", entry.price, entry.prefix));
        }
        if map.insert(&entry.prefix, micros)?.is_some() {
            return Err(format!("prefix {:?} stands twice", entry.prefix));
        }
    }
    Ok(map)
}

impl PriceTable {
    /// Compiles the books of a version.
    ///
    /// # Errors
    /// A sentence that names the book and what cannot be used in it.
    pub fn compile(version: u32, books: &[PriceBook]) -> Result<Self, String> {
        let mut compiled = HashMap::new();
        for book in books {
            let prices =
                compile_prices(&book.price).map_err(|e| format!("price book {:?}: {e}", book.name))?;
            let entry = CompiledBook { unit: book.unit, prices };
            if compiled.insert(book.name.clone(), entry).is_some() {
                return Err(format!("price book {:?} stands twice", book.name));
            }
        }
        Ok(Self { version, books: compiled })
    }

    /// Whether a book by this name exists.
    pub fn has_book(&self, name: &str) -> bool {
        self.books.contains_key(name)
    }

    /// The unit of a book.
    pub fn unit(&self, name: &str) -> Option<Unit> {
        self.books.get(name).map(|book| book.unit)
    }

    /// What a message of `parts` parts to `number` costs by the named book; `None` when the book
    /// publishes no price for the number, or the sum does not fit.
    pub fn quote(&self, book: &str, number: Msisdn, parts: u32) -> Option<Price> {
        let book = self.books.get(book)?;
        let (_, per_part) = book.prices.get(number)?;
        let micros = per_part.checked_mul(i64::from(parts))?;
        Some(Price { amount: Money::new(micros, book.unit), parts, book_version: self.version })
    }
}

#[cfg(test)]
mod tests {
    use types::address::Msisdn;
    use types::catalog::{PrefixPrice, PriceBook};
    use types::money::Unit;

    use super::PriceTable;

    fn book(prices: &[(&str, &str)]) -> PriceBook {
        let price = prices
            .iter()
            .map(|(prefix, price)| PrefixPrice { prefix: (*prefix).into(), price: (*price).into() });
        PriceBook { name: "standard".into(), unit: Unit::EUR, price: price.collect() }
    }

    #[test]
    fn quotes_parts_by_the_longest_prefix() {
        let table =
            PriceTable::compile(7, &[book(&[("44", "0.04"), ("4479", "0.0275"), ("1", "0.008")])]).unwrap();
        let cases =
            [("447911123456", 3, Some(82_500)), ("447811123456", 1, Some(40_000)), ("33612345678", 1, None)];
        for (number, parts, micros) in cases {
            let quote = table.quote("standard", Msisdn::parse(number).unwrap(), parts);
            assert_eq!(quote.map(|q| q.amount.micros), micros);
            assert!(quote.is_none_or(|q| q.book_version == 7 && q.parts == parts));
        }
        assert!(table.quote("other", Msisdn::parse("447911123456").unwrap(), 1).is_none());
    }

    #[test]
    fn bad_books_are_refused_by_name() {
        for (prices, word) in [
            (&[("44", "x")][..], "44"),
            (&[("4x", "1")], "4x"),
            (&[("4", "1"), ("4", "2")], "twice"),
            (&[("4", "-1")], "negative"),
        ] {
            let error = PriceTable::compile(1, &[book(prices)]).unwrap_err();
            assert!(error.contains(word) && error.contains("standard"), "{error}");
        }
    }
}
