//! Seeded deterministic simulation of the whole core: engine, notifier and money in one thread, on a
//! simulated disk, clock, carriers and customers. Never shipped.
//!
//! A seed decides everything: how big the house is, what goes wrong and when. The same seed gives the same
//! commits and the same traffic, so that what fails once fails again. Start at [`run`], then at `world`
//! for what happens and at `oracle` for what must hold.

mod bind;
mod carrier;
mod chance;
mod channel;
mod clock;
mod customer;
mod disk;
mod faults;
mod ground;
mod house;
pub mod isolation;
mod listener;
mod oracle;
mod plan;
mod plant;
mod process;
mod vitals;
mod world;

#[cfg(test)]
mod tests;

pub use oracle::Violation;
pub use plant::Plant;
pub use world::Outcome;

/// How to run a seed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Hours to be busy instead of what the seed says.
    pub hours: Option<u64>,
    /// About how many requests there are at most, instead of what is usual.
    pub requests: Option<u64>,
    /// A bug to plant.
    pub plant: Option<Plant>,
    /// Whether what happens is written down line by line.
    pub traces: bool,
}

/// Runs one seed to its end, or to the first violation.
pub fn run(seed: u64, options: Options) -> Outcome {
    let plan = plan::Plan::of(seed, options.hours, options.requests);
    world::World::new(plan, options.plant, options.traces).live()
}
