//! Roll-ups: what happened to a tenant's events, counted by stretches of time.
//!
//! A *series* is a tenant's or one subscription's. Each is kept in every [`StatsWidth`], as long as the window it is made for
//! needs: whatever is looked at is a hundred rows a node, however much was counted.

mod buffer;

use std::time::Duration;

pub use buffer::{Flush, StatsBuffer};

use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;
use crate::domain::latency::Latencies;
use crate::domain::tenant::TenantName;

/// How long the stretches of a series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatsWidth {
    /// A minute, to look at an hour.
    Minute,
    /// A quarter of an hour, to look at a day.
    Quarter,
    /// Two hours, to look at a week.
    TwoHours,
}

impl StatsWidth {
    /// Every width.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Quarter, Self::TwoHours];

    /// The length of a stretch.
    #[must_use]
    pub const fn duration(self) -> Duration {
        match self {
            Self::Minute => Duration::from_mins(1),
            Self::Quarter => Duration::from_mins(15),
            Self::TwoHours => Duration::from_hours(2),
        }
    }

    /// How long a stretch is kept: its window and some more.
    #[must_use]
    pub const fn kept(self) -> Duration {
        match self {
            Self::Minute => Duration::from_hours(2),
            Self::Quarter => Duration::from_hours(26),
            Self::TwoHours => Duration::from_hours(8 * 24),
        }
    }

    /// The beginning of the stretch in which `moment` lies.
    #[must_use]
    pub fn begin(self, moment: Timestamp) -> Timestamp {
        let width = i64::try_from(self.duration().as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(moment.as_micros().div_euclid(width) * width)
    }
}

/// What one node counted of a series within one stretch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsBucket {
    /// Whose events.
    pub tenant: TenantName,
    /// The subscription whose deliveries are counted; absent in the tenant's own series.
    pub subscription_id: Option<SubscriptionId>,
    /// How long the stretch is.
    pub width: StatsWidth,
    /// The beginning of the stretch.
    pub begins_at: Timestamp,
    /// What was counted.
    pub counts: StatsRow,
}

/// What all nodes counted of a series within one stretch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsPoint {
    /// The beginning of the stretch.
    pub begins_at: Timestamp,
    /// What was counted.
    pub counts: StatsRow,
}

/// Counters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatsRow {
    /// Events accepted, duplicates not counted.
    pub accepted: u64,
    /// Events that were duplicates.
    pub duplicates: u64,
    /// Attempts made.
    pub attempts: u64,
    /// Deliveries delivered.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Deliveries that died.
    pub dead_lettered: u64,
    /// The most deliveries that were seen waiting at once; absent where nobody looked. Only in a tenant's own series.
    pub waiting: Option<u64>,
    /// From accepting an event to having it delivered; redelivered ones are not counted.
    pub latencies: Latencies,
}

impl StatsRow {
    /// Adds what another one counted; of what was waiting the larger number holds.
    pub fn merge(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.duplicates += other.duplicates;
        self.attempts += other.attempts;
        self.delivered += other.delivered;
        self.failed += other.failed;
        self.dead_lettered += other.dead_lettered;
        self.waiting = self.waiting.max(other.waiting);
        self.latencies.merge(&other.latencies);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_begin_at_whole_ones_before_the_epoch_too() {
        let begin = |width: StatsWidth, micros| width.begin(Timestamp::from_micros(micros)).as_micros();
        assert_eq!(begin(StatsWidth::Minute, 59_999_999), 0);
        assert_eq!(begin(StatsWidth::Minute, 60_000_000), 60_000_000);
        assert_eq!(begin(StatsWidth::Quarter, -1), -900_000_000);
    }
}
