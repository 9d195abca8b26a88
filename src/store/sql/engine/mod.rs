//! The two databases under one thin executor: where every difference of the control plane is decided.
//!
//! Query code says [`Engine::fetch_all`], [`Engine::execute`], [`Engine::begin`] or [`Engine::snapshot`] and never learns which
//! database answers. The hot path goes around this file, to the engine structs themselves.

mod postgres;
mod sqlite;
mod transaction;

pub(super) use postgres::{PostgresEngine, Runner, SESSION as POSTGRES_SESSION};
pub(super) use sqlite::SqliteEngine;
pub(super) use transaction::Transaction;

use super::failure::store_error;
use super::row::Row;
use super::statement::Statement;
use super::value::{Value, bind};
use crate::store::{Pool, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

/// The database in use.
#[derive(Debug)]
pub(super) enum Engine {
    /// One file.
    Sqlite(SqliteEngine),
    /// A server.
    Postgres(PostgresEngine),
}

impl Engine {
    /// Runs a statement that only reads and gives its rows.
    pub(super) async fn fetch_all(&self, statement: Statement, values: Vec<Value>) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(engine) => {
                let rows = bind(statement, values).fetch_all(&engine.readers).await;
                rows.map(|rows| rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(engine) => {
                let rows = engine.fetch_all(bind(statement, values)).await;
                rows.map(|rows| rows.into_iter().map(Row::Postgres).collect())
            }
        }
        .map_err(store_error)
    }

    /// Runs a statement that only reads and gives its first row, if there is one.
    pub(super) async fn fetch_optional(&self, statement: Statement, values: Vec<Value>) -> Result<Option<Row>> {
        match self {
            Self::Sqlite(engine) => bind(statement, values).fetch_optional(&engine.readers).await.map(|row| row.map(Row::Sqlite)),
            Self::Postgres(engine) => {
                let rows = engine.fetch_all(bind(statement, values)).await;
                rows.map(|rows| rows.into_iter().next().map(Row::Postgres))
            }
        }
        .map_err(store_error)
    }

    /// Runs a statement that only reads and always has a row.
    pub(super) async fn fetch_one(&self, statement: Statement, values: Vec<Value>) -> Result<Row> {
        self.fetch_optional(statement, values).await?.ok_or_else(|| StoreError::corrupt("a row that always exists is gone"))
    }

    /// Runs one statement that writes, in a transaction of its own, and says how many rows it touched.
    pub(super) async fn execute(&self, statement: Statement, values: Vec<Value>) -> Result<u64> {
        match self {
            Self::Sqlite(engine) => {
                let _turn = engine.gate.lock().await;
                bind(statement, values).execute(&engine.writer).await.map(|done| done.rows_affected())
            }
            Self::Postgres(engine) => engine.execute(bind(statement, values)).await,
        }
        .map_err(store_error)
    }

    /// Begins a transaction that writes. On SQLite it is the only one, from its beginning on.
    pub(super) async fn begin(&self) -> Result<Transaction> {
        match self {
            Self::Sqlite(engine) => engine.begin().await,
            Self::Postgres(engine) => engine.begin().await.map(Transaction::Postgres),
        }
        .map_err(store_error)
    }

    /// Begins a transaction that only reads, all of it from one moment.
    pub(super) async fn snapshot(&self) -> Result<Transaction> {
        match self {
            Self::Sqlite(engine) => engine.readers.begin().await.map(|inner| Transaction::Sqlite { inner, turn: None }),
            Self::Postgres(engine) => engine.snapshot().await.map(Transaction::Postgres),
        }
        .map_err(store_error)
    }

    /// How its pools stand.
    pub(super) fn pools(&self) -> Vec<Pool> {
        match self {
            Self::Sqlite(engine) => vec![pool("sqlite_readers", &engine.readers), pool("sqlite_writer", &engine.writer)],
            Self::Postgres(engine) => vec![pool("postgres", &engine.pool)],
        }
    }

    /// Finishes what is being written and closes every connection.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(engine) => engine.close().await,
            Self::Postgres(engine) => engine.pool.close().await,
        }
    }
}

fn pool<DB: sqlx::Database>(name: &'static str, pool: &sqlx::Pool<DB>) -> Pool {
    let (open, idle) = (pool.size() as usize, pool.num_idle());
    Pool { name, used: open.saturating_sub(idle), idle, max: pool.options().get_max_connections() as usize }
}
