//! All that works on one database: accepting, delivering, jobs, and what is done now and then.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{depth, first_start, housekeeping, news, replica};
use crate::config::Config;
use crate::dispatch::{self, Asking, DispatchParts, Dispatcher};
use crate::domain::clock::Clock;
use crate::domain::entropy::Entropy;
use crate::domain::id::NodeId;
use crate::domain::shard::ShardNumber;
use crate::http;
use crate::jobs;
use crate::metrics::Metrics;
use crate::retention::{self, Sweeper};
use crate::routing::{self, NoOutlet, Outlet, Router, Writer};
use crate::store::{SharedDirectory, StatsBuffer, Store};

/// What the shards of a node have in common.
pub(super) struct Node {
    pub(super) id: NodeId,
    /// Where tenants are.
    pub(super) home: Arc<dyn Store>,
    pub(super) config: Arc<Config>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) metrics: Arc<Metrics>,
}

/// A database of which nothing runs yet.
pub(super) struct Prepared {
    number: ShardNumber,
    store: Arc<dyn Store>,
    router: Arc<Router>,
    stats: Arc<StatsBuffer>,
    directory: SharedDirectory,
    dispatcher: Dispatcher,
    dispatch: dispatch::Handle,
    writer: Writer,
    worker: jobs::Worker,
    jobs: jobs::Handle,
}

/// A database that is worked on.
pub(super) struct Shard {
    store: Arc<dyn Store>,
    /// Ends by itself when the last acceptor is dropped, which the HTTP side holds.
    accepting: JoinSet<()>,
    /// Cancelled to begin nothing more and finish what is open.
    dispatch_stop: CancellationToken,
    /// Cancelled to break off what is still open.
    dispatch_abort: CancellationToken,
    /// Delivering, and the steps of jobs.
    dispatching: JoinSet<()>,
    housekeeping_stop: CancellationToken,
    housekeeping: JoinSet<()>,
}

impl Prepared {
    /// Builds everything, and reads the subscriptions. Gives with it what handlers see of it.
    pub(super) async fn new(number: ShardNumber, store: Arc<dyn Store>, node: &Node) -> anyhow::Result<(Self, http::Shard)> {
        let Node { id, config, clock, entropy, metrics, .. } = node;
        let directory = SharedDirectory::default();
        let stats = Arc::new(StatsBuffer::default());
        let router = Arc::new(Router::new(Arc::clone(&store), Arc::clone(&directory)));
        router.poll().await.context("can't load the subscriptions")?;
        let (dispatcher, dispatch) = Dispatcher::new(DispatchParts {
            store: Arc::clone(&store),
            directory: Arc::clone(&directory),
            node: *id,
            config: config.dispatch.clone(),
            breaker: config.breaker.clone(),
            egress: config.egress.clone(),
            asking: Asking::new(config),
            dev: config.dev,
            clock: Arc::clone(clock),
            entropy: Arc::clone(entropy),
            stats: Arc::clone(&stats),
            metrics: Arc::clone(&metrics.deliver),
        });
        let outlet: Arc<dyn Outlet> = if config.role.dispatches() { Arc::new(dispatch.clone()) } else { Arc::new(NoOutlet) };
        let (writer, acceptor) = Writer::new(routing::Parts {
            store: Arc::clone(&store),
            router: Arc::clone(&router),
            outlet,
            stats: Arc::clone(&stats),
            metrics: Arc::clone(&metrics.accept),
            node: *id,
            config: config.accept.clone(),
            clock: Arc::clone(clock),
            entropy: Arc::clone(entropy),
        });
        let (worker, jobs) = worker(&store, &dispatch, node);
        let shown = http::Shard {
            number,
            store: Arc::clone(&store),
            acceptor,
            dispatch: dispatch.clone(),
            jobs: jobs.clone(),
            directory: Arc::clone(&directory),
        };
        Ok((Self { number, store, router, stats, directory, dispatcher, dispatch, writer, worker, jobs }, shown))
    }

    /// Makes what there is before anybody made anything; in development mode only.
    pub(super) async fn greet(&self, address: SocketAddr, node: &Node) -> anyhow::Result<()> {
        let greeting = first_start::greet(&*self.store, address, &*node.clock, &*node.entropy);
        greeting.await.context("can't create the first subscription")?;
        self.router.poll().await.context("can't load the subscriptions")
    }

