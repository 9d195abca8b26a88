//! How long things took: a histogram that is cheap to add to, to merge and to store.
//!
//! Its buckets grow by the square root of two, which is the most that a quantile is off by, whatever its size.

use std::time::Duration;

/// Buckets; the last one holds everything beyond three hours.
const BUCKETS: u32 = 52;

/// The upper bound of the first bucket.
const FIRST_MICROS: f64 = 250.0;

/// Counts of durations by size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latencies([u32; BUCKETS as usize]);

impl Default for Latencies {
    fn default() -> Self {
        Self([0; BUCKETS as usize])
    }
}

impl Latencies {
    /// Counts one duration.
    pub fn add(&mut self, duration: Duration) {
        let bucket = &mut self.0[bucket_of(duration)];
        *bucket = bucket.saturating_add(1);
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Self) {
        for (sum, count) in self.0.iter_mut().zip(&other.0) {
            *sum = sum.saturating_add(*count);
        }
    }

    /// The duration that the share `quantile` (0 to 1) of all stays within; `None` if nothing was counted.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        let total: f64 = self.0.iter().copied().map(f64::from).sum();
        let rank = quantile * total;
        let mut below = 0.0;
        for (bucket, &count) in (0_u32..).zip(&self.0) {
            let count = f64::from(count);
            if count > 0.0 && below + count >= rank {
                let share = (rank - below) / count;
                let micros = bound_micros(bucket) * 2_f64.powf((share - 1.0) / 2.0);
                return Some(Duration::from_secs_f64(micros / 1e6));
            }
            below += count;
        }
        None
    }

    /// The buckets that are not empty, as (bucket, count).
    pub fn counts(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.0.iter().copied().enumerate().filter(|(_, count)| *count > 0)
    }

    /// What [`Latencies::counts`] gave; a bucket that this version does not know counts as the last one.
    #[must_use]
    pub fn from_counts(counts: impl IntoIterator<Item = (usize, u32)>) -> Self {
        let mut latencies = Self::default();
        for (bucket, count) in counts {
            let bucket = &mut latencies.0[bucket.min(BUCKETS as usize - 1)];
            *bucket = bucket.saturating_add(count);
        }
        latencies
    }
}

/// The bucket's upper bound.
fn bound_micros(bucket: u32) -> f64 {
    FIRST_MICROS * 2_f64.powf(f64::from(bucket) / 2.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the buckets there are")]
fn bucket_of(duration: Duration) -> usize {
    let steps = 2.0 * (duration.as_secs_f64() * 1e6 / FIRST_MICROS).log2();
    steps.ceil().clamp(0.0, f64::from(BUCKETS - 1)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_near_the_truth_over_six_orders_of_magnitude() {
        for scale in [1_u64, 100, 10_000, 1_000_000] {
            let mut latencies = Latencies::default();
            (1..=1000).for_each(|step| latencies.add(Duration::from_micros(step * scale + 500)));
            for (quantile, truth) in [(0.5, 500 * scale + 500), (0.99, 990 * scale + 500)] {
                let found = latencies.quantile(quantile).unwrap().as_secs_f64() * 1e6;
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                let ratio = found / truth as f64;
                assert!((0.7..1.42).contains(&ratio), "{quantile} of {scale}: {found} for {truth}");
            }
        }
    }

    #[test]
    fn nothing_counted_has_no_quantile_and_extremes_have_a_bucket() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.quantile(0.5), None);
        latencies.add(Duration::ZERO);
        latencies.add(Duration::from_secs(1_000_000));
        assert_eq!(latencies.counts().collect::<Vec<_>>(), [(0, 1), (51, 1)]);
    }

    #[test]
    fn merging_and_storing_keep_every_count() {
        let (mut one, mut other) = (Latencies::default(), Latencies::default());
        one.add(Duration::from_millis(3));
        other.add(Duration::from_millis(3));
        other.add(Duration::from_secs(9));
        one.merge(&other);
        assert_eq!(one.counts().map(|(_, count)| count).sum::<u32>(), 3);
        assert_eq!(Latencies::from_counts(one.counts()), one);
    }
}
