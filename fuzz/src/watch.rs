//! Notices an input that never ends: it cannot be interrupted, so the process stops and names it.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

/// How often it looks. An input that is seen at twenty looks in a row hangs.
const LOOK: Duration = Duration::from_secs(1);
const LOOKS_MAX: u32 = 20;

#[derive(Default)]
struct Running {
    input: Vec<u8>,
    is_running: bool,
    looks: u32,
}

/// Watches the inputs of one engine.
pub(crate) struct Watch {
    running: Arc<Mutex<Running>>,
}

impl Watch {
    /// Begins to watch; it ends when the value is dropped.
    pub(crate) fn start(target: &'static str) -> Self {
        let running = Arc::new(Mutex::new(Running::default()));
        let watched = Arc::downgrade(&running);
        thread::spawn(move || look_on(target, &watched));
        Self { running }
    }

    /// An input begins.
    pub(crate) fn begin(&self, input: &[u8]) {
        let mut running = lock(&self.running);
        running.input.clear();
        running.input.extend_from_slice(input);
        running.is_running = true;
        running.looks = 0;
    }

    /// It has ended.
    pub(crate) fn end(&self) {
        lock(&self.running).is_running = false;
    }
}

fn lock(running: &Mutex<Running>) -> MutexGuard<'_, Running> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::print_stdout, reason = "nobody else can tell which input hangs")]
fn look_on(target: &str, watched: &Weak<Mutex<Running>>) {
    loop {
        thread::sleep(LOOK);
        let Some(running) = watched.upgrade() else { return };
        let mut running = lock(&running);
        running.looks = if running.is_running { running.looks + 1 } else { 0 };
        if running.looks >= LOOKS_MAX {
            let mut hex = String::new();
            for octet in &running.input {
                write!(hex, "{octet:02x}").unwrap_or_default();
            }
            println!("{target:<12} HANGS on this input; keep it as a .hex file of the corpus:\n{hex}");
            std::process::abort();
        }
    }
}
