//! Opening and deleting many dead letters at once, in batches that never hold the database for long.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::clock::Timestamp;
use crate::domain::credential::Scope;
use crate::domain::delivery::DeadReason;
use crate::domain::id::SubscriptionId;
use crate::domain::tenant::TenantName;
use crate::http::api::wire::Query;
use crate::http::api::wire::answers::Problems;
use crate::http::problem::{Problem, Result};
use crate::http::{AppState, Caller, Shard};
use crate::store::{DeadLetterFilter, GroupBy, Store};

/// Dead letters opened or deleted in one transaction.
const BATCH: u32 = 1000;

/// Which dead letters are opened.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RedriveDeadLetters {
    /// To this subscription.
    subscription_id: Option<SubscriptionId>,
    /// Dead for this reason.
    reason: Option<DeadReason>,
    /// Of events accepted at or after this moment.
    after: Option<Timestamp>,
    /// Of events accepted before this moment.
    before: Option<Timestamp>,
    /// At most so many, the oldest ones first; absent means all.
    #[param(minimum = 1)]
    limit: Option<u64>,
    /// Only count them.
    #[serde(default)]
    #[param(required = false)]
    dry_run: bool,
}

/// Which dead letters are deleted. Without any filter, `all=true` has to say so.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PurgeDeadLetters {
    /// To this subscription.
    subscription_id: Option<SubscriptionId>,
    /// Dead for this reason.
    reason: Option<DeadReason>,
    /// Of events accepted at or after this moment.
    after: Option<Timestamp>,
    /// Of events accepted before this moment.
    before: Option<Timestamp>,
    /// All of the tenant's.
    #[serde(default)]
    #[param(required = false)]
    all: bool,
    /// At most so many, the oldest ones first; absent means all that match.
    #[param(minimum = 1)]
    limit: Option<u64>,
    /// Only count them.
    #[serde(default)]
    #[param(required = false)]
    dry_run: bool,
}

/// How many dead letters were opened or deleted, or would have been.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BulkResult {
    /// How many.
    count: u64,
    /// Whether nothing was changed.
    dry_run: bool,
}

/// Opens dead letters again, oldest first, each with a fresh attempt budget and its whole history.
///
/// Those whose subscription is gone or disabled are passed over.
#[utoipa::path(
    post, path = "/v1/dead-letters/redrive", tag = "dead-letters", params(RedriveDeadLetters),
    security(("bearer" = ["deliveries:write"])),
    responses((status = 200, description = "How many were opened", body = BulkResult), Problems)
)]
pub(super) async fn redrive_dead_letters(
    State(app): State<AppState>,
    caller: Caller,
    Query(query): Query<RedriveDeadLetters>,
) -> Result<Json<BulkResult>> {
    caller.require(Scope::DeliveriesWrite)?;
    let Shard { store, dispatch, .. } = app.shard(&caller)?;
    let RedriveDeadLetters { subscription_id, reason, after, before, limit, dry_run } = query;
    let filter = DeadLetterFilter { subscription_id, reason, after, before };
    // The number is fixed beforehand: a sink that is still down would make fresh dead letters as fast as they are opened.
    let total = store.count_redrivable(&caller.tenant, &filter).await?.min(bound(limit)?);
    if dry_run {
        return Ok(Json(BulkResult { count: total, dry_run }));
    }
    let lanes = lanes(&**store, &caller.tenant, &filter).await?;
    let mut count = 0;
    while count < total {
        let now = app.clock.now();
        let opened = store.redrive(&caller.tenant, &filter, now, batch(total - count)).await?;
        for &lane in &lanes {
            dispatch.queued(lane, now);
        }
        count += opened;
        if opened == 0 {
            break;
        }
    }
    Ok(Json(BulkResult { count, dry_run }))
}

/// Deletes dead letters with their attempts, oldest first.
#[utoipa::path(
    delete, path = "/v1/dead-letters", tag = "dead-letters", params(PurgeDeadLetters),
    security(("bearer" = ["deliveries:write"])),
    responses((status = 200, description = "How many were deleted", body = BulkResult), Problems)
)]
pub(super) async fn purge_dead_letters(
    State(app): State<AppState>,
    caller: Caller,
    Query(query): Query<PurgeDeadLetters>,
) -> Result<Json<BulkResult>> {
    caller.require(Scope::DeliveriesWrite)?;
    let store = &app.shard(&caller)?.store;
    let PurgeDeadLetters { subscription_id, reason, after, before, all, limit, dry_run } = query;
    let filter = DeadLetterFilter { subscription_id, reason, after, before };
    if filter == DeadLetterFilter::default() && !all {
        return Err(Problem::invalid_request("Name what is to be deleted with a filter, or say `all=true`.")
            .at_parameter("all", "must be `true` to delete every dead letter of the tenant"));
    }
    let total = matching(&**store, &caller.tenant, &filter).await?.min(bound(limit)?);
    if dry_run {
        return Ok(Json(BulkResult { count: total, dry_run }));
    }
    let mut count = 0;
    while count < total {
        let deleted = store.purge(&caller.tenant, &filter, batch(total - count)).await?;
        count += deleted;
        if deleted == 0 {
            break;
        }
    }
    Ok(Json(BulkResult { count, dry_run }))
}

fn bound(limit: Option<u64>) -> Result<u64> {
    match limit {
        Some(0) => Err(Problem::invalid_request("Nothing would be done.").at_parameter("limit", "must be at least 1")),
        Some(limit) => Ok(limit),
        None => Ok(u64::MAX),
    }
}

fn batch(rest: u64) -> u32 {
    u32::try_from(rest).unwrap_or(BATCH).min(BATCH)
}

/// How many dead letters match.
async fn matching(store: &dyn Store, tenant: &TenantName, filter: &DeadLetterFilter) -> Result<u64> {
    let groups = store.dead_letter_groups(tenant, filter, GroupBy::default()).await?;
    Ok(groups.iter().map(|group| group.count).sum())
}

/// The subscriptions with matching dead letters, the largest numbers first: their work begins without waiting for a sweep.
async fn lanes(store: &dyn Store, tenant: &TenantName, filter: &DeadLetterFilter) -> Result<Vec<SubscriptionId>> {
    let by = GroupBy { subscription: true, reason: false };
    let groups = store.dead_letter_groups(tenant, filter, by).await?;
    Ok(groups.into_iter().filter_map(|group| group.subscription_id).collect())
}
