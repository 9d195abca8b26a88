//! Claiming due deliveries on SQLite.

use std::collections::hash_map::Entry;

use rusqlite::{Connection, OptionalExtension, Result, Row, params};
use uuid::Uuid;

use super::lease::INSERT_LEASES;
use crate::store::Claim;
use crate::store::sql::claimed::{Claimed, Rows};
use crate::store::sql::columns::EventColumns;
use crate::store::sql::leases::pack;

const SELECT_DUE: &str = "SELECT due_at, delivery_id FROM queue
    WHERE subscription_id = ?1 AND due_at <= ?2 ORDER BY due_at, delivery_id LIMIT ?3";

const DEQUEUE: &str = "DELETE FROM queue WHERE subscription_id = ?1 AND due_at = ?2 AND delivery_id = ?3";

/// Nothing if it is not pending any more: its place in the queue was left behind.
const LEASE: &str = "UPDATE deliveries
    SET state = 'in_flight', lease_owner = ?2, lease_token = lease_token + 1, next_attempt_at = NULL
    WHERE id = ?1 AND state = 'pending'
    RETURNING event_id, tenant, lease_token, attempt_count, budget_attempt_count, is_reopened,
      replay_job_id";

const SELECT_EVENT: &str =
    "SELECT id, tenant, accepted_at, traceparent, wire, attributes, body FROM events WHERE tenant = ?1 AND id = ?2";

/// The statements of this module.
pub(super) const STATEMENTS: &[&str] = &[SELECT_DUE, DEQUEUE, LEASE, SELECT_EVENT];

/// Leases due deliveries, lane by lane, and reads their events.
pub(super) fn claim(connection: &Connection, claim: &Claim, lease: Uuid) -> Result<Rows> {
    let mut rows = Rows::default();
    for &(subscription_id, room) in &claim.lanes {
        claim_lane(connection, claim, subscription_id.as_uuid(), room, &mut rows)?;
    }
    if !rows.deliveries.is_empty() {
        let packed = pack(rows.deliveries.iter().map(|delivery| delivery.id));
        connection.prepare_cached(INSERT_LEASES)?.execute(params![claim.node.as_uuid(), lease, packed])?;
    }
    Ok(rows)
}

fn claim_lane(connection: &Connection, claim: &Claim, lane: Uuid, room: u32, rows: &mut Rows) -> Result<()> {
    let mut select = connection.prepare_cached(SELECT_DUE)?;
    let due = select.query_map(params![lane, claim.now.as_micros(), room], |row| Ok((row.get(0)?, row.get(1)?)))?;
    // Read to its end before it is written to: the queue changes under the lease.
    let due = due.collect::<Result<Vec<(i64, Uuid)>>>()?;
    let (mut dequeue, mut lease) = (connection.prepare_cached(DEQUEUE)?, connection.prepare_cached(LEASE)?);
    let mut select_event = connection.prepare_cached(SELECT_EVENT)?;
    for (due_at, id) in due {
        dequeue.execute(params![lane, due_at, id])?;
        let leased = lease.query_map(params![id, claim.node.as_uuid()], |row| read_leased(row, id, lane))?;
        // One row at most; read to the end, or the statement stays open.
        for (delivery, tenant) in leased.collect::<Result<Vec<_>>>()? {
            if let Entry::Vacant(place) = rows.events.entry(delivery.event_id)
                && let Some(event) = select_event.query_row(params![tenant, delivery.event_id], read_event).optional()?
            {
                place.insert(event);
            }
            rows.deliveries.push(delivery);
        }
    }
    Ok(())
}

fn read_leased(row: &Row<'_>, id: Uuid, subscription_id: Uuid) -> Result<(Claimed, String)> {
    let claimed = Claimed {
        id,
        event_id: row.get(0)?,
        subscription_id,
        token: row.get(2)?,
        attempt_count: row.get(3)?,
        budget_attempt_count: row.get(4)?,
        is_reopened: row.get(5)?,
        replay_job_id: row.get(6)?,
    };
    Ok((claimed, row.get(1)?))
}

fn read_event(row: &Row<'_>) -> Result<EventColumns> {
    Ok(EventColumns {
        id: row.get(0)?,
        tenant: row.get(1)?,
        accepted_at: row.get(2)?,
        traceparent: row.get(3)?,
        wire: row.get(4)?,
        attributes: row.get(5)?,
        body: row.get(6)?,
    })
}
