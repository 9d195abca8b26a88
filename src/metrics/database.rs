//! The database, as this node sees it: how long it takes, how often it fails, how many connections are in use.

use std::time::Duration;

use prometheus::{Gauge, Histogram, IntCounter, IntGauge, IntGaugeVec};

use super::LATENCY;
use super::catalog::{Catalog, Label};
use super::node::signed;

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// What the database is asked for: the store's methods, those that are seldom called by groups.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Operation {
            $($(#[$doc])* $name,)*
        }

        const OPERATIONS: &[&str] = &[$($word),*];
    };
}

operations! {
    /// Committing accepted events.
    Accept = "accept";
    /// Claiming due deliveries.
    Claim = "claim";
    /// Recording outcomes.
    Record = "record";
    /// Giving deliveries back.
    Release = "release";
    /// Looking for lanes with due deliveries.
    Sweep = "sweep";
    /// The node's sign of life.
    Heartbeat = "heartbeat";
    /// Taking back leases of dead nodes.
    Reclaim = "reclaim";
    /// Deleting what is too old.
    Prune = "prune";
    /// Reading subscriptions for routing.
    Route = "route";
    /// Finding out who calls.
    Authenticate = "authenticate";
    /// Looking at something for a person.
    Read = "read";
    /// Changing something for a person.
    Write = "write";
    /// Steps of jobs.
    Work = "work";
    /// Counters and counts.
    Count = "count";
    /// Asking whether it is there.
    Ping = "ping";
}

/// How an operation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The database could not be reached, was overloaded or gave up.
    Unavailable,
    /// It answered something unexpected.
    Corrupt,
}

const FAILURES: [&str; 2] = ["unavailable", "corrupt"];

/// The connections of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// What the pool is for.
    pub pool: &'static str,
    /// How many are in use.
    pub used: usize,
    /// How many are open and wait for use.
    pub idle: usize,
    /// How many there may be.
    pub max: usize,
}

/// The handles of the database.
#[derive(Debug)]
pub struct Database {
    seconds: Vec<Histogram>,
    errors: Vec<[IntCounter; FAILURES.len()]>,
    connections: IntGaugeVec,
    max_connections: IntGaugeVec,
    shards: IntGauge,
    shards_down: IntGauge,
    unheard: IntGauge,
    replica_age: Gauge,
    replicas_unused: IntGauge,
}

impl Database {
    pub(super) fn new(catalog: &mut Catalog) -> Self {
        catalog.section("Database");
        let pool = || Label::listed("pool", &["postgres", "sqlite_readers", "sqlite_writer"]);
        let seconds = catalog.histogram_family(
            "waypost_database_operation_seconds",
            "How long the store took, waiting for a connection or for the writer's turn included, errors too.",
            vec![Label::listed("operation", OPERATIONS)],
            &LATENCY,
        );
        let errors = catalog.counter_family(
            "waypost_database_errors_total",
            "Operations that failed: the database was not available (they are tried again), or held or answered what it should not.",
            vec![Label::listed("operation", OPERATIONS), Label::listed("error", &FAILURES)],
        );
        Self {
            seconds: OPERATIONS.iter().map(|operation| seconds.with_label_values(&[operation])).collect(),
            errors: OPERATIONS
                .iter()
                .map(|operation| FAILURES.map(|failure| errors.with_label_values(&[operation, failure])))
                .collect(),
            connections: catalog.gauge_family(
                "waypost_database_connections",
                "Connections of this node, in use or idle.",
                vec![pool(), Label::listed("state", &["used", "idle"])],
            ),
            max_connections: catalog.gauge_family(
                "waypost_database_connections_max",
                "Connections this node may have.",
                vec![pool()],
            ),
            shards: catalog.gauge("waypost_shards", "Databases beside home, which `database.shards` names."),
            shards_down: catalog
                .gauge("waypost_shards_down", "Those of them that this node can't use: their tenants are answered 503."),
            unheard: catalog.gauge(
                "waypost_database_unheard",
                "Postgres databases over which this node should hear the others and does not: what they hand over or change is found \
                 by looking, up to `dispatch.sweep_ms` later.",
            ),
            replica_age: catalog.float_gauge(
                "waypost_database_replica_age_seconds",
                "How old what read replicas show may be, of all databases the greatest; 0 without a replica.",
            ),
            replicas_unused: catalog.gauge(
                "waypost_database_replicas_unused",
                "Read replicas that are away or older than `database.max_replica_lag_ms`: lists are read from the primary.",
            ),
        }
    }

    /// Notes an operation and how it failed, if it did.
    pub fn done(&self, operation: Operation, duration: Duration, failure: Option<Failure>) {
        self.seconds[operation as usize].observe(duration.as_secs_f64());
        if let Some(failure) = failure {
            self.errors[operation as usize][failure as usize].inc();
        }
    }

    /// Notes how many databases there are beside home, and how many of them are away.
    pub fn shards(&self, all: usize, down: usize) {
        self.shards.set(signed(all));
        self.shards_down.set(signed(down));
    }

    /// Notes over how many databases other nodes should be heard and are not.
    pub fn unheard(&self, databases: usize) {
        self.unheard.set(signed(databases));
    }

    /// Notes how old what replicas show may be, and how many of them are not used.
    pub fn replicas(&self, age: Duration, unused: usize) {
        self.replica_age.set(age.as_secs_f64());
        self.replicas_unused.set(signed(unused));
    }

    /// Notes how a pool stands.
    pub fn pool(&self, connections: Connections) {
        let Connections { pool, used, idle, max } = connections;
        self.connections.with_label_values(&[pool, "used"]).set(signed(used));
        self.connections.with_label_values(&[pool, "idle"]).set(signed(idle));
        self.max_connections.with_label_values(&[pool]).set(signed(max));
    }
}
