//! Made-up messages that wait for a person, and what becomes of them.

use app::detail::{AttemptDetail, CrashDetail, CrashStage, MessageDetail, Page, PausedDetail};
use types::id::{MessageId, RowKey};
use types::refusal::{Refusal, RefusalCode};

/// A message as it waits for a person, if it does: its attempts crashed, and the engine after them.
pub fn paused(message: &MessageDetail) -> Option<PausedDetail> {
    let pause = message.flags.pause().filter(|_| !message.state.is_final())?;
    let crash = |attempt: &AttemptDetail| CrashDetail {
        stage: CrashStage::Writing,
        at: Some(message.accepted_at),
        connector: Some(attempt.connector.clone()),
        attempt: Some(attempt.number),
    };
    let by_engine = CrashDetail { stage: CrashStage::Deciding, at: None, connector: None, attempt: None };
    let crashes = message.attempts.iter().map(crash).chain([by_engine]).collect();
    Some(PausedDetail { pause, since: Some(message.accepted_at), crashes, message: message.clone() })
}

/// A page of those that wait.
pub fn page(messages: &[MessageDetail], before: Option<RowKey>, limit: usize) -> Page<PausedDetail> {
    let older = |message: &&MessageDetail| before.is_none_or(|before| message.id.key() < before);
    let mut items: Vec<_> = messages.iter().filter(older).filter_map(paused).collect();
    let next = (items.len() > limit).then(|| items[limit - 1].message.id.key());
    items.truncate(limit);
    Page { items, next }
}

/// Changes one that waits.
pub fn rule(
    messages: &mut [MessageDetail],
    id: MessageId,
    change: impl FnOnce(&mut MessageDetail),
) -> Result<(), Refusal> {
    let found = messages.iter_mut().find(|message| message.id == id && paused(message).is_some());
    found.map(change).ok_or_else(|| Refusal::new(RefusalCode::TooLate, "it does not wait for a person"))
}
