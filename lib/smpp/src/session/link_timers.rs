//! Decides when to probe a link with `enquire_link` and when to give it up (SMPP 3.4, 2.9 and 7.2).
//!
//! Response and session-init timers are not here: the window tells which requests are late.

/// The times of a link. All are at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkTimerLimits {
    /// Silence, of either direction, after which `enquire_link` is sent.
    pub idle_ms: u64,
    /// How long an `enquire_link` may stay unanswered.
    pub response_ms: u64,
    /// How many may go unanswered in a row before the link is dead.
    pub missed_limit: u32,
}

impl Default for LinkTimerLimits {
    /// Probe after 30 s of silence; dead after 3 probes without an answer, 10 s each.
    fn default() -> Self {
        Self { idle_ms: 30_000, response_ms: 10_000, missed_limit: 3 }
    }
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkAction {
    /// Nothing.
    None,
    /// Send an `enquire_link`. It counts as sent at that moment.
    SendEnquireLink,
    /// The peer is gone: close.
    Dead,
}

/// The timers of one link. Times are milliseconds of any clock that never goes back.
#[derive(Debug, Clone)]
pub struct LinkTimers {
    limits: LinkTimerLimits,
    received_at_ms: u64,
    sent_at_ms: u64,
    /// When the `enquire_link` that waits for an answer was sent.
    probed_at_ms: Option<u64>,
    missed: u32,
}

impl LinkTimers {
    /// Starts when the link is bound.
    #[must_use]
    pub fn new(limits: LinkTimerLimits, now_ms: u64) -> Self {
        let limits = LinkTimerLimits {
            idle_ms: limits.idle_ms.max(1),
            response_ms: limits.response_ms.max(1),
            missed_limit: limits.missed_limit.max(1),
        };
        Self { limits, received_at_ms: now_ms, sent_at_ms: now_ms, probed_at_ms: None, missed: 0 }
    }

    /// Any PDU has come: the peer lives, whatever it answered.
    pub fn on_received(&mut self, now_ms: u64) {
        self.received_at_ms = now_ms;
        self.probed_at_ms = None;
        self.missed = 0;
    }

    /// Any PDU has been sent: the peer's own timers are satisfied.
    pub fn on_sent(&mut self, now_ms: u64) {
        self.sent_at_ms = now_ms;
    }

    /// What to do now. `SendEnquireLink` is given once per probe.
    pub fn poll(&mut self, now_ms: u64) -> LinkAction {
        if now_ms < self.next_due() {
            return LinkAction::None;
        }
        if self.probed_at_ms.is_some() {
            self.missed = self.missed.saturating_add(1);
            if self.missed >= self.limits.missed_limit {
                return LinkAction::Dead;
            }
        }
        self.probed_at_ms = Some(now_ms);
        self.sent_at_ms = now_ms;
        LinkAction::SendEnquireLink
    }

    /// The moment at which [`poll`](Self::poll) will next have something to say.
    #[must_use]
    pub fn next_due(&self) -> u64 {
        match self.probed_at_ms {
            Some(probed_at_ms) => probed_at_ms.saturating_add(self.limits.response_ms),
            None => self.received_at_ms.min(self.sent_at_ms).saturating_add(self.limits.idle_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LinkAction, LinkTimerLimits, LinkTimers};

    const LIMITS: LinkTimerLimits = LinkTimerLimits { idle_ms: 100, response_ms: 10, missed_limit: 2 };

    #[test]
    fn a_silent_peer_is_probed_and_then_dead() {
        let mut timers = LinkTimers::new(LIMITS, 0);
        for (now_ms, action, next_due) in [
            (99, LinkAction::None, 100),
            (100, LinkAction::SendEnquireLink, 110),
            (105, LinkAction::None, 110),
            (110, LinkAction::SendEnquireLink, 120),
            (119, LinkAction::None, 120),
            (120, LinkAction::Dead, 120),
            (121, LinkAction::Dead, 120),
        ] {
            assert_eq!(timers.poll(now_ms), action, "at {now_ms}");
            assert_eq!(timers.next_due(), next_due, "at {now_ms}");
        }
    }

    #[test]
    fn any_pdu_keeps_the_link_alive() {
        let mut timers = LinkTimers::new(LIMITS, 0);
        assert_eq!(timers.poll(100), LinkAction::SendEnquireLink);
        assert_eq!(timers.poll(110), LinkAction::SendEnquireLink);
        timers.on_received(115);
        assert_eq!(timers.poll(130), LinkAction::None);
        timers.on_sent(200);
        assert_eq!(timers.next_due(), 215);
        assert_eq!(timers.poll(215), LinkAction::SendEnquireLink);
        assert_eq!(timers.poll(225), LinkAction::SendEnquireLink, "misses are counted anew");
    }

    #[test]
    fn one_sided_traffic_is_probed() {
        let mut timers = LinkTimers::new(LIMITS, 0);
        for now_ms in 1..100 {
            timers.on_sent(now_ms);
        }
        assert_eq!(timers.poll(100), LinkAction::SendEnquireLink, "nothing was received");
        timers.on_received(101);
        for now_ms in 102..300 {
            timers.on_received(now_ms);
        }
        assert_eq!(timers.poll(300), LinkAction::SendEnquireLink, "nothing was sent");
    }

    #[test]
    fn zero_limits_do_not_spin() {
        let mut timers = LinkTimers::new(LinkTimerLimits { idle_ms: 0, response_ms: 0, missed_limit: 0 }, 0);
        assert_eq!(timers.poll(0), LinkAction::None);
        assert_eq!(timers.poll(1), LinkAction::SendEnquireLink);
        assert_eq!(timers.poll(1), LinkAction::None);
        assert_eq!(timers.poll(2), LinkAction::Dead);
    }
}
