//! Promises 1 and 2 while old events go: SIGKILL in the middle of that leaves no event half deleted, and none that had not ended goes.

use std::time::Duration;

use serde_json::json;
use waypost::domain::entropy::{Entropy, SystemEntropy};

use super::{Administrator, SHORT_LEASES, all_arrive, on_both_databases};
use crate::support::database::Database;
use crate::support::load::Load;
use crate::support::process::{KEY, Process};
use crate::support::sink::{Reply, Sink};

const KILLS: usize = 8;

/// Events are too old after a second and go a few at a time, without a pause; on Postgres their partitions hold two seconds.
const HASTE: [(&str, &str); 5] = [
    ("WAYPOST_RETENTION__KEEP_MS", "1000"),
    ("WAYPOST_RETENTION__INTERVAL_MS", "100"),
    ("WAYPOST_RETENTION__BATCH_EVENTS", "4"),
    ("WAYPOST_RETENTION__PAUSE_MS", "0"),
    ("WAYPOST_DATABASE__PARTITION_MS", "2000"),
];

/// What there may never be, whenever one looks.
const HALVES: [&str; 4] = [
    "deliveries WHERE event_id NOT IN (SELECT id FROM events)",
    "attempts WHERE delivery_id NOT IN (SELECT id FROM deliveries)",
    "events WHERE id NOT IN (SELECT event_id FROM deliveries)",
    "queue WHERE delivery_id NOT IN (SELECT id FROM deliveries)",
];

async fn assert_whole(database: &Database) {
    for half in HALVES {
        assert_eq!(database.count(half).await, 0, "{half}");
    }
}

on_both_databases!(a_kill_while_old_events_go_leaves_nothing_half_deleted, async |database: Database| {
    // Every seventh is tried again, so that some are open when they are too old.
    let sink = Sink::start(|number, _| Reply::status(if number % 7 == 0 { 500 } else { 204 })).await;
    let settings = [&SHORT_LEASES[..], &HASTE[..]].concat();
    let mut process = Process::start(database.url(), &settings);
    let schedule: Vec<u64> = std::iter::once(0).chain(vec![1500; 50]).collect();
    let config = json!({ "retry": { "schedule_ms": schedule, "jitter": 0.0 } });
    Administrator::of(process.base()).subscribe(&sink.url("/"), "load", config).await;
    let load = Load::start(process.base(), KEY, "load", 8);
    let mut gone = 0;
    for _ in 0..KILLS {
        let mut random = [0];
        SystemEntropy::new().fill(&mut random);
        load.accept_more(100 + usize::from(random[0])).await;
        tokio::time::sleep(Duration::from_millis(1000 + u64::from(random[0]))).await;
        process.kill();
        assert_whole(&database).await;
        if database.path().is_none() {
            // Another node would do it once the lead of the dead one is over, in half a minute.
            database.run("UPDATE retention_lead SET led_until = 0").await;
        }
        let kept = usize::try_from(database.count("events").await).unwrap();
        gone = gone.max(load.accepted_count().saturating_sub(kept));
        process = Process::start(database.url(), &settings);
        load.redirect(process.base());
    }
    assert!(gone > 0, "nothing went while the process was killed");
    let accepted = load.finish().await;
    eprintln!("{} events accepted over {KILLS} kills, at most {gone} of them gone at one", accepted.len());
    all_arrive(&sink, &accepted, &Administrator::of(process.base())).await;
    while database.count("events").await > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    process.kill();
    for table in ["deliveries", "attempts", "dead_letters", "queue"] {
        assert_eq!(database.count(table).await, 0, "{table}");
    }
});
