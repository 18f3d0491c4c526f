//! The command line: what can be typed, and help that teaches.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use ports::clock::Clock as _;
use types::resource::ResourceKind;

use crate::admin::{self, Place, Reply, Request};
use crate::config::{self, Config, Options};
use crate::host::SystemClock;
use crate::serve::{self, Mode};
use people::{Staff, Users};

mod accounts;
mod archive;
mod ask;
mod bulk;
mod contacts;
mod copies;
mod keys;
mod lives;
mod numbers;
mod people;
mod profile;
mod quarantine;
mod rules;
mod senders;
mod sessions;
mod show;
mod simulate;
mod terms;
#[cfg(test)]
mod tests;

/// Self-hosted communications platform: SMS by HTTP, SMPP and a web console.
///
/// Without a command, Chappe starts as a whole with a simulated carrier, phones and a funded demo
/// account, and prints what to open and a line that sends the first SMS.
#[derive(Parser, Debug)]
#[command(name = "chappe", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    options: Options,
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run for real: no demo account, and no simulated parties unless the file names them.
    #[command(
        after_help = "Example:\n  chappe serve --config /etc/chappe/chappe.toml\n\nThen make the first account:\n  chappe accounts create acme\n  chappe accounts top-up acme '100.00 EUR'\n  chappe keys create acme"
    )]
    Serve,
    /// Send a message and tell its id.
    #[command(
        after_help = "Example:\n  chappe send --from Chappe --to +447400123456 'Hello'\n\nRecipients of the sandbox choose their fate by their last four digits: 0001 cannot be reached, \n0004 sends no receipt ever; `chappe send --dry-run` tells price and parts only."
    )]
    Send {
        /// Whose message it is.
        #[arg(long, default_value = "demo")]
        account: String,
        /// The sender: a number or up to 11 letters.
        #[arg(long, default_value = "Chappe")]
        from: String,
        /// A recipient in international form; may stand several times.
        #[arg(long, required_unless_present = "to_file")]
        to: Vec<String>,
        /// A file with one recipient a line; a progress bar tells how far it is.
        #[arg(long, value_name = "FILE", conflicts_with = "to")]
        to_file: Option<PathBuf>,
        /// Only tell price and parts.
        #[arg(long)]
        dry_run: bool,
        /// The text; `-` reads it from standard input, where no other user of the machine sees it.
        text: String,
    },
    /// List messages, newest first.
    Messages {
        /// Of this account only.
        #[arg(long)]
        account: Option<String>,
        /// In this state only, e.g. delivered.
        #[arg(long)]
        state: Option<String>,
        /// To this number only.
        #[arg(long)]
        to: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// Why a message was priced, routed, charged and ended as it did.
    Explain {
        /// The id, in any notation.
        id: String,
    },
    /// What an account has and what moved it.
    Balance {
        /// The account.
        #[arg(default_value = "demo")]
        account: String,
    },
    /// Connectors and how they are doing.
    Connectors,
    /// Routes: show, publish, list versions, go back.
    Routes {
        #[command(subcommand)]
        action: Option<Routes>,
    },
    /// Price books: publish.
    Prices {
        #[command(subcommand)]
        action: Prices,
    },
    /// Accounts: list, create, limit, top up, move value, suspend, close, set a webhook, tell events again.
    Accounts {
        #[command(subcommand)]
        action: Option<accounts::Accounts>,
    },
    /// API keys and SMPP logins of an account.
    Keys {
        #[command(subcommand)]
        action: keys::Keys,
    },
    /// People who sign in for an account.
    Users {
        #[command(subcommand)]
        action: Users,
    },
    /// People of the operator.
    Staff {
        #[command(subcommand)]
        action: Staff,
    },
    /// Messages that wait for a person: list, show, release, fail.
    Quarantine {
        #[command(subcommand)]
        action: quarantine::Action,
    },
    /// Numbers to which phones write: list, import, assign to accounts, release.
    Numbers {
        #[command(subcommand)]
        action: numbers::Action,
    },
    /// Contacts of an account and their groups: import, list groups.
    #[command(subcommand)]
    Contacts(contacts::Action),
    /// Senders that customers ask for: list, approve, reject, revoke.
    #[command(subcommand)]
    Senders(senders::Action),
    /// Templates that customers submit: list, approve, reject, revoke.
    #[command(subcommand)]
    Templates(senders::Action),
    /// Signatures that customers ask for: list, approve, reject, revoke.
    #[command(subcommand)]
    Signatures(senders::Action),
    #[command(flatten)]
    Terms(terms::Terms),
    /// SMPP sessions of customers: list, close, look at what goes over one.
    Sessions {
        #[command(subcommand)]
        action: Option<sessions::Sessions>,
    },
    /// Print the OpenAPI document of the HTTP API; it needs no platform.
    #[command(after_help = "Example:\n  chappe openapi --url https://sms.example.com")]
    Openapi {
        /// The address under which customers reach the platform; without it the document names none.
        #[arg(long, default_value = "")]
        url: String,
    },
    /// Print the page of every address of every dialect, as Markdown; it needs no platform.
    #[command(hide = true)]
    Dialects,
    /// Look whether everything is well, and say what to do when it is not.
    Doctor,
    /// Copy everything into one file, also while the platform runs; or look whether such a file is whole.
    Backup(copies::Backup),
    /// Bring a backup back into an empty place.
    Restore(copies::Restore),
    /// The archive of whole days: what is in it, archive now, check every block, unpack it.
    Archive {
        #[command(subcommand)]
        action: archive::Action,
    },
    /// Move an installation that does not run from SQLite to PostgreSQL, or back.
    MigrateStore(copies::MigrateStore),
}

