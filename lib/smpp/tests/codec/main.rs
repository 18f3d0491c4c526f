//! Tests of the codec through its public surface: hand-made PDUs, mutations of them, and another implementation.

#[cfg(test)]
mod differential;
#[cfg(test)]
mod framing;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod mutation;
#[cfg(test)]
mod seeds;
