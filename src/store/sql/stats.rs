//! Roll-ups, and what is waiting.

use std::cmp::Reverse;
use std::collections::HashMap;

use uuid::Uuid;

use super::engine::Engine;
use super::row::Row;
use super::statement::statements;
use super::value::values;
use crate::domain::clock::Timestamp;
use crate::domain::id::{DeliveryId, SubscriptionId};
use crate::domain::latency::Latencies;
use crate::domain::tenant::TenantName;
use crate::store::{StatsPoint, StatsRow, StatsWidth, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

macro_rules! columns {
    () => {
        "begins_at, accepted, duplicates, attempts, delivered, failed, dead_lettered, waiting, latencies"
    };
}

statements! {
    SERIES = "SELECT ", columns!(), " FROM stats
              WHERE tenant = $1 AND width_ms = $2 AND subscription_id = $3 AND begins_at >= $4 ORDER BY begins_at";
    // Greater than the nil identifier: subscriptions' series, not the tenant's own.
    WORST = "WITH worst AS MATERIALIZED (
               SELECT subscription_id FROM stats
               WHERE tenant = $1 AND width_ms = $2 AND subscription_id > $3 AND begins_at >= $4
               GROUP BY subscription_id
               ORDER BY SUM(failed) DESC, SUM(dead_lettered) DESC, SUM(attempts) DESC, subscription_id LIMIT $5)
             SELECT subscription_id, ", columns!(), " FROM stats
             WHERE tenant = $1 AND width_ms = $2 AND subscription_id IN (SELECT subscription_id FROM worst) AND begins_at >= $4";
    DELETE_OLD = "DELETE FROM stats WHERE (tenant, width_ms, subscription_id, begins_at, node_id) IN (
                    SELECT tenant, width_ms, subscription_id, begins_at, node_id FROM stats
                    WHERE width_ms = $1 AND begins_at < $2 LIMIT $3)";
    // Through the tenant's subscriptions, deleted ones too, to the queue: the tenant's own index holds every delivery there ever
    // was. A delivery's identifier tells when it was made, so the deliveries themselves are not read.
    WAITING = "WITH pending AS MATERIALIZED (
                 SELECT q.delivery_id FROM subscriptions s JOIN queue q ON q.subscription_id = s.id
                 WHERE s.tenant = $1 AND (s.id = $3 OR $3 IS NULL) LIMIT $2)
               SELECT (SELECT COUNT(*) FROM pending) AS waiting,
                      (SELECT delivery_id FROM pending ORDER BY delivery_id LIMIT 1) AS oldest_id";
    PING = "SELECT 1 AS one";
}

/// Roll-ups deleted in one transaction: few enough that accepting hardly waits for it.
const DELETE_AT_ONCE: u32 = 1000;

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
    let mut sums: HashMap<SubscriptionId, StatsRow> = HashMap::new();
    for row in engine.fetch_all(WORST, values).await? {
        let id = SubscriptionId::from_uuid(row.uuid("subscription_id")?);
        sums.entry(id).or_default().merge(&read(&row)?);
    }
    let mut worst: Vec<_> = sums.into_iter().collect();
    worst.sort_unstable_by_key(|(id, sum)| (Reverse(sum.failed), Reverse(sum.dead_lettered), Reverse(sum.attempts), *id));
    Ok(worst)
}

/// Deletes stretches that are older than their width is kept, some at a time.
pub(super) async fn delete_old(engine: &Engine, now: Timestamp) -> Result<()> {
    for width in StatsWidth::ALL {
        let kept_since = now.minus(width.kept());
        while engine.execute(DELETE_OLD, values![width_ms(width), kept_since, DELETE_AT_ONCE]).await? >= DELETE_AT_ONCE.into() {}
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
    let oldest: Option<Uuid> = row.get("oldest_id")?;
    Ok((row.narrow("waiting")?, oldest.map(DeliveryId::from_uuid).and_then(DeliveryId::made_at)))
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
        waiting: row.optional_narrow("waiting")?,
        latencies: Latencies::from_counts(latencies),
    })
}
