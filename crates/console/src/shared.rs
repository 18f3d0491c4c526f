//! What every room shares: the desk, the simulated parties and the few things that are counted.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ports::phones::{MailDesk, PhoneDesk};
use ports::sessions::SessionDesk;
use types::id::{AccountId, PersonId};

use crate::desk::Desk;
use crate::searches::Searches;
use crate::{DemoLogin, Rooms};

/// The most octets of a form; a larger one is answered with 413.
pub(crate) const FORM_BYTES_MAX: usize = 256 * 1024;
/// The most octets of the form that anybody may send without being signed in.
pub(crate) const SIGN_IN_FORM_BYTES_MAX: usize = 16 * 1024;
/// The most octets of the form with a table of contacts.
pub(crate) const TABLE_BYTES_MAX: usize = 1024 * 1024 + 4 * 1024;
/// The most octets of the form that publishes a traffic document.
pub(crate) const TRAFFIC_FORM_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The most event streams that are open at once; more are answered with 503 and try again.
const STREAMS_MAX: usize = 512;
/// The same of one person, so that nobody takes those of all others. A browser opens six at most.
const STREAMS_OF_ONE_MAX: usize = 16;

/// The shared part as rooms hold it.
pub(crate) type House = Arc<Shared>;

/// What every room shares.
pub(crate) struct Shared {
    pub(crate) desk: Arc<dyn Desk>,
    pub(crate) sessions: Option<Arc<dyn SessionDesk>>,
    pub(crate) phones: Option<Arc<dyn PhoneDesk>>,
    pub(crate) mails: Option<Arc<dyn MailDesk>>,
    pub(crate) secure_cookie: bool,
    pub(crate) demo: Option<DemoLogin>,
    streams: Streams,
    pub(crate) searches: Searches,
    forms: AtomicU64,
}

impl Shared {
    pub(crate) fn new(desk: Arc<dyn Desk>, rooms: Rooms) -> Self {
        Self {
            desk,
            sessions: rooms.sessions,
            phones: rooms.phones,
            mails: rooms.mails,
            secure_cookie: rooms.secure_cookie,
            demo: rooms.demo,
            streams: Streams::default(),
            searches: Searches::default(),
            forms: AtomicU64::new(0),
        }
    }

    /// Whether all of this installation is a sandbox, with logins that everybody is shown.
    pub(crate) fn is_sandbox(&self) -> bool {
        self.demo.is_some()
    }

    /// The right to one event stream; `None` when there are too many.
    pub(crate) fn stream_for(&self, person: PersonId) -> Option<StreamPass> {
        self.streams.enter(person)
    }

    /// A name for one showing of a form, so that sending it twice does it once. It has the account that it
    /// was shown for.
    pub(crate) fn form_token(&self, account: Option<AccountId>) -> String {
        let count = self.forms.fetch_add(1, Ordering::Relaxed);
        let account = account.map_or(0, |account| account.0);
        format!("{account}-{}-{count}", self.desk.now().as_ms())
    }
}

/// Counts event streams, of all and of each person; cheap to clone.
#[derive(Clone, Default)]
struct Streams(Arc<Mutex<HashMap<PersonId, usize>>>);

/// The right to one event stream; given back when dropped.
pub(crate) struct StreamPass {
    streams: Streams,
    person: PersonId,
}

impl Streams {
    fn enter(&self, person: PersonId) -> Option<StreamPass> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = open.get(&person).copied().unwrap_or(0);
        if own >= STREAMS_OF_ONE_MAX || open.values().sum::<usize>() >= STREAMS_MAX {
            return None;
        }
        open.insert(person, own + 1);
        Some(StreamPass { streams: self.clone(), person })
    }
}

impl Drop for StreamPass {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&self.person) {
            Some(own) if *own > 1 => *own -= 1,
            _ => {
                open.remove(&self.person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use types::id::PersonId;

    use super::{STREAMS_MAX, STREAMS_OF_ONE_MAX, Streams};

    #[test]
    fn nobody_takes_the_streams_of_others() {
        let streams = Streams::default();
        let own: Vec<_> = (0..STREAMS_OF_ONE_MAX).filter_map(|_| streams.enter(PersonId(1))).collect();
        assert_eq!(own.len(), STREAMS_OF_ONE_MAX);
        assert!(streams.enter(PersonId(1)).is_none());
        let other = streams.enter(PersonId(2));
        assert!(other.is_some());
        drop(own);
        assert!(streams.enter(PersonId(1)).is_some());
        drop(other);
        assert!(streams.0.lock().unwrap().is_empty(), "who has left is forgotten");
        let many = i64::try_from(STREAMS_MAX).unwrap();
        let all: Vec<_> = (0..many).filter_map(|person| streams.enter(PersonId(person))).collect();
        assert_eq!(all.len(), STREAMS_MAX);
        assert!(streams.enter(PersonId(many)).is_none());
    }
}
