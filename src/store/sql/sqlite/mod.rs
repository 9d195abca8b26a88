//! The path of an event on SQLite: its own connection on its own thread.
//!
//! [`writer`] owns the connection and commits what waits together; [`checkpoint`] empties the write-ahead log beside it. The
//! transitions are plain functions over a native connection. None of them may be called on a runtime's thread.

mod accept;
mod checkpoint;
mod claim;
mod failure;
mod keys;
mod lease;
mod order;
mod queue;
mod record;
mod retention;
mod rows;
mod stats;
mod writer;

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{Mutex, oneshot};
use uuid::Uuid;

use self::writer::{Session, Writer};
use super::claimed::Rows;
use super::engine::SqliteEngine;
use super::lease_book::Batch;
use super::open::OpenError;
use crate::domain::clock::Timestamp;
use crate::domain::id::{EventId, NodeId};
use crate::domain::tenant::TenantName;
use crate::store::{AcceptBatch, Claim, Deletion, Lease, Recorded, Report, Settled, SinkPause, StatsBucket, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

/// How long the writer waits for another process to let go of the file; within this one there is the gate.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// What the connections of the hot path begin with: durable commits, no checkpoint inside them, 8 MiB of pages.
const SESSION: &str = "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA foreign_keys = OFF;
    PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;";

/// Statements kept prepared: all there are.
const PREPARED: usize = 64;

/// The hot path's connection.
#[derive(Debug)]
pub(in crate::store::sql) struct Hot {
    writer: Writer,
    /// Comes when the checkpoints' connection is closed.
    checkpointed: Mutex<Option<oneshot::Receiver<()>>>,
}

impl Hot {
    /// Opens the connection; the schema may not be there yet.
    pub(in crate::store::sql) fn open(path: &Path, gate: Arc<Mutex<()>>) -> std::result::Result<Self, OpenError> {
        let (written, total) = mpsc::sync_channel(1);
        let failed = |source| OpenError::Path { path: path.to_owned(), source };
        let checkpointer = connect(path)?;
        let checkpoint_gate = Arc::clone(&gate);
        let (end, checkpointed) = oneshot::channel();
        std::thread::Builder::new()
            .name("sqlite-checkpoint".into())
            .spawn(move || {
                checkpoint::follow(&checkpointer, &checkpoint_gate, &total);
                drop(checkpointer);
                // Nobody may be waiting for the end any more.
                let _ = end.send(());
            })
            .map_err(failed)?;
        let writer = Writer::start(connect(path)?, gate, written).map_err(failed)?;
        Ok(Self { writer, checkpointed: Mutex::new(Some(checkpointed)) })
    }

    /// Finishes what is being written and closes the connections. Whoever closes the last one copies the log into the database and
    /// deletes it: that is waited for, so that a stopped Waypost leaves one file.
    pub(in crate::store::sql) async fn close(&self) {
        self.writer.close().await;
        if let Some(checkpointed) = self.checkpointed.lock().await.take() {
            let _ = checkpointed.await;
        }
    }
}

fn connect(path: &Path) -> std::result::Result<Connection, OpenError> {
    let open = || {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.execute_batch(SESSION)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        Ok(connection)
    };
    open().map_err(|error: rusqlite::Error| OpenError::Prepare(failure::from_rusqlite(Arc::new(error))))
}

pub(super) async fn accept(engine: &SqliteEngine, batch: &AcceptBatch, lease: Uuid) -> Result<Settled> {
    let batch = accept::Batch::new(batch, lease);
    engine.hot.writer.run(move |session| batch.write(session)).await
}

pub(super) async fn claim(engine: &SqliteEngine, claim: &Claim, lease: Uuid) -> Result<Rows> {
    let claim = claim.clone();
    engine.hot.writer.run(move |session| claim::claim(&session.connection, &claim, lease)).await
}

pub(super) async fn record(
    engine: &SqliteEngine,
    reports: &[Report],
    pauses: &[SinkPause],
    ended: &[Batch],
    now: Timestamp,
) -> Result<Vec<Recorded>> {
    let reports = record::Reports::new(reports, pauses, ended, now)?;
    engine.hot.writer.run(move |session| reports.write(&session.connection)).await
}

pub(super) async fn release(engine: &SqliteEngine, leases: &[Lease], now: Timestamp) -> Result<u64> {
    let leases = leases.to_vec();
    engine.hot.writer.run(move |session| lease::release(&session.connection, &leases, now.as_micros())).await
}

pub(super) async fn prune(engine: &SqliteEngine, now: Timestamp, keys_before: Timestamp, limit: u32) -> Result<u64> {
    let prune = move |session: &mut Session| lease::prune(session, now.as_micros(), keys_before.as_micros(), limit);
    engine.hot.writer.run(prune).await
}

pub(super) async fn delete_events(
    engine: &SqliteEngine,
    tenant: &TenantName,
    ids: &[EventId],
    keys_since: Option<Timestamp>,
) -> Result<Deletion> {
    let (tenant, ids) = (tenant.clone(), ids.to_vec());
    let keys_since = keys_since.map(Timestamp::as_micros);
    let delete = move |session: &mut Session| retention::delete(session, tenant.as_str(), &ids, keys_since);
    engine.hot.writer.run(delete).await
}

pub(super) async fn expire_data(engine: &SqliteEngine, tenant: &TenantName, ids: &[EventId], now: Timestamp) -> Result<Deletion> {
    let (tenant, ids) = (tenant.clone(), ids.to_vec());
    let expire = move |session: &mut Session| retention::expire_data(&session.connection, tenant.as_str(), &ids, now.as_micros());
    engine.hot.writer.run(expire).await
}

pub(super) async fn put_stats(engine: &SqliteEngine, node: NodeId, buckets: &[StatsBucket]) -> Result<()> {
    let buckets = buckets.to_vec();
    engine.hot.writer.run(move |session| stats::put(&session.connection, node, &buckets)).await
}

/// Every statement of the path of an event.
pub(super) fn statements() -> Vec<&'static str> {
    let modules = [
        accept::STATEMENTS,
        claim::STATEMENTS,
        keys::STATEMENTS,
        lease::STATEMENTS,
        order::STATEMENTS,
        queue::STATEMENTS,
        record::STATEMENTS,
        retention::STATEMENTS,
        stats::STATEMENTS,
    ];
    modules.concat()
}
