//! A transaction of either database. Dropped without [`Transaction::commit`] it is rolled back.

use sqlx::Sqlite;
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use super::postgres::{Runner, Work};
use crate::domain::tenant::TenantName;
use crate::store::StoreError;
use crate::store::sql::failure::store_error;
use crate::store::sql::postgres;
use crate::store::sql::row::Row;
use crate::store::sql::statement::Statement;
use crate::store::sql::value::{Value, bind};

/// An open transaction.
pub(in crate::store::sql) enum Transaction {
    /// On SQLite; a writing one holds its turn at the file until it ends.
    Sqlite {
        /// The transaction itself; declared first, so that it ends before its turn does.
        inner: sqlx::Transaction<'static, Sqlite>,
        /// The turn.
        turn: Option<OwnedMutexGuard<()>>,
    },
    /// On Postgres.
    Postgres(Work),
}

type Result<T> = std::result::Result<T, StoreError>;

impl Transaction {
    /// Runs a statement and gives its rows.
    pub(in crate::store::sql) async fn fetch_all(&mut self, statement: Statement, values: Vec<Value>) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite { inner, .. } => {
                let rows = bind(statement, values).fetch_all(&mut **inner).await;
                rows.map(|rows| rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(inner) => {
                let rows = inner.rows(bind(statement, values)).await;
                rows.map(|rows| rows.into_iter().map(Row::Postgres).collect())
            }
        }
        .map_err(store_error)
    }

    /// Runs a statement and gives its one row, if it has one.
    ///
    /// All rows are read, unlike sqlx's `fetch_optional`: on SQLite an `UPDATE … RETURNING` that is not read to its end stays
    /// open and spoils the commit.
    pub(in crate::store::sql) async fn fetch_optional(
        &mut self,
        statement: Statement,
        values: Vec<Value>,
    ) -> Result<Option<Row>> {
        Ok(self.fetch_all(statement, values).await?.into_iter().next())
    }

    /// Runs a statement and says how many rows it touched.
    pub(in crate::store::sql) async fn execute(&mut self, statement: Statement, values: Vec<Value>) -> Result<u64> {
        match self {
            Self::Sqlite { inner, .. } => bind(statement, values).execute(&mut **inner).await.map(|done| done.rows_affected()),
            Self::Postgres(inner) => inner.run(bind(statement, values)).await,
        }
        .map_err(store_error)
    }

    /// Locks the lines of ordered deliveries with these keys until its end. On SQLite a writing transaction is alone.
    pub(in crate::store::sql) async fn lock_order_keys(&mut self, keys: &[Uuid]) -> Result<()> {
        match self {
            Self::Sqlite { .. } => Ok(()),
            Self::Postgres(inner) => postgres::lock_order_keys(inner, keys).await,
        }
    }

    /// Keeps events from being deleted until its end. On SQLite a writing transaction is alone.
    pub(in crate::store::sql) async fn lock_events(&mut self, tenant: &TenantName, ids: &[Uuid]) -> Result<()> {
        match self {
            Self::Sqlite { .. } => Ok(()),
            Self::Postgres(inner) => postgres::lock_events(inner, tenant, ids).await,
        }
    }

    /// Makes everything it wrote durable.
    pub(in crate::store::sql) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite { inner, turn } => {
                let done = inner.commit().await;
                drop(turn);
                done
            }
            Self::Postgres(inner) => inner.commit().await,
        }
        .map_err(store_error)
    }
}
