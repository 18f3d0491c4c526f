//! Options and the configuration file, joined: what stands on the command line or in the
//! environment wins over the file, and the file over the defaults.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use types::catalog::{
    Connector, NetworkRange, PriceBook, QuietRule, Route, SenderRule, SignatureRule, Supplier, TemplateRule,
    TrafficDocument,
};
use types::profile::Profile;

use crate::document;

mod smpp_door;

use smpp_door::SmppDoor;

/// Octets of a configuration file or a profile.
const FILE_OCTETS_MAX: u64 = 64 * 1024 * 1024;
/// After how many days a day may be archived: patience for a receipt ends after three, and what customers are
/// told of a message is repeated for days.
pub(crate) const ARCHIVE_DAYS: std::ops::RangeInclusive<u32> = 7..=3_650;
/// After how many days a day is archived where nobody says: what was told is forgotten after 30.
const ARCHIVE_DAYS_USUAL: u32 = 35;

/// Options of the command line; each also in the environment as `CHAPPE_OPT_…`.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Options {
    /// The folder that holds everything: messages, keys, certificates.
    #[arg(long, global = true, env = "CHAPPE_OPT_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The operator's policy, a TOML file with `schema = 1`.
    #[arg(long, global = true, env = "CHAPPE_OPT_PROFILE", value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,
    /// Where HTTP is served; port 0 picks a free one.
    #[arg(long, global = true, env = "CHAPPE_OPT_HTTP", value_name = "ADDR")]
    pub(crate) http: Option<SocketAddr>,
    /// Where HTTPS is served.
    #[arg(long, global = true, env = "CHAPPE_OPT_HTTPS", value_name = "ADDR")]
    pub(crate) https: Option<SocketAddr>,
    /// Where SMPP is served.
    #[arg(long, global = true, env = "CHAPPE_OPT_SMPP", value_name = "ADDR")]
    pub(crate) smpp: Option<SocketAddr>,
    /// Where SMPP over TLS is served.
    #[arg(long, global = true, env = "CHAPPE_OPT_SMPPS", value_name = "ADDR")]
    pub(crate) smpps: Option<SocketAddr>,
    /// Where messages are kept: `sqlite` (in the data folder, the default), the address of a database
    /// (`postgres://user:password@host/database`), or `file:PATH` or `env:NAME` with such an address.
    #[arg(long, global = true, env = "CHAPPE_OPT_STORE", value_name = "URL")]
    pub(crate) store: Option<String>,
    /// The configuration file, TOML.
    #[arg(long, global = true, env = "CHAPPE_OPT_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// The configuration file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    data: Option<PathBuf>,
    profile: Option<PathBuf>,
    http: Option<SocketAddr>,
    https: Option<SocketAddr>,
    smpp: Option<SocketAddr>,
    smpps: Option<SocketAddr>,
    store: Option<String>,
    public_url: Option<String>,
    metrics_for_all: bool,
    sandbox: Sandbox,
    limits: Limits,
    smpp_door: SmppDoor,
    archive: Archive,
    supplier: Vec<Supplier>,
    connector: Vec<Connector>,
    route: Vec<Route>,
    network: Vec<NetworkRange>,
    sender_rule: Vec<SenderRule>,
    quiet_rule: Vec<QuietRule>,
    template_rule: Vec<TemplateRule>,
    signature_rule: Vec<SignatureRule>,
    price_book: Vec<PriceBook>,
}

/// The simulated parties.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Sandbox {
    /// Whether `serve` starts the simulated carrier with its phones.
    pub(crate) carrier: bool,
    /// Where the simulated carrier listens.
    pub(crate) carrier_smpp: Option<SocketAddr>,
    /// A file to which the simulated carrier writes a line for every part that it takes.
    pub(crate) carrier_log: Option<PathBuf>,
}

/// The archive of whole days.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Archive {
    /// How many days after a day its messages are archived; zero for never.
    after_days: Option<u32>,
}

