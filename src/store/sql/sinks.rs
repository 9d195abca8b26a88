//! Sinks in trouble, each a row. One that is well has none, so that it costs nothing.

use uuid::Uuid;

use super::chunk::{chunks, ids};
use super::engine::{Engine, Transaction};
use super::row::Row;
use super::statement::statements;
use super::value::{Value, values};
use crate::domain::breaker::{Failure, Health, State};
use crate::domain::id::{NodeId, SubscriptionId};
use crate::store::{HealthChange, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

macro_rules! columns {
    () => {
        "subscription_id, revision, state, since_at, until_at, prober, trip_count, failing_since, failure_count, last_failed_at,
         last_status, last_error"
    };
}

statements! {
    LIST = "SELECT ", columns!(), " FROM sink_health WHERE subscription_id > $1 ORDER BY subscription_id LIMIT $2";
    FIND = "SELECT ", columns!(), " FROM sink_health WHERE subscription_id IN (", ids!(), ")";
    BEGIN = "INSERT INTO sink_health (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             ON CONFLICT (subscription_id) DO NOTHING";
    CHANGE = "UPDATE sink_health SET revision = $2, state = $3, since_at = $4, until_at = $5, prober = $6, trip_count = $7,
                failing_since = $8, failure_count = $9, last_failed_at = $10, last_status = $11, last_error = $12
              WHERE subscription_id = $1 AND revision = $13";
    HEAL = "DELETE FROM sink_health WHERE subscription_id = $1 AND revision = $2";
    FORGET = "DELETE FROM sink_health WHERE subscription_id = $1";
}

/// Those after `after`, in identifier order.
pub(super) async fn list(engine: &Engine, after: Option<SubscriptionId>, limit: u32) -> Result<Vec<(SubscriptionId, Health)>> {
    let after = after.map_or(Uuid::nil(), SubscriptionId::as_uuid);
    engine.fetch_all(LIST, values![after, limit]).await?.iter().map(read).collect()
}

/// Those of these subscriptions.
pub(super) async fn find(engine: &Engine, wanted: &[SubscriptionId]) -> Result<Vec<(SubscriptionId, Health)>> {
    let wanted: Vec<_> = wanted.iter().map(|id| id.as_uuid()).collect();
    let mut found = Vec::new();
    for values in chunks(&wanted) {
        for row in engine.fetch_all(FIND, values).await? {
            found.push(read(&row)?);
        }
    }
    Ok(found)
}

/// Writes changes, and says of each whether nobody was faster.
pub(super) async fn put(engine: &Engine, changes: &[HealthChange]) -> Result<Vec<bool>> {
    // In one order for all nodes, so that none waits for another that waits for it.
    let mut order: Vec<usize> = (0..changes.len()).collect();
    order.sort_unstable_by_key(|&index| changes[index].id);
    let mut written = vec![false; changes.len()];
    let mut transaction = engine.begin().await?;
    for index in order {
        let HealthChange { id, read, after } = &changes[index];
        let rows = match (read, after) {
            (None, None) => 1,
            (None, Some(after)) => transaction.execute(BEGIN, row(*id, after)).await?,
            (Some(read), None) => transaction.execute(HEAL, values![*id, *read]).await?,
            (Some(read), Some(after)) => {
                let mut values = row(*id, after);
                values.push(Value::from(*read));
                transaction.execute(CHANGE, values).await?
            }
        };
        written[index] = rows > 0;
    }
    transaction.commit().await?;
    Ok(written)
}

/// Forgets the sink of a subscription that is deleted.
pub(super) async fn forget(transaction: &mut Transaction, id: SubscriptionId) -> Result<()> {
    transaction.execute(FORGET, values![id]).await.map(|_| ())
}

fn row(id: SubscriptionId, health: &Health) -> Vec<Value> {
    let Health { revision, state, since, until, prober, trips, failing_since, failure_count, last } = health;
    values![
        id,
        *revision,
        state.as_str(),
        *since,
        *until,
        *prober,
        *trips,
        *failing_since,
        *failure_count,
        last.at,
        last.status.map(i64::from),
        last.error.as_deref(),
    ]
}

fn read(row: &Row) -> Result<(SubscriptionId, Health)> {
    let last =
        Failure { at: row.time("last_failed_at")?, status: row.optional_narrow("last_status")?, error: row.get("last_error")? };
    let health = Health {
        revision: row.int("revision")?,
        state: row.word("state", |word| State::ALL.into_iter().find(|state| state.as_str() == word))?,
        since: row.time("since_at")?,
        until: row.optional_time("until_at")?,
        prober: row.get::<Option<Uuid>>("prober")?.map(NodeId::from_uuid),
        trips: row.narrow("trip_count")?,
        failing_since: row.optional_time("failing_since")?,
        failure_count: row.narrow("failure_count")?,
        last,
    };
    Ok((SubscriptionId::from_uuid(row.uuid("subscription_id")?), health))
}
