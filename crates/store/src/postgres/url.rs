//! The address of a database, as operators write it.
//!
//! `postgres://user:password@host:port/database?sslmode=…`, as other programmes take it. What is ours
//! is stricter: a connection that leaves the machine is encrypted unless the address says otherwise,
//! and where it is encrypted, the certificate and the name in it are checked. Start at
//! [`PostgresUrl::parse`].

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// How long making a connection may take, per host.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long a connection may be silent before the system asks whether the other side is there.
const SILENCE_LIMIT: Duration = Duration::from_secs(15);
/// How long octets may stay without being acknowledged.
const UNACKNOWLEDGED_LIMIT: Duration = Duration::from_secs(20);
/// What the server lists connections under, unless the address says otherwise.
const APPLICATION: &str = "chappe";

/// Whether and how the connection is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// Not at all.
    None,
    /// TLS, checked against the authorities that the machine trusts, or those in a PEM file.
    Checked(Option<String>),
}

/// What an installation whose database may lose commits is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// It is refused.
    Required,
    /// The operator knows.
    Relaxed,
}

/// The address of a database. It may hold a password: it prints without.
#[derive(Clone)]
pub struct PostgresUrl {
    pub(crate) config: Config,
    pub(crate) encryption: Encryption,
    pub(crate) durability: Durability,
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresUrl").field("encryption", &self.encryption).finish_non_exhaustive()
    }
}

/// Why an address of a database cannot be used. It names no part of the address but its words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It does not begin as one.
    #[error("the address of a database begins with postgres:// or postgresql://")]
    Scheme,
    /// It cannot be read; what is wrong, without its values.
    #[error("the address of the database cannot be read: {0}")]
    Form(String),
    /// A parameter has a value that is not known.
    #[error("{name} of the database's address must be one of: {known}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// What it may be.
        known: &'static str,
    },
    /// It names no database, user or host.
    #[error("the address of the database names no {0}")]
    Missing(&'static str),
}

impl PostgresUrl {
    /// Whether a value of the `store` option is the address of a database.
    pub fn looks_like(text: &str) -> bool {
        text.starts_with("postgres://") || text.starts_with("postgresql://")
    }

    /// The address as it is shown: without user, password and parameters.
    pub fn shown(&self) -> String {
        let host = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(folder) => folder.display().to_string(),
        });
        let address = self.config.get_hostaddrs().iter().map(ToString::to_string);
        let hosts: Vec<_> = host.chain(address).collect();
        format!("postgres://{}/{}", hosts.join(","), self.config.get_dbname().unwrap_or_default())
    }

    /// Reads an address.
    ///
    /// # Errors
    /// When it cannot be used; the error holds no value of it.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if !Self::looks_like(text) {
            return Err(UrlError::Scheme);
        }
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let mut mode = None;
        let mut root_file = None;
        let mut durability = Durability::Required;
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value),
                Some(("sslrootcert", value)) => root_file = Some(unescaped(value)?),
                Some(("durability", "relaxed")) => durability = Durability::Relaxed,
                Some(("durability", "required")) => durability = Durability::Required,
                Some(("durability", _)) => {
                    return Err(UrlError::Value { name: "durability", known: "required, relaxed" });
                }
                _ => rest.push(pair),
            }
        }
        let text = if rest.is_empty() { base.to_owned() } else { format!("{base}?{}", rest.join("&")) };
        let mut config = Config::from_str(&text).map_err(|error| UrlError::Form(reason(&error)))?;
        complete(&mut config)?;
        let encryption = encryption(mode, root_file, &config)?;
        let tls = if encryption == Encryption::None { SslMode::Disable } else { SslMode::Require };
        config.ssl_mode(tls);
        Ok(Self { config, encryption, durability })
    }
}

/// What is missing is filled in, or is an error.
fn complete(config: &mut Config) -> Result<(), UrlError> {
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(UrlError::Missing("host"));
    }
    if config.get_user().is_none() {
        return Err(UrlError::Missing("user"));
    }
    if config.get_dbname().is_none() {
        return Err(UrlError::Missing("database"));
    }
    if config.get_application_name().is_none() {
        config.application_name(APPLICATION);
    }
    // Of several hosts, only the one that takes writes is meant.
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    config.connect_timeout(CONNECT_LIMIT).keepalives_idle(SILENCE_LIMIT);
    config.tcp_user_timeout(UNACKNOWLEDGED_LIMIT);
    Ok(())
}

