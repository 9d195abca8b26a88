//! The least and the most that a number may be set to.
//!
//! Below the least a node would spin, refuse everything or lose its own leases; beyond the most it would reserve what no machine has.
//! Every number of `default.toml` stands here, as a test shows.

use toml::{Table, Value};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const MIB: i64 = 1024 * 1024;
const GIB: i64 = 1024 * MIB;
const MANY: i64 = 1_000_000;

/// A dotted setting, its least and its most, both allowed.
type Bound = (&'static str, i64, i64);

const BOUNDS: &[Bound] = &[
    ("server.max_connections", 1, MANY),
    ("server.max_requests", 1, MANY),
    ("server.header_timeout_ms", 100, 10 * MINUTE),
    ("server.body_timeout_ms", 100, HOUR),
    ("server.max_header_bytes", 8192, 16 * MIB),
    ("server.max_headers", 1, 10_000),
    ("server.max_tails", 0, 10_000),
    ("server.max_tails_per_tenant", 0, 10_000),
    ("server.grace_period_ms", 0, HOUR),
    ("database.partition_ms", 0, 365 * DAY),
    ("database.max_connections", 1, 10_000),
    ("database.acquire_timeout_ms", 1, 10 * MINUTE),
    ("database.max_replica_lag_ms", SECOND, HOUR),
    ("ingest.max_body_bytes", 1, GIB),
    ("ingest.max_batch_events", 1, 100_000),
    ("ingest.max_attributes", 4, 10_000),
    ("ingest.max_delay_ms", 0, 3650 * DAY),
    ("ingest.allowed_rate", 0, MANY),
    ("accept.max_queued_requests", 1, MANY),
    ("accept.max_queued_bytes", 1, 64 * GIB),
    ("accept.max_batch_events", 1, 10_000),
    ("accept.deduplication_window_ms", 0, 3650 * DAY),
    ("accept.writers", 1, 64),
    ("dispatch.max_in_memory", 1, MANY),
    ("dispatch.max_in_memory_bytes", 1, 64 * GIB),
    ("dispatch.max_in_memory_per_lane", 1, MANY),
    ("dispatch.max_concurrency", 1, 100_000),
    ("dispatch.connect_timeout_ms", 1, 10 * MINUTE),
    ("dispatch.max_idle_per_sink", 0, 10_000),
    ("dispatch.idle_timeout_ms", 0, HOUR),
    ("dispatch.max_response_bytes", 0, GIB),
    ("dispatch.lease_ms", 100, HOUR),
    ("dispatch.heartbeat_ms", 10, HOUR),
    ("dispatch.sweep_ms", 10, HOUR),
    ("breaker.consecutive_failures", 0, 10_000),
    ("breaker.failure_percent", 0, 100),
    ("breaker.min_attempts", 1, 100_000),
    ("breaker.window_ms", SECOND, HOUR),
    ("breaker.open_ms", 100, DAY),
    ("breaker.max_open_ms", 100, DAY),
    ("breaker.probes", 1, 100),
    ("breaker.disable_after_ms", 0, 30 * DAY),
    ("jobs.max_concurrency", 1, 1000),
    ("jobs.lease_ms", 100, HOUR),
    ("jobs.poll_ms", 10, HOUR),
    ("jobs.max_open_per_tenant", 0, 10_000),
    ("jobs.max_range_ms", 1, 3650 * DAY),
    ("jobs.default_rate_per_second", 1, 100_000),
    ("jobs.max_rate_per_second", 1, 100_000),
    ("jobs.max_unattempted", 1, 10_000),
    ("jobs.max_pending", 1, MANY),
    ("jobs.max_dry_run_events", 1, MANY),
    ("jobs.keep_ms", MINUTE, 3650 * DAY),
    ("retention.keep_ms", 0, 3650 * DAY),
    ("retention.data_ms", 0, 3650 * DAY),
    ("retention.interval_ms", 100, DAY),
    ("retention.batch_events", 1, 10_000),
    ("retention.pause_ms", 0, MINUTE),
    ("handshake.request_rate", 0, MANY),
    ("handshake.unpermitted_rate", 0, MANY),
    ("handshake.revalidate_ms", MINUTE, 365 * DAY),
    ("handshake.retry_ms", SECOND, DAY),
    ("handshake.callback_lifetime_ms", MINUTE, 30 * DAY),
    ("explain.max_events", 1, 1_000_000),
    ("explain.time_limit_ms", 10, 10 * MINUTE),
    ("explain.max_concurrency", 1, 1000),
    ("auth.api_key_cache_ms", 0, HOUR),
    ("auth.session_ms", MINUTE, 365 * DAY),
    ("metrics.count_interval_ms", 100, DAY),
    ("metrics.max_subscriptions", 0, 100_000),
];

/// Heartbeats that must fit into a lease, so that one that is late costs a node nothing.
const HEARTBEATS_PER_LEASE: i64 = 2;

/// What is out of its bounds, naming the setting.
pub(super) fn fault(settings: &Table) -> Option<String> {
    BOUNDS.iter().find_map(|&(setting, least, most)| {
        let value = number(settings, setting)?;
        (!(least..=most).contains(&value)).then(|| format!("{setting}: {value} is not between {least} and {most}"))
    })
}

/// What does not go together. Only of the whole configuration: two settings may come from two layers.
pub(super) fn discord(settings: &Table) -> Option<String> {
    let (lease, heartbeat) = (number(settings, "dispatch.lease_ms")?, number(settings, "dispatch.heartbeat_ms")?);
    (heartbeat * HEARTBEATS_PER_LEASE > lease).then(|| {
        format!(
            "dispatch.heartbeat_ms: {heartbeat} is more than half of dispatch.lease_ms ({lease}): a node would lose what it works on"
        )
    })
}

fn number(settings: &Table, setting: &str) -> Option<i64> {
    let (section, name) = setting.split_once('.')?;
    settings.get(section).and_then(Value::as_table)?.get(name)?.as_integer()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DEFAULTS;

    fn defaults() -> Table {
        DEFAULTS.parse().unwrap()
    }

    #[test]
    fn every_number_has_bounds_and_its_default_is_within_them() {
        let defaults = defaults();
        assert_eq!((fault(&defaults), discord(&defaults)), (None, None));
        let numbers = defaults.iter().flat_map(|(section, settings)| {
            let settings = settings.as_table().into_iter().flatten();
            settings.filter(|(_, value)| value.is_integer()).map(move |(name, _)| format!("{section}.{name}"))
        });
        let unbounded: Vec<String> = numbers.filter(|setting| BOUNDS.iter().all(|(bound, ..)| bound != setting)).collect();
        assert!(unbounded.is_empty(), "without bounds: {unbounded:?}");
        let unknown: Vec<_> = BOUNDS.iter().filter(|(setting, ..)| number(&defaults, setting).is_none()).collect();
        assert!(unknown.is_empty(), "bounds of no setting: {unknown:?}");
    }

    #[test]
    fn number_beyond_its_bounds_is_named_with_them() {
        for (setting, least, most) in BOUNDS {
            for value in [least - 1, most + 1] {
                let (section, name) = setting.split_once('.').unwrap();
                let mut settings = defaults();
                settings[section].as_table_mut().unwrap().insert(name.to_owned(), Value::Integer(value));
                let said = fault(&settings).unwrap();
                assert!(said.starts_with(&format!("{setting}: {value} ")), "{said}");
            }
        }
    }

    #[test]
    fn lease_outlives_two_heartbeats() {
        let mut settings = defaults();
        settings["dispatch"].as_table_mut().unwrap().insert("heartbeat_ms".to_owned(), Value::Integer(7501));
        assert_eq!(fault(&settings), None);
        assert!(discord(&settings).unwrap().contains("dispatch.lease_ms (15000)"));
    }
}
