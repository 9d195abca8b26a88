//! The secrets that sign a subscription's deliveries, and their rotation without a gap.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::change::change;
use crate::domain::clock::Timestamp;
use crate::domain::credential::Scope;
use crate::domain::id::SubscriptionId;
use crate::domain::secret::Secret;
use crate::domain::signature::generate_secret;
use crate::domain::subscription::{SigningSecret, Subscription};
use crate::http::api::wire::answers::{BodyProblems, Problems};
use crate::http::api::wire::{Body, Id};
use crate::http::problem::{Code, Problem, Result};
use crate::http::{AppState, Caller};
use crate::store::Store;

/// How long an old secret signs along if nobody says otherwise: one day.
const DEFAULT_OVERLAP_MS: u64 = 24 * 3600 * 1000;

/// The longest an old secret may sign along: thirty days.
const MAX_OVERLAP_MS: u64 = 30 * DEFAULT_OVERLAP_MS;

/// Secrets that may sign at once: each adds a signature to every request.
const MAX_SIGNING: usize = 5;

/// The secrets that sign deliveries now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SubscriptionSecrets {
    /// The secrets, newest first.
    data: Vec<ShownSecret>,
}

/// A secret that signs deliveries.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SigningSecret)]
struct ShownSecret {
    /// The secret (`whsec_…`).
    secret: Secret,
    /// When it was made.
    created_at: Timestamp,
    /// Until when it signs; the newest has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expires_at: Option<Timestamp>,
}

impl SubscriptionSecrets {
    fn new(subscription: Subscription, now: Timestamp) -> Self {
        let signing = subscription.secrets.into_iter().filter(|held| signs(held, now));
        let data = signing.map(|SigningSecret { secret, created_at, expires_at }| ShownSecret { secret, created_at, expires_at });
        Self { data: data.collect() }
    }
}

/// How a secret is rotated.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RotateSecret {
    /// How long the old secrets sign along, in milliseconds; at most 30 days.
    #[serde(default = "default_overlap_ms")]
    #[schema(required = false, minimum = 0, maximum = 2_592_000_000_u64, default = 86_400_000)]
    overlap_ms: u64,
}

const fn default_overlap_ms() -> u64 {
    DEFAULT_OVERLAP_MS
}

/// Reads the secrets that sign a subscription's deliveries, newest first.
#[utoipa::path(
    get, path = "/v1/subscriptions/{id}/secrets", tag = "subscriptions", params(("id" = SubscriptionId, Path)),
    security(("bearer" = ["subscriptions:write"])),
    responses((status = 200, description = "The secrets", body = SubscriptionSecrets), Problems)
)]
pub(super) async fn get_subscription_secrets(
    State(store): State<Arc<dyn Store>>,
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<SubscriptionId>,
) -> Result<Json<SubscriptionSecrets>> {
    caller.require(Scope::SubscriptionsWrite)?;
    let subscription = store.subscription(&caller.tenant, id).await?;
    Ok(Json(SubscriptionSecrets::new(subscription, app.clock.now())))
}

/// Makes a new secret.
///
/// The old ones sign along for a while, so that the receiver can change over without a gap.
#[utoipa::path(
    post, path = "/v1/subscriptions/{id}/secrets/rotate", tag = "subscriptions", params(("id" = SubscriptionId, Path)),
    request_body = Option<RotateSecret>, security(("bearer" = ["subscriptions:write"])),
    responses((status = 200, description = "The secrets, the new one first", body = SubscriptionSecrets), BodyProblems)
)]
pub(super) async fn rotate_subscription_secret(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<SubscriptionId>,
    body: Option<Body<RotateSecret>>,
) -> Result<Json<SubscriptionSecrets>> {
    caller.require(Scope::SubscriptionsWrite)?;
    let overlap_ms = body.map_or(DEFAULT_OVERLAP_MS, |Body(rotate)| rotate.overlap_ms);
    if overlap_ms > MAX_OVERLAP_MS {
        let detail = format!("must be at most {MAX_OVERLAP_MS} (30 days)");
        return Err(Problem::invalid_request("The old secrets would sign for too long.").at_pointer("/overlap_ms", detail));
    }
    let now = app.clock.now();
    let fresh = SigningSecret { secret: generate_secret(&*app.entropy), created_at: now, expires_at: None };
    let end = now.plus(Duration::from_millis(overlap_ms));
    let changed = change(&app, &caller.tenant, id, |subscription| rotate(subscription, fresh.clone(), end, now)).await?;
    Ok(Json(SubscriptionSecrets::new(changed, now)))
}

/// Puts `fresh` first and lets the others end at `end` at the latest; those that have ended by `now` are forgotten.
fn rotate(subscription: &mut Subscription, fresh: SigningSecret, end: Timestamp, now: Timestamp) -> Result<()> {
    for old in &mut subscription.secrets {
        old.expires_at = Some(old.expires_at.map_or(end, |own| own.min(end)));
    }
    subscription.secrets.retain(|held| signs(held, now));
    if subscription.secrets.len() >= MAX_SIGNING {
        let detail =
            format!("{MAX_SIGNING} secrets sign already. Wait until one ends, or rotate with `overlap_ms` 0 to end them.");
        return Err(Problem::new(Code::Conflict, detail));
    }
    subscription.secrets.insert(0, fresh);
    Ok(())
}

fn signs(held: &SigningSecret, now: Timestamp) -> bool {
    held.expires_at.is_none_or(|end| now < end)
}
