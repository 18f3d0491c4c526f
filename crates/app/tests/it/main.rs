//! Stories of the shell on a real store with a clock, channels and a courier that the test drives.

#[cfg(test)]
mod acts;
#[cfg(test)]
mod binds;
#[cfg(test)]
mod contacts;
#[cfg(test)]
mod doubt;
#[cfg(test)]
mod house;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod keywords;
#[cfg(test)]
mod money;
#[cfg(test)]
mod notation;
#[cfg(test)]
mod numbers;
#[cfg(test)]
mod outcomes;
mod overload;
#[cfg(test)]
mod pools;
#[cfg(test)]
mod quarantine;
#[cfg(test)]
mod quiet;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod senders;
#[cfg(test)]
mod sent;
#[cfg(test)]
mod suppressions;
#[cfg(test)]
mod terms;
#[cfg(test)]
mod tree;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod webhooks;
#[cfg(test)]
mod wordings;
