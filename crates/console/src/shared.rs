//! What every room shares: the desk, the simulated parties and the few things that are counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ports::phones::{MailDesk, PhoneDesk};
use tokio::sync::Semaphore;

use crate::desk::Desk;
use crate::searches::Searches;
use crate::{DemoLogin, Rooms};

/// The most octets of a form; a larger one is answered with 413.
pub(crate) const FORM_BYTES_MAX: usize = 256 * 1024;
/// The most octets of the form that publishes a traffic document.
pub(crate) const TRAFFIC_FORM_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The most event streams that are open at once; more are answered with 503 and try again.
const STREAMS_MAX: usize = 512;

/// The shared part as rooms hold it.
pub(crate) type House = Arc<Shared>;

/// What every room shares.
pub(crate) struct Shared {
    pub(crate) desk: Arc<dyn Desk>,
    pub(crate) phones: Option<Arc<dyn PhoneDesk>>,
    pub(crate) mails: Option<Arc<dyn MailDesk>>,
    pub(crate) secure_cookie: bool,
    pub(crate) demo: Option<DemoLogin>,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) searches: Searches,
    forms: AtomicU64,
}

impl Shared {
    pub(crate) fn new(desk: Arc<dyn Desk>, rooms: Rooms) -> Self {
        Self {
            desk,
            phones: rooms.phones,
            mails: rooms.mails,
            secure_cookie: rooms.secure_cookie,
            demo: rooms.demo,
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            searches: Searches::default(),
            forms: AtomicU64::new(0),
        }
    }

    /// A name for one showing of a send form, so that sending it twice sends once.
    pub(crate) fn form_token(&self) -> String {
        let count = self.forms.fetch_add(1, Ordering::Relaxed);
        format!("{}-{count}", self.desk.now().as_ms())
    }
}
