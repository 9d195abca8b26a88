//! The store on SQL: one control plane for both databases, one hot path for each.
//!
//! [`SqlStore`] is the port's implementation. The control plane has a file per resource here, whose statements have one text for
//! both databases and run through [`engine`]; the transitions of an event's path are native, in [`sqlite`] and [`postgres`]. No
//! other module may know which database is in use.

mod api_keys;
mod attempts;
mod bulk;
mod chunk;
mod claimed;
mod columns;
mod dead_letters;
mod deliveries;
mod depth;
mod engine;
mod events;
mod failure;
mod forwards;
mod handshakes;
mod identity;
mod jobs;
mod lanes;
mod lease_book;
mod leases;
mod location;
mod news;
mod open;
mod opening;
mod order;
mod outbox;
mod past;
mod port;
mod postgres;
mod producers;
mod range;
mod rates;
mod replica;
mod retention;
mod revisions;
mod row;
mod schema;
mod sessions;
mod sinks;
mod sqlite;
mod statement;
mod stats;
mod subscriptions;
mod tenants;
mod value;
mod vault;

pub use open::{OpenError, migrate};

use std::sync::Arc;

use crate::domain::entropy::Entropy;
use engine::Engine;
use lease_book::LeaseBook;
use news::Herald;
use replica::Replica;
use vault::Vault;

/// The store on SQLite or Postgres.
pub struct SqlStore {
    engine: Engine,
    vault: Arc<Vault>,
    entropy: Arc<dyn Entropy>,
    leases: LeaseBook,
    herald: Herald,
    replica: Option<Replica>,
}

impl std::fmt::Debug for SqlStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SqlStore").field("engine", &self.engine).finish_non_exhaustive()
    }
}

impl SqlStore {
    /// Postgres, if it is that.
    const fn postgres(&self) -> Option<&engine::PostgresEngine> {
        match &self.engine {
            Engine::Postgres(engine) => Some(engine),
            Engine::Sqlite(_) => None,
        }
    }
}

/// The text of every statement of the control plane, for a test to prepare against both schemas.
#[must_use]
pub fn statements() -> Vec<&'static str> {
    let modules = [
        api_keys::STATEMENTS,
        attempts::STATEMENTS,
        bulk::STATEMENTS,
        dead_letters::STATEMENTS,
        deliveries::STATEMENTS,
        depth::STATEMENTS,
        events::STATEMENTS,
        forwards::STATEMENTS,
        jobs::STATEMENTS,
        handshakes::STATEMENTS,
        identity::STATEMENTS,
        lanes::STATEMENTS,
        leases::STATEMENTS,
        opening::STATEMENTS,
        order::STATEMENTS,
        past::STATEMENTS,
        producers::STATEMENTS,
        rates::STATEMENTS,
        retention::STATEMENTS,
        revisions::STATEMENTS,
        sessions::STATEMENTS,
        sinks::STATEMENTS,
        stats::STATEMENTS,
        subscriptions::STATEMENTS,
        tenants::STATEMENTS,
        vault::STATEMENTS,
    ];
    modules.into_iter().flatten().map(|statement| statement.text()).collect()
}

/// The text of every statement of the hot path and of what is done every few seconds, SQLite's, then Postgres's, for a test to look at their plans.
#[must_use]
pub fn hot_statements() -> [Vec<&'static str>; 2] {
    let shared =
        [lanes::STATEMENTS, leases::STATEMENTS, depth::STATEMENTS].into_iter().flatten().map(|statement| statement.text());
    [sqlite::statements(), [postgres::statements(), news::STATEMENTS.to_vec()].concat()]
        .map(|native| native.into_iter().chain(shared.clone()).collect())
}

/// What every session on Postgres begins with, for the same test.
#[must_use]
pub fn postgres_session() -> &'static str {
    engine::POSTGRES_SESSION
}

/// Versions and names of the migrations as compiled in: SQLite's, then Postgres's.
#[must_use]
pub fn migrations() -> [Vec<(i64, String)>; 2] {
    schema::listed()
}
