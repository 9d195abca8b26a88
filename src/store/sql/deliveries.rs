//! Deliveries, as people search, read, redeliver and cancel them.

use uuid::Uuid;

use super::chunk::{chunks, ids};
use super::engine::{Engine, Transaction};
use super::range::Range;
use super::row::Row;
use super::statement::statements;
use super::value::values;
use super::{attempts, forwards, leases, order};
use crate::domain::clock::Timestamp;
use crate::domain::delivery::{DeadReason, Delivery, DeliveryState, ErrorClass};
use crate::domain::id::{DeliveryId, EventId, JobId, SubscriptionId};
use crate::domain::page::{Page, PageRequest};
use crate::domain::tenant::TenantName;
use crate::store::{Conflict, DeliveryDetail, DeliveryFilter, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

/// The columns of a [`Delivery`].
macro_rules! columns {
    () => {
        "id, tenant, event_id, subscription_id, state, attempt_count, budget_attempt_count, next_attempt_at, reason, \
         last_status, last_error_class, created_at, finished_at, replay_job_id"
    };
}
pub(super) use columns;

/// What opens a delivery again, due at the moment in `$now`, for the replay in `$job` if one does it. Its token grows, so that a
/// report of an earlier lease is refused whatever happened in between.
macro_rules! reopen {
    ($now:literal) => {
        $crate::store::sql::deliveries::reopen!($now, "NULL")
    };
    ($now:literal, $job:literal) => {
        concat!(
            "state = 'pending', is_reopened = TRUE, budget_attempt_count = 0, next_attempt_at = ",
            $now,
            ", lease_owner = NULL, lease_token = lease_token + 1, reason = NULL, finished_at = NULL, replay_job_id = ",
            $job
        )
    };
}
pub(super) use reopen;

/// Holds if the subscription of a row of `$of` is neither gone nor disabled, and there is something to send.
macro_rules! is_deliverable {
    ($of:literal) => {
        concat!(
            "NOT ",
            $of,
            ".is_spent AND EXISTS (SELECT 1 FROM subscriptions s WHERE s.id = ",
            $of,
            ".subscription_id AND s.deleted_at IS NULL AND s.status <> 'disabled')"
        )
    };
}
pub(super) use is_deliverable;

macro_rules! matching {
    () => {
        "id < $2 AND id >= $3 AND created_at >= $4 AND created_at < $5 AND (state = $6 OR $6 IS NULL)
           AND (subscription_id = $7 OR $7 IS NULL) AND (event_id = $8 OR $8 IS NULL)"
    };
}

// Lists take the same values and differ in the index they walk. `tenant || ''` keeps a planner that knows nothing of the data
// from walking the tenant's index, which holds every delivery there ever was, where another one is short.
statements! {
    LIST_OF_TENANT = "SELECT ", columns!(), " FROM deliveries WHERE tenant = $1 AND ", matching!(), "
                      ORDER BY id DESC LIMIT $9";
    LIST_OF_SUBSCRIPTION = "SELECT ", columns!(), " FROM deliveries
                            WHERE subscription_id = $7 AND tenant || '' = $1 AND ", matching!(), "
                            ORDER BY id DESC LIMIT $9";
    LIST_OF_EVENT = "SELECT ", columns!(), " FROM deliveries WHERE event_id = $8 AND tenant || '' = $1 AND ", matching!(), "
                     ORDER BY id DESC LIMIT $9";
    LIST_DEAD = "WITH dead AS MATERIALIZED (SELECT delivery_id FROM dead_letters
                   WHERE tenant = $1 AND delivery_id < $2 AND delivery_id >= $3 AND created_at >= $4 AND created_at < $5
                     AND (subscription_id = $7 OR $7 IS NULL) ORDER BY delivery_id DESC LIMIT $9)
                 SELECT ", columns!(), " FROM deliveries
                 WHERE id IN (SELECT delivery_id FROM dead) AND ", matching!(), " ORDER BY id DESC LIMIT $9";
    /// What waits, up to a bound; read and sorted apart, since a planner that knows nothing of the data would compare each place in
    /// the queue with each delivery.
    PENDING = "SELECT q.delivery_id FROM subscriptions s JOIN queue q ON q.subscription_id = s.id
               WHERE s.tenant = $1 AND (s.id = $2 OR $2 IS NULL) LIMIT $3";
    /// What may be in flight; some of it ended a moment ago. As many rows as batches, which the memory of the nodes bounds.
    LEASED = "SELECT deliveries FROM leases";
    /// Without a place for the limit: the list is short, and cut by whoever reads it.
    OF_IDS = "SELECT ", columns!(), " FROM deliveries
              WHERE id IN (", ids!(), ") AND tenant || '' = $33 AND state = $34 AND id < $35 AND id >= $36
                AND created_at >= $37 AND created_at < $38 AND (subscription_id = $39 OR $39 IS NULL)";
    OF_EVENT = "SELECT ", columns!(), " FROM deliveries
                WHERE id >= $3 AND id <= $4 AND event_id = $2 AND tenant || '' = $1 ORDER BY id";
    FIND = "SELECT ", columns!(), " FROM deliveries WHERE tenant = $1 AND id = $2";
    REDELIVER = "UPDATE deliveries SET ", reopen!("$3"), "
                 WHERE tenant = $1 AND id = $2 AND state IN ('delivered', 'dead_lettered', 'cancelled')
                   AND ", is_deliverable!("deliveries"), " RETURNING ", columns!();
    STANDING = "SELECT state, is_spent FROM deliveries WHERE tenant = $1 AND id = $2";
    NO_LETTER = "DELETE FROM dead_letters WHERE tenant = $1 AND delivery_id = $2";
    /// What became pending or in flight meanwhile leaves a place in the queue, which the next claim clears away.
    DEQUEUE = "DELETE FROM queue WHERE delivery_id = $2
               AND subscription_id = (SELECT d.subscription_id FROM deliveries d WHERE d.tenant || '' = $1 AND d.id = $2)
               AND due_at = (SELECT d.next_attempt_at FROM deliveries d WHERE d.tenant || '' = $1 AND d.id = $2)";
    CANCEL = "UPDATE deliveries SET state = 'cancelled', next_attempt_at = NULL, lease_owner = NULL,
                lease_token = lease_token + 1, finished_at = $3
              WHERE tenant = $1 AND id = $2 AND state IN ('pending', 'in_flight') RETURNING ", columns!();
}

