//! Name resolution of the courier: the addresses that were judged are the ones that are connected to.
//!
//! The HTTP client connects to exactly what [`GuardedResolver`] hands over, so a name server that
//! gives another answer the second time gains nothing. Start at [`GuardedResolver`].

use std::error::Error;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use ports::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::guard::refusal_of;

/// The most addresses of one name that are tried.
const ADDRESSES_MAX: usize = 16;
/// Questions to the operating system at once; more wait within the time limit of their call. Each holds a thread
/// until the system gives up, however early its call has ended, and a stranger chooses the name server.
pub const LOOKUPS_MAX: usize = 64;

/// Turns names into addresses. The default asks the operating system.
pub trait NameLookup: Send + Sync {
    /// All addresses of a name.
    ///
    /// # Errors
    /// When the name is unknown or no name server answers.
    fn lookup(&self, name: &str) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>>;
}

/// Asks the operating system.
#[derive(Clone, Debug)]
pub struct SystemLookup {
    places: Arc<Semaphore>,
    ask: fn(&str) -> std::io::Result<Vec<IpAddr>>,
}

impl Default for SystemLookup {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(LOOKUPS_MAX)), ask: ask_system }
    }
}

fn ask_system(name: &str) -> std::io::Result<Vec<IpAddr>> {
    Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
}

impl NameLookup for SystemLookup {
    fn lookup(&self, name: &str) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        let (name, places, ask) = (name.to_owned(), Arc::clone(&self.places), self.ask);
        Box::pin(async move {
            let place = places.acquire_owned().await.map_err(std::io::Error::other)?;
            let asked = tokio::task::spawn_blocking(move || {
                let found = ask(&name);
                // Not before the thread is free again, even when nobody waits for the answer any more.
                drop(place);
                found
            });
            asked.await.map_err(std::io::Error::other)?
        })
    }
}

/// Why a name gave nothing to connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ResolveError {
    /// One of its addresses may not be called.
    #[error("the name leads to a {0}")]
    Forbidden(&'static str),
    /// It has no address.
    #[error("the name was not found")]
    NotFound,
}

/// Resolves names, and refuses those of which any address may not be called.
pub(crate) struct GuardedResolver {
    pub(crate) lookup: Arc<dyn NameLookup>,
    pub(crate) allow_private: bool,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = self.lookup.lookup(name.as_str());
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = lookup.await.map_err(|_| ResolveError::NotFound)?;
            judge(found, allow_private).map_err(|error| Box::new(error) as Box<dyn Error + Send + Sync>)
        })
    }
}

fn judge(found: Vec<IpAddr>, allow_private: bool) -> Result<Addrs, ResolveError> {
    if !allow_private && let Some(refusal) = found.iter().copied().find_map(refusal_of) {
        return Err(ResolveError::Forbidden(refusal));
    }
    if found.is_empty() {
        return Err(ResolveError::NotFound);
    }
    // Port 0 stands for the port of the URL.
    let addresses: Vec<_> = found.into_iter().take(ADDRESSES_MAX).map(|ip| SocketAddr::new(ip, 0)).collect();
    Ok(Box::new(addresses.into_iter()))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use std::sync::{Condvar, Mutex};
    use std::time::Duration;

    use super::{LOOKUPS_MAX, NameLookup, ResolveError, SystemLookup, judge};

    /// Whether the name server speaks, and the bell for when it does.
    static SPEAKS: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

    fn silent(_name: &str) -> std::io::Result<Vec<IpAddr>> {
        drop(SPEAKS.1.wait_while(SPEAKS.0.lock().unwrap(), |speaks| !*speaks));
        Ok(vec![IpAddr::from([8, 8, 8, 8])])
    }

    #[tokio::test]
    async fn slow_name_servers_hold_no_more_threads_than_allowed() {
        let lookup = SystemLookup { ask: silent, ..SystemLookup::default() };
        // Their callers give up, and the threads stay.
        for _ in 0..LOOKUPS_MAX {
            let asked = tokio::time::timeout(Duration::from_millis(1), lookup.lookup("slow.example")).await;
            assert!(asked.is_err());
        }
        assert_eq!(lookup.places.available_permits(), 0);
        let waiting = tokio::time::timeout(Duration::from_millis(1), lookup.lookup("next.example")).await;
        assert!(waiting.is_err());
        *SPEAKS.0.lock().unwrap() = true;
        SPEAKS.1.notify_all();
        assert_eq!(lookup.lookup("next.example").await.unwrap().len(), 1);
    }

    #[test]
    fn one_inner_address_spoils_the_name() {
        let cases: [(&[&str], bool, Result<usize, ResolveError>); 6] = [
            (&["8.8.8.8", "2606:4700::1111"], false, Ok(2)),
            (&["8.8.8.8", "10.0.0.1"], false, Err(ResolveError::Forbidden("private address"))),
            (&["::ffff:127.0.0.1"], false, Err(ResolveError::Forbidden("embedded address"))),
            (&["127.0.0.1"], true, Ok(1)),
            (&[], false, Err(ResolveError::NotFound)),
            (&[], true, Err(ResolveError::NotFound)),
        ];
        for (addresses, allow_private, expected) in cases {
            let found: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
            assert_eq!(judge(found, allow_private).map(Iterator::count), expected, "{addresses:?}");
        }
    }
}
