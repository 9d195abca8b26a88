//! The wiring: every component is built here, started here and stopped here.
//!
//! Nothing outside this module spawns a task that outlives its caller. Start order is store, routing, dispatch, HTTP; stop
//! order is the reverse, so that what was accepted is committed and what is in flight is recorded before the database closes.

mod first_start;
mod housekeeping;
mod outlet;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::dispatch::{self, DispatchParts, Dispatcher};
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::entropy::{Entropy, SystemEntropy};
use crate::domain::id::NodeId;
use crate::domain::secret::Secret;
use crate::http;
use crate::routing::{self, NoOutlet, Outlet, Router, Writer};
use crate::store::sql::SqlStore;
use crate::store::{SharedDirectory, StatsBuffer, Store};

/// A running node.
pub struct App {
    address: SocketAddr,
    new_administrator_key: Option<Secret>,
    store: Arc<dyn Store>,
    config: Arc<Config>,
    /// Cancelled to stop taking requests.
    http_stop: CancellationToken,
    http: JoinSet<()>,
    /// Ends by itself when the last acceptor is dropped, which the HTTP side holds.
    accepting: JoinSet<()>,
    dispatch_stop: CancellationToken,
    dispatching: JoinSet<()>,
    housekeeping_stop: CancellationToken,
    housekeeping: JoinSet<()>,
}

impl App {
    /// Starts a node on the system's clock and randomness; it is ready when this returns.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        Self::start_with(config, Arc::new(SystemClock), Arc::new(SystemEntropy::new())).await
    }

    /// Starts a node.
    pub async fn start_with(config: Config, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> anyhow::Result<Self> {
        let config = Arc::new(config);
        if config.dev {
            tracing::warn!("development mode: loopback sinks are allowed and a known API key works; never use it in production");
        }
        let store: Arc<dyn Store> = Arc::new(SqlStore::open(&config.database, &config.encryption, Arc::clone(&entropy)).await?);
        let node = NodeId::new(clock.now(), &*entropy);
        let directory = SharedDirectory::default();
        let stats = Arc::new(StatsBuffer::default());
        let router = Arc::new(Router::new(Arc::clone(&store), Arc::clone(&directory)));
        router.poll().await.context("can't load the subscriptions")?;

        let (dispatcher, handle) = Dispatcher::new(DispatchParts {
            store: Arc::clone(&store),
            directory: Arc::clone(&directory),
            node,
            config: config.dispatch.clone(),
            egress: config.egress.clone(),
            dev: config.dev,
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            stats: Arc::clone(&stats),
        })?;
        let outlet: Arc<dyn Outlet> = if config.role.dispatches() { Arc::new(handle.clone()) } else { Arc::new(NoOutlet) };
        // Deliveries are leased to this node from the first event on, so it must count as alive before that.
        let now = clock.now();
        store.heartbeat(node, now, now.plus(Duration::from_millis(config.dispatch.lease_ms))).await.context("can't register")?;

        let (writer, acceptor) = Writer::new(routing::Parts {
            store: Arc::clone(&store),
            router: Arc::clone(&router),
            outlet,
            stats: Arc::clone(&stats),
            node,
            config: config.accept.clone(),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
        });
        let state = http::AppState::new(http::StateParts {
            store: Arc::clone(&store),
            acceptor,
            dispatch: handle,
            directory,
            config: Arc::clone(&config),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
        })?;
        let new_administrator_key = state.bootstrap().await.context("can't make the first administrator's key")?;
        let server = http::Server::bind(&config.server).await?;
        let address = server.address();
        if config.dev {
            first_start::greet(&*store, address, &*clock, &*entropy).await.context("can't create the first subscription")?;
            router.poll().await.context("can't load the subscriptions")?;
        }

        let mut app = Self {
            address,
            new_administrator_key,
            store: Arc::clone(&store),
            config: Arc::clone(&config),
            http_stop: CancellationToken::new(),
            http: JoinSet::new(),
            accepting: JoinSet::new(),
            dispatch_stop: CancellationToken::new(),
            dispatching: JoinSet::new(),
            housekeeping_stop: CancellationToken::new(),
            housekeeping: JoinSet::new(),
        };
        app.accepting.spawn(writer.run(config.accept.writers));
        if config.role.dispatches() {
            app.dispatching.spawn(dispatcher.run(app.dispatch_stop.clone(), app.grace_period()));
        }
        app.housekeeping.spawn(housekeeping::run(store, router, stats, node, config, clock, app.housekeeping_stop.clone()));
        app.http.spawn(server.run(state, app.http_stop.clone()));
        Ok(app)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The administrator's key, if this start made the first one. It is kept nowhere else.
    #[must_use]
    pub const fn new_administrator_key(&self) -> Option<&Secret> {
        self.new_administrator_key.as_ref()
    }

    fn grace_period(&self) -> Duration {
        Duration::from_millis(self.config.server.grace_period_ms)
    }

    /// Stops in good order: no new requests, no new claims, what is under way is finished within the grace period and recorded,
    /// leases are released, the database is closed.
    pub async fn stop(mut self) {
        self.dispatch_stop.cancel();
        self.http_stop.cancel();
        while self.http.join_next().await.is_some() {}
        while self.accepting.join_next().await.is_some() {}
        while self.dispatching.join_next().await.is_some() {}
        self.housekeeping_stop.cancel();
        while self.housekeeping.join_next().await.is_some() {}
        self.store.close().await;
    }
}
