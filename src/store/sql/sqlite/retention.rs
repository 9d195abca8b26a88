//! Deleting what is too old on SQLite, within one small transaction. Pages that become free are used again by what is accepted next,
//! so that the file stays as large as it was.
//!
//! Events that were accepted one after the other go together: one statement for all of them, one for their deliveries, one for the
//! attempts. Where those of several tenants lie between each other, there are more statements, of fewer rows.

use rusqlite::{Connection, OptionalExtension, Result, params};
use uuid::Uuid;

use super::writer::Session;
use crate::domain::event::key_digest;
use crate::domain::id::{DeliveryId, EventId};
use crate::domain::map::Set;
use crate::store::sql::columns::{EventColumns, attributes_of};
use crate::store::{Deleted, Deletion};

/// Reads nothing but the index.
const FIND: &str = "SELECT id, number FROM events WHERE tenant = ?1 AND id >= ?2 AND id <= ?3";

const FIND_WITH_KEYS: &str = "SELECT id, number, source, event_id FROM events WHERE tenant = ?1 AND id >= ?2 AND id <= ?3";

const DELIVERIES: &str = "SELECT id, event_id, state FROM deliveries WHERE id >= ?1 AND id <= ?2 ORDER BY id";

/// Whether there are lines and forwards at all: where there are none, as a rule, no delivery need be looked up there.
const BESIDE: &str =
    "SELECT EXISTS (SELECT 1 FROM ordered WHERE key >= x''), EXISTS (SELECT 1 FROM forwards WHERE delivery_id >= x'')";

/// A dead letter that holds up its line, or is still to be sent on.
const HOLDS: &str = "SELECT EXISTS (SELECT 1 FROM ordered WHERE delivery_id = ?1)
    OR EXISTS (SELECT 1 FROM forwards WHERE delivery_id = ?1 AND due_at IS NOT NULL)";

const DELETE_ATTEMPTS: &str = "DELETE FROM attempts WHERE delivery_id >= ?1 AND delivery_id <= ?2";

const DELETE_DELIVERIES: &str = "DELETE FROM deliveries WHERE id >= ?1 AND id <= ?2";

/// A forward outlives the death it was of, if the delivery was opened again.
const DELETE_FORWARDS: &str = "DELETE FROM forwards WHERE delivery_id >= ?1 AND delivery_id <= ?2";

const DELETE_LETTER: &str = "DELETE FROM dead_letters WHERE tenant = ?1 AND delivery_id = ?2";

const DELETE_EVENTS: &str = "DELETE FROM events WHERE number >= ?1 AND number <= ?2";

const FIND_FULL: &str = "SELECT number, accepted_at, traceparent, wire, attributes, body FROM events
    WHERE tenant = ?1 AND id = ?2 AND data_expired_at IS NULL";

const EMPTY_EVENT: &str =
    "UPDATE events SET wire = 'binary', attributes = ?2, body = x'', data_expired_at = ?3 WHERE number = ?1";

const SPEND_DELIVERY: &str = "UPDATE deliveries SET is_spent = TRUE WHERE id = ?1";

const SPEND_LETTER: &str = "UPDATE dead_letters SET is_spent = TRUE WHERE tenant = ?1 AND delivery_id = ?2";

/// The statements of this module.
pub(super) const STATEMENTS: &[&str] = &[
    FIND,
    FIND_WITH_KEYS,
    DELIVERIES,
    BESIDE,
    HOLDS,
    DELETE_ATTEMPTS,
    DELETE_DELIVERIES,
    DELETE_FORWARDS,
    DELETE_LETTER,
    DELETE_EVENTS,
    FIND_FULL,
    EMPTY_EVENT,
    SPEND_DELIVERY,
    SPEND_LETTER,
];

/// Deletes those of the events of which nothing is left to do. Where a moment is given, keys taken since then outlive them.
pub(super) fn delete(session: &mut Session, tenant: &str, ids: &[EventId], keys_since: Option<i64>) -> Result<Deletion> {
    let Session { connection, keys } = session;
    let mut deletion = Deletion::default();
    // Numbers only grow: what the newest event's is has to be known before it may go.
    keys.load(connection)?;
    let beside = Beside::look(connection)?;
    for neighbours in find(connection, tenant, ids, keys_since.is_some())?.chunk_by(|one, next| one.number + 1 == next.number) {
        let deliveries = deliveries_of(connection, neighbours)?;
        let mut goes: Set<Uuid> = neighbours.iter().map(|old| old.id.as_uuid()).collect();
        for delivery in &deliveries {
            if goes.contains(&delivery.event_id) && delivery.is_open(connection, beside)? {
                goes.remove(&delivery.event_id);
            }
        }
        let is_going = |old: &Old| goes.contains(&old.id.as_uuid());
        deletion.kept.extend(neighbours.iter().filter(|old| !is_going(old)).map(|old| old.id));
        for old in neighbours.iter().filter(|old| is_going(old)) {
            if let Some((key, since)) = old.key.zip(keys_since) {
                // Where it stands in memory only, the event's row stood for it.
                keys.detach(connection, key, old.id.as_uuid(), since)?;
            }
        }
        // Deliveries of others may lie between them: identifiers of the same moment are in no order.
        for some in runs(&deliveries, |delivery| goes.contains(&delivery.event_id)) {
            delete_deliveries(connection, tenant, some, beside, &mut deletion.deleted)?;
        }
        for some in runs(neighbours, is_going) {
            let (first, last) = (some[0].number, some[some.len() - 1].number);
            deletion.deleted.events += connection.prepare_cached(DELETE_EVENTS)?.execute([first, last])? as u64;
        }
    }
    Ok(deletion)
}

