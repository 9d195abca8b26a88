//! Redelivering and cancelling many deliveries at once, newest first, in batches that never hold the database for long.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::clock::Timestamp;
use crate::domain::credential::Scope;
use crate::domain::delivery::DeliveryState;
use crate::domain::id::{DeliveryId, EventId, SubscriptionId};
use crate::domain::page::PageRequest;
use crate::domain::tenant::TenantName;
use crate::http::api::wire::Query;
use crate::http::api::wire::answers::Problems;
use crate::http::problem::{Problem, Result};
use crate::http::{AppState, Caller};
use crate::store::DeliveryFilter;

/// Deliveries looked at, and changed, at once.
const BATCH: u32 = 250;

/// The most deliveries of one call.
const MAX_LIMIT: u32 = 10_000;

/// Which deliveries are meant. Without any filter, `all=true` has to say so.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ChooseDeliveries {
    /// In this state.
    state: Option<DeliveryState>,
    /// To this subscription.
    subscription_id: Option<SubscriptionId>,
    /// Of this event.
    event_id: Option<EventId>,
    /// Created at or after this moment.
    after: Option<Timestamp>,
    /// Created before this moment.
    before: Option<Timestamp>,
    /// All of the tenant's.
    #[serde(default)]
    #[param(required = false)]
    all: bool,
    /// At most so many, the newest first.
    #[param(minimum = 1, maximum = 10000, default = 10000)]
    limit: Option<u32>,
    /// Only count them.
    #[serde(default)]
    #[param(required = false)]
    dry_run: bool,
}

/// How many deliveries were changed, or would have been.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BulkDeliveries {
    /// How many.
    count: u64,
    /// Whether nothing was changed.
    dry_run: bool,
    /// Whether more match than one call may change: call again for the rest.
    has_more: bool,
}

/// Opens finished deliveries again, newest first, each with a fresh attempt budget and its whole history.
///
/// Those that are not finished, and those whose subscription is gone or disabled, are passed over.
#[utoipa::path(
    post, path = "/v1/deliveries/redeliver", tag = "deliveries", params(ChooseDeliveries),
    security(("bearer" = ["deliveries:write"])),
    responses((status = 200, description = "How many were opened", body = BulkDeliveries), Problems)
)]
pub(super) async fn redeliver_deliveries(
    State(app): State<AppState>,
    caller: Caller,
    Query(choice): Query<ChooseDeliveries>,
) -> Result<Json<BulkDeliveries>> {
    caller.require(Scope::DeliveriesWrite)?;
    choice.walk(&app, &caller, Change::Redeliver).await.map(Json)
}

/// Cancels deliveries that are not finished, newest first.
///
/// Attempts under way may still reach their sinks.
#[utoipa::path(
    post, path = "/v1/deliveries/cancel", tag = "deliveries", params(ChooseDeliveries),
    security(("bearer" = ["deliveries:write"])),
    responses((status = 200, description = "How many were cancelled", body = BulkDeliveries), Problems)
)]
pub(super) async fn cancel_deliveries(
    State(app): State<AppState>,
    caller: Caller,
    Query(choice): Query<ChooseDeliveries>,
) -> Result<Json<BulkDeliveries>> {
    caller.require(Scope::DeliveriesWrite)?;
    if choice.state.is_some() {
        return choice.walk(&app, &caller, Change::Cancel).await.map(Json);
    }
    choice.filter()?;
    // Not through everything that was ever delivered.
    let pending = choice.with_state(DeliveryState::Pending).walk(&app, &caller, Change::Cancel).await?;
    let in_flight = choice.with_state(DeliveryState::InFlight).walk(&app, &caller, Change::Cancel).await?;
    Ok(Json(BulkDeliveries {
        count: pending.count + in_flight.count,
        dry_run: choice.dry_run,
        has_more: pending.has_more || in_flight.has_more,
    }))
}

/// What is done to the deliveries that are meant.
#[derive(Debug, Clone, Copy)]
enum Change {
    Redeliver,
    Cancel,
}

impl Change {
    /// Whether it does anything to a delivery in that state.
    const fn concerns(self, state: DeliveryState) -> bool {
        match self {
            Self::Redeliver => state.is_finished(),
            Self::Cancel => !state.is_finished(),
        }
    }

    /// Does it, and says to how many it did.
    async fn make(self, app: &AppState, tenant: &TenantName, ids: &[DeliveryId]) -> Result<u64> {
        let now = app.clock.now();
        match self {
            Self::Redeliver => {
                let opened = app.store.redeliver_many(tenant, ids, now).await?;
                for &lane in &opened {
                    app.dispatch.queued(lane, now);
                }
                Ok(opened.len() as u64)
            }
            Self::Cancel => Ok(app.store.cancel_many(tenant, ids, now).await?),
        }
    }
}

impl ChooseDeliveries {
    /// The same in one state only; that it is meant for all was said before.
    fn with_state(&self, state: DeliveryState) -> Self {
        Self { state: Some(state), ..*self }
    }

    /// Goes through what matches, page by page, and makes the change.
    async fn walk(&self, app: &AppState, caller: &Caller, change: Change) -> Result<BulkDeliveries> {
        let filter = self.filter()?;
        let mut room = self.bound()?;
        let mut page = PageRequest { limit: BATCH, before: None };
        let mut count = 0;
        loop {
            let found = app.store.deliveries(&caller.tenant, &filter, page).await?;
            let meant = found.rows.iter().filter(|delivery| change.concerns(delivery.state));
            let mut ids: Vec<_> = meant.map(|delivery| delivery.id).collect();
            let has_more = ids.len() > room;
            ids.truncate(room);
            room -= ids.len();
            count += match (ids.len() as u64, self.dry_run) {
                (0, _) => 0,
                (number, true) => number,
                (_, false) => change.make(app, &caller.tenant, &ids).await?,
            };
            if has_more || found.next.is_none() {
                return Ok(BulkDeliveries { count, dry_run: self.dry_run, has_more });
            }
            page.before = found.next;
        }
    }

    fn filter(&self) -> Result<DeliveryFilter> {
        let &Self { state, subscription_id, event_id, after, before, .. } = self;
        let filter = DeliveryFilter { state, subscription_id, event_id, after, before };
        if filter == DeliveryFilter::default() && !self.all {
            return Err(Problem::invalid_request("Name the deliveries that are meant with a filter, or say `all=true`.")
                .at_parameter("all", "must be `true` to mean every delivery of the tenant"));
        }
        Ok(filter)
    }

    fn bound(&self) -> Result<usize> {
        match self.limit {
            None => Ok(MAX_LIMIT as usize),
            Some(limit @ 1..=MAX_LIMIT) => Ok(limit as usize),
            Some(_) => Err(Problem::invalid_request("Nothing was changed.").at_parameter("limit", "must be between 1 and 10000")),
        }
    }
}
