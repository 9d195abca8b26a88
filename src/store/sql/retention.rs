//! Retention: who does it, what tenants say of it, and which events are old enough to be looked at. Deleting them is native to each
//! database, and emptying them.

use super::engine::Engine;
use super::row::Row;
use super::statement::statements;
use super::value::values;
use super::{postgres, sqlite};
use crate::domain::clock::Timestamp;
use crate::domain::id::{EventId, NodeId};
use crate::domain::retention::Retention;
use crate::domain::tenant::TenantName;
use crate::store::{Deletion, OldEvent, StoreError, Turned};

type Result<T> = std::result::Result<T, StoreError>;

statements! {
    LEAD = "UPDATE retention_lead SET node_id = $1, led_until = $3 WHERE id = 1 AND (node_id = $1 OR led_until <= $2)";
    NO_LEAD = "UPDATE retention_lead SET led_until = 0 WHERE id = 1";
    SAID = "SELECT name, retention FROM tenants WHERE retention IS NOT NULL ORDER BY name";
    /// Jumps from tenant to tenant through the index of events, whatever their number.
    TENANTS = "WITH RECURSIVE known (tenant) AS (
                SELECT (SELECT e.tenant FROM events e WHERE e.tenant > $1 ORDER BY e.tenant LIMIT 1)
                UNION ALL
                SELECT (SELECT e.tenant FROM events e WHERE e.tenant > known.tenant ORDER BY e.tenant LIMIT 1)
                FROM known WHERE known.tenant IS NOT NULL
            )
            SELECT tenant FROM known WHERE tenant IS NOT NULL LIMIT $2";
    OLD = "SELECT id, type, accepted_at FROM events WHERE tenant = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4";
}

/// Takes the lead, or keeps it.
pub(super) async fn lead(engine: &Engine, node: NodeId, now: Timestamp, until: Timestamp) -> Result<bool> {
    Ok(engine.execute(LEAD, values![node, now, until]).await? > 0)
}

/// Nobody has the lead any more.
pub(super) async fn forget_lead(engine: &Engine) -> Result<()> {
    engine.execute(NO_LEAD, values![]).await.map(|_| ())
}

/// What tenants say.
pub(super) async fn said(engine: &Engine) -> Result<Vec<(TenantName, Retention)>> {
    let read = |row: &Row| Ok((row.tenant("name")?, row.json("retention")?));
    engine.fetch_all(SAID, values![]).await?.iter().map(read).collect()
}

/// Tenants that have events, by name.
pub(super) async fn tenants(engine: &Engine, after: Option<&TenantName>, limit: u32) -> Result<Vec<TenantName>> {
    let rows = engine.fetch_all(TENANTS, values![after.map_or("", TenantName::as_str), limit]).await?;
    let mut tenants = rows.iter().map(|row| row.tenant("tenant")).collect::<Result<Vec<_>>>()?;
    tenants.sort_unstable();
    Ok(tenants)
}

/// Events made before a moment, oldest first.
pub(super) async fn old_events(
    engine: &Engine,
    tenant: &TenantName,
    after: Option<EventId>,
    made_before: Timestamp,
    limit: u32,
) -> Result<Vec<OldEvent>> {
    let after = after.map_or(uuid::Uuid::nil(), EventId::as_uuid);
    let rows = engine.fetch_all(OLD, values![tenant, after, EventId::first_at(made_before), limit]).await?;
    let read = |row: &Row| {
        Ok(OldEvent {
            id: EventId::from_uuid(row.uuid("id")?),
            event_type: row.text("type")?,
            accepted_at: row.time("accepted_at")?,
        })
    };
    rows.iter().map(read).collect()
}

/// Deletes those of the events of which nothing is left to do.
pub(super) async fn delete_events(
    engine: &Engine,
    tenant: &TenantName,
    ids: &[EventId],
    keys_since: Option<Timestamp>,
) -> Result<Deletion> {
    match engine {
        Engine::Sqlite(engine) => sqlite::delete_events(engine, tenant, ids, keys_since).await,
        Engine::Postgres(engine) => postgres::delete_events(engine, tenant, ids).await,
    }
}

/// Empties those of the events of which nothing is left to do.
pub(super) async fn expire_data(engine: &Engine, tenant: &TenantName, ids: &[EventId], now: Timestamp) -> Result<Deletion> {
    match engine {
        Engine::Sqlite(engine) => sqlite::expire_data(engine, tenant, ids, now).await,
        Engine::Postgres(engine) => postgres::expire_data(engine, tenant, ids, now).await,
    }
}

/// Makes partitions and drops old ones, where there are any.
pub(super) async fn turn_partitions(engine: &Engine, now: Timestamp, drop_before: Option<Timestamp>) -> Result<Turned> {
    match engine {
        Engine::Sqlite(_) => Ok(Turned::default()),
        Engine::Postgres(engine) => postgres::turn_partitions(engine, now, drop_before).await,
    }
}
