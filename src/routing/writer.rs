//! The back of group commit: while one transaction commits, the next batch gathers.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio::task::{JoinSet, yield_now};

use super::acceptor::Waiting;
use super::{AcceptError, Acceptor, Outlet, Router, batch};
use crate::config;
use crate::domain::clock::Clock;
use crate::domain::entropy::Entropy;
use crate::domain::id::NodeId;
use crate::metrics;
use crate::store::{AcceptBatch, Settled, StatsBuffer, Store, StoreError, SubmissionResult};

/// How often a batch is routed again because subscriptions changed meanwhile, before its callers are asked to come back.
const MAX_STALE_ROUNDS: usize = 16;

/// What accepting needs.
#[derive(Clone)]
pub struct Parts {
    /// Where events are kept.
    pub store: Arc<dyn Store>,
    /// What they are matched against.
    pub router: Arc<Router>,
    /// Who takes their deliveries.
    pub outlet: Arc<dyn Outlet>,
    /// Where what was accepted is counted.
    pub stats: Arc<StatsBuffer>,
    /// Where its latency is noted.
    pub metrics: Arc<metrics::Accept>,
    /// This node.
    pub node: NodeId,
    /// Bounds.
    pub config: config::Accept,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// Commits what waits in an [`Acceptor`]'s queue.
pub struct Writer {
    parts: Parts,
    queue: Arc<Mutex<mpsc::UnboundedReceiver<Waiting>>>,
}

impl Writer {
    /// A writer and the acceptor it serves.
    pub fn new(parts: Parts) -> (Self, Acceptor) {
        let (acceptor, queue) = Acceptor::new(&parts.config, Arc::clone(&parts.metrics));
        (Self { parts, queue: Arc::new(Mutex::new(queue)) }, acceptor)
    }

    /// Commits batches, `concurrency` at a time, until every [`Acceptor`] is dropped and the queue is empty.
    pub async fn run(self, concurrency: usize) {
        let mut tasks = JoinSet::new();
        for _ in 0..concurrency.max(1) {
            tasks.spawn(work(self.parts.clone(), Arc::clone(&self.queue)));
        }
        while tasks.join_next().await.is_some() {}
    }
}

async fn work(parts: Parts, queue: Arc<Mutex<mpsc::UnboundedReceiver<Waiting>>>) {
    loop {
        // Whoever holds the queue gathers; the others are committing meanwhile.
        let waiting = gather(&mut *queue.lock().await, parts.config.max_batch_events).await;
        if waiting.is_empty() {
            return;
        }
        commit(&parts, waiting).await;
    }
}

/// Takes what waits, up to `max_events`, after waiting for a first request. Empty when there will be no more.
///
/// It lets every task that is ready run before it looks again, and goes on for as long as that brings more: on a busy node batches
/// become larger and commits fewer, on an idle one a lone request waits for nothing.
async fn gather(queue: &mut mpsc::UnboundedReceiver<Waiting>, max_events: usize) -> Vec<Waiting> {
    let Some(first) = queue.recv().await else { return Vec::new() };
    let mut events = first.request.events.len();
    let mut waiting = vec![first];
    let mut seen = 0;
    while waiting.len() > seen && events < max_events {
        seen = waiting.len();
        yield_now().await;
        while events < max_events {
            let Ok(next) = queue.try_recv() else { break };
            events += next.request.events.len();
            waiting.push(next);
        }
    }
    waiting
}

async fn commit(parts: &Parts, mut waiting: Vec<Waiting>) {
    let now = parts.clock.now();
    let mut batch = AcceptBatch {
        node: parts.node,
        routing_version: 0,
        now,
        keys_since: now.minus(Duration::from_millis(parts.config.deduplication_window_ms)),
        submissions: batch::submissions(&mut waiting, now, &*parts.entropy),
    };
    match write(parts, &mut batch).await {
        Ok((results, faults)) => {
            for (subscription_id, events) in faults {
                parts.metrics.faulted(subscription_id, events);
            }
            // Counted when it is committed: the batch's own time may lie in a stretch that is over.
            let committed_at = parts.clock.now();
            batch::settle(batch, results, waiting, &*parts.outlet, &parts.stats, committed_at);
        }
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, requests = waiting.len(), "a batch was not committed");
            for request in waiting {
                let _ = request.answer.send(Err(AcceptError::UNAVAILABLE));
            }
        }
    }
}

/// Routes and writes a batch, again and again while subscriptions change under it. No room stays taken after an error.
async fn write(parts: &Parts, batch: &mut AcceptBatch) -> Result<(Vec<SubmissionResult>, batch::Faults), StoreError> {
    for _ in 0..MAX_STALE_ROUNDS {
        let faults = batch::route(batch, &parts.router.index(), &*parts.outlet, &*parts.entropy);
        match parts.store.accept(batch).await {
            Ok(Settled::Committed(results)) => return Ok((results, faults)),
            Ok(Settled::Stale { routing_version }) => {
                batch::give_back(batch, &*parts.outlet);
                parts.router.refresh(routing_version).await?;
            }
            Err(error) => {
                batch::give_back(batch, &*parts.outlet);
                return Err(error);
            }
        }
    }
    Err(StoreError::unavailable("subscriptions change faster than events can be routed"))
}
