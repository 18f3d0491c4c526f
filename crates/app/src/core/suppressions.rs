//! Suppression lists: the recipients that an account must not message, shown and changed by the account.
//!
//! It decides nothing: what the list refuses is `decide::admit`, and what changes it is the engine's. Start
//! at [`Core::suppress`].

use ports::store::{PAGE_ROWS_MAX, SuppressionFilter, SuppressionRow};
use types::address::Msisdn;
use types::id::{AccountId, PoolId, RowKey};
use types::refusal::{Refusal, RefusalCode};
use types::suppression::SuppressionReason;
use types::time::Timestamp;

use super::{Core, stopped, unheard};
use crate::detail::Page;
use crate::engine::Input;
use crate::engine::suppress::Listing;
use crate::inbox::Kind as Limit;
use crate::runtime::Runtime;
use crate::seal::Kind;
use crate::sealed::read_number;
use crate::submission::{Done, Idempotency};

/// Numbers that one request puts on a list; who has more asks again.
pub const SUPPRESSED_AT_ONCE_MAX: usize = 1_000;

/// Which entries of a list to show, newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SuppressionQuery {
    /// Of this number; `None` for any.
    pub number: Option<Msisdn>,
    /// The cursor.
    pub before: Option<RowKey>,
    /// 1 to 500.
    pub limit: usize,
}

/// A recipient that an account must not message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressionView {
    /// The number.
    pub number: Msisdn,
    /// The pool whose messages it must not get; `None` for all of the account.
    pub pool: Option<PoolId>,
    /// Why.
    pub reason: SuppressionReason,
    /// From where: a message of a phone, or a key.
    pub source: String,
    /// Since when.
    pub created_at: Timestamp,
}

/// What to put on a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressionWish {
    /// The numbers, 1 to [`SUPPRESSED_AT_ONCE_MAX`].
    pub numbers: Vec<Msisdn>,
    /// Why.
    pub reason: SuppressionReason,
    /// From where, without personal data.
    pub source: String,
}

impl Core {
    /// The suppression list of an account, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn suppressions(
        &self,
        account: AccountId,
        query: SuppressionQuery,
    ) -> Result<Page<SuppressionView>, Refusal> {
        let filter = SuppressionFilter {
            account,
            number_hash: query.number.map(|number| self.inner.hasher.number(number)),
            before: query.before,
            limit: query.limit.clamp(1, PAGE_ROWS_MAX),
        };
        let page = self.inner.ask(move |reader| reader.list_suppressions(&filter)).await?;
        let mut items = Vec::with_capacity(page.items.len());
        for row in &page.items {
            items.extend(view(&self.inner, row));
        }
        Ok(Page { items, next: page.next })
    }

    /// The entry of one number: that for all messages of the account, else the newest for those of a pool; `None`
    /// when the account may message it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn suppression(
        &self,
        account: AccountId,
        number: Msisdn,
    ) -> Result<Option<SuppressionView>, Refusal> {
        let query = SuppressionQuery { number: Some(number), before: None, limit: PAGE_ROWS_MAX };
        let entries = self.suppressions(account, query).await?.items;
        let whole = entries.iter().find(|entry| entry.pool.is_none());
        Ok(whole.or_else(|| entries.first()).cloned())
    }

    /// Puts numbers on an account's list; gives how many were not on it. The next message to each is refused.
    ///
    /// # Errors
    /// `invalid_request` for none, too many at once or a list that is full, and the refusals of an
    /// idempotency key.
    pub async fn suppress(
        &self,
        account: AccountId,
        wish: SuppressionWish,
        once: Option<Idempotency>,
    ) -> Result<Done<usize>, Refusal> {
        let SuppressionWish { numbers, reason, source } = wish;
        if numbers.is_empty() || numbers.len() > SUPPRESSED_AT_ONCE_MAX {
            let detail = format!("expected 1 to {SUPPRESSED_AT_ONCE_MAX} numbers");
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("numbers"));
        }
        self.list(account, Listing::Add { numbers, reason, source }, once).await
    }

    /// Takes a number from an account's list and from those of its pools, whatever put it there.
    ///
    /// # Errors
    /// `not_found` when it is not on the list.
    pub async fn unsuppress(&self, account: AccountId, number: Msisdn) -> Result<(), Refusal> {
        match self.list(account, Listing::Remove(number), None).await?.value {
            0 => Err(Refusal::new(RefusalCode::NotFound, "this number is not on the suppression list")),
            _ => Ok(()),
        }
    }

    async fn list(
        &self,
        account: AccountId,
        listing: Listing,
        once: Option<Idempotency>,
    ) -> Result<Done<usize>, Refusal> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let input = Input::List(account, listing, once, sender);
        self.inner.shared.inbox.push(Limit::Command, input).map_err(|_| stopped())?;
        receiver.await.map_err(|_| unheard())?
    }
}

/// An entry as its account sees it; `None` when its key was shredded.
fn view(runtime: &Runtime, row: &SuppressionRow) -> Option<SuppressionView> {
    let key = runtime.key(row.data_key)?;
    let number =
        key.open(Kind::Suppression, row.key, &row.sealed).ok().and_then(|plain| read_number(&plain))?;
    Some(SuppressionView {
        number,
        pool: PoolId::parse(&row.scope).filter(|_| !row.scope.is_empty()),
        reason: row.reason,
        source: row.source.clone(),
        created_at: row.created_at,
    })
}
