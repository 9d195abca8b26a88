//! Leases by batch: taking back what dead nodes held, and what nobody was told of.
//!
//! A row of `leases` says which deliveries were leased together; which of them are still in flight only their own rows know.
//! Deleting the row is the right to take them back, so that two nodes that sweep at once never do it twice.

use uuid::Uuid;

use super::chunk::{chunks, ids};
use super::engine::{Engine, Transaction};
use super::lease_book::Batch;
use super::statement::statements;
use super::value::values;
use crate::domain::clock::Timestamp;
use crate::domain::id::NodeId;
use crate::store::StoreError;

type Result<T> = std::result::Result<T, StoreError>;

statements! {
    /// Jumps from owner to owner, the first after `$2`, through the index, so that the leases of living nodes are not read.
    DEAD_OWNERS = "WITH RECURSIVE owners (id) AS (
            SELECT (SELECT l.node_id FROM leases l WHERE l.node_id > $2 ORDER BY l.node_id LIMIT 1)
            UNION ALL
            SELECT (SELECT l.node_id FROM leases l WHERE l.node_id > owners.id ORDER BY l.node_id LIMIT 1)
            FROM owners WHERE owners.id IS NOT NULL
        )
        SELECT owners.id AS id FROM owners WHERE owners.id IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM nodes n WHERE n.id = owners.id AND n.expires_at > $1)";

    OF_NODE = "SELECT id FROM leases WHERE node_id = $1 ORDER BY id";

    TAKE = "DELETE FROM leases WHERE node_id = $1 AND id = $2 RETURNING deliveries";

    PUT_BACK = "INSERT INTO leases (node_id, id, deliveries) VALUES ($1, $2, $3)";

    REOPEN = "UPDATE deliveries SET state = 'pending', next_attempt_at = $34, lease_owner = NULL, lease_token = lease_token + 1
              WHERE id IN (", ids!(), ") AND state = 'in_flight' AND lease_owner = $33";

    /// `$33` is the moment at which they became due.
    ENQUEUE = "INSERT INTO queue (subscription_id, due_at, delivery_id)
               SELECT subscription_id, next_attempt_at, id FROM deliveries
               WHERE id IN (", ids!(), ") AND state = 'pending' AND next_attempt_at = $33
               ON CONFLICT (subscription_id, due_at, delivery_id) DO NOTHING";

    FORGET_NODES = "DELETE FROM nodes WHERE expires_at <= $1";
}

/// Makes up to `limit` deliveries of dead nodes pending, says how many, and forgets those nodes.
pub(super) async fn reclaim(engine: &Engine, now: Timestamp, limit: u32) -> Result<u64> {
    let limit = limit as usize;
    let mut reclaimed = 0;
    for row in engine.fetch_all(DEAD_OWNERS, values![now, Uuid::nil()]).await? {
        for batch in of_node(engine, NodeId::from_uuid(row.uuid("id")?)).await? {
            if reclaimed >= limit {
                return Ok(reclaimed as u64);
            }
            reclaimed += take_back(engine, batch, now, limit - reclaimed).await?;
        }
    }
    engine.execute(FORGET_NODES, values![now]).await?;
    Ok(reclaimed as u64)
}

/// The batches of a node that have rows.
pub(super) async fn of_node(engine: &Engine, node: NodeId) -> Result<Vec<Batch>> {
    let rows = engine.fetch_all(OF_NODE, values![node]).await?;
    rows.iter().map(|row| Ok((node, row.uuid("id")?))).collect()
}

/// Makes pending up to `limit` of what is still in flight of a batch, and says how many that were.
pub(super) async fn take_back(engine: &Engine, batch: Batch, now: Timestamp, limit: usize) -> Result<usize> {
    let mut transaction = engine.begin().await?;
    let Some(row) = transaction.fetch_optional(TAKE, values![batch.0, batch.1]).await? else { return Ok(0) };
    let held = unpack(&row.get::<Vec<u8>>("deliveries")?);
    let mut reopened = 0;
    let mut left = held.as_slice();
    while !left.is_empty() && reopened < limit {
        let (some, rest) = left.split_at(left.len().min(limit - reopened));
        reopened += reopen(&mut transaction, batch.0, some, now).await?;
        left = rest;
    }
    if !left.is_empty() {
        transaction.execute(PUT_BACK, values![batch.0, batch.1, pack(left.iter().copied())]).await?;
    }
    transaction.commit().await?;
    Ok(reopened)
}

async fn reopen(transaction: &mut Transaction, owner: NodeId, ids: &[Uuid], now: Timestamp) -> Result<usize> {
    let mut reopened = 0;
    for mut values in chunks(ids) {
        values.extend(values![owner, now]);
        reopened += transaction.execute(REOPEN, values).await?;
    }
    enqueue(transaction, ids, now).await?;
    Ok(usize::try_from(reopened).unwrap_or(usize::MAX))
}

/// Puts those of `ids` into the queue that became pending, due at `now`, in this transaction.
pub(super) async fn enqueue(transaction: &mut Transaction, ids: &[Uuid], now: Timestamp) -> Result<()> {
    for mut values in chunks(ids) {
        values.extend(values![now]);
        transaction.execute(ENQUEUE, values).await?;
    }
    Ok(())
}

/// Identifiers as they lie in a row.
pub(super) fn pack(ids: impl Iterator<Item = Uuid>) -> Vec<u8> {
    ids.flat_map(Uuid::into_bytes).collect()
}

/// The identifiers in a row.
pub(super) fn unpack(packed: &[u8]) -> Vec<Uuid> {
    packed.as_chunks().0.iter().map(|id| Uuid::from_bytes(*id)).collect()
}
