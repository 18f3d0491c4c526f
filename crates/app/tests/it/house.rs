//! A house for tests: the whole shell on a SQLite store in a folder of its own, with a clock that
//! stands still until it is moved, channels that record, and a courier that answers as told.
//!
//! It has no network and no carrier. Start at [`House::new`]; what a test does with it is in `drive`, what
//! stands around it in `fakes`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use app::{Core, EngineThread, NewAccount, Parts};
use fakes::{Counter, Factory, Failing, NoMail, Orders, Plain, Script, TestClock};
use ports::channel::ChannelFactory;
use ports::clock::Clock;
use ports::courier::Courier;
use ports::entropy::Entropy;
use types::account::{Account, AccountLimits, EndpointKind};
use types::catalog::{Connector, PrefixPrice, PriceBook, Route, Supplier, TrafficDocument};
use types::money::{Money, Unit};
use types::profile::{Profile, TriggerKey};

mod drive;
pub(crate) mod fakes;

/// Sunday, 22 November 2026, noon.
pub(crate) const NOON_MS: i64 = 1_795_348_800_000;

pub(crate) struct House {
    pub(crate) core: Core,
    engine: Option<EngineThread>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) factory: Arc<Factory>,
    pub(crate) courier: Arc<Script>,
    pub(crate) store_fails: Arc<AtomicBool>,
    pub(crate) store_is_away: Arc<AtomicBool>,
    pub(crate) store_orders: Arc<Orders>,
    folder: Arc<tempfile::TempDir>,
}

/// A route over connectors in their order.
pub(crate) fn route(legs: &[&str]) -> Route {
    Route::over("default", legs)
}

pub(crate) fn traffic(route: Route) -> TrafficDocument {
    let connector = |name: &str| Connector::new(name, "fake");
    let supplier = |name: &str, price: &str| Supplier {
        rate: vec![PrefixPrice { prefix: String::new(), price: price.into() }],
        ..Supplier::new(name, Unit::EUR)
    };
    TrafficDocument {
        supplier: vec![supplier("a", "0.01"), supplier("b", "0.02")],
        connector: vec![connector("a"), connector("b")],
        route: vec![route],
        ..TrafficDocument::default()
    }
}

/// An account of the operator's own.
pub(crate) fn new_account(name: &str, limits: AccountLimits) -> NewAccount {
    NewAccount {
        name: name.into(),
        parent: None,
        price_book: None,
        region: None,
        limits,
        allow_private_callbacks: false,
    }
}

impl House {
    /// A house with an account `acme` that has 10.00 EUR, a price of 0.05 EUR a part, and
    /// connectors `a` and `b` that are up with room for 1,000 messages each.
    pub(crate) async fn new(route: Route) -> Self {
        Self::with_profile(route, Profile::default()).await
    }

    pub(crate) async fn with_trigger(route: Route, trigger: TriggerKey) -> Self {
        let mut profile = Profile::default();
        profile.charging.trigger = trigger;
        Self::with_profile(route, profile).await
    }

    pub(crate) async fn with_profile(route: Route, profile: Profile) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let clock =
            Arc::new(TestClock { now_ms: AtomicI64::new(NOON_MS), moved: tokio::sync::Notify::new() });
        let house = Self::open(folder, clock, Some(profile));
        let price = vec![PrefixPrice { prefix: String::new(), price: "0.05".into() }];
        let book = PriceBook { name: "standard".into(), unit: Unit::EUR, price };
        house.core.change_prices(vec![book], "test", "").await.unwrap();
        house.core.change_traffic(traffic(route), "test", "").await.unwrap();
        let limits = AccountLimits { rate_per_second: 0, window: 0, binds: 0, repeat_guard_s: 3 };
        let account = house.core.create_account(new_account("acme", limits)).await.unwrap();
        house.core.top_up(account.id, Money::parse("10.00 EUR").unwrap(), "test").await.unwrap();
        house.up("a").await;
        house.up("b").await;
        house
    }

    fn open(folder: Arc<tempfile::TempDir>, clock: Arc<TestClock>, profile: Option<Profile>) -> Self {
        let data: &Path = folder.path();
        let (sqlite, reader) = store::open_sqlite(data).unwrap();
        // The start of the count differs from start to start, as real chance does.
        let entropy: Arc<dyn Entropy> = Arc::new(Counter(AtomicU64::new(
            u64::try_from(clock.now_ms.load(Ordering::SeqCst)).unwrap() ^ u64::from(std::process::id()),
        )));
        let vault = store::FileVault::open(data, Arc::clone(&entropy)).unwrap();
        let store_fails = Arc::new(AtomicBool::new(false));
        let store_is_away = Arc::new(AtomicBool::new(false));
        let store_orders = Arc::new(Orders::default());
        let factory = Arc::new(Factory::default());
        let courier = Arc::new(Script::default());
        let parts = Parts {
            store: Box::new(Failing {
                inner: sqlite,
                fails: Arc::clone(&store_fails),
                is_away: Arc::clone(&store_is_away),
                orders: Arc::clone(&store_orders),
            }),
            reader,
            vault: Arc::new(vault),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy,
            factory: Arc::clone(&factory) as Arc<dyn ChannelFactory>,
            courier: Arc::clone(&courier) as Arc<dyn Courier>,
            renderers: vec![Arc::new(Plain(EndpointKind::Webhook)), Arc::new(Plain(EndpointKind::Paasoo))],
            mailer: Arc::new(NoMail),
            runtime: tokio::runtime::Handle::current(),
            own_smpp: Vec::new(),
            instance_name: "chappe-test".into(),
            connects: true,
            profile,
        };
        let (core, engine) = app::start(parts).unwrap();
        Self {
            core,
            engine: Some(engine),
            clock,
            factory,
            courier,
            store_fails,
            store_is_away,
            store_orders,
            folder,
        }
    }

    /// Stops the engine as a crash would: nothing more is written; then opens the folder again.
    pub(crate) async fn restart(self) -> Self {
        self.restart_after(|_| {}).await
    }

    /// As [`House::restart`], and writes something into the store in between.
    pub(crate) async fn restart_after(mut self, write: impl FnOnce(&mut store::SqliteStore)) -> Self {
        let engine = self.engine.take().unwrap();
        tokio::task::spawn_blocking(move || engine.stop()).await.unwrap().unwrap();
        let (folder, clock) = (Arc::clone(&self.folder), Arc::clone(&self.clock));
        drop(self);
        write(&mut store::open_sqlite(folder.path()).unwrap().0);
        clock.advance(1_000);
        let house = Self::open(folder, clock, None);
        house.up("a").await;
        house.up("b").await;
        house
    }

    /// Waits until the engine has stopped by itself.
    pub(crate) async fn engine_stops(&self) {
        while self.engine.as_ref().is_some_and(EngineThread::is_running) {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn account(&self) -> Arc<Account> {
        self.core.account_by_name("acme").unwrap()
    }

    /// Lets the engine work off everything that waits and is due.
    pub(crate) async fn settle(&self) {
        for _ in 0..3 {
            self.core.ready().await.unwrap();
        }
    }

    pub(crate) async fn advance(&self, ms: i64) {
        self.clock.advance(ms);
        self.settle().await;
    }

    pub(crate) fn clock_ms(&self) -> i64 {
        self.clock.now().as_ms()
    }

    /// Waits for something that another task does.
    pub(crate) async fn until(&self, met: impl Fn() -> bool) {
        let wait = async {
            while !met() {
                self.settle().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), wait).await.expect("it did not come");
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.take() {
            drop(engine.stop());
        }
    }
}
