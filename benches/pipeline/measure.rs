//! One run of one scenario.

use serde::Serialize;

use crate::api::TENANT;
use crate::backlog::{self, Behind, RUSH};
use crate::counters::Counters;
use crate::database::Database;
use crate::load::{count, post, wait_for};
use crate::process::{Server, cpu_us, kib, request, role};
use crate::producer::Order;
use crate::scenario::{Flows, Scenario};
use crate::statistics::{Percentiles, real, real_size};
use crate::system::System;
use crate::{Result, sink};

/// What a run gave.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Measurement {
    pub(crate) accepted_per_s: f64,
    /// Deliveries a second, from the first event posted to the last delivery.
    pub(crate) delivered_per_s: f64,
    /// Of requests.
    pub(crate) accept: Percentiles,
    pub(crate) end_to_end: Percentiles,
    pub(crate) duplicates: usize,
    pub(crate) missing: usize,
    /// Answers of 429 and 503.
    pub(crate) refused: usize,
    /// Deliveries to the sinks beside the measured ones.
    pub(crate) aside: usize,
    /// Microseconds of CPU per delivery, those aside included, by process.
    pub(crate) server_cpu_us: f64,
    pub(crate) postgres_cpu_us: f64,
    pub(crate) sink_cpu_us: f64,
    pub(crate) producer_cpu_us: f64,
    /// The most memory the server ever held (`VmHWM`), in KiB.
    pub(crate) server_peak_kib: usize,
    /// What the processes of Postgres held at the end, in KiB.
    pub(crate) postgres_kib: usize,
    /// Of a backlog that waited meanwhile.
    pub(crate) backlog: Option<Behind>,
}

/// What has been used and done so far by everything that runs on.
struct Spent {
    server: i64,
    postgres: i64,
    sink: i64,
    aside: usize,
}

impl Spent {
    fn now(system: &System, sink: &Server) -> Result<Self> {
        Ok(Self {
            server: cpu_us(system.server.id())?,
            postgres: system.database.as_ref().map_or(0, Database::cpu_us),
            sink: cpu_us(sink.id())?,
            aside: count(sink, "/aside")?,
        })
    }
}

/// Runs `scenario` once.
pub(crate) fn run(scenario: &Scenario) -> Result<Measurement> {
    let warm_up = scenario.warm_up();
    let measured = warm_up + scenario.count;
    let sink = Server::start(&mut role("sink", &[&(measured + RUSH).to_string(), &scenario.fan_out.to_string()])?)?;
    let system = System::start(scenario, &sink.address)?;
    let filled_per_s = scenario.backlog.as_ref().map_or(Ok(0.0), |backlog| backlog::fill(&system, backlog))?;
    let order = Order {
        address: system.server.address.clone(),
        tenant: TENANT.to_owned(),
        connections: scenario.connections,
        first: 0,
        count: warm_up,
        batch: scenario.batch,
        rate: scenario.rate,
        topics: scenario.topics,
    };
    post(&order)?;
    wait_for(&sink, warm_up * scenario.fan_out)?;

    let flows = |when| scenario.backlog.as_ref().filter(|backlog| backlog.flows == when);
    if flows(Flows::Meanwhile).is_some() {
        system.resume()?;
    }
    let waited = flows(Flows::Afterwards).map(|_| Counters::of(&system.server.address)).transpose()?;
    let before = Spent::now(&system, &sink)?;
    let (posted, producer_cpu) = post(&Order { first: warm_up, count: scenario.count, ..order.clone() })?;
    wait_for(&sink, measured * scenario.fan_out)?;
    let after = Spent::now(&system, &sink)?;
    let (_, text) = request("GET", &sink.address, &format!("/report?from={warm_up}&until={measured}"), "", "")?;
    let arrived: sink::Report = serde_json::from_str(&text)?;

    let mut behind = None;
    if let (Some(backlog), Some(waited)) = (flows(Flows::Afterwards), waited) {
        let (rush, _) = post(&Order { first: measured, count: RUSH, rate: 0, connections: 256, ..order })?;
        wait_for(&sink, (measured + RUSH) * scenario.fan_out)?;
        behind = Some(Behind { filled_per_s, ..backlog::work_off(&system, &sink, backlog, &waited, &rush)? });
    }
    let aside = after.aside - before.aside;
    let deliveries = real_size(arrived.arrived + aside);
    Ok(Measurement {
        accepted_per_s: posted.per_s(),
        delivered_per_s: real_size(arrived.arrived) * 1e6 / real(arrived.last_at - posted.first_at),
        accept: posted.latency,
        end_to_end: arrived.latency,
        duplicates: arrived.duplicates,
        missing: arrived.missing,
        refused: posted.refused,
        aside,
        server_cpu_us: real(after.server - before.server) / deliveries,
        postgres_cpu_us: real(after.postgres - before.postgres) / deliveries,
        sink_cpu_us: real(after.sink - before.sink) / deliveries,
        producer_cpu_us: real(producer_cpu) / deliveries,
        server_peak_kib: kib(system.server.id(), "status", "VmHWM"),
        postgres_kib: system.database.as_ref().map_or(0, Database::memory_kib),
        backlog: behind,
    })
}
