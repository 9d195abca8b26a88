//! The path of an event on Postgres: bulk statements over arrays.

use super::engine::PostgresEngine;
use crate::domain::clock::Timestamp;
use crate::domain::id::{NodeId, SubscriptionId};
use crate::store::{AcceptBatch, Claim, DueLane, Lease, Leased, Recorded, Report, Settled, SinkPause, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

pub(super) async fn accept(_engine: &PostgresEngine, _batch: &AcceptBatch) -> Result<Settled> {
    todo!()
}

pub(super) async fn claim(_engine: &PostgresEngine, _claim: &Claim) -> Result<Vec<Leased>> {
    todo!()
}

pub(super) async fn due_lanes(_engine: &PostgresEngine, _after: Option<SubscriptionId>, _limit: u32) -> Result<Vec<DueLane>> {
    todo!()
}

pub(super) async fn record(
    _engine: &PostgresEngine,
    _reports: &[Report],
    _pauses: &[SinkPause],
    _now: Timestamp,
) -> Result<Vec<Recorded>> {
    todo!()
}

pub(super) async fn release(_engine: &PostgresEngine, _leases: &[Lease], _now: Timestamp) -> Result<()> {
    todo!()
}

pub(super) async fn heartbeat(_engine: &PostgresEngine, _node: NodeId, _now: Timestamp, _expires_at: Timestamp) -> Result<()> {
    todo!()
}

pub(super) async fn retire_node(_engine: &PostgresEngine, _node: NodeId) -> Result<()> {
    todo!()
}

pub(super) async fn reclaim(_engine: &PostgresEngine, _now: Timestamp, _limit: u32) -> Result<u64> {
    todo!()
}

pub(super) async fn prune(_engine: &PostgresEngine, _now: Timestamp, _keys_before: Timestamp, _limit: u32) -> Result<u64> {
    todo!()
}
