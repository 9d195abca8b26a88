//! Redelivering and cancelling many deliveries by their identifiers, in one transaction.

use uuid::Uuid;

use super::chunk::{chunks, ids};
use super::dead_letters::drop_letters;
use super::deliveries::{is_deliverable, reopen};
use super::engine::Engine;
use super::statement::statements;
use super::value::values;
use super::{leases, order};
use crate::domain::clock::Timestamp;
use crate::domain::id::{DeliveryId, SubscriptionId};
use crate::domain::tenant::TenantName;
use crate::store::StoreError;

type Result<T> = std::result::Result<T, StoreError>;

statements! {
    REDELIVER = "UPDATE deliveries SET ", reopen!("$34"), "
                 WHERE id IN (", ids!(), ") AND tenant || '' = $33 AND state IN ('delivered', 'dead_lettered', 'cancelled')
                   AND ", is_deliverable!("deliveries"), " RETURNING id, subscription_id";
    DEQUEUE = "DELETE FROM queue WHERE (subscription_id, due_at, delivery_id) IN (
                 SELECT d.subscription_id, d.next_attempt_at, d.id FROM deliveries d
                 WHERE d.id IN (", ids!(), ") AND d.tenant || '' = $33 AND d.state = 'pending')";
    CANCEL = "UPDATE deliveries SET state = 'cancelled', next_attempt_at = NULL, lease_owner = NULL,
                lease_token = lease_token + 1, finished_at = $34
              WHERE id IN (", ids!(), ") AND tenant || '' = $33 AND state IN ('pending', 'in_flight') RETURNING id";
}

/// Opens those that are finished again, and gives the subscription of each.
pub(super) async fn redeliver(
    engine: &Engine,
    tenant: &TenantName,
    ids: &[DeliveryId],
    now: Timestamp,
) -> Result<Vec<SubscriptionId>> {
    let ids = sorted(ids);
    let mut transaction = engine.begin().await?;
    let (mut opened, mut subscriptions) = (Vec::new(), Vec::new());
    for mut values in chunks(&ids) {
        values.extend(values![tenant, now]);
        for row in transaction.fetch_all(REDELIVER, values).await? {
            opened.push(row.uuid("id")?);
            subscriptions.push(SubscriptionId::from_uuid(row.uuid("subscription_id")?));
        }
    }
    drop_letters(&mut transaction, tenant, &opened).await?;
    order::reopened(&mut transaction, &opened).await?;
    leases::enqueue(&mut transaction, &opened, now).await?;
    transaction.commit().await?;
    Ok(subscriptions)
}

/// Cancels those that are not finished, and says how many.
pub(super) async fn cancel(engine: &Engine, tenant: &TenantName, ids: &[DeliveryId], now: Timestamp) -> Result<u64> {
    let ids = sorted(ids);
    let mut transaction = engine.begin().await?;
    let lines = order::lock(&mut transaction, &ids).await?;
    let mut cancelled = Vec::new();
    for mut values in chunks(&ids) {
        values.extend(values![tenant]);
        transaction.execute(DEQUEUE, values.clone()).await?;
        values.extend(values![now]);
        for row in transaction.fetch_all(CANCEL, values).await? {
            cancelled.push(row.uuid("id")?);
        }
    }
    order::leave(&mut transaction, &cancelled, &lines).await?;
    transaction.commit().await?;
    Ok(cancelled.len() as u64)
}

/// In one order everywhere, so that two callers do not wait for each other in a circle.
fn sorted(ids: &[DeliveryId]) -> Vec<Uuid> {
    let mut ids: Vec<_> = ids.iter().map(|id| id.as_uuid()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
