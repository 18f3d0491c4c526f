//! Planted bugs: ways in which what the core stands on may break its contract. Each must be found.
//!
//! They are made outside of the core, in the simulated ports, so that nothing of them can be shipped.

/// A bug to plant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// Commits are acknowledged before they are synced: a crash takes the newest back.
    SyncingOff,
    /// Idempotency keys are not kept.
    DedupOff,
    /// A process that was taken for dead may write, whatever versions its batches expect.
    FencingOff,
    /// What carriers' ids mean is forgotten when the process starts.
    ReceiptMapLost,
    /// A hold that is given back is given back twice.
    HoldReleasedTwice,
    /// Repeated attempts are not on disk when they are handed over.
    WriteAheadSkipped,
    /// At the start, messages that were being written look as if they still waited.
    SendingForgotten,
    /// Some receipts are acknowledged and not kept.
    ReceiptsDropped,
    /// Some events are told and not kept.
    EventsDropped,
    /// A crash in the middle of a commit leaves half of it.
    TornCommit,
    /// A submission is acknowledged after its commit did not happen.
    CommitDropped,
    /// A message from a phone is acknowledged and not kept.
    InboundDropped,
}

impl Plant {
    /// Every one, with its name on the command line.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::SyncingOff, "syncing_off"),
        (Self::DedupOff, "dedup_off"),
        (Self::FencingOff, "fencing_off"),
        (Self::ReceiptMapLost, "receipt_map_lost"),
        (Self::HoldReleasedTwice, "hold_released_twice"),
        (Self::WriteAheadSkipped, "write_ahead_skipped"),
        (Self::SendingForgotten, "sending_forgotten"),
        (Self::ReceiptsDropped, "receipts_dropped"),
        (Self::EventsDropped, "events_dropped"),
        (Self::TornCommit, "torn_commit"),
        (Self::CommitDropped, "commit_dropped"),
        (Self::InboundDropped, "inbound_dropped"),
    ];

    /// The one of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(plant, _)| *plant)
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(plant, _)| *plant == self).map_or("", |(_, name)| name)
    }
}
