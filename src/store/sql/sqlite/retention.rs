//! Deleting what is too old on SQLite, event by event along the tables' order, within one small transaction. Pages that become free
//! are used again by what is accepted next, so that the file stays as large as it was.

use rusqlite::{Connection, OptionalExtension, Result, params};
use uuid::Uuid;

use super::writer::Session;
use crate::domain::event::key_digest;
use crate::domain::id::{DeliveryId, EventId};
use crate::store::sql::columns::{EventColumns, attributes_of};
use crate::store::{Deleted, Deletion};

const FIND: &str = "SELECT number, source, event_id FROM events WHERE tenant = ?1 AND id = ?2";

const DELIVERIES: &str = "SELECT id, state FROM deliveries WHERE id >= ?1 AND id <= ?2 AND event_id = ?3";

/// Whether there are lines and forwards at all: where there are none, as a rule, no delivery need be looked up there.
const BESIDE: &str =
    "SELECT EXISTS (SELECT 1 FROM ordered WHERE key >= x''), EXISTS (SELECT 1 FROM forwards WHERE delivery_id >= x'')";

/// A dead letter that holds up its line, or is still to be sent on.
const HOLDS: &str = "SELECT EXISTS (SELECT 1 FROM ordered WHERE delivery_id = ?1)
    OR EXISTS (SELECT 1 FROM forwards WHERE delivery_id = ?1 AND due_at IS NOT NULL)";

const DELETE_ATTEMPTS: &str = "DELETE FROM attempts WHERE delivery_id = ?1";

const DELETE_DELIVERY: &str = "DELETE FROM deliveries WHERE id = ?1";

const DELETE_LETTER: &str = "DELETE FROM dead_letters WHERE tenant = ?1 AND delivery_id = ?2";

const DELETE_FORWARD: &str = "DELETE FROM forwards WHERE delivery_id = ?1";

const DELETE_EVENT: &str = "DELETE FROM events WHERE number = ?1";

const FIND_FULL: &str = "SELECT number, accepted_at, traceparent, wire, attributes, body FROM events
    WHERE tenant = ?1 AND id = ?2 AND data_expired_at IS NULL";

const EMPTY_EVENT: &str =
    "UPDATE events SET wire = 'binary', attributes = ?2, body = x'', data_expired_at = ?3 WHERE number = ?1";

const SPEND_DELIVERY: &str = "UPDATE deliveries SET is_spent = TRUE WHERE id = ?1";

const SPEND_LETTER: &str = "UPDATE dead_letters SET is_spent = TRUE WHERE tenant = ?1 AND delivery_id = ?2";

/// The statements of this module.
pub(super) const STATEMENTS: &[&str] = &[
    FIND,
    DELIVERIES,
    BESIDE,
    HOLDS,
    DELETE_ATTEMPTS,
    DELETE_DELIVERY,
    DELETE_LETTER,
    DELETE_FORWARD,
    DELETE_EVENT,
    FIND_FULL,
    EMPTY_EVENT,
    SPEND_DELIVERY,
    SPEND_LETTER,
];

/// Deletes those of the events of which nothing is left to do.
pub(super) fn delete(session: &mut Session, tenant: &str, ids: &[EventId], keys_since: i64) -> Result<Deletion> {
    let mut deletion = Deletion::default();
    let beside = Beside::look(&session.connection)?;
    for &id in ids {
        let found = session.connection.prepare_cached(FIND)?.query_row(params![tenant, id.as_uuid()], |row| {
            let digest = key_digest(tenant, row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?);
            Ok((row.get::<_, i64>(0)?, digest))
        });
        let Some((number, key)) = found.optional()? else { continue };
        let Some(deliveries) = ended(&session.connection, id, beside)? else {
            deletion.kept.push(id);
            continue;
        };
        // Where its key stands in memory only, the event's row stood for it.
        session.keys.detach(&session.connection, key, id.as_uuid(), keys_since)?;
        for delivery in &deliveries {
            delivery.delete(&session.connection, tenant, beside, &mut deletion.deleted)?;
        }
        session.connection.prepare_cached(DELETE_EVENT)?.execute([number])?;
        deletion.deleted.events += 1;
    }
    Ok(deletion)
}

