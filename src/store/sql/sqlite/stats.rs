//! Writing roll-ups on SQLite.

use rusqlite::{Connection, Result, params};

use crate::domain::id::NodeId;
use crate::store::StatsBucket;
use crate::store::sql::stats::{latencies_text, series_id, signed, width_ms};

const PUT: &str = "INSERT INTO stats (tenant, width_ms, subscription_id, begins_at, node_id,
      accepted, duplicates, attempts, delivered, failed, dead_lettered, waiting, latencies)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
    ON CONFLICT (tenant, width_ms, subscription_id, begins_at, node_id) DO UPDATE SET accepted = excluded.accepted,
      duplicates = excluded.duplicates, attempts = excluded.attempts, delivered = excluded.delivered, failed = excluded.failed,
      dead_lettered = excluded.dead_lettered, waiting = excluded.waiting, latencies = excluded.latencies";

/// The statements of this module.
pub(super) const STATEMENTS: &[&str] = &[PUT];

/// Sets a node's stretches.
pub(super) fn put(connection: &Connection, node: NodeId, buckets: &[StatsBucket]) -> Result<()> {
    let mut put = connection.prepare_cached(PUT)?;
    for StatsBucket { tenant, subscription_id, width, begins_at, counts } in buckets {
        put.execute(params![
            tenant.as_str(),
            width_ms(*width),
            series_id(*subscription_id),
            begins_at.as_micros(),
            node.as_uuid(),
            signed(counts.accepted),
            signed(counts.duplicates),
            signed(counts.attempts),
            signed(counts.delivered),
            signed(counts.failed),
            signed(counts.dead_lettered),
            counts.waiting.map(signed),
            latencies_text(&counts.latencies),
        ])?;
    }
    Ok(())
}