/// Those that follow each other and are all wanted, never empty.
fn runs<T>(all: &[T], is_wanted: impl Fn(&T) -> bool + Copy) -> impl Iterator<Item = &[T]> {
    all.chunk_by(move |one, next| is_wanted(one) == is_wanted(next)).filter(move |run| is_wanted(&run[0]))
}

fn delete_deliveries(
    connection: &Connection,
    tenant: &str,
    deliveries: &[Delivery],
    beside: Beside,
    deleted: &mut Deleted,
) -> Result<()> {
    let range = [deliveries[0].id, deliveries[deliveries.len() - 1].id];
    deleted.attempts += connection.prepare_cached(DELETE_ATTEMPTS)?.execute(range)? as u64;
    deleted.deliveries += connection.prepare_cached(DELETE_DELIVERIES)?.execute(range)? as u64;
    if beside.forwards {
        connection.prepare_cached(DELETE_FORWARDS)?.execute(range)?;
    }
    for dead in deliveries.iter().filter(|delivery| delivery.state == State::Dead) {
        deleted.dead_letters += connection.prepare_cached(DELETE_LETTER)?.execute(params![tenant, dead.id])? as u64;
    }
    Ok(())
}

/// An event that is too old.
struct Old {
    number: i64,
    id: EventId,
    /// Only where it may have to outlive the event.
    key: Option<[u8; 16]>,
}

/// Those of the events that are there, in the order of accepting. They are old together, so that few others lie between them.
fn find(connection: &Connection, tenant: &str, ids: &[EventId], with_keys: bool) -> Result<Vec<Old>> {
    let (Some(&first), Some(&last)) = (ids.iter().min(), ids.iter().max()) else { return Ok(Vec::new()) };
    let wanted: Set<EventId> = ids.iter().copied().collect();
    let mut select = connection.prepare_cached(if with_keys { FIND_WITH_KEYS } else { FIND })?;
    let mut rows = select.query(params![tenant, first.as_uuid(), last.as_uuid()])?;
    let mut found = Vec::with_capacity(ids.len());
    while let Some(row) = rows.next()? {
        let id = EventId::from_uuid(row.get(0)?);
        if wanted.contains(&id) {
            let text = |column| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
            let key = with_keys.then(|| Ok::<_, rusqlite::Error>(key_digest(tenant, text(2)?, text(3)?))).transpose()?;
            found.push(Old { number: row.get(1)?, id, key });
        }
    }
    found.sort_unstable_by_key(|old| old.number);
    Ok(found)
}

/// The deliveries of neighbours, and whatever lies between them.
fn deliveries_of(connection: &Connection, neighbours: &[Old]) -> Result<Vec<Delivery>> {
    let ids = || neighbours.iter().map(|old| old.id);
    let (Some(first), Some(last)) = (ids().min(), ids().max()) else { return Ok(Vec::new()) };
    deliveries(connection, DeliveryId::range_of(first).0, DeliveryId::range_of(last).1)
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
            if delivery.state == State::Dead {
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
    let (first, last) = DeliveryId::range_of(event);
    let mut deliveries = deliveries(connection, first, last)?;
    deliveries.retain(|delivery| delivery.event_id == event.as_uuid());
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
    event_id: Uuid,
    state: State,
}

/// As far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Dead,
    Ended,
}

fn deliveries(connection: &Connection, first: DeliveryId, last: DeliveryId) -> Result<Vec<Delivery>> {
    let mut select = connection.prepare_cached(DELIVERIES)?;
    let read = |row: &rusqlite::Row<'_>| {
        let state = match row.get_ref(2)?.as_str()? {
            "pending" | "in_flight" => State::Open,
            "dead_lettered" => State::Dead,
            _ => State::Ended,
        };
        Ok(Delivery { id: row.get(0)?, event_id: row.get(1)?, state })
    };
    select.query_map(params![first.as_uuid(), last.as_uuid()], read)?.collect()
}

impl Delivery {
    /// Whether it has not ended, or holds up something.
    fn is_open(&self, connection: &Connection, beside: Beside) -> Result<bool> {
        if self.state == State::Open {
            return Ok(true);
        }
        if !beside.lines && !beside.forwards {
            return Ok(false);
        }
        connection.prepare_cached(HOLDS)?.query_row([self.id], |row| row.get(0))
    }
}
