//! Randomness as a parameter, so that a test can repeat what it saw.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

/// Where randomness comes from.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `bytes` with random ones.
    fn fill(&self, bytes: &mut [u8]);

    /// A number in `0.0..1.0`, for jitter.
    fn fraction(&self) -> f64 {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
    }
}

/// The operating system's cryptographic generator, drawn from in larger pieces: an event takes half a dozen small ones, and each
/// draw costs as much as hashing a kilobyte.
#[derive(Debug, Default)]
pub struct SystemEntropy {
    source: SystemRandom,
    ahead: Mutex<Ahead>,
}

/// Bytes drawn and not given out yet. What was given out is wiped.
struct Ahead {
    bytes: [u8; Ahead::SIZE],
    used: usize,
}

impl SystemEntropy {
    /// The generator of this process.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() > Ahead::LARGEST {
            draw(&self.source, bytes);
            return;
        }
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner).give(bytes, &self.source);
    }
}

fn draw(source: &SystemRandom, bytes: &mut [u8]) {
    // A process that can't get randomness can't make secrets; going on would be worse than stopping.
    source.fill(bytes).expect("the operating system provides randomness");
}

impl Ahead {
    const SIZE: usize = 1024;
    /// Pieces larger than this are drawn by themselves.
    const LARGEST: usize = 64;

    fn give(&mut self, bytes: &mut [u8], source: &SystemRandom) {
        if self.used + bytes.len() > Self::SIZE {
            draw(source, &mut self.bytes);
            self.used = 0;
        }
        let piece = &mut self.bytes[self.used..self.used + bytes.len()];
        bytes.copy_from_slice(piece);
        piece.fill(0);
        self.used += bytes.len();
    }
}

impl Default for Ahead {
    fn default() -> Self {
        Self { bytes: [0; Self::SIZE], used: Self::SIZE }
    }
}

impl std::fmt::Debug for Ahead {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Ahead").field("used", &self.used).finish_non_exhaustive()
    }
}

/// A repeatable sequence (SplitMix64), for tests. Never for secrets.
#[derive(Debug, Default)]
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    /// The sequence that belongs to `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;
        for chunk in bytes.chunks_mut(8) {
            let mut word = self.0.fetch_add(GOLDEN_GAMMA, Ordering::Relaxed).wrapping_add(GOLDEN_GAMMA);
            word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(word ^ (word >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_piece_is_given_out_twice_or_empty() {
        let entropy = SystemEntropy::new();
        let mut seen = HashSet::new();
        for _ in 0..10_000 {
            let mut piece = [0; 16];
            entropy.fill(&mut piece);
            assert_ne!(piece, [0; 16]);
            assert!(seen.insert(piece));
        }
        assert_eq!(entropy.ahead.lock().unwrap().bytes[..16], [0; 16], "what was given out is wiped");
    }
}
