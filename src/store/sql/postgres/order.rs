//! Lines of ordered deliveries on Postgres: taking places in accepting, and what recording has to know of them.

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::column;
use crate::domain::delivery::DeadReason;
use crate::domain::event::Accepted;
use crate::domain::map::Set;
use crate::domain::subscription::Spec;
use crate::store::sql::columns::ReportRow;
use crate::store::sql::engine::Runner;
use crate::store::sql::failure::store_error;
use crate::store::sql::order::PARKED;
use crate::store::{AcceptBatch, Lease, NewDelivery, Placement, Settled, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

/// In one order everywhere, so that nobody waits for each other in a circle.
const LOCK: &str = "SELECT key FROM order_keys WHERE key = ANY ($1::uuid[]) ORDER BY key FOR UPDATE";

/// Locks keys, known or not, and gives each as many positions as it asks for: the last of them is returned.
const TAKE: &str = "INSERT INTO order_keys AS known (key, last_position)
SELECT k.key, k.count FROM UNNEST($1::uuid[], $2::bigint[]) AS k (key, count) ORDER BY k.key
ON CONFLICT (key) DO UPDATE SET last_position = known.last_position + excluded.last_position
RETURNING key, last_position";

/// After the keys are locked, by a statement of its own: only then is seen what others did to the lines. With the limit the planner
/// looks at one line for each key, instead of hashing all lines.
const JOIN: &str = "WITH placed AS MATERIALIZED (
    SELECT n.*, CASE WHEN n.is_first AND (SELECT o.position FROM ordered o WHERE o.key = n.key ORDER BY o.position LIMIT 1) IS NULL
        THEN n.due_at ELSE $11 END AS place
    FROM UNNEST($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::bigint[], $6::uuid[], $7::bigint[], $8::bigint[], $9::boolean[])
        AS n (id, tenant, event_id, subscription_id, created_at, key, position, due_at, is_first)
), new_deliveries AS (
    INSERT INTO deliveries (id, tenant, event_id, subscription_id, state, attempt_count, budget_attempt_count, next_attempt_at,
        lease_token, created_at)
    SELECT id, tenant, event_id, subscription_id, 'pending', 0, 0, place, $10, created_at FROM placed
), lined_up AS (
    INSERT INTO ordered (key, position, subscription_id, delivery_id, due_at, is_blocking)
    SELECT key, position, subscription_id, id, due_at, FALSE FROM placed
)
INSERT INTO queue (subscription_id, due_at, delivery_id) SELECT subscription_id, place, id FROM placed";

const PLACES: &str = "SELECT delivery_id, key, subscription_id FROM ordered WHERE delivery_id = ANY ($1::uuid[])";

/// Nobody changes what is to become of a failing key until this transaction has ended.
const POLICIES: &str = "SELECT id, spec FROM subscriptions WHERE id = ANY ($1::uuid[]) AND deleted_at IS NULL
    AND status <> 'disabled' ORDER BY id FOR SHARE";

/// The statements of this module.
pub(super) const STATEMENTS: &[&str] = &[LOCK, TAKE, JOIN, PLACES, POLICIES];

/// Locks lines by their keys.
pub(in crate::store::sql) async fn lock_order_keys(runner: &mut impl Runner, keys: &[Uuid]) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    runner.run(sqlx::query(LOCK).bind(keys)).await.map(|_| ()).map_err(store_error)
}

/// A delivery that is to stand in line.
type InLine<'b> = (&'b Accepted, &'b NewDelivery, Uuid, i64);

/// The deliveries of a batch that are to stand in line, in the order in which their events came.
fn in_line(batch: &AcceptBatch) -> impl Iterator<Item = InLine<'_>> {
    let events = batch.submissions.iter().flat_map(|submission| &submission.events);
    events.flat_map(|event| event.deliveries.iter().filter_map(|delivery| placed(&event.accepted, delivery)))
}

fn placed<'b>(event: &'b Accepted, delivery: &'b NewDelivery) -> Option<InLine<'b>> {
    match delivery.placement {
        Placement::InLine(key, due_at) => Some((event, delivery, Uuid::from_bytes(key), due_at.as_micros())),
        Placement::HandedOver | Placement::Queued(_) => None,
    }
}

/// Whether any delivery of a batch is to stand in line.
pub(super) fn has_lines(batch: &AcceptBatch) -> bool {
    in_line(batch).next().is_some()
}

/// Locks the lines of a batch, and gives the position before the first one that is free for it in each.
pub(super) async fn take_positions(runner: &mut impl Runner, batch: &AcceptBatch) -> Result<HashMap<Uuid, i64>> {
    let mut counts: BTreeMap<Uuid, i64> = BTreeMap::new();
    for (_, _, key, _) in in_line(batch) {
        *counts.entry(key).or_default() += 1;
    }
    let query =
        sqlx::query(TAKE).bind(counts.keys().copied().collect::<Vec<_>>()).bind(counts.values().copied().collect::<Vec<_>>());
    let rows = runner.rows(query).await.map_err(store_error)?;
    let read = |row: &PgRow| -> std::result::Result<_, sqlx::Error> {
        let (key, last): (Uuid, i64) = (row.try_get(0)?, row.try_get(1)?);
        Ok((key, last - counts.get(&key).copied().unwrap_or_default()))
    };
    rows.iter().map(read).collect::<std::result::Result<_, _>>().map_err(store_error)
}

