//! The wiring: every component is built here, started here and stopped here.
//!
//! Nothing outside this module spawns a task that outlives its caller. Start order is store, routing, dispatch, HTTP; stop
//! order is the reverse, so that what was accepted is committed and what is in flight is recorded before the database closes.

mod depth;
mod first_start;
mod housekeeping;
mod keeping;
mod news;
mod opening;
mod outlet;
mod replica;
mod shard;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures_util::future::join_all;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::config::{self, Config};
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::entropy::{Entropy, SystemEntropy};
use crate::domain::id::NodeId;
use crate::domain::secret::Secret;
use crate::domain::shard::ShardNumber;
use crate::http::api::explain::Room;
use crate::http::auth::{Authenticator, SignInTokens, api_key};
use crate::http::ingest::Doors;
use crate::http::meter::Meter;
use crate::http::server::Server;
use crate::http::tails::Tails;
use crate::http::{self, AppState, Shards};
use crate::metrics::{self, Metrics};
use crate::store::Store;
use keeping::Kept;
use shard::{Node, Prepared, Shard};

/// A running node.
pub struct App {
    address: SocketAddr,
    new_administrator_key: Option<Secret>,
    sign_in_token: Option<Secret>,
    config: Arc<Config>,
    /// Cancelled to stop taking requests.
    http_stop: CancellationToken,
    http: JoinSet<()>,
    home: Shard,
    /// Cancelled to keep the databases beside home no longer.
    keeping_stop: CancellationToken,
    /// Each gives back what works on its database.
    keeping: JoinSet<Option<Shard>>,
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
        let id = NodeId::new(clock.now(), &*entropy);
        metrics.node.is(id, config.role.as_str());
        let (store, installation) = opening::home(&config, &clock, &entropy, &metrics).await?;
        let node = Arc::new(Node { id, home: Arc::clone(&store), config, clock, entropy, metrics });
        let (home, shown) = Prepared::new(ShardNumber::HOME, Arc::clone(&store), &node).await?;

        let new_administrator_key = bootstrap(&node, &*store).await?;
        let sign_in_tokens = Arc::new(SignInTokens::default());
        let sign_in_token = node.config.dev.then(|| sign_in_tokens.issue(&*node.entropy));
        let http_stop = CancellationToken::new();
        let shards = Arc::new(Shards::new(shown, node.config.database.shards.len()));
        let further = further(&node, installation, &shards).await?;
        let state = state(&node, store, Arc::clone(&shards), sign_in_tokens, http_stop.clone())?;
        let (server, address) = listen(&node.config.server).await?;
        if node.config.dev {
            home.greet(address, &node).await?;
        }

        let home = home.run(&node);
        let keeping_stop = CancellationToken::new();
        let mut keeping = JoinSet::new();
        for kept in further {
            keeping.spawn(keeping::keep(kept, Arc::clone(&node), Arc::clone(&shards), keeping_stop.clone()));
        }
        let mut http = JoinSet::new();
        http.spawn(server.run(http::router::build(state), Arc::new(Meter::new(&node.metrics)), http_stop.clone()));
        let config = Arc::clone(&node.config);
        Ok(Self { address, new_administrator_key, sign_in_token, config, http_stop, http, home, keeping_stop, keeping })
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
        let grace_period = self.grace_period();
        self.keeping_stop.cancel();
        let mut shards = vec![self.home];
        while let Some(kept) = self.keeping.join_next().await {
            shards.extend(kept.ok().flatten());
        }
        shards.iter().for_each(Shard::begin_to_stop);
        self.http_stop.cancel();
        let aborts: Vec<_> = shards.iter().map(Shard::abort).collect();
        let open = async {
            while self.http.join_next().await.is_some() {}
            join_all(shards.iter_mut().map(Shard::drain)).await;
        };
        let out_of_time = async {
            tokio::time::sleep(grace_period).await;
            aborts.iter().for_each(CancellationToken::cancel);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = open => {}
            () = out_of_time => {}
        }
        join_all(shards.into_iter().map(Shard::close)).await;
    }
}

/// Opens the databases beside home. One that is away for a while is opened later; anything else is said before the node starts.
async fn further(node: &Node, installation: Uuid, shards: &Shards) -> anyhow::Result<Vec<Kept>> {
    let numbers = node.config.database.shard_numbers().skip(1);
    let opened = join_all(numbers.map(async |number| (number, opening::further(number, installation, node).await))).await;
    // Before anything runs on any of them all are known to be what they should be.
    let mut stores = Vec::new();
    for (number, opened) in opened {
        match opened {
            Ok(store) => stores.push((number, Some(store))),
            Err(error) if error.may_pass() => {
                let error = anyhow::Error::from(error);
                tracing::warn!(shard = number.get(), "a shard is not available, its tenants get 503 until it is: {error:#}");
                stores.push((number, None));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let mut kept = Vec::new();
    for (number, store) in stores {
        let running = match store {
            Some(store) => Some(keeping::begin(number, store, node, shards).await?),
            None => None,
        };
        kept.push(Kept { number, installation, running });
    }
    Ok(kept)
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

/// What handlers share.
fn state(
    node: &Node,
    store: Arc<dyn Store>,
    shards: Arc<Shards>,
    sign_in_tokens: Arc<SignInTokens>,
    stopping: CancellationToken,
) -> anyhow::Result<AppState> {
    let Node { config, clock, entropy, metrics, .. } = node;
    let doors = Doors::new(Arc::clone(clock), Duration::from_millis(config.auth.api_key_cache_ms));
    Ok(AppState::new(http::state::Parts {
        authenticator: Authenticator::new(&config.auth, config.dev, store, Arc::clone(clock))?,
        shards,
        config: Arc::clone(config),
        clock: Arc::clone(clock),
        entropy: Arc::clone(entropy),
        doors,
        sign_in_tokens,
        tails: Tails::new(&config.server),
        room: Room::new(&config.explain),
        inboxes: Arc::default(),
        metrics: Arc::clone(metrics),
        stopping,
    }))
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
async fn bootstrap(node: &Node, store: &dyn Store) -> anyhow::Result<Option<Secret>> {
    let configured = node.config.auth.bootstrap_key.as_ref();
    if node.config.dev && configured.is_none() {
        return Ok(None);
    }
    Ok(api_key::ensure_bootstrap(store, configured, &node.clock, &*node.entropy).await?)
}
