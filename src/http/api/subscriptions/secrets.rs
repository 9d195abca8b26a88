//! The secrets that sign a subscription's deliveries, and their rotation without a gap.

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
use crate::domain::signature::{SigningKey, generate_key_pair, generate_secret};
use crate::domain::subscription::{SigningSecret, Subscription};
use crate::http::api::wire::answers::{BodyProblems, Problems};
use crate::http::api::wire::{Body, Id};
use crate::http::problem::{Code, Problem, Result};
use crate::http::{AppState, Caller};

/// How long an old secret signs along if nobody says otherwise: one day.
const DEFAULT_OVERLAP_MS: u64 = 24 * 3600 * 1000;

/// The longest an old secret may sign along: thirty days.
const MAX_OVERLAP_MS: u64 = 30 * DEFAULT_OVERLAP_MS;

/// Secrets, and key pairs, that may sign at once: each adds a signature to every request.
const MAX_SIGNING: usize = 5;

/// The secrets that sign deliveries now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SubscriptionSecrets {
    /// The secrets, newest first.
    data: Vec<ShownSecret>,
}

/// A shared secret that signs deliveries.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SigningSecret)]
struct ShownSecret {
    /// The secret (`whsec_…`).
    secret: Secret,
    /// How HTTP message signatures made with it name it (`keyid`).
    key_id: String,
    /// When it was made.
    created_at: Timestamp,
    /// Until when it signs; the newest has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expires_at: Option<Timestamp>,
}

impl SubscriptionSecrets {
    fn new(subscription: Subscription, now: Timestamp) -> Self {
        let signing = subscription.secrets.into_iter().filter(|held| held.signs(now) && !held.is_key_pair());
        let data = signing.map(|SigningSecret { secret, created_at, expires_at }| {
            let key_id = SigningKey::parse(secret.expose()).map(|key| key.id()).unwrap_or_default();
            ShownSecret { secret, key_id, created_at, expires_at }
        });
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
    /// The new secret (`whsec_…`), for one that comes from elsewhere; absent: a random one.
    #[serde(default)]
    #[schema(nullable = false)]
    secret: Option<Secret>,
    /// The new key pair (`whsk_…`, the seed with or without its public key), for one that comes from elsewhere; absent: a random
    /// one. Only for a subscription that is signed with a key pair.
    #[serde(default)]
    #[schema(nullable = false)]
    key_pair: Option<Secret>,
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
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<SubscriptionId>,
) -> Result<Json<SubscriptionSecrets>> {
    caller.require(Scope::SubscriptionsWrite)?;
    let store = &app.shard(&caller)?.store;
    let subscription = store.subscription(&caller.tenant, id).await?;
    Ok(Json(SubscriptionSecrets::new(subscription, app.clock.now())))
}

/// Makes a new secret, and a new key pair where one signs.
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
    let now = app.clock.now();
    let asked = body.map_or_else(RotateSecret::default, |Body(asked)| asked);
    let rotation = Rotation::new(&app, asked, now)?;
    let changed = change(&app, &caller, id, |subscription| rotation.apply(subscription)).await?;
    Ok(Json(SubscriptionSecrets::new(changed, now)))
}

impl Default for RotateSecret {
    fn default() -> Self {
        Self { overlap_ms: DEFAULT_OVERLAP_MS, secret: None, key_pair: None }
    }
}

/// A rotation that may be applied more than once, always with the same outcome.
struct Rotation {
    secret: Secret,
    key_pair: Secret,
    is_key_pair_given: bool,
    /// When the old ones end at the latest.
    end: Timestamp,
    now: Timestamp,
}

impl Rotation {
    fn new(app: &AppState, asked: RotateSecret, now: Timestamp) -> Result<Self> {
        let RotateSecret { overlap_ms, secret, key_pair } = asked;
        if overlap_ms > MAX_OVERLAP_MS {
            let detail = format!("must be at most {MAX_OVERLAP_MS} (30 days)");
            return Err(Problem::invalid_request("The old secrets would sign for too long.").at_pointer("/overlap_ms", detail));
        }
        for (given, pointer, is_pair) in [(&secret, "/secret", false), (&key_pair, "/key_pair", true)] {
            if let Some(given) = given {
                taken(given, pointer, is_pair)?;
            }
        }
        Ok(Self {
            is_key_pair_given: key_pair.is_some(),
            secret: secret.unwrap_or_else(|| generate_secret(&*app.entropy)),
            key_pair: key_pair.unwrap_or_else(|| generate_key_pair(&*app.entropy)),
            end: now.plus(Duration::from_millis(overlap_ms)),
            now,
        })
    }

    /// Puts the fresh ones first and lets the others end; those that have ended, and a key pair that signs nothing, are forgotten.
    fn apply(&self, subscription: &mut Subscription) -> Result<()> {
        let has_pair = subscription.spec.config.signature.needs_key_pair();
        if self.is_key_pair_given && !has_pair {
            let problem = Problem::invalid_request("A key pair would sign nothing.");
            return Err(
                problem.at_pointer("/key_pair", "is for subscriptions whose `config.signature` asks for `v1a` or `ed25519`")
            );
        }
        for old in &mut subscription.secrets {
            old.expires_at = Some(old.expires_at.map_or(self.end, |own| own.min(self.end)));
        }
        subscription.secrets.retain(|held| held.signs(self.now) && (has_pair || !held.is_key_pair()));
        let count = |is_pair| subscription.secrets.iter().filter(|held| held.is_key_pair() == is_pair).count();
        if count(false).max(count(true)) >= MAX_SIGNING {
            let detail =
                format!("{MAX_SIGNING} secrets sign already. Wait until one ends, or rotate with `overlap_ms` 0 to end them.");
            return Err(Problem::new(Code::Conflict, detail));
        }
        let fresh = |secret: &Secret| SigningSecret { secret: secret.clone(), created_at: self.now, expires_at: None };
        if has_pair {
            subscription.secrets.insert(0, fresh(&self.key_pair));
        }
        subscription.secrets.insert(0, fresh(&self.secret));
        Ok(())
    }
}

/// Whether what was given is a key of its kind.
fn taken(given: &Secret, pointer: &'static str, is_pair: bool) -> Result<()> {
    let detail = if is_pair {
        "must be `whsk_` and the base64 of an Ed25519 seed, alone or with the public key that belongs to it"
    } else {
        "must be `whsec_` and the base64 of 24 to 64 bytes"
    };
    let prefix = if is_pair { "whsk_" } else { "whsec_" };
    if given.expose().starts_with(prefix) && SigningKey::parse(given.expose()).is_ok() {
        return Ok(());
    }
    Err(Problem::invalid_request("The key can't be taken; nothing was changed.").at_pointer(pointer, detail))
}
