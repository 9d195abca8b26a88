//! The wiring: every component is built here, started here and stopped here.
//!
//! Nothing outside this module spawns a task that outlives its caller. Start order is store, routing, dispatch, HTTP; stop
//! order is the reverse, so that what was accepted is committed and what is in flight is recorded before the database closes.

mod depth;
mod first_start;
mod housekeeping;
mod news;
mod outlet;
mod replica;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::{self, Config};
use crate::dispatch::{self, Asking, DispatchParts, Dispatcher};
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::entropy::{Entropy, SystemEntropy};
use crate::domain::id::NodeId;
use crate::domain::secret::Secret;
use crate::http::api::explain::Room;
use crate::http::auth::{Authenticator, SignInTokens, api_key};
use crate::http::ingest::Doors;
use crate::http::meter::Meter;
use crate::http::server::Server;
use crate::http::tails::Tails;
use crate::http::{self, AppState};
use crate::jobs;
use crate::metrics::{self, Metrics};
use crate::routing::{self, NoOutlet, Outlet, Router, Writer};
use crate::store::sql::SqlStore;
use crate::store::{Measured, SharedDirectory, StatsBuffer, Store};

/// A running node.
pub struct App {
    address: SocketAddr,
    new_administrator_key: Option<Secret>,
    sign_in_token: Option<Secret>,
    store: Arc<dyn Store>,
    config: Arc<Config>,
    /// Cancelled to stop taking requests.
    http_stop: CancellationToken,
    http: JoinSet<()>,
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

impl App {
    /// Starts a node on the system's clock and randomness; it is ready when this returns.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        Self::start_with(config, Arc::new(SystemClock), Arc::new(SystemEntropy::new())).await
    }

