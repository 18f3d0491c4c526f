//! Configuration documents: traffic with its connectors, profiles and price books.

use std::collections::BTreeMap;
use std::sync::Arc;

use channels::{Factory, InstanceName, Secrets};
use decide::snapshot::{ConnectorFacts, TrafficTable};
use ports::BoxFuture;
use ports::channel::ChannelFactory;
use ports::clock::Clock;
use ports::courier::{Answer, Call, Courier, CourierError};
use types::address::Msisdn;
use types::catalog::secrets::{KEPT, is_secret, restore_secrets, without_secrets};
use types::catalog::{PriceBook, TrafficDocument};
use types::id::ConnectorId;
use types::profile::Profile;
use types::time::Timestamp;

use super::{Target, outcome, roughly};

/// Suppliers, connectors, routes and networks.
pub(super) const TRAFFIC: Target = Target {
    name: "traffic",
    about: "documents of suppliers, connectors and routes: reading, checking, compiling, writing again",
    make: || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let factory = channels::factory(
            Arc::new(Nobody),
            Arc::new(StandingClock),
            InstanceName("chappe-fuzz".to_owned()),
            runtime.handle().clone(),
            no_secrets(),
        );
        Box::new(move |input: &[u8]| {
            // The handle of the factory is good for as long as the runtime lives.
            let _entered = runtime.enter();
            check_traffic(&factory, input)
        })
    },
    words: &[
        b"[[supplier]]\n",
        b"[[connector]]\n",
        b"[[route]]\n",
        b"[[network]]\n",
        b"[connector.error_codes]\n",
        b"name = \"acme\"\n",
        b"type = \"smpp\"\n",
        b"type = \"http\"\n",
        b"connectors = [\"acme\"]\n",
        b"{ name = \"acme\", weight = 3 }",
        b"prefix = \"44\"\n",
        b"currency = \"EUR\"\n",
        b"\"err:034\" = \"permanent\"\n",
        b"url = \"https://example.com/{to}?text={text}\"\n",
        b"= ",
        b"[",
        b"{",
        b"\"\"\"",
        b"-1",
        b"9223372036854775807",
        b"1e400",
        b"nan",
        b"2026-11-22T10:00:00Z",
    ],
    limit: 16_384,
    octets_base: 256 * 1024,
    octets_per_octet: 2_048,
};

/// The operator's policy.
pub(super) const PROFILE: Target = Target {
    name: "profile",
    about: "profiles: reading, writing again, finding what is wrong with them",
    make: || Box::new(check_profile),
    words: &[
        b"schema = 1\n",
        b"[operator]\n",
        b"[charging]\n",
        b"[money]\n",
        b"brand = \"Acme\"\n",
        b"trigger = \"on_submit\"\n",
        b"mode = \"prepaid\"\n",
        b"account_currency = \"USD\"\n",
        b"price_scale = 6\n",
        b"allow_negative = false\n",
        b"language = \"nl\"\n",
        b"[refund]\nwithin = \"30bd@HK\"\n",
        b"[lots]\nexpires = \"1y\"\n",
        b"[[lifecycle.rule]]\nid = \"r\"\nanchor = \"last_login\"\nafter = \"12mo\"\naction = \"stop_service\"\n",
        b"remind = [\"60d\", \"14d\"]\n",
        b"[cites]\n\"refund.on\" = [\"PT-2.4b\"]\n",
        b"timezone = \"Asia/Hong_Kong\"\n",
    ],
    limit: 8_192,
    // A profile has some hundred keys whatever it states, and all of them are compared and looked at.
    octets_base: 1024 * 1024,
    octets_per_octet: 4_096,
};

/// Price books, as TOML.
pub(super) const PRICES: Target = Target {
    name: "prices",
    about: "price books: reading, compiling, quoting",
    make: || Box::new(check_prices),
    words: &[
        b"[[price_book]]\n",
        b"name = \"standard\"\n",
        b"unit = \"EUR\"\n",
        b"price = [",
        b"{ prefix = \"44\", price = \"0.05\" },",
        b"{ prefix = \"\", price = \"0.1\" },",
        b"]\n",
        b"9223372036854.775807",
        b"-",
    ],
    limit: 8_192,
    octets_base: 64 * 1024,
    octets_per_octet: 1_024,
};

/// Calls nobody: nothing here may call out.
struct Nobody;

impl Courier for Nobody {
    fn call(&self, _call: Call) -> BoxFuture<'_, Result<Answer, CourierError>> {
        panic!("reading a document calls nobody")
    }
}

