//! The budget of the durable queue: how much may wait to be sent before the door refuses more.
//!
//! What was accepted is never dropped, so the only place to say "enough" is before acceptance. Three
//! measures are kept per account and in all: messages, octets and, per account, the age of the oldest.
//! Of the budget for all, a share is kept for what cannot wait: bulk is refused first, one-time codes
//! last.

use types::message::Class;
use types::profile::QueueSection;
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

/// Octets that one part counts for: the user data of a short message (3GPP TS 23.040, 9.2.3.16).
pub const PART_OCTETS: u64 = 140;
/// Seconds after which a caller is told to try again.
pub const RETRY_AFTER_S: u32 = 10;

/// What waits: accepted, and not yet taken by a carrier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Messages.
    pub messages: u64,
    /// Octets of their contents, counted by parts.
    pub octets: u64,
}

impl Backlog {
    /// One message of so many parts.
    pub const fn of(parts: u32) -> Self {
        Self { messages: 1, octets: parts as u64 * PART_OCTETS }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            messages: self.messages.saturating_add(other.messages),
            octets: self.octets.saturating_add(other.octets),
        }
    }

    /// This without the other.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self {
            messages: self.messages.saturating_sub(other.messages),
            octets: self.octets.saturating_sub(other.octets),
        }
    }
}

/// What a decision about one more message looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Of the account, with the messages of the same submission that come before this one.
    pub of_account: Backlog,
    /// Of all accounts, likewise.
    pub of_all: Backlog,
    /// Since when the account's oldest message has been waiting for its turn; `None` when none waits.
    pub oldest_at: Option<Timestamp>,
}

/// Whether one more message of `parts` parts may wait.
///
/// # Errors
/// `queue_full` with the measure that is reached and when to try again.
pub fn check(
    limits: &QueueSection,
    waiting: &Waiting,
    class: Class,
    parts: u32,
    now: Timestamp,
) -> Result<(), Refusal> {
    let more = Backlog::of(parts);
    let of_account = waiting.of_account.plus(more);
    let of_all = waiting.of_all.plus(more);
    if exceeds(of_account.messages, limits.account_messages)
        || exceeds(of_account.octets, limits.account_octets)
    {
        return Err(refusal("as many messages of the account wait to be sent as may; try again later"));
    }
    let age_ms = i64::from(limits.account_age_s).saturating_mul(1_000);
    let is_old = waiting.oldest_at.is_some_and(|since| now.ms_since(since) > age_ms);
    if age_ms > 0 && is_old {
        return Err(refusal("messages of the account have been waiting for too long; try again later"));
    }
    if exceeds(of_all.messages, share(limits.messages, class))
        || exceeds(of_all.octets, share(limits.octets, class))
    {
        return Err(refusal("as many messages wait to be sent as may; try again later"));
    }
    Ok(())
}

/// Zero lifts a limit.
const fn exceeds(wanted: u64, limit: u64) -> bool {
    limit > 0 && wanted > limit
}

/// What a class may fill of the budget for all.
const fn share(limit: u64, class: Class) -> u64 {
    let twentieths = match class {
        Class::OneTime => 20,
        Class::Transactional => 19,
        Class::Bulk => 18,
    };
    if limit == 0 {
        return 0;
    }
    let share = limit / 20 * twentieths + limit % 20 * twentieths / 20;
    if share == 0 { 1 } else { share }
}

fn refusal(detail: &str) -> Refusal {
    Refusal::new(RefusalCode::QueueFull, detail).retry_after(RETRY_AFTER_S)
}

#[cfg(test)]
mod tests {
    use types::message::Class;
    use types::profile::QueueSection;
    use types::refusal::RefusalCode;
    use types::time::Timestamp;

    use super::{Backlog, PART_OCTETS, Waiting, check};

    const LIMITS: QueueSection = QueueSection {
        messages: 100,
        octets: 100 * PART_OCTETS,
        account_messages: 50,
        account_octets: 60 * PART_OCTETS,
        account_age_s: 60,
    };

    fn waiting(account: u64, all: u64, oldest_ms: Option<i64>) -> Waiting {
        let backlog = |messages| Backlog { messages, octets: messages * PART_OCTETS };
        Waiting {
            of_account: backlog(account),
            of_all: backlog(all),
            oldest_at: oldest_ms.map(Timestamp::from_ms),
        }
    }

    #[test]
    fn each_measure_refuses_at_its_limit_and_not_before() {
        let now = Timestamp::from_ms(100_000);
        let cases = [
            ("empty", waiting(0, 0, None), Class::Bulk, 1, true),
            ("the last of the account", waiting(49, 49, None), Class::Bulk, 1, true),
            ("one more than the account may", waiting(50, 50, None), Class::OneTime, 1, false),
            ("octets of the account", waiting(49, 49, None), Class::OneTime, 12, false),
            ("old enough", waiting(1, 1, Some(39_999)), Class::OneTime, 1, false),
            ("not too old", waiting(1, 1, Some(40_000)), Class::OneTime, 1, true),
            ("the last of bulk", waiting(1, 89, None), Class::Bulk, 1, true),
            ("bulk makes room", waiting(1, 90, None), Class::Bulk, 1, false),
            ("transactional goes on", waiting(1, 90, None), Class::Transactional, 1, true),
            ("transactional makes room", waiting(1, 95, None), Class::Transactional, 1, false),
            ("codes go on", waiting(1, 95, None), Class::OneTime, 1, true),
            ("nothing goes on", waiting(1, 100, None), Class::OneTime, 1, false),
            ("octets of all", waiting(1, 89, None), Class::Bulk, 2, false),
        ];
        for (name, waiting, class, parts, admitted) in cases {
            let outcome = check(&LIMITS, &waiting, class, parts, now);
            assert_eq!(outcome.is_ok(), admitted, "{name}");
            if let Err(refusal) = outcome {
                assert_eq!(refusal.code, RefusalCode::QueueFull, "{name}");
                assert!(refusal.retry_after_s.is_some(), "{name}");
            }
        }
    }

    #[test]
    fn zero_lifts_a_limit() {
        let none =
            QueueSection { messages: 0, octets: 0, account_messages: 0, account_octets: 0, account_age_s: 0 };
        let full = waiting(u64::MAX / 1_000, u64::MAX / 1_000, Some(0));
        assert!(check(&none, &full, Class::Bulk, 255, Timestamp::from_ms(i64::MAX)).is_ok());
    }
}
