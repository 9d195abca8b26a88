//! `/v1/subscriptions`: the resource of the CloudEvents Subscriptions API (SPECS 1.F), its life and its secrets.
//!
//! [`input`] reads what an owner writes, [`view`] shows it without what is write-only, [`change`] is the one way a stored
//! subscription is changed, [`lifecycle`], [`secrets`] and [`probe`] are the calls below one subscription.

mod agreement;
mod change;
mod health;
mod input;
mod lifecycle;
mod preview;
mod probe;
mod public_keys;
mod secrets;
mod view;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::answers::{BodyProblems, ChangeProblems, Problems};
use super::wire::{Body, Cursor, Id, Limit, List, Query, page};
use crate::domain::credential::Scope;
use crate::domain::handshake;
use crate::domain::id::SubscriptionId;
use crate::domain::signature::generate_secret;
use crate::domain::subscription::{self, SigningSecret, Spec, Status};
use crate::http::problem::Result;
use crate::http::{AppState, Caller, Shard};
pub(super) use input::{Members, draft};
use view::{CreatedSubscription, Subscription};

/// A page of them, under a name for the document.
type SubscriptionList = List<Subscription>;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(list_subscriptions, create_subscription, describe_subscriptions))
        .routes(routes!(get_subscription, replace_subscription, update_subscription, delete_subscription, describe_subscription))
        .routes(routes!(preview::preview_subscription))
        .routes(routes!(secrets::get_subscription_secrets))
        .routes(routes!(secrets::rotate_subscription_secret))
        .routes(routes!(public_keys::list_subscription_public_keys))
        .routes(routes!(lifecycle::pause_subscription))
        .routes(routes!(lifecycle::resume_subscription))
        .routes(routes!(probe::test_subscription))
        .routes(routes!(probe::verify_subscription))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListSubscriptions {
    /// How many rows the page may have.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 250, default = 50)]
    limit: Limit,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<SubscriptionId>>,
}

/// Lists subscriptions, newest first, without secrets and credentials.
#[utoipa::path(
    get, path = "/v1/subscriptions", tag = "subscriptions", params(ListSubscriptions),
    security(("bearer" = ["subscriptions:read"])),
    responses((status = 200, description = "A page of subscriptions", body = SubscriptionList), Problems)
)]
async fn list_subscriptions(
    State(app): State<AppState>,
    caller: Caller,
    Query(ListSubscriptions { limit, cursor }): Query<ListSubscriptions>,
) -> Result<Json<List<Subscription>>> {
    caller.require(Scope::SubscriptionsRead)?;
    let store = &app.shard(&caller)?.store;
    let rows = store.subscriptions(&caller.tenant, page(limit, cursor)).await?;
    let mut health = health::of_all(&**store, &rows.rows).await?;
    let shown = |row: subscription::Subscription| {
        let health = health.remove(&row.id);
        Subscription::from(row).with_health(health)
    };
    Ok(Json(List::page::<SubscriptionId, _>(rows, shown)))
}

/// Creates a subscription and shows the secret that signs its deliveries.
///
/// An `id` is ignored: the server makes it. Where the webhook handshake is required the subscription is `unverified` until its sink
/// agrees.
#[utoipa::path(
    post, path = "/v1/subscriptions", tag = "subscriptions", request_body = Spec, security(("bearer" = ["subscriptions:write"])),
    responses(
        (status = 201, description = "The subscription with its secret", body = CreatedSubscription, headers(("Location" = String))),
        BodyProblems
    )
)]
async fn create_subscription(
    State(app): State<AppState>,
    caller: Caller,
    Body(body): Body<Members>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<CreatedSubscription>)> {
    caller.require(Scope::SubscriptionsWrite)?;
    let Shard { store, dispatch, number, .. } = app.shard(&caller)?;
    let spec = input::created(body, &app.config)?;
    let now = app.clock.now();
    let secret = generate_secret(&*app.entropy);
    let mut subscription = subscription::Subscription {
        id: SubscriptionId::on(*number, now, &*app.entropy),
        tenant: caller.tenant,
        status: Status::Active,
        disabled_reason: None,
        spec,
        secrets: vec![SigningSecret { secret: secret.clone(), created_at: now, expires_at: None }],
        handshake: None,
        created_at: now,
        updated_at: now,
    };
    subscription.ensure_key_pair(&*app.entropy, now);
    let policy = dispatch.asking().policy(&subscription);
    handshake::follow(None, &mut subscription, policy, now);
    store.create_subscription(&subscription).await?;
    dispatch.ask_soon();
    let location = [(header::LOCATION, format!("/v1/subscriptions/{}", subscription.id))];
    Ok((StatusCode::CREATED, location, Json(CreatedSubscription { subscription: subscription.into(), secret })))
}

