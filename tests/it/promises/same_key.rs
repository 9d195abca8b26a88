//! Promise 4: one event key, one event, however many post it at once.

use serde_json::json;
use tokio::task::JoinSet;

use super::{Administrator, SHORT_LEASES, on_both_databases};
use crate::support::database::{Database, Kind};
use crate::support::process::Process;
use crate::support::sink::Sink;

const CONNECTIONS: usize = 50;

/// Posts one event over `CONNECTIONS` connections at once to nodes in turn; gives the identifier that all were told.
async fn post_at_once(nodes: &[&str], id: &str) -> String {
    let mut posts = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let (administrator, id) = (Administrator::of(nodes[connection % nodes.len()]), id.to_owned());
        posts.spawn(async move { administrator.publish(&id, "once").await });
    }
    let answers = posts.join_all().await;
    let id = answers[0]["id"].as_str().expect("an identifier").to_owned();
    assert!(answers.iter().all(|answer| answer["id"] == id.as_str()), "all are told the same identifier");
    let firsts = answers.iter().filter(|answer| answer["duplicate"] == false).count();
    assert_eq!(firsts, 1, "exactly one is told that its event is new");
    id
}

on_both_databases!(fifty_connections_that_post_one_key_make_one_event, async |database: Database| {
    let sink = Sink::answering(200).await;
    let first = Process::start(database.url(), &SHORT_LEASES);
    // Only Postgres takes a second node.
    let second = database.path().is_none().then(|| Process::start(database.url(), &SHORT_LEASES));
    let nodes: Vec<&str> = std::iter::once(first.base()).chain(second.as_ref().map(Process::base)).collect();
    Administrator::of(first.base()).subscribe(&sink.url("/"), "once", json!({})).await;
    for round in 1..=5 {
        let id = post_at_once(&nodes, &format!("event-{round}")).await;
        let arrived = sink.wait_for(round).await;
        assert_eq!(arrived[round - 1].header("webhook-id"), Some(id.as_str()));
    }
    let listed = Administrator::of(first.base()).get("/v1/events").await;
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(5));
    assert_eq!(sink.received().len(), 5, "no second fan-out");
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_node_on_one_sqlite_file_is_refused() {
    let database = Database::create(Kind::Sqlite).await;
    let first = Process::start(database.url(), &[]);
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--database-url", database.url()];
    let (code, _, errors) = crate::support::process::run(&arguments, &[]);
    assert_ne!(code, 0);
    assert!(errors.contains("another waypost uses"), "{errors}");
    assert_eq!(first.stop(), 0);
}
