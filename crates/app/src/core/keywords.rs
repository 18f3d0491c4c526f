//! What an account has phones answered that write a keyword such as STOP, START or HELP.
//!
//! What a keyword does, and when it is answered, is the engine's. Start at [`Core::keyword_replies`].

use types::id::AccountId;
use types::keyword::Keyword;
use types::refusal::{Refusal, RefusalCode};

use super::Core;
use crate::engine::Change;

/// Characters of an answer: three parts of an SMS in the default alphabet.
const REPLY_CHARS_MAX: usize = 459;

/// What phones are answered; `None` for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeywordReplies {
    /// After a word such as STOP.
    pub stop: Option<String>,
    /// After a word such as START.
    pub start: Option<String>,
    /// After a word such as HELP.
    pub help: Option<String>,
}

/// What to change of the answers; what is `None` stays, and `Some(None)` answers nothing any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeywordReplyPatch {
    /// After a word such as STOP.
    pub stop: Option<Option<String>>,
    /// After a word such as START.
    pub start: Option<Option<String>>,
    /// After a word such as HELP.
    pub help: Option<Option<String>>,
}

impl Core {
    /// What phones are answered that write a keyword to this account.
    pub fn keyword_replies(&self, account: AccountId) -> KeywordReplies {
        let directory = self.inner.shared.directory.load();
        let reply = |keyword| directory.keyword_replies.get(&(account, keyword)).map(ToString::to_string);
        KeywordReplies {
            stop: reply(Keyword::Stop),
            start: reply(Keyword::Start),
            help: reply(Keyword::Help),
        }
    }

    /// Changes what phones are answered; gives the answers as they are now.
    ///
    /// # Errors
    /// `invalid_request` at the answer that is empty or too long.
    pub async fn change_keyword_replies(
        &self,
        account: AccountId,
        patch: KeywordReplyPatch,
    ) -> Result<KeywordReplies, Refusal> {
        let all = [(Keyword::Stop, patch.stop), (Keyword::Start, patch.start), (Keyword::Help, patch.help)];
        let changes: Vec<_> =
            all.into_iter().filter_map(|(keyword, change)| Some((keyword, change?))).collect();
        for (keyword, text) in &changes {
            let checked = text.as_deref().map_or(Ok(()), check_reply);
            checked.map_err(|refusal| refusal.at(keyword.as_str()))?;
        }
        if !changes.is_empty() {
            self.change(Change::KeywordReplies(account, changes)).await?;
        }
        Ok(self.keyword_replies(account))
    }
}

/// Whether a text can answer a keyword.
pub(super) fn check_reply(text: &str) -> Result<(), Refusal> {
    let is_shown = |c: char| !c.is_control() || c == '\n';
    if !text.trim().is_empty() && text.chars().count() <= REPLY_CHARS_MAX && text.chars().all(is_shown) {
        return Ok(());
    }
    let detail = format!("expected 1 to {REPLY_CHARS_MAX} characters, or null to answer nothing");
    Err(Refusal::new(RefusalCode::InvalidRequest, detail))
}
