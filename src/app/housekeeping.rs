//! What a node does now and then whatever its role: look for changed subscriptions, write counters, forget what is over.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::domain::clock::Clock;
use crate::domain::id::NodeId;
use crate::routing::Router;
use crate::store::{Flush, StatsBuffer, Store, StoreError};

/// How often the routing version is looked at.
const TICK: Duration = Duration::from_secs(1);
/// Every so many ticks, counters are written.
const TICKS_PER_FLUSH: u64 = 2;
/// Every so many ticks, old event keys are deleted.
const TICKS_PER_PRUNE: u64 = 60;
/// Every so many ticks, what waits is counted.
const TICKS_PER_LOOK: u64 = 15;
/// Tenants looked at each time, and deliveries counted of each.
const MAX_LOOKED_AT: usize = 64;
const WAITING_CAP: u32 = 10_000;
/// Every so many ticks, ended sessions and old roll-ups are deleted.
const TICKS_PER_TIDY: u64 = 600;
/// Finished jobs deleted at once; there are few.
const JOBS_AT_ONCE: u32 = 1000;
/// Event keys deleted in one transaction: few enough that accepting hardly waits for it.
const PRUNE_LIMIT: u32 = 1000;
/// Transactions of one pruning; what is left waits for the next.
const MAX_PRUNES: usize = 100;

/// Runs until told to stop, then writes the counters once more.
pub(super) async fn run(
    store: Arc<dyn Store>,
    router: Arc<Router>,
    stats: Arc<StatsBuffer>,
    node: NodeId,
    config: Arc<Config>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let window = Duration::from_millis(config.accept.deduplication_window_ms);
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for tick in 1_u64.. {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => break,
        }
        warn("looking for changed subscriptions", router.poll().await);
        if tick % TICKS_PER_FLUSH == 0 {
            warn("writing counters", stats.flush(&*store, node, Flush::Due, clock.now()).await);
        }
        if tick % TICKS_PER_LOOK == 0 {
            warn("counting what waits", look_at_waiting(&*store, &stats, &*clock).await);
        }
        if tick % TICKS_PER_TIDY == 0 {
            warn("deleting ended sessions and old counters", store.tidy(clock.now()).await);
            let finished_before = clock.now().minus(Duration::from_millis(config.jobs.keep_ms));
            warn("deleting old jobs", store.prune_jobs(finished_before, JOBS_AT_ONCE).await.map(drop));
        }
        if tick % TICKS_PER_PRUNE == 0 {
            warn("deleting old event keys", prune(&*store, &*clock, window).await);
        }
    }
    warn("writing counters", stats.flush(&*store, node, Flush::All, clock.now()).await);
}

/// Counts what waits of the tenants that are active on this node, for the charts. A tenant of which nothing moves has no new
/// number: what the chart shows last is asked for when it is drawn.
async fn look_at_waiting(store: &dyn Store, stats: &StatsBuffer, clock: &dyn Clock) -> Result<(), StoreError> {
    for tenant in stats.tenants().iter().take(MAX_LOOKED_AT) {
        let (count, _) = store.waiting(tenant, None, WAITING_CAP).await?;
        stats.note_waiting(tenant, count, clock.now());
    }
    Ok(())
}

async fn prune(store: &dyn Store, clock: &dyn Clock, window: Duration) -> Result<(), StoreError> {
    for _ in 0..MAX_PRUNES {
        let now = clock.now();
        if store.prune(now, now.minus(window), PRUNE_LIMIT).await? < u64::from(PRUNE_LIMIT) {
            break;
        }
    }
    Ok(())
}

fn warn(what: &str, done: Result<(), StoreError>) {
    if let Err(error) = done {
        tracing::warn!(error = &error as &dyn std::error::Error, "{what} did not work; it is tried again");
    }
}
