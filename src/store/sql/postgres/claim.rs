//! Claiming due deliveries on Postgres.

use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::store::sql::claimed::{Claimed, Rows};
use crate::store::sql::columns::EventColumns;
use crate::store::sql::engine::PostgresEngine;
use crate::store::sql::failure::store_error;
use crate::store::{Claim, StoreError};

/// Places in the queue are locked lane by lane and found again by where they lie; deliveries by identifier, from an array, since a
/// join would read all of them. One that is not pending any more left its place behind, and only the place goes. An event is sent
/// with the first of its deliveries only.
const CLAIM: &str = "WITH due AS MATERIALIZED (
    SELECT waiting.place, waiting.delivery_id, waiting.due_at, lane.number
    FROM UNNEST($1::uuid[], $2::bigint[]) WITH ORDINALITY AS lane (subscription_id, room, number)
    CROSS JOIN LATERAL (
        SELECT q.ctid AS place, q.delivery_id, q.due_at FROM queue q
        WHERE q.subscription_id = lane.subscription_id AND q.due_at <= $3
        ORDER BY q.due_at, q.delivery_id LIMIT lane.room FOR UPDATE SKIP LOCKED
    ) waiting
), dequeued AS (
    DELETE FROM queue WHERE ctid = ANY (ARRAY(SELECT place FROM due))
), taken AS (
    UPDATE deliveries
    SET state = 'in_flight', lease_owner = $4, lease_token = lease_token + 1, next_attempt_at = NULL
    WHERE id = ANY (ARRAY(SELECT delivery_id FROM due)) AND state = 'pending'
    RETURNING id, tenant, event_id, subscription_id, lease_token, attempt_count, budget_attempt_count,
      is_reopened, replay_job_id
), held AS (
    INSERT INTO leases (node_id, id, deliveries)
    SELECT $4, $5, string_agg(uuid_send(id), ''::bytea) FROM taken HAVING COUNT(*) > 0
), leased AS (
    SELECT taken.*, due.number, due.due_at, row_number() OVER (PARTITION BY taken.event_id) AS nth
    FROM taken JOIN due ON due.delivery_id = taken.id
)
SELECT leased.id, leased.event_id, leased.subscription_id, leased.lease_token, leased.attempt_count, leased.budget_attempt_count,
    e.tenant, e.accepted_at, e.traceparent, e.wire, e.attributes, e.body, leased.is_reopened, leased.replay_job_id
FROM leased LEFT JOIN LATERAL (
    SELECT tenant, accepted_at, traceparent, wire, attributes, body FROM events
    WHERE tenant = leased.tenant AND id = leased.event_id AND leased.nth = 1 OFFSET 0
) e ON TRUE
ORDER BY leased.number, leased.due_at, leased.id";

/// The statements of this module.
pub(super) const STATEMENTS: &[&str] = &[CLAIM];

/// Leases due deliveries and reads their events.
pub(in crate::store::sql) async fn claim(engine: &PostgresEngine, claim: &Claim, lease: Uuid) -> Result<Rows, StoreError> {
    let lanes: Vec<_> = claim.lanes.iter().map(|(id, _)| id.as_uuid()).collect();
    let rooms: Vec<_> = claim.lanes.iter().map(|&(_, room)| i64::from(room)).collect();
    let query = sqlx::query(CLAIM).bind(lanes).bind(rooms).bind(claim.now.as_micros());
    let query = query.bind(claim.node.as_uuid()).bind(lease);
    let found = engine.fetch_all(query).await.map_err(store_error)?;
    let mut rows = Rows::default();
    for row in &found {
        rows.deliveries.push(delivery(row).map_err(store_error)?);
        if let Some(event) = event(row).map_err(store_error)? {
            rows.events.insert(event.id, event);
        }
    }
    Ok(rows)
}

fn delivery(row: &PgRow) -> Result<Claimed, sqlx::Error> {
    Ok(Claimed {
        id: row.try_get(0)?,
        event_id: row.try_get(1)?,
        subscription_id: row.try_get(2)?,
        token: row.try_get(3)?,
        attempt_count: counter(row, 4)?,
        budget_attempt_count: counter(row, 5)?,
        is_reopened: row.try_get(12)?,
        replay_job_id: row.try_get(13)?,
    })
}

fn counter(row: &PgRow, column: usize) -> Result<u32, sqlx::Error> {
    u32::try_from(row.try_get::<i64, _>(column)?).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// The event of a row, if it came with this one.
fn event(row: &PgRow) -> Result<Option<EventColumns>, sqlx::Error> {
    let Some(tenant) = row.try_get(6)? else { return Ok(None) };
    Ok(Some(EventColumns {
        id: row.try_get(1)?,
        tenant,
        accepted_at: row.try_get(7)?,
        traceparent: row.try_get(8)?,
        wire: row.try_get(9)?,
        attributes: row.try_get(10)?,
        body: row.try_get(11)?,
    }))
}
