//! A long run at a steady rate: whether memory, file descriptors, latency or the log grow with time.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::adapter::Adapter;
use crate::api::{KEY, TENANT};
use crate::database::Database;
use crate::growth::{self, Sample, Verdict};
use crate::load::{post, post_while, wait_for};
use crate::machine::Machine;
use crate::process::{Server, role};
use crate::producer::Order;
use crate::scenario::{Scenario, Store};
use crate::sink::{self, Asked};
use crate::statistics::real;
use crate::system::System;
use crate::{Result, report};

/// Two hundred events a second, each to a sink that answers at once and to one that takes a second.
const LOAD: Scenario =
    Scenario { name: "soak", group: "soak", connections: 16, fan_out: 2, late_ms: 1_000, rate: 200, ..Scenario::PLAIN };

/// How long a sample waits for the deliveries of its events.
const LINGER: Duration = Duration::from_secs(2);

/// What is written to `target/bench/soak.json`.
#[derive(Serialize)]
struct Document {
    machine: Machine,
    store: Store,
    samples: Vec<Sample>,
    verdicts: Vec<Verdict>,
    missing: usize,
    duplicates: usize,
}

/// Runs for so many seconds.
///
/// # Errors
///
/// Fails if something grows or a delivery is missing, after everything was printed and stored.
pub(crate) fn run(seconds: u64, store: Store) -> Result<()> {
    let scenario = Scenario { store, count: usize::try_from(seconds * u64::from(LOAD.rate))?, ..LOAD };
    let warm_up = usize::try_from(LOAD.rate)? * 5;
    let measured = warm_up + scenario.count;
    let sink = Server::start(&mut role("sink", &[&measured.to_string(), &scenario.fan_out.to_string()])?)?;
    let system = System::start(&scenario, &sink.address)?;
    let order = Order {
        adapter: Adapter::Waypost,
        addresses: system.addresses(),
        key: KEY.to_owned(),
        tenant: TENANT.to_owned(),
        connections: scenario.connections,
        first: 0,
        count: warm_up,
        batch: 1,
        rate: scenario.rate,
        topics: scenario.topics,
    };
    post(&order)?;
    let mut samples = Vec::new();
    post_while(&Order { first: warm_up, count: scenario.count, ..order }, || {
        samples = watch(&system, &sink, warm_up, Duration::from_secs(seconds))?;
        Ok(())
    })?;
    wait_for(&sink, measured * scenario.fan_out)?;
    let arrived = sink::ask(&sink, &Asked { events: warm_up..measured, ..Asked::default() })?;
    let verdicts = growth::judge(&samples);
    let grows = verdicts.iter().any(|verdict| verdict.grows);
    let (missing, duplicates) = (arrived.missing, arrived.duplicates);
    print(&verdicts, &samples);
    println!("missing {missing}, twice {duplicates}");
    report::store("soak.json", &Document { machine: Machine::this(), store, samples, verdicts, missing, duplicates })?;
    if grows { Err("something grows".into()) } else { Ok(()) }
}

/// Looks once a minute, or sixty times in a run of ten minutes to an hour, and prints a line each time.
fn watch(system: &System, sink: &Server, first: usize, whole: Duration) -> Result<Vec<Sample>> {
    let interval = (whole / 60).clamp(Duration::from_secs(10), Duration::from_mins(1));
    let events = usize::try_from(interval.as_secs() * u64::from(LOAD.rate))?;
    let begun = Instant::now();
    println!(
        "|    s | memory MiB | descriptors | p50 ms | p99 ms | late | database MiB | log MiB |\n|---|---|---|---|---|---|---|---|"
    );
    let mut samples = Vec::new();
    for (nth, end) in (1..).map(|nth| (nth, interval * nth)).take_while(|(_, end)| *end <= whole) {
        std::thread::sleep((end + LINGER).saturating_sub(begun.elapsed()));
        let until = first + events * usize::try_from(nth)?;
        let arrived = sink::ask(sink, &Asked { events: until - events..until, copies: 1, ..Asked::default() })?;
        let sample = Sample {
            at_s: end.as_secs(),
            rss_mib: system.rss_mib(),
            descriptors: system.descriptors(),
            p50_ms: real(arrived.latency.p50.into()) / 1000.0,
            p99_ms: real(arrived.latency.p99.into()) / 1000.0,
            missing: arrived.missing,
            database_mib: system.database.as_ref().map_or(Ok(0.0), Database::mib)?,
            log_mib: system.database.as_ref().map_or(Ok(0.0), Database::log_mib)?,
        };
        let Sample { at_s, rss_mib, descriptors, p50_ms, p99_ms, missing, database_mib, log_mib } = sample;
        println!(
            "| {at_s:>4} | {rss_mib:.1} | {descriptors} | {p50_ms:.1} | {p99_ms:.1} | {missing} | {database_mib:.0} | {log_mib:.0} |"
        );
        samples.push(sample);
    }
    Ok(samples)
}

fn print(verdicts: &[Verdict], samples: &[Sample]) {
    if verdicts.is_empty() {
        println!("\n{} samples are too few to say whether anything grows", samples.len());
    } else {
        println!("\n| | first quarter | last quarter | |\n|---|---|---|---|");
    }
    for Verdict { what, first, last, grows } in verdicts {
        println!("| {what} | {first:.1} | {last:.1} | {} |", if *grows { "**grows**" } else { "steady" });
    }
}
