//! What is counted in a run whose every step is known.

use serde_json::{Value, json};

use super::{Scrape, wait_for, wait_until};
use crate::support::database::Kind;
use crate::support::server::{TestServer, on_both_databases};
use crate::support::sink::{Reply, Sink};

/// Subscribes a sink to events of one type, tried twice and quickly, and gives the subscription's identifier.
pub(super) async fn subscribe(server: &TestServer, sink: &Sink, event_type: &str) -> String {
    let config = json!({ "retry": { "schedule_ms": [0, 20], "jitter": 0.0 }, "timeout_ms": 2000 });
    let subscription = json!({ "sink": sink.url("/hooks"), "types": [event_type], "config": config });
    let created = server.client.post("/v1/subscriptions", &subscription).await.expect(201);
    created["id"].as_str().unwrap().to_owned()
}

fn event(id: &str, event_type: &str) -> Value {
    json!({ "specversion": "1.0", "id": id, "source": "/metrics", "type": event_type, "data": { "id": id } })
}

pub(super) async fn post(server: &TestServer, id: &str, event_type: &str) {
    server.client.post_event(&event(id, event_type)).await.expect(202);
}

on_both_databases!(every_step_of_a_scripted_run_is_counted_once, async |server| {
    let (good, bad) = (Sink::answering(204).await, Sink::answering(500).await);
    let fickle = Sink::start(|number, _| Reply::status(if number == 0 { 503 } else { 200 })).await;
    let gone = Sink::answering(410).await;
    for (sink, event_type) in [(&good, "good"), (&bad, "bad"), (&fickle, "fickle"), (&gone, "gone"), (&good, "bad")] {
        subscribe(server, sink, event_type).await;
    }
    for (id, event_type) in [("1", "good"), ("2", "bad"), ("3", "fickle"), ("4", "gone"), ("5", "nobody"), ("1", "good")] {
        post(server, id, event_type).await;
    }
    server.client.anonymous().post_event(&event("6", "good")).await.expect(401);
    server.client.post_event(&json!({ "specversion": "1.0" })).await.expect(400);

    wait_for(&server.base(), "waypost_transitions_total{transition=\"succeed\"}", 3.0).await;
    wait_for(&server.base(), "waypost_transitions_total{transition=\"die\"}", 2.0).await;
    let scrape = wait_for(&server.base(), "waypost_dispatch_held_deliveries", 0.0).await;
    scrape.assert(&[
        ("waypost_events_accepted_total", 5.0),
        ("waypost_events_duplicate_total", 1.0),
        ("waypost_events_unrouted_total", 1.0),
        ("waypost_rejected_requests_total{code=\"unauthenticated\"}", 1.0),
        ("waypost_rejected_requests_total{code=\"invalid_event\"}", 1.0),
        ("waypost_rejected_requests_total{code=\"overloaded\"}", 0.0),
        ("waypost_attempts_total{class=\"delivered\"}", 3.0),
        ("waypost_attempts_total{class=\"server\"}", 3.0),
        ("waypost_attempts_total{class=\"client\"}", 1.0),
        ("waypost_attempts_total{class=\"timeout\"}", 0.0),
        ("waypost_verdicts_total{verdict=\"delivered\"}", 3.0),
        ("waypost_verdicts_total{verdict=\"retry\"}", 2.0),
        ("waypost_verdicts_total{verdict=\"dead\"}", 1.0),
        ("waypost_verdicts_total{verdict=\"gone\"}", 1.0),
        ("waypost_retries_total", 2.0),
        ("waypost_transitions_total{transition=\"retry\"}", 2.0),
        ("waypost_dead_letters_total{reason=\"exhausted\"}", 1.0),
        ("waypost_dead_letters_total{reason=\"gone\"}", 1.0),
        ("waypost_leases_lost_total", 0.0),
        ("waypost_leases_reclaimed_total", 0.0),
        ("waypost_accept_seconds_count", 6.0),
        ("waypost_attempt_seconds_count", 7.0),
        ("waypost_end_to_end_seconds_count", 3.0),
        ("waypost_accept_queue_requests", 0.0),
        ("waypost_accept_queue_bytes", 0.0),
        ("waypost_dispatch_held_bytes", 0.0),
        ("waypost_dispatch_open_requests", 0.0),
        ("waypost_dispatch_is_open", 1.0),
        ("waypost_dispatch_nodes", 1.0),
        ("waypost_http_requests_total{method=\"POST\",route=\"/v1/events\",status=\"2xx\"}", 6.0),
        ("waypost_http_requests_total{method=\"POST\",route=\"/v1/events\",status=\"4xx\"}", 2.0),
        ("waypost_http_request_seconds_count{method=\"POST\",route=\"/v1/events\"}", 8.0),
        ("waypost_http_open_requests", 1.0),
    ]);
    let placed = |placement| scrape.value(&format!("waypost_deliveries_created_total{{placement=\"{placement}\"}}"));
    assert!((placed("handed_over") + placed("queued") - 5.0).abs() < f64::EPSILON, "{}", scrape.text);
    assert!((scrape.value("waypost_accept_batch_events_sum") - 6.0).abs() < f64::EPSILON);
    assert!((scrape.value("waypost_record_batch_deliveries_sum") - 7.0).abs() < f64::EPSILON);
    for operation in ["accept", "record", "route", "heartbeat", "write", "authenticate"] {
        let calls = scrape.value(&format!("waypost_database_operation_seconds_count{{operation=\"{operation}\"}}"));
        let errors = scrape.value(&format!("waypost_database_errors_total{{error=\"unavailable\",operation=\"{operation}\"}}"));
        assert!(calls >= 1.0 && errors < 0.5, "{operation}: {calls} calls, {errors} errors");
    }
    assert!(scrape.value("waypost_http_open_connections") >= 1.0 && scrape.value("process_open_fds") >= 3.0);
    assert!(scrape.value("process_resident_memory_bytes") > 1e6 && scrape.value("process_start_time_seconds") > 1.7e9);
});

