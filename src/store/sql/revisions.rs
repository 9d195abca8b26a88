//! Revisions of subscriptions: what routing saw of them, from one version until another.
//!
//! Written in the transaction of the change itself, after it raised the routing version, and only if routing sees a difference.

use std::time::Duration;

use uuid::Uuid;

use super::engine::{Engine, Transaction};
use super::row::Row;
use super::statement::statements;
use super::subscriptions::{parse_reason, parse_status, reason_name};
use super::value::values;
use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;
use crate::domain::page::{Page, PageRequest};
use crate::domain::subscription::{DisabledReason, Rules, Status};
use crate::domain::tenant::TenantName;
use crate::store::{Revision, RoutingHistory, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

macro_rules! columns {
    () => {
        "r.subscription_id, r.from_version, r.until_version, r.status, r.disabled_reason, r.rules, r.began_at, r.ended_at, s.deleted_at
         FROM subscription_revisions r JOIN subscriptions s ON s.id = r.subscription_id"
    };
}

statements! {
    // Only if status or rules are others than before: a change of the sink, a secret or a description leaves it in force.
    END = "UPDATE subscription_revisions SET until_version = (SELECT version FROM routing WHERE id = 1), ended_at = $5
           WHERE tenant = $1 AND subscription_id = $2 AND until_version IS NULL AND (status <> $3 OR rules <> $4)";
    END_LAST = "UPDATE subscription_revisions SET until_version = (SELECT version FROM routing WHERE id = 1), ended_at = $3
                WHERE tenant = $1 AND subscription_id = $2 AND until_version IS NULL";
    BEGIN = "INSERT INTO subscription_revisions
               (tenant, subscription_id, from_version, status, disabled_reason, rules, began_at)
             VALUES ($1, $2, (SELECT version FROM routing WHERE id = 1), $3, $4, $5, $6)";
    TRIM = "DELETE FROM subscription_revisions WHERE tenant = $1 AND subscription_id = $2 AND from_version <= (
              SELECT from_version FROM subscription_revisions WHERE tenant = $1 AND subscription_id = $2
              ORDER BY from_version DESC LIMIT 1 OFFSET $3)";
    IN_FORCE = "SELECT ", columns!(), "
                WHERE r.tenant = $1 AND r.subscription_id < $2
                  AND r.from_version <= $3 AND (r.until_version > $3 OR r.until_version IS NULL)
                ORDER BY r.subscription_id DESC LIMIT $4";
    OF_SUBSCRIPTION = "SELECT ", columns!(), " WHERE r.tenant = $1 AND r.subscription_id = $2 ORDER BY r.from_version";
    LIFE = "SELECT created_at, deleted_at FROM subscriptions WHERE tenant = $1 AND id = $2";
    // Of each tenant its oldest event, by the index of its events: what ended before all of them explains none.
    HORIZON = "SELECT MIN(oldest.version) AS version FROM (
                 SELECT (SELECT e.routing_version FROM events e WHERE e.tenant = t.name ORDER BY e.id LIMIT 1) AS version
                 FROM tenants t) oldest";
    DELETE_ENDED = "DELETE FROM subscription_revisions WHERE (tenant, subscription_id, from_version) IN (
                      SELECT tenant, subscription_id, from_version FROM subscription_revisions
                      WHERE until_version <= $1 AND ended_at < $2 LIMIT $3)";
}

/// Revisions deleted in one transaction: few enough that accepting hardly waits for it.
const DELETE_AT_ONCE: u32 = 1000;

/// How long a revision is kept after its end whatever events there are: identifiers of events follow the order of routing versions
/// but for the time that a batch takes to be committed.
const SLACK: Duration = Duration::from_hours(1);

/// Begins the life of a subscription.
pub(super) async fn begin(
    transaction: &mut Transaction,
    (tenant, id): (&TenantName, SubscriptionId),
    (status, reason): (Status, Option<DisabledReason>),
    rules: &Rules,
    now: Timestamp,
) -> Result<()> {
    let rules = text(rules)?;
    let values = values![tenant, id, status.as_str(), reason.map(reason_name), rules, now];
    transaction.execute(BEGIN, values).await.map(|_| ())
}

/// Notes what a subscription is after a change, if routing sees a difference.
pub(super) async fn note(
    transaction: &mut Transaction,
    (tenant, id): (&TenantName, SubscriptionId),
    (status, reason): (Status, Option<DisabledReason>),
    rules: &Rules,
    now: Timestamp,
) -> Result<()> {
    if transaction.execute(END, values![tenant, id, status.as_str(), text(rules)?, now]).await? == 0 {
        return Ok(());
    }
    begin(transaction, (tenant, id), (status, reason), rules, now).await?;
    transaction.execute(TRIM, values![tenant, id, Revision::MAX_KEPT]).await.map(|_| ())
}

/// Ends the life of a subscription.
pub(super) async fn end(transaction: &mut Transaction, tenant: &TenantName, id: SubscriptionId, now: Timestamp) -> Result<()> {
    transaction.execute(END_LAST, values![tenant, id, now]).await.map(|_| ())
}

/// A tenant's subscriptions as they were at a routing version, newest first.
pub(super) async fn in_force(engine: &Engine, tenant: &TenantName, version: i64, page: PageRequest) -> Result<Page<Revision>> {
    let values = values![tenant, page.before.unwrap_or(Uuid::max()), version, page.limit + 1];
    let rows = engine.fetch_all(IN_FORCE, values).await?;
    let revisions = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    Ok(Page::cut(revisions, page.limit, |revision| revision.subscription_id.as_uuid()))
}

/// All that is kept of one subscription's life, oldest first.
pub(super) async fn of_subscription(engine: &Engine, tenant: &TenantName, id: SubscriptionId) -> Result<RoutingHistory> {
    let life = engine.fetch_optional(LIFE, values![tenant, id]).await?.ok_or(StoreError::NotFound)?;
    let rows = engine.fetch_all(OF_SUBSCRIPTION, values![tenant, id]).await?;
    Ok(RoutingHistory {
        created_at: life.time("created_at")?,
        deleted_at: life.optional_time("deleted_at")?,
        revisions: rows.iter().map(read).collect::<Result<_>>()?,
    })
}

/// Deletes revisions that ended before the oldest event of any tenant was routed, some at a time.
pub(super) async fn delete_old(engine: &Engine, now: Timestamp) -> Result<()> {
    let Some(version) = engine.fetch_one(HORIZON, values![]).await?.get::<Option<i64>>("version")? else { return Ok(()) };
    let values = || values![version, now.minus(SLACK), DELETE_AT_ONCE];
    while engine.execute(DELETE_ENDED, values()).await? >= DELETE_AT_ONCE.into() {}
    Ok(())
}

fn text(rules: &Rules) -> Result<String> {
    serde_json::to_string(rules).map_err(StoreError::corrupt)
}

fn read(row: &Row) -> Result<Revision> {
    Ok(Revision {
        subscription_id: SubscriptionId::from_uuid(row.uuid("subscription_id")?),
        from_version: row.int("from_version")?,
        until_version: row.get("until_version")?,
        status: row.word("status", parse_status)?,
        disabled_reason: row.optional_word("disabled_reason", parse_reason)?,
        rules: row.json("rules")?,
        began_at: row.time("began_at")?,
        ended_at: row.optional_time("ended_at")?,
        deleted_at: row.optional_time("deleted_at")?,
    })
}
