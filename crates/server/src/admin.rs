//! Administration: what the command line asks of an installation, over a socket in the data folder
//! that only its owner can open. Without a running server the same requests are carried out on the
//! opened data folder itself.
//!
//! One request and one answer per connection, each a line of JSON.

use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use app::Core;
use ports::clock::Clock;
use ports::sessions::SessionDesk;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use types::time::Timestamp;

use crate::config::Config;
use crate::demo::Bound;
use crate::folder;

mod contacts;
mod keys;
mod numbers;
mod perform;
mod quarantine;
mod senders;
mod sessions;
mod shapes;

pub(crate) use contacts::ContactsRequest;
pub(crate) use numbers::NumbersRequest;
pub(crate) use perform::perform;
pub(crate) use quarantine::QuarantineRequest;
pub(crate) use senders::SendersRequest;

/// The socket in the data folder.
const SOCKET_FILE: &str = "admin.sock";
/// What this program is.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Octets of the longest path that the system takes for a socket, with its end (`sun_path`, unix(7)).
const SOCKET_PATH_OCTETS_MAX: usize = 107;
/// Requests under way; more wait.
const REQUESTS_MAX: usize = 64;
/// How long a caller may take to write its request.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);
/// The pause after the system could accept nothing.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Octets of a request or an answer.
const LINE_OCTETS_MAX: u64 = 64 * 1024 * 1024;

/// What the command line may ask.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub(crate) enum Request {
    /// Submit a message for an account.
    Send { account: String, from: String, to: Vec<String>, text: String, dry_run: bool },
    /// List messages.
    Messages { account: Option<String>, state: Option<String>, to: Option<String>, limit: usize },
    /// Tell the story of a message.
    Explain { id: String },
    /// The balance and movements of an account.
    Balance { account: String },
    /// How connectors are doing.
    Connectors,
    /// The routes in force, as TOML.
    Routes { version: Option<u32> },
    /// Versions of the routes.
    RouteVersions,
    /// Make a document the newest version.
    RoutesImport { document: String, author: String, comment: String },
    /// Make an older version the newest.
    RoutesRollBack { version: u32, author: String },
    /// List accounts.
    Accounts,
    /// Make an account.
    AccountCreate {
        name: String,
        #[serde(default)]
        parent: Option<String>,
        price_book: Option<String>,
        #[serde(default)]
        region: Option<String>,
        #[serde(default)]
        allow_private_callbacks: bool,
    },
    /// Set what an account may do at once; what is absent stays, zero lifts.
    AccountLimits {
        account: String,
        rate: Option<u32>,
        window: Option<u32>,
        binds: Option<u32>,
        repeat_guard: Option<u32>,
    },
    /// Suspend an account, let it send again, or close it.
    AccountState { account: String, state: String },
    /// Move value from one account to another.
    Transfer { from: String, to: String, amount: String },
    /// Set where events are told, or nowhere without an address.
    AccountWebhook { account: String, url: Option<String>, kind: String },
    /// Tell events again that were given up, at one address or at all.
    AccountReplay { account: String, url: Option<String> },
    /// Grant value.
    TopUp { account: String, amount: String, source: String },
    /// Make an API key or an SMPP login.
    KeyCreate {
        account: String,
        smpp: bool,
        system_id: Option<String>,
        #[serde(default)]
        wishes: KeyWishes,
    },
    /// List the API keys of an account.
    Keys { account: String },
    /// Give an API key another secret.
    KeyRotate { account: String, key: String, overlap_s: u32 },
    /// End an API key.
    KeyRevoke { account: String, key: String },
    /// Make a user of an account, or staff.
    PersonCreate { account: Option<String>, email: String, role: String, password: String },
    /// Publish price books from TOML.
    PricesImport { document: String, author: String },
    /// Messages that wait for a person of the operator: list, show, let go on, give up.
    Quarantine(QuarantineRequest),
    /// Numbers to which phones write: list, import, assign, release.
    Numbers(NumbersRequest),
    /// Contacts and groups of an account: import, list.
    Contacts(ContactsRequest),
    /// Senders, templates and signatures that customers ask for: list, review.
    Senders(SendersRequest),
    /// SMPP sessions of customers.
    Sessions,
    /// Ask a session to take leave.
    SessionClose { number: u64 },
    /// What went over a session after a PDU; a reason shows numbers and texts.
    SessionTrace { number: u64, after: u64, who: String, reason: Option<String> },
    /// The same as a capture file.
    SessionCapture { number: u64, who: String, reason: Option<String> },
    /// Counts and proofs.
    Doctor,
}