on_both_databases!(filters_that_can_not_be_asked_are_counted_and_do_not_match, async |server| {
    let sink = Sink::answering(204).await;
    let subscription = json!({ "sink": sink.url("/hooks"), "filters": [{ "data": { "/total": { "gte": 100 } } }] });
    server.client.post("/v1/subscriptions", &subscription).await.expect(201);
    for (id, body) in [("1", "{\"total\": 100.0}"), ("2", "{\"total\": 99.99}"), ("3", "{\"total\": 100"), ("4", "no JSON")] {
        let headers = [
            ("ce-specversion", "1.0"),
            ("ce-id", id),
            ("ce-source", "/s"),
            ("ce-type", "t"),
            ("content-type", "application/json"),
        ];
        server.client.send(reqwest::Method::POST, "/v1/events", &headers, body).await.expect(202);
    }
    wait_for(&server.base(), "waypost_transitions_total{transition=\"succeed\"}", 1.0).await;
    let scrape = Scrape::of(&server.base()).await;
    scrape.assert(&[("waypost_filter_faults_total", 2.0), ("waypost_events_unrouted_total", 3.0)]);
});

on_both_databases!(what_a_person_does_to_deliveries_is_counted, async |server| {
    let sink = Sink::answering(500).await;
    subscribe(server, &sink, "bad").await;
    post(server, "1", "bad").await;
    post(server, "2", "bad").await;
    wait_for(&server.base(), "waypost_transitions_total{transition=\"die\"}", 2.0).await;
    assert_eq!(server.client.post_empty("/v1/dead-letters/redrive").await.expect(200)["count"], 2);
    let scrape = wait_for(&server.base(), "waypost_transitions_total{transition=\"die\"}", 4.0).await;
    scrape.assert(&[("waypost_transitions_total{transition=\"redeliver\"}", 2.0), ("waypost_retries_total", 4.0)]);
    assert!(scrape.value("waypost_end_to_end_seconds_count") < 0.5);
    server.client.delete("/v1/dead-letters?all=true").await.expect(200);
    wait_for(&server.base(), "waypost_dead_letters_purged_total", 2.0).await;
});

