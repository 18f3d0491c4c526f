//! Chance as a seam: ids, secrets and jitter.

/// A source of random bits fit for secrets.
pub trait Entropy: Send + Sync {
    /// Fills `out` with random octets.
    fn fill(&self, out: &mut [u8]);

    /// A random integer.
    fn next_u64(&self) -> u64 {
        let mut octets = [0; 8];
        self.fill(&mut octets);
        u64::from_le_bytes(octets)
    }
}
