//! What a node counts of itself, for Prometheus: typed handles that are made once, in `app`, and passed down as parameters.
//!
//! One file per part of Waypost that counts. A handle with its labels is resolved when it is made, so that counting is an atomic
//! addition or two; every label has a bounded set of values. Nothing here asks or decides anything, and nothing may fail because
//! of it. [`catalog`] lists what there is, for `docs/metrics.md`.

mod accept;
pub mod catalog;
mod database;
mod deliver;
mod depth;
mod http;
mod jobs;
pub mod markdown;
mod node;
mod process;
mod retention;
mod sinks;
mod subscriptions;
mod transitions;

pub use accept::{Accept, Queued};
pub use database::{Connections, Database, Failure, Operation};
pub use deliver::{Attempted, Deliver, Forwarded, Load};
pub use depth::{Counted, Depth, Pile};
pub use http::Http;
pub use jobs::Jobs;
pub use node::Node;
pub use process::Process;
pub use retention::Retention;
pub use sinks::{SinkTurn, Sinks};
pub use subscriptions::BySubscription;
pub use transitions::Transitions;

use std::sync::Arc;

use prometheus::{Encoder, TextEncoder};

use catalog::{Catalog, Definition};

/// The media type of [`Metrics::text`]: the classic text format.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Seconds, for what a person waits for.
const LATENCY: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// How many were committed together.
const BATCH: [f64; 9] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];

/// What is counted depends on this.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Every code a refused request may be answered with, in the order by which they are counted.
    pub codes: Vec<&'static str>,
    /// How many subscriptions get series of their own; `None` if none does.
    pub max_subscriptions: Option<usize>,
}

/// Every metric of a node.
#[derive(Debug)]
pub struct Metrics {
    /// Accepting events.
    pub accept: Arc<Accept>,
    /// Delivering them.
    pub deliver: Arc<Deliver>,
    /// What happened to deliveries.
    pub transitions: Arc<Transitions>,
    /// Jobs.
    pub jobs: Arc<Jobs>,
    /// What was deleted because it was too old.
    pub retention: Arc<Retention>,
    /// How many deliveries there are.
    pub depth: Arc<Depth>,
    /// The database.
    pub database: Arc<Database>,
    /// The HTTP server.
    pub http: Arc<Http>,
    /// The node and its runtime.
    pub node: Arc<Node>,
    /// The process.
    pub process: Arc<Process>,
    catalog: Catalog,
}

impl Metrics {
    /// All metrics, at zero.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        let mut catalog = Catalog::default();
        Self {
            accept: Arc::new(Accept::new(&mut catalog, &options.codes, options.max_subscriptions)),
            deliver: Arc::new(Deliver::new(&mut catalog, options.max_subscriptions)),
            transitions: Arc::new(Transitions::new(&mut catalog)),
            depth: Arc::new(Depth::new(&mut catalog)),
            jobs: Arc::new(Jobs::new(&mut catalog)),
            retention: Arc::new(Retention::new(&mut catalog)),
            database: Arc::new(Database::new(&mut catalog)),
            http: Arc::new(Http::new(&mut catalog)),
            node: Arc::new(Node::new(&mut catalog)),
            process: Arc::new(Process::new(&mut catalog)),
            catalog,
        }
    }

    /// Every metric with its labels and meaning, in the order of the documents.
    #[must_use]
    pub fn definitions(&self) -> &[Definition] {
        self.catalog.definitions()
    }

    /// Everything as Prometheus reads it, see [`CONTENT_TYPE`].
    ///
    /// # Errors
    /// If a metric can't be written; none that is registered here can be.
    pub fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::with_capacity(64 * 1024);
        TextEncoder::new().encode(&self.catalog.gather(), &mut text)?;
        Ok(text)
    }
}
