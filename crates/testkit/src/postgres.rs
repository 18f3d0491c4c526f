//! A PostgreSQL server of a test's own: a private cluster in a temporary folder, reached by a socket in
//! it, without any rights or data of other servers on the machine.
//!
//! The server ends and its folder goes with the value, also when the test process is killed: another
//! process holds the other end of a pipe and clears up when it closes. Root starts it as the user
//! `postgres`, because the server refuses to run as root. Start at [`Cluster::shared`] for an empty
//! database, or at [`Cluster::start`] for a server to stop and start.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};

use crate::usage;

/// Where Debian's packages keep the programmes of each version.
const DEBIAN_VERSIONS: &str = "/usr/lib/postgresql";
/// The oldest version that the store works with.
const VERSION_LEAST: u32 = 15;
/// The user that Debian's package makes for servers.
const SERVER_USER: &str = "postgres";
/// The role that owns everything in the cluster.
const ROLE: &str = "chappe";
/// What to do on a machine without the programmes.
const MISSING: &str = "PostgreSQL 15 or newer is needed and its programmes were not found: run \
                       `cargo xtask need postgres`, or install Debian's package `postgresql`";
/// Settings of every cluster: small, and as durable as a real one.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "max_connections=100",
    "shared_buffers=64MB",
    "max_wal_size=1GB",
    "autovacuum_naptime=5s",
    "logging_collector=off",
];

/// How often it is looked whether a killed server has died, and the pause between.
const DEATH_LOOKS_MAX: usize = 1_000;
const DEATH_LOOK_PAUSE: Duration = Duration::from_millis(10);

/// The user and group under which the server runs, when this process is root.
#[derive(Clone, Copy, Debug)]
struct User {
    id: u32,
    group: u32,
}

/// A running server.
#[derive(Debug)]
pub struct Cluster {
    programmes: PathBuf,
    folder: PathBuf,
    user: Option<User>,
    port: u16,
    databases: AtomicU32,
    /// Closing it ends the server; see [`Self::hire_undertaker`].
    _leash: ChildStdin,
    undertaker: Child,
}

