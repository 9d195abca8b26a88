//! Which lanes have something to do, and which nodes live to do it.

use uuid::Uuid;

use super::engine::Engine;
use super::row::Row;
use super::statement::statements;
use super::value::values;
use crate::domain::clock::Timestamp;
use crate::domain::id::{DeliveryId, NodeId, SubscriptionId};
use crate::store::{DueLane, Lease, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

statements! {
    /// Jumps from subscription to subscription through the index of pending deliveries, so that it costs the number of lanes and
    /// not the length of the backlog, which `GROUP BY` would. Scalar sub-selects, since SQLite knows no `LATERAL`; the limit lies
    /// inside the join, where it stops the recursion.
    DUE = "WITH RECURSIVE lanes (subscription_id) AS (
            SELECT (SELECT d.subscription_id FROM deliveries d WHERE d.state = 'pending' AND d.subscription_id > $1
                    ORDER BY d.subscription_id LIMIT 1)
            UNION ALL
            SELECT (SELECT d.subscription_id FROM deliveries d WHERE d.state = 'pending' AND d.subscription_id > lanes.subscription_id
                    ORDER BY d.subscription_id LIMIT 1)
            FROM lanes WHERE lanes.subscription_id IS NOT NULL
        )
        SELECT found.subscription_id AS subscription_id,
            (SELECT d.next_attempt_at FROM deliveries d WHERE d.state = 'pending' AND d.subscription_id = found.subscription_id
             ORDER BY d.next_attempt_at LIMIT 1) AS next_attempt_at,
            (SELECT p.paused_until FROM sink_pauses p WHERE p.subscription_id = found.subscription_id) AS paused_until
        FROM (SELECT subscription_id FROM lanes WHERE subscription_id IS NOT NULL LIMIT $2) found";

    HEARTBEAT = "INSERT INTO nodes (id, started_at, expires_at) VALUES ($1, $2, $3)
        ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at";

    RETIRE = "DELETE FROM nodes WHERE id = $1";

    OF_NODE = "SELECT id, lease_token FROM deliveries WHERE state = 'in_flight' AND lease_owner = $1";
}

pub(super) async fn due(engine: &Engine, after: Option<SubscriptionId>, limit: u32) -> Result<Vec<DueLane>> {
    let after = after.map_or(Uuid::nil(), SubscriptionId::as_uuid);
    let rows = engine.fetch_all(DUE, values![after, limit]).await?;
    let mut lanes = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    lanes.sort_unstable_by_key(|lane| lane.subscription_id);
    Ok(lanes)
}

fn read(row: &Row) -> Result<DueLane> {
    Ok(DueLane {
        subscription_id: SubscriptionId::from_uuid(row.uuid("subscription_id")?),
        next_attempt_at: row.time("next_attempt_at")?,
        paused_until: row.optional_time("paused_until")?,
    })
}

pub(super) async fn heartbeat(engine: &Engine, node: NodeId, now: Timestamp, expires_at: Timestamp) -> Result<()> {
    engine.execute(HEARTBEAT, values![node, now, expires_at]).await.map(|_| ())
}

pub(super) async fn retire_node(engine: &Engine, node: NodeId) -> Result<()> {
    engine.execute(RETIRE, values![node]).await.map(|_| ())
}

/// Every lease a node has in the database.
pub(super) async fn leases_of(engine: &Engine, node: NodeId) -> Result<Vec<Lease>> {
    let read = |row: &Row| Ok(Lease { delivery_id: DeliveryId::from_uuid(row.uuid("id")?), token: row.int("lease_token")? });
    engine.fetch_all(OF_NODE, values![node]).await?.iter().map(read).collect()
}
