//! The whole core on the parties of an isolation run, and the loop that lets time pass.
//!
//! What is shared costs time: there is one engine, and a cycle of it takes a commit and something for every
//! input; what it does outside shows when the cycle has ended, and what comes meanwhile waits. Calls,
//! windows and connections are those of the core itself, which is what is measured. Start at [`Stage::new`].

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use app::submission::{ReplySink, ReplyTo, Submission};
use app::{Core, NewAccount, Parts, Stepper};
use ports::clock::Clock;
use types::account::{Account, AccountLimits, EndpointKind};
use types::catalog::{Connector, OneOrMany, PrefixPrice, PriceBook, Route, Supplier, TrafficDocument};
use types::id::EndpointId;
use types::message::{Content, Door, Draft, ReportWish};
use types::money::{Money, Unit};
use types::profile::Profile;

use super::parties::{
    Deaths, Desk, Ground, Happening, KIND, Line, Lines, Listeners, TimeRenderer, address, connector_name,
};
use crate::chance::{Chance, SeededEntropy};
use crate::disk::{Disk, DiskReader};
use crate::faults::DiskStore;
use crate::listener::NoMail;
use crate::process::{Idle, OpenVault};

/// Microseconds of a cycle of the engine, for its commit: a sync of a quick disk.
const CYCLE_US: u64 = 1_500;
/// Microseconds for each input of a cycle, with its part of the batch.
const INPUT_US: u64 = 40;
/// How long the engine may be left alone, milliseconds.
const LEFT_ALONE_MS: i64 = 500;
/// Leading digits of the recipients of each carrier.
pub(super) const PREFIXES: [&str; 3] = ["4474", "4915", "3361"];

/// An account and where its events are told.
pub(super) struct Customer {
    pub(super) account: Arc<Account>,
    pub(super) endpoint: Option<EndpointId>,
}

/// A running house.
pub(super) struct Stage {
    pub(super) ground: Arc<Ground>,
    pub(super) customers: Vec<Customer>,
    pub(super) core: Core,
    lines: Arc<Lines>,
    desk: Arc<dyn ReplySink>,
    stepper: Stepper,
    busy_until_us: u64,
    idle: Arc<Idle>,
    runtime: tokio::runtime::Runtime,
}

/// One price for everybody, one route to each carrier.
fn documents() -> (Vec<PriceBook>, TrafficDocument) {
    let price = vec![PrefixPrice { prefix: String::new(), price: "0.05".into() }];
    let supplier = |carrier| Supplier::new(&connector_name(carrier), Unit::EUR);
    let route = |(carrier, prefix): (usize, &&str)| {
        let name = connector_name(carrier);
        Route { prefix: Some(OneOrMany::One((*prefix).to_owned())), ..Route::over(&name, &[name.as_str()]) }
    };
    let carriers = 0..PREFIXES.len();
    let document = TrafficDocument {
        supplier: carriers.clone().map(supplier).collect(),
        connector: carriers.map(|carrier| Connector::new(&connector_name(carrier), KIND)).collect(),
        route: PREFIXES.iter().enumerate().map(route).collect(),
        ..TrafficDocument::default()
    };
    (vec![PriceBook { name: "standard".into(), unit: Unit::EUR, price }], document)
}

