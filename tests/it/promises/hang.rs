//! Promise 7: one bad sink harms no other.

use serde_json::json;

use super::{Administrator, on_both_databases};
use crate::support::database::Database;
use crate::support::process::Process;
use crate::support::sink::{Reply, Sink};

const EVENTS: usize = 300;

on_both_databases!(sinks_that_hang_drip_and_reset_leave_the_healthy_ones_alone, async |database: Database| {
    let bad = Sink::start(|_, request| match request.path.as_str() {
        "/hang" => Reply::Hang,
        "/drip" => Reply::Drip(std::time::Duration::from_millis(50)),
        _ => Reply::Reset,
    })
    .await;
    let healthy = Sink::answering(200).await;
    // Few open requests in all: a shared pool of them would be taken by the bad sinks at once.
    let process = Process::start(database.url(), &[("WAYPOST_DISPATCH__MAX_CONCURRENCY", "64")]);
    let administrator = Administrator::of(process.base());
    let patient = json!({ "timeout_ms": 120_000, "retry": { "schedule_ms": [0, 600_000] } });
    for path in ["/hang", "/drip", "/reset"] {
        administrator.subscribe(&bad.url(path), "mixed", patient.clone()).await;
    }
    for number in 0..3 {
        administrator.subscribe(&healthy.url(&format!("/{number}")), "mixed", json!({})).await;
    }
    for number in 0..EVENTS {
        assert_eq!(administrator.publish(&number.to_string(), "mixed").await["deliveries"], 6);
    }
    // The bad sinks' first requests are still open; the healthy ones have everything.
    let received = healthy.wait_for(3 * EVENTS).await;
    assert_eq!(received.len(), 3 * EVENTS);
    assert!(received.iter().all(|request| request.header("waypost-attempt") == Some("1")));
    let hanging = bad.received().iter().filter(|request| request.path == "/hang").count();
    assert!((1..=16).contains(&hanging), "a hanging sink has at most its own lane's open requests: {hanging}");
});
