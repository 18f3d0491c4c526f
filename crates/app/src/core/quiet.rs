//! Quiet hours of an account: when its recipients are not disturbed, on their own clocks.
//!
//! What they do to a message is `decide::quiet`'s. Start at [`Core::quiet_hours`].

use decide::quiet::AccountQuiet;
use types::id::AccountId;
use types::quiet::QuietHoursText;
use types::refusal::{Refusal, RefusalCode};
use types::resource::{Document, Quiet, ResourceKind, ReviewState};

use super::Core;
use crate::engine::{Change, ResourcePatch};

/// Quiet hours of an account; one is all that there can be.
const QUIET_MAX: usize = 1;
/// The name of the one.
const NAME: &str = "usual";

impl Core {
    /// The quiet hours of an account; `None` when it has set none.
    pub fn quiet_hours(&self, account: AccountId) -> Option<AccountQuiet> {
        self.inner.shared.directory.load().quiet.get(&account).cloned()
    }

    /// Sets the quiet hours of an account, or takes them away; they hold from the next message on.
    ///
    /// # Errors
    /// `invalid_request` at `classes` when there are none.
    pub async fn set_quiet_hours(
        &self,
        account: AccountId,
        quiet: Option<AccountQuiet>,
    ) -> Result<Option<AccountQuiet>, Refusal> {
        if quiet.as_ref().is_some_and(|quiet| quiet.classes.is_empty()) {
            let detail = "the list of classes is empty; leave it out for transactional and bulk";
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("classes"));
        }
        let kind = ResourceKind::Quiet;
        let known =
            self.inner.shared.directory.load().resources_of(account, kind).next().map(|it| it.row.key);
        let document = quiet.as_ref().map(|quiet| {
            Document::Quiet(Quiet {
                hours: QuietHoursText::of(&quiet.hours),
                classes: quiet.classes.iter().map(ToString::to_string).collect(),
            })
        });
        let change = match (known, document) {
            (None, None) => return Ok(None),
            (None, Some(document)) => {
                let made = (NAME.to_owned(), ReviewState::Approved, document);
                Change::ResourceMade(account, made, QUIET_MAX)
            }
            (Some(key), Some(document)) => {
                let patch = ResourcePatch { document: Some(document), ..ResourcePatch::default() };
                Change::ResourceSet(account, kind, key, patch)
            }
            (Some(key), None) => Change::ResourceRemoved(account, kind, key),
        };
        self.change(change).await?;
        Ok(self.quiet_hours(account))
    }
}
