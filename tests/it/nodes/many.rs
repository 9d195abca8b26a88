//! Two, three and five nodes at work, one of which is killed: what it held is worked off by the others within the lease time,
//! nothing is lost, and the others do not notice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::Connection;
use tokio::time::timeout;

use super::PATIENCE;
use crate::promises::{Administrator, SHORT_LEASES};
use crate::support::database::{Database, Kind};
use crate::support::load::Load;
use crate::support::process::{KEY, Process};
use crate::support::sink::{Reply, Sink};

/// `dispatch.lease_ms` of [`SHORT_LEASES`], and its `sweep_ms`.
const LEASE: Duration = Duration::from_millis(1500);
const SWEEP: Duration = Duration::from_millis(200);
/// What a machine with other things to do may add.
const SLACK: Duration = Duration::from_secs(2);
/// Deliveries under way at the node that dies.
const HELD: usize = 12;
/// Events that a replay brings meanwhile.
const PAST: usize = 60;

/// The nodes, the one that dies first.
struct Nodes {
    database: Database,
    processes: Vec<Process>,
}

impl Nodes {
    async fn start(count: usize) -> Self {
        let database = Database::create(Kind::Postgres).await;
        let processes = (0..count).map(|_| Process::start(database.url(), &SHORT_LEASES)).collect();
        Self { database, processes }
    }

    fn administrator(&self, number: usize) -> Administrator {
        Administrator::of(self.processes[number % self.processes.len()].base())
    }

    /// How many bytes of log the server wrote so far.
    async fn log_bytes(&self) -> i64 {
        let mut connection = self.database.postgres().await;
        let bytes =
            sqlx::query_scalar("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint").fetch_one(&mut connection).await;
        connection.close().await.expect("the connection closes");
        bytes.expect("the server knows its log")
    }
}

/// A subscription made at any node routes what is posted to any other from then on.
async fn routes_on_every_node(nodes: &Nodes, sink: &Sink) {
    for (maker, _) in nodes.processes.iter().enumerate() {
        let event_type = format!("routing.{maker}");
        let id = nodes.administrator(maker).subscribe(&sink.url("/"), &event_type, json!({})).await;
        for (poster, _) in nodes.processes.iter().enumerate() {
            let posted = nodes.administrator(poster).publish(&format!("{maker} {poster}"), &event_type).await;
            assert_eq!(posted["deliveries"], 1, "made at {maker}, posted at {poster}");
        }
        nodes.administrator(maker + 1).delete(&format!("/v1/subscriptions/{id}")).await;
        let posted = nodes.administrator(maker + 2).publish(&format!("{maker} gone"), &event_type).await;
        assert_eq!(posted["deliveries"], 0, "deleted at {}, posted at {}", maker + 1, maker + 2);
    }
}

/// The longest that events took from a post to the sink, one after another for a while.
async fn longest_of(producer: &Administrator, sink: &Sink, prefix: &str, time: Duration) -> Duration {
    let (began, mut longest) = (Instant::now(), Duration::ZERO);
    for number in 0.. {
        if began.elapsed() > time {
            break;
        }
        let posted_at = Instant::now();
        let posted = producer.publish(&format!("{prefix} {number}"), "probe").await;
        let id = posted["id"].as_str().expect("an identifier").to_owned();
        while !sink.received().iter().rev().any(|request| request.header("webhook-id") == Some(&*id)) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        longest = longest.max(posted_at.elapsed());
    }
    longest
}

