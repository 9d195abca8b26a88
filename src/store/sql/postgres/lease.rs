//! Beside claim and record on Postgres: giving back, pruning.

use super::column;
use crate::domain::clock::Timestamp;
use crate::store::sql::engine::PostgresEngine;
use crate::store::sql::failure::store_error;
use crate::store::{Lease, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

const RELEASE: &str = "WITH released AS (
    UPDATE deliveries d SET state = 'pending', next_attempt_at = $3, lease_owner = NULL
    FROM UNNEST($1::uuid[], $2::bigint[]) AS r (id, token)
    WHERE d.id = r.id AND d.lease_token = r.token AND d.state = 'in_flight'
    RETURNING d.id, d.subscription_id
)
INSERT INTO queue (subscription_id, due_at, delivery_id) SELECT subscription_id, $3, id FROM released
ON CONFLICT (subscription_id, due_at, delivery_id) DO NOTHING";

const PRUNE_KEYS: &str = "DELETE FROM event_keys WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM event_keys WHERE accepted_at < $1 ORDER BY accepted_at LIMIT $2 FOR UPDATE SKIP LOCKED))";

const PRUNE_REPLAYS: &str = "DELETE FROM replays WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM replays WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))";

/// The statements of this module.
pub(super) const STATEMENTS: &[&str] = &[RELEASE, PRUNE_KEYS, PRUNE_REPLAYS];

/// Makes leased deliveries pending, due at `now`, and says how many.
pub(in crate::store::sql) async fn release(engine: &PostgresEngine, leases: &[Lease], now: Timestamp) -> Result<u64> {
    let query = sqlx::query(RELEASE)
        .bind(column(leases, |lease| lease.delivery_id.as_uuid()))
        .bind(column(leases, |lease| lease.token))
        .bind(now.as_micros());
    engine.execute(query).await.map_err(store_error)
}

/// Deletes old event keys, then ended replay digests, `limit` in all.
pub(in crate::store::sql) async fn prune(
    engine: &PostgresEngine,
    now: Timestamp,
    keys_before: Timestamp,
    limit: u32,
) -> Result<u64> {
    let keys = run(engine, PRUNE_KEYS, keys_before, limit.into()).await?;
    let replays = run(engine, PRUNE_REPLAYS, now, u64::from(limit).saturating_sub(keys)).await?;
    Ok(keys + replays)
}

/// Runs a statement that takes a moment and a limit, and says how many rows it touched.
async fn run(engine: &PostgresEngine, statement: &'static str, moment: Timestamp, limit: u64) -> Result<u64> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let query = sqlx::query(statement).bind(moment.as_micros()).bind(limit);
    engine.execute(query).await.map_err(store_error)
}
