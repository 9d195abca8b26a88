//! Pausing and resuming.

use axum::Json;
use axum::extract::State;

use super::change::change;
use super::view::Subscription;
use crate::domain::credential::Scope;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::{self, Status};
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
    let changed = change(&app, &caller.tenant, id, |subscription| match subscription.status {
        Status::Active | Status::Paused => {
            subscription.status = Status::Paused;
            Ok(())
        }
        Status::Disabled => {
            Err(Problem::new(Code::Conflict, "The subscription is disabled: it gets no deliveries to hold back."))
        }
        Status::Unverified => Err(unverified()),
    });
    Ok(Json(changed.await?.into()))
}

/// Lets deliveries flow again, of a paused subscription and of a disabled one.
///
/// What a disabled one missed is not made up for.
#[utoipa::path(
    post, path = "/v1/subscriptions/{id}/resume", tag = "subscriptions", params(("id" = SubscriptionId, Path)),
    security(("bearer" = ["subscriptions:write"])),
    responses((status = 200, description = "The subscription, active", body = Subscription), ChangeProblems)
)]
pub(super) async fn resume_subscription(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<SubscriptionId>,
) -> Result<Json<Subscription>> {
    caller.require(Scope::SubscriptionsWrite)?;
    let changed = change(&app, &caller.tenant, id, |subscription| match subscription.status {
        Status::Active | Status::Paused | Status::Disabled => {
            activate(subscription);
            Ok(())
        }
        Status::Unverified => Err(unverified()),
    });
    let subscription = changed.await?;
    app.dispatch.queued(id, app.clock.now());
    Ok(Json(subscription.into()))
}

/// Makes a subscription active.
pub(super) fn activate(subscription: &mut subscription::Subscription) {
    subscription.status = Status::Active;
    subscription.disabled_reason = None;
}

fn unverified() -> Problem {
    Problem::new(Code::Conflict, "The sink has not agreed to deliveries yet: `/verify` asks it.")
}
