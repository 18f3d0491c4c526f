//! The program under test: how it is set up, started, asked by its command line, and ended.
//!
//! A house that is dropped is killed; when the test has failed, its log is printed.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use testkit::postgres::Cluster;

use crate::esme::Esme;
use crate::http::Http;

/// How long anything may take that should happen at once.
pub(crate) const SOON: Duration = Duration::from_secs(20);
/// How long a process may take to leave after SIGTERM.
const LEAVE: Duration = Duration::from_secs(15);
/// Between two looks at something that is waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(15);
/// The simulated carrier on a free port.
const SANDBOX: &str = "[sandbox]\ncarrier_smpp = \"127.0.0.1:0\"\n";

/// Waits until something is there; panics with its name when it does not come.
pub(crate) fn until<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < limit, "{what}: not within {limit:?}");
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// How a house is to be started. Houses of one plan share their data folder.
#[derive(Clone)]
pub(crate) struct Plan {
    folder: Arc<TempDir>,
    config: String,
    variables: Vec<(String, String)>,
    smpp: String,
    name: String,
}

impl Plan {
    /// The first run with the simulated carrier. It keeps its messages in PostgreSQL when the tests are
    /// run with `CHAPPE_TEST_STORE=postgres`.
    pub(crate) fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let (variables, smpp, name) = (Vec::new(), "127.0.0.1:0".into(), "data".into());
        let plan = Self { folder, config: SANDBOX.into(), variables, smpp, name };
        match std::env::var("CHAPPE_TEST_STORE").as_deref() {
            Ok("postgres") => plan.in_database(&Cluster::shared().database().unwrap()),
            Ok("sqlite") | Err(_) => plan,
            Ok(other) => panic!("CHAPPE_TEST_STORE is {other}; it may be sqlite or postgres"),
        }
    }

    /// The same in an empty database of the server that the tests share.
    pub(crate) fn on_postgres() -> Self {
        Self::new().in_database(&Cluster::shared().database().unwrap())
    }

    /// The address of its database, if it has one.
    pub(crate) fn address_of_store(&self) -> Option<String> {
        self.variables.iter().find(|(name, _)| name == "CHAPPE_OPT_STORE").map(|(_, value)| value.clone())
    }

    /// With its messages in its data folder, whatever the tests are run with.
    pub(crate) fn in_folder(mut self) -> Self {
        self.variables.retain(|(name, _)| name != "CHAPPE_OPT_STORE");
        self
    }

    /// With its messages in this database.
    pub(crate) fn in_database(mut self, address: &str) -> Self {
        self.variables.retain(|(name, _)| name != "CHAPPE_OPT_STORE");
        self.variable("CHAPPE_OPT_STORE", address)
    }

    /// With this configuration file in place of the simulated carrier's.
    pub(crate) fn config(mut self, text: impl Into<String>) -> Self {
        self.config = text.into();
        self
    }

    /// With a variable in the environment.
    pub(crate) fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// With the SMPP door at this address.
    pub(crate) fn smpp(mut self, address: impl Into<String>) -> Self {
        self.smpp = address.into();
        self
    }

    /// With a data folder of another name, below the folder of the test.
    pub(crate) fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }

    /// A file beside the data folder.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The program with the data folder and the environment of the plan.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.arg("--data").arg(self.data()).stdin(Stdio::null());
        command
    }

    fn server(&self) -> Command {
        let config = self.file("chappe.toml", &self.config);
        // It has passwords in it.
        let own = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&config, own).unwrap();
        let mut command = self.command();
        command.arg("--config").arg(config).args(["--smpp", &self.smpp]);
        command.args(["--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--smpps", "127.0.0.1:0"]);
        command
    }

    /// Removes the demo.env of an earlier start, so that the next one cannot be mistaken for ready.
    fn forget_card(&self) -> PathBuf {
        let path = self.data().join("demo.env");
        drop(std::fs::remove_file(&path));
        path
    }

    /// Starts and waits until it is ready.
    pub(crate) fn start(&self) -> House {
        let path = self.forget_card();
        let log = File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        let shown = File::create(self.folder.path().join("shown")).unwrap();
        let child = self.server().stdout(shown).stderr(log).spawn().unwrap();
        let mut house = House { plan: self.clone(), child: Some(child), card: BTreeMap::new() };
        let text = until(SOON, "demo.env", || {
            let ended = house.child.as_mut().and_then(|child| child.try_wait().unwrap());
            assert!(ended.is_none(), "the program ended at start: {ended:?}");
            std::fs::read_to_string(&path).ok()
        });
        house.card = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        house
    }

    /// A house that does not run: commands open its folder themselves.
    pub(crate) fn idle(&self) -> House {
        House { plan: self.clone(), child: None, card: BTreeMap::new() }
    }

    /// Starts, expects it to refuse and end, and gives what it says.
    pub(crate) fn refusal(&self) -> String {
        let ready = self.forget_card();
        self.refusal_beside(|| assert!(!ready.exists(), "it started"))
    }

    /// As [`Plan::refusal`], and looks at something while it waits.
    pub(crate) fn refusal_beside(&self, look: impl Fn()) -> String {
        let log = self.folder.path().join("refusal");
        let child = self.server().stdout(Stdio::null()).stderr(File::create(&log).unwrap()).spawn().unwrap();
        let mut house = House { plan: self.clone(), child: Some(child), card: BTreeMap::new() };
        let status = until(SOON, "a refusal to start", || {
            look();
            house.child.as_mut().and_then(|child| child.try_wait().unwrap())
        });
        assert_eq!(status.code(), Some(1), "{status:?}");
        std::fs::read_to_string(&log).unwrap()
    }

    /// Everything that was logged by the houses of this plan.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.folder.path().join("log")).unwrap_or_default())
            .into_owned()
    }

    /// What the latest start printed for people.
    pub(crate) fn shown(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("shown")).unwrap()
    }
}

