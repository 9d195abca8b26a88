//! Promises 1 and 2: what was answered with 202 survives SIGKILL at any moment.

use serde_json::json;
use waypost::domain::entropy::{Entropy, SystemEntropy};

use super::{Administrator, SHORT_LEASES, all_arrive, on_both_databases};
use crate::support::database::Database;
use crate::support::load::Load;
use crate::support::process::{KEY, Process};
use crate::support::sink::Sink;

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