/// Up to so many pending deliveries are read from the queue; if there are more, a page of them is surely found among the newest
/// deliveries.
const FEW_PENDING: usize = 10_000;

/// A tenant's deliveries that match, newest first.
pub(super) async fn list(
    engine: &Engine,
    tenant: &TenantName,
    filter: &DeliveryFilter,
    page: PageRequest,
) -> Result<Page<Delivery>> {
    let range = Range::of_deliveries(filter.after, filter.before).of_event(filter.event_id).page(page);
    if filter.event_id.is_none()
        && let Some(ids) = named_ids(engine, tenant, filter, range).await?
    {
        return list_named(engine, tenant, filter, page, range, &ids).await;
    }
    let statement = match (filter.event_id, filter.subscription_id, filter.state) {
        (Some(_), _, _) => LIST_OF_EVENT,
        (_, _, Some(DeliveryState::DeadLettered)) => LIST_DEAD,
        (_, Some(_), _) => LIST_OF_SUBSCRIPTION,
        _ => LIST_OF_TENANT,
    };
    let values = values![
        tenant,
        range.high,
        range.low,
        range.after,
        range.before,
        filter.state.map(DeliveryState::as_str),
        filter.subscription_id,
        filter.event_id,
        page.limit + 1,
    ];
    let deliveries = read_all(&engine.fetch_all(statement, values).await?)?;
    Ok(Page::cut(deliveries, page.limit, |delivery| delivery.id.as_uuid()))
}

/// What may be in the state asked for, newest first, if something but the deliveries themselves knows: the leases of what is in
/// flight, the queue of what is pending unless there is much.
async fn named_ids(engine: &Engine, tenant: &TenantName, filter: &DeliveryFilter, range: Range) -> Result<Option<Vec<Uuid>>> {
    match filter.state {
        Some(DeliveryState::InFlight) => {
            let mut ids = Vec::new();
            for row in engine.fetch_all(LEASED, values![]).await? {
                ids.extend(leases::unpack(&row.get::<Vec<u8>>("deliveries")?));
            }
            Ok(Some(newest_first(ids, range)))
        }
        Some(DeliveryState::Pending) => {
            let limit = i64::try_from(FEW_PENDING).unwrap_or(i64::MAX);
            let rows = engine.fetch_all(PENDING, values![tenant, filter.subscription_id, limit]).await?;
            if rows.len() >= FEW_PENDING {
                return Ok(None);
            }
            let ids: Vec<Uuid> = rows.iter().map(|row| row.uuid("delivery_id")).collect::<Result<_>>()?;
            Ok(Some(newest_first(ids, range)))
        }
        _ => Ok(None),
    }
}

fn newest_first(mut ids: Vec<Uuid>, range: Range) -> Vec<Uuid> {
    ids.retain(|id| (range.low..range.high).contains(id));
    ids.sort_unstable_by(|one, other| other.cmp(one));
    ids.dedup();
    ids
}

/// Those of the deliveries named that match, until there is a page of them.
async fn list_named(
    engine: &Engine,
    tenant: &TenantName,
    filter: &DeliveryFilter,
    page: PageRequest,
    range: Range,
    ids: &[Uuid],
) -> Result<Page<Delivery>> {
    let state = filter.state.map(DeliveryState::as_str);
    let mut deliveries = Vec::new();
    for mut values in chunks(ids) {
        if deliveries.len() > page.limit as usize {
            break;
        }
        values.extend(values![tenant, state, range.high, range.low, range.after, range.before, filter.subscription_id]);
        let mut found = read_all(&engine.fetch_all(OF_IDS, values).await?)?;
        found.sort_unstable_by_key(|delivery| std::cmp::Reverse(delivery.id));
        deliveries.append(&mut found);
    }
    deliveries.truncate(page.limit as usize + 1);
    Ok(Page::cut(deliveries, page.limit, |delivery| delivery.id.as_uuid()))
}

