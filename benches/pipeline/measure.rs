//! One run of one scenario.

use serde::Serialize;

use crate::adapter::Adapter;
use crate::api::{KEY, TENANT};
use crate::backlog::{self, Behind, RUSH};
use crate::counters::Counters;
use crate::database::Database;
use crate::death::{self, Death};
use crate::load::{post, post_while, wait_for};
use crate::process::{Server, role};
use crate::producer::Order;
use crate::scenario::{Flows, Scenario};
use crate::sink::Asked;
use crate::spent::{Cpu, PerEvent, Spent};
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
    /// Per delivery, those aside included.
    pub(crate) cpu_us: Cpu,
    pub(crate) per_event: PerEvent,
    /// The most memory that a server ever held (`VmHWM`), in KiB.
    pub(crate) server_peak_kib: usize,
    /// What the processes of Postgres held at the end, in KiB.
    pub(crate) postgres_kib: usize,
    /// Events that were deleted meanwhile because they were too old, of those posted.
    pub(crate) deleted: f64,
    /// Partitions that were dropped meanwhile.
    pub(crate) dropped: f64,
    /// Of a backlog that waited meanwhile.
    pub(crate) backlog: Option<Behind>,
    /// Of a node that was killed meanwhile.
    pub(crate) death: Option<Death>,
}

/// Runs `scenario` once.
pub(crate) fn run(scenario: &Scenario) -> Result<Measurement> {
    let warm_up = scenario.warm_up();
    let measured = warm_up + scenario.count;
    let sink = Server::start(&mut role("sink", &[&(measured + RUSH).to_string(), &scenario.fan_out.to_string()])?)?;
    let mut system = System::start(scenario, &sink.address)?;
    let filled_per_s = scenario.backlog.as_ref().map_or(Ok(0.0), |backlog| backlog::fill(&system, backlog))?;
    let order = Order {
        adapter: Adapter::Waypost,
        addresses: system.addresses(),
        key: KEY.to_owned(),
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
    let before = Spent::now(&system, &sink)?;
    let mut killed_at = None;
    let (posted, producer_cpu) = post_while(&Order { first: warm_up, count: scenario.count, ..order.clone() }, || {
        if scenario.is_one_killed {
            killed_at = Some(death::kill(scenario, &mut system)?);
        }
        Ok(())
    })?;
    wait_for(&sink, measured * scenario.fan_out)?;
    let after = Spent::now(&system, &sink)?;
    let arrived = sink::ask(&sink, &Asked { events: warm_up..measured, ..Asked::default() })?;
    let death = killed_at.map(|killed_at| death::sum_up(scenario, &sink, &posted, killed_at)).transpose()?;

    let mut behind = None;
    if let Some(backlog) = flows(Flows::Afterwards) {
        let (rush, _) = post(&Order { first: measured, count: RUSH, rate: 0, connections: 256, ..order })?;
        wait_for(&sink, (measured + RUSH) * scenario.fan_out)?;
        behind = Some(Behind { filled_per_s, ..backlog::work_off(&system, &sink, backlog, &before.counters, &rush)? });
    }
    let sum = |since: fn(&Counters, &Counters) -> f64| -> f64 {
        after.counters.iter().zip(&before.counters).map(|(after, before)| since(after, before)).sum()
    };
    let aside = after.aside - before.aside;
    Ok(Measurement {
        accepted_per_s: posted.per_s(),
        delivered_per_s: real_size(arrived.arrived) * 1e6 / real(arrived.last_at - posted.first_at),
        accept: posted.latency,
        end_to_end: arrived.latency,
        duplicates: arrived.duplicates,
        missing: arrived.missing,
        refused: posted.refused,
        aside,
        cpu_us: after.cpu_since(&before, producer_cpu, arrived.arrived + aside),
        per_event: if scenario.is_one_killed { PerEvent::default() } else { after.per_event_since(&before, scenario.count) },
        server_peak_kib: system.peak_kib(),
        postgres_kib: system.database.as_ref().map_or(0, Database::memory_kib),
        deleted: sum(Counters::deleted_events) / real_size(scenario.count),
        dropped: sum(Counters::dropped_partitions),
        backlog: behind,
        death,
    })
}
