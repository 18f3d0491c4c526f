//! One process of the house: the whole core on simulated ports, stepped in one thread.
//!
//! Its tasks run on a runtime of their own that is polled until nothing moves any more. Start at
//! [`Process::start`].

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

use app::{BindHandle, Core, EngineError, Parts, Stepper, Turn};
use ports::channel::ChannelFactory;
use ports::clock::Clock;
use ports::courier::Courier;
use ports::entropy::Entropy;
use ports::vault::{DATA_KEY_OCTETS, Vault, VaultError};
use types::id::{AccountId, EndpointId};
use types::profile::Profile;

use crate::bind::SimBind;
use crate::chance::{Chance, SeededEntropy};
use crate::channel::SimFactory;
use crate::customer::Desk;
use crate::disk::DiskReader;
use crate::faults::{DiskStore, Faults, Witness};
use crate::ground::Ground;
use crate::listener::{NoMail, PlainRenderer, SimCourier};
use crate::plant::Plant;
use crate::vitals::Vitals;

/// Tells when a runtime has nothing left to do.
#[derive(Default)]
pub(crate) struct Idle {
    is_idle: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Idle {
    pub(crate) fn arrive(&self) {
        self.is_idle.store(true, Ordering::Relaxed);
        if let Some(waker) = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take() {
            waker.wake();
        }
    }

    /// Lets all tasks of the runtime that it was made for run until none can go on.
    pub(crate) fn run(&self, runtime: &tokio::runtime::Runtime) {
        self.is_idle.store(false, Ordering::Relaxed);
        runtime.block_on(std::future::poll_fn(|context| {
            if self.is_idle.load(Ordering::Relaxed) {
                return Poll::Ready(());
            }
            let waker = context.waker().clone();
            *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker);
            Poll::Pending
        }));
    }
}

/// A bind and the handle that keeps it attached.
struct Bound {
    bind: Arc<SimBind>,
    _handle: BindHandle,
}

/// A running process. Fields are dropped in this order.
pub(crate) struct Process {
    binds: BTreeMap<AccountId, Bound>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) factory: Arc<SimFactory>,
    stepper: Stepper,
    pub(crate) core: Core,
    pub(crate) vitals: Arc<Vitals>,
    ground: Arc<Ground>,
    idle: Arc<Idle>,
    runtime: tokio::runtime::Runtime,
}

/// What a process is started with.
pub(crate) struct Outfit {
    pub(crate) ground: Arc<Ground>,
    pub(crate) faults: Arc<Mutex<Faults>>,
    pub(crate) plant: Option<Plant>,
    pub(crate) chance: Chance,
    pub(crate) number: u64,
    pub(crate) profile: Option<Profile>,
}

/// Why a process did not start.
pub(crate) enum NotStarted {
    /// The runtime could not be made: the machine is out of something.
    Runtime(std::io::Error),
    /// The core said no.
    Core(EngineError),
}

