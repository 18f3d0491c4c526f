//! How fast an account may send: its own rate and those of the accounts above it, taken together.

use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::Shared;
use crate::submission::Submission;

impl Shared {
    /// Takes what a submission sends from the rates of its account and of those above it.
    ///
    /// # Errors
    /// `rate_limited`, and then nothing is taken.
    pub(crate) fn take_rate(&self, submission: &Submission, now: Timestamp) -> Result<(), Refusal> {
        let directory = self.directory.load();
        let Some(handle) = directory.accounts.get(&submission.account) else { return Ok(()) };
        let rate = handle.account.limits.rate_per_second;
        let count = u32::try_from(submission.drafts.len()).unwrap_or(u32::MAX);
        let refuse = |detail: String, wait_ms: u64| {
            let seconds = u32::try_from(wait_ms.div_ceil(1_000)).unwrap_or(1);
            Refusal::new(RefusalCode::RateLimited, detail).retry_after(seconds)
        };
        handle
            .live
            .take_rate(count, rate, now)
            .map_err(|wait_ms| refuse(format!("the account may send {rate} messages a second"), wait_ms))?;
        // The rate of an account is for it and all that stand below it together.
        let above = directory.above(&handle.account).unwrap_or_default();
        let above: Vec<_> = above.iter().filter_map(|above| directory.accounts.get(&above.id)).collect();
        for (place, one) in above.iter().enumerate() {
            if let Err(wait_ms) = one.live.take_rate(count, one.account.limits.rate_per_second, now) {
                handle.live.give_rate_back(count);
                above.iter().take(place).for_each(|taken| taken.live.give_rate_back(count));
                let detail = "the accounts below one above this account send more a second than it may";
                return Err(refuse(detail.to_owned(), wait_ms));
            }
        }
        Ok(())
    }
}
