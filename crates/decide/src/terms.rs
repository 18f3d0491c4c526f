//! The operator's terms over time: what will happen to an account, when, and by which rule.
//!
//! An account is a fold over what happened to it ([`account::Account::apply`]). From the account and the policy
//! follows what is due next ([`due::due`]); doing it is one more thing that happened. Production, the forecast
//! that a customer sees, and the simulation of a policy that is not in force yet all call the same functions.
//!
//! Periods end with the last millisecond of their last day in the operator's time zone, so that what a customer
//! does on that day still counts. Nothing here reads a clock: every moment is an argument. Start at
//! [`policy::Policy::compile`].

pub mod account;
pub mod calendar;
pub mod due;
pub mod lint;
pub mod notice;
pub mod policy;

#[cfg(test)]
mod tests;
