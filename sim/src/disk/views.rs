//! Messages of the simulated disk as readers see them.

use ports::store::{
    EventEnd, EventFilter, EventStatus, EventView, InboundRow, ListFilter, ListPage, ListedEvent,
    MessageView, OpenMessage, PAGE_ROWS_MAX,
};
use types::id::{AccountId, RowKey};
use types::time::Timestamp;

use super::{Kept, Tables};

impl Tables {
    /// A message with its submission, without attempts and events; `None` while it is staged.
    fn view(&self, kept: &Kept, with_body: bool) -> Option<MessageView> {
        let submission = self.submissions.get(&kept.message.facts.submission)?;
        if self.staged.contains(&submission.key) {
            return None;
        }
        let body = kept.body.as_ref().filter(|_| with_body).map(|body| body.to_vec());
        Some(MessageView {
            message: kept.message.clone(),
            submission: submission.clone(),
            body,
            attempts: Vec::new(),
            outbox: Vec::new(),
        })
    }

    pub(super) fn whole_view(&self, key: RowKey) -> Option<MessageView> {
        let kept = self.kept(key)?;
        let view = self.view(kept, true)?;
        let events = self.events_about.get(&key).into_iter().flatten();
        let outbox = events.filter_map(|key| self.outbox.get(key)).cloned().collect();
        Some(MessageView { attempts: kept.attempts.clone(), outbox, ..view })
    }

    pub(super) fn views_of(&self, submission: RowKey) -> Vec<MessageView> {
        let kept = self.keys_of(submission).iter().filter_map(|key| self.kept(*key));
        let mut views: Vec<_> = kept.filter_map(|kept| self.view(kept, true)).collect();
        views.sort_by_key(|view| view.message.facts.index);
        views
    }

    pub(super) fn list(&self, filter: &ListFilter) -> ListPage<MessageView> {
        let limit = filter.limit.clamp(1, PAGE_ROWS_MAX);
        let kept = self.messages.values().rev().filter(|kept| matches(filter, &kept.message));
        let items: Vec<_> =
            kept.filter_map(|kept| self.view(kept, filter.with_bodies)).take(limit + 1).collect();
        ListPage::cut(items, limit, |view| view.message.facts.key)
    }

    pub(super) fn list_events(&self, filter: &EventFilter) -> ListPage<ListedEvent> {
        let limit = filter.limit.clamp(1, PAGE_ROWS_MAX);
        let of_endpoint = self.outbox.values().rev().filter(|event| event.row.endpoint == filter.endpoint);
        let mut found: Vec<_> =
            of_endpoint.filter(|event| is_wanted(filter, event)).take(limit + 1).cloned().collect();
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| has_more).map(|event| event.row.key);
        let listed = |event: EventView| {
            let about = event.row.about;
            let message = self.kept(about).map(|kept| kept.message.facts.tail);
            let about_tail = message.or_else(|| self.inbound.get(&about).map(|row| row.tail));
            ListedEvent { event, about_tail }
        };
        ListPage { items: found.into_iter().map(listed).collect(), next }
    }

    pub(super) fn list_inbound(
        &self,
        account: Option<AccountId>,
        before: Option<RowKey>,
        limit: usize,
    ) -> ListPage<InboundRow> {
        let limit = limit.clamp(1, PAGE_ROWS_MAX);
        let below = before.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
        let rows = self.inbound.range((std::ops::Bound::Unbounded, below)).rev().map(|(_, row)| row);
        let mine = rows.filter(|row| account.is_none() || row.account == account);
        let items: Vec<_> = mine.take(limit + 1).cloned().collect();
        ListPage::cut(items, limit, |row| row.key)
    }
}

fn is_wanted(filter: &EventFilter, event: &EventView) -> bool {
    let EventView { row, end } = event;
    let made_at = Timestamp::from_ms(row.key.unix_ms());
    let status = match end {
        Some(EventEnd::Told(_)) => EventStatus::Told,
        Some(EventEnd::Moot(_)) => EventStatus::Moot,
        None if row.next_at == Timestamp::NEVER => EventStatus::Dead,
        None => EventStatus::Waiting,
    };
    filter.status.is_none_or(|wanted| wanted == status)
        && filter.since.is_none_or(|since| made_at >= since)
        && filter.until.is_none_or(|until| made_at < until)
        && filter.before.is_none_or(|before| row.key < before)
}

fn matches(filter: &ListFilter, message: &OpenMessage) -> bool {
    let (facts, progress) = (&message.facts, &message.progress);
    filter.account.is_none_or(|account| facts.account == account)
        && (filter.states.is_empty() || filter.states.contains(&progress.state))
        && filter.recipient_hash.is_none_or(|hash| facts.recipient_hash == hash)
        && (filter.connector.is_none() || progress.connector == filter.connector)
        && filter.since.is_none_or(|since| facts.accepted_at >= since)
        && filter.until.is_none_or(|until| facts.accepted_at < until)
        && filter.before.is_none_or(|before| facts.key < before)
}
