//! Administration: what the command line asks of an installation, over a socket in the data folder
//! that only its owner can open. Without a running server the same requests are carried out on the
//! opened data folder itself.
//!
//! One request and one answer per connection, each a line of JSON.

use std::path::{Path, PathBuf};

use anyhow::Context;
use app::Core;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

mod perform;
mod shapes;

pub(crate) use perform::perform;

/// The socket in the data folder.
const SOCKET_FILE: &str = "admin.sock";
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
    /// Set where events are told, or nowhere without an address.
    AccountWebhook { account: String, url: Option<String>, kind: String },
    /// Grant value.
    TopUp { account: String, amount: String, source: String },
    /// Make an API key or an SMPP login.
    KeyCreate { account: String, smpp: bool, system_id: Option<String> },
    /// Make a user of an account, or staff.
    PersonCreate { account: Option<String>, email: String, role: String, password: String },
    /// Publish price books from TOML.
    PricesImport { document: String, author: String },
    /// Counts and proofs.
    Doctor,
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
    },
}

/// Listens until the installation stops.
pub(crate) fn listen(
    data: &Path,
    core: Core,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<tokio::task::JoinHandle<()>> {
    let path = data.join(SOCKET_FILE);
    // The lock on the data folder says that no other server uses it: a socket here is a leftover.
    drop(std::fs::remove_file(&path));
    let listener =
        UnixListener::bind(&path).with_context(|| format!("cannot listen at {}", path.display()))?;
    Ok(tokio::spawn(async move {
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let Ok((stream, _)) = accepted else { continue };
                    let core = core.clone();
                    tokio::spawn(async move {
                        if let Err(error) = answer(stream, &core).await {
                            tracing::debug!(%error, "an administration request was not answered");
                        }
                    });
                }
                _ = stopped.changed() => break,
            }
        }
        drop(std::fs::remove_file(&path));
    }))
}

async fn answer(stream: UnixStream, core: &Core) -> anyhow::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut line = String::new();
    BufReader::new(reading.take(LINE_OCTETS_MAX)).read_line(&mut line).await?;
    let request: Request = serde_json::from_str(&line)?;
    let reply = perform(core, request).await;
    let mut text = serde_json::to_string(&reply)?;
    text.push('\n');
    writing.write_all(text.as_bytes()).await?;
    writing.shutdown().await?;
    Ok(())
}

/// Asks the running server of a data folder; `None` when none runs.
pub(crate) async fn ask(data: &Path, request: &Request) -> anyhow::Result<Option<Reply>> {
    let path: PathBuf = data.join(SOCKET_FILE);
    let Ok(stream) = UnixStream::connect(&path).await else { return Ok(None) };
    let (reading, mut writing) = stream.into_split();
    let mut text = serde_json::to_string(request)?;
    text.push('\n');
    writing.write_all(text.as_bytes()).await.context("the server did not take the request")?;
    let mut line = String::new();
    BufReader::new(reading.take(LINE_OCTETS_MAX))
        .read_line(&mut line)
        .await
        .context("the server did not answer")?;
    serde_json::from_str(&line).context("the server's answer cannot be read").map(Some)
}