fn encryption(
    mode: Option<&str>,
    root_file: Option<String>,
    config: &Config,
) -> Result<Encryption, UrlError> {
    let is_here = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
    };
    let stays_here = config.get_hosts().iter().all(is_here)
        && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback);
    match mode {
        Some("disable") => Ok(Encryption::None),
        Some("require" | "verify-full") => Ok(Encryption::Checked(root_file)),
        None if stays_here && root_file.is_none() => Ok(Encryption::None),
        None => Ok(Encryption::Checked(root_file)),
        Some(_) => Err(UrlError::Value { name: "sslmode", known: "disable, require, verify-full" }),
    }
}

/// What the driver found wrong, which names parameters and never values.
fn reason(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// Takes back the percent signs of a value.
fn unescaped(value: &str) -> Result<String, UrlError> {
    let bad = || UrlError::Form("a percent sign is not followed by two hexadecimal digits".into());
    let mut octets = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(octet) = rest.next() {
        if octet != b'%' {
            octets.push(octet);
            continue;
        }
        let digits = [rest.next().ok_or_else(bad)?, rest.next().ok_or_else(bad)?];
        let text = std::str::from_utf8(&digits).map_err(|_| bad())?;
        octets.push(u8::from_str_radix(text, 16).map_err(|_| bad())?);
    }
    String::from_utf8(octets).map_err(|_| UrlError::Form("a value is not UTF-8".into()))
}

#[cfg(test)]
mod tests {
    use super::{Durability, Encryption, PostgresUrl, UrlError};

    #[test]
    fn addresses_are_read() {
        let checked = |file: Option<&str>| Encryption::Checked(file.map(str::to_owned));
        let cases = [
            ("postgres://me@localhost/chappe", Encryption::None),
            ("postgresql://me:secret@127.0.0.1:5433/chappe", Encryption::None),
            ("postgres://me@[::1]/chappe", Encryption::None),
            ("postgres:///chappe?host=/run/postgresql&user=me", Encryption::None),
            ("postgres://me@localhost/chappe?sslmode=require", checked(None)),
            ("postgres://me@db.example.com/chappe", checked(None)),
            ("postgres://me@localhost,db.example.com/chappe", checked(None)),
            ("postgres://me@db.example.com/chappe?sslmode=disable", Encryption::None),
            (
                "postgres://me@db/chappe?sslmode=verify-full&sslrootcert=/etc/a%20b.pem",
                checked(Some("/etc/a b.pem")),
            ),
        ];
        for (text, expected) in cases {
            let url = PostgresUrl::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(url.encryption, expected, "{text}");
            assert_eq!(
                (url.config.get_dbname(), url.config.get_user()),
                (Some("chappe"), Some("me")),
                "{text}"
            );
            assert_eq!(url.durability, Durability::Required);
        }
        let shown = PostgresUrl::parse("postgres://me:hush@a,b/chappe?sslmode=disable").unwrap().shown();
        assert_eq!(shown, "postgres://a,b/chappe");
        let relaxed = PostgresUrl::parse("postgres://me@localhost/chappe?durability=relaxed").unwrap();
        assert_eq!(relaxed.durability, Durability::Relaxed);
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_its_secrets() {
        let cases = [
            ("mysql://me:hush@localhost/chappe", "postgres://"),
            ("postgres://me:hush@localhost", "no database"),
            ("postgres://localhost/hush", "no user"),
            ("postgres://me:hush@localhost/chappe?sslmode=prefer", "sslmode"),
            ("postgres://me:hush@localhost/chappe?sslmode=verify-ca", "sslmode"),
            ("postgres://me:hush@localhost/chappe?durability=hush", "durability"),
            ("postgres://me:hush@localhost/chappe?sslrootcert=%zz", "percent"),
            ("postgres://me:hush@localhost/chappe?unknown=hush", "unknown"),
            ("postgres://me:hush@localhost:hush/chappe", "port"),
        ];
        for (text, word) in cases {
            let error = PostgresUrl::parse(text).unwrap_err();
            assert!(error.to_string().contains(word), "{text}: {error}");
            assert!(!format!("{error} {error:?}").contains("hush"), "{text}: {error}");
        }
        assert_eq!(PostgresUrl::parse("sqlite").unwrap_err(), UrlError::Scheme);
        let url = PostgresUrl::parse("postgres://me:hush@localhost/chappe").unwrap();
        assert!(!format!("{url:?}").contains("hush"));
    }
}
