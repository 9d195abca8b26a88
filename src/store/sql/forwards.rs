//! Forwards: dead letters on their way to a dead-letter sink. Leased by pushing their due moment ahead, so that what a node that dies
//! has taken is due again by itself.

use uuid::Uuid;

use super::chunk::{chunks, ids};
use super::engine::{Engine, Transaction};
use super::events;
use super::row::Row;
use super::statement::statements;
use super::value::values;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::ErrorAttributes;
use crate::domain::id::{DeliveryId, SubscriptionId};
use crate::store::{Forward, ForwardReport, ForwardState, ForwardThen, LeasedForward, Recorded, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

statements! {
    /// Jumps from subscription to subscription through the index of what is due, whatever the length of the backlog.
    DUE = "WITH RECURSIVE lanes (subscription_id) AS (
            SELECT (SELECT f.subscription_id FROM forwards f WHERE f.due_at IS NOT NULL AND f.subscription_id > $1
                    ORDER BY f.subscription_id LIMIT 1)
            UNION ALL
            SELECT (SELECT f.subscription_id FROM forwards f WHERE f.due_at IS NOT NULL AND f.subscription_id > lanes.subscription_id
                    ORDER BY f.subscription_id LIMIT 1)
            FROM lanes WHERE lanes.subscription_id IS NOT NULL
        )
        SELECT found.subscription_id AS subscription_id,
            (SELECT f.due_at FROM forwards f WHERE f.due_at IS NOT NULL AND f.subscription_id = found.subscription_id
             ORDER BY f.due_at LIMIT 1) AS due_at
        FROM (SELECT subscription_id FROM lanes WHERE subscription_id IS NOT NULL LIMIT $2) found";
    /// In one order everywhere, so that two callers do not wait for each other in a circle.
    DUE_IN_LANE = "SELECT delivery_id, lease_token FROM forwards
                   WHERE subscription_id = $1 AND due_at IS NOT NULL AND due_at <= $2 ORDER BY due_at, delivery_id LIMIT $3";
    /// Of two that saw the same row due, the token lets one have it.
    CLAIM = "UPDATE forwards SET due_at = $3, lease_token = lease_token + 1
             WHERE delivery_id = $1 AND lease_token = $2 AND state = 'pending' RETURNING delivery_id";
    READ = "SELECT f.delivery_id, f.lease_token, f.subscription_id, f.attempt_count, f.failure, e.id, e.tenant, e.accepted_at,
              e.routing_version, e.traceparent, e.wire, e.attributes, e.body
            FROM forwards f JOIN events e ON e.tenant = f.tenant AND e.id = f.event_id WHERE f.delivery_id = $1";
    RECORD = "UPDATE forwards SET state = $3, due_at = $4, finished_at = $5, attempt_count = attempt_count + $6, last_status = $7,
                last_error = $8
              WHERE delivery_id = $1 AND lease_token = $2 AND state = 'pending'";
    FIND = "SELECT state, attempt_count, due_at, last_status, last_error, created_at, finished_at FROM forwards WHERE delivery_id = $1";
    DELETE = "DELETE FROM forwards WHERE delivery_id IN (", ids!(), ")";
}

/// The subscriptions with pending forwards, and when the earliest of each is due.
pub(super) async fn due(engine: &Engine, after: Option<SubscriptionId>, limit: u32) -> Result<Vec<(SubscriptionId, Timestamp)>> {
    let after = after.map_or(Uuid::nil(), SubscriptionId::as_uuid);
    let rows = engine.fetch_all(DUE, values![after, limit]).await?;
    let read = |row: &Row| Ok((SubscriptionId::from_uuid(row.uuid("subscription_id")?), row.time("due_at")?));
    let mut lanes = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    lanes.sort_unstable();
    Ok(lanes)
}

/// Leases due forwards of a subscription until `until`, earliest first.
pub(super) async fn claim(
    engine: &Engine,
    id: SubscriptionId,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<LeasedForward>> {
    let mut transaction = engine.begin().await?;
    let mut leased = Vec::new();
    for row in transaction.fetch_all(DUE_IN_LANE, values![id, now, limit]).await? {
        let (delivery_id, token) = (row.uuid("delivery_id")?, row.int("lease_token")?);
        if transaction.fetch_optional(CLAIM, values![delivery_id, token, until]).await?.is_some() {
            leased.extend(read_leased(&mut transaction, delivery_id).await?);
        }
    }
    transaction.commit().await?;
    Ok(leased)
}

/// A forward that can't be read is passed over, or it would hold up all others: it stays leased, and the log tells of it.
async fn read_leased(transaction: &mut Transaction, delivery_id: Uuid) -> Result<Option<LeasedForward>> {
    let found = transaction.fetch_optional(READ, values![delivery_id]).await?;
    let read = |row: &Row| -> Result<LeasedForward> {
        let error: ErrorAttributes = row.json("failure")?;
        Ok(LeasedForward {
            delivery_id: DeliveryId::from_uuid(row.uuid("delivery_id")?),
            token: row.int("lease_token")?,
            subscription_id: SubscriptionId::from_uuid(row.uuid("subscription_id")?),
            attempt_count: row.narrow("attempt_count")?,
            error,
            event: events::read(row)?,
        })
    };
    match found.as_ref().map(read) {
        Some(Ok(leased)) => Ok(Some(leased)),
        Some(Err(error)) => {
            let delivery_id = DeliveryId::from_uuid(delivery_id);
            tracing::error!(%delivery_id, error = &error as &dyn std::error::Error, "a dead letter's forward can't be read");
            Ok(None)
        }
        None => Ok(None),
    }
}

/// Records what came of a leased forward.
pub(super) async fn record(engine: &Engine, report: &ForwardReport, now: Timestamp) -> Result<Recorded> {
    let (state, due_at, finished_at) = match report.then {
        ForwardThen::Delivered => (ForwardState::Delivered, None, Some(now)),
        ForwardThen::Retry(at) => (ForwardState::Pending, Some(at), None),
        ForwardThen::Failed => (ForwardState::Failed, None, Some(now)),
    };
    let values = values![
        report.delivery_id,
        report.token,
        state.as_str(),
        due_at,
        finished_at,
        i64::from(report.is_attempted),
        report.status.map(i64::from),
        report.error.clone(),
    ];
    let changed = engine.execute(RECORD, values).await?;
    Ok(if changed == 0 { Recorded::LeaseLost } else { Recorded::Done })
}

/// What became of sending a delivery on, if it was to be.
pub(super) async fn of_delivery(transaction: &mut Transaction, id: DeliveryId) -> Result<Option<Forward>> {
    transaction.fetch_optional(FIND, values![id]).await?.as_ref().map(read).transpose()
}

/// Deletes the forwards of deliveries that go.
pub(super) async fn delete(transaction: &mut Transaction, deliveries: &[Uuid]) -> Result<()> {
    for values in chunks(deliveries) {
        transaction.execute(DELETE, values).await?;
    }
    Ok(())
}

fn read(row: &Row) -> Result<Forward> {
    Ok(Forward {
        state: row.word("state", ForwardState::parse)?,
        attempt_count: row.narrow("attempt_count")?,
        next_attempt_at: row.optional_time("due_at")?,
        last_status: row.optional_narrow("last_status")?,
        last_error: row.get("last_error")?,
        created_at: row.time("created_at")?,
        finished_at: row.optional_time("finished_at")?,
    })
}
