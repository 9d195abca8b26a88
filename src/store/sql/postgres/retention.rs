//! Deleting what is too old on Postgres, many events by one transaction. Whoever opens one of their deliveries again at the same time
//! either comes first, and the event stays, or finds nothing any more.

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::column;
use crate::domain::clock::Timestamp;
use crate::domain::id::{DeliveryId, EventId};
use crate::domain::tenant::TenantName;
use crate::store::sql::columns::{EventColumns, attributes_of};
use crate::store::sql::engine::{PostgresEngine, Runner};
use crate::store::sql::failure::store_error;
use crate::store::{Deleted, Deletion, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

/// Events first, deliveries second, as everywhere. One that somebody holds is left for the next time.
const LOCK_EVENTS: &str = "SELECT id FROM events WHERE tenant = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR UPDATE SKIP LOCKED";

/// No delivery can be added to these events any more. The limit keeps the planner from joining instead of looking each up.
const DELIVERIES: &str = "SELECT d.id, d.event_id, d.state
FROM UNNEST($1::uuid[], $2::uuid[], $3::uuid[]) AS e (id, first, last)
CROSS JOIN LATERAL (
    SELECT id, event_id, state FROM deliveries WHERE id >= e.first AND id <= e.last AND event_id = e.id OFFSET 0
) d";

/// Those that have ended, and nobody is opening again.
const LOCK_DELIVERIES: &str = "SELECT id FROM deliveries
WHERE id = ANY ($1::uuid[]) AND state IN ('delivered', 'dead_lettered', 'cancelled') ORDER BY id FOR UPDATE SKIP LOCKED";

/// Dead letters that hold up their lines, or are still to be sent on. By state: a condition that an index of its own fulfils would lead
/// the planner there.
const HOLDING: &str = "SELECT delivery_id FROM ordered WHERE delivery_id = ANY ($1::uuid[])
UNION ALL SELECT delivery_id FROM forwards WHERE delivery_id = ANY ($1::uuid[]) AND state = 'pending'";

const DELETE_ATTEMPTS: &str = "DELETE FROM attempts WHERE delivery_id = ANY ($1::uuid[])";

const DELETE_DELIVERIES: &str = "DELETE FROM deliveries WHERE id = ANY ($1::uuid[])";

const DELETE_FORWARDS: &str = "DELETE FROM forwards WHERE delivery_id = ANY ($1::uuid[])";

const DELETE_LETTERS: &str = "DELETE FROM dead_letters WHERE tenant = $1 AND delivery_id = ANY ($2::uuid[])";

const DELETE_EVENTS: &str = "DELETE FROM events WHERE tenant = $1 AND id = ANY ($2::uuid[])";

/// With how much there is to read of each.
const LOCK_FULL: &str = "SELECT id, octet_length(body)::bigint FROM events
WHERE tenant = $1 AND id = ANY ($2::uuid[]) AND data_expired_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED";

/// What has to be read to tell attributes and data apart.
const FULL: &str = "SELECT id, tenant, accepted_at, traceparent, wire, attributes, body FROM events
WHERE tenant = $1 AND id = ANY ($2::uuid[])";

/// Bytes of bodies that are read at once, unless one alone is longer.
const PORTION: i64 = 8 * 1024 * 1024;

/// By identifiers in an array, as everywhere: a join would read whole partitions.
const EMPTY_EVENTS: &str = "UPDATE events SET wire = 'binary', body = ''::bytea, data_expired_at = $4,
    attributes = (SELECT n.attributes FROM UNNEST($2::uuid[], $3::text[]) AS n (id, attributes) WHERE n.id = events.id)
WHERE tenant = $1 AND id = ANY ($2::uuid[])";

const STILL_FULL: &str = "SELECT id FROM events WHERE tenant = $1 AND id = ANY ($2::uuid[]) AND data_expired_at IS NULL";

const SPEND_DELIVERIES: &str = "UPDATE deliveries SET is_spent = TRUE WHERE id = ANY ($1::uuid[])";

const SPEND_LETTERS: &str = "UPDATE dead_letters SET is_spent = TRUE WHERE tenant = $1 AND delivery_id = ANY ($2::uuid[])";

/// For who is about to open deliveries of these events.
const HOLD_EVENTS: &str = "SELECT id FROM events WHERE tenant = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR SHARE";

/// The statements of this module.
pub(super) const STATEMENTS: &[&str] = &[
    HOLD_EVENTS,
    LOCK_EVENTS,
    LOCK_FULL,
    FULL,
    EMPTY_EVENTS,
    STILL_FULL,
    SPEND_DELIVERIES,
    SPEND_LETTERS,
    DELIVERIES,
    LOCK_DELIVERIES,
    HOLDING,
    DELETE_ATTEMPTS,
    DELETE_DELIVERIES,
    DELETE_FORWARDS,
    DELETE_LETTERS,
    DELETE_EVENTS,
];

/// Deletes those of the events of which nothing is left to do.
pub(in crate::store::sql) async fn delete_events(
    engine: &PostgresEngine,
    tenant: &TenantName,
    ids: &[EventId],
) -> Result<Deletion> {
    let mut transaction = engine.begin().await.map_err(store_error)?;
    let wanted: Vec<Uuid> = column(ids, |id| id.as_uuid());
    let locked = uuids(&mut transaction, sqlx::query(LOCK_EVENTS).bind(tenant.as_str()).bind(&wanted)).await?;
    let (events, gone) = ended(&mut transaction, &locked).await?;
    let deleted = Deleted {
        attempts: run(&mut transaction, sqlx::query(DELETE_ATTEMPTS).bind(&gone)).await?,
        deliveries: run(&mut transaction, sqlx::query(DELETE_DELIVERIES).bind(&gone)).await?,
        dead_letters: run(&mut transaction, sqlx::query(DELETE_LETTERS).bind(tenant.as_str()).bind(&gone)).await?,
        events: run(&mut transaction, sqlx::query(DELETE_EVENTS).bind(tenant.as_str()).bind(&events)).await?,
        emptied: 0,
    };
    run(&mut transaction, sqlx::query(DELETE_FORWARDS).bind(&gone)).await?;
    transaction.commit().await.map_err(store_error)?;
    let events: HashSet<Uuid> = events.into_iter().collect();
    let kept = ids.iter().filter(|id| !events.contains(&id.as_uuid())).copied().collect();
    Ok(Deletion { deleted, kept })
}

/// Empties those of the events of which nothing is left to do.
pub(in crate::store::sql) async fn expire_data(
    engine: &PostgresEngine,
    tenant: &TenantName,
    ids: &[EventId],
    now: Timestamp,
) -> Result<Deletion> {
    let mut transaction = engine.begin().await.map_err(store_error)?;
    let full = attributes(&mut transaction, tenant, ids).await?;
    let (events, spent) = ended(&mut transaction, &full.keys().copied().collect::<Vec<_>>()).await?;
    let attributes = column(&events, |id| full.get(id).map(String::as_str));
    let query = sqlx::query(EMPTY_EVENTS).bind(tenant.as_str()).bind(&events).bind(attributes).bind(now.as_micros());
    let deleted = Deleted { emptied: run(&mut transaction, query).await?, ..Deleted::default() };
    run(&mut transaction, sqlx::query(SPEND_DELIVERIES).bind(&spent)).await?;
    run(&mut transaction, sqlx::query(SPEND_LETTERS).bind(tenant.as_str()).bind(&spent)).await?;
    // Those with something open, and those that somebody holds at this moment.
    let query = sqlx::query(STILL_FULL).bind(tenant.as_str()).bind(column(ids, |id| id.as_uuid()));
    let kept = uuids(&mut transaction, query).await?.into_iter().map(EventId::from_uuid).collect();
    transaction.commit().await.map_err(store_error)?;
    Ok(Deletion { deleted, kept })
}

/// Locks those of the events that have their data, and reads what is left of each without it, some mebibytes at a time.
async fn attributes(runner: &mut impl Runner, tenant: &TenantName, ids: &[EventId]) -> Result<BTreeMap<Uuid, String>> {
    let query = sqlx::query(LOCK_FULL).bind(tenant.as_str()).bind(column(ids, |id| id.as_uuid()));
    let rows = runner.rows(query).await.map_err(store_error)?;
    let read = |row: &PgRow| Ok((row.try_get(0)?, row.try_get(1)?));
    let sizes: Vec<(Uuid, i64)> = rows.iter().map(read).collect::<std::result::Result<_, _>>().map_err(store_error)?;
    let mut bytes = 0;
    let fits = |(_, before): &(Uuid, i64), (_, size): &(Uuid, i64)| {
        bytes += before;
        let fits = bytes + size <= PORTION;
        if !fits {
            bytes = 0;
        }
        fits
    };
    let mut attributes = BTreeMap::new();
    for portion in sizes.chunk_by(fits) {
        let query = sqlx::query(FULL).bind(tenant.as_str()).bind(column(portion, |(id, _)| *id));
        for row in runner.rows(query).await.map_err(store_error)? {
            let columns = event_columns(&row).map_err(store_error)?;
            let id = columns.id;
            attributes.extend(attributes_of(columns).map(|kept| (id, kept)));
        }
    }
    Ok(attributes)
}

fn event_columns(row: &PgRow) -> std::result::Result<EventColumns, sqlx::Error> {
    Ok(EventColumns {
        id: row.try_get(0)?,
        tenant: row.try_get(1)?,
        accepted_at: row.try_get(2)?,
        traceparent: row.try_get(3)?,
        wire: row.try_get(4)?,
        attributes: row.try_get(5)?,
        body: row.try_get(6)?,
    })
}

/// Those of these events, which are locked, of which nothing is left to do, and their deliveries, which are locked too.
async fn ended(runner: &mut impl Runner, locked: &[Uuid]) -> Result<(Vec<Uuid>, Vec<Uuid>)> {
    let deliveries = deliveries(runner, locked).await?;
    let all: Vec<Uuid> = deliveries.keys().copied().collect();
    let ended: HashSet<Uuid> = uuids(runner, sqlx::query(LOCK_DELIVERIES).bind(&all)).await?.into_iter().collect();
    let holding: HashSet<Uuid> = uuids(runner, sqlx::query(HOLDING).bind(&all)).await?.into_iter().collect();
    let is_open = |id: &Uuid| !ended.contains(id) || holding.contains(id);
    let open: HashSet<Uuid> = deliveries.iter().filter(|(id, _)| is_open(id)).map(|(_, event)| *event).collect();
    let events = locked.iter().filter(|id| !open.contains(id)).copied().collect();
    Ok((events, deliveries.iter().filter(|(_, event)| !open.contains(event)).map(|(id, _)| *id).collect()))
}

/// Keeps events from being deleted until the transaction ends.
pub(in crate::store::sql) async fn lock_events(runner: &mut impl Runner, tenant: &TenantName, ids: &[Uuid]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    runner.run(sqlx::query(HOLD_EVENTS).bind(tenant.as_str()).bind(ids)).await.map(|_| ()).map_err(store_error)
}

type Statement<'q> = super::Statement<'q>;

async fn uuids(runner: &mut impl Runner, query: Statement<'_>) -> Result<Vec<Uuid>> {
    let rows = runner.rows(query).await.map_err(store_error)?;
    rows.iter().map(|row| row.try_get(0)).collect::<std::result::Result<_, _>>().map_err(store_error)
}

async fn run(runner: &mut impl Runner, query: Statement<'_>) -> Result<u64> {
    runner.run(query).await.map_err(store_error)
}

/// The deliveries of these events, each with its event.
async fn deliveries(runner: &mut impl Runner, events: &[Uuid]) -> Result<HashMap<Uuid, Uuid>> {
    let ranges = column(events, |id| DeliveryId::range_of(EventId::from_uuid(*id)));
    let query = sqlx::query(DELIVERIES)
        .bind(events)
        .bind(column(&ranges, |(first, _)| first.as_uuid()))
        .bind(column(&ranges, |(_, last)| last.as_uuid()));
    let rows = runner.rows(query).await.map_err(store_error)?;
    let read = |row: &PgRow| Ok((row.try_get(0)?, row.try_get(1)?));
    rows.iter().map(read).collect::<std::result::Result<_, sqlx::Error>>().map_err(store_error)
}
