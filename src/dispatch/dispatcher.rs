//! The component: owns the tasks of dispatching, starts them and stops them in order.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::asking::{self, Asking};
use super::attempt;
use super::feeder;
use super::forwarder;
use super::handle::Handle;
use super::health;
use super::heart;
use super::limits;
use super::recorder::{Ended, Recorder};
use super::shared::Shared;
use crate::config;
use crate::domain::clock::Clock;
use crate::domain::entropy::Entropy;
use crate::domain::id::NodeId;
use crate::metrics;
use crate::store::{SharedDirectory, StatsBuffer, Store};

/// The longest wait for a timer that somebody may set meanwhile.
const MAX_SLEEP: Duration = Duration::from_mins(1);
/// How long the last words to the database may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// What a dispatcher is made of.
pub struct DispatchParts {
    /// Where deliveries come from and outcomes go.
    pub store: Arc<dyn Store>,
    /// The subscriptions; somebody else keeps it fresh.
    pub directory: SharedDirectory,
    /// This node.
    pub node: NodeId,
    /// `[dispatch]`.
    pub config: config::Dispatch,
    /// `[breaker]`.
    pub breaker: config::Breaker,
    /// `[egress]`.
    pub egress: config::Egress,
    /// How sinks are asked whether they take deliveries.
    pub asking: Asking,
    /// Development mode: sinks on loopback and plain http are allowed.
    pub dev: bool,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Counters of this node; somebody else writes them to the store.
    pub stats: Arc<StatsBuffer>,
    /// What is counted of delivering.
    pub metrics: Arc<metrics::Deliver>,
}

/// The dispatcher of a node, not yet running.
#[derive(Debug)]
pub struct Dispatcher {
    shared: Arc<Shared>,
    ended: UnboundedReceiver<Ended>,
}

impl Dispatcher {
    /// A dispatcher and the handle to it. The handle has no room before [`Dispatcher::run`] gave its first sign of life.
    #[must_use]
    pub fn new(parts: DispatchParts) -> (Self, Handle) {
        let (shared, ended) = Shared::new(parts);
        let handle = Handle::new(Arc::clone(&shared));
        (Self { shared, ended }, handle)
    }

    /// Dispatches until `stop` is cancelled. Then nothing more is begun, open requests are finished and recorded, everything
    /// else goes back to the database, and the node is forgotten. When `abort` is cancelled open requests are broken off and
    /// what can't be recorded at once is left for others to reclaim.
    ///
    /// # Panics
    /// If one of its tasks does: a node that looks alive and does not deliver would be worse.
    pub async fn run(self, stop: CancellationToken, abort: CancellationToken) {
        let Self { shared, ended } = self;
        let (recorded, done) = (CancellationToken::new(), CancellationToken::new());
        let mut feeding = JoinSet::new();
        feeding.spawn(feeder::feed(Arc::clone(&shared), stop.clone()));
        feeding.spawn(feeder::sweep(Arc::clone(&shared), stop.clone()));
        feeding.spawn(limits::reserve(Arc::clone(&shared), stop.clone()));
        feeding.spawn(asking::run(Arc::clone(&shared), stop.clone()));
        feeding.spawn(forwarder::forward(Arc::clone(&shared), stop.clone(), abort.clone()));
        let mut recording = JoinSet::new();
        recording.spawn(Recorder::new(Arc::clone(&shared), ended, recorded.clone(), abort.clone()).run());
        let mut chores = JoinSet::new();
        chores.spawn(heart::beat(Arc::clone(&shared), done.clone()));
        chores.spawn(health::tell(Arc::clone(&shared), done.clone()));

        let mut attempts = JoinSet::new();
        let is_broken = tokio::select! {
            () = spawn_attempts(&shared, &mut attempts, &stop) => None,
            broken = first_end(&mut feeding, &mut recording, &mut chores, &stop) => Some(broken),
        };
        if let Some(broken) = is_broken {
            stop.cancel();
            resume(broken);
        }
        info!(node = %shared.node, open = attempts.len(), "dispatching stops");
        close(&shared);
        join(&mut feeding).await;
        close(&shared);
        finish_attempts(&mut attempts, &abort).await;
        recorded.cancel();
        join(&mut recording).await;
        done.cancel();
        join(&mut chores).await;
        farewell(&shared).await;
    }
}

/// Starts a worker for everything that is ready, until `stop`.
async fn spawn_attempts(shared: &Arc<Shared>, attempts: &mut JoinSet<()>, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        while let Some((leased, target)) = shared.next_attempt() {
            attempts.spawn(attempt::work(Arc::clone(shared), leased, target));
        }
        let now = shared.clock.now();
        let alarm = shared.lanes().next_timer().map_or(MAX_SLEEP, |at| at.since(now).min(MAX_SLEEP));
        tokio::select! {
            () = shared.ready.notified() => {}
            Some(ended) = attempts.join_next() => log_panic(ended),
            () = sleep(alarm + Duration::from_millis(1)) => {}
            () = stop.cancelled() => {}
        }
    }
}

fn log_panic(ended: Result<(), JoinError>) {
    if let Err(failure) = ended
        && failure.is_panic()
    {
        error!(error = &failure as &dyn std::error::Error, "an attempt panicked; its delivery was given back");
    }
}

/// Waits for a task that ends before its time, which only a panic makes it do.
async fn first_end(
    feeding: &mut JoinSet<()>,
    recording: &mut JoinSet<()>,
    chores: &mut JoinSet<()>,
    stop: &CancellationToken,
) -> Result<(), JoinError> {
    let ended = tokio::select! {
        Some(ended) = feeding.join_next() => ended,
        Some(ended) = recording.join_next() => ended,
        Some(ended) = chores.join_next() => ended,
    };
    if ended.is_ok() && stop.is_cancelled() {
        // In good order after all: the other branch is about to see it.
        std::future::pending::<()>().await;
    }
    ended
}

fn resume(broken: Result<(), JoinError>) {
    match broken.map_err(JoinError::try_into_panic) {
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        ended => error!(?ended, "a task of the dispatcher ended before its time"),
    }
}

/// Takes nothing more and gives back what was not begun.
fn close(shared: &Shared) {
    let held = shared.lanes().close();
    shared.release(held, shared.clock.now());
}

async fn join(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        if ended.is_err() {
            resume(ended);
        }
    }
}

async fn finish_attempts(attempts: &mut JoinSet<()>, abort: &CancellationToken) {
    tokio::select! {
        () = async { while let Some(ended) = attempts.join_next().await { log_panic(ended) } } => return,
        () = abort.cancelled() => {}
    }
    warn!(count = attempts.len(), "open requests are broken off");
    attempts.shutdown().await;
}

async fn farewell(shared: &Shared) {
    match timeout(FAREWELL, shared.store.retire_node(shared.node)).await {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => warn!(error = &failure as &dyn std::error::Error, "the node could not be retired; its lease expires"),
        Err(_) => warn!("the node could not be retired in time; its lease expires"),
    }
}

impl std::fmt::Debug for DispatchParts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("DispatchParts").field("node", &self.node).finish_non_exhaustive()
    }
}
