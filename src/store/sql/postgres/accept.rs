//! Accepting a batch on Postgres: one statement, unless a submission came with a replay digest or a delivery is to stand in line.

use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::{ROW, Statement, column, order, roomy};
use crate::domain::id::EventId;
use crate::domain::map::{Map, Set};
use crate::store::sql::columns::wire_word;
use crate::store::sql::engine::{PostgresEngine, Runner};
use crate::store::sql::failure::store_error;
use crate::store::sql::outbox::packed_leases;
use crate::store::{AcceptBatch, Accepting, Placement, Settled, StoreError, Submission, SubmissionResult};

/// Everything at once, and nothing at all if the routing version is another. A key that is known answers with its first event,
/// an expired one becomes the new event's; either way it is returned, so that the answer needs no second look. Keys go in by
/// order, lest two nodes wait for each other's. The fence `IS TRUE` keeps the planner from joining instead of hashing.
const ACCEPT: &str = "WITH current AS MATERIALIZED (SELECT version FROM routing WHERE id = 1),
settled AS (
    INSERT INTO event_keys AS known (key, event_id, accepted_at)
    SELECT k.key, k.event_id, $2 FROM UNNEST($4::uuid[], $5::uuid[]) AS k (key, event_id)
    WHERE (SELECT version FROM current) = $1
    ORDER BY k.key
    ON CONFLICT (key) DO UPDATE SET
        event_id = CASE WHEN known.accepted_at < $3 THEN excluded.event_id ELSE known.event_id END,
        accepted_at = CASE WHEN known.accepted_at < $3 THEN excluded.accepted_at ELSE known.accepted_at END
    RETURNING key, event_id
), new_events AS (
    INSERT INTO events (id, tenant, accepted_at, event_id, source, type, subject, time, traceparent, wire, attributes, body,
        routing_version)
    SELECT e.*, $1 FROM UNNEST($6::uuid[], $7::text[], $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
        $14::text[], $15::text[], $16::text[], $17::bytea[])
        AS e (id, tenant, accepted_at, event_id, source, type, subject, time, traceparent, wire, attributes, body)
    WHERE (e.id IN (SELECT event_id FROM settled)) IS TRUE
), new_deliveries AS (
    INSERT INTO deliveries (id, tenant, event_id, subscription_id, state, attempt_count, budget_attempt_count, next_attempt_at,
        lease_owner, lease_token, created_at)
    SELECT d.id, d.tenant, d.event_id, d.subscription_id, CASE WHEN d.due IS NULL THEN 'in_flight' ELSE 'pending' END, 0, 0, d.due,
        CASE WHEN d.due IS NULL THEN $24::uuid END, CASE WHEN d.due IS NULL THEN 1 ELSE 0 END, d.created_at
    FROM UNNEST($18::uuid[], $19::text[], $20::uuid[], $21::uuid[], $22::bigint[], $23::bigint[])
        AS d (id, tenant, event_id, subscription_id, due, created_at)
    WHERE (d.event_id IN (SELECT event_id FROM settled)) IS TRUE
), queued AS (
    INSERT INTO queue (subscription_id, due_at, delivery_id)
    SELECT d.subscription_id, d.due, d.id
    FROM UNNEST($18::uuid[], $20::uuid[], $21::uuid[], $22::bigint[]) AS d (id, event_id, subscription_id, due)
    WHERE d.due IS NOT NULL AND (d.event_id IN (SELECT event_id FROM settled)) IS TRUE
), leased AS (
    INSERT INTO leases (node_id, id, deliveries) SELECT $24, $25::uuid, $26::bytea
    WHERE length($26) > 0 AND (SELECT version FROM current) = $1
)
SELECT (SELECT version FROM current), array_agg(key), array_agg(event_id) FROM settled";

/// Gives the digests that are new; one that ended is as good as new.
const INSERT_REPLAYS: &str = "INSERT INTO replays AS known (producer_id, digest, expires_at)
SELECT r.* FROM UNNEST($1::uuid[], $2::uuid[], $3::bigint[]) AS r (producer_id, digest, expires_at)
ORDER BY r.producer_id, r.digest
ON CONFLICT (producer_id, digest) DO UPDATE SET expires_at = excluded.expires_at WHERE known.expires_at < $4
RETURNING producer_id, digest";

