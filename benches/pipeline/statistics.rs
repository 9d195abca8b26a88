//! Percentiles and medians.

use serde::{Deserialize, Serialize};

/// Latencies, in microseconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Percentiles {
    pub(crate) p50: u32,
    pub(crate) p90: u32,
    pub(crate) p99: u32,
    pub(crate) p999: u32,
}

impl Percentiles {
    /// Those of `samples`, all zero if there are none.
    pub(crate) fn of(mut samples: Vec<u32>) -> Self {
        samples.sort_unstable();
        let at = |per_mille: usize| samples.get((samples.len() * per_mille / 1000).min(samples.len().saturating_sub(1))).copied();
        Self { p50: at(500).unwrap_or(0), p90: at(900).unwrap_or(0), p99: at(990).unwrap_or(0), p999: at(999).unwrap_or(0) }
    }
}

/// The median; 0 if there is nothing.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// A count as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "counts and microseconds of a benchmark are far below 2^52")]
pub(crate) fn real(count: i64) -> f64 {
    count as f64
}

/// The same for sizes.
pub(crate) fn real_size(count: usize) -> f64 {
    real(i64::try_from(count).unwrap_or(i64::MAX))
}