/// Empties those of the events of which nothing is left to do.
pub(super) fn expire_data(connection: &Connection, tenant: &str, ids: &[EventId], now: i64) -> Result<Deletion> {
    let mut deletion = Deletion::default();
    let beside = Beside::look(connection)?;
    for &id in ids {
        let found = connection.prepare_cached(FIND_FULL)?.query_row(params![tenant, id.as_uuid()], |row| {
            let columns = EventColumns {
                id: id.as_uuid(),
                tenant: tenant.to_owned(),
                accepted_at: row.get(1)?,
                traceparent: row.get(2)?,
                wire: row.get(3)?,
                attributes: row.get(4)?,
                body: row.get(5)?,
            };
            Ok((row.get::<_, i64>(0)?, columns))
        });
        let Some((number, columns)) = found.optional()? else { continue };
        let (Some(deliveries), Some(attributes)) = (ended(connection, id, beside)?, attributes_of(columns)) else {
            deletion.kept.push(id);
            continue;
        };
        for delivery in &deliveries {
            connection.prepare_cached(SPEND_DELIVERY)?.execute([delivery.id])?;
            if delivery.state == "dead_lettered" {
                connection.prepare_cached(SPEND_LETTER)?.execute(params![tenant, delivery.id])?;
            }
        }
        connection.prepare_cached(EMPTY_EVENT)?.execute(params![number, attributes, now])?;
        deletion.deleted.emptied += 1;
    }
    Ok(deletion)
}

/// The deliveries of an event; none if one of them has not ended, or holds up something.
fn ended(connection: &Connection, event: EventId, beside: Beside) -> Result<Option<Vec<Delivery>>> {
    let deliveries = deliveries(connection, event)?;
    for delivery in &deliveries {
        if delivery.is_open(connection, beside)? {
            return Ok(None);
        }
    }
    Ok(Some(deliveries))
}

/// What there is beside deliveries, within this transaction.
#[derive(Debug, Clone, Copy)]
struct Beside {
    lines: bool,
    forwards: bool,
}

impl Beside {
    fn look(connection: &Connection) -> Result<Self> {
        let read = |row: &rusqlite::Row<'_>| Ok(Self { lines: row.get(0)?, forwards: row.get(1)? });
        connection.prepare_cached(BESIDE)?.query_row([], read)
    }
}

struct Delivery {
    id: Uuid,
    state: String,
}

fn deliveries(connection: &Connection, event: EventId) -> Result<Vec<Delivery>> {
    let (first, last) = DeliveryId::range_of(event);
    let mut select = connection.prepare_cached(DELIVERIES)?;
    let read = |row: &rusqlite::Row<'_>| Ok(Delivery { id: row.get(0)?, state: row.get(1)? });
    select.query_map(params![first.as_uuid(), last.as_uuid(), event.as_uuid()], read)?.collect()
}

impl Delivery {
    fn is_open(&self, connection: &Connection, beside: Beside) -> Result<bool> {
        if matches!(self.state.as_str(), "pending" | "in_flight") {
            return Ok(true);
        }
        if !beside.lines && !beside.forwards {
            return Ok(false);
        }
        connection.prepare_cached(HOLDS)?.query_row([self.id], |row| row.get(0))
    }

    fn delete(&self, connection: &Connection, tenant: &str, beside: Beside, deleted: &mut Deleted) -> Result<()> {
        deleted.attempts += connection.prepare_cached(DELETE_ATTEMPTS)?.execute([self.id])? as u64;
        deleted.deliveries += connection.prepare_cached(DELETE_DELIVERY)?.execute([self.id])? as u64;
        if beside.forwards {
            // A forward outlives the death it was of, if the delivery was opened again.
            connection.prepare_cached(DELETE_FORWARD)?.execute([self.id])?;
        }
        if self.state == "dead_lettered" {
            deleted.dead_letters += connection.prepare_cached(DELETE_LETTER)?.execute(params![tenant, self.id])? as u64;
        }
        Ok(())
    }
}
