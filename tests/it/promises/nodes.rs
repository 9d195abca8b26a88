//! Promises 2 and 3 across nodes: of two on one Postgres, either may die.

use serde_json::json;

use super::{Administrator, PATIENCE, SHORT_LEASES, all_arrive};
use crate::support::database::{Database, Kind};
use crate::support::load::Load;
use crate::support::process::{KEY, Process};
use crate::support::sink::{Reply, Sink};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leases_of_a_killed_node_are_worked_off_by_the_other() {
    let test = async {
        let database = Database::create(Kind::Postgres).await;
        // Every third request hangs, so that the node that dies holds leases.
        let sink = Sink::start(|number, _| if number % 3 == 0 { Reply::Hang } else { Reply::status(200) }).await;
        let (survivor, victim) = (Process::start(database.url(), &SHORT_LEASES), Process::start(database.url(), &SHORT_LEASES));
        let config = json!({ "timeout_ms": 1000, "retry": { "schedule_ms": vec![0; 50], "jitter": 0.0 }, "max_concurrency": 64 });
        Administrator::of(survivor.base()).subscribe(&sink.url("/"), "load", config).await;
        let load = Load::start(victim.base(), KEY, "load", 8);
        let other = Load::start(survivor.base(), KEY, "other", 2);
        load.accept_more(200).await;
        victim.kill();
        load.redirect(survivor.base());
        load.accept_more(50).await;
        let accepted = load.finish().await;
        assert!(other.finish().await.len() > 1, "the survivor went on accepting");
        let repeated = all_arrive(&sink, &accepted, &Administrator::of(survivor.base())).await;
        eprintln!("{} events accepted, {repeated} deliveries repeated", accepted.len());
        assert_eq!(survivor.stop(), 0);
    };
    tokio::time::timeout(PATIENCE, test).await.expect("the test ends in time");
}
