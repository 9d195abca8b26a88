//! How many deliveries there are in each state, and for how long.

use serde_json::json;

use super::counting::{post, subscribe};
use super::wait_until;
use crate::support::database::Kind;
use crate::support::server::TestServer;
use crate::support::sink::{Reply, Sink};

async fn counted_by_state(kind: Kind) {
    let server = TestServer::start_with(kind, |config| {
        config.metrics.count_interval_ms = 200;
        config.server.grace_period_ms = 500;
    })
    .await;
    let (bad, hanging) = (Sink::answering(410).await, Sink::start(|_, _| Reply::Hang).await);
    subscribe(&server, &bad, "bad").await;
    let paused = subscribe(&server, &bad, "paused").await;
    server.client.post_empty(&format!("/v1/subscriptions/{paused}/pause")).await.expect(200);
    let slow = json!({ "sink": hanging.url("/"), "types": ["slow"], "config": { "timeout_ms": 30000 } });
    server.client.post("/v1/subscriptions", &slow).await.expect(201);
    for (id, event_type) in [("1", "bad"), ("2", "paused"), ("3", "paused"), ("4", "slow")] {
        post(&server, id, event_type).await;
    }
    let depth = |state: &str| format!("waypost_deliveries{{state=\"{state}\"}}");
    // Its subscription is disabled a moment after the delivery it answered with 410 is dead.
    let disabled = "waypost_subscriptions{status=\"disabled\"}".into();
    let in_flight = "waypost_deliveries_in_flight".into();
    let expected = [(depth("pending"), 2.0), (depth("dead_lettered"), 1.0), (in_flight, 1.0), (disabled, 1.0)];
    let scrape = wait_until(&server.base(), "all of them are counted", |scrape| {
        expected.iter().all(|(series, count)| (scrape.value(series) - count).abs() < f64::EPSILON)
    })
    .await;
    for state in ["pending", "dead_lettered", "in_flight"] {
        let age = scrape.value(&format!("waypost_deliveries_oldest_age_seconds{{state=\"{state}\"}}"));
        assert!(age > 0.0 && age < 60.0, "{state}: {age}");
    }
    scrape.assert(&[
        ("waypost_deliveries_is_estimated{state=\"pending\"}", 0.0),
        ("waypost_deliveries_is_estimated{state=\"dead_lettered\"}", 0.0),
        ("waypost_subscriptions{status=\"active\"}", 1.0),
        ("waypost_subscriptions{status=\"paused\"}", 1.0),
    ]);
    assert!(scrape.value("waypost_deliveries_counted_timestamp_seconds{state=\"pending\"}") > 1.7e9);
    server.client.delete("/v1/dead-letters?all=true").await.expect(200);
    wait_until(&server.base(), "nothing is dead any more", |scrape| {
        let age = scrape.value("waypost_deliveries_oldest_age_seconds{state=\"dead_lettered\"}");
        scrape.value(&depth("dead_lettered")) + age < f64::EPSILON
    })
    .await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_are_counted_by_state_on_sqlite() {
    counted_by_state(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_are_counted_by_state_on_postgres() {
    counted_by_state(Kind::Postgres).await;
}
