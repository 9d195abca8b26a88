//! Which lanes have something to do, and which nodes live to do it.

use uuid::Uuid;

use super::engine::Engine;
use super::row::Row;
use super::statement::statements;
use super::value::values;
use crate::domain::clock::Timestamp;
use crate::domain::crew::Crew;
use crate::domain::id::{NodeId, SubscriptionId};
use crate::store::{DueLane, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

statements! {
    /// Jumps from subscription to subscription through the queue, so that it costs the number of lanes and
    /// not the length of the backlog, which `GROUP BY` would. Scalar sub-selects, since SQLite knows no `LATERAL`; the limit lies
    /// inside the join, where it stops the recursion.
    DUE = "WITH RECURSIVE lanes (subscription_id) AS (
            SELECT (SELECT q.subscription_id FROM queue q WHERE q.subscription_id > $1 ORDER BY q.subscription_id LIMIT 1)
            UNION ALL
            SELECT (SELECT q.subscription_id FROM queue q WHERE q.subscription_id > lanes.subscription_id
                    ORDER BY q.subscription_id LIMIT 1)
            FROM lanes WHERE lanes.subscription_id IS NOT NULL
        )
        SELECT found.subscription_id AS subscription_id,
            (SELECT q.due_at FROM queue q WHERE q.subscription_id = found.subscription_id ORDER BY q.due_at LIMIT 1) AS due_at,
            (SELECT p.paused_until FROM sink_pauses p WHERE p.subscription_id = found.subscription_id) AS paused_until
        FROM (SELECT subscription_id FROM lanes WHERE subscription_id IS NOT NULL LIMIT $2) found";

    HEARTBEAT = "INSERT INTO nodes (id, started_at, expires_at) VALUES ($1, $2, $3)
        ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at RETURNING started_at";

    CREW = "SELECT COUNT(*) AS size, COUNT(CASE WHEN id < $1 THEN 1 END) AS rank FROM nodes WHERE expires_at > $2";

    RETIRE = "DELETE FROM nodes WHERE id = $1";
    FORGET = "DELETE FROM nodes";
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
        next_attempt_at: row.time("due_at")?,
        paused_until: row.optional_time("paused_until")?,
    })
}

/// Also says whether it was the node's first.
pub(super) async fn heartbeat(engine: &Engine, node: NodeId, now: Timestamp, expires_at: Timestamp) -> Result<(Crew, bool)> {
    let mut transaction = engine.begin().await?;
    let beaten = transaction.fetch_optional(HEARTBEAT, values![node, now, expires_at]).await?;
    let is_new = beaten.map(|row| row.time("started_at")).transpose()? == Some(now);
    let crew = transaction.fetch_optional(CREW, values![node, now]).await?;
    transaction.commit().await?;
    let crew = crew.map(|row| Ok::<_, StoreError>(Crew::new(row.narrow("size")?, row.narrow("rank")?))).transpose()?;
    Ok((crew.unwrap_or_default(), is_new))
}

pub(super) async fn retire_node(engine: &Engine, node: NodeId) -> Result<()> {
    engine.execute(RETIRE, values![node]).await.map(|_| ())
}

/// Forgets all nodes: none of them is alive.
pub(super) async fn forget_nodes(engine: &Engine) -> Result<()> {
    engine.execute(FORGET, values![]).await.map(|_| ())
}