    /// Sets everything going.
    pub(super) fn run(self, node: &Node) -> Shard {
        let Self { number, store, router, stats, directory, dispatcher, dispatch, writer, worker, jobs } = self;
        let Node { id, config, clock, metrics, .. } = node;
        let mut shard = Shard::idle(Arc::clone(&store));
        shard.accepting.spawn(writer.run(config.accept.writers));
        if config.role.dispatches() {
            shard.dispatching.spawn(dispatcher.run(shard.dispatch_stop.clone(), shard.dispatch_abort.clone()));
            shard.dispatching.spawn(worker.run(shard.dispatch_stop.clone()));
        }
        let stop = &shard.housekeeping_stop;
        let counting = depth::follow(
            number,
            Arc::clone(&store),
            directory,
            Arc::clone(&metrics.depth),
            config.metrics.count_interval_ms,
            Arc::clone(clock),
            stop.clone(),
        );
        shard.housekeeping.spawn(counting);
        let news = news::Parts {
            store: Arc::clone(&store),
            node: *id,
            router: Arc::clone(&router),
            deliveries: config.role.dispatches().then_some((dispatch, jobs)),
            clock: Arc::clone(clock),
        };
        shard.housekeeping.spawn(news::exchange(news, stop.clone()));
        shard.housekeeping.spawn(replica::follow(Arc::clone(&store), stop.clone()));
        shard.housekeeping.spawn(sweeper(&store, node).run(stop.clone()));
        let (config, clock) = (Arc::clone(config), Arc::clone(clock));
        shard.housekeeping.spawn(housekeeping::run(store, router, stats, *id, config, clock, stop.clone()));
        shard
    }
}

impl Shard {
    fn idle(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            accepting: JoinSet::new(),
            dispatch_stop: CancellationToken::new(),
            dispatch_abort: CancellationToken::new(),
            dispatching: JoinSet::new(),
            housekeeping_stop: CancellationToken::new(),
            housekeeping: JoinSet::new(),
        }
    }

    /// Claims nothing more.
    pub(super) fn begin_to_stop(&self) {
        self.dispatch_stop.cancel();
    }

    /// To be cancelled to break off what is still open.
    pub(super) fn abort(&self) -> CancellationToken {
        self.dispatch_abort.clone()
    }

    /// Waits until what was accepted is committed and what is in flight is recorded. Nobody may hold an acceptor any more.
    pub(super) async fn drain(&mut self) {
        while self.accepting.join_next().await.is_some() {}
        while self.dispatching.join_next().await.is_some() {}
    }

    /// Ends everything else and closes the database.
    pub(super) async fn close(mut self) {
        self.housekeeping_stop.cancel();
        while self.housekeeping.join_next().await.is_some() {}
        self.store.close().await;
    }
}

/// The worker of jobs, not yet running, and the handle to it. What it opens it tells `dispatch`.
fn worker(store: &Arc<dyn Store>, dispatch: &dispatch::Handle, node: &Node) -> (jobs::Worker, jobs::Handle) {
    let parts = jobs::Parts {
        store: Arc::clone(store),
        outlet: Arc::new(dispatch.clone()),
        node: node.id,
        config: node.config.jobs.clone(),
        clock: Arc::clone(&node.clock),
        entropy: Arc::clone(&node.entropy),
        metrics: Arc::clone(&node.metrics.jobs),
    };
    let handle = jobs::Handle::default();
    (jobs::Worker::new(parts, handle.clone()), handle)
}

/// What deletes what is too old, not yet running.
fn sweeper(store: &Arc<dyn Store>, node: &Node) -> Sweeper {
    Sweeper::new(retention::Parts {
        store: Arc::clone(store),
        tenants: Arc::clone(&node.home),
        node: node.id,
        config: node.config.retention.clone(),
        deduplication_window: Duration::from_millis(node.config.accept.deduplication_window_ms),
        clock: Arc::clone(&node.clock),
        metrics: Arc::clone(&node.metrics.retention),
    })
}
