//! What can be asked about messages: by id, by list, and why each went as it did.
//!
//! It only reads, and what it reads stays within the [`Scope`] of who asks. The reading itself is in
//! `lookup`. Start at [`Core::message`].

use types::id::{MessageId, RowKey, SubmissionId};
use types::refusal::Refusal;

use super::{Core, MessageQuery, Scope};
use crate::detail::{Because, InboundDetail, MessageDetail, Page};

impl Core {
    /// A message by its id, with attempts and receipts.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn message(&self, scope: Scope, id: MessageId) -> Result<Option<MessageDetail>, Refusal> {
        self.inner.message(scope, id).await
    }

    /// Messages that match, newest first.
    ///
    /// # Errors
    /// `invalid_request` for a number that cannot be one, or when the store cannot be read.
    pub async fn messages(&self, scope: Scope, query: MessageQuery) -> Result<Page<MessageDetail>, Refusal> {
        self.inner.messages(scope, query).await
    }

    /// The messages of a submission, in their order; empty when there is none to see.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn submission(&self, scope: Scope, id: SubmissionId) -> Result<Vec<MessageDetail>, Refusal> {
        self.inner.submission(scope, id).await
    }

    /// Messages from phones, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn inbound(
        &self,
        scope: Scope,
        before: Option<RowKey>,
        limit: usize,
    ) -> Result<Page<InboundDetail>, Refusal> {
        self.inner.inbound(scope, before, limit).await
    }

    /// Why a message was priced, routed, charged and ended as it did.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn explain(
        &self,
        scope: Scope,
        id: MessageId,
    ) -> Result<Option<(MessageDetail, Vec<Because>)>, Refusal> {
        let Some(detail) = self.message(scope, id).await? else { return Ok(None) };
        // A number written nationally meant another one at the door; what is not found here is not told.
        let listed = match detail.destination.msisdn() {
            Some(number) => self.suppression(detail.account, number).await?,
            None => None,
        };
        let story = crate::explain::explain(&detail, listed.as_ref());
        Ok(Some((detail, story)))
    }

    /// The text of a content, for people to read.
    pub fn text_of(content: &types::message::Content) -> String {
        crate::text::of_content(content)
    }
}