/// What an API key shall be; what is empty is left open.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct KeyWishes {
    pub(crate) label: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) addresses: Vec<String>,
    pub(crate) expires_at: Option<String>,
}

/// What is answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    /// What was asked for.
    Done(Value),
    /// A refusal: its code and what was wrong.
    Refused {
        /// The stable code.
        code: String,
        /// What was wrong and what to do.
        detail: String,
        /// Seconds after which the same may be taken.
        #[serde(default)]
        retry_after_s: Option<u32>,
    },
}

/// What a request may need to know of the installation beside its core.
pub(crate) struct Place {
    /// The data folder.
    pub(crate) data: PathBuf,
    /// The configuration file, if one was named.
    pub(crate) config_file: Option<PathBuf>,
    /// Where the doors are; `None` when a command has opened the folder without a server.
    pub(crate) bound: Option<Bound>,
    /// Sessions of customers; `None` without a server.
    pub(crate) sessions: Option<Arc<dyn SessionDesk>>,
    /// The clock, and what it and the monotonic one said when the process began.
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) began: (Timestamp, u64),
}

impl Place {
    /// Of a running server.
    pub(crate) fn of_server(
        config: &Config,
        bound: Bound,
        sessions: Arc<dyn SessionDesk>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { bound: Some(bound), sessions: Some(sessions), ..Self::of_folder(config, clock) }
    }

    /// Of a folder that a command has opened.
    pub(crate) fn of_folder(config: &Config, clock: Arc<dyn Clock>) -> Self {
        Self {
            data: config.data.clone(),
            config_file: config.source.as_ref().map(|source| source.path.clone()),
            bound: None,
            sessions: None,
            began: (clock.now(), clock.monotonic_us()),
            clock,
        }
    }
}

/// The socket's address. The system takes short paths only; a folder with a long one is reached by way
/// of its open file, which is kept as long as the address is needed.
struct Address {
    path: PathBuf,
    _folder: Option<std::fs::File>,
}

impl Address {
    fn of(data: &Path) -> std::io::Result<Self> {
        let path = data.join(SOCKET_FILE);
        if path.as_os_str().len() <= SOCKET_PATH_OCTETS_MAX {
            return Ok(Self { path, _folder: None });
        }
        let folder = std::fs::File::open(data)?;
        let path = format!("/proc/self/fd/{}/{SOCKET_FILE}", folder.as_raw_fd()).into();
        Ok(Self { path, _folder: Some(folder) })
    }
}

/// Listens until the installation stops.
pub(crate) fn listen(
    core: Core,
    place: Arc<Place>,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<tokio::task::JoinHandle<()>> {
    let address = Address::of(&place.data).context("cannot look at the data folder")?;
    let path = place.data.join(SOCKET_FILE);
    // The lock on the data folder says that no other server uses it: a socket here is a leftover.
    drop(std::fs::remove_file(&path));
    let listener =
        UnixListener::bind(&address.path).with_context(|| format!("cannot listen at {}", path.display()))?;
    let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, owner_only).with_context(|| format!("cannot shut {}", path.display()))?;
    let room = Arc::new(Semaphore::new(REQUESTS_MAX));
    Ok(tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stopped.changed() => break,
            };
            let (Ok((stream, _)), Ok(permit)) = (accepted, Arc::clone(&room).acquire_owned().await) else {
                // Without a file descriptor to spare nothing can be accepted for a moment.
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let (core, place) = (core.clone(), Arc::clone(&place));
            tokio::spawn(async move {
                if let Err(error) = answer(stream, &core, &place).await {
                    tracing::debug!(%error, "an administration request was not answered");
                }
                drop(permit);
            });
        }
        drop(std::fs::remove_file(&path));
    }))
}

async fn answer(stream: UnixStream, core: &Core, place: &Place) -> anyhow::Result<()> {
    let user = stream.peer_cred()?.uid();
    anyhow::ensure!(folder::may_order(user), "user {user} may not give orders");
    let (reading, mut writing) = stream.into_split();
    let mut line = String::new();
    let read = BufReader::new(reading.take(LINE_OCTETS_MAX));
    tokio::pin!(read);
    tokio::time::timeout(REQUEST_LIMIT, read.read_line(&mut line)).await.context("no request came")??;
    let reply = match serde_json::from_str(&line) {
        Ok(request) => perform(core, place, request).await,
        // The program that asks may be newer or older than this one.
        Err(_) => Reply::Refused {
            code: types::refusal::RefusalCode::InvalidRequest.code().to_owned(),
            detail: format!(
                "the running server (version {VERSION}) does not know this request; restart it if it is older \
                 than this program (version {} asks)",
                asking_version(&line)
            ),
            retry_after_s: None,
        },
    };
    let mut text = serde_json::to_string(&reply)?;
    text.push('\n');
    writing.write_all(text.as_bytes()).await?;
    writing.shutdown().await?;
    Ok(())
}