impl Stage {
    /// A house with so many customers, each with a listener of its own.
    ///
    /// # Errors
    /// What could not be set up.
    pub(super) fn new(
        seed: u64,
        customers: usize,
        deaths: Deaths,
        profile: Profile,
    ) -> Result<Self, &'static str> {
        let mut chance = Chance::new(seed);
        let ground = Arc::new(Ground::new(deaths, chance.fork()));
        let idle = Arc::new(Idle::default());
        let arrives = Arc::clone(&idle);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .on_thread_park(move || arrives.arrive())
            .build()
            .map_err(|_| "a runtime")?;
        let disk = Arc::new(Mutex::new(Disk::default()));
        let handle = runtime.handle().clone();
        let lines =
            Arc::new(Lines { ground: Arc::clone(&ground), runtime: handle.clone(), open: Mutex::default() });
        let parts = Parts {
            store: Box::new(DiskStore::faultless(Arc::clone(&disk))),
            reader: Arc::new(DiskReader::of(disk)),
            vault: Arc::new(OpenVault),
            clock: Arc::new(ground.clock.clone()) as Arc<dyn Clock>,
            entropy: Arc::new(SeededEntropy::new(chance.fork())),
            factory: Arc::clone(&lines) as Arc<dyn ports::channel::ChannelFactory>,
            courier: Arc::new(Listeners(Arc::clone(&ground))),
            renderers: vec![Arc::new(TimeRenderer)],
            mailer: Arc::new(NoMail),
            runtime: handle,
            own_smpp: Vec::new(),
            instance_name: "chappe-isolation".into(),
            connects: true,
            profile: Some(profile),
        };
        let (core, stepper) = app::start_stepped(parts).map_err(|_| "the core")?;
        let desk = Arc::new(Desk(Arc::clone(&ground)));
        let mut stage = Self {
            ground,
            customers: Vec::new(),
            core,
            lines,
            desk,
            stepper,
            busy_until_us: 0,
            idle,
            runtime,
        };
        stage.furnish(customers)?;
        Ok(stage)
    }

    fn furnish(&mut self, customers: usize) -> Result<(), &'static str> {
        let (prices, traffic) = documents();
        let core = self.core.clone();
        self.ask(async move { core.change_prices(prices, "sim", "").await })?.map_err(|_| "the prices")?;
        let core = self.core.clone();
        self.ask(async move { core.change_traffic(traffic, "sim", "").await })?.map_err(|_| "the routes")?;
        for place in 0..customers {
            let limits = AccountLimits { rate_per_second: 0, window: 0, binds: 0, repeat_guard_s: 0 };
            let new = NewAccount {
                name: format!("account {place}"),
                parent: None,
                price_book: None,
                region: None,
                limits,
                allow_private_callbacks: false,
            };
            let core = self.core.clone();
            let account =
                self.ask(async move { core.create_account(new).await })?.map_err(|_| "an account")?;
            let (core, id) = (self.core.clone(), account.id);
            let url = address(place);
            let endpoint = self
                .ask(async move { core.set_default_webhook(id, EndpointKind::Webhook, Some(&url)).await })?
                .map_err(|_| "a webhook")?;
            let (core, amount) = (self.core.clone(), Money::new(1_000_000_000_000, Unit::EUR));
            self.ask(async move { core.top_up(id, amount, "sim").await })?.map_err(|_| "a top-up")?;
            self.customers.push(Customer { account, endpoint: endpoint.map(|view| view.id) });
        }
        for carrier in 0..PREFIXES.len() {
            self.line(carrier)?.comes_up();
        }
        Ok(())
    }

    fn line(&self, carrier: usize) -> Result<Arc<Line>, &'static str> {
        self.lines.line(carrier).ok_or("a line")
    }

    /// Does something with the core while time stands still.
    fn ask<T: Send + 'static>(
        &mut self,
        question: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, &'static str> {
        let answer: Arc<Mutex<Option<T>>> = Arc::default();
        let slot = Arc::clone(&answer);
        drop(self.runtime.spawn(async move {
            let value = question.await;
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        }));
        for _ in 0..100 {
            self.idle.run(&self.runtime);
            if let Some(value) = answer.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return Ok(value);
            }
            self.stepper.step().map_err(|_| "a turn of the engine")?;
        }
        Err("an answer of the core")
    }

    /// Hands in one message for a carrier.
    pub(super) fn submit(&self, token: u64, place: usize, carrier: usize, class: types::message::Class) {
        let Some(customer) = self.customers.get(place) else { return };
        let prefix = PREFIXES.get(carrier).copied().unwrap_or_default();
        let draft = Draft {
            source: types::address::Address::from_text("ACME"),
            destination: types::address::Address::from_text(&format!("+{prefix}{:08}", token % 100_000_000)),
            content: Content::Text(format!("message {token}")),
            class: Some(class),
            traffic_type: String::new(),
            expires_at: None,
            send_at: None,
            time: types::quiet::RecipientTime::default(),
            client_reference: None,
            report: ReportWish {
                endpoint: customer.endpoint,
                steps: true,
                failures_only: false,
                successes_only: false,
            },
        };
        let submission = Submission {
            account: customer.account.id,
            door: Door::Native,
            received_at: self.ground.clock.now(),
            idempotency: None,
            drafts: vec![draft],
            guard_repeats: false,
            replaces: Vec::new(),
        };
        self.ground.inputs.fetch_add(1, Ordering::Relaxed);
        self.core.submit(submission, ReplyTo::Sink(Arc::clone(&self.desk), token));
    }

    /// Lets time pass; `asked` does what customers want whenever one asks.
    ///
    /// # Errors
    /// When the engine stops.
    pub(super) fn run_until(
        &mut self,
        end_us: u64,
        mut asked: impl FnMut(&Self),
    ) -> Result<(), &'static str> {
        loop {
            self.idle.run(&self.runtime);
            let now_us = self.ground.clock.now_us();
            let due_ms = self.stepper.due_in_ms(LEFT_ALONE_MS);
            if now_us >= self.busy_until_us && due_ms == 0 {
                self.cycle(now_us)?;
                continue;
            }
            let engine_us = (now_us + due_ms * 1_000).max(self.busy_until_us);
            let others = [self.ground.next_us(), self.ground.clock.next_us()];
            let next_us = others.into_iter().flatten().min().unwrap_or(u64::MAX).min(engine_us);
            if next_us > end_us {
                self.ground.clock.advance_to(end_us);
                return Ok(());
            }
            self.ground.clock.advance_to(next_us);
            while let Some(happening) = self.ground.take_due() {
                self.happen(happening, &mut asked)?;
            }
        }
    }

    fn cycle(&mut self, now_us: u64) -> Result<(), &'static str> {
        let inputs = self.ground.inputs.swap(0, Ordering::Relaxed);
        self.busy_until_us = now_us + CYCLE_US + inputs * INPUT_US;
        self.ground.effect_us.store(self.busy_until_us, Ordering::Relaxed);
        self.stepper.step().map(|_| ()).map_err(|_| "the engine stopped")
    }

    fn happen(&self, happening: Happening, asked: &mut impl FnMut(&Self)) -> Result<(), &'static str> {
        match happening {
            Happening::Request => asked(self),
            Happening::Written(carrier, handed) => self.line(carrier)?.writes(handed),
            Happening::Answered(carrier, handed) => self.line(carrier)?.answered(handed),
            Happening::Told(carrier, handed) => self.line(carrier)?.told(&handed),
            Happening::Silent(carrier) => self.line(carrier)?.falls_silent(),
            Happening::Up(carrier) => self.line(carrier)?.comes_up(),
        }
        Ok(())
    }
}
