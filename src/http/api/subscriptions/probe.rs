//! Trying a sink out: a test event, and the CloudEvents webhook handshake.

use axum::Json;
use axum::extract::State;
use cloudevents::{EventBuilder, EventBuilderV10};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::change::change;
use super::health;
use super::lifecycle::unverified;
use super::view::Subscription;
use crate::dispatch;
use crate::domain::clock::Timestamp;
use crate::domain::credential::Scope;
use crate::domain::delivery::verdict::{self, Circumstances};
use crate::domain::delivery::{ErrorClass, VerdictKind};
use crate::domain::event::{Accepted, Event};
use crate::domain::handshake::{Handshake, Policy};
use crate::domain::id::{EventId, SubscriptionId};
use crate::domain::subscription::{self, Status};
use crate::http::api::deliveries::duration_ms;
use crate::http::api::wire::answers::ChangeProblems;
use crate::http::api::wire::{Header, Id, Text, headers};
use crate::http::problem::{Problem, Result};
use crate::http::{AppState, Caller, Shard};

/// The type of the event that `/test` sends.
const TEST_TYPE: &str = "com.waypost.test";

/// A request to a sink and what came of it.
#[derive(Debug, Serialize, ToSchema)]
struct Exchange {
    /// What was sent.
    request: SentRequest,
    /// What was answered, if anything was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    response: Option<SinkResponse>,
    /// How long the whole exchange took, in milliseconds with microseconds as the fraction.
    duration_ms: f64,
    /// Why it failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error_class: Option<ErrorClass>,
    /// The error in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
}

/// A request as sent to a sink, credentials masked.
#[derive(Debug, Serialize, ToSchema)]
struct SentRequest {
    /// Its method.
    method: String,
    /// Its URL.
    url: String,
    /// Its headers.
    headers: Vec<Header>,
    /// Its body.
    body: String,
    /// Whether `body` is base64, since it is no text.
    is_body_base64: bool,
}

/// What a sink answered.
#[derive(Debug, Serialize, ToSchema)]
struct SinkResponse {
    /// The status.
    status: u16,
    /// The headers in the order they came.
    headers: Vec<Header>,
    /// The first 16 KiB of the body.
    body: String,
    /// Whether `body` is base64, since it is no text.
    is_body_base64: bool,
    /// Whether the body was longer than what is shown.
    is_body_truncated: bool,
}

impl From<dispatch::Exchange> for Exchange {
    fn from(exchange: dispatch::Exchange) -> Self {
        let dispatch::Exchange { method, url, request_headers, request_body, outcome } = exchange;
        let sent = Text::new(&request_body, false);
        let request =
            SentRequest { method, url, headers: headers(request_headers), body: sent.text, is_body_base64: sent.is_base64 };
        let answered = Text::new(&outcome.response_body, outcome.is_body_truncated);
        let response = outcome.status.map(|status| SinkResponse {
            status,
            headers: headers(outcome.response_headers),
            body: answered.text,
            is_body_base64: answered.is_base64,
            is_body_truncated: outcome.is_body_truncated,
        });
        Self {
            request,
            response,
            duration_ms: duration_ms(outcome.duration),
            error_class: outcome.error_class,
            error: outcome.error,
        }
    }
}

/// What came of a test event.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TestResult {
    #[serde(flatten)]
    exchange: Exchange,
    /// What this would mean for the first attempt of a delivery.
    verdict: VerdictKind,
}

/// What came of the webhook handshake.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VerifyResult {
    /// Whether the sink agrees to deliveries from here.
    is_allowed: bool,
    /// How many requests a minute it allows; absent if it names no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    allowed_rate: Option<u32>,
    /// The exchange itself.
    exchange: Exchange,
    /// The subscription as it is now.
    subscription: Subscription,
}