/// The version of the program that asks, as it says itself.
fn asking_version(line: &str) -> String {
    let said: Option<serde_json::Value> = serde_json::from_str(line).ok();
    let version = said.as_ref().and_then(|said| said.get("asked_by")).and_then(serde_json::Value::as_str);
    version.unwrap_or("unknown").chars().filter(|letter| letter.is_ascii_graphic()).take(20).collect()
}

/// A request as it is written: with the version of who asks.
#[derive(Serialize)]
struct Asked<'a> {
    asked_by: &'static str,
    #[serde(flatten)]
    request: &'a Request,
}

/// Asks the running server of a data folder; `None` when none runs.
pub(crate) async fn ask(data: &Path, request: &Request) -> anyhow::Result<Option<Reply>> {
    let Ok(address) = Address::of(data) else { return Ok(None) };
    let stream = match UnixStream::connect(&address.path).await {
        Ok(stream) => stream,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            return Err(error).with_context(|| {
                format!("the server of {} belongs to another user of this machine", data.display())
            });
        }
        Err(_) => return Ok(None),
    };
    // Who has put a socket there is no server of ours unless the user is right.
    let user = stream.peer_cred()?.uid();
    anyhow::ensure!(
        folder::may_order(user) || folder::own_user() == 0,
        "the socket in {} belongs to another user of this machine ({user}); nothing was sent to it",
        data.display()
    );
    let (reading, mut writing) = stream.into_split();
    let mut text = serde_json::to_string(&Asked { asked_by: VERSION, request })?;
    text.push('\n');
    writing.write_all(text.as_bytes()).await.context("the server did not take the request")?;
    let mut line = String::new();
    BufReader::new(reading.take(LINE_OCTETS_MAX))
        .read_line(&mut line)
        .await
        .context("the server did not answer")?;
    anyhow::ensure!(!line.is_empty(), "the server ended without an answer; look whether it still runs");
    serde_json::from_str(&line).context("the server's answer cannot be read").map(Some)
}

#[cfg(test)]
mod tests {
    use super::{Address, Request, SOCKET_PATH_OCTETS_MAX, asking_version};

    #[test]
    fn a_folder_with_a_long_path_has_a_socket_too() {
        let folder = tempfile::tempdir().unwrap();
        let short = Address::of(folder.path()).unwrap();
        assert_eq!(short.path, folder.path().join("admin.sock"));
        let long = folder.path().join("a-name-of-its-own/".repeat(10));
        std::fs::create_dir_all(&long).unwrap();
        let address = Address::of(&long).unwrap();
        assert!(address.path.as_os_str().len() <= SOCKET_PATH_OCTETS_MAX, "{:?}", address.path);
        let listener = std::os::unix::net::UnixListener::bind(&address.path).unwrap();
        assert!(long.join("admin.sock").exists());
        drop(std::os::unix::net::UnixStream::connect(Address::of(&long).unwrap().path).unwrap());
        drop(listener);
    }

    #[test]
    fn requests_of_other_versions_are_told_apart() {
        let line =
            serde_json::to_string(&super::Asked { asked_by: "9.9.9", request: &Request::Doctor }).unwrap();
        assert_eq!(asking_version(&line), "9.9.9");
        assert!(matches!(serde_json::from_str(&line), Ok(Request::Doctor)), "{line}");
        let routes = Request::Routes { version: Some(3) };
        let line = serde_json::to_string(&super::Asked { asked_by: "9.9.9", request: &routes }).unwrap();
        assert!(matches!(serde_json::from_str(&line), Ok(Request::Routes { version: Some(3) })), "{line}");
        // The form of the first version, which did not say.
        assert!(matches!(serde_json::from_str("{\"request\":\"doctor\"}"), Ok(Request::Doctor)));
        for line in ["", "{}", "[1]", "{\"request\":\"from the future\",\"asked_by\":7}"] {
            assert_eq!(asking_version(line), "unknown", "{line}");
            assert!(serde_json::from_str::<Request>(line).is_err());
        }
    }
}
