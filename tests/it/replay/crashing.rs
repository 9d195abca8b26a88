//! A replay goes on wherever it was when a node dies: nothing is left out and nothing is opened twice.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{ended, job, post_many, replay, subscribe, to, wait_for_job};
use crate::support::client::Client;
use crate::support::database::{Database, Kind};
use crate::support::process::{KEY, Process};
use crate::support::sink::Sink;

const PAST: usize = 300;

/// Settings with which a node that dies is missed soon.
const SHORT_LEASES: [(&str, &str); 5] = [
    ("WAYPOST_DISPATCH__LEASE_MS", "1500"),
    ("WAYPOST_DISPATCH__HEARTBEAT_MS", "300"),
    ("WAYPOST_DISPATCH__SWEEP_MS", "200"),
    ("WAYPOST_JOBS__LEASE_MS", "800"),
    ("WAYPOST_JOBS__POLL_MS", "100"),
];

fn opened(job: &Value) -> u64 {
    job["progress"]["created"].as_u64().unwrap()
}

/// Holds a finished replay of all the past against what it says, what is stored and what arrived.
async fn assert_complete(client: &Client, sink: &Sink, id: &str, kills: usize) {
    let done = ended(client, id, "completed").await;
    let progress = &done["progress"];
    assert_eq!((&progress["looked_at"], &progress["matched"], &progress["created"]), (&json!(PAST), &json!(PAST), &json!(PAST)));
    assert_eq!(progress["skipped"]["open"], 0, "no page was worked twice");
    let arrived = async {
        loop {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for request in sink.received() {
                assert_eq!(request.header("waypost-replay"), Some(id));
                *counts.entry(request.header("webhook-id").unwrap().to_owned()).or_default() += 1;
            }
            if counts.len() == PAST {
                return counts;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let counts = tokio::time::timeout(Duration::from_secs(40), arrived).await.expect("all of the past arrives");
    // A request under way when its node died is made again: at least once, rarely twice.
    let repeated: usize = counts.values().map(|count| count - 1).sum();
    assert!(repeated <= kills * 100, "{repeated} requests were repeated");
}

async fn a_replay_survives_kills(kind: Kind) {
    let database = Database::create(kind).await;
    let sink = Sink::answering(204).await;
    let mut process = Process::start(database.url(), &SHORT_LEASES);
    let mut client = Client::new(process.base(), KEY);
    post_many(&client, "past", "com.example.a", PAST).await;
    let subscription = subscribe(&client, &to(&sink.url("/"))).await;
    let id = replay(&client, &subscription, json!({ "rate_per_second": 60 })).await;
    let mut kills = 0;
    for _ in 0..4 {
        let before = opened(&job(&client, &id).await);
        let moved = wait_for_job(&client, &id, |job| opened(job) > before).await;
        if moved["state"] != "running" {
            break;
        }
        process.kill();
        kills += 1;
        process = Process::start(database.url(), &SHORT_LEASES);
        client = Client::new(process.base(), KEY);
    }
    assert!(kills >= 2, "the replay was over before it was interrupted");
    assert_complete(&client, &sink, &id, kills).await;
    assert_eq!(process.stop(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_goes_on_after_kills_without_gaps_or_doubles_on_sqlite() {
    a_replay_survives_kills(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_goes_on_after_kills_without_gaps_or_doubles_on_postgres() {
    a_replay_survives_kills(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_nodes_one_may_die_and_the_other_finishes_the_replay() {
    let database = Database::create(Kind::Postgres).await;
    let sink = Sink::answering(204).await;
    let (victim, survivor) = (Process::start(database.url(), &SHORT_LEASES), Process::start(database.url(), &SHORT_LEASES));
    let client = Client::new(survivor.base(), KEY);
    post_many(&client, "past", "com.example.a", PAST).await;
    let subscription = subscribe(&client, &to(&sink.url("/"))).await;
    // Asked for at the node that dies, which is told of it at once.
    let id = replay(&Client::new(victim.base(), KEY), &subscription, json!({ "rate_per_second": 60 })).await;
    wait_for_job(&client, &id, |job| opened(job) > 20).await;
    victim.kill();
    assert_eq!(job(&client, &id).await["state"], "running");
    assert_complete(&client, &sink, &id, 1).await;
    assert_eq!(survivor.stop(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_asked_for_at_a_node_that_only_serves_the_api_is_made_by_another() {
    let database = Database::create(Kind::Postgres).await;
    let sink = Sink::answering(204).await;
    let api = Process::start(database.url(), &[SHORT_LEASES.as_slice(), &[("WAYPOST_ROLE", "api")]].concat());
    let client = Client::new(api.base(), KEY);
    post_many(&client, "past", "com.example.a", 5).await;
    let subscription = subscribe(&client, &to(&sink.url("/"))).await;
    let id = replay(&client, &subscription, json!({})).await;
    let dispatcher = Process::start(database.url(), &[SHORT_LEASES.as_slice(), &[("WAYPOST_ROLE", "dispatcher")]].concat());
    ended(&client, &id, "completed").await;
    sink.wait_for(5).await;
    assert_eq!((api.stop(), dispatcher.stop()), (0, 0));
}