    /// Starts a node.
    pub async fn start_with(config: Config, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> anyhow::Result<Self> {
        let config = Arc::new(config);
        warn_of(&config);
        let metrics = Arc::new(metrics(&config.metrics));
        let store = Arc::new(SqlStore::open(&config.database, &config.encryption, Arc::clone(&entropy)).await?);
        let store: Arc<dyn Store> = Arc::new(Measured::new(store, &metrics));
        let node = NodeId::new(clock.now(), &*entropy);
        metrics.node.is(node, config.role.as_str());
        let directory = SharedDirectory::default();
        let stats = Arc::new(StatsBuffer::default());
        let router = Arc::new(Router::new(Arc::clone(&store), Arc::clone(&directory)));
        router.poll().await.context("can't load the subscriptions")?;

        let (dispatcher, handle) = Dispatcher::new(DispatchParts {
            store: Arc::clone(&store),
            directory: Arc::clone(&directory),
            node,
            config: config.dispatch.clone(),
            breaker: config.breaker.clone(),
            egress: config.egress.clone(),
            asking: Asking::new(&config),
            dev: config.dev,
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            stats: Arc::clone(&stats),
            metrics: Arc::clone(&metrics.deliver),
        });
        let outlet: Arc<dyn Outlet> = if config.role.dispatches() { Arc::new(handle.clone()) } else { Arc::new(NoOutlet) };
        let (writer, acceptor) = Writer::new(routing::Parts {
            store: Arc::clone(&store),
            router: Arc::clone(&router),
            outlet,
            stats: Arc::clone(&stats),
            metrics: Arc::clone(&metrics.accept),
            node,
            config: config.accept.clone(),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
        });
        let (worker, jobs) = worker(&store, &handle, node, &config, &clock, &entropy, &metrics);
        let new_administrator_key = bootstrap(&config, &*store, &clock, &*entropy).await?;
        let sign_in_tokens = Arc::new(SignInTokens::default());
        let sign_in_token = config.dev.then(|| sign_in_tokens.issue(&*entropy));
        let http_stop = CancellationToken::new();
        let shared = AppState::new(http::state::Parts {
            authenticator: Authenticator::new(&config.auth, config.dev, Arc::clone(&store), Arc::clone(&clock))?,
            store: Arc::clone(&store),
            acceptor,
            dispatch: handle.clone(),
            jobs: jobs.clone(),
            directory: Arc::clone(&directory),
            config: Arc::clone(&config),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            doors: Doors::new(Arc::clone(&clock), Duration::from_millis(config.auth.api_key_cache_ms)),
            sign_in_tokens,
            tails: Tails::new(&config.server),
            room: Room::new(&config.explain),
            inboxes: Arc::default(),
            metrics: Arc::clone(&metrics),
            stopping: http_stop.clone(),
        });
        let (server, address) = listen(&config.server).await?;
        if config.dev {
            first_start::greet(&*store, address, &*clock, &*entropy).await.context("can't create the first subscription")?;
            router.poll().await.context("can't load the subscriptions")?;
        }

        let mut app = Self::idle(address, Arc::clone(&store), Arc::clone(&config), http_stop);
        app.new_administrator_key = new_administrator_key;
        app.sign_in_token = sign_in_token;
        app.accepting.spawn(writer.run(config.accept.writers));
        if config.role.dispatches() {
            app.dispatching.spawn(dispatcher.run(app.dispatch_stop.clone(), app.dispatch_abort.clone()));
            app.dispatching.spawn(worker.run(app.dispatch_stop.clone()));
        }
        let counting = depth::follow(
            Arc::clone(&store),
            directory,
            Arc::clone(&metrics.depth),
            config.metrics.count_interval_ms,
            Arc::clone(&clock),
            app.housekeeping_stop.clone(),
        );
        app.housekeeping.spawn(counting);
        let news = news::Parts {
            store: Arc::clone(&store),
            node,
            router: Arc::clone(&router),
            deliveries: config.role.dispatches().then_some((handle, jobs)),
            clock: Arc::clone(&clock),
        };
        app.housekeeping.spawn(news::exchange(news, app.housekeeping_stop.clone()));
        app.housekeeping.spawn(replica::follow(Arc::clone(&store), app.housekeeping_stop.clone()));
        app.housekeeping.spawn(housekeeping::run(store, router, stats, node, config, clock, app.housekeeping_stop.clone()));
        app.http.spawn(server.run(http::router::build(shared), Arc::new(Meter::new(&metrics)), app.http_stop.clone()));
        Ok(app)
    }

    /// A node of which nothing runs yet.
    fn idle(address: SocketAddr, store: Arc<dyn Store>, config: Arc<Config>, http_stop: CancellationToken) -> Self {
        Self {
            address,
            new_administrator_key: None,
            sign_in_token: None,
            store,
            config,
            http_stop,
            http: JoinSet::new(),
            accepting: JoinSet::new(),
            dispatch_stop: CancellationToken::new(),
            dispatch_abort: CancellationToken::new(),
            dispatching: JoinSet::new(),
            housekeeping_stop: CancellationToken::new(),
            housekeeping: JoinSet::new(),
        }
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

    /// The address that signs in to the dashboard, once; in development mode only.
    #[must_use]
    pub fn sign_in_url(&self) -> Option<String> {
        self.sign_in_token.as_ref().map(|token| format!("http://{}/#/sign-in?token={}", self.address, token.expose()))
    }

    fn grace_period(&self) -> Duration {
        Duration::from_millis(self.config.server.grace_period_ms)
    }

    /// Stops in good order: no new requests, no new claims, what is under way is finished within the grace period and recorded,
    /// leases are released, the database is closed.
    pub async fn stop(mut self) {
        self.dispatch_stop.cancel();
        self.http_stop.cancel();
        let abort = self.dispatch_abort.clone();
        let grace_period = self.grace_period();
        let open = async {
            while self.http.join_next().await.is_some() {}
            while self.accepting.join_next().await.is_some() {}
            while self.dispatching.join_next().await.is_some() {}
        };
        let out_of_time = async {
            tokio::time::sleep(grace_period).await;
            abort.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = open => {}
            () = out_of_time => {}
        }
        self.housekeeping_stop.cancel();
        while self.housekeeping.join_next().await.is_some() {}
        self.store.close().await;
    }
}

/// Says aloud what must not be forgotten.
fn warn_of(config: &Config) {
    if config.dev {
        tracing::warn!("development mode: loopback sinks are allowed and a known API key works; never use it in production");
    }
}

/// Takes the address that is served.
async fn listen(config: &config::Server) -> anyhow::Result<(Server, SocketAddr)> {
    let server = Server::bind(config).await.with_context(|| format!("can't listen on server.listen = {}", config.listen))?;
    let address = server.local_address().context("the listening address is unknown")?;
    Ok((server, address))
}

/// The worker of jobs, not yet running, and the handle to it. What it opens it tells `dispatch`.
fn worker(
    store: &Arc<dyn Store>,
    dispatch: &dispatch::Handle,
    node: NodeId,
    config: &Config,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
    metrics: &Metrics,
) -> (jobs::Worker, jobs::Handle) {
    let parts = jobs::Parts {
        store: Arc::clone(store),
        outlet: Arc::new(dispatch.clone()),
        node,
        config: config.jobs.clone(),
        clock: Arc::clone(clock),
        entropy: Arc::clone(entropy),
        metrics: Arc::clone(&metrics.jobs),
    };
    let handle = jobs::Handle::default();
    (jobs::Worker::new(parts, handle.clone()), handle)
}

/// The metrics of a node with these settings, at zero.
#[must_use]
pub fn metrics(config: &config::Metrics) -> Metrics {
    Metrics::new(&metrics::Options {
        codes: http::Code::ALL.iter().map(|code| code.as_str()).collect(),
        max_subscriptions: config.per_subscription.then_some(config.max_subscriptions),
    })
}

/// Makes sure that somebody can get in. In development mode that is whoever knows the development key, which is never stored.
async fn bootstrap(
    config: &Config,
    store: &dyn Store,
    clock: &Arc<dyn Clock>,
    entropy: &dyn Entropy,
) -> anyhow::Result<Option<Secret>> {
    let configured = config.auth.bootstrap_key.as_ref();
    if config.dev && configured.is_none() {
        return Ok(None);
    }
    Ok(api_key::ensure_bootstrap(store, configured, clock, entropy).await?)
}
