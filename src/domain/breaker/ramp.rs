//! How a sink that recovered is loaded again: a little at first, twice as much after every round that went well.

/// How many requests may be open to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ramp {
    allowance: u32,
    successes: u32,
}

impl Ramp {
    /// Begins with this many.
    #[must_use]
    pub fn new(allowance: u32) -> Self {
        Self { allowance: allowance.max(1), successes: 0 }
    }

    /// How many may be open.
    #[must_use]
    pub const fn allowance(self) -> u32 {
        self.allowance
    }

    /// A request went well: as many as are allowed make a round.
    pub fn well(&mut self) {
        self.successes += 1;
        if self.successes >= self.allowance {
            *self = Self::new(self.allowance.saturating_mul(2));
        }
    }

    /// A request failed: half as many from now on.
    pub fn sick(&mut self) {
        *self = Self::new(self.allowance / 2);
    }
}
