//! The conformance suite of stores, on the simulated disk.

use std::sync::{Arc, Mutex};

use ports::conformance::store::{Subject, run};
use ports::store::{Reader, Store};

use super::{Disk, DiskReader};
use crate::faults::DiskStore;

struct Simulated(Arc<Mutex<Disk>>);

impl Subject for Simulated {
    fn open(&mut self) -> (Box<dyn Store>, Arc<dyn Reader>) {
        let reader = DiskReader::of(Arc::clone(&self.0));
        (Box::new(DiskStore::faultless(Arc::clone(&self.0))), Arc::new(reader))
    }
}

#[test]
fn keeps_the_contract() {
    run(&mut || Box::new(Simulated(Arc::default())));
}
