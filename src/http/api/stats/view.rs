//! Counters as JSON shows them.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::StatsWindow;
use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;
use crate::domain::latency::Latencies;
use crate::store::{StatsPoint, StatsRow};

/// Counters of a tenant or a subscription. They are gathered in memory and may lag by some seconds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Stats {
    /// How far back they look.
    window: StatsWindow,
    /// Since when they count.
    since_at: Timestamp,
    /// How long a point of the series is.
    point_ms: u64,
    /// Events accepted, duplicates not counted; of a subscription always 0.
    accepted_count: u64,
    /// Events that were duplicates; of a subscription always 0.
    duplicate_count: u64,
    /// Attempts made.
    attempt_count: u64,
    /// Attempts that failed.
    failed_count: u64,
    /// Deliveries delivered.
    delivered_count: u64,
    /// Deliveries that died.
    dead_lettered_count: u64,
    /// The share of attempts that delivered, 0 to 1; null if none was made.
    #[schema(required = true)]
    success_rate: Option<f64>,
    /// Half of the deliveries arrived within this time after their event was accepted; null if none did.
    #[schema(required = true)]
    end_to_end_p50_ms: Option<f64>,
    /// Ninety-nine of a hundred did within this time.
    #[schema(required = true)]
    end_to_end_p99_ms: Option<f64>,
    /// Deliveries that wait right now.
    waiting: Waiting,
    /// The series: every point of the window, oldest first.
    points: Vec<Point>,
}

/// Deliveries that wait right now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Waiting {
    /// How many there are, counted up to 10000.
    pub(super) count: u64,
    /// Whether there are more than were counted.
    pub(super) is_capped: bool,
    /// Since when the oldest of them waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) oldest_waiting_at: Option<Timestamp>,
}

/// One stretch of the series.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatsPoint)]
pub(super) struct Point {
    /// Its beginning.
    at: Timestamp,
    /// Events accepted.
    accepted_count: u64,
    /// Deliveries delivered.
    delivered_count: u64,
    /// Attempts that failed.
    failed_count: u64,
    /// Deliveries that died.
    dead_lettered_count: u64,
    /// The most deliveries that were seen waiting at once, counted up to 10000; null where nobody looked, and of a subscription.
    #[schema(required = true)]
    waiting_count: Option<u64>,
}

/// What came of the deliveries to a subscription.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SubscriptionStats {
    /// The subscription, which may be deleted by now.
    subscription_id: SubscriptionId,
    /// Attempts made.
    attempt_count: u64,
    /// Attempts that failed.
    failed_count: u64,
    /// Deliveries delivered.
    delivered_count: u64,
    /// Deliveries that died.
    dead_lettered_count: u64,
    /// The share of attempts that delivered, 0 to 1; null if none was made.
    #[schema(required = true)]
    success_rate: Option<f64>,
    /// Ninety-nine of a hundred deliveries arrived within this time; null if none did.
    #[schema(required = true)]
    end_to_end_p99_ms: Option<f64>,
}

impl Stats {
    pub(super) fn new(window: StatsWindow, since_at: Timestamp, found: Vec<StatsPoint>, waiting: Waiting) -> Self {
        let mut sum = StatsRow::default();
        for point in &found {
            sum.merge(&point.counts);
        }
        Self {
            window,
            since_at,
            point_ms: u64::try_from(window.width().duration().as_millis()).unwrap_or(u64::MAX),
            accepted_count: sum.accepted,
            duplicate_count: sum.duplicates,
            attempt_count: sum.attempts,
            failed_count: sum.failed,
            delivered_count: sum.delivered,
            dead_lettered_count: sum.dead_lettered,
            success_rate: success_rate(&sum),
            end_to_end_p50_ms: quantile_ms(&sum.latencies, 0.5),
            end_to_end_p99_ms: quantile_ms(&sum.latencies, 0.99),
            waiting,
            points: points(window, since_at, found),
        }
    }
}

/// Every point of the window, those in which nothing happened too.
fn points(window: StatsWindow, since_at: Timestamp, found: Vec<StatsPoint>) -> Vec<Point> {
    let mut found = found.into_iter().peekable();
    (0..window.point_count())
        .map(|number| {
            let at = since_at.plus(window.width().duration() * number);
            let counts = found.next_if(|point| point.begins_at <= at).map(|point| point.counts).unwrap_or_default();
            Point {
                at,
                accepted_count: counts.accepted,
                delivered_count: counts.delivered,
                failed_count: counts.failed,
                dead_lettered_count: counts.dead_lettered,
                waiting_count: counts.waiting,
            }
        })
        .collect()
}

impl From<(SubscriptionId, StatsRow)> for SubscriptionStats {
    fn from((subscription_id, sum): (SubscriptionId, StatsRow)) -> Self {
        Self {
            subscription_id,
            attempt_count: sum.attempts,
            failed_count: sum.failed,
            delivered_count: sum.delivered,
            dead_lettered_count: sum.dead_lettered,
            success_rate: success_rate(&sum),
            end_to_end_p99_ms: quantile_ms(&sum.latencies, 0.99),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share of two counters")]
fn success_rate(sum: &StatsRow) -> Option<f64> {
    (sum.attempts > 0).then(|| sum.attempts.saturating_sub(sum.failed) as f64 / sum.attempts as f64)
}

/// To a tenth of a millisecond: more would look exacter than it is.
fn quantile_ms(latencies: &Latencies, quantile: f64) -> Option<f64> {
    latencies.quantile(quantile).map(|duration: Duration| (duration.as_secs_f64() * 10_000.0).round() / 10.0)
}
