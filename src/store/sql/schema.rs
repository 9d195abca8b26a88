//! Migrations: which there are, which a database has, and bringing it up to date.
//!
//! Both folders hold files of the same names. A database that has a migration this binary does not know is left alone.

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::SqlitePool;
use sqlx::{Connection, Row};

use super::engine::PostgresEngine;
use super::open::OpenError;

/// The migrations of SQLite.
static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");

/// The migrations of Postgres.
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// SQLSTATE of a table that does not exist.
const UNDEFINED_TABLE: &str = "42P01";

const APPLIED: &str = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";

/// The newest version this binary knows.
pub(super) fn newest() -> i64 {
    SQLITE.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Names and versions of the migrations as compiled in: SQLite's, then Postgres's.
pub(super) fn listed() -> [Vec<(i64, String)>; 2] {
    [&SQLITE, &POSTGRES]
        .map(|migrator| migrator.iter().map(|migration| (migration.version, migration.description.to_string())).collect())
}

/// The versions a SQLite file has.
pub(super) async fn applied_sqlite(pool: &SqlitePool) -> Result<Vec<i64>, OpenError> {
    match sqlx::query(APPLIED).fetch_all(pool).await {
        Ok(rows) => Ok(rows.iter().map(|row| row.get(0)).collect()),
        Err(sqlx::Error::Database(refusal)) if refusal.message().starts_with("no such table") => Ok(Vec::new()),
        Err(error) => Err(OpenError::Unreachable(error)),
    }
}

/// The versions a Postgres database has.
pub(super) async fn applied_postgres(engine: &PostgresEngine) -> Result<Vec<i64>, OpenError> {
    match engine.fetch_all(sqlx::query(APPLIED)).await {
        Ok(rows) => Ok(rows.iter().map(|row| row.get(0)).collect()),
        Err(sqlx::Error::Database(refusal)) if refusal.code().as_deref() == Some(UNDEFINED_TABLE) => Ok(Vec::new()),
        Err(error) => Err(OpenError::Unreachable(error)),
    }
}

/// Whether anything is left to apply; refuses a schema that is newer than this binary.
pub(super) fn is_behind(applied: &[i64]) -> Result<bool, OpenError> {
    if let Some(&found) = applied.iter().rev().find(|&&version| !SQLITE.version_exists(version)) {
        return Err(OpenError::Newer { found, known: newest() });
    }
    Ok(SQLITE.iter().any(|migration| !applied.contains(&migration.version)))
}

// `run_direct`, because the future of `Migrator::run` is not `Send` for every lifetime, and opening must be possible in a task.

/// Applies what a SQLite file lacks.
pub(super) async fn migrate_sqlite(pool: &SqlitePool) -> Result<(), OpenError> {
    let mut connection = pool.acquire().await.map_err(OpenError::Unreachable)?;
    SQLITE.run_direct(None, &mut *connection, false).await.map_err(refused)
}

/// Applies what a Postgres database lacks, on a connection of its own: a migration may take longer than a statement should.
/// Nodes that start together take turns by an advisory lock, which goes with the connection.
pub(super) async fn migrate_postgres(server: &PgConnectOptions) -> Result<(), OpenError> {
    let mut connection = PgConnection::connect_with(server).await.map_err(OpenError::Unreachable)?;
    let done = POSTGRES.run_direct(None, &mut connection, false).await.map_err(refused);
    connection.close().await.map_err(OpenError::Unreachable)?;
    done
}

fn refused(error: MigrateError) -> OpenError {
    match error {
        MigrateError::VersionMissing(found) => OpenError::Newer { found, known: newest() },
        error => OpenError::Migration(error),
    }
}
