//! Running the house: readiness, figures, metrics, and the orderly end of the channels.
//!
//! It touches no message. Start at [`Core::ready`].

use tokio::sync::oneshot;
use types::refusal::{Refusal, RefusalCode};

use super::{Core, HouseFigures, stopped};
use crate::engine::Input;
use crate::inbox::Kind;

impl Core {
    /// Proves that the store takes a durable write now.
    ///
    /// # Errors
    /// `unavailable` when it does not.
    pub async fn ready(&self) -> Result<(), Refusal> {
        if !self.inner.shared.is_healthy() {
            return Err(
                Refusal::new(RefusalCode::Unavailable, "the last commit did not succeed").retry_after(5)
            );
        }
        let (sender, receiver) = oneshot::channel();
        self.inner.shared.inbox.push(Kind::Command, Input::Probe(sender)).map_err(|_| stopped())?;
        receiver.await.map_err(|_| stopped())?
    }

    /// Counts of the store and the proof of the ledger.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn store_figures(&self) -> Result<HouseFigures, Refusal> {
        let store = self.inner.ask(|reader| reader.figures()).await?;
        let archived = self.inner.ask(|reader| reader.archived()).await?;
        let sums = self.inner.ask(|reader| reader.ledger_sums()).await?;
        let imbalance_micros = sums.iter().map(ports::store::LedgerSum::imbalance_micros).sum();
        Ok(HouseFigures { store, archived, imbalance_micros })
    }

    /// Figures in the text form of Prometheus.
    pub fn metrics_text(&self) -> String {
        let shared = &self.inner.shared;
        let outbox = shared.notifier.waiting();
        shared.metrics.text(self.now(), &self.connectors(), outbox, shared.inbox.len())
    }

    /// Counts SMPP sessions for the metrics.
    pub fn note_smpp_sessions(&self, delta: i64) {
        self.inner.shared.metrics.sessions.inc_by(delta);
    }

    /// Hands nothing more to channels, waits for outstanding answers and closes the links.
    pub async fn drain_channels(&self, deadline_ms: u64) {
        let (sender, receiver) = oneshot::channel();
        if self.inner.shared.inbox.push(Kind::Command, Input::Drain(sender)).is_err() {
            return;
        }
        let channels = receiver.await.unwrap_or_default();
        let drains: Vec<_> = channels
            .into_iter()
            .map(|channel| tokio::spawn(async move { channel.drain(deadline_ms).await }))
            .collect();
        for drain in drains {
            if drain.await.is_err() {
                tracing::error!("a channel failed while it was drained");
            }
        }
    }
}
