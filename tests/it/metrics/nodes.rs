//! What is counted of other nodes' ends.

use serde_json::json;

use super::wait_for;
use crate::support::client::Client;
use crate::support::database::{Database, Kind};
use crate::support::process::{KEY, Process};
use crate::support::sink::{Reply, Sink};

/// Settings with which a node that dies is missed soon.
const SHORT_LEASES: [(&str, &str); 3] =
    [("WAYPOST_DISPATCH__LEASE_MS", "1500"), ("WAYPOST_DISPATCH__HEARTBEAT_MS", "300"), ("WAYPOST_DISPATCH__SWEEP_MS", "200")];

async fn what_a_dead_node_held_is_counted_as_reclaimed(kind: Kind) {
    let database = Database::create(kind).await;
    let sink = Sink::start(|number, _| if number < 2 { Reply::Hang } else { Reply::status(204) }).await;
    let process = Process::start(database.url(), &SHORT_LEASES);
    let client = Client::new(process.base(), KEY);
    client.post("/v1/subscriptions", &json!({ "sink": sink.url("/") })).await.expect(201);
    for id in ["1", "2"] {
        client.post_event(&json!({ "specversion": "1.0", "id": id, "source": "/metrics", "type": "t" })).await.expect(202);
    }
    sink.wait_for(2).await;
    process.kill();

    let process = Process::start(database.url(), &SHORT_LEASES);
    wait_for(process.base(), "waypost_leases_reclaimed_total", 2.0).await;
    let scrape = wait_for(process.base(), "waypost_transitions_total{transition=\"succeed\"}", 2.0).await;
    scrape.assert(&[
        ("waypost_transitions_total{transition=\"release\"}", 2.0),
        ("waypost_transitions_total{transition=\"claim\"}", 2.0),
        ("waypost_events_accepted_total", 0.0),
        // Neither was opened again by anybody: how old they are says how long it took.
        ("waypost_end_to_end_seconds_count", 2.0),
    ]);
    // On SQLite they are free with the restart, on Postgres when their leases end.
    let least = if kind == Kind::Sqlite { 0.02 } else { 1.0 };
    assert!(scrape.value("waypost_end_to_end_seconds_sum") > least, "{}", scrape.text);
    assert_eq!(process.stop(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_node_held_is_counted_as_reclaimed_on_sqlite() {
    what_a_dead_node_held_is_counted_as_reclaimed(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_node_held_is_counted_as_reclaimed_on_postgres() {
    what_a_dead_node_held_is_counted_as_reclaimed(Kind::Postgres).await;
}