impl Archive {
    /// After how many days the store archives; `None` for never.
    fn after_days(self, store: &Kept) -> anyhow::Result<Option<u32>> {
        match (store, self.after_days) {
            (_, Some(0)) | (Kept::Postgres(_), None) => Ok(None),
            (Kept::Postgres(_), Some(_)) => bail!(
                "[archive] after_days: only SQLite keeps an archive; leave it out, or write 0 (PostgreSQL divides \
                 its traffic by month)"
            ),
            (Kept::Sqlite, Some(days)) if !ARCHIVE_DAYS.contains(&days) => bail!(
                "[archive] after_days: {days} is not between {} and {}; write 0 for never",
                ARCHIVE_DAYS.start(),
                ARCHIVE_DAYS.end()
            ),
            (Kept::Sqlite, days) => Ok(Some(days.unwrap_or(ARCHIVE_DAYS_USUAL))),
        }
    }
}

/// Limits of the doors; zero lifts one.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// Connections from one address.
    pub(crate) connections_per_ip: Option<usize>,
}

/// Where messages are kept.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    /// In the data folder.
    Sqlite,
    /// In a database; keys and certificates stay in the data folder.
    Postgres(Box<store::PostgresUrl>),
}

/// A store with its two sides.
type OpenedStore = (Box<dyn ports::store::Store>, Arc<dyn ports::store::Reader>);

impl Kept {
    /// Opens the store; keys stand in the data folder either way.
    pub(crate) fn open(&self, data: &Path, archive_after_days: Option<u32>) -> anyhow::Result<OpenedStore> {
        match self {
            Self::Sqlite => {
                let tuning = store::Tuning { archive_after_days, ..store::Tuning::default() };
                let opened = store::open_sqlite_with(data, tuning);
                let (store, reader) = opened.context("the data folder cannot be opened")?;
                Ok((Box::new(store), reader))
            }
            Self::Postgres(url) => {
                let (store, reader) =
                    store::open_postgres(data, url).context("the store cannot be opened")?;
                Ok((Box::new(store), reader))
            }
        }
    }

    /// Reads the option. The address may hold a password: it is not repeated in errors.
    pub(crate) fn parse(text: &str, base: &Path) -> anyhow::Result<Self> {
        if text == "sqlite" {
            return Ok(Self::Sqlite);
        }
        let found = if let Some(path) = text.strip_prefix("file:") {
            let path = base.join(path);
            std::fs::read_to_string(&path)
                .with_context(|| format!("the address of the store cannot be read from {}", path.display()))?
        } else if let Some(name) = text.strip_prefix("env:") {
            crate::host::variable(name).with_context(|| format!("the environment has no {name}"))?
        } else {
            text.to_owned()
        };
        let address = found.trim();
        if !store::PostgresUrl::looks_like(address) {
            // What stands before the first colon is no secret.
            let word = address.split(':').next().unwrap_or_default();
            bail!(
                "store \"{word}…\" is not known; write \"sqlite\", or postgres://user:password@host/database"
            );
        }
        Ok(Self::Postgres(Box::new(store::PostgresUrl::parse(address)?)))
    }
}

/// Everything that an installation is started with.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) store: Kept,
    /// After how many days a day is archived; `None` for never.
    pub(crate) archive_after_days: Option<u32>,
    pub(crate) http: SocketAddr,
    pub(crate) https: Option<SocketAddr>,
    pub(crate) smpp: SocketAddr,
    pub(crate) smpps: Option<SocketAddr>,
    pub(crate) public_url: Option<String>,
    pub(crate) metrics_for_all: bool,
    pub(crate) profile: Option<Profile>,
    pub(crate) traffic: Option<TrafficDocument>,
    pub(crate) price_books: Option<Vec<PriceBook>>,
    pub(crate) sandbox: Sandbox,
    pub(crate) limits: Limits,
    pub(crate) smpp_door: smsc::Settings,
    /// Accounts that the table of the SMPP door names.
    pub(crate) smpp_accounts: Vec<String>,
    pub(crate) source: Option<Source>,
}

/// The configuration file as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    text: String,
}

impl Source {
    /// A sentence about something in the file, with the place in it.
    pub(crate) fn locate(&self, sentence: &str) -> String {
        match document::place(&self.text, sentence) {
            Some(line) => format!("{}: line {line}: {sentence}", self.path.display()),
            None => format!("{}: {sentence}", self.path.display()),
        }
    }
}

