//! Why an event did or did not reach a subscription: of a stored event by the routing it was accepted under, of any other by the
//! routing now.
//!
//! [`walk`] goes through the subscriptions, [`words`] makes sentences of what it finds, [`room`] bounds what that may cost.

mod event;
mod room;
pub(super) mod view;
mod walk;
mod words;

pub use room::Room;
pub(super) use view::Clause;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::subscriptions::{Members, draft};
use super::wire::answers::{BodyProblems, Problems};
use super::wire::{BodyWithEvent, Cursor, Id, Limit, Query, page};
use crate::domain::credential::Scope;
use crate::domain::id::{EventId, SubscriptionId};
use crate::domain::subscription::{Outcome, Rules, Status};
use crate::http::problem::Result;
use crate::http::{AppState, Caller};
use view::{Explanation, Finding};
use walk::{Moment, Walk};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(explain_event)).routes(routes!(explain_any_event))
}

/// Which subscriptions are shown.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExplainEvent {
    /// This subscription alone: also one that did not exist yet, or not any more.
    subscription_id: Option<SubscriptionId>,
    /// With this outcome.
    outcome: Option<Outcome>,
    /// How many subscriptions the page may have.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 250, default = 50)]
    limit: Limit,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<SubscriptionId>>,
}

/// Says for every subscription why an event was or was not delivered to it.
///
/// Outcomes are of the routing that the event was accepted under: what was changed, paused or deleted since does not change
/// them. Newest subscriptions first.
#[utoipa::path(
    get, path = "/v1/events/{id}/explain", tag = "events", params(("id" = EventId, Path), ExplainEvent),
    security(("bearer" = ["events:read"])),
    responses(
        (status = 200, description = "What became of the event", body = Explanation),
        (status = 429, description = "`too_many_requests`: as many explanations are worked on as `explain.max_concurrency` allows",
            body = crate::http::problem::Document, content_type = "application/problem+json"),
        Problems
    )
)]
async fn explain_event(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<EventId>,
    Query(search): Query<ExplainEvent>,
) -> Result<Json<Explanation>> {
    caller.require(Scope::EventsRead)?;
    let store = &*app.shard(&caller)?.store;
    let room = app.room.take().await?;
    let stored = store.event(&caller.tenant, id).await?;
    let accepted = &stored.accepted;
    let deliveries = stored.deliveries.into_iter().map(|delivery| (delivery.subscription_id, delivery)).collect();
    let walk = Walk {
        store,
        tenant: &caller.tenant,
        event: &accepted.event,
        moment: Moment::Accepted { version: stored.routing_version, at: accepted.accepted_at, deliveries },
        deadline: room.deadline(),
    };
    let mut explanation = match search.subscription_id {
        Some(subscription) => walk.one(subscription).await?,
        None => walk.all(search.outcome, page(search.limit, search.cursor)).await?,
    };
    explanation.event_id = Some(accepted.id);
    explanation.accepted_at = Some(accepted.accepted_at);
    Ok(Json(explanation))
}

/// An event that need not be stored, and what it is explained for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExplainAnyEvent {
    /// A CloudEvent in the JSON event format.
    #[schema(value_type = Object)]
    event: Box<serde_json::value::RawValue>,
    /// A subscription as it would be created, to be tried instead of those there are; its `sink` may be left out.
    #[serde(default)]
    #[schema(value_type = Option<Object>, nullable = false)]
    subscription: Option<Members>,
}

/// Which of the tenant's subscriptions are shown.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExplainNow {
    /// With this outcome.
    outcome: Option<Outcome>,
    /// How many subscriptions the page may have.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 250, default = 50)]
    limit: Limit,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<SubscriptionId>>,
}

/// Says for every subscription, or for a draft of one, whether and why an event would be delivered to it. Nothing is stored.
#[utoipa::path(
    post, path = "/v1/explain", tag = "events", params(ExplainNow), request_body = ExplainAnyEvent,
    security(("bearer" = ["subscriptions:read"])),
    responses(
        (status = 200, description = "What would become of the event", body = Explanation),
        (status = 429, description = "`too_many_requests`: as many explanations are worked on as `explain.max_concurrency` allows",
            body = crate::http::problem::Document, content_type = "application/problem+json"),
        BodyProblems
    )
)]
async fn explain_any_event(
    State(app): State<AppState>,
    caller: Caller,
    Query(search): Query<ExplainNow>,
    BodyWithEvent(ExplainAnyEvent { event, subscription }): BodyWithEvent<ExplainAnyEvent>,
) -> Result<Json<Explanation>> {
    caller.require(Scope::SubscriptionsRead)?;
    let now = app.clock.now();
    let event = event::read(&event, &app.config.ingest, now)?;
    let deliver_after = event.deliver_after().filter(|&moment| moment > now);
    if let Some(written) = subscription {
        let spec = draft(written, &app.config).map_err(|problem| problem.below("/subscription"))?;
        let not_before = Some(spec.config.not_before(deliver_after, now)).filter(|&moment| moment > now);
        let finding = walk::judge(&Rules::from(&spec), Status::Active, &event, not_before);
        return Ok(Json(Explanation::of_one(Finding { subscription_id: None, ..finding })));
    }
    let store = &*app.shard(&caller)?.store;
    let room = app.room.take().await?;
    let walk = Walk {
        store,
        tenant: &caller.tenant,
        event: &event,
        moment: Moment::Now { version: store.routing_version().await?, not_before: deliver_after },
        deadline: room.deadline(),
    };
    walk.all(search.outcome, page(search.limit, search.cursor)).await.map(Json)
}
