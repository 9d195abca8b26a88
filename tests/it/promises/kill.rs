//! Promises 1 and 2: what was answered with 202 survives SIGKILL at any moment.

use serde_json::json;
use waypost::domain::entropy::{Entropy, SystemEntropy};

use super::{Administrator, PATIENCE, SHORT_LEASES, all_arrive, on_both_databases};
use crate::support::database::{Database, Kind};
use crate::support::load::Load;
use crate::support::process::{KEY, Process};
use crate::support::sink::{Reply, Sink};

const KILLS: usize = 20;

on_both_databases!(nothing_accepted_is_missing_after_twenty_kills_under_load, async |database: Database| {
    let sink = Sink::answering(204).await;
    let mut process = Process::start(database.url(), &SHORT_LEASES);
    let schedule: Vec<u64> = std::iter::once(0).chain(vec![100; 50]).collect();
    let config = json!({ "retry": { "schedule_ms": schedule, "jitter": 0.0 } });
    Administrator::of(process.base()).subscribe(&sink.url("/"), "load", config).await;
    let load = Load::start(process.base(), KEY, "load", 8);
    for _ in 0..KILLS {
        let mut random = [0];
        SystemEntropy::new().fill(&mut random);
        load.accept_more(1 + usize::from(random[0] % 48)).await;
        process.kill();
        process = Process::start(database.url(), &SHORT_LEASES);
        load.redirect(process.base());
    }
    load.accept_more(20).await;
    let refused = load.refused_count();
    let accepted = load.finish().await;
    let repeated = all_arrive(&sink, &accepted, &Administrator::of(process.base())).await;
    eprintln!("{} events accepted over {KILLS} kills, {refused} posts repeated, {repeated} deliveries repeated", accepted.len());
    assert!(refused > 0, "no kill met a producer at work");
});

/// Nobody else can have the file: a restart does not wait for the leases of the process that was killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_process_held_goes_on_at_once_on_sqlite() {
    let test = async {
        let database = Database::create(Kind::Sqlite).await;
        let sink = Sink::start(|number, _| if number == 0 { Reply::Hang } else { Reply::status(204) }).await;
        let leases = [("WAYPOST_DISPATCH__LEASE_MS", "600000"), ("WAYPOST_DISPATCH__SWEEP_MS", "200")];
        let killed = Process::start(database.url(), &leases);
        let administrator = Administrator::of(killed.base());
        administrator.subscribe(&sink.url("/"), "held", json!({ "max_concurrency": 1 })).await;
        administrator.publish("first", "held").await;
        sink.wait_for(1).await;
        killed.kill();

        let restarted = Process::start(database.url(), &leases);
        let began = std::time::Instant::now();
        Administrator::of(restarted.base()).publish("second", "held").await;
        sink.wait_for(3).await;
        eprintln!("both arrived after {:?}", began.elapsed());
    };
    tokio::time::timeout(PATIENCE, test).await.expect("the leases of a process that is gone hold nothing up");
}