/// Waits until everything held by the node that died was sent again by another one.
async fn work_off(sink: &Sink, died_at: Instant) -> Duration {
    loop {
        let mut sent: BTreeMap<String, usize> = BTreeMap::new();
        for request in sink.received() {
            *sent.entry(request.header("webhook-id").expect("an identifier").to_owned()).or_default() += 1;
        }
        if sent.len() == HELD && sent.values().all(|&times| times > 1) {
            return died_at.elapsed();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn one_of(count: usize) {
    let mut nodes = Nodes::start(count).await;
    let (sink, probed) = (Sink::answering(200).await, Sink::answering(200).await);
    let is_dead = Arc::new(AtomicBool::new(false));
    let after = Arc::clone(&is_dead);
    let held = Sink::start(move |_, _| if after.load(Ordering::Relaxed) { Reply::status(200) } else { Reply::Hang }).await;
    routes_on_every_node(&nodes, &sink).await;

    let here = nodes.administrator(1);
    for number in 0..PAST {
        here.publish(&format!("past {number}"), "past").await;
    }
    let config =
        || json!({ "timeout_ms": 30_000, "retry": { "schedule_ms": vec![0; 20], "jitter": 0.0 }, "max_concurrency": 64 });
    for (sink, event_type) in [(&probed, "probe"), (&held, "held")] {
        here.subscribe(&sink.url("/"), event_type, config()).await;
    }
    let late = here.subscribe(&probed.url("/past"), "past", config()).await;
    for number in 0..HELD {
        nodes.administrator(0).publish(&format!("held {number}"), "held").await;
    }
    held.wait_for(HELD).await;

    let log_began = nodes.log_bytes().await;
    for number in 0..count {
        here.subscribe(&sink.url("/"), &format!("load{number}"), config()).await;
    }
    let mut loads: Vec<_> =
        (0..count).map(|number| Load::start(nodes.processes[number].base(), KEY, &format!("load{number}"), 4)).collect();
    let replay = json!({ "after": crate::replay::long_ago(), "rate_per_second": 30 });
    let job = here.post(&format!("/v1/subscriptions/{late}/replay"), &replay).await["id"].as_str().expect("a job").to_owned();
    let before = longest_of(&here, &probed, "before", Duration::from_secs(1)).await;

    is_dead.store(true, Ordering::Relaxed);
    let died_at = Instant::now();
    nodes.processes.remove(0).kill();
    loads[0].redirect(nodes.processes[0].base());
    let survivors = nodes.administrator(0);
    let (since, back) = tokio::join!(
        longest_of(&survivors, &probed, "since", LEASE + SLACK),
        timeout(LEASE + SWEEP + SLACK, work_off(&held, died_at))
    );
    let back = back.expect("what the dead node held is back at work within the lease time");
    for load in &loads {
        load.accept_more(50).await;
    }
    let log_ended = nodes.log_bytes().await;
    let mut accepted = BTreeMap::new();
    for (number, load) in loads.drain(..).enumerate() {
        accepted.extend(load.finish().await.into_iter().map(|(key, id)| (format!("{number} {key}"), id)));
    }
    let bytes = (log_ended - log_began) / i64::try_from(accepted.len()).expect("a count");
    eprintln!(
        "{count} nodes: {} events accepted, {bytes} bytes of log each; leases back after {back:?}; longest before {before:?}, since {since:?}",
        accepted.len()
    );
    assert!(since < LEASE, "others waited for the node that died: {since:?}");
    arrived(&sink, &accepted).await;
    finished(&survivors, &job).await;
    for node in nodes.processes.drain(..) {
        assert_eq!(node.stop(), 0);
    }
}

/// Waits until everything accepted arrived, beside what the routing test posted.
async fn arrived(sink: &Sink, accepted: &BTreeMap<String, String>) {
    let missing = async {
        loop {
            let received = sink.received();
            let there: std::collections::BTreeSet<_> =
                received.iter().filter_map(|request| request.header("webhook-id")).collect();
            if accepted.values().all(|id| there.contains(id.as_str())) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_mins(1), missing).await.expect("every accepted event arrives");
}

/// Waits until the replay is complete, whichever nodes made its steps.
async fn finished(administrator: &Administrator, job: &str) {
    let ended = async {
        loop {
            let job = administrator.get(&format!("/v1/jobs/{job}")).await;
            if job["state"] != "running" {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let job = timeout(Duration::from_mins(1), ended).await.expect("the replay ends");
    assert_eq!((&job["state"], &job["progress"]["created"]), (&json!("completed"), &json!(PAST)), "{job:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_nodes_dies_under_load() {
    timeout(PATIENCE, one_of(2)).await.expect("the test ends in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_three_nodes_dies_under_load() {
    timeout(PATIENCE, one_of(3)).await.expect("the test ends in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_five_nodes_dies_under_load() {
    timeout(PATIENCE, one_of(5)).await.expect("the test ends in time");
}
