//! Events of the past and how they stand with a subscription, as a replay looks at them.

use uuid::Uuid;

use super::chunk::{chunks, ids};
use super::engine::Engine;
use super::events::{columns, line_columns, read, read_line};
use super::range::Range;
use super::row::Row;
use super::statement::statements;
use super::value::values;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Accepted;
use crate::domain::id::{DeliveryId, EventId, SubscriptionId};
use crate::domain::tenant::TenantName;
use crate::store::{EventRow, Past, Standing, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

statements! {
    OLDEST_FIRST = "SELECT ", line_columns!(), " FROM events
                    WHERE tenant = $1 AND id > $2 AND id >= $3 AND id < $4 AND accepted_at >= $5 AND accepted_at < $6
                      AND data_expired_at IS NULL
                    ORDER BY id LIMIT $7";
    NAMED = "SELECT ", columns!(), " FROM events WHERE tenant = $33 AND id IN (", ids!(), ")";
    STANDINGS = "SELECT event_id, id, state FROM deliveries
                 WHERE id IN (", ids!(), ") AND subscription_id = $33 AND tenant || '' = $34";
    UNATTEMPTED = "SELECT id FROM deliveries
                   WHERE id IN (", ids!(), ") AND state IN ('pending', 'in_flight') AND budget_attempt_count = 0";
}

/// Events of the past, oldest first.
pub(super) async fn events(engine: &Engine, tenant: &TenantName, past: &Past, limit: u32) -> Result<Vec<EventRow>> {
    let range = Range::between(Some(past.after), Some(past.before));
    let position = past.position.map_or(Uuid::nil(), EventId::as_uuid);
    let values = values![tenant, position, range.low, range.high, range.after, range.before, limit];
    engine.fetch_all(OLDEST_FIRST, values).await?.iter().map(read_line).collect()
}

/// Those of the events named that are the tenant's. One that can't be read is passed over, or it would hold up all others; the log
/// tells of it.
pub(super) async fn named(engine: &Engine, tenant: &TenantName, ids: &[EventId]) -> Result<Vec<Accepted>> {
    let ids: Vec<_> = ids.iter().map(|id| id.as_uuid()).collect();
    let mut found = Vec::with_capacity(ids.len());
    for mut values in chunks(&ids) {
        values.extend(values![tenant]);
        for row in engine.fetch_all(NAMED, values).await? {
            match read(&row) {
                Ok(event) => found.push(event),
                Err(error @ StoreError::Corrupt(_)) => {
                    let id = EventId::from_uuid(row.uuid("id")?);
                    tracing::error!(%id, error = &error as &dyn std::error::Error, "a stored event can't be read");
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(found)
}

/// The deliveries of these events to a subscription.
pub(super) async fn standings(
    engine: &Engine,
    tenant: &TenantName,
    id: SubscriptionId,
    events: &[EventId],
) -> Result<Vec<Standing>> {
    let ids: Vec<_> = events.iter().map(|&event| DeliveryId::of(event, id).as_uuid()).collect();
    let mut found = Vec::new();
    for mut values in chunks(&ids) {
        values.extend(values![id, tenant]);
        for row in engine.fetch_all(STANDINGS, values).await? {
            found.push(read_standing(&row)?);
        }
    }
    Ok(found)
}

fn read_standing(row: &Row) -> Result<Standing> {
    Ok(Standing {
        event_id: EventId::from_uuid(row.uuid("event_id")?),
        delivery_id: DeliveryId::from_uuid(row.uuid("id")?),
        state: row.word("state", DeliveryState::parse)?,
    })
}

/// Those of the deliveries named that nobody has tried since they were opened.
pub(super) async fn unattempted(engine: &Engine, ids: &[DeliveryId]) -> Result<Vec<DeliveryId>> {
    let ids: Vec<_> = ids.iter().map(|id| id.as_uuid()).collect();
    let mut found = Vec::new();
    for values in chunks(&ids) {
        for row in engine.fetch_all(UNATTEMPTED, values).await? {
            found.push(DeliveryId::from_uuid(row.uuid("id")?));
        }
    }
    Ok(found)
}