on_both_databases!(queue_is_late_by_what_active_subscriptions_wait_for, async |server| {
    let sink = Sink::start(|_, _| Reply::Hang).await;
    subscribe(server, &sink, "slow").await;
    let paused = subscribe(server, &sink, "paused").await;
    server.client.post_empty(&format!("/v1/subscriptions/{paused}/pause")).await.expect(200);
    post(server, "1", "slow").await;
    post(server, "2", "paused").await;
    // Only the paused one's delivery waits in the queue, and it waits on purpose.
    sink.wait_for(1).await;
    let sweeps = "waypost_database_operation_seconds_count{operation=\"sweep\"}";
    let before = Scrape::of(&server.base()).await.value(sweeps);
    wait_until(&server.base(), "sweeps have come by", |scrape| scrape.value(sweeps) >= before + 2.0).await;
    Scrape::of(&server.base()).await.assert(&[("waypost_queue_lag_seconds", 0.0), ("waypost_dispatch_open_requests", 1.0)]);
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queue_is_late_when_there_is_no_room_for_what_is_due() {
    let sink = Sink::start(|_, _| Reply::Hang).await;
    let server = TestServer::start_with(Kind::Sqlite, |config| {
        config.dispatch.max_in_memory = 4;
        config.dispatch.sweep_ms = 100;
    })
    .await;
    subscribe(&server, &sink, "slow").await;
    for number in 0..20 {
        post(&server, &number.to_string(), "slow").await;
    }
    wait_until(&server.base(), "the queue is late", |scrape| scrape.value("waypost_queue_lag_seconds") > 0.2).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriptions_have_series_of_their_own_only_when_asked_for_and_within_a_bound() {
    for (is_on, max, expected) in [(false, 9, 0), (true, 2, 3), (true, 9, 3)] {
        let sink = Sink::answering(204).await;
        let server = TestServer::start_with(Kind::Sqlite, |config| {
            config.metrics.per_subscription = is_on;
            config.metrics.max_subscriptions = max;
        })
        .await;
        let ids =
            [subscribe(&server, &sink, "t").await, subscribe(&server, &sink, "t").await, subscribe(&server, &sink, "t").await];
        post(&server, "1", "t").await;
        let scrape = wait_for(&server.base(), "waypost_transitions_total{transition=\"succeed\"}", 3.0).await;
        let delivered = scrape.series.iter().filter(|(series, value)| {
            series.starts_with("waypost_subscription_attempts_total{") && series.contains("\"delivered\"") && **value > 0.0
        });
        let labels: Vec<_> = delivered.map(|(series, _)| series.split('"').nth(1).unwrap()).collect();
        assert_eq!(labels.len(), expected, "{labels:?}");
        assert_eq!(labels.contains(&"other"), max == 2, "{labels:?}");
        assert!(labels.iter().all(|label| *label == "other" || ids.iter().any(|id| id == label)), "{labels:?}");
        server.stop().await;
    }
}

on_both_databases!(no_label_grows_with_what_callers_send, async |server| {
    let before = Scrape::of(&server.base()).await;
    for number in 0..50 {
        server.client.get(&format!("/v1/events/{number}")).await;
        server.client.get(&format!("/nothing/{number}")).await;
        post(server, &format!("id-{number}"), &format!("type-{number}")).await;
        server.client.in_tenant(&format!("tenant-{number}")).get("/v1/events").await.expect(404);
    }
    let after = Scrape::of(&server.base()).await;
    let new: Vec<_> = after
        .series
        .keys()
        .filter(|series| !before.series.contains_key(*series) && !series.contains("_bucket{"))
        .filter(|series| !series.contains("_sum{") && !series.contains("_count{"))
        .collect();
    // One per route and class of status that was asked for here, and the first look at the metrics.
    assert!(new.len() <= 5 && new.iter().all(|series| series.starts_with("waypost_http_requests_total{")), "{new:#?}");
});
