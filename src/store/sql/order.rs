//! Lines of ordered deliveries: who is behind whom, and what becomes due when one leaves.
//!
//! Of each key only the first that has not ended stands in the queue with its own moment; all others are parked there at the end of
//! time, which no claim reaches. A line is changed under the lock of its row in `order_keys`, taken before any delivery is touched, so
//! that of two transactions one sees what the other did. Deliveries in no line are never looked for here on their way: their leases
//! tell ([`crate::store::Lease::may_be_in_line`]).

use std::collections::BTreeSet;

use uuid::Uuid;

use super::chunk::{chunks, ids};
use super::engine::Transaction;
use super::row::Row;
use super::statement::statements;
use super::value::values;
use crate::domain::clock::Timestamp;
use crate::domain::id::{DeliveryId, SubscriptionId};
use crate::store::StoreError;

type Result<T> = std::result::Result<T, StoreError>;

/// When a delivery is due that waits behind another.
pub(super) const PARKED: Timestamp = Timestamp::MAX;

/// So many of those behind a dead letter are counted.
const MAX_COUNTED: u32 = 1000;

statements! {
    KEYS = "SELECT DISTINCT key FROM ordered WHERE delivery_id IN (", ids!(), ")";
    LEAVE = "DELETE FROM ordered WHERE delivery_id IN (", ids!(), ")";
    BLOCK = "UPDATE ordered SET is_blocking = TRUE WHERE delivery_id IN (", ids!(), ")";
    UNBLOCK = "UPDATE ordered SET is_blocking = FALSE WHERE delivery_id IN (", ids!(), ")";
    BLOCKING = "SELECT delivery_id FROM ordered WHERE subscription_id = $1 AND is_blocking ORDER BY key LIMIT $2";
    FIRSTS = "SELECT (SELECT o.delivery_id FROM ordered o WHERE o.key = k.key ORDER BY o.position LIMIT 1) AS delivery_id
              FROM order_keys k WHERE k.key IN (", ids!(), ")";
    /// `$33` is the end of time: one that is due, in flight or dead is left as it is.
    FREE = "UPDATE deliveries SET next_attempt_at = (SELECT o.due_at FROM ordered o WHERE o.delivery_id = deliveries.id)
            WHERE id IN (", ids!(), ") AND state = 'pending' AND next_attempt_at = $33 RETURNING id";
    UNPARK = "DELETE FROM queue WHERE (subscription_id, due_at, delivery_id) IN (
                SELECT o.subscription_id, CAST($33 AS BIGINT), o.delivery_id FROM ordered o WHERE o.delivery_id IN (", ids!(), "))";
    ENQUEUE = "INSERT INTO queue (subscription_id, due_at, delivery_id)
               SELECT o.subscription_id, o.due_at, o.delivery_id FROM ordered o WHERE o.delivery_id IN (", ids!(), ")
               ON CONFLICT (subscription_id, due_at, delivery_id) DO NOTHING";
    FORGET = "DELETE FROM order_keys WHERE key IN (", ids!(), ")
              AND NOT EXISTS (SELECT 1 FROM ordered o WHERE o.key = order_keys.key)";
    FIRST_BEFORE = "SELECT delivery_id FROM ordered WHERE key = (SELECT key FROM ordered WHERE delivery_id = $1)
                    ORDER BY position LIMIT 1";
    COUNT_BEHIND = "SELECT COUNT(*) AS behind FROM (SELECT 1 FROM ordered o JOIN ordered b ON b.key = o.key AND b.position > o.position
                    WHERE o.delivery_id = $1 AND o.is_blocking LIMIT $2) counted";
}

/// Locks the lines that these deliveries stand in, and gives their keys. Before anything else is written.
pub(super) async fn lock(transaction: &mut Transaction, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    let mut keys = BTreeSet::new();
    for values in chunks(ids) {
        for row in transaction.fetch_all(KEYS, values).await? {
            keys.insert(row.uuid("key")?);
        }
    }
    let keys: Vec<_> = keys.into_iter().collect();
    transaction.lock_order_keys(&keys).await?;
    Ok(keys)
}

/// Takes deliveries out of their lines, whose keys are locked, and makes due who is first now.
pub(super) async fn leave(transaction: &mut Transaction, ids: &[Uuid], keys: &[Uuid]) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    for values in chunks(ids) {
        transaction.execute(LEAVE, values).await?;
    }
    let mut firsts = Vec::with_capacity(keys.len());
    for values in chunks(keys) {
        for row in transaction.fetch_all(FIRSTS, values).await? {
            firsts.extend(row.get::<Option<Uuid>>("delivery_id")?);
        }
    }
    make_due(transaction, &firsts).await?;
    for values in chunks(keys) {
        transaction.execute(FORGET, values).await?;
    }
    Ok(())
}

async fn make_due(transaction: &mut Transaction, firsts: &[Uuid]) -> Result<()> {
    let mut freed = Vec::with_capacity(firsts.len());
    for mut values in chunks(firsts) {
        values.extend(values![PARKED]);
        for row in transaction.fetch_all(FREE, values).await? {
            freed.push(row.uuid("id")?);
        }
    }
    for mut values in chunks(&freed) {
        transaction.execute(ENQUEUE, values.clone()).await?;
        values.extend(values![PARKED]);
        transaction.execute(UNPARK, values).await?;
    }
    Ok(())
}

/// Takes deliveries out of their lines after they were deleted.
pub(super) async fn drop_out(transaction: &mut Transaction, ids: &[Uuid]) -> Result<()> {
    let keys = lock(transaction, ids).await?;
    leave(transaction, ids, &keys).await
}

/// Makes those behind dead deliveries wait until somebody sees to these.
pub(super) async fn block(transaction: &mut Transaction, ids: &[Uuid]) -> Result<()> {
    for values in chunks(ids) {
        transaction.execute(BLOCK, values).await?;
    }
    Ok(())
}

/// Notes that deliveries were opened again: those that others wait behind are the first of their lines as before.
pub(super) async fn reopened(transaction: &mut Transaction, ids: &[Uuid]) -> Result<()> {
    for values in chunks(ids) {
        transaction.execute(UNBLOCK, values).await?;
    }
    Ok(())
}

/// Lets go on what waits behind the dead letters of a subscription, which is changed so that nothing waits for them any more.
pub(super) async fn unblock(transaction: &mut Transaction, id: SubscriptionId) -> Result<()> {
    loop {
        let rows = transaction.fetch_all(BLOCKING, values![id, MAX_COUNTED]).await?;
        if rows.is_empty() {
            return Ok(());
        }
        drop_out(transaction, &rows.iter().map(|row| row.uuid("delivery_id")).collect::<Result<Vec<_>>>()?).await?;
    }
}

/// The delivery that a parked one waits for: the first in its line.
pub(super) async fn waits_for(transaction: &mut Transaction, id: DeliveryId) -> Result<Option<DeliveryId>> {
    let row = transaction.fetch_optional(FIRST_BEFORE, values![id]).await?;
    row.as_ref().map(|row: &Row| row.uuid("delivery_id").map(DeliveryId::from_uuid)).transpose()
}

/// How many wait behind a dead letter, counted up to a thousand; `None` if nothing waits for it.
pub(super) async fn holds_up(transaction: &mut Transaction, id: DeliveryId) -> Result<Option<u32>> {
    let row = transaction.fetch_optional(COUNT_BEHIND, values![id, MAX_COUNTED]).await?;
    let count: Option<u32> = row.map(|row| row.narrow("behind")).transpose()?;
    Ok(count.filter(|&count| count > 0))
}
