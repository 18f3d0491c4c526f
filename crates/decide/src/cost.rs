//! What is owed to a supplier for an attempt: settled by its answers and receipts.
//!
//! The cost written ahead of an attempt is what the supplier would ask if it took everything. It is
//! never changed; this is the one function that says what came of it, for explanations, pages and sums.

use types::charge::{Cost, CostTrigger};
use types::money::Money;
use types::receipt::{ReceiptState, Verdict};

/// What is owed, and what may be owed besides because nobody knows yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owed {
    /// Owed for certain.
    pub amount: Money,
    /// Parts that this pays for.
    pub parts: u32,
    /// Perhaps owed besides.
    pub possible: Money,
    /// Parts that this would pay for.
    pub possible_parts: u32,
}

impl Owed {
    /// Whether nothing is owed and nothing can be.
    pub const fn is_nothing(&self) -> bool {
        self.parts == 0 && self.possible_parts == 0
    }
}

/// What an attempt sent.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// Parts bought.
    pub bought: u8,
    /// The numbers of the requests that were made; as many as the parts bought, or one for all.
    pub requests: &'a [u8],
}

/// What was heard of one request.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    answer: Option<Verdict>,
    /// A receipt came: the supplier took it, whatever it answered.
    told: bool,
    delivered: bool,
    ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owing {
    Yes,
    Perhaps,
    No,
}

/// What is owed for an attempt. `answers` and `receipts` name requests by number, in the order in which
/// they came; repeated ones change nothing. A request that was refused costs nothing; one of which
/// nobody knows is possibly owed.
pub fn owed(
    cost: &Cost,
    sent: Sent<'_>,
    answers: impl Iterator<Item = (u8, Verdict)>,
    receipts: impl Iterator<Item = (u8, ReceiptState)>,
) -> Owed {
    let mut heard = vec![Heard::default(); sent.requests.len()];
    let place = |number: u8| sent.requests.iter().position(|known| *known == number);
    for (number, verdict) in answers {
        if let Some(heard) = place(number).and_then(|place| heard.get_mut(place)) {
            heard.answered(verdict);
        }
    }
    for (number, state) in receipts {
        if let Some(heard) = place(number).and_then(|place| heard.get_mut(place)) {
            heard.told = true;
            heard.delivered |= state == ReceiptState::Delivered;
            heard.ended |= state.end().is_some();
        }
    }
    let share = |owing: Owing| {
        let count = heard.iter().filter(|heard| heard.owing(cost.trigger) == owing).count();
        share_of(cost, sent, count)
    };
    let ((amount, parts), (possible, possible_parts)) = (share(Owing::Yes), share(Owing::Perhaps));
    Owed { amount, parts, possible, possible_parts }
}

/// The sums of several attempts, one per currency, in the order in which these come first.
pub fn sum(all: impl Iterator<Item = Owed>) -> Vec<Owed> {
    let mut sums: Vec<Owed> = Vec::new();
    for owed in all {
        let Some(sum) = sums.iter_mut().find(|sum| sum.amount.unit == owed.amount.unit) else {
            sums.push(owed);
            continue;
        };
        sum.amount.micros = sum.amount.micros.saturating_add(owed.amount.micros);
        sum.parts = sum.parts.saturating_add(owed.parts);
        sum.possible.micros = sum.possible.micros.saturating_add(owed.possible.micros);
        sum.possible_parts = sum.possible_parts.saturating_add(owed.possible_parts);
    }
    sums
}

/// The cost and the parts of so many of the requests. All of them cost what was written ahead; the
/// parts of several requests cost the same each.
fn share_of(cost: &Cost, sent: Sent<'_>, count: usize) -> (Money, u32) {
    let bought = u32::from(sent.bought);
    let (count, of) = (i64::try_from(count).unwrap_or(0), i64::try_from(sent.requests.len()).unwrap_or(0));
    if count == of && of > 0 {
        return (cost.amount, bought);
    }
    let each = cost.amount.micros.checked_div(of).unwrap_or(0);
    let micros = each.saturating_mul(count);
    let parts = i64::from(bought).saturating_mul(count).checked_div(of).unwrap_or(0);
    (Money::new(micros, cost.amount.unit), u32::try_from(parts).unwrap_or(0))
}

impl Heard {
    /// What was taken stays taken; of anything else the last word counts.
    const fn answered(&mut self, verdict: Verdict) {
        if !matches!(self.answer, Some(Verdict::Accepted)) {
            self.answer = Some(verdict);
        }
    }

    const fn owing(&self, trigger: CostTrigger) -> Owing {
        let taken = match self.answer {
            _ if self.told => Owing::Yes,
            Some(Verdict::Accepted) => Owing::Yes,
            Some(Verdict::Unknown) | None => Owing::Perhaps,
            Some(
                Verdict::Throttled
                | Verdict::Transient
                | Verdict::Permanent
                | Verdict::Reroute
                | Verdict::Crashed,
            ) => Owing::No,
        };
        match (trigger, taken) {
            (CostTrigger::OnSubmit, _) | (CostTrigger::OnDelivery, Owing::No) => taken,
            (CostTrigger::OnDelivery, _) if self.delivered => Owing::Yes,
            (CostTrigger::OnDelivery, _) if self.ended => Owing::No,
            (CostTrigger::OnDelivery, _) => Owing::Perhaps,
        }
    }
}

#[cfg(test)]
mod tests;
