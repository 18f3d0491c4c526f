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

/// Refusals for who we are after which a session knocks rarely: carriers block addresses that hammer.
const REFUSALS_MAX: u32 = 5;
/// How long to wait between two tries then.
const REFUSED_RETRY: Duration = Duration::from_secs(600);
/// How long a link must have lived for the waits to begin anew.
const SETTLED: Duration = Duration::from_secs(10);

/// Runs a session until the connector closes.
pub(super) async fn run(hub: Arc<Hub>, command: CommandId, first: bool, seed: u64) {
    let _guard = hub.session_guard();
    let mut leave = hub.leave_by.subscribe();
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
                backoff(&hub, &mut attempt, seed)
            }
            Err(error) => failed(&hub, &error, &mut attempt, seed),
        };
        tokio::select! {
            () = sleep(wait) => {}
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

fn failed(hub: &Hub, error: &BindError, attempt: &mut u32, seed: u64) -> Duration {
    tracing::warn!(connector = hub.id.0, %error, "no link to the carrier");
    hub.try_failed(error.to_string());
    if !error.is_about_us() {
        return backoff(hub, attempt, seed);
    }
    let mut refusals = 0;
    hub.door.send_modify(|door| {
        refusals = match door {
            Door::Shut(before) => before.saturating_add(1),
            Door::Unknown | Door::Open => 1,
        };
        *door = Door::Shut(refusals);
    });
    if refusals >= REFUSALS_MAX { REFUSED_RETRY } else { backoff(hub, attempt, seed) }
}
