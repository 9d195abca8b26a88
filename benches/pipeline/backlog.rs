//! A backlog: filled through the API while its subscriptions are paused, and worked off; and many events that are only kept.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::Result;
use crate::adapter::Adapter;
use crate::api::KEY;
use crate::counters::Counters;
use crate::database::Database;
use crate::load::{count, post};
use crate::process::Server;
use crate::producer::{Order, Report};
use crate::scenario::Backlog;
use crate::statistics::{Percentiles, real_size};
use crate::system::{ATTIC, CROWD, System};

/// Events posted over 256 connections at once while the backlog waits.
pub(crate) const RUSH: usize = 20_000;

/// Deliveries of the backlog that are timed when it is worked off.
const TIMED: usize = 50_000;

/// The longest that those may take.
const LIMIT: Duration = Duration::from_mins(2);

/// What a run with a backlog gave besides.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Behind {
    /// Deliveries made a second while it was filled.
    pub(crate) filled_per_s: f64,
    /// Events accepted a second over 256 connections in a closed loop, and what those waited.
    pub(crate) rush_per_s: f64,
    pub(crate) rush_accept: Percentiles,
    /// Deliveries a second once it flows, to a sink that answers at once.
    pub(crate) worked_off_per_s: f64,
    /// Microseconds of the store to claim one of them.
    pub(crate) claim_us: f64,
    /// Milliseconds that looking for due deliveries took while it waited, a call.
    pub(crate) sweep_ms: f64,
    /// The same of counting what waits.
    pub(crate) count_ms: f64,
    /// Bytes of the database.
    pub(crate) database_mib: f64,
}

/// Posts small events: those that are only kept, then those for the paused subscriptions of the crowd. Deliveries made a second.
pub(crate) fn fill(system: &System, backlog: &Backlog) -> Result<f64> {
    let batch = 100;
    let fill = |tenant: &str, count: usize| {
        post(&Order {
            adapter: Adapter::Waypost,
            addresses: system.addresses(),
            key: KEY.to_owned(),
            tenant: tenant.to_owned(),
            connections: 8,
            first: 0,
            count,
            batch,
            rate: 0,
            topics: 0,
        })
    };
    if backlog.kept > 0 {
        fill(ATTIC, backlog.kept.next_multiple_of(batch))?;
    }
    let count = (backlog.deliveries / backlog.subscriptions).next_multiple_of(batch);
    let begun = Instant::now();
    fill(CROWD, count)?;
    Ok(real_size(count * backlog.subscriptions) / begun.elapsed().as_secs_f64())
}

/// Lets the backlog flow and times the first of it. `waited` is what the server had counted when the measuring began.
pub(crate) fn work_off(system: &System, sink: &Server, backlog: &Backlog, waited: &[Counters], rush: &Report) -> Result<Behind> {
    let address = system.address();
    let before = Counters::of(address)?;
    let (aside, timed) = (count(sink, "/aside")?, backlog.deliveries.min(TIMED));
    system.resume()?;
    let begun = Instant::now();
    while count(sink, "/aside")? < aside + timed {
        if begun.elapsed() > LIMIT {
            return Err(format!("{timed} deliveries of the backlog were not worked off in {} s", LIMIT.as_secs()).into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let took = begun.elapsed();
    let worked_off = count(sink, "/aside")? - aside;
    let after = Counters::of(address)?;
    Ok(Behind {
        filled_per_s: 0.0,
        rush_per_s: rush.per_s(),
        rush_accept: rush.latency,
        worked_off_per_s: real_size(worked_off) / took.as_secs_f64(),
        claim_us: after.us_of_claim(&before),
        sweep_ms: waited.first().map_or(0.0, |waited| before.ms_of("sweep", waited)),
        count_ms: waited.first().map_or(0.0, |waited| before.ms_of("count", waited)),
        database_mib: system.database.as_ref().map_or(Ok(0.0), Database::mib)?,
    })
}