/// Says what can be done with subscriptions (Subscriptions API, feature discovery).
#[utoipa::path(
    options, path = "/v1/subscriptions", tag = "subscriptions", security(()),
    responses((status = 204, description = "The methods are in `Allow`", headers(("Allow" = String))))
)]
async fn describe_subscriptions() -> (StatusCode, [(HeaderName, HeaderValue); 1]) {
    (StatusCode::NO_CONTENT, [(header::ALLOW, HeaderValue::from_static("GET, POST, OPTIONS"))])
}

/// Reads one subscription, without secrets and credentials.
#[utoipa::path(
    get, path = "/v1/subscriptions/{id}", tag = "subscriptions", params(("id" = SubscriptionId, Path)),
    security(("bearer" = ["subscriptions:read"])),
    responses((status = 200, description = "The subscription", body = Subscription), Problems)
)]
async fn get_subscription(State(app): State<AppState>, caller: Caller, Id(id): Id<SubscriptionId>) -> Result<Json<Subscription>> {
    caller.require(Scope::SubscriptionsRead)?;
    let store = &app.shard(&caller)?.store;
    let subscription = store.subscription(&caller.tenant, id).await?;
    Ok(Json(health::shown(&**store, subscription).await?))
}

/// Replaces what the owner writes of a subscription.
///
/// What was read may be written back: read-only members are accepted unchanged, and a `sinkcredential` that only names the
/// stored one's type keeps it.
#[utoipa::path(
    put, path = "/v1/subscriptions/{id}", tag = "subscriptions", params(("id" = SubscriptionId, Path)), request_body = Spec,
    security(("bearer" = ["subscriptions:write"])),
    responses((status = 200, description = "The subscription as it is now", body = Subscription), BodyProblems)
)]
async fn replace_subscription(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<SubscriptionId>,
    Body(body): Body<Members>,
) -> Result<Json<Subscription>> {
    caller.require(Scope::SubscriptionsWrite)?;
    let changed = change::change(&app, &caller, id, |subscription| {
        subscription.spec = input::replaced(body.clone(), subscription, &app.config)?;
        subscription.ensure_key_pair(&*app.entropy, app.clock.now());
        Ok(())
    });
    let changed = changed.await?;
    Ok(Json(health::shown(&*app.shard(&caller)?.store, changed).await?))
}

/// Changes what the owner writes of a subscription by a JSON merge patch (RFC 7396).
///
/// `null` removes a member, which then has its default. To change the kind of `config.retry`, set the members of the other kind
/// to `null`.
#[utoipa::path(
    patch, path = "/v1/subscriptions/{id}", tag = "subscriptions", params(("id" = SubscriptionId, Path)),
    request_body(content((Object = "application/merge-patch+json"), (Object = "application/json"))),
    security(("bearer" = ["subscriptions:write"])),
    responses((status = 200, description = "The subscription as it is now", body = Subscription), BodyProblems)
)]
async fn update_subscription(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<SubscriptionId>,
    Body(patch): Body<Members>,
) -> Result<Json<Subscription>> {
    caller.require(Scope::SubscriptionsWrite)?;
    let changed = change::change(&app, &caller, id, |subscription| {
        subscription.spec = input::patched(patch.clone(), subscription, &app.config)?;
        subscription.ensure_key_pair(&*app.entropy, app.clock.now());
        Ok(())
    });
    let changed = changed.await?;
    Ok(Json(health::shown(&*app.shard(&caller)?.store, changed).await?))
}

/// Deletes a subscription and shows it a last time.
///
/// Its deliveries stay for the record; those still pending are cancelled.
#[utoipa::path(
    delete, path = "/v1/subscriptions/{id}", tag = "subscriptions", params(("id" = SubscriptionId, Path)),
    security(("bearer" = ["subscriptions:write"])),
    responses((status = 200, description = "The subscription as it was", body = Subscription), ChangeProblems)
)]
async fn delete_subscription(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<SubscriptionId>,
) -> Result<Json<Subscription>> {
    caller.require(Scope::SubscriptionsWrite)?;
    let store = &app.shard(&caller)?.store;
    let subscription = store.subscription(&caller.tenant, id).await?;
    store.delete_subscription(&caller.tenant, id, app.clock.now()).await?;
    Ok(Json(subscription.into()))
}

/// Says what can be done with one subscription (Subscriptions API, feature discovery).
#[utoipa::path(
    options, path = "/v1/subscriptions/{id}", tag = "subscriptions", params(("id" = SubscriptionId, Path)), security(()),
    responses((status = 204, description = "The methods are in `Allow`", headers(("Allow" = String))))
)]
async fn describe_subscription() -> (StatusCode, [(HeaderName, HeaderValue); 1]) {
    (StatusCode::NO_CONTENT, [(header::ALLOW, HeaderValue::from_static("GET, PUT, PATCH, DELETE, OPTIONS"))])
}
