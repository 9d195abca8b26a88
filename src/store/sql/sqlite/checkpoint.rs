//! Moving the write-ahead log into the database file, beside the writer.
//!
//! SQLite would do it inside a commit every 1000 pages, and that commit would take 10 to 20 ms. Here a thread with a connection of
//! its own does it while the writer goes on. It takes the turn to write only when the log has grown long, to let the log begin
//! anew: a log that is appended to for ever never would.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::Mutex;

/// Changed rows after which the log is copied; about 1000 to 2000 pages.
const ROWS_PER_CHECKPOINT: u64 = 1500;

/// Pages (4 KiB) in the log from which on it is made to begin anew: 16 MiB.
const RESTART_PAGES: i64 = 4 * 1024;

/// Pages (4 KiB) in the log from which on its file is cut: 64 MiB.
const TRUNCATE_PAGES: i64 = 16 * 1024;

/// How long a reader may keep the cutting of the log, and with it the writer, waiting.
const READER_PATIENCE: Duration = Duration::from_millis(50);

/// Copies the log whenever the total of changed rows that comes over `written` has grown enough, until the channel closes.
pub(super) fn follow(connection: &Connection, gate: &Arc<Mutex<()>>, written: &mpsc::Receiver<u64>) {
    if connection.busy_timeout(READER_PATIENCE).is_err() {
        return;
    }
    let mut copied_at = 0;
    while let Ok(total) = written.recv() {
        if total.saturating_sub(copied_at) < ROWS_PER_CHECKPOINT {
            continue;
        }
        copied_at = total;
        // A checkpoint that fails (a full disk) is tried again after as many rows; nothing is lost, the log only grows.
        if let Err(error) = copy(connection, gate) {
            tracing::warn!(%error, "the write-ahead log could not be copied into the database");
        }
    }
}

fn copy(connection: &Connection, gate: &Mutex<()>) -> Result<(), rusqlite::Error> {
    if checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)")? < RESTART_PAGES {
        return Ok(());
    }
    // Little is left to copy now; once nothing is, the next commit begins the log anew.
    let _turn = gate.blocking_lock();
    if checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)")? >= TRUNCATE_PAGES {
        checkpoint(connection, "PRAGMA wal_checkpoint(TRUNCATE)")?;
    }
    Ok(())
}

/// Runs a checkpoint and says how many pages the log had.
fn checkpoint(connection: &Connection, pragma: &str) -> Result<i64, rusqlite::Error> {
    connection.query_row(pragma, [], |row| row.get(1))
}
