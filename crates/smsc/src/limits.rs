//! Every limit of the SMPP door, with what happens when it is reached.
//!
//! What an operator may change stands in [`Limits`]; what follows from the protocol or guards memory is a
//! constant. Limits of a single account (window, binds, rate) stand in the account.

/// Requests in hand of a session whose account has no window; beyond it the socket is not read until
/// answers have been written.
pub(crate) const UNLIMITED_WINDOW_CEILING: usize = 10_000;
/// Look-ups (`query_sm`, `cancel_sm`, messages that replace others) in hand per session; beyond it
/// `ESME_RTHROTTLED`.
pub(crate) const LOOKUPS_MAX: usize = 16;
/// Octets of a PDU on a connection that is not bound; a longer one ends it. A bind takes up to 98.
pub(crate) const OPEN_FRAME_OCTETS_MAX: u32 = 1_024;
/// Octets of the optional parameters of a message; beyond it `ESME_RINVPARLEN`.
pub(crate) const TLV_OCTETS_MAX: usize = 4_096;
/// Octets of content that one `submit_multi` may come to, counted for each destination: what it takes in
/// memory. Beyond it `ESME_RINVMSGLEN`.
pub(crate) const MULTI_OCTETS_MAX: usize = 1024 * 1024;
/// Octets waiting to be written beyond which a session reads no requests and writes no reports.
pub(crate) const OUTPUT_SOFT_OCTETS: usize = 64 * 1024;
/// Capacity of an emptied output buffer that is kept, in octets.
pub(crate) const OUTPUT_KEPT_OCTETS: usize = 16 * 1024;
/// Octets that a busy session reads at once.
pub(crate) const READ_OCTETS: usize = 16 * 1024;
/// Time within which requests in hand must be answered when a session ends.
pub(crate) const DRAIN_MS: u64 = 10_000;
/// Time in which a session that ends by `unbind` of either side waits for `deliver_sm_resp` before it goes on.
pub(crate) const REPORTS_GRACE_MS: u64 = 1_000;
/// Time to wait for `unbind_resp`.
pub(crate) const UNBIND_MS: u64 = 5_000;
/// Time within which the last octets of a session must be written.
pub(crate) const FLUSH_MS: u64 = 5_000;
/// Time in which a peer may finish reading after the server closed its side.
pub(crate) const LINGER_MS: u64 = 1_000;
/// Octets that are read and dropped while lingering.
pub(crate) const LINGER_OCTETS: usize = 1024 * 1024;
/// Time after which a task that has not ended at shutdown is stopped.
pub(crate) const SHUTDOWN_MS: u64 = DRAIN_MS + UNBIND_MS + FLUSH_MS;
/// Pause after the operating system refused to accept, e.g. for want of file descriptors.
pub(crate) const ACCEPT_PAUSE_MS: u64 = 100;
/// How often connections that were refused are logged; those in between are counted.
pub(crate) const REFUSALS_LOG_MS: u64 = 10_000;
/// Every failed bind is answered this long after it came, whatever was wrong with it.
pub(crate) const BIND_FAILURE_DELAY_MS: u64 = 200;
/// The longest delay of a bind that is refused unseen.
pub(crate) const BIND_REFUSAL_DELAY_MS_MAX: u64 = 4_000;
/// Failed binds after which a connection is closed.
pub(crate) const FAILED_BINDS_PER_CONNECTION_MAX: u32 = 3;
/// Addresses and system ids whose failed binds are remembered; when full, the oldest is forgotten.
pub(crate) const GUARD_ENTRIES_MAX: usize = 20_000;
/// Addresses from which system ids have bound that are remembered; when full, the oldest is forgotten.
pub(crate) const GUARD_HOMES_MAX: usize = 10_000;
/// The period in which failed binds are counted.
pub(crate) const GUARD_PERIOD_MS: u64 = 60_000;
/// How often it is looked whether a customer is to be called.
pub(crate) const OUTBIND_LOOK_MS: u64 = 1_000;
/// How long a connection to a customer may take.
pub(crate) const OUTBIND_CONNECT_MS: u64 = 10_000;
/// The pause after a call that led to no bind; it doubles with each.
pub(crate) const OUTBIND_PAUSE_MS: u64 = 5_000;
/// The longest pause between two calls.
pub(crate) const OUTBIND_PAUSE_MS_MAX: u64 = 300_000;
/// How often a session looks whether the limits of its account have changed.
pub(crate) const ACCOUNT_REFRESH_MS: u64 = 1_000;

/// What an operator may set. Times are milliseconds and at least 1; zero lifts a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once over all listeners of one [`crate::Smsc`]; beyond it a new one takes the place of the
    /// oldest that is not bound, and is closed at once when all are.
    pub connections_max: usize,
    /// Connections at once from one address (IPv6: one /64); beyond it a new one is closed at once.
    pub connections_per_ip_max: usize,
    /// Whether `connections_per_ip_max` holds for the loopback addresses too.
    pub loopback_is_limited: bool,
    /// Time from connecting, or from the answer to a failed bind, to the next bind.
    pub bind_timeout_ms: u64,
    /// Silence after which the server sends `enquire_link`.
    pub probe_after_ms: u64,
    /// How long an `enquire_link` may stay unanswered.
    pub probe_timeout_ms: u64,
    /// Unanswered `enquire_link` after which the session is closed.
    pub probes_missed_max: u32,
    /// Failed binds per minute, by address and by system id, after which binds are refused unseen.
    pub failed_binds_per_minute: u32,
    /// `deliver_sm` of one session that may wait for their response; at least 1.
    pub delivery_window: usize,
    /// How long a `deliver_sm_resp` may take until the report is offered again.
    pub delivery_timeout_ms: u64,
    /// Time without any progress after which a session that does not read is closed.
    pub write_stall_ms: u64,
    /// Octets waiting to be written beyond which a session is closed at once.
    pub output_octets_max: usize,
}

impl Default for Limits {
    /// A silent peer is probed after 30 s and closed after 120 s.
    fn default() -> Self {
        Self {
            connections_max: 4_096,
            connections_per_ip_max: 100,
            loopback_is_limited: false,
            bind_timeout_ms: 5_000,
            probe_after_ms: 30_000,
            probe_timeout_ms: 30_000,
            probes_missed_max: 3,
            failed_binds_per_minute: 5,
            delivery_window: 100,
            delivery_timeout_ms: 60_000,
            write_stall_ms: 30_000,
            output_octets_max: 2 * 1024 * 1024,
        }
    }
}
