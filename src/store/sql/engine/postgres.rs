//! Postgres: a bounded pool of connections whose durability does not depend on the server's defaults.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection, Executor};

use crate::config::Database;

/// What every session begins with. `synchronous_commit` is promise 1 of the design, whatever `postgresql.conf` says; the limits
/// end a statement or transaction whose node has gone to sleep before it blocks the others for long. A prepared statement keeps
/// the plan it got while its tables were empty, when reading them whole seemed cheapest: so that is never a choice. Where there is
/// no other (a few nodes), it seems so dear that Postgres would compile it for a tenth of a second: so that is off.
pub(in crate::store::sql) const SESSION: &str = "SET synchronous_commit = on; SET enable_seqscan = off; SET jit = off; SET statement_timeout = '30s'; \
                       SET idle_in_transaction_session_timeout = '30s'; SET TIME ZONE 'UTC'";

/// A connection that was not used for so long is asked whether it still lives before it is given out. Asking every time would
/// cost each transaction a round trip.
const TRUSTED_IDLE: Duration = Duration::from_secs(2);

/// The server, connected to.
#[derive(Debug)]
pub(in crate::store::sql) struct PostgresEngine {
    /// All connections of this node.
    pub(in crate::store::sql) pool: PgPool,
    /// Where the server is, for connections beside the pool.
    pub(in crate::store::sql) server: PgConnectOptions,
}

impl PostgresEngine {
    /// Makes the pool and its first connection.
    pub(in crate::store::sql) async fn open(server: PgConnectOptions, options: &Database) -> Result<Self, sqlx::Error> {
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections.max(2))
            .acquire_timeout(Duration::from_millis(options.acquire_timeout_ms))
            .test_before_acquire(false)
            .before_acquire(|connection, idle| {
                Box::pin(async move {
                    if idle.idle_for > TRUSTED_IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(|connection, _| Box::pin(async move { connection.execute(sqlx::raw_sql(SESSION)).await.map(|_| ()) }))
            .connect_with(server.clone())
            .await?;
        Ok(Self { pool, server })
    }
}
