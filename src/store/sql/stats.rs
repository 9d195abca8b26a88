//! Counters, and what is waiting.

use super::engine::Engine;
use super::statement::statements;
use super::value::values;
use crate::domain::clock::Timestamp;
use crate::domain::id::NodeId;
use crate::domain::tenant::TenantName;
use crate::store::{StatsBucket, StatsRow, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

statements! {
    ADD = "INSERT INTO stats (tenant, minute_at, node_id, accepted, duplicates, attempts, delivered, failed, dead_lettered)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
           ON CONFLICT (tenant, minute_at, node_id) DO UPDATE SET
             accepted = stats.accepted + excluded.accepted,
             duplicates = stats.duplicates + excluded.duplicates,
             attempts = stats.attempts + excluded.attempts,
             delivered = stats.delivered + excluded.delivered,
             failed = stats.failed + excluded.failed,
             dead_lettered = stats.dead_lettered + excluded.dead_lettered";
    // Postgres sums BIGINT to NUMERIC.
    SUM = "SELECT CAST(COALESCE(SUM(accepted), 0) AS BIGINT) AS accepted,
                  CAST(COALESCE(SUM(duplicates), 0) AS BIGINT) AS duplicates,
                  CAST(COALESCE(SUM(attempts), 0) AS BIGINT) AS attempts,
                  CAST(COALESCE(SUM(delivered), 0) AS BIGINT) AS delivered,
                  CAST(COALESCE(SUM(failed), 0) AS BIGINT) AS failed,
                  CAST(COALESCE(SUM(dead_lettered), 0) AS BIGINT) AS dead_lettered
           FROM stats WHERE tenant = $1 AND minute_at >= $2";
    // Through the tenant's subscriptions, deleted ones too, to the queue: the tenant's own index holds every delivery there ever
    // was.
    WAITING = "SELECT COUNT(*) AS waiting, MIN(created_at) AS oldest_at FROM (
                 SELECT (SELECT d.created_at FROM deliveries d WHERE d.id = q.delivery_id) AS created_at
                 FROM subscriptions s JOIN queue q ON q.subscription_id = s.id
                 WHERE s.tenant = $1 LIMIT $2) AS pending";
    PING = "SELECT 1 AS one";
}

/// Adds to a node's counters.
pub(super) async fn add(engine: &Engine, node: NodeId, buckets: &[StatsBucket]) -> Result<()> {
    if buckets.is_empty() {
        return Ok(());
    }
    let mut transaction = engine.begin().await?;
    for bucket in buckets {
        let counts = &bucket.counts;
        let values = values![
            &bucket.tenant,
            bucket.minute_at,
            node,
            signed(counts.accepted),
            signed(counts.duplicates),
            signed(counts.attempts),
            signed(counts.delivered),
            signed(counts.failed),
            signed(counts.dead_lettered),
        ];
        transaction.execute(ADD, values).await?;
    }
    transaction.commit().await
}

/// A tenant's counters, summed.
pub(super) async fn sum(engine: &Engine, tenant: &TenantName, since: Timestamp) -> Result<StatsRow> {
    let row = engine.fetch_one(SUM, values![tenant, since]).await?;
    Ok(StatsRow {
        accepted: row.narrow("accepted")?,
        duplicates: row.narrow("duplicates")?,
        attempts: row.narrow("attempts")?,
        delivered: row.narrow("delivered")?,
        failed: row.narrow("failed")?,
        dead_lettered: row.narrow("dead_lettered")?,
    })
}

/// How many deliveries wait, counted up to `cap`, and since when the oldest of those counted does.
pub(super) async fn waiting(engine: &Engine, tenant: &TenantName, cap: u32) -> Result<(u64, Option<Timestamp>)> {
    let row = engine.fetch_one(WAITING, values![tenant, cap]).await?;
    Ok((row.narrow("waiting")?, row.optional_time("oldest_at")?))
}

/// Asks the database for a sign of life.
pub(super) async fn ping(engine: &Engine) -> Result<()> {
    engine.fetch_one(PING, values![]).await.map(|_| ())
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
