//! Writing roll-ups on Postgres.

use super::column;
use crate::domain::id::NodeId;
use crate::store::sql::engine::PostgresEngine;
use crate::store::sql::failure::store_error;
use crate::store::sql::stats::{latencies_text, series_id, signed, width_ms};
use crate::store::{StatsBucket, StoreError};

const PUT: &str = "INSERT INTO stats (tenant, width_ms, subscription_id, begins_at, node_id,
      accepted, duplicates, attempts, delivered, failed, dead_lettered, waiting, latencies)
    SELECT r.tenant, r.width_ms, r.subscription_id, r.begins_at, $1,
      r.accepted, r.duplicates, r.attempts, r.delivered, r.failed, r.dead_lettered, r.waiting, r.latencies
    FROM UNNEST($2::text[], $3::bigint[], $4::uuid[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[],
      $10::bigint[], $11::bigint[], $12::bigint[], $13::text[])
      AS r (tenant, width_ms, subscription_id, begins_at, accepted, duplicates, attempts, delivered, failed, dead_lettered,
          waiting, latencies)
    ON CONFLICT (tenant, width_ms, subscription_id, begins_at, node_id) DO UPDATE SET accepted = excluded.accepted,
      duplicates = excluded.duplicates, attempts = excluded.attempts, delivered = excluded.delivered, failed = excluded.failed,
      dead_lettered = excluded.dead_lettered, waiting = excluded.waiting, latencies = excluded.latencies";

/// The statements of this module.
pub(super) const STATEMENTS: &[&str] = &[PUT];

/// Sets a node's stretches.
pub(in crate::store::sql) async fn put_stats(
    engine: &PostgresEngine,
    node: NodeId,
    buckets: &[StatsBucket],
) -> Result<(), StoreError> {
    let counts = |read: fn(&StatsBucket) -> u64| column(buckets, |bucket| signed(read(bucket)));
    let query = sqlx::query(PUT)
        .bind(node.as_uuid())
        .bind(column(buckets, |bucket| bucket.tenant.as_str().to_owned()))
        .bind(column(buckets, |bucket| width_ms(bucket.width)))
        .bind(column(buckets, |bucket| series_id(bucket.subscription_id)))
        .bind(column(buckets, |bucket| bucket.begins_at.as_micros()))
        .bind(counts(|bucket| bucket.counts.accepted))
        .bind(counts(|bucket| bucket.counts.duplicates))
        .bind(counts(|bucket| bucket.counts.attempts))
        .bind(counts(|bucket| bucket.counts.delivered))
        .bind(counts(|bucket| bucket.counts.failed))
        .bind(counts(|bucket| bucket.counts.dead_lettered))
        .bind(column(buckets, |bucket| bucket.counts.waiting.map(signed)))
        .bind(column(buckets, |bucket| latencies_text(&bucket.counts.latencies)));
    engine.execute(query).await.map(|_| ()).map_err(store_error)
}
