//! Promise 8: queues and memory have bounds, whatever the backlog.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Administrator, PATIENCE, on_both_databases};
use crate::support::database::{Database, Kind};
use crate::support::process::{KEY, Process};
use crate::support::sink::{Reply, Sink};

const BATCHES: usize = 60;
const BATCH: usize = 500;
/// What a node may take of memory.
const MAX_RESIDENT_KIB: u64 = 150 * 1024;

on_both_databases!(memory_stays_bounded_with_a_backlog_behind_a_hanging_sink, async |database: Database| {
    let sink = Sink::start(|_, _| Reply::Hang).await;
    let process = Process::start(database.url(), &[]);
    let administrator = Administrator::of(process.base());
    let config = json!({ "timeout_ms": 120_000 });
    let subscription = administrator.subscribe(&sink.url("/"), "backlog", config).await;
    for batch in 0..BATCHES {
        let events: Vec<Value> = (0..BATCH)
            .map(|number| {
                let id = format!("{batch}-{number}");
                json!({ "specversion": "1.0", "id": id, "source": "/b", "type": "backlog", "data": "x".repeat(1000) })
            })
            .collect();
        let body = Value::Array(events).to_string();
        let accepted = administrator.publish_bytes("application/cloudevents-batch+json", body).await;
        assert_eq!(accepted["data"].as_array().map(Vec::len), Some(BATCH));
    }
    administrator.wait_for_state(&subscription, "pending", 250).await;
    let peak = peak_resident_kib(process.id());
    eprintln!("{} waiting deliveries, peak {} MiB", BATCHES * BATCH, peak / 1024);
    assert!(peak < MAX_RESIDENT_KIB, "{peak} KiB");
    assert!(sink.received().len() <= 16, "no more open requests than the subscription allows");
});

fn peak_resident_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel counts");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_finds_no_room_is_refused_before_it_is_accepted() {
    let test = async {
        let database = Database::create(Kind::Sqlite).await;
        let process = Process::start(database.url(), &[("WAYPOST_ACCEPT__MAX_QUEUED_REQUESTS", "4")]);
        let administrator = Administrator::of(process.base());
        let holder = rusqlite::Connection::open(database.path().expect("a file")).expect("the file can be opened");
        holder.busy_timeout(Duration::from_secs(20)).expect("a time limit can be set");
        holder.execute_batch("BEGIN IMMEDIATE").expect("the file can be locked");
        let mut posts = JoinSet::new();
        for id in 0..40 {
            let (http, url) = (administrator.http.clone(), format!("{}/v1/events", administrator.base));
            let event = json!({ "specversion": "1.0", "id": id.to_string(), "source": "/b", "type": "t" }).to_string();
            let request = http.post(url).bearer_auth(KEY).header("content-type", "application/cloudevents+json").body(event);
            posts.spawn(async move { request.send().await.expect("an answer") });
        }
        let mut refused = 0;
        while let Some(answer) = posts.join_next().await {
            let answer = answer.expect("a post does not panic");
            if refused == 0 && answer.status() == 429 {
                holder.execute_batch("ROLLBACK").expect("the file can be let go");
            }
            refused += usize::from(answer.status() == 429);
            assert!(answer.status() == 202 || answer.headers().contains_key("retry-after"), "{}", answer.status());
        }
        assert!(refused > 0, "40 requests at once do not fit a queue of 4");
        let listed = administrator.get("/v1/events?limit=250").await["data"].as_array().map_or(0, Vec::len);
        assert!(listed <= 40 - refused, "what was refused was not accepted");
    };
    tokio::time::timeout(PATIENCE, test).await.expect("the test ends in time");
}
