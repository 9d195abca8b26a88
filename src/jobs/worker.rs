//! The worker of a node: claims what is due, makes some steps at once, sleeps until the next one.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::handle::{Handle, Outlet};
use super::step;
use crate::config;
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::entropy::Entropy;
use crate::domain::id::NodeId;
use crate::metrics;
use crate::store::{ClaimedJob, DueJob, JobClaim, Store, StoreError};

/// How long a database that does not answer is left alone.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// The shortest and the longest time between two looks, whatever is configured.
const MIN_POLL: Duration = Duration::from_millis(10);
const MAX_POLL: Duration = Duration::from_mins(1);

/// What a worker is made of.
pub struct Parts {
    /// Where jobs, events and deliveries are.
    pub store: Arc<dyn Store>,
    /// Who is told of deliveries that are opened.
    pub outlet: Arc<dyn Outlet>,
    /// This node.
    pub node: NodeId,
    /// `[jobs]`.
    pub config: config::Jobs,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What is counted of jobs.
    pub metrics: Arc<metrics::Jobs>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Parts").field("node", &self.node).finish_non_exhaustive()
    }
}

/// The worker of a node, not yet running.
#[derive(Debug)]
pub struct Worker {
    parts: Arc<Parts>,
    handle: Handle,
}

impl Worker {
    /// A worker that `handle` can wake.
    #[must_use]
    pub fn new(parts: Parts, handle: Handle) -> Self {
        Self { parts: Arc::new(parts), handle }
    }

    /// Makes steps until `stop`, then finishes those under way.
    pub async fn run(self, stop: CancellationToken) {
        let Self { parts, handle } = self;
        let mut steps = JoinSet::new();
        while !stop.is_cancelled() {
            let alarm = begin(&parts, &mut steps).await;
            tokio::select! {
                () = stop.cancelled() => {}
                () = handle.is_due() => {}
                Some(ended) = steps.join_next() => log_panic(ended),
                () = sleep(alarm) => {}
            }
        }
        while let Some(ended) = steps.join_next().await {
            log_panic(ended);
        }
    }
}

/// Begins as many steps as there is room for. Says how long there is nothing more to begin.
async fn begin(parts: &Arc<Parts>, steps: &mut JoinSet<()>) -> Duration {
    let poll = Duration::from_millis(parts.config.poll_ms).clamp(MIN_POLL, MAX_POLL);
    while steps.len() < parts.config.max_concurrency.max(1) {
        let now = parts.clock.now();
        let until = now.plus(Duration::from_millis(parts.config.lease_ms));
        match parts.store.claim_job(&JobClaim { node: parts.node, now, until }).await {
            Ok(DueJob::Claimed(job)) => {
                steps.spawn(make(Arc::clone(parts), *job));
            }
            Ok(DueJob::None(next)) => {
                note_running(parts).await;
                return next.map_or(poll, |at| until_next(at, parts.clock.now()).min(poll));
            }
            Err(failure) => {
                log("jobs could not be looked for", &failure);
                return AFTER_FAILURE;
            }
        }
    }
    poll
}

/// A timer may fire early by its granularity; the moment itself must have come.
fn until_next(at: Timestamp, now: Timestamp) -> Duration {
    at.since(now) + Duration::from_millis(1)
}

async fn make(parts: Arc<Parts>, job: ClaimedJob) {
    let job_id = job.job.id;
    if let Err(failure) = step::make(&parts, job).await {
        parts.metrics.step_failed();
        tracing::warn!(%job_id, error = &failure as &dyn std::error::Error, "a step of a job did not work; it is made again");
    }
}

async fn note_running(parts: &Parts) {
    if let Ok(count) = parts.store.count_running_jobs().await {
        parts.metrics.running(count);
    }
}

fn log(what: &'static str, failure: &StoreError) {
    tracing::warn!(error = failure as &dyn std::error::Error, "{what}");
}

fn log_panic(ended: Result<(), JoinError>) {
    if let Err(failure) = ended
        && failure.is_panic()
    {
        tracing::error!(error = &failure as &dyn std::error::Error, "a step of a job panicked; it is made again");
    }
}
