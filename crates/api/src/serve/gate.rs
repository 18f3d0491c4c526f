//! Who may have how many connections.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use app::place_of;

use super::HttpLimits;

/// Counts connections; cheap to clone.
#[derive(Clone)]
pub(super) struct Gate(Arc<Shared>);

struct Shared {
    total_max: usize,
    each_max: usize,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    total: usize,
    each: HashMap<IpAddr, usize>,
}

/// The right to one connection; given back when dropped.
pub(super) struct Pass {
    gate: Gate,
    place: IpAddr,
}

impl Gate {
    /// Counts against the limits of all connections and of those from one place.
    pub(super) fn new(limits: &HttpLimits) -> Self {
        Self(Arc::new(Shared {
            total_max: limits.connections_max,
            each_max: limits.connections_per_ip_max,
            counts: Mutex::default(),
        }))
    }

    /// Lets a connection in, or `None` when there are too many.
    pub(super) fn enter(&self, address: IpAddr) -> Option<Pass> {
        let place = place_of(address);
        let mut counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let here = counts.each.get(&place).copied().unwrap_or(0);
        if counts.total >= self.0.total_max || (self.0.each_max > 0 && here >= self.0.each_max) {
            return None;
        }
        counts.total += 1;
        counts.each.insert(place, here + 1);
        drop(counts);
        Some(Pass { gate: self.clone(), place })
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut counts = self.gate.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.total = counts.total.saturating_sub(1);
        match counts.each.get_mut(&self.place) {
            Some(here) if *here > 1 => *here -= 1,
            _ => {
                counts.each.remove(&self.place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Gate, HttpLimits};

    fn gate(connections_max: usize, connections_per_ip_max: usize) -> Gate {
        Gate::new(&HttpLimits { connections_max, connections_per_ip_max, ..HttpLimits::default() })
    }

    #[test]
    fn counts_each_place_and_the_total() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let gate = gate(4, 2);
        let first = gate.enter(address("192.0.2.1")).unwrap();
        let _second = gate.enter(address("::ffff:192.0.2.1")).unwrap();
        assert!(gate.enter(address("192.0.2.1")).is_none());
        let _third = gate.enter(address("2001:db8::1")).unwrap();
        let _fourth = gate.enter(address("2001:db8::ffff:1")).unwrap();
        assert!(gate.enter(address("2001:db8::2")).is_none());
        assert!(gate.enter(address("192.0.2.9")).is_none(), "the total is reached");
        drop(first);
        assert!(gate.enter(address("192.0.2.1")).is_some());
        assert_eq!(gate.0.counts.lock().unwrap().total, 3);
    }

    #[test]
    fn zero_lifts_the_limit_of_each_place() {
        let gate = gate(10_000, 0);
        let passes: Vec<_> = (0..1_000).map_while(|_| gate.enter("127.0.0.1".parse().unwrap())).collect();
        assert_eq!(passes.len(), 1_000);
        drop(passes);
        assert!(gate.0.counts.lock().unwrap().each.is_empty());
    }
}