/// A program that runs.
pub(crate) struct House {
    pub(crate) plan: Plan,
    child: Option<Child>,
    card: BTreeMap<String, String>,
}

impl House {
    /// The names and values of demo.env.
    pub(crate) fn card(&self) -> &BTreeMap<String, String> {
        &self.card
    }

    /// A value of demo.env.
    pub(crate) fn value(&self, name: &str) -> &str {
        &self.card[name]
    }

    /// A client of the HTTP door with the demo account's key.
    pub(crate) fn http(&self) -> Http {
        let (key, secret) = (self.value("CHAPPE_API_KEY"), self.value("CHAPPE_API_SECRET"));
        Http::new(self.value("CHAPPE_HTTP")).with_key(key, secret)
    }

    /// A connection to the SMPP door.
    pub(crate) fn smpp(&self) -> Esme {
        Esme::connect(self.value("CHAPPE_SMPP"))
    }

    /// A transceiver of the demo account.
    pub(crate) fn bound(&self) -> Esme {
        let mut esme = self.smpp();
        esme.bind_as(self);
        esme
    }

    /// Runs a command of the command line against it.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.plan.command().args(arguments).output().unwrap()
    }

    /// Runs a command that must work; gives what it prints.
    pub(crate) fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "chappe {arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command with `--json` that must work.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let text = self.text(&[&["--json"], arguments].concat());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("chappe {arguments:?}: {error}: {text}"))
    }

    /// Runs a command that must be refused; gives what it says.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "chappe {arguments:?} was not refused");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn terminate(self) -> ExitStatus {
        self.signalled("TERM")
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Sends a signal by its name and waits for the end.
    pub(crate) fn signalled(mut self, name: &str) -> ExitStatus {
        self.signal(name);
        let mut child = self.child.take().unwrap();
        let began = Instant::now();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            if began.elapsed() > LEAVE {
                self.child = Some(child);
                panic!("still there {LEAVE:?} after SIG{name}");
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.end();
        if std::thread::panicking() {
            eprintln!("---- log of the program ----\n{}", self.plan.log());
        }
    }
}
