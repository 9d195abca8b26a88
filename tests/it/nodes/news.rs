//! A node is told what is due sooner than it would look, and finds it by looking if it is not told.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::timeout;

use super::PATIENCE;
use crate::metrics::wait_for;
use crate::promises::Administrator;
use crate::support::database::{Database, Kind};
use crate::support::process::Process;
use crate::support::sink::{Reply, Sink};

/// Nobody looks before the test has failed.
const SELDOM: [(&str, &str); 2] = [("WAYPOST_DISPATCH__SWEEP_MS", "60000"), ("WAYPOST_JOBS__POLL_MS", "60000")];

/// How soon a node that is told acts; far below the time between two looks.
const AT_ONCE: Duration = Duration::from_secs(5);

/// The connections of this database that listen.
const LISTENING: &str = "pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";

fn start(database: &Database, role: &str, settings: &[(&str, &str)]) -> Process {
    let settings: Vec<_> = settings.iter().copied().chain([("WAYPOST_ROLE", role)]).collect();
    Process::start(database.url(), &settings)
}

/// Waits until so many nodes listen, and have had time to act on what they supposed to have missed.
async fn listening(database: &Database, count: i64) {
    let listen = async {
        while database.count(LISTENING).await < count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    timeout(AT_ONCE, listen).await.expect("the nodes listen");
}

/// Posts an event and gives the time until the sink has it.
async fn time_of(producer: &Administrator, sink: &Sink, id: &str) -> Duration {
    let before = sink.received().len();
    let began = Instant::now();
    assert_eq!(producer.publish(id, "news").await["deliveries"], 1);
    sink.wait_for(before + 1).await;
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dispatcher_is_told_of_what_another_node_accepted_opened_or_resumed() {
    let test = async {
        let database = Database::create(Kind::Postgres).await;
        let sink = Sink::start(|number, _| Reply::status(if number == 1 { 500 } else { 200 })).await;
        let (api, dispatcher) = (start(&database, "api", &SELDOM), start(&database, "dispatcher", &SELDOM));
        listening(&database, 2).await;
        let here = Administrator::of(api.base());
        let id = here.subscribe(&sink.url("/"), "news", json!({ "retry": { "schedule_ms": [0] } })).await;
        let accepted = time_of(&here, &sink, "accepted").await;

        assert!(time_of(&here, &sink, "dies").await < AT_ONCE);
        here.wait_for_state(&id, "dead_lettered", 1).await;
        let began = Instant::now();
        here.post("/v1/dead-letters/redrive", &json!({})).await;
        sink.wait_for(3).await;
        let redriven = began.elapsed();

        here.post(&format!("/v1/subscriptions/{id}/pause"), &json!(null)).await;
        assert_eq!(here.publish("paused", "news").await["deliveries"], 1);
        here.wait_for_state(&id, "pending", 1).await;
        let began = Instant::now();
        here.post(&format!("/v1/subscriptions/{id}/resume"), &json!(null)).await;
        sink.wait_for(4).await;
        let resumed = began.elapsed();

        let began = Instant::now();
        let replay = json!({ "after": crate::replay::long_ago(), "only": "all" });
        here.post(&format!("/v1/subscriptions/{id}/replay"), &replay).await;
        sink.wait_for(7).await;
        let replayed = began.elapsed();
        eprintln!("accepted {accepted:?}, redriven {redriven:?}, resumed {resumed:?}, replayed {replayed:?}");
        assert!([accepted, redriven, resumed, replayed].iter().all(|time| *time < AT_ONCE));
        assert_eq!((api.stop(), dispatcher.stop()), (0, 0));
    };
    timeout(PATIENCE, test).await.expect("the test ends in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_is_told_of_is_found_by_looking() {
    let test = async {
        let database = Database::create(Kind::Postgres).await;
        let sink = Sink::answering(200).await;
        let quiet = [("WAYPOST_DATABASE__NOTIFY", "false"), ("WAYPOST_DISPATCH__SWEEP_MS", "300")];
        let (api, _dispatcher) = (start(&database, "api", &quiet), start(&database, "dispatcher", &quiet));
        let here = Administrator::of(api.base());
        here.subscribe(&sink.url("/"), "news", json!({})).await;
        time_of(&here, &sink, "found").await;
        assert_eq!(database.count(LISTENING).await, 0);
    };
    timeout(PATIENCE, test).await.expect("the test ends in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_listening_connection_is_ended_listens_again_and_looks_for_what_it_missed() {
    let test = async {
        let database = Database::create(Kind::Postgres).await;
        let sink = Sink::answering(200).await;
        let (api, _dispatcher) = (start(&database, "api", &SELDOM), start(&database, "dispatcher", &SELDOM));
        listening(&database, 2).await;
        let here = Administrator::of(api.base());
        here.subscribe(&sink.url("/"), "news", json!({})).await;
        time_of(&here, &sink, "before").await;
        database
            .run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'")
            .await;
        wait_for(api.base(), "waypost_database_unheard", 1.0).await;
        // Nobody listens now: this one is found when they do again.
        let missed = time_of(&here, &sink, "missed").await;
        listening(&database, 2).await;
        wait_for(api.base(), "waypost_database_unheard", 0.0).await;
        let told = time_of(&here, &sink, "after").await;
        eprintln!("missed {missed:?}, told {told:?}");
        assert!(missed < AT_ONCE && told < AT_ONCE);
    };
    timeout(PATIENCE, test).await.expect("the test ends in time");
}
