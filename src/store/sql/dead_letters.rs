//! Dead letters: listed, counted, redriven and purged by one and the same filter.

use uuid::Uuid;

use super::chunk::{chunks, ids};
use super::deliveries::{columns, is_deliverable, read_all, reopen};
use super::engine::{Engine, Transaction};
use super::range::Range;
use super::row::Row;
use super::statement::statements;
use super::value::{Value, values};
use super::{attempts, forwards, leases, order};
use crate::domain::clock::Timestamp;
use crate::domain::delivery::{DeadReason, Delivery};
use crate::domain::id::SubscriptionId;
use crate::domain::page::{Page, PageRequest};
use crate::domain::tenant::TenantName;
use crate::store::{DeadLetterFilter, DeadLetterGroup, GroupBy, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

macro_rules! matching {
    () => {
        "tenant = $1 AND delivery_id < $2 AND delivery_id >= $3 AND created_at >= $4 AND created_at < $5
           AND (subscription_id = $6 OR $6 IS NULL) AND (reason = $7 OR $7 IS NULL)"
    };
}

macro_rules! groups {
    ($by:literal) => {
        concat!(
            "SELECT ",
            $by,
            ", COUNT(*) AS letters, MIN(created_at) AS oldest_at, MAX(created_at) AS newest_at
             FROM dead_letters WHERE ",
            matching!(),
            " GROUP BY ",
            $by,
            " ORDER BY letters DESC, oldest_at LIMIT 1000"
        )
    };
}

statements! {
    // What is listed or changed is chosen first and apart: `IN (SELECT … LIMIT …)` may be run again for every row and take more
    // than its limit.
    LIST = "WITH chosen AS MATERIALIZED (
              SELECT delivery_id FROM dead_letters WHERE ", matching!(), " ORDER BY delivery_id DESC LIMIT $8)
            SELECT ", columns!(), " FROM deliveries WHERE id IN (SELECT delivery_id FROM chosen) ORDER BY id DESC";
    COUNT = "SELECT COUNT(*) AS letters, MIN(created_at) AS oldest_at, MAX(created_at) AS newest_at
             FROM dead_letters WHERE ", matching!();
    GROUP_BY_SUBSCRIPTION = groups!("subscription_id");
    GROUP_BY_REASON = groups!("reason");
    GROUP_BY_BOTH = groups!("subscription_id, reason");
    COUNT_REDRIVABLE = "SELECT COUNT(*) AS letters FROM dead_letters
                        WHERE ", matching!(), " AND ", is_deliverable!("dead_letters");
    REDRIVE = "WITH chosen AS MATERIALIZED (
                 SELECT delivery_id FROM dead_letters WHERE ", matching!(), " AND ", is_deliverable!("dead_letters"), "
                 ORDER BY delivery_id LIMIT $8)
               UPDATE deliveries SET ", reopen!("$9"), "
               WHERE id IN (SELECT delivery_id FROM chosen) AND state = 'dead_lettered' RETURNING id";
    PURGE = "WITH chosen AS MATERIALIZED (
               SELECT delivery_id FROM dead_letters WHERE ", matching!(), " ORDER BY delivery_id LIMIT $8)
             DELETE FROM deliveries WHERE id IN (SELECT delivery_id FROM chosen) AND state = 'dead_lettered' RETURNING id";
    NO_LETTERS = "DELETE FROM dead_letters WHERE tenant = $33 AND delivery_id IN (", ids!(), ")";
}

/// A tenant's dead letters that match, newest first.
pub(super) async fn list(
    engine: &Engine,
    tenant: &TenantName,
    filter: &DeadLetterFilter,
    page: PageRequest,
) -> Result<Page<Delivery>> {
    let mut values = matching(tenant, filter, range(filter).page(page));
    values.push(Value::from(page.limit + 1));
    let deliveries = read_all(&engine.fetch_all(LIST, values).await?)?;
    Ok(Page::cut(deliveries, page.limit, |delivery| delivery.id.as_uuid()))
}

