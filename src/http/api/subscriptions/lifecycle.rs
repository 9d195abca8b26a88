//! Pausing and resuming.

use axum::Json;
use axum::extract::State;

use super::change::change;
use super::health;
use super::view::Subscription;
use crate::domain::credential::Scope;
use crate::domain::handshake;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::Status;
use crate::http::api::wire::Id;
use crate::http::api::wire::answers::ChangeProblems;
use crate::http::problem::{Code, Problem, Result};
use crate::http::{AppState, Caller};

/// Holds deliveries back: a paused subscription keeps collecting them.
///
/// Nothing happens to one that is paused already.
#[utoipa::path(
    post, path = "/v1/subscriptions/{id}/pause", tag = "subscriptions", params(("id" = SubscriptionId, Path)),
    security(("bearer" = ["subscriptions:write"])),
    responses((status = 200, description = "The subscription, paused", body = Subscription), ChangeProblems)
)]
pub(super) async fn pause_subscription(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<SubscriptionId>,
) -> Result<Json<Subscription>> {
    caller.require(Scope::SubscriptionsWrite)?;
    let changed = change(&app, &caller, id, |subscription| match subscription.status {
        Status::Active | Status::Paused => {
            subscription.status = Status::Paused;
            Ok(())
        }
        Status::Disabled => {
            Err(Problem::new(Code::Conflict, "The subscription is disabled: it gets no deliveries to hold back."))
        }
        Status::Unverified => Err(unverified()),
    });
    let changed = changed.await?;
    Ok(Json(health::shown(&*app.shard(&caller)?.store, changed).await?))
}

/// Lets deliveries flow again, of a paused subscription and of a disabled one.
///
/// What is known of its sink's failures is forgotten: a breaker that was open is closed. What a disabled one missed is not made up for;
/// `/replay` brings it. One whose sink is asked and does not agree becomes unverified.
#[utoipa::path(
    post, path = "/v1/subscriptions/{id}/resume", tag = "subscriptions", params(("id" = SubscriptionId, Path)),
    security(("bearer" = ["subscriptions:write"])),
    responses((status = 200, description = "The subscription, active, or unverified if its sink does not agree", body = Subscription), ChangeProblems)
)]
pub(super) async fn resume_subscription(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<SubscriptionId>,
) -> Result<Json<Subscription>> {
    caller.require(Scope::SubscriptionsWrite)?;
    let dispatch = &app.shard(&caller)?.dispatch;
    let changed = change(&app, &caller, id, |subscription| match subscription.status {
        Status::Active | Status::Paused | Status::Disabled => {
            let policy = dispatch.asking().policy(subscription);
            handshake::resume(subscription, policy);
            Ok(())
        }
        Status::Unverified => Err(unverified()),
    });
    let subscription = changed.await?;
    dispatch.forget_health(id).await?;
    dispatch.queued(id, app.clock.now());
    Ok(Json(subscription.into()))
}

pub(super) fn unverified() -> Problem {
    Problem::new(Code::Conflict, "The sink has not agreed to deliveries yet: `/verify` asks it.")
}
