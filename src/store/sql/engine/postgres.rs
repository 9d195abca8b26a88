//! Postgres: a bounded pool of connections whose durability does not depend on the server's defaults.
//!
//! Behind a pooler in transaction mode a connection is another one after each transaction. Nothing may be left on it then: what a
//! session begins with elsewhere is set for each transaction, every statement runs in one, and none stays prepared.

use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::{Connection, Error, Executor, Postgres};

use crate::config::{Database, Pooler};

/// What a session is made of. `synchronous_commit` is promise 1 of the design, whatever `postgresql.conf` says; the limits
/// end a statement or transaction whose node has gone to sleep before it blocks the others for long. A statement is planned once,
/// whatever its values: Postgres would plan those that come with small arrays anew each time, which takes longer than running them.
/// Such a plan may be one that was made while the tables were empty, when reading them whole seemed cheapest: so that is never a
/// choice. Where there is no other (a few nodes), it seems so dear that Postgres would compile it for a tenth of a second: so that is
/// off.
macro_rules! session {
    ($set:literal) => {
        concat!(
            $set,
            " synchronous_commit = on; ",
            $set,
            " plan_cache_mode = force_generic_plan; ",
            $set,
            " enable_seqscan = off; ",
            $set,
            " jit = off; ",
            $set,
            " statement_timeout = '30s'; ",
            $set,
            " idle_in_transaction_session_timeout = '30s'; ",
            $set,
            " TIME ZONE 'UTC'"
        )
    };
}

/// What every session begins with.
pub(in crate::store::sql) const SESSION: &str = session!("SET");
/// What a transaction begins with. After a lock was waited for, the next statement must see what others did meanwhile, whatever the
/// server's default.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const BEGIN_POOLED: &str = concat!("BEGIN ISOLATION LEVEL READ COMMITTED; ", session!("SET LOCAL"));
/// What a transaction begins with that reads, all of it from one moment.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const SNAPSHOT_POOLED: &str = concat!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ", session!("SET LOCAL"));

/// A connection that was not used for so long is asked whether it still lives before it is given out. Asking every time would
/// cost each transaction a round trip.
const TRUSTED_IDLE: Duration = Duration::from_secs(2);

type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// The server, connected to.
#[derive(Debug)]
pub(in crate::store::sql) struct PostgresEngine {
    /// All connections of this node but the one that listens.
    pub(super) pool: PgPool,
    /// How to reach the server itself, past any pooler; nothing if there is a pooler and no way past it is known.
    pub(in crate::store::sql) direct: Option<Box<PgConnectOptions>>,
    is_pooled: bool,
    /// The stretch of time of a partition; none if there are to be none.
    pub(in crate::store::sql) partition: Option<Duration>,
}

/// An open transaction. Dropped without [`Work::commit`] it is rolled back.
pub(in crate::store::sql) struct Work {
    inner: sqlx::Transaction<'static, Postgres>,
    is_pooled: bool,
}