/// The statements of this module.
pub(super) const STATEMENTS: &[&str] = &[ACCEPT, INSERT_REPLAYS];

type Result<T> = std::result::Result<T, StoreError>;

/// Accepts a batch.
pub(in crate::store::sql) async fn accept(engine: &PostgresEngine, batch: &AcceptBatch, lease: Uuid) -> Result<Settled> {
    let (has_replays, has_lines) =
        (batch.submissions.iter().any(|submission| submission.replay.is_some()), order::has_lines(batch));
    if !has_replays && !has_lines {
        return write(&mut &*engine, batch, lease, batch.submissions.iter().map(Some).collect()).await;
    }
    let mut transaction = engine.begin().await.map_err(store_error)?;
    let submissions =
        if has_replays { first_ones(&mut transaction, batch).await? } else { batch.submissions.iter().map(Some).collect() };
    let settled = if has_lines {
        // The lines first: whoever waits for one holds nothing that another may wait for.
        let positions = order::take_positions(&mut transaction, batch).await?;
        let settled = write(&mut transaction, batch, lease, submissions).await?;
        order::join(&mut transaction, batch, &settled, positions).await?;
        settled
    } else {
        write(&mut transaction, batch, lease, submissions).await?
    };
    match settled {
        Settled::Committed(_) => transaction.commit().await,
        Settled::Stale { .. } => transaction.rollback().await,
    }
    .map_err(store_error)?;
    Ok(settled)
}

/// Keeps the digests of the batch, and gives its submissions without those whose digest was known.
async fn first_ones<'b>(runner: &mut impl Runner, batch: &'b AcceptBatch) -> Result<Vec<Option<&'b Submission>>> {
    let mut seen = Set::default();
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for (producer, digest, until) in batch.submissions.iter().filter_map(|submission| submission.replay) {
        if seen.insert((producer.as_uuid(), digest)) {
            columns.0.push(producer.as_uuid());
            columns.1.push(Uuid::from_bytes(digest));
            columns.2.push(until.as_micros());
        }
    }
    let query = sqlx::query(INSERT_REPLAYS).bind(columns.0).bind(columns.1).bind(columns.2).bind(batch.now.as_micros());
    let rows = runner.rows(query).await.map_err(store_error)?;
    let read = |row: PgRow| Ok((row.try_get::<Uuid, _>(0)?, row.try_get::<Uuid, _>(1)?));
    let mut new = rows.into_iter().map(read).collect::<std::result::Result<Set<_>, _>>().map_err(store_error)?;
    // Of two submissions with one digest in the batch, the first takes it.
    let mut is_new = |submission: &Submission| {
        submission.replay.is_none_or(|(producer, digest, _)| new.remove(&(producer.as_uuid(), Uuid::from_bytes(digest))))
    };
    Ok(batch.submissions.iter().map(|submission| is_new(submission).then_some(submission)).collect())
}

/// Writes the submissions that are there; those that are not were accepted before.
async fn write(
    runner: &mut impl Runner,
    batch: &AcceptBatch,
    lease: Uuid,
    submissions: Vec<Option<&Submission>>,
) -> Result<Settled> {
    let firsts = first_of_each_key(&submissions);
    let rows = execute(runner, batch, lease, &firsts).await?;
    let row = rows.first().ok_or_else(no_routing)?;
    let routing_version = row.try_get::<Option<i64>, _>(0).map_err(store_error)?.ok_or_else(no_routing)?;
    if routing_version != batch.routing_version {
        return Ok(Settled::Stale { routing_version });
    }
    let known = keys(row).map_err(store_error)?;
    let result = |submission: &Submission| -> Result<Vec<Option<EventId>>> {
        let first = |event: &Accepting| {
            let first = known
                .get(&Uuid::from_bytes(event.key))
                .copied()
                .ok_or_else(|| StoreError::corrupt("an event key was not settled"))?;
            Ok((first != event.accepted.id).then_some(first))
        };
        submission.events.iter().map(first).collect()
    };
    let results: Result<Vec<SubmissionResult>> =
        submissions.into_iter().map(|submission| submission.map(result).transpose()).collect();
    results.map(Settled::Committed)
}

