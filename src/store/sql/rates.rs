//! Rate limits: one cell per limited subscription, the moment at which its bucket is full again.

use std::time::Duration;

use super::engine::{Engine, Transaction};
use super::statement::statements;
use super::value::values;
use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;
use crate::store::StoreError;

type Result<T> = std::result::Result<T, StoreError>;

statements! {
    // What was reserved stays reserved: of two nodes at once the second one's slots follow the first one's.
    RESERVE = "INSERT INTO rate_cells (subscription_id, full_at) VALUES ($1, CAST($2 AS BIGINT) + CAST($3 AS BIGINT))
               ON CONFLICT (subscription_id) DO UPDATE SET
                 full_at = CASE WHEN rate_cells.full_at > $2 THEN rate_cells.full_at ELSE $2 END + $3
               RETURNING full_at - $3 AS begins_at";
    FORGET = "DELETE FROM rate_cells WHERE subscription_id = $1";
}

/// Reserves so much of each bucket, and says when each would have been full without that.
pub(super) async fn reserve(engine: &Engine, wanted: &[(SubscriptionId, Duration)], now: Timestamp) -> Result<Vec<Timestamp>> {
    // In one order for all nodes, so that none waits for another that waits for it.
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_unstable_by_key(|&index| wanted[index].0);
    let mut begins = vec![now; wanted.len()];
    let mut transaction = engine.begin().await?;
    for index in order {
        let (id, span) = wanted[index];
        let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX / 4);
        let row = transaction.fetch_optional(RESERVE, values![id, now, span]).await?;
        if let Some(row) = row {
            begins[index] = row.time("begins_at")?;
        }
    }
    transaction.commit().await?;
    Ok(begins)
}

/// Forgets the cell of a subscription that is deleted.
pub(super) async fn forget(transaction: &mut Transaction, id: SubscriptionId) -> Result<()> {
    transaction.execute(FORGET, values![id]).await.map(|_| ())
}
