//! The public keys of a subscription's key pairs: what a receiver verifies `v1a` and `ed25519` signatures with.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::clock::Timestamp;
use crate::domain::credential::Scope;
use crate::domain::id::SubscriptionId;
use crate::domain::signature::SigningKey;
use crate::domain::subscription::{SigningSecret, Subscription};
use crate::http::api::wire::Id;
use crate::http::api::wire::answers::Problems;
use crate::http::problem::Result;
use crate::http::{AppState, Caller};

/// The public keys that verify deliveries now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SubscriptionPublicKeys {
    /// The keys, newest first; none for a subscription that no key pair signs for.
    data: Vec<ShownKey>,
}

/// A public key that verifies deliveries.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublicKey)]
struct ShownKey {
    /// The key (`whpk_…`, the base64 of 32 bytes), for `v1a`.
    public_key: String,
    /// How HTTP message signatures made with its private half name it (`keyid`).
    key_id: String,
    /// Its algorithm: `ed25519`.
    algorithm: &'static str,
    /// When it was made.
    created_at: Timestamp,
    /// Until when its private half signs; the newest has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expires_at: Option<Timestamp>,
}

impl ShownKey {
    /// The public half of a key pair; `None` for a shared secret.
    fn new(held: &SigningSecret) -> Option<Self> {
        let key = SigningKey::parse(held.secret.expose()).ok()?;
        Some(Self {
            public_key: key.public_text()?,
            key_id: key.id(),
            algorithm: "ed25519",
            created_at: held.created_at,
            expires_at: held.expires_at,
        })
    }
}

impl SubscriptionPublicKeys {
    fn new(subscription: &Subscription, now: Timestamp) -> Self {
        let is_signing = subscription.spec.config.signature.needs_key_pair();
        let signing = subscription.secrets.iter().filter(|held| is_signing && held.signs(now));
        Self { data: signing.filter_map(ShownKey::new).collect() }
    }
}

/// Lists the public keys that verify a subscription's deliveries, newest first.
///
/// While keys are rotated there are two: the delivery is signed with both.
#[utoipa::path(
    get, path = "/v1/subscriptions/{id}/public-keys", tag = "subscriptions", params(("id" = SubscriptionId, Path)),
    security(("bearer" = ["subscriptions:read"])),
    responses((status = 200, description = "The public keys", body = SubscriptionPublicKeys), Problems)
)]
pub(super) async fn list_subscription_public_keys(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<SubscriptionId>,
) -> Result<Json<SubscriptionPublicKeys>> {
    caller.require(Scope::SubscriptionsRead)?;
    let subscription = app.shard(&caller)?.store.subscription(&caller.tenant, id).await?;
    Ok(Json(SubscriptionPublicKeys::new(&subscription, app.clock.now())))
}
