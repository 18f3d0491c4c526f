//! Stories of the shell on a real store with a clock, channels and a courier that the test drives.

mod house;
mod money;
mod outcomes;
mod reports;
mod trouble;