/// The keys in the one row of [`ACCEPT`], two arrays, each with the event that has it.
fn keys(row: &PgRow) -> std::result::Result<Map<Uuid, EventId>, sqlx::Error> {
    let keys: Option<Vec<Uuid>> = row.try_get(1)?;
    let events: Option<Vec<Uuid>> = row.try_get(2)?;
    Ok(keys.into_iter().flatten().zip(events.into_iter().flatten().map(EventId::from_uuid)).collect())
}

/// The first event of every key in the batch; a later one with the same key is its duplicate.
fn first_of_each_key<'b>(submissions: &[Option<&'b Submission>]) -> Vec<&'b Accepting> {
    let events = submissions.iter().flatten().flat_map(|submission| &submission.events);
    let mut seen = Set::default();
    events.filter(|event| seen.insert(event.key)).collect()
}

async fn execute(runner: &mut impl Runner, batch: &AcceptBatch, lease: Uuid, events: &[&Accepting]) -> Result<Vec<PgRow>> {
    let query = roomy(ACCEPT, events.iter().map(|event| event.accepted.event.body().len() + 2 * ROW).sum())
        .bind(batch.routing_version)
        .bind(batch.now.as_micros())
        .bind(batch.keys_since.as_micros())
        .bind(column(events, |event| Uuid::from_bytes(event.key)))
        .bind(column(events, |event| event.accepted.id.as_uuid()));
    let query = bind_deliveries(bind_events(query, events), events);
    let query = query.bind(batch.node.as_uuid()).bind(lease).bind(packed_leases(batch));
    runner.rows(query).await.map_err(store_error)
}

fn bind_events<'q>(query: Statement<'q>, events: &[&Accepting]) -> Statement<'q> {
    let accepted = column(events, |event| event.accepted.as_ref());
    let stored = column(&accepted, |accepted| accepted.event.to_stored());
    query
        .bind(column(&accepted, |accepted| accepted.id.as_uuid()))
        .bind(column(&accepted, |accepted| accepted.tenant.as_str()))
        .bind(column(&accepted, |accepted| accepted.accepted_at.as_micros()))
        .bind(column(&accepted, |accepted| accepted.event.id()))
        .bind(column(&accepted, |accepted| accepted.event.source()))
        .bind(column(&accepted, |accepted| accepted.event.event_type()))
        .bind(column(&accepted, |accepted| accepted.event.attribute("subject")))
        .bind(column(&accepted, |accepted| accepted.event.attribute("time")))
        .bind(column(&accepted, |accepted| accepted.traceparent.as_deref()))
        .bind(column(&stored, |stored| wire_word(stored.wire)))
        .bind(column(&stored, |stored| stored.attributes.as_deref()))
        .bind(column(&stored, |stored| stored.body.as_ref()))
}

fn bind_deliveries<'q>(query: Statement<'q>, events: &[&Accepting]) -> Statement<'q> {
    let of_each = events.iter().flat_map(|event| event.deliveries.iter().map(|delivery| (event.accepted.as_ref(), delivery)));
    // Those that stand in line are written apart.
    let deliveries: Vec<_> = of_each.filter(|(_, delivery)| !matches!(delivery.placement, Placement::InLine(..))).collect();
    query
        .bind(column(&deliveries, |(_, delivery)| delivery.id.as_uuid()))
        .bind(column(&deliveries, |(event, _)| event.tenant.as_str()))
        .bind(column(&deliveries, |(event, _)| event.id.as_uuid()))
        .bind(column(&deliveries, |(_, delivery)| delivery.subscription_id.as_uuid()))
        .bind(column(&deliveries, |(_, delivery)| match delivery.placement {
            Placement::HandedOver => None,
            Placement::Queued(due) | Placement::InLine(_, due) => Some(due.as_micros()),
        }))
        .bind(column(&deliveries, |(event, _)| event.accepted_at.as_micros()))
}

fn no_routing() -> StoreError {
    StoreError::corrupt("the routing version is gone")
}