impl Cluster {
    /// The server that all tests of this process share.
    ///
    /// # Panics
    /// When there is none to be had, and says what to install: a test never goes without.
    #[expect(clippy::panic, reason = "a test that needs a database cannot do without")]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&[]).unwrap_or_else(|error| panic!("{error:#}")))
    }

    /// A server with these settings (`name=value`) besides the usual ones.
    ///
    /// # Errors
    /// When the programmes are missing or the server does not start; the error says what to install.
    pub fn start(settings: &[&str]) -> anyhow::Result<Self> {
        let programmes = programmes()?;
        let user = server_user()?;
        let folder = new_folder(user)?;
        let (undertaker, leash) = hire_undertaker(&programmes, &folder, user)?;
        let (port, databases) = (free_port()?, AtomicU32::new(0));
        let cluster = Self { programmes, folder, user, port, databases, _leash: leash, undertaker };
        let data = cluster.data();
        let words = ["--username", ROLE, "--auth", "trust", "--no-locale", "--encoding", "UTF8", "--no-sync"];
        cluster.run(cluster.programme("initdb").args(words).arg("--pgdata").arg(&data))?;
        let lines: String =
            SETTINGS.iter().chain(settings).map(|line| format!("{}\n", quoted(line))).collect();
        let socket = format!("unix_socket_directories = '{}'\nport = {port}\n", cluster.folder.display());
        let own = data.join("chappe.conf");
        std::fs::write(&own, lines + &socket)?;
        let main = data.join("postgresql.conf");
        let text = std::fs::read_to_string(&main)? + "include 'chappe.conf'\n";
        std::fs::write(&main, text)?;
        cluster.give(&own)?;
        cluster.start_again()?;
        Ok(cluster)
    }

    /// Makes an empty database and gives its address.
    ///
    /// # Errors
    /// When the server does not make it.
    pub fn database(&self) -> anyhow::Result<String> {
        let name = format!("chappe_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.run(self.client("createdb").arg(&name))?;
        Ok(self.address(&name))
    }

    /// Makes a copy of a database, to which nobody may be connected, and gives its address.
    ///
    /// # Errors
    /// When the server does not make it.
    pub fn copy_of(&self, database: &str) -> anyhow::Result<String> {
        let name = format!("chappe_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.run(self.client("createdb").args(["--template", database]).arg(&name))?;
        Ok(self.address(&name))
    }

    /// Microseconds of processor time that the server has taken, with all its processes.
    ///
    /// # Errors
    /// When its processes cannot be listed.
    pub fn cpu_us(&self) -> anyhow::Result<u64> {
        // Those that end meanwhile are counted with the one that made them.
        let processes = processes_at(&self.data())?;
        Ok(processes.iter().filter_map(|process| usage::cpu_with_ended_us(process)).sum())
    }

    /// The address of a database of this server.
    pub fn address(&self, database: &str) -> String {
        let host = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres:///{database}?host={host}&port={}&user={ROLE}", self.port)
    }

    /// The number of the server's port, on which it listens once a setting says at which address.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The path of the server's socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.join(format!(".s.PGSQL.{}", self.port))
    }

    /// Writes a file that only the server may read, and gives its path.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn private_file(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.folder.join(name);
        std::fs::write(&path, text)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        self.give(&path)?;
        Ok(path)
    }

    /// Makes a file the server's.
    fn give(&self, path: &Path) -> anyhow::Result<()> {
        if let Some(user) = self.user {
            std::os::unix::fs::chown(path, Some(user.id), Some(user.group))?;
        }
        Ok(())
    }

    /// The folder with the server's socket.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs a statement by the server's own client; gives what it prints, a line for each row.
    ///
    /// # Errors
    /// When the server refuses it.
    pub fn psql(&self, database: &str, statement: &str) -> anyhow::Result<String> {
        let words = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"];
        let output = self.run(self.client("psql").args(words).args(["--command", statement, database]))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// How many rows a table of a database has.
    ///
    /// # Errors
    /// When the server refuses to say, or there is no such table.
    pub fn rows(&self, database: &str, table: &str) -> anyhow::Result<u64> {
        let count = self.psql(database, &format!("SELECT count(*) FROM {table}"))?;
        count.parse().with_context(|| format!("{count:?} is no number of rows"))
    }

    /// Ends the server as a power cut would.
    ///
    /// # Errors
    /// When it does not end.
    pub fn cut(&self) -> anyhow::Result<()> {
        let data = self.data();
        self.run(self.programme("pg_ctl").args(["stop", "--mode", "immediate", "--pgdata"]).arg(data))
            .map(drop)
    }

    /// Kills the server and all its processes, as a kernel without memory would; gives how many they were.
    ///
    /// # Errors
    /// When it does not run, or something of it is left.
    pub fn kill(&self) -> anyhow::Result<usize> {
        let file = self.data().join("postmaster.pid");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let first = text.lines().next().unwrap_or_default().to_owned();
        let mut left = processes_at(&self.data())?;
        // The first of them makes the others: dead before them, it makes no more.
        left.sort_by_key(|process| *process != first);
        if left.first() != Some(&first) {
            bail!("the server does not run");
        }
        let killed = left.len();
        for _ in 0..DEATH_LOOKS_MAX {
            // Those that end by themselves meanwhile cannot be signalled any more.
            drop(signal("KILL", &left));
            std::thread::sleep(DEATH_LOOK_PAUSE);
            left = processes_at(&self.data())?;
            if left.is_empty() {
                self.clear_locks(&first)?;
                return Ok(killed);
            }
        }
        bail!("processes of the server do not die")
    }

    /// Where nobody takes note of the dead, the next server would believe that this one still runs.
    fn clear_locks(&self, process: &str) -> anyhow::Result<()> {
        if Path::new("/proc").join(process).exists() {
            let socket = self.socket().with_extension(format!("{}.lock", self.port));
            for lock in [self.data().join("postmaster.pid"), socket] {
                std::fs::remove_file(&lock).with_context(|| format!("cannot remove {}", lock.display()))?;
            }
        }
        Ok(())
    }

    /// Starts the server after [`Self::cut`] or [`Self::kill`], and waits until it takes connections.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_again(&self) -> anyhow::Result<()> {
        let (data, log) = (self.data(), self.folder.join("log"));
        let mut command = self.programme("pg_ctl");
        command.args(["start", "--silent", "--wait", "--pgdata"]).arg(data).arg("--log").arg(&log);
        // The server inherits what it gets here and would keep a pipe of ours open.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.status().context("pg_ctl cannot be run")?;
        if !status.success() {
            bail!("the server did not start: {}", std::fs::read_to_string(&log).unwrap_or_default());
        }
        Ok(())
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// A programme that works on the cluster's files, with the rights of its user.
    fn programme(&self, name: &str) -> Command {
        as_user(&self.programmes.join(name), &self.folder, self.user)
    }

    /// A programme that talks to the server.
    fn client(&self, name: &str) -> Command {
        let mut command = self.programme(name);
        let port = self.port.to_string();
        command.arg("--host").arg(&self.folder).args(["--port", &port, "--username", ROLE]);
        command
    }

    fn run(&self, command: &mut Command) -> anyhow::Result<Output> {
        let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
        if !output.status.success() {
            bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(output)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The leash is still held: it is dropped after this. The undertaker is told by a signal.
        let told = Command::new("kill").arg(self.undertaker.id().to_string()).status();
        if told.is_ok_and(|status| status.success()) {
            // It has nothing to say.
            let _ended = self.undertaker.wait();
        }
    }
}

/// Signals processes by the shell, because the workspace forbids unsafe code.
fn signal(name: &str, processes: &[String]) -> anyhow::Result<()> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "kill -s \"$@\"", "kill", name]).args(processes);
    let output = command.stdin(Stdio::null()).output().context("/bin/sh cannot be run")?;
    if !output.status.success() {
        bail!("kill: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// The living processes that work in a folder, as all of a server do in that of its data.
fn processes_at(folder: &Path) -> anyhow::Result<Vec<String>> {
    let folder = std::fs::canonicalize(folder)?;
    let entries = std::fs::read_dir("/proc").context("processes cannot be listed")?.flatten();
    // The dead have no folder, and of those that end meanwhile nothing can be read.
    let at_work = entries
        .filter(|entry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|place| place == folder));
    let names = at_work.filter_map(|entry| entry.file_name().into_string().ok());
    Ok(names.filter(|name| name.bytes().all(|octet| octet.is_ascii_digit())).collect())
}

/// A port that nobody listens on now.
fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// A setting as a line of the configuration file.
fn quoted(setting: &str) -> String {
    let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
    format!("{name} = '{}'", value.replace('\'', "''"))
}

/// The folder with the newest programmes of the server.
fn programmes() -> anyhow::Result<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(DEBIAN_VERSIONS)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(version, folder)| *version >= VERSION_LEAST && folder.join("initdb").is_file())
        .collect();
    versions.sort_unstable();
    if let Some((_, folder)) = versions.pop() {
        return Ok(folder);
    }
    // Other systems put them on the search path.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file());
    found.ok_or_else(|| anyhow!(MISSING))
}

