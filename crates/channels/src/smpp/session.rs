//! One session of a connector: it binds, runs the link, and binds again when the link is gone.
//!
//! One task per session owns its socket. Start at [`run`].

use std::sync::Arc;
use std::time::Duration;

use smpp::CommandId;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::bind::{self, BindError};
use super::hub::{Door, Hub};
use super::link::Link;
use crate::backoff;

/// Refusals for who we are after which a session knocks rarely or no more: carriers block addresses that hammer.
const REFUSALS_MAX: u32 = 5;
/// How long to wait between two tries when the refusal does not blame name or password in so many words.
const REFUSED_RETRY: Duration = Duration::from_secs(600);
/// How long a link must have lived for the waits to begin anew.
const SETTLED: Duration = Duration::from_secs(10);

/// Runs a session until the connector closes.
pub(super) async fn run(hub: Arc<Hub>, command: CommandId, first: bool, seed: u64) {
    let _guard = hub.session_guard();
    let mut leave = hub.leave_by.subscribe();
    let mut knocks = hub.knocks.subscribe();
    let mut attempt = 0;
    while !closing(&leave) {
        if !first {
            // Others follow once the first session knows that the carrier lets us in.
            let mut door = hub.door.subscribe();
            tokio::select! {
                open = door.wait_for(|door| *door == Door::Open) => if open.is_err() { return },
                _ = leave.wait_for(Option::is_some) => return,
            }
        }
        let bound = tokio::select! {
            bound = bind::connect(&hub.settings, command) => bound,
            _ = leave.wait_for(Option::is_some) => return,
        };
        let wait = match bound {
            Ok(bound) => {
                let since = Instant::now();
                Link::new(&hub, bound, command).run().await;
                if since.elapsed() >= SETTLED {
                    attempt = 0;
                }
                Some(backoff(&hub, &mut attempt, seed))
            }
            Err(error) => failed(&hub, &error, &mut attempt, seed),
        };
        let waited = async {
            match wait {
                Some(wait) => sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = waited => {}
            Ok(()) = knocks.changed() => {
                attempt = 0;
                hub.door.send_if_modified(|door| {
                    let was_shut = matches!(door, Door::Shut(_));
                    if was_shut {
                        *door = Door::Unknown;
                    }
                    was_shut
                });
            }
            _ = leave.wait_for(Option::is_some) => return,
        }
    }
}

fn closing(leave: &watch::Receiver<Option<Instant>>) -> bool {
    leave.borrow().is_some()
}

fn backoff(hub: &Hub, attempt: &mut u32, seed: u64) -> Duration {
    let delay_ms = backoff::delay_ms(hub.settings.timing.reconnect_ms, *attempt, seed);
    *attempt = attempt.saturating_add(1);
    Duration::from_millis(delay_ms)
}

/// How long to wait after a failed try; `None` until somebody knocks.
fn failed(hub: &Hub, error: &BindError, attempt: &mut u32, seed: u64) -> Option<Duration> {
    tracing::warn!(connector = hub.id.0, %error, "no link to the carrier");
    // While another link is up the carrier knows us: it has a session too many.
    if !error.is_about_us() || hub.is_up() {
        hub.try_failed(error.to_string());
        return Some(backoff(hub, attempt, seed));
    }
    let mut refusals = 0;
    hub.door.send_modify(|door| {
        refusals = match door {
            Door::Shut(before) => before.saturating_add(1),
            Door::Unknown | Door::Open => 1,
        };
        *door = Door::Shut(refusals);
    });
    if refusals < REFUSALS_MAX {
        hub.try_failed(error.to_string());
        return Some(backoff(hub, attempt, seed));
    }
    if !error.blames_credentials() {
        hub.try_failed(format!("{error}; tried again every {} minutes", REFUSED_RETRY.as_secs() / 60));
        return Some(REFUSED_RETRY);
    }
    tracing::error!(connector = hub.id.0, "the carrier refuses our name or password; it is not tried again");
    hub.try_failed(format!("{error}; not tried again until the routes are published anew"));
    None
}
