//! Redelivering and cancelling many deliveries at once, newest first, in batches that never hold the database for long.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::domain::clock::Timestamp;
use crate::domain::credential::Scope;
use crate::domain::delivery::{Delivery, DeliveryState};
use crate::domain::id::{DeliveryId, EventId, SubscriptionId};
use crate::domain::page::PageRequest;
use crate::domain::subscription::Status;
use crate::domain::tenant::TenantName;
use crate::http::api::wire::answers::Problems;
use crate::http::api::wire::{Cursor, Query};
use crate::http::problem::{Problem, Result};
use crate::http::{AppState, Caller, Shard};
use crate::store::{DeliveryFilter, StoreError};

/// Deliveries looked at, and changed, at once.
const BATCH: u32 = 250;

/// The most deliveries that one call changes.
const MAX_LIMIT: u32 = 10_000;

/// The most pages that one call looks at: where little of what matches is meant it would go on for ever.
const MAX_PAGES: u32 = 400;

/// Which deliveries are meant. Without any filter, `all=true` has to say so.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ChooseDeliveries {
    /// In this state.
    state: Option<DeliveryState>,
    /// To this subscription.
    subscription_id: Option<SubscriptionId>,
    /// Of this event.
    event_id: Option<EventId>,
    /// Of events accepted at or after this moment.
    after: Option<Timestamp>,
    /// Of events accepted before this moment.
    before: Option<Timestamp>,
    /// All of the tenant's.
    #[serde(default)]
    #[param(required = false)]
    all: bool,
    /// At most so many, the newest first.
    #[param(minimum = 1, maximum = 10000, default = 10000)]
    limit: Option<u32>,
    /// The `next` of the call before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<DeliveryId>>,
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
    /// Where the next call goes on, if there may be more than one call changes; null at the end.
    #[schema(value_type = Option<String>, required = true)]
    next: Option<Cursor<DeliveryId>>,
}

/// Opens finished deliveries again, newest first, each with a fresh attempt budget and its whole history.
///
/// Those that are not finished, and those whose subscription is gone or disabled, are passed over. One call opens 10000 at most;
/// `next` is the `cursor` of the call for the rest.
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
    let states = [choice.state];
    Walk::new(&app, &caller, &choice, Change::Redeliver)?.run(&states, choice.cursor).await.map(Json)
}

/// Cancels deliveries that are not finished, newest first.
///
/// Attempts under way may still reach their sinks. One call cancels 10000 at most; `next` is the `cursor` of the call for the rest.
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
    let walk = Walk::new(&app, &caller, &choice, Change::Cancel)?;
    // Without a state: not through everything that was ever delivered.
    let unfinished = [Some(DeliveryState::InFlight), Some(DeliveryState::Pending)];
    let states = if choice.state.is_some() { &[choice.state][..] } else { &unfinished };
    walk.run(states, choice.cursor).await.map(Json)
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
    async fn make(self, shard: &Shard, tenant: &TenantName, ids: &[DeliveryId], now: Timestamp) -> Result<u64> {
        match self {
            Self::Redeliver => {
                let opened = shard.store.redeliver_many(tenant, ids, now).await?;
                for &lane in &opened {
                    shard.dispatch.queued(lane, now);
                }
                Ok(opened.len() as u64)
            }
            Self::Cancel => Ok(shard.store.cancel_many(tenant, ids, now).await?),
        }
    }
}

/// One call on its way through what matches, page by page.
struct Walk<'a> {
    app: &'a AppState,
    shard: &'a Shard,
    tenant: &'a TenantName,
    change: Change,
    filter: DeliveryFilter,
    dry_run: bool,
    /// How many more may be changed.
    room: usize,
    pages_left: u32,
    count: u64,
    /// Subscriptions that were asked for.
    deliverable: HashMap<SubscriptionId, bool>,
}

