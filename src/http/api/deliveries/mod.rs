//! `/v1/deliveries`: what became of events at each sink, attempt by attempt, and mending it by hand.

mod bulk;
mod view;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::answers::{ChangeProblems, Problems};
use super::wire::{Cursor, Id, Limit, List, Query, lately, page};
use crate::domain::clock::Timestamp;
use crate::domain::credential::Scope;
use crate::domain::delivery::DeliveryState;
use crate::domain::id::{DeliveryId, EventId, SubscriptionId};
use crate::http::problem::Result;
use crate::http::{AppState, Caller, Shard};
use crate::store::DeliveryFilter;
use view::DeliveryDetail;
pub(super) use view::{Delivery, duration_ms};

/// A page of them, under a name for the document.
type DeliveryList = List<Delivery>;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(list_deliveries))
        .routes(routes!(get_delivery))
        .routes(routes!(redeliver_delivery))
        .routes(routes!(cancel_delivery))
        .routes(routes!(bulk::redeliver_deliveries))
        .routes(routes!(bulk::cancel_deliveries))
}

/// What is searched for. Every parameter narrows the search.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SearchDeliveries {
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
    /// How many rows the page may have.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 250, default = 50)]
    limit: Limit,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<DeliveryId>>,
}

/// Searches deliveries, newest first.
#[utoipa::path(
    get, path = "/v1/deliveries", tag = "deliveries", params(SearchDeliveries), security(("bearer" = ["deliveries:read"])),
    responses((status = 200, description = "A page of deliveries", body = DeliveryList), Problems)
)]
async fn list_deliveries(
    State(app): State<AppState>,
    caller: Caller,
    Query(search): Query<SearchDeliveries>,
) -> Result<Json<List<Delivery>>> {
    caller.require(Scope::DeliveriesRead)?;
    let store = &app.shard(&caller)?.store;
    let SearchDeliveries { state, subscription_id, event_id, after, before, limit, cursor } = search;
    let filter = DeliveryFilter { state, subscription_id, event_id, after, before };
    let page = page(limit, cursor);
    let rows = lately!(store.deliveries(&caller.tenant, &filter, page))?;
    Ok(Json(List::page::<DeliveryId, _>(rows, Delivery::from)))
}

/// Reads one delivery with its attempts.
#[utoipa::path(
    get, path = "/v1/deliveries/{id}", tag = "deliveries", params(("id" = DeliveryId, Path)),
    security(("bearer" = ["deliveries:read"])),
    responses((status = 200, description = "The delivery and its attempts, first one first", body = DeliveryDetail), Problems)
)]
async fn get_delivery(State(app): State<AppState>, caller: Caller, Id(id): Id<DeliveryId>) -> Result<Json<DeliveryDetail>> {
    caller.require(Scope::DeliveriesRead)?;
    let store = &app.shard(&caller)?.store;
    Ok(Json(store.delivery(&caller.tenant, id).await?.into()))
}

/// Opens a finished delivery again, with a fresh attempt budget and its whole history.
///
/// It is due at once.
#[utoipa::path(
    post, path = "/v1/deliveries/{id}/redeliver", tag = "deliveries", params(("id" = DeliveryId, Path)),
    security(("bearer" = ["deliveries:write"])),
    responses((status = 200, description = "The delivery, pending again", body = Delivery), ChangeProblems)
)]
async fn redeliver_delivery(State(app): State<AppState>, caller: Caller, Id(id): Id<DeliveryId>) -> Result<Json<Delivery>> {
    caller.require(Scope::DeliveriesWrite)?;
    let Shard { store, dispatch, .. } = app.shard(&caller)?;
    let now = app.clock.now();
    let delivery = store.redeliver(&caller.tenant, id, now).await?;
    dispatch.queued(delivery.subscription_id, now);
    Ok(Json(delivery.into()))
}

/// Cancels a delivery that is not finished.
///
/// An attempt under way may still reach the sink.
#[utoipa::path(
    post, path = "/v1/deliveries/{id}/cancel", tag = "deliveries", params(("id" = DeliveryId, Path)),
    security(("bearer" = ["deliveries:write"])),
    responses((status = 200, description = "The delivery, cancelled", body = Delivery), ChangeProblems)
)]
async fn cancel_delivery(State(app): State<AppState>, caller: Caller, Id(id): Id<DeliveryId>) -> Result<Json<Delivery>> {
    caller.require(Scope::DeliveriesWrite)?;
    let store = &app.shard(&caller)?.store;
    Ok(Json(store.cancel(&caller.tenant, id, app.clock.now()).await?.into()))
}
