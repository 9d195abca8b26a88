//! Claiming due deliveries on SQLite.

use std::collections::HashMap;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Result, Row, params};
use uuid::Uuid;

use crate::store::Claim;
use crate::store::sql::claimed::{Claimed, Rows};
use crate::store::sql::columns::EventColumns;

const SELECT_DUE: &str = "SELECT id, event_id, lease_token, attempt_count, budget_attempt_count FROM deliveries
    WHERE state = 'pending' AND subscription_id = ?1 AND next_attempt_at <= ?2 ORDER BY next_attempt_at LIMIT ?3";

const LEASE: &str = "UPDATE deliveries
    SET state = 'in_flight', lease_owner = ?2, lease_token = lease_token + 1, next_attempt_at = NULL WHERE id = ?1";

const SELECT_EVENT: &str = "SELECT id, tenant, accepted_at, traceparent, wire, attributes, body FROM events WHERE id = ?1";

/// The statements of this module.
pub(super) const STATEMENTS: &[&str] = &[SELECT_DUE, LEASE, SELECT_EVENT];

/// Leases due deliveries, lane by lane, and reads their events.
pub(super) fn claim(connection: &Connection, claim: &Claim) -> Result<Rows> {
    let mut rows = Rows::default();
    let (mut select, mut lease) = (connection.prepare_cached(SELECT_DUE)?, connection.prepare_cached(LEASE)?);
    for &(subscription_id, room) in &claim.lanes {
        let lane = subscription_id.as_uuid();
        let due = select.query_map(params![lane, claim.now.as_micros(), room], |row| read_due(row, lane))?;
        // Read to its end before it is written to: the lane's index changes under the lease.
        let due = due.collect::<Result<Vec<_>>>()?;
        for delivery in &due {
            lease.execute(params![delivery.id, claim.node.as_uuid()])?;
        }
        rows.deliveries.extend(due);
    }
    rows.events = events(&mut connection.prepare_cached(SELECT_EVENT)?, &rows.deliveries)?;
    Ok(rows)
}

fn read_due(row: &Row<'_>, subscription_id: Uuid) -> Result<Claimed> {
    let token: i64 = row.get(2)?;
    Ok(Claimed {
        id: row.get(0)?,
        event_id: row.get(1)?,
        subscription_id,
        token: token + 1,
        attempt_count: row.get(3)?,
        budget_attempt_count: row.get(4)?,
    })
}

fn events(select: &mut CachedStatement<'_>, deliveries: &[Claimed]) -> Result<HashMap<Uuid, EventColumns>> {
    let mut events = HashMap::with_capacity(deliveries.len());
    for delivery in deliveries {
        if !events.contains_key(&delivery.event_id)
            && let Some(event) = select.query_row([delivery.event_id], read_event).optional()?
        {
            events.insert(delivery.event_id, event);
        }
    }
    Ok(events)
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