/// A tenant's dead letters that match, counted; the largest group first.
pub(super) async fn groups(
    engine: &Engine,
    tenant: &TenantName,
    filter: &DeadLetterFilter,
    by: GroupBy,
) -> Result<Vec<DeadLetterGroup>> {
    let statement = match (by.subscription, by.reason) {
        (false, false) => COUNT,
        (true, false) => GROUP_BY_SUBSCRIPTION,
        (false, true) => GROUP_BY_REASON,
        (true, true) => GROUP_BY_BOTH,
    };
    let rows = engine.fetch_all(statement, matching(tenant, filter, range(filter))).await?;
    // Counting nothing without grouping has a row all the same.
    let groups = rows.iter().map(|row| read_group(row, by)).collect::<Result<Vec<_>>>()?;
    Ok(groups.into_iter().flatten().collect())
}

/// Opens dead letters again, oldest first.
pub(super) async fn redrive(
    engine: &Engine,
    tenant: &TenantName,
    filter: &DeadLetterFilter,
    now: Timestamp,
    limit: u32,
) -> Result<u64> {
    let mut values = matching(tenant, filter, range(filter));
    values.extend(values![limit, now]);
    let mut transaction = engine.begin().await?;
    let opened = ids_of(&transaction.fetch_all(REDRIVE, values).await?)?;
    drop_letters(&mut transaction, tenant, &opened).await?;
    order::reopened(&mut transaction, &opened).await?;
    leases::enqueue(&mut transaction, &opened, now).await?;
    transaction.commit().await?;
    Ok(opened.len() as u64)
}

/// How many could be opened.
pub(super) async fn count_redrivable(engine: &Engine, tenant: &TenantName, filter: &DeadLetterFilter) -> Result<u64> {
    engine.fetch_one(COUNT_REDRIVABLE, matching(tenant, filter, range(filter))).await?.narrow("letters")
}

/// Deletes dead letters with their attempts, oldest first.
pub(super) async fn purge(engine: &Engine, tenant: &TenantName, filter: &DeadLetterFilter, limit: u32) -> Result<u64> {
    let mut values = matching(tenant, filter, range(filter));
    values.push(Value::from(limit));
    let mut transaction = engine.begin().await?;
    let purged = ids_of(&transaction.fetch_all(PURGE, values).await?)?;
    drop_letters(&mut transaction, tenant, &purged).await?;
    attempts::delete(&mut transaction, &purged).await?;
    forwards::delete(&mut transaction, &purged).await?;
    order::drop_out(&mut transaction, &purged).await?;
    transaction.commit().await?;
    Ok(purged.len() as u64)
}

fn ids_of(rows: &[Row]) -> Result<Vec<Uuid>> {
    rows.iter().map(|row| row.uuid("id")).collect()
}

/// Takes deliveries off the dead letters.
pub(super) async fn drop_letters(transaction: &mut Transaction, tenant: &TenantName, ids: &[Uuid]) -> Result<()> {
    for mut values in chunks(ids) {
        values.extend(values![tenant]);
        transaction.execute(NO_LETTERS, values).await?;
    }
    Ok(())
}

fn range(filter: &DeadLetterFilter) -> Range {
    Range::of_deliveries(filter.after, filter.before)
}

/// The values of [`matching!`].
fn matching(tenant: &TenantName, filter: &DeadLetterFilter, range: Range) -> Vec<Value> {
    let reason = filter.reason.map(DeadReason::as_str);
    values![tenant, range.high, range.low, range.after, range.before, filter.subscription_id, reason]
}

fn read_group(row: &Row, by: GroupBy) -> Result<Option<DeadLetterGroup>> {
    let (Some(oldest_at), Some(newest_at)) = (row.optional_time("oldest_at")?, row.optional_time("newest_at")?) else {
        return Ok(None);
    };
    Ok(Some(DeadLetterGroup {
        subscription_id: by.subscription.then(|| row.uuid("subscription_id").map(SubscriptionId::from_uuid)).transpose()?,
        reason: if by.reason { row.optional_word("reason", DeadReason::parse)? } else { None },
        count: row.narrow("letters")?,
        oldest_at,
        newest_at,
    }))
}
