//! Leases beside claim and record on SQLite, and pruning.

use rusqlite::{Connection, Result, params};

use super::queue::REQUEUE;
use super::writer::Session;
use crate::store::Lease;

/// Notes what was leased to a node together.
pub(super) const INSERT_LEASES: &str = "INSERT INTO leases (node_id, id, deliveries) VALUES (?1, ?2, ?3)";

const RELEASE: &str = "UPDATE deliveries SET state = 'pending', next_attempt_at = ?3, lease_owner = NULL
    WHERE id = ?1 AND lease_token = ?2 AND state = 'in_flight'";

const PRUNE_REPLAYS: &str = "DELETE FROM replays WHERE (producer_id, digest) IN (
    SELECT producer_id, digest FROM replays WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)";

/// The statements of this module.
pub(super) const STATEMENTS: &[&str] = &[INSERT_LEASES, RELEASE, PRUNE_REPLAYS];

/// Makes leased deliveries pending, due at `now`, and says how many.
pub(super) fn release(connection: &Connection, leases: &[Lease], now: i64) -> Result<u64> {
    let mut release = connection.prepare_cached(RELEASE)?;
    let mut count = 0;
    for Lease { delivery_id, token } in leases {
        if release.execute(params![delivery_id.as_uuid(), token, now])? > 0 {
            connection.prepare_cached(REQUEUE)?.execute([delivery_id.as_uuid()])?;
            count += 1;
        }
    }
    Ok(count)
}

/// Deletes old event keys, then ended replay digests, `limit` in all.
pub(super) fn prune(session: &mut Session, now: i64, keys_before: i64, limit: u32) -> Result<u64> {
    let Session { connection, keys } = session;
    let keys = keys.prune(connection, keys_before, limit as usize)?;
    let room = i64::from(limit).saturating_sub(i64::try_from(keys).unwrap_or(i64::MAX));
    let replays = connection.prepare_cached(PRUNE_REPLAYS)?.execute(params![now, room])?;
    Ok((keys + replays) as u64)
}
