//! A link between the store and its server that can be broken at a chosen moment.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

/// What becomes of what passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// All of it passes.
    Pass,
    /// The next batch is lost on its way to the server, and the connection with it.
    LoseRequest,
    /// The answer to the next batch is lost, and the connection with it.
    LoseAnswer,
    /// As before, and nobody gets through any more.
    LoseAnswerAndStay,
    /// Nobody gets through.
    Away,
}

const MODES: [Mode; 5] =
    [Mode::Pass, Mode::LoseRequest, Mode::LoseAnswer, Mode::LoseAnswerAndStay, Mode::Away];
/// Octets that only a batch has; renewals of the lease are shorter.
const BATCH_OCTETS: usize = 600;

struct Shared {
    mode: AtomicU8,
    /// A batch has passed whose answer is to be lost.
    losing: AtomicBool,
    open: Mutex<Vec<(TcpStream, UnixStream)>>,
}

/// Listens for the store. Its threads end with the connections.
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

impl Proxy {
    pub(crate) fn to(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            mode: AtomicU8::new(0),
            losing: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let listening = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if listening.mode() == Mode::Away {
                    continue;
                }
                let Ok(server) = UnixStream::connect(&socket) else { continue };
                listening.join(client, server);
            }
        });
        Self { port, shared }
    }

    /// The address of a database behind it.
    pub(crate) fn address(&self, database: &str) -> String {
        format!("postgres://chappe@127.0.0.1:{}/{database}", self.port)
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.shared.set(mode);
    }
}

impl Shared {
    fn mode(&self) -> Mode {
        MODES[usize::from(self.mode.load(Ordering::SeqCst))]
    }

    fn set(&self, mode: Mode) {
        let place = MODES.iter().position(|known| *known == mode).unwrap();
        self.mode.store(u8::try_from(place).unwrap(), Ordering::SeqCst);
        if mode == Mode::Away {
            self.cut();
        }
    }

    fn cut(&self) {
        for (client, server) in self.open.lock().unwrap().drain(..) {
            drop(client.shutdown(Shutdown::Both));
            drop(server.shutdown(Shutdown::Both));
        }
    }

    fn join(self: &Arc<Self>, client: TcpStream, server: UnixStream) {
        self.open.lock().unwrap().push((client.try_clone().unwrap(), server.try_clone().unwrap()));
        let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let requests = Arc::clone(self);
        std::thread::spawn(move || {
            requests.pass(&from, &to, true);
            // Who was on the other side has gone.
            drop(to.shutdown(Shutdown::Both));
        });
        let answers = Arc::clone(self);
        std::thread::spawn(move || {
            answers.pass(&server, &client, false);
            drop(client.shutdown(Shutdown::Both));
        });
    }

    fn pass(&self, mut from: impl Read, mut to: impl Write, is_request: bool) {
        let mut octets = vec![0; 1 << 20];
        while let Ok(count @ 1..) = from.read(&mut octets) {
            let is_batch = is_request && count >= BATCH_OCTETS;
            match self.mode() {
                Mode::LoseRequest if is_batch => {
                    self.set(Mode::Pass);
                    return self.cut();
                }
                Mode::LoseAnswer | Mode::LoseAnswerAndStay if is_batch => {
                    self.losing.store(true, Ordering::SeqCst);
                }
                mode @ (Mode::LoseAnswer | Mode::LoseAnswerAndStay)
                    if !is_request && self.losing.swap(false, Ordering::SeqCst) =>
                {
                    self.set(if mode == Mode::LoseAnswer { Mode::Pass } else { Mode::Away });
                    return self.cut();
                }
                _ => {}
            }
            if to.write_all(&octets[..count]).is_err() {
                break;
            }
        }
    }
}