/// Reads the file, if one is named, and lays the options over it.
pub(crate) fn load(options: &Options) -> anyhow::Result<Config> {
    let (file, source) = match &options.config {
        None => (File::default(), None),
        Some(path) => read_file(path).map(|(file, source)| (file, Some(source)))?,
    };
    let base = options.config.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    let store = match (&options.store, &file.store) {
        // A path on the command line is seen from the folder in which it was typed.
        (Some(store), _) => Kept::parse(store, Path::new(""))?,
        (None, Some(store)) => Kept::parse(store, base)?,
        (None, None) => Kept::Sqlite,
    };
    let archive_after_days =
        file.archive.after_days(&store).context("the configuration file cannot be used")?;
    let smpp_door = file.smpp_door.settings(base).context("the configuration file cannot be used")?;
    let profile_path = options.profile.clone().or_else(|| file.profile.map(|path| base.join(path)));
    let profile = profile_path.as_deref().map(read_profile).transpose()?;
    let named = !(file.connector.is_empty()
        && file.route.is_empty()
        && file.supplier.is_empty()
        && file.network.is_empty()
        && file.sender_rule.is_empty()
        && file.quiet_rule.is_empty()
        && file.template_rule.is_empty()
        && file.signature_rule.is_empty());
    let traffic = TrafficDocument {
        supplier: file.supplier,
        connector: file.connector,
        route: file.route,
        network: file.network,
        sender_rule: file.sender_rule,
        quiet_rule: file.quiet_rule,
        template_rule: file.template_rule,
        signature_rule: file.signature_rule,
    };
    Ok(Config {
        data: options.data.clone().or(file.data).unwrap_or_else(|| PathBuf::from("chappe-data")),
        store,
        archive_after_days,
        http: options.http.or(file.http).unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
        https: options.https.or(file.https),
        smpp: options.smpp.or(file.smpp).unwrap_or(SocketAddr::from(([127, 0, 0, 1], 2775))),
        smpps: options.smpps.or(file.smpps),
        public_url: file.public_url,
        metrics_for_all: file.metrics_for_all,
        profile,
        traffic: named.then_some(traffic),
        price_books: (!file.price_book.is_empty()).then_some(file.price_book),
        sandbox: file.sandbox,
        limits: file.limits,
        smpp_door,
        smpp_accounts: file.smpp_door.accounts().map(str::to_owned).collect(),
        source,
    })
}

