//! What a server says of itself at `/metrics`, as far as the benchmark asks: how long its calls of the store took.

use crate::Result;
use crate::process::request;

/// Everything that a server counted so far, in Prometheus' text format.
pub(crate) struct Counters(String);

impl Counters {
    /// Asks the server at `address`.
    pub(crate) fn of(address: &str) -> Result<Self> {
        match request("GET", address, "/metrics", "", "")? {
            (200, text) => Ok(Self(text)),
            (status, text) => Err(format!("/metrics was answered {status}: {text}").into()),
        }
    }

    /// The value of a series, written as it stands there; 0 if it does not.
    fn value(&self, series: &str) -> f64 {
        let line = self.0.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.and_then(|value| value.trim().parse().ok()).unwrap_or(0.0)
    }

    /// Seconds spent in an operation of the store, and how often it was called.
    fn operation(&self, operation: &str) -> (f64, f64) {
        let series = |kind| format!("waypost_database_operation_seconds_{kind}{{operation=\"{operation}\"}}");
        (self.value(&series("sum")), self.value(&series("count")))
    }

    /// How often an operation of the store was called, or all of them.
    pub(crate) fn calls(&self, operation: Option<&str>) -> f64 {
        if let Some(operation) = operation {
            return self.operation(operation).1;
        }
        let counts = self.0.lines().filter_map(|line| line.strip_prefix("waypost_database_operation_seconds_count{"));
        counts.filter_map(|line| line.split(' ').nth(1)?.parse::<f64>().ok()).sum()
    }

    /// Milliseconds of a call of that operation since `before`, on average.
    pub(crate) fn ms_of(&self, operation: &str, before: &Self) -> f64 {
        let ((sum, count), (sum_before, count_before)) = (self.operation(operation), before.operation(operation));
        (sum - sum_before) * 1000.0 / (count - count_before).max(1.0)
    }

    /// Events deleted since `before` because they were too old.
    pub(crate) fn deleted_events(&self, before: &Self) -> f64 {
        let deleted = |counters: &Self| counters.value(r#"waypost_retention_deleted_total{what="events"}"#);
        deleted(self) - deleted(before)
    }

    /// Partitions dropped since `before` because everything in them was too old.
    pub(crate) fn dropped_partitions(&self, before: &Self) -> f64 {
        let dropped = |counters: &Self| counters.value("waypost_retention_dropped_partitions_total");
        dropped(self) - dropped(before)
    }

    /// Microseconds that claiming one delivery took since `before`, calls that found nothing included.
    pub(crate) fn us_of_claim(&self, before: &Self) -> f64 {
        let claimed = |counters: &Self| counters.value(r#"waypost_transitions_total{transition="claim"}"#);
        (self.operation("claim").0 - before.operation("claim").0) * 1e6 / (claimed(self) - claimed(before)).max(1.0)
    }
}
