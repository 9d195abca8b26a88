//! A node is killed: when its leases are back at work, and whether the other nodes feel it.

use std::time::Duration;

use serde::Serialize;

use crate::Result;
use crate::message;
use crate::process::Server;
use crate::producer;
use crate::scenario::Scenario;
use crate::sink::{self, Asked};
use crate::statistics::{Percentiles, real};
use crate::system::System;

/// What the death of a node did.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Death {
    /// Seconds from the kill to the last delivery that the dead node had held: one that came again, or came late.
    pub(crate) recovered_s: f64,
    /// Deliveries that came again, because nobody knew that they had arrived.
    pub(crate) repeated: usize,
    /// End to end, of events posted to the other nodes, to the sink that answers at once: before and after.
    pub(crate) others_before: Percentiles,
    pub(crate) others_after: Percentiles,
}

/// Waits for a third of the load, then kills the last server; when that was.
pub(crate) fn kill(scenario: &Scenario, system: &mut System) -> Result<i64> {
    let load = Duration::from_secs(1).mul_f64(crate::statistics::real_size(scenario.count) / f64::from(scenario.rate.max(1)));
    std::thread::sleep(load / 3);
    let now = message::now();
    system.kill_one()?;
    Ok(now)
}

/// Sums up a run in which a node was killed at that moment.
pub(crate) fn sum_up(scenario: &Scenario, sink: &Server, posted: &producer::Report, killed_at: i64) -> Result<Death> {
    let first = scenario.warm_up();
    let since = usize::try_from((killed_at - posted.first_at).max(0))?;
    let at_death = first + since * usize::try_from(scenario.rate)? / 1_000_000;
    let of = |events| Asked { events, every: scenario.nodes, except: scenario.nodes - 1, copies: 1 };
    let held = sink::ask(sink, &Asked { events: first..at_death, ..Asked::default() })?;
    Ok(Death {
        recovered_s: real(held.last_at.max(held.last_duplicate_at) - killed_at) / 1e6,
        repeated: held.duplicates,
        others_before: sink::ask(sink, &of(first..at_death))?.latency,
        others_after: sink::ask(sink, &of(at_death..first + scenario.count))?.latency,
    })
}
