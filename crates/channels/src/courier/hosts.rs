//! The hosts that guarded calls go to: how many calls at once to each, and which of them keep connections.
//!
//! Strangers choose these hosts, a new one for every message if they like. Without a limit each would leave an idle
//! connection behind. Start at [`Hosts::place`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Url;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Guarded calls under way at once to one host and port, so that one slow receiver cannot take all.
pub const GUARDED_CALLS_PER_HOST_MAX: usize = 32;
/// Hosts and ports whose connections are kept for the next call. Those of others are closed after their call, until
/// one of these has been quiet.
pub const HOSTS_KEPT_MAX: usize = 128;
/// Hosts that are remembered before quiet ones are forgotten.
const HOSTS_COUNTED_MAX: usize = 1_024;

struct Host {
    places: Arc<Semaphore>,
    used_at: Instant,
    keeps_connection: bool,
}

/// A place for one call.
pub(super) struct Place {
    /// Whether its connection is kept.
    pub(super) keeps_connection: bool,
    _permit: OwnedSemaphorePermit,
}

/// The hosts that were called lately.
pub(super) struct Hosts {
    hosts: Mutex<HashMap<String, Host>>,
    idle_timeout: Duration,
}

impl Hosts {
    /// No hosts yet; connections are idle so long.
    pub(super) fn new(idle_timeout: Duration) -> Self {
        Self { hosts: Mutex::default(), idle_timeout }
    }

    /// Waits for a place among the calls to the host of an address.
    pub(super) async fn place(&self, url: &Url) -> Option<Place> {
        let key = format!("{}:{}", url.host_str().unwrap_or(""), url.port_or_known_default().unwrap_or(0));
        let (places, keeps_connection) = self.enter(key, Instant::now());
        Some(Place { keeps_connection, _permit: places.acquire_owned().await.ok()? })
    }

    fn enter(&self, key: String, now: Instant) -> (Arc<Semaphore>, bool) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let is_quiet = |host: &Host| {
            let is_idle = host.places.available_permits() >= GUARDED_CALLS_PER_HOST_MAX;
            is_idle && now.duration_since(host.used_at) >= self.idle_timeout
        };
        if hosts.len() >= HOSTS_COUNTED_MAX {
            hosts.retain(|_, host| {
                host.places.available_permits() < GUARDED_CALLS_PER_HOST_MAX
                    || host.keeps_connection && !is_quiet(host)
            });
        }
        let kept = hosts.values().filter(|host| host.keeps_connection && !is_quiet(host)).count();
        let host = hosts.entry(key).or_insert_with(|| Host {
            places: Arc::new(Semaphore::new(GUARDED_CALLS_PER_HOST_MAX)),
            used_at: now,
            keeps_connection: false,
        });
        let had_place = host.keeps_connection && !is_quiet(host);
        host.keeps_connection = had_place || kept < HOSTS_KEPT_MAX;
        host.used_at = now;
        (Arc::clone(&host.places), host.keeps_connection)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{HOSTS_COUNTED_MAX, HOSTS_KEPT_MAX, Hosts};

    #[test]
    fn strangers_keep_a_limited_number_of_connections() {
        let hosts = Hosts::new(Duration::from_secs(30));
        let begin = Instant::now();
        let enter = |number: usize, now| hosts.enter(format!("{number}.example:443"), now).1;
        let kept = (0..10 * HOSTS_COUNTED_MAX).filter(|number| enter(*number, begin)).count();
        assert_eq!(kept, HOSTS_KEPT_MAX);
        assert!(hosts.hosts.lock().unwrap().len() <= HOSTS_COUNTED_MAX);
        assert!(enter(0, begin) && !enter(HOSTS_KEPT_MAX, begin), "who has a place keeps it");
        let later = begin + Duration::from_secs(30);
        assert!(enter(HOSTS_KEPT_MAX, later), "the others have been quiet");
    }
}
