//! Names of codes, for people who read the tables with SQL tools.

use types::charge::{ChargeState, CostTrigger};
use types::form::{Encoding, Joined, Rendering};
use types::inbound::NumberRoute;
use types::keyword::Keyword;
use types::message::{Reason, State};
use types::resource::{ResourceKind, ReviewState};
use types::suppression::SuppressionReason;

/// Kind, code and name of every code that is stored.
pub(crate) fn code_names() -> impl Iterator<Item = (&'static str, u8, &'static str)> {
    let states = State::ALL.iter().map(|s| ("state", s.code(), s.as_str()));
    let reasons = Reason::ALL.iter().map(|r| ("reason", r.code(), r.as_str()));
    let charges = ChargeState::ALL.iter().map(|c| ("charge", c.code(), c.as_str()));
    let encodings = Encoding::ALL.iter().map(|e| ("encoding", e.code(), e.as_str()));
    let joined = Joined::ALL.iter().map(|j| ("joined", j.code(), j.as_str()));
    let renderings = Rendering::ALL.iter().map(|r| ("rendering", r.code(), r.as_str()));
    let cost_triggers = CostTrigger::ALL.iter().map(|t| ("cost_trigger", t.code(), t.as_str()));
    let of_attempts = encodings.chain(joined).chain(renderings).chain(cost_triggers);
    let suppressions = SuppressionReason::ALL.iter().map(|r| ("suppression_reason", r.code(), r.as_str()));
    let keywords = Keyword::ALL.iter().map(|k| ("keyword", k.code(), k.as_str()));
    let routes = NumberRoute::ALL.iter().map(|r| ("number_route", r.code(), r.as_str()));
    let kinds = ResourceKind::ALL.iter().map(|k| ("resource_kind", k.code(), k.as_str()));
    let reviews = ReviewState::ALL.iter().map(|s| ("review_state", s.code(), s.as_str()));
    let of_accounts = suppressions.chain(keywords).chain(routes).chain(kinds).chain(reviews);
    states.chain(reasons).chain(charges).chain(of_attempts).chain(of_accounts)
}