/// Writes the deliveries of a committed batch that stand in line, after its events.
pub(super) async fn join(
    runner: &mut impl Runner,
    batch: &AcceptBatch,
    settled: &Settled,
    mut positions: HashMap<Uuid, i64>,
) -> Result<()> {
    let Settled::Committed(results) = settled else { return Ok(()) };
    let written = batch.submissions.iter().zip(results).filter_map(|(submission, result)| Some((submission, result.as_ref()?)));
    let events = written.flat_map(|(submission, firsts)| submission.events.iter().zip(firsts));
    let new = events.filter(|(_, first)| first.is_none());
    let new: Vec<InLine<'_>> =
        new.flat_map(|(event, _)| event.deliveries.iter().filter_map(|delivery| placed(&event.accepted, delivery))).collect();
    let mut seen = HashSet::new();
    let is_first: Vec<bool> = new.iter().map(|(_, _, key, _)| seen.insert(*key)).collect();
    let mut next = |key: Uuid| {
        let position = positions.entry(key).or_default();
        *position += 1;
        *position
    };
    let query = sqlx::query(JOIN)
        .bind(column(&new, |(_, delivery, ..)| delivery.id.as_uuid()))
        .bind(column(&new, |(event, ..)| event.tenant.as_str()))
        .bind(column(&new, |(event, ..)| event.id.as_uuid()))
        .bind(column(&new, |(_, delivery, ..)| delivery.subscription_id.as_uuid()))
        .bind(column(&new, |(event, ..)| event.accepted_at.as_micros()))
        .bind(column(&new, |(_, _, key, _)| *key))
        .bind(column(&new, |(_, _, key, _)| next(*key)))
        .bind(column(&new, |(.., due_at)| *due_at))
        .bind(is_first)
        .bind(Lease::BASE_IN_LINE)
        .bind(PARKED.as_micros());
    runner.run(query).await.map(|_| ()).map_err(store_error)
}

/// What of a batch of reports ends deliveries that stand in line: their keys, locked, and which of them block it if they died.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The key of each delivery in line.
    keys: HashMap<Uuid, Uuid>,
    /// Those that hold up the others.
    blocking: HashSet<Uuid>,
}

/// Whether a report ends a delivery that may stand in line.
pub(super) fn ends_in_line(row: &ReportRow) -> bool {
    row.token >= Lease::BASE_IN_LINE && row.ending.next_attempt_at.is_none()
}

impl Lines {
    /// Looks at what reports are about to end, and locks: subscriptions before lines, lines before deliveries.
    pub(super) async fn of(runner: &mut impl Runner, rows: &[ReportRow]) -> Result<Self> {
        let ending: Vec<&ReportRow> = rows.iter().filter(|row| ends_in_line(row)).collect();
        let query = sqlx::query(PLACES).bind(column(&ending, |row| row.delivery_id));
        let found = runner.rows(query).await.map_err(store_error)?;
        let read = |row: &PgRow| Ok((row.try_get::<Uuid, _>(0)?, (row.try_get::<Uuid, _>(1)?, row.try_get::<Uuid, _>(2)?)));
        let places: HashMap<Uuid, (Uuid, Uuid)> =
            found.iter().map(read).collect::<std::result::Result<_, sqlx::Error>>().map_err(store_error)?;
        let failed = |row: &&&ReportRow| row.ending.reason.and_then(DeadReason::parse).is_some_and(DeadReason::is_failure);
        let failed: Vec<Uuid> = ending.iter().filter(failed).map(|row| row.delivery_id).collect();
        let owners: Vec<Uuid> = failed.iter().filter_map(|id| places.get(id)).map(|&(_, owner)| owner).collect();
        let strict = strict(runner, owners).await?;
        let blocks = |id: &Uuid| places.get(id).is_some_and(|(_, owner)| strict.contains(owner));
        let blocking = failed.into_iter().filter(blocks).collect();
        let keys: HashMap<Uuid, Uuid> = places.into_iter().map(|(id, (key, _))| (id, key)).collect();
        lock_order_keys(runner, &keys.values().copied().collect::<Vec<_>>()).await?;
        Ok(Self { keys, blocking })
    }

    /// Of the deliveries that ended, those that leave with their keys, and those that block theirs.
    pub(super) fn part(&self, ended: &Set<Lease>) -> (Vec<Uuid>, Vec<Uuid>, Vec<Uuid>) {
        let ended = ended.iter().map(|lease| lease.delivery_id.as_uuid()).filter(|id| self.keys.contains_key(id));
        let (blocking, leaving): (Vec<_>, Vec<_>) = ended.partition(|id| self.blocking.contains(id));
        let keys = leaving.iter().filter_map(|id| self.keys.get(id)).copied().collect();
        (leaving, keys, blocking)
    }
}

/// Those of the subscriptions whose keys wait after a failure.
async fn strict(runner: &mut impl Runner, ids: Vec<Uuid>) -> Result<HashSet<Uuid>> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = runner.rows(sqlx::query(POLICIES).bind(ids)).await.map_err(store_error)?;
    let mut strict = HashSet::new();
    for row in rows {
        let (id, spec): (Uuid, String) = (row.try_get(0).map_err(store_error)?, row.try_get(1).map_err(store_error)?);
        let spec: Spec = serde_json::from_str(&spec).map_err(StoreError::corrupt)?;
        if spec.config.ordering.blocks() {
            strict.insert(id);
        }
    }
    Ok(strict)
}