impl<'a> Walk<'a> {
    fn new(app: &'a AppState, caller: &'a Caller, choice: &ChooseDeliveries, change: Change) -> Result<Self> {
        let &ChooseDeliveries { state, subscription_id, event_id, after, before, all, limit, dry_run, .. } = choice;
        let filter = DeliveryFilter { state, subscription_id, event_id, after, before };
        if filter == DeliveryFilter::default() && !all {
            return Err(Problem::invalid_request("Name the deliveries that are meant with a filter, or say `all=true`.")
                .at_parameter("all", "must be `true` to mean every delivery of the tenant"));
        }
        if state.is_some_and(|state| !change.concerns(state)) {
            return Err(Problem::invalid_request("Nothing would be done.")
                .at_parameter("state", "deliveries in this state are none that this call changes"));
        }
        let room = match limit {
            None => MAX_LIMIT,
            Some(limit @ 1..=MAX_LIMIT) => limit,
            Some(_) => {
                let problem = Problem::invalid_request("Nothing was changed.");
                return Err(problem.at_parameter("limit", "must be between 1 and 10000"));
            }
        };
        let tenant = &caller.tenant;
        let deliverable = HashMap::new();
        let (shard, room) = (app.shard(caller)?, room as usize);
        Ok(Self { app, shard, tenant, change, filter, dry_run, room, pages_left: MAX_PAGES, count: 0, deliverable })
    }

    async fn run(mut self, states: &[Option<DeliveryState>], cursor: Option<Cursor<DeliveryId>>) -> Result<BulkDeliveries> {
        let before = cursor.map(Cursor::uuid);
        let mut next = None;
        for &state in states {
            self.filter.state = state;
            next = self.through(before).await?;
            if next.is_some() {
                break;
            }
        }
        Ok(BulkDeliveries { count: self.count, dry_run: self.dry_run, next: next.map(Cursor::new) })
    }

    /// Goes through what matches before a row, and says after which row it stopped if it did not come to the end.
    async fn through(&mut self, mut before: Option<Uuid>) -> Result<Option<Uuid>> {
        loop {
            let page = PageRequest { limit: BATCH, before };
            let found = self.shard.store.deliveries(self.tenant, &self.filter, page).await?;
            let mut ids = Vec::new();
            let mut has_stopped = false;
            for delivery in &found.rows {
                if self.is_meant(delivery).await? {
                    has_stopped = ids.len() == self.room;
                    if has_stopped {
                        break;
                    }
                    ids.push(delivery.id);
                }
                before = Some(delivery.id.as_uuid());
            }
            self.room -= ids.len();
            self.pages_left = self.pages_left.saturating_sub(1);
            self.count += match (ids.len() as u64, self.dry_run) {
                (0, _) => 0,
                (number, true) => number,
                (_, false) => self.change.make(self.shard, self.tenant, &ids, self.app.clock.now()).await?,
            };
            if !has_stopped && found.next.is_none() {
                return Ok(None);
            }
            if has_stopped || self.room == 0 || self.pages_left == 0 {
                return Ok(before);
            }
        }
    }

    /// Whether the change would be made to it: what is passed over takes no room and is not counted.
    async fn is_meant(&mut self, delivery: &Delivery) -> Result<bool> {
        Ok(self.change.concerns(delivery.state)
            && match self.change {
                Change::Cancel => true,
                Change::Redeliver => self.is_deliverable(delivery.subscription_id).await?,
            })
    }

    /// Whether the subscription is neither gone nor disabled, as the transition will ask too.
    async fn is_deliverable(&mut self, id: SubscriptionId) -> Result<bool> {
        if let Some(&known) = self.deliverable.get(&id) {
            return Ok(known);
        }
        let is_deliverable = match self.shard.store.subscription(self.tenant, id).await {
            Ok(subscription) => subscription.status != Status::Disabled,
            Err(StoreError::NotFound) => false,
            Err(error) => return Err(error.into()),
        };
        self.deliverable.insert(id, is_deliverable);
        Ok(is_deliverable)
    }
}
