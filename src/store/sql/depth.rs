//! Counting what waits and what is dead, portion by portion, in the keys of their small tables.

use uuid::Uuid;

use super::engine::Engine;
use super::row::Row;
use super::statement::statements;
use super::value::values;
use crate::domain::clock::Timestamp;
use crate::domain::id::{DeliveryId, SubscriptionId};
use crate::domain::tenant::TenantName;
use crate::store::{Mark, Portion, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

statements! {
    // A delivery's identifier says when it was created, so that nothing but the key is read. One row, the portion's last; none if
    // it is empty.
    PENDING = "WITH portion AS MATERIALIZED (
                 SELECT subscription_id, due_at, delivery_id FROM queue
                 WHERE (subscription_id, due_at, delivery_id) > ($1, $2, $3)
                 ORDER BY subscription_id, due_at, delivery_id LIMIT $4)
               SELECT subscription_id, due_at, delivery_id, (SELECT COUNT(*) FROM portion) AS counted,
                 (SELECT delivery_id FROM portion ORDER BY delivery_id LIMIT 1) AS oldest
               FROM portion ORDER BY subscription_id DESC, due_at DESC, delivery_id DESC LIMIT 1";
    DEAD_LETTERED = "WITH portion AS MATERIALIZED (
                       SELECT tenant, delivery_id FROM dead_letters WHERE (tenant, delivery_id) > ($1, $2)
                       ORDER BY tenant, delivery_id LIMIT $3)
                     SELECT tenant, delivery_id, (SELECT COUNT(*) FROM portion) AS counted,
                       (SELECT delivery_id FROM portion ORDER BY delivery_id LIMIT 1) AS oldest
                     FROM portion ORDER BY tenant DESC, delivery_id DESC LIMIT 1";
}

/// Counts up to `limit` from `mark` on.
pub(super) async fn count(engine: &Engine, mark: &Mark, limit: u32) -> Result<Portion> {
    let last = match mark {
        Mark::Pending(after) => {
            let (lane, due_at, id) = after
                .map_or((Uuid::nil(), Timestamp::from_micros(i64::MIN), Uuid::nil()), |(lane, at, id)| {
                    (lane.as_uuid(), at, id.as_uuid())
                });
            engine.fetch_optional(PENDING, values![lane, due_at, id, limit]).await?
        }
        Mark::DeadLettered(after) => {
            let (tenant, id) = after.as_ref().map_or(("", Uuid::nil()), |(tenant, id)| (tenant.as_str(), id.as_uuid()));
            engine.fetch_optional(DEAD_LETTERED, values![tenant, id, limit]).await?
        }
    };
    last.map_or(Ok(Portion { count: 0, oldest_at: None, rest: None }), |last| portion(mark, &last, limit))
}

fn portion(mark: &Mark, last: &Row, limit: u32) -> Result<Portion> {
    let count = last.narrow("counted")?;
    let delivery_id = DeliveryId::from_uuid(last.uuid("delivery_id")?);
    let next = match mark {
        Mark::Pending(_) => {
            Mark::Pending(Some((SubscriptionId::from_uuid(last.uuid("subscription_id")?), last.time("due_at")?, delivery_id)))
        }
        Mark::DeadLettered(_) => {
            let tenant: TenantName = last.tenant("tenant")?;
            Mark::DeadLettered(Some((tenant, delivery_id)))
        }
    };
    let rest = (count >= u64::from(limit)).then_some(next);
    Ok(Portion { count, oldest_at: DeliveryId::from_uuid(last.uuid("oldest")?).made_at(), rest })
}