#[derive(Subcommand, Debug)]
enum Routes {
    /// Show the document in force, or one version.
    Show {
        /// The version.
        #[arg(long)]
        version: Option<u32>,
    },
    /// Check a TOML file of suppliers, connectors, routes and networks, and make it the newest version.
    Import {
        /// The file.
        file: PathBuf,
        /// What for.
        #[arg(long, default_value = "")]
        comment: String,
    },
    /// List versions.
    Versions,
    /// Make an older version the newest again.
    Rollback {
        /// The version.
        version: u32,
    },
}

#[derive(Subcommand, Debug)]
enum Prices {
    /// Check a TOML file of `[[price_book]]` and make it the newest version.
    Import {
        /// The file.
        file: PathBuf,
    },
}

/// Parses and runs; the exit code is 0, or 1 after a refusal or failure that was printed.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    drop(rustls::crypto::ring::default_provider().install_default());
    start_log(cli.json);
    crate::crash::tell_places_only();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("chappe: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    if let Some(Command::Terms(command)) = &cli.command {
        return command.run(SystemClock::new().now(), cli.json);
    }
    if let Some(Command::Openapi { url }) = &cli.command {
        say(&format!("{}\n", api::openapi_document(url.trim_end_matches('/'))));
        return Ok(());
    }
    if let Some(Command::Dialects) = &cli.command {
        say(&api::dialects_page());
        return Ok(());
    }
    let config = config::load(&cli.options)?;
    if let Some(Command::Archive { action }) = &cli.command {
        return archive::run(&config, action, cli.json);
    }
    if let Some(command) = &cli.command
        && let Some(done) = copies::run(&config, command, cli.json)
    {
        return done;
    }
    runtime()?.block_on(async {
        let request = match cli.command {
            None => return serve::run(config, Mode::Demo).await,
            Some(Command::Serve) => return serve::run(config, Mode::Production).await,
            Some(Command::Send { account, from, to_file: Some(file), dry_run, text, .. }) => {
                let text = bulk::Text { account, from, text: ask::text(text)?, dry_run };
                let value = bulk::send(&config, &text, &file).await?;
                say(&if cli.json {
                    format!("{}\n", serde_json::to_string_pretty(&value)?)
                } else {
                    show::bulk(&value)
                });
                anyhow::ensure!(value.get("stopped").is_none(), "not everything was sent");
                return Ok(());
            }
            Some(Command::Sessions { action }) => return sessions::run(&config, action, cli.json).await,
            Some(command) => request_of(command)?,
        };
        let reply = ask_or_open(&config, request.clone()).await?;
        finish(&request, reply, cli.json)
    })
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).max(2);
    tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()
}

