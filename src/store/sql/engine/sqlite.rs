//! SQLite: one file, one writer at a time, readers beside it (WAL).
//!
//! Two connections write: the hot path's own, and this one for the control plane. Both take their turn at [`SqliteEngine::gate`],
//! which is fair; SQLite's own busy handler is not, and would starve one of them under load.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::Mutex;

use super::Transaction;
use crate::config::Database;
use crate::store::sql::open::OpenError;
use crate::store::sql::sqlite::Hot;

/// How long a connection waits for another process, such as `waypost api-key create` or a backup, to let go of the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Readers beyond this gain nothing and each may keep a mebibyte of pages.
const MAX_READERS: u32 = 8;

/// The file, open.
#[derive(Debug)]
pub(in crate::store::sql) struct SqliteEngine {
    /// Connections that can't write.
    pub(in crate::store::sql) readers: SqlitePool,
    /// The control plane's one connection that can.
    pub(in crate::store::sql) writer: SqlitePool,
    /// The turn to write.
    pub(in crate::store::sql) gate: Arc<Mutex<()>>,
    /// The hot path's own connection and thread.
    pub(in crate::store::sql) hot: Hot,
    /// Held for as long as this process serves the file; given back when it ends, however it ends.
    _lock: Option<File>,
}

impl SqliteEngine {
    /// Takes the file's lock if `is_exclusive`, then opens the file, which is made if it is missing.
    pub(in crate::store::sql) async fn open(path: &Path, options: &Database, is_exclusive: bool) -> Result<Self, OpenError> {
        let path = absolute(path)?;
        let lock = if is_exclusive { Some(lock(&path)?) } else { None };
        let acquire_timeout = Duration::from_millis(options.acquire_timeout_ms);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(acquire_timeout)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(
                connect_options(&path)
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full),
            )
            .await
            .map_err(OpenError::Unreachable)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(options.max_connections.clamp(1, MAX_READERS))
            .acquire_timeout(acquire_timeout)
            .idle_timeout(Duration::from_mins(1))
            .connect_lazy_with(connect_options(&path).read_only(true));
        let gate = Arc::new(Mutex::new(()));
        let hot = Hot::open(&path, Arc::clone(&gate))?;
        Ok(Self { readers, writer, gate, hot, _lock: lock })
    }

    /// Waits for a turn to write and begins to.
    pub(super) async fn begin(&self) -> Result<Transaction, sqlx::Error> {
        let turn = Arc::clone(&self.gate).lock_owned().await;
        let inner = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Transaction::Sqlite { inner, turn: Some(turn) })
    }

    /// Closes readers first: the last connection to close tidies up the write-ahead log, and a reader can't.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
        self.hot.close().await;
    }
}

/// No memory map: its pages would count against the process's memory budget.
fn connect_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(false)
        .pragma("cache_size", "-1024")
        .pragma("mmap_size", "0")
        .pragma("temp_store", "MEMORY")
}

/// The path every other name of the file leads to, so that two names can't get around the lock.
fn absolute(path: &Path) -> Result<PathBuf, OpenError> {
    if let Ok(found) = path.canonicalize() {
        return if found.is_dir() {
            Err(OpenError::Path { path: found, source: io::ErrorKind::IsADirectory.into() })
        } else {
            Ok(found)
        };
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().map_err(|source| OpenError::Path { path: folder.to_owned(), source })?;
    Ok(folder.join(path.file_name().unwrap_or_default()))
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock_path = PathBuf::from(name);
    let opened = File::options().create(true).truncate(false).write(true).open(&lock_path);
    let file = opened.map_err(|source| OpenError::Path { path: lock_path.clone(), source })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(OpenError::Path { path: lock_path, source }),
    }
}