fn read_file(path: &Path) -> anyhow::Result<(File, Source)> {
    if !path.is_file() {
        bail!("there is no configuration file {}", path.display());
    }
    let text = read_text(path)?;
    let file = document::read(&text).map_err(|error| anyhow!("{}: {error}", path.display()))?;
    Ok((file, Source { path: path.to_owned(), text }))
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    let size = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
    anyhow::ensure!(size <= FILE_OCTETS_MAX, "{} is larger than {FILE_OCTETS_MAX} octets", path.display());
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Reads a profile strictly: unknown keys are refused. It may state what this version does not carry out.
pub(crate) fn parse_profile(path: &Path) -> anyhow::Result<(Profile, String)> {
    let text = read_text(path).context("the profile cannot be used")?;
    let profile =
        document::read(&text).map_err(|error| anyhow!("the profile {}: {error}", path.display()))?;
    Ok((profile, text))
}

/// Reads a profile to run by: a policy that is not carried out is refused.
pub(crate) fn read_profile(path: &Path) -> anyhow::Result<Profile> {
    let (profile, text) = parse_profile(path)?;
    let place = format!("the profile {}", path.display());
    let lines = document::KeyLines::of(&text);
    let not_built: Vec<String> = profile
        .not_built()
        .iter()
        .map(|(key, may_be)| {
            let line = lines.before(key);
            format!("{line}{key} is not built yet: leave it out, or write {may_be}")
        })
        .collect();
    anyhow::ensure!(not_built.is_empty(), "{place}: {}", not_built.join("; "));
    Ok(profile)
}

/// Reads a document of suppliers, connectors, routes and networks.
pub(crate) fn read_traffic(text: &str) -> anyhow::Result<TrafficDocument> {
    document::read(text).map_err(|error| anyhow!("the document cannot be used: {error}"))
}

#[cfg(test)]
mod tests {
    use super::{Kept, Options, load};

    fn written(text: &str) -> (tempfile::TempDir, Options) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chappe.toml");
        std::fs::write(&path, text).unwrap();
        (folder, Options { config: Some(path), ..Options::default() })
    }

    #[test]
    fn reads_the_documented_example() {
        let example = include_str!("../../../packaging/systemd/chappe.toml.example");
        let (_folder, options) = written(example);
        load(&options).unwrap();
    }

    #[test]
    fn the_archive_is_for_sqlite_and_after_a_week() {
        for (text, expected) in [
            ("", Ok(Some(35))),
            ("[archive]\nafter_days = 0", Ok(None)),
            ("[archive]\nafter_days = 7", Ok(Some(7))),
            ("[archive]\nafter_days = 6", Err("between 7 and 3650")),
            ("store = \"postgres://me@db/chappe\"", Ok(None)),
            ("store = \"postgres://me@db/chappe\"\n[archive]\nafter_days = 0", Ok(None)),
            ("store = \"postgres://me@db/chappe\"\n[archive]\nafter_days = 35", Err("only SQLite")),
        ] {
            let (_folder, options) = written(text);
            let found = load(&options).map(|config| config.archive_after_days);
            match (found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
                (Err(error), Err(word)) => assert!(format!("{error:#}").contains(word), "{error:#}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
    }

    #[test]
    fn unknown_keys_are_refused_by_name() {
        for (text, word, line) in [
            ("htp = \"127.0.0.1:1\"", "htp", "chappe.toml: line 1: "),
            ("[sandbox]\ncarier = true", "carier", "line 2: "),
            ("[[route]]\nname = \"r\"\nconnectors = [\"a\"]\nprefixx = \"44\"", "prefixx", "line 4: "),
            ("# an address\nhttp = \"nowhere\"", "address", "line 2: "),
            ("store = \"mysql://x\"", "mysql", ""),
            ("store = \"postgres://x\"", "database", ""),
            ("store = \"file:nowhere\"", "nowhere", ""),
        ] {
            let (_folder, options) = written(text);
            let error = format!("{:#}", load(&options).unwrap_err());
            assert!(error.contains(word) && error.contains(line), "{error}");
        }
    }

    #[test]
    fn a_profile_that_promises_what_is_not_done_is_refused() {
        let (folder, options) = written("profile = \"profile.toml\"");
        let usual = "schema = 1\n[operator]\nbrand = \"Acme\"\nlanguage = \"en\"\ntimezone = \"UTC\"\n\
                     [money]\naccount_currency = \"EUR\"\nprice_scale = 6\nallow_negative = true\n";
        let cases = [
            (usual.to_owned(), ""),
            (usual.replace("\"en\"", "\"fr\""), "operator.language is not built yet"),
            (usual.replace("UTC", "Europe/Brussels"), "line 5: operator.timezone is not built yet"),
            (usual.replace("= 6", "= 4"), "money.price_scale is not built yet"),
            (usual.replace("EUR", "USD"), "money.account_currency is not built yet"),
            (usual.replace("brand", "brant"), "line 3: unknown field `brant`"),
            (usual.replace("schema = 1", "schema = 2"), "schema 2"),
        ];
        for (text, expected) in cases {
            std::fs::write(folder.path().join("profile.toml"), &text).unwrap();
            match load(&options) {
                Ok(_) => assert_eq!(expected, "", "{text}"),
                Err(error) => {
                    let error = format!("{error:#}");
                    assert!(!expected.is_empty() && error.contains(expected), "{error}");
                    assert!(error.contains("profile.toml"), "{error}");
                }
            }
        }
    }

    #[test]
    fn the_store_is_named_directly_or_by_a_file_and_keeps_its_password() {
        let (folder, options) = written("store = \"file:secret\"");
        std::fs::write(folder.path().join("secret"), "postgres://me:hush@localhost/chappe\n").unwrap();
        let config = load(&options).unwrap();
        assert!(matches!(config.store, Kept::Postgres(_)));
        assert!(!format!("{config:?}").contains("hush"));
        let options = Options { store: Some("sqlite".into()), ..options };
        assert!(matches!(load(&options).unwrap().store, Kept::Sqlite));
        let refused = Options { store: Some("mysql://me:hush@localhost/chappe".into()), ..options };
        assert!(!format!("{:#}", load(&refused).unwrap_err()).contains("hush"));
    }

    #[test]
    fn options_win_over_the_file() {
        let (_folder, options) = written("http = \"127.0.0.1:1\"\nsmpp = \"127.0.0.1:2\"");
        let options = Options { http: Some("127.0.0.1:9".parse().unwrap()), ..options };
        let config = load(&options).unwrap();
        assert_eq!((config.http.port(), config.smpp.port()), (9, 2));
    }
}