fn request_of(command: Command) -> anyhow::Result<Request> {
    Ok(match command {
        Command::Serve
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::MigrateStore(_)
        | Command::Archive { .. }
        | Command::Terms(_)
        | Command::Openapi { .. }
        | Command::Dialects
        | Command::Sessions { .. } => {
            anyhow::bail!("this is no request")
        }
        Command::Send { account, from, to, dry_run, text, .. } => {
            Request::Send { account, from, to, text: ask::text(text)?, dry_run }
        }

        Command::Messages { account, state, to, limit } => Request::Messages { account, state, to, limit },
        Command::Explain { id } => Request::Explain { id },
        Command::Balance { account } => Request::Balance { account },
        Command::Connectors => Request::Connectors,
        Command::Routes { action } => match action {
            None => Request::Routes { version: None },
            Some(Routes::Show { version }) => Request::Routes { version },
            Some(Routes::Import { file, comment }) => {
                Request::RoutesImport { document: read(&file)?, author: author(), comment }
            }
            Some(Routes::Versions) => Request::RouteVersions,
            Some(Routes::Rollback { version }) => Request::RoutesRollBack { version, author: author() },
        },
        Command::Prices { action: Prices::Import { file } } => {
            Request::PricesImport { document: read(&file)?, author: author() }
        }
        Command::Accounts { action } => accounts::request(action),
        Command::Keys { action } => keys::request(action),
        Command::Users { action: Users::Create { account, email, role } } => {
            Request::PersonCreate { account: Some(account), email, role, password: ask::password()? }
        }
        Command::Staff { action: Staff::Create { email, role } } => {
            Request::PersonCreate { account: None, email, role, password: ask::password()? }
        }
        Command::Quarantine { action } => Request::Quarantine(action.request()?),
        Command::Numbers { action } => Request::Numbers(action.request()?),
        Command::Senders(action) => Request::Senders(action.request(ResourceKind::Sender)),
        Command::Templates(action) => Request::Senders(action.request(ResourceKind::Template)),
        Command::Signatures(action) => Request::Senders(action.request(ResourceKind::Signature)),
        Command::Contacts(action) => Request::Contacts(action.request()?),
        Command::Doctor => Request::Doctor,
    })
}

/// Asks the running server; without one, opens the data folder for the one request.
async fn ask_or_open(config: &Config, request: Request) -> anyhow::Result<Reply> {
    if let Some(reply) = admin::ask(&config.data, &request).await? {
        return Ok(reply);
    }
    if !config.data.is_dir() {
        anyhow::bail!(
            "there is no data folder {}; start Chappe first, or name its folder with --data",
            config.data.display()
        );
    }
    crate::folder::prepare(&config.data)?;
    let house = serve::open(config, Vec::new(), serve::Links::Closed)?;
    let place = Place::of_folder(config, house.clock());
    let reply = admin::perform(&house.core, &place, request).await;
    house.core.drain_channels(1_000).await;
    house.close()?;
    Ok(reply)
}

fn finish(request: &Request, reply: Reply, json: bool) -> anyhow::Result<()> {
    match reply {
        Reply::Done(value) => {
            say(&if json {
                format!("{}\n", serde_json::to_string_pretty(&value)?)
            } else {
                show::text(request, &value)
            });
            let is_ill = value.get("well").and_then(serde_json::Value::as_bool) == Some(false);
            anyhow::ensure!(!is_ill, "not everything is well");
        }
        Reply::Refused { code, detail, .. } => {
            if json {
                say(&format!("{}\n", serde_json::json!({ "code": code, "detail": detail })));
            }
            anyhow::bail!("{} ({code}; the server explains it at /errors/{code})", show::line(&detail));
        }
    }
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn author() -> String {
    crate::host::variable("USER").map_or_else(|| "cli".to_owned(), |user| format!("cli ({user})"))
}

fn start_log(json: bool) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("CHAPPE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let to_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(to_terminal);
    // People read text, machines read JSON: a log that goes to a file or a service is structured.
    if to_terminal && !json {
        subscriber.with_target(false).init();
    } else {
        subscriber.json().flatten_event(true).init();
    }
}

/// Prints to standard output; a reader that has gone away is no error.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

fn complain(text: &str) {
    drop(std::io::stderr().write_all(text.as_bytes()));
}
