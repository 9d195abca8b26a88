//! One run of one scenario.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::process::{Server, cpu_us, family, kib, request, role};
use crate::scenario::Scenario;
use crate::statistics::{Percentiles, real, real_size};
use crate::system::{KEY, System};
use crate::{Result, producer, sink};

/// The longest a run may take to deliver everything.
const LIMIT: Duration = Duration::from_mins(3);

/// What a run gave.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Measurement {
    pub(crate) accepted_per_s: f64,
    /// Deliveries a second, from the first event posted to the last delivery.
    pub(crate) delivered_per_s: f64,
    pub(crate) accept: Percentiles,
    pub(crate) end_to_end: Percentiles,
    pub(crate) duplicates: usize,
    pub(crate) missing: usize,
    /// Answers of 429 and 503.
    pub(crate) refused: usize,
    /// Microseconds of CPU per delivery, by process.
    pub(crate) server_cpu_us: f64,
    pub(crate) postgres_cpu_us: f64,
    pub(crate) sink_cpu_us: f64,
    pub(crate) producer_cpu_us: f64,
    /// The most memory the server ever held (`VmHWM`), in KiB.
    pub(crate) server_peak_kib: usize,
    /// What the processes of Postgres held at the end, shared pages counted once (`Pss`), in KiB.
    pub(crate) postgres_kib: usize,
}

/// CPU time of everything that runs on.
struct Spent {
    server: i64,
    postgres: i64,
    sink: i64,
}

impl Spent {
    fn now(system: &System, sink: &Server) -> Result<Self> {
        let postgres = system.postmaster.map(family).unwrap_or_default();
        Ok(Self {
            server: cpu_us(system.server.id())?,
            // A process that ended between the two looks is in its parent's sum.
            postgres: postgres.into_iter().filter_map(|process| cpu_us(process).ok()).sum(),
            sink: cpu_us(sink.id())?,
        })
    }
}

/// Runs `scenario` once.
pub(crate) fn run(scenario: &Scenario) -> Result<Measurement> {
    let warm_up = (scenario.count / 10).max(100);
    let total = warm_up + scenario.count;
    let sink = Server::start(&mut role("sink", &[&total.to_string(), &scenario.fan_out.to_string()])?)?;
    let system = System::start(scenario, &sink.address)?;

    post(scenario, &system, 0, warm_up)?;
    wait_for(&sink, warm_up * scenario.fan_out)?;

    let before = Spent::now(&system, &sink)?;
    let (posted, producer_cpu) = post(scenario, &system, warm_up, scenario.count)?;
    wait_for(&sink, total * scenario.fan_out)?;
    let after = Spent::now(&system, &sink)?;

    let (_, text) = request("GET", &sink.address, &format!("/report?from={warm_up}"), "", "")?;
    let arrived: sink::Report = serde_json::from_str(&text)?;
    let deliveries = real_size(arrived.arrived);
    let postgres_kib = system.postmaster.map(family).unwrap_or_default();
    Ok(Measurement {
        accepted_per_s: real_size(posted.accepted) * 1e6 / real(posted.last_at - posted.first_at),
        delivered_per_s: deliveries * 1e6 / real(arrived.last_at - posted.first_at),
        accept: posted.latency,
        end_to_end: arrived.latency,
        duplicates: arrived.duplicates,
        missing: arrived.missing,
        refused: posted.refused,
        server_cpu_us: real(after.server - before.server) / deliveries,
        postgres_cpu_us: real(after.postgres - before.postgres) / deliveries,
        sink_cpu_us: real(after.sink - before.sink) / deliveries,
        producer_cpu_us: real(producer_cpu) / deliveries,
        server_peak_kib: kib(system.server.id(), "status", "VmHWM"),
        postgres_kib: postgres_kib.into_iter().map(|process| kib(process, "smaps_rollup", "Pss")).sum(),
    })
}

/// Posts events and gives back what the producer measured and the CPU time it took.
fn post(scenario: &Scenario, system: &System, first: usize, count: usize) -> Result<(producer::Report, i64)> {
    let (connections, first, count) = (scenario.connections.to_string(), first.to_string(), count.to_string());
    let rate = scenario.rate.to_string();
    // The producer is this process's only child that ends meanwhile, so its CPU time is what the finished children gained.
    let before = finished_children_us()?;
    let producer = role("producer", &[&system.server.address, KEY, &connections, &first, &count, &rate])?
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !producer.status.success() {
        return Err(format!("{}: the producer failed", scenario.name).into());
    }
    Ok((serde_json::from_slice(&producer.stdout)?, finished_children_us()? - before))
}

fn finished_children_us() -> Result<i64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, after_name) = stat.rsplit_once(')').ok_or("not a stat line")?;
    let ticks: i64 = after_name.split_whitespace().skip(13).take(2).filter_map(|field| field.parse::<i64>().ok()).sum();
    Ok(ticks * crate::process::TICK_US)
}

/// Waits until the sink has `count` different deliveries.
fn wait_for(sink: &Server, count: usize) -> Result<()> {
    let begun = Instant::now();
    loop {
        let (_, text) = request("GET", &sink.address, "/count", "", "")?;
        let arrived: usize = text.trim().parse()?;
        if arrived >= count {
            return Ok(());
        }
        if begun.elapsed() > LIMIT {
            return Err(format!("only {arrived} of {count} deliveries arrived within {} s", LIMIT.as_secs()).into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