fn no_secrets() -> Secrets {
    Arc::new(|_| Err("there are none here".to_owned()))
}

struct StandingClock;

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(1_795_000_000_000)
    }

    fn monotonic_us(&self) -> u64 {
        0
    }

    fn sleep(&self, _ms: u64) -> BoxFuture<'static, ()> {
        panic!("reading a document waits for nothing")
    }
}

/// The outcome of a text that is no document: what is wrong with it, without what stands there.
fn unread(error: &toml::de::Error) -> u64 {
    outcome(error.message().split(['`', '"', '\'']).next())
}

fn check_traffic(factory: &Factory, input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    let document: TrafficDocument = match toml::from_str(&text) {
        Ok(document) => document,
        Err(error) => return unread(&error),
    };
    same_again(&document);
    check_secrets(&document);
    let mut facts = BTreeMap::new();
    let mut checked = Vec::new();
    for (id, connector) in (1..).zip(&document.connector) {
        // A secret may stand in a file, and no file is read here.
        if connector.options.values().any(|value| value.to_string().contains("file:")) {
            continue;
        }
        let capabilities = factory.check(connector);
        checked.push(capabilities.is_ok());
        let Ok(capabilities) = capabilities else { continue };
        let fact = ConnectorFacts {
            id: ConnectorId(id),
            manner: capabilities.manner,
            addressing: capabilities.addressing,
            receipts: capabilities.receipts,
            comes_back_as: None,
        };
        facts.insert(connector.name.clone(), fact);
    }
    let compiled = TrafficTable::compile(1, &document, &facts);
    if let Ok(table) = &compiled {
        assert!(table.routes.len() == document.route.len(), "a route is lost");
        let number = Msisdn::parse("447911123456").expect("a number");
        assert!(table.network_of(number, Timestamp::EPOCH).is_none() || !document.network.is_empty());
    }
    checked.truncate(4);
    outcome((checked, compiled.is_ok(), roughly(document.route.len()), roughly(document.network.len())))
}

/// What is written is read as the same.
fn same_again(document: &TrafficDocument) {
    // An option may be a value that TOML cannot write, such as a null; those do not come from TOML either.
    let written = toml::to_string(document).expect("what was read can be written");
    let again: TrafficDocument = toml::from_str(&written).expect("what was written can be read");
    assert!(again == *document || written.contains("nan"), "it reads back as something else:\n{written}");
}

/// A person who may not see secrets is shown none, and keeps them by publishing what was shown.
fn check_secrets(document: &TrafficDocument) {
    let mut shown = without_secrets(document);
    for connector in &shown.connector {
        for (key, value) in &connector.options {
            assert!(!is_secret(key, value) || value.as_str() == Some(KEPT), "{key} is shown");
        }
    }
    let mut names: Vec<&str> = document.connector.iter().map(|connector| connector.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() == document.connector.len() {
        assert_eq!(restore_secrets(&mut shown, document), Ok(()));
        assert!(shown == *document || format!("{document:?}").contains("NaN"), "a secret is lost");
    }
}

fn check_profile(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    match toml::from_str::<Profile>(&text) {
        Ok(profile) => {
            let written = toml::to_string(&profile).expect("what was read can be written");
            assert_eq!(toml::from_str::<Profile>(&written).as_ref(), Ok(&profile));
            let found = decide::terms::lint::lint(&profile).len();
            outcome((profile.not_built().len(), found, format!("{:?}", profile.charging.trigger)))
        }
        Err(error) => unread(&error),
    }
}

fn check_prices(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    let books = match toml::from_str::<BTreeMap<String, Vec<PriceBook>>>(&text) {
        Ok(mut document) => document.remove("price_book").unwrap_or_default(),
        Err(error) => return unread(&error),
    };
    let compiled = decide::price::PriceTable::compile(1, &books);
    if let Ok(table) = &compiled {
        let number = Msisdn::parse("447911123456").expect("a number");
        for book in &books {
            assert!(table.has_book(&book.name));
            let quotes = [1, 2, u32::MAX].map(|parts| table.quote(&book.name, number, parts));
            if let [Some(one), Some(two), _] = quotes {
                assert!(
                    one.amount.micros >= 0 && two.amount.micros >= one.amount.micros,
                    "two parts cost less than one"
                );
            }
        }
    }
    outcome((
        compiled.is_ok(),
        roughly(books.len()),
        roughly(books.iter().map(|book| book.price.len()).sum()),
    ))
}
