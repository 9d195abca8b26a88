//! SIGTERM: what is in flight is finished and recorded, the rest goes back, the exit code is 0.

use std::time::Duration;

use serde_json::json;

use super::{Administrator, on_both_databases};
use crate::support::database::Database;
use crate::support::process::Process;
use crate::support::sink::{Reply, Sink};

on_both_databases!(a_stop_finishes_what_is_open_and_gives_back_the_rest, async |database: Database| {
    // Slow to answer its head, but it does: the drip ends the exchange only with the time limit.
    let slow = Sink::start(|_, _| Reply::Drip(Duration::from_millis(100))).await;
    let process = Process::start(database.url(), &[]);
    let administrator = Administrator::of(process.base());
    let config = json!({ "timeout_ms": 2000, "max_concurrency": 2, "retry": { "schedule_ms": [0, 600_000], "jitter": 0.0 } });
    let subscription = administrator.subscribe(&slow.url("/"), "slow", config).await;
    for number in 0..6 {
        administrator.publish(&number.to_string(), "slow").await;
    }
    slow.wait_for(2).await;
    let stopped = tokio::task::spawn_blocking(move || process.stop()).await.expect("the process is waited for");
    assert_eq!(stopped, 0);

    let process = Process::start(database.url(), &[("WAYPOST_ROLE", "api")]);
    let administrator = Administrator::of(process.base());
    let listed = administrator.get(&format!("/v1/deliveries?subscription_id={subscription}")).await;
    let deliveries = listed["data"].as_array().expect("a list");
    assert!(deliveries.iter().all(|delivery| delivery["state"] == "pending"), "nothing is left in flight: {deliveries:?}");
    let tried = deliveries.iter().filter(|delivery| delivery["attempt_count"] == 1).count();
    assert_eq!(tried, 2, "the two open requests were recorded, the rest was not tried");
});
