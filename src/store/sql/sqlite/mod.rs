//! The path of an event on SQLite: its own connection on its own thread.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::engine::SqliteEngine;
use super::open::OpenError;
use crate::domain::clock::Timestamp;
use crate::domain::id::{NodeId, SubscriptionId};
use crate::store::{AcceptBatch, Claim, DueLane, Lease, Leased, Recorded, Report, Settled, SinkPause, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

/// The hot path's connection.
#[derive(Debug)]
pub(in crate::store::sql) struct Hot;

impl Hot {
    /// Opens the connection; the schema may not be there yet.
    #[expect(clippy::unnecessary_wraps, reason = "filled in with the hot path")]
    pub(in crate::store::sql) fn open(_path: &Path, _gate: Arc<Mutex<()>>) -> std::result::Result<Self, OpenError> {
        Ok(Self)
    }

    /// Finishes what is being written and closes the connection.
    pub(in crate::store::sql) async fn close(&self) {}
}

pub(super) async fn accept(_engine: &SqliteEngine, _batch: &AcceptBatch) -> Result<Settled> {
    todo!()
}

pub(super) async fn claim(_engine: &SqliteEngine, _claim: &Claim) -> Result<Vec<Leased>> {
    todo!()
}

pub(super) async fn due_lanes(_engine: &SqliteEngine, _after: Option<SubscriptionId>, _limit: u32) -> Result<Vec<DueLane>> {
    todo!()
}

pub(super) async fn record(
    _engine: &SqliteEngine,
    _reports: &[Report],
    _pauses: &[SinkPause],
    _now: Timestamp,
) -> Result<Vec<Recorded>> {
    todo!()
}

pub(super) async fn release(_engine: &SqliteEngine, _leases: &[Lease], _now: Timestamp) -> Result<()> {
    todo!()
}

pub(super) async fn heartbeat(_engine: &SqliteEngine, _node: NodeId, _now: Timestamp, _expires_at: Timestamp) -> Result<()> {
    todo!()
}

pub(super) async fn retire_node(_engine: &SqliteEngine, _node: NodeId) -> Result<()> {
    todo!()
}

pub(super) async fn reclaim(_engine: &SqliteEngine, _now: Timestamp, _limit: u32) -> Result<u64> {
    todo!()
}

pub(super) async fn prune(_engine: &SqliteEngine, _now: Timestamp, _keys_before: Timestamp, _limit: u32) -> Result<u64> {
    todo!()
}