/// Who runs the server: this process itself, unless it is root.
fn server_user() -> anyhow::Result<Option<User>> {
    use std::os::unix::fs::MetadataExt as _;
    let own = std::fs::metadata("/proc/self").context("who runs this process is not known")?.uid();
    if own != 0 {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd").context("the users of this machine cannot be read")?;
    let line = users.lines().find(|line| line.starts_with(&format!("{SERVER_USER}:")));
    let mut fields =
        line.ok_or_else(|| anyhow!("there is no user `{SERVER_USER}`. {MISSING}"))?.split(':').skip(2);
    let mut number =
        || fields.next().and_then(|field| field.parse().ok()).ok_or_else(|| anyhow!("/etc/passwd"));
    Ok(Some(User { id: number()?, group: number()? }))
}

/// A short path, because the names of sockets may have 107 octets.
fn new_folder(user: Option<User>) -> anyhow::Result<PathBuf> {
    static FOLDERS: AtomicU32 = AtomicU32::new(0);
    let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("chappe-pg-{}-{number}", std::process::id()));
    // What another process of this number has left behind.
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    if let Some(user) = user {
        std::os::unix::fs::chown(&folder, Some(user.id), Some(user.group))?;
    }
    Ok(folder)
}

fn as_user(programme: &Path, folder: &Path, user: Option<User>) -> Command {
    let mut command = Command::new(programme);
    command.current_dir(folder).env("LC_ALL", "C");
    if let Some(user) = user {
        command.uid(user.id).gid(user.group);
    }
    command
}

/// Starts the process that stops the server and removes the folder once its input ends or it is told.
fn hire_undertaker(
    programmes: &Path,
    folder: &Path,
    user: Option<User>,
) -> anyhow::Result<(Child, ChildStdin)> {
    const SCRIPT: &str = "\
        bury() { \"$1/pg_ctl\" stop --mode immediate --silent --pgdata \"$2/data\"; cd /; rm -rf \"$2\"; exit; }; \
        trap 'bury \"$1\" \"$2\"' TERM; while read -r line; do :; done; bury \"$1\" \"$2\"";
    let mut command = as_user(Path::new("/bin/sh"), folder, user);
    command.args(["-c", SCRIPT, "undertaker"]).arg(programmes).arg(folder);
    // In a group of its own: an interrupt of the tests must not end it before its work is done.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut undertaker = command.spawn().context("/bin/sh cannot be run")?;
    let leash = undertaker.stdin.take().ok_or_else(|| anyhow!("no pipe to the undertaker"))?;
    Ok((undertaker, leash))
}

#[cfg(test)]
mod tests {
    use super::Cluster;

    #[test]
    fn a_cluster_lives_is_cut_and_killed_and_goes() {
        let cluster = Cluster::start(&["work_mem=3MB"]).unwrap();
        assert!(cluster.database().unwrap().contains("chappe_0"));
        assert_eq!(cluster.psql("chappe_0", "SHOW work_mem").unwrap(), "3MB");
        cluster.psql("chappe_0", "CREATE TABLE kept AS SELECT 1 AS number").unwrap();
        cluster.cut().unwrap();
        assert!(cluster.psql("chappe_0", "TABLE kept").is_err());
        cluster.start_again().unwrap();
        assert_eq!(cluster.psql("chappe_0", "TABLE kept").unwrap(), "1");
        cluster.psql("chappe_0", "UPDATE kept SET number = 2").unwrap();
        assert!(cluster.kill().unwrap() > 1, "the server has processes besides the first");
        assert!(cluster.psql("chappe_0", "TABLE kept").is_err());
        cluster.start_again().unwrap();
        assert_eq!(cluster.psql("chappe_0", "TABLE kept").unwrap(), "2");
        let folder = cluster.folder().to_owned();
        drop(cluster);
        assert!(!folder.exists());
    }
}
