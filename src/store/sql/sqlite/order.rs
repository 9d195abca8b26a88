//! Lines of ordered deliveries on SQLite, which has one writer: nothing is to be locked.

use rusqlite::{Connection, OptionalExtension, Result, params};
use uuid::Uuid;

use super::queue::ENQUEUE;
use crate::domain::delivery::DeadReason;
use crate::domain::subscription::{OrderKey, Spec};
use crate::store::sql::columns::ReportRow;
use crate::store::sql::order::PARKED;
use crate::store::{Lease, NewDelivery};

const TAKE: &str = "INSERT INTO order_keys (key, last_position) VALUES (?1, 1)
    ON CONFLICT (key) DO UPDATE SET last_position = last_position + 1 RETURNING last_position";

const IS_EMPTY: &str = "SELECT NOT EXISTS (SELECT 1 FROM ordered WHERE key = ?1)";

const JOIN: &str = "INSERT INTO ordered (key, position, subscription_id, delivery_id, due_at, is_blocking)
    VALUES (?1, ?2, ?3, ?4, ?5, FALSE)";

const PLACE: &str = "SELECT key, subscription_id FROM ordered WHERE delivery_id = ?1";

const POLICY: &str = "SELECT spec FROM subscriptions WHERE id = ?1 AND deleted_at IS NULL AND status <> 'disabled'";

const BLOCK: &str = "UPDATE ordered SET is_blocking = TRUE WHERE delivery_id = ?1";

const LEAVE: &str = "DELETE FROM ordered WHERE delivery_id = ?1";

const FIRST: &str = "SELECT delivery_id, subscription_id, due_at FROM ordered WHERE key = ?1 ORDER BY position LIMIT 1";

const FORGET: &str = "DELETE FROM order_keys WHERE key = ?1";

const FREE: &str = "UPDATE deliveries SET next_attempt_at = ?2 WHERE id = ?1 AND state = 'pending' AND next_attempt_at = ?3";

const UNPARK: &str = "DELETE FROM queue WHERE subscription_id = ?1 AND due_at = ?2 AND delivery_id = ?3";

/// The statements of this module.
pub(super) const STATEMENTS: &[&str] = &[TAKE, IS_EMPTY, JOIN, PLACE, POLICY, BLOCK, LEAVE, FIRST, FORGET, FREE, UNPARK];

/// Gives a new delivery, which was written as a parked one, the last place in its line; the first one is due.
pub(super) fn join(connection: &Connection, key: OrderKey, due_at: i64, delivery: &NewDelivery) -> Result<()> {
    // Read to its end, or the statement stays open.
    let positions = connection.prepare_cached(TAKE)?.query_map([key], |row| row.get(0))?.collect::<Result<Vec<i64>>>()?;
    let is_first: bool = connection.prepare_cached(IS_EMPTY)?.query_row([key], |row| row.get(0))?;
    let (lane, id, parked) = (delivery.subscription_id.as_uuid(), delivery.id.as_uuid(), PARKED.as_micros());
    connection.prepare_cached(JOIN)?.execute(params![key, positions.first(), lane, id, due_at])?;
    if is_first {
        connection.prepare_cached(FREE)?.execute(params![id, due_at, parked])?;
    }
    connection.prepare_cached(ENQUEUE)?.execute(params![lane, if is_first { due_at } else { parked }, id])?;
    Ok(())
}

/// Takes a delivery that ended out of its line, if it stands in one, or lets it block the others.
pub(super) fn ended(connection: &Connection, row: &ReportRow) -> Result<()> {
    if row.token < Lease::BASE_IN_LINE {
        return Ok(());
    }
    let place = connection.prepare_cached(PLACE)?.query_row([row.delivery_id], |row| Ok((row.get(0)?, row.get(1)?)));
    let Some((key, owner)) = place.optional()? else { return Ok(()) };
    let has_failed = row.ending.reason.and_then(DeadReason::parse).is_some_and(DeadReason::is_failure);
    if has_failed && is_strict(connection, owner)? {
        connection.prepare_cached(BLOCK)?.execute([row.delivery_id])?;
        return Ok(());
    }
    connection.prepare_cached(LEAVE)?.execute([row.delivery_id])?;
    go_on(connection, key)
}

/// Whether the keys of a subscription wait after a failure.
fn is_strict(connection: &Connection, id: Uuid) -> Result<bool> {
    let spec: Option<String> = connection.prepare_cached(POLICY)?.query_row([id], |row| row.get(0)).optional()?;
    let spec = spec.and_then(|spec| serde_json::from_str::<Spec>(&spec).ok());
    Ok(spec.is_some_and(|spec| spec.config.ordering.blocks()))
}

/// Makes due who is first in a line.
fn go_on(connection: &Connection, key: Uuid) -> Result<()> {
    let first = connection.prepare_cached(FIRST)?.query_row([key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let Some((id, lane, due_at)): Option<(Uuid, Uuid, i64)> = first.optional()? else {
        connection.prepare_cached(FORGET)?.execute([key])?;
        return Ok(());
    };
    let parked = PARKED.as_micros();
    if connection.prepare_cached(FREE)?.execute(params![id, due_at, parked])? > 0 {
        connection.prepare_cached(UNPARK)?.execute(params![lane, parked, id])?;
        connection.prepare_cached(ENQUEUE)?.execute(params![lane, due_at, id])?;
    }
    Ok(())
}