/// What runs a statement: the server, in a transaction of the statement's own, or a transaction.
pub(in crate::store::sql) trait Runner: Send {
    /// Runs a statement and gives its rows.
    fn rows(&mut self, statement: Statement<'_>) -> impl Future<Output = Result<Vec<PgRow>, Error>> + Send;

    /// Runs a statement and says how many rows it touched.
    fn run(&mut self, statement: Statement<'_>) -> impl Future<Output = Result<u64, Error>> + Send;
}

impl PostgresEngine {
    /// Makes the pool and its first connection. `direct` is where the server itself is, if that is elsewhere.
    pub(in crate::store::sql) async fn open(
        server: PgConnectOptions,
        direct: Option<PgConnectOptions>,
        options: &Database,
    ) -> Result<Self, Error> {
        let is_pooled = options.pooler == Pooler::Transaction;
        let direct = direct.or_else(|| (!is_pooled).then(|| server.clone())).map(Box::new);
        let pool = pool(options).connect_with(starting(server, is_pooled)).await?;
        Ok(Self { pool, direct, is_pooled, partition: partition(options) })
    }

    /// Makes the pool of a server that need not be there.
    pub(in crate::store::sql) fn open_later(server: PgConnectOptions, options: &Database) -> Self {
        let is_pooled = options.pooler == Pooler::Transaction;
        Self { pool: pool(options).connect_lazy_with(starting(server, is_pooled)), direct: None, is_pooled, partition: None }
    }

    /// Begins a transaction.
    pub(in crate::store::sql) async fn begin(&self) -> Result<Work, Error> {
        self.begin_with(if self.is_pooled { BEGIN_POOLED } else { BEGIN }).await
    }

    /// Begins a transaction that only reads, all of it from one moment.
    pub(in crate::store::sql) async fn snapshot(&self) -> Result<Work, Error> {
        self.begin_with(if self.is_pooled { SNAPSHOT_POOLED } else { SNAPSHOT }).await
    }

    async fn begin_with(&self, begin: &'static str) -> Result<Work, Error> {
        Ok(Work { inner: self.pool.begin_with(begin).await?, is_pooled: self.is_pooled })
    }

    /// Runs a statement in a transaction of its own and gives its rows.
    pub(in crate::store::sql) async fn fetch_all(&self, statement: Statement<'_>) -> Result<Vec<PgRow>, Error> {
        if !self.is_pooled {
            return statement.fetch_all(&self.pool).await;
        }
        let mut work = self.begin().await?;
        let rows = work.rows(statement).await?;
        work.commit().await?;
        Ok(rows)
    }

    /// Runs a statement in a transaction of its own and says how many rows it touched.
    pub(in crate::store::sql) async fn execute(&self, statement: Statement<'_>) -> Result<u64, Error> {
        if !self.is_pooled {
            return statement.execute(&self.pool).await.map(|done| done.rows_affected());
        }
        let mut work = self.begin().await?;
        let count = work.run(statement).await?;
        work.commit().await?;
        Ok(count)
    }
}

fn partition(options: &Database) -> Option<Duration> {
    (options.partition_ms > 0).then(|| Duration::from_millis(options.partition_ms))
}

/// A pool with these settings.
fn pool(options: &Database) -> PgPoolOptions {
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
        });
    match options.pooler {
        Pooler::Transaction => pool,
        Pooler::None => pool
            .after_connect(|connection, _| Box::pin(async move { connection.execute(sqlx::raw_sql(SESSION)).await.map(|_| ()) })),
    }
}

/// How a connection begins. `PgBouncer` refuses parameters of a start that it does not know, and the one left out shapes text that
/// nobody asks for.
fn starting(server: PgConnectOptions, is_pooled: bool) -> PgConnectOptions {
    if is_pooled { server.extra_float_digits(None) } else { server }
}

impl Work {
    /// Makes everything it wrote durable.
    pub(in crate::store::sql) async fn commit(self) -> Result<(), Error> {
        self.inner.commit().await
    }

    /// Undoes everything it wrote.
    pub(in crate::store::sql) async fn rollback(self) -> Result<(), Error> {
        self.inner.rollback().await
    }
}

impl Runner for Work {
    async fn rows(&mut self, statement: Statement<'_>) -> Result<Vec<PgRow>, Error> {
        statement.persistent(!self.is_pooled).fetch_all(&mut *self.inner).await
    }

    async fn run(&mut self, statement: Statement<'_>) -> Result<u64, Error> {
        statement.persistent(!self.is_pooled).execute(&mut *self.inner).await.map(|done| done.rows_affected())
    }
}

impl Runner for &PostgresEngine {
    async fn rows(&mut self, statement: Statement<'_>) -> Result<Vec<PgRow>, Error> {
        self.fetch_all(statement).await
    }

    async fn run(&mut self, statement: Statement<'_>) -> Result<u64, Error> {
        self.execute(statement).await
    }
}
