//! Messages that wait for a person, with what is on record of their crashes.
//!
//! A crash while a message was written for a carrier is an answer of that attempt. One in the engine is
//! told by the marks of the message and by the journal; the log names where in the code it was.

use std::collections::HashMap;
use std::sync::Arc;

use ports::store::{MessageView, Reader};
use types::id::RowKey;
use types::message::{Flags, State};
use types::receipt::Verdict;
use types::refusal::Refusal;

use crate::detail::{CrashDetail, CrashStage, MessageDetail, PausedDetail};
use crate::runtime::Runtime;

impl Runtime {
    /// Those of the messages that wait for a person, in the order of `keys`.
    pub(crate) async fn paused(self: &Arc<Self>, keys: Vec<RowKey>) -> Result<Vec<PausedDetail>, Refusal> {
        let read = move |reader: &dyn Reader| {
            let views = keys.into_iter().map(|key| reader.message(key));
            views.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()
        };
        let views = self.ask(read).await?;
        let none = HashMap::new();
        Ok(views.into_iter().filter_map(|view| self.paused_of(view, &none)).collect())
    }

    fn paused_of(
        &self,
        view: MessageView,
        none: &HashMap<u32, types::catalog::TrafficDocument>,
    ) -> Option<PausedDetail> {
        let progress = view.message.progress;
        let pause = progress.flags.pause().filter(|_| !progress.state.is_final())?;
        let message = self.detail_of(view, none);
        let crashes = crashes_of(&message);
        // What waits in the queue is due since it waits there.
        let waits_in_queue = progress.state == State::Queued && progress.due_at <= self.clock.now();
        let since = waits_in_queue.then_some(progress.due_at);
        Some(PausedDetail { pause, since, crashes, message })
    }
}

/// What is on record of crashes.
fn crashes_of(message: &MessageDetail) -> Vec<CrashDetail> {
    let mut crashes = Vec::new();
    for attempt in &message.attempts {
        let crashed = attempt.answers.iter().find(|answer| answer.verdict == Verdict::Crashed);
        crashes.extend(crashed.map(|answer| CrashDetail {
            stage: CrashStage::Writing,
            at: Some(answer.answered_at),
            connector: Some(attempt.connector.clone()),
            attempt: Some(attempt.number),
        }));
    }
    let quarantined = message.flags.contains(Flags::QUARANTINED);
    let counted = if quarantined { 2 } else { usize::from(message.flags.contains(Flags::CRASHED)) };
    while crashes.len() < counted {
        let connector = message.connector.clone();
        crashes.push(CrashDetail { stage: CrashStage::Deciding, at: None, connector, attempt: None });
    }
    crashes
}
