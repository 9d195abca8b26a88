//! Roll-ups, and what is waiting.

use uuid::Uuid;

use super::engine::Engine;
use super::row::Row;
use super::statement::statements;
use super::value::values;
use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;
use crate::domain::latency::Latencies;
use crate::domain::tenant::TenantName;
use crate::store::{StatsPoint, StatsRow, StatsWidth, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

statements! {
    SERIES = "SELECT begins_at, accepted, duplicates, attempts, delivered, failed, dead_lettered, latencies FROM stats
              WHERE tenant = $1 AND width_ms = $2 AND subscription_id = $3 AND begins_at >= $4 ORDER BY begins_at";
    // Greater than the nil identifier: subscriptions' series, not the tenant's own.
    WORST = "SELECT subscription_id FROM stats
             WHERE tenant = $1 AND width_ms = $2 AND subscription_id > $3 AND begins_at >= $4
             GROUP BY subscription_id ORDER BY SUM(failed) DESC, SUM(dead_lettered) DESC, SUM(attempts) DESC, subscription_id
             LIMIT $5";
    DELETE_OLD = "DELETE FROM stats WHERE width_ms = $1 AND begins_at < $2";
    // Through the tenant's subscriptions, deleted ones too, to the queue: the tenant's own index holds every delivery there ever
    // was.
    WAITING = "SELECT COUNT(*) AS waiting, MIN(created_at) AS oldest_at FROM (
                 SELECT (SELECT d.created_at FROM deliveries d WHERE d.id = q.delivery_id) AS created_at
                 FROM subscriptions s JOIN queue q ON q.subscription_id = s.id
                 WHERE s.tenant = $1 AND (s.id = $3 OR $3 IS NULL) LIMIT $2) AS pending";
    PING = "SELECT 1 AS one";
}

/// A width, as it lies in a row.
pub(super) fn width_ms(width: StatsWidth) -> i64 {
    i64::try_from(width.duration().as_millis()).unwrap_or(i64::MAX)
}

/// The subscription of a series, as it lies in a row; nil for a tenant's own.
pub(super) fn series_id(subscription_id: Option<SubscriptionId>) -> Uuid {
    subscription_id.map_or(Uuid::nil(), SubscriptionId::as_uuid)
}

/// Latencies, as they lie in a row.
pub(super) fn latencies_text(latencies: &Latencies) -> String {
    let counts: Vec<_> = latencies.counts().collect();
    serde_json::to_string(&counts).unwrap_or_default()
}

/// A count, as it lies in a row.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A series, summed over all nodes, oldest stretch first.
pub(super) async fn series(
    engine: &Engine,
    tenant: &TenantName,
    subscription_id: Option<SubscriptionId>,
    width: StatsWidth,
    since: Timestamp,
) -> Result<Vec<StatsPoint>> {
    let values = values![tenant, width_ms(width), series_id(subscription_id), since];
    let mut points: Vec<StatsPoint> = Vec::new();
    for row in engine.fetch_all(SERIES, values).await? {
        let (begins_at, counts) = (row.time("begins_at")?, read(&row)?);
        match points.last_mut() {
            Some(last) if last.begins_at == begins_at => last.counts.merge(&counts),
            _ => points.push(StatsPoint { begins_at, counts }),
        }
    }
    Ok(points)
}

/// A tenant's subscriptions, those with the most failed attempts first.
pub(super) async fn worst(
    engine: &Engine,
    tenant: &TenantName,
    width: StatsWidth,
    since: Timestamp,
    limit: u32,
) -> Result<Vec<(SubscriptionId, StatsRow)>> {
    let values = values![tenant, width_ms(width), Uuid::nil(), since, limit];
    let mut worst = Vec::new();
    for row in engine.fetch_all(WORST, values).await? {
        let id = SubscriptionId::from_uuid(row.uuid("subscription_id")?);
        let mut sum = StatsRow::default();
        for point in series(engine, tenant, Some(id), width, since).await? {
            sum.merge(&point.counts);
        }
        worst.push((id, sum));
    }
    Ok(worst)
}

/// Deletes stretches that are older than their width is kept.
pub(super) async fn delete_old(engine: &Engine, now: Timestamp) -> Result<()> {
    for width in StatsWidth::ALL {
        engine.execute(DELETE_OLD, values![width_ms(width), now.minus(width.kept())]).await?;
    }
    Ok(())
}

/// How many deliveries wait, counted up to `cap`, and since when the oldest of those counted does.
pub(super) async fn waiting(
    engine: &Engine,
    tenant: &TenantName,
    subscription_id: Option<SubscriptionId>,
    cap: u32,
) -> Result<(u64, Option<Timestamp>)> {
    let row = engine.fetch_one(WAITING, values![tenant, cap, subscription_id]).await?;
    Ok((row.narrow("waiting")?, row.optional_time("oldest_at")?))
}

/// Asks the database for a sign of life.
pub(super) async fn ping(engine: &Engine) -> Result<()> {
    engine.fetch_one(PING, values![]).await.map(|_| ())
}

fn read(row: &Row) -> Result<StatsRow> {
    let latencies: Vec<(usize, u32)> = row.json("latencies")?;
    Ok(StatsRow {
        accepted: row.narrow("accepted")?,
        duplicates: row.narrow("duplicates")?,
        attempts: row.narrow("attempts")?,
        delivered: row.narrow("delivered")?,
        failed: row.narrow("failed")?,
        dead_lettered: row.narrow("dead_lettered")?,
        latencies: Latencies::from_counts(latencies),
    })
}
