//! Name resolution of the courier: the addresses that were judged are the ones that are connected to.
//!
//! The HTTP client connects to exactly what [`GuardedResolver`] hands over, so a name server that
//! gives another answer the second time gains nothing. Start at [`GuardedResolver`].

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ports::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::guard::refusal_of;

/// The most addresses of one name that are tried.
const ADDRESSES_MAX: usize = 16;

/// Turns names into addresses. The default asks the operating system.
pub trait NameLookup: Send + Sync {
    /// All addresses of a name.
    ///
    /// # Errors
    /// When the name is unknown or no name server answers.
    fn lookup(&self, name: &str) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>>;
}

/// Asks the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

impl NameLookup for SystemLookup {
    fn lookup(&self, name: &str) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
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

    use super::{ResolveError, judge};

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