/// The deliveries of an event, oldest first.
pub(super) async fn of_event(engine: &Engine, tenant: &TenantName, id: EventId) -> Result<Vec<Delivery>> {
    let (first, last) = DeliveryId::range_of(id);
    read_all(&engine.fetch_all(OF_EVENT, values![tenant, id, first, last]).await?)
}

/// One delivery with its attempts.
pub(super) async fn find(engine: &Engine, tenant: &TenantName, id: DeliveryId) -> Result<DeliveryDetail> {
    let mut snapshot = engine.snapshot().await?;
    let row = snapshot.fetch_optional(FIND, values![tenant, id]).await?.ok_or(StoreError::NotFound)?;
    let attempts = attempts::of_delivery(&mut snapshot, id).await?;
    let forward = forwards::of_delivery(&mut snapshot, id).await?;
    let delivery = read(&row)?;
    let (mut waits_for, mut holds_up) = (None, None);
    if delivery.waits_in_line() {
        waits_for = order::waits_for(&mut snapshot, id).await?;
    } else if delivery.state == DeliveryState::DeadLettered {
        holds_up = order::holds_up(&mut snapshot, id).await?;
    }
    snapshot.commit().await?;
    Ok(DeliveryDetail { delivery, attempts, forward, waits_for, holds_up })
}

/// Opens a finished delivery again.
pub(super) async fn redeliver(engine: &Engine, tenant: &TenantName, id: DeliveryId, now: Timestamp) -> Result<Delivery> {
    let mut transaction = engine.begin().await?;
    let Some(row) = transaction.fetch_optional(REDELIVER, values![tenant, id, now]).await? else {
        let row = transaction.fetch_optional(STANDING, values![tenant, id]).await?.ok_or(StoreError::NotFound)?;
        let state = row.word("state", DeliveryState::parse)?;
        return Err(match (state.is_finished(), row.get("is_spent")?) {
            (false, _) => Conflict::State(state.as_str()),
            (true, true) => Conflict::DataExpired,
            (true, false) => Conflict::InUse,
        }
        .into());
    };
    transaction.execute(NO_LETTER, values![tenant, id]).await?;
    order::reopened(&mut transaction, &[id.as_uuid()]).await?;
    leases::enqueue(&mut transaction, &[id.as_uuid()], now).await?;
    transaction.commit().await?;
    read(&row)
}

/// Cancels a delivery that is not finished.
pub(super) async fn cancel(engine: &Engine, tenant: &TenantName, id: DeliveryId, now: Timestamp) -> Result<Delivery> {
    let mut transaction = engine.begin().await?;
    let lines = order::lock(&mut transaction, &[id.as_uuid()]).await?;
    transaction.execute(DEQUEUE, values![tenant, id]).await?;
    let Some(row) = transaction.fetch_optional(CANCEL, values![tenant, id, now]).await? else {
        let state = state_of(&mut transaction, tenant, id).await?;
        return Err(Conflict::State(state.as_str()).into());
    };
    order::leave(&mut transaction, &[id.as_uuid()], &lines).await?;
    transaction.commit().await?;
    read(&row)
}

async fn state_of(transaction: &mut Transaction, tenant: &TenantName, id: DeliveryId) -> Result<DeliveryState> {
    let row = transaction.fetch_optional(FIND, values![tenant, id]).await?.ok_or(StoreError::NotFound)?;
    row.word("state", DeliveryState::parse)
}

/// Reads rows of [`columns!`].
pub(super) fn read_all(rows: &[Row]) -> Result<Vec<Delivery>> {
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Delivery> {
    Ok(Delivery {
        id: DeliveryId::from_uuid(row.uuid("id")?),
        tenant: row.tenant("tenant")?,
        event_id: EventId::from_uuid(row.uuid("event_id")?),
        subscription_id: SubscriptionId::from_uuid(row.uuid("subscription_id")?),
        state: row.word("state", DeliveryState::parse)?,
        attempt_count: row.narrow("attempt_count")?,
        budget_attempt_count: row.narrow("budget_attempt_count")?,
        // The end of time is nobody's business: it waits behind another.
        next_attempt_at: row.optional_time("next_attempt_at")?.filter(|&at| at != order::PARKED),
        reason: row.optional_word("reason", DeadReason::parse)?,
        last_status: row.optional_narrow("last_status")?,
        last_error_class: row.optional_word("last_error_class", ErrorClass::parse)?,
        created_at: row.time("created_at")?,
        finished_at: row.optional_time("finished_at")?,
        replay_job_id: row.get::<Option<Uuid>>("replay_job_id")?.map(JobId::from_uuid),
    })
}