impl Process {
    pub(crate) fn start(outfit: Outfit) -> Result<Self, NotStarted> {
        let Outfit { ground, faults, plant, chance, number, profile } = outfit;
        let idle = Arc::new(Idle::default());
        let arrives = Arc::clone(&idle);
        let oracle = Arc::clone(&ground.oracle);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .on_thread_park(move || arrives.arrive())
            // A second thread would answer when the machine likes, and not when the seed says.
            .on_thread_start(move || {
                let mut oracle = oracle.lock().unwrap_or_else(PoisonError::into_inner);
                oracle.broken("everything happens in one thread", "a task was put on another".to_owned());
            })
            .build()
            .map_err(NotStarted::Runtime)?;
        let vitals = Arc::new(Vitals::new(number));
        let handle = runtime.handle().clone();
        let factory = Arc::new(SimFactory::new(Arc::clone(&ground), Arc::clone(&vitals), handle.clone()));
        let witness =
            Witness { faults, vitals: Arc::clone(&vitals), oracle: Arc::clone(&ground.oracle), plant };
        let courier = SimCourier { ground: Arc::clone(&ground), vitals: Arc::clone(&vitals) };
        let parts = Parts {
            store: Box::new(DiskStore::open(Arc::clone(&ground.disk), witness)),
            reader: Arc::new(DiskReader::of(Arc::clone(&ground.disk))),
            vault: Arc::new(OpenVault),
            clock: Arc::clone(&ground.clock) as Arc<dyn Clock>,
            entropy: Arc::new(SeededEntropy::new(chance)) as Arc<dyn Entropy>,
            factory: Arc::clone(&factory) as Arc<dyn ChannelFactory>,
            courier: Arc::new(courier) as Arc<dyn Courier>,
            renderers: vec![Arc::new(PlainRenderer)],
            mailer: Arc::new(NoMail),
            runtime: handle,
            own_smpp: Vec::new(),
            instance_name: format!("chappe-sim-{number}"),
            connects: true,
            profile,
        };
        let (core, stepper) = app::start_stepped(parts).map_err(NotStarted::Core)?;
        let desk = Arc::new(Desk { ground: Arc::clone(&ground), vitals: Arc::clone(&vitals) });
        let binds = BTreeMap::new();
        Ok(Self { binds, desk, factory, stepper, core, vitals, ground, idle, runtime })
    }

    /// Lets all tasks run until none can go on.
    pub(crate) fn run_tasks(&self) {
        self.idle.run(&self.runtime);
    }

    /// Starts a task of the process.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(self.runtime.spawn(task));
    }

    /// Milliseconds until the engine has something to do.
    pub(crate) fn due_in_ms(&self, most: i64) -> u64 {
        self.stepper.due_in_ms(most)
    }

    /// One turn of the engine.
    pub(crate) fn step(&mut self) -> Result<Turn, EngineError> {
        self.stepper.step()
    }

    /// Does something with the core and waits for it, for the time before anything may go wrong.
    pub(crate) fn ask<T: Send + 'static>(
        &mut self,
        question: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let answer: Arc<Mutex<Option<T>>> = Arc::default();
        let slot = Arc::clone(&answer);
        self.spawn(async move {
            let value = question.await;
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        });
        for _ in 0..100 {
            self.run_tasks();
            if let Some(value) = answer.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return Some(value);
            }
            self.step().ok()?;
        }
        None
    }

    /// Attaches a bind of an account, or takes it away.
    pub(crate) fn switch_bind(&mut self, account: AccountId, endpoint: EndpointId, window: usize) {
        if let Some(bound) = self.binds.remove(&account) {
            let untold = bound.bind.close();
            drop(bound);
            self.core.report_done(untold);
            return;
        }
        self.attach_bind(account, endpoint, window);
    }

    /// Attaches a bind of an account, unless it has one.
    pub(crate) fn attach_bind(&mut self, account: AccountId, endpoint: EndpointId, window: usize) {
        if self.binds.contains_key(&account) {
            return;
        }
        let ground = Arc::clone(&self.ground);
        let bind = SimBind::new(ground, Arc::clone(&self.vitals), endpoint, window);
        let handle = self.core.attach_bind(account, Arc::clone(&bind) as Arc<dyn app::report::BindSink>);
        self.binds.insert(account, Bound { bind, _handle: handle });
        self.core.bind_ready(account);
    }
}

/// Keeps data keys as they are: nobody reads the simulated disk.
pub(crate) struct OpenVault;

impl Vault for OpenVault {
    fn wrap(&self, key: &[u8; DATA_KEY_OCTETS], _context: &[u8]) -> Result<Vec<u8>, VaultError> {
        Ok(key.to_vec())
    }

    fn unwrap(&self, wrapped: &[u8], _context: &[u8]) -> Result<[u8; DATA_KEY_OCTETS], VaultError> {
        wrapped.try_into().map_err(|_| VaultError::Foreign)
    }
}