/// Sends a test event (`com.waypost.test`) to the sink at once, signed and formed as every other, and shows the whole exchange.
///
/// Nothing is stored, and filters are not asked. The sink of an unverified subscription gets nothing, not even this.
#[utoipa::path(
    post, path = "/v1/subscriptions/{id}/test", tag = "subscriptions", params(("id" = SubscriptionId, Path)),
    security(("bearer" = ["subscriptions:write"])),
    responses((status = 200, description = "The exchange, whatever came of it", body = TestResult), ChangeProblems)
)]
pub(super) async fn test_subscription(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<SubscriptionId>,
) -> Result<Json<TestResult>> {
    caller.require(Scope::SubscriptionsWrite)?;
    let Shard { store, dispatch, .. } = app.shard(&caller)?;
    let subscription = store.subscription(&caller.tenant, id).await?;
    if subscription.status == Status::Unverified {
        return Err(unverified());
    }
    let event = test_event(&app, &subscription)?;
    let exchange = dispatch.test(&subscription, &event).await;
    let now = app.clock.now();
    let policy = &subscription.spec.config.retry;
    let pause = verdict::retry_after(&exchange.outcome, policy, now);
    let circumstances = Circumstances { budget_attempts_made: 1, pause, expires_at: None, now, fraction: 0.5 };
    let verdict = verdict::decide(&exchange.outcome, policy, &circumstances).kind();
    Ok(Json(TestResult { exchange: exchange.into(), verdict }))
}

/// Asks the sink whether it takes deliveries from here: the CloudEvents webhook handshake.
///
/// What follows is what follows whenever it is asked: an unverified subscription becomes active if the sink agrees, and where the
/// handshake is required one whose sink refuses becomes unverified. Where sinks are not asked (`off`) nothing follows.
#[utoipa::path(
    post, path = "/v1/subscriptions/{id}/verify", tag = "subscriptions", params(("id" = SubscriptionId, Path)),
    security(("bearer" = ["subscriptions:write"])),
    responses((status = 200, description = "What the sink answered", body = VerifyResult), ChangeProblems)
)]
pub(super) async fn verify_subscription(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<SubscriptionId>,
) -> Result<Json<VerifyResult>> {
    caller.require(Scope::SubscriptionsWrite)?;
    let Shard { store, dispatch, .. } = app.shard(&caller)?;
    let begin = |subscription: &mut subscription::Subscription| {
        let is_asked = dispatch.asking().policy(subscription) != Policy::Off;
        if is_asked && subscription.handshake.is_none() {
            // Older than the policy: its sink was never asked. Until it answers nothing changes.
            subscription.handshake = Some(Handshake::begin(app.clock.now()));
        }
        Ok(())
    };
    let subscription = change(&app, &caller, id, begin).await?;
    let dispatch::Asked { is_allowed, allowed_rate, exchange } = dispatch.ask(&subscription).await?;
    let subscription = store.subscription(&caller.tenant, id).await?;
    let subscription = health::shown(&**store, subscription).await?;
    Ok(Json(VerifyResult { is_allowed, allowed_rate, exchange: exchange.into(), subscription }))
}

/// The event that `/test` sends, made by the CloudEvents SDK as all events of Waypost's own are.
fn test_event(app: &AppState, subscription: &subscription::Subscription) -> Result<Accepted> {
    let now: Timestamp = app.clock.now();
    let id = EventId::new(now, &*app.entropy);
    let event = EventBuilderV10::new()
        .id(id.to_string())
        .ty(TEST_TYPE)
        .source("urn:waypost")
        .subject(subscription.id.to_string())
        .time(now.to_string())
        .data(
            "application/json",
            json!({ "message": "This is a test of your subscription.", "subscription_id": subscription.id }),
        )
        .build()
        .map_err(|error| Problem::internal(&error))?;
    let event = Event::try_from(&event).map_err(|error| Problem::internal(&error))?;
    Ok(Accepted { id, tenant: subscription.tenant.clone(), accepted_at: now, traceparent: None, event })
}
